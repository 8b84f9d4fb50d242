//! Strings from strangers made harmless, and numbers in the unit that reads best.

/// One line of plain text: escape sequences and control characters are dropped, line breaks become spaces, and so do
/// the marks that reorder or hide text.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => skip_escape(&mut rest),
            '\n' | '\t' | '\r' => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c if c.is_control() || is_invisible(c) => {}
            c => out.push(c),
        }
    }
    out.trim().to_owned()
}

/// What follows an ESC: `[` up to a letter, `]` and its kin up to BEL or ESC `\`, or one character.
fn skip_escape(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match rest.next() {
        Some('[') => {
            for c in rest.by_ref() {
                if ('\u{40}'..='\u{7e}').contains(&c) {
                    break;
                }
            }
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(c) = rest.next() {
                if c == '\u{7}' || (c == '\u{1b}' && rest.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
        }
        _ => {}
    }
}

/// Marks that change the direction of text, and those of no width.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// [`plain`] text that Markdown takes literally, in a table's cell as well.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' | '`' | '*' | '\\' | '~' => {
                out.push('\\');
                out.push(c);
            }
            // Brackets alone are text; only with what follows are they a link.
            '(' if out.ends_with(']') => out.push_str("\\("),
            c => out.push(c),
        }
    }
    out
}

/// At most `limit` characters, the last of them `…` where something was cut off.
pub(crate) fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(limit.saturating_sub(1)).collect();
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

/// Three significant digits, and never an exponent.
pub(crate) fn significant(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 99.95 || v == 0.0 => 0,
        v if v >= 9.995 => 1,
        v if v >= 0.9995 => 2,
        v if v >= 0.09995 => 3,
        _ => 4,
    };
    format!("{value:.decimals$}")
}

/// A number with a real minus sign.
pub(crate) fn signed(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    if text.chars().all(|c| c == '0' || c == '.') {
        text
    } else if value < 0.0 {
        format!("−{text}")
    } else {
        format!("+{text}")
    }
}

/// The unit that a table's times are given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeUnit {
    /// Nanoseconds.
    Ns,
    /// Microseconds.
    Us,
    /// Milliseconds.
    Ms,
    /// Seconds.
    S,
}

impl TimeUnit {
    /// The unit in which the smallest of these times, in nanoseconds, still reads well.
    pub(crate) fn for_smallest(times_ns: impl IntoIterator<Item = f64>) -> Self {
        let smallest = times_ns.into_iter().fold(f64::INFINITY, f64::min);
        match smallest {
            ns if ns < 1e3 => Self::Ns,
            ns if ns < 1e5 => Self::Us,
            ns if ns < 1e9 || ns.is_infinite() => Self::Ms,
            _ => Self::S,
        }
    }

    /// Its symbol.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Ns => "ns",
            Self::Us => "µs",
            Self::Ms => "ms",
            Self::S => "s",
        }
    }

    /// A time in nanoseconds as a number in this unit.
    pub(crate) fn show(self, ns: f64) -> String {
        significant(match self {
            Self::Ns => ns,
            Self::Us => ns / 1e3,
            Self::Ms => ns / 1e6,
            Self::S => ns / 1e9,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_marks_go() {
        assert_eq!(plain("\u{1b}[31mred\u{1b}[0m"), "red");
        assert_eq!(plain("a\u{1b}]0;title\u{7}b"), "ab");
        assert_eq!(plain("a\u{1b}]8;;x\u{1b}\\b"), "ab");
        assert_eq!(plain("one\r\ntwo\tthree\u{0}"), "one two three");
        assert_eq!(plain("abc\u{202e}def\u{200b}"), "abcdef");
        assert_eq!(plain("\u{1b}"), "");
    }

    #[test]
    fn markdown_takes_escaped_text_literally() {
        assert_eq!(escaped("![a](b) [1, 2]"), "![a]\\(b) [1, 2]");
        assert_eq!(escaped("a|b`c`<d>"), "a\\|b\\`c\\`&lt;d&gt;");
    }

    #[test]
    fn numbers_have_three_digits() {
        assert_eq!(significant(0.21345), "0.213");
        assert_eq!(significant(9.999), "10.0");
        assert_eq!(significant(123.4), "123");
        assert_eq!(significant(0.0123), "0.0123");
        assert_eq!(signed(-0.21, 1), "−0.2");
        assert_eq!(signed(0.04, 1), "0.0");
        assert_eq!(signed(-0.04, 1), "0.0");
        assert_eq!(signed(1.25, 2), "+1.25");
    }

    #[test]
    fn times_share_the_unit_of_the_smallest() {
        assert_eq!(TimeUnit::for_smallest([2e5, 9e7]).show(2.1e5), "0.210");
        assert_eq!(TimeUnit::for_smallest([2e4, 9e7]).symbol(), "µs");
        assert_eq!(TimeUnit::for_smallest([]).symbol(), "ms");
    }

    #[test]
    fn long_text_is_cut_with_a_mark() {
        assert_eq!(shortened("abcdef", 4), "abc…");
        assert_eq!(shortened("abc", 4), "abc");
    }
}
