//! Vectors of 128 bits on 64-bit Arm: four a line.

use std::arch::aarch64::{float32x4_t, vaddq_f32, vaddvq_f32, vdupq_n_f32, vfmaq_f32, vld1q_f32, vst1q_f32};
use std::arch::is_aarch64_feature_detected;
use std::hint::black_box;

use super::{BLOCK, Line, Stream, Triad};

/// Sums of a block: half as many as it has vectors, which leaves registers for what is loaded.
const SUMS: usize = 2 * BLOCK;

pub(crate) fn stream() -> Option<Stream> {
    is_aarch64_feature_detected!("neon").then_some(Stream {
        name: "NEON",
        // SAFETY: the processor has what `read` is compiled for, as the condition says.
        read: |buffer, passes| unsafe { read(buffer, passes) },
        // SAFETY: as above.
        triad: |buffers, passes| unsafe { triad(buffers, passes) },
    })
}

#[target_feature(enable = "neon")]
fn read(buffer: &[Line], passes: u64) -> f32 {
    let mut sums = [vdupq_n_f32(0.0); SUMS];
    for _ in 0..passes {
        for block in black_box(buffer).as_chunks::<BLOCK>().0 {
            for (index, line) in block.iter().enumerate() {
                for (quarter, value) in load(line).into_iter().enumerate() {
                    let sum = &mut sums[(index * 4 + quarter) % SUMS];
                    *sum = vaddq_f32(*sum, value);
                }
            }
        }
    }
    sums.iter().map(|sum| vaddvq_f32(*sum)).sum()
}

#[target_feature(enable = "neon")]
fn triad(Triad { a, b, c, s }: Triad, passes: u64) {
    let s = vdupq_n_f32(s);
    for _ in 0..passes {
        let blocks = black_box(&mut *a).as_chunks_mut::<BLOCK>().0;
        for ((a, b), c) in blocks
            .iter_mut()
            .zip(b.as_chunks::<BLOCK>().0)
            .zip(c.as_chunks::<BLOCK>().0)
        {
            for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
                let (b, c) = (load(b), load(c));
                for (quarter, a) in a.0.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                    let sum = vfmaq_f32(b[quarter], c[quarter], s);
                    // SAFETY: a quarter of a line has 16 bytes.
                    unsafe { vst1q_f32(a.as_mut_ptr(), sum) };
                }
            }
        }
    }
}

#[target_feature(enable = "neon")]
fn load(line: &Line) -> [float32x4_t; 4] {
    let [q0, q1, q2, q3] = line.0.as_chunks::<4>().0 else {
        return [vdupq_n_f32(0.0); 4];
    };
    // SAFETY: a quarter of a line has 16 bytes.
    unsafe {
        [
            vld1q_f32(q0.as_ptr()),
            vld1q_f32(q1.as_ptr()),
            vld1q_f32(q2.as_ptr()),
            vld1q_f32(q3.as_ptr()),
        ]
    }
}
