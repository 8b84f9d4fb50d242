use edgebench_meters::Source as _;
use edgebench_meters::android::open;
use edgebench_record::Tier;

use crate::tree::{Tree, absent_for, close, errors_for, joules};

const MAIN: &str = "sys/bus/iio/devices/iio:device0/energy_value";
const RAILS: &str = "sys/bus/iio/devices/iio:device0/enabled_rails";
const SUB: &str = "sys/bus/iio/devices/iio:device1/energy_value";

fn main_text(little: &str, memory: &str, linear: &str) -> String {
    format!(
        "t=90500\nCH0(T=90500)[S4M_VDD_CPUCL0], {little}\nCH1(T=90500)[S1M_VDD_MIF], {memory}\n\
         CH2(T=90500)[L2M_VDD_ALIVE], {linear}\nCH3(T=90500)[VSYS_PWR_MODEM], 7\nCH4(T=90500)[SM_VDD_CAM], 7"
    )
}

/// A phone with two chips that measure rails, and a light sensor.
fn phone() -> Tree {
    Tree::new(&[
        ("sys/bus/iio/devices/iio:device2/name", "light"),
        ("sys/bus/iio/devices/iio:device0/name", "s2mpg10-odpm"),
        (RAILS, "CH0[S4M_VDD_CPUCL0]:cpu\nCH1[S1M_VDD_MIF]:ddr"),
        (MAIN, &main_text("5000000", "1000000", "3000000")),
        ("sys/bus/iio/devices/iio:device1/enabled_rails", "CH0[S2S_VDD_G3D]:gpu"),
        (SUB, "t=90501\nCH0(T=90501)[S2S_VDD_G3D], 8000000"),
    ])
}

#[test]
fn switching_regulators_are_added_and_nothing_else() {
    let tree = phone();
    let mut odpm = open(&tree.places()).unwrap();
    assert_eq!(odpm.facts().domains, ["S4M_VDD_CPUCL0", "S1M_VDD_MIF", "S2S_VDD_G3D"]);
    assert_eq!((odpm.facts().scope.as_str(), odpm.facts().tier), ("rails", Tier::E1));
    tree.write(MAIN, &main_text("6500000", "1250000", "99000000"));
    tree.write(SUB, "t=90601\nCH0(T=90601)[S2S_VDD_G3D], 8500000");
    close(joules(&mut odpm), 2.25);
}

#[test]
fn a_rail_that_two_chips_tell_is_counted_once() {
    let tree = phone();
    tree.write(SUB, "t=1\nCH0(T=1)[S2S_VDD_G3D], 8\nCH1(T=1)[S1M_VDD_MIF], 5");
    let odpm = open(&tree.places()).unwrap();
    assert_eq!(odpm.facts().domains, ["S4M_VDD_CPUCL0", "S1M_VDD_MIF", "S2S_VDD_G3D"]);
    assert!(
        odpm.facts()
            .notes
            .contains(&"S1M_VDD_MIF is there twice and counted once".to_owned())
    );
}

#[test]
fn what_is_wrong_at_the_start_is_a_reason() {
    absent_for(
        phone,
        open,
        &[
            (
                "no devices",
                |tree| std::fs::remove_dir_all(tree.path("sys/bus/iio")).unwrap(),
                "there is no ",
            ),
            (
                "no monitor",
                |tree| {
                    tree.remove(MAIN);
                    tree.remove(SUB);
                },
                "has no power monitor",
            ),
            ("denied", |tree| tree.deny(MAIN), "permission denied"),
            ("rails denied", |tree| tree.deny(RAILS), "permission denied"),
            ("no rails", |tree| tree.remove(RAILS), "there is no "),
            ("nothing", |tree| tree.empty(MAIN), "is empty"),
            (
                "no time",
                |tree| tree.write(MAIN, "CH0(T=1)[S1M_VDD_MIF], 5"),
                "says \"CH0(T=1)[S1M_VDD_MIF], 5\"",
            ),
            (
                "another form",
                |tree| tree.write(MAIN, "t=1\nS1M_VDD_MIF 5"),
                "says \"S1M_VDD_MIF 5\"",
            ),
            (
                "no number",
                |tree| tree.write(MAIN, &main_text("nan", "1", "1")),
                "[S4M_VDD_CPUCL0], nan",
            ),
            (
                "negative",
                |tree| tree.write(MAIN, &main_text("-4", "1", "1")),
                "[S4M_VDD_CPUCL0], -4",
            ),
            (
                "linear regulators alone",
                |tree| {
                    tree.write(MAIN, "t=1\nCH0(T=1)[L2M_VDD_ALIVE], 5");
                    tree.write(SUB, "t=1\nCH0(T=1)[VSYS_PWR_MODEM], 5");
                },
                "none of the selected rails",
            ),
        ],
    );
}

#[test]
fn what_goes_wrong_later_is_an_error() {
    errors_for(
        phone,
        open,
        &[
            ("gone", |tree| tree.remove(SUB), "there is no "),
            ("denied", |tree| tree.deny(SUB), "permission denied"),
            ("nothing", |tree| tree.empty(MAIN), "is empty"),
            (
                "no number",
                |tree| tree.write(MAIN, &main_text("5", "NaN", "1")),
                "[S1M_VDD_MIF], NaN",
            ),
            (
                "beyond 64 bits",
                |tree| tree.write(MAIN, &main_text("18446744073709551616", "1", "1")),
                "CPUCL0], 1844",
            ),
            (
                "began anew",
                |tree| tree.write(MAIN, &main_text("4", "1000000", "1")),
                "went back from 5000000 to 4",
            ),
            (
                "a leap",
                |tree| tree.write(MAIN, &main_text("18446744073709551615", "1000000", "1")),
                "more energy than can be",
            ),
            (
                "a rail less",
                |tree| tree.write(MAIN, "t=90600\nCH0(T=90600)[S4M_VDD_CPUCL0], 5000001"),
                "lost S1M_VDD_MIF",
            ),
            (
                "a rail twice",
                |tree| {
                    tree.write(
                        SUB,
                        "t=2\nCH0(T=90600)[S2S_VDD_G3D], 8000001\nCH1(T=90600)[S2S_VDD_G3D], 8000001",
                    );
                },
                "says S2S_VDD_G3D twice",
            ),
            (
                "other rails",
                |tree| tree.write(RAILS, "CH0[S2M_VDD_CPUCL2]:cpu"),
                "selects other rails",
            ),
            (
                "measured anew",
                |tree| tree.write(SUB, "t=90700\nCH0(T=200)[S2S_VDD_G3D], 8000500"),
                "for a shorter time than before",
            ),
            (
                "no time",
                |tree| tree.write(SUB, "t=soon\nCH0(T=1)[S2S_VDD_G3D], 1"),
                "says \"t=soon\"",
            ),
            (
                "a torn line",
                |tree| tree.write(SUB, "t=90700\nCH0(T=90700)[S2S_VD"),
                "says \"CH0(T=90700)[S2S_VD\"",
            ),
        ],
    );
}

#[test]
fn after_a_beginning_anew_it_goes_on() {
    let tree = phone();
    let mut odpm = open(&tree.places()).unwrap();
    tree.write(SUB, "t=90700\nCH0(T=200)[S2S_VDD_G3D], 100");
    assert!(odpm.read().unwrap_err().lasting);
    tree.write(SUB, "t=90800\nCH0(T=300)[S2S_VDD_G3D], 1000100");
    close(joules(&mut odpm), 1.0);
}
