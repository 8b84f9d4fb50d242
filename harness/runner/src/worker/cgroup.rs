//! A control group for one worker: what its memory came to with all that the kernel charges for it, and a limit that
//! holds.
//!
//! Nothing but a folder of its own is made, and it is removed whatever becomes of the worker. The runner's own group and
//! its limits stay as they are.

mod place;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use edgebench_api::Bytes;

pub(crate) use place::NoGroups;
use place::Version;

/// How long a group whose processes are gone may take to be free of them.
const EMPTY_WAIT: Duration = Duration::from_secs(2);

/// How the names of groups begin; the process id of the runner and a number follow.
const PREFIX: &str = "edgebench-";

/// Where groups can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Groups {
    parent: PathBuf,
    version: Version,
}

impl Groups {
    /// Looks for the place, below `root` instead of `/`, and removes what runners that died have left there. With
    /// `beside`, version 2 may put a worker beside the runner's own group, where that takes no limit off it; otherwise
    /// groups lie below the runner's own.
    ///
    /// # Errors
    /// [`NoGroups`] says why there is none.
    pub(crate) fn find(root: &Path, beside: bool) -> Result<Self, NoGroups> {
        let groups = place::find(root, beside)?;
        groups.remove_stale(root);
        // Whether it may be written is only known by trying.
        groups.make(None)?;
        Ok(groups)
    }

    /// A new group, with a limit where one is given; swapping is then refused where the kernel can refuse it.
    ///
    /// # Errors
    /// [`NoGroups::Refused`] when the system does not make it or does not take the limit.
    pub(crate) fn make(&self, limit: Option<Bytes>) -> Result<Group, NoGroups> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = self.parent.join(format!("{PREFIX}{}-{number}", std::process::id()));
        let made = fs::create_dir(&folder).or_else(|error| match error.kind() {
            // A runner with this process id died: a container gives the same id to every first process.
            io::ErrorKind::AlreadyExists => fs::remove_dir(&folder).and_then(|()| fs::create_dir(&folder)),
            _ => Err(error),
        });
        made.map_err(NoGroups::Refused)?;
        let group = Group {
            folder,
            version: self.version,
        };
        if let Some(limit) = limit {
            group.limit(limit).map_err(NoGroups::Refused)?;
        }
        Ok(group)
    }

    /// Removes the groups of runners that are no more. A group that holds a process is not removed by the kernel.
    fn remove_stale(&self, root: &Path) {
        let Ok(entries) = fs::read_dir(&self.parent) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(runner) = name.to_str().and_then(runner_of) else {
                continue;
            };
            if !root.join("proc").join(runner.to_string()).exists() {
                // Where it stays, it is empty and in nobody's way.
                let _ = fs::remove_dir(entry.path());
            }
        }
    }
}

/// The process id in a group's name.
fn runner_of(name: &str) -> Option<u32> {
    let (runner, number) = name.strip_prefix(PREFIX)?.split_once('-')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(number) && digits(runner))
        .then(|| runner.parse().ok())
        .flatten()
}

/// One group. It is removed, with every process in it, when this value is.
#[derive(Debug)]
pub(crate) struct Group {
    folder: PathBuf,
    version: Version,
}

impl Group {
    /// Moves a process in. What it has allocated before stays charged where it was.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn admit(&self, process: u32) -> io::Result<()> {
        fs::write(self.folder.join("cgroup.procs"), process.to_string())
    }

    /// The most that was charged to the group at once; absent where the kernel does not tell, as version 2 before Linux
    /// 5.19.
    pub(crate) fn peak(&self) -> Option<Bytes> {
        let name = match self.version {
            Version::V1 => "memory.max_usage_in_bytes",
            Version::V2 => "memory.peak",
        };
        let peak: u64 = fs::read_to_string(self.folder.join(name)).ok()?.trim().parse().ok()?;
        // A group that a process ran in was charged something.
        (peak > 0).then_some(Bytes(peak))
    }

    /// How many of its processes were killed for want of memory; absent where the kernel does not tell, as version 1
    /// before Linux 4.13.
    pub(crate) fn kills(&self) -> Option<u64> {
        let name = match self.version {
            Version::V1 => "memory.oom_control",
            Version::V2 => "memory.events",
        };
        fs::read_to_string(self.folder.join(name))
            .ok()?
            .lines()
            .find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
    }

    fn limit(&self, limit: Bytes) -> io::Result<()> {
        let (memory, swap, swap_value) = match self.version {
            // Version 1 limits memory and swap together: no more together than memory alone is no swap.
            Version::V1 => ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", limit.0),
            Version::V2 => ("memory.max", "memory.swap.max", 0),
        };
        fs::write(self.folder.join(memory), limit.0.to_string())?;
        // A kernel that does not account for swap has no such file.
        let _ = fs::write(self.folder.join(swap), swap_value.to_string());
        Ok(())
    }

    #[cfg(unix)]
    fn kill_members(&self) {
        use rustix::process::{Pid, Signal, kill_process};

        let members = fs::read_to_string(self.folder.join("cgroup.procs")).unwrap_or_default();
        for member in members
            .lines()
            .filter_map(|line| Pid::from_raw(line.trim().parse().ok()?))
        {
            // It may be gone already, which is what is wanted.
            let _ = kill_process(member, Signal::KILL);
        }
    }

    #[cfg(not(unix))]
    fn kill_members(&self) {}
}

impl Drop for Group {
    fn drop(&mut self) {
        let start = Instant::now();
        while let Err(error) = fs::remove_dir(&self.folder) {
            if error.kind() != io::ErrorKind::ResourceBusy || start.elapsed() >= EMPTY_WAIT {
                return;
            }
            self.kill_members();
            thread::sleep(Duration::from_millis(2));
        }
    }
}

#[cfg(all(test, unix))]
mod tests;
