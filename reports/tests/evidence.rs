//! Energy and proxies, memory, scenarios, the machine and self-checks: what each report makes of them.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

#[expect(dead_code, reason = "what is shared is not used by every test")]
mod hostile;

use edgebench_record::{Cell, Record, StartGate};
use edgebench_reports::format::format;
use edgebench_reports::html::{RunLinks, Templates, run_page};
use edgebench_reports::picture::{soak, trade_offs};
use edgebench_reports::policy::named;
use edgebench_reports::policy::{Policy, Rule};
use edgebench_reports::records::{Basis, cell_differences, judge_records, record_differences};
use edgebench_reports::{FormatOptions, Limit, Standing, caveats, cells_csv, fit, table};
use serde_json::Value;

fn record_of(value: Value) -> Record {
    serde_json::from_value(value).unwrap()
}

fn record() -> Record {
    record_of(hostile::golden())
}

/// The same without what is tested here.
fn bare() -> Record {
    let mut record = record();
    record.energy_sources = None;
    record.overhead = None;
    record.start_gate = None;
    record.plan.scenarios = None;
    record.host.class = None;
    for cell in &mut record.cells {
        cell.energy = None;
        cell.proxies = None;
        cell.scenarios.clear();
        cell.self_checks = None;
        cell.memory_limit = None;
    }
    record
}

fn page(record: &Record) -> String {
    let templates = Templates::built_in().unwrap();
    let page = run_page(record, &templates, &RunLinks::default(), None).unwrap();
    // What a template prints has its slashes as references.
    page.replace("&#x2f;", "/")
}

fn first(record: &mut Record) -> &mut Cell {
    &mut record.cells[0]
}

/// The record twice over, with a second variant that has the same figures but others' names.
fn two_cells() -> Record {
    let mut record = record();
    let mut other = record.cells[0].clone();
    "other".clone_into(&mut other.id.variant);
    other.energy.as_mut().unwrap().gross_j.as_mut().unwrap().value_j *= 2.0;
    other
        .proxies
        .as_mut()
        .unwrap()
        .processor
        .as_mut()
        .unwrap()
        .per_inference_proxy_j *= 2.0;
    record.cells.insert(1, other);
    record
}

#[test]
fn the_page_tells_energy_with_its_source_and_its_uncertainty() {
    let page = page(&record());
    for words in [
        "Energy by rapl: tier E1 (cumulative counter), scope package and dram, read from intel-rapl:0 package-0, asked 10.0 \
         times a second, windows of 10.0 s or more, ± 5.00 % by its own accuracy.",
        "rapl: other processes are in the figure.",
        "gross (mJ)",
        "2.00 [1.95, 2.05]",
        "1.00 [0.950, 1.05]",
        "0.120",
        "3 of 4",
        "1.00 to 1.02",
        "3 of 4 windows count",
        "2.00",
    ] {
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn without_energy_one_sentence_says_what_could_be_read_and_what_not() {
    let mut record = record();
    first(&mut record).energy = None;
    record.energy_sources.as_mut().unwrap().used = None;
    assert!(page(&record).contains(
        "No energy was measured; to be had are rapl (E1, package and dram) by `--energy rapl`; absent are battery (no \
         battery; run on a laptop)."
    ));
    record.energy_sources.as_mut().unwrap().present.clear();
    assert!(page(&record).contains("No energy was measured; nothing here tells any; absent are battery"));
    assert!(page(&bare()).contains("No energy was measured, and the record does not tell what could have been read."));
    assert!(!table(&record).contains("energy ("));
}

#[test]
fn proxies_stand_apart_and_are_no_energy() {
    let page = page(&record());
    let section = page.split("id=\"proxies\"").nth(1).unwrap();
    let section = section.split("</section>").next().unwrap();
    for words in [
        "is not energy",
        "per inference (proxy-µJ)",
        ">1800<",
        ">10.0<",
        ">E3<",
        ">E4<",
        "1000 f32 × 4.6 pJ + 4096 B × 160 pJ",
    ] {
        assert!(section.contains(words), "{words}: {section}");
    }
    assert!(!section.contains("(µJ)"));
}

#[test]
fn energy_is_drawn_and_without_it_proxies_are_but_not_as_energy() {
    let titles = |record: &Record| -> Vec<String> {
        let pictures = trade_offs(record, &record.tasks[0]);
        pictures.into_iter().map(|picture| picture.title).collect()
    };
    let mut record = two_cells();
    let with = titles(&record);
    assert!(
        with.iter()
            .any(|title| title.contains("accuracy against energy per inference, batch 1")),
        "{with:?}"
    );
    assert!(!with.iter().any(|title| title.contains("proxy")), "{with:?}");
    for cell in &mut record.cells {
        cell.energy = None;
    }
    let without = titles(&record);
    assert!(
        without
            .iter()
            .any(|title| title.contains("accuracy against processor proxy, batch 1")),
        "{without:?}"
    );
    assert!(!without.iter().any(|title| title.contains("energy")), "{without:?}");
    for picture in trade_offs(&record, &record.tasks[0]) {
        if picture.title.contains("proxy") {
            assert!(
                picture.svg.contains("proxy-mJ") || picture.svg.contains("proxy-µJ"),
                "{}",
                picture.svg
            );
            assert!(!picture.svg.contains("> mJ"), "{}", picture.svg);
            assert!(
                picture.description.contains("it is no energy"),
                "{}",
                picture.description
            );
        }
    }
}

#[test]
fn the_card_of_the_host_tells_its_class_and_the_start_gate() {
    let mut record = record();
    let text = page(&record);
    for words in [
        "<strong>Class B</strong>: good side by side",
        "limits to class B; class A once this and all that limits as much is mended",
        "Before the run began it waited 12.0 s (at most 60.0 s) for the machine to be fit; still not as it should be: the load",
        "41 ns in each sample, 120 µs for a request",
        "temperature, start → end",
        "41.5 °C (cpu-thermal, limit 85 °C) → 62.0 °C",
    ] {
        assert!(text.contains(words), "{words}");
    }
    // A warning that is the class's reason is told once.
    let fact = &record.host.warnings[0].fact;
    let host = text.split("id=\"host\"").nth(1).unwrap();
    assert_eq!(host.matches(&format!("<strong>{fact}</strong>")).count(), 1);
    record.start_gate = Some(StartGate {
        waited_ns: edgebench_api::Nanos(0),
        limit_ns: edgebench_api::Nanos(1),
        unmet: Vec::new(),
    });
    assert!(page(&record).contains("The run did not wait to begin; all that it looks at was as it should be."));
}

#[test]
fn class_and_scenarios_stand_in_every_text() {
    let record = record();
    let write = |name: &str| {
        format(name)
            .unwrap()
            .write(&[&record], &FormatOptions::default())
            .unwrap()
    };
    for name in ["table", "markdown", "brief"] {
        let text = write(name);
        assert!(text.contains("class B: the frequency governor is"), "{name}: {text}");
        assert!(
            text.contains("server of digits/fp32/one/t1/b1: VALID; highest rate that held 432/s, bound 10 ms"),
            "{name}: {text}"
        );
        assert!(text.contains("INVALID; period 33.3 ms"), "{name}: {text}");
        assert!(
            text.contains("missed 3 of 300 (1.00 % [0.340, 2.89])"),
            "{name}: {text}"
        );
        assert!(text.contains("at least 600 s are asked for"), "{name}: {text}");
        assert_eq!(text.matches("no MLPerf result").count(), 1, "{name}: {text}");
        assert!(text.contains("energy (mJ) [95\u{a0}%]"), "{name}: {text}");
    }
    assert!(write("table").contains("  2.00 [1.95, 2.05] |"), "{}", write("table"));
}

#[test]
fn scenarios_have_a_part_each_with_verdicts_and_reasons() {
    let text = page(&record());
    let section = text.split("id=\"scenarios\"").nth(1).unwrap();
    let section = section.split("</section>").next().unwrap();
    for words in [
        "<h3>server</h3>",
        "<h3>paced</h3>",
        "<h3>cold-start</h3>",
        "<h3>soak</h3>",
        "VALID",
        "INVALID",
        "432/s",
        "a note on the server",
        "no starts with a cold cache: the files",
        "7 ms",
        "throughput over time",
        "hottest sensor",
    ] {
        assert!(section.contains(words), "{words}");
    }
    assert_eq!(section.matches("no MLPerf result").count(), 1);
    assert!(!page(&bare()).contains("id=\"scenarios\""));
}

#[test]
fn a_soak_that_throttles_changes_places() {
    let mut record = two_cells();
    let other = record.cells[1]
        .scenarios
        .iter_mut()
        .find_map(|result| result.soak.as_mut())
        .unwrap();
    (other.burst_per_s, other.sustained_per_s) = (900.0, 850.0);
    let sentence = "digits/fp32/one/t1/b1 is faster in a burst (1000/s against 900/s), digits/other/one/t1/b1 in the long \
                    run (850/s against 700/s).";
    assert!(page(&record).contains(sentence));
    assert!(table(&record).contains(sentence), "{}", table(&record));
    let picture = soak(&record, &record.tasks[0]).unwrap();
    assert!(
        picture
            .description
            .contains("fp32 on one: 1000/s in a burst, 700/s sustained."),
        "{}",
        picture.description
    );
    assert_eq!(picture.data.rows.len(), 6);
    assert_eq!(picture.data.rows[2][3], "80.5");
    let other = record.cells[1]
        .scenarios
        .iter_mut()
        .find_map(|result| result.soak.as_mut())
        .unwrap();
    other.sustained_per_s = 600.0;
    assert!(!page(&record).contains("in the long run"));
}

#[test]
fn memory_has_its_bound_and_its_limit() {
    let record = record();
    let text = page(&record);
    let section = text
        .split("id=\"memory\"")
        .nth(1)
        .unwrap()
        .split("</section>")
        .next()
        .unwrap();
    for words in [
        "lower bound",
        "3 KiB",
        "2.50×",
        "allocations per inference",
        ">2.50<",
        "arena, reserved",
        "16 KiB",
        "does not fit (not held, judged from the peak): its peak is 80 MiB, the limit 64 MiB",
    ] {
        assert!(section.contains(words), "{words}: {section}");
    }
    assert!(text.contains("Memory by phase"));
    assert!(table(&record).contains("| within 64.0 MiB |"), "{}", table(&record));
    assert!(table(&record).contains("| no, by its peak |"), "{}", table(&record));
    assert!(!table(&bare()).contains("within"));
}

#[test]
fn self_checks_are_told_where_they_find_something() {
    let mut record = record();
    let text = caveats(&record).join("\n");
    for words in [
        "other bits than those of the accuracy run: digits/fp32/one/t1/b1 (3 of 8 batches, by at most 1.2e-3",
        "more than 10 % faster than rotating inputs, as where something is cached: digits/fp32/one/t1/b1 (25 to 35 % less",
    ] {
        assert!(text.contains(words), "{text}");
    }
    record.cells[0].summary.as_mut().unwrap().latency.p50_ns = 10_000.0;
    record.overhead.as_mut().unwrap().sample_ns.0 = 200;
    assert!(
        caveats(&record)
            .join("\n")
            .contains("is more than 1 % of the median latency: digits/fp32/one/t1/b1 (2.0 %)")
    );
    record.overhead.as_mut().unwrap().sample_ns.0 = 90;
    let checks = first(&mut record).self_checks.as_mut().unwrap();
    checks.timed_outputs.as_mut().unwrap().same_bits = 8;
    checks.repeated_input.as_mut().unwrap().interval.as_mut().unwrap().high = 0.91;
    let text = caveats(&record).join("\n");
    assert!(
        !text.contains("other bits") && !text.contains("cached") && !text.contains("harness's own"),
        "{text}"
    );
}

#[test]
fn a_budget_holds_energy_by_its_interval() {
    let record = record();
    let held = |limit: &str| {
        let fit = fit(
            &record,
            &record.tasks[0],
            &record.cells[0],
            &Limit::parse(limit).unwrap(),
        );
        (fit.standing, fit.sure)
    };
    assert_eq!(held("energy=2.1mJ"), (Standing::Within, true));
    assert_eq!(held("energy=2020µJ"), (Standing::Within, false));
    assert_eq!(held("energy=0.0019J"), (Standing::Beyond, true));
    assert_eq!(held("energy_net=1000uJ"), (Standing::Within, false));
    assert_eq!(held("server_rate=400/s"), (Standing::Within, false));
    // An invalid scenario has no figure.
    assert_eq!(held("paced_misses=5%").0, Standing::Unknown);
    assert_eq!(Limit::parse("energy=2mJ").unwrap().to_string(), "energy ≤ 2 mJ");
    assert!(Limit::parse("energy=2").is_err() && Limit::parse("energy=2proxy-mJ").is_err());
}

#[test]
fn energy_of_another_source_and_another_load_are_not_comparable() {
    let (before, mut after) = (record(), record());
    let energy = Basis::of(named("energy").unwrap());
    let server = Basis::of(named("server_rate").unwrap());
    assert_eq!(cell_differences(&before.cells[0], &after.cells[0], energy), []);
    assert_eq!(record_differences(&before, &after, server), []);
    let source = &mut first(&mut after).energy.as_mut().unwrap().source;
    source.name = "ina3221".to_owned();
    source.tier = edgebench_record::Tier::E2;
    source.scope = "module".to_owned();
    let plan = after.plan.scenarios.as_mut().unwrap();
    (plan.sessions, plan.target_latency_ns, plan.period_ns) = (4, 5_000_000, 1);
    let mut policy = Policy {
        trust_recorded_times: true,
        ..Policy::default()
    };
    for rule in ["energy:3%", "server_rate:3%", "latency_p50:3%"] {
        policy.set(Rule::parse(rule).unwrap());
    }
    let verdicts = judge_records(&before, &after, &policy, false);
    let why = |metric: &str| {
        let verdict = verdicts.iter().find(|verdict| verdict.metric == metric).unwrap();
        format!("{:?}: {}", verdict.kind, verdict.reason)
    };
    let energy = why("energy");
    assert!(
        energy.starts_with(
            "Incomparable: differs in cells.energy.source.name (rapl → ina3221), cells.energy.source.tier (E1 → E2), \
             cells.energy.source.scope (package and dram → module)"
        ),
        "{energy}"
    );
    let server = why("server_rate");
    assert!(
        server.starts_with(
            "Incomparable: differs in plan.scenarios.sessions (2 → 4), plan.scenarios.target_latency_ns (10000000 → \
             5000000)"
        ),
        "{server}"
    );
    assert!(
        !why("latency_p50").starts_with("Incomparable"),
        "{}",
        why("latency_p50")
    );
}

#[test]
fn energy_is_judged_over_its_windows() {
    let (before, mut after) = (record(), record());
    let energy = first(&mut after).energy.as_mut().unwrap();
    energy.gross_j.as_mut().unwrap().value_j *= 2.0;
    for window in &mut energy.windows {
        window.gross_j = window.gross_j.map(|joules| joules * 2.0);
    }
    let mut policy = Policy {
        trust_recorded_times: true,
        ..Policy::default()
    };
    policy.set(Rule::parse("energy:3%").unwrap());
    let verdict = &judge_records(&before, &after, &policy, false)[0];
    assert_eq!(verdict.kind, edgebench_record::VerdictKind::Regressed, "{verdict:?}");
    // Energy is of its moment, as times are.
    policy.trust_recorded_times = false;
    assert!(!judge_records(&before, &after, &policy, false)[0].gating);
}

#[test]
fn the_csv_has_the_new_columns_at_the_end() {
    let text = cells_csv(&record()).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().unwrap().clone();
    let row = reader.records().next().unwrap().unwrap();
    let of = |name: &str| &row[headers.iter().position(|header| header == name).unwrap()];
    assert_eq!((of("energy_j"), of("energy_net_high_j")), ("0.002", "0.00105"));
    assert_eq!((of("energy_source"), of("energy_tier")), ("rapl", "E1"));
    assert_eq!((of("processor_proxy_j"), of("operations_proxy_tier")), ("0.0018", "E4"));
    assert_eq!((of("memory_bound_bytes"), of("memory_overhead_ratio")), ("3072", "2.5"));
    assert_eq!((of("bytes_moved"), of("memory_limit_fits")), ("4096", "false"));
    assert_eq!(headers.iter().position(|header| header == "run"), Some(52));
}
