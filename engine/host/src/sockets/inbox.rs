//! Defines what has come on a connection and was not read yet, with the time at which it came.

use std::collections::VecDeque;
use std::time::Instant;

use crate::pipe::Queue;

/// Pieces in the order in which they came.
#[derive(Default)]
pub(super) struct Inbox {
    pieces: VecDeque<Piece>,
    bytes: usize,
}

struct Piece {
    bytes: Vec<u8>,
    /// Where what was not read begins.
    at: usize,
    came: Instant,
}

/// What a piece takes beside its bytes: many small ones must not take more memory than the limit says.
const PIECE: usize = 64;

/// Bytes of a piece that no more are added to.
const LARGE: usize = 64 << 10;

impl Queue for Inbox {
    fn held(&self) -> usize {
        self.bytes + self.pieces.len() * PIECE
    }
}

impl Inbox {
    /// Adds bytes that came at this time; those that came at one time are one piece, as far as that goes.
    pub(super) fn push(&mut self, bytes: &[u8], came: Instant) {
        self.bytes += bytes.len();
        if let Some(last) = self.pieces.back_mut()
            && last.came == came
            && last.bytes.len() < LARGE
        {
            return last.bytes.extend_from_slice(bytes);
        }
        self.pieces.push_back(Piece {
            bytes: bytes.to_vec(),
            at: 0,
            came,
        });
    }

    /// Takes the first piece, or its beginning, and when it came.
    pub(super) fn take(&mut self, most: usize) -> Option<(Vec<u8>, Instant)> {
        let first = self.pieces.front_mut()?;
        let (left, came) = (first.bytes.len() - first.at, first.came);
        let taken = if left > most {
            let end = first.at + most;
            let taken = first.bytes[first.at..end].to_vec();
            first.at = end;
            taken
        } else {
            let mut piece = self.pieces.pop_front()?;
            piece.bytes.drain(..piece.at);
            piece.bytes
        };
        self.bytes -= taken.len();
        Some((taken, came))
    }

    /// Bytes that can be taken.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn pieces_are_read_in_order_and_never_across_two_arrivals() {
        let (first, second) = (Instant::now(), Instant::now() + Duration::from_millis(1));
        let mut inbox = Inbox::default();
        inbox.push(b"ab", first);
        inbox.push(b"cd", first);
        inbox.push(b"ef", second);
        assert_eq!((inbox.bytes(), inbox.held()), (6, 6 + 2 * PIECE));
        assert_eq!(inbox.take(3), Some((b"abc".to_vec(), first)));
        assert_eq!(inbox.take(9), Some((b"d".to_vec(), first)));
        assert_eq!(inbox.take(9), Some((b"ef".to_vec(), second)));
        assert_eq!(inbox.take(9), None);
        assert_eq!(inbox.held(), 0);
    }

    #[test]
    fn large_pieces_are_not_made_larger() {
        let now = Instant::now();
        let mut inbox = Inbox::default();
        inbox.push(&vec![1; LARGE], now);
        inbox.push(b"x", now);
        assert_eq!(
            inbox.take(usize::MAX).map(|(bytes, _)| bytes.len()),
            Some(LARGE)
        );
        assert_eq!(inbox.take(usize::MAX), Some((b"x".to_vec(), now)));
    }
}
