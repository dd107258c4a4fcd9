//! Defines nothing: the package exists for its examples, each a test of its own.
