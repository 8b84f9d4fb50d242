//! Vectors of 256 bits.

use std::arch::asm;
use std::arch::x86_64::{
    __m256, __m256i, _mm_loadl_epi64, _mm256_add_epi32, _mm256_cvtepi8_epi32, _mm256_cvtepi32_ps,
    _mm256_dpbusd_avx_epi32, _mm256_fmadd_ps, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16,
    _mm256_set1_epi16, _mm256_setzero_ps, _mm256_setzero_si256, _mm256_storeu_ps, _mm256_storeu_si256,
};
use std::hint::black_box;

use edgebench_api::ComputeKind;

use super::{Kernel, Operand};

/// Independent sums of a kernel that adds in one instruction: two a cycle that take up to five cycles need ten of the
/// sixteen registers.
const SUMS: usize = 12;
/// Of a kernel that multiplies, widens and adds apart. The sums wait for the addition alone, so fewer are enough.
const SHORT_SUMS: usize = 8;

pub(crate) fn kernels() -> Vec<Kernel> {
    let mut kernels = Vec::new();
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        kernels.push(Kernel {
            kind: ComputeKind::F32,
            instructions: "AVX2 FMA vfmadd231ps",
            elements: 8,
            products: SUMS,
            // SAFETY: the processor has what `f32` is compiled for, as the condition says.
            run: |rounds, a, b| unsafe { f32(rounds, a, b) },
        });
    }
    if is_x86_feature_detected!("avx2") {
        kernels.push(Kernel {
            kind: ComputeKind::Int8,
            instructions: "AVX2 vpmaddubsw, vpmaddwd, vpaddd",
            elements: 32,
            products: SHORT_SUMS,
            // SAFETY: the processor has what `int8` is compiled for, as the condition says.
            run: |rounds, a, b| unsafe { int8(rounds, a, b) },
        });
    }
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("avxvnni") {
        kernels.push(Kernel {
            kind: ComputeKind::Int8Dot,
            instructions: "AVX-VNNI vpdpbusd",
            elements: 32,
            products: SUMS,
            // SAFETY: the processor has what `int8_dot` is compiled for, as the condition says.
            run: |rounds, a, b| unsafe { int8_dot(rounds, a, b) },
        });
    }
    kernels
}

#[target_feature(enable = "avx2,fma")]
fn f32(rounds: u64, a: &Operand, b: &Operand) -> f64 {
    let (a, b) = (floats(a), floats(b));
    let mut sums = black_box([_mm256_setzero_ps(); SUMS]);
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = _mm256_fmadd_ps(a, b, *sum);
        }
    }
    sums.iter().map(|sum| total_of_floats(*sum)).sum()
}

#[target_feature(enable = "avx2")]
fn int8(rounds: u64, a: &Operand, b: &Operand) -> f64 {
    let (mut a, b) = (bytes(a), bytes(b));
    let ones = _mm256_set1_epi16(1);
    let mut sums = black_box([_mm256_setzero_si256(); SHORT_SUMS]);
    for _ in 0..rounds {
        for sum in &mut sums {
            // SAFETY: no instruction at all. It makes the operand unknown to the compiler, which would otherwise
            // multiply once and for all.
            unsafe { asm!("/* {0} */", inout(ymm_reg) a, options(pure, nomem, nostack, preserves_flags)) };
            let pairs = _mm256_maddubs_epi16(a, b);
            *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, ones));
        }
    }
    sums.iter().map(|sum| total_of_integers(*sum)).sum()
}

#[target_feature(enable = "avx2,avxvnni")]
fn int8_dot(rounds: u64, a: &Operand, b: &Operand) -> f64 {
    let (a, b) = (bytes(a), bytes(b));
    let mut sums = black_box([_mm256_setzero_si256(); SUMS]);
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = _mm256_dpbusd_avx_epi32(*sum, a, b);
        }
    }
    sums.iter().map(|sum| total_of_integers(*sum)).sum()
}

#[target_feature(enable = "avx2")]
fn floats(operand: &Operand) -> __m256 {
    // SAFETY: eight bytes are read of an operand that has more.
    let first = unsafe { _mm_loadl_epi64(operand.as_ptr().cast()) };
    _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(first))
}

#[target_feature(enable = "avx2")]
fn bytes(operand: &Operand) -> __m256i {
    // SAFETY: 32 bytes are read of an operand that has more, at any alignment.
    unsafe { _mm256_loadu_si256(operand.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
fn total_of_floats(vector: __m256) -> f64 {
    let mut lanes = [0.0_f32; 8];
    // SAFETY: the array is as large as the vector, and any alignment will do.
    unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), vector) };
    lanes.iter().map(|lane| f64::from(*lane)).sum()
}

#[target_feature(enable = "avx2")]
fn total_of_integers(vector: __m256i) -> f64 {
    let mut lanes = [0_i32; 8];
    // SAFETY: the array is as large as the vector, and any alignment will do.
    unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), vector) };
    lanes.iter().map(|lane| f64::from(*lane)).sum()
}
