use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use edgebench_meters::command::{ExternalMeter, Patience, open};
use edgebench_meters::{Reading, Sample, Sampler, Source as _, WindowError};
use edgebench_record::{AbsentSource, Tier};

/// Enough for a shell to begin; a meter on a busy machine may take longer than it would.
const PATIENCE: Patience = Patience {
    first: Duration::from_secs(10),
    listen: Duration::from_millis(50),
};

const HASTY: Patience = Patience {
    first: Duration::from_millis(700),
    listen: Duration::from_millis(50),
};

/// A shell that prints a line every 20 ms of its own clock, which is not ours.
const STEADY: &str = "t=1000000000; while :; do echo \"$t 2.5\"; t=$((t + 20000000)); sleep 0.02; done";

fn meter(command: &str) -> Result<ExternalMeter, AbsentSource> {
    open(command, PATIENCE)
}

fn collect(meter: &mut ExternalMeter, wanted: usize) -> Vec<Sample> {
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut samples = Vec::new();
    while samples.len() < wanted && Instant::now() < deadline {
        samples.extend(meter.samples());
        thread::sleep(Duration::from_millis(5));
    }
    samples
}

#[test]
fn lines_become_powers_at_our_times() {
    let before = Instant::now();
    let mut meter = meter(STEADY).unwrap();
    let samples = collect(&mut meter, 20);
    let after = Instant::now();
    assert!(samples.len() >= 20);
    assert!(
        samples.iter().all(|sample| sample.said == Ok(Reading::Watts(2.5))),
        "{samples:?}"
    );
    assert!(
        samples.iter().all(|sample| sample.at >= before && sample.at <= after),
        "not between begin and end"
    );
    assert!(samples.windows(2).all(|pair| pair[0].at < pair[1].at), "not in order");
    assert_eq!(
        (meter.facts().tier, meter.facts().sampling_hz.round()),
        (Tier::E0, 50.0)
    );
    assert_eq!(meter.facts().min_window_ns.0, 60_000_000_000);
    assert_eq!(meter.facts().domains, ["external meter"]);
    assert!(meter.remarks().is_empty());
}

#[test]
fn what_a_meter_tells_of_itself_is_kept() {
    let command = format!(
        "echo '# name: Bench meter'; echo '# tier: E2'; echo '# scope: board'; echo '# uncertainty: 0.01'; {STEADY}"
    );
    let meter = meter(&command).unwrap();
    let facts = meter.facts();
    assert_eq!(
        (facts.domains[0].as_str(), facts.scope.as_str(), facts.uncertainty),
        ("Bench meter", "board", 0.01)
    );
    assert_eq!(facts.tier, Tier::E2);
    assert!(
        !facts.notes.iter().any(|note| note.contains("default")),
        "{:?}",
        facts.notes
    );
}

#[test]
fn a_window_of_a_meter_has_its_energy() {
    let sampler = Sampler::start(Box::new(meter(STEADY).unwrap())).unwrap();
    thread::sleep(Duration::from_millis(300));
    let begin = Instant::now();
    thread::sleep(Duration::from_millis(400));
    let end = Instant::now();
    // The shell's loop takes longer than the 20 ms that its clock goes on by, which a slow machine may stretch beyond a
    // gap: then there is a reason, and never another figure.
    match sampler.energy_j(begin, end) {
        Ok(energy) => {
            let expected = 2.5 * end.duration_since(begin).as_secs_f64();
            assert!((energy.joules / expected - 1.0).abs() < 1e-6, "{energy:?}");
        }
        Err(error) => assert!(
            matches!(
                error,
                WindowError::Gap { .. } | WindowError::EndNotCovered(_) | WindowError::BeginNotCovered(_)
            ),
            "{error:?}"
        ),
    }
}

#[test]
fn what_is_no_meter_is_a_reason() {
    let ms = "t=0; while :; do echo \"$t 1\"; t=$((t + 20)); sleep 0.02; done";
    let faults: [(&str, &str, &str); 13] = [
        ("no command", "  ", "no command is given"),
        (
            "not found",
            "edgebench-no-such-meter",
            "the meter's command has ended; it wrote",
        ),
        (
            "ends",
            "echo '1 1'; echo '2 1'; echo '3 1'",
            "the meter's command has ended",
        ),
        (
            "fails",
            "echo 'the port is busy' >&2; exit 3",
            "it wrote \"the port is busy\"",
        ),
        ("silent", "sleep 30", "gave 0 readings"),
        ("too slow", "echo '1 1'; sleep 30", "gave 1 reading in"),
        (
            "words",
            "while :; do echo power 2.5; sleep 0.02; done",
            "not of the form",
        ),
        (
            "power first",
            "while :; do echo '2.5 1000'; sleep 0.02; done",
            "not of the form",
        ),
        (
            "a unit",
            "while :; do echo '1000 2.5 W'; sleep 0.02; done",
            "not of the form",
        ),
        (
            "not a number",
            "while :; do echo '1000 NaN'; sleep 0.02; done",
            "negative or not finite",
        ),
        (
            "negative",
            "while :; do echo '1000 -1'; sleep 0.02; done",
            "negative or not finite",
        ),
        (
            "a clock that stands",
            "while :; do echo '1000 1'; sleep 0.02; done",
            "not later than the one before",
        ),
        ("a line without an end", "yes | tr -d '\\n'", "not of the form"),
    ];
    for (name, command, says) in faults {
        let absent = open(command, HASTY).expect_err(name);
        assert!(absent.reason.contains(says), "{name}: {absent:?}");
    }
    let listen = Duration::from_millis(2200);
    let absent = open(ms, Patience { listen, ..PATIENCE }).expect_err("milliseconds");
    assert!(absent.reason.contains("not in nanoseconds"), "{absent:?}");
}

#[test]
fn nothing_tells_the_command() {
    let secret = ": hunter2";
    let meter = meter(&format!("{secret}; {STEADY}")).unwrap();
    assert!(!format!("{:?}", meter.facts()).contains("hunter2"));
    for ends in ["sleep 30", "exit 3", "echo '1 1'", "(("] {
        let absent = open(&format!("{ends} {secret}"), HASTY).expect_err(ends);
        // What the shell or the command itself complains of is told, and bounded.
        let ours = absent.reason.split("; it wrote").next().unwrap();
        assert!(!ours.contains("hunter2"), "{absent:?}");
        assert!(absent.reason.len() < 500, "{absent:?}");
    }
}

#[test]
fn a_meter_that_ends_is_a_lasting_error() {
    let command =
        "for t in 1 2 3 4; do echo \"${t}0000000 1\"; sleep 0.02; done; sleep 0.3; echo 'unplugged' >&2; exit 7";
    let mut meter = meter(command).unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    let error = loop {
        let samples = meter.samples();
        if let Some(Sample { said: Err(error), .. }) = samples.last() {
            break error.clone();
        }
        assert!(Instant::now() < deadline, "it has not ended");
        thread::sleep(Duration::from_millis(10));
    };
    assert!(
        error.lasting && error.what.contains("has ended") && error.what.contains("unplugged"),
        "{error:?}"
    );
    assert!(meter.read().is_err(), "and stays one");
}

#[test]
fn bad_lines_among_good_ones_are_told() {
    let command = format!("echo hello; printf '\\377\\n'; echo '5 -1'; {STEADY}");
    let mut meter = meter(&command).unwrap();
    collect(&mut meter, 3);
    let remarks = meter.remarks();
    assert_eq!(remarks[0], "2 lines are not of the form `t_ns watts` and left out");
    assert_eq!(remarks[1], "1 line is negative or not finite and left out");
}

#[test]
fn a_clock_that_goes_back_gives_no_more_readings() {
    let command = "for t in 7 8 9; do echo \"${t}0000000 1\"; sleep 0.02; done; \
                   t=10000000; while :; do echo \"$t 1\"; t=$((t + 1)); sleep 0.02; done";
    let mut meter = meter(command).unwrap();
    let readings = collect(&mut meter, 3).len();
    assert_eq!(readings, 3);
    thread::sleep(Duration::from_millis(100));
    assert!(meter.samples().is_empty());
    assert!(meter.read().is_err(), "nothing is no 0");
    assert!(meter.remarks()[0].contains("not later than the one before"));
}

#[test]
fn dropping_it_ends_all_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let command = format!("sh -c 'echo $$ > {}; exec sleep 60' & {STEADY}", pid.display());
    let meter = meter(&command).unwrap();
    let id = fs::read_to_string(&pid).unwrap().trim().to_owned();
    assert!(runs(&id));
    drop(meter);
    let deadline = Instant::now() + Duration::from_secs(5);
    while runs(&id) && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }
    assert!(!runs(&id));
}

/// A process that ended and that nobody has waited for is none.
fn runs(id: &str) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(id).join("stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}
