//! The whole network in real processes: `quorate dev`, and everything that is asked of it.

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod bundle;
#[cfg(test)]
mod chains;
#[cfg(test)]
mod chirp;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod code;
#[cfg(test)]
mod draws;
#[cfg(test)]
mod encryption;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod hosts;
#[cfg(test)]
mod minting;
#[cfg(test)]
mod moving;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod rolled_back;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod signing;
#[cfg(test)]
#[cfg(feature = "faults")]
mod waiting;
