//! The protobuf wire format, as far as tests write it.

/// A field that holds bytes, text or a message.
pub(crate) fn field(tag: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = varint(u64::from(tag << 3 | 2));
    bytes.extend(varint(body.len() as u64));
    bytes.extend(body);
    bytes
}

/// A number of up to ten bytes.
pub(crate) fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}
