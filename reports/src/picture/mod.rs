//! Pictures of what a record holds: SVG with a title, axes with units, a text alternative, and the data behind it.
//!
//! A picture is a pure function of its record. Its colours are stand-ins (`canvas::ink`) that the page's style sheet
//! replaces, so that one drawing serves light, dark and print; what a colour tells, a shape, a label or a place tells
//! as well.
//!
//! | module | idea |
//! |---|---|
//! | `canvas` | stand-in colours, text sizes, an SVG that assistive technology can read |
//! | `axis` | ranges, ticks that read well, linear and logarithmic |
//! | `marks` | one shape per backend, labels that do not overlap |
//! | `latency` | the distribution of each cell's latencies, cold beside warm |
//! | `ecdf` | which share of the inferences took at most how long |
//! | `series` | one cell's samples over time, with warm-up and drift |
//! | `memory` | memory by phase and kind |
//! | `soak` | throughput and heat over minutes to hours |
//! | `sampled`, `drift` | which cells have samples, quantiles that a count supports, trends |
//! | `trade_off` | accuracy against latency, size and memory, with the Pareto front |
//! | `speed_up` | how much faster than the baseline variant, by variant and backend |
//! | `classes` | the change of accuracy by class |
//! | `devices` | one cell on several devices |
//! | `ranks` | which place each cell takes on each device, and where places overlap |
//! | `scaling` | throughput against threads |
//! | `grid`, `legend` | a table of fields; the row of marks above a chart |
//! | `front`, `spots` | the Pareto front; the marks and labels of cells that lie on one place |
//! | `batches` | which batch sizes have a picture of their own |
//! | `id`, `name` | ids that are unique on a page; names that are short and apart |
//! | `sound` | what of a stranger's figures can be drawn |

pub(crate) mod axis;
mod batches;
pub(crate) mod canvas;
mod classes;
mod devices;
mod drift;
mod ecdf;
mod front;
mod grid;
pub(crate) mod id;
mod latency;
pub(crate) mod legend;
pub(crate) mod marks;
mod memory;
pub(crate) mod name;
mod ranks;
mod sampled;
mod scaling;
mod series;
mod soak;
mod sound;
mod speed_up;
mod spots;
mod trade_off;

pub(crate) use crate::site::slug;
pub(crate) use axis::Unit;
pub(crate) use name::cell_id;
use serde::Serialize;
pub(crate) use sound::measured;

pub use classes::per_class;
pub use devices::across_devices;
pub use ecdf::ecdf;
pub use latency::latency;
pub use memory::memory;
pub use ranks::ranking_overlap;
pub use scaling::scaling;
pub use series::series;
pub use soak::soak;
pub use speed_up::speed_up;
pub use trade_off::trade_offs;

/// One picture, what it says in words, and the data behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Picture {
    /// Unique on its page: lower-case letters, digits and `-`, a letter first.
    pub id: String,
    /// What it is a picture of: plain text.
    pub title: String,
    /// The text alternative: what it shows and what stands out. Plain text.
    pub description: String,
    /// An `<svg>` element that is safe to put into a page as it stands.
    pub svg: String,
    /// What was drawn, as figures.
    pub data: Data,
}

/// A table of plain text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Data {
    /// The columns' headers, with units.
    pub headers: Vec<String>,
    /// As many words a row as there are headers.
    pub rows: Vec<Vec<String>>,
}

impl Picture {
    /// Puts a number before its id, for a page that has several of its kind.
    pub(crate) fn number(&mut self, number: usize) {
        let id = format!("p{number}-{}", self.id);
        self.svg = self
            .svg
            .replacen(&format!("\"{}-title\"", self.id), &format!("\"{id}-title\""), 2)
            .replacen(&format!("\"{}-desc\"", self.id), &format!("\"{id}-desc\""), 2);
        self.id = id;
    }
}

impl Data {
    /// A table with these headers.
    pub(crate) fn new(headers: &[&str]) -> Self {
        Self {
            headers: headers.iter().map(|&header| header.to_owned()).collect(),
            rows: Vec::new(),
        }
    }
}
