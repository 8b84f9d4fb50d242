use super::*;

fn close(value: f64, expected: f64) {
    assert!((value - expected).abs() < 1e-9, "{value}, not {expected}");
}

/// At each time in seconds, what was said; 10 Hz.
struct Said {
    origin: Instant,
    samples: Vec<Sample>,
}

impl Said {
    fn new() -> Self {
        Self {
            origin: Instant::now(),
            samples: Vec::new(),
        }
    }

    fn at(&self, seconds: f64) -> Instant {
        self.origin + Duration::from_secs_f64(seconds)
    }

    fn say(mut self, seconds: f64, said: Result<Reading, ReadError>) -> Self {
        self.samples.push(Sample {
            at: self.at(seconds),
            said,
        });
        self
    }

    fn every_tenth(mut self, from: u32, to: u32, say: impl Fn(f64) -> Reading) -> Self {
        for tenth in from..=to {
            let seconds = f64::from(tenth) / 10.0;
            self = self.say(seconds, Ok(say(seconds)));
        }
        self
    }

    fn energy(&self, begin: f64, end: f64) -> Result<WindowEnergy, WindowError> {
        Series::new(self.samples.clone(), 10.0).energy_j(self.at(begin), self.at(end))
    }
}

fn joules(per_second: f64) -> impl Fn(f64) -> Reading {
    move |seconds| Reading::Joules(per_second * seconds)
}

#[test]
fn counters_are_interpolated_at_the_edges() {
    let said = Said::new().every_tenth(0, 40, joules(7.0));
    let energy = said.energy(1.03, 3.08).unwrap();
    close(energy.joules, 7.0 * 2.05);
    assert_eq!(energy.readings, 20);
    // Between two readings the counter is taken to go straight.
    close(said.energy(1.02, 1.04).unwrap().joules, 0.14);
    close(said.energy(1.0, 2.0).unwrap().joules, 7.0);
}

#[test]
fn powers_are_integrated_by_trapezoids() {
    // P = 2t, of which the integral is t².
    let said = Said::new().every_tenth(0, 40, |seconds| Reading::Watts(2.0 * seconds));
    close(said.energy(1.03, 3.08).unwrap().joules, 3.08 * 3.08 - 1.03 * 1.03);
    close(said.energy(1.02, 1.04).unwrap().joules, 1.04 * 1.04 - 1.02 * 1.02);
    let series = Series::new(said.samples.clone(), 10.0);
    close(series.mean_power_w(said.at(1.0), said.at(3.0)).unwrap(), 4.0);
}

#[test]
fn a_window_outside_of_the_readings_is_not_known() {
    let said = Said::new().every_tenth(10, 20, joules(1.0));
    assert!(matches!(said.energy(0.5, 1.5), Err(WindowError::BeginNotCovered(_))));
    assert!(matches!(said.energy(1.5, 2.5), Err(WindowError::EndNotCovered(_))));
    assert!(matches!(
        Said::new().energy(0.0, 1.0),
        Err(WindowError::BeginNotCovered(_))
    ));
    assert_eq!(said.energy(1.5, 1.5), Err(WindowError::Empty));
    assert_eq!(said.energy(1.6, 1.5), Err(WindowError::Empty));
    assert!(said.energy(1.0, 2.0).is_ok(), "both ends included");
}

#[test]
fn a_gap_is_bridged_up_to_five_periods() {
    let with_gap = |resumes| {
        Said::new()
            .every_tenth(0, 10, joules(1.0))
            .say(1.1, Err(ReadError::passing("the bus timed out")))
            .every_tenth(resumes, 30, joules(1.0))
    };
    close(with_gap(15).energy(0.5, 2.0).unwrap().joules, 1.5);
    let error = with_gap(16).energy(0.5, 2.0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "600 ms without a reading, more than the 500 ms that are bridged: the bus timed out"
    );
    close(with_gap(16).energy(1.7, 2.0).unwrap().joules, 0.3);
    // The gap matters too where it lies around an edge.
    assert!(matches!(with_gap(16).energy(1.3, 2.0), Err(WindowError::Gap { .. })));
}

#[test]
fn a_quarter_of_a_second_is_bridged_for_a_fast_meter_too() {
    let with_gap = |gap: u32| {
        let mut said = Said::new();
        for millisecond in (0..=1000).chain(1000 + gap..=3000) {
            let seconds = f64::from(millisecond) * 1e-3;
            said = said.say(seconds, Ok(Reading::Watts(2.0)));
        }
        Series::new(said.samples.clone(), 1000.0).energy_j(said.at(0.5), said.at(2.5))
    };
    close(with_gap(250).unwrap().joules, 4.0);
    assert_eq!(
        with_gap(251).unwrap_err().to_string(),
        "251 ms without a reading, more than the 250 ms that are bridged"
    );
}

#[test]
fn the_readings_around_a_window_say_what_all_of_them_say() {
    let bad = || Err(ReadError::passing("the bus timed out"));
    let said = Said::new()
        .say(0.05, bad())
        .every_tenth(1, 10, joules(1.0))
        .say(1.05, bad())
        .every_tenth(11, 20, joules(2.0))
        .say(2.05, Err(ReadError::lasting("it began anew")))
        .every_tenth(21, 30, joules(1.0));
    for begin in 0..32 {
        for end in 0..34 {
            let (begin, end) = (f64::from(begin) / 10.0 + 0.03, f64::from(end) / 10.0 + 0.03);
            let few = around(&said.samples, said.at(begin), said.at(end)).to_vec();
            let energy = Series::new(few, 10.0).energy_j(said.at(begin), said.at(end));
            assert_eq!(energy, said.energy(begin, end), "{begin} to {end}");
        }
    }
    let few = around(&said.samples, said.at(0.53), said.at(0.97));
    assert_eq!(few.len(), 6, "0.5 to 1.0");
    assert!(around(&[], said.at(0.0), said.at(1.0)).is_empty());
}

#[test]
fn nothing_bridges_a_counter_that_began_anew() {
    let said = Said::new()
        .every_tenth(0, 10, joules(1.0))
        .say(1.1, Err(ReadError::lasting("it began anew")))
        .every_tenth(12, 30, joules(1.0));
    assert_eq!(
        said.energy(0.5, 2.0),
        Err(WindowError::Broken("it began anew".to_owned()))
    );
    assert_eq!(
        said.energy(1.05, 2.0),
        Err(WindowError::Broken("it began anew".to_owned()))
    );
    assert!(said.energy(0.2, 0.9).is_ok() && said.energy(1.3, 2.9).is_ok());
    let ended = Said::new()
        .every_tenth(0, 10, joules(1.0))
        .say(1.1, Err(ReadError::lasting("the meter has ended")));
    assert_eq!(
        ended.energy(0.5, 2.0),
        Err(WindowError::Broken("the meter has ended".to_owned()))
    );
}

#[test]
fn nothing_is_never_0() {
    let still = Said::new().every_tenth(0, 30, |_| Reading::Joules(5.0));
    assert_eq!(still.energy(1.0, 2.0), Err(WindowError::Impossible(0.0)));
    let back = Said::new().every_tenth(0, 30, |seconds| Reading::Joules(-seconds));
    assert!(matches!(back.energy(1.0, 2.0), Err(WindowError::Impossible(_))));
    let off = Said::new().every_tenth(0, 30, |_| Reading::Watts(0.0));
    assert_eq!(off.energy(1.0, 2.0), Err(WindowError::Impossible(0.0)));
    let not_a_number = Said::new().every_tenth(0, 30, |_| Reading::Joules(f64::NAN));
    assert!(matches!(not_a_number.energy(1.0, 2.0), Err(WindowError::Impossible(_))));
}

#[test]
fn readings_of_two_kinds_do_not_go_together() {
    let said = Said::new()
        .every_tenth(0, 10, joules(1.0))
        .every_tenth(11, 30, |_| Reading::Watts(1.0));
    assert_eq!(said.energy(0.5, 2.0), Err(WindowError::Mixed));
    let negative = Said::new().every_tenth(0, 30, |_| Reading::Watts(-1.0));
    assert_eq!(negative.energy(0.5, 2.0), Err(WindowError::Mixed));
    let not_a_number = Said::new().every_tenth(0, 30, |_| Reading::Watts(f64::NAN));
    assert_eq!(not_a_number.energy(0.5, 2.0), Err(WindowError::Mixed));
}

#[test]
fn the_reason_of_a_source_that_never_spoke_is_told() {
    let said = Said::new().say(0.1, Err(ReadError::passing("it charges")));
    assert_eq!(
        said.energy(0.5, 2.0).unwrap_err().to_string(),
        "no reading reaches back to the begin of the window: it charges"
    );
}
