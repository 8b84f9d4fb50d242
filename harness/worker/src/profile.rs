//! Profiling: a second session whose operators are timed, by turns with the first one, which shows what the profiler
//! costs.

use std::time::Instant;

use edgebench_api::{BackendError, LoadRequest, Nanos, Profile as Operators, Session, Slot};
use edgebench_protocol::{MAX_PROFILED, Profile, Profiled, WorkerError};

use crate::failure::backend_error;
use crate::model::{Model, prepare};
use crate::queries::Source;
use crate::timed::{Bounds, time_samples};

/// Inferences of one session before it is the other's turn, at most.
const TURN: usize = 8;

/// The time allows so many turns at least, where inferences are so long that turns have to be shorter for it.
const TURNS: u64 = 4;

/// The first inferences of a turn, which find the caches full of the other session's weights, do not count.
const LEAD: usize = 2;

/// One that takes longer than this fills the caches anew by itself: all of a turn count. In nanoseconds.
const LONG_NS: u64 = 100_000_000;

/// Times the operators of a loaded model.
pub(crate) fn profile(model: &mut Model, source: &Source, request: &Profile) -> Result<Profiled, WorkerError> {
    if request.runs == 0 || request.runs > MAX_PROFILED {
        let message = format!("a profile has 1 to {MAX_PROFILED} inferences");
        return Err(WorkerError::protocol(message));
    }
    let load = LoadRequest {
        model: &source.request.model,
        shapes: &source.request.shapes,
        settings: &source.request.settings,
    };
    let mut profiler = source
        .backend
        .load_profiled(&load, &request.folder)
        .map_err(backend_error)?;
    let batches = model.read_ring().map_err(backend_error)?;
    let slots: Result<Vec<Slot>, _> = batches.iter().map(|batch| prepare(profiler.as_mut(), batch)).collect();
    let slots = slots.map_err(backend_error)?;
    drop(batches);

    let mut watched = Arm::new(&slots);
    let (session, plain_slots) = model.ready().map_err(backend_error)?;
    let mut plain = Arm::new(plain_slots);
    let first_ns = plain.turn(session, 1, LEAD).map_err(backend_error)?;
    let uncounted = if first_ns > LONG_NS { 0 } else { LEAD };
    let length = length(first_ns, uncounted, request.max_ns);
    let begin = Instant::now();
    while watched.kept.len() < request.runs {
        plain.turn(session, length, uncounted).map_err(backend_error)?;
        watched
            .turn(profiler.as_mut(), length, uncounted)
            .map_err(backend_error)?;
        if Nanos::from(begin.elapsed()) >= request.max_ns {
            break;
        }
    }
    watched.kept.truncate(request.runs);
    let mut profile = profiler.finish().map_err(backend_error)?;
    keep(&mut profile, &watched.kept);
    let times = |arm: &Arm<'_>| arm.kept.iter().map(|sample| sample.ns).collect();
    Ok(Profiled {
        profiled_ns: times(&watched),
        unprofiled_ns: times(&plain),
        profile,
    })
}

/// One of the two sessions, with what was timed of it.
struct Arm<'a> {
    slots: &'a [Slot],
    next: usize,
    runs: usize,
    kept: Vec<Sample>,
}

/// An inference that counts.
struct Sample {
    /// Its place among all of the session.
    run: usize,
    ns: u64,
}

impl<'a> Arm<'a> {
    fn new(slots: &'a [Slot]) -> Self {
        Self {
            slots,
            next: 0,
            runs: 0,
            kept: Vec::new(),
        }
    }

    /// So many inferences, the first `uncounted` of which do not count; how long the longest took, in nanoseconds.
    fn turn(&mut self, session: &mut dyn Session, length: usize, uncounted: usize) -> Result<u64, BackendError> {
        let bounds = Bounds {
            min_ns: 0,
            min_samples: length,
            max_ns: u64::MAX,
            max_samples: length,
        };
        let mut samples = Vec::with_capacity(length);
        time_samples(
            session,
            self.slots,
            &mut self.next,
            Instant::now(),
            &bounds,
            &mut samples,
        )?;
        let first = self.runs;
        self.runs += samples.len();
        let longest = samples.iter().copied().max().unwrap_or(0);
        let counting = samples.into_iter().enumerate().skip(uncounted);
        self.kept
            .extend(counting.map(|(place, ns)| Sample { run: first + place, ns }));
        Ok(longest)
    }
}

/// Inferences of a turn where one takes so long and all may take `max`: at least one of them counts.
fn length(one_ns: u64, uncounted: usize, max: Nanos) -> usize {
    let fit = max.0 / (2 * TURNS).saturating_mul(one_ns.max(1));
    usize::try_from(fit).unwrap_or(TURN).clamp(uncounted + 1, TURN)
}

/// Leaves the calls of the inferences that count, which are numbered anew.
fn keep(profile: &mut Operators, kept: &[Sample]) {
    for operator in &mut profile.operators {
        operator.calls.retain_mut(|call| {
            let place = kept.binary_search_by_key(&call.run, |sample| sample.run);
            call.run = place.unwrap_or(usize::MAX);
            place.is_ok()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_shorter_where_inferences_are_long() {
        let second = Nanos(1_000_000_000);
        assert_eq!(length(1_000, LEAD, second), TURN);
        assert_eq!(length(25_000_000, LEAD, second), 5);
        assert_eq!(length(4_000_000_000, 0, second), 1);
        assert_eq!(length(0, LEAD, Nanos(u64::MAX)), TURN);
        assert_eq!(length(u64::MAX / 8, LEAD, Nanos(0)), 3);
    }
}
