//! Defines the host's side of open connections. What need not wait does not suspend the guest.

use std::time::{Duration, Instant};

use send_wrapper::SendWrapper;
use wasmtime::component::Resource;

use super::Options;
use crate::bindings::extending::brunt::sockets::network::SocketError;
use crate::bindings::extending::brunt::sockets::tcp::{self, TlsFacts};
use crate::http::RequestFailure;
use crate::interfaces::time::Waitable;
use crate::sockets;
use crate::state::VuState;

/// An open connection.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Connection(SendWrapper<sockets::Connection>);

type Handle = Resource<Connection>;
pub(super) type Answer<T> = wasmtime::Result<Result<T, SocketError>>;

impl Connection {
    pub(super) fn new(connection: sockets::Connection) -> Self {
        Self(SendWrapper::new(connection))
    }
}

impl VuState {
    /// Waits for what suspends the guest.
    pub(super) async fn suspended<T>(
        &mut self,
        waiting: impl Future<Output = Result<T, RequestFailure>> + Send,
    ) -> Answer<T> {
        let result = waiting.await;
        self.usage.resume(Instant::now());
        Ok(result.map_err(SocketError::from))
    }
}

impl tcp::HostConnection for VuState {
    async fn read(&mut self, connection: Handle, most: u32) -> Answer<Option<Vec<u8>>> {
        let connection = &self.table.get(&connection)?.0;
        if let Some(result) = connection.read_now(most as usize) {
            return Ok(result.map_err(SocketError::from));
        }
        let waiting = SendWrapper::new(connection.read(most as usize));
        self.suspended(waiting).await
    }

    fn available(&mut self, connection: Handle) -> wasmtime::Result<u64> {
        Ok(self.table.get(&connection)?.0.available() as u64)
    }

    fn readable(&mut self, connection: Handle) -> wasmtime::Result<Resource<Waitable>> {
        let signal = self.table.get(&connection)?.0.readable();
        Ok(self.table.push(Waitable::On(SendWrapper::new(signal)))?)
    }

    fn arrival(&mut self, connection: Handle) -> wasmtime::Result<u64> {
        let arrived = self.table.get(&connection)?.0.arrived();
        Ok(arrived.map_or(0, |at| self.run.since_start(at)))
    }

    async fn write(&mut self, connection: Handle, bytes: Vec<u8>) -> Answer<()> {
        let connection = &self.table.get(&connection)?.0;
        if let Some(result) = connection.write_now(&bytes) {
            return Ok(result.map_err(SocketError::from));
        }
        let waiting = SendWrapper::new(connection.write(bytes));
        self.suspended(waiting).await
    }

    fn write_now(&mut self, connection: Handle, bytes: Vec<u8>) -> Answer<bool> {
        Ok(match self.table.get(&connection)?.0.write_now(&bytes) {
            Some(result) => result.map(|()| true).map_err(SocketError::from),
            None => Ok(false),
        })
    }

    fn writable(&mut self, connection: Handle) -> wasmtime::Result<Resource<Waitable>> {
        let signal = self.table.get(&connection)?.0.writable();
        Ok(self.table.push(Waitable::On(SendWrapper::new(signal)))?)
    }

    async fn flush(&mut self, connection: Handle) -> Answer<()> {
        let waiting = SendWrapper::new(self.table.get(&connection)?.0.flush());
        self.suspended(waiting).await
    }

    fn finish(&mut self, connection: Handle) -> wasmtime::Result<()> {
        self.table.get(&connection)?.0.finish();
        Ok(())
    }

    fn set_read_timeout(
        &mut self,
        connection: Handle,
        timeout: Option<u64>,
    ) -> wasmtime::Result<()> {
        let timeout = timeout.map(Duration::from_nanos);
        self.table.get(&connection)?.0.set_read_timeout(timeout);
        Ok(())
    }

    fn set_write_timeout(
        &mut self,
        connection: Handle,
        timeout: Option<u64>,
    ) -> wasmtime::Result<()> {
        let timeout = timeout.map(Duration::from_nanos);
        self.table.get(&connection)?.0.set_write_timeout(timeout);
        Ok(())
    }

    fn set_heart_beat(
        &mut self,
        connection: Handle,
        interval: u64,
        bytes: Vec<u8>,
    ) -> wasmtime::Result<()> {
        let interval = Duration::from_nanos(interval);
        self.table
            .get(&connection)?
            .0
            .set_heart_beat(interval, &bytes);
        Ok(())
    }

    fn last_heard(&mut self, connection: Handle) -> wasmtime::Result<u64> {
        let heard = self.table.get(&connection)?.0.last_heard();
        Ok(self.run.since_start(heard))
    }

    async fn start_tls(&mut self, connection: Handle, options: Resource<Options>) -> Answer<()> {
        let wishes = self.table.get(&options)?.0.clone();
        let connection = &self.table.get(&connection)?.0;
        let config = match self.run.tls.wished(connection.host(), &wishes) {
            Ok(config) => config,
            Err(failure) => return Ok(Err(failure.into())),
        };
        let name = wishes.name(connection.host()).to_owned();
        let waiting = SendWrapper::new(connection.start_tls(config, name));
        self.suspended(waiting).await
    }

    fn timings(&mut self, connection: Handle) -> wasmtime::Result<tcp::Timings> {
        let timings = self.table.get(&connection)?.0.timings();
        let nanoseconds = |time: Duration| time.as_nanos() as u64;
        Ok(tcp::Timings {
            looking_up: nanoseconds(timings.looking_up),
            connecting: nanoseconds(timings.connecting),
            tls_handshaking: nanoseconds(timings.tls_handshaking),
        })
    }

    fn tls(&mut self, connection: Handle) -> wasmtime::Result<Option<TlsFacts>> {
        let facts = self.table.get(&connection)?.0.facts();
        Ok(facts.map(|facts| TlsFacts {
            version: facts.version.to_owned(),
            cipher_suite: facts.cipher_suite.to_owned(),
            protocol: facts.protocol,
        }))
    }

    fn local_address(&mut self, connection: Handle) -> wasmtime::Result<String> {
        Ok(self.table.get(&connection)?.0.local_address().to_owned())
    }

    fn remote_address(&mut self, connection: Handle) -> wasmtime::Result<String> {
        Ok(self.table.get(&connection)?.0.remote_address().to_owned())
    }

    fn drop(&mut self, connection: Handle) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}
