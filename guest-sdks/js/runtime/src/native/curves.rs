//! Defines ECDSA and ECDH on the curves P-256, P-384 and P-521, for WebCrypto.

use rquickjs::class::{JsClass, Readable, Trace, Tracer};
use rquickjs::function::Constructor;
use rquickjs::{ArrayBuffer, Class, Ctx, Function, JsLifetime, Object, Result, TypedArray};

use super::ciphers::{copied, told};
use super::lazy::Part;

/// Functions with keys on elliptic curves.
pub(super) struct Curves;

/// A key on one of the curves.
trait OnCurve {
    /// The public key alone.
    fn public(&self) -> Box<dyn OnCurve>;
    fn point(&self) -> Vec<u8>;
    fn secret(&self) -> Option<Vec<u8>>;
    /// PKCS #8, or a SubjectPublicKeyInfo.
    fn der(&self) -> Option<Vec<u8>>;
    fn sign(&self, digest: &[u8]) -> Option<Vec<u8>>;
    fn verifies(&self, digest: &[u8], signature: &[u8]) -> bool;
    /// What this private key and that point have in common.
    fn shared(&self, point: &[u8]) -> Option<Vec<u8>>;
}

/// How keys of one curve come to be.
struct Curve {
    random: fn() -> Box<dyn OnCurve>,
    of_secret: fn(&[u8]) -> Option<Box<dyn OnCurve>>,
    of_point: fn(&[u8]) -> Option<Box<dyn OnCurve>>,
    of_private_der: fn(&[u8]) -> Option<Box<dyn OnCurve>>,
    of_public_der: fn(&[u8]) -> Option<Box<dyn OnCurve>>,
}

/// One module per curve: the crates have the same names for what they do.
macro_rules! curve {
    ($curve:ident, $bytes:literal) => {
        mod $curve {
            use $curve::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
            use $curve::ecdsa::{Signature, SigningKey, VerifyingKey};
            use $curve::elliptic_curve::Generate;
            use $curve::pkcs8::{
                DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey,
            };
            use $curve::{PublicKey, SecretKey};

            use super::super::chance::Chance;
            use super::{Curve, OnCurve};

            pub(super) const CURVE: Curve = Curve {
                random: || Key::of_secret(SecretKey::generate_from_rng(&mut Chance)),
                of_secret: |bytes| SecretKey::from_slice(bytes).ok().map(Key::of_secret),
                of_point: |bytes| PublicKey::from_sec1_bytes(bytes).ok().map(Key::of_public),
                of_private_der: |der| SecretKey::from_pkcs8_der(der).ok().map(Key::of_secret),
                of_public_der: |der| PublicKey::from_public_key_der(der).ok().map(Key::of_public),
            };

            struct Key {
                secret: Option<SecretKey>,
                public: PublicKey,
            }

            impl Key {
                fn of_secret(secret: SecretKey) -> Box<dyn OnCurve> {
                    let public = secret.public_key();
                    let secret = Some(secret);
                    Box::new(Self { secret, public })
                }

                fn of_public(public: PublicKey) -> Box<dyn OnCurve> {
                    let secret = None;
                    Box::new(Self { secret, public })
                }
            }

            /// A digest as the crate takes it, which refuses those that are much shorter than the curve's numbers.
            fn padded(digest: &[u8]) -> Vec<u8> {
                let missing = usize::saturating_sub($bytes, digest.len());
                [&vec![0; missing], digest].concat()
            }

            impl OnCurve for Key {
                fn public(&self) -> Box<dyn OnCurve> {
                    Self::of_public(self.public)
                }

                fn point(&self) -> Vec<u8> {
                    self.public.to_sec1_bytes().into_vec()
                }

                fn secret(&self) -> Option<Vec<u8>> {
                    self.secret
                        .as_ref()
                        .map(|secret| secret.to_bytes().to_vec())
                }

                fn der(&self) -> Option<Vec<u8>> {
                    match &self.secret {
                        Some(secret) => secret
                            .to_pkcs8_der()
                            .map(|der| der.as_bytes().to_vec())
                            .ok(),
                        None => self
                            .public
                            .to_public_key_der()
                            .map(|der| der.into_vec())
                            .ok(),
                    }
                }

                fn sign(&self, digest: &[u8]) -> Option<Vec<u8>> {
                    let key = SigningKey::from(self.secret.as_ref()?);
                    let signed: Signature = key.sign_prehash(&padded(digest)).ok()?;
                    Some(signed.to_bytes().to_vec())
                }

                fn verifies(&self, digest: &[u8], signature: &[u8]) -> bool {
                    let Ok(signature) = Signature::from_slice(signature) else {
                        return false;
                    };
                    let key = VerifyingKey::from(&self.public);
                    key.verify_prehash(&padded(digest), &signature).is_ok()
                }

                fn shared(&self, point: &[u8]) -> Option<Vec<u8>> {
                    let public = PublicKey::from_sec1_bytes(point).ok()?;
                    let shared = self.secret.as_ref()?.diffie_hellman(&public);
                    Some(shared.raw_secret_bytes().to_vec())
                }
            }
        }
    };
}

curve!(p256, 32);
curve!(p384, 48);
curve!(p521, 66);

/// A key, as JavaScript holds it.
pub(crate) struct Key(Box<dyn OnCurve>);

// SAFETY: it holds no values of JavaScript.
unsafe impl JsLifetime<'_> for Key {
    type Changed<'to> = Key;
}

impl<'js> Trace<'js> for Key {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js> JsClass<'js> for Key {
    const NAME: &'static str = "NativeCurveKey";
    type Mutable = Readable;

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

type This<'js> = Class<'js, Key>;
type Bytes<'js> = TypedArray<'js, u8>;

impl Part for Curves {
    fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
        native.set("generate", Function::new(ctx.clone(), generate)?)?;
        native.set("read", Function::new(ctx.clone(), read)?)?;
        native.set("public", Function::new(ctx.clone(), public)?)?;
        native.set("sign", Function::new(ctx.clone(), sign)?)?;
        native.set("verify", Function::new(ctx.clone(), verify)?)?;
        native.set("shared", Function::new(ctx.clone(), shared)?)?;
        let der = |ctx, key: This<'js>| told(ctx, key.borrow().0.der());
        native.set("der", Function::new(ctx.clone(), der)?)?;
        let point = |ctx, key: This<'js>| told(ctx, Some(key.borrow().0.point()));
        native.set("point", Function::new(ctx.clone(), point)?)?;
        let secret = |ctx, key: This<'js>| told(ctx, key.borrow().0.secret());
        native.set("secret", Function::new(ctx.clone(), secret)?)
    }
}

fn named(curve: &str) -> Curve {
    match curve {
        "P-256" => p256::CURVE,
        "P-384" => p384::CURVE,
        _ => p521::CURVE,
    }
}

/// `generate(curve)`: a private key.
fn generate<'js>(ctx: Ctx<'js>, curve: String) -> Result<This<'js>> {
    Class::instance(ctx, Key((named(&curve).random)()))
}

/// `read(curve, format, bytes)`: of a `secret`, a `point`, `pkcs8` or `spki`.
fn read<'js>(
    ctx: Ctx<'js>,
    curve: String,
    format: String,
    bytes: Bytes<'js>,
) -> Result<Option<This<'js>>> {
    let curve = named(&curve);
    let read = match format.as_str() {
        "secret" => curve.of_secret,
        "point" => curve.of_point,
        "pkcs8" => curve.of_private_der,
        _ => curve.of_public_der,
    };
    let key = read(&copied(&bytes));
    key.map(|key| Class::instance(ctx, Key(key))).transpose()
}

/// `public(key)`: the public key alone.
fn public<'js>(ctx: Ctx<'js>, key: This<'js>) -> Result<This<'js>> {
    let public = key.borrow().0.public();
    Class::instance(ctx, Key(public))
}

/// `sign(key, digest)`
fn sign<'js>(
    ctx: Ctx<'js>,
    key: This<'js>,
    digest: Bytes<'js>,
) -> Result<Option<ArrayBuffer<'js>>> {
    let signed = key.borrow().0.sign(&copied(&digest));
    told(ctx, signed)
}

/// `verify(key, digest, signature)`
fn verify<'js>(key: This<'js>, digest: Bytes<'js>, signature: Bytes<'js>) -> bool {
    key.borrow()
        .0
        .verifies(&copied(&digest), &copied(&signature))
}

/// `shared(key, other)`: what a private and another's public key have in common.
fn shared<'js>(
    ctx: Ctx<'js>,
    key: This<'js>,
    other: This<'js>,
) -> Result<Option<ArrayBuffer<'js>>> {
    let point = other.borrow().0.point();
    let shared = key.borrow().0.shared(&point);
    told(ctx, shared)
}
