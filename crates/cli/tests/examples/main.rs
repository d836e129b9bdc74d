//! Actions in `examples/actions` do what their `expected.json` says, and their tests pass.
//!
//! `UPDATE_EXPECTED=1 cargo test -p quorate-cli --test examples` writes the files anew, and those of
//! examples that have begun to run: read the difference.

#[cfg(test)]
mod cloned;
#[cfg(test)]
mod command;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod openings;
