//! Values of flags, and strings from strangers.

use std::path::PathBuf;
use std::time::Duration;

use edgebench_api::Bytes;

/// A duration: a number and `ns`, `us`, `ms`, `s`, `m` or `h`; seconds without a unit.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let number = text.trim_end_matches(|c: char| c.is_alphabetic());
    let factor = match &text[number.len()..] {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        unit => return Err(format!("`{unit}` is no unit of time; use ns, us, ms, s, m or h")),
    };
    let number: f64 = number
        .trim()
        .parse()
        .map_err(|_| format!("`{text}` is no duration such as 60s or 500ms"))?;
    Duration::try_from_secs_f64(number * factor).map_err(|error| format!("`{text}`: {error}"))
}

/// A number of seconds.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| format!("`{text}` is no number of seconds"))?;
    Duration::try_from_secs_f64(number).map_err(|error| format!("`{text}`: {error}"))
}

/// A size: a number and `K`, `M` or `G`, with `iB` or without, in powers of 1,024; with `B` alone (`kB`, `MB`, `GB`) in
/// powers of 1,000; bytes without a unit.
pub(crate) fn size(text: &str) -> Result<Bytes, String> {
    let number = text.trim_end_matches(|c: char| c.is_alphabetic());
    let factor = match text[number.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kib" => 1024.0,
        "m" | "mib" => 1_048_576.0,
        "g" | "gib" => 1_073_741_824.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        unit => return Err(format!("`{unit}` is no unit of size; use KiB, MiB or GiB")),
    };
    let wrong = || format!("`{text}` is no size such as 64MiB");
    let number: f64 = number.trim().parse().map_err(|_| wrong())?;
    let bytes = number * factor;
    // A pebibyte bounds what a typing error can ask for.
    if !(1.0..=1_125_899_906_842_624.0).contains(&bytes) {
        return Err(wrong());
    }
    Ok(Bytes(bytes as u64))
}

/// A model: `ID=FILE`, or `FILE` alone, whose name without its extension is then the id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Model {
    /// The variant's id.
    pub(crate) id: String,
    /// The file.
    pub(crate) path: PathBuf,
}

pub(crate) fn model(text: &str) -> Result<Model, String> {
    // A file may have `=` in its name, and an id has no `/`.
    if let Some((id, path)) = text.split_once('=').filter(|(id, _)| !id.contains(['/', '\\'])) {
        if id.is_empty() || path.is_empty() {
            return Err(format!("`{text}` is no ID=FILE"));
        }
        return Ok(Model {
            id: id.to_owned(),
            path: path.into(),
        });
    }
    let path = PathBuf::from(text);
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let stem = stem.ok_or_else(|| format!("`{text}` has no file name; write ID=FILE"))?;
    let id: String = stem
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '-'
            }
        })
        .collect();
    Ok(Model { id, path })
}

/// Golden outputs: `ID=FILE`, or `FILE` alone for the first model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GoldenOutputs {
    /// The variant's id.
    pub(crate) id: Option<String>,
    /// The file or folder.
    pub(crate) path: PathBuf,
}

#[expect(clippy::unnecessary_wraps, reason = "clap asks for a result")]
pub(crate) fn golden(text: &str) -> Result<GoldenOutputs, String> {
    let (id, path) = match text.split_once('=').filter(|(id, _)| !id.contains(['/', '\\'])) {
        Some((id, path)) => (Some(id.to_owned()), path),
        None => (None, text),
    };
    Ok(GoldenOutputs { id, path: path.into() })
}

/// An input's shape: `NAME=1x3x224x224`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The input.
    pub(crate) name: String,
    /// Its extents, the batch axis first.
    pub(crate) extents: Vec<usize>,
}

pub(crate) fn shape(text: &str) -> Result<Shape, String> {
    let wrong = || format!("`{text}` is no shape such as x=1x3x224x224");
    // An input's name may hold `=` and `:`; extents do not.
    let (name, extents) = text.rsplit_once('=').ok_or_else(wrong)?;
    let extents: Option<Vec<usize>> = extents
        .split(['x', ','])
        .map(|extent| extent.parse().ok().filter(|&extent| extent > 0))
        .collect();
    match extents {
        Some(extents) if !name.is_empty() => Ok(Shape {
            name: name.to_owned(),
            extents,
        }),
        _ => Err(wrong()),
    }
}

/// A runtime's option: `BACKEND.NAME=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuntimeOption {
    /// The backend.
    pub(crate) backend: String,
    /// The option's name.
    pub(crate) name: String,
    /// Its value.
    pub(crate) value: String,
}

pub(crate) fn option(text: &str) -> Result<RuntimeOption, String> {
    text.split_once('=')
        .and_then(|(key, value)| key.split_once('.').map(|(backend, name)| (backend, name, value)))
        .filter(|(backend, name, _)| !backend.is_empty() && !name.is_empty())
        .map(|(backend, name, value)| RuntimeOption {
            backend: backend.to_owned(),
            name: name.to_owned(),
            value: value.to_owned(),
        })
        .ok_or_else(|| format!("`{text}` is no BACKEND.NAME=VALUE"))
}

/// Splits a command into words as a POSIX shell does: spaces part, quotes and backslashes keep together. Nothing is
/// expanded.
pub(crate) fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next() {
                        Some(next) if next == c => break,
                        Some('\\') if c == '"' => word.extend(rest.next()),
                        Some(next) => word.push(next),
                        None => return Err(format!("the quote {c} does not end")),
                    }
                }
            }
            '\\' => match rest.next() {
                Some(next) => word.get_or_insert_default().push(next),
                None => return Err("nothing follows the backslash".to_owned()),
            },
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// A text from a stranger on one line, without what a terminal would obey.
pub(crate) fn one_line(text: &str) -> String {
    edgebench_reports::plain(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("60s"), Ok(Duration::from_mins(1)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Ok(Duration::from_mins(2)));
        for wrong in ["", "s", "-1s", "5 parsecs", "nan", "1e400s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_as_people_type_them() {
        for text in [
            "64MiB",
            "64M",
            "64m",
            "64mib",
            "65536K",
            "67108864",
            "67108864B",
            "0.0625G",
            "64 MiB",
        ] {
            assert_eq!(size(text), Ok(Bytes(64 << 20)), "{text}");
        }
        assert_eq!(size("64MB"), Ok(Bytes(64_000_000)));
        assert_eq!(size("1kB"), Ok(Bytes(1000)));
        for wrong in [
            "",
            "M",
            "-1M",
            "0",
            "0.5",
            "nan",
            "inf",
            "1T",
            "1e30G",
            "64 parsecs",
            "1Mi B",
        ] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn models_have_an_id() {
        let model_of = |text| model(text).map(|model| (model.id, model.path.display().to_string()));
        assert_eq!(
            model_of("int8=a/b.onnx"),
            Ok(("int8".to_owned(), "a/b.onnx".to_owned()))
        );
        assert_eq!(
            model_of("a/my net.onnx"),
            Ok(("my-net".to_owned(), "a/my net.onnx".to_owned()))
        );
        assert_eq!(model_of("a/b=c.onnx"), Ok(("b-c".to_owned(), "a/b=c.onnx".to_owned())));
        assert!(model_of("=x").is_err());
        assert!(model_of("..").is_err());
    }

    #[test]
    fn shapes_and_options() {
        assert_eq!(
            shape("x:0=1x3x8"),
            Ok(Shape {
                name: "x:0".to_owned(),
                extents: vec![1, 3, 8]
            })
        );
        for wrong in ["x", "=1x2", "x=", "x=1x", "x=0x2", "x=-1x2"] {
            assert!(shape(wrong).is_err(), "{wrong}");
        }
        assert_eq!(option("ort.spinning=off").unwrap().name, "spinning");
        assert_eq!(option("null.stdout=a=b").unwrap().value, "a=b");
        assert!(option("spinning=off").is_err());
    }

    #[test]
    fn a_prefix_is_read_as_a_shell_would() {
        assert_eq!(
            words("qemu-aarch64 -L '/a b' \"c\\\"d\" e\\ f"),
            Ok(vec![
                "qemu-aarch64".to_owned(),
                "-L".to_owned(),
                "/a b".to_owned(),
                "c\"d".to_owned(),
                "e f".to_owned(),
            ])
        );
        assert_eq!(words("  "), Ok(vec![]));
        assert!(words("'a").is_err());
    }
}
