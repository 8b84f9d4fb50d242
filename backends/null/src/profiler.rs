//! A session whose one operator is timed.

use std::time::Instant;

use edgebench_api::{
    BackendError, Nanos, OperatorCall, Profile, ProfiledOperator, Profiler, Session, SessionSpec, Slot, Tensor,
    TensorView,
};

use crate::session::NullSession;

/// The null session, whose run is one operator.
pub(crate) struct NullProfiler {
    session: NullSession,
    calls: Vec<OperatorCall>,
}

impl NullProfiler {
    pub(crate) fn new(session: NullSession) -> Self {
        Self {
            session,
            calls: Vec::new(),
        }
    }
}

impl Session for NullProfiler {
    fn spec(&self) -> &SessionSpec {
        self.session.spec()
    }

    fn prepare(&mut self, inputs: &[TensorView<'_>]) -> Result<Slot, BackendError> {
        self.session.prepare(inputs)
    }

    fn run(&mut self, slot: Slot) -> Result<(), BackendError> {
        let begin = Instant::now();
        self.session.run(slot)?;
        self.calls.push(OperatorCall {
            run: self.calls.len(),
            begin_ns: Nanos(0),
            duration_ns: begin.elapsed().into(),
            span_ns: None,
        });
        Ok(())
    }

    fn outputs(&mut self) -> Result<Vec<Tensor>, BackendError> {
        self.session.outputs()
    }

    fn clear(&mut self) {
        self.session.clear();
    }
}

impl Profiler for NullProfiler {
    fn finish(self: Box<Self>) -> Result<Profile, BackendError> {
        Ok(Profile {
            resolution_ns: Nanos(1),
            operators: vec![ProfiledOperator {
                name: "spin".to_owned(),
                op: "Spin".to_owned(),
                calls: self.calls,
                ..ProfiledOperator::default()
            }],
            executed_model: None,
        })
    }
}
