//! Tests of this crate against the real guest and real worker processes, in one program.

mod suite {
    mod alone;
    mod confinement;
    mod determinism;
    mod differential;
    mod encryption;
    mod ethers;
    mod generated;
    mod hostile;
    mod lanes;
    mod limits;
    mod pool;
    mod random;
    mod scripted;
    mod scripts;
    mod stub_worker;
    mod support;
    mod syntax;
    mod walls;
}
