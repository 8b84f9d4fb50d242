//! The loop that one session serves queries in.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use super::clock::Clock;

/// A query that nobody has served, or whose arrival no session waited for.
const NONE: u64 = u64::MAX;

/// What the sessions of a load share: who takes which query, and what came of it.
#[derive(Debug)]
pub(crate) struct Board {
    /// The arrivals, ascending; `None` where each session's next query comes when its last one is complete.
    arrivals: Option<Vec<u64>>,
    min_ns: u64,
    min_queries: u64,
    max_ns: u64,
    next: AtomicUsize,
    stopped: AtomicBool,
    /// By query.
    latencies: Vec<AtomicU64>,
    /// By query; only where arrivals are known beforehand.
    lateness: Vec<AtomicU64>,
}

/// What one session did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Served {
    /// Time spent in serving.
    pub(crate) busy_ns: u64,
    /// The end of the last query.
    pub(crate) last_ns: u64,
}

impl Board {
    /// A load whose arrivals are known; no query begins after `max_ns`.
    pub(crate) fn open(arrivals: Vec<u64>, max_ns: u64) -> Self {
        let room = || arrivals.iter().map(|_| AtomicU64::new(NONE)).collect();
        Self {
            latencies: room(),
            lateness: room(),
            arrivals: Some(arrivals),
            min_ns: 0,
            min_queries: 0,
            max_ns,
            next: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
        }
    }

    /// A load whose next query comes when the last one is complete, until both minima or one maximum is reached.
    pub(crate) fn closed(min_ns: u64, min_queries: u64, max_ns: u64, max_queries: usize) -> Self {
        Self {
            latencies: (0..max_queries).map(|_| AtomicU64::new(NONE)).collect(),
            lateness: Vec::new(),
            arrivals: None,
            min_ns,
            min_queries,
            max_ns,
            next: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
        }
    }

    /// The latencies of the queries that were served, in the order of arrival.
    pub(crate) fn latencies(&self) -> Vec<u64> {
        figures(&self.latencies)
    }

    /// How late queries began whose arrival a session waited for.
    pub(crate) fn lateness(&self) -> Vec<u64> {
        figures(&self.lateness)
    }

    /// How many queries arrive, where that is known.
    pub(crate) fn arriving(&self) -> Option<usize> {
        self.arrivals.as_ref().map(Vec::len)
    }

    fn take(&self) -> Option<usize> {
        if self.stopped.load(Ordering::Relaxed) {
            return None;
        }
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        (index < self.latencies.len()).then_some(index)
    }

    /// Lets no session take another query.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

fn figures(cells: &[AtomicU64]) -> Vec<u64> {
    let all = cells.iter().map(|cell| cell.load(Ordering::Relaxed));
    all.filter(|&figure| figure != NONE).collect()
}

/// Serves queries until none is left to take, and stops all sessions when one fails. Nothing is allocated here.
#[inline(never)]
pub(crate) fn drive<E>(
    clock: &impl Clock,
    board: &Board,
    mut serve: impl FnMut() -> Result<(), E>,
) -> Result<Served, E> {
    let mut served = Served::default();
    while let Some(index) = board.take() {
        let mut arrival = None;
        if let Some(arrivals) = &board.arrivals {
            let scheduled = arrivals[index];
            if scheduled.max(clock.now()) > board.max_ns {
                board.stop();
                break;
            }
            if clock.wait_until(scheduled) {
                let late = clock.now() - scheduled;
                board.lateness[index].store(late, Ordering::Relaxed);
            }
            arrival = Some(scheduled);
        }

        let start = clock.now();
        let result = serve();
        let end = clock.now();

        if result.is_err() {
            board.stop();
        }
        result?;
        board.latencies[index].store(end - arrival.unwrap_or(start), Ordering::Relaxed);
        served.busy_ns += end - start;
        served.last_ns = end;
        if arrival.is_none() {
            let enough = end >= board.min_ns && index as u64 + 1 >= board.min_queries;
            if enough || end >= board.max_ns {
                board.stop();
            }
        }
    }
    Ok(served)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use edgebench_protocol::Arrivals;
    use edgebench_stats::md1_mean_wait;

    use super::*;

    /// A clock that only waiting and serving turn.
    #[derive(Debug, Default)]
    struct Virtual(Cell<u64>);

    impl Clock for Virtual {
        fn now(&self) -> u64 {
            self.0.get()
        }

        fn wait_until(&self, time: u64) -> bool {
            let waits = self.0.get() < time;
            self.0.set(self.0.get().max(time));
            waits
        }
    }

    fn serve(clock: &Virtual, board: &Board, service: u64) -> Served {
        let served: Result<Served, ()> = drive(clock, board, || {
            clock.0.set(clock.0.get() + service);
            Ok(())
        });
        served.unwrap()
    }

    #[test]
    fn waits_are_those_of_queueing_theory() {
        let service = 1_000_000u64;
        for utilisation in [0.2, 0.5, 0.7, 0.9] {
            let rate_per_s = utilisation * 1e3;
            let pattern = Arrivals::Poisson { rate_per_s, seed: 5 };
            let arrivals = pattern.times(edgebench_api::Nanos(0), 1_000_000, u64::MAX).unwrap();
            let board = Board::open(arrivals, u64::MAX);
            let served = serve(&Virtual::default(), &board, service);
            let latencies = board.latencies();
            assert_eq!(latencies.len(), 1_000_000);
            assert_eq!(served.busy_ns, 1_000_000 * service);
            let waited: u64 = latencies.iter().map(|latency| latency - service).sum();
            let mean = waited as f64 / latencies.len() as f64;
            let expected = md1_mean_wait(rate_per_s, 1e-3).unwrap() * 1e9;
            assert!(
                (mean / expected - 1.0).abs() < 0.05,
                "{utilisation}: {mean} and {expected}"
            );
            // Arrivals see time averages: a query is waited for as often as the server is idle.
            let waited_for = board.lateness().len() as f64 / latencies.len() as f64;
            assert!((waited_for - (1.0 - utilisation)).abs() < 0.01, "{waited_for}");
        }
    }

    #[test]
    fn latency_counts_from_the_scheduled_arrival() {
        let board = Board::open(vec![0, 10, 20, 1000], u64::MAX);
        let served = serve(&Virtual::default(), &board, 100);
        assert_eq!(board.latencies(), [100, 190, 280, 100]);
        // The first is there at once; the second and the third have to wait for the session; it waits for the fourth.
        assert_eq!(board.lateness(), [0]);
        assert_eq!((served.busy_ns, served.last_ns), (400, 1100));
    }

    #[test]
    fn no_query_begins_after_the_maximum() {
        let board = Board::open(vec![0; 10], 250);
        serve(&Virtual::default(), &board, 100);
        assert_eq!(board.latencies(), [100, 200, 300]);
        let board = Board::open(vec![0, 10_000], 250);
        serve(&Virtual::default(), &board, 100);
        assert_eq!(board.latencies(), [100]);
    }

    #[test]
    fn a_closed_load_reaches_both_minima_or_one_maximum() {
        let count = |min_ns, min_queries, max_ns, max_queries| {
            let board = Board::closed(min_ns, min_queries, max_ns, max_queries);
            serve(&Virtual::default(), &board, 100);
            assert!(board.latencies().iter().all(|&latency| latency == 100));
            board.latencies().len()
        };
        assert_eq!(count(1000, 3, u64::MAX, 100), 10);
        assert_eq!(count(100, 3, u64::MAX, 100), 3);
        assert_eq!(count(1000, 30, 500, 100), 5);
        assert_eq!(count(1000, 30, u64::MAX, 7), 7);
    }

    #[test]
    fn a_failure_stops_everybody() {
        let (clock, board) = (Virtual::default(), Board::open(vec![0; 10], u64::MAX));
        let mut left = 3;
        let result = drive(&clock, &board, || {
            left -= 1;
            if left == 0 { Err("no more") } else { Ok(()) }
        });
        assert_eq!(result, Err("no more"));
        assert_eq!(board.take(), None);
        assert_eq!(board.latencies().len(), 2);
    }
}
