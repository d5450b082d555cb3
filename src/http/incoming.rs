//! Bodies as they come in: unpacked piece by piece, so that whoever reads stops at the most that it takes, and given up
//! where they do not come on.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use flate2::write::GzDecoder;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use tokio::time::{Instant, timeout};

/// How patient somebody is who reads a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// How long the next piece may take.
    piece: Duration,
    /// How long a body may take, besides what its length takes.
    whole: Duration,
}

/// With everybody's.
pub(super) const PATIENCE: Patience =
    Patience { piece: Duration::from_secs(10), whole: Duration::from_secs(20) };
/// So many bytes a second are expected.
const RATE: u64 = 16 * 1024;
/// So many packed bytes are unpacked at a time: at most about a thousand times as many come out.
const PIECE: usize = 512;

type Piece = Result<Bytes, PayloadError>;

/// A body that ends with [`io::ErrorKind::TimedOut`] if it does not come on.
pub(super) fn in_time(payload: Payload, patience: Patience) -> impl Stream<Item = Piece> {
    let begun = Incoming { payload: Some(payload), patience, begun: Instant::now(), received: 0 };
    stream::try_unfold(begun, async |mut incoming| {
        let piece = incoming.next().await?;
        Ok(piece.map(|piece| (piece, incoming)))
    })
}

/// A body, as far as it has come.
struct Incoming {
    /// None once it is over.
    payload: Option<Payload>,
    patience: Patience,
    begun: Instant,
    received: u64,
}

impl Incoming {
    async fn next(&mut self) -> Result<Option<Bytes>, PayloadError> {
        let Some(payload) = &mut self.payload else { return Ok(None) };
        let Some(piece) = timeout(self.patience.piece, payload.next()).await.map_err(|_| late())? else {
            self.payload = None;
            return Ok(None);
        };
        let piece = piece?;
        self.received = self.received.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        match self.begun.elapsed() > self.patience.whole + Duration::from_secs(self.received / RATE) {
            true => Err(late()),
            false => Ok(Some(piece)),
        }
    }
}

/// For so long a body that nobody reads on is kept.
const KEPT: Duration = Duration::from_secs(5);

thread_local! {
    /// Bodies that nobody reads on, and when they were given up.
    static GIVEN_UP: RefCell<VecDeque<(Instant, Payload)>> = const { RefCell::new(VecDeque::new()) };
}

impl Drop for Incoming {
    /// Of a body that is thrown away the server would read the rest, for as long as somebody cares to send it. One that
    /// is still there when the answer is out makes it close the connection.
    fn drop(&mut self) {
        let Some(payload) = self.payload.take() else { return };
        let now = Instant::now();
        // A thread that is about to end has closed its connections.
        let _ = GIVEN_UP.try_with(|given_up| {
            let Ok(mut given_up) = given_up.try_borrow_mut() else { return };
            while given_up.front().is_some_and(|(at, _)| *at + KEPT < now) {
                given_up.pop_front();
            }
            given_up.push_back((now, payload));
        });
    }
}

fn late() -> PayloadError {
    PayloadError::Io(io::ErrorKind::TimedOut.into())
}

/// What a body that came packed with gzip says.
pub(super) fn unpacked(packed: impl Stream<Item = Piece> + Unpin) -> impl Stream<Item = Piece> {
    let decoder = Some(GzDecoder::new(Vec::new()));
    stream::try_unfold((packed, Bytes::new(), decoder), async |(mut packed, mut rest, mut decoder)| {
        let torn = |_: io::Error| PayloadError::EncodingCorrupted;
        while let Some(unpacking) = &mut decoder {
            if rest.is_empty() {
                match packed.try_next().await? {
                    Some(piece) => rest = piece,
                    None => {
                        let last = decoder.take().map(GzDecoder::finish).transpose().map_err(torn)?;
                        return Ok(last
                            .filter(|last| !last.is_empty())
                            .map(|last| (last.into(), (packed, rest, None))));
                    }
                }
                continue;
            }
            unpacking.write_all(&rest.split_to(PIECE.min(rest.len()))).map_err(torn)?;
            let out = std::mem::take(unpacking.get_mut());
            if !out.is_empty() {
                return Ok(Some((Bytes::from(out), (packed, rest, decoder))));
            }
        }
        Ok(None)
    })
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn pieces(bytes: &[u8], length: usize) -> impl Stream<Item = Piece> + Unpin {
        let pieces = bytes.chunks(length).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect::<Vec<_>>();
        stream::iter(pieces)
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut writer = GzEncoder::new(Vec::new(), Compression::best());
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    #[tokio::test]
    async fn what_was_packed_comes_out_in_small_pieces() {
        let text = vec![b'0'; 20 << 20];
        let packed = packed(&text);
        for length in [1, 700, packed.len()] {
            let mut out = Vec::new();
            let mut stream = std::pin::pin!(unpacked(pieces(&packed, length)));
            while let Some(piece) = stream.next().await {
                let piece = piece.unwrap();
                assert!(piece.len() <= 1 << 20, "{}", piece.len());
                out.extend(piece);
            }
            assert!(out == text, "{length}");
        }
    }

    #[tokio::test]
    async fn what_is_torn_or_no_gzip_is_refused() {
        let packed = packed(b"some text that is packed");
        for torn in [&packed[..packed.len() - 3], b"no gzip at all".as_slice(), &[]] {
            let mut stream = std::pin::pin!(unpacked(pieces(torn, 100)));
            let mut last = Ok(Bytes::new());
            while let Some(piece) = stream.next().await {
                last = piece;
                if last.is_err() {
                    break;
                }
            }
            assert!(matches!(last, Err(PayloadError::EncodingCorrupted)), "{torn:?}");
        }
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_on_ends() {
        let drip = |pause: u64, count: usize| -> Payload {
            let drops = stream::iter(0..count).then(move |_| async move {
                tokio::time::sleep(Duration::from_millis(pause)).await;
                Ok(Bytes::from_static(b"x"))
            });
            Payload::Stream { payload: Box::pin(drops) }
        };
        let patience = Patience { piece: Duration::from_millis(500), whole: Duration::from_millis(1_000) };
        for (pause, count, is_good) in [(2_000, 1, false), (5, 3, true), (200, 10, false)] {
            let read: Result<Vec<Bytes>, _> = in_time(drip(pause, count), patience).try_collect().await;
            assert_eq!(read.is_ok(), is_good, "{pause} {count}");
        }
    }
}
