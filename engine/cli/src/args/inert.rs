//! Defines flags of k6 that leave nothing to do here, so that its command lines go on working.

use clap::ValueEnum;

/// They are read, and have no effect.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct InertFlags {
    /// Nothing is reported to anybody, with or without
    #[arg(long, hide = true)]
    no_usage_report: bool,
    /// Scripts are always read as in k6's mode `extended`, which is more than its mode `base`
    #[arg(long, hide = true, value_name = "MODE", value_enum)]
    compatibility_mode: Option<CompatibilityMode>,
}

/// How k6 reads scripts.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum CompatibilityMode {
    Extended,
    Base,
}
