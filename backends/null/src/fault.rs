//! Faults on request.

use std::time::Duration;

use edgebench_api::BackendError;

/// Where a fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the load.
    Load,
    /// In that run, counted from 1.
    Run(u64),
}

impl Place {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == "load" {
            return Some(Self::Load);
        }
        let run = text.strip_prefix("run:")?.parse().ok()?;
        (run > 0).then_some(Self::Run(run))
    }
}

/// All faults asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    pub(crate) crash: Option<Place>,
    pub(crate) panic: Option<Place>,
    pub(crate) hang: Option<Place>,
    pub(crate) fail: Option<Place>,
}

impl Faults {
    /// Whether no run has a fault, so that runs need not be counted.
    pub(crate) fn none_in_runs(&self) -> bool {
        [self.crash, self.panic, self.hang, self.fail]
            .into_iter()
            .all(|place| !matches!(place, Some(Place::Run(_))))
    }

    pub(crate) fn at_load(&self) -> Result<(), BackendError> {
        self.at(Place::Load, BackendError::load)
    }

    pub(crate) fn at_run(&self, run: u64) -> Result<(), BackendError> {
        self.at(Place::Run(run), BackendError::run)
    }

    fn at(&self, here: Place, error: fn(String) -> BackendError) -> Result<(), BackendError> {
        let here = Some(here);
        if self.crash == here {
            std::process::abort();
        }
        assert!(self.panic != here, "a panic was asked for in the settings");
        if self.hang == here {
            loop {
                std::thread::sleep(Duration::from_hours(1));
            }
        }
        if self.fail == here {
            return Err(error("a failure was asked for in the settings".to_owned()));
        }
        Ok(())
    }
}
