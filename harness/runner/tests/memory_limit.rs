//! Runs under a memory limit, with real processes: in a control group where this machine lets one be made, and judged from
//! the peak where it does not. Which of both it was is told. The test starts itself again as the workers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(
    unreachable_pub,
    dead_code,
    reason = "the support is shared with the tests of whole runs"
)]

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use edgebench_api::{Backend, BackendError, Bytes, LoadRequest, Probe, Session};
use edgebench_record::{Cell, LimitedBy, OutcomeKind, Record, ScenarioKind};
use edgebench_runner::{PlanRequest, ScenarioRequest, plan};
use support::{Bench, options};

const MIB: u64 = 1 << 20;

/// What the child of the worker `parent` holds.
const CHILD: u64 = 64 * MIB;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("worker") if arguments[1] == "parent" => return edgebench_worker::serve(&[&Parent], "test", "0"),
        Some("worker") => return support::worker(&arguments[1]),
        Some("hold") => return hold(),
        _ => {}
    }
    let tests: &[(&str, fn())] = &[
        ("a_cell_over_its_limit_does_not_fit", a_cell_over_its_limit_does_not_fit),
        ("a_child_is_charged_to_the_group", a_child_is_charged_to_the_group),
        ("no_limit_is_no_verdict", no_limit_is_no_verdict),
        ("the_limit_holds_in_scenarios", the_limit_holds_in_scenarios),
    ];
    let mut failed = false;
    for (name, test) in tests {
        let passed = std::panic::catch_unwind(test).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        failed |= !passed;
    }
    ExitCode::from(u8::from(failed))
}

/// Takes its memory, says so, and keeps it until its input ends.
fn hold() -> ExitCode {
    let block = std::hint::black_box(vec![1u8; CHILD as usize]);
    println!("held");
    std::io::stdout().flush().unwrap();
    std::io::stdin().lock().lines().for_each(drop);
    drop(block);
    ExitCode::SUCCESS
}

/// The null backend with a child process that holds memory from the load on.
struct Parent;

impl Backend for Parent {
    fn name(&self) -> &'static str {
        "parent"
    }

    fn probe(&self) -> Result<Probe, BackendError> {
        edgebench_null::BACKEND.probe()
    }

    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError> {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("hold")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "held\n");
        // It ends when the worker's end of its input is closed, which is when the worker ends.
        std::mem::forget(child);
        edgebench_null::BACKEND.load(request)
    }
}

fn run(backends: &[(&str, &[(&str, &str)])], limit: Option<Bytes>) -> Record {
    let names: Vec<&str> = backends.iter().map(|(name, _)| *name).collect();
    let bench = Bench::new();
    let mut request = PlanRequest {
        variants: vec!["base".to_owned()],
        timeout: Some(Duration::from_secs(10)),
        memory_limit: limit,
        ..Bench::request(&names)
    };
    for (name, more) in backends {
        request.options.get_mut(*name).unwrap().extend(options(more));
    }
    let record = bench.run(&plan(&bench.suite, &request).unwrap(), &mut |_| {}).unwrap();
    assert_eq!(left(Path::new("/sys/fs/cgroup"), 0), [""; 0], "groups are removed");
    record
}

/// Groups of this runner that are still there.
fn left(folder: &Path, depth: usize) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let own = format!("edgebench-{}-", std::process::id());
    let folders = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut found = Vec::new();
    for entry in folders {
        if entry.file_name().to_string_lossy().starts_with(&own) {
            found.push(entry.path().display().to_string());
        } else if depth < 8 {
            found.extend(left(&entry.path(), depth + 1));
        }
    }
    found
}

fn cell<'a>(record: &'a Record, backend: &str) -> &'a Cell {
    record.cells.iter().find(|cell| cell.id.backend == backend).unwrap()
}

/// Says how the limit was held: a machine that lets no group be made tests the other way.
fn tell(record: &Record) -> LimitedBy {
    let judged = cell(record, "null").memory_limit.as_ref().unwrap();
    match judged.by {
        LimitedBy::Cgroup => println!("  a control group held the limit"),
        LimitedBy::Peak => println!("  SKIPPED, no control group here, judged from the peak: {}", judged.why),
    }
    judged.by
}

fn a_cell_over_its_limit_does_not_fit() {
    let record = run(
        &[
            ("null", &[("allocate", "8MiB")]),
            ("large", &[("allocate", "256MiB")]),
            ("stuck", &[("hang", "load")]),
        ],
        Some(Bytes(64 * MIB)),
    );
    let by = tell(&record);
    let small = cell(&record, "null");
    assert_eq!(small.outcome.kind, OutcomeKind::Measured, "{:?}", small.outcome);
    let judged = small.memory_limit.as_ref().unwrap();
    assert!(judged.fits && judged.limit_bytes == Bytes(64 * MIB), "{judged:?}");

    let large = cell(&record, "large");
    let judged = large.memory_limit.as_ref().unwrap();
    assert!(!judged.fits, "{judged:?}");
    assert_eq!(judged.by, by);
    match by {
        LimitedBy::Cgroup => {
            assert_eq!(large.outcome.kind, OutcomeKind::OutOfMemory, "{:?}", large.outcome);
            assert!(large.outcome.reason.contains("64.0 MiB"), "{:?}", large.outcome);
            assert_eq!(large.outcome.stage.as_deref(), Some("load"));
            let charged = small.invocations[0].cgroup_peak_bytes.unwrap();
            assert!((8 * MIB..64 * MIB).contains(&charged.0), "{charged}");
        }
        LimitedBy::Peak => assert_eq!(large.outcome.kind, OutcomeKind::Measured, "{:?}", large.outcome),
    }
    let stuck = cell(&record, "stuck");
    assert_eq!(stuck.outcome.kind, OutcomeKind::TimedOut, "{:?}", stuck.outcome);
    assert_eq!(stuck.memory_limit, None, "it gave nothing to judge by");
}

fn a_child_is_charged_to_the_group() {
    let record = run(&[("null", &[]), ("parent", &[])], Some(Bytes(1024 * MIB)));
    let by = tell(&record);
    let cell = cell(&record, "parent");
    assert_eq!(cell.outcome.kind, OutcomeKind::Measured, "{:?}", cell.outcome);
    let peak = cell.summary.as_ref().unwrap().rss_peak_bytes.unwrap();
    assert!(
        peak.0 < CHILD / 2,
        "a child is no part of its parent's resident set: {peak}"
    );
    if by == LimitedBy::Cgroup {
        for (with, without) in cell.invocations.iter().zip(&self::cell(&record, "null").invocations) {
            let [with, without] = [with, without].map(|one| one.cgroup_peak_bytes.unwrap().0);
            let child = with.saturating_sub(without);
            // The child is a process with an own stack, tables and kernel memory beside its block.
            assert!((CHILD..CHILD + 4 * MIB).contains(&child), "{child} B for {CHILD} B");
        }
    }
}

/// One session fits, four do not, and a process that starts afresh does.
fn the_limit_holds_in_scenarios() {
    let bench = Bench::new();
    let kinds = vec![ScenarioKind::Offline, ScenarioKind::ColdStart];
    let request = PlanRequest {
        variants: vec!["base".to_owned()],
        timeout: Some(Duration::from_secs(10)),
        memory_limit: Some(Bytes(64 * MIB)),
        options: [(
            "null".to_owned(),
            options(&[("output", "echo"), ("allocate", "24MiB"), ("latency", "1ms")]),
        )]
        .into(),
        scenarios: ScenarioRequest {
            kinds,
            sessions: Some(4),
            length: Some(Duration::from_millis(200)),
            ..ScenarioRequest::default()
        },
        ..Bench::request(&["null"])
    };
    let record = bench.run(&plan(&bench.suite, &request).unwrap(), &mut |_| {}).unwrap();
    assert_eq!(left(Path::new("/sys/fs/cgroup"), 0), [""; 0], "groups are removed");
    let by = tell(&record);
    assert_eq!(
        by,
        tell(&run(&[("null", &[])], Some(Bytes(64 * MIB)))),
        "scenarios are held too"
    );
    let cell = &record.cells[0];
    assert_eq!(cell.outcome.kind, OutcomeKind::Measured, "{:?}", cell.outcome);
    let [offline, cold] = &cell.scenarios[..] else {
        panic!("{:?}", cell.scenarios)
    };
    assert_eq!(cold.failure, None);
    let judged = cell.memory_limit.as_ref().unwrap();
    match by {
        LimitedBy::Cgroup => {
            let failure = offline.failure.as_ref().unwrap();
            assert_eq!(failure.kind, OutcomeKind::OutOfMemory, "{failure:?}");
            assert!(failure.reason.contains("64.0 MiB"), "{failure:?}");
            assert!(!judged.fits, "{judged:?}");
            assert!(judged.why.ends_with("; in offline the limit killed it"), "{judged:?}");
        }
        LimitedBy::Peak => assert!(judged.fits && offline.failure.is_none(), "{judged:?}"),
    }
}

fn no_limit_is_no_verdict() {
    let record = run(&[("null", &[])], None);
    let cell = cell(&record, "null");
    assert_eq!(cell.memory_limit, None);
    let text = serde_json::to_string(cell).unwrap();
    assert!(!text.contains("memory_limit"), "{text}");
}
