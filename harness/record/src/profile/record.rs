//! The whole profile.

use std::path::Path;

use edgebench_api::Peaks;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ProfiledCell;
use crate::file::read;
use crate::{Host, ReadError, Tool};

/// The version of the profile's schema that this code writes.
pub const PROFILE_SCHEMA: u32 = 1;

/// What the operators of some cells take. No figure in it is a latency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProfileRecord {
    /// [`PROFILE_SCHEMA`] of the writer.
    pub schema: u32,
    /// Identifies the profile; sorts by time.
    pub id: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// RFC 3339, UTC.
    pub finished_at: String,
    /// Whether it ended before its plan did.
    pub interrupted: bool,
    /// What measured.
    pub tool: Tool,
    /// Where.
    pub host: Host,
    /// The suite's name, or `models` for models named on the command line.
    pub suite: String,
    /// What the machine can do at most, for each number of threads that was profiled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peaks: Vec<Peaks>,
    /// Why there are no peaks; absent where there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_peaks: Option<String>,
    /// The cells in plan order.
    pub cells: Vec<ProfiledCell>,
}

impl ProfileRecord {
    /// Reads a profile from its file, or from the folder that holds a `profile.json`.
    ///
    /// # Errors
    /// [`ReadError`]: the file cannot be read, its schema is newer, or it is damaged.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        read(path, "profile.json", PROFILE_SCHEMA)
    }
}

/// The JSON Schema of [`ProfileRecord`].
pub fn profile_schema() -> serde_json::Value {
    schemars::schema_for!(ProfileRecord).to_value()
}
