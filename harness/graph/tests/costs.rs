//! Multiply-accumulates, bytes and live activations of small graphs, worked out by hand beside them.

mod onnx;
mod wire;

use std::collections::BTreeMap;

use edgebench_graph::{Costs, DType};
use onnx::{Attr, Model};

const F32: DType = DType::F32;

fn costs(model: &Model) -> Costs {
    model.read().costs(&BTreeMap::new())
}

/// Multiply-accumulates, their type, bytes read and written by the model's last operator.
fn last(model: &Model) -> (u64, Option<DType>, u64, u64) {
    let costs = costs(model);
    let operator = costs.operators.last().expect("an operator");
    let known = operator.macs.zip(operator.bytes_read).zip(operator.bytes_written);
    let ((macs, read), written) = known.unwrap_or_else(|| panic!("{costs:?}"));
    (macs, operator.dtype, read, written)
}

#[test]
fn convolutions() {
    // 5 × 5 under a 3 × 3 window: 3 × 3 positions of 4 channels; 2 channels in.
    let x = || Model::with("x", F32, &[1, 2, 5, 5]);
    let conv = x().weight("w", F32, &[4, 2, 3, 3]).weight("b", F32, &[4]);
    let read = 4 * (2 * 25 + 4 * 2 * 9 + 4);
    assert_eq!(
        last(&conv.node("Conv", "x w b", "y", &[])),
        (4 * 9 * 18, Some(F32), read, 4 * 4 * 9)
    );
    // Each of two groups sees one channel.
    let grouped = x().weight("w", F32, &[4, 1, 3, 3]);
    let group = [("group", Attr::Int(2))];
    assert_eq!(
        last(&grouped.node("Conv", "x w", "y", &group)),
        (4 * 9 * 9, Some(F32), 4 * (50 + 36), 144)
    );
    // Every input element meets 3 output channels × 2 × 2; stride 2 gives 10 × 10.
    let up = x().weight("w", F32, &[2, 3, 2, 2]);
    let strides = [("strides", Attr::Ints(&[2, 2]))];
    assert_eq!(
        last(&up.node("ConvTranspose", "x w", "y", &strides)),
        (50 * 12, Some(F32), 4 * (50 + 24), 4 * 300)
    );
    // Bytes in, 32-bit sums out.
    let integer = Model::with("x", DType::U8, &[1, 2, 5, 5]).weight("w", DType::I8, &[4, 2, 3, 3]);
    assert_eq!(
        last(&integer.node("ConvInteger", "x w", "y", &[])),
        (648, Some(DType::I8), 50 + 72, 4 * 36)
    );
    let linear = Model::with("x", DType::U8, &[1, 2, 5, 5])
        .weight("s", F32, &[])
        .weight("z", DType::U8, &[])
        .weight("w", DType::I8, &[4, 2, 3, 3])
        .weight("zw", DType::I8, &[]);
    assert_eq!(
        last(&linear.node("QLinearConv", "x s z w s zw s z", "y", &[])),
        (648, Some(DType::I8), 50 + 72 + 3 * 4 + 3, 36)
    );
}

#[test]
fn products() {
    let x = |dtype| Model::with("x", dtype, &[2, 3]);
    for (dtype, size) in [(F32, 4), (DType::F16, 2), (DType::Bf16, 2), (DType::F64, 8)] {
        let model = x(dtype).weight("w", dtype, &[3, 5]).node("MatMul", "x w", "y", &[]);
        assert_eq!(last(&model), (30, Some(dtype), size * (6 + 15), size * 10));
        let turned = [("transB", Attr::Int(1))];
        let model = x(dtype).weight("w", dtype, &[5, 3]).weight("b", dtype, &[5]);
        assert_eq!(
            last(&model.node("Gemm", "x w b", "y", &turned)),
            (30, Some(dtype), size * (6 + 15 + 5), size * 10)
        );
    }
    // Four products of 2 × 3 and 3 × 5.
    let batched = Model::with("x", F32, &[4, 2, 3]).input("w", F32, &[1, 3, 5]);
    assert_eq!(
        last(&batched.node("MatMul", "x w", "y", &[])),
        (120, Some(F32), 4 * (24 + 15), 160)
    );
    let integer = x(DType::U8).weight("w", DType::U8, &[3, 5]);
    assert_eq!(
        last(&integer.node("MatMulInteger", "x w", "y", &[])),
        (30, Some(DType::U8), 21, 40)
    );
    // Weights of 4 bits: 5 rows of 2 blocks of 8 bytes, and a scale for each block; the product is of 32 bits.
    let packed = Model::with("x", F32, &[2, 20])
        .weight("w", DType::U8, &[5, 2, 8])
        .weight("s", F32, &[10]);
    let sizes = [
        ("K", Attr::Int(20)),
        ("N", Attr::Int(5)),
        ("bits", Attr::Int(4)),
        ("block_size", Attr::Int(16)),
    ];
    assert_eq!(
        last(&packed.node("com.microsoft.MatMulNBits", "x w s", "y", &sizes)),
        (200, Some(F32), 160 + 80 + 40, 40)
    );
}

#[test]
fn recurrent_layers() {
    // 7 steps of 2 samples of 3 inputs, both directions, 4 hidden.
    for (op, gates, states) in [("LSTM", 4, 2), ("GRU", 3, 1), ("RNN", 1, 1)] {
        let model = Model::with("x", F32, &[7, 2, 3])
            .weight("w", F32, &[2, gates * 4, 3])
            .weight("r", F32, &[2, gates * 4, 4]);
        let outputs = ["all last", "all last cell"][states - 1];
        let model = model.node(op, "x w r", outputs, &[("hidden_size", Attr::Int(4))]);
        let model = outputs.split(' ').fold(model, Model::output);
        let weights = 2 * gates * 4 * 7;
        let written = 7 * 2 * 2 * 4 + states as u64 * 2 * 2 * 4;
        assert_eq!(
            last(&model),
            (7 * 2 * weights, Some(F32), 4 * (42 + weights), 4 * written),
            "{op}"
        );
    }
}

#[test]
fn views_move_nothing_and_cuts_read_what_they_take() {
    let x = || Model::with("x", F32, &[1, 4, 6]);
    let bytes = |model: &Model| {
        let (macs, dtype, read, written) = last(model);
        assert_eq!((macs, dtype), (0, None));
        (read, written)
    };
    let shape = || x().integers("i", &[4, 6]);
    assert_eq!(bytes(&shape().node("Reshape", "x i", "y", &[])), (0, 0));
    for op in ["Identity", "Flatten", "Squeeze", "Dropout"] {
        assert_eq!(bytes(&x().node(op, "x", "y", &[])), (0, 0), "{op}");
    }
    assert_eq!(bytes(&x().node("Shape", "x", "y", &[])), (0, 3 * 8));
    assert_eq!(bytes(&x().node("Relu", "x", "y", &[])), (96, 96));
    assert_eq!(bytes(&x().node("Transpose", "x", "y", &[])), (96, 96));
    assert_eq!(bytes(&x().node("Mul", "x x", "y", &[])), (192, 96));
    assert_eq!(bytes(&x().node("Equal", "x x", "y", &[])), (192, 24));
    assert_eq!(bytes(&x().node("Cast", "x", "y", &[("to", Attr::Int(10))])), (96, 48));
    assert_eq!(
        bytes(&x().node("ArgMax", "x", "y", &[("axis", Attr::Int(2))])),
        (96, 4 * 8)
    );
    // Two of 1,000 rows, and their indices.
    let rows = Model::with("i", DType::I64, &[2]).weight("w", F32, &[1000, 8]);
    assert_eq!(bytes(&rows.node("Gather", "w i", "y", &[])), (64 + 16, 64));
    let cut = x().integers("from", &[1]).integers("to", &[3]).integers("axis", &[2]);
    assert_eq!(
        bytes(&cut.node("Slice", "x from to axis", "y", &[])),
        (4 * 8 + 3 * 8, 32)
    );
    // The indices of a pooling are written where something reads them.
    let pool = |model: Model| {
        let kernel = [("kernel_shape", Attr::Ints(&[2]))];
        model.node("MaxPool", "x", "y at", &kernel)
    };
    assert_eq!(bytes(&pool(x())), (96, 4 * 20));
    assert_eq!(bytes(&pool(x()).output("at")), (96, 12 * 20));
}

/// x → quantise → dequantise → product with dequantised weights → relu → quantise → dequantise → y
fn quantised() -> Model {
    let pair = |model: Model, from: &str, by: &str| {
        let model = model.node("QuantizeLinear", &format!("{from} s z"), &format!("{by}q"), &[]);
        model.node("DequantizeLinear", &format!("{by}q s z"), by, &[])
    };
    let model = Model::with("x", F32, &[2, 3])
        .weight("s", F32, &[])
        .weight("z", DType::I8, &[])
        .weight("wq", DType::I8, &[3, 5])
        .node("DequantizeLinear", "wq s", "w", &[]);
    let model = pair(model, "x", "a").node("MatMul", "a w", "m", &[]);
    pair(model, "m", "d").node("Relu", "d", "y", &[]).output("y")
}

#[test]
fn quantised_pairs_count_as_written_and_as_fused() {
    let costs = costs(&quantised());
    assert_eq!(costs.macs, Some(30));
    assert_eq!(costs.written.macs_by_dtype, [(F32, 30)].into());
    assert_eq!(costs.fused.macs_by_dtype, [(DType::I8, 30)].into());
    let product = &costs.operators[3];
    assert_eq!(
        (product.op.as_str(), product.dtype, product.fused_dtype),
        ("MatMul", Some(F32), Some(DType::I8))
    );
    // w: 15 + 4; aq: 24 + 5; a: 6 + 5; product: 24 + 60; dq: 40 + 5; d: 10 + 5; y: 40.
    assert_eq!(costs.written.bytes_read, Some(19 + 29 + 11 + 84 + 45 + 15 + 40));
    // w 60, aq 6, a 24, m 40, dq 10, d 40, y 40.
    assert_eq!(costs.written.bytes_written, Some(60 + 6 + 24 + 40 + 10 + 40 + 40));
    // aq reads the input; the product reads 6 + 15 and writes dq, whose scale and zero point it reads; y reads 10.
    assert_eq!(costs.fused.bytes_read, Some(29 + 21 + 5 + 10));
    assert_eq!(costs.fused.bytes_written, Some(6 + 10 + 40));
    assert_eq!(costs.fused.bytes_moved(), Some(65 + 56));
    // As written w is live beside a and m; fused, dq and y are the most.
    let live = |totals: &edgebench_graph::Totals| {
        let peak = totals.live.clone().unwrap();
        (peak.bytes, peak.node)
    };
    assert_eq!(live(&costs.written), (60 + 24 + 40, "m".to_owned()));
    assert_eq!(live(&costs.fused), (10 + 40, "y".to_owned()));
}

#[test]
fn a_pair_is_fused_only_where_nothing_else_sees_it() {
    // The product's floats are an output of the model too.
    let seen = costs(&quantised().output("m"));
    assert_eq!(seen.fused.bytes_written, Some(6 + 40 + 10 + 40));
    // Another operator reads the floats.
    let read = costs(&quantised().node("Exp", "m", "e", &[]).output("e"));
    assert_eq!(read.fused.bytes_written, Some(6 + 40 + 10 + 40 + 40));
    // Weights that are only rearranged are still those that were dequantised.
    for (op, attribute) in [("Transpose", ("perm", [1, 0])), ("Reshape", ("shape", [3, 3]))] {
        let turned = Model::with("xq", DType::I8, &[2, 3])
            .weight("s", F32, &[])
            .weight("wq", DType::I8, &[3, 3])
            .node("DequantizeLinear", "xq s", "x", &[])
            .node("DequantizeLinear", "wq s", "w", &[])
            .node(op, "w", "t", &[(attribute.0, Attr::Ints(&attribute.1))])
            .node("MatMul", "x t", "y", &[])
            .output("y");
        assert_eq!(costs(&turned).fused.macs_by_dtype, [(DType::I8, 18)].into(), "{op}");
    }
    // Dequantised weights alone leave the product in floats.
    let weights = Model::with("x", F32, &[2, 3])
        .weight("s", F32, &[])
        .weight("wq", DType::I8, &[3, 5])
        .node("DequantizeLinear", "wq s", "w", &[])
        .node("MatMul", "x w", "y", &[]);
    assert_eq!(costs(&weights.output("y")).fused.macs_by_dtype, [(F32, 30)].into());
}

#[test]
fn activations_live_from_their_operator_to_their_last_reader() {
    // a is read again at the end, so it stays beside b, c and d; the view shares b's buffer.
    let model = Model::with("x", F32, &[1, 10])
        .weight("w", F32, &[10, 30])
        .node("Relu", "x", "a", &[])
        .node("MatMul", "a w", "b", &[])
        .node("Identity", "b", "view", &[])
        .node("Sigmoid", "view", "c", &[])
        .node("Tanh", "c", "d", &[])
        .node("Concat", "a d", "y", &[("axis", Attr::Int(1))])
        .output("y");
    let costs = costs(&model);
    let peak = costs.written.live.unwrap();
    // At c: a, b and c; at d: a, c and d; at y: a, d and y, which is the most.
    assert_eq!((peak.bytes, peak.node.as_str()), (4 * (10 + 30 + 40), "y"));
    assert_eq!(costs.weight_bytes, 4 * 300);
    // Without the reader at the end, a ends at b.
    let short = Model::with("x", F32, &[1, 10])
        .weight("w", F32, &[10, 30])
        .node("Relu", "x", "a", &[])
        .node("MatMul", "a w", "b", &[])
        .node("Identity", "b", "view", &[])
        .node("Sigmoid", "view", "c", &[])
        .output("c");
    let peak = self::costs(&short).written.live.unwrap();
    assert_eq!((peak.bytes, peak.node.as_str()), (4 * 60, "c"));
    // An output of the model stays to the end, an input to its last reader.
    let held = Model::with("x", F32, &[1, 10])
        .node("Relu", "x", "a", &[])
        .node("Sigmoid", "a", "b", &[])
        .node("Tanh", "b", "c", &[])
        .output("a")
        .output("c");
    let peak = self::costs(&held).written.live.unwrap();
    assert_eq!((peak.bytes, peak.node.as_str()), (4 * 30, "c"));
}

#[test]
fn what_is_not_known_leaves_the_totals_out_and_is_named() {
    let strange = |declared: bool| {
        let model = Model::with("x", F32, &[2, 3]).weight("w", F32, &[3, 5]);
        let model = if declared {
            model.declare("h", DType::F16, &[2, 3])
        } else {
            model
        };
        let model = model.node("local.Strange", "x", "h", &[]);
        costs(&model.node("MatMul", "h w", "y", &[]).output("y"))
    };
    let known = strange(true);
    assert_eq!(known.uncounted, ["local.Strange"]);
    assert_eq!((known.macs, known.counted_macs()), (None, 30));
    // The type comes from the declaration.
    assert_eq!(known.written.macs_by_dtype, [(DType::F16, 30)].into());
    assert_eq!(known.operators[1].bytes_read, Some(12 + 60));
    assert_eq!((known.written.bytes_moved(), known.written.live), (None, None));
    assert!(known.bytes_unknown.unwrap().contains("local.Strange `h`"));
    assert!(known.live_unknown.unwrap().contains("local.Strange `h`"));
    let unknown = strange(false);
    assert_eq!(unknown.uncounted, ["MatMul", "local.Strange"]);
    assert_eq!(unknown.operators[1].output_shapes, [None]);
    // An input whose type is not said: its product counts as of unknown type, and its bytes do not.
    let untyped = Model::with("x", DType::Undefined, &[2, 3]).weight("w", F32, &[3, 5]);
    let untyped = costs(&untyped.node("MatMul", "x w", "y", &[]).output("y"));
    assert_eq!(untyped.macs, Some(30));
    assert_eq!(untyped.written.macs_by_dtype, [(DType::Undefined, 30)].into());
    assert!(untyped.bytes_unknown.unwrap().contains("bytes of `x` are unknown"));
}
