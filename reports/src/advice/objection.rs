//! Why a cell may not be advised.

use edgebench_record::{Cell, OutcomeKind, OutputsVerdict};

use super::against::latency;
use crate::ranking::{Rank, significant};
use crate::text::plain;

/// Why a cell may not be advised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Objection {
    /// Its outputs are not those of the reference.
    OutputsDiffer,
    /// It has no figures; the kind says what became of it.
    NoFigures(OutcomeKind),
    /// Its latency cannot be one.
    LatencyDamaged,
    /// Its accuracy was not measured, though the task has a metric.
    AccuracyUnmeasured,
    /// There is no difference to the baseline's accuracy.
    NotHeldAgainstBaseline,
    /// It is significantly less accurate than the baseline.
    LessAccurate,
    /// It is less accurate than the baseline, and nothing tests by how much.
    LessAccurateUntested,
}

impl Objection {
    /// What stands against a cell of this rank. `loss_is_allowed` where a budget says how accurate it must be, and
    /// `emulated` where its latency takes no part.
    pub(super) fn to(cell: &Cell, rank: Rank, loss_is_allowed: bool, emulated: bool) -> Option<Self> {
        match rank {
            Rank::Out if cell.outputs.verdict == OutputsVerdict::Differ => Some(Self::OutputsDiffer),
            Rank::Out => Some(Self::NoFigures(cell.outcome.kind)),
            _ if !emulated && latency(cell).is_none() => Some(Self::LatencyDamaged),
            Rank::Doubtful if !loss_is_allowed => Some(Self::doubt(cell)),
            Rank::Candidate | Rank::Doubtful => None,
        }
    }

    fn doubt(cell: &Cell) -> Self {
        let Some(accuracy) = &cell.accuracy else {
            return Self::AccuracyUnmeasured;
        };
        match accuracy.delta.as_ref().map(|delta| significant(accuracy, delta)) {
            Some(Some(true)) => Self::LessAccurate,
            Some(_) => Self::LessAccurateUntested,
            None => Self::NotHeldAgainstBaseline,
        }
    }

    /// The objection to one cell in words.
    pub(super) fn why(self, cell: &Cell) -> String {
        match self {
            Self::OutputsDiffer => "outputs differ".to_owned(),
            Self::NoFigures(kind) => match plain(&cell.outcome.reason) {
                reason if reason.is_empty() => format!("{}, without figures", kind.name()),
                reason => format!("{}: {reason}", kind.name()),
            },
            Self::LatencyDamaged => "its latency is damaged".to_owned(),
            Self::AccuracyUnmeasured => "its accuracy was not measured".to_owned(),
            Self::NotHeldAgainstBaseline => "not held against the baseline".to_owned(),
            Self::LessAccurate => "significantly less accurate than the baseline".to_owned(),
            Self::LessAccurateUntested => "less accurate than the baseline, and untested".to_owned(),
        }
    }

    /// Of how many cells it is true, in words: `the outputs of 17 differ`, `1 is unsupported`.
    fn of(self, count: usize) -> String {
        let (is, was, has) = match count {
            1 => ("is", "was", "has"),
            _ => ("are", "were", "have"),
        };
        match self {
            Self::OutputsDiffer => format!("the outputs of {count} differ"),
            Self::LatencyDamaged => format!("the latency of {count} is damaged"),
            Self::AccuracyUnmeasured => format!("the accuracy of {count} was not measured"),
            Self::NotHeldAgainstBaseline => format!("{count} {was} not held against the baseline"),
            Self::LessAccurate => format!("{count} {is} significantly less accurate than the baseline"),
            Self::LessAccurateUntested => format!("{count} {is} less accurate than the baseline, and untested"),
            Self::NoFigures(kind) => match kind {
                OutcomeKind::Measured => format!("{count} {has} no figures"),
                OutcomeKind::Unsupported | OutcomeKind::Unavailable => format!("{count} {is} {}", kind.name()),
                OutcomeKind::Failed | OutcomeKind::Crashed => format!("{count} {}", kind.name()),
                OutcomeKind::TimedOut => format!("{count} timed out"),
                OutcomeKind::OutOfMemory => format!("{count} ran out of memory"),
                OutcomeKind::Skipped => format!("{count} {was} skipped"),
            },
        }
    }
}

/// What stands against how many cells, the most frequent first.
pub(super) fn counted(objections: impl Iterator<Item = Objection>) -> String {
    let mut counts: Vec<(Objection, usize)> = Vec::new();
    for objection in objections {
        match counts.iter_mut().find(|(known, _)| *known == objection) {
            Some((_, count)) => *count += 1,
            None => counts.push((objection, 1)),
        }
    }
    // The sort is stable, so that of equals the first of the table goes first.
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let words: Vec<String> = counts.iter().map(|(objection, count)| objection.of(*count)).collect();
    words.join(", ")
}
