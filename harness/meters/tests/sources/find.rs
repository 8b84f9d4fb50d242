use edgebench_meters::find::{NAMES, listed};
use edgebench_meters::{Choice, find, open};

use crate::tree::Tree;

fn everything() -> Tree {
    Tree::new(&[
        ("sys/class/powercap/intel-rapl:0/name", "package-0"),
        ("sys/class/powercap/intel-rapl:0/energy_uj", "5"),
        ("sys/class/hwmon/hwmon3/name", "ina3221"),
        ("sys/class/hwmon/hwmon3/in1_label", "VDD_IN"),
        ("sys/class/hwmon/hwmon3/in1_input", "5000"),
        ("sys/class/hwmon/hwmon3/curr1_input", "1200"),
        ("sys/class/power_supply/BAT0/type", "Battery"),
        ("sys/class/power_supply/BAT0/status", "Discharging"),
        ("sys/class/power_supply/BAT0/power_now", "9000000"),
    ])
}

/// GPUs are not in the tree, and the machine of a test may have some.
fn names(tree: &Tree) -> (Vec<String>, Vec<String>) {
    let (present, absent) = find(&tree.places());
    let present = present.iter().map(|source| source.facts().name.clone());
    let absent = absent.into_iter().map(|source| source.name);
    let processors = |name: &String| name != "nvml";
    (
        present.filter(processors).collect(),
        absent.filter(processors).collect(),
    )
}

#[test]
fn every_source_is_there_or_says_why_not() {
    let (present, absent) = names(&everything());
    assert_eq!(present, ["rapl", "ina3221", "battery"]);
    assert_eq!(absent[..2], ["odpm", "pi5-pmic"]);
    let (present, absent) = names(&Tree::new(&[]));
    assert_eq!(present.len(), 0);
    assert!(absent.len() >= NAMES.len() - 1, "{absent:?}");
}

#[test]
fn a_record_lists_them() {
    let (present, absent) = find(&everything().places());
    let sources = listed(&present, absent);
    assert_eq!(sources.used, None);
    assert_eq!(sources.present[0].name, "rapl");
    assert!(sources.absent.iter().all(|source| !source.reason.is_empty()));
}

#[test]
fn auto_is_the_most_trusted() {
    let tree = everything();
    let name = |tree: &Tree| {
        open(&Choice::Auto, &tree.places())
            .unwrap()
            .unwrap()
            .facts()
            .name
            .clone()
    };
    assert_eq!(name(&tree), "rapl");
    tree.deny("sys/class/powercap/intel-rapl:0/energy_uj");
    assert_eq!(name(&tree), "ina3221");
    tree.remove("sys/class/hwmon/hwmon3/in1_label");
    assert_eq!(name(&tree), "battery");
    tree.write("sys/class/power_supply/BAT0/status", "Charging");
    let absent = open(&Choice::Auto, &tree.places()).err().unwrap();
    for part in [
        "no source covers the processor",
        "rapl: permission denied",
        "ina3221: no channel",
        "battery: ",
    ] {
        assert!(absent.reason.contains(part), "{part}: {absent:?}");
    }
    assert!(absent.hint.unwrap().contains("udev"), "the remedy of the most trusted");
}

#[test]
fn a_name_opens_that_source_or_none() {
    let tree = everything();
    let battery = open(&"battery".parse().unwrap(), &tree.places()).unwrap().unwrap();
    assert_eq!(battery.facts().name, "battery");
    assert_eq!(
        open(&Choice::Named("pi5-pmic".to_owned()), &tree.places())
            .err()
            .unwrap()
            .name,
        "pi5-pmic"
    );
    assert!(open(&Choice::Off, &tree.places()).unwrap().is_none());
    assert!(open(&Choice::Named("\u{1b}".to_owned()), &tree.places()).is_err());
}

#[test]
fn choices_are_parsed() {
    let parse = |text: &str| text.parse::<Choice>();
    assert_eq!(parse("off"), Ok(Choice::Off));
    assert_eq!(parse("auto"), Ok(Choice::Auto));
    assert_eq!(parse("rapl"), Ok(Choice::Named("rapl".to_owned())));
    assert_eq!(parse("nvml:1"), Ok(Choice::Gpu(1)));
    assert_eq!(
        parse("command:./meter --port x:1"),
        Ok(Choice::Command("./meter --port x:1".to_owned()))
    );
    for wrong in ["", "RAPL", "nvml:", "nvml:-1", "command", "none"] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
    let told = parse("tdp").unwrap_err().to_string();
    assert_eq!(
        told,
        "there is no energy source \"tdp\": it is off, auto, command:CMD or one of rapl, odpm, ina3221, pi5-pmic, \
         battery, nvml"
    );
}
