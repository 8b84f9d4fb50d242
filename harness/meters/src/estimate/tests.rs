use edgebench_record::Tier;

use super::*;
use crate::{Reading, Sample};

fn close(value: f64, expected: f64) {
    assert!(
        (value - expected).abs() < 1e-9 * expected.abs().max(1.0),
        "{value}, not {expected}"
    );
}

fn source() -> EnergySource {
    EnergySource {
        name: "fake".to_owned(),
        tier: Tier::E1,
        scope: "package".to_owned(),
        domains: Vec::new(),
        uncertainty: 0.1,
        sampling_hz: 10.0,
        min_window_ns: Nanos(10_000_000_000),
        notes: Vec::new(),
    }
}

/// 10 s, 100 inferences, 4 W idle.
fn counts(joules: f64) -> EnergyWindow {
    EnergyWindow {
        duration_ns: Nanos(10_000_000_000),
        cpu_ns: None,
        inferences: 100,
        readings: 100,
        gross_j: Some(joules),
        idle_before_w: Some(4.0),
        idle_after_w: Some(4.0),
        invalid: Vec::new(),
    }
}

/// A machine that draws 4 W idle and 10 W from 10 s to 20 s, `later` W afterwards.
fn machine(later: f64) -> (Series, Marks) {
    let origin = Instant::now();
    let at = |seconds: f64| origin + Duration::from_secs_f64(seconds);
    let mut energy = 0.0;
    let samples = (0..=310)
        .map(|tenth| {
            let seconds = f64::from(tenth) / 10.0;
            let sample = Sample {
                at: at(seconds),
                said: Ok(Reading::Joules(energy)),
            };
            energy += 0.1
                * if seconds < 9.95 {
                    4.0
                } else if seconds < 19.95 {
                    10.0
                } else {
                    later
                };
            sample
        })
        .collect();
    let marks = Marks {
        idle_before: (at(0.0), at(10.0)),
        busy: (at(10.0), at(20.0)),
        idle_after: (at(20.0), at(30.0)),
        inferences: 50,
    };
    (Series::new(samples, 10.0), marks)
}

#[test]
fn a_window_has_its_energy_between_idle_powers() {
    let (series, marks) = machine(4.0);
    let window = window(&source(), &series, &marks);
    close(window.gross_j.unwrap(), 100.0);
    close(window.idle_before_w.unwrap(), 4.0);
    close(window.idle_after_w.unwrap(), 4.0);
    assert_eq!(window.invalid, Vec::<String>::new());
    assert_eq!((window.duration_ns, window.inferences), (Nanos(10_000_000_000), 50));
    let energy = energy(&source(), vec![window], None);
    close(energy.gross_j.unwrap().value_j, 2.0);
    close(energy.net_j.unwrap().value_j, 1.2);
}

#[test]
fn an_idle_power_that_drifts_makes_a_window_invalid() {
    let (series, marks) = machine(4.25);
    let drifted = window(&source(), &series, &marks);
    assert_eq!(
        drifted.invalid,
        ["the idle power went from 4.000 W to 4.250 W, by more than 5 %"]
    );
    let (series, marks) = machine(4.15);
    assert!(window(&source(), &series, &marks).invalid.is_empty());
}

#[test]
fn short_empty_and_thin_windows_are_invalid() {
    let (series, marks) = machine(4.0);
    let short = Marks {
        busy: (marks.busy.0, marks.busy.0 + Duration::from_millis(9_900)),
        ..marks
    };
    assert_eq!(
        window(&source(), &series, &short).invalid,
        ["it lasted 9.9 s of the 10 s that this source takes"]
    );
    let none = Marks { inferences: 0, ..marks };
    assert_eq!(window(&source(), &series, &none).invalid, ["no inference ended in it"]);
    let fast = EnergySource {
        sampling_hz: 40.0,
        ..source()
    };
    assert_eq!(
        window(&fast, &series, &marks).invalid,
        ["101 of 400 readings were made"]
    );
}

#[test]
fn what_is_not_known_is_absent_with_its_reason() {
    let (series, marks) = machine(4.0);
    let late = marks.busy.1 + Duration::from_mins(1);
    let beyond = Marks {
        idle_after: (late, late + Duration::from_secs(10)),
        ..marks
    };
    let window = window(&source(), &series, &beyond);
    assert_eq!((window.idle_after_w, window.gross_j.is_some()), (None, true));
    assert_eq!(window.invalid, ["idle after: no reading reaches the end of the window"]);
    let energy = energy(&source(), vec![window], Some(0.1));
    assert_eq!(
        (energy.gross_j, energy.net_j, energy.delay_product_js),
        (None, None, None)
    );
    assert_eq!(
        energy.remarks,
        ["the only window does not count: idle after: no reading reaches the end of the window"]
    );
    assert_eq!(
        super::energy(&source(), Vec::new(), None).remarks,
        ["no window was measured"]
    );
}

// from scipy import stats; import numpy as np; x=np.array([100,104,98,101,107])/100
// n=len(x); se=x.std(ddof=1)/n**.5; print(stats.t.interval(.95,n-1,x.mean(),se), np.hypot(se,.1*x.mean()),
// np.hypot(se,.1*np.hypot(x.mean(),.4)))
#[test]
fn mean_interval_and_uncertainty_agree_with_scipy() {
    let windows = [100.0, 104.0, 98.0, 101.0, 107.0].map(counts).to_vec();
    let energy = energy(&source(), windows, Some(0.02));
    let gross = energy.gross_j.unwrap();
    close(gross.value_j, 1.02);
    let interval = gross.interval_j.unwrap();
    close(interval.low, GROSS.0);
    close(interval.high, GROSS.1);
    close(gross.uncertainty_j, GROSS.2);
    // 4 W for a tenth of a second are 0.4 J less.
    let net = energy.net_j.unwrap();
    close(net.value_j, 0.62);
    close(net.uncertainty_j, NET);
    close(net.interval_j.unwrap().low, GROSS.0 - 0.4);
    close(energy.delay_product_js.unwrap(), 1.02 * 0.02);
    assert_eq!(energy.remarks, Vec::<String>::new());
}

const GROSS: (f64, f64, f64) = (0.976_100_548_345_745_9, 1.063_899_451_654_254, 0.103_218_215_446_693);
const NET: f64 = 0.110_697_786_789_077;

#[test]
fn the_drift_of_the_idle_power_counts_for_net_alone() {
    let drifting = |joules| EnergyWindow {
        idle_before_w: Some(3.95),
        idle_after_w: Some(4.05),
        ..counts(joules)
    };
    let energy = energy(&source(), vec![drifting(100.0); 5], None);
    close(energy.gross_j.unwrap().uncertainty_j, 0.1);
    // |4.05 − 3.95| · 10 s / (2 · 100), and 10 % of 1 J under load and of 0.4 J idle, which do not cancel.
    let net = energy.net_j.unwrap();
    close(net.uncertainty_j, 0.005_f64.hypot(0.1 * 1.0_f64.hypot(0.4)));
    assert!(net.uncertainty_j > energy.gross_j.unwrap().uncertainty_j);
}

#[test]
fn invalid_windows_do_not_count_and_few_are_told() {
    let mut windows = [100.0, 104.0, 98.0].map(counts).to_vec();
    windows[1].invalid.push("it was interrupted".to_owned());
    let energy = energy(&source(), windows, None);
    assert_eq!(energy.windows.len(), 3);
    close(energy.gross_j.unwrap().value_j, 0.99);
    assert_eq!(energy.gross_j.unwrap().interval_j, None, "two windows have none");
    assert_eq!(
        energy.remarks,
        ["2 of 3 windows count", "2 windows, where 5 are asked for"]
    );
    let one = super::energy(&source(), vec![counts(100.0)], None);
    assert_eq!(one.remarks[0], "1 window, where 5 are asked for");
    assert!(
        one.remarks
            .iter()
            .any(|remark| remark.starts_with("one window does not tell")),
        "{:?}",
        one.remarks
    );
}

#[test]
fn a_net_energy_that_is_none_says_so() {
    let windows = [41.0, 40.0, 39.0, 38.0, 42.0].map(counts).to_vec();
    let energy = energy(&source(), windows, None);
    close(energy.net_j.unwrap().value_j, 0.0);
    assert_eq!(
        energy.remarks,
        ["the energy net of idle is within twice its uncertainty of 0 or below"]
    );
}

#[test]
fn the_figure_lies_in_its_interval() {
    // One window far off moves a mean and its interval, and not a median.
    let windows = [100.0, 100.0, 100.0, 100.1, 300.0].map(counts).to_vec();
    let gross = energy(&source(), windows, None).gross_j.unwrap();
    let interval = gross.interval_j.unwrap();
    assert!(interval.low <= gross.value_j && gross.value_j <= interval.high);
    close(f64::midpoint(interval.low, interval.high), gross.value_j);
}

#[test]
fn figures_that_are_none_do_no_harm() {
    for joules in [f64::NAN, f64::INFINITY, 0.0, -1.0, f64::MAX] {
        let energy = energy(&source(), vec![counts(joules); 5], Some(f64::NAN));
        assert!(energy.gross_j.is_none_or(|gross| gross.value_j.is_finite()), "{joules}");
        assert_eq!(energy.delay_product_js, None);
    }
    let mut none = counts(1.0);
    none.inferences = 0;
    assert_eq!(energy(&source(), vec![none], None).gross_j, None);
}
