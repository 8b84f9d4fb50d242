//! Reading a buffer, and `a = b + s × c` over three, with the widest vectors that this processor has.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

/// What a cache holds at one address, mostly: the unit of every buffer, aligned as the widest vector wants it.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Line(pub(crate) [f32; 16]);

/// Bytes of a line.
pub(crate) const LINE: usize = size_of::<Line>();

/// Lines that a kernel takes at a time. What a buffer has beyond a multiple is left out by the kernels.
pub(crate) const BLOCK: usize = 8;

/// The loops over buffers of one instruction set.
#[derive(Clone, Copy)]
pub(crate) struct Stream {
    /// The instruction set.
    #[cfg_attr(not(test), expect(dead_code, reason = "names the kernels in the tests"))]
    pub(crate) name: &'static str,
    /// Reads the buffer so many times and gives the sum of all that was read.
    pub(crate) read: fn(&[Line], u64) -> f32,
    /// Makes `a = b + s × c` so many times. The buffers are of one length.
    pub(crate) triad: fn(Triad, u64),
}

/// The buffers of `a = b + s × c`.
pub(crate) struct Triad<'a> {
    /// What is written.
    pub(crate) a: &'a mut [Line],
    /// The summand.
    pub(crate) b: &'a [Line],
    /// The factor.
    pub(crate) c: &'a [Line],
    /// The other factor.
    pub(crate) s: f32,
}

/// The loops that this processor can run, the widest first.
fn streams() -> Vec<Stream> {
    let mut streams = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        streams.extend(avx512::stream());
        streams.extend(avx2::stream());
    }
    #[cfg(target_arch = "aarch64")]
    streams.extend(neon::stream());
    streams.push(portable::stream());
    streams
}

/// The widest.
pub(crate) fn widest() -> Stream {
    streams()[0]
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "sums of small whole numbers are exact")]
mod tests {
    use super::*;

    const LINES: usize = 3 * BLOCK;

    fn counted(first: usize) -> Vec<Line> {
        (0..LINES)
            .map(|line| Line(std::array::from_fn(|index| (first + (line * 16 + index) % 11) as f32)))
            .collect()
    }

    #[test]
    fn every_element_is_read_in_every_pass() {
        let buffer = counted(1);
        let once: f32 = buffer.iter().flat_map(|line| line.0).sum();
        for stream in streams() {
            assert_eq!((stream.read)(&buffer, 1), once, "{}", stream.name);
            assert_eq!((stream.read)(&buffer, 5), 5.0 * once, "{}", stream.name);
            assert_eq!((stream.read)(&[], 5), 0.0, "{}", stream.name);
        }
    }

    #[test]
    fn every_element_is_written() {
        let (b, c) = (counted(1), counted(4));
        for stream in streams() {
            let mut a = vec![Line([-1.0; 16]); LINES];
            (stream.triad)(
                Triad {
                    a: &mut a,
                    b: &b,
                    c: &c,
                    s: 3.0,
                },
                2,
            );
            for ((a, b), c) in a.iter().zip(&b).zip(&c) {
                for ((a, b), c) in a.0.iter().zip(b.0).zip(c.0) {
                    assert_eq!(*a, b + 3.0 * c, "{}", stream.name);
                }
            }
            (stream.triad)(
                Triad {
                    a: &mut a,
                    b: &b,
                    c: &c,
                    s: 3.0,
                },
                0,
            );
        }
    }

    #[test]
    fn buffers_of_unlike_lengths_are_left_where_they_end() {
        let (b, c) = (counted(1), counted(4));
        for stream in streams() {
            let mut a = vec![Line([-1.0; 16]); LINES];
            (stream.triad)(
                Triad {
                    a: &mut a,
                    b: &b[..BLOCK],
                    c: &c,
                    s: 3.0,
                },
                1,
            );
            assert!(a[BLOCK..].iter().all(|line| line.0 == [-1.0; 16]), "{}", stream.name);
        }
    }
}
