//! Operators whose bound is known by construction.

use edgebench_api::{Bytes, ComputeKind, ComputeRate, MemoryLevel};
use edgebench_record::{Operator, OperatorRole};
use edgebench_reports::profile::{BoundClass, NoRoof, model_roof, operator_roof, peaks_for};

use crate::made::{cell, operator, peaks, product, record};

/// One large product: 256³ multiply-accumulates, 3 · 256² · 4 bytes.
fn large(ns: f64) -> Operator {
    Operator {
        macs: Some(1 << 24),
        bytes_read: Some(2 * 256 * 256 * 4),
        bytes_written: Some(256 * 256 * 4),
        ..product("matmul", ns, ComputeKind::F32, &[])
    }
}

/// One pure copy of 1 MB.
fn copy(ns: f64) -> Operator {
    Operator {
        bytes_read: Some(1_000_000),
        bytes_written: Some(1_000_000),
        ..operator("copy", "Transpose", OperatorRole::Layout, ns, &[])
    }
}

/// What so many bytes take at least with [`peaks`]: 32 KiB at 100 GB/s, the next 480 KiB at 50, the rest at 20.
fn memory_ns(bytes: u64) -> f64 {
    let (first, second) = (f64::from(32 << 10), f64::from(512 << 10));
    first / 100.0 + (second - first) / 50.0 + (bytes as f64 - second) / 20.0
}

#[test]
fn a_large_product_is_bound_by_arithmetic() {
    // 2²⁴ multiply-accumulates at 20 GMAC/s.
    let least_ns = f64::from(1 << 24) / 20.0;
    let roof = operator_roof(&large(2.0 * least_ns), &peaks(1), 1).unwrap();
    assert_eq!((roof.class, roof.level), (BoundClass::Compute, MemoryLevel::L3));
    assert!((roof.attainable_ns - least_ns).abs() < 1e-6);
    assert!((roof.reached - 0.5).abs() < 1e-12, "{roof:?}");
    assert!((roof.lost_ns - least_ns).abs() < 1e-6);
    assert!((roof.macs_per_s.unwrap() - 10e9).abs() < 1.0);
    assert!((roof.macs_per_byte.unwrap() - f64::from(1 << 24) / 786_432.0).abs() < 1e-9);
}

#[test]
fn a_copy_is_bound_by_memory_at_the_level_that_holds_it() {
    // 2 MB: some from each of the three caches, the third of which holds it.
    let roof = operator_roof(&copy(125_000.0), &peaks(1), 1).unwrap();
    assert_eq!((roof.class, roof.level), (BoundClass::Memory, MemoryLevel::L3));
    assert!((roof.attainable_ns - memory_ns(2_000_000)).abs() < 1e-6);
    assert_eq!((roof.compute_ns, roof.macs_per_s), (None, None));
    let small = Operator {
        bytes_read: Some(8_000),
        bytes_written: Some(8_000),
        ..copy(1_000.0)
    };
    let roof = operator_roof(&small, &peaks(1), 1).unwrap();
    assert_eq!(roof.level, MemoryLevel::L1);
    assert!((roof.attainable_ns - 160.0).abs() < 1e-9);
    let huge = Operator {
        bytes_read: Some(u64::MAX),
        bytes_written: Some(0),
        ..copy(1e16)
    };
    assert_eq!(operator_roof(&huge, &peaks(1), 1), Err(NoRoof::Bandwidth));
    let large = Operator {
        bytes_read: Some(1_000_000_000),
        ..copy(1e9)
    };
    assert_eq!(operator_roof(&large, &peaks(1), 1).unwrap().level, MemoryLevel::Memory);
}

#[test]
fn what_is_far_below_both_roofs_is_overhead() {
    let least_ns = f64::from(1 << 24) / 20.0;
    let class = |times: f64| operator_roof(&large(times * least_ns), &peaks(1), 1).unwrap().class;
    assert_eq!((class(9.9), class(10.1)), (BoundClass::Compute, BoundClass::Overhead));
    let nothing = Operator {
        bytes_read: Some(0),
        bytes_written: Some(0),
        ..copy(1_000.0)
    };
    let roof = operator_roof(&nothing, &peaks(1), 1).unwrap();
    assert_eq!((roof.class, roof.attainable_ns), (BoundClass::Overhead, 0.0));
}

#[test]
fn what_beats_the_roof_by_little_loses_nothing_and_by_much_is_a_fault_of_the_figures() {
    let least_ns = memory_ns(2_000_000);
    let roof = operator_roof(&copy(least_ns / 1.1), &peaks(1), 1).unwrap();
    assert!((roof.reached - 1.1).abs() < 1e-12);
    assert!(roof.lost_ns.abs() < 1e-12);
    assert_eq!(operator_roof(&copy(least_ns / 1.3), &peaks(1), 1), Err(NoRoof::Beyond));
}

#[test]
fn what_fits_a_cache_is_held_against_it_and_nothing_jumps_where_one_is_full() {
    // 1.003 MiB in a second level of 2 MiB, of which a quarter was gone over: 19.5 µs at 61 GB/s are no marvel.
    let mut peaks = peaks(1);
    peaks.bandwidth[1].working_set_bytes.0 = 1 << 19;
    peaks.bandwidth[1].capacity_bytes = Some(Bytes(2 << 20));
    let of = |bytes: u64, ns: f64| {
        let copy = Operator {
            bytes_read: Some(bytes),
            bytes_written: Some(0),
            ..copy(ns)
        };
        operator_roof(&copy, &peaks, 1)
    };
    let roof = of(1_051_722, 22_000.0).unwrap();
    assert_eq!(roof.level, MemoryLevel::L2);
    assert!(roof.reached < 1.0, "{roof:?}");
    // More bytes never take less, nor all at once much more.
    let mut before = 0.0;
    for bytes in (0..16_000_000).step_by(64) {
        let roof = of(bytes, 1e9).unwrap();
        let step = roof.attainable_ns - before;
        assert!(
            bytes == 0 || (step > 0.0 && step <= 64.0 / 10.0 + 1e-6),
            "{bytes}: {step}"
        );
        before = roof.attainable_ns;
    }
}

#[test]
fn integers_are_held_against_dot_products_where_there_are_any() {
    let int8 = Operator {
        arithmetic: Some(ComputeKind::Int8),
        ..large(1e6)
    };
    let roof = operator_roof(&int8, &peaks(1), 1).unwrap();
    assert_eq!(roof.rate, Some(ComputeKind::Int8));
    assert!((roof.compute_ns.unwrap() - f64::from(1 << 24) / 40.0).abs() < 1e-6);
    let mut with_dot = peaks(1);
    with_dot.compute.push(ComputeRate {
        kind: ComputeKind::Int8Dot,
        instructions: "AVX-VNNI".to_owned(),
        macs_per_s: 80e9,
    });
    let roof = operator_roof(&int8, &with_dot, 1).unwrap();
    assert_eq!(roof.rate, Some(ComputeKind::Int8Dot));
    let float = operator_roof(&large(1e6), &with_dot, 1).unwrap();
    assert_eq!(float.rate, Some(ComputeKind::F32));
}

#[test]
fn what_is_not_known_is_absent_with_the_reason() {
    let of = |operator: &Operator| operator_roof(operator, &peaks(1), 1_000);
    assert_eq!(of(&large(999.0)), Err(NoRoof::Time));
    assert_eq!(of(&large(f64::NAN)), Err(NoRoof::Time));
    let unknown = Operator {
        bytes_written: None,
        ..large(1e6)
    };
    assert_eq!(of(&unknown), Err(NoRoof::Bytes));
    let unknown = Operator {
        arithmetic: None,
        ..large(1e6)
    };
    assert_eq!(of(&unknown), Err(NoRoof::Arithmetic));
    let unknown = Operator {
        macs: None,
        ..large(1e6)
    };
    assert_eq!(of(&unknown), Err(NoRoof::Macs));
    let unknown = Operator {
        arithmetic: Some(ComputeKind::F16),
        ..large(1e6)
    };
    assert_eq!(of(&unknown), Err(NoRoof::Rate));
    let mut blind = peaks(1);
    blind.bandwidth.clear();
    assert_eq!(operator_roof(&large(1e6), &blind, 1), Err(NoRoof::Bandwidth));
    let mut two = cell("fp32", "ort", vec![], 1.0);
    two.id.settings.threads = 2;
    assert_eq!(peaks_for(&record(vec![]), &two), None);
}

#[test]
fn a_model_is_bound_by_the_longer_of_its_sums() {
    let of = |operators: Vec<Operator>| {
        let cell = cell("fp32", "ort", operators, 0.0);
        model_roof(cell.profile.as_ref().unwrap(), &peaks(1))
    };
    let compute_ns = f64::from(1 << 24) / 20.0;
    let model = of(vec![large(1e6), copy(1e6)]).unwrap();
    assert!((model.compute_ns - compute_ns).abs() < 1e-6);
    assert!((model.memory_ns - memory_ns(786_432) - memory_ns(2_000_000)).abs() < 1e-6);
    assert!((model.bound_ns - compute_ns).abs() < 1e-6);
    assert!((model.times_bound - 2e6 / 1.05 / compute_ns).abs() < 1e-9);
    let blind = Operator {
        bytes_read: None,
        ..copy(1e6)
    };
    assert_eq!(of(vec![large(1e6), blind.clone()]).unwrap().left_out, 1);
    // What cannot be takes no part, so that the bound stays one.
    let too_fast = of(vec![large(1e6), copy(1_000.0)]).unwrap();
    assert_eq!(too_fast.left_out, 1);
    assert!((too_fast.memory_ns - memory_ns(786_432)).abs() < 1e-6);
    assert_eq!(of(vec![copy(1_000.0)]), Err(NoRoof::Beyond));
    assert_eq!(of(vec![blind]), Err(NoRoof::Bytes));
    assert_eq!(of(vec![]), Err(NoRoof::Time));
}
