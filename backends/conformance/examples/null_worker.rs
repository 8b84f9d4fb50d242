//! A worker that has only the null backend. The tests run it; it is also the shortest worker there is.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: edgebench_worker::CountingAllocator = edgebench_worker::CountingAllocator;

fn main() -> ExitCode {
    edgebench_worker::serve(&[&edgebench_null::BACKEND], "null-worker", env!("CARGO_PKG_VERSION"))
}
