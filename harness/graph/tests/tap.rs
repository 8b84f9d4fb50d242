//! Tapped copies: what stays, what goes, and files from strangers.

mod onnx;
mod wire;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use edgebench_graph::{DType, Graph, GraphError, InnerTensor, Keep, decode, inner_tensors, tap};
use onnx::Model;
use proptest::prelude::*;
use wire::field;

const FIXTURES: [&[u8]; 4] = [
    include_bytes!("fixtures/cnn.onnx"),
    include_bytes!("fixtures/qdq.onnx"),
    include_bytes!("fixtures/nbits.onnx"),
    include_bytes!("fixtures/unknown.onnx"),
];

fn graph(bytes: &[u8]) -> Graph {
    decode(Bytes::copy_from_slice(bytes), Path::new("no such folder")).expect("a model that reads")
}

fn names(tensors: &[InnerTensor]) -> Vec<&str> {
    tensors.iter().map(|tensor| tensor.name.as_str()).collect()
}

fn outputs(graph: &Graph) -> Vec<(&str, DType)> {
    let outputs = graph.outputs.iter();
    outputs.map(|output| (output.name.as_str(), output.dtype)).collect()
}

fn unknown(name: &str) -> InnerTensor {
    InnerTensor {
        name: name.to_owned(),
        node: String::new(),
        op: String::new(),
        dtype: DType::Undefined,
    }
}

/// x → a → y, and b beside it; c is made of constants alone.
fn branched() -> Model {
    Model::with("x", DType::F32, &[1, 4])
        .weight("w", DType::F32, &[1, 4])
        .node("Add", "x w", "a", &[])
        .node("Shape", "x", "b", &[])
        .node("Neg", "w", "c", &[])
        .node("Mul", "a c", "y", &[])
        .output("y")
}

#[test]
fn tensors_are_listed_in_the_files_order_without_constants() {
    let graph = branched().read();
    let tensors = inner_tensors(&graph);
    let found: Vec<_> = tensors
        .iter()
        .map(|t| (t.name.as_str(), t.op.as_str(), t.dtype))
        .collect();
    assert_eq!(
        found,
        [
            ("a", "Add", DType::F32),
            ("b", "Shape", DType::I64),
            ("y", "Mul", DType::F32)
        ]
    );
}

#[test]
fn a_value_that_only_a_subgraph_reads_is_read() {
    let inner = Model::default().node("Neg", "a", "n", &[]).output("n").into_bytes();
    let branch = |name: &str| field(5, &[field(1, name.as_bytes()), field(6, &inner)].concat());
    let cond = [
        field(1, b"k"),
        field(2, b"z"),
        field(4, b"If"),
        branch("then_branch"),
        branch("else_branch"),
    ];
    let model = Model::with("x", DType::F32, &[1])
        .weight("k", DType::Bool, &[])
        .node("Abs", "x", "a", &[])
        .node("Exp", "x", "b", &[])
        .into_bytes();
    let file = field(7, &[model, field(1, &cond.concat())].concat());
    let tensors = inner_tensors(&graph(&file));
    assert_eq!(names(&tensors), ["a", "b", "z"]);
    let copy = tap(&file, &[&tensors[2]], Keep::Ancestors).unwrap();
    assert_eq!(names(&inner_tensors(&graph(&copy))), ["a", "z"]);
}

#[test]
fn a_whole_copy_is_the_file_with_outputs_behind_its_own() {
    let file = field(7, &branched().into_bytes());
    let tensors = inner_tensors(&graph(&file));
    let copy = tap(&file, &tensors.iter().collect::<Vec<_>>(), Keep::Whole).unwrap();
    // Type 1 is a float, type 7 a 64-bit integer; the model's own output is not declared twice.
    let declared = |name: &[u8], kind| field(12, &[field(1, name), field(2, &field(1, &[8, kind]))].concat());
    let expected = [branched().into_bytes(), declared(b"a", 1), declared(b"b", 7)].concat();
    assert_eq!(copy, field(7, &expected));
}

#[test]
fn fields_that_nobody_knows_stay_and_a_graph_in_parts_is_one() {
    let parts = [
        Model::with("x", DType::F32, &[1])
            .node("Abs", "x", "a", &[])
            .into_bytes(),
        Model::default().node("Exp", "a", "y", &[]).output("y").into_bytes(),
    ];
    let odd = [
        field(900, b"model"),
        vec![0xa5, 0x06, 1, 2, 3, 4],
        vec![0x78, 0x81, 0x01],
    ]
    .concat();
    let file = [
        odd.clone(),
        field(7, &parts[0]),
        field(7, &[parts[1].as_slice(), &field(901, b"graph")].concat()),
    ];
    let tensors = inner_tensors(&graph(&file.concat()));
    assert_eq!(names(&tensors), ["a", "y"]);
    let copy = tap(&file.concat(), &[&unknown("a")], Keep::Ancestors).unwrap();
    let expected = [
        odd,
        field(7, &parts[0]),
        field(7, &[field(901, b"graph"), field(12, &field(1, b"a"))].concat()),
    ];
    assert_eq!(copy, expected.concat());
}

#[test]
fn only_what_a_tensor_needs_is_kept() {
    let file = field(7, &branched().into_bytes());
    let tensors = inner_tensors(&graph(&file));
    let copy = graph(&tap(&file, &[&tensors[0]], Keep::Ancestors).unwrap());
    assert_eq!(outputs(&copy), [("a", DType::F32)]);
    assert_eq!(copy.operators.keys().collect::<Vec<_>>(), ["Add"]);
    let both = graph(&tap(&file, &[&tensors[2], &tensors[1]], Keep::Ancestors).unwrap());
    assert_eq!(outputs(&both), [("y", DType::F32), ("b", DType::I64)]);
    assert_eq!(
        both.operators.keys().collect::<Vec<_>>(),
        ["Add", "Mul", "Neg", "Shape"]
    );
}

#[test]
fn what_no_operator_writes_is_refused() {
    let file = field(7, &branched().into_bytes());
    for name in ["x", "w", "", "no\nsuch"] {
        let error = tap(&file, &[&unknown(name)], Keep::Ancestors).unwrap_err();
        assert!(matches!(error, GraphError::NotWritten { .. }), "{error}");
        assert!(!error.to_string().contains('\n') && !error.hint().is_empty());
    }
    assert!(matches!(
        tap(&field(1, b""), &[&unknown("a")], Keep::Whole),
        Err(GraphError::Malformed { .. } | GraphError::NoGraph)
    ));
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn each_tensor_of_the_starter_models_can_be_the_end_of_one() {
    let mut files = vec![repository().join("harness/cli/tests/fixtures/gemm-qdq.onnx")];
    for task in ["fashion", "watch"] {
        let folder = repository().join("suites/starter").join(task).join("models");
        files.extend(std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    }
    assert!(files.len() >= 10);
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        let whole = graph(&bytes);
        let tensors = inner_tensors(&whole);
        assert!(tensors.len() >= 4 && tensors.iter().all(|tensor| tensor.dtype != DType::Undefined));
        for (place, tensor) in tensors.iter().enumerate() {
            let copy = graph(&tap(&bytes, &[tensor], Keep::Ancestors).unwrap());
            assert_eq!(outputs(&copy), [(tensor.name.as_str(), tensor.dtype)]);
            assert_eq!(copy.parameters, whole.parameters, "weights stay");
            let left = inner_tensors(&copy);
            let writer = left.last().map(|last| &last.node);
            assert_eq!(writer, Some(&tensor.node), "{} of {}", tensor.name, file.display());
            assert!(left.contains(tensor) && tensors[..=place].iter().any(|t| t == &left[0]));
        }
    }
}

#[test]
fn quantised_tensors_have_their_types() {
    let file = std::fs::read(repository().join("harness/cli/tests/fixtures/gemm-qdq.onnx")).unwrap();
    let tensors = inner_tensors(&graph(&file));
    let found: Vec<_> = tensors.iter().map(|t| (t.name.as_str(), t.dtype)).collect();
    assert_eq!(
        found[..3],
        [
            ("x_QuantizeLinear_Output", DType::U8),
            ("x_DequantizeLinear_Output", DType::F32),
            ("b", DType::F32)
        ]
    );
    assert_eq!(found.len(), 11, "weights that are dequantised are constants");
}

/// Taps whatever the bytes seem to hold. A copy that is made reads as well as the file did.
fn tame(bytes: &[u8]) {
    let whole = decode(Bytes::copy_from_slice(bytes), Path::new("no such folder"));
    let tensors = whole.as_ref().map(inner_tensors).unwrap_or_default();
    let guess = unknown("y");
    let taps: Vec<&InnerTensor> = if tensors.is_empty() {
        vec![&guess]
    } else {
        tensors.iter().collect()
    };
    for keep in [Keep::Whole, Keep::Ancestors] {
        for taps in [taps.as_slice(), &taps[taps.len() / 2..][..1]] {
            match (tap(bytes, taps, keep), &whole) {
                (Ok(copy), Ok(_)) => {
                    let copy = decode(Bytes::from(copy), Path::new("no such folder")).expect("a copy that reads");
                    assert!(
                        taps.iter()
                            .all(|tap| copy.outputs.iter().any(|output| output.name == tap.name))
                    );
                }
                // Nothing to tap is a file like any other, and the guess is in none.
                (Err(GraphError::NotWritten { .. }), Ok(_)) if tensors.is_empty() => {}
                (Err(error), Ok(_)) => panic!("{error}"),
                _ => {}
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        tame(&bytes);
        tame(&field(7, &bytes));
        tame(&field(7, &field(1, &bytes)));
    }

    #[test]
    fn overwritten_files(
        which in 0..FIXTURES.len(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = FIXTURES[which].to_vec();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        tame(&bytes);
    }
}

#[test]
fn truncated_files() {
    for file in FIXTURES {
        for end in (0..file.len()).step_by(7) {
            tame(&file[..end]);
        }
    }
}
