//! What follows from a profile: where the time of an inference goes, how near that is to what the machine can do, and why
//! one cell is slower than another.
//!
//! Everything is a pure function of a [`ProfileRecord`](edgebench_record::ProfileRecord). The times are of profiled
//! inferences, which are no latencies.
//!
//! | module | idea |
//! |---|---|
//! | `sound` | figures that can be |
//! | `wires` | which operator reads what another one writes |
//! | `roofline` | operators and models under the machine's roofs |
//! | `fusions` | fusions that were missed |
//! | `efficiency` | what more threads bring to each operator |
//! | `derived` | all that follows from one cell |
//! | `align`, `diff` | two cells side by side, in segments that both have |
//! | `noise` | whether two differ by more than processes of one do |
//! | `names`, `causes`, `sentences` | why one is slower than the other |
//! | `document` | a difference as JSON |
//! | `compared` | inner tensors, in words |
//! | `text` | trees, tables and sentences for a terminal |
//! | `csv`, `folded`, `trace` | files for others: CSV, flame graphs, Perfetto |

mod align;
mod causes;
mod compared;
mod csv;
mod derived;
mod diff;
mod document;
mod efficiency;
mod folded;
mod fusions;
mod names;
mod noise;
mod page;
mod roofline;
mod sentences;
mod sound;
mod text;
mod trace;
mod wires;

pub use align::Alignment;
pub use causes::{Cause, CauseKind};
pub use csv::{OPERATOR_COLUMNS, operators_csv};
pub use derived::{
    ATTRIBUTED_WARN, DerivedCell, Fallback, HOT_SHARE, Level, OVERHEAD_WARN, OperatorFacts, QUANTISE_BAD,
    QUANTISE_WARN, SPREAD_HOT, Shares, derive,
};
pub use diff::{DiffSide, NoDiff, ProfileDiff, Profiled, Segment, SegmentKind, SegmentSide, diff, operators_in_words};
pub use document::{DIFF_SCHEMA, DiffDocument, diff_schema};
pub use efficiency::parallel_efficiency;
pub use folded::folded;
pub use fusions::{FusionPattern, MissedFusion};
pub use noise::Change;
pub use page::profile_page;
pub use roofline::{
    BEYOND, BoundClass, ModelRoof, NoRoof, OVERHEAD_BELOW, OperatorRoof, model_roof, operator_roof, peaks_for,
};
pub use sentences::{Explanation, Verdict, explain};
pub use text::{diff_table, findings, peaks_in_words, profile_table};
pub use trace::{TRACE_LIMIT, chrome_trace, chrome_trace_within};
