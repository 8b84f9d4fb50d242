//! `edgebench schema`: the JSON Schemas of what crosses a boundary.

use std::process::ExitCode;

use serde_json::Value;

use crate::args::{SchemaArgs, SchemaName};
use crate::failure::Failure;
use crate::output::print;

pub(crate) fn schema(args: &SchemaArgs) -> Result<ExitCode, Failure> {
    let schema: Value = match args.name {
        SchemaName::Manifest => edgebench_suites::schema().to_value(),
        SchemaName::Record => edgebench_record::record_schema(),
        SchemaName::Gate => edgebench_record::gate_schema(),
        SchemaName::Profile => edgebench_record::profile_schema(),
        SchemaName::ProfileDiff => edgebench_reports::profile::diff_schema(),
        SchemaName::Protocol => edgebench_protocol::protocol_schema(),
    };
    print(&format!("{}\n", serde_json::to_string_pretty(&schema)?))?;
    Ok(ExitCode::SUCCESS)
}
