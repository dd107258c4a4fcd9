//! Defines which options this version accepts and does not honour yet, and the warning where one of them is set.

use super::Options;

/// An option that is accepted and checked, and changes nothing yet, or not everything.
#[derive(Debug, Clone, Copy)]
pub struct WithoutEffect {
    /// The option's name.
    pub name: &'static str,
    /// What the engine does whatever the option says, or which values it is about; follows "has no effect yet".
    pub instead: &'static str,
    /// Whether the first options, for which the second are the defaults, ask for what is not done.
    is_missed: fn(&Options, &Options) -> bool,
}

/// Options that are accepted and not honoured yet. One that becomes honoured is struck here, and in docs/options.md.
pub const WITHOUT_EFFECT: [WithoutEffect; 1] =
    [row("paused", ": the run starts at once", |options, _| {
        options.paused
    })];

/// Warnings about all that the options ask for and that is not done yet.
pub(super) fn warnings(options: &Options, default: &Options) -> Vec<String> {
    let missed = WITHOUT_EFFECT
        .iter()
        .filter(|row| (row.is_missed)(options, default));
    missed
        .map(|row| format!("option {} has no effect yet{}", row.name, row.instead))
        .collect()
}

const fn row(
    name: &'static str,
    instead: &'static str,
    is_missed: fn(&Options, &Options) -> bool,
) -> WithoutEffect {
    WithoutEffect {
        name,
        instead,
        is_missed,
    }
}
