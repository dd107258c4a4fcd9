//! Defines how a packet's fields are read, one after the other.

use super::Fault;

/// What of a packet was not read yet.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// All that was not read yet.
    pub(super) fn rest(self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(Fault::Malformed("it ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Fault> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn two(&mut self) -> Result<u16, Fault> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    pub(super) fn four(&mut self) -> Result<u32, Fault> {
        let bytes = self.take(4)?;
        Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// 0 or 1.
    pub(super) fn flag(&mut self) -> Result<bool, Fault> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Fault::Malformed("a flag is neither 0 nor 1")),
        }
    }

    /// A packet's id, which is never 0.
    pub(super) fn id(&mut self) -> Result<u16, Fault> {
        match self.two()? {
            0 => Err(Fault::Malformed("its packet identifier is 0")),
            id => Ok(id),
        }
    }

    /// A number of one to four bytes, seven bits each.
    pub(super) fn variable(&mut self) -> Result<u32, Fault> {
        let mut value = 0;
        for place in 0..4 {
            let byte = self.byte()?;
            value |= u32::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Fault::Malformed("a length takes more than four bytes"))
    }

    pub(super) fn binary(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.two()?;
        self.take(length.into())
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Fault> {
        let text = std::str::from_utf8(self.binary()?)
            .map_err(|_| Fault::Malformed("a text is not UTF-8"))?;
        if text.as_bytes().contains(&0) {
            return Err(Fault::Malformed("a text contains a null character"));
        }
        Ok(text)
    }
}
