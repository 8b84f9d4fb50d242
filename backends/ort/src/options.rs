//! The options that this backend knows.

use edgebench_api::{BackendError, Settings};
use ort::session::builder::GraphOptimizationLevel;

/// Settings in ONNX Runtime's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Options {
    /// How far the graph is rewritten at load.
    pub(crate) graph_optimisation: GraphOptimizationLevel,
    /// Whether threads that wait for work spin.
    pub(crate) spinning: bool,
    /// Whether the CPU allocator keeps freed memory in an arena.
    pub(crate) memory_arena: bool,
    /// Whether one allocation is planned for all activations after the first inference.
    pub(crate) memory_pattern: bool,
}

impl Options {
    /// Reads the settings.
    ///
    /// # Errors
    /// [`BackendError::InvalidSetting`] for a device or an option that is not known.
    pub(crate) fn new(settings: &Settings) -> Result<Self, BackendError> {
        settings.require_cpu()?;
        let mut options = Self {
            graph_optimisation: GraphOptimizationLevel::All,
            spinning: true,
            memory_arena: true,
            memory_pattern: true,
        };
        for (name, value) in &settings.options {
            options
                .set(name, value)
                .map_err(|why| BackendError::invalid_setting(name, value, why))?;
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        match name {
            "graph_optimisation" => self.graph_optimisation = level(value)?,
            "spinning" => self.spinning = switch(value)?,
            "memory_arena" => self.memory_arena = switch(value)?,
            "memory_pattern" => self.memory_pattern = switch(value)?,
            _ => return Err("ort knows graph_optimisation, spinning, memory_arena and memory_pattern"),
        }
        Ok(())
    }

    /// The options by name, as they go into the effective settings.
    pub(crate) fn effective(self) -> [(&'static str, &'static str); 4] {
        let switch = |on| if on { "on" } else { "off" };
        [
            ("graph_optimisation", level_name(self.graph_optimisation)),
            ("spinning", switch(self.spinning)),
            ("memory_arena", switch(self.memory_arena)),
            ("memory_pattern", switch(self.memory_pattern)),
        ]
    }
}

fn level(value: &str) -> Result<GraphOptimizationLevel, &'static str> {
    match value {
        "disable" => Ok(GraphOptimizationLevel::Disable),
        "basic" => Ok(GraphOptimizationLevel::Level1),
        "extended" => Ok(GraphOptimizationLevel::Level2),
        "all" => Ok(GraphOptimizationLevel::All),
        _ => Err("it takes disable, basic, extended or all"),
    }
}

fn level_name(level: GraphOptimizationLevel) -> &'static str {
    match level {
        GraphOptimizationLevel::Disable => "disable",
        GraphOptimizationLevel::Level1 => "basic",
        GraphOptimizationLevel::Level2 => "extended",
        _ => "all",
    }
}

fn switch(value: &str) -> Result<bool, &'static str> {
    match value {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("it takes on or off"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Result<Options, BackendError> {
        Options::new(&Settings {
            options: [(name.to_owned(), value.to_owned())].into(),
            ..Settings::default()
        })
    }

    #[test]
    fn what_is_asked_is_what_is_told() {
        for value in ["disable", "basic", "extended", "all"] {
            let effective = with("graph_optimisation", value).unwrap().effective();
            assert!(effective.contains(&("graph_optimisation", value)));
        }
        for name in ["spinning", "memory_arena", "memory_pattern"] {
            assert!(with(name, "off").unwrap().effective().contains(&(name, "off")));
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for (name, value) in [("graph_optimisation", "some"), ("spinning", "true"), ("speed", "fast")] {
            let error = with(name, value).unwrap_err();
            assert!(matches!(error, BackendError::InvalidSetting { .. }), "{error}");
        }
        let gpu = Settings {
            device: "gpu".to_owned(),
            ..Settings::default()
        };
        assert!(matches!(Options::new(&gpu), Err(BackendError::InvalidSetting { .. })));
    }
}
