//! One event of a profile.

use std::collections::BTreeMap;

use edgebench_api::ProfiledValue;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::MAX_MICROS;

/// The longest list of inputs or outputs that is read, in bytes of its text.
const MAX_VALUES_BYTES: usize = 1 << 16;

/// What ONNX Runtime puts behind a node's name.
const KERNEL_TIME: &str = "_kernel_time";

/// Element types, in ONNX Runtime's words and in edgebench's. Those of the same name in both are not listed.
const DTYPES: [(&str, &str); 12] = [
    ("float", "f32"),
    ("float16", "f16"),
    ("bfloat16", "bf16"),
    ("double", "f64"),
    ("int8", "i8"),
    ("uint8", "u8"),
    ("int16", "i16"),
    ("uint16", "u16"),
    ("int32", "i32"),
    ("uint32", "u32"),
    ("int64", "i64"),
    ("uint64", "u64"),
];

/// A stretch of time in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interval {
    /// When it began, from the beginning of profiling on.
    pub(super) begin: u64,
    /// How long it took.
    pub(super) duration: u64,
}

impl Interval {
    /// When it ended.
    pub(super) fn end(self) -> u64 {
        self.begin + self.duration
    }
}

/// An event, as far as it counts.
pub(super) enum Event<'a> {
    /// An inference.
    Run(Interval),
    /// A call of an operator.
    Call(Call<'a>),
    /// Anything else.
    Other,
}

/// A call of an operator.
pub(super) struct Call<'a> {
    /// The node's name.
    pub(super) name: String,
    /// The operator's type.
    pub(super) op: String,
    /// The execution provider.
    pub(super) provider: Option<String>,
    /// The node's index in its graph.
    pub(super) node_index: Option<u64>,
    /// When it was.
    pub(super) interval: Interval,
    /// The inputs' types and shapes, for [`values`].
    pub(super) inputs: Option<&'a RawValue>,
    /// The outputs'.
    pub(super) outputs: Option<&'a RawValue>,
}

// Each field is kept as text first: what is of another type than expected is absent, and no error.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    cat: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    ts: Option<&'a RawValue>,
    #[serde(borrow)]
    dur: Option<&'a RawValue>,
    #[serde(borrow)]
    args: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Args<'a> {
    #[serde(borrow)]
    op_name: Option<&'a RawValue>,
    #[serde(borrow)]
    provider: Option<&'a RawValue>,
    #[serde(borrow)]
    node_index: Option<&'a RawValue>,
    #[serde(borrow)]
    input_type_shape: Option<&'a RawValue>,
    #[serde(borrow)]
    output_type_shape: Option<&'a RawValue>,
}

impl<'a> Event<'a> {
    /// Reads an event from its text.
    ///
    /// # Errors
    /// For what is no object, and for an inference or a call whose name, operator or times cannot be used: without it,
    /// sums would be wrong.
    pub(super) fn read(text: &'a str) -> Result<Self, String> {
        let fields: Fields<'a> = serde_json::from_str(text).map_err(|error| format!("an event is none: {error}"))?;
        let Some(cat) = fields.cat.and_then(string) else {
            return Ok(Self::Other);
        };
        let counts = matches!(cat.as_str(), "Session" | "Node");
        let Some(name) = fields.name.filter(|_| counts).and_then(string) else {
            return Ok(Self::Other);
        };
        let interval = || -> Result<Interval, String> {
            let micros = |field: Option<&RawValue>| field.and_then(integer).filter(|&micros| micros <= MAX_MICROS);
            match (micros(fields.ts), micros(fields.dur)) {
                (Some(begin), Some(duration)) => Ok(Interval { begin, duration }),
                _ => Err("an event has no usable time".to_owned()),
            }
        };
        match (cat.as_str(), name.strip_suffix(KERNEL_TIME)) {
            ("Session", _) if name == "model_run" => Ok(Self::Run(interval()?)),
            ("Node", Some(node)) => {
                let args: Args<'a> = fields
                    .args
                    .and_then(|args| serde_json::from_str(args.get()).ok())
                    .unwrap_or_default();
                let op = args.op_name.and_then(string).ok_or("a call names no operator")?;
                Ok(Self::Call(Call {
                    name: node.to_owned(),
                    op,
                    provider: args.provider.and_then(string),
                    node_index: args.node_index.and_then(integer),
                    interval: interval()?,
                    inputs: args.input_type_shape,
                    outputs: args.output_type_shape,
                }))
            }
            _ => Ok(Self::Other),
        }
    }
}

fn string(text: &RawValue) -> Option<String> {
    serde_json::from_str(text.get()).ok()
}

/// A whole number, which ONNX Runtime writes as one or as a string.
fn integer(text: &RawValue) -> Option<u64> {
    let number = serde_json::from_str(text.get()).ok();
    number.or_else(|| string(text)?.parse().ok())
}

/// Types and shapes of inputs or outputs: a list with an object for each, from the type to the shape. Empty when it is
/// anything else.
pub(super) fn values(text: Option<&RawValue>) -> Vec<ProfiledValue> {
    let told = text.map_or("", RawValue::get);
    if told.len() > MAX_VALUES_BYTES {
        return Vec::new();
    }
    let told: Vec<BTreeMap<String, Vec<usize>>> = serde_json::from_str(told).unwrap_or_default();
    told.into_iter().map(value).collect()
}

fn value(mut told: BTreeMap<String, Vec<usize>>) -> ProfiledValue {
    match (told.len(), told.pop_first()) {
        (1, Some((dtype, shape))) => ProfiledValue {
            dtype: Some(ours(&dtype).to_owned()),
            shape: Some(shape),
            ..ProfiledValue::default()
        },
        _ => ProfiledValue::default(),
    }
}

fn ours(dtype: &str) -> &str {
    DTYPES
        .iter()
        .find(|(theirs, _)| *theirs == dtype)
        .map_or(dtype, |(_, ours)| ours)
}
