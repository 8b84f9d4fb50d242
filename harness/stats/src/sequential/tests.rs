//! The trial on figures whose truth is known.

use super::*;

fn design() -> Design {
    Design::relative(0.03, 1.0 / 3.0, 0.01, 0.95).unwrap()
}

/// Feeds a trial with values that repeat until it is over, and says how many it took.
fn run(values: &[f64], capacity: usize) -> Trial {
    let mut trial = Trial::new(design());
    trial.allow(capacity);
    for &value in values.iter().cycle().take(2_000) {
        if trial.wants().is_none() {
            break;
        }
        trial.push(value);
    }
    trial
}

/// Figures around a centre, symmetric and without ties.
fn around(centre: f64, spread: f64) -> Vec<f64> {
    let steps = [
        0.9, -0.3, 0.5, -0.8, 0.1, -0.6, 0.7, -0.1, 0.35, -0.45, -0.95, 0.25, -0.2, 0.65,
    ];
    steps.iter().map(|step| centre + spread * step).collect()
}

#[test]
fn the_fewest_restarts_are_those_with_which_the_test_can_reject() {
    // 2⁻⁹ < 0.01 / 3 < 2⁻⁸
    assert_eq!(design().minimum(), 9);
    let many_cells = Design::relative(0.03, 1.0 / 3.0, 0.01 / 18.0, 0.95).unwrap();
    assert_eq!(many_cells.minimum(), 13);
    assert!(signed_rank_greater(&[1.0; 9], 0.0).unwrap() <= design().level());
    assert!(signed_rank_greater(&[1.0; 8], 0.0).unwrap() > design().level());
}

#[test]
fn restarts_are_planned_from_the_spread() {
    // ((2.7131 + 1.9545) · 0.02 / (ln 1.03 − ln 1.01))² = 22.66, with z(1 − 0.01/3) and z(√0.95)
    assert_eq!(design().restarts(0.02), 23);
    assert_eq!(design().restarts(0.0), 9);
    assert!(design().confirming_restarts(0.02) < design().restarts(0.02));
}

#[test]
fn the_same_is_passed_and_a_slowdown_needs_a_second_set() {
    let same = run(&around(0.0, 0.005), usize::MAX);
    assert_eq!(
        (same.call(), same.looks(), same.confirmed()),
        (Some(Call::Passed), 1, None)
    );
    let slower = run(&around(0.03, 0.005), usize::MAX);
    assert_eq!(slower.call(), Some(Call::Regressed));
    assert!(slower.confirmed().unwrap().confirmed);
    assert!(slower.restarts() >= design().minimum() + 7);
    let faster = run(&around(-0.03, 0.005), usize::MAX);
    assert_eq!(faster.call(), Some(Call::Improved));
}

#[test]
fn a_change_within_the_threshold_is_not_called_however_sure_it_is() {
    let trial = run(&around(1.009_f64.ln(), 0.000_5), usize::MAX);
    assert_eq!(trial.call(), Some(Call::Passed));
    let (estimate, interval) = trial.estimate().unwrap();
    assert!(
        estimate > 0.008 && interval.unwrap().low > 0.0,
        "significant and not relevant"
    );
}

#[test]
fn a_second_set_that_does_not_confirm_is_added_to_the_first() {
    let mut trial = Trial::new(design());
    for value in around(0.03, 0.004).iter().cycle().take(9) {
        trial.push(*value);
    }
    assert_eq!(trial.wants(), Some(Set::Confirming));
    for value in around(0.0, 0.004).iter().cycle().take(trial.until_next_look()) {
        trial.push(*value);
    }
    assert!(!trial.confirmed().unwrap().confirmed);
    assert_eq!(trial.wants(), Some(Set::First), "{trial:?}");
    assert_eq!(trial.restarts(), trial.log_ratios().len());
}

#[test]
fn time_moves_the_last_look_forward_and_leaves_room_to_confirm() {
    let noisy = around(0.03, 0.08);
    let unlimited = run(&noisy, usize::MAX);
    assert!(unlimited.planned().unwrap() > 30, "{unlimited:?}");
    let limited = run(&noisy, 30);
    assert_eq!(limited.call(), Some(Call::Inconclusive));
    assert!(limited.restarts() <= 30);
    assert!(limited.further().unwrap() > 0);
    assert!(limited.minimum_detectable().unwrap() > design().tolerance);

    // A clear slowdown is confirmed within the time, and by a set that was cut off as well.
    let clear = around(0.06, 0.05);
    assert_eq!(run(&clear, 26).call(), Some(Call::Regressed), "{:?}", run(&clear, 26));
    let mut trial = Trial::new(design());
    for value in around(0.1, 0.03).iter().cycle() {
        if trial.wants() == Some(Set::Confirming) && trial.confirming.len() == 8 {
            break;
        }
        trial.push(*value);
    }
    assert!(trial.until_next_look() > 0, "{trial:?}");
    trial.stop();
    assert_eq!(trial.call(), Some(Call::Regressed));
}

#[test]
fn without_time_to_confirm_it_says_what_is_lacking() {
    let mut trial = Trial::new(design());
    trial.allow(10);
    for value in around(0.05, 0.004).iter().take(9) {
        trial.push(*value);
    }
    assert_eq!(trial.call(), Some(Call::Inconclusive));
    assert!(trial.unconfirmed());
    assert_eq!(trial.further(), Some(7), "a confirming set");
}

/// The chance of a false alarm is α at most, and a worsening by the tolerance is found as often as planned.
#[test]
fn rates_are_those_that_were_asked_for() {
    let mut random = crate::simulated::Normals::seeded(11);
    let mut rate = |centre: f64, gates: usize| {
        let regressed = (0..gates).filter(|_| {
            let mut trial = Trial::new(design());
            while trial.wants().is_some() {
                trial.push(centre + 0.015 * random.one());
            }
            trial.call() == Some(Call::Regressed)
        });
        regressed.count() as f64 / gates as f64
    };
    assert!(rate(0.0, 500) <= 0.002);
    assert!(rate(1.01_f64.ln(), 500) <= 0.01);
    assert!(rate(1.03_f64.ln(), 500) >= 0.95);
}

#[test]
fn three_looks_are_all() {
    // Between threshold and tolerance nothing can be shown either way for long.
    let between = around(1.02_f64.ln(), 0.04);
    let trial = run(&between, usize::MAX);
    assert!(trial.looks() <= LOOKS, "{trial:?}");
    assert!(trial.call().is_some());
}

#[test]
fn the_order_of_restarts_within_a_look_changes_nothing_and_the_sides_mirror() {
    for centre in [0.0, 0.02, 0.05] {
        let values = around(centre, 0.01);
        let mut turned = values.clone();
        turned[..9].reverse();
        let (trial, other) = (run(&values[..9], usize::MAX), run(&turned[..9], usize::MAX));
        assert_eq!((trial.call(), trial.p()), (other.call(), other.p()));
        let mirrored: Vec<f64> = values[..9].iter().map(|value| -value).collect();
        let mirrored = run(&mirrored, usize::MAX);
        let (estimate, mirror) = (trial.estimate().unwrap().0, mirrored.estimate().unwrap().0);
        assert!((estimate + mirror).abs() < 0.01, "{estimate} {mirror}");
        if trial.call() == Some(Call::Regressed) {
            assert_eq!(mirrored.call(), Some(Call::Improved));
        }
    }
}

#[test]
fn an_interrupted_trial_is_inconclusive_and_takes_no_more() {
    let mut trial = Trial::new(design());
    trial.push(0.5);
    trial.stop();
    trial.push(0.5);
    assert_eq!((trial.call(), trial.restarts()), (Some(Call::Inconclusive), 1));
}

#[test]
fn what_others_leave_over_may_decide() {
    let strict = Design::relative(0.03, 1.0 / 3.0, 0.01 / 8.0, 0.95).unwrap();
    let mut trial = Trial::new(strict);
    let noisy = around(0.03, 0.06);
    for value in noisy.iter().cycle().take(40) {
        trial.push(*value);
    }
    trial.allow(80);
    trial.stop();
    let p = signed_rank_greater(&trial.log_ratios(), strict.threshold).unwrap();
    trial.p = Some(p);
    assert!(p > strict.level(), "{p}");
    trial.relax(0.01 / 8.0);
    assert_eq!(trial.wants(), None, "the same α changes nothing");
    trial.relax((p * LOOKS as f64 * 1.01).min(0.5));
    assert_eq!(trial.wants(), Some(Set::Confirming));
}

#[test]
fn a_design_that_cannot_be_is_none() {
    for (tolerance, share, alpha) in [
        (0.0, 0.3, 0.01),
        (0.03, 1.0, 0.01),
        (0.03, 0.3, 0.0),
        (f64::NAN, 0.3, 0.01),
    ] {
        assert_eq!(Design::relative(tolerance, share, alpha, 0.95), None);
    }
}
