//! The simulator repeats itself: the trace of a seed depends on nothing but the seed.

use quorate_sim::run_seed;

#[test]
fn a_seed_gives_the_same_trace_twice_and_other_seeds_give_others() {
    // Kinds with crashes, loss and liars; each signs for real.
    let seeds = [2u64, 13, 8, 20, 4];
    let first: Vec<_> = seeds.iter().map(|seed| run_seed(*seed, false)).collect();
    let second: Vec<_> = seeds.iter().map(|seed| run_seed(*seed, false)).collect();
    for (one, two) in first.iter().zip(&second) {
        assert!(one.failure.is_none(), "seed {}: {:?}", one.seed, one.failure);
        assert_eq!(one.hash, two.hash, "seed {} has two traces", one.seed);
        assert_eq!(one.lines, two.lines);
    }
    let mut hashes: Vec<_> = first.iter().map(|report| report.hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), seeds.len(), "different seeds have different traces");
}
