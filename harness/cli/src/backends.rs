//! The list of backends. Adding one is one line here, one feature and one dependency.

use edgebench_api::Backend;

/// Every backend in this binary. The first real one is the reference where a suite names none.
pub(crate) const BACKENDS: &[&dyn Backend] = &[
    #[cfg(feature = "ort")]
    &edgebench_ort::BACKEND,
    #[cfg(feature = "tract")]
    &edgebench_tract::BACKEND,
    #[cfg(feature = "candle")]
    &edgebench_candle::BACKEND,
    &edgebench_null::BACKEND,
];
