//! A loaded model each of whose nodes is timed.

use std::collections::HashMap;
use std::time::Instant;

use candle_core::{Error, Tensor as CandleTensor};
use edgebench_api::{
    BackendError, LoadRequest, Nanos, OperatorCall, Profile, Profiler, Session, SessionSpec, Slot, Tensor, TensorView,
};

use crate::session::CandleSession;
use crate::steps::{self, Step};

/// A session whose nodes are evaluated one by one.
pub(crate) struct CandleProfiler {
    session: CandleSession,
    steps: Vec<Step>,
    runs: Vec<Run>,
}

/// One inference: when it began, and when each step began and ended.
struct Run {
    begin: Instant,
    steps: Vec<(Instant, Instant)>,
}

impl CandleProfiler {
    /// Loads a model.
    ///
    /// # Errors
    /// Any [`BackendError`] but `Run`.
    pub(crate) fn load(request: &LoadRequest<'_>) -> Result<Self, BackendError> {
        let session = CandleSession::load(request)?;
        let steps = steps::of(session.model());
        Ok(Self {
            session,
            steps,
            runs: Vec::new(),
        })
    }

    /// Evaluates the nodes in their order, and gives the graph's outputs.
    fn walk(
        &mut self,
        begin: Instant,
        mut values: HashMap<String, CandleTensor>,
    ) -> candle_core::Result<HashMap<String, CandleTensor>> {
        let mut steps = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let found = step.reads.iter().filter_map(|name| values.get_key_value(name));
            let inputs = found.map(|(name, value)| (name.clone(), value.clone())).collect();
            let before = Instant::now();
            let outputs = candle_onnx::simple_eval(&step.proto, inputs);
            steps.push((before, Instant::now()));
            values.extend(outputs?);
        }
        // An inference is to tell the types and shapes, and the first one does; nothing of it is timed any more.
        if self.runs.is_empty() {
            for step in &mut self.steps {
                step.describe(&values);
            }
        }
        self.runs.push(Run { begin, steps });
        let outputs = self.session.spec().outputs.iter().map(|output| {
            let value = values.remove(&output.name);
            let value = value.ok_or_else(|| Error::Msg(format!("cannot find output {}", output.name)))?;
            Ok((output.name.clone(), value))
        });
        outputs.collect()
    }
}

impl Session for CandleProfiler {
    fn spec(&self) -> &SessionSpec {
        self.session.spec()
    }

    fn prepare(&mut self, inputs: &[TensorView<'_>]) -> Result<Slot, BackendError> {
        self.session.prepare(inputs)
    }

    fn run(&mut self, slot: Slot) -> Result<(), BackendError> {
        let begin = Instant::now();
        let values = self.session.begin(slot)?;
        let outputs = self.walk(begin, values);
        self.session.end(outputs)
    }

    fn outputs(&mut self) -> Result<Vec<Tensor>, BackendError> {
        self.session.outputs()
    }

    fn clear(&mut self) {
        self.session.clear();
    }
}

impl Profiler for CandleProfiler {
    fn finish(self: Box<Self>) -> Result<Profile, BackendError> {
        let runs = self.runs;
        let operators = self.steps.into_iter().enumerate().map(|(place, step)| {
            let mut operator = step.operator;
            let calls = runs.iter().enumerate().filter_map(|(run, times)| {
                let (before, after) = *times.steps.get(place)?;
                Some(OperatorCall {
                    run,
                    begin_ns: before.saturating_duration_since(times.begin).into(),
                    duration_ns: after.saturating_duration_since(before).into(),
                    span_ns: None,
                })
            });
            operator.calls = calls.collect();
            operator
        });
        Ok(Profile {
            resolution_ns: Nanos(1),
            operators: operators.collect(),
            executed_model: None,
        })
    }
}
