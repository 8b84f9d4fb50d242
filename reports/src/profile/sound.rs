//! Figures that can be: a profile from elsewhere may hold any number.

use edgebench_record::{CellProfile, Operator};

/// The longest time that is believed, in nanoseconds: three years. Sums of a million of them are still finite.
const LONGEST_NS: f64 = 1e17;

/// A time in nanoseconds that can be: at least 0, and of this world.
pub(crate) fn time(ns: f64) -> Option<f64> {
    // A negative 0 becomes a plain one.
    (0.0..=LONGEST_NS).contains(&ns).then_some(ns + 0.0)
}

/// The same above 0, so that there is a ratio to it: a thousandth of a nanosecond at least.
pub(crate) fn some_time(ns: f64) -> Option<f64> {
    time(ns).filter(|ns| *ns >= 1e-3)
}

/// Mean time of an operator in a typical inference; 0 where the record's figure cannot be, so that the time stays in what
/// is in no operator.
pub(crate) fn mean(operator: &Operator) -> f64 {
    time(operator.mean_ns).unwrap_or(0.0)
}

/// The sum of times. That of none is 0, and not the −0 that [`Iterator::sum`] begins with.
pub(crate) fn sum(times_ns: impl Iterator<Item = f64>) -> f64 {
    times_ns.fold(0.0, |sum, ns| sum + ns)
}

/// The operators' times together.
pub(crate) fn attributed(profile: &CellProfile) -> f64 {
    sum(profile.operators.iter().map(mean))
}

/// What of an inference is in no operator: its time less the operators', so that all of them add up to the time whatever
/// the record holds. Below 0 where operators ran side by side. `None` where the inference's time cannot be.
pub(crate) fn in_none(profile: &CellProfile) -> Option<f64> {
    Some(time(profile.wall_ns)? - attributed(profile))
}

/// What of that passes between two operators: never more than all of it.
pub(crate) fn between(profile: &CellProfile) -> f64 {
    let most = in_none(profile).unwrap_or(0.0).max(0.0);
    time(profile.between_ns).unwrap_or(0.0).min(most)
}

/// What of that is left.
pub(crate) fn unattributed(profile: &CellProfile) -> Option<f64> {
    Some(in_none(profile)? - between(profile))
}

/// Calls in one inference.
pub(crate) fn calls(operator: &Operator) -> Option<f64> {
    const MOST: f64 = 1e12;
    (0.0..=MOST).contains(&operator.calls).then_some(operator.calls + 0.0)
}

/// Bytes that an operator reads and writes; `None` where one of the two is not known.
pub(crate) fn bytes(operator: &Operator) -> Option<f64> {
    Some(operator.bytes_read? as f64 + operator.bytes_written? as f64)
}

/// Its multiply-accumulates: by the model file, or by the runtime's own count.
pub(crate) fn macs(operator: &Operator) -> Option<f64> {
    let macs = operator.macs.or(operator.runtime_macs)?;
    (macs > 0).then_some(macs as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_no_time() {
        for ns in [f64::NAN, f64::INFINITY, -1.0, 1e18] {
            assert_eq!((time(ns), some_time(ns)), (None, None), "{ns}");
        }
        assert_eq!((time(0.0), some_time(0.0)), (Some(0.0), None));
    }
}
