//! Defines colours: ANSI sequences, or none.

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colors {
    /// Plain text.
    Never,
    /// ANSI sequences.
    Always,
}

/// What a piece of text is, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Something good: green.
    Good,
    /// Something bad: red.
    Bad,
    /// A figure: cyan.
    Figure,
    /// A figure of less importance: faint cyan.
    SideFigure,
    /// What leads the eye: faint.
    Leader,
    /// A heading: bold.
    Heading,
}

impl Colors {
    /// `text` in the colour of `tone`.
    pub(crate) fn paint(self, text: &str, tone: Tone) -> String {
        if self == Self::Never {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Figure => "36",
            Tone::SideFigure => "36;2",
            Tone::Leader => "2",
            Tone::Heading => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}
