//! What counts for a gate: a policy from a file, from flags, or both.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use edgebench_record::OnInconclusive;
use edgebench_reports::policy::{Policy, Rule, class_drop};

use crate::failure::{Doing as _, Failure};

#[expect(clippy::doc_markdown, reason = "the help is printed as it stands here")]
#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    /// A policy in TOML: a table [fail-on] with metrics and tolerances, and the keys named as the flags below are
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// How much worse a metric may get, such as latency_p50:3%, accuracy:-0.5pp, rss_peak:2MiB or model_bytes:0; may be
    /// repeated, and goes before the file [default: latency_p50:3%, accuracy:0.5pp, rss_peak:1%, model_bytes:1%]
    #[arg(long, value_name = "METRIC:TOLERANCE")]
    fail_on: Vec<String>,
    /// How much the share of right answers among any class's samples may drop, such as 5pp
    #[arg(long, value_name = "PP")]
    max_class_drop: Option<String>,
    /// What a verdict that decides nothing does [default: report]
    #[arg(long, value_enum)]
    inconclusive: Option<Inconclusive>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Inconclusive {
    /// Exit code 4
    Report,
    /// As if it had passed; what is missing or incomparable still gives 4
    Pass,
    /// As if it had regressed; what is missing or incomparable too
    Fail,
}

impl PolicyArgs {
    /// Whether anybody asked for a rule, in a file or in flags.
    pub(crate) fn asks(&self) -> bool {
        self.policy.is_some() || !self.fail_on.is_empty()
    }

    /// The policy: the file's, then what flags say otherwise, then the default rules where there are none.
    pub(crate) fn policy(&self) -> Result<Policy, Failure> {
        let mut policy = match &self.policy {
            None => Policy::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path).doing(format_args!("read the policy `{}`", path.display()))?;
                Policy::from_toml(&text).map_err(|error| {
                    Failure::from(error).context(format!("the policy `{}` cannot be used", path.display()))
                })?
            }
        };
        for rule in &self.fail_on {
            policy.set(Rule::parse(rule)?);
        }
        if let Some(drop) = &self.max_class_drop {
            policy.max_class_drop = Some(class_drop(drop)?);
        }
        if let Some(inconclusive) = self.inconclusive {
            policy.inconclusive = match inconclusive {
                Inconclusive::Report => OnInconclusive::Report,
                Inconclusive::Pass => OnInconclusive::Pass,
                Inconclusive::Fail => OnInconclusive::Fail,
            };
        }
        Ok(policy.with_default_rules())
    }
}
