//! Defines a DNS server that keeps every question.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A DNS server on a free UDP port of 127.0.0.1. It ends when it is dropped.
pub struct NameServer {
    address: SocketAddr,
    questions: Arc<Mutex<Vec<Question>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What was asked: a name, without the dot at its end, and `A` or `AAAA`.
pub type Question = (String, &'static str);

/// What a server knows.
type Zone = BTreeMap<String, Vec<IpAddr>>;

impl NameServer {
    /// Knows these names, and of `broken.test` that it can't say; all other names don't exist. Every answer takes `delay`.
    ///
    /// # Panics
    /// When there is no free port, or an address is none.
    pub fn start(names: &[(&str, &[&str])], delay: Duration) -> NameServer {
        let address = |text: &&str| text.parse().expect("an address");
        let zone: Zone = names
            .iter()
            .map(|(name, addresses)| ((*name).to_owned(), addresses.iter().map(address).collect()))
            .collect();
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let address = socket.local_addr().expect("the socket's address");
        let questions = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (noted, stopped) = (Arc::clone(&questions), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            let mut bytes = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut bytes) {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                thread::sleep(delay);
                if let Some(answer) = answer(&bytes[..length], &zone, &noted) {
                    // Who has gone away meanwhile needs no answer.
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        NameServer {
            address,
            questions,
            stop,
            thread: Some(thread),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// All questions so far, in the order they came.
    pub fn questions(&self) -> Vec<Question> {
        self.questions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread up.
        let woken =
            UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.send_to(&[], self.address));
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            let _ = thread.join();
        }
    }
}

/// The answer to a message with one question (RFC 1035, section 4).
fn answer(message: &[u8], zone: &Zone, noted: &Mutex<Vec<Question>>) -> Option<Vec<u8>> {
    const HEADER: usize = 12;
    let (name, end) = name(message, HEADER)?;
    let kind = u16::from_be_bytes([*message.get(end)?, *message.get(end + 1)?]);
    let word = if kind == A { "A" } else { "AAAA" };
    let mut questions = noted.lock().unwrap_or_else(PoisonError::into_inner);
    questions.push((name.clone(), word));
    let known = zone.get(&name);
    let wanted = |address: &&IpAddr| address.is_ipv4() == (kind == A);
    let addresses: Vec<&IpAddr> = known.into_iter().flatten().filter(wanted).collect();
    let code = match known {
        Some(_) => NO_ERROR,
        None if name == "broken.test" => SERVER_FAILURE,
        None => NO_SUCH_NAME,
    };
    let mut answer = message[..2].to_vec();
    answer.extend([
        0x81,
        0x80 | code,
        0,
        1,
        0,
        addresses.len() as u8,
        0,
        0,
        0,
        0,
    ]);
    answer.extend(&message[HEADER..end + 4]);
    for address in addresses {
        let data = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        // The name of the question, the kind, class 1, 60 seconds, the length.
        answer.extend([0xc0, HEADER as u8, 0, kind as u8, 0, 1, 0, 0, 0, 60]);
        answer.extend([0, data.len() as u8]);
        answer.extend(data);
    }
    Some(answer)
}

/// The name at this place, and where it ends.
fn name(message: &[u8], mut at: usize) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        let label = message.get(at..at + length)?;
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += length;
    }
}

const A: u16 = 1;
const NO_ERROR: u8 = 0;
const SERVER_FAILURE: u8 = 2;
const NO_SUCH_NAME: u8 = 3;
