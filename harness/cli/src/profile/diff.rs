//! `edgebench profile diff`: where the time of two cells differs, and why.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use edgebench_record::ProfileRecord;
use edgebench_reports::profile::{DIFF_SCHEMA, DiffDocument, Profiled, diff as difference, diff_table, explain};

use super::args::{DiffArgs, DiffFormat};
use super::cells::{newest, one_cell, read};
use crate::failure::Failure;
use crate::output::print;

pub(super) fn diff(args: &DiffArgs) -> Result<ExitCode, Failure> {
    let (record_a, place_a) = found(&args.a, args.within.as_deref())?;
    let (record_b, place_b) = found(&args.b, args.within.as_deref())?;
    let profiled = |record, place| -> Profiled<'_> {
        let record: &ProfileRecord = record;
        let place: usize = place;
        Profiled {
            record,
            cell: &record.cells[place],
        }
    };
    let (a, b) = (profiled(&record_a, place_a), profiled(&record_b, place_b));
    let difference = difference(&a, &b).map_err(Failure::from_error)?;
    let explanation = explain(&a, &b, &difference);
    let text = match args.format {
        DiffFormat::Text => diff_table(&a, &b, &difference, &explanation, args.top),
        DiffFormat::Json => {
            let document = DiffDocument {
                schema: DIFF_SCHEMA,
                diff: difference,
                explanation,
            };
            format!("{}\n", serde_json::to_string_pretty(&document)?)
        }
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// The profile and the place of the cell in it that are meant: `PROFILE`, `PROFILE#CELL`, or `CELL` of the profile that is
/// common to both sides.
fn found(words: &str, within: Option<&Path>) -> Result<(ProfileRecord, usize), Failure> {
    let (profile, cell) = match words.split_once('#') {
        Some((profile, cell)) => (PathBuf::from(profile), cell),
        None if Path::new(words).exists() => (PathBuf::from(words), ""),
        None => match within {
            Some(within) => (within.to_owned(), words),
            None => (newest()?, words),
        },
    };
    let record = read(&profile)?;
    let place = one_cell(&record, cell).map_err(|failure| failure.context(format!("in `{}`", profile.display())))?;
    Ok((record, place))
}
