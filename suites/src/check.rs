//! What a manifest must be beyond its schema.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use crate::error::{SuiteError, nearest};
use crate::manifest::{ExpectTable, Manifest, MeasureTable, TaskTable};
use crate::stream::check_stream;

/// Outcomes that can be expected, by the names that tables and records use.
const OUTCOMES: [&str; 7] = [
    "unsupported",
    "unavailable",
    "failed",
    "crashed",
    "timed-out",
    "out-of-memory",
    "outputs-differ",
];

/// The longest id, in bytes.
const LONGEST_ID: usize = 64;

/// What is wrong, before it is known where.
#[derive(Debug)]
pub(crate) struct Problem {
    message: String,
    hint: Option<String>,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn with(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    fn within(self, place: &str) -> Self {
        Self {
            message: format!("{place}: {}", self.message),
            ..self
        }
    }

    pub(crate) fn at(self, path: &Path) -> SuiteError {
        SuiteError::Invalid {
            path: path.to_owned(),
            message: self.message,
            hint: self.hint,
        }
    }
}

pub(crate) type Checked<T = ()> = Result<T, Problem>;

/// Checks everything in a manifest that needs no other file.
pub(crate) fn check(manifest: &Manifest) -> Checked {
    check_id("suite", &manifest.name)?;
    check_ids("backend", &manifest.backends)?;
    check_counts("threads", &manifest.threads)?;
    check_counts("batch", &manifest.batch)?;
    check_measure(&manifest.measure)?;
    if manifest.tasks.is_empty() {
        return Err(Problem::with("there is no task", "add a [[task]] table"));
    }
    check_ids("task", manifest.tasks.iter().map(|task| &task.id))?;
    for task in &manifest.tasks {
        check_task(task).map_err(|problem| problem.within(&format!("task `{}`", task.id)))?;
    }
    Ok(())
}

/// Checks an id: 1 to 64 of letters, digits, `.`, `_`, `-`, and neither `.` nor `..`, because ids become file names.
pub(crate) fn check_id(kind: &str, id: &str) -> Checked {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(legal) && id.bytes().any(|byte| byte != b'.') {
        return Ok(());
    }
    Err(Problem::with(
        format!("{kind} {id:?} is not an id"),
        format!("use 1 to {LONGEST_ID} ASCII letters, digits, `.`, `_` and `-`"),
    ))
}

/// Checks that no id is there twice.
pub(crate) fn check_unique<'a>(kind: &str, ids: impl Iterator<Item = &'a str>) -> Checked {
    let mut seen = HashSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(Problem::with(
                format!("{kind} `{id}` is there twice"),
                "give each its own id",
            ));
        }
    }
    Ok(())
}

fn check_ids<'a>(kind: &str, ids: impl IntoIterator<Item = &'a String> + Clone) -> Checked {
    for id in ids.clone() {
        check_id(kind, id)?;
    }
    check_unique(kind, ids.into_iter().map(String::as_str))
}

fn check_counts(key: &str, counts: &[usize]) -> Checked {
    if counts.is_empty() {
        return Err(Problem::with(
            format!("`{key}` is an empty list"),
            format!("write `{key} = [1]` or leave it out"),
        ));
    }
    if counts.contains(&0) {
        return Err(Problem::new(format!("`{key}` holds 0, and 1 is the least")));
    }
    let mut seen = HashSet::new();
    match counts.iter().find(|&count| !seen.insert(count)) {
        Some(twice) => Err(Problem::new(format!("`{key}` holds {twice} twice"))),
        None => Ok(()),
    }
}

fn check_measure(measure: &MeasureTable) -> Checked {
    if measure.invocations == 0 {
        return Err(Problem::new("`measure.invocations` is 0, and 1 is the least"));
    }
    // A day is longer than anybody means, and keeps sums of times within range.
    let times = [
        ("warm_up_s", measure.warm_up_s, 0.0),
        ("measure_s", measure.measure_s, f64::MIN_POSITIVE),
        ("timeout_s", measure.timeout_s, f64::MIN_POSITIVE),
    ];
    for (key, value, least) in times {
        if !(least..=86_400.0).contains(&value) {
            let bound = if least == 0.0 { "at least 0" } else { "above 0" };
            return Err(Problem::new(format!(
                "`measure.{key}` is {value}, not {bound} and at most 86400 seconds"
            )));
        }
    }
    Ok(())
}

fn check_task(task: &TaskTable) -> Checked {
    if task.variants.is_empty() {
        return Err(Problem::with("there is no variant", "add a [[task.variant]] table"));
    }
    check_ids("variant", task.variants.iter().map(|variant| &variant.id))?;
    if let Some(baseline) = &task.baseline {
        known_variant(task, baseline).map_err(|problem| problem.within("`baseline`"))?;
    }
    check_data(task)?;
    for (name, input) in &task.inputs {
        if !input.scale.is_finite() || !input.offset.is_finite() {
            return Err(Problem::new(format!(
                "input `{name}`: `scale` and `offset` must be finite"
            )));
        }
        if input.shape.as_ref().is_some_and(|shape| shape.contains(&0)) {
            return Err(Problem::new(format!("input `{name}`: `shape` holds 0")));
        }
    }
    check_stream(task).map_err(|problem| problem.within("`stream`"))?;
    for variant in &task.variants {
        let place = format!("variant `{}`", variant.id);
        let golden = variant.golden.iter().map(|golden| (&golden.file, &golden.sha256));
        for (file, sha256) in [(&variant.file, &variant.sha256)].into_iter().chain(golden) {
            check_path(file)
                .and_then(|()| check_sha256(sha256))
                .map_err(|problem| problem.within(&place))?;
        }
    }
    task.expectations
        .iter()
        .try_for_each(|known| check_expectation(task, known).map_err(|problem| problem.within("`expect`")))
}

fn check_data(task: &TaskTable) -> Checked {
    let Some(data) = &task.data else {
        return match task.metric {
            Some(metric) => Err(Problem::with(
                format!("metric `{}` needs `data`", metric.id()),
                "add [task.data] with a label, or leave `metric` out",
            )),
            None => Ok(()),
        };
    };
    check_path(&data.file)
        .and_then(|()| check_sha256(&data.sha256))
        .map_err(|problem| problem.within("`data`"))?;
    match (task.metric, &data.label) {
        (Some(metric), None) => Err(Problem::with(
            format!("metric `{}` needs `data.label`", metric.id()),
            "name the tensor that holds the labels",
        )),
        _ if task.inputs.is_empty() => Err(Problem::with(
            "there is data and no input",
            "add a [task.input.NAME] table with a `dtype` for each input of the model",
        )),
        _ => Ok(()),
    }
}

fn known_variant(task: &TaskTable, id: &str) -> Checked {
    let ids = || task.variants.iter().map(|variant| variant.id.as_str());
    if ids().any(|known| known == id) {
        return Ok(());
    }
    Err(Problem {
        message: format!("there is no variant `{id}`"),
        hint: Some(suggestion(id, &ids().collect::<Vec<_>>())),
    })
}

fn check_expectation(task: &TaskTable, known: &ExpectTable) -> Checked {
    check_id("backend", &known.backend)?;
    if known.variants.is_empty() {
        return Err(Problem::new("`variants` is an empty list"));
    }
    known.variants.iter().try_for_each(|id| known_variant(task, id))?;
    if !OUTCOMES.contains(&known.outcome.as_str()) {
        return Err(Problem::with(
            format!("`{}` is not an outcome that can be expected", known.outcome),
            suggestion(&known.outcome, &OUTCOMES),
        ));
    }
    if known.reason.trim().is_empty() {
        return Err(Problem::new("`reason` is empty"));
    }
    Ok(())
}

pub(crate) fn suggestion(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("choose from {}", known.join(", ")),
    }
}

fn check_sha256(sha256: &str) -> Checked {
    let legal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if sha256.len() == 64 && sha256.bytes().all(legal) {
        return Ok(());
    }
    Err(Problem::with(
        format!("{sha256:?} is not a sha256"),
        "write the 64 lower-case hexadecimal digits that `sha256sum` prints",
    ))
}

/// Checks that a path stays inside the folder as it is written.
fn check_path(file: &str) -> Checked {
    // A backslash and a drive letter are ordinary characters on one system and leave the folder on another.
    let plain = !file.contains(['\\', ':', '\0']);
    let normal = |component| matches!(component, Component::Normal(_) | Component::CurDir);
    let named = Path::new(file).file_name().is_some();
    if plain && named && Path::new(file).components().all(normal) {
        return Ok(());
    }
    Err(Problem::with(
        format!("path {file:?} does not stay inside the suite's folder"),
        "write a relative path with `/` and without `..`",
    ))
}

/// Resolves a checked path, which must not leave the folder through a symbolic link. A file that is absent passes:
/// its absence costs its own cells alone.
pub(crate) fn resolve(folder: &Path, file: &str) -> Checked<PathBuf> {
    let path = folder.join(file);
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    match (real(folder), real(&path)) {
        (Some(folder), Some(target)) if !target.starts_with(&folder) => Err(Problem::with(
            format!("`{file}` leads outside the suite's folder"),
            "copy the file into the folder in place of the symbolic link",
        )),
        _ => Ok(path),
    }
}
