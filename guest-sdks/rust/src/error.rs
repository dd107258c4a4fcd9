//! Defines the error that ends an iteration: one message, made from any other error by `?`.

use std::fmt;

/// What functions of a test return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an iteration, or another phase, could not go on: a message for people.
///
/// Any [`std::error::Error`] becomes one through `?`, with its causes. [`fail!`](crate::fail) makes one by hand.
pub struct Error {
    message: String,
}

impl Error {
    /// An error with this message.
    pub fn new(message: impl fmt::Display) -> Self {
        Self {
            message: message.to_string(),
        }
    }

    /// The same error with a description of what was being done in front: `reading users.json: no such file`.
    pub fn context(self, doing: impl fmt::Display) -> Self {
        Self::new(format_args!("{doing}: {}", self.message))
    }

    /// The whole message.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            message = format!("{message}: {error}");
            cause = error.source();
        }
        Self { message }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Ends the function with an [`Error`] made as by `format!`.
///
/// ```
/// # use brunt_sdk::prelude::*;
/// fn login(user: &str) -> Result<()> {
///     if user.is_empty() {
///         fail!("no user for VU {}", 7);
///     }
///     Ok(())
/// }
/// assert_eq!(login("").unwrap_err().message(), "no user for VU 7");
/// ```
#[macro_export]
macro_rules! fail {
    ($($arg:tt)+) => {
        return ::core::result::Result::Err($crate::Error::new(::core::format_args!($($arg)+)).into())
    };
}

/// What a function of a test may return: nothing, or a `Result` whose error can be shown.
#[doc(hidden)]
pub trait IntoOutcome {
    /// What it gives when all went well.
    type Value;
    /// The value, or the message of the error.
    fn into_outcome(self) -> std::result::Result<Self::Value, String>;
}

impl IntoOutcome for () {
    type Value = ();
    fn into_outcome(self) -> std::result::Result<(), String> {
        Ok(())
    }
}

impl<T, E: fmt::Display> IntoOutcome for std::result::Result<T, E> {
    type Value = T;
    fn into_outcome(self) -> std::result::Result<T, String> {
        // `#` shows the causes too in error types that hold several, anyhow's among them.
        self.map_err(|error| format!("{error:#}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("reading the price")
        }
    }

    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn causes_are_in_the_message() {
        let cause = "x".parse::<u32>().expect_err("not a number");
        let error = Error::from(Outer(cause));
        assert_eq!(
            error.message(),
            "reading the price: invalid digit found in string"
        );
    }

    #[test]
    fn context_comes_first() {
        let error = Error::new("no such file").context("reading users.json");
        assert_eq!(
            error.into_outcome_message(),
            "reading users.json: no such file"
        );
    }

    impl Error {
        fn into_outcome_message(self) -> String {
            Err::<(), _>(self).into_outcome().expect_err("an error")
        }
    }
}
