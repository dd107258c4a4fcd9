//! Defines the key log: the secrets of every connection, appended to a file as `SSLKEYLOGFILE` asks for.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, Once, PoisonError};

use data_encoding::HEXLOWER;
use rustls::KeyLog;

use crate::error::{Error, ErrorKind};
use crate::log::{Level, LogSink};

/// A file in NSS's format, one line for each secret, shared by all threads.
pub(super) struct KeyLogFile {
    file: Mutex<File>,
    log: Arc<dyn LogSink>,
    told: Once,
}

impl KeyLogFile {
    pub(super) fn open(path: &Path, log: &Arc<dyn LogSink>) -> Result<Self, Error> {
        let file = OpenOptions::new().append(true).create(true).open(path);
        let file = file.map_err(|error| {
            let message = format!("SSLKEYLOGFILE: can't write {}: {error}", path.display());
            Error::new(ErrorKind::Setting, message)
                .hint("name a file in a folder that is there, or unset SSLKEYLOGFILE")
        })?;
        Ok(Self {
            file: Mutex::new(file),
            log: log.clone(),
            told: Once::new(),
        })
    }
}

impl KeyLog for KeyLogFile {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let line = format!(
            "{label} {} {}\n",
            HEXLOWER.encode(client_random),
            HEXLOWER.encode(secret)
        );
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(line.as_bytes()) {
            self.told.call_once(|| {
                let message = format!("SSLKEYLOGFILE is not whole: {error}");
                self.log.log(Level::Warn, "tls", &message);
            });
        }
    }
}

impl std::fmt::Debug for KeyLogFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyLogFile").finish_non_exhaustive()
    }
}
