//! Key generation, pairwise set-up and signing among real parties in one process.

mod support;

use std::time::Instant;
use support::{Committee, Job, party};

#[test]
fn smoke() {
    let t = Instant::now();
    let c = Committee::make(2, 3);
    eprintln!("made {:?}", t.elapsed());
    let signers = [party(1), party(3)];
    let job = Job {
        tweak: quorate_threshold::derive::tweak(&[1; 32]).unwrap(),
        digest: [7; 32],
        signers: &signers,
        session: [9; 32],
    };
    for _ in 0..5 {
        let t = Instant::now();
        let s = c.sign(&job);
        eprintln!("{:?} {:?}", t.elapsed(), s.recovery_id);
    }
}
