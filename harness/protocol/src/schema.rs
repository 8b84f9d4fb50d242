//! The protocol's published schema.

use schemars::schema_for;
use serde_json::{Value, json};

use crate::{AnswerLine, RequestLine, VERSION};

/// The JSON Schemas of a request's line and of an answer's line, with the version that they belong to.
pub fn protocol_schema() -> Value {
    json!({
        "title": "edgebench worker protocol",
        "version": VERSION,
        "request": schema_for!(RequestLine),
        "answer": schema_for!(AnswerLine),
    })
}
