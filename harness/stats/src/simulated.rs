//! Seeded samples for tests.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// An endless stream of standard normal values.
pub(crate) struct Normals(ChaCha8Rng);

impl Normals {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// One value, by Box and Muller's transform.
    pub(crate) fn one(&mut self) -> f64 {
        let (u, v): (f64, f64) = (self.0.random(), self.0.random());
        (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    /// `n` values.
    pub(crate) fn many(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.one()).collect()
    }
}

/// The share of `trials` in which something happens.
pub(crate) fn share(trials: usize, mut happens: impl FnMut() -> bool) -> f64 {
    (0..trials).filter(|_| happens()).count() as f64 / trials as f64
}
