use edgebench_api::Nanos;
use edgebench_record::{
    Battery, CgroupLimits, FrequencyLimits, FrequencySpan, Host, Pressure, ProcessorTicks, Temperature, ThrottleCounts,
};

use super::*;

/// A reading of a quiet machine, ten seconds after the one before.
fn reading(at_s: u64) -> HealthReading {
    let pressure = Some(Pressure {
        avg10: 0.0,
        total_ns: Nanos(0),
    });
    HealthReading {
        uptime_ns: Some(Nanos(at_s * 1_000_000_000)),
        load1: Some(0.2),
        processor: Some(ProcessorTicks {
            total: at_s * 400,
            idle: at_s * 200,
            steal: 0,
        }),
        cpu_pressure: pressure,
        memory_pressure: pressure,
        io_pressure: pressure,
        temperatures: vec![Temperature {
            sensor: "cpu-thermal".to_owned(),
            celsius: 45.0,
            limit_celsius: Some(100.0),
        }],
        frequency: Some(FrequencySpan {
            min_khz: 2_000_000,
            max_khz: 2_000_000,
        }),
        throttle: Some(ThrottleCounts {
            core: Some(7),
            package: Some(0),
        }),
        firmware_throttle: Some(0),
        mains_online: Some(true),
        battery: None,
        swap_used_bytes: Some(0),
    }
}

/// A machine that is held still.
fn still() -> Host {
    Host {
        cpus: 4,
        load_at_start: Some(0.2),
        steal: Some(0.0),
        governor: Some("performance".to_owned()),
        turbo: Some(false),
        smt: Some(false),
        frequency: Some(FrequencyLimits {
            max_khz: Some(2_000_000),
            ..FrequencyLimits::default()
        }),
        health_at_start: Some(reading(100)),
        health_at_end: Some(reading(110)),
        ..Host::default()
    }
}

fn under_pressure(share: f64) -> Pressure {
    Pressure {
        avg10: share,
        total_ns: Nanos((share * 1e10) as u64),
    }
}

fn gauge(status: &str) -> Battery {
    Battery {
        status: Some(status.to_owned()),
        charge_percent: Some(50),
    }
}

type Break = fn(&mut Host);

fn start(host: &mut Host) -> &mut HealthReading {
    host.health_at_start.as_mut().unwrap()
}

fn end(host: &mut Host) -> &mut HealthReading {
    host.health_at_end.as_mut().unwrap()
}

/// Each rule by itself: what breaks it, the class that follows, whether a report warns, a word of the fact.
const RULES: [(Break, Class, bool, &str); 27] = [
    (|host| host.emulated = true, Class::C, true, "emulated"),
    (|host| host.steal = Some(0.021), Class::C, true, "2.1 %"),
    (
        |host| end(host).cpu_pressure = Some(under_pressure(0.11)),
        Class::C,
        true,
        "processor for 11 %",
    ),
    (
        |host| end(host).memory_pressure = Some(under_pressure(0.11)),
        Class::C,
        true,
        "memory for 11 %",
    ),
    (
        |host| end(host).io_pressure = Some(under_pressure(0.5)),
        Class::B,
        true,
        "storage for 50 %",
    ),
    (
        |host| end(host).throttle.as_mut().unwrap().core = Some(8),
        Class::C,
        true,
        "slowed for heat",
    ),
    (
        |host| end(host).throttle.as_mut().unwrap().package = Some(1),
        Class::C,
        true,
        "slowed for heat",
    ),
    (
        |host| end(host).firmware_throttle = Some(0x1),
        Class::C,
        true,
        "under-voltage during",
    ),
    (
        |host| end(host).firmware_throttle = Some(0x60000),
        Class::C,
        true,
        "a capped frequency, throttling",
    ),
    (|host| end(host).swap_used_bytes = Some(2 << 20), Class::C, true, "grew"),
    (
        |host| host.virtualisation = Some("kvm".to_owned()),
        Class::B,
        true,
        "kvm",
    ),
    (
        |host| host.governor = Some("powersave".to_owned()),
        Class::B,
        true,
        "powersave",
    ),
    (
        |host| host.governor = Some("performance, powersave".to_owned()),
        Class::B,
        true,
        "powersave",
    ),
    (|host| host.turbo = Some(true), Class::B, false, "turbo"),
    (|host| host.smt = Some(true), Class::B, false, "SMT"),
    (
        |host| host.load_at_start = Some(2.1),
        Class::B,
        true,
        "load was 2.10 on 4",
    ),
    (
        |host| start(host).cpu_pressure = Some(under_pressure(0.11)),
        Class::B,
        true,
        "ten seconds before",
    ),
    (
        |host| {
            host.cgroup = Some(CgroupLimits {
                cpu_quota: Some(1.5),
                ..CgroupLimits::default()
            });
        },
        Class::B,
        false,
        "1.50 processors",
    ),
    (
        |host| {
            start(host).battery = Some(gauge("discharging"));
            end(host).battery = Some(gauge("discharging"));
        },
        Class::B,
        true,
        "battery is discharging",
    ),
    (
        |host| {
            start(host).battery = Some(gauge("not charging"));
            start(host).mains_online = Some(false);
        },
        Class::B,
        true,
        "no mains",
    ),
    (
        |host| {
            start(host).battery = Some(gauge("charging"));
            end(host).battery = Some(gauge("discharging"));
        },
        Class::B,
        true,
        "began to discharge",
    ),
    (
        |host| {
            start(host).swap_used_bytes = Some(5 << 20);
            end(host).swap_used_bytes = Some(5 << 20);
        },
        Class::B,
        true,
        "swap space is in use",
    ),
    (
        |host| end(host).temperatures[0].celsius = 66.0,
        Class::B,
        true,
        "45 °C to 66 °C",
    ),
    (
        |host| {
            start(host).temperatures[0].celsius = 96.0;
            end(host).temperatures[0].celsius = 96.0;
        },
        Class::B,
        true,
        "limited to 100 °C",
    ),
    (
        |host| end(host).temperatures.clear(),
        Class::B,
        false,
        "not readable here: temperature",
    ),
    (|host| host.governor = None, Class::B, false, "frequency governor"),
    (
        |host| {
            end(host).frequency = Some(FrequencySpan {
                min_khz: 1_000_000,
                max_khz: 1_790_000,
            });
        },
        Class::B,
        true,
        "1.79 GHz",
    ),
];

#[test]
fn each_rule_by_itself() {
    for (number, (break_it, class, warns, word)) in RULES.into_iter().enumerate() {
        let mut host = still();
        break_it(&mut host);
        let found = findings(&host, true);
        assert_eq!(found.len(), 1, "rule {number}: {found:?}");
        assert!(found[0].fact.contains(word), "rule {number}: {}", found[0].fact);
        assert_eq!(warnings(&found).len(), usize::from(warns), "rule {number}");
        let class_of = classify(found);
        assert_eq!(class_of.class, class, "rule {number}");
        assert_eq!(class_of.reasons[0].raises_to, Class::A, "rule {number}");
    }
}

/// What comes near to a rule and does not break it.
#[test]
fn a_still_machine_is_of_class_a() {
    assert_eq!(
        classify(findings(&still(), true)),
        HostClass {
            class: Class::A,
            reasons: Vec::new()
        }
    );
    let near: [Break; 12] = [
        |host| host.steal = Some(0.02),
        |host| host.load_at_start = Some(2.0),
        |host| end(host).cpu_pressure = Some(under_pressure(0.1)),
        |host| end(host).swap_used_bytes = Some(1 << 20),
        |host| end(host).temperatures[0].celsius = 65.0,
        |host| end(host).throttle.as_mut().unwrap().core = Some(2),
        |host| end(host).throttle = None,
        |host| end(host).frequency = None,
        |host| {
            // It happened before the run.
            start(host).firmware_throttle = Some(0x50000);
            end(host).firmware_throttle = Some(0x50000);
        },
        |host| start(host).battery = Some(gauge("full")),
        |host| {
            host.cgroup = Some(CgroupLimits {
                cpu_quota: Some(4.0),
                ..CgroupLimits::default()
            });
        },
        |host| {
            // Half a second is too short for a share of it.
            end(host).uptime_ns = Some(Nanos(100_500_000_000));
            end(host).cpu_pressure = Some(under_pressure(0.04));
        },
    ];
    for (number, break_it) in near.into_iter().enumerate() {
        let mut host = still();
        break_it(&mut host);
        assert_eq!(findings(&host, true), [], "case {number}");
    }
}

#[test]
fn a_machine_that_tells_nothing_is_not_of_class_a() {
    let class = classify(findings(&Host::default(), true));
    assert_eq!(class.class, Class::B);
    assert_eq!(
        class.reasons[0].fact,
        "not readable here: temperature, frequency governor, processor pressure, load"
    );
}

#[test]
fn the_worst_reason_decides_and_each_says_what_mending_it_gives() {
    let mut host = still();
    host.turbo = Some(true);
    host.virtualisation = Some("kvm".to_owned());
    let class = classify(findings(&host, false));
    assert_eq!(class.class, Class::C);
    let raises: Vec<(Class, Class)> = class
        .reasons
        .iter()
        .map(|reason| (reason.limits_to, reason.raises_to))
        .collect();
    assert_eq!(
        raises,
        [(Class::C, Class::B), (Class::B, Class::A), (Class::B, Class::A)]
    );
    assert_eq!(class.reasons[0].fact, "this is a debug build");
}

#[test]
fn numbers_that_are_none_break_nothing() {
    let mut host = still();
    host.steal = Some(f64::NAN);
    host.load_at_start = Some(f64::NAN);
    host.cgroup = Some(CgroupLimits {
        cpu_quota: Some(f64::NAN),
        ..CgroupLimits::default()
    });
    end(&mut host).temperatures[0].celsius = f64::NAN;
    start(&mut host).cpu_pressure = Some(under_pressure(f64::NAN));
    assert_eq!(findings(&host, true), []);
}

#[test]
fn steal_is_a_share_and_absent_without_time() {
    let at = |total, steal| HealthReading {
        processor: Some(ProcessorTicks { total, idle: 0, steal }),
        ..HealthReading::default()
    };
    assert_eq!(steal(&at(1000, 10), &at(1200, 20)), Some(0.05));
    assert_eq!(steal(&at(1000, 10), &at(1000, 10)), None);
    assert_eq!(steal(&at(1000, 10), &at(1099, 60)), None, "too short for a share");
    assert_eq!(steal(&at(1000, 10), &at(900, 10)), None);
    assert_eq!(steal(&at(1000, 10), &at(1200, 5)), None, "the counter went back");
    assert_eq!(steal(&HealthReading::default(), &at(1200, 5)), None);
}
