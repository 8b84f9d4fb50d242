//! Figures over time: what is compared with what.

use std::collections::BTreeMap;

use edgebench_record::{CellId, Metric, metric};
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
    /// Its figures, oldest first.
    pub points: Vec<Point>,
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
    /// Releases with figures that can be compared with these, in the order of their first runs.
    pub releases: Vec<Release>,
    /// Releases with figures that cannot, each with the fields that differ, in the same order.
    pub incomparable: Vec<(String, Vec<String>)>,
    /// What became of the cell in the latest run that had it, if that is later than the last figure.
    pub ended_with: Option<Ending>,
    /// Later runs of the branch and the suite that have no figure here.
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
            let after = |at: &str, run: &str| (at, run) > (&*last.point.started_at, &*last.point.run);
            let (like, unlike) = held_against(&key, &releases, &machines);
            let place = (branch.clone(), key.suite.clone(), key.machine.clone(), key.cell.clone());
            let ended_with = endings
                .get(&place)
                .filter(|(at, ending)| ending.outcome != "measured" && after(at, &ending.run))
                .map(|(_, ending)| ending.clone());
            let later = runs
                .iter()
                .filter(|run| run.note.branch == branch && run.suite == key.suite && after(&run.started_at, &run.id));
            series.push(Series {
                ended_with,
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

/// The releases that a series can be held against, and those that it cannot, with the fields that differ.
fn held_against(
    key: &Key,
    releases: &[&Figure],
    machines: &BTreeMap<String, Machine>,
) -> (Vec<Release>, Vec<(String, Vec<String>)>) {
    let mut like: Vec<Release> = Vec::new();
    let mut unlike: Vec<(String, Vec<String>)> = Vec::new();
    let same = releases.iter().filter(|figure| {
        (&figure.key.suite, &figure.key.cell, figure.key.metric) == (&key.suite, &key.cell, key.metric)
    });
    for figure in same {
        let Some(name) = &figure.release else { continue };
        let other = &figure.key;
        if other == key {
            match like.iter_mut().find(|release| release.name == *name) {
                Some(release) => release.points.push(figure.point.clone()),
                None => like.push(Release {
                    name: name.clone(),
                    points: vec![figure.point.clone()],
                }),
            }
        } else {
            let machine = |key: &Key| machines.get(&key.machine).cloned().unwrap_or_default();
            let mut fields = machine(key).differing(&machine(other));
            fields.extend((key.runtime != other.runtime).then(|| "runtime".to_owned()));
            fields.extend((key.conditions != other.conditions).then(|| "data".to_owned()));
            if unlike.iter().all(|(other, _)| other != name) {
                unlike.push((name.clone(), fields));
            }
        }
    }
    unlike.retain(|(name, _)| like.iter().all(|release| release.name != *name));
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
