//! A difference and why it is, as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use super::diff::ProfileDiff;
use super::sentences::Explanation;

/// The version of the difference's schema that this code writes.
pub const DIFF_SCHEMA: u32 = 1;

/// What `edgebench profile diff --format json` writes.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct DiffDocument {
    /// [`DIFF_SCHEMA`] of the writer.
    pub schema: u32,
    /// Two cells side by side.
    pub diff: ProfileDiff,
    /// Why they differ.
    pub explanation: Explanation,
}

/// The JSON Schema of [`DiffDocument`].
pub fn diff_schema() -> serde_json::Value {
    schemars::schema_for!(DiffDocument).to_value()
}
