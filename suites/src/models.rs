//! A suite made of models on the command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::check::{check_id, check_unique};
use crate::error::SuiteError;
use crate::manifest::{InputTable, MeasureTable};
use crate::suite::{Suite, Task, Variant};

impl Suite {
    /// One task, `model`, whose variants are the given models by id; the first is the baseline. Nothing is known of
    /// their hashes and precisions, and there is no data. An input that `inputs` does not describe is as its model
    /// says.
    ///
    /// # Errors
    /// [`SuiteError::Invalid`] when there is no model, or an id is malformed or given twice.
    pub fn from_models(models: &[(String, PathBuf)], inputs: BTreeMap<String, InputTable>) -> Result<Self, SuiteError> {
        let place = Path::new("--model");
        let Some((baseline, _)) = models.first() else {
            return Err(SuiteError::invalid(place, "no model was given"));
        };
        for (id, _) in models {
            check_id("variant", id).map_err(|problem| problem.at(place))?;
        }
        check_unique("variant", models.iter().map(|(id, _)| id.as_str())).map_err(|problem| problem.at(place))?;
        let variants = models.iter().map(|(id, path)| Variant {
            id: id.clone(),
            path: path.clone(),
            sha256: None,
            precision: None,
            description: String::new(),
            golden: None,
        });
        let task = Task {
            id: "model".to_owned(),
            description: String::new(),
            metric: None,
            data: None,
            inputs,
            output: None,
            baseline: baseline.clone(),
            stream: None,
            variants: variants.collect(),
            expectations: Vec::new(),
        };
        Ok(Self {
            name: "models".to_owned(),
            description: "Models named on the command line.".to_owned(),
            folder: PathBuf::from("."),
            manifest_sha256: None,
            backends: Vec::new(),
            threads: vec![1],
            batch: vec![1],
            measure: MeasureTable::default(),
            tasks: vec![task],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ids: &[&str]) -> Result<Suite, SuiteError> {
        let models: Vec<(String, PathBuf)> = ids
            .iter()
            .map(|id| ((*id).to_owned(), PathBuf::from("a.onnx")))
            .collect();
        Suite::from_models(&models, BTreeMap::new())
    }

    #[test]
    fn the_first_is_the_baseline_and_nothing_is_guessed() {
        let suite = of(&["fp32", "int8"]).unwrap();
        assert_eq!(suite.tasks[0].baseline, "fp32");
        assert!(
            suite.tasks[0]
                .variants
                .iter()
                .all(|variant| variant.precision.is_none() && variant.sha256.is_none())
        );
    }

    #[test]
    fn ids_are_checked() {
        assert_eq!(of(&[]).unwrap_err().to_string(), "`--model`: no model was given");
        assert_eq!(
            of(&["a", "a"]).unwrap_err().to_string(),
            "`--model`: variant `a` is there twice"
        );
        assert!(of(&["a b"]).unwrap_err().hint().unwrap().contains("letters"));
    }
}
