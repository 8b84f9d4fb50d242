//! A suite made of models named on the command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use edgebench_api::DType;
use edgebench_graph::{Dim, Graph, ValueInfo};
use edgebench_runner::TaskInputs;
use edgebench_suites::{Golden, InputSpec, InputTable, Suite, sha256_file, user_inputs, write_tensors};
use tempfile::TempDir;

use crate::args::Selection;
use crate::arrays::{arrays, file_name};
use crate::failure::{Doing as _, Failure};
use crate::parse::Shape;

/// The suite, its inputs where a file holds them, and the batch size that the shapes settle.
pub(crate) struct Models {
    pub(crate) suite: Suite,
    pub(crate) inputs: BTreeMap<String, TaskInputs>,
    pub(crate) batch: Option<usize>,
    /// Keeps golden outputs that were given in another format than the runner reads.
    pub(crate) golden: Option<TempDir>,
}

/// Reads the models' inputs from the baseline's file and the flags.
pub(crate) fn models(args: &Selection) -> Result<Models, Failure> {
    let named: Vec<(String, PathBuf)> = args
        .model
        .iter()
        .map(|model| (model.id.clone(), model.path.clone()))
        .collect();
    let mut baseline = None;
    for (index, (_, path)) in named.iter().enumerate() {
        let graph = graph(path)?;
        if index == 0 {
            baseline = graph;
        }
    }
    let inputs = match &baseline {
        Some(graph) => from_graph(graph, &args.shape)?,
        None => from_shapes(&args.shape),
    };
    let leading = leading(&inputs, &args.batch)?;
    let mut tables = BTreeMap::new();
    let mut given = BTreeMap::new();
    match &args.inputs {
        Some(path) => {
            let specs: Vec<InputSpec> = inputs.iter().map(Input::spec).collect();
            let wanted = specs.iter().map(|spec| spec.name.as_str());
            let set = user_inputs(path, arrays(path, "input", wanted)?, &specs)?;
            let source = file_name(path);
            given.insert("model".to_owned(), TaskInputs { set, source });
        }
        None => {
            for input in &inputs {
                tables.insert(input.name.clone(), input.table()?);
            }
        }
    }
    let mut suite = Suite::from_models(&named, tables)?;
    for variant in suite.tasks.iter_mut().flat_map(|task| &mut task.variants) {
        let (sha256, _) = sha256_file(&variant.path).doing(format_args!("read `{}`", variant.path.display()))?;
        variant.sha256 = Some(sha256);
    }
    let golden = golden(args, baseline.as_ref(), &mut suite)?;
    Ok(Models {
        suite,
        inputs: given,
        batch: leading,
        golden,
    })
}

/// Gives models the outputs that `--golden` names for them. Outputs are named as the baseline names its own.
fn golden(args: &Selection, baseline: Option<&Graph>, suite: &mut Suite) -> Result<Option<TempDir>, Failure> {
    if args.golden.is_empty() {
        return Ok(None);
    }
    let outputs: Vec<&str> = baseline
        .iter()
        .flat_map(|graph| &graph.outputs)
        .map(|output| output.name.as_str())
        .collect();
    let folder = tempfile::tempdir().doing("make a temporary folder")?;
    for model in &args.golden {
        let variants = &mut suite.tasks[0].variants;
        let known: Vec<String> = variants.iter().map(|variant| variant.id.clone()).collect();
        let id = model.id.as_ref().unwrap_or(&known[0]);
        let Some(variant) = variants.iter_mut().find(|variant| variant.id == *id) else {
            return Err(
                Failure::new(format!("--golden names the model `{id}`, which is not there"))
                    .hint(format!("known models: {}", known.join(", "))),
            );
        };
        let mut tensors = arrays(&model.path, "output", outputs.iter().copied())?;
        if let ([name], [tensor]) = (outputs.as_slice(), tensors.as_mut_slice()) {
            (*name).clone_into(&mut tensor.name);
        }
        // The record names the file that was given.
        let place = folder.path().join(id);
        std::fs::create_dir_all(&place).doing("make a temporary folder")?;
        let path = place.join(file_name(&model.path));
        write_tensors(&tensors, &path)?;
        let (sha256, _) = sha256_file(&path).doing("read a temporary file")?;
        variant.golden = Some(Golden { path, sha256 });
    }
    Ok(Some(folder))
}

/// An input as far as the file and the flags say.
struct Input {
    name: String,
    dtype: DType,
    /// The batch axis; absent where the model leaves it open.
    leading: Option<usize>,
    /// The other extents.
    rest: Vec<Option<usize>>,
    /// The names of the open ones, for a message.
    open: Vec<String>,
}

impl Input {
    fn spec(&self) -> InputSpec {
        InputSpec {
            name: self.name.clone(),
            dtype: self.dtype,
            shape: self.rest.clone(),
        }
    }

    fn table(&self) -> Result<InputTable, Failure> {
        let shape: Option<Vec<usize>> = self.rest.iter().copied().collect();
        let shape = shape.ok_or_else(|| {
            Failure::new(format!("input `{}` leaves {} open", self.name, self.open.join(", "))).hint(format!(
                "state its shape, such as --shape {}={}",
                self.name,
                self.example()
            ))
        })?;
        Ok(InputTable {
            tensor: None,
            dtype: self.dtype,
            shape: Some(shape),
            scale: 1.0,
            offset: 0.0,
        })
    }

    /// Its shape with a number for every extent that the model leaves open.
    fn example(&self) -> String {
        [Some(self.leading.unwrap_or(1))]
            .into_iter()
            .chain(self.rest.iter().copied())
            .map(|extent| extent.unwrap_or(128).to_string())
            .collect::<Vec<_>>()
            .join("x")
    }
}

/// The model's static facts. Absent for a file that is no ONNX by its name, which a worker of its own may read.
fn graph(path: &Path) -> Result<Option<Graph>, Failure> {
    let onnx = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("onnx"));
    if onnx || !path.is_file() {
        return edgebench_graph::read(path).map(Some).map_err(|error| {
            let named = error.to_string().contains(&*path.to_string_lossy());
            let failure = Failure::from(error);
            if named {
                failure
            } else {
                failure.context(format!("the model `{}` cannot be used", path.display()))
            }
        });
    }
    Ok(edgebench_graph::read(path).ok())
}

fn from_graph(graph: &Graph, shapes: &[Shape]) -> Result<Vec<Input>, Failure> {
    for shape in shapes {
        if graph.inputs.iter().all(|input| input.name != shape.name) {
            let names: Vec<&str> = graph.inputs.iter().map(|input| input.name.as_str()).collect();
            return Err(Failure::new(format!("the model has no input `{}`", shape.name))
                .hint(format!("its inputs are {}", names.join(", "))));
        }
    }
    graph
        .inputs
        .iter()
        .map(|input| from_value(input, shapes.iter().find(|shape| shape.name == input.name)))
        .collect()
}

fn from_value(value: &ValueInfo, shape: Option<&Shape>) -> Result<Input, Failure> {
    let name = value.name.clone();
    let dtype: DType = value.dtype.to_string().parse().map_err(|_| {
        Failure::new(format!("input `{name}` holds {}, which cannot be fed", value.dtype))
            .hint("models whose inputs are dense tensors of numbers can be measured")
    })?;
    let fixed = |dim: &Dim| match dim {
        Dim::Fixed(extent) => usize::try_from(*extent).ok(),
        Dim::Symbol(_) | Dim::Unknown => None,
    };
    let stated: Vec<Option<usize>> = value.dims.iter().map(fixed).collect();
    let extents = match shape {
        Some(shape) => {
            let fits = !value.shaped
                || (stated.len() == shape.extents.len()
                    && stated
                        .iter()
                        .zip(&shape.extents)
                        .all(|(stated, asked)| stated.is_none_or(|stated| stated == *asked)));
            if !fits {
                return Err(Failure::new(format!(
                    "--shape {name}={} does not fit the model, whose input is {}",
                    shape
                        .extents
                        .iter()
                        .map(ToString::to_string)
                        .collect::<Vec<_>>()
                        .join("x"),
                    shown(value)
                ))
                .hint("name extents that the model leaves open, and give the others as they are"));
            }
            shape.extents.iter().copied().map(Some).collect()
        }
        None if !value.shaped => {
            return Err(Failure::new(format!("the model gives no shape for input `{name}`"))
                .hint(format!("state it, such as --shape {name}=1x3x224x224")));
        }
        None => stated,
    };
    let Some((&leading, rest)) = extents.split_first() else {
        return Err(Failure::new(format!(
            "input `{name}` is a single number and has no axis for samples"
        )));
    };
    let open = value
        .dims
        .iter()
        .enumerate()
        .skip(1)
        .filter(|(_, dim)| fixed(dim).is_none())
        .map(|(axis, dim)| match dim {
            Dim::Symbol(symbol) => format!("`{symbol}`"),
            _ => format!("axis {axis}"),
        })
        .collect();
    Ok(Input {
        name,
        dtype,
        leading,
        rest: rest.to_vec(),
        open,
    })
}

/// Without a file that tells, inputs are single-precision and as the flags say.
fn from_shapes(shapes: &[Shape]) -> Vec<Input> {
    shapes
        .iter()
        .filter_map(|shape| {
            let (&leading, rest) = shape.extents.split_first()?;
            Some(Input {
                name: shape.name.clone(),
                dtype: DType::F32,
                leading: Some(leading),
                rest: rest.iter().copied().map(Some).collect(),
                open: Vec::new(),
            })
        })
        .collect()
}

/// The batch size that the inputs settle; one that contradicts `--batch` is an error.
fn leading(inputs: &[Input], batch: &[usize]) -> Result<Option<usize>, Failure> {
    let settled = inputs
        .iter()
        .find_map(|input| input.leading.map(|leading| (input, leading)));
    let Some((input, leading)) = settled else {
        return Ok(None);
    };
    match batch.iter().find(|&&batch| batch != leading) {
        Some(batch) => Err(Failure::new(format!(
            "--batch {batch} does not fit input `{}`, whose leading axis is {leading}",
            input.name
        ))
        .hint("give a --shape without that batch, or export the model with an open leading axis")),
        None => Ok(Some(leading)),
    }
}

/// A value's shape for people: `[N, 3, 224, 224]`.
pub(crate) fn shown(value: &ValueInfo) -> String {
    if !value.shaped {
        return "of no stated shape".to_owned();
    }
    let dims: Vec<String> = value
        .dims
        .iter()
        .map(|dim| match dim {
            Dim::Fixed(extent) => extent.to_string(),
            Dim::Symbol(symbol) => crate::parse::one_line(symbol),
            Dim::Unknown => "?".to_owned(),
        })
        .collect();
    if dims.is_empty() {
        "a single number".to_owned()
    } else {
        format!("[{}]", dims.join(", "))
    }
}
