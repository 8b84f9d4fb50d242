//! The search for the highest rate that holds: a state machine that knows no clock and no load.

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// Try this rate, and say with [`RateSearch::tried`] whether it held.
    Probe(f64),
    /// Try this rate once more, at full length and under another seed.
    Confirm(f64),
    /// The search is over.
    Done,
}

/// How far the search is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Both ends of the bracket, or one of them, are looked for.
    Searching,
    Confirming,
    Done,
}

/// The search for the highest rate that holds.
///
/// From a first guess the rate is doubled while it holds and halved while it does not, until the highest rate that held
/// and the lowest that did not are neighbours; then the middle of the two (their geometric mean) is tried until they are
/// closer than the tolerance. A rate fails when two of at most three probes of it fail, since one stall of the machine
/// spoils a probe; and the upper end is probed anew before the search ends, since a longer stall spoils two.
///
/// The highest rate that held is then confirmed. Where it does not hold, the rate is divided by √2 until one holds, and
/// the middle between that one and the lowest that did not is tried until they are closer than the tolerance.
#[derive(Debug, Clone, PartialEq)]
pub struct RateSearch {
    next: f64,
    held: Option<f64>,
    failed: Option<f64>,
    confirmed: Option<f64>,
    tolerance: f64,
    rates_left: usize,
    confirmations_left: usize,
    /// Probes of the next rate until now, and how many of them failed.
    tries: u32,
    failures: u32,
    /// The upper end that was probed anew.
    rechecked: Option<f64>,
    /// Whether a confirmation failed.
    lowered: bool,
    stage: Stage,
}

impl RateSearch {
    /// A search from a first guess, until the bracket is narrower than `tolerance` (0.02 is 2 %), with so many rates probed
    /// and so many confirmations at most. `None` unless guess and tolerance are finite and above 0 and both counts are.
    pub fn new(guess: f64, tolerance: f64, rates: usize, confirmations: usize) -> Option<Self> {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        (positive(guess) && positive(tolerance) && rates > 0 && confirmations > 0).then_some(Self {
            next: guess,
            held: None,
            failed: None,
            confirmed: None,
            tolerance,
            rates_left: rates,
            confirmations_left: confirmations,
            tries: 0,
            failures: 0,
            rechecked: None,
            lowered: false,
            stage: Stage::Searching,
        })
    }

    /// What to do next.
    pub fn step(&self) -> Step {
        match self.stage {
            Stage::Searching => Step::Probe(self.next),
            Stage::Confirming => Step::Confirm(self.next),
            Stage::Done => Step::Done,
        }
    }

    /// Says whether the rate of the last [`RateSearch::step`] held.
    pub fn tried(&mut self, held: bool) {
        match self.stage {
            Stage::Searching => self.probed(held),
            Stage::Confirming => self.confirmed(held),
            Stage::Done => {}
        }
    }

    /// The highest rate that held and was confirmed, where there is one.
    pub fn highest(&self) -> Option<f64> {
        self.confirmed
    }

    /// The lowest rate that did not hold, where there is one.
    pub fn lowest_failed(&self) -> Option<f64> {
        self.failed
    }

    fn probed(&mut self, held: bool) {
        self.tries += 1;
        self.failures += u32::from(!held);
        if self.failures == 1 && self.tries < 3 {
            return;
        }
        let held = self.failures < 2;
        (self.tries, self.failures) = (0, 0);
        // A noisy machine may let a lower rate fail that held higher up: the last word counts.
        if held {
            self.held = Some(self.next);
            self.failed = self.failed.filter(|&failed| failed > self.next);
        } else {
            self.failed = Some(self.next);
            self.held = self.held.filter(|&held| held < self.next);
        }
        self.rates_left -= 1;
        let narrow = match (self.held, self.failed) {
            (Some(held), Some(failed)) => self.is_narrow(held, failed),
            _ => false,
        };
        if let Some(failed) = self.failed
            && narrow
            && self.rates_left > 0
            && self.rechecked != self.failed
        {
            // It has failed before: one more failure ends it, and it takes two probes that hold to go on above it.
            self.rechecked = self.failed;
            self.next = failed;
            (self.tries, self.failures) = (1, 1);
            return;
        }
        let next = match (self.held, self.failed) {
            (Some(held), Some(failed)) => (held * failed).sqrt(),
            (Some(held), None) => held * 2.0,
            (None, Some(failed)) => failed / 2.0,
            (None, None) => self.next,
        };
        let over = narrow || self.rates_left == 0 || !(next.is_finite() && next > 0.0);
        match self.held {
            Some(held) if over => {
                self.next = held;
                self.stage = Stage::Confirming;
            }
            None if over => self.stage = Stage::Done,
            _ => self.next = next,
        }
    }

    fn confirmed(&mut self, held: bool) {
        self.confirmations_left -= 1;
        if held {
            self.confirmed = Some(self.next);
        } else {
            self.failed = Some(self.next);
            self.lowered = true;
        }
        let next = match (self.confirmed, self.failed) {
            (Some(low), Some(failed)) if self.lowered && !self.is_narrow(low, failed) => Some((low * failed).sqrt()),
            (Some(_), _) => None,
            (None, _) => Some(self.next / std::f64::consts::SQRT_2),
        };
        match next.filter(|&next| self.confirmations_left > 0 && next > 0.0) {
            Some(next) => self.next = next,
            None => self.stage = Stage::Done,
        }
    }

    fn is_narrow(&self, held: f64, failed: f64) -> bool {
        failed / held <= 1.0 + self.tolerance
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Searches where every rate up to a limit holds; returns the search and how many tries it took.
    fn search(guess: f64, limit: f64) -> (RateSearch, usize) {
        let mut search = RateSearch::new(guess, 0.02, 60, 5).unwrap();
        let mut tries = 0;
        while let Step::Probe(rate) | Step::Confirm(rate) = search.step() {
            search.tried(rate <= limit);
            tries += 1;
        }
        (search, tries)
    }

    proptest! {
        #[test]
        fn the_limit_is_found_within_the_tolerance(guess in 0.01..1e6f64, limit in 0.01..1e6f64) {
            let (search, tries) = search(guess, limit);
            let highest = search.highest().unwrap();
            prop_assert!(highest <= limit && limit <= highest * 1.02 * (1.0 + 1e-12), "{highest} of {limit}");
            prop_assert!(search.lowest_failed().unwrap() > limit);
            // Doublings to the bracket, six halvings of it, each of two probes; the upper end anew; one confirmation.
            let doublings = (limit / guess).log2().abs().ceil() as usize + 1;
            prop_assert!(tries <= 2 * (doublings + 6) + 2, "{tries}");
        }

        #[test]
        fn whatever_happens_it_ends(guess in 0.01..1e6f64, answers in prop::collection::vec(any::<bool>(), 100)) {
            let mut search = RateSearch::new(guess, 0.02, 20, 5).unwrap();
            let mut answers = answers.into_iter();
            let mut tries = 0;
            while let Step::Probe(rate) | Step::Confirm(rate) = search.step() {
                prop_assert!(rate.is_finite() && rate > 0.0);
                search.tried(answers.next().unwrap());
                tries += 1;
            }
            prop_assert!(tries <= 65);
        }
    }

    #[test]
    fn nothing_holds_is_no_rate() {
        let mut search = RateSearch::new(100.0, 0.02, 5, 3).unwrap();
        while let Step::Probe(_) | Step::Confirm(_) = search.step() {
            search.tried(false);
        }
        assert_eq!(search.highest(), None);
        assert_eq!(search.lowest_failed(), Some(100.0 / 16.0));
    }

    /// The rate that a search finds where rates hold up to 1000, but in some of the probes none does.
    fn stalled(stalls: impl Fn(usize) -> bool) -> f64 {
        let mut search = RateSearch::new(700.0, 0.02, 20, 8).unwrap();
        let mut tries = 0;
        loop {
            match search.step() {
                Step::Probe(rate) => search.tried(rate <= 1000.0 && !stalls(tries)),
                Step::Confirm(rate) => search.tried(rate <= 1000.0),
                Step::Done => return search.highest().unwrap(),
            }
            tries += 1;
        }
    }

    #[test]
    fn a_stall_does_not_fix_the_rate() {
        let is_near = |rate: f64| assert!(rate <= 1000.0 && rate * 1.02 >= 1000.0, "{rate}");
        is_near(stalled(|_| false));
        for stall in 0..15 {
            is_near(stalled(|probe| probe == stall));
            // Two in a row fail a rate that holds; the upper end is probed anew.
            is_near(stalled(|probe| probe == stall || probe == stall + 1));
        }
    }

    #[test]
    fn one_probe_that_holds_does_not_outweigh_two_that_fail() {
        let mut search = RateSearch::new(100.0, 0.02, 5, 3).unwrap();
        for held in [false, true, false] {
            assert_eq!(search.step(), Step::Probe(100.0));
            search.tried(held);
        }
        assert_eq!(search.step(), Step::Probe(50.0));
        for held in [false, true, true] {
            assert_eq!(search.step(), Step::Probe(50.0));
            search.tried(held);
        }
        assert_eq!(search.step(), Step::Probe((50.0f64 * 100.0).sqrt()));
    }

    #[test]
    fn a_rate_that_does_not_hold_again_is_bisected() {
        // At full length only 60 and less hold.
        let mut search = RateSearch::new(100.0, 0.02, 1, 10).unwrap();
        search.tried(true);
        let mut tried = Vec::new();
        while let Step::Confirm(rate) = search.step() {
            tried.push(rate);
            search.tried(rate <= 60.0);
        }
        let sqrt = std::f64::consts::SQRT_2;
        assert_eq!(tried[..3], [100.0, 100.0 / sqrt, 100.0 / sqrt / sqrt]);
        let (highest, failed) = (search.highest().unwrap(), search.lowest_failed().unwrap());
        assert!(
            highest <= 60.0 && 60.0 < failed && failed <= highest * 1.02,
            "{highest} {failed}"
        );
        search.tried(false);
        assert_eq!(search.highest(), Some(highest));
        assert_eq!(search.step(), Step::Done);
    }

    #[test]
    fn confirmations_end() {
        let mut search = RateSearch::new(100.0, 0.02, 1, 3).unwrap();
        search.tried(true);
        for _ in 0..3 {
            assert!(matches!(search.step(), Step::Confirm(_)));
            search.tried(false);
        }
        assert_eq!((search.step(), search.highest()), (Step::Done, None));
    }

    #[test]
    fn nonsense_is_no_search() {
        for guess in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(RateSearch::new(guess, 0.02, 5, 3), None);
        }
        assert_eq!(RateSearch::new(1.0, 0.0, 5, 3), None);
        assert_eq!(RateSearch::new(1.0, 0.1, 0, 3), None);
    }
}
