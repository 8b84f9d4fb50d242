//! `NumPy`'s array files, as far as tensors need them.
//!
//! Source: `numpy.lib.format`, versions 1.0 to 3.0.

use std::io::{Cursor, Read};

use edgebench_api::{DType, Tensor};
use zip::ZipArchive;

/// Arrays together may take this many bytes: a small archive can unpack to any size.
const LARGEST: u64 = 1 << 32;

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Every array of an `.npz` archive, named as in it.
pub(crate) fn read_npz(bytes: &[u8]) -> Result<Vec<Tensor>, Fault> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    let mut left = LARGEST;
    let mut tensors = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index(index)?;
        let Some(name) = entry.name()?.strip_suffix(".npy").map(str::to_owned) else {
            continue;
        };
        let mut array = Vec::new();
        entry.take(left + 1).read_to_end(&mut array)?;
        left = left.checked_sub(array.len() as u64).ok_or("its arrays exceed 4 GiB")?;
        tensors.push(read_npy(&name, &array).map_err(|fault| format!("array `{name}`: {fault}"))?);
    }
    Ok(tensors)
}

/// The array of an `.npy` file.
pub(crate) fn read_npy(name: &str, bytes: &[u8]) -> Result<Tensor, Fault> {
    let rest = bytes
        .strip_prefix(b"\x93NUMPY")
        .ok_or("it does not begin as an array")?;
    let (header, data) = match rest {
        [1, _, a, b, rest @ ..] => rest.split_at_checked(usize::from(u16::from_le_bytes([*a, *b]))),
        [2 | 3, _, a, b, c, d, rest @ ..] => rest.split_at_checked(u32::from_le_bytes([*a, *b, *c, *d]) as usize),
        _ => return Err("its format version is not 1, 2 or 3".into()),
    }
    .ok_or("its header is cut off")?;
    let header = std::str::from_utf8(header)?;
    let descr = entry(header, "descr").ok_or("its header has no type")?;
    let descr = descr.split(['\'', '"']).nth(1).ok_or("its elements are records")?;
    let dtype = element_type(descr).ok_or_else(|| format!("its elements are `{descr}`, which is not read"))?;
    if entry(header, "fortran_order").is_none_or(|order| !order.starts_with("False")) {
        return Err("it is in column-major order: save numpy.ascontiguousarray of it".into());
    }
    let shape = entry(header, "shape")
        .and_then(|text| text.strip_prefix('('))
        .and_then(|text| text.split(')').next())
        .ok_or("its header has no shape")?;
    let extents = shape.split(',').map(str::trim).filter(|extent| !extent.is_empty());
    let shape: Vec<usize> = extents.map(str::parse).collect::<Result<_, _>>()?;
    let tensor = Tensor {
        name: name.to_owned(),
        dtype,
        shape,
        data: data.to_vec(),
    };
    tensor.view()?;
    Ok(tensor)
}

/// What stands after a key of the header, which is a Python dictionary of three known keys.
fn entry<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let (_, after) = header
        .split_once(&format!("'{key}'"))
        .or_else(|| header.split_once(&format!("\"{key}\"")))?;
    Some(after.trim_start().strip_prefix(':')?.trim_start())
}

fn element_type(descr: &str) -> Option<DType> {
    Some(match descr {
        "<f4" => DType::F32,
        "<f2" => DType::F16,
        "<f8" => DType::F64,
        "|i1" => DType::I8,
        "|u1" => DType::U8,
        "<i2" => DType::I16,
        "<u2" => DType::U16,
        "<i4" => DType::I32,
        "<u4" => DType::U32,
        "<i8" => DType::I64,
        "<u8" => DType::U64,
        "|b1" => DType::Bool,
        _ => return None,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    pub(crate) fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    pub(crate) fn npz(arrays: &[(&str, Vec<u8>)], compressed: bool) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let method = if compressed {
            zip::CompressionMethod::Deflated
        } else {
            zip::CompressionMethod::Stored
        };
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        for (name, bytes) in arrays {
            writer.start_file(format!("{name}.npy"), options).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn arrays_are_read() {
        let tensor = read_npy("x", &npy("<f4", "(2, 1)", &[0; 8])).unwrap();
        assert_eq!((tensor.dtype, tensor.shape.as_slice()), (DType::F32, [2, 1].as_slice()));
        assert_eq!(read_npy("x", &npy("|u1", "(3,)", &[1, 2, 3])).unwrap().data, [1, 2, 3]);
        assert!(read_npy("x", &npy("<i8", "()", &[0; 8])).unwrap().shape.is_empty());
    }

    #[test]
    fn what_is_not_read_is_said() {
        let said = |bytes: &[u8]| read_npy("x", bytes).unwrap_err().to_string();
        assert_eq!(
            said(&npy(">f4", "(1,)", &[0; 4])),
            "its elements are `>f4`, which is not read"
        );
        assert_eq!(said(b"PK"), "it does not begin as an array");
        assert!(said(&npy("<f4", "(3,)", &[0; 4])).contains("needs 12 bytes, not 4"));
        assert!(read_npy("x", &npy("<f4", "(99999999999999999999,)", &[])).is_err());
        assert!(read_npy("x", &npy("<f4", "(9223372036854775807, 4)", &[])).is_err());
    }

    #[test]
    fn archives_are_read_with_and_without_compression() {
        let arrays = [("a", npy("<f4", "(1,)", &[0; 4])), ("b", npy("<i4", "(2,)", &[0; 8]))];
        for compressed in [false, true] {
            let tensors = read_npz(&npz(&arrays, compressed)).unwrap();
            assert_eq!(
                tensors.iter().map(|tensor| tensor.name.as_str()).collect::<Vec<_>>(),
                ["a", "b"]
            );
        }
    }

    proptest! {
        #[test]
        fn damage_never_panics(at in 0_usize..400, value in any::<u8>(), length in 0_usize..400) {
            let whole = npz(&[("a", npy("<f4", "(1, 2)", &[0; 8]))], true);
            let mut changed = whole.clone();
            let at = at % changed.len();
            changed[at] = value;
            let _ = read_npz(&changed);
            let _ = read_npz(&whole[..length.min(whole.len())]);
            let mut array = npy("<f4", "(1, 2)", &[0; 8]);
            let at = at % array.len();
            array[at] = value;
            let _ = read_npy("x", &array);
            let _ = read_npy("x", &array[..length.min(array.len())]);
        }
    }
}
