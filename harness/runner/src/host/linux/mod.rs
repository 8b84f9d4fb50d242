//! What `/proc`, `/sys` and `/etc` say.

mod cgroup;
mod container;
mod cpu;
mod facts;
mod libc;

pub(super) use facts::read;
