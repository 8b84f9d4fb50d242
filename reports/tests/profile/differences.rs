//! Differences whose causes are known by construction.

use edgebench_api::{ComputeKind, ComputeRate};
use edgebench_record::{Operator, Outcome, OutcomeKind, ProfileRecord, ProfiledCell};
use edgebench_reports::profile::{
    Alignment, CauseKind, Explanation, NoDiff, ProfileDiff, Profiled, SegmentKind, diff, explain,
};

use crate::made::{cell, fp32, int8, operator, other, product, quantise, record, wired};

fn both(a: ProfiledCell, b: ProfiledCell) -> (ProfileDiff, Explanation) {
    in_record(&record(vec![a, b]))
}

fn in_record(record: &ProfileRecord) -> (ProfileDiff, Explanation) {
    let of = |place: usize| Profiled {
        record,
        cell: &record.cells[place],
    };
    let difference = diff(&of(0), &of(1)).unwrap();
    let explanation = explain(&of(0), &of(1), &difference);
    (difference, explanation)
}

fn sums_up((difference, explanation): &(ProfileDiff, Explanation)) {
    let total = difference.delta_ns;
    let segments: f64 = difference.segments.iter().map(|one| one.delta_ns).sum();
    let causes: f64 = explanation.causes.iter().map(|one| one.delta_ns).sum();
    let scale = difference.a.wall_ns.max(difference.b.wall_ns);
    assert!((segments - total).abs() <= scale * 1e-12, "{segments} {total}");
    assert!((causes - total).abs() <= scale * 1e-12, "{causes} {total}");
}

#[test]
fn what_is_fused_differently_is_one_segment() {
    let made = both(fp32(), int8());
    sums_up(&made);
    let (difference, _) = made;
    assert_eq!(difference.aligned_by, Alignment::Nodes);
    let first = difference.segments.iter().find(|one| one.a.operators == [0]).unwrap();
    // The fused convolution against the convolution, its activation, and what changes the format around them.
    assert_eq!(first.b.operators, [0, 1, 2, 3]);
    assert_eq!(first.b.alone, [0, 2]);
    assert_eq!(
        (first.kind, first.name.as_str()),
        (SegmentKind::Common, "conv1 … relu1")
    );
    assert!((first.delta_ns - 630_000.0).abs() < 1e-6);
    // A change of the format belongs to who reads it in the end.
    let second = difference.segments.iter().find(|one| one.a.operators == [1]).unwrap();
    assert_eq!(second.b.operators, [4, 5, 6]);
    assert_eq!(second.b.alone, [4, 5]);
}

#[test]
fn what_was_put_in_belongs_to_its_reader_or_to_what_is_near() {
    let conv = |name: &str, input: &str, output: &str| {
        wired(
            product(name, 100.0, ComputeKind::F32, &[(name, "Conv")]),
            &[input],
            &[output],
        )
    };
    let plain = vec![conv("left", "x", "l"), conv("right", "y", "r")];
    let put_in = vec![
        wired(quantise("q_right", "QuantizeLinear", 10.0), &["y0"], &["y"]),
        wired(quantise("q_left", "QuantizeLinear", 10.0), &["x0"], &["x"]),
        conv("left", "x", "l"),
        wired(quantise("q_none", "Cast", 10.0), &["z"], &["nobody reads it"]),
        conv("right", "y", "r"),
        wired(quantise("dq", "DequantizeLinear", 10.0), &["r"], &["out"]),
    ];
    let (difference, _) = both(cell("a", "ort", plain, 0.0), cell("b", "ort", put_in, 0.0));
    let of = |name: &str| {
        let segment = difference.segments.iter().find(|one| one.name == name).unwrap();
        segment.b.operators.clone()
    };
    assert_eq!((of("left"), of("right")), (vec![1, 2], vec![0, 3, 4, 5]));
    assert_eq!(difference.segments.len(), 3);
}

#[test]
fn the_sentence_names_what_it_is() {
    let (difference, explanation) = both(fp32(), int8());
    insta::assert_snapshot!(
        "int8-slower",
        [vec![explanation.sentence], explanation.notes].concat().join("\n")
    );
    assert_eq!(explanation.within_noise, Some(false));
    let quantise = &explanation.causes[0];
    assert_eq!((quantise.kind, quantise.b.len()), (CauseKind::Quantise, 4));
    assert!((quantise.delta_ns - 1_000_000.0).abs() < 1e-6);
    assert!((difference.delta_ns - 1_350_000.0).abs() < 1e-6);
    // The other way round.
    let (_, explanation) = both(int8(), fp32());
    insta::assert_snapshot!("fp32-faster", explanation.sentence);
}

#[test]
fn the_processor_with_dot_products_is_not_said_to_have_none() {
    let mut record = record(vec![fp32(), int8()]);
    record.peaks[0].compute.push(ComputeRate {
        kind: ComputeKind::Int8Dot,
        instructions: "AVX-VNNI".to_owned(),
        macs_per_s: 80e9,
    });
    let (_, explanation) = in_record(&record);
    assert!(
        explanation
            .sentence
            .contains("on a processor with dot-product instructions"),
        "{}",
        explanation.sentence
    );
    record.peaks.clear();
    let (_, explanation) = in_record(&record);
    assert!(
        !explanation.sentence.contains("dot-product"),
        "{}",
        explanation.sentence
    );
}

#[test]
fn two_runtimes_are_told_apart_by_their_names() {
    let mut tract = fp32();
    tract.id.backend = "tract".to_owned();
    let profile = tract.profile.as_mut().unwrap();
    let layout = edgebench_record::OperatorRole::Layout;
    profile.operators.insert(
        0,
        wired(operator("move", "Reorder", layout, 300_000.0, &[]), &["x0"], &["x"]),
    );
    profile.wall_ns += 300_000.0;
    profile.unprofiled_p50_ns += 300_000.0;
    let (difference, explanation) = both(fp32(), tract);
    assert_eq!(difference.segments[0].b.alone, [0]);
    assert_eq!(
        explanation.sentence,
        "tract is 300 µs slower than ort with fp32: 300 µs more in 1 Reorder operator that moves elements, only in tract"
    );
}

#[test]
fn what_only_one_side_fuses_is_said() {
    let parts = vec![
        product("conv", 500_000.0, ComputeKind::F32, &[("conv", "Conv")]),
        other("relu", "Relu", 400_000.0),
    ];
    let fused = vec![product(
        "conv_fused",
        600_000.0,
        ComputeKind::F32,
        &[("conv", "Conv"), ("relu", "Relu")],
    )];
    let (_, explanation) = both(cell("a", "ort", parts, 0.0), cell("b", "ort", fused, 0.0));
    assert_eq!(
        explanation.sentence,
        "b is 300 µs faster than a on ort: 400 µs less in 1 Relu operator that b runs fused; 100 µs more in Conv, \
         as f32 in both"
    );
}

#[test]
fn a_difference_within_the_noise_is_not_explained() {
    let mut slightly = fp32();
    slightly.id.variant = "copy".to_owned();
    let profile = slightly.profile.as_mut().unwrap();
    profile.operators[0].mean_ns += 5_000.0;
    profile.wall_ns += 5_000.0;
    profile.unprofiled_p50_ns += 5_000.0;
    let (_, explanation) = both(fp32(), slightly.clone());
    assert_eq!(explanation.within_noise, Some(true));
    assert_eq!(
        explanation.sentence,
        "copy and fp32 on ort differ by 5.00 µs of 1.00 ms, which is within the noise of the two profiles: too small to \
         explain"
    );
    slightly.profile.as_mut().unwrap().overhead_interval = None;
    let (_, explanation) = both(fp32(), slightly);
    assert_eq!(explanation.within_noise, None);
    assert!(explanation.notes.iter().any(|note| note.contains("too short")));
}

#[test]
fn a_profile_that_contradicts_the_medians_says_so() {
    let mut odd = int8();
    odd.profile.as_mut().unwrap().unprofiled_p50_ns = 500_000.0;
    let (_, explanation) = both(fp32(), odd);
    assert_eq!(
        explanation.sentence.split(", for").next(),
        Some("int8-static is 452 µs faster than fp32 on ort without the profiler and 1.35 ms slower with it")
    );
    assert!(
        explanation
            .sentence
            .ends_with("the operators' times do not explain the difference")
    );
}

#[test]
fn without_common_nodes_the_order_aligns() {
    let renamed = |prefix: &str| {
        let operators = vec![
            product(&format!("{prefix}1"), 100.0, ComputeKind::F32, &[]),
            other(&format!("{prefix}2"), "Relu", 10.0),
            product(&format!("{prefix}3"), 200.0, ComputeKind::F32, &[]),
        ];
        let operators = operators.into_iter().map(|operator| Operator {
            sources: Vec::new(),
            source_ops: Vec::new(),
            ..operator
        });
        cell(prefix, "ort", operators.collect(), 0.0)
    };
    let (difference, _) = both(renamed("a"), renamed("b"));
    assert_eq!(difference.aligned_by, Alignment::Order);
    assert!(
        difference.segments.iter().all(|one| one.a.operators == one.b.operators),
        "{difference:?}"
    );
    let other_kind = cell("c", "ort", vec![quantise("q", "Cast", 5.0)], 0.0);
    let made = both(renamed("a"), other_kind);
    sums_up(&made);
    assert_eq!(made.0.aligned_by, Alignment::Nothing);
    let kinds: Vec<SegmentKind> = made.0.segments.iter().map(|one| one.kind).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == SegmentKind::OnlyA).count(), 3);
    assert_eq!(kinds.iter().filter(|kind| **kind == SegmentKind::OnlyB).count(), 1);
}

#[test]
fn the_largest_difference_is_first() {
    let (difference, _) = both(fp32(), int8());
    let sizes: Vec<f64> = difference.segments.iter().map(|one| one.delta_ns.abs()).collect();
    assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
}

#[test]
fn a_cell_without_a_profile_is_not_held_against_another() {
    let mut failed = int8();
    failed.profile = None;
    failed.outcome = Outcome::of(OutcomeKind::Crashed, "signal 11");
    let record = record(vec![fp32(), failed]);
    let of = |place: usize| Profiled {
        record: &record,
        cell: &record.cells[place],
    };
    let error = diff(&of(0), &of(1)).unwrap_err();
    assert!(matches!(error, NoDiff::NoProfile { .. }));
    assert_eq!(
        error.to_string(),
        "digits/int8-static/ort/t1/b1 has no profile: crashed, signal 11"
    );
}

#[test]
fn other_machines_and_settings_are_told() {
    let (a, mut b) = (record(vec![fp32()]), record(vec![int8()]));
    b.host.cpu_model = Some("Another".to_owned());
    b.cells[0].id.settings.threads = 2;
    let (one, other) = (
        Profiled {
            record: &a,
            cell: &a.cells[0],
        },
        Profiled {
            record: &b,
            cell: &b.cells[0],
        },
    );
    let remarks = diff(&one, &other).unwrap().remarks;
    assert_eq!(
        remarks,
        [
            "the machines differ: Another, 2 processors against A processor, 2 processors",
            "the threads differ: 2 against 1"
        ]
    );
}
