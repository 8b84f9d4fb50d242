//! A loaded model.

use std::collections::BTreeMap;

use edgebench_api::{BackendError, LoadRequest, Session, SessionSpec, Slot, Tensor, TensorView};
use tract_linalg::multithread::Executor;
use tract_onnx::prelude::{IntoTValue, TValue, TVec, TractResult, TypedModel, TypedNode};
use tract_onnx::tract_core::model::TypedSimpleState;
use tract_onnx::tract_core::ops::OpState;
use tract_onnx::tract_core::plan::{self, EvalContext};

use crate::options::Stage;
use crate::{failure, model, tensor};

/// A model that tract has optimised, with its spawned plan.
pub(crate) struct TractSession {
    state: TypedSimpleState,
    spec: SessionSpec,
    // The shape of each input, in the order of the spec: those that the plan was made for.
    shapes: Vec<Vec<usize>>,
    // Each slot's inputs in the plan's order. An inference clones them, which counts a reference.
    slots: Vec<TVec<TValue>>,
    last: Option<TVec<TValue>>,
}

impl TractSession {
    /// Loads a model.
    ///
    /// # Errors
    /// Any [`BackendError`] but `Run`.
    pub(crate) fn load(request: &LoadRequest<'_>) -> Result<Self, BackendError> {
        let stage = Stage::new(request.settings)?;
        let executor = match request.settings.threads {
            1 => Executor::SingleThread,
            threads => Executor::multithread(threads),
        };
        let prepared = model::prepare(request, stage, &executor)?;
        let running = prepared
            .plan
            .spawn()
            .map_err(|error| failure::load(error, "the plan could not be started"))?;
        let shapes = prepared
            .inputs
            .iter()
            .map(|input| request.shape(input))
            .collect::<Result<_, _>>()?;
        let effective = BTreeMap::from([
            ("threads".to_owned(), threads(&executor).to_string()),
            ("optimisation".to_owned(), stage.name().to_owned()),
            (
                "value_info".to_owned(),
                if prepared.value_info_used { "used" } else { "ignored" }.to_owned(),
            ),
        ]);
        Ok(Self {
            state: running,
            spec: SessionSpec {
                inputs: prepared.inputs,
                outputs: prepared.outputs,
                state: Vec::new(),
                effective,
            },
            shapes,
            slots: Vec::new(),
            last: None,
        })
    }

    /// The graph that is executed.
    pub(crate) fn model(&self) -> &TypedModel {
        self.state.model()
    }

    /// Its nodes by number, in the order of their execution. Constants are none of them.
    pub(crate) fn order(&self) -> &[usize] {
        self.state.plan().order_without_consts()
    }

    /// One inference, each of whose nodes is evaluated by `eval`.
    ///
    /// # Errors
    /// [`BackendError::Run`].
    pub(crate) fn run_with(
        &mut self,
        slot: Slot,
        eval: impl FnMut(
            &EvalContext<'_>,
            Option<&mut (dyn OpState + 'static)>,
            &TypedNode,
            TVec<TValue>,
        ) -> TractResult<TVec<TValue>>,
    ) -> Result<(), BackendError> {
        self.last = None;
        let inputs = self
            .slots
            .get(slot.0)
            .ok_or_else(|| BackendError::run(format!("there is no slot {}", slot.0)))?;
        let outputs = self.state.run_plan_with_eval(inputs.clone(), eval);
        self.last = Some(outputs.map_err(|error| failure::run(error, "tract gave an error"))?);
        Ok(())
    }
}

/// The threads of a pool, as it tells them itself.
fn threads(executor: &Executor) -> usize {
    match executor {
        Executor::MultiThread(pool) => pool.current_num_threads(),
        _ => 1,
    }
}

impl Session for TractSession {
    fn spec(&self) -> &SessionSpec {
        &self.spec
    }

    fn prepare(&mut self, inputs: &[TensorView<'_>]) -> Result<Slot, BackendError> {
        let inputs = self.spec.order_inputs(&self.shapes, inputs)?;
        let values = inputs
            .iter()
            .map(|input| Ok(tensor::to_tract(input)?.into_tvalue()))
            .collect::<Result<_, BackendError>>()?;
        self.slots.push(values);
        Ok(Slot(self.slots.len() - 1))
    }

    fn run(&mut self, slot: Slot) -> Result<(), BackendError> {
        self.run_with(slot, plan::eval)
    }

    fn outputs(&mut self) -> Result<Vec<Tensor>, BackendError> {
        let last = self
            .last
            .as_ref()
            .ok_or_else(|| BackendError::run("there are no outputs before the first inference"))?;
        self.spec
            .outputs
            .iter()
            .zip(last)
            .map(|(spec, value)| tensor::from_tract(&spec.name, value))
            .collect()
    }

    fn clear(&mut self) {
        self.slots.clear();
        self.last = None;
    }
}
