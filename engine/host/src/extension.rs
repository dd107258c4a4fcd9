//! Defines protocol extensions: files found by what a test imports, checked, and joined with it.

mod contract;
mod file;
mod find;
mod interface;
mod join;
mod marks;
mod part;
mod shape;

pub use file::Extension;
pub use find::{SearchPath, Wanted};
pub use interface::Interface;

pub(crate) use join::{Attend, Init, join};
pub(crate) use marks::{marked, of_mark};
pub(crate) use part::{Linked, Part, component};
pub(crate) use shape::Shape;

/// The interface that every extension exports.
pub(crate) const LIFECYCLE: &str = "brunt:worlds/extension-lifecycle@0.1.0";
