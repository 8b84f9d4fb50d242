//! The options that this backend knows.

use edgebench_api::{BackendError, Settings};

/// How far a model is taken before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Types and shapes are known, and nothing is rewritten.
    Typed,
    /// Rewritten into tract's simplest operators.
    Decluttered,
    /// Decluttered, and lowered to the kernels of this processor.
    Optimised,
}

impl Stage {
    /// Reads the settings.
    ///
    /// # Errors
    /// [`BackendError::InvalidSetting`] for a device or an option that is not known.
    pub(crate) fn new(settings: &Settings) -> Result<Self, BackendError> {
        settings.require_cpu()?;
        let mut stage = Self::Optimised;
        for (name, value) in &settings.options {
            stage = Self::of_option(name, value).map_err(|why| BackendError::invalid_setting(name, value, why))?;
        }
        Ok(stage)
    }

    fn of_option(name: &str, value: &str) -> Result<Self, &'static str> {
        match (name, value) {
            ("optimisation", "typed") => Ok(Self::Typed),
            ("optimisation", "decluttered") => Ok(Self::Decluttered),
            ("optimisation", "optimised") => Ok(Self::Optimised),
            ("optimisation", _) => Err("it takes typed, decluttered or optimised"),
            _ => Err("tract knows optimisation alone"),
        }
    }

    /// The name that the option takes.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Typed => "typed",
            Self::Decluttered => "decluttered",
            Self::Optimised => "optimised",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Result<Stage, BackendError> {
        Stage::new(&Settings {
            options: [(name.to_owned(), value.to_owned())].into(),
            ..Settings::default()
        })
    }

    #[test]
    fn stages_have_names() {
        for value in ["typed", "decluttered", "optimised"] {
            assert_eq!(with("optimisation", value).unwrap().name(), value);
        }
        assert_eq!(Stage::new(&Settings::default()).unwrap(), Stage::Optimised);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for (name, value) in [("optimisation", "fast"), ("spinning", "on")] {
            assert!(matches!(with(name, value), Err(BackendError::InvalidSetting { .. })));
        }
        let gpu = Settings {
            device: "gpu".to_owned(),
            ..Settings::default()
        };
        assert!(matches!(Stage::new(&gpu), Err(BackendError::InvalidSetting { .. })));
    }
}
