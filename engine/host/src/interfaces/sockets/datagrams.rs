//! Defines the host's side of datagrams.

use std::time::Duration;

use send_wrapper::SendWrapper;
use wasmtime::component::Resource;

use super::connection::Answer;
use crate::bindings::extending::brunt::sockets::network::SocketError;
use crate::bindings::extending::brunt::sockets::udp;
use crate::http::RequestFailure;
use crate::interfaces::time::Waitable;
use crate::sockets;
use crate::state::{Phase, VuState};

/// A UDP socket.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Datagrams(SendWrapper<sockets::Datagrams>);

type Handle = Resource<Datagrams>;

impl udp::Host for VuState {}

impl udp::HostDatagrams for VuState {
    async fn open(&mut self, host: String, port: u16) -> Answer<Handle> {
        if self.phase == Phase::Init {
            let refused = RequestFailure::new(1110, "sockets are not allowed in init");
            return Ok(Err(refused.into()));
        }
        let ground = self.ground();
        let opening = async move {
            let opened = sockets::Datagrams::open(&host, port, &ground).await;
            opened.map(SendWrapper::new)
        };
        match self.suspended(SendWrapper::new(opening)).await? {
            Ok(socket) => Ok(Ok(self.table.push(Datagrams(socket))?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn send(&mut self, datagrams: Handle, bytes: Vec<u8>) -> Answer<()> {
        let socket = &self.table.get(&datagrams)?.0;
        if let Some(result) = socket.send_now(&bytes) {
            return Ok(result.map_err(SocketError::from));
        }
        let waiting = SendWrapper::new(socket.send(bytes));
        self.suspended(waiting).await
    }

    async fn receive(&mut self, datagrams: Handle) -> Answer<Vec<u8>> {
        let socket = &self.table.get(&datagrams)?.0;
        if let Some(result) = socket.receive_now() {
            return Ok(result.map_err(SocketError::from));
        }
        let waiting = SendWrapper::new(socket.receive());
        self.suspended(waiting).await
    }

    fn readable(&mut self, datagrams: Handle) -> wasmtime::Result<Resource<Waitable>> {
        let signal = self.table.get(&datagrams)?.0.readable();
        Ok(self.table.push(Waitable::On(SendWrapper::new(signal)))?)
    }

    fn arrival(&mut self, datagrams: Handle) -> wasmtime::Result<u64> {
        let arrived = self.table.get(&datagrams)?.0.arrived();
        Ok(arrived.map_or(0, |at| self.run.since_start(at)))
    }

    fn set_timeout(&mut self, datagrams: Handle, timeout: Option<u64>) -> wasmtime::Result<()> {
        let timeout = timeout.map(Duration::from_nanos);
        self.table.get(&datagrams)?.0.set_timeout(timeout);
        Ok(())
    }

    fn dropped(&mut self, datagrams: Handle) -> wasmtime::Result<u64> {
        Ok(self.table.get(&datagrams)?.0.dropped())
    }

    fn local_address(&mut self, datagrams: Handle) -> wasmtime::Result<String> {
        Ok(self.table.get(&datagrams)?.0.local_address().to_owned())
    }

    fn remote_address(&mut self, datagrams: Handle) -> wasmtime::Result<String> {
        Ok(self.table.get(&datagrams)?.0.remote_address().to_owned())
    }

    fn drop(&mut self, datagrams: Handle) -> wasmtime::Result<()> {
        self.table.delete(datagrams)?;
        Ok(())
    }
}
