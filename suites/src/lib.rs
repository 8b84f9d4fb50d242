//! What is measured: manifests, datasets, preprocessing and metrics.
//!
//! A suite is a folder with a `suite.toml`. [`find()`] locates it, [`load()`] reads and checks it, [`Suite::verify`]
//! compares its files with their hashes, [`load_test_set`] prepares its inputs, and [`score`] and [`delta`] judge what
//! a model answered. Nothing here knows how a model is run.
//!
//! | module | idea |
//! |---|---|
//! | `manifest` | the schema of `suite.toml` |
//! | `check`, `stream`, `load` | a manifest becomes a [`Suite`] or an error with its place |
//! | `suite`, `models` | the checked suite, or one made of a user's own models |
//! | `find` | where suites are looked for |
//! | `verify` | hashes |
//! | `data`, `convert`, `random`, `user`, `npy`, `tensors` | inputs: from the test set, random, a user's own |
//! | `sample` | a fixed stratified subset |
//! | `metrics`, `delta`, `resample` | scores, differences and their intervals |

mod check;
mod convert;
mod data;
mod delta;
mod error;
mod find;
mod load;
mod manifest;
mod metrics;
mod models;
mod npy;
mod random;
mod resample;
mod sample;
mod stream;
mod suite;
mod template;
mod tensors;
mod user;
mod verify;

pub use data::{TestSet, load_test_set};
pub use delta::{DeltaFigures, delta};
pub use error::SuiteError;
pub use find::{MANIFEST_NAME, default_search, find, list};
pub use load::load;
pub use manifest::{
    DataTable, ExpectTable, FileTable, InputTable, Manifest, MeasureTable, MetricName, Precision, SCHEMA, StatePair,
    StreamTable, TaskTable, VariantTable, schema,
};
pub use metrics::{Judged, MetricError, Score, score};
pub use random::random_inputs;
pub use sample::stratified;
pub use suite::{Data, Golden, InputSpec, Stream, Suite, Task, Variant};
pub use template::template;
pub use tensors::{read_tensors, write_tensors};
pub use user::{user_arrays, user_inputs};
pub use verify::{sha256_file, verify_data, verify_variant};
