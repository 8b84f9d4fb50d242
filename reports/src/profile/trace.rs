//! A profile as a trace that Perfetto and `chrome://tracing` open.

use edgebench_record::{CellProfile, Operator, ProfileRecord, ProfiledCell};
use serde_json::{Value, json};

use super::names::named;
use super::sound;
use crate::text::{escaped_json, plain};

/// The largest trace that is opened everywhere, in bytes.
pub const TRACE_LIMIT: usize = 100_000_000;

/// Room for what follows the events.
const RESERVE: usize = 4096;

/// The profile in the Trace Event Format: one process for each cell, in it the typical inference and within that its
/// operators, each as long as its mean and where it begins in the mean. Times are in microseconds. Operators follow one
/// another: one whose mean begin is before the end of the one before begins with that end. Its own `begin_ns` is among its
/// `args`, and so are the figures that have no place on an axis of time.
///
/// It has at most [`TRACE_LIMIT`] bytes. Events that do not fit are left out and counted, in
/// `otherData.events_left_out`.
///
/// Source of the format: “Trace Event Format”, the Chromium project.
pub fn chrome_trace(record: &ProfileRecord) -> String {
    chrome_trace_within(record, TRACE_LIMIT)
}

/// The same in at most `limit` bytes, of which the frame takes a few thousand.
pub fn chrome_trace_within(record: &ProfileRecord, limit: usize) -> String {
    let mut events = Events {
        out: String::from("{\"traceEvents\":["),
        limit: limit.saturating_sub(RESERVE),
        left_out: 0,
    };
    for (index, cell) in record.cells.iter().enumerate() {
        if let Some(profile) = &cell.profile {
            inference(&mut events, index + 1, cell, profile);
        }
    }
    let other = json!({
        "profile": plain(&record.id).chars().take(200).collect::<String>(),
        "what": "means of typical profiled inferences; no latencies",
        "events_left_out": events.left_out,
    });
    format!(
        "{}\n],\"displayTimeUnit\":\"ns\",\"otherData\":{}}}\n",
        events.out,
        escaped_json(&other.to_string())
    )
}

/// The events so far, as text.
struct Events {
    out: String,
    limit: usize,
    left_out: usize,
}

impl Events {
    fn push(&mut self, event: &Value) {
        let text = escaped_json(&event.to_string());
        if self.out.len() + text.len() + 2 > self.limit {
            self.left_out += 1;
            return;
        }
        let separator = if self.out.ends_with('[') { "\n" } else { ",\n" };
        self.out += separator;
        self.out += &text;
    }
}

fn inference(events: &mut Events, process: usize, cell: &ProfiledCell, profile: &CellProfile) {
    let metadata = |name: &str, value: &str| json!({"ph": "M", "pid": process, "tid": 1, "ts": 0, "name": name, "args": {"name": value}});
    let title = plain(&cell.id.to_string());
    events.push(&metadata("process_name", &title));
    events.push(&metadata("thread_name", "typical profiled inference"));
    let placed = placed(&profile.operators);
    let end = placed.last().map_or(0, |(_, begin, long)| begin + long);
    let wall_ns = sound::time(profile.wall_ns).map(|ns| ns.round() as u64);
    events.push(&json!({
        "ph": "X", "pid": process, "tid": 1, "ts": 0.0, "dur": micros(wall_ns.unwrap_or(0).max(end)),
        "name": "inference", "cat": "inference",
        "args": {
            "wall_ns": sound::time(profile.wall_ns),
            "between_ns": sound::between(profile),
            "unattributed_ns": sound::unattributed(profile),
            "unprofiled_p50_ns": sound::time(profile.unprofiled_p50_ns),
            "runs": profile.runs,
        },
    }));
    for (operator, begin, long) in placed {
        events.push(&json!({
            "ph": "X", "pid": process, "tid": 1, "ts": micros(begin), "dur": micros(long),
            "name": named(&operator.name), "cat": operator.role.name(),
            "args": {
                "canonical": named(&operator.canonical),
                "op": named(&operator.op),
                "provider": operator.provider.as_deref().map(named),
                "sources": operator.sources.iter().take(SOURCES).map(|name| named(name)).collect::<Vec<_>>(),
                "begin_ns": sound::time(operator.begin_ns),
                "median_ns": sound::time(operator.median_ns),
                "p90_ns": sound::time(operator.p90_ns),
                "calls": sound::calls(operator),
                "macs": operator.macs,
                "bytes_read": operator.bytes_read,
                "bytes_written": operator.bytes_written,
                "fallback": operator.fallback,
            },
        }));
    }
}

/// Source nodes that an event names, at most.
const SOURCES: usize = 16;

/// The operators that have a time, each with its begin and its length in whole nanoseconds, one after another.
fn placed(operators: &[Operator]) -> Vec<(&Operator, u64, u64)> {
    let mut timed: Vec<(&Operator, u64, u64)> = Vec::new();
    for operator in operators {
        let Some(long) = sound::time(operator.mean_ns) else {
            continue;
        };
        let after = timed.last().map_or(0, |(_, begin, long)| begin + long);
        let begin = sound::time(operator.begin_ns).map_or(after, |ns| ns.round() as u64);
        timed.push((operator, begin.max(after), long.round() as u64));
    }
    timed
}

/// Microseconds, as the format has them, to a nanosecond.
fn micros(ns: u64) -> f64 {
    ns as f64 / 1e3
}
