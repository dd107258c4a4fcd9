//! Defines scripts as modules: which there are, where they are found, and what a runtime gets of them.
//!
//! A [`Script`] is a file and all that it imports, below a root that nothing leaves. Modules are found by Node's rules, checked
//! for their syntax, told apart (ECMAScript, CommonJS, JSON), and rid of TypeScript's types. Nothing here runs a script, or
//! knows who does.

mod parse;
mod positions;
mod root;
mod script;

pub use parse::{Kind, Module};
pub use script::{Script, ScriptError};
