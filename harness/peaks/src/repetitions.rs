//! The same work on several threads at once, timed until the best is known.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Barrier, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

/// A repetition takes at least this long on its own, so that a clock's resolution and a barrier's wake-up are little of it.
const SHORTEST: Duration = Duration::from_millis(5);
/// So many repetitions are made even where the time is up. Every kernel has several turns.
const FEWEST: usize = 5;

/// When a thread began and ended a repetition.
type Span = (Instant, Instant);

/// Seconds that one round takes when every thread makes one at the same time, in the best of many repetitions.
///
/// `work` is called on each thread and gives what that thread repeats: a function that makes so many rounds. A
/// repetition lasts from the first thread's start to the last thread's end: threads that share a core or a bus are
/// never credited with what each would reach while another waits.
///
/// `None` where the threads cannot be started.
pub(crate) fn seconds_per_round<W: FnMut(u64)>(
    threads: usize,
    time: Duration,
    work: impl Fn() -> W + Sync,
) -> Option<f64> {
    let team = Team {
        barrier: Barrier::new(threads),
        rounds: AtomicU64::new(1),
        done: AtomicBool::new(false),
        time,
    };
    // Held until every thread is there: a barrier waits for ever for one that could not be started.
    let complete = RwLock::new(false);
    let spans = thread::scope(|scope| {
        let mut gate = complete.write().unwrap_or_else(PoisonError::into_inner);
        let started: Result<Vec<_>, _> = (0..threads)
            .map(|index| {
                thread::Builder::new().spawn_scoped(scope, {
                    let (team, work, complete) = (&team, &work, &complete);
                    move || {
                        let go = *complete.read().unwrap_or_else(PoisonError::into_inner);
                        if go { team.repeat(index, work()) } else { Vec::new() }
                    }
                })
            })
            .collect();
        *gate = started.is_ok();
        drop(gate);
        let handles = started.ok()?;
        handles
            .into_iter()
            .map(|handle| handle.join().ok())
            .collect::<Option<Vec<_>>>()
    })?;
    let seconds = best(&spans)?.as_secs_f64();
    Some(seconds / team.rounds.load(Ordering::Relaxed) as f64)
}

/// What the threads share.
struct Team {
    barrier: Barrier,
    rounds: AtomicU64,
    done: AtomicBool,
    time: Duration,
}

impl Team {
    /// One thread's part. The first thread finds how many rounds make a repetition while the others wait.
    fn repeat(&self, index: usize, mut work: impl FnMut(u64)) -> Vec<Span> {
        if index == 0 {
            self.rounds.store(rounds_of_a_repetition(&mut work), Ordering::Relaxed);
        }
        let mut spans = Vec::new();
        let mut began = None;
        loop {
            self.barrier.wait();
            if self.done.load(Ordering::Relaxed) {
                return spans;
            }
            let began = *began.get_or_insert_with(Instant::now);
            let rounds = self.rounds.load(Ordering::Relaxed);
            let start = Instant::now();
            work(rounds);
            spans.push((start, Instant::now()));
            // Exactly one thread decides, and all see it after the next barrier.
            if self.barrier.wait().is_leader() {
                let enough = began.elapsed() >= self.time && spans.len() >= FEWEST;
                self.done.store(enough, Ordering::Relaxed);
            }
        }
    }
}

/// So many rounds take [`SHORTEST`] or longer in both of two tries: one alone may have been interrupted.
fn rounds_of_a_repetition(work: &mut impl FnMut(u64)) -> u64 {
    let mut rounds = 1;
    while rounds < u64::MAX / 2 {
        let mut long_enough = || {
            let start = Instant::now();
            work(rounds);
            start.elapsed() >= SHORTEST
        };
        if long_enough() && long_enough() {
            break;
        }
        rounds *= 2;
    }
    rounds
}

/// The shortest repetition, each from the first start to the last end.
fn best(threads: &[Vec<Span>]) -> Option<Duration> {
    let repetitions = threads.iter().map(Vec::len).min()?;
    (0..repetitions)
        .filter_map(|repetition| {
            let start = threads.iter().map(|spans| spans[repetition].0).min()?;
            let end = threads.iter().map(|spans| spans[repetition].1).max()?;
            Some(end - start)
        })
        .min()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_repetition_lasts_from_the_first_start_to_the_last_end() {
        let at = |origin: Instant, ms: u64| origin + Duration::from_millis(ms);
        let zero = Instant::now();
        // Second repetition: 10 to 18 ms and 12 to 17 ms. Each alone would be 8 and 5 ms.
        let first = vec![(at(zero, 0), at(zero, 9)), (at(zero, 10), at(zero, 18))];
        let second = vec![(at(zero, 1), at(zero, 10)), (at(zero, 12), at(zero, 17))];
        assert_eq!(best(&[first, second]), Some(Duration::from_millis(8)));
        assert_eq!(best(&[]), None);
        assert_eq!(best(&[Vec::new()]), None);
    }

    #[test]
    fn a_round_of_known_length_is_timed() {
        let per_round = Duration::from_millis(2);
        let calls = Mutex::new(Vec::new());
        let seconds = seconds_per_round(2, Duration::from_millis(50), || {
            |rounds: u64| {
                calls.lock().unwrap().push(rounds);
                thread::sleep(per_round * rounds as u32);
            }
        })
        .unwrap();
        // A sleep is never shorter than asked; how much longer is the machine's affair.
        assert!((0.002..0.02).contains(&seconds), "{seconds}");
        let calls = calls.into_inner().unwrap();
        let repetitions = calls.iter().filter(|rounds| **rounds == *calls.last().unwrap()).count();
        assert!(repetitions >= 2 * FEWEST, "{calls:?}");
    }
}
