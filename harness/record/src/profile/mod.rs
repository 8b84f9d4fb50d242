//! The record of a profile: what each operator of a model takes on a runtime. It is a file of its own kind, so that no
//! reader of latencies takes a profiled inference for one.

mod cell;
mod operator;
mod record;
mod tensors;

pub use cell::{CellProfile, ProfiledCell, ProfiledInvocation};
pub use operator::{Operator, OperatorRole};
pub use record::{PROFILE_SCHEMA, ProfileRecord, profile_schema};
pub use tensors::{TensorComparison, TensorDifference};
