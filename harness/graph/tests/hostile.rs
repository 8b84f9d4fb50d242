//! Files from strangers: whatever the bytes are, the answer is a value or an error, and memory stays in proportion.

mod onnx;
mod wire;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use edgebench_graph::{DType, Dim, GraphError, decode};
use onnx::{Attr, Model};
use proptest::prelude::*;
use wire::{field, varint};

struct Counting;

thread_local! {
    static NOW: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

fn grow(size: usize) {
    let now = NOW.get().wrapping_add(size);
    NOW.set(now);
    // A thread that frees what another allocated wraps below zero: no peak.
    if now < usize::MAX / 2 {
        PEAK.set(PEAK.get().max(now));
    }
}

// SAFETY: every call is passed on to the system's allocator unchanged; the counters own no memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.set(NOW.get().wrapping_sub(layout.size()));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Decodes, and fails where the peak of memory is out of proportion to the input.
fn tame(bytes: &[u8]) -> Result<(), GraphError> {
    let input = Bytes::copy_from_slice(bytes);
    NOW.set(0);
    PEAK.set(0);
    let outcome = decode(input, Path::new("no such folder")).map(|graph| {
        graph.costs(&BTreeMap::new());
        let shapes = graph.inputs.iter().map(|input| {
            let dims = input
                .dims
                .iter()
                .map(|dim| if let Dim::Fixed(size) = dim { *size } else { 2 });
            (input.name.clone(), dims.collect())
        });
        graph.costs(&shapes.collect());
    });
    // An empty message takes two bytes of a file and at most some 140 of memory, in a list that doubles as it grows.
    let (peak, allowed) = (PEAK.get(), 256 * bytes.len() + (4 << 20));
    assert!(peak <= allowed, "{peak} bytes at the peak for {} of input", bytes.len());
    if let Err(error) = &outcome {
        assert!(!error.to_string().contains('\n') && !error.hint().is_empty());
    }
    outcome
}

const FIXTURES: [&[u8]; 5] = [
    include_bytes!("fixtures/cnn.onnx"),
    include_bytes!("fixtures/qdq.onnx"),
    include_bytes!("fixtures/nbits.onnx"),
    include_bytes!("fixtures/unknown.onnx"),
    include_bytes!("fixtures/external.onnx"),
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
        let _ = tame(&bytes);
        // The same inside a graph, where more of them mean something.
        let _ = tame(&field(7, &bytes));
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
        let _ = tame(&bytes);
    }

    #[test]
    fn repeated_messages(tag in 1..26_u32, inner in 1..26_u32, count in 0..200_000_usize) {
        let body = field(inner, &[]).repeat(count);
        let _ = tame(&field(7, &field(tag, &body)));
        let _ = tame(&field(7, &field(tag, &[]).repeat(count)));
    }
}

#[test]
fn truncated_files() {
    for file in FIXTURES {
        for end in 0..file.len() {
            let _ = tame(&file[..end]);
        }
    }
    assert!(matches!(
        tame(&FIXTURES[0][..FIXTURES[0].len() / 2]),
        Err(GraphError::Malformed { .. })
    ));
}

#[test]
fn empty_and_foreign_files_are_named_as_such() {
    assert!(matches!(tame(b""), Err(GraphError::NoGraph)));
    assert!(matches!(
        tame(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
        Err(GraphError::Malformed { .. })
    ));
}

#[test]
fn small_bytes_cannot_become_large_structures() {
    // Two bytes an initialiser.
    let bomb = field(7, &field(5, &[]).repeat(900_000));
    assert!(matches!(tame(&bomb), Err(GraphError::Limit { .. })));
    // A length that the file does not have.
    assert!(matches!(
        tame(&[0x3a, 0xff, 0xff, 0xff, 0xff, 0x07]),
        Err(GraphError::Malformed { .. })
    ));
}

#[test]
fn long_chains_of_small_operators_stay_in_proportion() {
    // Every node hands on 32 integers and 16 dims.
    let integers = [field(8, b"n0"), field(1, &[32]), vec![0x10, 7], field(9, &[1; 256])].concat();
    let mut graph = field(5, &integers);
    for place in 0..50_000 {
        let (from, to) = (format!("n{place}"), format!("n{}", place + 1));
        let node = [field(1, from.as_bytes()), field(2, to.as_bytes()), field(4, b"Cast")].concat();
        graph.extend(field(1, &node));
    }
    assert!(tame(&field(7, &graph)).is_ok());
}

#[test]
fn nesting_is_capped_without_recursing_far() {
    let nested = |depth: usize| {
        let mut graph = Vec::new();
        for _ in 1..depth {
            graph = field(1, &field(5, &field(6, &graph)));
        }
        field(7, &graph)
    };
    assert!(tame(&nested(32)).is_ok());
    assert!(matches!(
        tame(&nested(33)),
        Err(GraphError::Limit {
            what: "nested graphs",
            limit: 32
        })
    ));
    assert!(matches!(tame(&nested(5000)), Err(GraphError::Limit { .. })));
}

#[test]
fn counts_and_lengths_are_capped() {
    let limit = |bytes: &[u8]| match tame(bytes) {
        Err(GraphError::Limit { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    let name = field(7, &field(2, &vec![b'a'; (64 << 10) + 1]));
    assert_eq!(limit(&name), "bytes of a name");
    let tensor = |dims: &[u8]| field(7, &field(5, &[field(1, dims), vec![0x10, 1]].concat()));
    assert_eq!(limit(&tensor(&[1; 17])), "dimensions");
    assert_eq!(limit(&field(7, &field(5, &[0x08, 1].repeat(17)))), "dimensions");
    assert!(matches!(tame(&tensor(&[1; 16])), Err(GraphError::Tensor { .. })));
}

#[test]
fn tensors_that_contradict_themselves_are_refused() {
    let tensor = |parts: &[Vec<u8>]| field(7, &field(5, &parts.concat()));
    let reason = |bytes: &[u8]| match tame(bytes) {
        Err(GraphError::Tensor { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    let float = vec![0x10, 1];
    let huge = field(1, &[varint(1 << 62), varint(1 << 62)].concat());
    assert!(reason(&tensor(&[huge, float.clone()])).contains("overflows"));
    let negative = field(1, &varint(u64::MAX));
    assert!(reason(&tensor(&[negative, float.clone()])).contains("negative dim -1"));
    let exabyte = field(1, &varint(1 << 58));
    assert!(reason(&tensor(&[exabyte, float.clone(), field(9, &[0; 8])])).contains("it holds 8"));
    assert!(reason(&tensor(&[vec![0x10, 99], field(9, &[0])])).contains("type 99 is unknown"));
    assert!(reason(&tensor(&[float, field(9, &[0; 4]), field(4, &[0; 4])])).contains("twice"));
}

/// The reasons why a model's macs, bytes and live activations are unknown.
fn reasons(model: &Model) -> [String; 3] {
    let costs = model.read().costs(&BTreeMap::new());
    assert_eq!(costs.macs.is_none(), costs.macs_unknown.is_some());
    assert_eq!(costs.written.bytes_moved().is_none(), costs.bytes_unknown.is_some());
    assert_eq!(costs.written.live.is_none(), costs.live_unknown.is_some());
    [costs.macs_unknown, costs.bytes_unknown, costs.live_unknown].map(Option::unwrap_or_default)
}

#[test]
fn graphs_that_contradict_themselves_have_no_totals() {
    let x = || Model::with("x", DType::F32, &[2]);
    // A cycle, a value that nothing gives, a name that is given twice, and one that shadows a weight.
    let cycle = x().node("Add", "x b", "a", &[]).node("Relu", "a", "b", &[]).output("b");
    assert!(reasons(&cycle)[2].contains("`b` is read before anything gives it"));
    assert!(reasons(&cycle)[1].contains("bytes of `b` are unknown"));
    let missing = x().node("Relu", "x", "y", &[]).output("y").output("gone");
    assert!(reasons(&missing)[2].contains("`gone` is read before anything gives it"));
    let twice = x().node("Relu", "x", "y", &[]).node("Exp", "x", "y", &[]).output("y");
    assert!(reasons(&twice)[2].contains("`y` is given twice"));
    let shadow = x()
        .weight("w", DType::F32, &[2])
        .node("Relu", "x", "w", &[])
        .output("w");
    assert!(reasons(&shadow)[2].contains("`w` is given twice"));
    let itself = x().input("x", DType::F32, &[2]).output("x");
    assert!(reasons(&itself)[2].contains("`x` is given twice"));
    assert_eq!(
        x().output("x")
            .read()
            .costs(&BTreeMap::new())
            .written
            .live
            .unwrap()
            .bytes,
        8
    );
}

#[test]
fn huge_dims_overflow_into_reasons() {
    let huge = |dims: &[u64]| Model::with("x", DType::F32, dims).input("w", DType::F32, dims);
    let product = huge(&[1 << 32, 1 << 32]).node("MatMul", "x w", "y", &[]).output("y");
    let [macs, bytes, live] = reasons(&product);
    assert!(macs.contains("its count overflows"), "{macs}");
    assert!(
        bytes.contains("too large") && live.contains("too large"),
        "{bytes} {live}"
    );
    // Each fits, the sum of many does not.
    let mut many = Model::with("x", DType::F32, &[1 << 61]);
    for place in 0..40 {
        many = many
            .node("Relu", "x", &format!("y{place}"), &[])
            .output(&format!("y{place}"));
    }
    let [_, bytes, live] = reasons(&many);
    assert!(
        bytes.contains("overflows") && live.contains("overflows"),
        "{bytes} {live}"
    );
}

#[test]
fn long_graphs_are_walked_in_linear_time() {
    let time = |nodes: usize| {
        // Every node reads the first value too, and all are outputs.
        let mut graph = Model::with("x", DType::F32, &[1, 8])
            .node("Relu", "x", "v0", &[])
            .into_bytes();
        for place in 1..nodes {
            let (from, to) = (format!("v{}", place - 1), format!("v{place}"));
            let inputs = [field(1, from.as_bytes()), field(1, b"v0")].concat();
            let node = [inputs, field(2, to.as_bytes()), field(4, b"Add")].concat();
            graph.extend(field(1, &node));
            graph.extend(field(12, &field(1, to.as_bytes())));
            graph.extend(field(11, &field(1, format!("i{place}").as_bytes())));
        }
        let graph = decode(Bytes::from(field(7, &graph)), Path::new("no such folder")).unwrap();
        let shapes = graph.inputs.iter().map(|input| (input.name.clone(), vec![1, 8]));
        let shapes: BTreeMap<_, _> = shapes.collect();
        let costs = processor_time(|| graph.costs(&shapes));
        assert_eq!(costs.0.operators.len(), nodes);
        costs.1
    };
    // Quadratic time would take minutes for the inputs alone.
    let taken = time(100_000);
    assert!(taken.as_secs() < 20, "{taken:?}");
}

#[test]
fn long_lists_are_read_in_linear_time() {
    let axes: Vec<i64> = (0..200_000).collect();
    for op in [
        "Squeeze",
        "Unsqueeze",
        "ReduceSum",
        "Transpose",
        "Slice",
        "Pad",
        "Reshape",
        "Split",
    ] {
        let lists = ["axes", "perm", "starts", "ends", "pads", "shape", "split"].map(|name| (name, Attr::Ints(&axes)));
        let model = Model::with("x", DType::F32, &[1, 8])
            .node(op, "x", "y", &lists)
            .output("y");
        let graph = model.read();
        let (_, taken) = processor_time(|| graph.costs(&BTreeMap::new()));
        assert!(taken.as_secs() < 5, "{op}: {taken:?}");
    }
}

/// Does something and says what processor time this thread took for it, whatever else the machine does meanwhile. Where
/// the system does not tell, the time that passed.
fn processor_time<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let spent = || {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
    };
    let (begin, before) = (Instant::now(), spent());
    let done = work();
    let taken = spent().zip(before).map(|(after, before)| after.saturating_sub(before));
    (done, taken.unwrap_or_else(|| begin.elapsed()))
}
