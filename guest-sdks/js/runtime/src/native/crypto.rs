//! Defines digests, for the module `k6/crypto` and for WebCrypto.

use hmac::digest::block_api::BlockSizeUser;
use hmac::{KeyInit, Mac, SimpleHmac};
use md4::Md4;
use md5::Md5;
use ripemd::Ripemd160;
use rquickjs::class::{JsClass, Trace, Tracer, Writable};
use rquickjs::function::Constructor;
use rquickjs::{
    ArrayBuffer, Class, Ctx, Error, Exception, Function, IntoJs, JsLifetime, Object, Result, Value,
};
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};

use super::lazy::Part;
use crate::bindings::brunt::random::random;
use crate::image;

/// The algorithms, for what is said of an unknown one.
const ALGORITHMS: &str =
    "md4, md5, sha1, sha224, sha256, sha384, sha512, sha512_224, sha512_256 or ripemd160";

/// Most bytes that the engine gives at once.
const RANDOM_AT_ONCE: usize = 65_536;

/// Functions that make digests.
pub(super) struct Digests;

/// A digest that data is being added to.
trait Running {
    fn update(&mut self, data: &[u8]);

    /// The digest of the data so far; more can be added afterwards.
    fn finish(&self) -> Vec<u8>;
}

struct Plain<D>(D);

struct Keyed<D: Digest + BlockSizeUser>(SimpleHmac<D>);

impl<D: Digest + Clone> Running for Plain<D> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finish(&self) -> Vec<u8> {
        self.0.clone().finalize().to_vec()
    }
}

impl<D: Digest + BlockSizeUser + Clone> Running for Keyed<D> {
    fn update(&mut self, data: &[u8]) {
        Mac::update(&mut self.0, data);
    }

    fn finish(&self) -> Vec<u8> {
        self.0.clone().finalize().into_bytes().to_vec()
    }
}

/// A digest, as JavaScript holds it.
pub(crate) struct Hasher(Box<dyn Running>);

// SAFETY: it holds no values of JavaScript.
unsafe impl JsLifetime<'_> for Hasher {
    type Changed<'to> = Hasher;
}

impl<'js> Trace<'js> for Hasher {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js> JsClass<'js> for Hasher {
    const NAME: &'static str = "NativeHasher";
    type Mutable = Writable;

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

impl Part for Digests {
    fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
        native.set("hasher", Function::new(ctx.clone(), hasher)?)?;
        native.set("keyed", Function::new(ctx.clone(), keyed)?)?;
        native.set("update", Function::new(ctx.clone(), update)?)?;
        native.set("digest", Function::new(ctx.clone(), digest)?)?;
        native.set("randomBytes", Function::new(ctx.clone(), random_bytes)?)?;
        native.set("hexEncode", Function::new(ctx.clone(), hex_encode)?)
    }
}

/// `hasher(algorithm)`
fn hasher<'js>(ctx: Ctx<'js>, algorithm: String) -> Result<Class<'js, Hasher>> {
    match plain(&algorithm) {
        Some(running) => Class::instance(ctx, Hasher(running)),
        None => Err(unknown(&ctx, &algorithm)),
    }
}

/// `keyed(algorithm, key)`: an HMAC.
fn keyed<'js>(ctx: Ctx<'js>, algorithm: String, key: Value<'js>) -> Result<Class<'js, Hasher>> {
    let key = bytes(&ctx, &key)?;
    match hmac_of(&algorithm, &key) {
        Some(running) => Class::instance(ctx, Hasher(running)),
        None => Err(unknown(&ctx, &algorithm)),
    }
}

/// `update(hasher, data)`
fn update<'js>(ctx: Ctx<'js>, hasher: Class<'js, Hasher>, data: Value<'js>) -> Result<()> {
    let data = bytes(&ctx, &data)?;
    hasher.borrow_mut().0.update(&data);
    Ok(())
}

/// `digest(hasher, encoding)`
fn digest<'js>(ctx: Ctx<'js>, hasher: Class<'js, Hasher>, encoding: String) -> Result<Value<'js>> {
    let sum = hasher.borrow().0.finish();
    let encoder = match encoding.as_str() {
        "binary" => return ArrayBuffer::new(ctx, sum).map(ArrayBuffer::into_value),
        "hex" => data_encoding::HEXLOWER,
        "base64" => data_encoding::BASE64,
        "base64url" => data_encoding::BASE64URL,
        "base64rawurl" => data_encoding::BASE64URL_NOPAD,
        other => {
            let words = format!(
                "invalid output encoding: {other}; it is hex, base64, base64url, base64rawurl or binary"
            );
            return Err(Exception::throw_message(&ctx, &words));
        }
    };
    encoder.encode(&sum).into_js(&ctx)
}

/// `randomBytes(size)`: an `ArrayBuffer`.
fn random_bytes<'js>(ctx: Ctx<'js>, size: f64) -> Result<ArrayBuffer<'js>> {
    if size.is_nan() || size < 1.0 {
        return Err(Exception::throw_message(&ctx, "invalid size"));
    }
    ArrayBuffer::new(ctx, random_of(size as usize))
}

/// This many random bytes of the engine's.
pub(super) fn random_of(size: usize) -> Vec<u8> {
    image::touch("asks for random numbers");
    let mut bytes = Vec::with_capacity(size);
    while bytes.len() < size {
        let part = RANDOM_AT_ONCE.min(size - bytes.len());
        bytes.extend(random::bytes(part as u32));
    }
    bytes
}

/// `hexEncode(data)`
fn hex_encode<'js>(ctx: Ctx<'js>, data: Value<'js>) -> Result<String> {
    Ok(data_encoding::HEXLOWER.encode(&bytes(&ctx, &data)?))
}

/// The bytes of an argument.
pub(super) fn bytes<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Vec<u8>> {
    super::bytes_of(value)?.ok_or_else(|| {
        let words = format!(
            "invalid type {}, expected a string, an ArrayBuffer or a Uint8Array",
            value.type_name()
        );
        Exception::throw_type(ctx, &words)
    })
}

fn unknown(ctx: &Ctx<'_>, algorithm: &str) -> Error {
    let words = format!("invalid algorithm: {algorithm}; it is {ALGORITHMS}");
    Exception::throw_message(ctx, &words)
}

fn plain(algorithm: &str) -> Option<Box<dyn Running>> {
    Some(match algorithm {
        "md4" => Box::new(Plain(Md4::new())),
        "md5" => Box::new(Plain(Md5::new())),
        "sha1" => Box::new(Plain(Sha1::new())),
        "sha224" => Box::new(Plain(Sha224::new())),
        "sha256" => Box::new(Plain(Sha256::new())),
        "sha384" => Box::new(Plain(Sha384::new())),
        "sha512" => Box::new(Plain(Sha512::new())),
        "sha512_224" => Box::new(Plain(Sha512_224::new())),
        "sha512_256" => Box::new(Plain(Sha512_256::new())),
        "ripemd160" => Box::new(Plain(Ripemd160::new())),
        _ => return None,
    })
}

fn hmac_of(algorithm: &str, key: &[u8]) -> Option<Box<dyn Running>> {
    let keyed: fn(&[u8]) -> Option<Box<dyn Running>> = match algorithm {
        "md4" => with_key::<Md4>,
        "md5" => with_key::<Md5>,
        "sha1" => with_key::<Sha1>,
        "sha224" => with_key::<Sha224>,
        "sha256" => with_key::<Sha256>,
        "sha384" => with_key::<Sha384>,
        "sha512" => with_key::<Sha512>,
        "sha512_224" => with_key::<Sha512_224>,
        "sha512_256" => with_key::<Sha512_256>,
        "ripemd160" => with_key::<Ripemd160>,
        _ => return None,
    };
    keyed(key)
}

/// An HMAC; its key may have any length.
fn with_key<D: Digest + BlockSizeUser + Clone + 'static>(key: &[u8]) -> Option<Box<dyn Running>> {
    let mac = SimpleHmac::<D>::new_from_slice(key).ok()?;
    Some(Box::new(Keyed(mac)))
}
