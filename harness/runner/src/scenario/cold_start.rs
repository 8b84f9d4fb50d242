//! Fresh processes, from their start to the first answer.

use std::path::PathBuf;
use std::time::Instant;

use edgebench_api::Nanos;
use edgebench_protocol::WarmUp;
use edgebench_record::{ColdCache, ColdStart, ColdStartFigures, ScenarioKind, ScenarioResult};
use edgebench_stats::median;

use super::job::{Job, Stopped};
use super::page_cache;
use super::rules::{decide, many_enough};
use crate::invoke::{load, warm_up};

/// Processes that a median is taken of, at least.
const MIN_STARTS: u64 = 5;

/// Starts processes with the files in the page cache, and then, where the system lets it, with the files dropped from it.
pub(super) fn cold_start(job: &Job<'_>) -> Result<ScenarioResult, Stopped> {
    let begin = Instant::now();
    // The first one puts the files into the page cache, and tells of the runtime's library.
    let (_, library) = start(job)?;
    let warm = starts(job, || Ok(()))?;
    let mut figures = ColdStartFigures {
        warm,
        cold: None,
        no_cold: None,
        dropped: Vec::new(),
    };
    match starts_cold(job, library)? {
        Ok((cold, dropped)) => {
            figures.cold = Some(cold);
            figures.dropped = dropped;
        }
        Err(why) => figures.no_cold = Some(why),
    }
    let mut result = ScenarioResult::new(ScenarioKind::ColdStart);
    result.elapsed_ns = begin.elapsed().into();
    many_enough("starts", figures.warm.starts.len() as u64, MIN_STARTS, &mut result);
    result.cold_start = Some(figures);
    Ok(decide(result))
}

type Cold = Result<(ColdCache, Vec<String>), String>;

fn starts_cold(job: &Job<'_>, library: Option<PathBuf>) -> Result<Cold, Stopped> {
    let mut files = page_cache::model_files(job.model);
    files.extend(library);
    let mut why = None;
    let cold = starts(job, || {
        for file in &files {
            page_cache::drop_file(file).map_err(|error| why = Some(error))?;
        }
        Ok(())
    })?;
    let name = |file: &PathBuf| file.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(match why {
        None => Ok((cold, files.iter().filter_map(name).collect())),
        Some(why) => Err(why),
    })
}

/// As many starts as are planned, each after what `before` does; fewer where that is not possible.
fn starts(job: &Job<'_>, mut before: impl FnMut() -> Result<(), ()>) -> Result<ColdCache, Stopped> {
    let mut starts = Vec::with_capacity(job.plan.cold_starts);
    for _ in 0..job.plan.cold_starts {
        if before().is_err() {
            break;
        }
        starts.push(start(job)?.0);
    }
    let median = median_of(&starts);
    Ok(ColdCache { starts, median })
}

/// One process, and the runtime's library where it names a file.
fn start(job: &Job<'_>) -> Result<(ColdStart, Option<PathBuf>), Stopped> {
    let begin = Instant::now();
    let mut worker = job
        .start
        .worker()
        .map_err(|failure| Stopped::of(failure, "spawn", String::new()))?;
    if let Err(failure) = worker.hello(job.timeout) {
        return Err(Stopped::of(failure, "spawn", worker.stderr_tail()));
    }
    let hello_ns = Nanos::from(begin.elapsed());
    let loaded = match load(&mut worker, job.id, job.model, job.inputs, 1, job.timeout) {
        Ok(loaded) => loaded,
        Err(failure) => return Err(Stopped::of(failure, "load", worker.stderr_tail())),
    };
    let once = WarmUp {
        min_ns: Nanos(0),
        min_runs: 1,
    };
    let warmed_up = match warm_up(&mut worker, once, job.timeout) {
        Ok(warmed_up) => warmed_up,
        Err(failure) => return Err(Stopped::of(failure, "warm_up", worker.stderr_tail())),
    };
    let total_ns = Nanos::from(begin.elapsed());
    // The first answer is there; how the worker ends does not matter any more.
    let _ = worker.bye(job.timeout);
    let start = with_rest(ColdStart {
        hello_ns,
        library_open_ns: loaded.library_open_ns,
        load_ns: loaded.load_ns,
        first_ns: warmed_up.first_ns.unwrap_or(warmed_up.elapsed_ns),
        rest_ns: None,
        total_ns,
    });
    let library = loaded.probe.library.map(PathBuf::from).filter(|path| path.is_file());
    Ok((start, library))
}

/// The total less the named rungs; absent where they are longer than it.
fn with_rest(mut start: ColdStart) -> ColdStart {
    let named = [start.hello_ns, start.library_open_ns, start.load_ns, start.first_ns];
    let rest = named
        .iter()
        .try_fold(start.total_ns.0, |rest, rung| rest.checked_sub(rung.0));
    start.rest_ns = rest.map(Nanos);
    start
}

/// The median of each rung; of the rest where every start has one.
fn median_of(starts: &[ColdStart]) -> Option<ColdStart> {
    let middle = |figures: Vec<f64>| median(&figures).map(|ns| Nanos(ns.round() as u64));
    let of = |rung: fn(&ColdStart) -> Nanos| middle(starts.iter().map(|start| rung(start).0 as f64).collect());
    let rests: Option<Vec<f64>> = starts.iter().map(|start| Some(start.rest_ns?.0 as f64)).collect();
    Some(ColdStart {
        hello_ns: of(|start| start.hello_ns)?,
        library_open_ns: of(|start| start.library_open_ns)?,
        load_ns: of(|start| start.load_ns)?,
        first_ns: of(|start| start.first_ns)?,
        rest_ns: rests.and_then(middle),
        total_ns: of(|start| start.total_ns)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rung_has_its_own_median() {
        let start = |hello, total| {
            with_rest(ColdStart {
                rest_ns: None,
                hello_ns: Nanos(hello),
                library_open_ns: Nanos(1),
                load_ns: Nanos(2),
                first_ns: Nanos(3),
                total_ns: Nanos(total),
            })
        };
        let median = median_of(&[start(10, 300), start(20, 100), start(30, 200)]).unwrap();
        assert_eq!((median.hello_ns.0, median.total_ns.0), (20, 200));
        assert_eq!(median.rest_ns, Some(Nanos(164)));
        assert_eq!(median_of(&[]), None);
        // Rungs longer than the whole leave no rest.
        let odd = start(200, 100);
        assert_eq!(odd.rest_ns, None);
        assert_eq!(median_of(&[odd, start(20, 100)]).unwrap().rest_ns, None);
    }
}
