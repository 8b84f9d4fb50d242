//! What a device allows, and whether a cell is surely within it.
//!
//! | module | idea |
//! |---|---|
//! | `limit` | one metric and its bound, read from words |
//! | `error` | why a budget cannot be read |
//! | `fit` | a cell's figure and interval held against a limit |
//! | `profiles` | budgets of kinds of devices, each limit with its reason and source |

mod error;
mod fit;
mod limit;
mod profiles;

pub use error::BudgetError;
pub use fit::{Fit, Fitness, Standing, fit, fitness};
pub use limit::{Bound, Budget, Limit};
pub use profiles::{PROFILES, Profile, Reason, profile};
