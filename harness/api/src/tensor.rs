//! Dense row-major tensors as bytes.

use bytemuck::Pod;

use crate::DType;

/// A tensor that breaks its own description.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TensorError {
    /// The shape's product times the element size is not the number of bytes.
    #[error("tensor `{name}` of {dtype} with shape {shape:?} needs {needed} bytes, not {found}")]
    Length {
        /// The tensor's name.
        name: String,
        /// Its element type.
        dtype: DType,
        /// Its shape.
        shape: Vec<usize>,
        /// What the shape asks for; `usize::MAX` when the product overflows.
        needed: usize,
        /// What is there.
        found: usize,
    },
    /// Elements were asked for as a type that they are not.
    #[error("tensor `{name}` holds {found}, not {asked}")]
    DType {
        /// The tensor's name.
        name: String,
        /// What it holds.
        found: DType,
        /// What was asked for.
        asked: &'static str,
    },
}

/// A borrowed tensor: little-endian elements in row-major order. The leading axis is the sample.
#[derive(Debug, Clone, Copy)]
pub struct TensorView<'a> {
    name: &'a str,
    dtype: DType,
    shape: &'a [usize],
    data: &'a [u8],
}

impl<'a> TensorView<'a> {
    /// Describes bytes as a tensor.
    ///
    /// # Errors
    /// [`TensorError::Length`] when shape and bytes do not agree.
    pub fn new(name: &'a str, dtype: DType, shape: &'a [usize], data: &'a [u8]) -> Result<Self, TensorError> {
        let needed = shape
            .iter()
            .try_fold(dtype.size(), |product, &dim| product.checked_mul(dim))
            .unwrap_or(usize::MAX);
        if needed != data.len() {
            return Err(TensorError::Length {
                name: name.to_owned(),
                dtype,
                shape: shape.to_vec(),
                needed,
                found: data.len(),
            });
        }
        Ok(Self {
            name,
            dtype,
            shape,
            data,
        })
    }

    /// The tensor's name: for an input, the model's name of it.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The extents, outermost first.
    pub fn shape(&self) -> &'a [usize] {
        self.shape
    }

    /// The bytes. They need not be aligned to the element type.
    pub fn data(&self) -> &'a [u8] {
        self.data
    }

    /// Copies the elements out, whatever the alignment of the bytes. `T` must have the element type's size; the
    /// caller has matched on [`TensorView::dtype`].
    ///
    /// # Errors
    /// [`TensorError::DType`] when `T` has another size than the element type.
    pub fn to_vec<T: Pod>(&self) -> Result<Vec<T>, TensorError> {
        if size_of::<T>() != self.dtype.size() {
            return Err(TensorError::DType {
                name: self.name.to_owned(),
                found: self.dtype,
                asked: std::any::type_name::<T>(),
            });
        }
        Ok(bytemuck::pod_collect_to_vec(self.data))
    }

    /// Copies into an owned tensor.
    pub fn to_tensor(&self) -> Tensor {
        Tensor {
            name: self.name.to_owned(),
            dtype: self.dtype,
            shape: self.shape.to_vec(),
            data: self.data.to_vec(),
        }
    }
}

/// An owned tensor: little-endian elements in row-major order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// The tensor's name: for an output, the model's name of it.
    pub name: String,
    /// The element type.
    pub dtype: DType,
    /// The extents, outermost first.
    pub shape: Vec<usize>,
    /// The elements, little-endian; `shape` product × element size bytes.
    pub data: Vec<u8>,
}

impl Tensor {
    /// Makes a tensor from elements. `T` must be the Rust type of `dtype`.
    ///
    /// # Errors
    /// [`TensorError::Length`] when shape and elements do not agree.
    pub fn new<T: Pod>(
        name: impl Into<String>,
        dtype: DType,
        shape: impl Into<Vec<usize>>,
        elements: &[T],
    ) -> Result<Self, TensorError> {
        let tensor = Self {
            name: name.into(),
            dtype,
            shape: shape.into(),
            data: bytemuck::cast_slice(elements).to_vec(),
        };
        TensorView::new(&tensor.name, tensor.dtype, &tensor.shape, &tensor.data)?;
        Ok(tensor)
    }

    /// Borrows the tensor.
    ///
    /// # Errors
    /// [`TensorError::Length`] when the public fields were set to values that do not agree.
    pub fn view(&self) -> Result<TensorView<'_>, TensorError> {
        TensorView::new(&self.name, self.dtype, &self.shape, &self.data)
    }

    /// The elements as `f32`, widened or narrowed from the floating-point and integer types.
    ///
    /// # Errors
    /// [`TensorError::Length`] when shape and bytes do not agree.
    pub fn to_f32(&self) -> Result<Vec<f32>, TensorError> {
        let view = self.view()?;
        Ok(match self.dtype {
            DType::F32 => view.to_vec::<f32>()?,
            DType::F64 => widen(&view.to_vec::<f64>()?, |x| x as f32),
            DType::F16 => widen(&view.to_vec::<half::f16>()?, half::f16::to_f32),
            DType::Bf16 => widen(&view.to_vec::<half::bf16>()?, half::bf16::to_f32),
            DType::I8 => widen(&view.to_vec::<i8>()?, f32::from),
            DType::U8 | DType::Bool => widen(&view.to_vec::<u8>()?, f32::from),
            DType::I16 => widen(&view.to_vec::<i16>()?, f32::from),
            DType::U16 => widen(&view.to_vec::<u16>()?, f32::from),
            DType::I32 => widen(&view.to_vec::<i32>()?, |x| x as f32),
            DType::U32 => widen(&view.to_vec::<u32>()?, |x| x as f32),
            DType::I64 => widen(&view.to_vec::<i64>()?, |x| x as f32),
            DType::U64 => widen(&view.to_vec::<u64>()?, |x| x as f32),
        })
    }
}

fn widen<T: Copy>(elements: &[T], convert: impl Fn(T) -> f32) -> Vec<f32> {
    elements.iter().map(|&x| convert(x)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_that_does_not_fit_is_refused() {
        let error = TensorView::new("x", DType::F32, &[2, 3], &[0; 20]).unwrap_err();
        assert!(matches!(
            error,
            TensorError::Length {
                needed: 24,
                found: 20,
                ..
            }
        ));
        assert!(TensorView::new("x", DType::F64, &[usize::MAX, 2], &[]).is_err());
    }

    #[test]
    fn unaligned_bytes_are_read() {
        let mut bytes = vec![0u8];
        bytes.extend(1.5f32.to_le_bytes());
        let view = TensorView::new("x", DType::F32, &[1], &bytes[1..]).unwrap();
        assert_eq!(view.to_vec::<f32>().unwrap(), [1.5]);
        assert!(view.to_vec::<u8>().is_err());
    }

    #[test]
    fn halves_widen() {
        let x = Tensor::new("x", DType::F16, [2], &[half::f16::ONE, half::f16::NEG_ONE]).unwrap();
        assert_eq!(x.to_f32().unwrap(), [1.0, -1.0]);
    }
}
