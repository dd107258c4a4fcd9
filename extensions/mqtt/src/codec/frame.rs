//! Defines where packets begin and end.

use super::Fault;

/// The largest packet that the protocol knows, in bytes.
pub const MOST_BYTES: usize = 268_435_455 + 5;

/// One packet's bytes, all of which are there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Frame<'a> {
    /// The kind of packet (four bits) and its flags.
    pub first: u8,
    /// All that follows the length.
    pub body: &'a [u8],
    /// How many bytes it took altogether.
    pub size: usize,
}

/// The packet that these bytes begin with; none while it has not come altogether.
///
/// # Errors
/// When its length is malformed, or larger than `most`: known as soon as the length is there.
pub fn frame(bytes: &[u8], most: usize) -> Result<Option<Frame<'_>>, Fault> {
    let Some((head, length)) = head(bytes)? else {
        return Ok(None);
    };
    let size = head + length;
    if size > most {
        return Err(Fault::TooLarge { size, most });
    }
    Ok(bytes.get(head..size).map(|body| Frame {
        first: bytes[0],
        body,
        size,
    }))
}

/// How many bytes kind and length take, and the length.
fn head(bytes: &[u8]) -> Result<Option<(usize, usize)>, Fault> {
    let mut length = 0;
    for place in 0..4 {
        let Some(&byte) = bytes.get(1 + place) else {
            return Ok(None);
        };
        length |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(Some((2 + place, length)));
        }
    }
    Err(Fault::Malformed("its length takes more than four bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_there_when_its_last_byte_is() {
        assert_eq!(frame(&[], 100), Ok(None));
        assert_eq!(frame(&[0xd0], 100), Ok(None));
        assert_eq!(frame(&[0x40, 2, 0], 100), Ok(None));
        let whole = frame(&[0x40, 2, 0, 1, 0xd0], 100).unwrap().unwrap();
        assert_eq!((whole.body, whole.size), (&[0, 1][..], 4));
    }

    #[test]
    fn a_length_has_at_most_four_bytes() {
        assert!(matches!(
            frame(&[0x30, 0xff, 0xff, 0xff, 0xff, 1], MOST_BYTES),
            Err(Fault::Malformed(_))
        ));
        assert_eq!(frame(&[0x30, 0xff, 0xff, 0xff, 0x7f], MOST_BYTES), Ok(None));
    }

    #[test]
    fn a_packet_that_is_too_large_is_known_by_its_length() {
        let error = frame(&[0x30, 0x80, 0x01], 100).unwrap_err();
        assert_eq!(
            error,
            Fault::TooLarge {
                size: 131,
                most: 100
            }
        );
    }
}
