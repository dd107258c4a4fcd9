//! Defines AES and PBKDF2, for WebCrypto.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::consts::{U12, U16};
use aes::cipher::generic_array::GenericArray;
use aes::cipher::{BlockDecryptMut, BlockEncrypt, BlockEncryptMut, KeyInit, KeyIvInit};
use aes::{Aes128, Aes192, Aes256};
use aes_gcm::AesGcm;
use aes_gcm::aead::{AeadInPlace, Nonce};
use rquickjs::{ArrayBuffer, Ctx, Function, Object, Result, TypedArray};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use super::lazy::Part;

/// Functions that encrypt, decrypt and derive.
pub(super) struct Ciphers;

type Bytes<'js> = TypedArray<'js, u8>;

impl Part for Ciphers {
    fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
        native.set("cbc", Function::new(ctx.clone(), cbc_of)?)?;
        native.set("ctr", Function::new(ctx.clone(), ctr_of)?)?;
        native.set("gcm", Function::new(ctx.clone(), gcm_of)?)?;
        native.set("pbkdf2", Function::new(ctx.clone(), derived)?)
    }
}

/// What is told of a result: the bytes, or nothing where it failed.
pub(super) fn told<'js>(ctx: Ctx<'js>, bytes: Option<Vec<u8>>) -> Result<Option<ArrayBuffer<'js>>> {
    bytes.map(|bytes| ArrayBuffer::new(ctx, bytes)).transpose()
}

/// The bytes of a typed array, copied: JavaScript may change it.
pub(super) fn copied(array: &Bytes<'_>) -> Vec<u8> {
    // SAFETY: they are copied before any script runs that could detach the buffer.
    unsafe { array.as_bytes() }
        .map(<[u8]>::to_vec)
        .unwrap_or_default()
}

/// `cbc(encrypts, key, iv, data)`
fn cbc_of<'js>(
    ctx: Ctx<'js>,
    encrypts: bool,
    key: Bytes<'js>,
    iv: Bytes<'js>,
    data: Bytes<'js>,
) -> Result<Option<ArrayBuffer<'js>>> {
    let (key, iv, data) = (copied(&key), copied(&iv), copied(&data));
    let done = match (encrypts, key.len()) {
        (true, 16) => cbc_encrypted::<Aes128>(&key, &iv, &data),
        (true, 24) => cbc_encrypted::<Aes192>(&key, &iv, &data),
        (true, _) => cbc_encrypted::<Aes256>(&key, &iv, &data),
        (false, 16) => cbc_decrypted::<Aes128>(&key, &iv, &data),
        (false, 24) => cbc_decrypted::<Aes192>(&key, &iv, &data),
        (false, _) => cbc_decrypted::<Aes256>(&key, &iv, &data),
    };
    told(ctx, done)
}

fn cbc_encrypted<C>(key: &[u8], iv: &[u8], data: &[u8]) -> Option<Vec<u8>>
where
    C: BlockEncryptMut + aes::cipher::BlockCipher + KeyInit,
{
    let cipher = cbc::Encryptor::<C>::new_from_slices(key, iv).ok()?;
    Some(cipher.encrypt_padded_vec_mut::<Pkcs7>(data))
}

fn cbc_decrypted<C>(key: &[u8], iv: &[u8], data: &[u8]) -> Option<Vec<u8>>
where
    C: BlockDecryptMut + aes::cipher::BlockCipher + KeyInit,
{
    let cipher = cbc::Decryptor::<C>::new_from_slices(key, iv).ok()?;
    cipher.decrypt_padded_vec_mut::<Pkcs7>(data).ok()
}

/// `ctr(key, counter, length, data)`: encrypts as it decrypts. Of the counter's bits the last `length` count.
fn ctr_of<'js>(
    ctx: Ctx<'js>,
    key: Bytes<'js>,
    counter: Bytes<'js>,
    length: u32,
    data: Bytes<'js>,
) -> Result<Option<ArrayBuffer<'js>>> {
    let (key, counter, data) = (copied(&key), copied(&counter), copied(&data));
    let done = match key.len() {
        16 => counted::<Aes128>(&key, &counter, length, data),
        24 => counted::<Aes192>(&key, &counter, length, data),
        _ => counted::<Aes256>(&key, &counter, length, data),
    };
    told(ctx, done)
}

fn counted<C>(key: &[u8], counter: &[u8], length: u32, mut data: Vec<u8>) -> Option<Vec<u8>>
where
    C: BlockEncrypt + KeyInit + aes::cipher::BlockSizeUser<BlockSize = U16>,
{
    let cipher = C::new_from_slice(key).ok()?;
    let start = u128::from_be_bytes(counter.try_into().ok()?);
    let counting = u128::MAX.checked_shr(128 - length)?;
    let blocks = data.len().div_ceil(16) as u128;
    if counting < u128::MAX && blocks > counting + 1 {
        return None;
    }
    for (block, number) in data.chunks_mut(16).zip(0_u128..) {
        let count = start.wrapping_add(number) & counting;
        let mut stream = GenericArray::from((start & !counting | count).to_be_bytes());
        cipher.encrypt_block(&mut stream);
        for (byte, mask) in block.iter_mut().zip(stream) {
            *byte ^= mask;
        }
    }
    Some(data)
}

/// `gcm(encrypts, key, iv, data, more, tag)`: with so many bytes of tag behind the data.
fn gcm_of<'js>(
    ctx: Ctx<'js>,
    encrypts: bool,
    key: Bytes<'js>,
    iv: Bytes<'js>,
    data: Bytes<'js>,
    more: Bytes<'js>,
    tag: usize,
) -> Result<Option<ArrayBuffer<'js>>> {
    let (key, iv) = (copied(&key), copied(&iv));
    let (data, more) = (copied(&data), copied(&more));
    let run = match (key.len(), iv.len()) {
        (16, 12) => authenticated::<AesGcm<Aes128, U12>>,
        (24, 12) => authenticated::<AesGcm<Aes192, U12>>,
        (32, 12) => authenticated::<AesGcm<Aes256, U12>>,
        (16, 16) => authenticated::<AesGcm<Aes128, U16>>,
        (24, 16) => authenticated::<AesGcm<Aes192, U16>>,
        (32, 16) => authenticated::<AesGcm<Aes256, U16>>,
        _ => return Ok(None),
    };
    told(ctx, run(encrypts, &key, &iv, data, &more, tag))
}

fn authenticated<C: AeadInPlace + KeyInit>(
    encrypts: bool,
    key: &[u8],
    iv: &[u8],
    mut data: Vec<u8>,
    more: &[u8],
    tag: usize,
) -> Option<Vec<u8>> {
    let cipher = C::new_from_slice(key).ok()?;
    let nonce = Nonce::<C>::from_slice(iv);
    if encrypts {
        let made = cipher
            .encrypt_in_place_detached(nonce, more, &mut data)
            .ok()?;
        data.extend_from_slice(made.get(..tag)?);
        return Some(data);
    }
    let given = data.split_off(data.len().checked_sub(tag)?);
    // Encrypting decrypts; encrypting that again makes the tag, also of those that are shorter than usual.
    cipher
        .encrypt_in_place_detached(nonce, more, &mut data)
        .ok()?;
    let mut again = data.clone();
    let made = cipher
        .encrypt_in_place_detached(nonce, more, &mut again)
        .ok()?;
    let differing = given
        .iter()
        .zip(made)
        .fold(0, |all, (one, other)| all | (one ^ other));
    (differing == 0).then_some(data)
}

/// `pbkdf2(hash, password, salt, iterations, length)`: so many bytes.
fn derived<'js>(
    ctx: Ctx<'js>,
    hash: String,
    password: Bytes<'js>,
    salt: Bytes<'js>,
    iterations: u32,
    length: usize,
) -> Result<ArrayBuffer<'js>> {
    let (password, salt) = (copied(&password), copied(&salt));
    let mut bits = vec![0; length];
    let derive = match hash.as_str() {
        "sha1" => pbkdf2::pbkdf2_hmac::<Sha1>,
        "sha256" => pbkdf2::pbkdf2_hmac::<Sha256>,
        "sha384" => pbkdf2::pbkdf2_hmac::<Sha384>,
        _ => pbkdf2::pbkdf2_hmac::<Sha512>,
    };
    derive(&password, &salt, iterations, &mut bits);
    ArrayBuffer::new(ctx, bits)
}
