//! The machine under a restart: which processors it runs on, and what else happened there meanwhile.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use edgebench_record::Quality;

use crate::worker::allowed;

/// How long the processors are watched to find the least busy ones. The kernel counts in hundredths of a second.
const WATCH: Duration = Duration::from_millis(200);

/// Above this share of stolen processor time a restart does not count.
const MAX_STEAL: f64 = 0.10;

/// Above this share of time that others ran on the processors that are used a restart does not count.
const MAX_OTHERS: f64 = 0.80;

/// Why a restart does not count, by what happened on the machine alone: the latencies are not asked.
///
/// Pressure and involuntary switches are recorded and reject nothing. Tasks that wait for other processors do no harm, and
/// a runtime's own threads that share one take it from each other; `cargo xtask noise report` shows the spread of restarts
/// by pressure, and it does not grow.
pub(super) fn rejection(quality: &Quality) -> Option<String> {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    if let Some(steal) = quality.steal.filter(|&steal| steal > MAX_STEAL) {
        return Some(format!("the hypervisor took {} of the processor time", percent(steal)));
    }
    let others = quality.others.filter(|&others| others > MAX_OTHERS)?;
    Some(format!(
        "other tasks had the processors {} of the time",
        percent(others)
    ))
}

/// A reading of the machine's and both sides' counters.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    at: Instant,
    /// Total, stolen and busy ticks of the processors that are used.
    ticks: Option<Ticks>,
    /// Ticks that both sides' processes ran.
    own: Option<u64>,
    /// Microseconds in which some task waited for a processor.
    waited_us: Option<u64>,
    involuntary: [Option<u64>; 2],
}

impl Reading {
    /// Now, of these processors (all where none is named) and these processes.
    pub(super) fn now(cpus: &[usize], processes: [u32; 2]) -> Self {
        Self {
            at: Instant::now(),
            ticks: fs::read_to_string("/proc/stat")
                .ok()
                .and_then(|text| ticks(&text, cpus)),
            own: own_ticks(processes[0]).zip(own_ticks(processes[1])).map(|(a, b)| a + b),
            waited_us: fs::read_to_string("/proc/pressure/cpu")
                .ok()
                .and_then(|text| waited_us(&text)),
            involuntary: processes.map(involuntary),
        }
    }

    /// What happened since, with how long each side's turns took in nanoseconds.
    pub(super) fn since(&self, then: &Self, turns_ns: [u64; 2]) -> Quality {
        let elapsed = self.at.duration_since(then.at);
        let ticks = self.ticks.zip(then.ticks).and_then(|(now, then)| now.since(then));
        // One tick is too coarse to tell a share by.
        let share = |count: u64, total: u64| count.saturating_sub(1) as f64 / total as f64;
        let steal = ticks.map(|ticks| share(ticks.stolen, ticks.total));
        let own = self.own.zip(then.own).and_then(|(now, then)| now.checked_sub(then));
        let others = ticks
            .zip(own)
            .map(|(ticks, own)| share(ticks.busy.saturating_sub(own), ticks.total));
        let pressure = self.waited_us.zip(then.waited_us).and_then(|(now, then)| {
            let waited = now.checked_sub(then)? as f64;
            Some((waited / elapsed.as_micros().max(1) as f64).min(1.0))
        });
        let rate = |side: usize| {
            let switches = self.involuntary[side]?.checked_sub(then.involuntary[side]?)?;
            Some(switches as f64 / (turns_ns[side].max(1) as f64 / 1e9))
        };
        Quality {
            steal,
            others,
            pressure,
            involuntary_per_s: rate(0).zip(rate(1)).map(Into::into),
            elapsed_ns: elapsed.as_nanos() as u64,
        }
    }
}

/// The numbers of one processor's line in `/proc/stat`, or of all processors' sum.
fn fields(text: &str, name: &str) -> Option<Vec<u64>> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    Some(
        line.split_whitespace()
            .map_while(|field| field.parse().ok())
            .take(8)
            .collect(),
    )
}

/// Ticks since the machine started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Ticks {
    total: u64,
    stolen: u64,
    /// User, nice, system and interrupts: what ran, whoever it was.
    busy: u64,
}

impl Ticks {
    /// Of one line of `/proc/stat`: user, nice, system, idle, waiting for a disk, two kinds of interrupts, stolen.
    fn of(fields: &[u64]) -> Option<Self> {
        let at = |index: usize| fields.get(index).copied();
        Some(Self {
            total: fields.iter().sum(),
            stolen: at(7)?,
            busy: at(0)? + at(1)? + at(2)? + at(5)? + at(6)?,
        })
    }

    /// What was counted since an earlier reading; `None` where nothing was.
    fn since(self, then: Self) -> Option<Self> {
        Some(Self {
            total: self.total.checked_sub(then.total).filter(|&total| total > 0)?,
            stolen: self.stolen.checked_sub(then.stolen)?,
            busy: self.busy.checked_sub(then.busy)?,
        })
    }
}

/// The ticks of some processors, or of all.
fn ticks(text: &str, cpus: &[usize]) -> Option<Ticks> {
    if cpus.is_empty() {
        return Ticks::of(&fields(text, "cpu")?);
    }
    cpus.iter().try_fold(Ticks::default(), |sum, cpu| {
        let one = Ticks::of(&fields(text, &format!("cpu{cpu}"))?)?;
        Some(Ticks {
            total: sum.total + one.total,
            stolen: sum.stolen + one.stolen,
            busy: sum.busy + one.busy,
        })
    })
}

/// Ticks in which a processor was not to be had: busy or stolen.
fn busy(text: &str, cpu: usize) -> Option<u64> {
    let ticks = Ticks::of(&fields(text, &format!("cpu{cpu}"))?)?;
    Some(ticks.busy + ticks.stolen)
}

/// Ticks that a process ran, its ended threads included: user and system, behind the name, which may hold anything.
fn own_ticks(process: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    run_ticks(&text)
}

fn run_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11).map(str::parse::<u64>);
    Some(fields.next()?.ok()? + fields.next()?.ok()?)
}

fn waited_us(text: &str) -> Option<u64> {
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    some.split_whitespace()
        .find_map(|word| word.strip_prefix("total="))?
        .parse()
        .ok()
}

/// Involuntary context switches of all threads of a process.
fn involuntary(process: u32) -> Option<u64> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).ok()?;
    let mut sum = None;
    for task in tasks.flatten() {
        let Ok(status) = fs::read_to_string(task.path().join("status")) else {
            continue;
        };
        let switches = status
            .lines()
            .find_map(|line| line.strip_prefix("nonvoluntary_ctxt_switches:"))
            .and_then(|number| number.trim().parse::<u64>().ok());
        if let Some(switches) = switches {
            *sum.get_or_insert(0) += switches;
        }
    }
    sum
}

/// A process's peak resident set since it was last reset, in bytes.
pub(super) fn peak_rss(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// The least busy processors that this process may use, as many as asked for, ascending; among equally busy ones the
/// last, since the first serve most interrupts. All of them where there are no more. Empty where the platform does not
/// confine processes.
pub(super) fn least_busy(count: usize) -> Vec<usize> {
    let allowed = allowed();
    if allowed.len() <= count {
        return allowed;
    }
    let watch = |then: &str, now: &str, cpu: usize| Some(busy(now, cpu)?.saturating_sub(busy(then, cpu)?));
    let then = fs::read_to_string("/proc/stat").unwrap_or_default();
    thread::sleep(WATCH);
    let now = fs::read_to_string("/proc/stat").unwrap_or_default();
    let mut ranked: Vec<(u64, usize)> = allowed
        .into_iter()
        .rev()
        .map(|cpu| (watch(&then, &now, cpu).unwrap_or(0), cpu))
        .collect();
    ranked.sort_by_key(|&(busy, _)| busy);
    let mut chosen: Vec<usize> = ranked.into_iter().take(count).map(|(_, cpu)| cpu).collect();
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "cpu  10 0 10 70 0 0 0 10 0 0\ncpu0 8 0 8 30 0 1 1 2 0 0\ncpu1 2 0 2 40 0 0 0 8 0 0\ncpu10 9\n";

    #[test]
    fn ticks_are_those_of_the_processors_that_are_used() {
        let of = |total, stolen, busy| Some(Ticks { total, stolen, busy });
        assert_eq!(ticks(STAT, &[]), of(100, 10, 20));
        assert_eq!(ticks(STAT, &[0]), of(50, 2, 18));
        assert_eq!(ticks(STAT, &[0, 1]), of(102, 10, 22));
        assert_eq!(ticks(STAT, &[7]), None);
        let later = ticks(STAT, &[0, 1]).unwrap().since(ticks(STAT, &[0]).unwrap());
        assert_eq!(later, of(52, 8, 4));
        assert_eq!(
            ticks(STAT, &[]).unwrap().since(ticks(STAT, &[]).unwrap()),
            None,
            "nothing was counted"
        );
        assert_eq!(busy(STAT, 0), Some(20));
        assert_eq!(busy(STAT, 10), None, "a short line");
    }

    #[test]
    fn a_process_name_may_hold_anything() {
        let stat = "7 (a) b) R 1 7 7 0 -1 0 11 12 13 14 250 30 0 0 20 0 3 0 99\n";
        assert_eq!(run_ticks(stat), Some(280));
        assert_eq!(run_ticks("7 (a) R 1"), None);
    }

    #[test]
    fn pressure_is_the_total_of_some() {
        let text = "some avg10=0.00 avg60=0.01 avg300=1.11 total=4868925667\nfull avg10=0.00 total=7\n";
        assert_eq!(waited_us(text), Some(4_868_925_667));
        assert_eq!(waited_us("full total=7\n"), None);
    }

    #[test]
    fn a_restart_is_rejected_for_the_machines_state() {
        let quality = |steal, others| Quality {
            steal: Some(steal),
            others: Some(others),
            pressure: Some(1.0),
            involuntary_per_s: Some([0.0, 9_000.0]),
            elapsed_ns: 1,
        };
        assert_eq!(
            rejection(&quality(0.01, 0.5)),
            None,
            "pressure and switches reject nothing"
        );
        assert!(
            rejection(&quality(0.2, 0.0))
                .unwrap()
                .contains("hypervisor took 20.0 %")
        );
        assert!(rejection(&quality(0.0, 0.9)).unwrap().contains("90.0 %"));
        assert_eq!(
            rejection(&Quality::default()),
            None,
            "what could not be read rejects nothing"
        );
    }
}
