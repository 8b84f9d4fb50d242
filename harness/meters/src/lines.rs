//! The lines of an external meter: `t_ns watts`.
//!
//! `t_ns` counts nanoseconds by any clock that never goes back; `watts` is the power at that time. What follows a `#` is
//! a comment, and the comments `# name: …`, `# tier: E2`, `# scope: …`, `# uncertainty: 0.01` and `# window: 10` tell what
//! the meter is.

use std::time::{Duration, Instant};

use edgebench_record::Tier;

use crate::files::shown;

/// Arrivals over a shorter time say nothing about the unit of `t_ns`: pipes pass on what they hold at once.
const JUDGED_AFTER: Duration = Duration::from_secs(2);

/// A meter that counts in another unit is off by a thousand; pipes and clocks are not by ten.
const UNIT_OFF_BY: f64 = 10.0;

/// What a meter tells about itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Header {
    pub(crate) name: Option<String>,
    /// E0 to E2: how a meter's figures came about; those of a model are no meter's.
    pub(crate) tier: Option<Tier>,
    pub(crate) scope: Option<String>,
    /// A fraction of 0 to 1.
    pub(crate) uncertainty: Option<f64>,
    /// The shortest window whose figure counts, in seconds.
    pub(crate) window_s: Option<f64>,
}

/// A reading by the meter's clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) t_ns: u64,
    pub(crate) watts: f64,
}

/// What was made of the lines so far.
#[derive(Debug)]
pub(crate) struct Lines {
    pub(crate) header: Header,
    origin: Instant,
    /// The smallest arrival − `t_ns`, in nanoseconds since `origin`.
    offset_ns: Option<i128>,
    first: Option<Arrival>,
    last: Option<Arrival>,
    malformed: u64,
    no_power: u64,
    out_of_order: u64,
    example: Option<String>,
}

#[derive(Debug, Clone, Copy)]
struct Arrival {
    t_ns: u64,
    at: Instant,
}

impl Lines {
    /// No line yet.
    pub(crate) fn new(origin: Instant) -> Self {
        Self {
            header: Header::default(),
            origin,
            offset_ns: None,
            first: None,
            last: None,
            malformed: 0,
            no_power: 0,
            out_of_order: 0,
            example: None,
        }
    }

    /// The reading of a line that arrived `at`, if it has one. Those that should and have not are counted.
    pub(crate) fn take(&mut self, line: &str, at: Instant) -> Option<Point> {
        let (text, comment) = line.split_once('#').unwrap_or((line, ""));
        if text.trim().is_empty() {
            self.comment(comment);
            return None;
        }
        let mut words = text.split_whitespace();
        let (Some(t_ns), Some(watts), None) = (words.next(), words.next(), words.next()) else {
            return self.malformed(line);
        };
        let (Ok(t_ns), Ok(watts)) = (t_ns.parse::<u64>(), watts.parse::<f64>()) else {
            return self.malformed(line);
        };
        if !watts.is_finite() || watts < 0.0 {
            self.no_power += 1;
            self.example(line);
            return None;
        }
        if self.last.is_some_and(|last| t_ns <= last.t_ns) {
            self.out_of_order += 1;
            self.example(line);
            return None;
        }
        let offset = at.saturating_duration_since(self.origin).as_nanos() as i128 - i128::from(t_ns);
        self.offset_ns = Some(self.offset_ns.map_or(offset, |least| least.min(offset)));
        let arrival = Arrival { t_ns, at };
        self.first.get_or_insert(arrival);
        self.last = Some(arrival);
        Some(Point { t_ns, watts })
    }

    /// A line that is too long or no text.
    pub(crate) fn malformed(&mut self, line: &str) -> Option<Point> {
        self.malformed += 1;
        self.example(line);
        None
    }

    /// The time of a reading by our clock: its own plus the smallest arrival − `t_ns` of all lines so far, since a line
    /// may be held up on its way and is never early.
    pub(crate) fn at(&self, t_ns: u64) -> Option<Instant> {
        let since = i128::from(t_ns) + self.offset_ns?;
        let duration = Duration::from_nanos(u64::try_from(since.unsigned_abs()).ok()?);
        if since < 0 {
            self.origin.checked_sub(duration)
        } else {
            self.origin.checked_add(duration)
        }
    }

    /// Why `t_ns` cannot be in nanoseconds, judged by how fast the lines arrive.
    pub(crate) fn wrong_unit(&self) -> Option<String> {
        let (first, last) = (self.first?, self.last?);
        let arrived = last.at.saturating_duration_since(first.at);
        if arrived < JUDGED_AFTER {
            return None;
        }
        let told_s = (last.t_ns - first.t_ns) as f64 * 1e-9;
        let ratio = told_s / arrived.as_secs_f64();
        (!(1.0 / UNIT_OFF_BY..=UNIT_OFF_BY).contains(&ratio)).then(|| {
            format!(
                "t_ns went on by {told_s} s while {:.1} s went by: it is not in nanoseconds",
                arrived.as_secs_f64()
            )
        })
    }

    /// Lines that were no reading, for the record.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let counts = [
            (self.malformed, "not of the form `t_ns watts`"),
            (self.no_power, "negative or not finite"),
            (self.out_of_order, "not later than the one before"),
        ];
        let mut remarks: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| {
                let lines = if *count == 1 { "line is" } else { "lines are" };
                format!("{count} {lines} {what} and left out")
            })
            .collect();
        if let Some(example) = &self.example {
            remarks.push(format!("the first line that was left out: \"{example}\""));
        }
        remarks
    }

    fn example(&mut self, line: &str) {
        self.example.get_or_insert_with(|| shown(line));
    }

    fn comment(&mut self, comment: &str) {
        let Some((key, value)) = comment.split_once(':') else {
            return;
        };
        let value = value.trim();
        if value.is_empty() {
            return;
        }
        match key.trim() {
            "name" => self.header.name = Some(shown(value)),
            "tier" => {
                self.header.tier = [Tier::E0, Tier::E1, Tier::E2]
                    .into_iter()
                    .find(|tier| tier.name() == value);
            }
            "scope" => self.header.scope = Some(shown(value)),
            "uncertainty" => {
                self.header.uncertainty = value.parse().ok().filter(|fraction| (0.0..=1.0).contains(fraction));
            }
            "window" => {
                let seconds = value.strip_suffix('s').unwrap_or(value).trim_end().parse();
                self.header.window_s = seconds.ok().filter(|seconds| (0.1..=3600.0).contains(seconds));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn after(origin: Instant, seconds: f64) -> Instant {
        origin + Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_line_has_a_time_and_a_power() {
        let origin = Instant::now();
        let mut lines = Lines::new(origin);
        let point = |t_ns, watts| Some(Point { t_ns, watts });
        assert_eq!(lines.take("1000 2.5", origin), point(1000, 2.5));
        assert_eq!(lines.take("  2000\t0.25e1  # a comment\r", origin), point(2000, 2.5));
        assert_eq!(lines.take("", origin), None);
        assert_eq!(lines.take("# 3000 2.5", origin), None);
        assert!(lines.remarks().is_empty());
    }

    #[test]
    fn what_is_no_reading_is_counted_and_never_0() {
        let origin = Instant::now();
        let mut lines = Lines::new(origin);
        lines.take("1000 1", origin).unwrap();
        let malformed = [
            "hello",
            "2000",
            "2000 1 W",
            "2000 1W",
            "-1 1",
            "1.5 1",
            "2000,1",
            "99999999999999999999 1",
        ];
        for line in malformed {
            assert_eq!(lines.take(line, origin), None, "{line}");
        }
        for line in ["2000 NaN", "2000 inf", "2000 -0.5"] {
            assert_eq!(lines.take(line, origin), None, "{line}");
        }
        for line in ["1000 1", "999 1"] {
            assert_eq!(lines.take(line, origin), None, "{line}");
        }
        let remarks = lines.remarks();
        assert!(remarks[0].starts_with("8 lines are not of the form"), "{remarks:?}");
        assert!(remarks[1].starts_with("3 lines are negative"), "{remarks:?}");
        assert!(remarks[2].starts_with("2 lines are not later"), "{remarks:?}");
        assert_eq!(remarks[3], "the first line that was left out: \"hello\"");
    }

    #[test]
    fn the_line_that_was_held_up_least_sets_the_clock() {
        let origin = Instant::now();
        let mut lines = Lines::new(origin);
        // Sent 5 s, 6 s and 7 s after the origin by a clock that started 100 s before it, held up for 0.4, 0.1, 0.3 s.
        lines.take(&format!("{} 1", 105 * SECOND), after(origin, 5.4));
        lines.take(&format!("{} 1", 106 * SECOND), after(origin, 6.1));
        lines.take(&format!("{} 1", 107 * SECOND), after(origin, 7.3));
        let at = lines.at(107 * SECOND).unwrap();
        let error = at.duration_since(origin).as_secs_f64() - 7.1;
        assert!(error.abs() < 1e-6, "{error}");
    }

    #[test]
    fn milliseconds_are_seen_and_slow_pipes_forgiven() {
        let origin = Instant::now();
        let mut lines = Lines::new(origin);
        for i in 0..30_u32 {
            lines.take(&format!("{} 1", i * 100), after(origin, f64::from(i) * 0.1));
        }
        assert!(lines.wrong_unit().unwrap().contains("not in nanoseconds"));
        let mut lines = Lines::new(origin);
        // A buffer of 13 s of lines, twice.
        for i in 0..26 {
            let block = if i < 13 { 13.0 } else { 26.0 };
            lines.take(&format!("{} 1", i * SECOND), after(origin, block));
        }
        assert_eq!(lines.wrong_unit(), None);
    }

    #[test]
    fn a_meter_may_tell_what_it_is() {
        let origin = Instant::now();
        let mut lines = Lines::new(origin);
        for line in [
            "# name: A meter\u{1b}",
            "#scope: board",
            "# uncertainty: 0.01",
            "# uncertain",
            "# name:",
        ] {
            lines.take(line, origin);
        }
        assert_eq!(lines.header.name.as_deref(), Some("A meter\\u{1b}"));
        assert_eq!(lines.header.scope.as_deref(), Some("board"));
        assert_eq!(lines.header.uncertainty, Some(0.01));
        lines.take("# uncertainty: 7", origin);
        assert_eq!(lines.header.uncertainty, None, "no fraction");
        for (text, tier) in [
            ("E0", Some(Tier::E0)),
            ("E2", Some(Tier::E2)),
            ("E4", None),
            ("e1", None),
        ] {
            lines.take(&format!("# tier: {text}"), origin);
            assert_eq!(lines.header.tier, tier, "{text}");
        }
        for (text, seconds) in [
            ("10", Some(10.0)),
            ("0.5 s", Some(0.5)),
            ("0", None),
            ("NaN", None),
            ("1e9", None),
        ] {
            lines.take(&format!("# window: {text}"), origin);
            assert_eq!(lines.header.window_s, seconds, "{text}");
        }
    }

    #[test]
    fn times_at_the_ends_of_their_range_do_no_harm() {
        let origin = Instant::now();
        let mut lines = Lines::new(origin);
        lines.take("0 1", origin);
        lines.take("18446744073709551615 1", after(origin, 3.0));
        assert!(lines.wrong_unit().is_some());
        assert!(lines.at(u64::MAX).is_some());
        // Six hundred years ago, which a clock may not know.
        let _ = lines.at(0);
    }

    proptest::proptest! {
        #[test]
        fn no_line_does_harm(lines in proptest::collection::vec("[0-9]{0,21}[ \\t]?[-+.0-9einfa]{0,8}|#.{0,20}|.{0,20}", 0..20)) {
            let origin = Instant::now();
            let mut taken = Lines::new(origin);
            for line in &lines {
                if let Some(point) = taken.take(line, origin) {
                    proptest::prop_assert!(point.watts.is_finite() && point.watts >= 0.0);
                    let _ = (taken.at(point.t_ns), taken.wrong_unit());
                }
            }
            let _ = taken.remarks();
        }
    }
}
