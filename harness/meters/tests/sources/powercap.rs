use edgebench_meters::Source as _;
use edgebench_meters::powercap::open;
use edgebench_record::Tier;

use crate::tree::{Tree, absent_for, close, errors_for, joules};

const ENERGY: &str = "sys/class/powercap/intel-rapl:0/energy_uj";
const DRAM: &str = "sys/class/powercap/intel-rapl:0:2/energy_uj";
const RANGE: &str = "sys/class/powercap/intel-rapl:0/max_energy_range_uj";

fn zone(tree: &Tree, id: &str, name: &str, energy_uj: u64) {
    let folder = format!("sys/class/powercap/{id}");
    tree.write(&format!("{folder}/name"), name);
    tree.write(&format!("{folder}/energy_uj"), &energy_uj.to_string());
    tree.write(&format!("{folder}/max_energy_range_uj"), "262143328850");
}

/// A server: one package with its cores, its graphics and its memory, and the platform around it.
fn server() -> Tree {
    let tree = Tree::new(&[("sys/class/powercap/intel-rapl/enabled", "1")]);
    zone(&tree, "intel-rapl:0", "package-0", 5_000_000);
    zone(&tree, "intel-rapl:0:0", "core", 1_000_000);
    zone(&tree, "intel-rapl:0:1", "uncore", 1_000_000);
    zone(&tree, "intel-rapl:0:2", "dram", 2_000_000);
    zone(&tree, "intel-rapl:1", "psys", 9_000_000);
    tree
}

fn domains(tree: &Tree) -> Vec<String> {
    open(&tree.places()).unwrap().facts().domains.clone()
}

#[test]
fn package_and_memory_are_added_and_nothing_else() {
    let tree = server();
    let mut rapl = open(&tree.places()).unwrap();
    assert_eq!(rapl.facts().domains, ["intel-rapl:0 package-0", "intel-rapl:0:2 dram"]);
    assert_eq!(
        (rapl.facts().scope.as_str(), rapl.facts().tier),
        ("package and dram", Tier::E1)
    );
    for (id, energy) in [
        ("0", 6_500_000),
        ("0:0", 8_000_000),
        ("0:1", 8_000_000),
        ("0:2", 2_250_000),
        ("1", 99_000_000),
    ] {
        tree.write(
            &format!("sys/class/powercap/intel-rapl:{id}/energy_uj"),
            &energy.to_string(),
        );
    }
    close(joules(&mut rapl), 1.75);
}

#[test]
fn a_wrap_goes_on_from_the_range() {
    let tree = server();
    tree.write(ENERGY, "262143000000");
    let mut rapl = open(&tree.places()).unwrap();
    tree.write(ENERGY, "671150");
    close(joules(&mut rapl), 1.0);
    tree.write(ENERGY, "1671150");
    close(joules(&mut rapl), 2.0);
}

#[test]
fn the_platform_alone_is_used_where_there_is_no_package() {
    let tree = Tree::new(&[]);
    zone(&tree, "intel-rapl:0", "psys", 9_000_000);
    let rapl = open(&tree.places()).unwrap();
    assert_eq!(rapl.facts().domains, ["intel-rapl:0 psys"]);
    assert_eq!(rapl.facts().scope, "system");
}

#[test]
fn a_twin_behind_memory_is_left_out() {
    let tree = server();
    zone(&tree, "intel-rapl-mmio:0", "package-0", 5_000_000);
    let rapl = open(&tree.places()).unwrap();
    assert_eq!(rapl.facts().domains, ["intel-rapl:0 package-0", "intel-rapl:0:2 dram"]);
    let note = "intel-rapl-mmio:0 package-0 is intel-rapl:0 package-0 once more and is left out";
    assert!(
        rapl.facts().notes.iter().any(|other| other == note),
        "{:?}",
        rapl.facts().notes
    );
}

#[test]
fn packages_of_one_name_are_one_and_of_several_names_several() {
    let tree = server();
    zone(&tree, "intel-rapl:2", "package-0", 77_000_000);
    zone(&tree, "intel-rapl:10", "package-1", 5_000_000);
    zone(&tree, "intel-rapl:10:0", "dram", 5_000_000);
    assert_eq!(
        domains(&tree),
        [
            "intel-rapl:0 package-0",
            "intel-rapl:10 package-1",
            "intel-rapl:0:2 dram",
            "intel-rapl:10:0 dram"
        ]
    );
}

#[test]
fn dies_are_one_where_they_share_a_counter() {
    let dies = |second: u64| {
        let tree = Tree::new(&[]);
        zone(&tree, "intel-rapl:0", "package-0-die-0", 50_000_000_000);
        zone(&tree, "intel-rapl:1", "package-0-die-1", second);
        zone(&tree, "intel-rapl:2", "package-1-die-0", 50_000_000_100);
        domains(&tree)
    };
    assert_eq!(
        dies(50_000_000_300),
        ["intel-rapl:0 package-0-die-0", "intel-rapl:2 package-1-die-0"]
    );
    assert_eq!(dies(43_000_000_000).len(), 3);
}

#[test]
fn memory_of_one_package_of_two_is_told() {
    let tree = server();
    zone(&tree, "intel-rapl:2", "package-1", 1);
    let notes = open(&tree.places()).unwrap().facts().notes.clone();
    assert!(
        notes.contains(&"memory is counted for 1 of 2 packages".to_owned()),
        "{notes:?}"
    );
}

#[test]
fn a_virtual_machine_has_none_whatever_it_shows() {
    let mut places = server().places();
    places.virtual_machine = Some("kvm".to_owned());
    let absent = open(&places).unwrap_err();
    assert!(absent.reason.contains("virtual machine (kvm)"), "{absent:?}");
}

#[test]
fn a_refusal_names_the_remedy() {
    let tree = server();
    tree.deny(ENERGY);
    let absent = open(&tree.places()).unwrap_err();
    assert!(
        absent.reason.starts_with("permission denied: ") && absent.reason.contains("energy_uj"),
        "{absent:?}"
    );
    let hint = absent.hint.unwrap();
    assert!(
        hint.contains("udev") && hint.contains("group") && !hint.contains("sudo"),
        "{hint}"
    );
}

#[test]
fn what_is_wrong_at_the_start_is_a_reason() {
    absent_for(
        server,
        open,
        &[
            (
                "no powercap",
                |tree| std::fs::remove_dir_all(tree.path("sys/class/powercap")).unwrap(),
                "there is no ",
            ),
            (
                "a class that may not be listed",
                |tree| tree.deny("sys/class/powercap"),
                "permission denied",
            ),
            ("denied", |tree| tree.deny(ENERGY), "permission denied"),
            ("memory denied", |tree| tree.deny(DRAM), "permission denied"),
            (
                "no number",
                |tree| tree.write(ENERGY, "nan"),
                "says \"nan\", which is no whole number",
            ),
            ("negative", |tree| tree.write(ENERGY, "-5"), "says \"-5\""),
            (
                "beyond 64 bits",
                |tree| tree.write(ENERGY, "18446744073709551616"),
                "which is no whole number",
            ),
            (
                "with its unit",
                |tree| tree.write(ENERGY, "5000000 uJ"),
                "says \"5000000 uJ\"",
            ),
            ("a fraction", |tree| tree.write(ENERGY, "5.5"), "says \"5.5\""),
            ("nothing", |tree| tree.empty(ENERGY), "is empty"),
            ("gone", |tree| tree.remove(ENERGY), "there is no "),
            (
                "a range that is no number",
                |tree| tree.write(RANGE, "inf"),
                "says \"inf\"",
            ),
            (
                "an error of the device",
                |tree| tree.fail(ENERGY, std::io::ErrorKind::Other),
                "energy_uj: ",
            ),
            ("two lines", |tree| tree.write(ENERGY, "1\n2"), "says \"1\\n2\""),
        ],
    );
    absent_for(
        || {
            let tree = Tree::new(&[]);
            zone(&tree, "intel-rapl:0:0", "core", 5);
            zone(&tree, "dtpm:0", "package-0", 5);
            tree
        },
        open,
        &[("cores alone", |_| (), "neither a package nor psys")],
    );
}

#[test]
fn what_goes_wrong_later_is_an_error() {
    errors_for(
        server,
        open,
        &[
            ("gone", |tree| tree.remove(ENERGY), "there is no "),
            ("denied", |tree| tree.deny(ENERGY), "permission denied"),
            ("nothing", |tree| tree.empty(DRAM), "is empty"),
            ("no number", |tree| tree.write(ENERGY, "NaN"), "says \"NaN\""),
            ("negative", |tree| tree.write(ENERGY, "-1"), "says \"-1\""),
            (
                "beyond 64 bits",
                |tree| tree.write(ENERGY, "99999999999999999999"),
                "which is no whole number",
            ),
            ("began anew", |tree| tree.write(ENERGY, "0"), "began anew"),
            ("memory began anew", |tree| tree.write(DRAM, "7"), "began anew"),
            (
                "a leap",
                |tree| tree.write(ENERGY, "18446744073709551615"),
                "more energy than can be",
            ),
            (
                "an error of the device",
                |tree| tree.fail(DRAM, std::io::ErrorKind::Other),
                "energy_uj: ",
            ),
            ("escapes", |tree| tree.write(ENERGY, "\u{1b}[2J"), "says \"\\u{1b}[2J\""),
        ],
    );
}

#[test]
fn going_back_without_a_range_is_an_error_and_no_guess() {
    for range in [None, Some("0")] {
        let tree = server();
        match range {
            Some(text) => tree.write(RANGE, text),
            None => tree.remove(RANGE),
        }
        let mut rapl = open(&tree.places()).unwrap();
        assert!(
            rapl.facts()
                .notes
                .iter()
                .any(|note| note.contains("wraps around is not known"))
        );
        tree.write(ENERGY, "4000000");
        let error = rapl.read().unwrap_err();
        assert!(error.lasting && error.what.contains("is not known"), "{error:?}");
    }
}

#[test]
fn one_bad_text_loses_no_energy_and_a_beginning_anew_breaks_it() {
    let tree = server();
    let mut rapl = open(&tree.places()).unwrap();
    tree.write(ENERGY, "oops");
    assert!(!rapl.read().unwrap_err().lasting);
    tree.write(ENERGY, "6000000");
    close(joules(&mut rapl), 1.0);
    tree.write(ENERGY, "10");
    assert!(rapl.read().unwrap_err().lasting);
    tree.write(ENERGY, "500010");
    close(joules(&mut rapl), 1.5);
    tree.remove(ENERGY);
    assert!(rapl.read().unwrap_err().lasting, "another counter may come back");
}

#[test]
fn what_is_not_counted_need_not_be_readable() {
    let tree = server();
    tree.deny("sys/class/powercap/intel-rapl:0:0/energy_uj");
    tree.write("sys/class/powercap/intel-rapl:0:1/energy_uj", "oops");
    assert_eq!(domains(&tree), ["intel-rapl:0 package-0", "intel-rapl:0:2 dram"]);
}
