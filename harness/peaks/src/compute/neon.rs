//! Vectors of 128 bits on 64-bit Arm. Where intrinsics are not stable, the instruction stands in assembly.

use std::arch::aarch64::{
    float16x8_t, float32x4_t, int8x16_t, int32x4_t, uint16x8_t, vaddq_f32, vaddvq_f32, vaddvq_s32, vcombine_f16,
    vcombine_s8, vcvt_f16_f32, vcvt_f32_f16, vcvtq_f32_s32, vdupq_n_f32, vdupq_n_s32, vfmaq_f16, vfmaq_f32,
    vget_high_f16, vget_low_f16, vget_low_s8, vget_low_s16, vld1q_s8, vld1q_u16, vmlal_high_s8, vmovl_high_s16,
    vmovl_s8, vmovl_s16, vmull_s8, vpadalq_s16,
};
use std::arch::{asm, is_aarch64_feature_detected};
use std::hint::black_box;

use edgebench_api::ComputeKind;

use super::{Kernel, Operand};

/// Independent sums: four instructions a cycle that take four cycles each.
const SUMS: usize = 16;

pub(crate) fn kernels() -> Vec<Kernel> {
    let mut kernels = Vec::new();
    if is_aarch64_feature_detected!("neon") {
        kernels.push(Kernel {
            kind: ComputeKind::F32,
            instructions: "NEON fmla (fp32)",
            elements: 4,
            products: SUMS,
            // SAFETY: the processor has what `f32` is compiled for, as the condition says.
            run: |rounds, a, b| unsafe { f32(rounds, a, b) },
        });
        kernels.push(Kernel {
            kind: ComputeKind::Int8,
            instructions: "NEON smull, smlal2, sadalp",
            elements: 16,
            products: SUMS,
            // SAFETY: the processor has what `int8` is compiled for, as the condition says.
            run: |rounds, a, b| unsafe { int8(rounds, a, b) },
        });
    }
    if is_aarch64_feature_detected!("fp16") {
        kernels.push(Kernel {
            kind: ComputeKind::F16,
            instructions: "NEON fmla (fp16)",
            elements: 8,
            products: SUMS,
            // SAFETY: the processor has what `f16` is compiled for, as the condition says.
            run: |rounds, a, b| unsafe { f16(rounds, a, b) },
        });
    }
    if is_aarch64_feature_detected!("bf16") {
        kernels.push(Kernel {
            kind: ComputeKind::Bf16,
            instructions: "NEON bfdot",
            elements: 8,
            products: SUMS,
            // SAFETY: the processor has what `bf16` is compiled for, as the condition says.
            run: |rounds, a, b| unsafe { bf16(rounds, a, b) },
        });
    }
    if is_aarch64_feature_detected!("dotprod") {
        kernels.push(Kernel {
            kind: ComputeKind::Int8Dot,
            instructions: "NEON dotprod sdot",
            elements: 16,
            products: SUMS,
            // SAFETY: the processor has what `int8_dot` is compiled for, as the condition says.
            run: |rounds, a, b| unsafe { int8_dot(rounds, a, b) },
        });
    }
    if is_aarch64_feature_detected!("i8mm") {
        kernels.push(Kernel {
            kind: ComputeKind::Int8Dot,
            instructions: "NEON i8mm smmla",
            // Two rows by two columns of eight.
            elements: 8,
            products: 4 * SUMS,
            // SAFETY: the processor has what `int8_matrix` is compiled for, as the condition says.
            run: |rounds, a, b| unsafe { int8_matrix(rounds, a, b) },
        });
    }
    kernels
}

#[target_feature(enable = "neon")]
fn f32(rounds: u64, a: &Operand, b: &Operand) -> f64 {
    let (a, b) = (floats(a)[0], floats(b)[0]);
    let mut sums = black_box([vdupq_n_f32(0.0); SUMS]);
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = vfmaq_f32(*sum, a, b);
        }
    }
    sums.iter().map(|sum| f64::from(vaddvq_f32(*sum))).sum()
}

#[target_feature(enable = "neon,fp16")]
fn f16(rounds: u64, a: &Operand, b: &Operand) -> f64 {
    let (a, b) = (halves(a), halves(b));
    let mut sums = black_box([halves(&[0; super::ELEMENTS]); SUMS]);
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = vfmaq_f16(*sum, a, b);
        }
    }
    let wide = |sum: float16x8_t| vaddq_f32(vcvt_f32_f16(vget_low_f16(sum)), vcvt_f32_f16(vget_high_f16(sum)));
    sums.iter().map(|sum| f64::from(vaddvq_f32(wide(*sum)))).sum()
}

#[target_feature(enable = "neon")]
fn int8(rounds: u64, a: &Operand, b: &Operand) -> f64 {
    let (mut a, b) = (bytes(a), bytes(b));
    let mut sums = black_box([vdupq_n_s32(0); SUMS]);
    for _ in 0..rounds {
        for sum in &mut sums {
            // SAFETY: no instruction at all. It makes the operand unknown to the compiler, which would otherwise
            // multiply once and for all.
            unsafe { asm!("/* {0:v} */", inout(vreg) a, options(pure, nomem, nostack, preserves_flags)) };
            let low = vmull_s8(vget_low_s8(a), vget_low_s8(b));
            *sum = vpadalq_s16(*sum, vmlal_high_s8(low, a, b));
        }
    }
    total_of_integers(&sums)
}

#[target_feature(enable = "neon,bf16")]
fn bf16(rounds: u64, a: &Operand, b: &Operand) -> f64 {
    let (a, b) = (brain_floats(a), brain_floats(b));
    let mut sums = black_box([vdupq_n_f32(0.0); SUMS]);
    for _ in 0..rounds {
        for sum in &mut sums {
            // SAFETY: it reads and writes registers alone, and the processor has it, as it has all that `bf16` wants.
            unsafe {
                asm!("bfdot {0:v}.4s, {1:v}.8h, {2:v}.8h", inout(vreg) *sum, in(vreg) a, in(vreg) b,
                    options(pure, nomem, nostack, preserves_flags));
            }
        }
    }
    sums.iter().map(|sum| f64::from(vaddvq_f32(*sum))).sum()
}

#[target_feature(enable = "neon,dotprod")]
fn int8_dot(rounds: u64, a: &Operand, b: &Operand) -> f64 {
    let (a, b) = (bytes(a), bytes(b));
    let mut sums = black_box([vdupq_n_s32(0); SUMS]);
    for _ in 0..rounds {
        for sum in &mut sums {
            // SAFETY: it reads and writes registers alone, and the processor has it, as it has all that `int8_dot` wants.
            unsafe {
                asm!("sdot {0:v}.4s, {1:v}.16b, {2:v}.16b", inout(vreg) *sum, in(vreg) a, in(vreg) b,
                    options(pure, nomem, nostack, preserves_flags));
            }
        }
    }
    total_of_integers(&sums)
}

#[target_feature(enable = "neon,i8mm")]
fn int8_matrix(rounds: u64, a: &Operand, b: &Operand) -> f64 {
    let twice = |operand| vcombine_s8(vget_low_s8(bytes(operand)), vget_low_s8(bytes(operand)));
    let (a, b) = (twice(a), twice(b));
    let mut sums = black_box([vdupq_n_s32(0); SUMS]);
    for _ in 0..rounds {
        for sum in &mut sums {
            // SAFETY: it reads and writes registers alone, and the processor has it, as it has all that `int8_matrix` wants.
            unsafe {
                asm!("smmla {0:v}.4s, {1:v}.16b, {2:v}.16b", inout(vreg) *sum, in(vreg) a, in(vreg) b,
                    options(pure, nomem, nostack, preserves_flags));
            }
        }
    }
    total_of_integers(&sums)
}

/// The first eight elements.
#[target_feature(enable = "neon")]
fn floats(operand: &Operand) -> [float32x4_t; 2] {
    let eight = vmovl_s8(vget_low_s8(bytes(operand)));
    [
        vcvtq_f32_s32(vmovl_s16(vget_low_s16(eight))),
        vcvtq_f32_s32(vmovl_high_s16(eight)),
    ]
}

#[target_feature(enable = "neon,fp16")]
fn halves(operand: &Operand) -> float16x8_t {
    let [low, high] = floats(operand);
    vcombine_f16(vcvt_f16_f32(low), vcvt_f16_f32(high))
}

/// The first eight elements: upper halves of 32-bit floats, exact for numbers this small.
#[target_feature(enable = "neon,bf16")]
fn brain_floats(operand: &Operand) -> uint16x8_t {
    let halves: [u16; 8] = std::array::from_fn(|index| (f32::from(operand[index]).to_bits() >> 16) as u16);
    // SAFETY: 16 bytes are read of as many.
    unsafe { vld1q_u16(halves.as_ptr()) }
}

#[target_feature(enable = "neon")]
fn bytes(operand: &Operand) -> int8x16_t {
    // SAFETY: 16 bytes are read of an operand that has more.
    unsafe { vld1q_s8(operand.as_ptr()) }
}

#[target_feature(enable = "neon")]
fn total_of_integers(sums: &[int32x4_t]) -> f64 {
    sums.iter().map(|sum| f64::from(vaddvq_s32(*sum))).sum()
}
