//! Profiles as ONNX Runtime wrote them, and as it never would.
//!
//! The fixtures are profiles of two inferences each, at one thread, by the ONNX Runtime that their names tell: of the
//! starter suite's `watch/int8-static`, and of a model whose `Loop` runs its body three times. In the latter two nodes
//! are named `twice`, one of them in the body. Process and thread ids are made 1.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Write as _;

use edgebench_api::{Nanos, OperatorCall, ProfiledOperator};
use edgebench_ort::trace::{MAX_EVENT_BYTES, MAX_OPERATORS, MAX_VALUES, Trace, TraceError, read};
use proptest::prelude::*;

struct Counting;

thread_local! {
    static NOW: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator unchanged; the counters own no memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.get().wrapping_add(layout.size());
        NOW.set(now);
        // A thread that frees what another allocated wraps below zero: no peak.
        if now < usize::MAX / 2 {
            PEAK.set(PEAK.get().max(now));
        }
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

const QDQ: [&str; 2] = [
    include_str!("fixtures/onnxruntime-1.30.0-qdq.json"),
    include_str!("fixtures/onnxruntime-1.31.1-qdq.json"),
];

const LOOP: [&str; 2] = [
    include_str!("fixtures/onnxruntime-1.30.0-loop.json"),
    include_str!("fixtures/onnxruntime-1.31.1-loop.json"),
];

/// Reads, and fails where what is told cannot be true or the peak of memory is out of proportion to the file.
fn tame(file: &[u8]) -> Result<Trace, TraceError> {
    NOW.set(0);
    PEAK.set(0);
    let read = read(file);
    // A value takes three bytes of a file and at most some 100 of memory, in a list that doubles as it grows.
    let (peak, allowed) = (PEAK.get(), 64 * file.len() + (1 << 20));
    assert!(peak <= allowed, "{peak} bytes at the peak for {} of input", file.len());
    match &read {
        Ok(trace) => {
            let mut names: Vec<&str> = trace.operators.iter().map(|operator| operator.name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), trace.operators.len());
            for call in trace.operators.iter().flat_map(|operator| &operator.calls) {
                assert!(call.run < trace.runs);
            }
            assert!(trace.operators.iter().all(|operator| !operator.calls.is_empty()));
        }
        Err(error) => assert!(!error.to_string().contains('\n')),
    }
    read
}

fn shapes(operator: &ProfiledOperator) -> (String, String) {
    let told = |values: &[edgebench_api::ProfiledValue]| {
        let told = values
            .iter()
            .map(|value| format!("{}{:?}", value.dtype.as_deref().unwrap(), value.shape.as_ref().unwrap()));
        told.collect::<Vec<_>>().join(" ")
    };
    (told(&operator.inputs), told(&operator.outputs))
}

/// An event of a call, `name`, `ts` and `dur` in JSON.
fn call(name: &str, ts: &str, dur: &str) -> String {
    format!(
        r#"{{"cat":"Node","ts":{ts},"dur":{dur},"name":"{name}_kernel_time","args":{{"op_name":"Relu","node_index":"0"}}}}"#
    )
}

fn run(ts: u64, dur: u64) -> String {
    format!(r#"{{"cat":"Session","ts":{ts},"dur":{dur},"name":"model_run","args":{{}}}}"#)
}

fn array(events: &[String]) -> String {
    format!("[{}]", events.join(","))
}

#[test]
fn a_quantised_model_is_read() {
    for file in QDQ {
        let trace = tame(file.as_bytes()).unwrap();
        assert_eq!(trace.runs, 2);
        let told: Vec<(&str, &str)> = trace
            .operators
            .iter()
            .map(|operator| (operator.name.as_str(), operator.op.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("signal_QuantizeLinear", "QuantizeLinear"),
                ("Transpose", "Transpose"),
                ("conv1_token_1", "QLinearConv"),
                ("conv2_token_4", "QLinearConv"),
                ("conv3_token_7", "QLinearConv"),
                ("conv4_token_10", "QLinearConv"),
                ("Transpose_token_9", "Transpose"),
                ("conv4.relu_DequantizeLinear", "DequantizeLinear"),
                ("mean", "ReduceMean"),
                ("mean_QuantizeLinear", "QuantizeLinear"),
                ("head", "QGemm"),
                ("logits_DequantizeLinear", "DequantizeLinear"),
            ]
        );
        for operator in &trace.operators {
            assert_eq!(operator.provider.as_deref(), Some("CPUExecutionProvider"));
            let runs: Vec<usize> = operator.calls.iter().map(|call| call.run).collect();
            assert_eq!(runs, [0, 1], "{}", operator.name);
        }
        let conv = &trace.operators[2];
        assert_eq!(
            shapes(conv),
            (
                "u8[1, 64, 6] f32[] u8[] f32[32] i8[32] f32[] u8[] i32[32]".to_owned(),
                "u8[1, 64, 32]".to_owned()
            )
        );
    }
}

#[test]
fn times_are_those_of_the_file() {
    let trace = tame(QDQ[1].as_bytes()).unwrap();
    let events: Vec<serde_json::Value> = serde_json::from_str(QDQ[1]).unwrap();
    let runs: Vec<u64> = events
        .iter()
        .filter(|event| event["name"] == "model_run")
        .map(|event| event["ts"].as_u64().unwrap())
        .collect();
    for operator in &trace.operators {
        let name = format!("{}_kernel_time", operator.name);
        let told = events.iter().filter(|event| event["name"] == name.as_str());
        let told: Vec<OperatorCall> = told
            .zip(&runs)
            .enumerate()
            .map(|(run, (event, begin))| OperatorCall {
                run,
                begin_ns: Nanos((event["ts"].as_u64().unwrap() - begin) * 1000),
                duration_ns: Nanos(event["dur"].as_u64().unwrap() * 1000),
                span_ns: None,
            })
            .collect();
        assert_eq!(operator.calls, told, "{}", operator.name);
    }
}

#[test]
fn a_loop_takes_what_its_body_does_not() {
    for file in LOOP {
        let trace = tame(file.as_bytes()).unwrap();
        let counts: Vec<(&str, usize)> = trace
            .operators
            .iter()
            .map(|operator| (operator.name.as_str(), operator.calls.len()))
            .collect();
        assert_eq!(
            counts,
            [
                ("twice#0", 2),
                ("loop", 2),
                ("twice#1", 6),
                ("Tanh_2", 6),
                ("go_on", 6),
                ("Relu_2", 2)
            ]
        );
        let events: Vec<serde_json::Value> = serde_json::from_str(file).unwrap();
        let total = |name: &str| -> u64 {
            let told = events.iter().filter(|event| event["name"] == name);
            told.map(|event| event["dur"].as_u64().unwrap()).sum()
        };
        let attributed: u64 = trace
            .operators
            .iter()
            .flat_map(|operator| &operator.calls)
            .map(|call| call.duration_ns.0)
            .sum();
        // All but the first `twice`, which stands outside, run inside the loop.
        let outside = total("Relu_2_kernel_time") + total("loop_kernel_time");
        let first: u64 = trace.operators[0].calls.iter().map(|call| call.duration_ns.0).sum();
        assert_eq!(attributed, outside * 1000 + first);
        assert!(attributed <= total("model_run") * 1000);
    }
}

#[test]
fn the_order_of_events_tells_nothing() {
    for file in QDQ.into_iter().chain(LOOP) {
        let mut events: Vec<serde_json::Value> = serde_json::from_str(file).unwrap();
        events.sort_by_key(|event| event["ts"].as_u64());
        let sorted = serde_json::to_vec(&events).unwrap();
        assert_eq!(tame(&sorted).unwrap(), tame(file.as_bytes()).unwrap());
    }
}

#[test]
fn a_file_that_stops_is_an_error() {
    let file = LOOP[1].trim_end().as_bytes();
    for end in (0..file.len()).step_by(11) {
        let error = tame(&file[..end]).unwrap_err().to_string();
        assert!(error.contains("EOF"), "{end}: {error}");
    }
}

#[test]
fn calls_outside_of_inferences_do_not_count() {
    let file = array(&[
        call("a", "5", "1"),
        run(10, 5),
        call("b", "16", "1"),
        call("c", "17", "1"),
    ]);
    let trace = tame(file.as_bytes()).unwrap();
    assert_eq!(trace.runs, 1);
    // The inference's end is between 15 and 17, as times are cut: a call may have begun at 16.
    assert_eq!(trace.operators.len(), 1);
    assert_eq!(trace.operators[0].name, "b");
}

#[test]
fn numbers_may_be_strings_and_nothing_else() {
    let with = |ts: &str, dur: &str| tame(array(&[run(0, 100), call("a", ts, dur)]).as_bytes());
    let trace = with("\"7\"", "\"8\"").unwrap();
    assert_eq!(trace.operators[0].calls[0].begin_ns, Nanos(7000));
    assert_eq!(trace.operators[0].calls[0].duration_ns, Nanos(8000));
    for wrong in [
        "-1",
        "\"-1\"",
        "1.5",
        "\"nan\"",
        "null",
        "[]",
        "{}",
        "true",
        "8589934593",
        "1e30",
        "18446744073709551616",
    ] {
        for (ts, dur) in [(wrong, "1"), ("1", wrong)] {
            let error = with(ts, dur).unwrap_err().to_string();
            assert!(error.contains("no usable time"), "{wrong}: {error}");
        }
    }
    for no_json in ["NaN", "Infinity", "-", "01"] {
        assert!(with("1", no_json).is_err());
    }
}

#[test]
fn shapes_that_are_none_are_absent() {
    let with = |shape: &str| {
        let event = format!(
            r#"{{"cat":"Node","ts":1,"dur":1,"name":"a_kernel_time","args":{{"op_name":"Relu","input_type_shape":{shape}}}}}"#
        );
        let trace = tame(array(&[run(0, 9), event]).as_bytes()).unwrap();
        trace.operators[0].inputs.clone()
    };
    assert_eq!(with(r#"[{"float16":[1,2]},{"Int4x2":[]}]"#).len(), 2);
    for none in [
        "3",
        "null",
        r#""[]""#,
        r#"{"float":[1]}"#,
        r#"[{"float":[-1]}]"#,
        r#"[{"float":[1.5]}]"#,
        r#"[{"float":[1e99]}]"#,
        r#"[{"float":"1"}]"#,
        "[[1]]",
        &format!("[{}]", vec![r#"{"float":[1]}"#; 8000].join(",")),
        &"[".repeat(200)
            .chars()
            .chain("]".repeat(200).chars())
            .collect::<String>(),
    ] {
        assert_eq!(with(none), [], "{}", &none[..none.len().min(40)]);
    }
    // One that tells no type, or two, keeps its place.
    let told = with(r#"[{},{"float":[1],"int8":[2]},{"bool":[3]}]"#);
    assert_eq!(told.iter().filter(|value| value.shape.is_none()).count(), 2);
    assert_eq!(told[2].dtype.as_deref(), Some("bool"));
}

#[test]
fn what_is_not_known_is_skipped_and_what_is_not_a_profile_is_refused() {
    let skipped = [
        "{}",
        r#"{"cat":"Node","name":"a_fence_before","ts":-1}"#,
        r#"{"cat":"Api","name":"model_run","ts":"x","new":[[[{}]]]}"#,
        r#"{"cat":7,"name":[],"args":null}"#,
    ];
    let trace = tame(array(&skipped.map(str::to_owned)).as_bytes()).unwrap();
    assert_eq!(trace, Trace::default());
    for refused in ["", "null", "{}", "[1]", "[[]]", "[] []", "[{},]", "[\"a\"]"] {
        assert!(tame(refused.as_bytes()).is_err(), "{refused}");
    }
    // A name that is not escaped.
    let quoted = array(&[run(0, 1), call("a\"b", "0", "1")]);
    assert!(tame(quoted.as_bytes()).unwrap_err().to_string().contains("line 1"));
    assert!(tame(b"[{\"cat\":\"\xff\"}]").is_err());
}

#[test]
fn a_name_is_any_text_of_any_length() {
    let long = "n".repeat(100_000);
    let file = array(&[run(0, 9), call(r#"q\"\\\t\u001b"#, "1", "1"), call(&long, "2", "1")]);
    let trace = tame(file.as_bytes()).unwrap();
    let names: Vec<&str> = trace.operators.iter().map(|operator| operator.name.as_str()).collect();
    assert_eq!(names, ["q\"\\\t\u{1b}", &long]);
}

#[test]
fn limits_hold() {
    let large = format!(r#"{{"x":"{}"}}"#, "y".repeat(MAX_EVENT_BYTES));
    let error = tame(array(&[large]).as_bytes()).unwrap_err().to_string();
    assert!(error.contains("an event is longer"), "{error}");

    let mut many = "[".to_owned();
    for operator in 0..=MAX_OPERATORS {
        write!(many, "{},", call(&operator.to_string(), "1", "1")).unwrap();
    }
    let error = tame(many.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("operators"), "{error}");

    let values = format!("[{}]", vec!["{}"; 4096].join(","));
    let events = (0..=MAX_VALUES / 4096).map(|operator| {
        format!(
            r#"{{"cat":"Node","ts":1,"dur":1,"name":"{operator}_kernel_time","args":{{"op_name":"Relu","input_type_shape":{values}}}}}"#
        )
    });
    let events: Vec<String> = events.chain([run(0, 9)]).collect();
    let trace = tame(array(&events).as_bytes()).unwrap();
    let (last, others) = trace.operators.split_last().unwrap();
    assert!(others.iter().all(|operator| operator.inputs.len() == 4096));
    assert_eq!(last.inputs, []);

    let deep = "[".repeat(10_000_000);
    assert!(tame(deep.as_bytes()).is_err());
}

#[test]
fn names_that_look_numbered_stay_unique() {
    let numbered = |name: &str, op: &str, index: u32| {
        format!(
            r#"{{"cat":"Node","ts":1,"dur":1,"name":"{name}_kernel_time","args":{{"op_name":"{op}","node_index":{index}}}}}"#
        )
    };
    let file = array(&[
        run(0, 9),
        numbered("a", "Relu", 3),
        numbered("a", "Tanh", 3),
        numbered("a#3", "Relu", 4),
        numbered("a#3#0", "Relu", 5),
    ]);
    let names: Vec<String> = tame(file.as_bytes())
        .unwrap()
        .operators
        .into_iter()
        .map(|operator| operator.name)
        .collect();
    assert_eq!(names, ["a#3#0#0", "a#3#1", "a#3", "a#3#0"]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
        let _ = tame(&bytes);
    }

    #[test]
    fn overwritten_files(
        file in prop::sample::select([QDQ, LOOP].concat()),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = file.as_bytes().to_vec();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let _ = tame(&bytes);
    }

    // Each change leaves the file JSON, so that what is read lies behind the syntax.
    #[test]
    fn files_with_other_values(
        file in prop::sample::select([QDQ, LOOP].concat()),
        changes in proptest::collection::vec(
            (
                any::<prop::sample::Index>(),
                prop::sample::select(vec!["ts", "dur", "name", "cat", "args"]),
                prop::sample::select(vec![
                    "0", "1", "-1", "8589934592", "1e308", "\"\"", "\"model_run\"", "\"x_kernel_time\"", "\"12\"", "null",
                    "[]", "{\"op_name\":\"Relu\"}", "{\"op_name\":1,\"node_index\":{}}", "\"Session\"",
                ]),
            ),
            1..16,
        ),
        drop in any::<prop::sample::Index>(),
    ) {
        let mut events: Vec<serde_json::Value> = serde_json::from_str(file).unwrap();
        for (place, field, value) in changes {
            let place = place.index(events.len());
            events[place][field] = serde_json::from_str(value).unwrap();
        }
        events.remove(drop.index(events.len()));
        let _ = tame(&serde_json::to_vec(&events).unwrap());
    }

    #[test]
    fn calls_never_take_more_than_their_inference_when_they_nest(
        cuts in proptest::collection::btree_set(1_u64..10_000, 3..40),
    ) {
        // Each cut opens a call inside the one before, and all end together.
        let end = 10_000;
        let mut events: Vec<String> = vec![run(0, end)];
        events.extend(cuts.iter().map(|cut| call(&format!("n{cut}"), &cut.to_string(), &(end - cut).to_string())));
        let trace = tame(array(&events).as_bytes()).unwrap();
        let total: u64 = trace.operators.iter().flat_map(|operator| &operator.calls).map(|call| call.duration_ns.0).sum();
        prop_assert_eq!(total, (end - cuts.first().unwrap()) * 1000);
    }
}
