//! Defines a guest that writes a request body while it is sent, and logs what came of it.
//!
//! `MODE`: `write` writes `PIECES` (4) pieces of `PIECE_BYTES` (5), with a pause of `PAUSE_MS` between them; `drop` drops the body
//! after them; `file` sends the file `upload.txt`.  `LENGTH`, `METHOD`, `TIMEOUT_MS`,
//! `DIGEST` (log in so), `COMPRESS` (asks for gzip) where given.

use brunt_sdk::prelude::*;

struct Uploading {
    file: Option<File>,
}

#[brunt_sdk::test]
impl Uploading {
    fn init() -> Result<Self> {
        let sends_file = env("MODE").is_some_and(|mode| mode == "file");
        let file = sends_file.then(|| File::open("upload.txt")).transpose()?;
        Ok(Self { file })
    }

    pub fn default(&mut self) -> Result<()> {
        let mut request = Request::new(
            &env_or("METHOD", "POST"),
            env_or("BASE_URL", "http://127.0.0.1:8080/post"),
        );
        if let Some(ms) = env("TIMEOUT_MS") {
            request = request.timeout(Duration::from_millis(ms.parse()?));
        }
        if env("DIGEST").is_some() {
            request = request.digest_auth("me", "secret");
        }
        if env("COMPRESS").is_some() {
            request = request.compress(&["gzip"]);
        }
        if let Some(file) = &self.file {
            return told(request.body_file(file).send());
        }
        let length = env("LENGTH").map(|length| length.parse()).transpose()?;
        let mut upload = request.upload(length);
        let written = write(&mut upload)?;
        log::info!(
            "written {}",
            json!({ "error": written.as_ref().err().map(http::Error::code) })
        );
        match env_or("MODE", "write").as_str() {
            "drop" => told(upload.abandon()),
            _ => told(upload.finish()),
        }
    }
}

fn write(upload: &mut http::Upload) -> Result<http::Result<()>> {
    let pieces: usize = env_or("PIECES", "4").parse()?;
    let piece = vec![b'p'; env_or("PIECE_BYTES", "5").parse()?];
    let pause = Duration::from_millis(env_or("PAUSE_MS", "0").parse()?);
    for number in 0..pieces {
        if number > 0 && !pause.is_zero() {
            sleep(pause);
        }
        if let Err(error) = upload.write(&piece) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

fn told(result: http::Result) -> Result<()> {
    match result {
        Ok(res) => log::info!(
            "answer {}",
            json!({ "status": res.status(), "body": res.text(), "sending": res.timings().sending.as_secs_f64() * 1000.0 })
        ),
        Err(error) => log::info!(
            "answer {}",
            json!({ "status": 0, "code": error.code(), "message": error.message() })
        ),
    }
    Ok(())
}
