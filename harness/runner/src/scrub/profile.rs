//! The same for a profile.

use edgebench_record::{ProfileRecord, ProfiledCell};

use super::Scrub;

impl Scrub {
    /// Goes over all texts of a profile that can hold a path.
    pub(crate) fn profile(&self, record: &mut ProfileRecord) {
        let ProfileRecord {
            schema: _,
            id: _,
            started_at: _,
            finished_at: _,
            interrupted: _,
            tool,
            // Read from the system.
            host: _,
            suite,
            // Figures, and instructions of the processor.
            peaks: _,
            no_peaks,
            cells,
        } = record;
        self.texts(&mut tool.arguments);
        self.text(suite);
        self.texts(no_peaks);
        for cell in cells {
            let ProfiledCell {
                id,
                baseline: _,
                outcome,
                // A file's name, hashes and counts.
                model: _,
                runtime,
                effective,
                profile,
                tensors,
                no_tensors,
            } = cell;
            self.id(id);
            self.outcome(outcome);
            if let Some(probe) = runtime {
                self.probe(probe);
            }
            self.values(effective);
            if let Some(profile) = profile {
                // Operators are named after the model file.
                self.texts(&mut profile.remarks);
            }
            if let Some(tensors) = tensors {
                self.id(&mut tensors.reference);
                self.texts(&mut tensors.left_out);
            }
            self.texts(no_tensors);
        }
    }
}
