use std::thread;
use std::time::{Duration, Instant};

use edgebench_api::Nanos;
use edgebench_meters::{ReadError, Reading, Sampler, Source, WindowError};
use edgebench_record::{EnergySource, Tier};

struct Fake {
    facts: EnergySource,
    start: Instant,
    fails: bool,
    /// When a lasting error begins and ends, since `start`.
    lasting: Option<(Duration, Duration)>,
}

impl Source for Fake {
    fn facts(&self) -> &EnergySource {
        &self.facts
    }

    /// 3 W.
    fn read(&mut self) -> Result<Reading, ReadError> {
        if self.fails {
            return Err(ReadError::passing("no answer"));
        }
        let now = self.start.elapsed();
        if self.lasting.is_some_and(|(begin, end)| now >= begin && now < end) {
            return Err(ReadError::lasting("it is gone"));
        }
        Ok(Reading::Joules(3.0 * self.start.elapsed().as_secs_f64()))
    }

    fn remarks(&self) -> Vec<String> {
        vec!["read".to_owned()]
    }
}

fn sampler(hz: f64, fails: bool) -> Sampler {
    sampler_of(hz, fails, None)
}

fn sampler_of(hz: f64, fails: bool, lasting: Option<(Duration, Duration)>) -> Sampler {
    let facts = EnergySource {
        name: "fake".to_owned(),
        tier: Tier::E1,
        scope: "nothing".to_owned(),
        domains: Vec::new(),
        uncertainty: 0.0,
        sampling_hz: hz,
        min_window_ns: Nanos(0),
        notes: Vec::new(),
    };
    let start = Instant::now();
    Sampler::start(Box::new(Fake {
        facts,
        start,
        fails,
        lasting,
    }))
    .unwrap()
}

#[test]
fn a_window_between_readings_has_its_energy() {
    let sampler = sampler(10.0, false);
    thread::sleep(Duration::from_millis(150));
    let begin = Instant::now();
    thread::sleep(Duration::from_millis(500));
    let end = Instant::now();
    // It waits for the reading after the end.
    let energy = sampler.energy_j(begin, end).unwrap();
    let expected = 3.0 * end.duration_since(begin).as_secs_f64();
    assert!(
        (energy.joules / expected - 1.0).abs() < 0.02,
        "{energy:?}, not {expected}"
    );
    assert!((2..=7).contains(&energy.readings), "{energy:?}");
    assert_eq!(sampler.remarks(), ["read"]);
    let series = sampler.stop();
    assert!(series.energy_j(begin, end).is_ok());
}

#[test]
fn a_source_that_fails_gives_reasons_and_no_energy() {
    let sampler = sampler(10.0, true);
    let begin = Instant::now();
    let end = begin + Duration::from_millis(50);
    let error = sampler.energy_j(begin, end).unwrap_err();
    assert!(matches!(error, WindowError::BeginNotCovered(_)), "{error:?}");
}

#[test]
fn a_rate_that_is_none_does_no_harm() {
    for hz in [0.0, f64::NAN, f64::INFINITY, -1.0] {
        let sampler = sampler(hz, false);
        thread::sleep(Duration::from_millis(5));
        assert!(!sampler.stop().is_empty());
    }
}

#[test]
fn what_is_forgotten_is_gone_and_what_a_later_window_takes_is_not() {
    let sampler = sampler(10.0, false);
    thread::sleep(Duration::from_millis(150));
    let before = Instant::now();
    thread::sleep(Duration::from_millis(250));
    let begin = Instant::now();
    thread::sleep(Duration::from_millis(250));
    let end = Instant::now();
    let energy = sampler.energy_j(begin, end).unwrap();
    assert_eq!(sampler.series().energy_j(begin, end), Ok(energy));
    let all = sampler.series().len();
    assert!(sampler.series_between(begin, end).len() < all);
    sampler.forget_before(begin);
    assert!(sampler.series().len() < all);
    assert_eq!(sampler.energy_j(begin, end), Ok(energy));
    assert!(matches!(
        sampler.energy_j(before, end),
        Err(WindowError::BeginNotCovered(_))
    ));
    sampler.forget_before(Instant::now() + Duration::from_mins(1));
    assert!(!sampler.series().is_empty(), "the last one is kept");
}

#[test]
fn a_source_that_is_gone_has_failed_and_one_that_began_anew_has_not() {
    let ms = Duration::from_millis;
    let gone = sampler_of(10.0, false, Some((ms(50), Duration::MAX)));
    assert_eq!(gone.failed(), None);
    let deadline = Instant::now() + Duration::from_secs(10);
    while gone.failed().is_none() && Instant::now() < deadline {
        thread::sleep(ms(10));
    }
    assert_eq!(gone.failed().as_deref(), Some("it is gone"));
    let passing = sampler(10.0, true);
    let anew = sampler_of(10.0, false, Some((ms(50), ms(150))));
    thread::sleep(ms(600));
    assert_eq!((passing.failed(), anew.failed()), (None, None));
}
