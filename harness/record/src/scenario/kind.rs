//! Which load pattern.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A load pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ScenarioKind {
    /// The next query of one sample when the previous one completes.
    SingleStream,
    /// The next query of eight samples when the previous one completes.
    MultiStream,
    /// Poisson arrivals; the highest rate whose p99 keeps a bound.
    Server,
    /// All samples in one query.
    Offline,
    /// A query each period, with a deadline.
    Paced,
    /// Frames in order, state carried from one to the next.
    Streaming,
    /// A fresh process from its start to its first answer.
    ColdStart,
    /// Minutes to hours.
    Soak,
}

impl ScenarioKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::SingleStream,
        Self::MultiStream,
        Self::Server,
        Self::Offline,
        Self::Paced,
        Self::Streaming,
        Self::ColdStart,
        Self::Soak,
    ];

    /// The name used on the command line, in records and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::SingleStream => "single-stream",
            Self::MultiStream => "multi-stream",
            Self::Server => "server",
            Self::Offline => "offline",
            Self::Paced => "paced",
            Self::Streaming => "streaming",
            Self::ColdStart => "cold-start",
            Self::Soak => "soak",
        }
    }
}
