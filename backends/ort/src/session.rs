//! A loaded model.

use std::collections::BTreeMap;

use edgebench_api::{Arena, BackendError, LoadRequest, Session, SessionSpec, Slot, Tensor, TensorView};
use ort::ep::{CPU, ExecutionProvider};
use ort::memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType};
use ort::session::builder::SessionBuilder;
use ort::session::{IoBinding, Session as Runtime};
use ort::value::{DynTensorRef, DynValue};

use crate::arena::Functions;
use crate::failure;
use crate::library::Library;
use crate::options::Options;
use crate::tensor;

/// A model that ONNX Runtime has loaded.
#[derive(Debug)]
pub(crate) struct OrtSession {
    runtime: Runtime,
    spec: SessionSpec,
    // Absent where the library does not tell of its arena, or has been told to use none.
    arena: Option<Functions>,
    // The shape of each input, in the order of the spec: those that the model was loaded for.
    shapes: Vec<Vec<usize>>,
    // One binding per slot: it holds the slot's inputs, and the buffers that its outputs are written to. They are not
    // shared between slots: a value would have to be bound before its shape is known, and a model may declare its
    // outputs' shapes wrongly or not at all.
    slots: Vec<IoBinding>,
    // The last outputs, in the order of the spec. They share the buffers of their slot's binding.
    last: Vec<DynValue>,
}

impl OrtSession {
    /// Loads a model.
    ///
    /// # Errors
    /// Any [`BackendError`] but `Run`.
    pub(crate) fn load(request: &LoadRequest<'_>) -> Result<Self, BackendError> {
        Self::load_with(request, Ok)
    }

    /// The same, with something added to the session's options.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub(crate) fn load_with(
        request: &LoadRequest<'_>,
        add: impl FnOnce(SessionBuilder) -> ort::Result<SessionBuilder>,
    ) -> Result<Self, BackendError> {
        let options = Options::new(request.settings)?;
        let library = Library::open()?;
        let runtime = build(library, request, options, add).map_err(|error| failure::load(error, request.model))?;
        let spec = SessionSpec {
            inputs: runtime.inputs().iter().map(tensor::spec).collect::<Result<_, _>>()?,
            outputs: runtime.outputs().iter().map(tensor::spec).collect::<Result<_, _>>()?,
            state: Vec::new(),
            effective: effective(request, options),
        };
        let shapes = spec
            .inputs
            .iter()
            .map(|input| request.shape(input))
            .collect::<Result<_, _>>()?;
        let outputs = spec.outputs.len();
        Ok(Self {
            runtime,
            spec,
            arena: library.arena.filter(|_| options.memory_arena),
            shapes,
            slots: Vec::new(),
            last: Vec::with_capacity(outputs),
        })
    }

    /// Ends the profile that was asked for when the session was built, and gives the file's path.
    ///
    /// # Errors
    /// [`BackendError::Run`] when ONNX Runtime gives an error.
    pub(crate) fn end_profiling(&mut self) -> Result<String, BackendError> {
        self.runtime
            .end_profiling()
            .map_err(|error| failure::run(error, "ONNX Runtime gave no profile"))
    }

    fn bind(&self, inputs: &[TensorView<'_>]) -> Result<IoBinding, BackendError> {
        let values = inputs.iter().map(tensor::to_ort).collect::<Result<Vec<_>, _>>()?;
        let bind = || -> ort::Result<IoBinding> {
            let mut binding = self.runtime.create_binding()?;
            for (input, value) in inputs.iter().zip(&values) {
                binding.bind_input(input.name(), value)?;
            }
            let host = MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Device, MemoryType::CPUOutput)?;
            for output in &self.spec.outputs {
                binding.bind_output_to_device(output.name.as_str(), &host)?;
            }
            Ok(binding)
        };
        bind().map_err(|error| failure::run(error, "the inputs could not be bound"))
    }
}

fn build(
    library: &Library,
    request: &LoadRequest<'_>,
    options: Options,
    add: impl FnOnce(SessionBuilder) -> ort::Result<SessionBuilder>,
) -> ort::Result<Runtime> {
    let builder = Runtime::builder(&library.environment)?
        .with_optimization_level(options.graph_optimisation)?
        .with_intra_threads(request.settings.threads)?
        .with_inter_threads(1)?
        .with_parallel_execution(false)?
        .with_intra_op_spinning(options.spinning)?
        .with_memory_pattern(options.memory_pattern)?;
    let mut builder = add(builder)?;
    // The provider is not appended to the list: ONNX Runtime has it in every build. This only sets its allocator.
    CPU::default()
        .with_arena_allocator(options.memory_arena)
        .register(&mut builder)?;
    builder.commit_from_file(request.model)
}

/// The settings in effect. ONNX Runtime takes them and gives none of them back, so they are what it accepted.
fn effective(request: &LoadRequest<'_>, options: Options) -> BTreeMap<String, String> {
    let mut effective: BTreeMap<String, String> = options
        .effective()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    effective.insert("threads".to_owned(), request.settings.threads.to_string());
    effective.insert("inter_op_threads".to_owned(), "1".to_owned());
    effective.insert("execution_provider".to_owned(), CPU::NAME.to_owned());
    effective
}

impl Session for OrtSession {
    fn spec(&self) -> &SessionSpec {
        &self.spec
    }

    fn prepare(&mut self, inputs: &[TensorView<'_>]) -> Result<Slot, BackendError> {
        let inputs = self.spec.order_inputs(&self.shapes, inputs)?;
        let binding = self.bind(&inputs)?;
        self.slots.push(binding);
        Ok(Slot(self.slots.len() - 1))
    }

    fn run(&mut self, slot: Slot) -> Result<(), BackendError> {
        self.last.clear();
        let binding = self
            .slots
            .get(slot.0)
            .ok_or_else(|| BackendError::run(format!("there is no slot {}", slot.0)))?;
        let outputs = self
            .runtime
            .run_binding(binding)
            .map_err(|error| failure::run(error, "ONNX Runtime gave an error"))?;
        // The binding gives its outputs in the order in which they were bound: the spec's.
        self.last.extend(outputs.into_iter().map(|(_, value)| value));
        Ok(())
    }

    fn outputs(&mut self) -> Result<Vec<Tensor>, BackendError> {
        if self.last.is_empty() {
            return Err(BackendError::run("there are no outputs before the first inference"));
        }
        self.spec
            .outputs
            .iter()
            .zip(&self.last)
            .map(|(spec, value)| {
                let value: DynTensorRef<'_> = value
                    .view()
                    .downcast()
                    .map_err(|error| failure::run(error, format!("output `{}` is no tensor", spec.name)))?;
                tensor::from_ort(&spec.name, &value)
            })
            .collect()
    }

    fn clear(&mut self) {
        self.slots.clear();
        self.last.clear();
    }

    fn arena(&self) -> Option<Arena> {
        let host = MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Device, MemoryType::Default).ok()?;
        let allocator = Allocator::new(&self.runtime, host).ok()?;
        self.arena?.arena(&allocator)
    }
}
