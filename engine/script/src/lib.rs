//! Defines scripts as modules: which there are, where they are found, and what a runtime gets of them.
//!
//! A [`Script`] is a file and all that it imports, below a root that nothing leaves. Modules are found by Node's rules, checked
//! for their syntax, told apart (ECMAScript, CommonJS, JSON), and rid of TypeScript's types. Those of `https://` addresses are
//! kept in a folder. Nothing here runs a script, speaks to the network, or knows who does.

mod address;
mod archive;
mod machine;
mod names;
mod pack;
mod packed;
mod parse;
mod positions;
mod remote;
mod root;
mod script;

pub use address::joined;
pub use archive::{Archive, ArchiveError, Metadata, Own};
pub use parse::{Kind, Module};
pub use remote::{Fetch, Fetched, Remote};
pub use script::{Script, ScriptError};
