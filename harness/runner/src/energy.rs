//! Energy: for each cell some windows of inferences between idle ones, each in a fresh worker, after all rounds.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use edgebench_api::{Bytes, Nanos};
use edgebench_meters::estimate::{self, Marks};
use edgebench_meters::proxy::{self, Calibration};
use edgebench_meters::{Choice, Places, Sampler};
use edgebench_protocol::{Answer, Arrivals, MAX_QUERIES, Queries, Request, WarmUp};
use edgebench_record::{
    AbsentSource, Cell, CellId, Energy, EnergyProxies, EnergySource, EnergySources, EnergyWindow, Host,
};
use serde::{Deserialize, Serialize};

use crate::WorkerFailure;
use crate::invoke::{RING, load, warm_up};
use crate::prepare::PreparedTask;
use crate::worker::{Start, Worker};

/// An interrupt is looked for this often while the machine idles.
const POLL: Duration = Duration::from_millis(100);

/// How energy is to be measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnergyPlan {
    /// The source as it was asked for: `auto`, a name, `command:CMD`.
    pub source: String,
    /// A window of inferences, and each of the idle ones around it, at least.
    pub window_ns: u64,
    /// Windows of each cell.
    pub repeats: usize,
}

/// A source that is being read.
#[derive(Debug)]
pub(crate) struct Meter {
    sampler: Sampler,
    pub(crate) source: EnergySource,
}

/// Why energy that was asked for cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum EnergyError {
    /// The choice names nothing.
    #[error(transparent)]
    Unknown(#[from] edgebench_meters::UnknownSource),
    /// The source is not there.
    #[error("energy source `{}`: {}", .0.name, .0.reason)]
    Absent(AbsentSource),
    /// The system gives no thread to read it.
    #[error("the energy source cannot be read")]
    Thread(#[source] io::Error),
}

impl EnergyError {
    /// The source with why it is not there.
    pub(crate) fn absent(self) -> AbsentSource {
        match self {
            Self::Absent(source) => source,
            other => AbsentSource {
                name: "energy".to_owned(),
                reason: other.to_string(),
                hint: other.hint(),
            },
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Absent(source) => source.hint.clone(),
            Self::Unknown(_) => None,
            Self::Thread(_) => Some("end other programs and try again".to_owned()),
        }
    }
}

/// Everything of energy that this machine has.
pub fn energy_sources(host: &Host) -> EnergySources {
    let (present, absent) = edgebench_meters::find(&places(host));
    edgebench_meters::find::listed(&present, absent)
}

/// A container reads the sensors of its host; a virtual machine has none of its own.
fn places(host: &Host) -> Places {
    Places::host(host.virtual_machine.clone())
}

impl Meter {
    /// Opens a source and begins to read it; `None` where any would do and there is none.
    ///
    /// # Errors
    /// [`EnergyError`]: it is unknown, or not there.
    pub(crate) fn open(plan: &EnergyPlan, host: &Host, prefix: &[String]) -> Result<Option<Self>, EnergyError> {
        let choice: Choice = plan.source.parse()?;
        let source = match edgebench_meters::open(&choice, &places(host)) {
            Ok(Some(source)) => source,
            Ok(None) => return Ok(None),
            // It was not asked for by name, and the record lists why each is absent.
            Err(_) if choice == Choice::Auto => return Ok(None),
            Err(absent) => return Err(EnergyError::Absent(absent)),
        };
        let sampler = Sampler::start(source).map_err(EnergyError::Thread)?;
        let mut source = sampler.facts().clone();
        if !prefix.is_empty() {
            source.notes.push(format!(
                "workers ran behind `{}`: what that does on another machine is not in these figures",
                prefix.join(" ")
            ));
        }
        Ok(Some(Self { sampler, source }))
    }

    /// How long a window is: as long as was asked for, and as the source takes for a figure that counts.
    pub(crate) fn window(&self, plan: &EnergyPlan) -> Duration {
        Duration::from_nanos(plan.window_ns.max(self.source.min_window_ns.0))
    }

    /// Why nothing more will come of the source.
    pub(crate) fn failed(&self) -> Option<String> {
        self.sampler.failed()
    }

    /// Remarks of the source on all its readings.
    pub(crate) fn remarks(&self) -> Vec<String> {
        self.sampler.remarks()
    }
}

/// What a window is measured of.
pub(crate) struct Windowed<'a> {
    pub(crate) id: &'a CellId,
    pub(crate) model: &'a std::path::Path,
    pub(crate) inputs: &'a PreparedTask,
    pub(crate) start: Start<'a>,
    pub(crate) warm_up: WarmUp,
    /// From one inference to the next; one comes right after the other where absent.
    pub(crate) period_ns: Option<u64>,
    pub(crate) timeout: Duration,
}

/// Idle, warm-up, window, idle: one window in a fresh worker that has loaded the model before the first idle time, so that
/// the idle machine holds what the busy one holds.
pub(crate) fn measure_window(
    meter: &Meter,
    plan: &EnergyPlan,
    cell: &Windowed<'_>,
) -> Result<EnergyWindow, (WorkerFailure, &'static str, String)> {
    let mut stage = "spawn";
    let mut tail = String::new();
    let result = cell.start.worker().and_then(|mut worker| {
        let result = window(&mut worker, meter, plan, cell, &mut stage);
        tail = worker.stderr_tail();
        if result.is_ok() {
            // The figures are there; how the worker ends does not change them.
            let _ = worker.bye(cell.timeout);
        }
        result
    });
    result.map_err(|failure| (failure, stage, tail))
}

fn window(
    worker: &mut Worker<'_>,
    meter: &Meter,
    plan: &EnergyPlan,
    cell: &Windowed<'_>,
    stage: &mut &'static str,
) -> Result<EnergyWindow, WorkerFailure> {
    let length = meter.window(plan);
    worker.hello(cell.timeout)?;
    *stage = "load";
    load(worker, cell.id, cell.model, cell.inputs, RING, cell.timeout)?;
    let idle_before = idle(length, cell.start.interrupt)?;
    *stage = "warm_up";
    warm_up(worker, cell.warm_up, cell.timeout)?;
    *stage = "measure";
    let request = busy_request(length, cell.period_ns);
    let begin = Instant::now();
    let (elapsed_ns, inferences, cpu_ns) = match worker.request(request, cell.timeout + length * 2)? {
        Answer::WarmedUp(runs) => (runs.elapsed_ns, runs.runs, runs.cpu_ns),
        Answer::Queried(load) => (load.elapsed_ns, load.latencies_ns.len() as u64, load.cpu_ns),
        other => return Err(WorkerFailure::unexpected("measure", &other)),
    };
    // What follows the last inference, such as the answer's way, is not of the window.
    let end = begin + Duration::from_nanos(elapsed_ns.0).min(begin.elapsed());
    let idle_after = idle(length, cell.start.interrupt)?;
    let marks = Marks {
        idle_before,
        busy: (begin, end),
        idle_after,
        inferences,
    };
    meter.sampler.wait_for(idle_after.1);
    let series = meter.sampler.series_between(idle_before.0, idle_after.1);
    meter.sampler.forget_before(idle_after.1);
    let mut window = estimate::window(&meter.source, &series, &marks);
    window.cpu_ns = cpu_ns;
    Ok(window)
}

/// Inferences for so long: one right after the other, or one each period.
fn busy_request(length: Duration, period_ns: Option<u64>) -> Request {
    match period_ns {
        // Counted and not timed one by one: a minute of a fast model is more samples than a line of the protocol holds.
        None => Request::WarmUp(WarmUp {
            min_ns: Nanos::from(length),
            min_runs: 1,
        }),
        Some(period_ns) => Request::Queries(Queries {
            arrivals: Arrivals::Periodic {
                period_ns: Nanos(period_ns.max(1)),
            },
            inferences: 1,
            sessions: 1,
            min_ns: Nanos::from(length),
            min_queries: 1,
            max_ns: Nanos::from(length * 2),
            max_queries: MAX_QUERIES,
        }),
    }
}

/// Waits, and tells when that was.
fn idle(length: Duration, interrupt: &AtomicBool) -> Result<(Instant, Instant), WorkerFailure> {
    let begin = Instant::now();
    while begin.elapsed() < length {
        if interrupt.load(Ordering::Relaxed) {
            return Err(WorkerFailure::Interrupted);
        }
        thread::sleep(POLL.min(length.saturating_sub(begin.elapsed())));
    }
    Ok((begin, Instant::now()))
}

/// A cell's energy over its windows; `None` where nothing was to measure it with.
pub(crate) fn energy(cell: &Cell, source: Option<&EnergySource>, windows: Vec<EnergyWindow>) -> Option<Energy> {
    let inference_s = cell.summary.as_ref().map(|summary| summary.latency.p50_ns * 1e-9);
    Some(estimate::energy(source?, windows, inference_s))
}

/// What stands in for energy.
pub(crate) fn proxies(cell: &Cell, calibration: Option<&Calibration>) -> Option<EnergyProxies> {
    let summary = cell.summary.as_ref()?;
    let processor = summary.cpu_per_inference_ns.and_then(|cpu| {
        let held = summary.rss_peak_bytes.unwrap_or(Bytes(0));
        proxy::processor(cpu.0 as f64 * 1e-9, summary.latency.mean_ns * 1e-9, held.0, calibration)
    });
    // The model's counts are those of one sample.
    let model = cell.model.as_ref().filter(|_| cell.id.settings.batch == 1);
    let operations = model.and_then(|model| {
        model.macs?;
        proxy::operations(&model.macs_by_dtype, model.bytes_moved?).ok()
    });
    let proxies = EnergyProxies { processor, operations };
    (proxies != EnergyProxies::default()).then_some(proxies)
}
