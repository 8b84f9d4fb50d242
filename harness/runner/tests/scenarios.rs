//! Scenarios with real processes. The test starts itself again as the workers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(unreachable_pub, reason = "the test is a crate of its own")]
#![expect(dead_code, reason = "the support belongs to other tests as well")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use edgebench_record::{Cell, OutcomeKind, Record, ScenarioKind, ScenarioResult, Store, figure};
use edgebench_runner::{Event, PlanRequest, ScenarioRequest, header, plan};
use serde_json::Value;
use support::{Bench, options};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|argument| argument == "worker") {
        return match arguments[1].as_str() {
            "unaware" => unaware(),
            name => support::worker(name),
        };
    }
    for (name, test) in [
        (
            "every_scenario_gives_its_figures",
            every_scenario_gives_its_figures as fn(),
        ),
        ("sessions_share_the_load", sessions_share_the_load),
        ("a_bound_that_nothing_keeps_is_said", a_bound_that_nothing_keeps_is_said),
        (
            "a_worker_that_knows_no_loads_is_unsupported",
            a_worker_that_knows_no_loads_is_unsupported,
        ),
        ("a_crash_costs_its_own_scenario", a_crash_costs_its_own_scenario),
        (
            "an_interrupted_run_goes_on_with_the_scenarios_that_are_left",
            an_interrupted_run_goes_on,
        ),
    ] {
        test();
        println!("test {name} ... ok");
    }
    ExitCode::SUCCESS
}

/// One variant on one backend whose inference takes a millisecond; loads of 0.3 s.
fn request(backend: &str, kinds: &[ScenarioKind]) -> PlanRequest {
    PlanRequest {
        variants: vec!["base".to_owned()],
        options: [(backend.to_owned(), options(&[("output", "echo"), ("latency", "1ms")]))].into(),
        invocations: Some(1),
        scenarios: ScenarioRequest {
            kinds: kinds.to_vec(),
            length: Some(Duration::from_millis(300)),
            period: Some(Duration::from_millis(5)),
            target_latency: Some(Duration::from_millis(50)),
            soak: kinds
                .contains(&ScenarioKind::Soak)
                .then_some(Duration::from_millis(500)),
            ..ScenarioRequest::default()
        },
        mode: edgebench_record::Mode::Quick,
        ..Bench::request(&[backend])
    }
}

fn run(request: &PlanRequest) -> Record {
    let bench = Bench::new();
    let plan = plan(&bench.suite, request).unwrap();
    bench.run(&plan, &mut |_| {}).unwrap()
}

fn result(cell: &Cell, kind: ScenarioKind) -> &ScenarioResult {
    cell.scenarios.iter().find(|result| result.kind == kind).unwrap()
}

fn every_scenario_gives_its_figures() {
    let record = run(&request("null", &ScenarioKind::ALL));
    let cell = &record.cells[0];
    assert_eq!(cell.outcome.kind, OutcomeKind::Measured);
    let kinds: Vec<ScenarioKind> = cell.scenarios.iter().map(|result| result.kind).collect();
    assert_eq!(kinds, ScenarioKind::ALL);
    assert_eq!(record.plan.scenarios.as_ref().unwrap().kinds, ScenarioKind::ALL);

    let single = result(cell, ScenarioKind::SingleStream);
    assert!(single.latency.as_ref().unwrap().estimate(0.9).unwrap() >= 1_000_000);
    assert_eq!(single.samples_per_query, Some(1));
    let multi = result(cell, ScenarioKind::MultiStream);
    assert_eq!(multi.samples_per_query, Some(8));
    assert!(multi.latency.as_ref().unwrap().min_ns.0 >= 8_000_000);
    let server = result(cell, ScenarioKind::Server).server.as_ref().unwrap();
    assert!(server.probes.iter().any(|probe| probe.full) && server.probes.iter().any(|probe| !probe.full));
    // One session of a millisecond cannot serve more than a thousand in a second.
    assert!(server.rate_per_s.is_none_or(|rate| rate < 1000.0), "{server:?}");
    let seeds: std::collections::BTreeSet<u64> = server.probes.iter().map(|probe| probe.seed).collect();
    assert_eq!(seeds.len(), server.probes.len());
    let offline = result(cell, ScenarioKind::Offline);
    // The test set has 40 samples; the load is as long as it was asked to be.
    assert!(offline.samples_per_query.unwrap() >= 40);
    assert!(
        (100.0..1000.0).contains(&offline.throughput_per_s.unwrap()),
        "{offline:?}"
    );
    let paced = result(cell, ScenarioKind::Paced).paced.as_ref().unwrap();
    // The 100 queries of the rule take half a second at this period.
    assert_eq!((paced.due, paced.period_ns.0), (100, 5_000_000));
    let streaming = result(cell, ScenarioKind::Streaming);
    assert_eq!(streaming.failure.as_ref().unwrap().kind, OutcomeKind::Unsupported);
    let cold = result(cell, ScenarioKind::ColdStart).cold_start.as_ref().unwrap();
    assert_eq!(cold.warm.starts.len(), 5);
    for start in &cold.warm.starts {
        assert!(start.first_ns.0 >= 1_000_000);
        assert!(
            start.hello_ns.0 + start.load_ns.0 + start.first_ns.0 <= start.total_ns.0,
            "{start:?}"
        );
    }
    assert_ne!(cold.cold.is_some(), cold.no_cold.is_some());
    let soak = result(cell, ScenarioKind::Soak).soak.as_ref().unwrap();
    assert!(soak.intervals.len() >= 3 && soak.burst_per_s > 0.0 && soak.sustained_per_s > 0.0);

    for result in &cell.scenarios {
        // Short loads are no results, but five starts are.
        assert_eq!(result.is_valid(), result.kind == ScenarioKind::ColdStart, "{result:?}");
        assert_eq!(result.reasons.is_empty(), result.is_valid());
        assert!(result.notes.iter().any(|note| note.contains("no MLPerf result")));
    }
    assert!(figure(cell, "cold_start").is_some());
    for metric in [
        "multi_stream_p99",
        "server_rate",
        "offline_throughput",
        "paced_misses",
        "sustained_throughput",
    ] {
        assert_eq!(figure(cell, metric), None, "{metric}");
    }
}

fn sessions_share_the_load() {
    let mut asked = request("null", &[ScenarioKind::Offline]);
    asked.scenarios.sessions = Some(3);
    asked.threads = vec![1, 2];
    asked.batch = vec![1, 2];
    let record = run(&asked);
    assert_eq!(record.cells.len(), 4);
    for cell in &record.cells {
        let offline = result(cell, ScenarioKind::Offline);
        assert_eq!(offline.sessions, Some(3));
        assert!(offline.failure.is_none(), "{offline:?}");
        assert!(offline.samples_per_query.unwrap() >= 40);
        assert_eq!(offline.samples_per_query.unwrap() % cell.id.settings.batch as u64, 0);
        let cpus = std::thread::available_parallelism().unwrap().get();
        let told = offline.notes.iter().any(|note| note.contains("processors"));
        assert_eq!(told, 3 * cell.id.settings.threads > cpus);
    }
}

fn a_bound_that_nothing_keeps_is_said() {
    let mut asked = request("null", &[ScenarioKind::Server]);
    asked.scenarios.target_latency = Some(Duration::from_micros(100));
    let record = run(&asked);
    let server = result(&record.cells[0], ScenarioKind::Server);
    assert!(server.reasons[0].starts_with("no rate can hold"), "{server:?}");
    assert_eq!(server.server.as_ref().unwrap().rate_per_s, None);
}

fn a_worker_that_knows_no_loads_is_unsupported() {
    let record = run(&request("unaware", &[ScenarioKind::Offline, ScenarioKind::ColdStart]));
    let cell = &record.cells[0];
    assert_eq!(cell.outcome.kind, OutcomeKind::Measured, "{:?}", cell.outcome);
    let offline = result(cell, ScenarioKind::Offline);
    let failure = offline.failure.as_ref().unwrap();
    assert_eq!(failure.kind, OutcomeKind::Unsupported);
    assert!(failure.reason.contains("queries"), "{failure:?}");
    // What needs no load works all the same.
    assert!(result(cell, ScenarioKind::ColdStart).is_valid());
}

fn a_crash_costs_its_own_scenario() {
    let mut asked = request("null", &[ScenarioKind::SingleStream, ScenarioKind::ColdStart]);
    // The steady state of a quick run has fewer runs.
    let faulty = options(&[("output", "echo"), ("latency", "1ms"), ("crash", "run:150")]);
    asked.options = [("null".to_owned(), faulty)].into();
    let record = run(&asked);
    let cell = &record.cells[0];
    assert_eq!(cell.outcome.kind, OutcomeKind::Measured, "{:?}", cell.outcome);
    let single = result(cell, ScenarioKind::SingleStream);
    assert_eq!(single.failure.as_ref().unwrap().kind, OutcomeKind::Crashed);
    assert!(!single.is_valid() && single.latency.is_none());
    assert!(result(cell, ScenarioKind::ColdStart).is_valid());
}

fn an_interrupted_run_goes_on() {
    let kinds = [ScenarioKind::Paced, ScenarioKind::SingleStream, ScenarioKind::Offline];
    let bench = Bench::new();
    let plan = plan(&bench.suite, &request("null", &kinds)).unwrap();
    let mut store = Store::create(&bench.folder(), &header(&plan, Vec::new())).unwrap();
    let interrupt = AtomicBool::new(false);
    let mut begun = Vec::new();
    let record = bench
        .run_in(&plan, &mut store, &interrupt, &mut |event| {
            if let Event::Scenario { kind, result, .. } = event {
                match result {
                    None => begun.push(kind),
                    Some(_) => interrupt.store(true, Ordering::Relaxed),
                }
            }
        })
        .unwrap();
    assert!(record.interrupted);
    assert_eq!(record.cells[0].scenarios.len(), 1);
    let first = record.cells[0].scenarios[0].clone();
    drop(store);

    let mut store = Store::resume(&bench.folder()).unwrap();
    begun.clear();
    let record = bench
        .run_in(&plan, &mut store, &AtomicBool::new(false), &mut |event| {
            assert!(!matches!(event, Event::Started { .. }), "no invocation is done again");
            if let Event::Scenario { kind, result: None, .. } = event {
                begun.push(kind);
            }
        })
        .unwrap();
    assert!(!record.interrupted);
    assert_eq!(begun, kinds[1..]);
    assert_eq!(record.cells[0].scenarios.len(), 3);
    assert_eq!(record.cells[0].scenarios[0], first);
}

/// A worker of a time before loads: it refuses them as a request that it does not know.
fn unaware() -> ExitCode {
    let mut worker = Command::new(std::env::current_exe().unwrap())
        .args(["worker", "unaware-of-nothing"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = worker.stdin.take().unwrap();
    let mut output = BufReader::new(worker.stdout.take().unwrap()).lines();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let mut request: Value = serde_json::from_str(&line).unwrap();
        let id = request["id"].clone();
        if request["op"] == "queries" {
            println!(r#"{{"id":{id},"error":{{"kind":"protocol","message":"not a request of this protocol"}}}}"#);
            continue;
        }
        if let Some(backend) = request.get_mut("backend") {
            *backend = "unaware-of-nothing".into();
        }
        writeln!(input, "{request}").unwrap();
        println!("{}", output.next().unwrap().unwrap());
        std::io::stdout().flush().unwrap();
    }
    let _ = worker.wait();
    ExitCode::SUCCESS
}
