//! Streams: what their table must be, and what it becomes.

use crate::check::{Checked, Problem, check_unique, suggestion};
use crate::manifest::{StreamTable, TaskTable};
use crate::suite::Stream;

/// The shortest and the longest period of frames, in milliseconds: a microsecond and an hour.
const SHORTEST_MS: f64 = 0.001;
const LONGEST_MS: f64 = 3_600_000.0;

/// Checks a task's stream table, where it has one.
pub(crate) fn check_stream(task: &TaskTable) -> Checked {
    let Some(stream) = &task.stream else {
        return Ok(());
    };
    if !(SHORTEST_MS..=LONGEST_MS).contains(&stream.frame_ms) {
        return Err(Problem::new(format!(
            "`frame_ms` is {}, not at least {SHORTEST_MS} and at most {LONGEST_MS} milliseconds",
            stream.frame_ms
        )));
    }
    if stream.reset_every == Some(0) {
        return Err(Problem::with(
            "`reset_every` is 0, and 1 is the least",
            "leave it out if the stream begins anew only where the data end",
        ));
    }
    if task.data.is_none() {
        return Err(Problem::with(
            "a stream needs `data`",
            "add [task.data] with the frames in order",
        ));
    }
    check_state(task, stream)
}

fn check_state(task: &TaskTable, stream: &StreamTable) -> Checked {
    if stream.state.is_empty() {
        return Err(Problem::with(
            "`state` is an empty list",
            "name at least one output and the input that it becomes: { output = \"…\", input = \"…\" }",
        ));
    }
    check_unique("output", stream.state.iter().map(|pair| pair.output.as_str()))?;
    check_unique("input", stream.state.iter().map(|pair| pair.input.as_str()))?;
    let known: Vec<&str> = task.inputs.keys().map(String::as_str).collect();
    for pair in &stream.state {
        if pair.output.is_empty() {
            return Err(Problem::new("an `output` is empty"));
        }
        if !known.contains(&pair.input.as_str()) {
            let message = format!("there is no input `{}`", pair.input);
            return Err(Problem::with(message, suggestion(&pair.input, &known)));
        }
    }
    if stream.state.len() == task.inputs.len() {
        return Err(Problem::with(
            "every input is state, and none takes the frames",
            "add the [task.input.NAME] table of the input that takes a frame",
        ));
    }
    Ok(())
}

/// A checked table as the suite has it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to lie between a microsecond and an hour"
)]
pub(crate) fn stream_of(table: StreamTable) -> Stream {
    Stream {
        frame_period_ns: (table.frame_ms * 1e6).round() as u64,
        state: table.state,
        reset_every: table.reset_every,
    }
}
