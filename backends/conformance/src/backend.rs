//! A backend through the seam.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use edgebench_api::{
    Backend, BackendError, DType, ErrorKind, LoadRequest, Session, Settings, Slot, Tensor, TensorError,
};
use tempfile::TempDir;

use crate::fixture::Fixture;
use crate::report::{Checked, Report, Stop, failed, must};
use crate::told::{names_are_told, reads_model, spec_is, threads_are};

/// Checks a backend in this process: what it says of itself, its outputs, its slots, and that bad requests give errors.
/// A backend that crashes takes the process with it.
pub fn check_backend(backend: &dyn Backend, fixture: &Fixture) -> Report {
    let mut report = Report::default();
    let place = match Place::new(fixture) {
        Ok(place) => place,
        Err(stop) => {
            report.run("the fixture can be written", || Err(stop));
            return report;
        }
    };
    let subject = Subject {
        backend,
        fixture,
        place,
    };
    report.run("the name is one lower-case word", || subject.name());
    report.run("the probe names a version and a device", || subject.probe());
    report.run("the spec is the model's", || subject.spec());
    report.run("threads in effect are those asked for", || subject.threads());
    report.run("outputs are as expected", || subject.outputs(1));
    report.run("outputs of a batch of 2 are as expected", || subject.outputs(2));
    report.run("the same run gives the same bits", || subject.deterministic());
    report.run("every slot gives its own outputs", || subject.slots());
    report.run("there are no outputs before a run", || subject.no_outputs_yet());
    report.run("a slot that is not there is an error", || subject.unknown_slot());
    report.run("cleared slots are gone and numbers begin anew", || subject.clear());
    report.run("an input of another name is an error", || subject.wrong_name());
    report.run("an input of another element type is an error", || subject.wrong_dtype());
    report.run("an input of another shape is an error", || subject.wrong_shape());
    report.run("a missing input is an error", || subject.missing_input());
    report.run("an input given twice is an error", || subject.doubled_input());
    report.run("an open axis without a shape is an error", || subject.open_axis());
    report.run("a missing model is an error", || subject.missing_model());
    report.run("a truncated model is an error", || subject.truncated_model());
    report.run("a model of noise is an error", || subject.noise_model());
    report.run("a model of text is an error", || subject.text_model());
    report.run("an unknown option is an invalid setting", || subject.unknown_option());
    report.run("an unknown device is refused", || subject.unknown_device());
    report
}

/// The fixture's model on the disk.
struct Place {
    folder: TempDir,
    model: PathBuf,
}

impl Place {
    fn new(fixture: &Fixture) -> Checked<Self> {
        let folder = TempDir::new().map_err(|error| failed(error.to_string()))?;
        let model = folder.path().join(fixture.file_name);
        std::fs::write(&model, fixture.model).map_err(|error| failed(error.to_string()))?;
        Ok(Self { folder, model })
    }

    /// A path beside the model, with its extension.
    fn other(&self, name: &str, fixture: &Fixture) -> PathBuf {
        self.folder.path().join(format!("{name}-{}", fixture.file_name))
    }
}

struct Subject<'a> {
    backend: &'a dyn Backend,
    fixture: &'a Fixture,
    place: Place,
}

impl Subject<'_> {
    fn load_with(&self, model: &Path, settings: &Settings) -> Checked<Result<Box<dyn Session>, BackendError>> {
        let shapes = self.fixture.shapes(settings.batch)?;
        Ok(self.backend.load(&LoadRequest {
            model,
            shapes: &shapes,
            settings,
        }))
    }

    fn load(&self, batch: usize) -> Checked<Box<dyn Session>> {
        let settings = Settings {
            batch,
            ..Settings::default()
        };
        self.load_with(&self.place.model, &settings)?.map_err(error)
    }

    /// A session of a backend that reads models.
    fn load_real(&self, batch: usize) -> Checked<Box<dyn Session>> {
        let session = self.load(batch)?;
        reads_model(&session.spec().effective)?;
        Ok(session)
    }

    fn name(&self) -> Checked {
        let name = self.backend.name();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        must(!name.is_empty() && name.chars().all(plain), || {
            format!("it is `{name}`")
        })
    }

    fn probe(&self) -> Checked {
        names_are_told(&self.backend.probe().map_err(error)?)
    }

    fn spec(&self) -> Checked {
        spec_is(self.load_real(1)?.spec(), self.fixture)
    }

    fn threads(&self) -> Checked {
        for threads in [1, 2] {
            let settings = Settings {
                threads,
                ..Settings::default()
            };
            match self.load_with(&self.place.model, &settings)? {
                Ok(session) => threads_are(&session.spec().effective, threads)?,
                // Refusing is honest; it must not be the one thread that every runtime has.
                Err(BackendError::InvalidSetting { .. } | BackendError::Unsupported { .. }) if threads > 1 => {}
                Err(refused) => return Err(error(refused)),
            }
        }
        Ok(())
    }

    fn outputs(&self, batch: usize) -> Checked {
        let mut session = self.load_real(batch)?;
        let indices: Vec<usize> = (0..batch).collect();
        let slot = prepare(session.as_mut(), &self.fixture.batch(&indices)?).map_err(error)?;
        self.fixture.compare(&run(session.as_mut(), slot)?, &indices)
    }

    fn deterministic(&self) -> Checked {
        let mut session = self.load(1)?;
        let slot = prepare(session.as_mut(), &self.fixture.batch(&[0])?).map_err(error)?;
        let first = run(session.as_mut(), slot)?;
        let second = run(session.as_mut(), slot)?;
        must(first == second, || {
            "the bits differ between two runs of one slot".to_owned()
        })
    }

    fn slots(&self) -> Checked {
        let mut session = self.load(1)?;
        let mut slots = Vec::new();
        for index in 0..3 {
            slots.push(prepare(session.as_mut(), &self.fixture.batch(&[index])?).map_err(error)?);
        }
        must(slots == [Slot(0), Slot(1), Slot(2)], || {
            format!("the slots are {slots:?}")
        })?;
        let real = reads_model(&session.spec().effective).is_ok();
        let mut seen: Vec<Tensor> = Vec::new();
        for index in [2, 0, 1] {
            let output = run(session.as_mut(), slots[index])?;
            must(!seen.contains(&output), || "two slots gave the same outputs".to_owned())?;
            if real {
                self.fixture.compare(&output, &[index])?;
            }
            seen.push(output);
        }
        Ok(())
    }

    fn no_outputs_yet(&self) -> Checked {
        let mut session = self.load(1)?;
        prepare(session.as_mut(), &self.fixture.batch(&[0])?).map_err(error)?;
        is_run_error(session.outputs())
    }

    fn unknown_slot(&self) -> Checked {
        let mut session = self.load(1)?;
        prepare(session.as_mut(), &self.fixture.batch(&[0])?).map_err(error)?;
        is_run_error(session.run(Slot(1)))
    }

    fn clear(&self) -> Checked {
        let mut session = self.load(1)?;
        let slot = prepare(session.as_mut(), &self.fixture.batch(&[0])?).map_err(error)?;
        let before = run(session.as_mut(), slot)?;
        session.clear();
        is_run_error(session.outputs())?;
        is_run_error(session.run(slot))?;
        let slot = prepare(session.as_mut(), &self.fixture.batch(&[1])?).map_err(error)?;
        must(slot == Slot(0), || {
            format!("the first slot after `clear` is {}", slot.0)
        })?;
        let after = run(session.as_mut(), slot)?;
        must(before != after, || {
            "the outputs are those of the slot that was cleared".to_owned()
        })
    }

    fn wrong_name(&self) -> Checked {
        let input = self.fixture.batch(&[0])?;
        self.prepare_fails(&[Tensor {
            name: "no such input".to_owned(),
            ..input
        }])
    }

    fn wrong_dtype(&self) -> Checked {
        let input = self.fixture.batch(&[0])?;
        let elements = input.data.len() / input.dtype.size();
        let wide = Tensor::new(&input.name, DType::F64, &*input.shape, &vec![1f64; elements]);
        self.prepare_fails(&[wide.map_err(malformed)?])?;
        let of_integers = Tensor {
            dtype: DType::I32,
            ..input
        };
        self.prepare_fails(&[of_integers])
    }

    fn wrong_shape(&self) -> Checked {
        let input = self.fixture.batch(&[0])?;
        let [batch, inner @ .., last] = &*input.shape else {
            return Err(failed("the fixture's input has less than two axes"));
        };
        let longer = [&[*batch], inner, &[last + 1]].concat();
        let of_two = [&[batch + 1], inner, &[*last]].concat();
        let flat = [inner, &[*last]].concat();
        for shape in [longer, of_two, flat] {
            let elements: usize = shape.iter().product();
            let other = Tensor::new(&input.name, DType::F32, shape, &vec![1f32; elements]);
            self.prepare_fails(&[other.map_err(malformed)?])?;
        }
        Ok(())
    }

    fn missing_input(&self) -> Checked {
        self.prepare_fails(&[])
    }

    fn doubled_input(&self) -> Checked {
        let input = self.fixture.batch(&[0])?;
        self.prepare_fails(&[input.clone(), input])
    }

    /// Inputs are refused, and leave no slot behind.
    fn prepare_fails(&self, inputs: &[Tensor]) -> Checked {
        let mut session = self.load(1)?;
        let views: Result<Vec<_>, _> = inputs.iter().map(Tensor::view).collect();
        is_run_error(session.prepare(&views.map_err(malformed)?))?;
        let slot = prepare(session.as_mut(), &self.fixture.batch(&[0])?).map_err(error)?;
        must(slot == Slot(0), || {
            format!("the first slot after the refusal is {}", slot.0)
        })
    }

    fn open_axis(&self) -> Checked {
        reads_model(&self.load(1)?.spec().effective)?;
        let loaded = self.backend.load(&LoadRequest {
            model: &self.place.model,
            shapes: &BTreeMap::new(),
            settings: &Settings::default(),
        });
        is_refused(loaded, &[ErrorKind::Load])
    }

    fn missing_model(&self) -> Checked {
        let model = self.place.other("absent", self.fixture);
        is_refused(self.load_with(&model, &Settings::default())?, &[ErrorKind::Load])
    }

    fn truncated_model(&self) -> Checked {
        let half = &self.fixture.model[..self.fixture.model.len() / 2];
        self.bad_model("truncated", half, &[ErrorKind::Load, ErrorKind::Unsupported])
    }

    fn noise_model(&self) -> Checked {
        self.bad_model("noise", &[0xff; 64], &[ErrorKind::Load, ErrorKind::Unsupported])
    }

    fn text_model(&self) -> Checked {
        self.bad_model("text", include_bytes!("../fixtures/make.py"), &[ErrorKind::Load])
    }

    fn bad_model(&self, name: &str, bytes: &[u8], kinds: &[ErrorKind]) -> Checked {
        reads_model(&self.load(1)?.spec().effective)?;
        let model = self.place.other(name, self.fixture);
        std::fs::write(&model, bytes).map_err(|error| failed(error.to_string()))?;
        is_refused(self.load_with(&model, &Settings::default())?, kinds)
    }

    fn unknown_option(&self) -> Checked {
        let settings = Settings {
            options: BTreeMap::from([("no-such-option".to_owned(), "1".to_owned())]),
            ..Settings::default()
        };
        let loaded = self.load_with(&self.place.model, &settings)?;
        is_refused(loaded, &[ErrorKind::InvalidSetting])
    }

    fn unknown_device(&self) -> Checked {
        let settings = Settings {
            device: "no-such-device".to_owned(),
            ..Settings::default()
        };
        let kinds = [
            ErrorKind::InvalidSetting,
            ErrorKind::Unavailable,
            ErrorKind::Unsupported,
        ];
        is_refused(self.load_with(&self.place.model, &settings)?, &kinds)
    }
}

/// Prepares a slot with one input.
pub(crate) fn prepare(session: &mut dyn Session, input: &Tensor) -> Result<Slot, BackendError> {
    let view = input.view().map_err(|error| BackendError::run(error.to_string()))?;
    session.prepare(&[view])
}

/// Runs a slot and takes the one output.
fn run(session: &mut dyn Session, slot: Slot) -> Checked<Tensor> {
    session.run(slot).map_err(error)?;
    let mut outputs = session.outputs().map_err(error)?;
    match (outputs.pop(), outputs.len()) {
        (Some(output), 0) => Ok(output),
        (_, more) => Err(failed(format!("{more} more outputs than the one of the model"))),
    }
}

/// The result is an error of an inference.
pub(crate) fn is_run_error<T>(result: Result<T, BackendError>) -> Checked {
    is_refused(result, &[ErrorKind::Run])
}

/// The result is an error of one of these kinds.
pub(crate) fn is_refused<T>(result: Result<T, BackendError>, kinds: &[ErrorKind]) -> Checked {
    match result {
        Err(refused) if kinds.contains(&refused.kind()) => Ok(()),
        Err(other) => Err(failed(format!("it is another error: {other}"))),
        Ok(_) => Err(failed("there was no error")),
    }
}

/// A tensor of the checks' own that breaks its description.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(crate) fn malformed(error: TensorError) -> Stop {
    failed(error.to_string())
}

/// A backend's error with its causes and its hint.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(crate) fn error(error: BackendError) -> Stop {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(&error);
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    if let Some(hint) = error.hint() {
        text = format!("{text}; hint: {hint}");
    }
    Stop::Failed(text)
}
