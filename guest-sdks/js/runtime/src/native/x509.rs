//! Defines what certificates say, for the module `k6/crypto/x509`.

use std::net::{Ipv4Addr, Ipv6Addr};

use rquickjs::{Ctx, Exception, Function, Object, Result, Value};
use sha1::{Digest, Sha1};
use x509_cert::Certificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::der::asn1::{AnyRef, BmpString, ObjectIdentifier, UintRef};
use x509_cert::der::{Decode, Encode, Tag, Tagged};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;
use x509_cert::time::Time;

use super::crypto;
use super::lazy::Part;

/// Functions that read certificates.
pub(super) struct Certificates;

impl Part for Certificates {
    fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
        native.set("parse", Function::new(ctx.clone(), parse)?)?;
        let names = |ctx: Ctx<'js>, encoded: Value<'js>| alt_names(&ctx, &read(&ctx, &encoded)?.0);
        native.set("altNames", Function::new(ctx.clone(), names)?)?;
        let issuer = |ctx: Ctx<'js>, encoded: Value<'js>| {
            issuer(&ctx, &read(&ctx, &encoded)?.0.tbs_certificate.issuer)
        };
        native.set("issuer", Function::new(ctx.clone(), issuer)?)?;
        let subject = |ctx: Ctx<'js>, encoded: Value<'js>| {
            subject(&ctx, &read(&ctx, &encoded)?.0.tbs_certificate.subject)
        };
        native.set("subject", Function::new(ctx.clone(), subject)?)
    }
}

/// `parse(encoded)`: everything that k6 shows of a certificate.
fn parse<'js>(ctx: Ctx<'js>, encoded: Value<'js>) -> Result<Object<'js>> {
    let (certificate, der) = read(&ctx, &encoded)?;
    let body = &certificate.tbs_certificate;
    let object = Object::new(ctx.clone())?;
    object.set("subject", subject(&ctx, &body.subject)?)?;
    object.set("issuer", issuer(&ctx, &body.issuer)?)?;
    object.set("notBefore", moment(&body.validity.not_before))?;
    object.set("notAfter", moment(&body.validity.not_after))?;
    object.set("altNames", alt_names(&ctx, &certificate)?)?;
    object.set("signatureAlgorithm", signature(&certificate))?;
    object.set("fingerPrint", numbers(&Sha1::digest(&der)))?;
    object.set("publicKey", public_key(&ctx, &certificate)?)?;
    Ok(object)
}

/// A certificate out of its PEM, and its DER.
fn read<'js>(ctx: &Ctx<'js>, encoded: &Value<'js>) -> Result<(Certificate, Vec<u8>)> {
    let encoded = crypto::bytes(ctx, encoded)?;
    let Some(der) = first_block(&String::from_utf8_lossy(&encoded)) else {
        return Err(Exception::throw_message(
            ctx,
            "failed to decode certificate PEM file",
        ));
    };
    match Certificate::from_der(&der) {
        Ok(certificate) => Ok((certificate, der)),
        Err(why) => {
            let words = format!("failed to parse certificate: {why}");
            Err(Exception::throw_message(ctx, &words))
        }
    }
}

/// What the first block of a PEM file holds.
pub(super) fn first_block(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (block, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let letters: String = block.split_whitespace().collect();
    data_encoding::BASE64.decode(letters.as_bytes()).ok()
}

const COMMON_NAME: &str = "2.5.4.3";
const COUNTRY: &str = "2.5.4.6";
const LOCALITY: &str = "2.5.4.7";
const PROVINCE: &str = "2.5.4.8";
const STREET: &str = "2.5.4.9";
const ORGANIZATION: &str = "2.5.4.10";
const UNIT: &str = "2.5.4.11";
const POSTAL_CODE: &str = "2.5.4.17";

fn subject<'js>(ctx: &Ctx<'js>, name: &Name) -> Result<Object<'js>> {
    let names = attributes(name);
    let object = issuer_of(ctx, &names)?;
    object.set("postalCode", first(&names, POSTAL_CODE))?;
    object.set("streetAddress", first(&names, STREET))?;
    let units = names.iter().filter(|(oid, _)| oid == UNIT);
    let units: Vec<&str> = units.map(|(_, value)| &**value).collect();
    object.set("organizationalUnitName", units)?;
    Ok(object)
}

fn issuer<'js>(ctx: &Ctx<'js>, name: &Name) -> Result<Object<'js>> {
    issuer_of(ctx, &attributes(name))
}

fn issuer_of<'js>(ctx: &Ctx<'js>, names: &[(String, String)]) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    let common = names.iter().rfind(|(oid, _)| oid == COMMON_NAME);
    object.set("commonName", common.map_or("", |(_, value)| value))?;
    object.set("country", first(names, COUNTRY))?;
    object.set("stateOrProvinceName", first(names, PROVINCE))?;
    object.set("localityName", first(names, LOCALITY))?;
    object.set("organizationName", first(names, ORGANIZATION))?;
    let mut all = Vec::new();
    for (oid, value) in names {
        let one = Object::new(ctx.clone())?;
        one.set("type", oid.as_str())?;
        one.set("value", value.as_str())?;
        all.push(one);
    }
    object.set("names", all)?;
    Ok(object)
}

/// The parts of a name: their object identifiers and values.
fn attributes(name: &Name) -> Vec<(String, String)> {
    let parts = name.0.iter().flat_map(|part| part.0.iter());
    parts
        .map(|part| (part.oid.to_string(), text(part)))
        .collect()
}

fn first<'a>(names: &'a [(String, String)], oid: &str) -> &'a str {
    let found = names.iter().find(|(known, _)| known == oid);
    found.map_or("", |(_, value)| value)
}

/// A string of any of ASN.1's kinds.
fn text(part: &AttributeTypeAndValue) -> String {
    let bytes = part.value.value();
    match part.value.tag() {
        Tag::BmpString => BmpString::from_ucs2(bytes)
            .map(|text| text.to_string())
            .unwrap_or_default(),
        // Latin-1, as it is used.
        Tag::TeletexString => bytes.iter().map(|&byte| char::from(byte)).collect(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// A moment as RFC 3339 writes it.
fn moment(time: &Time) -> String {
    time.to_date_time().to_string()
}

/// Names, mail addresses, IP addresses and URIs, in this order.
fn alt_names(ctx: &Ctx<'_>, certificate: &Certificate) -> Result<Vec<String>> {
    let found = certificate.tbs_certificate.get::<SubjectAltName>();
    let found = found.map_err(|why| {
        Exception::throw_message(ctx, &format!("failed to parse certificate: {why}"))
    })?;
    let Some((_, SubjectAltName(names))) = found else {
        return Ok(Vec::new());
    };
    let mut told: Vec<(u8, String)> = names.iter().filter_map(alt_name).collect();
    told.sort_by_key(|(kind, _)| *kind);
    Ok(told.into_iter().map(|(_, name)| name).collect())
}

fn alt_name(name: &GeneralName) -> Option<(u8, String)> {
    match name {
        GeneralName::DnsName(name) => Some((0, name.to_string())),
        GeneralName::Rfc822Name(name) => Some((1, name.to_string())),
        GeneralName::IpAddress(bytes) => Some((2, address(bytes.as_bytes())?)),
        GeneralName::UniformResourceIdentifier(name) => Some((3, name.to_string())),
        _ => None,
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(four).to_string());
    }
    let sixteen = <[u8; 16]>::try_from(bytes).ok()?;
    Some(Ipv6Addr::from(sixteen).to_string())
}

/// How it was signed, as Go names it.
fn signature(certificate: &Certificate) -> &'static str {
    match certificate.signature_algorithm.oid.to_string().as_str() {
        "1.2.840.113549.1.1.2" => "MD2-RSA",
        "1.2.840.113549.1.1.4" => "MD5-RSA",
        "1.2.840.113549.1.1.5" => "SHA1-RSA",
        "1.2.840.113549.1.1.10" => pss(certificate),
        "1.2.840.113549.1.1.11" => "SHA256-RSA",
        "1.2.840.113549.1.1.12" => "SHA384-RSA",
        "1.2.840.113549.1.1.13" => "SHA512-RSA",
        "1.2.840.10040.4.3" => "DSA-SHA1",
        "2.16.840.1.101.3.4.3.2" => "DSA-SHA256",
        "1.2.840.10045.4.1" => "ECDSA-SHA1",
        "1.2.840.10045.4.3.2" => "ECDSA-SHA256",
        "1.2.840.10045.4.3.3" => "ECDSA-SHA384",
        "1.2.840.10045.4.3.4" => "ECDSA-SHA512",
        "1.3.101.112" => "Ed25519",
        _ => "UnknownSignatureAlgorithm",
    }
}

/// Of RSASSA-PSS the digest's identifier is what differs among the parameters.
fn pss(certificate: &Certificate) -> &'static str {
    let parameters = certificate.signature_algorithm.parameters.as_ref();
    let der = parameters.and_then(|parameters| parameters.to_der().ok());
    let der = der.unwrap_or_default();
    let has = |oid: &str| {
        let oid = ObjectIdentifier::new_unwrap(oid);
        der.windows(oid.as_bytes().len())
            .any(|part| part == oid.as_bytes())
    };
    if has("2.16.840.1.101.3.4.2.1") {
        "SHA256-RSAPSS"
    } else if has("2.16.840.1.101.3.4.2.2") {
        "SHA384-RSAPSS"
    } else if has("2.16.840.1.101.3.4.2.3") {
        "SHA512-RSAPSS"
    } else {
        "UnknownSignatureAlgorithm"
    }
}

fn public_key<'js>(ctx: &Ctx<'js>, certificate: &Certificate) -> Result<Object<'js>> {
    let info = &certificate.tbs_certificate.subject_public_key_info;
    let bytes = info.subject_public_key.raw_bytes();
    let parameters = info.algorithm.parameters.as_ref().map(AnyRef::from);
    let key = Object::new(ctx.clone())?;
    let read = match info.algorithm.oid.to_string().as_str() {
        "1.2.840.113549.1.1.1" => rsa_key(&key, bytes),
        "1.2.840.10045.2.1" => curve_key(&key, parameters, bytes),
        "1.2.840.10040.4.1" => dsa_key(ctx, &key, parameters, bytes),
        _ => {
            return Err(Exception::throw_message(
                ctx,
                "unsupported public key algorithm",
            ));
        }
    };
    let Some(algorithm) = read? else {
        let words = "failed to parse certificate: its public key can't be read";
        return Err(Exception::throw_message(ctx, words));
    };
    let object = Object::new(ctx.clone())?;
    object.set("algorithm", algorithm)?;
    object.set("key", key)?;
    Ok(object)
}

fn rsa_key<'js>(object: &Object<'js>, bytes: &[u8]) -> Result<Option<&'static str>> {
    let Some([modulus, exponent]) = AnyRef::from_der(bytes).ok().and_then(integers) else {
        return Ok(None);
    };
    let exponent = exponent.as_bytes().iter();
    object.set(
        "e",
        exponent.fold(0.0, |all, &byte| all * 256.0 + f64::from(byte)),
    )?;
    object.set("n", numbers(modulus.as_bytes()))?;
    Ok(Some("RSA"))
}

fn curve_key<'js>(
    object: &Object<'js>,
    parameters: Option<AnyRef<'_>>,
    bytes: &[u8],
) -> Result<Option<&'static str>> {
    let oid = parameters.and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok());
    let curve = match oid.map(|oid| oid.to_string()).as_deref() {
        Some("1.3.132.0.33") => "P-224",
        Some("1.2.840.10045.3.1.7") => "P-256",
        Some("1.3.132.0.34") => "P-384",
        Some("1.3.132.0.35") => "P-521",
        _ => return Ok(None),
    };
    let [4, point @ ..] = bytes else {
        return Ok(None);
    };
    let (x, y) = point.split_at(point.len() / 2);
    object.set("curve", curve)?;
    object.set("x", numbers(x))?;
    object.set("y", numbers(y))?;
    Ok(Some("ECDSA"))
}

fn dsa_key<'js>(
    ctx: &Ctx<'js>,
    object: &Object<'js>,
    parameters: Option<AnyRef<'_>>,
    bytes: &[u8],
) -> Result<Option<&'static str>> {
    let given = parameters.and_then(integers);
    let (Some([p, q, g]), Ok(y)) = (given, UintRef::from_der(bytes)) else {
        return Ok(None);
    };
    let parameters = Object::new(ctx.clone())?;
    parameters.set("p", numbers(p.as_bytes()))?;
    parameters.set("q", numbers(q.as_bytes()))?;
    parameters.set("g", numbers(g.as_bytes()))?;
    object.set("parameters", parameters)?;
    object.set("y", numbers(y.as_bytes()))?;
    Ok(Some("DSA"))
}

/// The integers that a sequence consists of.
fn integers<const N: usize>(sequence: AnyRef<'_>) -> Option<[UintRef<'_>; N]> {
    let read = sequence.sequence(|reader| {
        let mut integers = Vec::with_capacity(N);
        for _ in 0..N {
            integers.push(UintRef::decode(reader)?);
        }
        Ok(integers)
    });
    read.ok()?.try_into().ok()
}

/// Bytes as an array of numbers.
fn numbers(bytes: &[u8]) -> Vec<u32> {
    bytes.iter().map(|&byte| u32::from(byte)).collect()
}
