//! A page of its own, to be opened in a browser.

use edgebench_record::Record;

use super::{Format, FormatOptions};
use crate::ReportError;
use crate::html::{RunLinks, Templates, run_page};

/// The page of one run.
pub struct Html;

impl Format for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn meaning(&self) -> &'static str {
        "a page that needs no other file and no network"
    }

    /// [`ReportError::OnePage`] for more records than one.
    fn write(&self, records: &[&Record], options: &FormatOptions<'_>) -> Result<String, ReportError> {
        let [record] = records else {
            return Err(ReportError::OnePage(records.len()));
        };
        let links = RunLinks::default();
        match options.templates {
            Some(templates) => run_page(record, templates, &links, options.budget),
            None => run_page(record, &Templates::built_in()?, &links, options.budget),
        }
    }
}
