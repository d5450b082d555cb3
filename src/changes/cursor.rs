//! Cursors: a position in the order of changes, sealed, because the distance of two positions would tell how much others
//! have changed meanwhile.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::http::{Code, Problem};
use crate::said::say;

/// A place in the order of changes: what is behind it has not been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) transaction: i64,
    pub(super) id: i64,
}

impl Position {
    /// Behind everything that transactions before this one have left.
    pub(super) fn before(transaction: i64) -> Self {
        Self { transaction: transaction.saturating_sub(1), id: i64::MAX }
    }
}

/// Seals the positions of one feed. Numbers of transactions mean nothing in another database, nor in one that was set back
/// from a backup: there a feed is another one.
pub(super) struct Seal {
    key: RandomizedNonceKey,
    feed: i64,
}

impl Seal {
    pub(super) fn new(key: &[u8], feed: i64) -> Result<Self, Problem> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|error| Problem::internal(&error))?;
        Ok(Self { key, feed })
    }

    /// A position as a reader gets it.
    pub(super) fn close(&self, position: Position) -> Result<String, Problem> {
        let mut text = [self.feed, position.transaction, position.id].map(i64::to_be_bytes).concat();
        let nonce = self.key.seal_in_place_append_tag(Aad::empty(), &mut text);
        let nonce = nonce.map_err(|error| Problem::internal(&error))?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_ref().as_slice(), &text].concat()))
    }

    /// The position that a reader sends; `next` is the first transaction that has not begun.
    ///
    /// # Errors
    ///
    /// The field `after` at fault for what was never given; `copy-anew` for a position of another feed.
    pub(super) fn open(&self, cursor: &str, next: i64) -> Result<Position, Problem> {
        let [feed, transaction, id] = self.read(cursor).ok_or_else(|| {
            let said = say!("应为先前给出的 cursor", "expected the cursor of an earlier answer");
            Problem::field("after", said)
        })?;
        match feed == self.feed && transaction < next {
            true => Ok(Position { transaction, id }),
            false => Err(Problem::new(
                Code::CopyAnew,
                say!(
                    "这个 cursor 属于另一个数据库，或恢复备份之前：请不带 after 取新的 cursor，再完整复制一遍",
                    "this cursor is of another database, or from before this one was set back from a backup: ask without after for a new one, then copy everything anew"
                ),
            )),
        }
    }

    fn read(&self, cursor: &str) -> Option<[i64; 3]> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (nonce, text) = bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let opened: Result<&mut [u8], Unspecified> = self.key.open_in_place(nonce, Aad::empty(), &mut text);
        let (numbers, rest) = opened.ok()?.as_chunks::<8>();
        let numbers: &[[u8; 8]; 3] = numbers.try_into().ok().filter(|_| rest.is_empty())?;
        Some(numbers.map(i64::from_be_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_comes_back_and_nothing_else_does() {
        let seal = Seal::new(&[7; 32], 5).unwrap();
        let position = Position { transaction: 1_000, id: 77 };
        let cursor = seal.close(position).unwrap();
        assert_eq!(seal.open(&cursor, 1_001).unwrap(), position);
        // Two cursors of one position have nothing in common.
        assert_ne!(seal.close(position).unwrap(), cursor);
        // From before a backup was set back, and of another database.
        assert_eq!(seal.open(&cursor, 1_000).unwrap_err().code, Code::CopyAnew);
        assert_eq!(Seal::new(&[7; 32], 6).unwrap().open(&cursor, 1_001).unwrap_err().code, Code::CopyAnew);
        let cut = &cursor[..cursor.len() - 2];
        for none in ["", "x", "1000", cut, &cursor.to_lowercase(), &format!("{cursor}{cursor}")] {
            assert_eq!(seal.open(none, 1_001).unwrap_err().errors[0].field, "after", "{none}");
        }
        assert!(Seal::new(&[8; 32], 5).unwrap().open(&cursor, 1_001).is_err());
    }
}
