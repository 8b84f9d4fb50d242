//! Where exported figures come from: a run's record, or the candidate of a gate.

use edgebench_record::{CellId, GateRecord, Metric, Record, VerdictKind, metric};

use edgebench_record::{Figure, figures};

/// What an export is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Source<'a> {
    /// When the figures were obtained: RFC 3339, UTC.
    pub started_at: &'a str,
    /// edgebench's version.
    pub version: &'a str,
    /// What was measured: the suite, or the candidate.
    pub what: &'a str,
    /// The processor's model, where it is known.
    pub cpu_model: Option<&'a str>,
    /// The commit that was measured, where it is known.
    pub commit: Option<&'a str>,
    /// The cells that were measured, in the record's order.
    pub cells: Vec<Measured<'a>>,
}

/// One measured cell and its figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured<'a> {
    /// The cell.
    pub id: &'a CellId,
    /// The runtime and its version, where they are known.
    pub runtime: Option<String>,
    /// Its figures in the order of [`edgebench_record::METRICS`].
    pub figures: Vec<(&'static Metric, Figure)>,
}

impl<'a> From<&'a Record> for Source<'a> {
    fn from(record: &'a Record) -> Self {
        let cells = record.cells.iter().map(|cell| Measured {
            id: &cell.id,
            runtime: cell
                .runtime
                .as_ref()
                .map(|probe| format!("{} {}", probe.runtime, probe.version)),
            figures: figures(cell).collect(),
        });
        Self {
            started_at: &record.started_at,
            version: &record.tool.version,
            what: &record.plan.suite,
            cpu_model: record.host.cpu_model.as_deref(),
            commit: None,
            cells: cells.filter(|cell| !cell.figures.is_empty()).collect(),
        }
    }
}

/// The candidate's figures. They have no interval: a gate's intervals are those of the change.
impl<'a> From<&'a GateRecord> for Source<'a> {
    fn from(record: &'a GateRecord) -> Self {
        let mut cells: Vec<Measured<'a>> = Vec::new();
        for verdict in &record.verdicts {
            let not_measured = matches!(verdict.kind, VerdictKind::Failed | VerdictKind::Missing);
            let value = verdict.candidate.filter(|value| value.is_finite());
            let (Some(value), Some(metric), None, false) =
                (value, metric(&verdict.metric), verdict.class, not_measured)
            else {
                continue;
            };
            let figure = Figure { value, interval: None };
            match cells.iter_mut().find(|cell| *cell.id == verdict.cell) {
                Some(cell) => cell.figures.push((metric, figure)),
                None => cells.push(Measured {
                    id: &verdict.cell,
                    runtime: record
                        .candidate
                        .runtimes
                        .get(&verdict.cell.backend)
                        .map(|version| format!("{} {version}", verdict.cell.backend)),
                    figures: vec![(metric, figure)],
                }),
            }
        }
        Self {
            started_at: &record.started_at,
            version: &record.tool.version,
            what: &record.candidate.what,
            cpu_model: record.host.as_ref().and_then(|host| host.cpu_model.as_deref()),
            commit: record.candidate.commit.as_deref(),
            cells,
        }
    }
}
