//! A gate's record for people and for CI systems: pure functions of a [`edgebench_record::GateRecord`].
//!
//! | function | who reads it |
//! |---|---|
//! | [`table`] | a person at a terminal |
//! | [`markdown`] | a GitHub or GitLab comment, GitHub's step summary |
//! | [`annotations`] | GitHub's runner: workflow commands |
//! | [`junit()`] | GitLab, Jenkins, Azure, CircleCI: `JUnit` XML |

mod annotations;
mod junit;
mod markdown;
mod table;
mod words;

pub use annotations::{ANNOTATIONS_PER_LEVEL, annotations};
pub use junit::junit;
pub(crate) use markdown::hidden;
pub use markdown::{COMMENT_LIMIT, STEP_SUMMARY_LIMIT, markdown, marker};
pub use table::table;
