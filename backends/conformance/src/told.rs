//! What a backend says of itself, through the seam or through the protocol.

use std::collections::BTreeMap;

use edgebench_api::{DType, Probe, SessionSpec, TensorSpec};

use crate::fixture::Fixture;
use crate::report::{Checked, Stop, failed, must};

/// What an effective setting says of a backend that reads no model.
const NOT_READ: (&str, &str) = ("model", "not read");

/// Excuses a backend that reads no model.
pub(crate) fn reads_model(effective: &BTreeMap<String, String>) -> Checked {
    match effective.get(NOT_READ.0) {
        Some(value) if value == NOT_READ.1 => Err(Stop::NotApplicable("the backend reads no model".to_owned())),
        _ => Ok(()),
    }
}

/// The threads in effect are those asked for.
pub(crate) fn threads_are(effective: &BTreeMap<String, String>, asked: usize) -> Checked {
    match effective.get("threads") {
        Some(found) if *found == asked.to_string() => Ok(()),
        found => Err(failed(format!(
            "{asked} were asked for, and the effective setting is {found:?}"
        ))),
    }
}

/// A probe names a runtime, its version and a device.
pub(crate) fn names_are_told(probe: &Probe) -> Checked {
    must(!probe.runtime.is_empty() && !probe.version.is_empty(), || {
        format!("{probe:?}")
    })?;
    must(!probe.devices.is_empty(), || "no device is named".to_owned())
}

/// The spec is that of the fixture's model.
pub(crate) fn spec_is(spec: &SessionSpec, fixture: &Fixture) -> Checked {
    let (input, output) = (fixture.input()?, fixture.output()?);
    inputs_are(spec, &[(&input.name, input.dtype)])?;
    outputs_are(spec, &[(&output.name, output.dtype)])
}

/// The names and element types of the inputs, in the model's order.
pub(crate) fn inputs_are(spec: &SessionSpec, expected: &[(&str, DType)]) -> Checked {
    let found = ends(&spec.inputs);
    must(found == expected, || format!("the inputs are {found:?}"))
}

/// The names and element types of the outputs, in the model's order.
pub(crate) fn outputs_are(spec: &SessionSpec, expected: &[(&str, DType)]) -> Checked {
    let found = ends(&spec.outputs);
    must(found == expected, || format!("the outputs are {found:?}"))
}

fn ends(specs: &[TensorSpec]) -> Vec<(&str, DType)> {
    specs.iter().map(|spec| (spec.name.as_str(), spec.dtype)).collect()
}
