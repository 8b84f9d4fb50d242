//! Broadcasting and matrix products.

use crate::net::Node;

/// All shapes broadcast together, from the last dim on; `None` where one is unknown or they do not fit.
pub(crate) fn all<'a>(shapes: impl Iterator<Item = Option<&'a [u64]>>) -> Option<Vec<u64>> {
    let mut result: Option<Vec<u64>> = None;
    for shape in shapes {
        let shape = shape?;
        result = Some(match result {
            Some(known) => two(&known, shape)?,
            None => shape.to_vec(),
        });
    }
    result
}

fn two(a: &[u64], b: &[u64]) -> Option<Vec<u64>> {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let mut result = long.to_vec();
    for (have, &other) in result.iter_mut().rev().zip(short.iter().rev()) {
        match (*have, other) {
            (x, y) if x == y => {}
            (1, y) => *have = y,
            (_, 1) => {}
            _ => return None,
        }
    }
    Some(result)
}

/// The shape of a matrix product with broadcast leading dims; vectors are allowed on either side.
pub(crate) fn matmul(a: &[u64], b: &[u64]) -> Option<Vec<u64>> {
    let (a_lead, rows, a_inner) = match a {
        [] => return None,
        [inner] => (&[][..], None, *inner),
        [lead @ .., rows, inner] => (lead, Some(*rows), *inner),
    };
    let (b_lead, b_inner, columns) = match b {
        [] => return None,
        [inner] => (&[][..], *inner, None),
        [lead @ .., inner, columns] => (lead, *inner, Some(*columns)),
    };
    if a_inner != b_inner {
        return None;
    }
    let mut result = two(a_lead, b_lead)?;
    result.extend(rows);
    result.extend(columns);
    Some(result)
}

/// The shape of `Gemm`.
pub(super) fn gemm(node: &Node, a: &[u64], b: &[u64]) -> Option<Vec<u64>> {
    let (&[a0, a1], &[b0, b1]) = (a, b) else { return None };
    let m = if node.int("transA", 0) == 0 { a0 } else { a1 };
    let n = if node.int("transB", 0) == 0 { b1 } else { b0 };
    Some(vec![m, n])
}

/// The shape of `MatMulNBits`.
pub(super) fn matmul_nbits(node: &Node, a: &[u64]) -> Option<Vec<u64>> {
    let mut result = a.to_vec();
    *result.last_mut()? = u64::try_from(node.int("N", -1)).ok()?;
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::{all, matmul};

    #[test]
    fn broadcasts_from_the_right() {
        let shapes = |list: &[&'static [u64]]| all(list.iter().map(|shape| Some(*shape)));
        assert_eq!(shapes(&[&[1, 8, 4, 4], &[8, 1, 1]]), Some(vec![1, 8, 4, 4]));
        assert_eq!(shapes(&[&[5], &[2, 1]]), Some(vec![2, 5]));
        assert_eq!(shapes(&[&[3], &[2]]), None);
    }

    #[test]
    fn products_broadcast_their_leading_dims() {
        assert_eq!(matmul(&[2, 1, 3, 4], &[5, 4, 6]), Some(vec![2, 5, 3, 6]));
        assert_eq!(matmul(&[4], &[4]), Some(vec![]));
        assert_eq!(matmul(&[4], &[2, 4, 3]), Some(vec![2, 3]));
        assert_eq!(matmul(&[3, 4], &[3, 4]), None);
    }
}
