//! ONNX Runtime's profile, as anything.

#![no_main]

use edgebench_ort::trace::read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    if let Ok(trace) = read(file) {
        let calls = trace.operators.iter().flat_map(|operator| &operator.calls);
        assert!(calls.clone().all(|call| call.run < trace.runs));
        // Whatever is told can be added up.
        let total: u64 = calls.map(|call| call.duration_ns.0).sum();
        assert!(trace.runs > 0 || total == 0);
    }
});
