//! Self-contained pages: no request to anywhere, nothing that a record brings can run.
//!
//! | module | idea |
//! |---|---|
//! | `templates` | the templates, replaceable; style and script allowed by their hashes alone |
//! | `run` | the page of one run |
//! | `fits` | what fits a budget |
//! | `table` | tables that can be sorted and filtered |

mod fits;
mod run;
mod table;
mod templates;

pub(crate) use run::Crumb;
pub(crate) use run::advised_page;
pub use run::{RunLinks, run_page};
pub(crate) use table::{Field, Header, Row, Table};
pub use templates::Templates;
