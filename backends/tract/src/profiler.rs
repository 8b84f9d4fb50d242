//! A loaded model each of whose nodes is timed.

use std::time::Instant;

use edgebench_api::{
    BackendError, LoadRequest, Nanos, OperatorCall, Profile, ProfiledOperator, Profiler, Session, SessionSpec, Slot,
    Tensor, TensorView,
};
use tract_onnx::tract_core::plan;

use crate::session::TractSession;
use crate::sources::Sources;
use crate::{failure, operators};

/// A session whose nodes are timed one by one.
///
/// What lies between two nodes is in neither: tract looks up a node's inputs and lets go of values that nobody needs any
/// more. A value is freed by whoever uses it last, which is as a rule a node.
pub(crate) struct TractProfiler {
    session: TractSession,
    /// One for each step of the plan, without calls; `None` for a step that is no operator.
    operators: Vec<Option<ProfiledOperator>>,
    runs: Vec<Run>,
}

/// One inference: when it began, and when each step began and ended.
struct Run {
    begin: Instant,
    steps: Vec<(Instant, Instant)>,
}

impl TractProfiler {
    /// Loads a model.
    ///
    /// # Errors
    /// Any [`BackendError`] but `Run`.
    pub(crate) fn load(request: &LoadRequest<'_>) -> Result<Self, BackendError> {
        let session = TractSession::load(request)?;
        let sources = Sources::read(request.model)?;
        let operators = operators::describe(session.model(), session.order(), &sources)
            .map_err(|error| failure::load(error, "the plan's nodes could not be told"))?;
        Ok(Self {
            session,
            operators,
            runs: Vec::new(),
        })
    }
}

impl Session for TractProfiler {
    fn spec(&self) -> &SessionSpec {
        self.session.spec()
    }

    fn prepare(&mut self, inputs: &[TensorView<'_>]) -> Result<Slot, BackendError> {
        self.session.prepare(inputs)
    }

    fn run(&mut self, slot: Slot) -> Result<(), BackendError> {
        let begin = Instant::now();
        // As many as there are steps, so that nothing is allocated between them.
        let mut steps = Vec::with_capacity(self.operators.len());
        self.session.run_with(slot, |context, state, node, inputs| {
            let before = Instant::now();
            let outputs = plan::eval(context, state, node, inputs);
            steps.push((before, Instant::now()));
            outputs
        })?;
        self.runs.push(Run { begin, steps });
        Ok(())
    }

    fn outputs(&mut self) -> Result<Vec<Tensor>, BackendError> {
        self.session.outputs()
    }

    fn clear(&mut self) {
        self.session.clear();
    }
}

impl Profiler for TractProfiler {
    fn finish(self: Box<Self>) -> Result<Profile, BackendError> {
        let runs = self.runs;
        let steps = self.operators.into_iter().enumerate();
        let operators = steps.filter_map(|(step, operator)| {
            let mut operator = operator?;
            let calls = runs.iter().enumerate().filter_map(|(run, times)| {
                let (before, after) = *times.steps.get(step)?;
                Some(OperatorCall {
                    run,
                    begin_ns: before.saturating_duration_since(times.begin).into(),
                    duration_ns: after.saturating_duration_since(before).into(),
                    span_ns: None,
                })
            });
            operator.calls = calls.collect();
            Some(operator)
        });
        Ok(Profile {
            resolution_ns: Nanos(1),
            operators: operators.collect(),
            executed_model: None,
        })
    }
}
