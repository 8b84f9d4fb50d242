use edgebench_meters::Source as _;
use edgebench_meters::ina3221::open;
use edgebench_record::Tier;

use crate::tree::{Tree, absent_for, close, errors_for, watts};

const VOLTAGE: &str = "sys/class/hwmon/hwmon3/in1_input";
const CURRENT: &str = "sys/class/hwmon/hwmon3/curr1_input";
const LABEL: &str = "sys/class/hwmon/hwmon3/in1_label";
const ENABLE: &str = "sys/class/hwmon/hwmon3/in1_enable";

/// A Jetson Orin NX: its input, two parts of it, and another chip.
fn jetson() -> Tree {
    Tree::new(&[
        ("sys/class/hwmon/hwmon0/name", "cpu_thermal"),
        ("sys/class/hwmon/hwmon3/name", "ina3221"),
        (LABEL, "VDD_IN"),
        (ENABLE, "1"),
        (VOLTAGE, "5000"),
        (CURRENT, "1200"),
        ("sys/class/hwmon/hwmon3/in2_label", "VDD_CPU_GPU_CV"),
        ("sys/class/hwmon/hwmon3/in2_input", "5000"),
        ("sys/class/hwmon/hwmon3/curr2_input", "400"),
        ("sys/class/hwmon/hwmon3/in3_label", "VDD_SOC"),
        ("sys/class/hwmon/hwmon3/in3_input", "5000"),
        ("sys/class/hwmon/hwmon3/curr3_input", "300"),
        ("sys/class/hwmon/hwmon3/in7_label", "sum of shunt voltages"),
        ("sys/class/hwmon/hwmon3/in7_input", "9"),
        ("sys/class/hwmon/hwmon3/curr4_input", "1900"),
    ])
}

#[test]
fn the_input_alone_is_read() {
    let tree = jetson();
    let mut chip = open(&tree.places()).unwrap();
    close(watts(chip.read()), 6.0);
    assert_eq!(chip.facts().domains, ["VDD_IN"]);
    assert_eq!((chip.facts().scope.as_str(), chip.facts().tier), ("module", Tier::E2));
    tree.write(CURRENT, "2000");
    close(watts(chip.read()), 10.0);
}

#[test]
fn a_chip_without_switches_is_read_too() {
    let tree = jetson();
    tree.remove(ENABLE);
    close(watts(open(&tree.places()).unwrap().read()), 6.0);
}

#[test]
fn what_is_wrong_at_the_start_is_a_reason() {
    absent_for(
        jetson,
        open,
        &[
            (
                "no hwmon",
                |tree| std::fs::remove_dir_all(tree.path("sys/class/hwmon")).unwrap(),
                "there is no ",
            ),
            (
                "another chip",
                |tree| tree.write("sys/class/hwmon/hwmon3/name", "ina3222"),
                "has no ina3221",
            ),
            (
                "no name",
                |tree| tree.remove("sys/class/hwmon/hwmon3/name"),
                "has no ina3221",
            ),
            (
                "a name that may not be read",
                |tree| tree.deny("sys/class/hwmon/hwmon3/name"),
                "permission denied",
            ),
            (
                "another label",
                |tree| tree.write(LABEL, "VDD_GPU_SOC"),
                "no channel is labelled VDD_IN; there are: VDD_GPU_SOC, VDD_CPU_GPU_CV, VDD_SOC",
            ),
            (
                "a label in small letters",
                |tree| tree.write(LABEL, "vdd_in"),
                "no channel is labelled VDD_IN",
            ),
            ("no label", |tree| tree.remove(LABEL), "no channel is labelled VDD_IN"),
            ("an empty label", |tree| tree.empty(LABEL), "is empty"),
            (
                "two inputs",
                |tree| tree.write("sys/class/hwmon/hwmon3/in2_label", "VDD_IN"),
                "2 channels are labelled",
            ),
            ("denied", |tree| tree.deny(CURRENT), "permission denied"),
            ("a label denied", |tree| tree.deny(LABEL), "permission denied"),
            ("no current", |tree| tree.remove(CURRENT), "there is no "),
            ("switched off", |tree| tree.write(ENABLE, "0"), "VDD_IN is switched off"),
            ("volts", |tree| tree.write(VOLTAGE, "5"), "says 5 mV, outside"),
            (
                "microvolts",
                |tree| tree.write(VOLTAGE, "5000000"),
                "says 5000000 mV, outside",
            ),
            ("no voltage", |tree| tree.write(VOLTAGE, "0"), "says 0 mV, outside"),
        ],
    );
}

#[test]
fn what_goes_wrong_later_is_an_error() {
    errors_for(
        jetson,
        open,
        &[
            ("gone", |tree| tree.remove(VOLTAGE), "there is no "),
            ("denied", |tree| tree.deny(VOLTAGE), "permission denied"),
            ("nothing", |tree| tree.empty(CURRENT), "is empty"),
            (
                "no number",
                |tree| tree.write(CURRENT, "nan"),
                "says \"nan\", which is no whole number",
            ),
            ("a fraction", |tree| tree.write(CURRENT, "1.2"), "says \"1.2\""),
            (
                "beyond 64 bits",
                |tree| tree.write(CURRENT, "9223372036854775808"),
                "which is no whole number",
            ),
            ("no current", |tree| tree.write(CURRENT, "0"), "says 0 mA, outside"),
            (
                "a current that flows out",
                |tree| tree.write(CURRENT, "-1200"),
                "says -1200 mA, outside",
            ),
            (
                "microamperes",
                |tree| tree.write(CURRENT, "1200000"),
                "says 1200000 mA, outside",
            ),
            (
                "a voltage below 0",
                |tree| tree.write(VOLTAGE, "-5000"),
                "says -5000 mV, outside",
            ),
            (
                "the end of the register",
                |tree| tree.write(VOLTAGE, "32761"),
                "says 32761 mV, outside",
            ),
            ("switched off", |tree| tree.write(ENABLE, "0"), "is switched off"),
            (
                "a bus that fails",
                |tree| tree.fail(CURRENT, std::io::ErrorKind::TimedOut),
                "curr1_input: ",
            ),
        ],
    );
}

#[test]
fn a_refusal_names_a_remedy() {
    let tree = jetson();
    tree.deny(CURRENT);
    assert!(open(&tree.places()).unwrap_err().hint.unwrap().contains("udev"));
}
