//! Multiply-accumulates in registers, one kernel per kind and instruction set.
//!
//! Every kernel multiplies the same two operands, element by element, and adds the products to its sums, round after
//! round. So its result says how many products it made: with operands of ones it is their number. The sums start from
//! values that the compiler does not know, since it could keep one for all if it saw that they are equal.

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

use edgebench_api::ComputeKind;

/// Elements of the widest vector: bytes of 512 bits. Kernels of wider elements take the first ones.
pub(crate) const ELEMENTS: usize = 64;
/// An operand's elements, converted to what the kernel multiplies.
pub(crate) type Operand = [i8; ELEMENTS];

/// A loop that does nothing but multiply and add.
pub(crate) struct Kernel {
    /// What it multiplies.
    pub(crate) kind: ComputeKind,
    /// With which instructions.
    pub(crate) instructions: &'static str,
    /// It takes the scalar product of the operands' first so many elements …
    pub(crate) elements: usize,
    /// … so many times in each round.
    pub(crate) products: usize,
    /// Makes so many rounds and gives the sum of all products. The first operand is not negative.
    pub(crate) run: fn(u64, &Operand, &Operand) -> f64,
}

impl Kernel {
    /// Multiply-accumulates of one round.
    pub(crate) fn macs(&self) -> u64 {
        (self.elements * self.products) as u64
    }
}

/// The kernels that this processor can run.
pub(crate) fn kernels() -> Vec<Kernel> {
    let mut kernels = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        kernels.extend(avx512::kernels());
        kernels.extend(avx2::kernels());
        kernels.extend(amx::kernels());
    }
    #[cfg(target_arch = "aarch64")]
    kernels.extend(neon::kernels());
    if !kernels.iter().any(|kernel| kernel.kind == ComputeKind::F32) {
        kernels.push(portable::kernel());
    }
    kernels
}

/// Why a kind without a kernel has none.
pub(crate) fn why_absent(kind: ComputeKind) -> String {
    let (name, looked_for) = match kind {
        ComputeKind::F32 => ("fp32", "AVX-512F, AVX2 with FMA or NEON"),
        ComputeKind::F16 => ("fp16", "AVX512-FP16 or NEON's half-precision arithmetic"),
        ComputeKind::Bf16 => ("bf16", "AVX512-BF16, AMX-BF16 or NEON's bfdot"),
        ComputeKind::Int8 => ("int8", "AVX-512BW, AVX2 or NEON"),
        ComputeKind::Int8Dot => (
            "int8 dot products",
            "AVX512-VNNI, AVX-VNNI, AMX-INT8, NEON's dotprod or i8mm",
        ),
    };
    format!("{name}: this processor does not have {looked_for}")
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "sums of small whole numbers are exact")]
mod tests {
    use super::*;

    /// Few enough that every sum is exact in its type: in fp16 up to 2048.
    const ROUNDS: u64 = 37;

    #[test]
    fn every_kernel_makes_as_many_products_as_it_says() {
        let ones = [1; ELEMENTS];
        for kernel in kernels() {
            let sum = (kernel.run)(ROUNDS, &ones, &ones);
            assert_eq!(sum, (ROUNDS * kernel.macs()) as f64, "{}", kernel.instructions);
        }
    }

    #[test]
    fn every_kernel_multiplies_its_operands() {
        let a: Operand = std::array::from_fn(|index| ((index * 5 + 1) % 7) as i8);
        let b: Operand = std::array::from_fn(|index| ((index * 3 + 2) % 5) as i8 - 2);
        for kernel in kernels() {
            let product: i32 = (0..kernel.elements)
                .map(|index| i32::from(a[index]) * i32::from(b[index]))
                .sum();
            assert_ne!(product, 0, "{} would pass with zeros", kernel.instructions);
            let expected = f64::from(product) * (ROUNDS * kernel.products as u64) as f64;
            assert_eq!((kernel.run)(ROUNDS, &a, &b), expected, "{}", kernel.instructions);
        }
    }

    #[test]
    fn the_portable_kernel_multiplies_too() {
        let kernel = portable::kernel();
        let (a, b) = ([2; ELEMENTS], [3; ELEMENTS]);
        assert_eq!((kernel.run)(5, &a, &b), (6 * 5 * kernel.macs()) as f64);
    }

    #[test]
    fn no_rounds_make_nothing() {
        for kernel in kernels() {
            assert_eq!(
                (kernel.run)(0, &[1; ELEMENTS], &[1; ELEMENTS]),
                0.0,
                "{}",
                kernel.instructions
            );
        }
    }
}
