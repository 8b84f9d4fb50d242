//! Counts the elements that stand for zero.
//!
//! A float is zero whatever its sign. An integer is zero where it equals its zero point: the one that the operator
//! which reads the weights names, and otherwise 0. A block-quantised weight (`MatMulNBits`) is zero where it equals
//! its block's zero point; padding is not counted. Where the zero point cannot be told (it differs between channels,
//! is computed, or lies outside the model), the tensor's zeros are unknown and not guessed.

use crate::dtype::DType;
use crate::tensor::patterns;

/// How `MatMulNBits` packs a weight of `n` rows of `k` elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packing {
    pub(crate) n: u64,
    pub(crate) k: u64,
    pub(crate) bits: u32,
    pub(crate) block: u64,
}

impl Packing {
    /// The packing, where it is one that is understood: 2, 4 or 8 bits, a power of two of elements a block.
    pub(crate) fn new(n: i64, k: i64, bits: i64, block: i64) -> Option<Self> {
        let positive = |value: i64| u64::try_from(value).ok().filter(|&value| value > 0);
        let packing = Self {
            n: positive(n)?,
            k: positive(k)?,
            bits: u32::try_from(bits).ok().filter(|bits| matches!(bits, 2 | 4 | 8))?,
            block: positive(block).filter(|block| block.is_power_of_two() && (16..=65536).contains(block))?,
        };
        let padded = packing.blocks().checked_mul(packing.block)?.checked_mul(packing.n)?;
        padded.checked_mul(8).map(|_| packing)
    }

    /// Logical elements, without padding.
    pub(crate) fn elements(self) -> u64 {
        self.n * self.k
    }

    /// Bytes of the packed tensor, with padding.
    pub(crate) fn bytes(self) -> u64 {
        self.n * self.blocks() * self.block_bytes()
    }

    /// Bytes of the packed zero points.
    pub(crate) fn point_bytes(self) -> u64 {
        self.n * self.point_row_bytes()
    }

    /// The type of a logical element.
    pub(crate) fn dtype(self) -> DType {
        match self.bits {
            2 => DType::U2,
            4 => DType::U4,
            _ => DType::U8,
        }
    }

    fn blocks(self) -> u64 {
        self.k.div_ceil(self.block)
    }

    fn point_row_bytes(self) -> u64 {
        self.blocks().div_ceil(u64::from(8 / self.bits))
    }

    fn block_bytes(self) -> u64 {
        self.block * u64::from(self.bits) / 8
    }
}

/// Which elements of a tensor stand for zero.
#[derive(Clone, Copy)]
pub(crate) enum Zeros<'a> {
    /// Those equal to this bit pattern; for floats the pattern is 0 and the sign is ignored.
    Equal(u64),
    /// Those equal to their block's zero point. The points are packed like the weights, every row from a new byte;
    /// without them the middle of the range is zero.
    Blocks(Packing, Option<&'a [u8]>),
    /// Nobody can tell.
    Unknown,
}

impl<'a> Zeros<'a> {
    pub(crate) fn counter(self, dtype: DType, elements: u64) -> Counter<'a> {
        Counter {
            zeros: self,
            dtype,
            left: elements,
            block: 0,
            count: 0,
        }
    }
}

/// Counts over a tensor's bytes, which come in chunks that no element and no block straddles.
pub(crate) struct Counter<'a> {
    zeros: Zeros<'a>,
    dtype: DType,
    /// Elements not seen yet: the last byte of a packed tensor can hold padding.
    left: u64,
    block: u64,
    count: u64,
}

impl Counter<'_> {
    /// The zeros among the elements; `None` where zero has no meaning or cannot be told.
    pub(crate) fn count(&self) -> Option<u64> {
        let unknown = matches!(self.zeros, Zeros::Unknown)
            || matches!(self.dtype, DType::Undefined | DType::String | DType::F8E8M0);
        (!unknown).then_some(self.count)
    }

    pub(crate) fn add(&mut self, chunk: &[u8]) {
        match self.zeros {
            Zeros::Equal(pattern) => self.add_equal(chunk, pattern),
            Zeros::Blocks(packing, points) => self.add_blocks(chunk, packing, points),
            Zeros::Unknown => {}
        }
    }

    fn add_equal(&mut self, chunk: &[u8], pattern: u64) {
        let take = usize::try_from(self.left).unwrap_or(usize::MAX);
        let (seen, count) = match self.dtype {
            // An exponent alone has no zero.
            DType::Undefined | DType::String | DType::F8E8M0 => (0, 0),
            DType::F32 => words::<4>(chunk, take, |word| u32::from_le_bytes(word) << 1 == 0),
            DType::F16 | DType::Bf16 => words::<2>(chunk, take, |word| u16::from_le_bytes(word) << 1 == 0),
            DType::F64 => words::<8>(chunk, take, |word| u64::from_le_bytes(word) << 1 == 0),
            DType::Complex64 => words::<8>(chunk, take, |word| {
                u64::from_le_bytes(word) & 0x7fff_ffff_7fff_ffff == 0
            }),
            DType::Complex128 => words::<16>(chunk, take, |word| {
                u128::from_le_bytes(word) & 0x7fff_ffff_ffff_ffff_7fff_ffff_ffff_ffff == 0
            }),
            DType::F8E4M3Fn | DType::F8E5M2 => words::<1>(chunk, take, |[byte]| byte << 1 == 0),
            DType::U8 | DType::I8 | DType::Bool | DType::F8E4M3Fnuz | DType::F8E5M2Fnuz => {
                words::<1>(chunk, take, |[byte]| u64::from(byte) == pattern)
            }
            DType::U16 | DType::I16 => words::<2>(chunk, take, |word| u64::from(u16::from_le_bytes(word)) == pattern),
            DType::U32 | DType::I32 => words::<4>(chunk, take, |word| u64::from(u32::from_le_bytes(word)) == pattern),
            DType::U64 | DType::I64 => words::<8>(chunk, take, |word| u64::from_le_bytes(word) == pattern),
            DType::U4 | DType::I4 => packed(chunk, take, 4, 0xf, pattern),
            DType::F4E2M1 => packed(chunk, take, 4, 0x7, 0),
            DType::U2 | DType::I2 => packed(chunk, take, 2, 0x3, pattern),
            DType::F6E2M3 | DType::F6E3M2 => sixes(chunk, take),
        };
        self.left -= seen;
        self.count += count;
    }

    fn add_blocks(&mut self, chunk: &[u8], packing: Packing, points: Option<&[u8]>) {
        let per_byte = u64::from(8 / packing.bits);
        let row_bytes = packing.point_row_bytes();
        for block in chunk.chunks_exact(packing.block_bytes() as usize) {
            let (row, place) = (self.block / packing.blocks(), self.block % packing.blocks());
            let point = points.map_or(1 << (packing.bits - 1), |points| {
                let byte = points
                    .get((row * row_bytes + place / per_byte) as usize)
                    .copied()
                    .unwrap_or(0);
                u64::from(byte >> ((place % per_byte) as u32 * packing.bits)) & ((1 << packing.bits) - 1)
            });
            let real = (packing.k - place * packing.block).min(packing.block) as usize;
            self.count += patterns(block, packing.bits)
                .take(real)
                .filter(|&value| value == point)
                .count() as u64;
            self.block += 1;
        }
    }
}

fn words<const N: usize>(chunk: &[u8], take: usize, zero: impl Fn([u8; N]) -> bool) -> (u64, u64) {
    let words = &chunk.as_chunks::<N>().0;
    let words = &words[..take.min(words.len())];
    (
        words.len() as u64,
        words.iter().filter(|&&word| zero(word)).count() as u64,
    )
}

fn packed(chunk: &[u8], take: usize, bits: u32, mask: u64, pattern: u64) -> (u64, u64) {
    let (mut seen, mut count) = (0, 0);
    for value in patterns(chunk, bits).take(take) {
        seen += 1;
        count += u64::from(value & mask == pattern);
    }
    (seen, count)
}

/// Six-bit floats, a little-endian stream of bits: four to three bytes.
fn sixes(chunk: &[u8], take: usize) -> (u64, u64) {
    let all = (chunk.len() * 8 / 6).min(take);
    let zero = |place: usize| {
        let (byte, shift) = (place * 6 / 8, place * 6 % 8);
        let high = chunk.get(byte + 1).copied().unwrap_or(0);
        (u16::from_le_bytes([chunk[byte], high]) >> shift).trailing_zeros() >= 5
    };
    (all as u64, (0..all).filter(|&place| zero(place)).count() as u64)
}

#[cfg(test)]
mod tests {
    use super::{Packing, Zeros};
    use crate::dtype::DType;

    fn count(dtype: DType, elements: u64, zeros: Zeros<'_>, chunks: &[&[u8]]) -> u64 {
        let mut counter = zeros.counter(dtype, elements);
        for chunk in chunks {
            counter.add(chunk);
        }
        counter.count().unwrap()
    }

    #[test]
    fn both_float_zeros_count_and_tiny_numbers_do_not() {
        let bytes: Vec<u8> = [0.0_f32, -0.0, 1e-45, 1.0]
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        assert_eq!(count(DType::F32, 4, Zeros::Equal(0), &[&bytes]), 2);
        assert_eq!(count(DType::F16, 3, Zeros::Equal(0), &[&[0, 0, 0, 0x80, 1, 0]]), 2);
    }

    #[test]
    fn an_integer_is_zero_at_its_zero_point() {
        assert_eq!(count(DType::U8, 4, Zeros::Equal(128), &[&[0, 128], &[128, 1]]), 2);
        assert_eq!(count(DType::I8, 2, Zeros::Equal(0xff), &[&[0, 0xff]]), 1);
    }

    #[test]
    fn padding_of_packed_elements_is_not_counted() {
        // Three elements: 0, 5, 0; the high half of the second byte is padding.
        assert_eq!(count(DType::I4, 3, Zeros::Equal(0), &[&[0x50, 0x00]]), 2);
        assert_eq!(count(DType::U2, 5, Zeros::Equal(0), &[&[0b0100_0001, 0]]), 3);
        assert_eq!(count(DType::F6E2M3, 4, Zeros::Equal(0), &[&[0x20, 0, 0x04]]), 3);
    }

    #[test]
    fn block_quantised_weights_use_their_blocks_points_and_skip_padding() {
        // Two rows of 20 elements in blocks of 16: the second block of a row has 4 real elements.
        let packing = Packing::new(2, 20, 4, 16).unwrap();
        assert_eq!((packing.elements(), packing.bytes()), (40, 32));
        let all_eights = [0x88_u8; 32];
        assert_eq!(count(DType::U8, 32, Zeros::Blocks(packing, None), &[&all_eights]), 40);
        // Row 0: points 8 and 3; row 1: points 3 and 8.
        let points = [0x38, 0x83];
        assert_eq!(
            count(DType::U8, 32, Zeros::Blocks(packing, Some(&points)), &[&all_eights]),
            16 + 4
        );
        assert!(Packing::new(i64::MAX, i64::MAX, 4, 16).is_none());
    }
}
