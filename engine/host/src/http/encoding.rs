//! Defines content encodings: bodies compressed, and decompressed with a limit on what comes out, whole or piece by piece.

mod pieces;

use std::io::{BufRead, BufReader, Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use crate::http::failure::RequestFailure;

pub(crate) use pieces::{Unpacked, Unpacker};

/// Encodings over each other that are taken off: nobody uses more, but who wants to exhaust a client.
const MOST_LAYERS: usize = 8;

/// The most memory that a stream of zstd may ask for, as a power of two: what RFC 9659 allows senders on the web.
const ZSTD_WINDOW_LOG: u32 = 23;

/// Quality and window of brotli, which are the defaults of most servers.
const BROTLI_QUALITY: u32 = 5;
const BROTLI_WINDOW_LOG: u32 = 22;

const BUFFER_BYTES: usize = 16 << 10;

/// A way to compress a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Encoding {
    /// The encoding of a name in `content-encoding`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Deflate),
            "br" => Some(Self::Brotli),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// Compresses a body.
    pub(crate) fn compress(self, body: &[u8]) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(body)?;
                encoder.finish()
            }
            Self::Deflate => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(body)?;
                encoder.finish()
            }
            Self::Brotli => {
                let mut compressed = Vec::new();
                brotli::CompressorReader::new(
                    body,
                    BUFFER_BYTES,
                    BROTLI_QUALITY,
                    BROTLI_WINDOW_LOG,
                )
                .read_to_end(&mut compressed)?;
                Ok(compressed)
            }
            Self::Zstd => zstd::encode_all(body, zstd::DEFAULT_COMPRESSION_LEVEL),
        }
    }

    fn decoder<'a>(self, source: Box<dyn BufRead + 'a>) -> std::io::Result<Box<dyn Read + 'a>> {
        Ok(match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(source)),
            Self::Deflate => Box::new(Inflater::Unknown(Some(source))),
            Self::Brotli => Box::new(brotli::Decompressor::new(source, BUFFER_BYTES)),
            Self::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(source)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                Box::new(decoder)
            }
        })
    }
}

/// Decodes `deflate`, which means the zlib format; what some servers send instead is told by its first bytes.
enum Inflater<R> {
    Unknown(Option<R>),
    Zlib(ZlibDecoder<R>),
    Raw(DeflateDecoder<R>),
}

impl<R: BufRead> Read for Inflater<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if let Self::Unknown(source) = self {
            let is_zlib = match source.as_mut().map(BufRead::fill_buf).transpose()? {
                Some([first, second, ..]) => {
                    first & 0x0f == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31)
                }
                Some([first]) => first & 0x0f == 8,
                _ => true,
            };
            if let Some(source) = source.take() {
                *self = match is_zlib {
                    true => Self::Zlib(ZlibDecoder::new(source)),
                    false => Self::Raw(DeflateDecoder::new(source)),
                };
            }
        }
        match self {
            Self::Unknown(_) => Ok(0),
            Self::Zlib(decoder) => decoder.read(buffer),
            Self::Raw(decoder) => decoder.read(buffer),
        }
    }
}

/// The body as its `content-encoding` says it was; none when it is as it came.
pub(crate) fn decoded(
    headers: &HeaderMap,
    body: &Bytes,
    limit: usize,
) -> Result<Option<Bytes>, RequestFailure> {
    if body.is_empty() || !headers.contains_key(CONTENT_ENCODING) {
        return Ok(None);
    }
    match known_layers(headers)? {
        Some(layers) => decompress(&layers, body, limit).map(Some),
        None => Ok(None),
    }
}

/// The encodings that are taken off; none where there is nothing to do, or one of them is unknown.
fn known_layers(headers: &HeaderMap) -> Result<Option<Vec<Encoding>>, RequestFailure> {
    match layers(headers) {
        Some(layers) if layers.len() > MOST_LAYERS => Err(RequestFailure::new(
            1701,
            format!("decompression: more than {MOST_LAYERS} encodings over each other"),
        )),
        layers => Ok(layers.filter(|layers| !layers.is_empty())),
    }
}

/// The encodings in the order they were applied; none when one of them is unknown.
fn layers(headers: &HeaderMap) -> Option<Vec<Encoding>> {
    let mut layers = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        for name in value.to_str().ok()?.split(',').map(str::trim) {
            if !name.is_empty() && !name.eq_ignore_ascii_case("identity") {
                layers.push(Encoding::named(name)?);
            }
        }
    }
    Some(layers)
}

fn decompress(layers: &[Encoding], body: &[u8], limit: usize) -> Result<Bytes, RequestFailure> {
    let mut plain = Vec::new();
    unpacked(layers, Box::new(body))
        .map_err(broken)?
        .take((limit as u64).saturating_add(1))
        .read_to_end(&mut plain)
        .map_err(broken)?;
    match plain.len() > limit {
        true => Err(RequestFailure::body_limit(limit)),
        false => Ok(plain.into()),
    }
}

/// Takes encodings off, the last that was applied first.
fn unpacked<'a>(
    layers: &[Encoding],
    mut source: Box<dyn BufRead + 'a>,
) -> std::io::Result<Box<dyn BufRead + 'a>> {
    for layer in layers.iter().rev() {
        let decoder = layer.decoder(source)?;
        source = Box::new(BufReader::with_capacity(BUFFER_BYTES, decoder));
    }
    Ok(source)
}

fn broken(error: std::io::Error) -> RequestFailure {
    RequestFailure::new(1701, format!("decompression: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const ALL: [(&str, Encoding); 4] = [
        ("gzip", Encoding::Gzip),
        ("deflate", Encoding::Deflate),
        ("br", Encoding::Brotli),
        ("zstd", Encoding::Zstd),
    ];

    fn decode(encodings: &str, body: Vec<u8>, limit: usize) -> Result<Option<Bytes>, u16> {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_str(encodings).expect("a header");
        headers.insert(CONTENT_ENCODING, value);
        decoded(&headers, &body.into(), limit).map_err(|failure| failure.code)
    }

    #[test]
    fn what_was_compressed_comes_back() {
        let text = Bytes::from("so it goes, ".repeat(1000));
        let mut chained = text.to_vec();
        for (name, encoding) in ALL {
            assert_eq!(Encoding::named(name), Some(encoding));
            let compressed = encoding.compress(&text).expect("memory");
            assert!(compressed.len() < 1000, "{name}");
            assert_eq!(
                decode(name, compressed, 12_000),
                Ok(Some(text.clone())),
                "{name}"
            );
            chained = encoding.compress(&chained).expect("memory");
        }
        let names = ALL.map(|(name, _)| name).join(", ");
        assert_eq!(decode(&names, chained, 12_000), Ok(Some(text)));
    }

    #[test]
    fn raw_deflate_is_understood_too() {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(b"raw").expect("memory");
        let raw = encoder.finish().expect("memory");
        assert_eq!(decode("deflate", raw, 10), Ok(Some("raw".into())));
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        for (name, encoding) in ALL {
            let bomb = encoding.compress(&vec![0; 10 << 20]).expect("memory");
            assert_eq!(decode(name, bomb.clone(), 1 << 20), Err(1000), "{name}");
            let twice = Encoding::Gzip.compress(&bomb).expect("memory");
            assert_eq!(
                decode(&format!("{name}, gzip"), twice, 1 << 20),
                Err(1000),
                "{name}"
            );
        }
    }

    #[test]
    fn broken_data_are_told() {
        for (name, encoding) in ALL {
            let whole = encoding.compress(&[7; 5000]).expect("memory");
            let half = whole[..whole.len() / 2].to_vec();
            assert_eq!(decode(name, half, 10_000), Err(1701), "{name}, cut off");
            assert_eq!(
                decode(name, b"\xff\xfenonsense".to_vec(), 10_000),
                Err(1701),
                "{name}"
            );
        }
        let nine = ["gzip"; 9].join(",");
        assert_eq!(decode(&nine, vec![1], 10), Err(1701));
    }

    #[test]
    fn what_is_unknown_stays_as_it_came() {
        for name in ["compress", "gzip, secret", "identity", ""] {
            assert_eq!(decode(name, b"as it is".to_vec(), 10), Ok(None), "{name}");
        }
        assert_eq!(decode("gzip", Vec::new(), 10), Ok(None));
    }
}
