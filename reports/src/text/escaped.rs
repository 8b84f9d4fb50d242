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
    let text = plain(text);
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let start = start_mark(&chars);
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| chars[before]);
        let rest = &chars[at + 1..];
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
            '-' if ends_with(&chars[..at], "gh") && rest.first().is_some_and(char::is_ascii_digit) => {
                out.push_str("&#45;");
            }
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

/// `smile:` after a colon.
fn is_emoji(rest: &[char]) -> bool {
    let of_name = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_+-".contains(*c);
    let name = rest.iter().take_while(|c| of_name(c)).count();
    // A time of day is none.
    let is_time = name < 3 && rest[..name].iter().all(char::is_ascii_digit);
    !is_time && rest.get(name) == Some(&':')
}

/// [`plain`] text that GitHub and GitLab show as it is in a comment, in a table's cell as well: its marks are character
/// references, which no Markdown comes of. What a mention, a reference, a link, an emoji or a formula could still be
/// made of stands in `<code>`, where none is looked for.
pub fn literal(text: &str) -> String {
    let text = plain(text);
    let dotted = text.to_ascii_lowercase().contains("www.");
    let looked_for = dotted
        || text.contains(['@', '#', '$'])
        || text.contains("://")
        || text.to_ascii_lowercase().contains("gh-")
        || text.matches(':').count() > 1;
    let harmless = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || " -+/,=%;()".contains(c);
    let start = start_mark(&text.chars().collect::<Vec<char>>());
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().enumerate().peekable();
    let mut in_word = false;
    while let Some((at, c)) = chars.next() {
        // Within a word an underscore is no emphasis.
        let inner = c == '_' && in_word && chars.peek().is_some_and(|(_, next)| next.is_ascii_alphanumeric());
        if c == '@' {
            out.push_str(AT);
        } else if start == Some(at) {
            let _ = write!(out, "&#{};", u32::from(c));
        } else if harmless(c) || inner || (c == '.' && !dotted) || (c == ':' && !looked_for) {
            out.push(c);
        } else {
            let _ = write!(out, "&#{};", u32::from(c));
        }
        in_word = c.is_ascii_alphanumeric();
    }
    if looked_for { format!("<code>{out}</code>") } else { out }
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
    fn what_is_linked_unasked_is_not() {
        assert_eq!(
            escaped("https://a www.b c@d"),
            "https&#58;//a www&#46;b c<span>@</span>d"
        );
        assert_eq!(escaped("a#1 GH-2 :+1:"), "a&#35;1 GH&#45;2 \\:+1:");
    }

    #[test]
    fn in_a_comment_what_could_be_more_than_text_is_not() {
        assert_eq!(literal("fashion/fp32/ort/t1/b1"), "fashion/fp32/ort/t1/b1");
        assert_eq!(
            literal("outputs differ: 3.1 (p<0.1)"),
            "outputs differ: 3.1 (p&#60;0.1)"
        );
        assert_eq!(literal("@all #1"), "<code><span>@</span>all &#35;1</code>");
        assert_eq!(literal("- a"), "&#45; a");
        assert_eq!(literal("1) a"), "1&#41; a");
        assert_eq!(literal("www.x.org"), "<code>www&#46;x&#46;org</code>");
        assert_eq!(literal("http://x"), "<code>http&#58;//x</code>");
        assert_eq!(literal("[a](b)"), "&#91;a&#93;(b)");
        assert_eq!(literal("a|b`c`_d_"), "a&#124;b&#96;c&#96;&#95;d&#95;");
        assert_eq!(literal("latency_p50 a__b"), "latency_p50 a&#95;&#95;b");
    }
}
