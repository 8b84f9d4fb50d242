//! A model file's static facts: inputs, outputs, operators, parameters; what one inference multiplies, moves and keeps.
//!
//! Nothing is run and no runtime is needed. Models come from strangers, so a file is first walked undecoded against
//! every cap (`scan`), then decoded with a subset of the ONNX schema (`proto`), then checked tensor by tensor; external
//! data is opened only inside the model's folder and never through a link.
#![forbid(unsafe_code)]

mod costs;
mod dtype;
mod dtypes;
mod error;
mod external;
mod graph;
mod loose;
mod net;
mod nodes;
mod proto;
mod scan;
mod shapes;
mod survey;
mod tap;
mod tensor;
mod weights;
mod zeros;

pub use costs::{Costs, OperatorCost, Peak, Totals};
pub use dtype::DType;
pub use error::GraphError;
pub use external::{ExternalFile, MAX_EXTERNAL_BYTES, MAX_EXTERNAL_FILES};
pub use graph::{Dim, Graph, Opset, ValueInfo, WeightBytes, decode, read};
pub use loose::{LooseTensor, read_tensor};
pub use nodes::{ConstantView, NodeView};
pub use scan::{MAX_DIMS, MAX_FILE_BYTES, MAX_INITIALISERS, MAX_NAME_BYTES, MAX_NESTING, MAX_NODES};
pub use tap::{InnerTensor, Keep, inner_tensors, tap};
