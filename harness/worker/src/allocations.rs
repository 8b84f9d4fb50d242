//! What the program's own allocator is asked for while someone counts.
//!
//! A program that wants the count declares [`CountingAllocator`] as its global allocator. Only Rust code allocates
//! through it: a runtime in another language calls the system's allocator itself, and its allocations are not seen.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

/// The system's allocator, which counts while it is asked to, over all threads of the process. While it is not, a call
/// costs one relaxed load more than the system's own.
#[derive(Debug, Clone, Copy, Default)]
pub struct CountingAllocator;

static COUNTING: AtomicBool = AtomicBool::new(false);
static COUNT: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
/// In use beyond what was in use when counting began: negative where more is freed than was allocated since.
static IN_USE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

fn taken(asked: usize, more_in_use: i64) {
    COUNT.fetch_add(1, Ordering::Relaxed);
    BYTES.fetch_add(asked as u64, Ordering::Relaxed);
    let in_use = IN_USE.fetch_add(more_in_use, Ordering::Relaxed) + more_in_use;
    PEAK.fetch_max(in_use, Ordering::Relaxed);
}

fn counting() -> bool {
    COUNTING.load(Ordering::Relaxed)
}

// SAFETY: every call goes on to the system's allocator as it came, and its answer comes back as it is; the counters
// are atomic numbers, which allocate nothing.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract is the system allocator's.
        let pointer = unsafe { System.alloc(layout) };
        if counting() && !pointer.is_null() {
            taken(layout.size(), layout.size() as i64);
        }
        pointer
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract is the system allocator's.
        let pointer = unsafe { System.alloc_zeroed(layout) };
        if counting() && !pointer.is_null() {
            taken(layout.size(), layout.size() as i64);
        }
        pointer
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if counting() {
            IN_USE.fetch_sub(layout.size() as i64, Ordering::Relaxed);
        }
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's contract is the system allocator's.
        let moved = unsafe { System.realloc(pointer, layout, size) };
        if counting() && !moved.is_null() {
            taken(size, size as i64 - layout.size() as i64);
        }
        moved
    }
}

/// What was asked for while it was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// Allocations. One that was given another size counts as one more.
    pub count: u64,
    /// Bytes asked for in all of them; of one that was given another size all its new bytes.
    pub bytes: u64,
    /// The most that was in use at once beyond what was in use at the beginning.
    pub peak_bytes: u64,
}

/// Ends the counting, whatever way the work ends.
struct Stop;

impl Drop for Stop {
    fn drop(&mut self) {
        COUNTING.store(false, Ordering::SeqCst);
    }
}

/// Counts what all threads of the process ask for while `work` is done. Beside what the work gave stands the count, or
/// nothing where this program's allocator is another one. One count at a time: a second at once would add to the first.
pub fn count_allocations<T>(work: impl FnOnce() -> T) -> (T, Option<Counted>) {
    let declared = counted(|| drop(black_box(Box::new(0u64)))).1.count > 0;
    let (done, counted) = counted(work);
    (done, declared.then_some(counted))
}

fn counted<T>(work: impl FnOnce() -> T) -> (T, Counted) {
    for counter in [&COUNT, &BYTES] {
        counter.store(0, Ordering::SeqCst);
    }
    for counter in [&IN_USE, &PEAK] {
        counter.store(0, Ordering::SeqCst);
    }
    let done = {
        let _stop = Stop;
        COUNTING.store(true, Ordering::SeqCst);
        work()
    };
    let counted = Counted {
        count: COUNT.load(Ordering::SeqCst),
        bytes: BYTES.load(Ordering::SeqCst),
        peak_bytes: u64::try_from(PEAK.load(Ordering::SeqCst)).unwrap_or(0),
    };
    (done, counted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_allocator_gives_no_count() {
        // The tests of this crate run on the system's allocator.
        let (sum, counted) = count_allocations(|| vec![1u8; 1000].iter().map(|&one| u64::from(one)).sum::<u64>());
        assert_eq!((sum, counted), (1000, None));
    }
}
