//! JSON that a terminal shows and does not obey.

use std::fmt::Write as _;

use super::plain::is_unseen;

/// JSON with the control characters and those that nobody sees or that reorder text as `\u` escapes, beside line breaks
/// between its parts. It reads back as it was: outside of strings JSON has none of them.
pub(crate) fn escaped_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && (c.is_control() || is_unseen(c) || matches!(c, '\u{2028}' | '\u{2029}')) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_reads_back() {
        let text = "a\u{9b}2J\u{7f}\u{1b}[0m\u{202e}b\u{2028}\u{e0041}日本 é\n";
        let json = escaped_json(&serde_json::to_string_pretty(&[text]).expect("text is JSON"));
        assert_eq!(
            json,
            "[\n  \"a\\u009b2J\\u007f\\u001b[0m\\u202eb\\u2028\\udb40\\udc41日本 é\\n\"\n]"
        );
        assert_eq!(serde_json::from_str::<[String; 1]>(&json).expect("it is JSON"), [text]);
    }
}
