//! One line of plain text.

use unicode_width::UnicodeWidthChar as _;

/// How many characters of no width may follow another one: an accented letter in Vietnamese or Thai has two, a
/// syllable in decomposed Korean two, and heaps of them cover the lines around.
const MARKS: usize = 4;

/// One line of plain text: escape sequences and control characters are dropped, line breaks become spaces, and so do
/// the marks that reorder or hide text; of accents on one character the first four are kept.
///
/// What comes out has no control character, no two characters that read as a line break, and no blank at either end.
/// It is as long as it came: whoever has little room shortens it.
pub fn plain(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let last_end = (0..chars.len()).rfind(|&index| ends_string(&chars, index));
    let mut marks = 0;
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        at += 1;
        match c {
            '\u{1b}' => at = after_escape(&chars, at, last_end),
            // The control characters of eight bits that stand for ESC and a letter.
            '\u{9b}' => at = after_parameters(&chars, at),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => at = after_string(&chars, at, last_end),
            '\t'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                marks = 0;
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c if c.is_control() || is_unseen(c) => {}
            c if c.width() == Some(0) => {
                marks += 1;
                if marks <= MARKS && !out.is_empty() {
                    out.push(c);
                }
            }
            c => {
                marks = 0;
                out.push(c);
            }
        }
    }
    out.trim().to_owned()
}

/// Where the text goes on after an ESC and what belongs to it. Source: ECMA-48, 5th edition, §5.3 to §5.6.
fn after_escape(chars: &[char], at: usize, last_end: Option<usize>) -> usize {
    match chars.get(at) {
        Some('[') => after_parameters(chars, at + 1),
        Some(']' | 'P' | 'X' | '^' | '_') => after_string(chars, at + 1, last_end),
        Some(' '..='/') => {
            let end = at + run(&chars[at..], |c| (' '..='/').contains(&c));
            end + usize::from(chars.get(end).is_some_and(|c| ('0'..='~').contains(c)))
        }
        Some('0'..='~') => at + 1,
        _ => at,
    }
}

/// After the parameters of a control sequence and the character that ends it.
fn after_parameters(chars: &[char], at: usize) -> usize {
    let end = at + run(&chars[at..], |c| (' '..='?').contains(&c));
    end + usize::from(chars.get(end).is_some_and(|c| ('@'..='~').contains(c)))
}

/// After a control string's end: BEL, or ESC `\`, or that in eight bits. One that nothing ends is no string, and what
/// follows is text. `last_end` is where such an end stands last, so that a text is not searched again and again.
fn after_string(chars: &[char], at: usize, last_end: Option<usize>) -> usize {
    match last_end {
        Some(last) if last >= at => (at..=last)
            .find(|&index| ends_string(chars, index))
            .map_or(at, |end| end + 1),
        _ => at,
    }
}

fn ends_string(chars: &[char], index: usize) -> bool {
    match chars[index] {
        '\u{7}' | '\u{9c}' => true,
        '\\' => index.checked_sub(1).is_some_and(|before| chars[before] == '\u{1b}'),
        _ => false,
    }
}

fn run(chars: &[char], belongs: impl Fn(char) -> bool) -> usize {
    chars.iter().take_while(|&&c| belongs(c)).count()
}

/// What nobody sees: marks that change the direction of text, joiners, fillers, selectors of a form, tags, and code
/// points that are no characters. They hide what a text says, or make two texts look the same.
///
/// Source: `Default_Ignorable_Code_Point` of Unicode 16 (`DerivedCoreProperties.txt`), its §23.7 for the code points
/// that are no characters, and the interlinear annotations.
pub(super) fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{fdd0}'..='\u{fdef}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
        || u32::from(c) & 0xfffe == 0xfffe
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_go() {
        assert_eq!(plain("\u{1b}[31mred\u{1b}[0m"), "red");
        assert_eq!(plain("a\u{1b}]0;title\u{7}b"), "ab");
        assert_eq!(plain("a\u{1b}]8;;x\u{1b}\\b"), "ab");
        assert_eq!(plain("a\u{9b}31mb\u{9d}0;title\u{9c}c"), "abc");
        assert_eq!(plain("a\u{1b}(0b\u{1b}#8c\u{1b}7d"), "abcd");
        assert_eq!(plain("\u{1b}"), "");
        assert_eq!(plain("a\u{1b}[31日本"), "a日本");
    }

    #[test]
    fn a_string_that_nothing_ends_hides_no_text() {
        assert_eq!(plain("a\u{1b}]0;b"), "a0;b");
        assert_eq!(plain("a\u{1b}Pb\\c"), "ab\\c");
        assert_eq!(plain("a\u{7}\u{1b}]b"), "ab");
    }

    #[test]
    fn strings_that_nothing_ends_take_no_time() {
        let begun = std::time::Instant::now();
        let text = "\u{1b}]\\".repeat(200_000);
        assert_eq!(plain(&text).len(), 200_000);
        assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    }

    #[test]
    fn line_breaks_are_spaces_and_what_is_unseen_goes() {
        assert_eq!(plain("one\r\ntwo\tthree\u{0}"), "one two three");
        assert_eq!(plain("a\u{2028}b\u{85}c\u{b}d\u{c}e"), "a b c d e");
        assert_eq!(
            plain("abc\u{202e}def\u{200b}\u{61c}\u{e0041}\u{fe0f}\u{ffff}"),
            "abcdef"
        );
    }

    #[test]
    fn accents_stay_and_heaps_of_them_go() {
        assert_eq!(plain("e\u{323}\u{302} ที่"), "e\u{323}\u{302} ที่");
        assert_eq!(
            plain(&format!("a{}b", "\u{301}".repeat(50))),
            format!("a{}b", "\u{301}".repeat(4))
        );
        assert_eq!(plain(&"\u{301}".repeat(50)), "");
    }

    #[test]
    fn long_text_is_cut_with_a_mark() {
        assert_eq!(shortened("abcdef", 4), "abc…");
        assert_eq!(shortened("abc", 4), "abc");
    }
}
