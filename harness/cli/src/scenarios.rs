//! What scenarios gave, a line each, on standard error.

use edgebench_api::Nanos;
use edgebench_record::{CellId, ColdCache, Record, ScenarioKind, ScenarioResult, ScenarioVerdict};

use crate::output::tell;
use crate::parse::one_line;

/// Tells what every scenario of a record gave.
pub(crate) fn tell_scenarios(record: &Record) {
    for cell in &record.cells {
        for result in &cell.scenarios {
            tell(scenario_line(&cell.id, result));
        }
    }
}

/// One result: the cell, the scenario, its figure, and why it is not valid.
pub(crate) fn scenario_line(cell: &CellId, result: &ScenarioResult) -> String {
    let verdict = match result.verdict {
        ScenarioVerdict::Valid => "VALID",
        ScenarioVerdict::Invalid => "INVALID",
    };
    let mut line = format!("{cell}: {}: {verdict}", result.kind.name());
    if let Some(figure) = headline(result) {
        line = format!("{line}: {figure}");
    }
    if !result.reasons.is_empty() {
        line = format!("{line} ({})", result.reasons.join("; "));
    }
    one_line(&line)
}

/// A scenario's own figure, where there is one.
fn headline(result: &ScenarioResult) -> Option<String> {
    let estimate = |p: f64| result.latency.as_ref()?.estimate(p).map(Nanos);
    Some(match result.kind {
        ScenarioKind::SingleStream => format!("p90 {}", estimate(0.9)?),
        ScenarioKind::MultiStream => format!("p99 {}", estimate(0.99)?),
        ScenarioKind::Server => {
            let server = result.server.as_ref()?;
            let rate = server.rate_per_s?;
            let queries = match result.samples_per_query {
                Some(samples) if samples > 1 => format!("{rate:.1} queries/s of {samples} samples each"),
                _ => format!("{rate:.1} queries/s"),
            };
            format!("{queries} with p99 within {}", server.bound_ns)
        }
        ScenarioKind::Offline => format!("{:.1} samples/s", result.throughput_per_s?),
        ScenarioKind::Paced => {
            let paced = result.paced.as_ref()?;
            format!("{} of {} deadlines missed", paced.missed, paced.due)
        }
        ScenarioKind::Streaming => {
            let streaming = result.streaming.as_ref()?;
            format!(
                "real-time factor {:.4}, {} of {} frames late",
                streaming.real_time_factor, streaming.missed, streaming.frames
            )
        }
        ScenarioKind::ColdStart => {
            let figures = result.cold_start.as_ref()?;
            let warm = first_answer(&figures.warm)?;
            match figures.cold.as_ref().and_then(first_answer) {
                Some(cold) => format!("first answer after {warm}, {cold} with a cold page cache"),
                None => format!("first answer after {warm}"),
            }
        }
        ScenarioKind::Soak => {
            let soak = result.soak.as_ref()?;
            format!(
                "{:.1} samples/s sustained, {:.1} in the first interval",
                soak.sustained_per_s, soak.burst_per_s
            )
        }
    })
}

/// The median time to the first answer, with the fastest and the slowest.
fn first_answer(cache: &ColdCache) -> Option<String> {
    let totals = || cache.starts.iter().map(|start| start.total_ns);
    let (median, min, max) = (cache.median?.total_ns, totals().min()?, totals().max()?);
    Some(format!("{median} ({min} to {max})"))
}

#[cfg(test)]
mod tests {
    use edgebench_api::Settings;
    use edgebench_record::{ColdStart, ColdStartFigures, ServerFigures};

    use super::*;

    fn id() -> CellId {
        CellId {
            task: "t".to_owned(),
            variant: "v".to_owned(),
            backend: "b".to_owned(),
            settings: Settings::default(),
        }
    }

    #[test]
    fn a_result_is_a_line() {
        let mut result = ScenarioResult::new(ScenarioKind::Server);
        result.server = Some(ServerFigures {
            bound_ns: Nanos(10_000_000),
            percentile: 0.99,
            rate_per_s: Some(812.34),
            lowest_failed_per_s: None,
            probes: Vec::new(),
        });
        result
            .reasons
            .push("too short: 0.5 s,\u{1b}[31m and the rule is 10 s".to_owned());
        let line = scenario_line(&id(), &result);
        assert!(line.starts_with("t/v/b/t1/b1: server: INVALID: 812.3 queries/s with p99 within 10.0 ms (too short"));
        assert!(!line.contains('\u{1b}'), "{line}");
        result.verdict = ScenarioVerdict::Valid;
        result.reasons.clear();
        assert!(scenario_line(&id(), &result).ends_with("within 10.0 ms"));
        result.samples_per_query = Some(8);
        assert!(scenario_line(&id(), &result).contains("812.3 queries/s of 8 samples each with p99"));
    }

    #[test]
    fn a_cold_start_has_its_range() {
        let start = |total_ms: u64| ColdStart {
            hello_ns: Nanos(1),
            library_open_ns: Nanos(1),
            load_ns: Nanos(1),
            first_ns: Nanos(1),
            rest_ns: None,
            total_ns: Nanos(total_ms * 1_000_000),
        };
        let mut result = ScenarioResult::new(ScenarioKind::ColdStart);
        result.cold_start = Some(ColdStartFigures {
            warm: ColdCache {
                starts: vec![start(30), start(10), start(20)],
                median: Some(start(20)),
            },
            cold: None,
            no_cold: None,
            dropped: Vec::new(),
        });
        assert_eq!(
            headline(&result).unwrap(),
            "first answer after 20.0 ms (10.0 ms to 30.0 ms)"
        );
    }

    #[test]
    fn no_figure_is_no_figure() {
        for kind in ScenarioKind::ALL {
            assert_eq!(headline(&ScenarioResult::new(kind)), None);
        }
    }
}
