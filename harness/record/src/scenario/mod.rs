//! Load patterns beside the steady state, in `MLPerf`'s words and by its rules. No figure here is an `MLPerf` result.

mod figures;
mod flips;
mod kind;
mod plan;
mod result;

pub use figures::{
    ColdCache, ColdStart, ColdStartFigures, PacedFigures, QueryLatency, RateProbe, ServerFigures, SoakFigures,
    SoakInterval, StreamingFigures,
};
pub use flips::{RankFlip, rank_flips};
pub use kind::ScenarioKind;
pub use plan::ScenarioPlan;
pub use result::{NOT_MLPERF, ScenarioResult, ScenarioVerdict};
