//! The flags that say what a device allows.

use clap::Args;
use edgebench_reports::{Budget, profile};

use crate::failure::Failure;

/// What a device allows: limits, a profile, or both.
#[derive(Debug, Clone, Args)]
pub(crate) struct BudgetArgs {
    /// What the device allows, such as latency_p90=20ms,rss_peak=64MiB,model_bytes=2MiB,accuracy=-1pp
    #[arg(long = "budget", value_name = "METRIC=LIMIT,…")]
    limits: Option<String>,
    /// The budget of a kind of device; limits of --budget go before its own
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

impl BudgetArgs {
    /// The budget; none without any flag.
    pub(crate) fn budget(&self) -> Result<Option<Budget>, Failure> {
        let limits = self.limits.as_deref().map(Budget::parse).transpose()?;
        let profile = self.profile.as_deref().map(profile).transpose()?;
        Ok(match (limits, profile) {
            (limits, Some(profile)) => Some(limits.unwrap_or_default().within(profile)),
            (limits, None) => limits,
        })
    }
}
