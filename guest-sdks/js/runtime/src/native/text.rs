//! Defines text as bytes and back, for the globals `TextEncoder` and `TextDecoder`.

use std::char::{REPLACEMENT_CHARACTER, decode_utf16};

use rquickjs::class::{JsClass, Trace, Tracer, Writable};
use rquickjs::function::Constructor;
use rquickjs::{ArrayBuffer, Class, Ctx, Exception, Function, JsLifetime, Object, Result, Value};

use super::crypto;
use super::lazy::Part;

/// Functions that encode and decode text.
pub(super) struct Texts;

/// Text that is being decoded, piece by piece.
pub(crate) struct Decoder {
    encoding: Encoding,
    /// Whether bytes that are no text are an error.
    fatal: bool,
    /// Whether a byte order mark is text like any other, or was already dealt with.
    keeps_mark: bool,
    /// The first bytes of a character whose others have not come yet.
    rest: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    Utf16(fn([u8; 2]) -> u16),
}

/// Bytes that are no text.
struct Malformed;

// SAFETY: it holds no values of JavaScript.
unsafe impl JsLifetime<'_> for Decoder {
    type Changed<'to> = Decoder;
}

impl<'js> Trace<'js> for Decoder {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js> JsClass<'js> for Decoder {
    const NAME: &'static str = "NativeDecoder";
    type Mutable = Writable;

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

impl Part for Texts {
    fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
        let encode = |ctx, text: String| ArrayBuffer::new(ctx, text.into_bytes());
        native.set("encode", Function::new(ctx.clone(), encode)?)?;
        native.set("decoder", Function::new(ctx.clone(), decoder)?)?;
        native.set("decode", Function::new(ctx.clone(), decode)?)
    }
}

/// `decoder(encoding, fatal, ignoreBOM)`
fn decoder<'js>(
    ctx: Ctx<'js>,
    encoding: String,
    fatal: bool,
    keeps_mark: bool,
) -> Result<Class<'js, Decoder>> {
    let encoding = match encoding.as_str() {
        "utf-16le" => Encoding::Utf16(u16::from_le_bytes),
        "utf-16be" => Encoding::Utf16(u16::from_be_bytes),
        _ => Encoding::Utf8,
    };
    let decoder = Decoder {
        encoding,
        fatal,
        keeps_mark,
        rest: Vec::new(),
    };
    Class::instance(ctx, decoder)
}

/// `decode(decoder, bytes, goesOn)`
fn decode<'js>(
    ctx: Ctx<'js>,
    decoder: Class<'js, Decoder>,
    bytes: Value<'js>,
    goes_on: bool,
) -> Result<String> {
    let bytes = crypto::bytes(&ctx, &bytes)?;
    let decoded = decoder.borrow_mut().decode(&bytes, goes_on);
    decoded.map_err(|Malformed| {
        Exception::throw_type(&ctx, "TextDecoder: the bytes are no text in this encoding")
    })
}

impl Decoder {
    fn decode(&mut self, bytes: &[u8], goes_on: bool) -> std::result::Result<String, Malformed> {
        let mut all = std::mem::take(&mut self.rest);
        all.extend_from_slice(bytes);
        let mut text = match self.encoding {
            Encoding::Utf8 => self.utf8(&all, goes_on)?,
            Encoding::Utf16(unit) => self.utf16(&all, unit, goes_on)?,
        };
        if !self.keeps_mark && !text.is_empty() {
            self.keeps_mark = true;
            if text.starts_with('\u{feff}') {
                text.remove(0);
            }
        }
        Ok(text)
    }

    fn utf8(&mut self, bytes: &[u8], goes_on: bool) -> std::result::Result<String, Malformed> {
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            let invalid = chunk.invalid();
            let is_last = invalid.as_ptr_range().end == bytes.as_ptr_range().end;
            if goes_on && is_last && begins_character(invalid) {
                self.rest = invalid.to_vec();
            } else if !invalid.is_empty() {
                text.push(self.replaced()?);
            }
        }
        Ok(text)
    }

    fn utf16(
        &mut self,
        bytes: &[u8],
        unit: fn([u8; 2]) -> u16,
        goes_on: bool,
    ) -> std::result::Result<String, Malformed> {
        let (pairs, odd) = bytes.as_chunks::<2>();
        let mut units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        let begun = units
            .last()
            .is_some_and(|unit| (0xd800..0xdc00).contains(unit));
        let kept = if begun { odd.len() + 2 } else { odd.len() };
        if goes_on {
            self.rest = bytes[bytes.len() - kept..].to_vec();
            units.truncate(units.len() - usize::from(begun));
        }
        let mut text = String::with_capacity(units.len());
        for character in decode_utf16(units) {
            text.push(match character {
                Ok(character) => character,
                Err(_) => self.replaced()?,
            });
        }
        if !goes_on && !odd.is_empty() {
            text.push(self.replaced()?);
        }
        Ok(text)
    }

    fn replaced(&self) -> std::result::Result<char, Malformed> {
        match self.fatal {
            true => Err(Malformed),
            false => Ok(REPLACEMENT_CHARACTER),
        }
    }
}

/// Whether more bytes could make a character of these.
fn begins_character(bytes: &[u8]) -> bool {
    let failed = std::str::from_utf8(bytes);
    !bytes.is_empty() && failed.is_err_and(|error| error.error_len().is_none())
}
