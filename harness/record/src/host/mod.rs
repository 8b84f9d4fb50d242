//! The machine, without anything that identifies it: facts, health, and how far its numbers can be trusted.

mod class;
mod health;
mod lines;
mod machine;
mod parts;

pub use class::{Class, ClassReason, HostClass};
pub use health::{Battery, FrequencySpan, HealthReading, Pressure, ProcessorTicks, Temperature, ThrottleCounts};
pub use machine::{HealthWarning, Host};
pub use parts::{Cache, CacheKind, CgroupLimits, CoreType, FrequencyLimits};
