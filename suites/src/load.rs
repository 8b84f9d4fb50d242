//! From a manifest's text to a suite.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::check::{Problem, check, resolve};
use crate::error::{SuiteError, nearest};
use crate::find::MANIFEST_NAME;
use crate::manifest::{Manifest, SCHEMA, TaskTable, VariantTable};
use crate::stream::stream_of;
use crate::suite::{Data, Golden, Suite, Task, Variant};
use crate::verify::sha256_bytes;

/// Reads and checks a manifest, given its path or its folder's. The files that it names need not be there yet:
/// [`Suite::verify`] looks at them.
///
/// # Errors
/// [`SuiteError::Io`] when the manifest cannot be read, [`SuiteError::Syntax`] with line and column where it is not of
/// the schema, [`SuiteError::Version`] when it is of another schema, and [`SuiteError::Invalid`] when it says something
/// that cannot be.
pub fn load(path: &Path) -> Result<Suite, SuiteError> {
    let path = if path.is_dir() {
        path.join(MANIFEST_NAME)
    } else {
        path.to_owned()
    };
    let bytes = std::fs::read(&path).map_err(|source| SuiteError::read(&path, source))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let (line, column) = position(&good, good.len());
        SuiteError::Syntax {
            path: path.clone(),
            line,
            column,
            message: "this is not UTF-8".to_owned(),
            hint: None,
        }
    })?;
    let manifest = parse(text, &path)?;
    check(&manifest).map_err(|problem| problem.at(&path))?;
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    assemble(manifest, folder, sha256_bytes(&bytes)).map_err(|problem| problem.at(&path))
}

/// Reads a manifest's text; `path` is for messages alone.
pub(crate) fn parse(text: &str, path: &Path) -> Result<Manifest, SuiteError> {
    #[derive(Deserialize)]
    struct Version {
        schema: Option<toml::Value>,
    }
    let syntax = |error: toml::de::Error| {
        let (line, column) = position(text, error.span().map_or(0, |span| span.start));
        let message = error
            .message()
            .lines()
            .next()
            .unwrap_or("this is not a manifest")
            .to_owned();
        let hint = spelling(&message);
        SuiteError::Syntax {
            path: path.to_owned(),
            line,
            column,
            message,
            hint,
        }
    };
    // The version comes first: a newer manifest has keys that are no mistakes.
    let version: Version = toml::from_str(text).map_err(syntax)?;
    match version.schema.and_then(|value| value.as_integer()) {
        Some(found) if found >= 0 && found != i64::from(SCHEMA) => Err(SuiteError::Version {
            path: path.to_owned(),
            found: found.unsigned_abs(),
        }),
        _ => toml::from_str(text).map_err(syntax),
    }
}

/// Line and column, both from 1, of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

/// The nearest right name, from a message that quotes the wrong one and then those that it knows.
fn spelling(message: &str) -> Option<String> {
    if !message.starts_with("unknown ") {
        return None;
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    let wrong = quoted.next()?;
    let known: Vec<&str> = quoted.collect();
    match nearest(wrong, known.iter().copied()) {
        Some(nearest) => Some(format!("did you mean `{nearest}`?")),
        None => Some("`edgebench schema manifest` lists every key".to_owned()),
    }
}

fn assemble(manifest: Manifest, folder: PathBuf, sha256: String) -> Result<Suite, Problem> {
    let tasks: Result<Vec<Task>, Problem> = manifest.tasks.into_iter().map(|task| task_of(task, &folder)).collect();
    Ok(Suite {
        name: manifest.name,
        description: manifest.description,
        manifest_sha256: Some(sha256),
        backends: manifest.backends,
        threads: manifest.threads,
        batch: manifest.batch,
        measure: manifest.measure,
        tasks: tasks?,
        folder,
    })
}

fn task_of(table: TaskTable, folder: &Path) -> Result<Task, Problem> {
    let data = match table.data {
        Some(data) => Some(Data {
            path: resolve(folder, &data.file)?,
            sha256: data.sha256,
            label: data.label,
        }),
        None => None,
    };
    let variants: Result<Vec<Variant>, Problem> = table
        .variants
        .into_iter()
        .map(|variant| variant_of(variant, folder))
        .collect();
    let variants = variants?;
    let baseline = table
        .baseline
        .unwrap_or_else(|| variants.first().map(|variant| variant.id.clone()).unwrap_or_default());
    Ok(Task {
        id: table.id,
        description: table.description,
        metric: table.metric,
        data,
        inputs: table.inputs,
        output: table.output,
        baseline,
        stream: table.stream.map(stream_of),
        variants,
        expectations: table.expectations,
    })
}

fn variant_of(table: VariantTable, folder: &Path) -> Result<Variant, Problem> {
    let golden = match table.golden {
        Some(golden) => Some(Golden {
            path: resolve(folder, &golden.file)?,
            sha256: golden.sha256,
        }),
        None => None,
    };
    Ok(Variant {
        path: resolve(folder, &table.file)?,
        id: table.id,
        sha256: Some(table.sha256),
        precision: Some(table.precision),
        description: table.description,
        golden,
    })
}
