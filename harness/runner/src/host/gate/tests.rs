use std::cell::Cell;

use edgebench_api::Nanos;
use edgebench_record::{Pressure, ProcessorTicks, Temperature};

use super::*;

/// A machine as it is after so many seconds, waited for with a clock that only sleeping moves.
fn gate(limit_s: u64, machine: impl Fn(f64) -> HealthReading) -> StartGate {
    let clock = Cell::new(Duration::from_secs(1000));
    wait_until_fit(
        4,
        Duration::from_secs(limit_s),
        &mut || machine(clock.get().as_secs_f64() - 1000.0),
        &mut || clock.get(),
        &mut |pause| clock.set(clock.get() + pause),
        &|| false,
    )
}

fn waited_s(gate: &StartGate) -> f64 {
    gate.waited_ns.as_secs_f64()
}

fn at(celsius: f64, limit_celsius: Option<f64>) -> HealthReading {
    HealthReading {
        temperatures: vec![Temperature {
            sensor: "cpu".to_owned(),
            celsius,
            limit_celsius,
        }],
        ..HealthReading::default()
    }
}

fn pressed(avg10: f64) -> HealthReading {
    HealthReading {
        cpu_pressure: Some(Pressure {
            avg10,
            total_ns: Nanos(0),
        }),
        ..HealthReading::default()
    }
}

#[test]
fn a_fit_machine_is_not_waited_for() {
    for machine in [
        HealthReading::default(),
        at(49.9, None),
        at(79.0, Some(100.0)),
        at(30.0, Some(40.0)),
        pressed(0.1),
        HealthReading {
            load1: Some(2.0),
            ..HealthReading::default()
        },
    ] {
        let gate = gate(60, |_| machine.clone());
        assert_eq!((gate.waited_ns, gate.unmet.len()), (Nanos(0), 0), "{machine:?}");
        assert_eq!(gate.limit_ns, Nanos(60_000_000_000));
    }
}

#[test]
fn a_device_that_cools_is_waited_for_until_it_cools_no_more() {
    // From 80 °C towards 55 °C with a time constant of 10 s: the fall within 10 s is below 1 °C from 37.6 s on.
    let gate = gate(300, |s| at(55.0 + 25.0 * (-s / 10.0_f64).exp(), None));
    assert_eq!(gate.unmet, Vec::<String>::new());
    assert_eq!(gate.waited_ns.0, 38_000_000_000);
}

#[test]
fn a_device_that_cools_is_fit_once_it_is_cool() {
    let gate = gate(300, |s| at(80.0 - 2.0 * s, None));
    assert_eq!((waited_s(&gate), gate.unmet.len()), (16.0, 0));
}

#[test]
fn a_warm_device_that_holds_its_temperature_is_looked_at_for_ten_seconds() {
    let gate = gate(300, |_| at(70.0, Some(85.0)));
    assert_eq!((waited_s(&gate), gate.unmet.len()), (10.0, 0));
}

#[test]
fn what_is_unmet_at_the_limit_is_told() {
    let hot = gate(5, |_| at(70.04, None));
    assert_eq!(hot.unmet, ["cpu is at 70.0 °C, and was not watched for 10 s"]);
    assert_eq!(hot.waited_ns.0, 5_000_000_000);
    let cooling = gate(15, |s| at(95.0 - s, None));
    assert_eq!(cooling.unmet, ["cpu is at 80.0 °C and still cools"]);
    let busy = gate(3, |_| pressed(0.52));
    assert_eq!(
        busy.unmet,
        ["something waited for a processor for 52 % of the last ten seconds"]
    );
    let half = wait_until_fit(
        4,
        Duration::ZERO,
        &mut || pressed(0.5),
        &mut || Duration::ZERO,
        &mut |_| panic!("no time to sleep"),
        &|| false,
    );
    assert_eq!((half.waited_ns, half.unmet.len()), (Nanos(0), 1));
}

/// A run that has just ended leaves its load behind for a minute; the processors are idle at once.
#[test]
fn load_that_is_over_is_not_waited_for() {
    let machine = |busy: u64| {
        move |s: f64| HealthReading {
            load1: Some(3.9 * (-s / 60.0_f64).exp()),
            processor: Some(ProcessorTicks {
                total: (s * 400.0) as u64,
                idle: (s * 400.0) as u64 * (100 - busy) / 100,
                steal: 0,
            }),
            ..HealthReading::default()
        }
    };
    let over = gate(120, machine(5));
    assert_eq!((waited_s(&over), over.unmet.len()), (1.0, 0));
    let still_there = gate(20, machine(80));
    assert_eq!(still_there.unmet, ["the load is 2.79 on 4 processors"]);
    let decays = gate(120, machine(80));
    assert_eq!(
        (waited_s(&decays), decays.unmet.len()),
        (41.0, 0),
        "60 s · ln(3.9/2) = 40.1 s"
    );
}

#[test]
fn a_sensor_that_vanishes_and_numbers_that_are_none_do_not_hold_a_run() {
    let gate_of = |machine: fn(f64) -> HealthReading| gate(60, machine);
    let vanished = gate_of(|s| {
        if s < 3.0 {
            at(80.0, None)
        } else {
            HealthReading::default()
        }
    });
    assert_eq!((waited_s(&vanished), vanished.unmet.len()), (3.0, 0));
    let none = gate_of(|_| HealthReading {
        load1: Some(f64::NAN),
        ..pressed(f64::NAN)
    });
    assert_eq!((waited_s(&none), none.unmet.len()), (0.0, 0));
}

#[test]
fn an_interrupt_ends_the_wait() {
    let looks = Cell::new(0);
    let clock = Cell::new(Duration::ZERO);
    let gate = wait_until_fit(
        4,
        Duration::from_mins(10),
        &mut || {
            looks.set(looks.get() + 1);
            pressed(0.9)
        },
        &mut || clock.get(),
        &mut |pause| clock.set(clock.get() + pause),
        &|| looks.get() == 3,
    );
    assert_eq!((waited_s(&gate), gate.unmet.len()), (2.0, 1));
}
