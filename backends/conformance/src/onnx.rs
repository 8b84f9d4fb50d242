//! A backend whose runtime reads ONNX, through the seam.

use edgebench_api::{Backend, DType, ErrorKind, Session, Settings, Tensor};

use crate::backend::{error, is_refused, is_run_error, malformed, prepare};
use crate::model::{OnnxModel, infer};
use crate::report::{Checked, Report, Stop, failed, must};
use crate::told::{inputs_are, outputs_are, threads_are};

/// What to check a backend with whose runtime reads ONNX.
#[derive(Debug, Clone, Default)]
pub struct OnnxCheck<'a> {
    /// The element types that the runtime has not: an input of such a type must be `Unsupported`.
    pub lacks: &'a [DType],
    /// Settings to load with, beside the default. Threads and options must be told as they were asked for, and leave the
    /// outputs right.
    pub settings: Vec<Settings>,
}

/// Checks in this process what only models of several kinds can show: several outputs, every element type, half-precision
/// and four-bit weights, an operator that nobody has, and settings. It takes [`crate::check_backend`] for granted.
pub fn check_onnx(backend: &dyn Backend, check: &OnnxCheck<'_>) -> Report {
    let mut report = Report::default();
    report.run("the spec of several outputs is the model's", || spec(backend));
    report.run("several outputs keep the model's order in every slot", || {
        outputs(backend)
    });
    report.run("every element type goes in and comes out, or is unsupported", || {
        element_types(backend, check.lacks)
    });
    report.run("half-precision weights in raw bytes are used", || {
        half(backend, check.lacks)
    });
    report.run("four-bit weights are used, or unsupported", || int4(backend));
    report.run("an operator that nobody has is named", || unknown_operator(backend));
    report.run("settings are in effect and leave the outputs right", || {
        std::iter::once(&Settings::default())
            .chain(&check.settings)
            .try_for_each(|settings| in_effect(backend, settings))
    });
    report
}

fn spec(backend: &dyn Backend) -> Checked {
    let mut session = linear(backend, 2, &Settings::default())?;
    let x = floats("x", &[2, 3], &[0.; 6])?;
    let outputs = infer(session.as_mut(), &x).map_err(error)?;
    let spec = session.spec();
    inputs_are(spec, &[("x", DType::F32)])?;
    outputs_are(spec, &[("y", DType::F32), ("mean", DType::F32)])?;
    must(spec.inputs[0].shape == [None, Some(3)], || {
        format!("the input's shape is {:?}", spec.inputs[0].shape)
    })?;
    for (told, found) in spec.outputs.iter().zip(&outputs) {
        let fits = told.shape.len() == found.shape.len()
            && std::iter::zip(&told.shape, &found.shape).all(|(told, found)| told.is_none_or(|told| told == *found));
        must(fits, || {
            format!("`{}` is told as {:?} and is {:?}", told.name, told.shape, found.shape)
        })?;
    }
    Ok(())
}

fn outputs(backend: &dyn Backend) -> Checked {
    let mut session = linear(backend, 2, &Settings::default())?;
    let one = floats("x", &[2, 3], &[1., 0., 0., 0., 1., 0.])?;
    let two = floats("x", &[2, 3], &[0., 0., 1., 1., 1., 1.])?;
    let slots = [
        (
            prepare(session.as_mut(), &one).map_err(error)?,
            [
                floats("y", &[2, 2], &[1., -1., 2., 0.5])?,
                floats("mean", &[2], &[0., 1.25])?,
            ],
        ),
        (
            prepare(session.as_mut(), &two).map_err(error)?,
            [
                floats("y", &[2, 2], &[0., 3., 3., 2.5])?,
                floats("mean", &[2], &[1.5, 2.75])?,
            ],
        ),
    ];
    is_run_error(session.outputs())?;
    for _ in 0..3 {
        for (slot, expected) in &slots {
            session.run(*slot).map_err(error)?;
            are(&session.outputs().map_err(error)?, expected)?;
        }
    }
    session.clear();
    is_run_error(session.run(slots[0].0))?;
    is_run_error(session.outputs())
}

fn element_types(backend: &dyn Backend, lacks: &[DType]) -> Checked {
    for dtype in DType::ALL {
        let loaded = OnnxModel::identity(dtype).load(backend, &[], &Settings::default());
        let checked = if lacks.contains(&dtype) {
            is_refused(loaded, &[ErrorKind::Unsupported])
        } else {
            loaded
                .map_err(error)
                .and_then(|mut session| goes_through(session.as_mut(), dtype))
        };
        checked.map_err(|stop| match stop {
            Stop::Failed(why) => failed(format!("{dtype}: {why}")),
            other @ Stop::NotApplicable(_) => other,
        })?;
    }
    Ok(())
}

fn goes_through(session: &mut dyn Session, dtype: DType) -> Checked {
    inputs_are(session.spec(), &[("x", dtype)])?;
    outputs_are(session.spec(), &[("y", dtype)])?;
    // The first byte of each element tells it from its neighbours; a boolean has two values alone.
    let most = if dtype == DType::Bool { 2 } else { 7 };
    let mut data = vec![0; 6 * dtype.size()];
    for (byte, value) in data.iter_mut().step_by(dtype.size()).zip(1..) {
        *byte = value % most;
    }
    let tensor = |name: &str| Tensor {
        name: name.to_owned(),
        dtype,
        shape: vec![2, 3],
        data: data.clone(),
    };
    are(&infer(session, &tensor("x")).map_err(error)?, &[tensor("y")])
}

fn half(backend: &dyn Backend, lacks: &[DType]) -> Checked {
    if lacks.contains(&DType::F16) {
        return Err(Stop::NotApplicable("the runtime has no f16".to_owned()));
    }
    // 1, 1 and 0.25 in half precision, and their products.
    let (x, y) = ([0x3c00u16, 0x3c00, 0x3400], [0x3800u16, 0xc000, 0x3c00]);
    let tensor = |name, bits: &[u16]| Tensor::new(name, DType::F16, [3], bits).map_err(malformed);
    let mut session = OnnxModel::HALF
        .load(backend, &[], &Settings::default())
        .map_err(error)?;
    let outputs = infer(session.as_mut(), &tensor("x", &x)?).map_err(error)?;
    are(&outputs, &[tensor("y", &y)?])
}

fn int4(backend: &dyn Backend) -> Checked {
    let x = floats("x", &[2], &[3., 5.])?;
    let outputs = OnnxModel::INT4
        .load(backend, &[], &Settings::default())
        .and_then(|mut session| infer(session.as_mut(), &x));
    match outputs {
        Ok(outputs) => are(&outputs, &[floats("y", &[2], &[1.5, 5.])?]),
        refused => is_refused(refused, &[ErrorKind::Unsupported]),
    }
}

fn unknown_operator(backend: &dyn Backend) -> Checked {
    match OnnxModel::UNKNOWN_OPERATOR.load(backend, &[], &Settings::default()) {
        Err(refused) if refused.operator() == Some("Frobnicate") => Ok(()),
        Err(refused) => Err(error(refused)),
        Ok(_) => Err(failed("it loaded")),
    }
}

fn in_effect(backend: &dyn Backend, settings: &Settings) -> Checked {
    let mut session = linear(backend, 1, settings)?;
    let effective = &session.spec().effective;
    threads_are(effective, settings.threads)?;
    for (name, asked) in &settings.options {
        let found = effective.get(name);
        must(found == Some(asked), || {
            format!("`{name}` = `{asked}` was asked for, and the effective setting is {found:?}")
        })?;
    }
    let outputs = infer(session.as_mut(), &floats("x", &[1, 3], &[1.; 3])?).map_err(error)?;
    let expected = [floats("y", &[1, 2], &[3., 2.5])?, floats("mean", &[1], &[2.75])?];
    are(&outputs, &expected)
}

fn linear(backend: &dyn Backend, batch: usize, settings: &Settings) -> Checked<Box<dyn Session>> {
    OnnxModel::LINEAR
        .load(backend, &[("x", &[batch, 3])], settings)
        .map_err(error)
}

fn floats(name: &str, shape: &[usize], elements: &[f32]) -> Checked<Tensor> {
    Tensor::new(name, DType::F32, shape, elements).map_err(malformed)
}

/// The outputs are these to the bit, which the models' small numbers allow.
fn are(found: &[Tensor], expected: &[Tensor]) -> Checked {
    must(found == expected, || {
        format!("the outputs are {found:?}, and should be {expected:?}")
    })
}
