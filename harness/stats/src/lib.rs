//! Statistics as pure functions on slices.
//!
//! Nothing here knows where a number came from. Every function gives `None` where its figure does not exist (no
//! samples, a NaN, a length that does not match), so that an absent figure never reaches a report as a zero.
//!
//! | module | idea |
//! |---|---|
//! | [`summary`] | minimum, mean, median, MAD, quantiles, geometric mean |
//! | [`early_stopping`] | which percentiles a number of samples supports (`MLPerf`) |
//! | [`interval`] | Student's t and Welch's intervals on logarithms |
//! | [`proportion`] | Wilson's interval, the paired table, Newcombe's interval |
//! | [`mcnemar`] | the paired test of accuracy and what it is able to see |
//! | [`bootstrap`] | a seeded percentile bootstrap |
//! | [`classification`] | top-1, macro F1, area under the ROC curve |
//! | [`tensor`] | how close two tensors are |

mod binomial;
pub mod bootstrap;
pub mod classification;
pub mod early_stopping;
pub mod interval;
pub mod mcnemar;
pub mod proportion;
pub mod summary;
pub mod tensor;

pub use bootstrap::bootstrap_interval;
pub use classification::{confusion, macro_f1, macro_f1_at, macro_f1_from_confusion, roc_auc, top1};
pub use early_stopping::{Percentile, early_stopping_percentile, required_samples};
pub use interval::{Interval, ratio_interval, t_interval_of_log};
pub use mcnemar::{mcnemar_exact, mcnemar_mid_p, paired_mde, samples_for_paired_mde};
pub use proportion::{PairedTable, newcombe_paired, paired_table, wilson};
pub use summary::{Summary, geometric_mean, median, quantile, summarise};
pub use tensor::{Closeness, closeness};
