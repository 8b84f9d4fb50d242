//! Records made by hand, whose right reading is known. Shared by tests and benches.

use std::collections::BTreeMap;

use edgebench_api::{Bytes, Nanos, Probe, Settings};
use edgebench_record::{
    Accuracy, Answers, Cell, CellId, Host, Invocation, Latency, MemoryPhases, Mode, ModelFacts, Outcome, OutputsCheck,
    PercentileFigure, PlanFacts, Record, SCHEMA, Summary, TaskFacts, Tool,
};
use edgebench_stats::{median, t_interval_of_log};

/// Random numbers that are the same everywhere.
pub(crate) struct Draws(u64);

impl Draws {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub(crate) fn bits(&mut self) -> u64 {
        // SplitMix64: Steele, Lea & Flood, "Fast Splittable Pseudorandom Number Generators" (2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// About normal.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.share()).sum::<f64>() - 6.0
    }
}

/// What a cell is like.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) task: &'static str,
    pub(crate) variant: String,
    pub(crate) p50_ns: f64,
    /// Spread of the invocations' log medians.
    pub(crate) spread: f64,
    pub(crate) invocations: usize,
    /// Samples of one invocation.
    pub(crate) samples: usize,
    pub(crate) rss_bytes: u64,
    /// Spread of the invocations' peaks, in bytes.
    pub(crate) rss_spread: f64,
    pub(crate) bytes: u64,
    pub(crate) parameters: u64,
    pub(crate) answers: Option<Vec<Option<usize>>>,
    pub(crate) scores: Vec<f64>,
    pub(crate) indices: Option<Vec<usize>>,
    pub(crate) value: f64,
    pub(crate) metric: &'static str,
    pub(crate) seed: u64,
}

impl Default for Made {
    fn default() -> Self {
        Self {
            task: "digits",
            variant: "fp32".to_owned(),
            p50_ns: 400_000.0,
            spread: 0.01,
            invocations: 5,
            samples: 40,
            rss_bytes: 36 << 20,
            rss_spread: 100_000.0,
            bytes: 320_000,
            parameters: 80_000,
            answers: None,
            scores: Vec::new(),
            indices: None,
            value: 0.9,
            metric: "top1",
            seed: 1,
        }
    }
}

impl Made {
    pub(crate) fn cell(&self) -> Cell {
        let mut draws = Draws::seeded(self.seed);
        let invocations: Vec<Invocation> = (0..self.invocations)
            .map(|round| self.invocation(round, &mut draws))
            .collect();
        let medians: Vec<f64> = invocations
            .iter()
            .filter_map(|one| median(&one.samples_ns.iter().map(|&ns| ns as f64).collect::<Vec<_>>()))
            .collect();
        let peaks: Vec<f64> = invocations
            .iter()
            .filter_map(|one| one.memory.steady.peak_rss_bytes.map(|bytes| bytes.0 as f64))
            .collect();
        let p50 = median(&medians).unwrap_or(self.p50_ns);
        Cell {
            id: CellId {
                task: self.task.to_owned(),
                variant: self.variant.clone(),
                backend: "ort".to_owned(),
                settings: Settings::default(),
            },
            model: Some(ModelFacts {
                file: format!("{}.onnx", self.variant),
                sha256: "00".to_owned(),
                bytes: Bytes(self.bytes),
                parameters: Some(self.parameters),
                zero_parameters: Some(0),
                macs: Some(1_000_000),
                ..ModelFacts::default()
            }),
            outcome: Outcome::measured(),
            runtime: Some(Probe {
                runtime: "ONNX Runtime".to_owned(),
                version: "1.2.3".to_owned(),
                library: None,
                devices: Vec::new(),
                facts: BTreeMap::new(),
            }),
            effective: [("threads".to_owned(), "1".to_owned())].into(),
            summary: (!medians.is_empty()).then(|| Summary {
                invocations: invocations.len(),
                library_open_ns: Nanos(1000),
                load_ns: Nanos(2_000_000),
                first_ns: Some(Nanos(900_000)),
                latency: Latency {
                    n: self.samples * self.invocations,
                    min_ns: p50 * 0.9,
                    mean_ns: p50,
                    mad_ns: p50 * 0.01,
                    max_ns: p50 * 2.0,
                    p50_ns: p50,
                    p50_interval_ns: t_interval_of_log(&medians, 0.95).map(|(_, interval)| interval),
                    percentiles: vec![PercentileFigure {
                        p: 0.5,
                        needed: 11,
                        empirical_ns: Some(p50),
                        conservative_ns: Some(p50 as u64),
                    }],
                },
                throughput_per_s: 1e9 / p50,
                cpu_per_inference_ns: Some(Nanos(p50 as u64)),
                rss_peak_bytes: median(&peaks).map(|peak| Bytes(peak as u64)),
                rss_above_baseline_bytes: Some(Bytes(1 << 20)),
                memory_bound_bytes: None,
                memory_overhead_ratio: None,
            }),
            invocations,
            accuracy: Some(Accuracy {
                metric: self.metric.to_owned(),
                value: self.value,
                interval: None,
                samples: self.answers.as_ref().map_or(self.scores.len(), Vec::len),
                of_samples: 1000,
                deterministic: true,
                elapsed_ns: Nanos(1),
                delta: None,
                answers: (self.answers.is_some() || !self.scores.is_empty()).then(|| Answers {
                    indices: self.indices.clone(),
                    classes: self.answers.clone().unwrap_or_default(),
                    scores: self.scores.clone(),
                }),
            }),
            outputs: OutputsCheck::default(),
            energy: None,
            proxies: None,
            scenarios: Vec::new(),
            self_checks: None,
            memory_limit: None,
        }
    }

    fn invocation(&self, round: usize, draws: &mut Draws) -> Invocation {
        let typical = self.p50_ns * (self.spread * draws.normal()).exp();
        let samples_ns: Vec<u64> = (0..self.samples)
            .map(|_| (typical * (1.0 + 0.02 * draws.normal()).max(0.5)) as u64)
            .collect();
        let peak = self.rss_bytes as f64 + self.rss_spread * draws.normal();
        let mut memory = MemoryPhases::default();
        memory.steady.peak_rss_bytes = Some(Bytes(peak.max(1.0) as u64));
        Invocation {
            round,
            position: 0,
            library_open_ns: Nanos(1000),
            load_ns: Nanos(2_000_000),
            first_ns: Some(Nanos(900_000)),
            warm_up_runs: 3,
            warm_up_ns: Nanos(10),
            elapsed_ns: Nanos(samples_ns.iter().sum()),
            samples_ns,
            cpu_ns: Some(Nanos(10)),
            copy_in_ns: Nanos(1),
            copy_out_ns: None,
            involuntary_switches: None,
            ring: 1,
            memory,
            allocations: None,
            arena: None,
            cgroup_peak_bytes: None,
        }
    }
}

/// Labels of `n` samples of `classes` classes in turn.
pub(crate) fn labels(n: usize, classes: usize) -> Vec<i64> {
    (0..n).map(|row| (row % classes) as i64).collect()
}

/// Answers that are the label but for a share of the samples.
pub(crate) fn answers(labels: &[i64], classes: usize, wrong: f64, draws: &mut Draws) -> Vec<Option<usize>> {
    let of = |&label: &i64| {
        let label = label as usize;
        let miss = draws.share() < wrong;
        Some(if miss { (label + 1) % classes } else { label })
    };
    labels.iter().map(of).collect()
}

/// The share of right answers.
pub(crate) fn top1(labels: &[i64], answers: &[Option<usize>]) -> f64 {
    let right = labels
        .iter()
        .zip(answers)
        .filter(|(label, answer)| **answer == usize::try_from(**label).ok());
    right.count() as f64 / labels.len() as f64
}

/// A record of cells of one task, with its labels.
pub(crate) fn record(cells: Vec<Cell>, labels: Vec<i64>) -> Record {
    let metric = cells
        .first()
        .and_then(|cell| cell.accuracy.as_ref())
        .map(|accuracy| accuracy.metric.clone());
    Record {
        schema: SCHEMA,
        id: "20260102T030405Z-abcdef".to_owned(),
        started_at: "2026-01-02T03:04:05Z".to_owned(),
        finished_at: "2026-01-02T03:05:05Z".to_owned(),
        interrupted: false,
        tool: Tool {
            name: "edgebench".to_owned(),
            version: "0.1.0".to_owned(),
            optimised: true,
            target: "x86_64-linux".to_owned(),
            arguments: Vec::new(),
        },
        host: Host {
            architecture: "x86_64".to_owned(),
            system: "linux".to_owned(),
            cpu_model: Some("A processor".to_owned()),
            cpus: 2,
            isa: vec!["avx2".to_owned()],
            ..Host::default()
        },
        plan: PlanFacts {
            suite: "starter".to_owned(),
            suite_sha256: None,
            seed: 0,
            mode: Mode::Standard,
            invocations: 5,
            warm_up_ns: 1,
            measure_ns: 2,
            timeout_ns: 3,
            worker_prefix: Vec::new(),
            reference_backend: None,
            scenarios: None,
        },
        tasks: vec![TaskFacts {
            id: "digits".to_owned(),
            description: "Digits".to_owned(),
            metric: metric.filter(|_| !labels.is_empty()),
            samples: Some(labels.len()),
            baseline: "fp32".to_owned(),
            inputs: "digits.safetensors".to_owned(),
            data_sha256: Some("ab".to_owned()),
            labels,
        }],
        cells,
        energy_sources: None,
        overhead: None,
        start_gate: None,
    }
}
