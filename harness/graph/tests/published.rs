//! Networks whose parameters and multiply-accumulates are published. The graphs are written as the frameworks export
//! them, with batch normalisation as operators of its own or folded into the convolutions.

mod onnx;
mod wire;

use std::collections::BTreeMap;

use edgebench_graph::{Costs, DType, Graph};
use onnx::{Attr, Model};

/// A network of one input that grows layer by layer. Values are numbered.
struct Network {
    model: Model,
    /// The last value, and its channels.
    last: (String, u64),
    layers: usize,
    folded: bool,
}

impl Network {
    fn new(dims: &[u64], folded: bool) -> Self {
        Self {
            model: Model::with("x", DType::F32, dims),
            last: ("x".to_owned(), dims[1]),
            layers: 0,
            folded,
        }
    }

    fn grow(mut self, op: &str, operands: &str, channels: u64, attributes: &[(&str, Attr<'_>)]) -> Self {
        self.layers += 1;
        let output = format!("v{}", self.layers);
        let inputs = format!("{} {operands}", self.last.0);
        self.model = self.model.node(op, &inputs, &output, attributes);
        self.last = (output, channels);
        self
    }

    fn weight(mut self, name: &str, dims: &[u64]) -> Self {
        let name = format!("{name}{}", self.layers);
        self.model = self.model.weight(&name, DType::F32, dims);
        self
    }

    /// A convolution with `SAME` padding; with a bias where it is asked for or batch normalisation is folded into it.
    fn conv(self, out: u64, kernel: [u64; 2], stride: i64, group: u64, bias: bool) -> Self {
        let (layer, channels) = (self.layers, self.last.1);
        let operands = if bias {
            format!("w{layer} b{layer}")
        } else {
            format!("w{layer}")
        };
        let network = self.weight("w", &[out, channels / group, kernel[0], kernel[1]]);
        let network = if bias { network.weight("b", &[out]) } else { network };
        network.grow(
            "Conv",
            &operands,
            out,
            &[
                ("auto_pad", Attr::Text("SAME_UPPER")),
                ("strides", Attr::Ints(&[stride, stride])),
                ("group", Attr::Int(group as i64)),
            ],
        )
    }

    fn norm(self) -> Self {
        if self.folded {
            return self;
        }
        let (layer, channels) = (self.layers, self.last.1);
        let mut network = self;
        for name in ["gamma", "beta", "mean", "variance"] {
            network = network.weight(name, &[channels]);
        }
        let operands = format!("gamma{layer} beta{layer} mean{layer} variance{layer}");
        network.grow("BatchNormalization", &operands, channels, &[])
    }

    fn relu(self) -> Self {
        let channels = self.last.1;
        self.grow("Relu", "", channels, &[])
    }

    fn add(self, other: &str) -> Self {
        let channels = self.last.1;
        self.grow("Add", other, channels, &[])
    }

    fn dense(self, out: u64) -> Self {
        let (layer, channels) = (self.layers, self.last.1);
        self.weight("w", &[out, channels]).weight("b", &[out]).grow(
            "Gemm",
            &format!("w{layer} b{layer}"),
            out,
            &[("transB", Attr::Int(1))],
        )
    }

    fn pool(self) -> Self {
        let channels = self.last.1;
        let pooled = self.grow("GlobalAveragePool", "", channels, &[]);
        pooled.grow("Flatten", "", channels, &[])
    }

    fn read(self) -> (Graph, Costs) {
        let graph = self.model.output(&self.last.0).read();
        let costs = graph.costs(&BTreeMap::new());
        assert_eq!(costs.macs_unknown, None);
        assert_eq!((&costs.bytes_unknown, &costs.live_unknown), (&None, &None));
        (graph, costs)
    }
}

/// ResNet-8 of `MLPerf` Tiny, image classification: three stacks of two 3×3 convolutions, each with a bias.
fn resnet8(folded: bool) -> (Graph, Costs) {
    let mut network = Network::new(&[1, 3, 32, 32], folded)
        .conv(16, [3, 3], 1, 1, true)
        .norm()
        .relu();
    for (stack, channels) in [16, 32, 64].into_iter().enumerate() {
        let stride = if stack == 0 { 1 } else { 2 };
        let block = network.last.clone();
        network = network.conv(channels, [3, 3], stride, 1, true).norm().relu();
        network = network.conv(channels, [3, 3], 1, 1, true).norm();
        let main = network.last.0.clone();
        let skip = if stack == 0 {
            block.0
        } else {
            network.last = block;
            network = network.conv(channels, [1, 1], 2, 1, true);
            network.last.0.clone()
        };
        network.last = (main, channels);
        network = network.add(&skip).relu();
    }
    network.pool().dense(10).read()
}

#[test]
fn resnet8_of_mlperf_tiny() {
    let (plain, costs) = resnet8(false);
    assert_eq!(plain.parameters, 78_666);
    let (folded, folded_costs) = resnet8(true);
    assert_eq!(folded.parameters, 77_706);
    // Out channels × in channels × kernel × output positions, layer by layer.
    let macs = 16 * 27 * 32 * 32
        + 2 * 16 * 144 * 32 * 32
        + (32 * 144 + 32 * 288 + 32 * 16) * 16 * 16
        + (64 * 288 + 64 * 576 + 64 * 32) * 8 * 8
        + 64 * 10;
    assert_eq!(macs, 12_501_632);
    assert_eq!((costs.macs, folded_costs.macs), (Some(macs), Some(macs)));
    assert_eq!(folded_costs.written.macs_by_dtype, [(DType::F32, macs)].into());
    assert_eq!(folded_costs.weight_bytes, 4 * 77_706);
    assert_eq!(folded_costs.fused, folded_costs.written);
    // Three of the first stack's maps of 16 × 32 × 32: the skip, an operand and a result.
    let live = folded_costs.written.live.unwrap();
    assert_eq!((live.bytes, live.node.as_str()), (3 * 4 * 16 * 32 * 32, "v4"));
}

#[test]
fn the_other_networks_of_mlperf_tiny() {
    // Keyword spotting: a 10 × 4 convolution and four depthwise-separable ones on 25 × 5 positions.
    let mut network = Network::new(&[1, 1, 49, 10], false)
        .conv(64, [10, 4], 2, 1, true)
        .norm()
        .relu();
    for _ in 0..4 {
        network = network.conv(64, [3, 3], 1, 64, true).norm().relu();
        network = network.conv(64, [1, 1], 1, 1, true).norm().relu();
    }
    let (graph, costs) = network.pool().dense(12).read();
    assert_eq!(graph.parameters, 24_908);
    assert_eq!(costs.macs, Some(25 * 5 * 64 * (40 + 4 * (9 + 64)) + 64 * 12));

    // Visual wake words: MobileNetV1 with a quarter of the channels on 96 × 96 pixels.
    let mut network = Network::new(&[1, 3, 96, 96], false)
        .conv(8, [3, 3], 2, 1, true)
        .norm()
        .relu();
    let mut macs = 48 * 48 * 8 * 27;
    let mut side = 48;
    let blocks = [
        (16, 1),
        (32, 2),
        (32, 1),
        (64, 2),
        (64, 1),
        (128, 2),
        (128, 1),
        (128, 1),
        (128, 1),
        (128, 1),
        (128, 1),
        (256, 2),
        (256, 1),
    ];
    for (out, stride) in blocks {
        let channels = network.last.1;
        side /= stride;
        macs += side * side * channels * (9 + out);
        network = network
            .conv(channels, [3, 3], stride as i64, channels, true)
            .norm()
            .relu();
        network = network.conv(out, [1, 1], 1, 1, true).norm().relu();
    }
    let (graph, costs) = network.pool().dense(2).read();
    assert_eq!(graph.parameters, 221_794);
    assert_eq!(costs.macs, Some(macs + 256 * 2));

    // Anomaly detection: an autoencoder of ten dense layers.
    let mut network = Network::new(&[1, 640], false);
    for out in [128, 128, 128, 128, 8, 128, 128, 128, 128] {
        network = network.dense(out).norm().relu();
    }
    let (graph, costs) = network.dense(640).read();
    assert_eq!(graph.parameters, 269_992);
    assert_eq!(costs.macs, Some(2 * 640 * 128 + 6 * 128 * 128 + 2 * 128 * 8));
}

#[test]
fn mobilenet_v2() {
    let build = |folded: bool| {
        let mut network = Network::new(&[1, 3, 224, 224], folded);
        network = network.conv(32, [3, 3], 2, 1, folded).norm().relu();
        // Expansion, channels, repetitions and first stride of each stage, as in the paper's table 2.
        let stages = [
            (1, 16, 1, 1),
            (6, 24, 2, 2),
            (6, 32, 3, 2),
            (6, 64, 4, 2),
            (6, 96, 3, 1),
            (6, 160, 3, 2),
            (6, 320, 1, 1),
        ];
        let mut norms = 32;
        let (mut side, mut macs) = (112, 112 * 112 * 32 * 27);
        for (expansion, out, repetitions, first) in stages {
            for place in 0..repetitions {
                let stride = if place == 0 { first } else { 1 };
                let block = network.last.clone();
                let wide = block.1 * expansion;
                if expansion > 1 {
                    network = network.conv(wide, [1, 1], 1, 1, folded).norm().relu();
                    macs += side * side * block.1 * wide;
                    norms += wide;
                }
                side /= stride;
                network = network.conv(wide, [3, 3], stride as i64, wide, folded).norm().relu();
                network = network.conv(out, [1, 1], 1, 1, folded).norm();
                macs += side * side * wide * (9 + out);
                norms += wide + out;
                if stride == 1 && block.1 == out {
                    network = network.add(&block.0);
                }
            }
        }
        network = network.conv(1280, [1, 1], 1, 1, folded).norm().relu();
        macs += side * side * 320 * 1280 + 1280 * 1000;
        let (graph, costs) = network.pool().dense(1000).read();
        (graph, costs, macs, norms + 1280)
    };
    let (graph, costs, macs, norms) = build(false);
    assert_eq!((macs, norms), (300_774_272, 17_056));
    assert_eq!(costs.macs, Some(macs));
    // What is learnt, and the means and variances beside it.
    assert_eq!(graph.parameters, 3_504_872 + 2 * norms);
    let (folded, folded_costs, _, _) = build(true);
    assert_eq!(folded.parameters, 3_504_872 - norms);
    assert_eq!(folded_costs.macs, Some(macs));
}
