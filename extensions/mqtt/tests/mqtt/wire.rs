//! Defines a machine on a real connection: the least that makes it a client. Only tests do their I/O so.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use brunt_mqtt::codec::{Qos, ping_request};
use brunt_mqtt::machine::{Event, Finished, Machine, Message, Publication, Settings, Wanted};
use brunt_mqtt::{Error, ErrorKind as Kind};

/// A client that does one thing after the other.
pub(crate) struct Wire {
    pub(crate) machine: Machine<u32>,
    stream: TcpStream,
    last_errand: u32,
}

const PATIENCE: Duration = Duration::from_secs(20);

impl Wire {
    /// Connects, and is taken in.
    pub(crate) fn connect(address: SocketAddr, settings: Settings) -> Result<Self, Error> {
        Self::with(address, Machine::new(settings)?)
    }

    /// Connects with what is left of an earlier connection.
    pub(crate) fn with(address: SocketAddr, mut machine: Machine<u32>) -> Result<Self, Error> {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("an option");
        machine.open()?;
        let mut wire = Self {
            machine,
            stream,
            last_errand: 0,
        };
        wire.until(|machine| machine.is_open())?;
        Ok(wire)
    }

    /// Breaks the connection off without a word, and keeps the rest.
    pub(crate) fn break_off(self) -> Machine<u32> {
        let mut machine = self.machine;
        machine.lost(&Error::new(Kind::Connection, "broken off"));
        machine
    }

    pub(crate) fn publish(&mut self, publication: Publication) -> Result<(), Error> {
        let errand = self.begin_publish(publication)?;
        errand.map_or(Ok(()), |errand| self.end(errand).map(drop))
    }

    /// Publishes without waiting for the answer.
    pub(crate) fn begin_publish(&mut self, publication: Publication) -> Result<Option<u32>, Error> {
        let qos = publication.qos;
        self.until(|machine| machine.has_room(qos))?;
        self.last_errand += 1;
        let flies = self.machine.publish(publication, || self.last_errand)?;
        self.flush();
        Ok(flies.then_some(self.last_errand))
    }

    pub(crate) fn subscribe(&mut self, wanted: &[Wanted]) -> Result<Vec<Qos>, Error> {
        self.last_errand += 1;
        self.machine.subscribe(wanted.to_vec(), self.last_errand)?;
        match self.end(self.last_errand)? {
            Finished::Subscribed(granted) => Ok(granted),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn unsubscribe(&mut self, filter: &str) -> Result<(), Error> {
        self.last_errand += 1;
        self.machine
            .unsubscribe(vec![filter.to_owned()], self.last_errand)?;
        self.end(self.last_errand).map(drop)
    }

    /// The next message; none when there is none within this time.
    pub(crate) fn receive(&mut self, within: Duration) -> Result<Option<Message>, Error> {
        let end = Instant::now() + within;
        loop {
            if let Some(message) = self.machine.take(0)? {
                self.flush();
                return Ok(Some(message));
            }
            if Instant::now() >= end {
                return Ok(None);
            }
            self.read_some(end)?;
        }
    }

    /// The next message.
    pub(crate) fn expect(&mut self) -> Message {
        self.receive(PATIENCE)
            .expect("a connection")
            .expect("a message")
    }

    /// Asks for a sign of life, so that all that was sent before is known to have come.
    pub(crate) fn ping(&mut self) {
        self.machine.output().extend(ping_request());
        self.flush();
    }

    pub(crate) fn leave(&mut self, reason: u8) {
        self.machine.leave(reason, None);
        self.flush();
    }

    /// How the errand ended.
    fn end(&mut self, errand: u32) -> Result<Finished, Error> {
        let end = Instant::now() + PATIENCE;
        loop {
            while let Some(event) = self.machine.next_event() {
                match event {
                    Event::Finished(done, result) if done == errand => return result,
                    _ => {}
                }
            }
            assert!(Instant::now() < end, "no answer");
            self.read_some(end)?;
        }
    }

    /// Reads until it is so.
    pub(crate) fn until(&mut self, so: impl Fn(&Machine<u32>) -> bool) -> Result<(), Error> {
        let end = Instant::now() + PATIENCE;
        while !so(&self.machine) {
            assert!(Instant::now() < end, "it does not come about");
            self.read_some(end)?;
        }
        Ok(())
    }

    fn flush(&mut self) {
        let output = self.machine.output();
        // What became of it is seen when reading.
        let _ = self.stream.write_all(output);
        output.clear();
    }

    fn read_some(&mut self, until: Instant) -> Result<(), Error> {
        self.flush();
        let timeout = until.saturating_duration_since(Instant::now());
        let timeout = timeout.max(Duration::from_millis(1));
        self.stream
            .set_read_timeout(Some(timeout))
            .expect("an option");
        let mut buffer = [0; 4096];
        let fed = match self.stream.read(&mut buffer) {
            Ok(0) => Err(Error::new(
                Kind::Connection,
                "the server closed the connection",
            )),
            Ok(length) => self.machine.feed(&buffer[..length], 0),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Ok(())
            }
            Err(error) => Err(Error::new(Kind::Connection, error.to_string())),
        };
        self.flush();
        fed
    }
}
