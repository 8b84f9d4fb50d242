//! The process's memory.

use edgebench_protocol::MemoryReading;

/// Reads this process's memory, and resets the peak after each reading so that every phase has its own.
#[derive(Debug)]
pub struct MemoryMeter {
    was_reset: bool,
}

impl MemoryMeter {
    /// A meter whose first reading has the peak since now.
    pub fn new() -> Self {
        Self {
            was_reset: platform::reset_peak(),
        }
    }

    /// Reads, then resets the peak.
    pub fn read(&mut self) -> MemoryReading {
        let reading = MemoryReading {
            peak_was_reset: self.was_reset,
            ..platform::read()
        };
        self.was_reset = platform::reset_peak();
        reading
    }
}

impl Default for MemoryMeter {
    fn default() -> Self {
        Self::new()
    }
}

/// Linux: `/proc/self/status`, `/proc/self/smaps_rollup` and `/proc/self/clear_refs` (proc(5)). Never
/// `getrusage`'s `ru_maxrss`, which survives `execve` and so carries the parent's peak.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod platform {
    use std::fs;

    use edgebench_api::Bytes;
    use edgebench_protocol::MemoryReading;

    /// Writing this to `clear_refs` sets `VmHWM` to the resident set of now.
    const RESET_PEAK: &str = "5";

    pub(super) fn reset_peak() -> bool {
        fs::write("/proc/self/clear_refs", RESET_PEAK).is_ok()
    }

    pub(super) fn read() -> MemoryReading {
        // `smaps_rollup` walks the page tables and is exact; `status` adds up counters that each CPU flushes late.
        // Where both have a figure the exact one is taken.
        let rollup = fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        parse(&status, &rollup)
    }

    pub(super) fn parse(status: &str, rollup: &str) -> MemoryReading {
        let rss = field(rollup, "Rss").or_else(|| field(status, "VmRSS"));
        let anonymous = field(rollup, "Anonymous").or_else(|| field(status, "RssAnon"));
        let shared = field(status, "RssShmem");
        let file = match (field(rollup, "Rss"), field(rollup, "Anonymous"), shared) {
            (Some(rss), Some(anonymous), Some(shared)) => Some(rss.saturating_sub(anonymous).saturating_sub(shared)),
            _ => field(status, "RssFile"),
        };
        // The counters behind the peak may lag behind the walk: what is resident now was resident at the peak.
        let peak = field(status, "VmHWM").map(|peak| peak.max(rss.unwrap_or(0)));
        MemoryReading {
            peak_rss_bytes: peak.map(Bytes),
            peak_was_reset: false,
            rss_bytes: rss.map(Bytes),
            anonymous_bytes: anonymous.map(Bytes),
            file_bytes: file.map(Bytes),
            shared_bytes: shared.map(Bytes),
            pss_bytes: field(rollup, "Pss").map(Bytes),
            uss_bytes: unique(rollup).map(Bytes),
            pss_anonymous_bytes: field(rollup, "Pss_Anon").map(Bytes),
            pss_file_bytes: field(rollup, "Pss_File").map(Bytes),
            swap_bytes: field(rollup, "Swap").or_else(|| field(status, "VmSwap")).map(Bytes),
        }
    }

    /// What only this process maps, and so what the system gets back when it ends. Huge pages of `hugetlbfs` stand
    /// apart in the kernel's sums and are added where it tells them.
    fn unique(rollup: &str) -> Option<u64> {
        let pages = field(rollup, "Private_Clean")?.checked_add(field(rollup, "Private_Dirty")?)?;
        pages.checked_add(field(rollup, "Private_Hugetlb").unwrap_or(0))
    }

    /// The figure of a line like `VmHWM:   1234 kB`, in bytes.
    fn field(text: &str, name: &str) -> Option<u64> {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        kibibytes.checked_mul(1024)
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod platform {
    use edgebench_protocol::MemoryReading;

    pub(super) fn reset_peak() -> bool {
        false
    }

    pub(super) fn read() -> MemoryReading {
        MemoryReading::default()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use edgebench_api::Bytes;

    use super::*;

    #[test]
    fn files_of_the_kernel_are_read() {
        let status = "Name:\tx\nVmHWM:\t    2000 kB\nVmRSS:\t    1500 kB\nRssAnon:\t 900 kB\nRssFile:\t 500 kB\nRssShmem:\t 100 kB\nVmSwap:\t       0 kB\n";
        let rollup = "55d-7ff ---p 0 00:00 0 [rollup]\nRss:            1600 kB\nPss:             800 kB\nPss_Anon:        700 kB\nPss_File:         90 kB\nPrivate_Clean:   200 kB\nPrivate_Dirty:   300 kB\nPrivate_Hugetlb:  40 kB\nAnonymous:       950 kB\nSwap:              8 kB\n";
        let reading = platform::parse(status, rollup);
        assert_eq!(reading.peak_rss_bytes, Some(Bytes(2000 << 10)));
        assert_eq!(reading.rss_bytes, Some(Bytes(1600 << 10)));
        assert_eq!(reading.anonymous_bytes, Some(Bytes(950 << 10)));
        assert_eq!(reading.file_bytes, Some(Bytes(550 << 10)));
        assert_eq!(reading.pss_bytes, Some(Bytes(800 << 10)));
        assert_eq!(reading.pss_anonymous_bytes, Some(Bytes(700 << 10)));
        assert_eq!(reading.pss_file_bytes, Some(Bytes(90 << 10)));
        assert_eq!(reading.uss_bytes, Some(Bytes(540 << 10)));
        assert_eq!(reading.swap_bytes, Some(Bytes(8 << 10)));

        // Before Linux 5.9 there was no split by kind, and before 4.14 no such file; half a sum is none.
        let older = platform::parse(status, "Pss: 8 kB\nPrivate_Clean: 2 kB\nPrivate_Dirty: 3 kB\n");
        assert_eq!((older.uss_bytes, older.pss_file_bytes), (Some(Bytes(5 << 10)), None));
        assert_eq!(platform::parse(status, "Private_Clean: 2 kB\n").uss_bytes, None);
        let absurd = format!("Private_Clean: {0} kB\nPrivate_Dirty: {0} kB\n", u64::MAX / 1024);
        assert_eq!(platform::parse("", &absurd).uss_bytes, None);

        let without = platform::parse(status, "");
        assert_eq!(without.file_bytes, Some(Bytes(500 << 10)));
        assert_eq!(without.pss_bytes, None);
        assert_eq!(platform::parse("", ""), MemoryReading::default());
    }

    #[test]
    fn the_peak_is_that_of_the_phase() {
        let mut meter = MemoryMeter::new();
        let before = meter.read();
        let mut block = vec![0u8; 64 << 20];
        block.fill(1);
        std::hint::black_box(&block);
        drop(block);
        let phase = meter.read();
        let after = meter.read();
        assert!(phase.peak_was_reset);
        let mebibytes = |reading: &MemoryReading| reading.peak_rss_bytes.unwrap().0 >> 20;
        assert!(mebibytes(&phase) >= mebibytes(&before) + 60);
        assert!(mebibytes(&after) + 30 <= mebibytes(&phase));
    }
}
