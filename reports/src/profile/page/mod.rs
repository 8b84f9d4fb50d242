//! The page of a profile: self-contained as all pages are.
//!
//! What is long is cut, and what is left out is said: a profile may have thousands of operators.
//!
//! | module | idea |
//! |---|---|
//! | `build` | the whole page, its head |
//! | `cell` | one cell |
//! | `shares` | where its time goes, in sentences and tables |
//! | `icicle` | the same as a picture |
//! | `roofline` | its operators under the machine's roofs, as a picture |
//! | `nodes` | its operators as a table |
//! | `tensors` | its inner tensors against another cell's |
//! | `differences`, `bars` | why one cell is slower than another, segment by segment |
//! | `words` | figures and names |

mod bars;
mod build;
mod cell;
mod differences;
mod icicle;
mod nodes;
mod roofline;
mod shares;
mod tensors;
mod words;

pub use build::profile_page;
