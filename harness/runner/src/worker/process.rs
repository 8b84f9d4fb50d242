//! How a worker process is ended, and how one ended.

use std::fs;
use std::io;
use std::process::{Child, ExitStatus};

use crate::WorkerFailure;

/// Kills a child and all of its group.
#[cfg(unix)]
pub(super) fn kill_group(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};

    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // It may be gone already, which is what is wanted.
    if group.is_none_or(|group| kill_process_group(group, Signal::KILL).is_err()) {
        let _ = child.kill();
    }
}

/// Kills a child.
#[cfg(not(unix))]
pub(super) fn kill_group(child: &mut Child) {
    // It may be gone already, which is what is wanted.
    let _ = child.kill();
}

/// Whether a child has ended and was not waited for yet.
#[cfg(unix)]
pub(super) fn has_ended(child: &Child) -> bool {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

    let Some(process) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
        return false;
    };
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    waitid(WaitId::Pid(process), options).is_ok_and(|status| status.is_some())
}

/// Not told here.
#[cfg(not(unix))]
pub(super) fn has_ended(_: &Child) -> bool {
    false
}

/// Stops a child and all of its group.
#[cfg(unix)]
pub(super) fn pause_group(child: &Child) -> io::Result<()> {
    signal_group(child, rustix::process::Signal::STOP)
}

/// Lets a stopped child and all of its group go on.
#[cfg(unix)]
pub(super) fn resume_group(child: &Child) -> io::Result<()> {
    signal_group(child, rustix::process::Signal::CONT)
}

#[cfg(unix)]
fn signal_group(child: &Child, signal: rustix::process::Signal) -> io::Result<()> {
    use rustix::process::{Pid, kill_process_group};

    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let group = group.ok_or_else(|| io::Error::other("the process has no id that can be signalled"))?;
    Ok(kill_process_group(group, signal)?)
}

/// Processes cannot be stopped here.
#[cfg(not(unix))]
pub(super) fn pause_group(_: &Child) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Processes cannot be stopped here.
#[cfg(not(unix))]
pub(super) fn resume_group(_: &Child) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The signal that ended a process.
#[cfg(unix)]
pub(super) fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

/// The signal that ended a process.
#[cfg(not(unix))]
pub(super) fn signal(_: ExitStatus) -> Option<i32> {
    None
}

/// How many processes the kernel has killed for want of memory since it started; absent where it does not say.
pub(super) fn oom_kills() -> Option<u64> {
    parse_oom_kills(&fs::read_to_string("/proc/vmstat").ok()?)
}

fn parse_oom_kills(vmstat: &str) -> Option<u64> {
    vmstat
        .lines()
        .find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

/// Tells a crash from a want of memory. `before` is the count of [`oom_kills`] when the worker was started.
pub(super) fn classify(signal: i32, before: Option<u64>, stderr: &str) -> WorkerFailure {
    const KILL: i32 = 9;
    const ABORT: i32 = 6;
    let rose = || matches!((before, oom_kills()), (Some(before), Some(now)) if now > before);
    if signal == KILL && rose() {
        return WorkerFailure::OutOfMemory("the kernel killed it".to_owned());
    }
    // What Rust's and C++'s runtimes say before they give up an allocation that a limit refused.
    let refused = stderr
        .lines()
        .rev()
        .take(20)
        .find(|line| line.starts_with("memory allocation of ") || line.contains("std::bad_alloc"));
    match refused {
        Some(line) if signal == ABORT => WorkerFailure::OutOfMemory(line.trim().to_owned()),
        _ => WorkerFailure::Crashed(signal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_count_is_read() {
        assert_eq!(
            parse_oom_kills("nr_free_pages 1\noom_kill 12\noom_kill_x 13\n"),
            Some(12)
        );
        assert_eq!(parse_oom_kills("nr_free_pages 1\n"), None);
    }

    #[test]
    fn a_refused_allocation_is_no_crash() {
        let refused = classify(6, None, "note\nmemory allocation of 4096 bytes failed\n");
        assert!(matches!(refused, WorkerFailure::OutOfMemory(_)), "{refused:?}");
        let crashed = classify(6, None, "assertion failed\n");
        assert!(matches!(crashed, WorkerFailure::Crashed(6)), "{crashed:?}");
        let killed = classify(9, None, "");
        assert!(matches!(killed, WorkerFailure::Crashed(9)), "{killed:?}");
    }
}
