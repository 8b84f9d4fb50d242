//! What any processor can do, where none of the instruction sets that have a kernel is there.

use std::hint::black_box;

use edgebench_api::ComputeKind;

use super::{Kernel, Operand};

/// Ten vectors of 128 bits, as most compilers will see them.
const SUMS: usize = 40;

pub(crate) fn kernel() -> Kernel {
    Kernel {
        kind: ComputeKind::F32,
        instructions: "multiply and add as compiled",
        elements: SUMS,
        products: 1,
        run: f32,
    }
}

fn f32(rounds: u64, a: &Operand, b: &Operand) -> f64 {
    let a: [f32; SUMS] = std::array::from_fn(|index| f32::from(a[index]));
    let b: [f32; SUMS] = std::array::from_fn(|index| f32::from(b[index]));
    let mut sums = black_box([0.0_f32; SUMS]);
    for _ in 0..rounds {
        // Not known to the compiler, or it would multiply once and for all.
        let (a, b) = (black_box(&a), black_box(&b));
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().map(|sum| f64::from(*sum)).sum()
}
