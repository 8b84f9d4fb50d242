//! Figures over time: what is compared with what.

use std::collections::BTreeMap;

use edgebench_record::{CellId, Metric, OutcomeKind, metric};
use edgebench_stats::Interval;
use rusqlite::{Row, params};
use serde::Serialize;

use crate::history::{History, machine};
use crate::{HistoryError, Machine, Run};

/// Which series are read.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Ids of metrics.
    pub metrics: Vec<String>,
    /// Patterns of cells, with `*` and `?`; none stands for all.
    pub cells: Vec<String>,
    /// Leaves out what is older: the beginning of an RFC 3339 time, such as a date. Releases stay.
    pub since: Option<String>,
    /// The branch.
    pub branch: Branch,
    /// Whether figures of several versions of a runtime make one series.
    pub across_runtimes: bool,
}

/// Of which branch the runs are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Branch {
    /// That of the latest run.
    Latest,
    /// This one; `None` for runs of which no branch is known.
    Named(Option<String>),
    /// Each branch by itself.
    Each,
}

/// One run's figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// The run.
    pub run: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// The commit that was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The figure, in the metric's unit.
    pub value: f64,
    /// The figure's own interval. It knows nothing of what differs between runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
}

/// The figures of a release: what a series is held against.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// The runtime that its figures were measured with; absent where several versions were asked for.
    pub runtime: Option<String>,
    /// Its figures, oldest first.
    pub points: Vec<Point>,
}

/// A release whose figures a series cannot be held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incomparable {
    /// Its name.
    pub release: String,
    /// What differs.
    pub fields: Vec<String>,
    /// Whether the series goes on after the release's first run. One that had ended by then misses nothing.
    pub outlived: bool,
}

/// Figures that can be compared with each other: one cell and metric on one machine and runtime, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The branch.
    pub branch: Option<String>,
    /// The suite.
    pub suite: String,
    /// The machine.
    pub machine: Machine,
    /// The runtime's name and version; absent where several versions were asked for.
    pub runtime: Option<String>,
    /// The cell.
    pub cell: CellId,
    /// The metric.
    pub metric: &'static Metric,
    /// The data, of an accuracy; empty otherwise.
    pub conditions: String,
    /// The figures, without those of releases.
    pub points: Vec<Point>,
    /// Releases with figures that can be compared with these, in the order of their first runs. One that has none of this
    /// runtime has those of the version that it was last measured with, if the series goes on after them.
    pub releases: Vec<Release>,
    /// Releases with figures that cannot, in the same order.
    pub incomparable: Vec<Incomparable>,
    /// What became of the cell in the latest run that had it, if that is later than the last figure.
    pub ended_with: Option<Ending>,
    /// Later runs of the branch and the suite that have no figure here; where the cell failed in one, those after it.
    pub later_runs: usize,
}

impl Series {
    /// When the first run of a release was.
    pub(crate) fn released_at(&self, release: &str) -> Option<&str> {
        let release = self.releases.iter().find(|other| other.name == release)?;
        Some(&release.points.first()?.started_at)
    }
}

/// How a cell that had figures ended in a later run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ending {
    /// The run.
    pub run: String,
    /// The outcome's name.
    pub outcome: String,
    /// Why.
    pub reason: String,
}

impl Ending {
    /// Whether the cell failed. Otherwise it was not measured.
    pub fn is_failure(&self) -> bool {
        [
            OutcomeKind::Failed,
            OutcomeKind::Crashed,
            OutcomeKind::TimedOut,
            OutcomeKind::OutOfMemory,
        ]
        .iter()
        .any(|kind| kind.name() == self.outcome)
    }
}

/// What two figures must share to be in one series.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    suite: String,
    cell: String,
    metric: &'static str,
    machine: String,
    runtime: Option<String>,
    conditions: String,
}

/// Branch, suite, machine and cell.
type Place = (Option<String>, String, String, String);

struct Figure {
    key: Key,
    branch: Option<String>,
    release: Option<String>,
    cell: CellId,
    point: Point,
}

impl History {
    /// The series that a filter leaves, by suite, cell and metric.
    ///
    /// # Errors
    /// [`HistoryError`] of the database.
    pub fn series(&self, filter: &Filter) -> Result<Vec<Series>, HistoryError> {
        let failed = |source| self.database.failed(source);
        let figures = self.figures(filter).map_err(failed)?;
        let machines = self.machines().map_err(failed)?;
        let endings = self.endings().map_err(failed)?;
        let runs: Vec<Run> = self
            .runs()?
            .into_iter()
            .filter(|run| run.note.release.is_none())
            .collect();
        let latest = runs.last().map(|run| run.note.branch.clone());
        let wanted = |branch: &Option<String>| match &filter.branch {
            Branch::Each => true,
            Branch::Named(name) => branch == name,
            Branch::Latest => latest.as_ref() == Some(branch),
        };
        let mut grouped: BTreeMap<(Key, Option<String>), Vec<&Figure>> = BTreeMap::new();
        let in_time = |figure: &Figure| {
            filter
                .since
                .as_ref()
                .is_none_or(|since| figure.point.started_at >= *since)
        };
        for figure in &figures {
            if figure.release.is_none() && wanted(&figure.branch) && in_time(figure) {
                let group = (figure.key.clone(), figure.branch.clone());
                grouped.entry(group).or_default().push(figure);
            }
        }
        let releases: Vec<&Figure> = figures.iter().filter(|figure| figure.release.is_some()).collect();
        let mut series = Vec::with_capacity(grouped.len());
        for ((key, branch), figures) in grouped {
            let (Some(last), Some(metric)) = (figures.last(), metric(key.metric)) else {
                continue;
            };
            let last_at = (&*last.point.started_at, &*last.point.run);
            let (like, unlike) = held_against(&key, last_at, &releases, &machines);
            let place = (branch.clone(), key.suite.clone(), key.machine.clone(), key.cell.clone());
            let ended_with = endings
                .get(&place)
                .filter(|(at, ending)| ending.outcome != "measured" && (&**at, &*ending.run) > last_at);
            let tried_at = ended_with
                .filter(|(_, ending)| ending.is_failure())
                .map_or(last_at, |(at, ending)| (at, &ending.run));
            let later = runs.iter().filter(|run| {
                run.note.branch == branch && run.suite == key.suite && (&*run.started_at, &*run.id) > tried_at
            });
            series.push(Series {
                ended_with: ended_with.map(|(_, ending)| ending.clone()),
                later_runs: later.count(),
                machine: machines.get(&key.machine).cloned().unwrap_or_default(),
                cell: last.cell.clone(),
                points: figures.iter().map(|figure| figure.point.clone()).collect(),
                releases: like,
                incomparable: unlike,
                metric,
                branch,
                suite: key.suite,
                runtime: key.runtime,
                conditions: key.conditions,
            });
        }
        Ok(series)
    }

    fn figures(&self, filter: &Filter) -> rusqlite::Result<Vec<Figure>> {
        // A list is one parameter: a JSON array.
        let list = |values: &[String]| serde_json::Value::from(values).to_string();
        let cells = if filter.cells.is_empty() {
            vec!["*".to_owned()]
        } else {
            filter.cells.clone()
        };
        self.database
            .connection
            .prepare(
                "SELECT suite, figures.cell, metric, machine, runtime, conditions, branch, release, cells.id, runs.id, \
                 started_at, commit_id, value, low, high, confidence \
                 FROM figures JOIN cells ON cells.run = figures.run AND cells.cell = figures.cell \
                 JOIN runs ON runs.id = figures.run \
                 WHERE metric IN (SELECT value FROM json_each(?1)) \
                 AND EXISTS (SELECT 1 FROM json_each(?2) AS pattern WHERE figures.cell GLOB pattern.value) \
                 ORDER BY started_at, runs.id",
            )?
            .query_map(params![list(&filter.metrics), list(&cells)], |row| {
                figure(row, filter.across_runtimes)
            })?
            .collect()
    }

    fn machines(&self) -> rusqlite::Result<BTreeMap<String, Machine>> {
        self.database
            .connection
            .prepare("SELECT key, facts FROM machines")?
            .query_map([], |row| Ok((row.get(0)?, machine(row, 1)?)))?
            .collect()
    }

    /// What became of each cell in the latest run that had it, with its time.
    fn endings(&self) -> rusqlite::Result<BTreeMap<Place, (String, Ending)>> {
        self.database
            .connection
            .prepare(
                // With max(), SQLite takes the other columns from the row that holds the maximum.
                "SELECT branch, suite, machine, cell, started_at, runs.id, outcome, reason, max(started_at || ' ' || runs.id) \
                 FROM cells JOIN runs ON runs.id = cells.run WHERE release IS NULL \
                 GROUP BY branch, suite, machine, cell",
            )?
            .query_map([], |row| {
                let group = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
                let ending = Ending {
                    run: row.get(5)?,
                    outcome: row.get(6)?,
                    reason: row.get(7)?,
                };
                Ok((group, (row.get(4)?, ending)))
            })?
            .collect()
    }
}

/// The figures of a release for one cell and metric, oldest first.
#[derive(Default)]
struct Released<'a> {
    /// Those that differ from a series in nothing.
    same: Vec<&'a Figure>,
    /// Those that differ in the runtime's version alone.
    other_runtime: Vec<&'a Figure>,
    /// The others.
    unlike: Vec<&'a Figure>,
}

/// The releases that a series can be held against, and those that it cannot.
///
/// An upgrade of the runtime that makes a cell slower is a loss against the release. So a release that was not measured
/// with the series' runtime is held against by what it was last measured with, unless the series had ended before: then it
/// is the one of before an upgrade.
fn held_against(
    key: &Key,
    last_at: (&str, &str),
    releases: &[&Figure],
    machines: &BTreeMap<String, Machine>,
) -> (Vec<Release>, Vec<Incomparable>) {
    let mut found: Vec<(&String, Released<'_>)> = Vec::new();
    for &figure in releases {
        let other = &figure.key;
        if (&other.suite, &other.cell, other.metric) != (&key.suite, &key.cell, key.metric) {
            continue;
        }
        let Some(name) = &figure.release else { continue };
        let at = found.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
            found.push((name, Released::default()));
            found.len() - 1
        });
        let own = &mut found[at].1;
        if other == key {
            own.same.push(figure);
        } else if (&other.machine, &other.conditions) == (&key.machine, &key.conditions) {
            own.other_runtime.push(figure);
        } else {
            own.unlike.push(figure);
        }
    }
    let outlived = |figure: &Figure| last_at > (&*figure.point.started_at, &*figure.point.run);
    let (mut like, mut unlike) = (Vec::new(), Vec::new());
    for (name, own) in found {
        let Released {
            mut same,
            mut other_runtime,
            unlike: others,
        } = own;
        let first = other_runtime.first().or(others.first()).copied();
        if same.is_empty() && other_runtime.first().is_some_and(|first| outlived(first)) {
            let runtime = other_runtime.last().and_then(|last| last.key.runtime.clone());
            other_runtime.retain(|figure| figure.key.runtime == runtime);
            same = other_runtime;
        }
        if let Some(figure) = same.first() {
            like.push(Release {
                name: name.clone(),
                runtime: figure.key.runtime.clone(),
                points: same.iter().map(|figure| figure.point.clone()).collect(),
            });
        } else if let Some(figure) = first {
            let machine = |key: &Key| machines.get(&key.machine).cloned().unwrap_or_default();
            let mut fields = machine(key).differing(&machine(&figure.key));
            fields.extend((key.runtime != figure.key.runtime).then(|| "runtime".to_owned()));
            fields.extend((key.conditions != figure.key.conditions).then(|| "data".to_owned()));
            unlike.push(Incomparable {
                release: name.clone(),
                fields,
                outlived: outlived(figure),
            });
        }
    }
    (like, unlike)
}

fn figure(row: &Row<'_>, across_runtimes: bool) -> rusqlite::Result<Figure> {
    let text: String = row.get(8)?;
    let cell = serde_json::from_str(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(8, rusqlite::types::Type::Text, Box::new(error)))?;
    let id: String = row.get(2)?;
    let runtime: Option<String> = row.get(4)?;
    let interval = match (row.get(13)?, row.get(14)?, row.get(15)?) {
        (Some(low), Some(high), Some(confidence)) => Some(Interval { low, high, confidence }),
        _ => None,
    };
    Ok(Figure {
        key: Key {
            suite: row.get(0)?,
            cell: row.get(1)?,
            // One that is no metric of this edgebench has no series.
            metric: metric(&id).map_or("", |metric| metric.id),
            machine: row.get(3)?,
            runtime: runtime.filter(|_| !across_runtimes),
            conditions: row.get(5)?,
        },
        branch: row.get(6)?,
        release: row.get(7)?,
        cell,
        point: Point {
            run: row.get(9)?,
            started_at: row.get(10)?,
            commit: row.get(11)?,
            value: row.get(12)?,
            interval,
        },
    })
}
