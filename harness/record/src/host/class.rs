//! How far a machine's numbers can be trusted.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far numbers can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Class {
    /// Held still: what was looked at was as it should be, and temperature could be looked at.
    A,
    /// Good side by side within one run; another day or another machine of the kind may differ.
    B,
    /// Disturbed: measure again before a decision rests on it.
    C,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
        })
    }
}

/// A class, why it is not a better one, and what would raise it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostClass {
    /// The worst that a reason limits to; A without reasons.
    pub class: Class,
    /// The worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<ClassReason>,
}

/// Something that keeps the numbers from a better class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClassReason {
    /// What was seen.
    pub fact: String,
    /// What would mend it.
    pub hint: String,
    /// The best class while it holds.
    pub limits_to: Class,
    /// The class once it, and all that limits as much or more, is mended.
    pub raises_to: Class,
}
