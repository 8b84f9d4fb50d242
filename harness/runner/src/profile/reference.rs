//! What a cell's inner tensors are compared with, and how close they must be.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use edgebench_record::{CellId, TensorComparison};
use edgebench_suites::Task;

use super::tensors::{TensorRequest, TensorSide, TensorsError, Way, compare_tensors};
use super::{ProfileOptions, environment_of};
use crate::judge::Rule;
use crate::prepare::{Prepared, PreparedTask};

/// Inner tensors that are wanted.
#[derive(Debug, Clone)]
pub struct TensorOptions {
    /// The variant that cells are compared with; the cell's own or the baseline where absent.
    pub variant: Option<String>,
    /// The backend that cells are compared with; the cell's own or the reference where absent.
    pub backend: Option<String>,
    /// Samples, evenly spread over the test set.
    pub samples: usize,
}

/// One cell's tensors, as they are to be compared.
pub(super) struct Compared<'a> {
    pub(super) id: &'a CellId,
    pub(super) task: &'a Task,
    pub(super) inputs: &'a PreparedTask,
    pub(super) prepared: &'a Prepared,
    pub(super) timeout: Duration,
    pub(super) work: PathBuf,
}

/// What a cell is compared with: what was asked for, and otherwise a variant with the baseline on the same backend, and the
/// baseline with itself on the reference backend. `None` for a cell that would be compared with itself.
pub(super) fn reference(id: &CellId, wanted: &TensorOptions, baseline: &str, backend: &str) -> Option<CellId> {
    let mut reference = id.clone();
    match (&wanted.variant, &wanted.backend) {
        (None, None) if id.variant != baseline => baseline.clone_into(&mut reference.variant),
        (None, None) => backend.clone_into(&mut reference.backend),
        (variant, backend) => {
            reference.variant = variant.clone().unwrap_or(reference.variant);
            reference.backend = backend.clone().unwrap_or(reference.backend);
        }
    }
    if reference.backend != id.backend {
        // Options are a backend's own.
        reference.settings.options = BTreeMap::new();
    }
    (reference != *id).then_some(reference)
}

/// Above which relative difference a tensor differs: what the rules for outputs allow, 10⁻³ for floats, 40 dB for half
/// precision, 10 dB for quantised models and between variants.
fn tolerance(rule: Rule, same_variant: bool) -> f64 {
    match rule {
        Rule::Float if same_variant => 1e-3,
        Rule::Half if same_variant => 1e-2,
        _ => 10_f64.powf(-0.5),
    }
}

/// Compares a cell's inner tensors with those of its reference. One model on two runtimes: up to the first tensor that
/// differs, each at the end of a model of its own, so that what comes before it is rewritten as usual. Two variants: all of
/// them, in one inference.
pub(super) fn compare(
    compared: &Compared<'_>,
    reference: &CellId,
    options: &ProfileOptions<'_>,
    progress: &mut dyn FnMut(usize, usize),
    samples: usize,
) -> Result<TensorComparison, TensorsError> {
    let lacking = |variant: &str| TensorsError::NoVariant {
        variant: variant.to_owned(),
        task: compared.task.id.clone(),
    };
    let model = |id: &CellId| {
        let variant = compared.task.variant(&id.variant);
        variant
            .map(|variant| variant.path.as_path())
            .ok_or_else(|| lacking(&id.variant))
    };
    let commands = [compared.id, reference].map(|id| (options.command)(&id.backend));
    let environment = |id: &CellId, command| {
        environment_of(command, id, compared.timeout, options.interrupt).map_err(|(source, _)| TensorsError::Worker {
            cell: Box::new(id.clone()),
            source,
        })
    };
    let environments = [
        environment(compared.id, &commands[0])?,
        environment(reference, &commands[1])?,
    ];
    let same_variant = compared.id.variant == reference.variant;
    let key = (compared.id.task.clone(), compared.id.variant.clone());
    let rule = compared
        .prepared
        .models
        .get(&key)
        .map_or(Rule::Float, |model| model.rule);
    compare_tensors(
        &TensorRequest {
            cell: TensorSide {
                id: compared.id,
                model: model(compared.id)?,
                command: &commands[0],
                environment: &environments[0],
            },
            reference: TensorSide {
                id: reference,
                model: model(reference)?,
                command: &commands[1],
                environment: &environments[1],
            },
            inputs: compared.inputs,
            samples,
            tolerance: tolerance(rule, same_variant),
            way: if same_variant { Way::First } else { Way::Together },
            work: &compared.work,
            timeout: compared.timeout,
            interrupt: options.interrupt,
        },
        progress,
    )
}

#[cfg(test)]
mod tests {
    use edgebench_api::Settings;

    use super::*;

    fn id(variant: &str, backend: &str) -> CellId {
        CellId {
            task: "t".to_owned(),
            variant: variant.to_owned(),
            backend: backend.to_owned(),
            settings: Settings::default(),
        }
    }

    fn of(cell: &CellId, variant: Option<&str>, backend: Option<&str>) -> Option<CellId> {
        let wanted = TensorOptions {
            variant: variant.map(str::to_owned),
            backend: backend.map(str::to_owned),
            samples: 1,
        };
        reference(cell, &wanted, "fp32", "ort")
    }

    #[test]
    fn a_variant_is_held_against_the_baseline_and_that_against_the_reference() {
        assert_eq!(of(&id("int8", "tract"), None, None), Some(id("fp32", "tract")));
        assert_eq!(of(&id("fp32", "tract"), None, None), Some(id("fp32", "ort")));
        assert_eq!(of(&id("fp32", "ort"), None, None), None);
    }

    #[test]
    fn what_is_asked_for_is_taken() {
        assert_eq!(of(&id("int8", "tract"), None, Some("ort")), Some(id("int8", "ort")));
        assert_eq!(
            of(&id("int8", "tract"), Some("fp32"), Some("ort")),
            Some(id("fp32", "ort"))
        );
        assert_eq!(of(&id("int8", "ort"), None, Some("ort")), None);
        let mut own = id("int8", "tract");
        own.settings
            .options
            .insert("optimisation".to_owned(), "typed".to_owned());
        assert_eq!(
            of(&own, None, Some("ort")),
            Some(id("int8", "ort")),
            "options are a backend's own"
        );
        let other = of(&own, Some("fp32"), None).unwrap();
        assert_eq!(other.settings, own.settings);
    }
}
