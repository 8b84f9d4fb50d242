//! What is allocated is counted, over all threads, and only while someone counts.
//!
//! It has no test harness, whose own thread would allocate beside it: the count is the process's.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use std::hint::black_box;
use std::panic::catch_unwind;

use edgebench_worker::{Counted, CountingAllocator, count_allocations};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const MIB: usize = 1 << 20;

fn main() {
    let ((), nothing) = count_allocations(|| ());
    assert_eq!(nothing, Some(Counted::default()));

    let kept = black_box(vec![1u8; MIB]);
    let ((), counted) = count_allocations(|| {
        for _ in 0..10 {
            drop(black_box(vec![1u8; MIB]));
        }
        drop(black_box(vec![0u8; 3 * MIB]));
    });
    let counted = counted.unwrap();
    assert_eq!(counted.count, 11);
    assert_eq!(counted.bytes, 13 * MIB as u64);
    assert_eq!(counted.peak_bytes, 3 * MIB as u64, "one at a time");

    let ((), counted) = count_allocations(|| {
        let mut grown: Vec<u8> = black_box(Vec::with_capacity(MIB));
        grown.reserve_exact(4 * MIB);
        drop(black_box(grown));
    });
    let counted = counted.unwrap();
    assert_eq!((counted.count, counted.bytes), (2, 5 * MIB as u64));
    assert_eq!(counted.peak_bytes, 4 * MIB as u64);

    // What was there before is freed: that is no use beyond the beginning.
    let ((), counted) = count_allocations(|| drop(kept));
    assert_eq!(counted, Some(Counted::default()));

    let ((), counted) = count_allocations(|| {
        std::thread::scope(|scope| {
            let blocks = [scope.spawn(|| vec![1u8; 2 * MIB]), scope.spawn(|| vec![1u8; 2 * MIB])];
            let blocks: Vec<_> = blocks.into_iter().map(|block| block.join().unwrap()).collect();
            drop(black_box(blocks));
        });
    });
    let counted = counted.unwrap();
    assert!((4 * MIB as u64..5 * MIB as u64).contains(&counted.bytes), "{counted:?}");
    assert!(counted.peak_bytes >= 4 * MIB as u64, "{counted:?}");

    // A panic ends the counting too.
    let panicked = catch_unwind(|| count_allocations(|| panic!("on purpose")));
    assert!(panicked.is_err());
    let ((), counted) = count_allocations(|| ());
    assert_eq!(counted, Some(Counted::default()));
}
