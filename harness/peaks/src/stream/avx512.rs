//! Vectors of 512 bits: one a line.

use std::arch::x86_64::{
    __m512, _mm512_add_ps, _mm512_fmadd_ps, _mm512_load_ps, _mm512_reduce_add_ps, _mm512_set1_ps, _mm512_setzero_ps,
    _mm512_store_ps,
};
use std::hint::black_box;

use super::{BLOCK, Line, Stream, Triad};

pub(crate) fn stream() -> Option<Stream> {
    is_x86_feature_detected!("avx512f").then_some(Stream {
        name: "AVX-512",
        // SAFETY: the processor has what `read` is compiled for, as the condition says.
        read: |buffer, passes| unsafe { read(buffer, passes) },
        // SAFETY: as above.
        triad: |buffers, passes| unsafe { triad(buffers, passes) },
    })
}

#[target_feature(enable = "avx512f")]
fn read(buffer: &[Line], passes: u64) -> f32 {
    let mut sums = [_mm512_setzero_ps(); BLOCK];
    for _ in 0..passes {
        for block in black_box(buffer).as_chunks::<BLOCK>().0 {
            for (sum, line) in sums.iter_mut().zip(block) {
                *sum = _mm512_add_ps(*sum, load(line));
            }
        }
    }
    sums.iter().map(|sum| _mm512_reduce_add_ps(*sum)).sum()
}

#[target_feature(enable = "avx512f")]
fn triad(Triad { a, b, c, s }: Triad, passes: u64) {
    let s = _mm512_set1_ps(s);
    for _ in 0..passes {
        let blocks = black_box(&mut *a).as_chunks_mut::<BLOCK>().0;
        for ((a, b), c) in blocks
            .iter_mut()
            .zip(b.as_chunks::<BLOCK>().0)
            .zip(c.as_chunks::<BLOCK>().0)
        {
            for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
                let sum = _mm512_fmadd_ps(load(c), s, load(b));
                // SAFETY: a line has 64 bytes and is aligned to them.
                unsafe { _mm512_store_ps(a.0.as_mut_ptr(), sum) };
            }
        }
    }
}

#[target_feature(enable = "avx512f")]
fn load(line: &Line) -> __m512 {
    // SAFETY: a line has 64 bytes and is aligned to them.
    unsafe { _mm512_load_ps(line.0.as_ptr()) }
}
