//! Files from strangers: whatever the bytes are, the answer is a value or an error, and memory stays in proportion.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use edgebench_graph::{Dim, GraphError, decode};
use proptest::prelude::*;

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
        graph.macs(&BTreeMap::new());
        let shapes = graph.inputs.iter().map(|input| {
            let dims = input
                .dims
                .iter()
                .map(|dim| if let Dim::Fixed(size) = dim { *size } else { 2 });
            (input.name.clone(), dims.collect())
        });
        graph.macs(&shapes.collect());
    });
    // An empty message takes two bytes of a file and at most some 140 of memory, in a list that doubles as it grows.
    let (peak, allowed) = (PEAK.get(), 256 * bytes.len() + (4 << 20));
    assert!(peak <= allowed, "{peak} bytes at the peak for {} of input", bytes.len());
    if let Err(error) = &outcome {
        assert!(!error.to_string().contains('\n') && !error.hint().is_empty());
    }
    outcome
}

fn field(tag: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = varint(u64::from(tag << 3 | 2));
    bytes.extend(varint(body.len() as u64));
    bytes.extend(body);
    bytes
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
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
