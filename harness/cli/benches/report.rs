//! How long `edgebench report` takes and how much memory: 10,000 cells of 200 records, each of 5 invocations with 200
//! samples and 1,000 answers, made up; and the page of one run of 50 such cells. The site must take at most 5 s and
//! 1 GiB, the page at most 0.5 s and 1.5 MB.
//!
//! `cargo bench -p edgebench --bench report [-- FOLDER]`; with a folder the site is kept there.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark ends where something is not as it must be"
)]

#[path = "../../../reports/tests/synthetic/mod.rs"]
mod synthetic;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use edgebench_api::Bytes;
use edgebench_protocol::MemoryReading;
use edgebench_record::{Cell, Record, to_json};
use synthetic::{Draws, Made, answers, labels, record, top1};

const RECORDS: u64 = 200;
const VARIANTS: [&str; 10] = [
    "fp32",
    "fp16",
    "bf16",
    "int8-static",
    "int8-dynamic",
    "int4",
    "pruned-50",
    "pruned-90",
    "channels",
    "distilled",
];
const BACKENDS: [&str; 5] = ["candle", "litert", "openvino", "ort", "tract"];
const ANSWERS: usize = 1_000;
const CLASSES: usize = 10;

/// What must hold.
const SITE_TIME: Duration = Duration::from_secs(5);
const SITE_MEMORY: u64 = 1 << 30;
const PAGE_TIME: Duration = Duration::from_millis(500);
const PAGE_BYTES: u64 = 1_500_000;

fn main() -> ExitCode {
    let kept = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let folder = tempfile::tempdir().unwrap();
    let records: Vec<PathBuf> = (0..RECORDS).map(|number| made_up(number, folder.path())).collect();
    let bytes: u64 = records.iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    println!(
        "{RECORDS} records of {} cells, {} MB",
        VARIANTS.len() * BACKENDS.len(),
        bytes / 1_000_000
    );

    let page = folder.path().join("page");
    let (took, peak) = report(&records[..1], &page);
    let page_bytes = fs::metadata(page.join("index.html")).unwrap().len();
    println!(
        "the page of one run: {took:.2?}, {} MB of memory, {page_bytes} bytes",
        peak / 1_000_000
    );
    let page_holds = took <= PAGE_TIME && page_bytes <= PAGE_BYTES;

    let site = kept.map_or_else(|| folder.path().join("site"), PathBuf::from);
    let (took, peak) = report(&records, &site);
    let index = fs::metadata(site.join("index.html")).unwrap().len();
    println!(
        "the site of {RECORDS}: {took:.2?}, {} MB of memory at most; its index has {index} bytes",
        peak / 1_000_000
    );
    let site_holds = took <= SITE_TIME && peak <= SITE_MEMORY;
    if page_holds && site_holds {
        println!("within the bounds");
        ExitCode::SUCCESS
    } else {
        println!(
            "BEYOND the bounds: {SITE_TIME:?} and {SITE_MEMORY} bytes for the site, {PAGE_TIME:?} and {PAGE_BYTES} bytes for the page"
        );
        ExitCode::FAILURE
    }
}

/// Writes a record of its own device.
fn made_up(number: u64, folder: &Path) -> PathBuf {
    let mut draws = Draws::seeded(number);
    let labels = labels(ANSWERS, CLASSES);
    let mut cells = Vec::new();
    for (place, variant) in VARIANTS.iter().enumerate() {
        let answered = answers(&labels, CLASSES, 0.08 + 0.002 * place as f64, &mut draws);
        for (backend, name) in BACKENDS.iter().enumerate() {
            let mut cell = Made {
                variant: (*variant).to_owned(),
                p50_ns: 100_000.0 * (1.0 + place as f64 / 3.0) * (1.0 + backend as f64) * (1.0 + draws.share()),
                samples: 200,
                bytes: 300_000 / (place as u64 + 1),
                value: top1(&labels, &answered),
                answers: Some(answered.clone()),
                seed: draws.bits(),
                ..Made::default()
            }
            .cell();
            (*name).clone_into(&mut cell.id.backend);
            with_memory(&mut cell, &mut draws);
            cells.push(cell);
        }
    }
    let mut record: Record = record(cells, labels);
    record.id = format!("20260102T{number:06}Z-abcdef");
    record.host.name = Some(format!("device {number}"));
    let path = folder.join(format!("{number}.json"));
    fs::write(&path, to_json(&record).unwrap()).unwrap();
    path
}

fn with_memory(cell: &mut Cell, draws: &mut Draws) {
    for invocation in &mut cell.invocations {
        let mut reading = |mib: f64| MemoryReading {
            anonymous_bytes: Some(Bytes((mib * 400_000.0) as u64)),
            file_bytes: Some(Bytes((mib * 600_000.0 * (1.0 + draws.share() / 10.0)) as u64)),
            peak_rss_bytes: Some(Bytes((mib * 1_200_000.0) as u64)),
            ..MemoryReading::default()
        };
        let memory = &mut invocation.memory;
        (memory.baseline, memory.loaded, memory.steady) = (reading(10.0), reading(20.0), reading(22.0));
        memory.first = Some(reading(21.0));
    }
}

/// Runs the command; how long it took, and the largest resident set that was seen while it ran, in bytes.
fn report(records: &[PathBuf], folder: &Path) -> (Duration, u64) {
    let begin = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_edgebench"))
        .arg("report")
        .args(records)
        .arg("-o")
        .arg(folder)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = 0;
    loop {
        peak = peak.max(resident_peak(&status).unwrap_or(0));
        if let Some(ended) = child.try_wait().unwrap() {
            assert!(ended.success(), "{ended}");
            return (begin.elapsed(), peak);
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// `VmHWM` of a process, in bytes; nothing where the system has no such file.
fn resident_peak(status: &Path) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}
