//! How a record is laid out as text: objects over several lines, rows of numbers on one.

use std::io::{self, Write};

use serde_json::ser::Formatter;

const INDENT: &[u8] = b"  ";

/// Pretty-prints objects and keeps arrays without objects on one line, so that thousands of samples do not become
/// thousands of lines, and a record can still be read and compared with `diff`.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// The containers that are open, outermost first.
    open: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    is_array: bool,
    /// An object: whether it has a member. An array: whether it has an object.
    broken: bool,
}

impl Layout {
    fn new_line<W: ?Sized + Write>(writer: &mut W, depth: usize) -> io::Result<()> {
        writer.write_all(b"\n")?;
        (0..depth).try_for_each(|_| writer.write_all(INDENT))
    }

    fn close<W: ?Sized + Write>(&mut self, writer: &mut W, end: &[u8]) -> io::Result<()> {
        let broken = self.open.pop().is_some_and(|open| open.broken);
        if broken {
            Self::new_line(writer, self.open.len())?;
        }
        writer.write_all(end)
    }
}

impl Formatter for Layout {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open.push(Open {
            is_array: true,
            broken: false,
        });
        writer.write_all(b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b",") }
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let depth = self.open.len();
        if let Some(parent) = self.open.last_mut().filter(|parent| parent.is_array) {
            parent.broken = true;
            Self::new_line(writer, depth)?;
        }
        self.open.push(Open {
            is_array: false,
            broken: false,
        });
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        if let Some(object) = self.open.last_mut() {
            object.broken = true;
        }
        Self::new_line(writer, self.open.len())
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::{Value, json};

    use super::*;

    fn lay_out(value: &Value) -> String {
        let mut text = Vec::new();
        value
            .serialize(&mut serde_json::Serializer::with_formatter(
                &mut text,
                Layout::default(),
            ))
            .unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn numbers_stay_on_one_line_and_objects_do_not() {
        let value = json!({"a": [1, 2, 3], "b": [{"c": []}, {"d": {}}], "e": [[1], [2]]});
        let text = lay_out(&value);
        assert_eq!(
            text,
            "{\n  \"a\": [1,2,3],\n  \"b\": [\n    {\n      \"c\": []\n    },\n    {\n      \"d\": {}\n    }\n  ],\n  \"e\": [[1],[2]]\n}"
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
