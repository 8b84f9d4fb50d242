//! Shares, fusions, fallbacks and threads of profiles whose right reading is known.

use edgebench_api::{ComputeKind, Nanos};
use edgebench_record::{Operator, OperatorRole, ProfiledCell};
use edgebench_reports::profile::{DerivedCell, FusionPattern, Level, derive, findings, parallel_efficiency};

use crate::made::{cell, fp32, int8, operator, other, product, quantise, record, wired};

fn of(cell: ProfiledCell) -> DerivedCell {
    let record = record(vec![cell]);
    derive(&record, &record.cells[0]).unwrap()
}

fn of_operators(operators: Vec<Operator>) -> DerivedCell {
    of(cell("fp32", "ort", operators, 0.0))
}

fn patterns(operators: Vec<Operator>) -> Vec<(FusionPattern, Vec<usize>)> {
    let fusions = of_operators(operators).missed_fusions;
    fusions
        .into_iter()
        .map(|fusion| (fusion.pattern, fusion.operators))
        .collect()
}

#[test]
fn shares_sum_up_to_1() {
    for cell in [fp32(), int8()] {
        let shares = of(cell).shares.unwrap();
        let sum =
            shares.product + shares.layout + shares.quantise + shares.other + shares.between + shares.unattributed;
        assert!((sum - 1.0).abs() < 1e-12, "{sum}");
    }
    let shares = of(int8()).shares.unwrap();
    assert!((shares.quantise - 1_000.0 / 2_350.0).abs() < 1e-12);
    assert!((shares.between - 15.0 / 2_350.0).abs() < 1e-12);
    assert!((shares.unattributed - 5.0 / 2_350.0).abs() < 1e-12);
}

#[test]
fn what_is_in_operators_is_what_is_in_none_of_the_other_rows() {
    let mut cell = fp32();
    // A median over processes, or a stranger's figure.
    cell.profile.as_mut().unwrap().attributed = 0.2;
    let derived = of(cell.clone());
    assert!((derived.shares.unwrap().in_operators() - 0.99).abs() < 1e-12);
    assert_eq!(derived.attributed_level, Level::Fine);
    cell.profile.as_mut().unwrap().wall_ns = 0.0;
    cell.profile.as_mut().unwrap().operators.clear();
    assert_eq!(of(cell).attributed_level, Level::Warn, "there is no time");
}

#[test]
fn what_takes_less_than_the_roofs_allow_has_no_place_under_them_and_is_named() {
    let mut cell = fp32();
    // Of a million multiply-accumulates at 20 G/s in 40 µs.
    cell.profile.as_mut().unwrap().operators[3].mean_ns = 40_000.0;
    let derived = of(cell.clone());
    assert_eq!(derived.beyond_roofs, [3]);
    assert_eq!(derived.by_lost, [1, 0]);
    let found = findings(cell.profile.as_ref().unwrap(), &derived);
    let line = "less time than the roofs allow in gemm: what is counted, the time or a roof is wrong";
    assert!(found.iter().any(|found| found == line), "{found:?}");
    assert!(of(fp32()).beyond_roofs.is_empty());
}

#[test]
fn operators_side_by_side_leave_nothing_unattributed() {
    let mut cell = fp32();
    cell.profile.as_mut().unwrap().wall_ns = 600_000.0;
    let shares = of(cell).shares.unwrap();
    assert!(shares.unattributed.abs() < 1e-12);
    assert!((shares.product + shares.other - 1.0).abs() < 1e-12);
}

#[test]
fn operators_are_ranked_by_time_with_their_cumulative_share() {
    let derived = of(fp32());
    assert_eq!(derived.by_time, [1, 0, 3, 2]);
    let cumulative: Vec<f64> = derived
        .by_time
        .iter()
        .map(|&place| derived.operators[place].cumulative.unwrap())
        .collect();
    for (at, expected) in [500.0, 900.0, 950.0, 990.0].into_iter().enumerate() {
        assert!((cumulative[at] - expected / 1_000.0).abs() < 1e-12);
        assert_eq!(derived.operators[derived.by_time[at]].rank, at);
    }
    // 1e6 multiply-accumulates at 20 GMAC/s are 50 µs for each product; the activation has no bytes, and no place.
    assert_eq!(derived.by_lost, [1, 0, 3]);
}

#[test]
fn changes_of_the_number_format_are_warned_of() {
    let level = |ns: f64| {
        let operators = vec![
            product("conv", 100.0 - ns, ComputeKind::F32, &[]),
            quantise("q", "QuantizeLinear", ns),
        ];
        of_operators(operators).quantise_level
    };
    assert_eq!(
        [level(4.0), level(6.0), level(16.0)],
        [Level::Fine, Level::Warn, Level::Bad]
    );
}

#[test]
fn what_falls_back_is_counted_in_partitions() {
    let fallen = |name: &str| Operator {
        fallback: true,
        ..other(name, "Resize", 10.0)
    };
    let operators = vec![fallen("a"), fallen("b"), other("c", "Add", 70.0), fallen("d")];
    let fallback = of_operators(operators).fallback.unwrap();
    assert_eq!((fallback.operators, fallback.partitions), (3, 2));
    assert!((fallback.share - 0.3).abs() < 1e-12);
    assert_eq!(of(fp32()).fallback, None);
}

#[test]
fn integer_operators_that_compute_in_floats_are_found() {
    // conv2 reads what a DequantizeLinear of an activation writes; conv1 is on integers.
    assert_eq!(of(int8()).int8_in_float, [6]);
    assert!(of(fp32()).int8_in_float.is_empty());
    // Weights alone on 8-bit integers make no integer operator, whatever they are read through.
    let weights = wired(quantise("dq", "DequantizeLinear", 5.0), &["=w_q"], &["w"]);
    let conv = |inputs: &[&str]| wired(product("conv", 50.0, ComputeKind::F32, &[]), inputs, &["y"]);
    assert!(
        of_operators(vec![weights.clone(), conv(&["x", "w"])])
            .int8_in_float
            .is_empty()
    );
    assert!(of_operators(vec![weights, conv(&["w", "x"])]).int8_in_float.is_empty());
    let moved = vec![
        wired(quantise("dq", "DequantizeLinear", 5.0), &["x_q"], &["x"]),
        wired(
            operator("move", "Reorder", OperatorRole::Layout, 5.0, &[]),
            &["x"],
            &["x_r"],
        ),
        conv(&["x_r"]),
    ];
    assert_eq!(of_operators(moved).int8_in_float, [2]);
    // A strided convolution with padding in tract's words.
    let step =
        |op: &str, role, input: &str, output: &str| wired(operator(output, op, role, 5.0, &[]), &[input], &[output]);
    let strided = |second: &str| {
        vec![
            wired(quantise("dq", "DequantizeLinear", 5.0), &["x_q"], &["x"]),
            step("Pad", OperatorRole::Other, "x", "padded"),
            step(second, OperatorRole::Other, "padded", "rows"),
            step("Downsample", OperatorRole::Other, "rows", "columns"),
            step("IntoShape", OperatorRole::Layout, "columns", "shaped"),
            step("Pack", OperatorRole::Layout, "shaped", "packed"),
            conv(&["packed"]),
        ]
    };
    assert_eq!(of_operators(strided("Downsample")).int8_in_float, [6]);
    assert!(of_operators(strided("Relu")).int8_in_float.is_empty(), "it computes");
    let told = product("conv", 50.0, ComputeKind::F32, &[("c", "QLinearConv")]);
    assert_eq!(of_operators(vec![told]).int8_in_float, [0]);
}

#[test]
fn pairs_that_are_usually_one_kernel_are_found() {
    assert_eq!(
        of(fp32())
            .missed_fusions
            .iter()
            .map(|one| (one.pattern, &*one.operators))
            .collect::<Vec<_>>(),
        [(FusionPattern::ConvActivation, &[1, 2][..])]
    );
    assert!((of(fp32()).missed_fusions[0].time_ns - 40_000.0).abs() < 1e-9);
    let conv = || wired(product("conv", 50.0, ComputeKind::F32, &[]), &["x"], &["c"]);
    let norm = wired(other("bn", "BatchNormalization", 5.0), &["c"], &["d"]);
    assert_eq!(
        patterns(vec![conv(), norm]),
        [(FusionPattern::ConvBatchNormalization, vec![0, 1])]
    );
    // Another reader needs the product itself.
    let relu = wired(other("relu", "Relu", 5.0), &["c"], &["d"]);
    let add = wired(other("add", "Add", 5.0), &["c", "d"], &["e"]);
    assert!(patterns(vec![conv(), relu.clone(), add]).is_empty());
    // It has one already.
    let fused = Operator {
        source_ops: vec!["Conv".to_owned(), "Relu".to_owned()],
        ..conv()
    };
    assert!(patterns(vec![fused, relu]).is_empty());
}

#[test]
fn a_sum_with_a_constant_is_a_bias_and_another_is_not() {
    let matmul = || {
        wired(
            operator("m", "MatMul", OperatorRole::Product, 50.0, &[]),
            &["x", "=w"],
            &["c"],
        )
    };
    let add = |second: &str| wired(other("add", "Add", 5.0), &["c", second], &["d"]);
    assert_eq!(
        patterns(vec![matmul(), add("=b")]),
        [(FusionPattern::MatMulAdd, vec![0, 1])]
    );
    assert!(patterns(vec![matmul(), add("residual")]).is_empty());
}

#[test]
fn operators_without_names_of_tensors_are_taken_in_order() {
    let operators = vec![product("conv", 50.0, ComputeKind::F32, &[]), other("relu", "Relu", 5.0)];
    assert_eq!(patterns(operators), [(FusionPattern::ConvActivation, vec![0, 1])]);
    // Nothing tells that this one reads what the other writes.
    let told = vec![
        product("conv", 50.0, ComputeKind::F32, &[]),
        wired(other("relu", "Relu", 5.0), &["x"], &["y"]),
    ];
    assert!(patterns(told).is_empty());
    // The names tell that these two are not connected.
    let apart = vec![
        wired(product("conv", 50.0, ComputeKind::F32, &[]), &["x"], &["c"]),
        wired(other("relu", "Relu", 5.0), &["y"], &["d"]),
    ];
    assert!(patterns(apart).is_empty());
}

#[test]
fn composite_operators_in_parts_are_found() {
    let step = |op: &str, inputs: &[&str], output: &str| {
        let role = if op == "MatMul" {
            OperatorRole::Product
        } else {
            OperatorRole::Other
        };
        wired(operator(output, op, role, 10.0, &[]), inputs, &[output])
    };
    let norm = vec![
        step("ReduceMean", &["x"], "mean"),
        step("Sub", &["x", "mean"], "d"),
        step("Pow", &["d", "=2"], "sq"),
        step("ReduceMean", &["sq"], "var"),
        step("Add", &["var", "=eps"], "v"),
        step("Sqrt", &["v"], "s"),
        step("Div", &["d", "s"], "n"),
    ];
    assert_eq!(patterns(norm), [(FusionPattern::LayerNormalization, (0..7).collect())]);
    let gelu = vec![
        step("Div", &["x", "=root2"], "a"),
        step("Erf", &["a"], "b"),
        step("Add", &["b", "=1"], "c"),
        step("Mul", &["x", "c"], "d"),
    ];
    assert_eq!(patterns(gelu.clone()), [(FusionPattern::Gelu, vec![0, 1, 2, 3])]);
    let attention = vec![
        step("MatMul", &["q", "k"], "a"),
        step("Div", &["a", "=8"], "b"),
        step("Add", &["b", "mask"], "c"),
        step("Softmax", &["c"], "d"),
        step("MatMul", &["d", "v"], "e"),
    ];
    let derived = of_operators(attention);
    assert_eq!(derived.missed_fusions[0].pattern, FusionPattern::Attention);
    assert_eq!(derived.missed_fusions[0].operators, [0, 1, 2, 3, 4]);
    assert!((derived.missed_fusions[0].time_ns - 30.0).abs() < 1e-9);
    // Not with a link missing.
    assert!(patterns(gelu[..3].to_vec()).is_empty());
}

#[test]
fn operators_whose_times_vary_are_hot_where_they_matter() {
    let varying = |name: &str, ns: f64| Operator {
        p90_ns: ns * 2.0,
        ..other(name, "Add", ns)
    };
    let mut made = cell(
        "fp32",
        "ort",
        vec![
            other("steady", "Add", 10_000.0),
            varying("hot", 1_000.0),
            varying("short", 20.0),
        ],
        0.0,
    );
    assert_eq!(of(made.clone()).hot_spots, [1]);
    // A clock that tells 200 ns says nothing of how 1 µs varies.
    made.profile.as_mut().unwrap().resolution_ns = Nanos(200);
    assert!(of(made).hot_spots.is_empty());
}

#[test]
fn threads_bring_as_much_as_they_bring() {
    let mut two = fp32();
    two.id.settings.threads = 2;
    let operators = &mut two.profile.as_mut().unwrap().operators;
    operators[0].mean_ns = 200_000.0;
    operators[1].mean_ns = 500_000.0;
    operators[2].name = "another".to_owned();
    operators[3].mean_ns = f64::NAN;
    let efficiency = parallel_efficiency(&fp32(), &two);
    assert_eq!(efficiency, [Some(1.0), Some(0.5), None, None]);
    let record = record(vec![fp32(), two]);
    let derived = derive(&record, &record.cells[1]).unwrap();
    assert_eq!(derived.operators[1].efficiency, Some(0.5));
    // 900 µs with one thread, 700 with two.
    assert!((derived.efficiency.unwrap() - 900.0 / 1_400.0).abs() < 1e-12);
    assert_eq!(derive(&record, &record.cells[0]).unwrap().efficiency, None);
    assert_eq!(derive(&record, &record.cells[0]).unwrap().operators[1].efficiency, None);
}

#[test]
fn findings_say_what_is_worth_knowing() {
    let cell = int8();
    let profile = cell.profile.clone().unwrap();
    let derived = of(cell);
    insta::assert_snapshot!("findings", findings(&profile, &derived).join("\n"));
}
