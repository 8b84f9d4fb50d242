//! The timed region allocates nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use edgebench_api::{Backend, LoadRequest, Settings, Tensor};
use edgebench_worker::{Bounds, Stop, time_samples};

/// Counts what is asked of the system's allocator.
struct Counting;

thread_local! {
    /// Of this thread alone: the test's own harness allocates in another one.
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    CALLS.with(|calls| calls.set(calls.get() + 1));
}

// SAFETY: every call goes on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count();
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn nothing_is_allocated_or_freed_while_timing() {
    let shapes = BTreeMap::from([("x".to_owned(), vec![1, 4])]);
    let settings = Settings::default();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let request = LoadRequest {
        model: &model,
        shapes: &shapes,
        settings: &settings,
    };
    let mut session = edgebench_null::BACKEND.load(&request).unwrap();
    let slots: Vec<_> = (0..3u8)
        .map(|k| {
            let input = Tensor::new("x", edgebench_api::DType::F32, [1, 4], &[f32::from(k); 4]).unwrap();
            session.prepare(&[input.view().unwrap()]).unwrap()
        })
        .collect();
    let bounds = Bounds {
        min_ns: 0,
        min_samples: 100_000,
        max_ns: u64::MAX,
        max_samples: 100_000,
    };
    let mut samples = Vec::with_capacity(bounds.max_samples);
    let mut next = 0;

    let before = CALLS.with(Cell::get);
    let result = time_samples(
        session.as_mut(),
        &slots,
        &mut next,
        Instant::now(),
        &bounds,
        &mut samples,
    );
    let during = CALLS.with(Cell::get) - before;

    assert_eq!(result.unwrap(), Stop::Bounds);
    assert_eq!(samples.len(), 100_000);
    // The slots rotated: 100,000 is one more than a multiple of three.
    assert_eq!(next, 1);
    assert_eq!(during, 0, "calls of the allocator");
    assert!(before > 0, "the counter counts");
}
