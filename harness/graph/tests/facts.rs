//! The facts of small models whose figures are worked out by hand beside them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use edgebench_graph::{Costs, DType, Dim, Graph, read};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn graph(name: &str) -> Graph {
    read(&fixture(name)).expect("a fixture reads")
}

fn costs(graph: &Graph, shapes: &[(&str, &[u64])]) -> Costs {
    graph.costs(
        &shapes
            .iter()
            .map(|(name, dims)| ((*name).to_owned(), dims.to_vec()))
            .collect(),
    )
}

fn weights(graph: &Graph) -> Vec<(&'static str, u64, u64)> {
    graph
        .weights
        .iter()
        .map(|weight| (weight.dtype.name(), weight.elements, weight.bytes))
        .collect()
}

#[test]
fn a_network_is_described() {
    let cnn = graph("cnn.onnx");
    assert_eq!(cnn.producer, "edgebench-fixtures");
    assert_eq!((cnn.opsets.len(), cnn.opsets[0].version), (1, 21));
    // `fc` is listed as an input and has an initialiser.
    assert_eq!(cnn.inputs.len(), 1);
    assert_eq!((cnn.inputs[0].name.as_str(), cnn.inputs[0].dtype), ("x", DType::F32));
    assert_eq!(
        cnn.inputs[0].dims[..2],
        [Dim::Symbol("batch".to_owned()), Dim::Fixed(3)]
    );
    assert_eq!(cnn.outputs[0].dims, [Dim::Symbol("batch".to_owned()), Dim::Fixed(10)]);
    assert_eq!(
        (cnn.operators["Conv"], cnn.operators["Gemm"], cnn.operators["Concat"]),
        (2, 1, 2)
    );
    assert_eq!(cnn.file_bytes, std::fs::metadata(fixture("cnn.onnx")).unwrap().len());
    assert!(cnn.external.is_empty());
}

#[test]
fn parameters_and_zeros_are_counted() {
    let cnn = graph("cnn.onnx");
    // w1 108, b1 4, ones 4, w2 36, w3 64, fc 40, fcb 10, and three integers.
    assert_eq!(cnn.parameters, 266 + 3);
    assert_eq!(weights(&cnn), [("f32", 266, 1064), ("i64", 3, 24)]);
    // A filter of w1 27, b1 4, fcb 10 (negative zeros), and two of the integers.
    assert_eq!((cnn.zero_parameters, cnn.zeros_unknown), (27 + 4 + 10 + 2, 0));
}

#[test]
fn macs_of_a_network_scale_with_the_batch() {
    let cnn = graph("cnn.onnx");
    let one = costs(&cnn, &[("x", &[1, 3, 8, 8])]);
    let by_operator: Vec<_> = one
        .operators
        .iter()
        .filter(|operator| operator.macs != Some(0))
        .map(|operator| (operator.name.as_str(), operator.op.as_str(), operator.macs.unwrap()))
        .collect();
    assert_eq!(
        by_operator,
        [
            ("conv1", "Conv", 4 * 4 * 4 * 27),
            ("depthwise", "Conv", 4 * 4 * 4 * 9),
            ("up", "ConvTranspose", 4 * 2 * 2 * 16),
            ("fc", "Gemm", 40),
        ]
    );
    assert_eq!((one.macs, &one.macs_unknown), (Some(1728 + 576 + 256 + 40), &None));
    assert_eq!(costs(&cnn, &[("x", &[5, 3, 8, 8])]).macs, Some(5 * 2600));
}

#[test]
fn macs_are_absent_with_a_reason_where_shapes_are() {
    let cnn = graph("cnn.onnx");
    let reason = |shapes: &[(&str, &[u64])]| {
        let costs = costs(&cnn, shapes);
        assert_eq!(costs.macs, None);
        costs.macs_unknown.unwrap()
    };
    assert!(reason(&[]).contains("the shape of its input `x` is unknown"));
    assert!(reason(&[("x", &[1, 4, 8, 8])]).contains("fixed dim 3 and 4 was given"));
    assert!(reason(&[("x", &[1, 3, 8])]).contains("4 dims and 3 were given"));
    assert!(reason(&[("y", &[1])]).contains("no input `y`"));
    assert!(reason(&[("x", &[u64::MAX, 3, 8, 8])]).contains("overflows"));
}

#[test]
fn integers_are_zero_at_their_zero_point_and_four_bits_count_four() {
    let qdq = graph("qdq.onnx");
    assert_eq!(weights(&qdq), [("f32", 1, 4), ("u8", 8, 8), ("i4", 3, 2)]);
    // wq has three 3s, w4 two 0s, zx is 0.
    assert_eq!((qdq.zero_parameters, qdq.zeros_unknown), (3 + 2 + 1, 0));
    let costs = costs(&qdq, &[]);
    assert_eq!(costs.macs, Some(2 * 3 + 3));
}

#[test]
fn block_quantised_weights_count_what_they_stand_for() {
    let nbits = graph("nbits.onnx");
    assert_eq!(nbits.parameters, 40 + 4);
    assert_eq!(weights(&nbits), [("f32", 4, 16), ("u4", 40, 32)]);
    // 0x7f changes two elements, 0x80 one.
    assert_eq!(nbits.zero_parameters, 40 - 3);
    assert_eq!(nbits.operators["com.microsoft.MatMulNBits"], 1);
    assert_eq!(costs(&nbits, &[("x", &[7, 20])]).macs, Some(7 * 20 * 2));
}

#[test]
fn operators_without_a_known_cost_are_named() {
    let unknown = graph("unknown.onnx");
    // The weight, and the constant inside a branch.
    assert_eq!(unknown.parameters, 32);
    assert_eq!(
        (
            unknown.operators["MatMul"],
            unknown.operators["local.Twice"],
            unknown.operators["Add"]
        ),
        (2, 1, 1)
    );
    let costs = costs(&unknown, &[("x", &[3, 4])]);
    assert_eq!(costs.uncounted, ["Einsum", "If", "local.Twice"]);
    assert_eq!(costs.macs, None);
    assert!(costs.macs_unknown.as_ref().unwrap().contains("Einsum, If, local.Twice"));
    // The declared shape behind `Einsum` lets the product be counted all the same.
    assert_eq!(costs.counted_macs(), 3 * 4 * 4);
}

#[test]
fn facts_serialise() {
    let json = serde_json::to_value(graph("cnn.onnx")).unwrap();
    assert_eq!(json["inputs"][0]["dims"][0]["symbol"], "batch");
    assert_eq!(json["inputs"][0]["dims"][1]["fixed"], 3);
    assert_eq!(json["weights"][0]["bits_per_weight"], 32.0);
    let costs = graph("qdq.onnx").costs(&BTreeMap::new());
    let json = serde_json::to_value(&costs).unwrap();
    assert_eq!(json["fused"]["macs_by_dtype"]["u8"], 6);
    assert_eq!(serde_json::from_value::<Costs>(json).unwrap(), costs);
}
