//! Defines the threshold expression: a method of aggregation, an operator and a number.
//!
//! ```text
//! expression → method operator number        blanks around each part do not count
//! method     → count | rate | value | avg | min | med | max | p(N)        0 ≤ N ≤ 100
//! operator   → <= | < | >= | > | === | == | !=
//! ```

use std::fmt;
use std::sync::Arc;

use crate::aggregate::Aggregate;
use crate::definition::Kind;

/// A comparison of one reading of an aggregate with a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// The text that was parsed.
    pub source: Arc<str>,
    /// What is read.
    pub method: Method,
    /// How it is compared.
    pub operator: Operator,
    /// What it is compared with.
    pub bound: f64,
}

/// What is read off an aggregate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// A counter's sum.
    Count,
    /// A counter's sum per second of the run, or a rate's share.
    Rate,
    /// A gauge's latest value.
    Value,
    /// A trend's mean.
    Avg,
    /// A trend's smallest value.
    Min,
    /// A trend's median.
    Med,
    /// A trend's largest value.
    Max,
    /// A trend's percentile, 0 to 100.
    Percentile(f64),
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `<=`
    LessOrEqual,
    /// `<`
    Less,
    /// `>=`
    GreaterOrEqual,
    /// `>`
    Greater,
    /// `==` and `===`
    Equal,
    /// `!=`
    NotEqual,
}

/// Where an expression goes wrong, and a hint.
pub(super) type Fault = (usize, String);

/// In the order in which k6 looks for them: the first that occurs anywhere splits the expression.
const OPERATORS: [(&str, Operator); 7] = [
    ("<=", Operator::LessOrEqual),
    ("<", Operator::Less),
    (">=", Operator::GreaterOrEqual),
    (">", Operator::Greater),
    ("===", Operator::Equal),
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
];

const METHODS: [(&str, Method); 7] = [
    ("count", Method::Count),
    ("rate", Method::Rate),
    ("value", Method::Value),
    ("avg", Method::Avg),
    ("min", Method::Min),
    ("med", Method::Med),
    ("max", Method::Max),
];

impl Expression {
    pub(super) fn parse(source: &str) -> Result<Self, Fault> {
        let split = |(text, operator): (&str, Operator)| {
            let at = source.find(text)?;
            Some((
                &source[..at],
                operator,
                &source[at + text.len()..],
                at + text.len(),
            ))
        };
        let Some((left, operator, right, right_at)) = OPERATORS.into_iter().find_map(split) else {
            let hint =
                "there is no operator; write it like p(95)<200, with one of < <= > >= == === !=";
            return Err((source.len(), hint.to_owned()));
        };
        let method = Method::parse(left)?;
        let bound = parse_bound(right, right_at)?;
        Ok(Self {
            source: Arc::from(source),
            method,
            operator,
            bound,
        })
    }

    /// Whether `observed` keeps the promise.
    pub fn holds(&self, observed: f64) -> bool {
        match self.operator {
            Operator::LessOrEqual => observed <= self.bound,
            Operator::Less => observed < self.bound,
            Operator::GreaterOrEqual => observed >= self.bound,
            Operator::Greater => observed > self.bound,
            Operator::Equal => observed == self.bound,
            Operator::NotEqual => observed != self.bound,
        }
    }
}

impl Method {
    /// Whether aggregates of `kind` can be read this way.
    pub fn fits(self, kind: Kind) -> bool {
        match self {
            Self::Count => kind == Kind::Counter,
            Self::Rate => matches!(kind, Kind::Counter | Kind::Rate),
            Self::Value => kind == Kind::Gauge,
            _ => kind == Kind::Trend,
        }
    }

    /// The reading of `aggregate`, or `None` when it is of another kind or a rate without samples.
    pub fn read(self, aggregate: &Aggregate, seconds: f64) -> Option<f64> {
        match (self, aggregate) {
            (Self::Count, Aggregate::Counter { count }) => Some(*count),
            (Self::Rate, Aggregate::Counter { count }) => Some(per_second(*count, seconds)),
            (Self::Rate, Aggregate::Rate { passes, total }) => {
                (*total > 0).then(|| *passes as f64 / *total as f64)
            }
            (Self::Value, Aggregate::Gauge { value, .. }) => Some(*value),
            (Self::Avg, Aggregate::Trend(trend)) => Some(trend.avg()),
            (Self::Min, Aggregate::Trend(trend)) => Some(trend.min()),
            (Self::Med, Aggregate::Trend(trend)) => Some(trend.med()),
            (Self::Max, Aggregate::Trend(trend)) => Some(trend.max()),
            (Self::Percentile(p), Aggregate::Trend(trend)) => Some(trend.percentile(p)),
            _ => None,
        }
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        let name = text.trim();
        let start = text.len() - text.trim_start().len();
        if let Some((_, method)) = METHODS.iter().find(|(known, _)| *known == name) {
            return Ok(*method);
        }
        let Some(number) = name
            .strip_prefix("p(")
            .and_then(|rest| rest.strip_suffix(')'))
        else {
            let hint = format!(
                "'{name}' is no method of aggregation; there are count, rate, value, avg, min, med, max and p(N)"
            );
            return Err((start, hint));
        };
        match number.trim().parse::<f64>() {
            Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(Self::Percentile(percent)),
            _ => Err((
                start + 2,
                format!("'{number}' is no percentile; N is a number from 0 to 100"),
            )),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Percentile(percent) = self {
            return write!(f, "p({percent})");
        }
        let known = METHODS.iter().find(|(_, method)| method == self);
        f.write_str(known.map_or("", |(name, _)| name))
    }
}

/// The methods that fit `kind`, for messages.
pub(super) fn methods_of(kind: Kind) -> String {
    let fitting = METHODS
        .iter()
        .filter(|(_, method)| method.fits(kind))
        .map(|(name, _)| *name);
    let percentile = (kind == Kind::Trend).then_some("p(N)");
    fitting.chain(percentile).collect::<Vec<_>>().join(", ")
}

/// `count` per second; 0 while no time has passed.
pub(crate) fn per_second(count: f64, seconds: f64) -> f64 {
    if seconds > 0.0 { count / seconds } else { 0.0 }
}

fn parse_bound(text: &str, at: usize) -> Result<f64, Fault> {
    let number = text.trim();
    let start = at + text.len() - text.trim_start().len();
    match number.parse::<f64>() {
        Ok(bound) if bound.is_finite() => Ok(bound),
        _ if number.is_empty() => Err((start, "a number is missing after the operator".to_owned())),
        _ => Err((
            start,
            format!(
                "'{number}' is not a number; write times in milliseconds and shares as 0.01, without units"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_follow_the_grammar() {
        let cases = [
            ("p(95)<200", Method::Percentile(95.0), Operator::Less, 200.0),
            (
                "p(99.9) <= 1.5",
                Method::Percentile(99.9),
                Operator::LessOrEqual,
                1.5,
            ),
            (" rate < 0.01 ", Method::Rate, Operator::Less, 0.01),
            ("count>=10", Method::Count, Operator::GreaterOrEqual, 10.0),
            ("value>1e3", Method::Value, Operator::Greater, 1000.0),
            ("avg===1", Method::Avg, Operator::Equal, 1.0),
            ("med==1", Method::Med, Operator::Equal, 1.0),
            ("min!=-1", Method::Min, Operator::NotEqual, -1.0),
            ("max<1", Method::Max, Operator::Less, 1.0),
        ];
        for (source, method, operator, bound) in cases {
            let parsed = Expression::parse(source);
            let expected = Expression {
                source: Arc::from(source),
                method,
                operator,
                bound,
            };
            assert_eq!(parsed, Ok(expected), "{source}");
        }
    }

    #[test]
    fn faults_say_where() {
        let cases = [
            ("p(95)", 5, "no operator"),
            ("", 0, "no operator"),
            ("p95<1", 0, "'p95' is no method"),
            ("  mean<1", 2, "'mean' is no method"),
            ("p(101)<1", 2, "0 to 100"),
            ("p(x)<1", 2, "0 to 100"),
            ("p()<1", 2, "0 to 100"),
            ("avg<", 4, "a number is missing"),
            ("avg< 200ms", 5, "'200ms' is not a number"),
            ("avg<=<1", 5, "'<1' is not a number"),
            ("avg<NaN", 4, "not a number"),
        ];
        for (source, position, part) in cases {
            let (at, hint) = Expression::parse(source).expect_err(source);
            assert_eq!(at, position, "{source}: {hint}");
            assert!(hint.contains(part), "{source}: {hint}");
        }
    }

    #[test]
    fn operators_compare() {
        let cases = [
            ("<=", [true, true, false]),
            ("<", [true, false, false]),
            (">=", [false, true, true]),
            (">", [false, false, true]),
            ("===", [false, true, false]),
            ("==", [false, true, false]),
            ("!=", [true, false, true]),
        ];
        for (operator, expected) in cases {
            let expression = Expression::parse(&format!("avg{operator}2")).expect(operator);
            assert_eq!(
                [1.0, 2.0, 3.0].map(|v| expression.holds(v)),
                expected,
                "{operator}"
            );
        }
    }
}
