//! Defines how many files this process, and those that it starts, may have open.

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit to this, unless it is as high already.
///
/// # Errors
/// When the system does not allow so many: the error says what to do.
pub(crate) fn allow(needed: u64) -> Result<()> {
    let Some(limit) = raised(getrlimit(Resource::Nofile), needed) else {
        return Ok(());
    };
    setrlimit(Resource::Nofile, limit).with_context(|| {
        format!(
            "{needed} files can't be open at once\nhint: run this first, as root: prlimit --pid $$ --nofile={needed}"
        )
    })
}

/// The limit to set; `None` when it need not be set. Only root may raise the maximum, so it stays where it can.
fn raised(limit: Rlimit, needed: u64) -> Option<Rlimit> {
    let enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= needed);
    (!enough(limit.current)).then(|| Rlimit {
        current: Some(needed),
        maximum: if enough(limit.maximum) {
            limit.maximum
        } else {
            Some(needed)
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_maximum_is_raised_only_where_it_must_be() {
        let raised = |current, maximum| {
            let limit = raised(Rlimit { current, maximum }, 100);
            limit.map(|limit| (limit.current, limit.maximum))
        };
        assert_eq!(raised(Some(50), Some(200)), Some((Some(100), Some(200))));
        assert_eq!(raised(Some(50), Some(60)), Some((Some(100), Some(100))));
        assert_eq!(raised(Some(50), None), Some((Some(100), None)));
        assert_eq!(raised(Some(100), Some(200)), None);
        assert_eq!(raised(None, None), None);
    }
}
