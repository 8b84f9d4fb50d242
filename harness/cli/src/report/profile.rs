//! The page of a profile once more, or its tables.

use std::path::Path;

use edgebench_record::{ProfileRecord, to_json};
use edgebench_reports::format::{Csv, Format, Html, Json, Markdown, Table};
use edgebench_reports::html::Templates;
use edgebench_reports::profile::{operators_csv, profile_page, profile_table};

use super::{text_to, write};
use crate::failure::Failure;
use crate::output::tell;

/// Operators that the tables show of each cell.
const TOP: usize = 12;

/// The file that a profile is.
pub(super) const PROFILE: &str = "profile.json";

/// Whether a path is a profile's file, or its folder and no run's.
pub(super) fn is_profile(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == PROFILE)
        || (path.join(PROFILE).is_file() && !path.join("record.json").exists())
}

/// Writes one profile.
pub(super) fn report(
    path: &Path,
    format: &dyn Format,
    output: Option<&Path>,
    templates: &Templates,
) -> Result<(), Failure> {
    let record = ProfileRecord::read(path).map_err(Failure::from_error)?;
    let name = format.name();
    let text = if name == Html.name() {
        profile_page(&record, templates)?
    } else if [Table.name(), Markdown.name()].contains(&name) {
        profile_table(&record, TOP)
    } else if name == Csv.name() {
        operators_csv(&record)?
    } else if name == Json.name() {
        String::from_utf8_lossy(&to_json(&record)?).into_owned()
    } else {
        return Err(Failure::new(format!("a profile is not written as {name}"))
            .hint("it has the formats html, table, markdown, csv and json"));
    };
    if name != Html.name() {
        return text_to(output, &text);
    }
    let output = output.unwrap_or(Path::new("report"));
    if output.extension().is_some_and(|extension| extension == "html") {
        return text_to(Some(output), &text);
    }
    write(output, "index.html", text.as_bytes())?;
    tell(format_args!("wrote {}", output.join("index.html").display()));
    Ok(())
}
