//! Whole runs with real processes. The test starts itself again as the workers, good and bad, and as a runner that is
//! killed midway.
//!
//! One long file, for it is its own worker: what a worker of it may do wrong stands beside what the runner makes of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(unreachable_pub, reason = "the test is a crate of its own")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use edgebench_record::{Mode, OutcomeKind, OutputsVerdict, Record, Store};
use edgebench_runner::{Event, PlanRequest, RunError, header, plan};
use edgebench_suites::ExpectTable;
use support::{Bench, options};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("worker") => return support::worker(&arguments[1]),
        Some("runner") => return support::runner(Path::new(&arguments[1])),
        _ => {}
    }
    let tests: &[(&str, fn())] = &[
        ("a_complete_run", a_complete_run),
        ("a_bad_worker_costs_its_own_cell", a_bad_worker_costs_its_own_cell),
        (
            "a_fault_midway_keeps_what_was_measured",
            a_fault_midway_keeps_what_was_measured,
        ),
        (
            "outputs_are_held_against_the_reference",
            outputs_are_held_against_the_reference,
        ),
        (
            "the_first_that_has_outputs_stands_in_for_the_reference",
            the_first_that_has_outputs_stands_in_for_the_reference,
        ),
        (
            "without_the_reference_two_that_differ_both_fail",
            without_the_reference_two_that_differ_both_fail,
        ),
        (
            "golden_outputs_judge_without_a_reference",
            golden_outputs_judge_without_a_reference,
        ),
        ("expectations_hold_or_break", expectations_hold_or_break),
        (
            "a_changed_model_is_refused_before_anything_runs",
            a_changed_model_is_refused_before_anything_runs,
        ),
        (
            "quick_takes_the_same_part_of_a_large_test_set",
            quick_takes_the_same_part_of_a_large_test_set,
        ),
        (
            "an_interrupt_keeps_what_is_done_and_resume_finishes",
            an_interrupt_keeps_what_is_done_and_resume_finishes,
        ),
        ("a_killed_runner_is_resumed", a_killed_runner_is_resumed),
        ("another_plan_does_not_resume", another_plan_does_not_resume),
        #[cfg(target_os = "linux")]
        (
            "a_worker_is_confined_and_stopped_and_its_group_is_gone_with_it",
            a_worker_is_confined_and_stopped_and_its_group_is_gone_with_it,
        ),
    ];
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let mut failed = 0;
    for (name, test) in tests {
        if !wanted.is_empty() && !wanted.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        let start = Instant::now();
        let passed = std::panic::catch_unwind(test).is_ok();
        println!(
            "test {name} ... {} ({:.1} s)",
            if passed { "ok" } else { "FAILED" },
            start.elapsed().as_secs_f64()
        );
        failed += usize::from(!passed);
    }
    ExitCode::from(u8::from(failed > 0))
}

fn a_complete_run() {
    let bench = Bench::new();
    let mut started = Vec::new();
    let plan = plan(&bench.suite, &Bench::request(&["null", "twin"])).unwrap();
    let record = bench
        .run(&plan, &mut |event| {
            if let Event::Started { cell, round, .. } = event {
                started.push((round, cell.to_string()));
            }
        })
        .unwrap();
    let wanted: Vec<(usize, String)> = plan
        .order
        .iter()
        .enumerate()
        .flat_map(|(round, order)| order.iter().map(move |&cell| (round, cell)))
        .map(|(round, cell)| (round, plan.cells[cell].id.to_string()))
        .collect();
    assert_eq!(started, wanted, "the plan's order is the run's");
    assert!(!record.interrupted);
    assert_eq!(record.cells.len(), 4);
    for cell in &record.cells {
        assert_eq!(
            cell.outcome.kind,
            OutcomeKind::Measured,
            "{}: {:?}",
            cell.id,
            cell.outcome
        );
        assert_eq!(cell.invocations.len(), plan.measure.invocations);
        let summary = cell.summary.as_ref().unwrap();
        assert_eq!(summary.invocations, plan.measure.invocations);
        assert!(summary.latency.p50_interval_ns.is_some());
        assert!(summary.first_ns.is_some());
        let accuracy = cell.accuracy.as_ref().unwrap();
        assert_eq!(accuracy.samples, 40);
        assert!((accuracy.value - 0.9).abs() < 1e-9, "{accuracy:?}");
        assert_eq!(accuracy.delta.is_some(), cell.id.variant == "other");
        let answers = accuracy.answers.as_ref().unwrap();
        assert_eq!(answers.indices, None, "all of them");
        let labels = &record.tasks[0].labels;
        let right = answers.classes.iter().zip(labels);
        let right = right
            .filter(|(class, label)| **class == usize::try_from(**label).ok())
            .count();
        assert_eq!((right, labels.len()), (36, 40), "the answers give the accuracy");
        let wanted = if cell.id.backend == "null" {
            OutputsVerdict::Reference
        } else {
            OutputsVerdict::Agree
        };
        assert_eq!(cell.outputs.verdict, wanted, "{:?}", cell.outputs);
    }
    let read = Record::read(&bench.folder()).unwrap();
    assert_eq!((&read.id, read.cells.len()), (&record.id, record.cells.len()));
    for (read, cell) in read.cells.iter().zip(&record.cells) {
        assert!(
            read.id == cell.id && read.invocations == cell.invocations,
            "raw samples survive the file"
        );
    }
    assert!(!bench.folder().join("work").exists());
    assert!(!bench.folder().join("journal.jsonl").exists());
}

fn a_bad_worker_costs_its_own_cell() {
    let cases = [
        ("crash-load", OutcomeKind::Crashed, "SIGABRT"),
        ("panic-run", OutcomeKind::Failed, "panic"),
        ("hang-load", OutcomeKind::TimedOut, "no answer within"),
        ("lacking", OutcomeKind::Unsupported, "Einsum"),
        ("noise", OutcomeKind::Failed, "protocol"),
        (
            "old",
            OutcomeKind::Failed,
            "speaks protocol 99, and this edgebench speaks 1",
        ),
        ("quits", OutcomeKind::Failed, "ended with status 3"),
        ("absent", OutcomeKind::Unavailable, "cannot be started"),
    ];
    let bench = Bench::new();
    let names: Vec<&str> = ["null"].into_iter().chain(cases.iter().map(|case| case.0)).collect();
    let mut request = Bench::request(&names);
    request.variants = vec!["base".to_owned()];
    request.timeout = Some(Duration::from_secs(2));
    request.options = [
        ("crash-load", options(&[("crash", "load")])),
        ("panic-run", options(&[("panic", "run:2")])),
        ("hang-load", options(&[("hang", "load")])),
        ("lacking", options(&[("unsupported", "Einsum")])),
        (
            "null",
            options(&[("stdout", "a runtime that prints"), ("output", "echo")]),
        ),
    ]
    .map(|(name, options)| (name.to_owned(), options))
    .into();
    let record = bench.run(&plan(&bench.suite, &request).unwrap(), &mut |_| {}).unwrap();
    let good = &record.cells[0];
    assert!(good.outcome.is_measured(), "{:?}", good.outcome);
    for (cell, (backend, kind, part)) in record.cells[1..].iter().zip(cases) {
        assert_eq!(cell.id.backend, backend);
        let outcome = &cell.outcome;
        assert_eq!(outcome.kind, kind, "{backend}: {outcome:?}");
        let all = format!(
            "{} {:?} {}",
            outcome.reason,
            outcome.causes,
            outcome.operator.as_deref().unwrap_or_default()
        );
        assert!(all.to_lowercase().contains(&part.to_lowercase()), "{backend}: {all}");
        assert!(cell.summary.is_none() && cell.invocations.is_empty());
    }
}

fn a_fault_midway_keeps_what_was_measured() {
    let bench = Bench::new();
    let mut request = Bench::request(&["null"]);
    request.variants = vec!["base".to_owned()];
    let plan = plan(&bench.suite, &request).unwrap();
    let folder = bench.folder();
    // The model goes after the first invocation: the second cannot load it.
    let model = bench.suite.tasks[0].variants[0].path.clone();
    let record = bench
        .run(&plan, &mut |event| {
            if matches!(event, Event::Finished { round: 0, .. }) {
                fs::remove_file(&model).unwrap();
            }
        })
        .unwrap();
    let cell = &record.cells[0];
    assert_eq!(cell.outcome.kind, OutcomeKind::Failed, "{:?}", cell.outcome);
    assert_eq!(cell.outcome.stage.as_deref(), Some("load"));
    assert_eq!(cell.invocations.len(), 1);
    assert!(cell.summary.is_some() && cell.accuracy.is_some());
    assert!(folder.join("record.json").exists());
}

fn outputs_are_held_against_the_reference() {
    let bench = Bench::new();
    let request = Bench::request(&["null", "twin", "liar"]);
    let record = bench.run(&plan(&bench.suite, &request).unwrap(), &mut |_| {}).unwrap();
    for cell in &record.cells {
        let differs = cell.id.backend == "liar";
        assert_eq!(
            cell.outputs.verdict == OutputsVerdict::Differ,
            differs,
            "{}: {:?}",
            cell.id,
            cell.outputs
        );
        assert_eq!(cell.outcome.is_measured(), !differs);
        if differs {
            assert!(
                cell.outcome.reason.starts_with("outputs differ: "),
                "{}",
                cell.outcome.reason
            );
            assert!(cell.outcome.reason.contains("against null"), "{}", cell.outcome.reason);
            assert!(cell.summary.is_some(), "its figures were obtained");
        }
    }
    assert!(
        record
            .cells
            .iter()
            .any(|cell| cell.outcome.reason.contains("SQNR") && cell.id.variant == "other")
    );

    let alone = Bench::new();
    let record = alone
        .run(&plan(&alone.suite, &Bench::request(&["liar"])).unwrap(), &mut |_| {})
        .unwrap();
    assert!(
        record
            .cells
            .iter()
            .all(|cell| cell.outputs.verdict == OutputsVerdict::Unchecked)
    );
}

fn the_first_that_has_outputs_stands_in_for_the_reference() {
    let bench = Bench::new();
    let request = PlanRequest {
        reference: Some("absent".to_owned()),
        ..Bench::request(&["absent", "null", "twin"])
    };
    let plan = plan(&bench.suite, &request).unwrap();
    assert_eq!(plan.reference, "absent");
    let record = bench.run(&plan, &mut |_| {}).unwrap();
    for cell in record.cells.iter().filter(|cell| cell.id.variant == "base") {
        let wanted = match cell.id.backend.as_str() {
            "null" => OutputsVerdict::Reference,
            "twin" => OutputsVerdict::Agree,
            _ => OutputsVerdict::Unchecked,
        };
        assert_eq!(cell.outputs.verdict, wanted, "{}: {:?}", cell.id, cell.outputs);
        if let Some(comparison) = &cell.outputs.reference {
            assert_eq!(comparison.backend, "null");
        }
    }
}

fn without_the_reference_two_that_differ_both_fail() {
    let bench = Bench::new();
    let request = PlanRequest {
        reference: Some("absent".to_owned()),
        ..Bench::request(&["absent", "null", "liar"])
    };
    let record = bench.run(&plan(&bench.suite, &request).unwrap(), &mut |_| {}).unwrap();
    for cell in record.cells.iter().filter(|cell| cell.id.backend != "absent") {
        assert_eq!(cell.outputs.verdict, OutputsVerdict::Differ, "{}", cell.id);
        assert!(cell.outcome.fails_run(), "{}: {:?}", cell.id, cell.outcome);
    }
}

fn golden_outputs_judge_without_a_reference() {
    let mut bench = Bench::new();
    bench.add_golden();
    for (backend, wanted) in [("twin", OutputsVerdict::Agree), ("liar", OutputsVerdict::Differ)] {
        let record = bench
            .run(&plan(&bench.suite, &Bench::request(&[backend])).unwrap(), &mut |_| {})
            .unwrap();
        let cell = record.cells.iter().find(|cell| cell.id.variant == "base").unwrap();
        assert_eq!(cell.outputs.verdict, wanted, "{backend}: {:?}", cell.outputs);
        let golden = cell.outputs.golden.as_ref().unwrap();
        assert_eq!(
            (golden.file.as_str(), golden.comparison.samples),
            ("golden.safetensors", 8)
        );
        fs::remove_dir_all(bench.folder()).unwrap();
    }
}

fn expectations_hold_or_break() {
    let mut bench = Bench::new();
    bench.suite.tasks[0].expectations = vec![ExpectTable {
        backend: "liar".to_owned(),
        variants: vec!["base".to_owned()],
        outcome: "failed".to_owned(),
        reason: "it lies".to_owned(),
    }];
    let request = Bench::request(&["null", "liar"]);
    let record = bench.run(&plan(&bench.suite, &request).unwrap(), &mut |_| {}).unwrap();
    let of = |variant: &str| {
        let found = record
            .cells
            .iter()
            .find(|cell| cell.id.backend == "liar" && cell.id.variant == variant);
        &found.unwrap().outcome
    };
    assert_eq!(of("base").expected.as_deref(), Some("it lies"));
    assert!(!of("base").fails_run());
    assert!(of("other").fails_run());
}

fn a_changed_model_is_refused_before_anything_runs() {
    let mut bench = Bench::new();
    bench.suite.tasks[0].variants[1].sha256 = Some("0".repeat(64));
    let mut started = 0;
    let record = bench
        .run(&plan(&bench.suite, &Bench::request(&["null"])).unwrap(), &mut |event| {
            started += usize::from(matches!(event, Event::Started { .. }));
        })
        .unwrap();
    let refused = &record.cells[1].outcome;
    assert_eq!(refused.kind, OutcomeKind::Failed);
    assert!(refused.reason.contains(&"0".repeat(64)), "{}", refused.reason);
    assert!(record.cells[0].outcome.is_measured());
    assert_eq!(started, record.plan.invocations, "the refused cell never starts");
}

fn quick_takes_the_same_part_of_a_large_test_set() {
    let bench = Bench::with_samples(3_000);
    let mut request = Bench::request(&["null", "twin"]);
    request.mode = Mode::Quick;
    request.invocations = None;
    let record = bench.run(&plan(&bench.suite, &request).unwrap(), &mut |_| {}).unwrap();
    for cell in &record.cells {
        let accuracy = cell.accuracy.as_ref().unwrap();
        assert_eq!((accuracy.samples, accuracy.of_samples), (1_000, 3_000));
        let answers = accuracy.answers.as_ref().unwrap();
        let part = answers.indices.as_ref().unwrap();
        assert_eq!((part.len(), answers.classes.len()), (1_000, 1_000));
        assert_eq!(record.tasks[0].labels.len(), 3_000);
        assert_eq!(
            cell.summary.as_ref().unwrap().latency.p50_interval_ns,
            None,
            "two invocations have no interval"
        );
    }
    assert_eq!(record.cells[1].outputs.reference.as_ref().unwrap().samples, 1_000);
    let same = Bench::with_samples(3_000)
        .run(&plan(&bench.suite, &request).unwrap(), &mut |_| {})
        .unwrap();
    assert_eq!(same.tasks[0].data_sha256, record.tasks[0].data_sha256);
    assert_eq!(
        same.cells[0].accuracy.as_ref().unwrap().answers,
        record.cells[0].accuracy.as_ref().unwrap().answers
    );
}

fn an_interrupt_keeps_what_is_done_and_resume_finishes() {
    let bench = Bench::new();
    let plan = plan(&bench.suite, &Bench::request(&["null", "twin"])).unwrap();
    let interrupt = AtomicBool::new(false);
    let mut store = Store::create(&bench.folder(), &header(&plan, Vec::new())).unwrap();
    let record = bench
        .run_in(&plan, &mut store, &interrupt, &mut |event| {
            if matches!(event, Event::Finished { done: 5, .. }) {
                interrupt.store(true, Ordering::Relaxed);
            }
        })
        .unwrap();
    assert!(record.interrupted);
    assert_eq!(record.cells.iter().map(|cell| cell.invocations.len()).sum::<usize>(), 5);
    drop(store);
    finishes(&bench, 7);
}

/// Resumes a run and checks that it becomes complete with so many invocations more, and none twice.
fn finishes(bench: &Bench, lacking: usize) {
    let plan = plan(&bench.suite, &Bench::request(&["null", "twin"])).unwrap();
    let mut store = Store::resume(&bench.folder()).unwrap();
    let mut started = 0;
    let record = bench
        .run_in(&plan, &mut store, &AtomicBool::new(false), &mut |event| {
            started += usize::from(matches!(event, Event::Started { .. }));
        })
        .unwrap();
    assert_eq!(started, lacking);
    assert!(!record.interrupted);
    for cell in &record.cells {
        let mut rounds: Vec<usize> = cell.invocations.iter().map(|one| one.round).collect();
        rounds.sort_unstable();
        assert_eq!(rounds, (0..plan.measure.invocations).collect::<Vec<_>>());
        assert!(
            cell.outcome.is_measured() && cell.accuracy.is_some(),
            "{:?}",
            cell.outcome
        );
    }
}

fn a_killed_runner_is_resumed() {
    let bench = Bench::new();
    let mut runner = Command::new(std::env::current_exe().unwrap())
        .arg("runner")
        .arg(bench.root())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let journal = bench.folder().join("journal.jsonl");
    let lines = || fs::read_to_string(&journal).map_or(0, |text| text.lines().count());
    let start = Instant::now();
    while lines() < 4 {
        assert!(start.elapsed() < Duration::from_mins(1), "the runner does not get on");
        thread::sleep(Duration::from_millis(5));
    }
    runner.kill().unwrap();
    runner.wait().unwrap();
    assert!(!bench.folder().join("record.json").exists());
    // A torn end, as a power failure may leave it.
    let mut text = fs::read(&journal).unwrap();
    text.extend_from_slice(b"{\"finished\":{\"cell\":");
    fs::write(&journal, text).unwrap();
    let done = lines() - 2;
    finishes(&bench, 12 - done);
}

fn another_plan_does_not_resume() {
    let bench = Bench::new();
    let first = plan(&bench.suite, &Bench::request(&["null"])).unwrap();
    drop(Store::create(&bench.folder(), &header(&first, Vec::new())).unwrap());
    let other = plan(
        &bench.suite,
        &PlanRequest {
            seed: 99,
            ..Bench::request(&["null"])
        },
    )
    .unwrap();
    let mut store = Store::resume(&bench.folder()).unwrap();
    let error = bench
        .run_in(&other, &mut store, &AtomicBool::new(false), &mut |_| {})
        .unwrap_err();
    assert!(matches!(error, RunError::OtherPlan(_)), "{error}");
}

/// What turns rest on: a worker is on its processors from its first instruction, stands still while it is stopped, and a
/// stopped one does not outlive its handle.
#[cfg(target_os = "linux")]
fn a_worker_is_confined_and_stopped_and_its_group_is_gone_with_it() {
    use std::collections::BTreeMap;

    use edgebench_runner::Worker;

    let interrupt = AtomicBool::new(false);
    let command = support::command("good");
    let status = |process: u32, field: &str| {
        let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(field))?
            .trim()
            .to_owned();
        Some(value)
    };
    let state = |process: u32| status(process, "State:").unwrap_or_default().chars().next();
    let waits_for = |process: u32, wanted: char| {
        let begin = Instant::now();
        while state(process) != Some(wanted) {
            assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", state(process));
            thread::sleep(Duration::from_millis(1));
        }
    };
    let allowed = status(std::process::id(), "Cpus_allowed_list:").unwrap();
    let last: usize = allowed.rsplit(['-', ',']).next().unwrap().parse().unwrap();

    let mut worker = Worker::spawn_on(&[last], &command, &BTreeMap::new(), &interrupt).unwrap();
    let process = worker.id();
    assert_eq!(status(process, "Cpus_allowed_list:").unwrap(), last.to_string());
    assert_eq!(
        status(std::process::id(), "Cpus_allowed_list:").unwrap(),
        allowed,
        "the runner itself is not confined"
    );
    worker.hello(Duration::from_secs(10)).unwrap();
    worker.pause().unwrap();
    waits_for(process, 'T');
    worker.resume().unwrap();
    waits_for(process, 'S');
    worker.pause().unwrap();
    waits_for(process, 'T');
    drop(worker);
    assert_eq!(state(process), None, "a stopped worker is gone with its handle");
    assert!(Worker::spawn_on(&[1_000], &command, &BTreeMap::new(), &interrupt).is_err());
}
