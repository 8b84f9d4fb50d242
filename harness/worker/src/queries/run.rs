//! One load from the request to its answer.

use std::sync::Arc;

use edgebench_api::Nanos;
use edgebench_protocol::{Arrivals, Lateness, MAX_QUERIES, Queried, Queries, WorkerError};

use super::drive::{Board, Served};
use super::fleet::{Fleet, Job, Source};
use crate::cpu::CpuReading;
use crate::failure::backend_error;
use crate::model::Model;

/// More sessions than this are a mistake.
const MAX_SESSIONS: usize = 256;

/// Puts the model under a load.
pub(crate) fn queries(
    model: &mut Model,
    fleet: &mut Fleet,
    source: &Source,
    request: &Queries,
) -> Result<Queried, WorkerError> {
    let refuse = |why: &str| Err(WorkerError::protocol(why));
    if request.inferences == 0 || request.max_queries == 0 || request.min_queries > request.max_queries {
        return refuse("the queries asked for are none, or more than allowed, or have no inference");
    }
    if request.sessions == 0 || request.sessions > MAX_SESSIONS {
        return Err(WorkerError::protocol(format!("sessions are 1 to {MAX_SESSIONS}")));
    }
    let most = usize::try_from(request.max_queries.min(MAX_QUERIES)).unwrap_or(usize::MAX);
    let arrivals = request
        .arrivals
        .times(request.min_ns, request.min_queries, request.max_queries);
    let board = match (request.arrivals, arrivals) {
        (Arrivals::Closed, _) => Board::closed(request.min_ns.0, request.min_queries, request.max_ns.0, most),
        (_, Some(arrivals)) if !arrivals.is_empty() => Board::open(arrivals, request.max_ns.0),
        _ => return refuse("the arrivals have no query, no rate or no period"),
    };
    let others = request.sessions - 1;
    fleet.grow(others, source)?;
    let (session, slots) = model.ready().map_err(backend_error)?;
    let job = Arc::new(Job::new(board, request.inferences, request.sessions));
    let before = CpuReading::now();
    fleet.begin(&job, others);
    let own = job.serve(session, slots);
    // The others end as well: a failure has stopped them.
    let all = std::iter::once(own).chain(fleet.end(others));
    let served = all.collect::<Result<Vec<Served>, _>>()?;
    let cpu_ns = CpuReading::now().since(&before).cpu_ns;
    let latencies_ns = job.board().latencies();
    let not_served = job
        .board()
        .arriving()
        .map_or(0, |arriving| arriving - latencies_ns.len());
    Ok(Queried {
        not_served: not_served as u64,
        elapsed_ns: Nanos(served.iter().map(|one| one.last_ns).max().unwrap_or(0)),
        busy_ns: Nanos(served.iter().map(|one| one.busy_ns).sum()),
        lateness: lateness(job.board().lateness()),
        latencies_ns,
        cpu_ns,
    })
}

fn lateness(mut figures: Vec<u64>) -> Option<Lateness> {
    figures.sort_unstable();
    let at = |p: f64| figures.get((figures.len() as f64 * p) as usize).copied().map(Nanos);
    Some(Lateness {
        queries: figures.len() as u64,
        p50_ns: at(0.5)?,
        p99_ns: at(0.99)?,
        max_ns: figures.last().copied().map(Nanos)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_absent_where_nobody_waited() {
        assert_eq!(lateness(Vec::new()), None);
        let figures = lateness((0..1000).rev().collect()).unwrap();
        assert_eq!(figures.queries, 1000);
        assert_eq!((figures.p50_ns.0, figures.p99_ns.0, figures.max_ns.0), (500, 990, 999));
    }
}
