//! Profiles made by hand.

use edgebench_api::{Bandwidth, Bytes, ComputeKind, ComputeRate, MemoryLevel, Nanos, Peaks, ProfiledValue, Settings};
use edgebench_record::{
    CellId, CellProfile, Host, Operator, OperatorRole, Outcome, PROFILE_SCHEMA, ProfileRecord, ProfiledCell,
    ProfiledInvocation, Tool,
};
use edgebench_stats::Interval;

/// An operator of this name and kind that takes so long, from its sources.
pub(crate) fn operator(name: &str, canonical: &str, role: OperatorRole, ns: f64, sources: &[(&str, &str)]) -> Operator {
    Operator {
        name: name.to_owned(),
        op: canonical.to_owned(),
        canonical: canonical.to_owned(),
        provider: Some("CPUExecutionProvider".to_owned()),
        sources: sources.iter().map(|(name, _)| (*name).to_owned()).collect(),
        source_ops: sources.iter().map(|(_, op)| (*op).to_owned()).collect(),
        inputs: Vec::new(),
        outputs: Vec::new(),
        calls: 1.0,
        median_ns: ns,
        p90_ns: ns * 1.05,
        mean_ns: ns,
        invocation_ns: Vec::new(),
        begin_ns: 0.0,
        macs: None,
        runtime_macs: None,
        arithmetic: None,
        bytes_read: None,
        bytes_written: None,
        role,
        fallback: false,
    }
}

pub(crate) fn product(name: &str, ns: f64, kind: ComputeKind, sources: &[(&str, &str)]) -> Operator {
    Operator {
        macs: Some(1_000_000),
        arithmetic: Some(kind),
        bytes_read: Some(10_000),
        bytes_written: Some(10_000),
        ..operator(name, "Conv", OperatorRole::Product, ns, sources)
    }
}

pub(crate) fn quantise(name: &str, canonical: &str, ns: f64) -> Operator {
    operator(name, canonical, OperatorRole::Quantise, ns, &[(name, canonical)])
}

pub(crate) fn other(name: &str, canonical: &str, ns: f64) -> Operator {
    operator(name, canonical, OperatorRole::Other, ns, &[(name, canonical)])
}

/// A tensor between operators.
pub(crate) fn tensor(name: &str) -> ProfiledValue {
    ProfiledValue {
        name: name.to_owned(),
        dtype: Some("f32".to_owned()),
        shape: Some(vec![1, 8, 8]),
        constant: false,
    }
}

pub(crate) fn constant(name: &str) -> ProfiledValue {
    ProfiledValue {
        constant: true,
        ..tensor(name)
    }
}

/// The operator with tensors of these names.
pub(crate) fn wired(operator: Operator, inputs: &[&str], outputs: &[&str]) -> Operator {
    let of = |names: &[&str]| {
        let value = |name: &&str| match name.strip_prefix('=') {
            Some(name) => constant(name),
            None => tensor(name),
        };
        names.iter().map(value).collect()
    };
    Operator {
        inputs: of(inputs),
        outputs: of(outputs),
        ..operator
    }
}

/// A cell of these operators one after another, and this much that is in none.
pub(crate) fn cell(variant: &str, backend: &str, operators: Vec<Operator>, unattributed_ns: f64) -> ProfiledCell {
    let mut operators = operators;
    let mut begin_ns = unattributed_ns / 2.0;
    for operator in &mut operators {
        operator.begin_ns = begin_ns;
        begin_ns += operator.mean_ns;
    }
    let sum: f64 = operators.iter().map(|operator| operator.mean_ns).sum();
    let wall_ns = sum + unattributed_ns;
    let mut cell = ProfiledCell {
        id: CellId {
            task: "digits".to_owned(),
            variant: variant.to_owned(),
            backend: backend.to_owned(),
            settings: Settings::default(),
        },
        baseline: variant == "fp32",
        outcome: Outcome::measured(),
        model: None,
        runtime: None,
        effective: std::collections::BTreeMap::new(),
        profile: Some(CellProfile {
            runs: 40,
            resolution_ns: Nanos(1),
            wall_ns,
            between_ns: 0.0,
            unattributed_ns,
            attributed: sum / wall_ns,
            profiled_p50_ns: wall_ns,
            unprofiled_p50_ns: wall_ns / 1.05,
            overhead: 0.05,
            overhead_interval: Some(Interval {
                low: 0.04,
                high: 0.06,
                confidence: 0.95,
            }),
            invocations: Vec::new(),
            operators,
            remarks: Vec::new(),
        }),
        tensors: None,
        no_tensors: None,
    };
    in_processes(&mut cell, &STEADY);
    cell
}

/// Processes that differ by 1 % at most.
pub(crate) const STEADY: [f64; 5] = [0.995, 1.01, 0.99, 1.005, 1.0];

/// Tells the cell's figures of fresh processes that take so many times as long as their mean.
pub(crate) fn in_processes(cell: &mut ProfiledCell, times: &[f64]) {
    let profile = cell.profile.as_mut().unwrap();
    let invocation = |times: &f64| ProfiledInvocation {
        runs: 8,
        wall_ns: profile.wall_ns * times,
        profiled_p50_ns: profile.profiled_p50_ns * times,
        unprofiled_p50_ns: profile.unprofiled_p50_ns * times,
    };
    profile.invocations = times.iter().map(invocation).collect();
    for operator in &mut profile.operators {
        operator.invocation_ns = times.iter().map(|times| operator.mean_ns * times).collect();
    }
}

/// What a machine without dot-product instructions does at most: 20 GMAC/s in f32, 40 in int8; 100, 50, 20 and 10 GB/s.
pub(crate) fn peaks(threads: usize) -> Peaks {
    let rate = |kind, gmacs: f64| ComputeRate {
        kind,
        instructions: "AVX2".to_owned(),
        macs_per_s: gmacs * 1e9,
    };
    let bandwidth = |level, kib: u64, gb: f64| Bandwidth {
        level,
        working_set_bytes: Bytes(kib << 10),
        capacity_bytes: None,
        read_bytes_per_s: gb * 1e9,
        triad_bytes_per_s: gb * 0.8e9,
    };
    Peaks {
        threads,
        compute: vec![rate(ComputeKind::F32, 20.0), rate(ComputeKind::Int8, 40.0)],
        bandwidth: vec![
            bandwidth(MemoryLevel::L1, 16, 100.0),
            bandwidth(MemoryLevel::L2, 256, 50.0),
            bandwidth(MemoryLevel::L3, 4096, 20.0),
            bandwidth(MemoryLevel::Memory, 1 << 17, 10.0),
        ],
        absent: vec!["f16: this processor does not multiply it".to_owned()],
    }
}

pub(crate) fn record(cells: Vec<ProfiledCell>) -> ProfileRecord {
    ProfileRecord {
        schema: PROFILE_SCHEMA,
        id: "20261122T080000Z-ab12".to_owned(),
        started_at: "2026-11-22T08:00:00Z".to_owned(),
        finished_at: "2026-11-22T08:01:00Z".to_owned(),
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
            ..Host::default()
        },
        suite: "starter".to_owned(),
        peaks: vec![peaks(1)],
        no_peaks: None,
        cells,
    }
}

/// Two convolutions, one with its activation fused and one without, and a product at the end.
pub(crate) fn fp32() -> ProfiledCell {
    let gemm = Operator {
        canonical: "Gemm".to_owned(),
        op: "Gemm".to_owned(),
        ..product("gemm", 50_000.0, ComputeKind::F32, &[("gemm", "Gemm")])
    };
    let operators = vec![
        wired(
            Operator {
                op: "FusedConv".to_owned(),
                ..product(
                    "conv1_fused",
                    400_000.0,
                    ComputeKind::F32,
                    &[("conv1", "Conv"), ("relu1", "Relu")],
                )
            },
            &["x", "=w1"],
            &["relu1_out"],
        ),
        wired(
            product("conv2", 500_000.0, ComputeKind::F32, &[("conv2", "Conv")]),
            &["relu1_out", "=w2"],
            &["conv2_out"],
        ),
        wired(other("relu2", "Relu", 40_000.0), &["conv2_out"], &["relu2_out"]),
        wired(gemm, &["relu2_out", "=w3"], &["y"]),
    ];
    cell("fp32", "ort", operators, 10_000.0)
}

/// The same quantised, by a runtime that leaves most of the changes of the format in.
pub(crate) fn int8() -> ProfiledCell {
    let eight_bits = |name: &str, dtype: &str, constant: bool| ProfiledValue {
        dtype: Some(dtype.to_owned()),
        shape: Some(vec![8, 8, 3, 3]),
        constant,
        ..tensor(name)
    };
    let conv1 = Operator {
        op: "QLinearConv".to_owned(),
        inputs: vec![
            eight_bits("x_q", "u8", false),
            constant("x_scale"),
            eight_bits("w1_q", "i8", true),
        ],
        outputs: vec![tensor("conv1_q")],
        ..product("conv1_quant", 700_000.0, ComputeKind::Int8, &[("conv1", "Conv")])
    };
    let operators = vec![
        wired(
            quantise("x_QuantizeLinear", "QuantizeLinear", 100_000.0),
            &["x"],
            &["x_q"],
        ),
        conv1,
        wired(
            quantise("conv1_DequantizeLinear", "DequantizeLinear", 200_000.0),
            &["conv1_q"],
            &["conv1_out"],
        ),
        wired(other("relu1", "Relu", 30_000.0), &["conv1_out"], &["relu1_out"]),
        wired(
            quantise("relu1_QuantizeLinear", "QuantizeLinear", 300_000.0),
            &["relu1_out"],
            &["relu1_q"],
        ),
        wired(
            quantise("relu1_DequantizeLinear", "DequantizeLinear", 400_000.0),
            &["relu1_q"],
            &["relu1_dq"],
        ),
        wired(
            product("conv2", 510_000.0, ComputeKind::F32, &[("conv2", "Conv")]),
            &["relu1_dq", "=w2"],
            &["conv2_out"],
        ),
        wired(other("relu2", "Relu", 40_000.0), &["conv2_out"], &["relu2_out"]),
        wired(
            Operator {
                canonical: "Gemm".to_owned(),
                op: "Gemm".to_owned(),
                ..product("gemm", 50_000.0, ComputeKind::F32, &[("gemm", "Gemm")])
            },
            &["relu2_out", "=w3"],
            &["y"],
        ),
    ];
    let mut cell = cell("int8-static", "ort", operators, 20_000.0);
    let profile = cell.profile.as_mut().unwrap();
    (profile.between_ns, profile.unattributed_ns) = (15_000.0, 5_000.0);
    cell
}
