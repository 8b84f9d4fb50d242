//! A field of CSV.

use super::plain;

/// [`plain`] text as a field that no spreadsheet takes for a formula: an apostrophe goes before a `=`, `+`, `-` or `@`
/// that begins it, in full width as well, whatever blanks and quotes stand before that. Some spreadsheets part fields
/// at semicolons, so that the same holds after each.
///
/// For text alone: a column of numbers keeps its minus signs. Source: OWASP, CSV Injection.
pub(crate) fn field(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut begins = true;
    for c in plain(text).chars() {
        match c {
            ';' => begins = true,
            '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' if begins => {
                // Before the blanks and quotes too, for those may be taken off.
                let field = out.rfind(';').map_or(0, |semicolon| semicolon + 1);
                out.insert(field, '\'');
                begins = false;
            }
            '"' | '\'' => {}
            c if c.is_whitespace() => {}
            _ => begins = false,
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_text() {
        for formula in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(1)",
            "＝1",
            "＋1",
            "－1",
            "＠A",
            "\t=1",
            "\"=1",
            "'=1",
            " \u{a0}\"=1",
        ] {
            let field = field(formula);
            assert!(field.starts_with('\''), "{field}");
            assert_eq!(field.strip_prefix('\''), Some(&*plain(formula)));
        }
        assert_eq!(field("a; =1;b;-2"), "a;' =1;b;'-2");
    }

    #[test]
    fn other_text_is_as_it_was() {
        for text in [
            "int8-static",
            "a=b",
            "SQNR −3.1 dB, -2 at least",
            "'quoted'",
            "1e309",
            "a;b",
        ] {
            assert_eq!(field(text), text);
        }
    }
}
