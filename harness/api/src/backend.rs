//! The two traits that a runtime's adapter implements.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{BackendError, Bytes, Profiler, SessionSpec, Settings, Tensor, TensorSpec, TensorView};

/// A device that a runtime can use on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Device {
    /// The name that [`Settings::device`] takes.
    pub name: String,
    /// What it is, for people.
    pub description: String,
}

/// What of a runtime is installed on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Probe {
    /// The runtime's name for people, such as `ONNX Runtime`.
    pub runtime: String,
    /// The runtime's own version.
    pub version: String,
    /// The shared library that was opened; `None` for a runtime that is compiled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library: Option<String>,
    /// The devices it offers.
    pub devices: Vec<Device>,
    /// Further facts, such as the library's build information or where it was found.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
}

/// What to load and how.
#[derive(Debug, Clone, Copy)]
pub struct LoadRequest<'a> {
    /// The model file.
    pub model: &'a Path,
    /// Concrete shape of every input that is given, batch axis included, by input name. An input that is absent
    /// here has a fixed shape in the model.
    pub shapes: &'a BTreeMap<String, Vec<usize>>,
    /// Threads, batch, device, options.
    pub settings: &'a Settings,
}

impl LoadRequest<'_> {
    /// The shape that an input is loaded for: the one that is given, or the model's where it has no open axes.
    ///
    /// # Errors
    /// [`BackendError::Load`] when there is neither.
    pub fn shape(&self, input: &TensorSpec) -> Result<Vec<usize>, BackendError> {
        self.shapes
            .get(&input.name)
            .cloned()
            .or_else(|| input.shape.iter().copied().collect())
            .ok_or_else(|| BackendError::load(format!("input `{}` has open axes and no shape was given", input.name)))
    }
}

/// A set of prepared inputs, held by a session until [`Session::clear`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot(pub usize);

/// What a runtime's own arena holds: memory that it takes from the system in large pieces and gives out by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Arena {
    /// Given out now.
    pub in_use_bytes: Bytes,
    /// The most that was given out at once since the load.
    pub peak_in_use_bytes: Bytes,
    /// Taken from the system.
    pub reserved_bytes: Bytes,
}

/// An adapter to a runtime.
pub trait Backend: Sync {
    /// The name used in manifests, on the command line and in records: `ort`, `tract`, `candle`.
    fn name(&self) -> &'static str;

    /// Whether the runtime allocates through the program's own allocator, as one written in Rust does. Only then its
    /// allocations can be counted.
    fn allocates_in_rust(&self) -> bool {
        false
    }

    /// Environment that a worker must be started with for these settings, such as the size of a thread pool that is
    /// fixed once per process.
    fn environment(&self, settings: &Settings) -> Vec<(String, String)> {
        let _ = settings;
        Vec::new()
    }

    /// What is installed on this machine: version, library path, devices. Opens the runtime's library; loads no
    /// model.
    ///
    /// # Errors
    /// [`BackendError::Unavailable`] with a hint when the runtime is not here.
    fn probe(&self) -> Result<Probe, BackendError>;

    /// Parses, optimises, compiles and places a model. The whole call is the cell's load time; nothing is left lazy.
    ///
    /// # Errors
    /// Any [`BackendError`] but `Run`.
    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError>;

    /// The same, with each operator timed. The runtime may write to `folder`, which is empty and given to nobody else.
    ///
    /// # Errors
    /// As [`Backend::load`]; [`BackendError::Unsupported`] from a backend that does not profile.
    fn load_profiled(&self, request: &LoadRequest<'_>, folder: &Path) -> Result<Box<dyn Profiler>, BackendError> {
        let _ = (request, folder);
        Err(BackendError::Unsupported {
            what: format!("{} does not tell what its operators take", self.name()),
            operator: None,
            source: None,
        })
    }
}

/// A loaded model. It belongs to one thread.
pub trait Session {
    /// Inputs, outputs, and the settings in effect as read back from the runtime.
    fn spec(&self) -> &SessionSpec;

    /// Puts one set of inputs where the runtime wants them, and keeps it as a slot until [`Session::clear`]. Slots
    /// count up from 0. Timed as a copy.
    ///
    /// # Errors
    /// [`BackendError::Run`] when a name, dtype or shape does not fit the model.
    fn prepare(&mut self, inputs: &[TensorView<'_>]) -> Result<Slot, BackendError>;

    /// One inference on a slot: THE timed call. Returns when the outputs are complete on the device.
    ///
    /// # Errors
    /// [`BackendError::Run`], or [`BackendError::Unsupported`] where a runtime finds out only now what it lacks.
    fn run(&mut self, slot: Slot) -> Result<(), BackendError>;

    /// Copies the last outputs to the host, in the order of the spec. Timed as a copy.
    ///
    /// # Errors
    /// [`BackendError::Run`] before the first run since the session was loaded or cleared, or when the copy fails.
    fn outputs(&mut self) -> Result<Vec<Tensor>, BackendError>;

    /// Forgets all slots and the last outputs.
    fn clear(&mut self);

    /// What the runtime's own arena holds now; absent where there is none, or where the runtime does not tell.
    fn arena(&self) -> Option<Arena> {
        None
    }
}
