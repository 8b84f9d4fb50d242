//! A profile as CSV: one row per operator and cell, and two for what is in no operator.

use edgebench_api::ComputeKind;
use edgebench_record::{Operator, ProfileRecord, ProfiledCell};

use super::derived::{DerivedCell, derive};
use super::sound;
use super::text::{kind_name, level_name};
use crate::ReportError;
use crate::format::{finish, options};
use crate::text::field;

/// The columns of `operators.csv`. An absent figure is an empty field.
///
/// | column | meaning |
/// |---|---|
/// | `task` … `options`, `run` | the cell and the profile that it is in |
/// | `index` | place in the order of execution, from 0; empty in a cell's last two rows, whose `role` is `between` and `unattributed` and whose `mean_ns` is what passes between operators and what is neither, so that a cell's `mean_ns` sum up to its inference |
/// | `operator`, `op`, `canonical`, `provider`, `fallback` | the runtime's names, ONNX's name, what executes it, and whether that is what was asked for |
/// | `sources`, `source_ops` | nodes of the model file that it stands for and their operators, with blanks between |
/// | `role` | `product`, `layout`, `quantise`, `other` |
/// | `calls` | calls in one inference |
/// | `mean_ns`, `begin_ns` | time in a typical profiled inference and when it begins there |
/// | `median_ns`, `p90_ns` | of the time in one inference, over all profiled ones |
/// | `share`, `cumulative` | of the inference's time: its own, and with all that take longer |
/// | `macs`, `runtime_macs`, `arithmetic` | multiply-accumulates in one inference by the model file and by the runtime, and in what |
/// | `bytes_read`, `bytes_written` | in one inference |
/// | `bound`, `reached`, `attainable_ns`, `lost_ns`, `level`, `no_roof` | under the machine's roofs, or why not |
/// | `efficiency` | t₁ ⁄ (n · tₙ), where the cell was profiled at one thread as well |
pub const OPERATOR_COLUMNS: [&str; 37] = [
    "task",
    "variant",
    "backend",
    "threads",
    "batch",
    "device",
    "options",
    "run",
    "index",
    "operator",
    "op",
    "canonical",
    "provider",
    "fallback",
    "sources",
    "source_ops",
    "role",
    "calls",
    "mean_ns",
    "begin_ns",
    "median_ns",
    "p90_ns",
    "share",
    "cumulative",
    "macs",
    "runtime_macs",
    "arithmetic",
    "bytes_read",
    "bytes_written",
    "bound",
    "reached",
    "attainable_ns",
    "lost_ns",
    "level",
    "no_roof",
    "efficiency",
    "outcome",
];

/// `operators.csv`: see [`OPERATOR_COLUMNS`]. A cell without a profile has one row with its outcome.
///
/// # Errors
/// [`ReportError`]: none that a record can cause.
pub fn operators_csv(record: &ProfileRecord) -> Result<String, ReportError> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    writer.write_record(OPERATOR_COLUMNS)?;
    for cell in &record.cells {
        let id = cell_fields(record, cell);
        let blank = || vec![String::new(); OPERATOR_COLUMNS.len() - id.len() - 1];
        let mut write = |own: Vec<String>| {
            let outcome = cell.outcome.kind.name().to_owned();
            let row: Vec<String> = id.iter().cloned().chain(own).chain([outcome]).collect();
            writer.write_record(row)
        };
        let (Some(profile), Some(derived)) = (&cell.profile, derive(record, cell)) else {
            write(blank())?;
            continue;
        };
        for (index, operator) in profile.operators.iter().enumerate() {
            let mut row = operator_fields(index, operator);
            row.extend(facts(&derived, index, operator));
            write(row)?;
        }
        for (role, ns, share) in [
            (
                "between",
                Some(sound::between(profile)),
                derived.shares.map(|shares| shares.between),
            ),
            (
                "unattributed",
                sound::unattributed(profile),
                derived.shares.map(|shares| shares.unattributed),
            ),
        ] {
            let mut row = blank();
            role.clone_into(&mut row[ROLE]);
            row[ROLE + 2] = time(ns);
            row[ROLE + 6] = shown(share);
            write(row)?;
        }
    }
    finish(writer)
}

/// Where the role stands behind the cell's fields.
const ROLE: usize = 8;

fn cell_fields(record: &ProfileRecord, cell: &ProfiledCell) -> Vec<String> {
    let id = &cell.id;
    vec![
        field(&id.task),
        field(&id.variant),
        field(&id.backend),
        id.settings.threads.to_string(),
        id.settings.batch.to_string(),
        field(&id.settings.device),
        options(&id.settings),
        field(&record.id),
    ]
}

fn operator_fields(index: usize, operator: &Operator) -> Vec<String> {
    vec![
        index.to_string(),
        field(&operator.name),
        field(&operator.op),
        field(&operator.canonical),
        operator.provider.as_deref().map(field).unwrap_or_default(),
        operator.fallback.to_string(),
        field(&operator.sources.join(" ")),
        field(&operator.source_ops.join(" ")),
        operator.role.name().to_owned(),
        shown(sound::calls(operator)),
        time(sound::time(operator.mean_ns)),
        time(sound::time(operator.begin_ns)),
        time(sound::time(operator.median_ns)),
        time(sound::time(operator.p90_ns)),
    ]
}

fn facts(derived: &DerivedCell, index: usize, operator: &Operator) -> Vec<String> {
    let facts = &derived.operators[index];
    let roof = facts.roof;
    vec![
        shown(facts.share),
        shown(facts.cumulative),
        shown(operator.macs),
        shown(operator.runtime_macs),
        operator.arithmetic.map_or("", arithmetic).to_owned(),
        shown(operator.bytes_read),
        shown(operator.bytes_written),
        roof.map_or("", |roof| roof.class.name()).to_owned(),
        shown(roof.map(|roof| roof.reached)),
        time(roof.map(|roof| roof.attainable_ns)),
        time(roof.map(|roof| roof.lost_ns)),
        roof.map_or("", |roof| level_name(roof.level)).to_owned(),
        facts.no_roof.map_or("", super::NoRoof::words).to_owned(),
        shown(facts.efficiency),
    ]
}

fn arithmetic(kind: ComputeKind) -> &'static str {
    match kind {
        ComputeKind::Int8Dot => "int8-dot",
        kind => kind_name(kind),
    }
}

fn shown(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Nanoseconds to a tenth: means are between the clock's steps.
fn time(ns: Option<f64>) -> String {
    ns.map(|ns| format!("{ns:.1}")).unwrap_or_default()
}
