//! Energy, proxies, scenarios, self-checks and memory whose numbers cannot be: nothing panics, and nothing is told of them.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

#[expect(dead_code, reason = "what is shared is not used by every test")]
mod hostile;

use edgebench_record::{Cell, Record};
use edgebench_reports::format::format;
use edgebench_reports::html::{RunLinks, Templates, run_page};
use edgebench_reports::policy::{Policy, Rule};
use edgebench_reports::records::judge_records;
use edgebench_reports::{FormatOptions, Limit, fit, markdown};

/// A record whose soak and energy are of two cells.
fn record() -> Record {
    let mut record: Record = serde_json::from_value(hostile::golden()).unwrap();
    let mut other = record.cells[0].clone();
    "other".clone_into(&mut other.id.variant);
    record.cells.insert(1, other);
    record
}

fn page(record: &Record) -> String {
    let templates = Templates::built_in().unwrap();
    run_page(record, &templates, &RunLinks::default(), None).unwrap()
}

#[test]
fn absurd_numbers_break_nothing() {
    for absurd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 1e308, 1e-308] {
        let mut record = record();
        record.host.steal = Some(absurd);
        for cell in &mut record.cells {
            spoil(cell, absurd);
        }
        for source in &mut record.energy_sources.as_mut().unwrap().present {
            (source.uncertainty, source.sampling_hz) = (absurd, absurd);
        }
        let text = page(&record);
        for never in ["NaN", ">inf<", ">inf ", " inf ", "(inf", "[inf"] {
            let found = text.find(never).map(|at| text.get(at.saturating_sub(80)..at + 20));
            assert_eq!(found, None, "{absurd}");
        }
        for name in ["table", "markdown", "brief", "csv"] {
            let text = format(name)
                .unwrap()
                .write(&[&record], &FormatOptions::default())
                .unwrap();
            assert!(!text.contains("NaN"), "{absurd} in {name}: {text}");
            let widest = text
                .lines()
                .filter(|line| line.starts_with('|'))
                .map(|line| line.chars().count());
            assert!(widest.max().unwrap_or(0) < 400, "{absurd} in {name}: {text}");
        }
        let mut policy = Policy::standard();
        for rule in [
            "energy:3%",
            "energy_net:1mJ",
            "processor_proxy:3%",
            "paced_misses:1pp",
            "sustained_throughput:3%",
        ] {
            policy.set(Rule::parse(rule).unwrap());
        }
        judge_records(&record, &record, &policy, false);
        for limit in [
            "energy=2mJ",
            "energy_net=2mJ",
            "processor_proxy=1proxy-mJ",
            "server_rate=1/s",
        ] {
            let limit = Limit::parse(limit).unwrap();
            fit(&record, &record.tasks[0], &record.cells[0], &limit).margin();
        }
        let _ = markdown(&record);
    }
}

fn spoil(cell: &mut Cell, absurd: f64) {
    if let Some(energy) = &mut cell.energy {
        for estimate in [&mut energy.gross_j, &mut energy.net_j].into_iter().flatten() {
            (estimate.value_j, estimate.uncertainty_j) = (absurd, absurd);
            if let Some(interval) = &mut estimate.interval_j {
                (interval.low, interval.high) = (absurd, absurd);
            }
        }
        energy.delay_product_js = Some(absurd);
        (energy.source.uncertainty, energy.source.sampling_hz) = (absurd, absurd);
        for window in &mut energy.windows {
            (window.gross_j, window.idle_before_w, window.idle_after_w) = (Some(absurd), Some(absurd), Some(absurd));
            window.inferences = 0;
        }
    }
    if let Some(proxies) = &mut cell.proxies {
        for proxy in [&mut proxies.processor, &mut proxies.operations].into_iter().flatten() {
            (proxy.per_inference_proxy_j, proxy.uncertainty) = (absurd, absurd);
        }
    }
    for result in &mut cell.scenarios {
        result.throughput_per_s = Some(absurd);
        if let Some(paced) = &mut result.paced {
            (paced.miss_rate, paced.busy, paced.jitter_ns) = (absurd, absurd, Some(absurd));
        }
        if let Some(server) = &mut result.server {
            (server.rate_per_s, server.percentile) = (Some(absurd), absurd);
        }
        if let Some(soak) = &mut result.soak {
            (soak.burst_per_s, soak.sustained_per_s) = (absurd, absurd);
            for interval in &mut soak.intervals {
                (interval.throughput_per_s, interval.temperature_c) = (absurd, Some(absurd));
                interval.at_ns.0 = u64::MAX;
            }
        }
    }
    if let Some(checks) = &mut cell.self_checks {
        checks.timed_outputs.as_mut().unwrap().largest_relative = Some(absurd);
        let repeated = checks.repeated_input.as_mut().unwrap();
        repeated.interval.as_mut().unwrap().low = absurd;
    }
    if let Some(summary) = &mut cell.summary {
        summary.memory_overhead_ratio = Some(absurd);
        summary.memory_bound_bytes = Some(edgebench_api::Bytes(u64::MAX));
    }
    for one in &mut cell.invocations {
        if let Some(all) = &mut one.allocations {
            all.inferences = 0;
        }
    }
}
