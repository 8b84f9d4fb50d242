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
//! | [`difference`] | the difference of two means by Student's and Welch's tests |
//! | [`proportion`] | Wilson's interval, the paired table, Newcombe's interval |
//! | [`mcnemar`] | the paired test of accuracy and what it is able to see |
//! | [`bootstrap`] | a seeded percentile bootstrap, also of invocations and the samples within |
//! | [`classification`] | top-1, macro F1, area under the ROC curve |
//! | [`detectable`] | what effect a paired design sees, and how many restarts an effect takes |
//! | [`signed_rank`] | Wilcoxon's signed-rank test of pairs, its estimate and its interval |
//! | [`mod@rank_sum`] | the test of Mann and Whitney for two sets, its estimate and its interval |
//! | [`mod@holm`] | p-values of several tests, adjusted |
//! | [`repetitions`] | how often to repeat an experiment at each of its levels |
//! | [`mod@pelt`] | where a series changes |
//! | [`mod@change_points`] | where the level of a history changes |
//! | [`mod@steady_state`] | whether and from when on a series is steady |
//! | [`sequential`] | the live gate's decision |
//! | [`poisson`] | arrivals of a Poisson process, from a seed |
//! | [`kolmogorov`] | whether values follow a known distribution |
//! | [`queueing`] | what queueing theory says of waiting |
//! | [`rate_search`] | the highest rate that holds |
//! | [`turns`] | the log ratio of two sides that took turns |
//! | [`tensor`] | how close two tensors are |

mod binomial;
pub mod bootstrap;
pub mod change_points;
pub mod classification;
mod design;
pub mod detectable;
pub mod difference;
mod e_divisive;
pub mod early_stopping;
pub mod holm;
pub mod interval;
pub mod kolmogorov;
pub mod mcnemar;
mod pairwise;
pub mod pelt;
pub mod poisson;
pub mod proportion;
pub mod queueing;
pub mod rank_sum;
pub mod rate_search;
pub mod repetitions;
pub mod sequential;
pub mod signed_rank;
#[cfg(test)]
mod simulated;
pub mod steady_state;
pub mod summary;
pub mod tensor;
pub mod turns;

pub use bootstrap::{bootstrap_interval, hierarchical_ratio_interval};
pub use change_points::{ChangePoint, Significance, change_points};
pub use classification::{confusion, macro_f1, macro_f1_at, macro_f1_from_confusion, roc_auc, top1};
pub use detectable::{minimum_detectable_effect, restarts_for, robust_sd};
pub use difference::{MeanDifference, mean_difference, paired_mean_difference};
pub use early_stopping::{Percentile, bound_holds, early_stopping_percentile, required_samples};
pub use holm::holm;
pub use interval::{Interval, ratio_interval, t_interval_of_log};
pub use kolmogorov::{Fit, exponential_fit};
pub use mcnemar::{mcnemar_exact, mcnemar_mid_p, paired_mde, samples_for_paired_mde};
pub use pelt::{Cost, pelt};
pub use poisson::PoissonArrivals;
pub use proportion::{PairedTable, newcombe_paired, paired_table, wilson};
pub use queueing::md1_mean_wait;
pub use rank_sum::{RankSum, hodges_lehmann_shift, rank_sum, rank_sum_interval};
pub use rate_search::{RateSearch, Step};
pub use repetitions::{VarianceComponents, variance_components};
pub use signed_rank::{
    hodges_lehmann, signed_rank_greater, signed_rank_interval, signed_rank_lower, signed_rank_two_sided,
    signed_rank_upper,
};
pub use steady_state::{EQUAL_WITHIN, RunClass, SteadyState, steady_state};
pub use summary::{Summary, geometric_mean, median, quantile, summarise};
pub use tensor::{Closeness, ClosenessSums, closeness};
pub use turns::turn_log_ratio;
