//! Defines a client's connection in each of its states.

use brunt_sdk::sockets::{Connection, PendingConnection};

/// What there is of a connection.
///
/// | state | dialled | connected | greeted | failed, or lost | the time is up |
/// | --- | --- | --- | --- | --- | --- |
/// | Down | → Dialling | – | – | – | – |
/// | Dialling | – | → Greeting | – | → Dialling (another server), Resting or Down | – |
/// | Greeting | – | – | → Up | → Dialling (another server), Resting or Down | as failed |
/// | Up | – | – | – | → Resting or Down | – |
/// | Resting | – | – | – | – | → Dialling |
pub(super) enum Link {
    Down,
    Dialling {
        pending: PendingConnection,
        since_ns: u64,
    },
    /// The client has introduced itself, and waits for the server's answer.
    Greeting {
        connection: Connection,
        since_ns: u64,
    },
    Up {
        connection: Connection,
    },
    /// Between two attempts to connect again.
    Resting {
        until_ns: u64,
    },
}

impl Link {
    pub(super) fn connection(&mut self) -> Option<&mut Connection> {
        match self {
            Self::Greeting { connection, .. } | Self::Up { connection } => Some(connection),
            Self::Down | Self::Dialling { .. } | Self::Resting { .. } => None,
        }
    }

    pub(super) fn is_up(&self) -> bool {
        matches!(self, Self::Up { .. })
    }

    pub(super) fn is_down(&self) -> bool {
        matches!(self, Self::Down)
    }
}
