//! Defines RSA, for WebCrypto.

use rquickjs::class::{JsClass, Readable, Trace, Tracer};
use rquickjs::function::Constructor;
use rquickjs::{ArrayBuffer, Class, Ctx, Function, JsLifetime, Object, Result, TypedArray};
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BoxedUint, Oaep, Pkcs1v15Sign, PrivateKey, Pss, PublicKey};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use super::chance::Chance;
use super::ciphers::{copied, told};
use super::lazy::Part;

/// Functions with keys of RSA.
pub(super) struct Rsa;

/// A key: the public one, or the private one with it.
pub(crate) struct Key {
    public: PublicKey,
    private: Option<Box<PrivateKey>>,
}

// SAFETY: it holds no values of JavaScript.
unsafe impl JsLifetime<'_> for Key {
    type Changed<'to> = Key;
}

impl<'js> Trace<'js> for Key {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js> JsClass<'js> for Key {
    const NAME: &'static str = "NativeRsaKey";
    type Mutable = Readable;

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

type This<'js> = Class<'js, Key>;
type Bytes<'js> = TypedArray<'js, u8>;

impl Key {
    fn of_private(private: PrivateKey) -> Self {
        Self {
            public: private.to_public_key(),
            private: Some(Box::new(private)),
        }
    }

    fn of_public(public: PublicKey) -> Self {
        Self {
            public,
            private: None,
        }
    }
}

impl Part for Rsa {
    fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
        native.set("generate", Function::new(ctx.clone(), generate)?)?;
        native.set("public", Function::new(ctx.clone(), public)?)?;
        native.set("read", Function::new(ctx.clone(), read)?)?;
        native.set("of", Function::new(ctx.clone(), of_parts)?)?;
        native.set("bits", Function::new(ctx.clone(), bits)?)?;
        native.set("der", Function::new(ctx.clone(), der)?)?;
        native.set("parts", Function::new(ctx.clone(), parts)?)?;
        native.set("sign", Function::new(ctx.clone(), sign)?)?;
        native.set("verify", Function::new(ctx.clone(), verify)?)?;
        native.set("encrypt", Function::new(ctx.clone(), encrypt)?)?;
        native.set("decrypt", Function::new(ctx.clone(), decrypt)?)
    }
}

fn kept<'js>(ctx: Ctx<'js>, key: Option<Key>) -> Result<Option<This<'js>>> {
    key.map(|key| Class::instance(ctx, key)).transpose()
}

/// `generate(bits, exponent)`: a private key.
fn generate<'js>(ctx: Ctx<'js>, bits: usize, exponent: Bytes<'js>) -> Result<Option<This<'js>>> {
    let exponent = number(&copied(&exponent));
    let made = exponent.and_then(|e| PrivateKey::new_with_exp(&mut Chance, bits, e).ok());
    kept(ctx, made.map(Key::of_private))
}

/// `public(key)`: the public key alone.
fn public<'js>(ctx: Ctx<'js>, key: This<'js>) -> Result<This<'js>> {
    let public = key.borrow().public.clone();
    Class::instance(ctx, Key::of_public(public))
}

/// `read(isPrivate, der)`: of PKCS #8, or of a SubjectPublicKeyInfo.
fn read<'js>(ctx: Ctx<'js>, private: bool, der: Bytes<'js>) -> Result<Option<This<'js>>> {
    let der = copied(&der);
    let key = match private {
        true => PrivateKey::from_pkcs8_der(&der).ok().map(Key::of_private),
        false => PublicKey::from_public_key_der(&der)
            .ok()
            .map(Key::of_public),
    };
    kept(ctx, key)
}

/// `of(n, e)` or `of(n, e, d, p, q)`: a key of its numbers.
fn of_parts<'js>(ctx: Ctx<'js>, given: Vec<Bytes<'js>>) -> Result<Option<This<'js>>> {
    let numbers: Option<Vec<BoxedUint>> = given.iter().map(|part| number(&copied(part))).collect();
    let key = match numbers.as_deref() {
        Some([n, e]) => PublicKey::new(n.clone(), e.clone())
            .ok()
            .map(Key::of_public),
        Some([n, e, d, p, q]) => {
            let primes = vec![p.clone(), q.clone()];
            let key = PrivateKey::from_components(n.clone(), e.clone(), d.clone(), primes);
            key.ok().map(Key::of_private)
        }
        _ => None,
    };
    kept(ctx, key)
}

fn number(bytes: &[u8]) -> Option<BoxedUint> {
    let start = bytes.iter().position(|&byte| byte != 0)?;
    let bytes = &bytes[start..];
    BoxedUint::from_be_slice(bytes, bytes.len() as u32 * 8).ok()
}

/// `bits(key)`: the modulus's length.
fn bits(key: This<'_>) -> u32 {
    key.borrow().public.n().bit_width()
}

/// `der(key)`: what `read` reads.
fn der<'js>(ctx: Ctx<'js>, key: This<'js>) -> Result<Option<ArrayBuffer<'js>>> {
    let key = key.borrow();
    let der = match &key.private {
        Some(private) => private
            .to_pkcs8_der()
            .map(|der| der.as_bytes().to_vec())
            .ok(),
        None => key
            .public
            .to_public_key_der()
            .map(|der| der.into_vec())
            .ok(),
    };
    told(ctx, der)
}

/// `parts(key)`: its numbers by their names in a JSON Web Key.
fn parts<'js>(ctx: Ctx<'js>, key: This<'js>) -> Result<Object<'js>> {
    let key = key.borrow();
    let object = Object::new(ctx)?;
    let put = |name: &str, number: &BoxedUint| {
        let bytes = number.to_be_bytes();
        let start = bytes
            .iter()
            .position(|&byte| byte != 0)
            .unwrap_or(bytes.len());
        object.set(name, data_encoding::BASE64URL_NOPAD.encode(&bytes[start..]))
    };
    put("n", key.public.n())?;
    put("e", key.public.e())?;
    let Some(private) = &key.private else {
        return Ok(object.clone());
    };
    put("d", private.d())?;
    for (name, prime) in ["p", "q"].iter().zip(private.primes()) {
        put(name, prime)?;
    }
    for (name, number) in [("dp", private.dp()), ("dq", private.dq())] {
        number.map_or(Ok(()), |number| put(name, number))?;
    }
    private
        .crt_coefficient()
        .map_or(Ok(()), |number| put("qi", &number))?;
    Ok(object.clone())
}

/// `sign(key, hash, digest, salt)`: by PSS with so many bytes of salt; by PKCS #1 where it is none.
fn sign<'js>(
    ctx: Ctx<'js>,
    key: This<'js>,
    hash: String,
    digest: Bytes<'js>,
    salt: Option<usize>,
) -> Result<Option<ArrayBuffer<'js>>> {
    let (key, digest) = (key.borrow(), copied(&digest));
    let signed = key.private.as_ref().and_then(|key| {
        let signed = match (salt, hash.as_str()) {
            (Some(salt), "sha1") => {
                key.sign_with_rng(&mut Chance, Pss::<Sha1>::new_with_salt(salt), &digest)
            }
            (Some(salt), "sha256") => {
                key.sign_with_rng(&mut Chance, Pss::<Sha256>::new_with_salt(salt), &digest)
            }
            (Some(salt), "sha384") => {
                key.sign_with_rng(&mut Chance, Pss::<Sha384>::new_with_salt(salt), &digest)
            }
            (Some(salt), _) => {
                key.sign_with_rng(&mut Chance, Pss::<Sha512>::new_with_salt(salt), &digest)
            }
            (None, hash) => key.sign(padding(hash), &digest),
        };
        signed.ok()
    });
    told(ctx, signed)
}

/// `verify(key, hash, digest, signature, salt)`
fn verify<'js>(
    key: This<'js>,
    hash: String,
    digest: Bytes<'js>,
    signature: Bytes<'js>,
    salt: Option<usize>,
) -> bool {
    let key = &key.borrow().public;
    let (digest, signature) = (copied(&digest), copied(&signature));
    let verified = match (salt, hash.as_str()) {
        (Some(salt), "sha1") => key.verify(Pss::<Sha1>::new_with_salt(salt), &digest, &signature),
        (Some(salt), "sha256") => {
            key.verify(Pss::<Sha256>::new_with_salt(salt), &digest, &signature)
        }
        (Some(salt), "sha384") => {
            key.verify(Pss::<Sha384>::new_with_salt(salt), &digest, &signature)
        }
        (Some(salt), _) => key.verify(Pss::<Sha512>::new_with_salt(salt), &digest, &signature),
        (None, hash) => key.verify(padding(hash), &digest, &signature),
    };
    verified.is_ok()
}

fn padding(hash: &str) -> Pkcs1v15Sign {
    match hash {
        "sha1" => Pkcs1v15Sign::new::<Sha1>(),
        "sha256" => Pkcs1v15Sign::new::<Sha256>(),
        "sha384" => Pkcs1v15Sign::new::<Sha384>(),
        _ => Pkcs1v15Sign::new::<Sha512>(),
    }
}

/// `encrypt(key, hash, data, label)`: by OAEP.
fn encrypt<'js>(
    ctx: Ctx<'js>,
    key: This<'js>,
    hash: String,
    data: Bytes<'js>,
    label: Bytes<'js>,
) -> Result<Option<ArrayBuffer<'js>>> {
    let key = &key.borrow().public;
    let (data, label) = (copied(&data), copied(&label));
    let done = match hash.as_str() {
        "sha1" => key.encrypt(&mut Chance, Oaep::<Sha1>::new_with_label(label), &data),
        "sha256" => key.encrypt(&mut Chance, Oaep::<Sha256>::new_with_label(label), &data),
        "sha384" => key.encrypt(&mut Chance, Oaep::<Sha384>::new_with_label(label), &data),
        _ => key.encrypt(&mut Chance, Oaep::<Sha512>::new_with_label(label), &data),
    };
    told(ctx, done.ok())
}

/// `decrypt(key, hash, data, label)`: by OAEP.
fn decrypt<'js>(
    ctx: Ctx<'js>,
    key: This<'js>,
    hash: String,
    data: Bytes<'js>,
    label: Bytes<'js>,
) -> Result<Option<ArrayBuffer<'js>>> {
    let key = key.borrow();
    let (data, label) = (copied(&data), copied(&label));
    let done = key.private.as_ref().and_then(|key| {
        let done = match hash.as_str() {
            "sha1" => key.decrypt(Oaep::<Sha1>::new_with_label(label), &data),
            "sha256" => key.decrypt(Oaep::<Sha256>::new_with_label(label), &data),
            "sha384" => key.decrypt(Oaep::<Sha384>::new_with_label(label), &data),
            _ => key.decrypt(Oaep::<Sha512>::new_with_label(label), &data),
        };
        done.ok()
    });
    told(ctx, done)
}
