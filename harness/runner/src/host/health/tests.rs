use std::fs;

use super::super::fixture::{machine, put};
use super::*;

fn sensors(reading: &HealthReading) -> Vec<(&str, f64, Option<f64>)> {
    reading
        .temperatures
        .iter()
        .map(|one| (one.sensor.as_str(), one.celsius, one.limit_celsius))
        .collect()
}

#[test]
fn a_virtual_server() {
    let reading = read_health(machine("x86-vm").path());
    assert_eq!(reading.uptime_ns, Some(Nanos(1_000_500_000_000)));
    assert_eq!(reading.load1, Some(0.42));
    assert_eq!(
        reading.processor,
        Some(ProcessorTicks {
            total: 1080,
            idle: 450,
            steal: 30
        }),
        "steal is the eighth field; the two after it are contained in the first two"
    );
    assert_eq!(
        reading.memory_pressure,
        Some(Pressure {
            avg10: 0.035,
            total_ns: Nanos(5_000_000_000)
        })
    );
    assert_eq!(reading.swap_used_bytes, Some(100_000 * 1024));
    assert!(reading.temperatures.is_empty());
    assert_eq!(
        (reading.frequency, reading.throttle, reading.battery),
        (None, None, None)
    );
}

#[test]
fn boards() {
    let pi = read_health(machine("arm-board").path());
    assert_eq!(
        sensors(&pi),
        [("cpu-thermal", 48.85, Some(110.0))],
        "a fan's trip point is no limit"
    );
    let span = pi.frequency.unwrap();
    assert_eq!((span.min_khz, span.max_khz), (1_500_000, 1_800_000));
    let jetson = read_health(machine("jetson").path());
    assert_eq!(
        sensors(&jetson),
        [
            ("cpu-thermal", 47.531, Some(99.0)),
            ("soc0-thermal", 46.5, None),
            ("tj-thermal", 47.531, None)
        ],
        "zones that are off say -256 °C, and of two of one name the hotter counts"
    );
}

#[test]
fn a_laptop_on_its_battery() {
    let reading = read_health(machine("laptop").path());
    assert_eq!(reading.mains_online, Some(false));
    let battery = reading.battery.clone().unwrap();
    assert_eq!(
        (battery.status.as_deref(), battery.charge_percent),
        (Some("discharging"), Some(73)),
        "and not the mouse's"
    );
    assert_eq!(
        sensors(&reading),
        [("x86_pkg_temp", 61.0, None)],
        "0 is no reading and no limit"
    );
    assert!((reading.hottest().unwrap().celsius - 61.0).abs() < 1e-9);
}

#[test]
fn a_bare_server() {
    let reading = read_health(machine("x86-metal").path());
    assert_eq!(
        sensors(&reading),
        [("coretemp", 45.0, Some(98.0))],
        "a drive is not the processor"
    );
    let throttle = reading.throttle.unwrap();
    assert_eq!((throttle.core, throttle.package), (Some(12), Some(28)));
    assert_eq!(reading.swap_used_bytes, Some(0), "none in use is known");
}

#[test]
fn what_is_not_there_is_absent() {
    assert_eq!(
        read_health(tempfile::tempdir().unwrap().path()),
        HealthReading::default()
    );
}

/// One file at a time is faulty: its reading is absent, or falls back to what the other files say.
#[test]
fn faults() {
    let zone = "sys/class/thermal/thermal_zone0/temp";
    let faults: [(&str, &str, &[u8]); 27] = [
        ("arm-board", zone, b""),
        ("arm-board", zone, b"NaN\n"),
        ("arm-board", zone, b"0\n"),
        ("arm-board", zone, b"-274000\n"),
        ("arm-board", zone, b"255000000\n"),
        ("arm-board", zone, b"99999999999999999999999\n"),
        ("arm-board", zone, b"48850 48850\n"),
        ("arm-board", zone, b"\xff\xfe\n"),
        ("x86-vm", "proc/loadavg", b"NaN 0 0"),
        ("x86-vm", "proc/loadavg", b"-1 0 0"),
        ("x86-vm", "proc/loadavg", b"inf"),
        ("x86-vm", "proc/uptime", b""),
        ("x86-vm", "proc/uptime", b"-5.0 1"),
        ("x86-vm", "proc/uptime", b"1e300 1"),
        ("x86-vm", "proc/stat", b"cpu  1 2 3\n"),
        ("x86-vm", "proc/stat", b"cpu  1 2 x 4 5 6 7 8\n"),
        ("x86-vm", "proc/stat", b"cpu  18446744073709551615 1 1 1 1 1 1 1\n"),
        ("x86-vm", "proc/stat", b"cpu0 1 2 3 4 5 6 7 8\n"),
        (
            "x86-vm",
            "proc/pressure/cpu",
            b"full avg10=1.00 avg60=0 avg300=0 total=1\n",
        ),
        (
            "x86-vm",
            "proc/pressure/cpu",
            b"some avg10=NaN avg60=0 avg300=0 total=1\n",
        ),
        (
            "x86-vm",
            "proc/pressure/cpu",
            b"some avg10=101.0 avg60=0 avg300=0 total=1\n",
        ),
        ("x86-vm", "proc/pressure/cpu", b"some avg10=1.0 avg60=0 avg300=0\n"),
        ("x86-vm", "proc/pressure/cpu", b"some avg10=1.0 total=-1\n"),
        (
            "x86-vm",
            "proc/pressure/cpu",
            b"some avg10=1.0 total=18446744073709551615\n",
        ),
        ("x86-vm", "proc/meminfo", b"SwapTotal: 10 kB\nSwapFree: 20 kB\n"),
        ("x86-vm", "proc/meminfo", b"SwapTotal: 10 MB\nSwapFree: 5 MB\n"),
        (
            "x86-vm",
            "proc/meminfo",
            b"SwapTotal: 18446744073709551615 kB\nSwapFree: 0 kB\n",
        ),
    ];
    for (name, path, content) in faults {
        let root = machine(name);
        let before = read_health(root.path());
        put(&root, path, content);
        let mut expected = before.clone();
        match path {
            "proc/loadavg" => expected.load1 = None,
            "proc/uptime" => expected.uptime_ns = None,
            "proc/stat" => expected.processor = None,
            "proc/pressure/cpu" => expected.cpu_pressure = None,
            "proc/meminfo" => expected.swap_used_bytes = None,
            _ => expected.temperatures.clear(),
        }
        assert_ne!(before, expected, "{path}");
        assert_eq!(
            read_health(root.path()),
            expected,
            "{path} {:?}",
            String::from_utf8_lossy(content)
        );
    }
}

#[test]
fn sensors_that_vanish_and_cold_devices() {
    let root = machine("arm-board");
    let zone = root.path().join("sys/class/thermal/thermal_zone0");
    put(&root, "sys/class/thermal/thermal_zone0/temp", "-12500\n");
    let outdoors_in_winter = read_health(root.path()).hottest().unwrap().celsius;
    assert!((outdoors_in_winter + 12.5).abs() < 1e-9, "{outdoors_in_winter}");
    fs::remove_file(zone.join("type")).unwrap();
    let nameless = read_health(root.path());
    assert_eq!(nameless.hottest().unwrap().sensor, "thermal_zone0");
    fs::remove_file(zone.join("temp")).unwrap();
    assert!(read_health(root.path()).temperatures.is_empty());
    fs::create_dir(zone.join("temp")).unwrap();
    assert!(
        read_health(root.path()).temperatures.is_empty(),
        "a folder where a file was"
    );
}

#[test]
fn processors_that_are_off_have_no_frequency() {
    let root = machine("jetson");
    put(&root, "sys/devices/system/cpu/cpu4/cpufreq/scaling_cur_freq", "1\n");
    put(
        &root,
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq",
        "<unknown>\n",
    );
    let span = read_health(root.path()).frequency.unwrap();
    assert_eq!((span.min_khz, span.max_khz), (729_600, 729_600));
}

#[test]
fn batteries_that_know_little() {
    let battery = "sys/class/power_supply/BAT0";
    for (status, capacity, expected) in [
        ("Unknown", "400", None),
        ("Unknown", "50", Some((None, Some(50)))),
        ("Charging", "-1", Some((Some("charging"), None))),
        ("Not charging", "100", Some((Some("not charging"), Some(100)))),
    ] {
        let root = machine("laptop");
        put(&root, &format!("{battery}/status"), status);
        put(&root, &format!("{battery}/capacity"), capacity);
        let found = read_health(root.path()).battery;
        let found = found
            .as_ref()
            .map(|found| (found.status.as_deref(), found.charge_percent));
        assert_eq!(found, expected, "{status} {capacity}");
    }
    let root = machine("laptop");
    put(&root, &format!("{battery}/present"), "0");
    assert_eq!(read_health(root.path()).battery, None);
}
