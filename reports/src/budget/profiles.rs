//! Budgets of kinds of devices. Each limit says why it is where it is, and whether that was found or chosen.

use serde::Serialize;

use super::{BudgetError, Limit};
use crate::policy::unknown;

/// A kind of device and what it allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// The name that it is asked for by.
    pub id: &'static str,
    /// What it is, in one line.
    pub title: &'static str,
    /// The limits, each with its reason.
    pub reasons: &'static [Reason],
}

/// One limit of a profile, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The limit, as [`Limit::parse`] reads it.
    pub limit: &'static str,
    /// Why it is there and at this figure.
    pub why: &'static str,
    /// Where the figure comes from; `chosen` where it is a round one that nothing dictates.
    pub source: &'static str,
}

/// Every profile.
pub const PROFILES: &[Profile] = &[
    Profile {
        id: "hearing-aid",
        title: "a model in the audio path of a hearing aid, a hop of 10 ms at a time",
        reasons: &[Reason {
            limit: "latency_p99=10ms",
            why: "a hop must be done before the next is there, nearly always, hence p99. Wearers found their own voice \
                      objectionable in 90 % of trials when it was delayed by more than 10 ms; that is the delay of the \
                      whole path, so that filling the hop's buffer leaves a model less than this",
            source: "Agnew & Thornton, \"Just noticeable and objectionable group delays in digital hearing aids\", \
                         Journal of the American Academy of Audiology 11 (2000), 330–336",
        }],
    },
    Profile {
        id: "video-30fps",
        title: "every frame of a video at 30 frames a second",
        reasons: &[Reason {
            limit: "latency_p99=33.3ms",
            why: "the next frame comes after 1/30 s = 33.3 ms; at most one frame in a hundred may be late",
            source: "the frame rate; p99 is chosen",
        }],
    },
    Profile {
        id: "wearable",
        title: "a watch or band that runs Linux in little memory",
        reasons: &[
            Reason {
                limit: "rss_peak=64MiB",
                why: "one process among others on a device of some hundred MiB",
                source: "chosen",
            },
            Reason {
                limit: "latency_p90=100ms",
                why: "an answer within 0.1 s feels immediate",
                source: "the limit is that of Nielsen, \"Usability Engineering\" (1993), chapter 5; p90 is chosen",
            },
        ],
    },
    Profile {
        id: "keyword-spotting",
        title: "spotting one of a few spoken words, always on",
        reasons: &[
            Reason {
                limit: "accuracy=90%",
                why: "the quality that a keyword spotter of the closed division must reach (top-1)",
                source: "Banbury et al., \"MLPerf Tiny Benchmark\", NeurIPS Datasets and Benchmarks (2021)",
            },
            Reason {
                limit: "latency_p90=20ms",
                why: "a hop of 20 ms of sound must be done before the next is there",
                source: "chosen",
            },
        ],
    },
    Profile {
        id: "microcontroller-class",
        title: "weights that go into the flash of a microcontroller",
        reasons: &[Reason {
            limit: "model_bytes=512KiB",
            why: "half of a flash of 1 MB, for the program needs the rest; memory and times of a process on this machine \
                  say nothing about a microcontroller, and are not limited",
            source: "1 MB of flash: Lin et al., \"MCUNet: Tiny Deep Learning on IoT Devices\", NeurIPS (2020); the half \
                     is chosen",
        }],
    },
];

/// A profile by its id.
///
/// # Errors
/// [`BudgetError::Unknown`] with the nearest one.
pub fn profile(id: &str) -> Result<&'static Profile, BudgetError> {
    PROFILES
        .iter()
        .find(|profile| profile.id == id)
        .ok_or_else(|| unknown("profile", id, PROFILES.iter().map(|profile| profile.id)).into())
}

impl Profile {
    /// Its limits.
    pub fn limits(&self) -> Vec<Limit> {
        self.reasons
            .iter()
            .filter_map(|reason| Limit::parse(reason.limit).ok())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_of_a_profile_is_one() {
        for profile in PROFILES {
            for reason in profile.reasons {
                assert!(Limit::parse(reason.limit).is_ok(), "{}: {}", profile.id, reason.limit);
                assert!(!reason.why.is_empty() && !reason.source.is_empty());
            }
            assert_eq!(profile.limits().len(), profile.reasons.len());
            assert!(super::profile(profile.id) == Ok(profile));
        }
    }
}
