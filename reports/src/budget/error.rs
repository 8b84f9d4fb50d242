//! Why a budget cannot be read.

use edgebench_record::metric as metric_of;

use crate::policy::{PolicyError, is_accuracy};

/// Why a budget cannot be used. The message is one line of fact; [`BudgetError::hint`] says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BudgetError {
    /// There is no limit in it.
    #[error("the budget is empty")]
    Empty,
    /// A limit without an equals sign.
    #[error("`{0}` is no limit")]
    NoLimit(String),
    /// A name that means nothing here.
    #[error(transparent)]
    Unknown(#[from] PolicyError),
    /// One metric with two limits.
    #[error("`{0}` has two limits")]
    Duplicate(&'static str),
    /// A bound that cannot be read, or cannot be.
    #[error("`{text}` is no limit of {metric}: {why}")]
    Bound {
        /// As it was given.
        text: String,
        /// The metric's id.
        metric: &'static str,
        /// What is wrong.
        why: String,
    },
}

impl BudgetError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let unit = |metric: &str| metric_of(metric).map_or("", |metric| metric.unit);
        Some(match self {
            Self::Empty | Self::NoLimit(_) => {
                "write METRIC=LIMIT, such as latency_p90=20ms,rss_peak=64MiB,accuracy=-1pp".to_owned()
            }
            Self::Unknown(error) => return error.hint(),
            Self::Duplicate(_) => "give each metric once".to_owned(),
            Self::Bound { metric, .. } => match unit(metric) {
                "ns" => "write the most that it may be, such as 20ms",
                "bytes" => "write the most that it may be, such as 64MiB",
                "fraction" if !metric_of(metric).is_some_and(is_accuracy) => {
                    "write the most that it may be, such as 1%"
                }
                "fraction" => "write -1pp for at most 1 pp below the baseline, or 90% for at least that",
                "1/s" => "write the least that it must be, such as 50/s",
                "J" => "write the most that it may be, such as 2mJ",
                "proxy-J" => "write the most that it may be, such as 2proxy-mJ",
                _ => "write the most that it may be, such as 1000000",
            }
            .to_owned(),
        })
    }
}
