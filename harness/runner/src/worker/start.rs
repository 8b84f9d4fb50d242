//! How the workers of a cell are started.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use edgebench_api::Bytes;

use super::cgroup::Groups;
use super::{Worker, WorkerCommand};
use crate::WorkerFailure;

/// How the workers of a cell are started: each in a control group of its own where one can be had.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    pub(crate) command: &'a WorkerCommand,
    pub(crate) environment: &'a BTreeMap<String, String>,
    /// Where groups are made, or why none are.
    pub(crate) groups: Result<&'a Groups, &'a str>,
    pub(crate) limit: Option<Bytes>,
    pub(crate) interrupt: &'a AtomicBool,
    /// Why some worker has no group.
    pub(crate) no_group: OnceCell<String>,
}

impl<'a> Start<'a> {
    /// Starts a worker. One that gets no group runs without.
    pub(crate) fn worker(&self) -> Result<Worker<'a>, WorkerFailure> {
        let make = |groups: &Groups| groups.make(self.limit).map_err(|error| error.to_string());
        let group = self.groups.map_err(str::to_owned).and_then(make);
        let mut worker = Worker::spawn(self.command, self.environment, self.interrupt)?;
        let charged = group.and_then(|group| {
            let refused = |error| format!("the worker cannot be moved into its control group: {error}");
            worker.charge(group, self.limit).map_err(refused)
        });
        if let Err(why) = charged {
            self.no_group.get_or_init(|| why);
        }
        Ok(worker)
    }

    /// Why the memory limit that was asked for did not hold every worker; absent where it did, and where none was asked
    /// for.
    pub(crate) fn not_held(self) -> Option<String> {
        self.no_group.into_inner().filter(|_| self.limit.is_some())
    }
}
