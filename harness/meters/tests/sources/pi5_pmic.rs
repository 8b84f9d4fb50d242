use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use edgebench_meters::Source as _;
use edgebench_meters::pi5_pmic::{open, watts};
use edgebench_record::Tier;

use crate::tree::{self, Tree, absent_for, close, errors_for};

const RAILS: [(&str, f64, f64); 12] = [
    ("3V7_WL_SW", 0.1, 3.7),
    ("3V3_SYS", 0.08, 3.3),
    ("1V8_SYS", 0.15, 1.8),
    ("DDR_VDD2", 0.004, 1.1),
    ("DDR_VDDQ", 0.0, 0.6),
    ("1V1_SYS", 0.2, 1.1),
    ("0V8_SW", 0.3, 0.8),
    ("VDD_CORE", 1.1, 0.75),
    ("3V3_DAC", 0.0, 3.3),
    ("3V3_ADC", 0.0002, 3.3),
    ("0V8_AON", 0.003, 0.8),
    ("HDMI", 0.02, 5.1),
];

fn board() -> f64 {
    1.1451 * RAILS.iter().map(|(_, amperes, volts)| amperes * volts).sum::<f64>() + 0.5879
}

/// The form with the channel of the converter.
fn numbered() -> String {
    let currents = RAILS
        .iter()
        .enumerate()
        .map(|(i, (rail, amperes, _))| format!("  {rail}_A current({i})={amperes:.8}A"));
    let voltages = RAILS
        .iter()
        .enumerate()
        .map(|(i, (rail, _, volts))| format!("  {rail}_V volt({})={volts:.8}V", i + 12));
    let lines: Vec<String> = currents.chain(voltages).collect();
    format!(
        "{}\n   EXT5V_V volt(24)=5.13500000V\n    BATT_V volt(25)=0.00292968V\n",
        lines.join("\n")
    )
}

/// The form with names alone, voltage and current of a rail side by side.
fn named() -> String {
    let pairs: Vec<String> = RAILS
        .iter()
        .map(|(rail, amperes, volts)| format!("{rail}_V={volts}V\n{rail}_A={amperes}A"))
        .collect();
    format!("{}\nEXT5V_V=5.1V\n", pairs.join("\n"))
}

fn answer(tree: &Tree, script: &str) {
    let path = tree.path("vcgencmd");
    // By another name and moved, since a file that is being written cannot be run.
    let draft = tree.path("draft");
    fs::write(&draft, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(draft, path).unwrap();
}

fn says(tree: &Tree, text: &str) {
    tree.write("says", text);
    answer(
        tree,
        &format!("[ \"$1\" = pmic_read_adc ] && cat {}", tree.path("says").display()),
    );
}

fn pi() -> Tree {
    let tree = Tree::new(&[("proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0\0")]);
    says(&tree, &numbered());
    tree
}

#[test]
fn both_forms_are_read() {
    let tree = pi();
    let mut pmic = open(&tree.places()).unwrap();
    close(tree::watts(pmic.read()), board());
    says(&tree, &named());
    close(tree::watts(pmic.read()), board());
    assert_eq!((pmic.facts().scope.as_str(), pmic.facts().tier), ("board", Tier::E2));
    assert!(
        pmic.facts().notes[0].contains("1.1451·ΣV·I + 0.5879"),
        "{:?}",
        pmic.facts().notes
    );
}

fn dead() -> String {
    let lines: Vec<String> = RAILS
        .iter()
        .map(|(rail, _, volts)| format!("{rail}_A=0A\n{rail}_V={volts}V"))
        .collect();
    lines.join("\n")
}

#[test]
fn a_text_that_is_not_all_rails_is_an_error() {
    let good = numbered();
    let faults: [(&str, String, &str); 16] = [
        ("nothing", String::new(), "gives 3V7_WL_SW without"),
        (
            "a rail less",
            good.replace("HDMI_A", "HDMI_B"),
            "says \"HDMI_B current(11)",
        ),
        (
            "no voltage",
            good.replace("VDD_CORE_V volt(19)=0.75000000V\n", ""),
            "gives VDD_CORE without",
        ),
        (
            "no current",
            good.replace("HDMI_A current(11)=0.02000000A\n", ""),
            "gives HDMI without",
        ),
        (
            "a current of another rail",
            format!("{good}EXT5V_A current(30)=1.0A\n"),
            "EXT5V is none of the rails",
        ),
        (
            "a value twice",
            format!("{good}HDMI_A current(11)=0.02A\n"),
            "says \"HDMI\" twice",
        ),
        (
            "no number",
            good.replace("=1.10000000A", "=nanA"),
            "says \"VDD_CORE_A current(7)=nanA\"",
        ),
        (
            "endless",
            good.replace("=1.10000000A", "=infA"),
            "says \"VDD_CORE_A current(7)=infA\"",
        ),
        (
            "negative",
            good.replace("=1.10000000A", "=-1.1A"),
            "says \"VDD_CORE_A current(7)=-1.1A\"",
        ),
        (
            "milliamperes",
            good.replace("=1.10000000A", "=1100A"),
            "says \"VDD_CORE_A current(7)=1100A\"",
        ),
        (
            "milliamperes by name",
            good.replace("=1.10000000A", "=1100mA"),
            "says \"VDD_CORE_A current(7)=1100mA\"",
        ),
        (
            "no unit",
            good.replace("=1.10000000A", "=1.1"),
            "says \"VDD_CORE_A current(7)=1.1\"",
        ),
        (
            "another unit",
            good.replace("=1.10000000A", "=1.1V"),
            "says \"VDD_CORE_A current(7)=1.1V\"",
        ),
        (
            "another word",
            good.replace("VDD_CORE_A current", "VDD_CORE_A volt"),
            "says \"VDD_CORE_A volt(7)",
        ),
        (
            "a complaint",
            "VCHI initialization failed".to_owned(),
            "says \"VCHI initialization failed\"",
        ),
        ("no currents at all", dead(), "no rail draws power"),
    ];
    for (name, text, says) in &faults {
        let error = watts(text).expect_err(name);
        assert!(error.what.contains(says), "{name}: {error:?}");
    }
}

#[test]
fn what_is_wrong_at_the_start_is_a_reason() {
    absent_for(
        pi,
        open,
        &[
            (
                "no Raspberry Pi",
                |tree| tree.remove("proc/device-tree/model"),
                "this is no Raspberry Pi",
            ),
            (
                "a Raspberry Pi 4",
                |tree| tree.write("proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.5\0"),
                "no currents are sensed on \"Raspberry Pi 4",
            ),
            (
                "denied",
                |tree| tree.deny("proc/device-tree/model"),
                "permission denied",
            ),
            ("no command", |tree| tree.remove("vcgencmd"), "No such file"),
            (
                "a command that fails",
                |tree| answer(tree, "exit 255"),
                "it ended with exit status: 255",
            ),
            (
                "one that fails after its text",
                |tree| answer(tree, "cat says; exit 1"),
                "it ended with exit status: 1",
            ),
            (
                "one that says nothing",
                |tree| answer(tree, "true"),
                "gives 3V7_WL_SW without",
            ),
        ],
    );
}

#[test]
fn what_goes_wrong_later_is_an_error() {
    errors_for(
        pi,
        open,
        &[
            ("gone", |tree| tree.remove("vcgencmd"), "No such file"),
            (
                "a command that fails",
                |tree| answer(tree, "exit 1"),
                "it ended with exit status: 1",
            ),
            (
                "one that does not end",
                |tree| answer(tree, "sleep 30"),
                "no answer in 2s",
            ),
            ("one that does not stop", |tree| answer(tree, "yes"), "more than 64 KiB"),
            ("no text", |tree| answer(tree, "printf '\\377\\376'"), "UTF-8"),
            (
                "a complaint",
                |tree| says(tree, "error=1 error_msg=\"Command not registered\""),
                "error=1",
            ),
        ],
    );
}
