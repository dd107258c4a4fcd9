//! Defines how private keys that have a password are decrypted: PKCS#8, and the older form with headers in the PEM.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockDecryptMut, KeyIvInit};
use aes::{Aes128, Aes192, Aes256};
use data_encoding::HEXUPPER_PERMISSIVE;
use des::{Des, TdesEde3};
use md5::{Digest, Md5};
use pem::Pem;
use pkcs8::EncryptedPrivateKeyInfo;

/// Decrypts `ENCRYPTED PRIVATE KEY`: PKCS#5 2.0 (PBES2) with PBKDF2 or scrypt, and AES or triple DES.
pub(super) fn decrypt_pkcs8(contents: &[u8], password: &str) -> Result<Vec<u8>, String> {
    let info = EncryptedPrivateKeyInfo::try_from(contents).map_err(|_| {
        "is encrypted in a way that is not read; `openssl pkcs8 -topk8 -v2 aes-256-cbc` writes one that is".to_owned()
    })?;
    match info.decrypt(password) {
        Ok(document) => Ok(document.as_bytes().to_vec()),
        Err(_) => Err(WRONG.to_owned()),
    }
}

/// Decrypts the form with `Proc-Type: 4,ENCRYPTED` and `DEK-Info: CIPHER,IV`, which OpenSSL wrote before PKCS#8.
pub(super) fn decrypt_legacy(block: &Pem, password: &str) -> Result<Vec<u8>, String> {
    let info = block.headers().get("DEK-Info").unwrap_or_default();
    let (cipher, iv) = info.split_once(',').unwrap_or((info, ""));
    let iv = HEXUPPER_PERMISSIVE
        .decode(iv.trim().as_bytes())
        .map_err(|_| "DEK-Info has no initialisation vector".to_owned())?;
    let salt = iv.get(..8).ok_or("DEK-Info has too short a vector")?;
    let (key, sealed) = (stretched(password, salt), block.contents());
    let opened = match cipher.trim() {
        "AES-128-CBC" => open::<cbc::Decryptor<Aes128>>(&key[..16], &iv, sealed),
        "AES-192-CBC" => open::<cbc::Decryptor<Aes192>>(&key[..24], &iv, sealed),
        "AES-256-CBC" => open::<cbc::Decryptor<Aes256>>(&key, &iv, sealed),
        "DES-EDE3-CBC" => open::<cbc::Decryptor<TdesEde3>>(&key[..24], &iv, sealed),
        "DES-CBC" => open::<cbc::Decryptor<Des>>(&key[..8], &iv, sealed),
        other => {
            return Err(format!(
                "is encrypted with {other}; AES-128-CBC, AES-192-CBC, AES-256-CBC, DES-EDE3-CBC and DES-CBC are read"
            ));
        }
    };
    opened.ok_or_else(|| WRONG.to_owned())
}

const WRONG: &str = "the password is wrong, or the key is damaged";

/// OpenSSL's `EVP_BytesToKey` with MD5 and one round: `D1 = MD5(password salt)`, `D2 = MD5(D1 password salt)`, …
fn stretched(password: &str, salt: &[u8]) -> [u8; 32] {
    let digest = |before: &[u8]| {
        let mut md5 = Md5::new();
        md5.update(before);
        md5.update(password.as_bytes());
        md5.update(salt);
        md5.finalize()
    };
    let first = digest(&[]);
    let second = digest(&first);
    let mut key = [0; 32];
    key[..16].copy_from_slice(&first);
    key[16..].copy_from_slice(&second);
    key
}

fn open<D: KeyIvInit + BlockDecryptMut>(key: &[u8], iv: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let decryptor = D::new_from_slices(key, iv).ok()?;
    decryptor.decrypt_padded_vec_mut::<Pkcs7>(sealed).ok()
}
