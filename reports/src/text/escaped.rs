//! Text that Markdown takes literally.

use std::fmt::Write as _;

use super::plain;

/// An `@` that is in no text with what stands beside it, so that it makes no address and no mention.
const AT: &str = "<span>@</span>";

/// [`plain`] text that Markdown takes literally, at the start of a line and in a table's cell as well, with as few marks
/// more as that takes: it is read in terminals too.
///
/// What parsers of GitHub's Markdown make a link of without being asked (`https://…`, `www.…`) or a reference (`#1`) has
/// one character written as a reference to it, as in `https&#58;//…`. Addresses and mentions are looked for once that
/// is undone, so that their `@` stands in a `<span>`. GitHub looks for references anew as well, in comments: [`literal`]
/// is for those.
pub fn escaped(text: &str) -> String {
    written(text, false)
}

/// [`escaped`] text for a comment on GitHub or GitLab. They look for mentions, references, links, emoji and formulas in
/// what Markdown has become, each in one piece of text, so that the character that begins one stands in a `<span>` and
/// is a piece of its own; nobody sees that.
pub fn literal(text: &str) -> String {
    written(text, true)
}

/// A name that reads the same in a terminal and in a document's table: as it is, or between backticks where Markdown would
/// take it for something else. [`escaped`] where backticks do not help.
pub(crate) fn code(text: &str) -> String {
    let text = plain(text);
    let escaped = escaped(&text);
    if escaped == text || text.contains(['`', '|']) || text.contains("##") {
        escaped
    } else {
        format!("`{text}`")
    }
}

fn written(text: &str, in_comment: bool) -> String {
    let text = plain(text);
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let start = start_mark(&chars);
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| chars[before]);
        let rest = &chars[at + 1..];
        if in_comment && begins_reference(c, &chars[..at], rest) {
            let _ = match c {
                '&' => write!(out, "<span>&amp;</span>"),
                c => write!(out, "<span>\\{c}</span>"),
            };
            continue;
        }
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' if is_word(rest.first().copied()) => out.push_str(AT),
            ':' if rest.starts_with(&['/', '/']) => out.push_str("&#58;"),
            ':' if is_emoji(rest) => out.push_str("\\:"),
            '.' if is_www(&chars[..at]) => out.push_str("&#46;"),
            '#' if rest.first().is_some_and(char::is_ascii_digit) => out.push_str("&#35;"),
            // Runners of GitHub and Azure take `##[…]` and `##vso[…]` for commands, wherever they stand in a line.
            '#' if before == Some('#') => out.push_str("\\#"),
            '-' if is_gh(&chars[..at], rest) => out.push_str("&#45;"),
            // Not every reader of a table's row takes back the backslash.
            '|' if in_comment => out.push_str("&#124;"),
            '|' | '`' | '*' | '\\' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            // Within a word an underscore is no emphasis.
            '_' if !is_word(before) || !is_word(rest.first().copied()) => out.push_str("\\_"),
            // Brackets alone are text; only with what follows are they a link, or what a link goes to.
            '(' | '[' | ':' if before == Some(']') => {
                out.push('\\');
                out.push(c);
            }
            '[' if rest.first() == Some(&'^') => out.push_str("\\["),
            c if start == Some(at) => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// Whether a comment may have a reference that begins with, or has in it, this character with what stands beside it: a
/// mention, an issue, a merge request (`!1`), a label (`~bug`), a milestone (`%1`), an epic (`&1`), a link, an emoji,
/// a formula.
fn begins_reference(c: char, before: &[char], rest: &[char]) -> bool {
    match c {
        '$' => true,
        '@' => rest.first().is_some_and(|next| !next.is_whitespace()),
        '#' | '!' | '%' | '&' | '~' => is_word(rest.first().copied()),
        ':' => rest.starts_with(&['/', '/']) || is_emoji(rest),
        '.' => is_www(before),
        '-' => is_gh(before, rest),
        _ => false,
    }
}

/// Where the character stands that would make a heading, a list, a rule or a box to tick of a line that begins so.
fn start_mark(chars: &[char]) -> Option<usize> {
    let blank_at = |at: usize| chars.get(at).is_none_or(|c| c.is_whitespace());
    let run = |of: fn(&char) -> bool| chars.iter().take_while(|c| of(c)).count();
    match chars.first()? {
        '#' if blank_at(run(|c| *c == '#')) => Some(0),
        '-' | '+' if blank_at(1) || chars.iter().all(|c| *c == '-' || *c == ' ') => Some(0),
        '=' if chars.iter().all(|c| *c == '=') => Some(0),
        ':' | '[' => Some(0),
        '0'..='9' => {
            let digits = run(char::is_ascii_digit);
            (matches!(chars.get(digits), Some('.' | ')')) && blank_at(digits + 1)).then_some(digits)
        }
        _ => None,
    }
}

fn is_word(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_ascii_alphanumeric())
}

fn ends_with(chars: &[char], word: &str) -> bool {
    let word_length = word.chars().count();
    chars.len() >= word_length
        && chars[chars.len() - word_length..]
            .iter()
            .map(char::to_ascii_lowercase)
            .eq(word.chars())
}

/// `www` before a dot.
fn is_www(before: &[char]) -> bool {
    ends_with(before, "www")
}

/// `GH` before a hyphen and a number.
fn is_gh(before: &[char], rest: &[char]) -> bool {
    ends_with(before, "gh") && rest.first().is_some_and(char::is_ascii_digit)
}

/// `smile:` after a colon.
fn is_emoji(rest: &[char]) -> bool {
    let of_name = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_+-".contains(*c);
    let name = rest.iter().take_while(|c| of_name(c)).count();
    // A time of day is none.
    let is_time = name < 3 && rest[..name].iter().all(char::is_ascii_digit);
    !is_time && rest.get(name) == Some(&':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_harmless_stays_readable() {
        for text in [
            "fashion/int8-static/ort/t1/b1",
            "latency_p50 of a: 1.90× [1.88, 1.93], −0.2 pp (not significant)",
            "-0.5",
            "+1.2 %",
            "1.2.3",
            "onnxruntime::Model::Load: node 3",
            "#[error]",
            "CPU @ 2.20GHz",
            "2026-01-02T03:04:05Z",
        ] {
            assert_eq!(escaped(text), text);
        }
    }

    #[test]
    fn marks_are_escaped() {
        assert_eq!(escaped("![a](b) [1, 2][3]"), "![a]\\(b) [1, 2]\\[3]");
        assert_eq!(escaped("a|b`c`<d>"), "a\\|b\\`c\\`&lt;d&gt;");
        assert_eq!(escaped("__a__ b_c"), "\\_\\_a\\_\\_ b_c");
        assert_eq!(escaped("# a"), "\\# a");
        assert_eq!(escaped("12. a"), "12\\. a");
        assert_eq!(escaped("[x] done"), "\\[x] done");
    }

    #[test]
    fn names_stay_as_they_are_between_backticks() {
        assert_eq!(code("conv_1"), "conv_1");
        assert_eq!(code("Reduce<Sum>"), "`Reduce<Sum>`");
        assert_eq!(code("_a\u{1b}[31m*"), format!("`{}`", plain("_a\u{1b}[31m*")));
        assert_eq!(code("a|b"), "a\\|b");
        assert_eq!(code("##[error]"), "#\\#[error]");
        assert_eq!(code("a`<b>"), "a\\`&lt;b&gt;");
    }

    #[test]
    fn what_is_linked_unasked_is_not() {
        assert_eq!(
            escaped("https://a www.b c@d"),
            "https&#58;//a www&#46;b c<span>@</span>d"
        );
        assert_eq!(escaped("a#1 GH-2 :+1:"), "a&#35;1 GH&#45;2 \\:+1:");
    }

    #[test]
    fn in_a_comment_prose_is_prose_and_a_reference_is_in_pieces() {
        for text in [
            "fashion/fp32/ort/t1/b1",
            "fashion: ship int8 on ort, which answers in 210 µs: 1.90× faster [1.88, 1.93], −0.2 pp",
            "the load was 5 (end what else is running)",
            "latency_p50 was 100 %, f(x) = 3.1 & 4!",
        ] {
            assert_eq!(literal(text), text.replace('&', "&amp;"));
        }
        assert_eq!(literal("@all a#1"), "<span>\\@</span>all a<span>\\#</span>1");
        assert_eq!(literal("GH-1 :a:"), "GH<span>\\-</span>1 <span>\\:</span>a:");
        assert_eq!(
            literal("!1 ~b &2"),
            "<span>\\!</span>1 <span>\\~</span>b <span>&amp;</span>2"
        );
        assert_eq!(
            literal("http://x www.y"),
            "http<span>\\:</span>//x www<span>\\.</span>y"
        );
        assert_eq!(literal("$x$"), "<span>\\$</span>x<span>\\$</span>");
        assert_eq!(literal("- a"), "\\- a");
        assert_eq!(literal("a|b`c`<_d_"), "a&#124;b\\`c\\`&lt;\\_d\\_");
    }
}
