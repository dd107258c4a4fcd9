//! Defines how it is known that the server is still there.
//!
//! With K the keep-alive: the engine writes a PINGREQ whenever nothing else was written for ¾ K. When nothing came for K, which is so too
//! where much is written and nothing is answered, this asks by a PINGREQ of its own. When nothing came for another ½ K, the server is gone.

/// When the server was last asked for a sign of life.
#[derive(Debug, Default)]
pub struct Pulse {
    keep_alive_ns: u64,
    asked_ns: Option<u64>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sign {
    /// Nothing, until this time.
    Fine(u64),
    /// Ask for a sign of life, and look again at this time.
    Ask(u64),
    /// Nothing comes any more.
    Gone,
    /// Nobody asked to know.
    Unwatched,
}

impl Pulse {
    /// For a keep-alive of so many seconds; 0 for none.
    pub fn new(keep_alive_s: u16) -> Self {
        Self {
            keep_alive_ns: u64::from(keep_alive_s) * 1_000_000_000,
            asked_ns: None,
        }
    }

    /// After how long a silence of its own the client shows that it is alive, in nanoseconds; 0 for never.
    pub fn heart_beat_ns(&self) -> u64 {
        self.keep_alive_ns / 4 * 3
    }

    /// When to look again at the latest, when something came last at `heard_ns`.
    pub fn due_ns(&self, heard_ns: u64) -> Option<u64> {
        if self.keep_alive_ns == 0 {
            return None;
        }
        match self.asked_ns.filter(|asked| heard_ns < *asked) {
            Some(asked) => Some(asked + self.keep_alive_ns / 2),
            None => Some(heard_ns + self.keep_alive_ns),
        }
    }

    /// What is to be done now, when something came last at `heard_ns`.
    pub fn look(&mut self, now_ns: u64, heard_ns: u64) -> Sign {
        if self.keep_alive_ns == 0 {
            return Sign::Unwatched;
        }
        if let Some(asked) = self.asked_ns.filter(|asked| heard_ns < *asked) {
            let end = asked + self.keep_alive_ns / 2;
            return if now_ns >= end {
                Sign::Gone
            } else {
                Sign::Fine(end)
            };
        }
        self.asked_ns = None;
        let due = heard_ns + self.keep_alive_ns;
        if now_ns < due {
            return Sign::Fine(due);
        }
        self.asked_ns = Some(now_ns);
        Sign::Ask(now_ns + self.keep_alive_ns / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_server_that_answers_is_asked_again_and_again() {
        let mut pulse = Pulse::new(10);
        assert_eq!(pulse.look(SECOND, 0), Sign::Fine(10 * SECOND));
        assert_eq!(pulse.look(11 * SECOND, 0), Sign::Ask(16 * SECOND));
        assert_eq!(pulse.look(12 * SECOND, 0), Sign::Fine(16 * SECOND));
        assert_eq!(
            pulse.look(13 * SECOND, 12 * SECOND),
            Sign::Fine(22 * SECOND)
        );
        assert_eq!(pulse.look(22 * SECOND, 12 * SECOND), Sign::Ask(27 * SECOND));
    }

    #[test]
    fn a_server_that_says_nothing_is_gone_after_half_as_long_again() {
        let mut pulse = Pulse::new(10);
        pulse.look(10 * SECOND, 0);
        assert_eq!(pulse.look(15 * SECOND, 0), Sign::Gone);
    }

    #[test]
    fn without_a_keep_alive_nothing_is_watched() {
        assert_eq!(Pulse::new(0).look(100 * SECOND, 0), Sign::Unwatched);
        assert_eq!(Pulse::new(8).heart_beat_ns(), 6 * SECOND);
    }
}
