//! Defines execution segments (`0:1/3`) and sequences (`0,1/3,1`): how they are written and which stripes they own.

use std::fmt;
use std::str::FromStr;

/// The finest pattern of a sequence: the most items in one period. A finer one is refused with advice to write fractions.
pub const MAX_STRIPES: u64 = 1_000_000;

/// A part of the whole from one fraction to another, such as `0:1/3` or `25%:50%`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    from: Fraction,
    to: Fraction,
}

/// Segments that follow each other without a gap, written as their borders, such as `0,1/4,1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    segments: Vec<Segment>,
}

impl Segment {
    /// The whole, `0:1`.
    pub const WHOLE: Segment = Segment {
        from: Fraction::ZERO,
        to: Fraction::ONE,
    };

    /// The lengths of all segments of the (filled) sequence as parts of the pattern's period, and which of them is this one.
    pub(crate) fn lengths(
        &self,
        sequence: Option<&Sequence>,
    ) -> Result<(Vec<u64>, usize), SegmentError> {
        let filled = filled(sequence.map_or(&[*self], |sequence| &sequence.segments));
        let Some(mine) = filled.iter().position(|segment| segment == self) else {
            let borders = Borders(&filled);
            let message = format!("execution segment {self} is not part of the sequence {borders}");
            return Err(SegmentError(message));
        };
        let period = period(&filled)?;
        let length = |segment: &Segment| segment.length().times(period);
        Ok((filled.iter().map(length).collect(), mine))
    }

    fn length(&self) -> Fraction {
        self.to.minus(self.from)
    }

    fn new(from: Fraction, to: Fraction) -> Result<Segment, SegmentError> {
        if to <= from {
            return Err(SegmentError(format!(
                "execution segment {from}:{to} ends before it starts"
            )));
        }
        if to > Fraction::ONE {
            return Err(SegmentError(format!(
                "execution segment {from}:{to} ends after 1"
            )));
        }
        Ok(Segment { from, to })
    }
}

impl Sequence {
    /// The segments, in order.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }
}

/// The segments with what is missing before the first and after the last of them.
fn filled(segments: &[Segment]) -> Vec<Segment> {
    let mut filled = segments.to_vec();
    if let Some(first) = segments.first().filter(|first| first.from > Fraction::ZERO) {
        filled.insert(
            0,
            Segment {
                from: Fraction::ZERO,
                to: first.from,
            },
        );
    }
    if let Some(last) = segments.last().filter(|last| last.to < Fraction::ONE) {
        filled.push(Segment {
            from: last.to,
            to: Fraction::ONE,
        });
    }
    filled
}

/// The least common denominator of all lengths.
fn period(segments: &[Segment]) -> Result<u64, SegmentError> {
    let lcm = |period: u64, segment: &Segment| {
        let denominator = segment.length().denominator;
        (period / gcd(period, denominator))
            .checked_mul(denominator)
            .filter(|period| *period <= MAX_STRIPES)
    };
    segments.iter().try_fold(1, lcm).ok_or_else(|| {
        SegmentError(format!(
            "execution segments {} need a pattern finer than {MAX_STRIPES} stripes; write fractions such as 1/3 in place of 0.333333333",
            Borders(segments)
        ))
    })
}

impl FromStr for Segment {
    type Err = SegmentError;

    /// Reads `from:to`, or `to` alone for `0:to`.
    fn from_str(text: &str) -> Result<Segment, SegmentError> {
        let (from, to) = text.split_once(':').unwrap_or(("0", text));
        Segment::new(from.parse()?, to.parse()?)
    }
}

impl FromStr for Sequence {
    type Err = SegmentError;

    fn from_str(text: &str) -> Result<Sequence, SegmentError> {
        let borders: Vec<Fraction> = text.split(',').map(str::parse).collect::<Result<_, _>>()?;
        if borders.len() < 2 {
            return Err(SegmentError(format!(
                "execution segment sequence {text:?} needs at least two borders, such as \"0,1\""
            )));
        }
        let segments = borders
            .windows(2)
            .map(|pair| Segment::new(pair[0], pair[1]))
            .collect::<Result<_, _>>()?;
        Ok(Sequence { segments })
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.from, self.to)
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Borders(&self.segments).fmt(f)
    }
}

struct Borders<'a>(&'a [Segment]);

impl fmt::Display for Borders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in self.0 {
            write!(f, "{},", segment.from)?;
        }
        self.0.last().map_or(Ok(()), |last| last.to.fmt(f))
    }
}

/// A text that is not a segment or sequence, or one that doesn't fit; says what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentError(String);

impl fmt::Display for SegmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SegmentError {}

/// A fraction in lowest terms; both parts are at most [`Fraction::LIMIT`], so products fit in 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fraction {
    numerator: u64,
    denominator: u64,
}

impl Fraction {
    const ZERO: Fraction = Fraction {
        numerator: 0,
        denominator: 1,
    };
    const ONE: Fraction = Fraction {
        numerator: 1,
        denominator: 1,
    };
    /// The largest numerator or denominator that can be written; a difference's denominator stays below 2^64.
    const LIMIT: u64 = u32::MAX as u64;

    fn new(numerator: u64, denominator: u64) -> Option<Fraction> {
        let divisor = gcd(numerator, denominator);
        let fraction = Fraction {
            numerator: numerator.checked_div(divisor)?,
            denominator: denominator.checked_div(divisor)?,
        };
        (fraction.denominator > 0).then_some(fraction)
    }

    fn minus(self, other: Fraction) -> Fraction {
        let numerator = self.numerator * other.denominator - other.numerator * self.denominator;
        Fraction::new(numerator, self.denominator * other.denominator).unwrap_or(Fraction::ZERO)
    }

    /// The fraction of `n`, which its denominator divides.
    fn times(self, n: u64) -> u64 {
        self.numerator * (n / self.denominator)
    }

    fn parse(text: &str) -> Option<Fraction> {
        let (text, percent) = text
            .strip_suffix('%')
            .map_or((text, 1), |number| (number, 100));
        let fraction = match text.split_once('/') {
            Some((numerator, denominator)) => Fraction::new(
                digits(numerator)?,
                digits(denominator)?.checked_mul(percent)?,
            )?,
            None => {
                let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
                let place = 10u64.checked_pow(u32::try_from(decimals.len()).ok()?)?;
                Fraction::new(
                    digits(&format!("{whole}{decimals}"))?,
                    place.checked_mul(percent)?,
                )?
            }
        };
        (fraction.numerator <= Self::LIMIT && fraction.denominator <= Self::LIMIT)
            .then_some(fraction)
    }
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        (self.numerator * other.denominator).partial_cmp(&(other.numerator * self.denominator))
    }
}

impl FromStr for Fraction {
    type Err = SegmentError;

    fn from_str(text: &str) -> Result<Fraction, SegmentError> {
        let message = || {
            SegmentError(format!(
                "{text:?} is not a fraction; write for example 1/3, 0.25 or 25%"
            ))
        };
        Fraction::parse(text.trim()).ok_or_else(message)
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.denominator {
            1 => write!(f, "{}", self.numerator),
            denominator => write!(f, "{}/{denominator}", self.numerator),
        }
    }
}

fn digits(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

pub(crate) fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_all_spellings() {
        let cases = [
            ("0:1/3", "0:1/3"),
            ("25%:50%", "1/4:1/2"),
            ("0.5:1", "1/2:1"),
            ("1/4", "0:1/4"),
            ("100%", "0:1"),
            (".5", "0:1/2"),
            ("2/4:3/4", "1/2:3/4"),
            ("12.5%", "0:1/8"),
            ("0:1", "0:1"),
        ];
        for (text, printed) in cases {
            assert_eq!(
                text.parse::<Segment>()
                    .map(|segment| segment.to_string())
                    .as_deref(),
                Ok(printed),
                "{text}"
            );
        }
        assert_eq!(
            "0,25%,1/2,1"
                .parse::<Sequence>()
                .map(|sequence| sequence.to_string())
                .as_deref(),
            Ok("0,1/4,1/2,1")
        );
    }

    fn check_error(segment: &str, sequence: Option<&str>, message: &str) {
        let parse = || {
            let sequence = sequence.map(str::parse::<Sequence>).transpose()?;
            segment.parse::<Segment>()?.lengths(sequence.as_ref())
        };
        assert_eq!(
            parse().map_err(|error| error.to_string()),
            Err(message.to_owned())
        );
    }

    #[test]
    fn says_what_is_wrong() {
        check_error(
            "1/2:1/3",
            None,
            "execution segment 1/2:1/3 ends before it starts",
        );
        check_error("1/2:3/2", None, "execution segment 1/2:3/2 ends after 1");
        check_error(
            "-1:1",
            None,
            "\"-1\" is not a fraction; write for example 1/3, 0.25 or 25%",
        );
        check_error(
            "1/0",
            None,
            "\"1/0\" is not a fraction; write for example 1/3, 0.25 or 25%",
        );
        check_error(
            "0/0",
            None,
            "\"0/0\" is not a fraction; write for example 1/3, 0.25 or 25%",
        );
        check_error(
            "a:b",
            None,
            "\"a\" is not a fraction; write for example 1/3, 0.25 or 25%",
        );
        check_error(
            "0:1/3",
            Some("0,1/2,1"),
            "execution segment 0:1/3 is not part of the sequence 0,1/2,1",
        );
        check_error(
            "0:1",
            Some("0"),
            "execution segment sequence \"0\" needs at least two borders, such as \"0,1\"",
        );
        check_error(
            "0:1",
            Some("0,1/2,1/2,1"),
            "execution segment 1/2:1/2 ends before it starts",
        );
        check_error(
            "0.3333333",
            None,
            "execution segments 0,3333333/10000000,1 need a pattern finer than 1000000 stripes; write fractions such as 1/3 in place of 0.333333333",
        );
    }

    #[test]
    fn a_sequence_is_filled_at_both_ends() -> Result<(), SegmentError> {
        let sequence: Sequence = "1/4,1/2".parse()?;
        assert_eq!(
            "1/4:1/2".parse::<Segment>()?.lengths(Some(&sequence))?,
            (vec![1, 1, 2], 1)
        );
        assert_eq!("1/4:1".parse::<Segment>()?.lengths(None)?, (vec![1, 3], 1));
        Ok(())
    }
}
