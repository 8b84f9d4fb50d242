//! Many records as a small static site.
//!
//! | module | idea |
//! |---|---|
//! | `entry` | what is kept of a record once its own page is written |

mod entry;

pub use entry::{RunEntry, Sighting};
