//! A hash for keys that no stranger chooses: it takes a few steps, and defends against nobody.

use std::hash::Hasher;

/// An odd number without a pattern in its bits.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// The state of the hash.
#[derive(Clone, Copy, Debug, Default)]
pub struct QuickHash(u64);

impl QuickHash {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    }
}

impl Hasher for QuickHash {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let rest = rest.iter().fold(1, |word: u64, byte| word << 8 | u64::from(*byte));
            self.add(rest);
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.add(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.add(number);
    }

    fn write_usize(&mut self, number: usize) {
        // No machine has wider addresses.
        self.add(u64::try_from(number).unwrap_or(0));
    }

    fn finish(&self) -> u64 {
        // The last multiplication leaves the low bits with little of the high ones.
        self.0 ^ self.0 >> 32
    }
}
