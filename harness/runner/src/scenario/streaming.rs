//! Frames in order, each when it is due, with the state that the frame before left.

use edgebench_api::{Nanos, StatePair};
use edgebench_protocol::{Stream, Streamed};
use edgebench_record::{ScenarioKind, ScenarioResult, StreamingFigures};
use edgebench_stats::{median, wilson};

use super::job::{Job, Stopped};
use super::live::{Live, longest, unsupported};
use super::paced::CONFIDENCE;
use super::rules::{MIN_QUERIES, decide, long_enough, many_enough, period_fits, refused};

/// Runs the task's samples as the frames of a stream. A task without a stream in its manifest takes the state that the
/// runtime tells of, and the period of `paced`.
pub(super) fn streaming(job: &Job<'_>) -> Result<ScenarioResult, Stopped> {
    if job.batch() != 1 {
        return Err(unsupported(
            "a stream has one frame in an inference, and the batch is larger",
        ));
    }
    let period_ns = job
        .stream
        .map_or(job.plan.period_ns, |stream| stream.frame_period_ns)
        .max(1);
    if let Err(why) = period_fits(period_ns, job.plan.min_ns) {
        return Ok(refused(ScenarioKind::Streaming, why));
    }
    let mut live = Live::start(job)?;
    let state = match job.stream {
        Some(stream) => {
            let pairs = stream.state.iter().map(|pair| StatePair {
                output: pair.output.clone(),
                input: pair.input.clone(),
            });
            pairs.collect()
        }
        None => live.loaded.spec.state.clone(),
    };
    if state.is_empty() {
        live.end();
        return Err(unsupported("the task has no stream, and the model tells of no state"));
    }
    let states = state.len();
    let fitting = longest(job.plan.min_ns) / period_ns;
    let min_frames = MIN_QUERIES.min(fitting).max(1);
    let streamed = live.stream(Stream {
        inputs: job.inputs.inputs.clone(),
        state,
        reset_every: job
            .stream
            .and_then(|stream| stream.reset_every)
            .map(|every| every as u64),
        period_ns: Nanos(period_ns),
        min_ns: Nanos(job.plan.min_ns),
        min_frames,
        max_ns: Nanos(longest(job.plan.min_ns)),
        outputs: None,
    })?;
    live.end();
    let figures = figures(&streamed, period_ns, states);
    let mut result = ScenarioResult::new(ScenarioKind::Streaming);
    result.elapsed_ns = streamed.elapsed_ns;
    result.queries = Some(figures.frames);
    result.samples_per_query = Some(1);
    result.sessions = Some(1);
    long_enough(streamed.elapsed_ns.0, job.plan.valid_ns, &mut result);
    many_enough("frames", figures.frames, MIN_QUERIES, &mut result);
    result.streaming = Some(figures);
    Ok(decide(result))
}

fn figures(streamed: &Streamed, period_ns: u64, states: usize) -> StreamingFigures {
    let frames = streamed.compute_ns.len() as u64;
    let missed = streamed
        .latencies_ns
        .iter()
        .filter(|&&latency| latency > period_ns)
        .count() as u64;
    let compute: Vec<f64> = streamed.compute_ns.iter().map(|&ns| ns as f64).collect();
    StreamingFigures {
        period_ns: Nanos(period_ns),
        frames,
        streams: streamed.streams,
        states,
        real_time_factor: compute.iter().sum::<f64>() / (frames.max(1) as f64 * period_ns as f64),
        compute_p50_ns: median(&compute).unwrap_or_default(),
        missed,
        miss_rate: missed as f64 / frames.max(1) as f64,
        miss_interval: wilson(missed, frames, CONFIDENCE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_real_time_factor_is_compute_over_the_time_of_the_frames() {
        let streamed = Streamed {
            latencies_ns: vec![5, 11, 5, 5],
            compute_ns: vec![5, 5, 5, 5],
            streams: 1,
            elapsed_ns: Nanos(35),
        };
        let figures = figures(&streamed, 10, 1);
        assert!((figures.real_time_factor - 0.5).abs() < 1e-12);
        assert_eq!((figures.missed, figures.frames), (1, 4));
        assert!((figures.compute_p50_ns - 5.0).abs() < 1e-12);
    }
}
