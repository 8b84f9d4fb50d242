//! Element types that an ONNX file can name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The type of a tensor's elements, as `TensorProto.DataType` in the ONNX schema numbers them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DType {
    /// No element type is given, or the value is no dense tensor (a sequence, a map, an optional).
    #[default]
    Undefined,
    /// IEEE 754 single precision.
    F32,
    /// Unsigned 8 bits.
    U8,
    /// Signed 8 bits.
    I8,
    /// Unsigned 16 bits.
    U16,
    /// Signed 16 bits.
    I16,
    /// Signed 32 bits.
    I32,
    /// Signed 64 bits.
    I64,
    /// Text of any length.
    String,
    /// One byte, 0 or 1.
    Bool,
    /// IEEE 754 half precision.
    F16,
    /// IEEE 754 double precision.
    F64,
    /// Unsigned 32 bits.
    U32,
    /// Unsigned 64 bits.
    U64,
    /// Two single-precision numbers.
    Complex64,
    /// Two double-precision numbers.
    Complex128,
    /// bfloat16.
    Bf16,
    /// 8 bits: 4 exponent, 3 mantissa, no infinities.
    F8E4M3Fn,
    /// 8 bits: 4 exponent, 3 mantissa, no infinities, no negative zero.
    F8E4M3Fnuz,
    /// 8 bits: 5 exponent, 2 mantissa.
    F8E5M2,
    /// 8 bits: 5 exponent, 2 mantissa, no infinities, no negative zero.
    F8E5M2Fnuz,
    /// Unsigned 4 bits, two elements a byte.
    U4,
    /// Signed 4 bits, two elements a byte.
    I4,
    /// 4 bits: 2 exponent, 1 mantissa, two elements a byte.
    F4E2M1,
    /// 8 bits of exponent: a scale that has no zero.
    F8E8M0,
    /// Unsigned 2 bits, four elements a byte.
    U2,
    /// Signed 2 bits, four elements a byte.
    I2,
    /// 6 bits: 2 exponent, 3 mantissa.
    F6E2M3,
    /// 6 bits: 3 exponent, 2 mantissa.
    F6E3M2,
}

impl DType {
    /// Every type; its place is its number in the ONNX schema.
    pub const ALL: [Self; 29] = [
        Self::Undefined,
        Self::F32,
        Self::U8,
        Self::I8,
        Self::U16,
        Self::I16,
        Self::I32,
        Self::I64,
        Self::String,
        Self::Bool,
        Self::F16,
        Self::F64,
        Self::U32,
        Self::U64,
        Self::Complex64,
        Self::Complex128,
        Self::Bf16,
        Self::F8E4M3Fn,
        Self::F8E4M3Fnuz,
        Self::F8E5M2,
        Self::F8E5M2Fnuz,
        Self::U4,
        Self::I4,
        Self::F4E2M1,
        Self::F8E8M0,
        Self::U2,
        Self::I2,
        Self::F6E2M3,
        Self::F6E3M2,
    ];

    /// The type that the ONNX schema gives this number, if it gives one.
    pub fn from_onnx(number: i32) -> Option<Self> {
        Self::ALL.get(usize::try_from(number).ok()?).copied()
    }

    /// The number that the ONNX schema gives the type.
    pub fn onnx(self) -> i32 {
        // The types are declared in the schema's order.
        self as i32
    }

    /// The name used in tables and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Undefined => "undefined",
            Self::F32 => "f32",
            Self::U8 => "u8",
            Self::I8 => "i8",
            Self::U16 => "u16",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::String => "string",
            Self::Bool => "bool",
            Self::F16 => "f16",
            Self::F64 => "f64",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::Complex64 => "complex64",
            Self::Complex128 => "complex128",
            Self::Bf16 => "bf16",
            Self::F8E4M3Fn => "f8e4m3fn",
            Self::F8E4M3Fnuz => "f8e4m3fnuz",
            Self::F8E5M2 => "f8e5m2",
            Self::F8E5M2Fnuz => "f8e5m2fnuz",
            Self::U4 => "u4",
            Self::I4 => "i4",
            Self::F4E2M1 => "f4e2m1",
            Self::F8E8M0 => "f8e8m0",
            Self::U2 => "u2",
            Self::I2 => "i2",
            Self::F6E2M3 => "f6e2m3",
            Self::F6E3M2 => "f6e3m2",
        }
    }

    /// Bits that one element takes in a file; `None` where elements have no fixed size (strings, undefined).
    pub fn bits(self) -> Option<u32> {
        Some(match self {
            Self::Undefined | Self::String => return None,
            Self::U2 | Self::I2 => 2,
            Self::U4 | Self::I4 | Self::F4E2M1 => 4,
            Self::F6E2M3 | Self::F6E3M2 => 6,
            Self::U8
            | Self::I8
            | Self::Bool
            | Self::F8E4M3Fn
            | Self::F8E4M3Fnuz
            | Self::F8E5M2
            | Self::F8E5M2Fnuz
            | Self::F8E8M0 => 8,
            Self::U16 | Self::I16 | Self::F16 | Self::Bf16 => 16,
            Self::F32 | Self::I32 | Self::U32 => 32,
            Self::F64 | Self::I64 | Self::U64 | Self::Complex64 => 64,
            Self::Complex128 => 128,
        })
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::DType;

    #[test]
    fn numbers_are_those_of_the_schema() {
        assert_eq!(DType::from_onnx(1), Some(DType::F32));
        assert_eq!(DType::from_onnx(10), Some(DType::F16));
        assert_eq!(DType::from_onnx(16), Some(DType::Bf16));
        assert_eq!(DType::from_onnx(22), Some(DType::I4));
        assert_eq!(DType::from_onnx(26), Some(DType::I2));
        assert_eq!(DType::from_onnx(29), None);
        assert_eq!(DType::from_onnx(-1), None);
        for dtype in DType::ALL {
            assert_eq!(DType::from_onnx(dtype.onnx()), Some(dtype));
        }
    }

    #[test]
    fn serialised_names_are_the_names() {
        for dtype in DType::ALL {
            assert_eq!(
                serde_json::to_value(dtype).unwrap(),
                serde_json::Value::from(dtype.name())
            );
        }
    }
}
