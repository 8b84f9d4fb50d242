//! ONNX Runtime's profile: a JSON array of events, read as a stream and with distrust.
//!
//! Two kinds of event count: `model_run` of category `Session`, one for each inference, and `<node>_kernel_time` of
//! category `Node`, one for each call of an operator; all others are skipped. ONNX Runtime writes the file in one go when
//! profiling ends, so one that stops in the middle has lost calls, as on a full disk, and is an error.
//!
//! Times are whole microseconds, cut. The duration of an operator that runs others, such as `Loop`, is told without that
//! of the operators inside it, so that durations of one inference add up to no more than the inference.
//!
//! Memory is bounded by the limits below, and by the size of the largest event of the file.

mod event;
mod group;

use std::collections::BTreeMap;
use std::io::Read;

use edgebench_api::ProfiledOperator;
use serde::Deserializer as _;
use serde::de::{self, SeqAccess, Visitor};
use serde_json::value::RawValue;
use thiserror::Error;

use event::{Event, Interval};
use group::Call;

/// The largest file that is read, in bytes.
pub const MAX_BYTES: u64 = 512 << 20;

/// The most calls and inferences that are read, each. ONNX Runtime keeps a million events.
pub const MAX_EVENTS: usize = 1 << 20;

/// The most operators that are read.
pub const MAX_OPERATORS: usize = 1 << 16;

/// The most inputs and outputs of operators that are read, all together. Those beyond are absent.
pub const MAX_VALUES: usize = 1 << 20;

/// The longest event that is read, in bytes of its text.
pub const MAX_EVENT_BYTES: usize = 1 << 20;

/// The latest time and the longest duration that are read, in microseconds, 2.4 hours: [`MAX_EVENTS`] of them in
/// nanoseconds can be added up in 64 bits.
pub const MAX_MICROS: u64 = 1 << 33;

/// What a profile tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trace {
    /// The inferences.
    pub runs: usize,
    /// The operators in the order of their first calls. Their names are unique: where nodes share one, each has the
    /// node's index behind it.
    pub operators: Vec<ProfiledOperator>,
}

/// Why a profile cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TraceError {
    /// It is larger than [`MAX_BYTES`].
    #[error("the profile is larger than {} MiB; fewer inferences fit (--runs)", MAX_BYTES >> 20)]
    TooLarge,
    /// It is no array of events, ends too early, or goes beyond a limit.
    #[error("the profile is not one of ONNX Runtime's: {0}")]
    Malformed(#[source] serde_json::Error),
}

/// Reads a profile.
///
/// # Errors
/// When it cannot be read to its end, is not what ONNX Runtime writes, or goes beyond a limit of this module.
pub fn read(file: impl Read) -> Result<Trace, TraceError> {
    read_at_most(file, MAX_BYTES)
}

fn read_at_most(file: impl Read, bytes: u64) -> Result<Trace, TraceError> {
    let mut file = file.take(bytes + 1);
    let mut events = serde_json::Deserializer::from_reader(&mut file);
    let read = events
        .deserialize_seq(Events)
        .and_then(|gathered| events.end().map(|()| gathered));
    drop(events);
    if file.limit() == 0 {
        return Err(TraceError::TooLarge);
    }
    Ok(read.map_err(TraceError::Malformed)?.into_trace())
}

/// Takes the events one after the other.
struct Events;

impl<'de> Visitor<'de> for Events {
    type Value = Gathered;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut events: A) -> Result<Gathered, A::Error> {
        let mut gathered = Gathered::default();
        while let Some(event) = events.next_element::<Box<RawValue>>()? {
            gathered.take(event.get()).map_err(de::Error::custom)?;
        }
        Ok(gathered)
    }
}

/// What the events told so far.
#[derive(Default)]
struct Gathered {
    runs: Vec<Interval>,
    calls: Vec<Call>,
    operators: Vec<ProfiledOperator>,
    // The index of each operator's node in its graph.
    indices: Vec<Option<u64>>,
    // Operators by name, node index and type. Nodes of two subgraphs that share all three are taken for one.
    places: BTreeMap<(String, Option<u64>, String), usize>,
    values: usize,
}

impl Gathered {
    fn take(&mut self, event: &str) -> Result<(), String> {
        if event.len() > MAX_EVENT_BYTES {
            return Err(format!("an event is longer than {MAX_EVENT_BYTES} bytes"));
        }
        match Event::read(event)? {
            Event::Other => {}
            Event::Run(_) if self.runs.len() == MAX_EVENTS => {
                return Err(format!("there are more than {MAX_EVENTS} inferences"));
            }
            Event::Run(interval) => self.runs.push(interval),
            Event::Call(_) if self.calls.len() == MAX_EVENTS => {
                return Err(format!("there are more than {MAX_EVENTS} calls of operators"));
            }
            Event::Call(call) => {
                let interval = call.interval;
                let operator = self.operator(call)?;
                self.calls.push(Call { operator, interval });
            }
        }
        Ok(())
    }

    /// The place of a call's operator, which is new on its first call.
    fn operator(&mut self, call: event::Call<'_>) -> Result<usize, String> {
        let key = (call.name, call.node_index, call.op);
        if let Some(&place) = self.places.get(&key) {
            return Ok(place);
        }
        let place = self.operators.len();
        if place == MAX_OPERATORS {
            return Err(format!("there are more than {MAX_OPERATORS} operators"));
        }
        let mut values = |told| {
            let mut values = event::values(told);
            if self.values + values.len() > MAX_VALUES {
                values.clear();
            }
            self.values += values.len();
            values
        };
        self.operators.push(ProfiledOperator {
            name: key.0.clone(),
            op: key.2.clone(),
            provider: call.provider,
            inputs: values(call.inputs),
            outputs: values(call.outputs),
            ..ProfiledOperator::default()
        });
        self.indices.push(call.node_index);
        self.places.insert(key, place);
        Ok(place)
    }

    fn into_trace(mut self) -> Trace {
        group::name_apart(&mut self.operators, &self.indices);
        let runs = self.runs.len();
        let mut order = Vec::new();
        for (operator, call) in group::calls(self.runs, self.calls) {
            let Some(told) = self.operators.get_mut(operator) else {
                continue;
            };
            if told.calls.is_empty() {
                order.push(operator);
            }
            told.calls.push(call);
        }
        let operators = order
            .into_iter()
            .filter_map(|operator| self.operators.get_mut(operator).map(std::mem::take))
            .collect();
        Trace { runs, operators }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_ends_at_the_limit() {
        let file = b"[ ]  ";
        assert!(read_at_most(&file[..], 5).is_ok());
        for limit in 0..5 {
            let read = read_at_most(&file[..], limit);
            assert!(matches!(read, Err(TraceError::TooLarge)), "{limit}");
        }
        assert!(TraceError::TooLarge.to_string().contains("--runs"));
    }
}
