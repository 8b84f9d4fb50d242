//! What a run checks of itself, and the energy of its cells, with real processes. The test is its own worker.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(unreachable_pub, reason = "the test is a crate of its own")]
#![cfg_attr(not(unix), expect(dead_code, reason = "the meter of the test is a shell script"))]

#[expect(dead_code, reason = "shared with other tests, which need more of it")]
mod support;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use edgebench_api::{Backend, BackendError, LoadRequest, Probe, Session, SessionSpec, Slot, Tensor, TensorView};
use edgebench_null::BACKEND;
use edgebench_record::{Cell, OutcomeKind, Record, ScenarioKind, Store, Tier};
use edgebench_runner::{EnergyError, EnergyPlan, RunError, header, plan};
use support::{Bench, options};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some("worker") = arguments.first().map(String::as_str) {
        let backend: &'static Odd = Box::leak(Box::new(Odd(arguments[1].clone().leak())));
        return edgebench_worker::serve(&[backend], "test", "0");
    }
    let tests: &[(&str, fn())] = &[
        ("an_honest_cell_passes_its_checks", an_honest_cell_passes_its_checks),
        ("a_cache_shows", a_cache_shows),
        (
            "outputs_of_the_timed_run_are_held_to",
            outputs_of_the_timed_run_are_held_to,
        ),
        #[cfg(unix)]
        ("energy_is_integrated_over_windows", energy_is_integrated_over_windows),
        #[cfg(unix)]
        ("a_run_goes_on_from_its_windows", a_run_goes_on_from_its_windows),
        #[cfg(unix)]
        (
            "a_cell_that_fails_in_its_window_says_so",
            a_cell_that_fails_in_its_window_says_so,
        ),
        (
            "a_source_that_is_not_there_ends_the_run_at_once",
            a_source_that_is_not_there_ends_the_run_at_once,
        ),
    ];
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    for (name, test) in tests {
        if filter.is_none_or(|filter| name.contains(filter.as_str())) {
            println!("{name}");
            test();
        }
    }
    ExitCode::SUCCESS
}

/// The null backend with a habit: `caches` answers an input at once that it has just seen, `two-faced` gives other outputs
/// until its inputs are cleared for the accuracy run, `tires` fails when it idles for a second after its load.
struct Odd(&'static str);

impl Backend for Odd {
    fn name(&self) -> &'static str {
        self.0
    }

    fn probe(&self) -> Result<Probe, BackendError> {
        BACKEND.probe()
    }

    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError> {
        Ok(Box::new(OddSession {
            habit: self.0,
            inner: BACKEND.load(request)?,
            last: None,
            clears: 0,
            idle_since: Instant::now(),
        }))
    }
}

struct OddSession {
    habit: &'static str,
    inner: Box<dyn Session>,
    last: Option<Slot>,
    clears: usize,
    idle_since: Instant,
}

impl Session for OddSession {
    fn spec(&self) -> &SessionSpec {
        self.inner.spec()
    }

    fn prepare(&mut self, inputs: &[TensorView<'_>]) -> Result<Slot, BackendError> {
        self.inner.prepare(inputs)
    }

    fn run(&mut self, slot: Slot) -> Result<(), BackendError> {
        if self.habit == "caches" && self.last.replace(slot) != Some(slot) {
            let start = Instant::now();
            while start.elapsed() < Duration::from_micros(100) {}
        }
        if self.habit == "tires" && self.idle_since.elapsed() > Duration::from_secs(1) {
            return Err(BackendError::run("it is tired"));
        }
        self.idle_since = Instant::now();
        self.inner.run(slot)
    }

    fn outputs(&mut self) -> Result<Vec<Tensor>, BackendError> {
        let mut outputs = self.inner.outputs()?;
        if self.habit == "two-faced" && self.clears < 2 {
            for output in &mut outputs {
                output.data[0] ^= 0x40;
                output.data[3] ^= 0x01;
            }
        }
        Ok(outputs)
    }

    fn clear(&mut self) {
        self.clears += 1;
        self.inner.clear();
    }
}

fn cell<'a>(record: &'a Record, backend: &str) -> &'a Cell {
    record.cells.iter().find(|cell| cell.id.backend == backend).unwrap()
}

fn run(backend: &str, more: &[(&str, &str)]) -> Record {
    let bench = Bench::new();
    let mut request = Bench::request(&[backend]);
    request.measure = Some(Duration::from_millis(20));
    request.options.get_mut(backend).unwrap().extend(options(more));
    bench.run(&plan(&bench.suite, &request).unwrap(), &mut |_| {}).unwrap()
}

fn an_honest_cell_passes_its_checks() {
    let record = run("null", &[("latency", "50us")]);
    let cell = cell(&record, "null");
    assert_eq!(cell.outcome.kind, OutcomeKind::Measured, "{:?}", cell.outcome);
    let checks = cell.self_checks.as_ref().unwrap();
    let timed = checks.timed_outputs.as_ref().unwrap();
    assert!(timed.compared >= 2, "outputs are taken at several places: {timed:?}");
    assert_eq!((timed.same_bits, timed.largest_relative), (timed.compared, Some(0.0)));
    let repeated = checks.repeated_input.as_ref().unwrap();
    assert!(
        repeated.interval.is_some_and(|interval| interval.high > 0.9),
        "{repeated:?}"
    );
    let overhead = record.overhead.as_ref().unwrap();
    assert!(
        overhead.sample_ns.0 > 0 && overhead.request_ns > overhead.sample_ns,
        "{overhead:?}"
    );
    assert_eq!(record.start_gate.as_ref().unwrap().limit_ns.0, 0);
    let sources = record.energy_sources.as_ref().unwrap();
    assert_eq!(sources.used, None);
    assert_eq!(cell.energy, None);
}

fn a_cache_shows() {
    let record = run("caches", &[]);
    let checks = cell(&record, "caches").self_checks.as_ref().unwrap();
    let repeated = checks.repeated_input.as_ref().unwrap();
    assert!(repeated.interval.unwrap().high < 0.9, "{repeated:?}");
    assert!(repeated.ratio < 0.5, "{repeated:?}");
}

fn outputs_of_the_timed_run_are_held_to() {
    let record = run("two-faced", &[]);
    let cell = cell(&record, "two-faced");
    assert_eq!(cell.outcome.kind, OutcomeKind::Failed, "{:?}", cell.outcome);
    assert!(cell.outcome.reason.contains("timed run"), "{:?}", cell.outcome);
    assert!(cell.summary.is_some(), "the figures were obtained");
}

/// A machine that always draws 5 W, told a hundred times per second.
#[cfg(unix)]
const METER: &str = "command:printf '# name: test\\n# scope: board\\n# uncertainty: 0.01\\n# window: 0.3\\n'; \
                     t=1000000000; while sleep 0.01; do t=$(date +%s%N); echo \"$t 5.0\"; done";

#[cfg(unix)]
fn energy_plan(repeats: usize) -> EnergyPlan {
    EnergyPlan {
        source: METER.to_owned(),
        window_ns: 1,
        repeats,
    }
}

#[cfg(unix)]
fn energy_is_integrated_over_windows() {
    let bench = Bench::new();
    let mut request = Bench::request(&["null"]);
    request
        .options
        .get_mut("null")
        .unwrap()
        .extend(options(&[("latency", "2ms")]));
    request.energy = Some(energy_plan(3));
    request.scenarios.kinds = vec![ScenarioKind::Paced];
    request.scenarios.period = Some(Duration::from_millis(20));
    request.scenarios.length = Some(Duration::from_millis(100));
    let record = bench.run(&plan(&bench.suite, &request).unwrap(), &mut |_| {}).unwrap();
    let energy = cell(&record, "null").energy.as_ref().unwrap();
    let paced = cell(&record, "null").scenarios[0]
        .paced
        .as_ref()
        .unwrap()
        .energy
        .as_ref()
        .unwrap();
    assert_eq!((paced.windows.len(), paced.delay_product_js), (3, None));
    let per_period = paced.gross_j.unwrap().value_j / (5.0 * 0.020);
    assert!((0.8..1.3).contains(&per_period), "5 W for 20 ms: {paced:?}");
    assert_eq!((energy.source.tier, energy.source.scope.as_str()), (Tier::E0, "board"));
    assert_eq!(energy.windows.len(), 3);
    for window in &energy.windows {
        let seconds = window.duration_ns.as_secs_f64();
        assert!(
            (0.3..1.0).contains(&seconds),
            "as long as the meter asks for: {window:?}"
        );
        assert!(window.inferences > 10 && window.readings > 5, "{window:?}");
        assert!((window.gross_j.unwrap() / seconds - 5.0).abs() < 0.01, "{window:?}");
        assert!((window.idle_before_w.unwrap() - 5.0).abs() < 0.01, "{window:?}");
        assert!(window.cpu_ns.is_some_and(|cpu| cpu.0 > 0), "{window:?}");
    }
    let gross = energy.gross_j.unwrap();
    assert!(gross.value_j >= 5.0 * 0.002, "5 W for at least 2 ms: {gross:?}");
    assert!(gross.interval_j.is_some());
    let net = energy.net_j.unwrap();
    assert!(
        net.value_j.abs() < 0.01 * gross.value_j,
        "it draws no more than idle: {net:?}"
    );
    assert_eq!(record.energy_sources.unwrap().used.as_deref(), Some("command"));
}

#[cfg(unix)]
fn a_run_goes_on_from_its_windows() {
    let bench = Bench::new();
    let mut request = Bench::request(&["null"]);
    request.energy = Some(energy_plan(2));
    let plan = plan(&bench.suite, &request).unwrap();
    let interrupt = std::sync::atomic::AtomicBool::new(false);
    let mut store = Store::create(&bench.folder(), &header(&plan, Vec::new())).unwrap();
    let mut windows = 0;
    let first = bench.run_in(&plan, &mut store, &interrupt, &mut |event| {
        if let edgebench_runner::Event::Energy { .. } = event {
            windows += 1;
            if windows == 2 {
                interrupt.store(true, std::sync::atomic::Ordering::Relaxed);
            }
        }
    });
    assert!(first.unwrap().interrupted);
    drop(store);
    let mut store = Store::resume(&bench.folder()).unwrap();
    interrupt.store(false, std::sync::atomic::Ordering::Relaxed);
    let mut left = 0;
    let record = bench.run_in(&plan, &mut store, &interrupt, &mut |event| {
        left += usize::from(matches!(event, edgebench_runner::Event::Energy { .. }));
    });
    let record = record.unwrap();
    assert!(!record.interrupted);
    let energy = record.cells[0].energy.as_ref().unwrap();
    let all: usize = record
        .cells
        .iter()
        .filter_map(|cell| cell.energy.as_ref())
        .map(|energy| energy.windows.len())
        .sum();
    assert_eq!((energy.windows.len(), all), (2, 2 * record.cells.len()));
    assert_eq!(left, all - 1, "one window was there");
}

#[cfg(unix)]
fn a_cell_that_fails_in_its_window_says_so() {
    let bench = Bench::new();
    let mut request = Bench::request(&["tires"]);
    request.energy = Some(EnergyPlan {
        window_ns: 1_500_000_000,
        ..energy_plan(2)
    });
    let record = bench.run(&plan(&bench.suite, &request).unwrap(), &mut |_| {}).unwrap();
    let cell = cell(&record, "tires");
    assert_eq!(cell.outcome.kind, OutcomeKind::Measured, "{:?}", cell.outcome);
    let energy = cell.energy.as_ref().unwrap();
    assert_eq!((energy.windows.len(), energy.gross_j), (0, None));
    let told = energy.remarks.join("; ");
    assert!(
        told.contains("no window was measured") && told.contains("it is tired"),
        "{told}"
    );
}

fn a_source_that_is_not_there_ends_the_run_at_once() {
    let bench = Bench::new();
    let mut request = Bench::request(&["null"]);
    request.energy = Some(EnergyPlan {
        source: "command:exit 3".to_owned(),
        window_ns: 1,
        repeats: 1,
    });
    let error = bench
        .run(&plan(&bench.suite, &request).unwrap(), &mut |_| {})
        .unwrap_err();
    assert!(matches!(&error, RunError::Energy(EnergyError::Absent(_))), "{error}");
    assert!(error.hint().is_some());
}
