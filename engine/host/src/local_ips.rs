//! Defines the option `localIPs`: the addresses of this machine that VUs connect from, one after the other.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Addresses of this machine. VU 1 gets the first, VU 2 the second, and so on, round and round.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LocalIps {
    blocks: Vec<Block>,
    words: Vec<String>,
}

/// Addresses that follow each other.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Block {
    first: IpAddr,
    count: u128,
}

impl LocalIps {
    /// Single addresses, ranges `10.0.0.1-10.0.0.9`, and networks `10.0.0.0/24`, of which IPv4's first and last address
    /// are left out, as they stand for the network itself and for all of it.
    ///
    /// # Errors
    /// The word that is none of these.
    pub fn new(words: Vec<String>) -> Result<Self, String> {
        let blocks = words.iter().map(|word| block(word.trim()));
        Ok(Self {
            blocks: blocks.collect::<Result<_, _>>()?,
            words,
        })
    }

    /// The words that it was made of.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The address of the VU with this number in this process, from 1; `setup` and `teardown`, which have 0, share the first.
    pub(crate) fn of_vu(&self, vu: u64) -> Option<IpAddr> {
        let total = self
            .blocks
            .iter()
            .fold(0u128, |sum, block| sum.saturating_add(block.count));
        let mut index = u128::from(vu.saturating_sub(1)).checked_rem(total)?;
        for block in &self.blocks {
            if index < block.count {
                return Some(nth(block.first, index));
            }
            index -= block.count;
        }
        None
    }
}

fn block(word: &str) -> Result<Block, String> {
    let found = match word.split_once('-') {
        Some((from, to)) => range(from.trim(), to.trim()),
        None => network(word),
    };
    found.ok_or_else(|| {
        format!("{word:?} is not an address; write 10.0.0.1, 10.0.0.1-10.0.0.9 or 10.0.0.0/24")
    })
}

fn range(from: &str, to: &str) -> Option<Block> {
    let (first, last): (IpAddr, IpAddr) = (from.parse().ok()?, to.parse().ok()?);
    let span = number(last).checked_sub(number(first))?;
    (first.is_ipv4() == last.is_ipv4()).then(|| Block {
        first,
        count: span.saturating_add(1),
    })
}

fn network(word: &str) -> Option<Block> {
    if let Ok(first) = word.parse() {
        return Some(Block { first, count: 1 });
    }
    let net: IpNet = word.parse().ok()?;
    let host_bits = u32::from(net.max_prefix_len() - net.prefix_len());
    let count = 1u128.checked_shl(host_bits).unwrap_or(u128::MAX);
    let reserved = u128::from(net.network().is_ipv4() && count > 2);
    Some(Block {
        first: nth(net.network(), reserved),
        count: count - 2 * reserved,
    })
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

fn nth(first: IpAddr, index: u128) -> IpAddr {
    match first {
        // The sum stays within the block, and so within the addresses of its kind.
        IpAddr::V4(first) => Ipv4Addr::from(u32::from(first).wrapping_add(index as u32)).into(),
        IpAddr::V6(first) => Ipv6Addr::from(u128::from(first).wrapping_add(index)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vus_take_the_addresses_in_turn() {
        let words = ["10.0.0.9", "10.0.1.1-10.0.1.2", "10.0.2.0/30", "fd::/127"];
        let ips = LocalIps::new(words.map(str::to_owned).to_vec()).unwrap();
        let taken: Vec<String> = (0..=8)
            .map(|vu| ips.of_vu(vu).unwrap().to_string())
            .collect();
        let expected = [
            "10.0.0.9", "10.0.0.9", "10.0.1.1", "10.0.1.2", "10.0.2.1", "10.0.2.2", "fd::",
            "fd::1", "10.0.0.9",
        ];
        assert_eq!(taken, expected);
        assert_eq!(LocalIps::default().of_vu(1), None);
        let all = LocalIps::new(vec!["::/0".into(), "10.0.0.1".into()]).unwrap();
        assert_eq!(all.of_vu(2).unwrap().to_string(), "::1");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for word in [
            "",
            "x",
            "10.0.0.9-10.0.0.1",
            "10.0.0.1-::1",
            "10.0.0.0/33",
            "10.0.0.1-",
            "-",
        ] {
            assert!(LocalIps::new(vec![word.to_owned()]).is_err(), "{word}");
        }
    }
}
