//! Tolerances in words: `3%`, `-0.5pp`, `2MiB`, `1ms`, `0`.

use edgebench_record::{Direction, Metric, Scale, Tolerance};

use crate::amount::{number_and_unit, units};

/// What a tolerance of this metric may look like.
pub(super) fn examples(metric: &Metric) -> &'static str {
    match metric.unit {
        "ns" => "3%, 0.5ms or 0",
        "bytes" => "1%, 2MiB or 0",
        "fraction" => "0.5pp, 1% or 0",
        "1/s" => "3%, 10/s or 0",
        "J" => "3%, 0.1mJ or 0",
        "proxy-J" => "3%, 0.1proxy-mJ or 0",
        _ => "1%, 1000 or 0",
    }
}

/// Reads a tolerance. A sign may say which way is worse, and then must say it rightly: `+3%` of a latency, `-0.5pp` of
/// an accuracy. A per cent is a share of the baseline's figure, of a fraction as well; `pp` are percentage points.
pub(super) fn amount(metric: &Metric, text: &str) -> Result<Tolerance, String> {
    let text = text.trim();
    let unsigned = match (text.chars().next(), metric.direction) {
        (Some(sign @ '+'), Direction::Lower) | (Some(sign @ ('-' | '−')), Direction::Higher) => {
            &text[sign.len_utf8()..]
        }
        (Some('-' | '−'), Direction::Lower) => {
            return Err("less is better, so it says how much it may rise".to_owned());
        }
        (Some('+'), Direction::Higher) => return Err("more is better, so it says how much it may drop".to_owned()),
        _ => text,
    };
    let (number, unit) = number_and_unit(unsigned)?;
    let exact = number == 0.0;
    let tolerance = match (unit, units(metric).iter().find(|(name, _)| *name == unit)) {
        // None at all is none in any unit.
        ("", None) if exact => Tolerance {
            scale: if metric.unit == "fraction" {
                Scale::Absolute
            } else {
                Scale::Relative
            },
            amount: 0.0,
        },
        ("", None) => return Err("its unit is missing".to_owned()),
        ("%", _) => Tolerance {
            scale: Scale::Relative,
            amount: number / 100.0,
        },
        (_, Some((_, worth))) => Tolerance {
            scale: if exact && metric.unit != "fraction" {
                Scale::Relative
            } else {
                Scale::Absolute
            },
            amount: number * worth,
        },
        (unit, None) => return Err(format!("`{unit}` is no unit of it")),
    };
    if !tolerance.amount.is_finite() {
        return Err("it is beyond all bounds".to_owned());
    }
    let all = tolerance.scale == Scale::Relative || metric.unit == "fraction";
    if all && metric.direction == Direction::Higher && tolerance.amount >= 1.0 {
        return Err("it would let all of it go".to_owned());
    }
    Ok(tolerance)
}
