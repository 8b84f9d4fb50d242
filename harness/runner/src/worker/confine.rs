//! Which processors a process may use.

use std::io;

/// Confines the calling thread, and so every process that it starts, while the work is done. Beside what the work gave
/// stands whether the thread could be set free again.
///
/// # Errors
/// The system's, when it refuses the processors; the work is not done then.
#[cfg(target_os = "linux")]
pub(crate) fn confined<T>(cpus: &[usize], work: impl FnOnce() -> T) -> io::Result<(T, io::Result<()>)> {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    if cpus.is_empty() {
        return Ok((work(), Ok(())));
    }
    let before = sched_getaffinity(None)?;
    let mut set = CpuSet::new();
    for &cpu in cpus {
        set.set(cpu);
    }
    sched_setaffinity(None, &set)?;
    let done = work();
    let freed = sched_setaffinity(None, &before);
    Ok((done, freed.map_err(Into::into)))
}

/// Nothing is confined here.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub(crate) fn confined<T>(_: &[usize], work: impl FnOnce() -> T) -> io::Result<(T, io::Result<()>)> {
    Ok((work(), Ok(())))
}

/// The processors that the calling thread may use. Empty where the platform does not say.
#[cfg(target_os = "linux")]
pub(crate) fn allowed() -> Vec<usize> {
    use rustix::thread::{CpuSet, sched_getaffinity};

    let Ok(set) = sched_getaffinity(None) else {
        return Vec::new();
    };
    (0..CpuSet::MAX_CPU).filter(|&cpu| set.is_set(cpu)).collect()
}

/// The processors that the calling thread may use. Empty where the platform does not say.
#[cfg(not(target_os = "linux"))]
pub(crate) fn allowed() -> Vec<usize> {
    Vec::new()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_thread_is_confined_for_the_work_alone() {
        let before = allowed();
        let last = *before.last().unwrap();
        let (within, freed) = confined(&[last], allowed).unwrap();
        assert_eq!((within, freed.is_ok()), (vec![last], true));
        assert_eq!(allowed(), before);
        assert!(confined(&[1_000], || ()).is_err(), "there is no such processor");
    }
}
