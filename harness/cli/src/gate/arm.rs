//! One side of a live gate, as the command line names it.

use std::path::{Path, PathBuf};

use crate::parse::{Model, RuntimeOption, model, option};

/// One side: what is measured, and in what it differs from the flags that both sides share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ArmSpec {
    /// As it was written.
    pub(crate) text: String,
    pub(crate) suite: Option<String>,
    pub(crate) model: Option<Model>,
    /// A git revision of the suite's folder.
    pub(crate) revision: Option<String>,
    pub(crate) backend: Option<String>,
    pub(crate) variant: Option<String>,
    pub(crate) task: Option<String>,
    pub(crate) threads: Option<usize>,
    pub(crate) batch: Option<usize>,
    pub(crate) device: Option<String>,
    pub(crate) ort_dylib: Option<PathBuf>,
    pub(crate) worker: Option<PathBuf>,
    pub(crate) options: Vec<RuntimeOption>,
}

/// What a side is made of, for messages.
const KEYS: &str = "suite, model, rev, backend, variant, task, threads, batch, device, ort-dylib, worker, or an option \
                    such as ort.spinning=off";

/// Parses `WHAT,KEY=VALUE,…`: a suite or a model file first, where the side has one of its own.
pub(crate) fn arm(text: &str) -> Result<ArmSpec, String> {
    let mut arm = ArmSpec {
        text: text.to_owned(),
        ..ArmSpec::default()
    };
    for part in text.split(',').map(str::trim) {
        match part.split_once('=') {
            _ if part.is_empty() => return Err(format!("`{text}` has an empty part")),
            Some((key, "")) => return Err(format!("`{key}=` has no value")),
            Some((key, value)) => arm.set(key, value)?,
            None if is_model(Path::new(part)) => arm.model = Some(model(part)?),
            None => arm.suite = Some(part.to_owned()),
        }
    }
    if arm.model.is_some() && (arm.suite.is_some() || arm.revision.is_some()) {
        return Err(format!("`{text}` is a model and a suite; name one of them"));
    }
    Ok(arm)
}

/// Suites are folders, names, or files named `suite.toml`; every other file is a model.
fn is_model(path: &Path) -> bool {
    let toml = path.extension().is_some_and(|extension| extension == "toml");
    let onnx = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("onnx"));
    onnx || (path.is_file() && !toml)
}

impl ArmSpec {
    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let number = || {
            let number = value.parse().ok().filter(|&number: &usize| number > 0);
            number.ok_or_else(|| format!("{key}={value} is no positive number"))
        };
        match key {
            "suite" => self.suite = Some(value.to_owned()),
            "model" => self.model = Some(model(value)?),
            "rev" => self.revision = Some(value.to_owned()),
            "backend" => self.backend = Some(value.to_owned()),
            "variant" => self.variant = Some(value.to_owned()),
            "task" => self.task = Some(value.to_owned()),
            "threads" => self.threads = Some(number()?),
            "batch" => self.batch = Some(number()?),
            "device" => self.device = Some(value.to_owned()),
            "ort-dylib" | "ort_dylib" => self.ort_dylib = Some(value.into()),
            "worker" => self.worker = Some(value.into()),
            _ if key.contains('.') => self.options.push(option(&format!("{key}={value}"))?),
            _ => return Err(format!("a side has no `{key}`; it is made of {KEYS}")),
        }
        Ok(())
    }

    /// What it is, without the folders in which it lies.
    pub(crate) fn what(&self) -> String {
        let part = |part: &str| match part.rsplit_once('/') {
            Some((before, name)) if !name.is_empty() => match before.split_once('=') {
                Some((key, _)) => format!("{key}={name}"),
                None => name.to_owned(),
            },
            _ => part.to_owned(),
        };
        self.text
            .split(',')
            .map(|text| part(text.trim()))
            .collect::<Vec<_>>()
            .join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_is_a_suite_or_a_model_with_differences() {
        let side = arm("old.onnx,threads=2,ort.spinning=off").unwrap();
        assert_eq!(side.model.as_ref().unwrap().id, "old");
        assert_eq!((side.threads, side.options[0].name.as_str()), (Some(2), "spinning"));
        assert_eq!(arm("starter").unwrap().suite.as_deref(), Some("starter"));
        assert_eq!(arm("suites/mine/suite.toml").unwrap().model, None);
        let side = arm("rev=main,suite=mine").unwrap();
        assert_eq!(
            (side.revision.as_deref(), side.suite.as_deref()),
            (Some("main"), Some("mine"))
        );
    }

    #[test]
    fn a_side_that_cannot_be_says_why() {
        assert!(arm("theads=2").unwrap_err().contains("no `theads`"));
        assert!(arm("threads=0").unwrap_err().contains("positive"));
        assert!(arm("a.onnx,rev=main").unwrap_err().contains("a model and a suite"));
        assert!(arm("").unwrap_err().contains("empty"));
        assert!(arm("variant=").unwrap_err().contains("no value"));
    }

    #[test]
    fn folders_do_not_reach_the_record() {
        assert_eq!(
            arm("/home/me/a.onnx,ort-dylib=/opt/x/lib.so").unwrap().what(),
            "a.onnx,ort-dylib=lib.so"
        );
        assert_eq!(arm("starter,variant=fp32").unwrap().what(), "starter,variant=fp32");
    }
}
