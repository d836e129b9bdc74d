//! The memory-hard part of scrypt (RFC 7914, 4 and 5), in slices, over the Salsa20/8 core of a library.

use salsa20::SalsaCore;
use salsa20::cipher::StreamCipherCore as _;
use salsa20::cipher::typenum::U4;

use super::{Pulse, Refused};

const BLOCK_BYTES: usize = 64;
const WORDS: usize = BLOCK_BYTES / 4;
/// Blocks between two looks at whether to go on: about a tenth of a millisecond.
const SLICE_BLOCKS: usize = 1_024;

type Block = [u32; WORDS];

/// The numbers that scrypt takes: cost, blocks and lanes.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) n: usize,
    pub(super) r: usize,
    pub(super) p: usize,
}

impl Shape {
    /// Bytes of all lanes.
    pub(super) const fn bytes(self) -> usize {
        2 * BLOCK_BYTES * self.r * self.p
    }
}

/// `scryptROMix` of each lane.
pub(super) fn mix(lanes: &mut [u8], shape: Shape, pulse: &mut Pulse<'_>) -> Result<(), Refused> {
    let width = 2 * shape.r;
    let mut mixer = Mixer { pulse, mixed: 0 };
    let mut table = vec![[0; WORDS]; width * shape.n];
    let (mut now, mut next) = (vec![[0; WORDS]; width], vec![[0; WORDS]; width]);
    for lane in lanes.chunks_exact_mut(width * BLOCK_BYTES) {
        let bytes = lane.as_chunks_mut::<4>().0;
        for (word, bytes) in now.as_flattened_mut().iter_mut().zip(&*bytes) {
            *word = u32::from_le_bytes(*bytes);
        }
        for row in table.chunks_exact_mut(width) {
            row.copy_from_slice(&now);
            mixer.blocks(row, &mut now)?;
        }
        for _ in 0..shape.n {
            let row = now[width - 1][0] as usize & (shape.n - 1);
            for (block, other) in now.iter_mut().zip(&table[row * width..]) {
                xor(block, other);
            }
            mixer.blocks(&now, &mut next)?;
            std::mem::swap(&mut now, &mut next);
        }
        for (word, bytes) in now.as_flattened().iter().zip(bytes) {
            *bytes = word.to_le_bytes();
        }
    }
    Ok(())
}

struct Mixer<'m, 'p> {
    pulse: &'m mut Pulse<'p>,
    mixed: usize,
}

impl Mixer<'_, '_> {
    /// `scryptBlockMix`.
    fn blocks(&mut self, input: &[Block], output: &mut [Block]) -> Result<(), Refused> {
        let half = input.len() / 2;
        let mut last = input[input.len() - 1];
        for (place, block) in input.iter().enumerate() {
            xor(&mut last, block);
            last = salsa(last);
            output[place / 2 + (place % 2) * half] = last;
            self.mixed = self.mixed.wrapping_add(1);
            if self.mixed.is_multiple_of(SLICE_BLOCKS) {
                self.pulse.beat()?;
            }
        }
        Ok(())
    }
}

/// Salsa20 with eight rounds: four times two.
fn salsa(block: Block) -> Block {
    let mut bytes = [0; BLOCK_BYTES];
    SalsaCore::<U4>::from_raw_state(block).write_keystream_block((&mut bytes).into());
    let mut mixed = block;
    for (word, bytes) in mixed.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    mixed
}

fn xor(block: &mut Block, other: &Block) {
    block.iter_mut().zip(other).for_each(|(word, other)| *word ^= other);
}
