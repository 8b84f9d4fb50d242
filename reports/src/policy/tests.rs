use super::*;

fn rule(text: &str) -> Result<(&'static str, Scale, f64), String> {
    Rule::parse(text)
        .map(|rule| (rule.metric.id, rule.tolerance.scale, rule.tolerance.amount))
        .map_err(|error| error.to_string())
}

#[test]
fn rules_as_people_write_them() {
    for (text, id, scale, amount) in [
        ("latency_p50:3%", "latency_p50", Scale::Relative, 0.03),
        ("latency_p50:+3 %", "latency_p50", Scale::Relative, 0.03),
        ("accuracy:-0.5pp", "accuracy", Scale::Absolute, 0.005),
        ("accuracy:−0.5pp", "accuracy", Scale::Absolute, 0.005),
        ("accuracy:1%", "accuracy", Scale::Relative, 0.01),
        ("accuracy:0", "accuracy", Scale::Absolute, 0.0),
        ("model_bytes:0", "model_bytes", Scale::Relative, 0.0),
        ("model_bytes:0B", "model_bytes", Scale::Relative, 0.0),
        ("rss_peak: 2 MiB", "rss_peak", Scale::Absolute, 2_097_152.0),
        ("load:1.5ms", "load", Scale::Absolute, 1_500_000.0),
        ("latency_p99:20µs", "latency_p99", Scale::Absolute, 20_000.0),
        ("throughput:-5%", "throughput", Scale::Relative, 0.05),
        ("parameters:1000", "parameters", Scale::Absolute, 1000.0),
        ("f1:0.5pp", "f1", Scale::Absolute, 0.005),
    ] {
        let found = rule(text).unwrap();
        assert_eq!((found.0, found.1), (id, scale), "{text}");
        assert!((found.2 - amount).abs() < 1e-9, "{text}: {}", found.2);
    }
}

#[test]
fn what_cannot_be_is_told_with_what_is_meant() {
    let error = |text: &str| {
        let error = Rule::parse(text).unwrap_err();
        (error.to_string(), error.hint().unwrap())
    };
    assert_eq!(
        error("latency_p5:3%"),
        (
            "there is no metric `latency_p5`".to_owned(),
            "did you mean `latency_p50`?".to_owned()
        )
    );
    assert!(error("colour:3%").1.starts_with("there are library_open, load"));
    assert_eq!(error("latency_p50").1, "write METRIC:TOLERANCE, such as latency_p50:3%");
    assert_eq!(
        error("latency_p50:-3%"),
        (
            "`-3%` is no tolerance for latency_p50: less is better, so it says how much it may rise".to_owned(),
            "write 3%, 0.5ms or 0".to_owned()
        )
    );
    assert!(error("accuracy:+1pp").0.contains("more is better"));
    for wrong in [
        "latency_p50:",
        "latency_p50:three",
        "latency_p50:3",
        "latency_p50:3pp",
        "latency_p50:3MiB",
        "latency_p50:%",
        "latency_p50:1.2.3%",
        "latency_p50:--3%",
        "latency_p50:nan%",
        "latency_p50:1e400%",
        "accuracy:100pp",
        "accuracy:100%",
        "accuracy:--1pp",
        "model_bytes:5",
        ":3%",
        "",
    ] {
        assert!(Rule::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_file_has_the_flags_names() {
    let policy = Policy::from_toml(
        "inconclusive = \"fail\"\nmax-class-drop = \"5pp\"\ntrust-recorded-times = true\n\n\
         [fail-on]\nlatency_p50 = \"3%\"\naccuracy = \"-0.5pp\"\nmodel_bytes = 0\nparameters = 100\n",
    )
    .unwrap();
    assert_eq!(policy.rules.len(), 4);
    assert_eq!(policy.max_class_drop, Some(0.05));
    assert_eq!(policy.inconclusive, OnInconclusive::Fail);
    assert!(policy.trust_recorded_times);
    assert_eq!(
        policy.tolerance("model_bytes").unwrap().amount.to_bits(),
        0.0_f64.to_bits()
    );
    // A table of TOML has no order.
    let ids: Vec<String> = policy.facts().rules.into_iter().map(|rule| rule.metric).collect();
    assert_eq!(ids, ["accuracy", "latency_p50", "model_bytes", "parameters"]);
}

#[test]
fn a_file_that_is_wrong_says_where() {
    let said = |text: &str| {
        let error = Policy::from_toml(text).unwrap_err();
        (error.to_string(), error.hint())
    };
    assert_eq!(
        said("[failon]\nload = \"1%\""),
        (
            "there is no key `failon`".to_owned(),
            Some("did you mean `fail-on`?".to_owned())
        )
    );
    assert_eq!(
        said("[fail-on]\nrsspeak = \"1%\"").1,
        Some("did you mean `rss_peak`?".to_owned())
    );
    assert!(
        said("a = 1\nb = = 2").0.ends_with("(line 2)"),
        "{:?}",
        said("a = 1\nb = = 2")
    );
    assert_eq!(said("fail-on = 3").0, "`fail-on` must be a table of metrics");
    assert_eq!(
        said("inconclusive = \"maybe\"").0,
        "there is no answer to inconclusive `maybe`"
    );
    assert_eq!(
        said("trust-recorded-times = \"yes\"").0,
        "`trust-recorded-times` must be true or false"
    );
    assert!(said("max-class-drop = \"5%\"").0.contains("percentage points"));
    assert!(said("[fail-on]\nload = true").0.starts_with("`fail-on.load` must be"));
}

#[test]
fn flags_go_before_the_file_and_defaults_fill_nothing_in() {
    let mut policy = Policy::from_toml("[fail-on]\nload = \"5%\"\nrss_peak = \"2%\"").unwrap();
    policy.set(Rule::parse("load:10%").unwrap());
    policy.set(Rule::parse("accuracy:1pp").unwrap());
    let policy = policy.with_default_rules();
    let ids: Vec<&str> = policy.rules.iter().map(|rule| rule.metric.id).collect();
    assert_eq!(ids, ["load", "rss_peak", "accuracy"]);
    assert!((policy.tolerance("load").unwrap().amount - 0.1).abs() < 1e-12);
    let ids: Vec<&str> = Policy::standard().rules.iter().map(|rule| rule.metric.id).collect();
    assert_eq!(ids, ["latency_p50", "accuracy", "rss_peak", "model_bytes"]);
}
