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
/// closer than the tolerance. The highest that held is then confirmed; where it does not hold again, a lower one is
/// tried: one tolerance below, then two more, four more, and so on.
#[derive(Debug, Clone, PartialEq)]
pub struct RateSearch {
    next: f64,
    held: Option<f64>,
    failed: Option<f64>,
    confirmed: Option<f64>,
    tolerance: f64,
    probes_left: usize,
    confirmations_left: usize,
    /// How many tolerances the next confirmation is below the last.
    step_down: i32,
    stage: Stage,
}

impl RateSearch {
    /// A search from a first guess, until the bracket is narrower than `tolerance` (0.02 is 2 %), with so many probes and
    /// confirmations at most. `None` unless guess and tolerance are finite and above 0 and both counts are.
    pub fn new(guess: f64, tolerance: f64, probes: usize, confirmations: usize) -> Option<Self> {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        (positive(guess) && positive(tolerance) && probes > 0 && confirmations > 0).then_some(Self {
            next: guess,
            held: None,
            failed: None,
            confirmed: None,
            tolerance,
            probes_left: probes,
            confirmations_left: confirmations,
            step_down: 1,
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
        // A noisy machine may let a lower rate fail that held higher up: the last word counts.
        if held {
            self.held = Some(self.next);
            self.failed = self.failed.filter(|&failed| failed > self.next);
        } else {
            self.failed = Some(self.next);
            self.held = self.held.filter(|&held| held < self.next);
        }
        self.probes_left -= 1;
        let narrow = match (self.held, self.failed) {
            (Some(held), Some(failed)) => failed / held <= 1.0 + self.tolerance,
            _ => false,
        };
        let next = match (self.held, self.failed) {
            (Some(held), Some(failed)) => (held * failed).sqrt(),
            (Some(held), None) => held * 2.0,
            (None, Some(failed)) => failed / 2.0,
            (None, None) => self.next,
        };
        let over = narrow || self.probes_left == 0 || !(next.is_finite() && next > 0.0);
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
        if held {
            self.confirmed = Some(self.next);
            self.stage = Stage::Done;
            return;
        }
        self.failed = Some(self.next);
        self.confirmations_left -= 1;
        self.next /= (1.0 + self.tolerance).powi(self.step_down);
        // The counts are small; a search that never ends is not meant.
        self.step_down = self.step_down.saturating_mul(2);
        if self.confirmations_left == 0 {
            self.stage = Stage::Done;
        }
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
            // Doublings to the bracket, six halvings of it, one confirmation.
            let doublings = (limit / guess).log2().abs().ceil() as usize + 1;
            prop_assert!(tries <= doublings + 8, "{tries}");
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
            prop_assert!(tries <= 25);
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

    #[test]
    fn a_rate_that_does_not_hold_again_is_lowered() {
        let mut search = RateSearch::new(100.0, 0.02, 1, 3).unwrap();
        search.tried(true);
        assert_eq!(search.step(), Step::Confirm(100.0));
        search.tried(false);
        assert_eq!(search.step(), Step::Confirm(100.0 / 1.02));
        search.tried(false);
        // Two tolerances below that.
        let lower = 100.0 / 1.02 / 1.02f64.powi(2);
        assert_eq!(search.step(), Step::Confirm(lower));
        search.tried(true);
        assert_eq!(search.step(), Step::Done);
        assert_eq!(search.highest(), Some(lower));
        assert_eq!(search.lowest_failed(), Some(100.0 / 1.02));
        search.tried(false);
        assert_eq!(search.highest(), Some(lower));
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
