//! Defines a guest that does with sockets what its environment says, and logs what came of each step as one line of JSON.
//!
//! `STEPS` are parted by `;`, the words of each by blanks. Connections go to `HOST` and `PORT`, with TLS where `TLS` is set (`CA`, `CERT` and
//! `KEY` as PEM, `NAME`, `ALPN` with commas, `INSECURE`).

use brunt_sdk::prelude::*;
use brunt_sdk::sockets::{self, Connection, Datagrams, Dial, TlsOptions};

#[derive(Default)]
struct Sockets {
    connection: Option<Connection>,
    others: Vec<Connection>,
    datagrams: Option<Datagrams>,
}

#[brunt_sdk::test]
impl Sockets {
    fn init() -> Result<Self> {
        if let Some(steps) = env("INIT") {
            let mut vu = <Self as Default>::default();
            vu.play(&steps)?;
        }
        Ok(<Self as Default>::default())
    }

    pub fn default(&mut self) -> Result<()> {
        self.play(&env_or("STEPS", "dial;send hello;read 100"))
    }

    fn play(&mut self, steps: &str) -> Result<()> {
        for step in steps.split(';') {
            let words: Vec<&str> = step.split(' ').collect();
            let mut did = self.step(&words)?;
            did["step"] = json!(words[0]);
            log::info!("did {did}");
        }
        Ok(())
    }

    fn step(&mut self, words: &[&str]) -> Result<Json> {
        let number = || -> Result<u64> { Ok(words.get(1).unwrap_or(&"0").parse()?) };
        let text = words.get(1).unwrap_or(&"").as_bytes();
        Ok(match words[0] {
            "dial" => outcome(dial()?.connect(), |connection| {
                let did = opened(&connection);
                self.connection = Some(connection);
                did
            }),
            "start" => {
                let pending = dial()?.start();
                let at_once = pending.ready();
                pending.wait();
                outcome(pending.take(), |connection| {
                    self.connection = Some(connection);
                    json!({ "ready_at_once": at_once })
                })
            }
            "dial-more" => outcome(dial()?.connect(), |connection| {
                self.others.push(connection);
                json!({ "open": self.others.len() })
            }),
            "drop" => {
                self.connection = None;
                json!({})
            }
            "drop-more" => json!({ "closed": self.others.pop().is_some() }),
            "sleep" => {
                sleep(Duration::from_millis(number()?));
                json!({})
            }
            "publish" => self.publish(number()?)?,
            "echo" => self.echo(number()?)?,
            word if word.starts_with("udp") => self.datagram_step(words[0], text, number)?,
            _ => self.connection_step(words[0], text, number)?,
        })
    }

    /// So many small messages, as a protocol would write them: one by one.
    fn publish(&mut self, count: u64) -> Result<Json> {
        let connection = self.connection.as_mut().ok_or(Error::new("not open"))?;
        for number in 0..count {
            connection.send(format!("PUB {number:08}\r\n").as_bytes())?;
        }
        Ok(json!({}))
    }

    /// So many questions, each with its answer.
    fn echo(&mut self, count: u64) -> Result<Json> {
        let connection = self.connection.as_mut().ok_or(Error::new("not open"))?;
        let mut came = 0;
        for _ in 0..count {
            connection.send(b"0123456789abcdef")?;
            came += connection.chunk(16)?.map_or(0, |bytes| bytes.len());
        }
        Ok(json!({ "came": came }))
    }

    fn connection_step(
        &mut self,
        word: &str,
        text: &[u8],
        number: impl Fn() -> Result<u64>,
    ) -> Result<Json> {
        let connection = self.connection.as_mut().ok_or(Error::new("not open"))?;
        let timeout = || number().map(|ms| (ms > 0).then(|| Duration::from_millis(ms)));
        let nothing = |()| json!({});
        Ok(match word {
            "send" => outcome(connection.send(text), nothing),
            "fill" => {
                let began = time::now();
                let sent = connection.send(&vec![b'x'; number()? as usize]);
                let mut did = outcome(sent, nothing);
                did["ms"] = json!((time::now() - began).as_millis() as u64);
                did
            }
            "flush" => outcome(connection.flush(), nothing),
            "finish" => {
                connection.finish();
                json!({})
            }
            "read" => {
                let began = time::now();
                let read = connection.chunk(number()? as usize);
                let mut did = outcome(
                    read,
                    |bytes| json!({ "text": bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()) }),
                );
                let now = time::now();
                did["ms"] = json!((now - began).as_millis() as u64);
                did["age"] = json!((now - connection.arrival()).as_millis() as u64);
                did
            }
            "drain" => drained(connection),
            "await" => {
                connection.wait();
                json!({ "available": connection.available() })
            }
            "look" => {
                let heard = time::now() - connection.last_heard();
                json!({
                    "ready": connection.ready(), "available": connection.available(), "writable": connection.writable().ready(),
                    "heard": heard.as_millis() as u64,
                })
            }
            "read-timeout" => {
                connection.set_read_timeout(timeout()?);
                json!({})
            }
            "write-timeout" => {
                connection.set_write_timeout(timeout()?);
                json!({})
            }
            "beat" => {
                let interval = Duration::from_millis(number()?);
                connection.set_heart_beat(interval, b"BEAT\n");
                json!({})
            }
            "start-tls" => {
                let options = tls_options();
                match connection.start_tls(&options) {
                    Ok(()) => opened(connection),
                    Err(error) => failed(&error),
                }
            }
            other => fail!("there is no step {other}"),
        })
    }

    fn datagram_step(
        &mut self,
        word: &str,
        text: &[u8],
        number: impl Fn() -> Result<u64>,
    ) -> Result<Json> {
        if word == "udp" {
            let port = env_or("PORT", "0").parse()?;
            return Ok(outcome(
                Datagrams::open(&env_or("HOST", "127.0.0.1"), port),
                |opened| {
                    let did = json!({ "local": opened.local_address(), "remote": opened.remote_address() });
                    self.datagrams = Some(opened);
                    did
                },
            ));
        }
        let datagrams = self.datagrams.as_mut().ok_or(Error::new("not open"))?;
        Ok(match word {
            "udp-send" => outcome(datagrams.send(text), |()| json!({})),
            "udp-fill" => outcome(datagrams.send(&vec![b'x'; number()? as usize]), |()| {
                json!({})
            }),
            "udp-receive" => outcome(
                datagrams.receive(),
                |bytes| json!({ "text": String::from_utf8_lossy(&bytes), "size": bytes.len() }),
            ),
            "udp-timeout" => {
                datagrams.set_timeout(Some(Duration::from_millis(number()?)));
                json!({})
            }
            "udp-look" => json!({ "ready": datagrams.ready(), "dropped": datagrams.dropped() }),
            other => fail!("there is no step {other}"),
        })
    }
}

fn dial() -> Result<Dial> {
    let mut dial = Dial::new(&env_or("HOST", "127.0.0.1"), env_or("PORT", "0").parse()?);
    if let Some(ms) = env("TIMEOUT_MS") {
        dial = dial.timeout(Duration::from_millis(ms.parse()?));
    }
    if env("TLS").is_some() {
        dial = dial.tls(&tls_options());
    }
    Ok(dial)
}

fn tls_options() -> TlsOptions {
    let mut options = TlsOptions::new();
    if let Some(pem) = env("CA") {
        options = options.authorities(pem.as_bytes());
    }
    if let (Some(chain), Some(key)) = (env("CERT"), env("KEY")) {
        options = options.client_certificate(chain.as_bytes(), key.as_bytes());
    }
    if let Some(name) = env("NAME") {
        options = options.server_name(&name);
    }
    if let Some(names) = env("ALPN") {
        options = options.protocols(&names.split(',').collect::<Vec<_>>());
    }
    if let Some(insecure) = env("INSECURE") {
        options = options.insecure(insecure == "true");
    }
    options
}

fn opened(connection: &Connection) -> Json {
    let (timings, tls) = (connection.timings(), connection.tls());
    json!({
        "code": 0,
        "local": connection.local_address(),
        "remote": connection.remote_address(),
        "looking_up": timings.looking_up.as_nanos() as u64,
        "connecting": timings.connecting.as_nanos() as u64,
        "tls_handshaking": timings.tls_handshaking.as_nanos() as u64,
        "tls": tls.map(|tls| json!({ "version": tls.version, "suite": tls.cipher_suite, "protocol": tls.protocol })),
    })
}

fn drained(connection: &mut Connection) -> Json {
    let (mut size, mut sum, mut reads) = (0_u64, 0_u64, 0_u64);
    let ended = loop {
        match connection.chunk(1 << 20) {
            Ok(Some(bytes)) => {
                reads += 1;
                size += bytes.len() as u64;
                sum = bytes.iter().fold(sum, |sum, byte| {
                    sum.wrapping_mul(31).wrapping_add(u64::from(*byte))
                });
            }
            Ok(None) => break json!({ "code": 0 }),
            Err(error) => break failed(&error),
        }
    };
    json!({ "size": size, "sum": sum.to_string(), "reads": reads, "code": ended["code"], "message": ended["message"] })
}

fn outcome<T>(result: sockets::Result<T>, shown: impl FnOnce(T) -> Json) -> Json {
    match result {
        Ok(value) => {
            let mut did = shown(value);
            did["code"] = json!(0);
            did
        }
        Err(error) => failed(&error),
    }
}

fn failed(error: &sockets::Error) -> Json {
    json!({ "code": error.code(), "message": error.message() })
}
