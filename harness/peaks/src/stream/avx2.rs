//! Vectors of 256 bits: two a line.

use std::arch::x86_64::{
    __m256, _mm256_add_ps, _mm256_fmadd_ps, _mm256_load_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_store_ps,
};
use std::hint::black_box;

use super::{BLOCK, Line, Stream, Triad};

/// Sums of a block: half as many as it has vectors, which leaves registers for what is loaded.
const SUMS: usize = BLOCK;

pub(crate) fn stream() -> Option<Stream> {
    (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Stream {
        name: "AVX2",
        // SAFETY: the processor has what `read` is compiled for, as the condition says.
        read: |buffer, passes| unsafe { read(buffer, passes) },
        // SAFETY: as above.
        triad: |buffers, passes| unsafe { triad(buffers, passes) },
    })
}

#[target_feature(enable = "avx2,fma")]
fn read(buffer: &[Line], passes: u64) -> f32 {
    let mut sums = [_mm256_setzero_ps(); SUMS];
    for _ in 0..passes {
        for block in black_box(buffer).as_chunks::<BLOCK>().0 {
            for (index, line) in block.iter().enumerate() {
                let [low, high] = load(line);
                let (first, second) = (index * 2 % SUMS, (index * 2 + 1) % SUMS);
                sums[first] = _mm256_add_ps(sums[first], low);
                sums[second] = _mm256_add_ps(sums[second], high);
            }
        }
    }
    sums.iter().map(|sum| total(*sum)).sum()
}

#[target_feature(enable = "avx2,fma")]
fn triad(Triad { a, b, c, s }: Triad, passes: u64) {
    let s = _mm256_set1_ps(s);
    for _ in 0..passes {
        let blocks = black_box(&mut *a).as_chunks_mut::<BLOCK>().0;
        for ((a, b), c) in blocks
            .iter_mut()
            .zip(b.as_chunks::<BLOCK>().0)
            .zip(c.as_chunks::<BLOCK>().0)
        {
            for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
                let ([b_low, b_high], [c_low, c_high]) = (load(b), load(c));
                store(
                    a,
                    [_mm256_fmadd_ps(c_low, s, b_low), _mm256_fmadd_ps(c_high, s, b_high)],
                );
            }
        }
    }
}

#[target_feature(enable = "avx2,fma")]
fn load(line: &Line) -> [__m256; 2] {
    let (low, high) = line.0.split_at(8);
    // SAFETY: half a line has 32 bytes and is aligned to them.
    unsafe { [_mm256_load_ps(low.as_ptr()), _mm256_load_ps(high.as_ptr())] }
}

#[target_feature(enable = "avx2,fma")]
fn store(line: &mut Line, values: [__m256; 2]) {
    let (low, high) = line.0.split_at_mut(8);
    // SAFETY: half a line has 32 bytes and is aligned to them.
    unsafe {
        _mm256_store_ps(low.as_mut_ptr(), values[0]);
        _mm256_store_ps(high.as_mut_ptr(), values[1]);
    }
}

#[target_feature(enable = "avx2,fma")]
fn total(vector: __m256) -> f32 {
    let mut half = Line([0.0; 16]);
    store(&mut half, [vector, _mm256_setzero_ps()]);
    half.0.iter().sum()
}
