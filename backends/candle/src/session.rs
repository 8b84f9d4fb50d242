//! A loaded model.

use std::collections::{BTreeMap, HashMap};

use candle_core::Tensor as CandleTensor;
use edgebench_api::{BackendError, LoadRequest, Session, SessionSpec, Settings, Slot, Tensor, TensorView};

use crate::model::Model;
use crate::{failure, model, tensor};

/// A model that candle-onnx walks.
pub(crate) struct CandleSession {
    model: Model,
    spec: SessionSpec,
    // The shape of each input, in the order of the spec: those that the model was loaded for.
    shapes: Vec<Vec<usize>>,
    // Each slot's inputs together with the weights: what an inference starts from.
    slots: Vec<HashMap<String, CandleTensor>>,
    last: Option<HashMap<String, CandleTensor>>,
}

impl CandleSession {
    /// Loads a model.
    ///
    /// # Errors
    /// Any [`BackendError`] but `Run`.
    pub(crate) fn load(request: &LoadRequest<'_>) -> Result<Self, BackendError> {
        let threads = check(request.settings)?;
        let model = model::read(request.model)?;
        let shapes = model
            .inputs
            .iter()
            .map(|input| request.shape(input))
            .collect::<Result<_, _>>()?;
        let spec = SessionSpec {
            inputs: model.inputs.clone(),
            outputs: model.outputs.clone(),
            state: Vec::new(),
            effective: BTreeMap::from([("threads".to_owned(), threads.to_string())]),
        };
        Ok(Self {
            model,
            spec,
            shapes,
            slots: Vec::new(),
            last: None,
        })
    }

    /// What it walks.
    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// What an inference starts from. The outputs of the one before are let go.
    ///
    /// # Errors
    /// [`BackendError::Run`] for a slot that was not prepared.
    pub(crate) fn begin(&mut self, slot: Slot) -> Result<HashMap<String, CandleTensor>, BackendError> {
        self.last = None;
        let values = self.slots.get(slot.0);
        values
            .cloned()
            .ok_or_else(|| BackendError::run(format!("there is no slot {}", slot.0)))
    }

    /// Takes an inference's outputs.
    ///
    /// # Errors
    /// What candle gave instead.
    pub(crate) fn end(
        &mut self,
        outputs: candle_core::Result<HashMap<String, CandleTensor>>,
    ) -> Result<(), BackendError> {
        self.last = Some(outputs.map_err(|error| failure::run(error, "candle gave an error", &self.model.nodes))?);
        Ok(())
    }
}

/// Checks the settings and returns the number of threads, as rayon's pool tells it.
fn check(settings: &Settings) -> Result<usize, BackendError> {
    settings.require_cpu()?;
    if let Some((name, value)) = settings.options.iter().next() {
        return Err(BackendError::invalid_setting(name, value, "candle has no options"));
    }
    let threads = rayon::current_num_threads();
    if threads != settings.threads {
        let asked = settings.threads.to_string();
        let why = format!("this process's pool has {threads}, and it is sized once, by RAYON_NUM_THREADS");
        return Err(BackendError::invalid_setting("threads", asked, why));
    }
    Ok(threads)
}

impl Session for CandleSession {
    fn spec(&self) -> &SessionSpec {
        &self.spec
    }

    fn prepare(&mut self, inputs: &[TensorView<'_>]) -> Result<Slot, BackendError> {
        let inputs = self.spec.order_inputs(&self.shapes, inputs)?;
        let mut values = self.model.constants.clone();
        for input in &inputs {
            values.insert(input.name().to_owned(), tensor::to_candle(input)?);
        }
        self.slots.push(values);
        Ok(Slot(self.slots.len() - 1))
    }

    fn run(&mut self, slot: Slot) -> Result<(), BackendError> {
        let values = self.begin(slot)?;
        let outputs = candle_onnx::simple_eval(&self.model.proto, values);
        self.end(outputs)
    }

    fn outputs(&mut self) -> Result<Vec<Tensor>, BackendError> {
        let last = self
            .last
            .as_ref()
            .ok_or_else(|| BackendError::run("there are no outputs before the first inference"))?;
        self.spec
            .outputs
            .iter()
            .map(|spec| {
                let value = last
                    .get(&spec.name)
                    .ok_or_else(|| BackendError::run(format!("candle gave no output `{}`", spec.name)))?;
                tensor::from_candle(&spec.name, spec.dtype, value)
            })
            .collect()
    }

    fn clear(&mut self) {
        self.slots.clear();
        self.last = None;
    }
}
