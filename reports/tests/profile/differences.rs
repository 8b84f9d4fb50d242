//! Differences whose causes are known by construction.

use edgebench_api::{ComputeKind, ComputeRate};
use edgebench_record::{Operator, OperatorRole, Outcome, OutcomeKind, ProfileRecord, ProfiledCell};
use edgebench_reports::profile::{
    Alignment, CauseKind, Explanation, NoDiff, ProfileDiff, Profiled, SegmentKind, Verdict, diff, explain,
    operators_in_words,
};

use crate::made::{STEADY, cell, fp32, in_processes, int8, operator, other, product, quantise, record, wired};

pub(crate) fn both(a: ProfiledCell, b: ProfiledCell) -> (ProfileDiff, Explanation) {
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

pub(crate) fn sums_up((difference, explanation): &(ProfileDiff, Explanation)) {
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
    assert_eq!((first.kind, first.name.as_str()), (SegmentKind::Common, "conv1"));
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
    assert_eq!(explanation.verdict, Verdict::Explained);
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
    let layout = OperatorRole::Layout;
    profile.operators.insert(
        0,
        wired(operator("move", "Reorder", layout, 300_000.0, &[]), &["x0"], &["x"]),
    );
    profile.wall_ns += 300_000.0;
    profile.unprofiled_p50_ns += 300_000.0;
    in_processes(&mut tract, &STEADY);
    let (difference, explanation) = both(fp32(), tract);
    assert_eq!(difference.segments[0].b.alone, [0]);
    assert_eq!(
        explanation.sentence,
        "tract is 300 µs slower than ort with fp32: 300 µs in 1 Reorder operator that moves elements, only in tract"
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
        "b is 300 µs faster than a on ort: 400 µs in 1 Relu operator that b runs fused; but 100 µs more in Conv \
         executed as f32 in both"
    );
}

#[test]
fn what_goes_against_the_difference_is_told_last() {
    let of = |conv_ns: f64, softmax_ns: f64, relu_ns: f64| {
        vec![
            product("conv", conv_ns, ComputeKind::F32, &[("conv", "Conv")]),
            other("relu", "Relu", relu_ns),
            other("softmax", "Softmax", softmax_ns),
        ]
    };
    let (_, explanation) = both(
        cell("a", "ort", of(500_000.0, 400_000.0, 900_000.0), 0.0),
        cell("b", "ort", of(800_000.0, 200_000.0, 300_000.0), 0.0),
    );
    let place = |word: &str| explanation.sentence.find(word).unwrap();
    assert!(
        place("Relu") < place("Softmax") && place("Softmax") < place("but 300 µs more in Conv"),
        "{}",
        explanation.sentence
    );
}

#[test]
fn parts_of_what_the_other_runs_as_one_are_fused_there() {
    let conv = [("conv", "Conv")];
    let role = OperatorRole::Other;
    let parts = vec![
        product("conv", 500_000.0, ComputeKind::F32, &conv),
        operator("conv.down.0", "Downsample", role, 200_000.0, &conv),
        operator("conv.down.1", "Downsample", role, 200_000.0, &conv),
    ];
    let whole = vec![product("conv", 500_000.0, ComputeKind::F32, &conv)];
    let (_, explanation) = both(cell("a", "ort", whole.clone(), 0.0), cell("a", "tract", parts, 0.0));
    assert_eq!(
        explanation.sentence,
        "tract is 400 µs slower than ort with a: 400 µs in 2 Downsample operators that ort runs fused"
    );
    // One that stands for a node alone is no part.
    let more = [whole.clone(), vec![operator("pad", "Pad", role, 400_000.0, &[])]].concat();
    let (_, explanation) = both(cell("a", "ort", whole, 0.0), cell("a", "tract", more, 0.0));
    assert!(
        explanation
            .sentence
            .ends_with("400 µs in 1 Pad operator that only tract runs"),
        "{}",
        explanation.sentence
    );
}

#[test]
fn changes_of_the_format_are_pairs_where_one_reads_the_other() {
    let conv = |input: &str| {
        wired(
            product("conv", 500_000.0, ComputeKind::F32, &[("conv", "Conv")]),
            &[input],
            &["y"],
        )
    };
    let quantised = |reads: &str| {
        vec![
            wired(quantise("q", "QuantizeLinear", 200_000.0), &["x"], &["xq"]),
            wired(
                operator("move", "Reshape", OperatorRole::Layout, 0.0, &[]),
                &["xq"],
                &["moved"],
            ),
            wired(quantise("dq", "DequantizeLinear", 100_000.0), &[reads], &["xdq"]),
            conv("xdq"),
        ]
    };
    let sentence = |reads: &str| {
        let quantised = cell("int8", "ort", quantised(reads), 0.0);
        both(cell("fp32", "ort", vec![conv("x")], 0.0), quantised).1.sentence
    };
    assert_eq!(
        sentence("xq"),
        "int8 is 300 µs slower than fp32 on ort: 300 µs in 1 QuantizeLinear/DequantizeLinear pair that no kernel of int8 \
         consumed"
    );
    assert!(sentence("moved").contains("1 QuantizeLinear/DequantizeLinear pair that"));
    assert!(sentence("weights").contains("2 QuantizeLinear/DequantizeLinear operators"));
    let (_, explanation) = both(fp32(), int8());
    assert!(explanation.sentence.contains(
        "1 QuantizeLinear/DequantizeLinear pair and 2 QuantizeLinear/DequantizeLinear operators that no kernel"
    ));
}

#[test]
fn kernels_are_named_where_they_differ() {
    let conv = |kernel: &str, ns: f64| Operator {
        op: kernel.to_owned(),
        ..product("conv", ns, ComputeKind::F32, &[("conv", "Conv")])
    };
    let of = |variant: &str, kernel: &str, ns: f64| cell(variant, "tract", vec![conv(kernel, ns)], 0.0);
    let (_, explanation) = both(of("fp32", "avx512_f32_16x8", 1e6), of("fp16", "generic_f16_4x4", 9e6));
    assert_eq!(
        explanation.sentence,
        "fp16 is 8.00 ms slower than fp32 on tract: 8.00 ms in Conv executed in fp16 as f32 by generic_f16_4x4, and in fp32 \
         as f32 by avx512_f32_16x8"
    );
    let (_, explanation) = both(of("fp32", "generic", 1e6), of("fp16", "generic", 9e6));
    assert!(explanation.sentence.ends_with("Conv executed as f32 in both"));
    let operators = [conv("generic", 1.0), conv("Conv", 1.0), conv("generic", 1.0)];
    assert_eq!(operators_in_words(&operators, &[0, 1, 2]), "2 Conv (generic), Conv");
}

#[test]
fn a_segment_is_called_after_its_product_or_what_takes_longest() {
    let conv = |name: &str, ns: f64| {
        let sources = [("dq", "DequantizeLinear"), ("bias", "Add"), (name, "Conv")];
        product(name, ns, ComputeKind::F32, &sources)
    };
    let name = |operators: Vec<Operator>| {
        let (difference, _) = both(
            cell("a", "ort", operators.clone(), 0.0),
            cell("b", "ort", operators, 0.0),
        );
        let common = difference.segments.iter().find(|one| one.kind == SegmentKind::Common);
        common.unwrap().name.clone()
    };
    let dequantise = operator(
        "dq",
        "DequantizeLinear",
        OperatorRole::Quantise,
        9.0,
        &[("dq", "DequantizeLinear")],
    );
    assert_eq!(name(vec![dequantise.clone(), conv("conv1", 5.0)]), "conv1");
    assert_eq!(
        name(vec![dequantise.clone(), conv("conv1", 5.0), conv("conv2", 5.0)]),
        "conv1 … conv2"
    );
    let both_nodes = [("relu", "Relu"), ("dq", "DequantizeLinear")];
    let relu = operator("r", "Relu", OperatorRole::Other, 10.0, &both_nodes);
    assert_eq!(name(vec![dequantise.clone(), relu.clone()]), "relu");
    let longer = Operator {
        mean_ns: 11.0,
        ..dequantise
    };
    assert_eq!(name(vec![longer.clone(), relu]), "relu", "what computes");
    assert_eq!(name(vec![longer]), "dq");
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
