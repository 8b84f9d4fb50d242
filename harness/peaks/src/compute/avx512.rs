//! Vectors of 512 bits.

use std::arch::asm;
use std::arch::x86_64::{
    __m512, __m512bh, __m512h, __m512i, _mm_loadu_si128, _mm256_castph_si256, _mm256_castsi256_ph, _mm512_add_epi32,
    _mm512_castph_si512, _mm512_castsi256_si512, _mm512_castsi512_ph, _mm512_castsi512_si256, _mm512_cvtepi8_epi32,
    _mm512_cvtepi32_ps, _mm512_cvtne2ps_pbh, _mm512_cvtxph_ps, _mm512_cvtxps_ph, _mm512_dpbf16_ps, _mm512_dpbusd_epi32,
    _mm512_extracti64x4_epi64, _mm512_fmadd_ph, _mm512_fmadd_ps, _mm512_inserti64x4, _mm512_loadu_si512,
    _mm512_madd_epi16, _mm512_maddubs_epi16, _mm512_reduce_add_ps, _mm512_set1_epi16, _mm512_setzero_ph,
    _mm512_setzero_ps, _mm512_setzero_si512, _mm512_storeu_si512,
};
use std::hint::black_box;

use edgebench_api::ComputeKind;

use super::{ELEMENTS, Kernel, Operand};

/// Independent sums: two instructions a cycle that take up to six cycles each.
const SUMS: usize = 12;

pub(crate) fn kernels() -> Vec<Kernel> {
    let mut kernels = Vec::new();
    if is_x86_feature_detected!("avx512f") {
        kernels.push(Kernel {
            kind: ComputeKind::F32,
            instructions: "AVX-512F vfmadd231ps",
            elements: 16,
            products: SUMS,
            // SAFETY: the processor has what `f32` is compiled for, as the condition says.
            run: |rounds, a, b| unsafe { f32(rounds, a, b) },
        });
    }
    if is_x86_feature_detected!("avx512fp16") {
        kernels.push(Kernel {
            kind: ComputeKind::F16,
            instructions: "AVX512-FP16 vfmadd231ph",
            elements: 32,
            products: SUMS,
            // SAFETY: the processor has what `f16` is compiled for, as the condition says.
            run: |rounds, a, b| unsafe { f16(rounds, a, b) },
        });
    }
    if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bf16") {
        kernels.push(Kernel {
            kind: ComputeKind::Bf16,
            instructions: "AVX512-BF16 vdpbf16ps",
            elements: 32,
            products: SUMS,
            // SAFETY: the processor has what `bf16` is compiled for, as the condition says.
            run: |rounds, a, b| unsafe { bf16(rounds, a, b) },
        });
    }
    if is_x86_feature_detected!("avx512bw") {
        kernels.push(Kernel {
            kind: ComputeKind::Int8,
            instructions: "AVX-512BW vpmaddubsw, vpmaddwd, vpaddd",
            elements: ELEMENTS,
            products: SUMS,
            // SAFETY: the processor has what `int8` is compiled for, as the condition says.
            run: |rounds, a, b| unsafe { int8(rounds, a, b) },
        });
    }
    if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni") {
        kernels.push(Kernel {
            kind: ComputeKind::Int8Dot,
            instructions: "AVX512-VNNI vpdpbusd",
            elements: ELEMENTS,
            products: SUMS,
            // SAFETY: the processor has what `int8_dot` is compiled for, as the condition says.
            run: |rounds, a, b| unsafe { int8_dot(rounds, a, b) },
        });
    }
    kernels
}

#[target_feature(enable = "avx512f")]
fn f32(rounds: u64, a: &Operand, b: &Operand) -> f64 {
    let (a, b) = (floats::<0>(a), floats::<0>(b));
    let mut sums = black_box([_mm512_setzero_ps(); SUMS]);
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = _mm512_fmadd_ps(a, b, *sum);
        }
    }
    sums.iter().map(|sum| f64::from(_mm512_reduce_add_ps(*sum))).sum()
}

#[target_feature(enable = "avx512f,avx512fp16")]
fn f16(rounds: u64, a: &Operand, b: &Operand) -> f64 {
    let (a, b) = (halves(a), halves(b));
    let mut sums = black_box([_mm512_setzero_ph(); SUMS]);
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = _mm512_fmadd_ph(a, b, *sum);
        }
    }
    sums.iter().map(|sum| total_of_halves(*sum)).sum()
}

#[target_feature(enable = "avx512f,avx512bf16")]
fn bf16(rounds: u64, a: &Operand, b: &Operand) -> f64 {
    let (a, b) = (brain_floats(a), brain_floats(b));
    let mut sums = black_box([_mm512_setzero_ps(); SUMS]);
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = _mm512_dpbf16_ps(*sum, a, b);
        }
    }
    sums.iter().map(|sum| f64::from(_mm512_reduce_add_ps(*sum))).sum()
}

#[target_feature(enable = "avx512f,avx512bw")]
fn int8(rounds: u64, a: &Operand, b: &Operand) -> f64 {
    let (mut a, b) = (bytes(a), bytes(b));
    let ones = _mm512_set1_epi16(1);
    let mut sums = black_box([_mm512_setzero_si512(); SUMS]);
    for _ in 0..rounds {
        for sum in &mut sums {
            // SAFETY: no instruction at all. It makes the operand unknown to the compiler, which would otherwise
            // multiply once and for all.
            unsafe { asm!("/* {0} */", inout(zmm_reg) a, options(pure, nomem, nostack, preserves_flags)) };
            let pairs = _mm512_maddubs_epi16(a, b);
            *sum = _mm512_add_epi32(*sum, _mm512_madd_epi16(pairs, ones));
        }
    }
    sums.iter().map(|sum| total_of_integers(*sum)).sum()
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn int8_dot(rounds: u64, a: &Operand, b: &Operand) -> f64 {
    let (a, b) = (bytes(a), bytes(b));
    let mut sums = black_box([_mm512_setzero_si512(); SUMS]);
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = _mm512_dpbusd_epi32(*sum, a, b);
        }
    }
    sums.iter().map(|sum| total_of_integers(*sum)).sum()
}

/// Sixteen elements from `FIRST` on.
#[target_feature(enable = "avx512f")]
fn floats<const FIRST: usize>(operand: &Operand) -> __m512 {
    let sixteen = &operand[FIRST..FIRST + 16];
    // SAFETY: 16 bytes are read of as many, at any alignment.
    _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(unsafe {
        _mm_loadu_si128(sixteen.as_ptr().cast())
    }))
}

#[target_feature(enable = "avx512f,avx512fp16")]
fn halves(operand: &Operand) -> __m512h {
    let low = _mm256_castph_si256(_mm512_cvtxps_ph(floats::<0>(operand)));
    let high = _mm256_castph_si256(_mm512_cvtxps_ph(floats::<16>(operand)));
    _mm512_castsi512_ph(_mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high))
}

#[target_feature(enable = "avx512f,avx512bf16")]
fn brain_floats(operand: &Operand) -> __m512bh {
    _mm512_cvtne2ps_pbh(floats::<16>(operand), floats::<0>(operand))
}

#[target_feature(enable = "avx512f")]
fn bytes(operand: &Operand) -> __m512i {
    // SAFETY: 64 bytes are read of as many, at any alignment.
    unsafe { _mm512_loadu_si512(operand.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f,avx512fp16")]
fn total_of_halves(vector: __m512h) -> f64 {
    let bits = _mm512_castph_si512(vector);
    let low = _mm512_cvtxph_ps(_mm256_castsi256_ph(_mm512_castsi512_si256(bits)));
    let high = _mm512_cvtxph_ps(_mm256_castsi256_ph(_mm512_extracti64x4_epi64::<1>(bits)));
    f64::from(_mm512_reduce_add_ps(low)) + f64::from(_mm512_reduce_add_ps(high))
}

#[target_feature(enable = "avx512f")]
fn total_of_integers(vector: __m512i) -> f64 {
    let mut lanes = [0_i32; 16];
    // SAFETY: the array is as large as the vector, and any alignment will do.
    unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), vector) };
    lanes.iter().map(|lane| f64::from(*lane)).sum()
}
