//! Loops that the compiler turns into whatever vectors it may use.

use std::hint::black_box;

use super::{BLOCK, Line, Stream, Triad};

pub(crate) fn stream() -> Stream {
    Stream {
        name: "portable",
        read,
        triad,
    }
}

fn read(buffer: &[Line], passes: u64) -> f32 {
    let mut sums = [Line([0.0; 16]); BLOCK];
    for _ in 0..passes {
        for block in black_box(buffer).as_chunks::<BLOCK>().0 {
            for (sum, line) in sums.iter_mut().zip(block) {
                for (sum, value) in sum.0.iter_mut().zip(line.0) {
                    *sum += value;
                }
            }
        }
    }
    sums.iter().flat_map(|sum| sum.0).sum()
}

fn triad(Triad { a, b, c, s }: Triad, passes: u64) {
    for _ in 0..passes {
        for ((a, b), c) in black_box(&mut *a).iter_mut().zip(b).zip(c) {
            for ((a, b), c) in a.0.iter_mut().zip(b.0).zip(c.0) {
                *a = b + s * c;
            }
        }
    }
}
