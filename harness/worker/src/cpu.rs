//! CPU time and context switches of the process.

use edgebench_api::Nanos;

/// What the process has used so far. A figure that the platform does not give is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CpuReading {
    /// CPU time of all threads, user and system.
    pub cpu_ns: Option<Nanos>,
    /// Involuntary context switches of all threads.
    pub involuntary_switches: Option<u64>,
}

impl CpuReading {
    /// Reads both.
    pub fn now() -> Self {
        Self {
            cpu_ns: cpu_ns(),
            involuntary_switches: involuntary_switches(),
        }
    }

    /// What was used since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            cpu_ns: self
                .cpu_ns
                .zip(earlier.cpu_ns)
                .map(|(now, then)| Nanos(now.0.saturating_sub(then.0))),
            involuntary_switches: self
                .involuntary_switches
                .zip(earlier.involuntary_switches)
                .map(|(now, then)| now.saturating_sub(then)),
        }
    }
}

#[cfg(unix)]
fn cpu_ns() -> Option<Nanos> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).ok()?;
    let nanos = u64::try_from(time.tv_nsec).ok()?;
    Some(Nanos(seconds.checked_mul(1_000_000_000)?.checked_add(nanos)?))
}

#[cfg(unix)]
fn involuntary_switches() -> Option<u64> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `usage` is a valid place for one `rusage`, all of whose fields are integers, so zeros initialise it.
    let usage = unsafe {
        if libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) != 0 {
            return None;
        }
        usage.assume_init()
    };
    u64::try_from(usage.ru_nivcsw).ok()
}

#[cfg(not(unix))]
fn cpu_ns() -> Option<Nanos> {
    None
}

#[cfg(not(unix))]
fn involuntary_switches() -> Option<u64> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn cpu_time_counts_work_and_not_sleep() {
        let before = CpuReading::now();
        std::thread::sleep(Duration::from_millis(50));
        let slept = CpuReading::now().since(&before).cpu_ns.unwrap();

        let before = CpuReading::now();
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(200) {
            std::hint::black_box(begin);
        }
        let worked = CpuReading::now().since(&before);
        assert!(worked.cpu_ns.unwrap() > slept, "{worked:?} {slept:?}");
        assert!(worked.involuntary_switches.is_some());
    }
}
