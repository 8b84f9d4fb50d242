use edgebench_meters::Source as _;
use edgebench_meters::battery::open;
use edgebench_record::Tier;

use crate::tree::{Tree, absent_for, close, errors_for, watts};

const POWER: &str = "sys/class/power_supply/BAT0/power_now";
const CURRENT: &str = "sys/class/power_supply/BAT0/current_now";
const VOLTAGE: &str = "sys/class/power_supply/BAT0/voltage_now";
const STATUS: &str = "sys/class/power_supply/BAT0/status";
const ONLINE: &str = "sys/class/power_supply/AC/online";

/// A laptop off its plug with a mouse of its own battery; the gauge tells a current.
fn laptop() -> Tree {
    Tree::new(&[
        ("sys/class/power_supply/AC/type", "Mains"),
        (ONLINE, "0"),
        ("sys/class/power_supply/hid-mouse/type", "Battery"),
        ("sys/class/power_supply/hid-mouse/scope", "Device"),
        ("sys/class/power_supply/hid-mouse/status", "Discharging"),
        ("sys/class/power_supply/BAT0/type", "Battery"),
        ("sys/class/power_supply/BAT0/present", "1"),
        (STATUS, "Discharging"),
        (CURRENT, "1000000"),
        (VOLTAGE, "12000000"),
    ])
}

#[test]
fn current_times_voltage_whatever_the_sign() {
    let tree = laptop();
    let mut battery = open(&tree.places()).unwrap();
    close(watts(battery.read()), 12.0);
    tree.write(CURRENT, "-500000");
    close(watts(battery.read()), 6.0);
    assert_eq!(battery.facts().domains, ["BAT0"]);
    assert_eq!(
        (battery.facts().tier, battery.facts().min_window_ns.0),
        (Tier::E2, 60_000_000_000)
    );
}

#[test]
fn a_gauge_that_tells_power_is_believed() {
    let tree = laptop();
    tree.write(POWER, "-7500000");
    close(watts(open(&tree.places()).unwrap().read()), 7.5);
}

#[test]
fn what_is_wrong_at_the_start_is_a_reason() {
    absent_for(
        laptop,
        open,
        &[
            (
                "no supplies",
                |tree| std::fs::remove_dir_all(tree.path("sys/class/power_supply")).unwrap(),
                "there is no ",
            ),
            (
                "a desktop",
                |tree| tree.write("sys/class/power_supply/BAT0/type", "UPS"),
                "has no battery",
            ),
            (
                "taken out",
                |tree| tree.write("sys/class/power_supply/BAT0/present", "0"),
                "has no battery",
            ),
            (
                "a mouse alone",
                |tree| tree.write("sys/class/power_supply/BAT0/scope", "Device"),
                "has no battery",
            ),
            (
                "two batteries",
                |tree| tree.write("sys/class/power_supply/BAT1/type", "Battery"),
                "2 batteries share the load",
            ),
            (
                "plugged in",
                |tree| tree.write(ONLINE, "1"),
                "the machine is plugged in",
            ),
            ("charging", |tree| tree.write(STATUS, "Charging"), "says \"Charging\""),
            ("full", |tree| tree.write(STATUS, "Full"), "says \"Full\""),
            ("unknown", |tree| tree.write(STATUS, "Unknown"), "says \"Unknown\""),
            ("no status", |tree| tree.remove(STATUS), "there is no "),
            ("denied", |tree| tree.deny(CURRENT), "permission denied"),
            (
                "a kind that may not be read",
                |tree| tree.deny("sys/class/power_supply/BAT0/type"),
                "permission denied",
            ),
            ("no gauge", |tree| tree.remove(CURRENT), "there is no "),
        ],
    );
}

#[test]
fn what_goes_wrong_later_is_an_error() {
    errors_for(
        laptop,
        open,
        &[
            ("charging", |tree| tree.write(STATUS, "Charging"), "says \"Charging\""),
            (
                "not charging",
                |tree| tree.write(STATUS, "Not charging"),
                "only while it discharges",
            ),
            (
                "plugged in, and still discharging",
                |tree| tree.write(ONLINE, "1"),
                "the machine is plugged in",
            ),
            (
                "programmable supply",
                |tree| tree.write(ONLINE, "2"),
                "the machine is plugged in",
            ),
            ("gone", |tree| tree.remove(CURRENT), "there is no "),
            ("denied", |tree| tree.deny(VOLTAGE), "permission denied"),
            ("nothing", |tree| tree.empty(CURRENT), "is empty"),
            ("no number", |tree| tree.write(CURRENT, "nan"), "says \"nan\""),
            (
                "beyond 64 bits",
                |tree| tree.write(VOLTAGE, "9999999999999999999"),
                "which is no whole number",
            ),
            ("no current", |tree| tree.write(CURRENT, "0"), "says 0 W"),
            ("no power", |tree| tree.write(POWER, "0"), "says 0 W"),
            (
                "milliamperes",
                |tree| tree.write(CURRENT, "350"),
                "outside of what can be",
            ),
            ("millivolts", |tree| tree.write(VOLTAGE, "12000"), "says 12000 µV"),
            (
                "a voltage below 0",
                |tree| tree.write(VOLTAGE, "-12000000"),
                "says -12000000 µV",
            ),
            (
                "too much",
                |tree| tree.write(POWER, "9223372036854775807"),
                "outside of what can be",
            ),
            (
                "the least of 64 bits",
                |tree| tree.write(POWER, "-9223372036854775808"),
                "outside of what can be",
            ),
            (
                "a bus that fails",
                |tree| tree.fail(CURRENT, std::io::ErrorKind::Other),
                "current_now: ",
            ),
        ],
    );
}

#[test]
fn a_refusal_names_a_remedy_and_a_plug_another() {
    let tree = laptop();
    tree.write(ONLINE, "1");
    assert!(open(&tree.places()).unwrap_err().hint.unwrap().contains("unplug"));
    tree.deny(CURRENT);
    assert!(open(&tree.places()).unwrap_err().hint.unwrap().contains("udev"));
}
