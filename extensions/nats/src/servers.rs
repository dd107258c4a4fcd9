//! Defines which server is tried next, and after how long.

use crate::options::{Options, Time};
use crate::{Address, Kind};

/// The servers that are known, and how often in a row connecting failed.
#[derive(Debug)]
pub(crate) struct Servers {
    known: Vec<Address>,
    at: usize,
    failures: u32,
    refusals: u32,
}

impl Servers {
    pub(crate) fn new(options: &Options) -> Servers {
        Servers {
            known: options.servers.clone(),
            at: 0,
            failures: 0,
            refusals: 0,
        }
    }

    /// The one that is tried, or connected to.
    pub(crate) fn current(&self) -> &Address {
        &self.known[self.at]
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.known.len()
    }

    /// Learns of others. They are reached as the current one is, by the same name and password.
    pub(crate) fn learn(&mut self, urls: &[String]) {
        for url in urls {
            let Ok(mut address) = Address::read(url) else {
                continue;
            };
            let is_new = self
                .known
                .iter()
                .all(|known| known.place() != address.place());
            if is_new && self.known.len() < MOST {
                let current = self.current();
                address.tls = current.tls;
                address.user.clone_from(&current.user);
                address.password.clone_from(&current.password);
                self.known.push(address);
            }
        }
    }

    /// Notes that the current one could not be connected to, and goes on to the next.
    pub(crate) fn failed(&mut self, kind: Kind) {
        self.failures += 1;
        if kind == Kind::Authorization {
            self.refusals += 1;
        }
        self.next();
    }

    /// Goes on to the next.
    pub(crate) fn next(&mut self) {
        self.at = (self.at + 1) % self.known.len();
    }

    /// Notes that the current one took us.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
        self.refusals = 0;
    }

    /// Whether each was tried once, in vain.
    pub(crate) fn all_failed(&self) -> bool {
        self.failures as usize >= self.known.len()
    }

    /// Whether it is of no use to try again: as often as the options allow, or refused twice by each.
    pub(crate) fn is_hopeless(&self, options: &Options) -> bool {
        let refused = self.refusals as usize >= 2 * self.known.len();
        refused || options.reconnects.is_some_and(|most| self.failures >= most)
    }

    /// Forgets what failed, so that all are tried again.
    pub(crate) fn start_over(&mut self) {
        self.failures = 0;
        self.refusals = 0;
    }

    /// How long to wait before the next attempt to reconnect: twice as long after each round, and by a random part less, so that many
    /// clients don't come at once. The first round follows at once, within the least wait.
    pub(crate) fn pause(&self, options: &Options, random: u64) -> Time {
        let rounds = self.failures / self.known.len() as u32;
        let doubled = options.reconnect_wait.saturating_mul(1 << rounds.min(20));
        let most = doubled.min(options.reconnect_wait_most.max(options.reconnect_wait));
        let share = random % 1024;
        match rounds {
            0 => most / 1024 * share,
            _ => most / 2 + most / 2048 * share,
        }
    }
}

/// A cluster that names more servers than this is not one to be walked through.
const MOST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(urls: &[&str]) -> (Servers, Options) {
        let options = Options::new(urls).expect("options");
        (Servers::new(&options), options)
    }

    #[test]
    fn servers_are_tried_in_turn_and_learned() {
        let (mut servers, _) = servers(&["nats://u:p@a:1", "b:2"]);
        servers.learn(&["c:3".into(), "b:2".into(), "not a server".into()]);
        let mut places = Vec::new();
        for _ in 0..4 {
            places.push(servers.current().place());
            servers.failed(Kind::Network);
        }
        assert_eq!(places, ["a:1", "b:2", "c:3", "a:1"]);
        servers.at = 2;
        assert_eq!(servers.current().user.as_deref(), Some("u"));
    }

    #[test]
    fn pauses_double_up_to_the_most_and_differ() {
        let (mut servers, options) = servers(&["a"]);
        assert!(servers.pause(&options, 1023) < options.reconnect_wait);
        assert_eq!(servers.pause(&options, 0), 0);
        servers.failed(Kind::Network);
        let (least, most) = (servers.pause(&options, 0), servers.pause(&options, 1023));
        assert!(least >= options.reconnect_wait && most < 2 * options.reconnect_wait);
        for _ in 0..40 {
            servers.failed(Kind::Network);
        }
        assert!(servers.pause(&options, 1023) <= options.reconnect_wait_most);
    }

    #[test]
    fn who_is_refused_twice_by_all_gives_up() {
        let (mut servers, mut options) = servers(&["a", "b"]);
        for _ in 0..3 {
            servers.failed(Kind::Authorization);
        }
        assert!(!servers.is_hopeless(&options));
        servers.failed(Kind::Authorization);
        assert!(servers.is_hopeless(&options));
        servers.succeeded();
        options.reconnects = Some(1);
        assert!(!servers.is_hopeless(&options));
        servers.failed(Kind::Network);
        assert!(servers.is_hopeless(&options));
    }
}
