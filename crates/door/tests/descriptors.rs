//! The limit of open files, in a process of its own: it holds for all of it.

use quorate_door::descriptors;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

#[test]
fn the_limit_is_raised_never_lowered_and_not_beyond_what_the_system_allows() {
    let lowered = Rlimit { current: Some(128), maximum: Some(600) };
    setrlimit(Resource::Nofile, lowered).unwrap();
    descriptors::allow(64).unwrap();
    assert_eq!(getrlimit(Resource::Nofile), lowered);
    descriptors::allow(576).unwrap();
    assert_eq!(getrlimit(Resource::Nofile), Rlimit { current: Some(576), maximum: Some(600) });
    let refused = descriptors::allow(1_200).unwrap_err();
    assert_eq!(refused.to_string(), "this process may open 600 files and needs 1,200: raise `ulimit -n`");
    assert_eq!(getrlimit(Resource::Nofile).current, Some(576));
}
