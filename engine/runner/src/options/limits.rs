//! Defines Brunt's own limits as options: each has a name, a default, and a defined effect when it is reached.

use std::time::Duration;

use brunt_plan::duration;
use serde_json::Value;

use super::merge::Values;
use super::reader::{self, Reader};

/// What one VU, and the run, may use.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// What one VU may use.
    pub vu: brunt_host::Limits,
    /// Tag sets that the run keeps apart (100,000). Those beyond are counted together in one overflow series, with a warning.
    pub series: u64,
    /// Bytes of one module from an `https://` address (8 MiB). Beyond it the import fails.
    pub module_size: u64,
    /// The time to fetch one module from an `https://` address (30 s). Beyond it the import fails.
    pub module_time: Duration,
    /// Bytes of all that an archive holds (256 MiB). Beyond it the archive is not read.
    pub archive_size: u64,
}

/// One limit.
#[derive(Debug, Clone, Copy)]
pub struct LimitSpec {
    /// The option's name below `limits`, and in `--limit name=value`.
    pub name: &'static str,
    /// What it counts.
    pub unit: LimitUnit,
    /// What happens when it is reached.
    pub effect: &'static str,
    /// The greatest value that makes sense.
    most: u64,
    read: fn(&Limits) -> u64,
    write: fn(&mut Limits, u64),
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitUnit {
    /// Bytes, written `64MiB`, `64MB` or as a number.
    Bytes,
    /// Nanoseconds, written as a duration.
    Time,
    /// Things.
    Count,
}

/// All limits. The defaults are those of [`Limits::default`].
pub const LIMITS: [LimitSpec; 18] = [
    LimitSpec {
        name: "memory",
        unit: LimitUnit::Bytes,
        effect: "linear memory per VU; beyond it an allocation fails, which ends the iteration",
        most: u64::MAX,
        read: |limits| limits.vu.memory as u64,
        write: |limits, value| limits.vu.memory = size(value),
    },
    LimitSpec {
        name: "stack",
        unit: LimitUnit::Bytes,
        effect: "stack of guest code; beyond it the guest traps",
        most: u64::MAX,
        read: |limits| limits.vu.stack as u64,
        write: |limits, value| limits.vu.stack = size(value),
    },
    LimitSpec {
        name: "cpuTime",
        unit: LimitUnit::Time,
        effect: "processor time per iteration; beyond it the guest traps",
        most: u64::MAX,
        read: |limits| u64::try_from(limits.vu.cpu_time.as_nanos()).unwrap_or(u64::MAX),
        write: |limits, value| limits.vu.cpu_time = Duration::from_nanos(value),
    },
    LimitSpec {
        name: "tableElements",
        unit: LimitUnit::Count,
        effect: "elements per table; beyond it growing a table fails in the guest",
        most: u64::MAX,
        read: |limits| limits.vu.table_elements as u64,
        write: |limits, value| limits.vu.table_elements = size(value),
    },
    LimitSpec {
        name: "connections",
        unit: LimitUnit::Count,
        effect: "open connections per VU; beyond it a request waits for a free one, and a socket fails",
        most: u64::MAX,
        read: |limits| limits.vu.connections as u64,
        write: |limits, value| limits.vu.connections = size(value),
    },
    LimitSpec {
        name: "responseBody",
        unit: LimitUnit::Bytes,
        effect: "size of one response body, also when it is decompressed; beyond it the request fails",
        most: u64::MAX,
        read: |limits| limits.vu.response_body as u64,
        write: |limits, value| limits.vu.response_body = size(value),
    },
    LimitSpec {
        name: "responseHeaders",
        unit: LimitUnit::Count,
        effect: "headers of one response; beyond it the request fails",
        most: MOST_HEADERS,
        read: |limits| limits.vu.response_headers as u64,
        write: |limits, value| limits.vu.response_headers = size(value),
    },
    LimitSpec {
        name: "responseHead",
        unit: LimitUnit::Bytes,
        effect: "status line and headers of one response; beyond it the request fails",
        most: u64::MAX,
        read: |limits| limits.vu.response_head as u64,
        write: |limits, value| limits.vu.response_head = size(value),
    },
    LimitSpec {
        name: "streamBuffer",
        unit: LimitUnit::Bytes,
        effect: "bytes of one streamed body that wait to be read or sent; beyond it no more is read from the connection, and a writer waits",
        most: u64::MAX,
        read: |limits| limits.vu.stream_buffer as u64,
        write: |limits, value| limits.vu.stream_buffer = size(value),
    },
    LimitSpec {
        name: "socketBuffer",
        unit: LimitUnit::Bytes,
        effect: "bytes that wait on one socket of an extension, to be read or to be written; beyond it no more is read, a writer waits, and datagrams are dropped",
        most: u64::MAX,
        read: |limits| limits.vu.socket_buffer as u64,
        write: |limits, value| limits.vu.socket_buffer = size(value),
    },
    LimitSpec {
        name: "sseEvent",
        unit: LimitUnit::Bytes,
        effect: "size of one server-sent event; beyond it the event source fails",
        most: u64::MAX,
        read: |limits| limits.vu.sse_event as u64,
        write: |limits, value| limits.vu.sse_event = size(value),
    },
    LimitSpec {
        name: "cookies",
        unit: LimitUnit::Bytes,
        effect: "cookies per jar; beyond it those set first are forgotten, with a warning",
        most: u64::MAX,
        read: |limits| limits.vu.cookies as u64,
        write: |limits, value| limits.vu.cookies = size(value),
    },
    LimitSpec {
        name: "logBytes",
        unit: LimitUnit::Bytes,
        effect: "log per VU and second; beyond it lines are cut or dropped, and counted",
        most: u64::MAX,
        read: |limits| limits.vu.log_bytes as u64,
        write: |limits, value| limits.vu.log_bytes = size(value),
    },
    LimitSpec {
        name: "handles",
        unit: LimitUnit::Count,
        effect: "requests, responses and timers held at once per VU; beyond it the guest traps",
        most: u64::MAX,
        read: |limits| limits.vu.handles as u64,
        write: |limits, value| limits.vu.handles = size(value),
    },
    LimitSpec {
        name: "series",
        unit: LimitUnit::Count,
        effect: "tag sets per run; those beyond are counted together in one overflow series, with a warning",
        most: u64::MAX,
        read: |limits| limits.series,
        write: |limits, value| limits.series = value,
    },
    LimitSpec {
        name: "moduleSize",
        unit: LimitUnit::Bytes,
        effect: "size of one module that a script imports from an `https://` address; beyond it the import fails",
        most: u64::MAX,
        read: |limits| limits.module_size,
        write: |limits, value| limits.module_size = value,
    },
    LimitSpec {
        name: "moduleTime",
        unit: LimitUnit::Time,
        effect: "time to fetch one such module, redirects included; beyond it the import fails",
        most: u64::MAX,
        read: |limits| u64::try_from(limits.module_time.as_nanos()).unwrap_or(u64::MAX),
        write: |limits, value| limits.module_time = Duration::from_nanos(value),
    },
    LimitSpec {
        name: "archiveSize",
        unit: LimitUnit::Bytes,
        effect: "size of all that an archive holds; beyond it the archive is not read",
        most: u64::MAX - 1,
        read: |limits| limits.archive_size,
        write: |limits, value| limits.archive_size = value,
    },
];

/// Room for them is made for every response.
const MOST_HEADERS: u64 = 10_000;

impl Default for Limits {
    fn default() -> Self {
        Limits {
            vu: brunt_host::Limits::default(),
            series: 100_000,
            module_size: 8 << 20,
            module_time: Duration::from_secs(30),
            archive_size: 256 << 20,
        }
    }
}

impl Limits {
    /// Reads what the operator grants, then lowers it to what the test asks for; a test that asks for more gets a warning.
    pub(super) fn read(
        reader: &mut Reader<'_>,
        by_test: &Values,
        warnings: &mut Vec<String>,
    ) -> Limits {
        let mut limits = Limits::default();
        for spec in &LIMITS {
            let option = spec.option();
            if let Some(value) = reader.read(&option, |value| spec.parse(value)) {
                (spec.write)(&mut limits, value);
            }
            let Some(asked) = by_test.get(option.as_str()) else {
                continue;
            };
            match spec.parse(&asked.value) {
                Ok(value) if value <= (spec.read)(&limits) => (spec.write)(&mut limits, value),
                Ok(_) => warnings.push(spec.too_much(&asked.value, &limits)),
                Err(message) => {
                    reader.general_problem(format!("{option} (from {}): {message}", asked.origin))
                }
            }
        }
        limits
    }

    /// The limits in the shape of the option `limits`.
    pub(super) fn to_json(&self) -> Value {
        LIMITS
            .iter()
            .map(|spec| (spec.name.to_owned(), spec.print((spec.read)(self))))
            .collect()
    }
}

impl LimitSpec {
    /// The option's full name, such as `limits.memory`.
    pub fn option(&self) -> String {
        format!("limits.{}", self.name)
    }

    fn parse(&self, value: &Value) -> Result<u64, String> {
        let number = match self.unit {
            LimitUnit::Bytes => bytes(value),
            LimitUnit::Count => reader::count(value),
            LimitUnit::Time => duration::from_json(value)
                .map(|limit| u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX))
                .map_err(|error| error.to_string()),
        };
        number.and_then(|number| {
            if number == 0 {
                Err("must be more than 0".to_owned())
            } else if number > self.most {
                Err(format!("must be at most {}", self.most))
            } else {
                Ok(number)
            }
        })
    }

    fn print(&self, value: u64) -> Value {
        match self.unit {
            LimitUnit::Time => Value::from(duration::format(Duration::from_nanos(value))),
            LimitUnit::Bytes | LimitUnit::Count => Value::from(value),
        }
    }

    fn too_much(&self, asked: &Value, granted: &Limits) -> String {
        let name = self.name;
        format!(
            "the test asks for limits.{name} {asked}, but is granted {}; whoever runs it can raise that with --limit {name}=…",
            self.print((self.read)(granted)),
        )
    }
}

/// A number of bytes, or a whole number with a unit: `64KiB` (or `64K`) is 65,536 bytes, `64KB` is 64,000.
fn bytes(value: &Value) -> Result<u64, String> {
    let Some(text) = value.as_str() else {
        return reader::count(value);
    };
    let text = text.trim();
    let end = text
        .find(|next: char| !next.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let scale = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "kib" | "k" => Some(1 << 10),
        "mib" | "m" => Some(1 << 20),
        "gib" | "g" => Some(1 << 30),
        "kb" => Some(1_000),
        "mb" => Some(1_000_000),
        "gb" => Some(1_000_000_000),
        _ => None,
    };
    let product = scale.and_then(|scale: u64| number.parse::<u64>().ok()?.checked_mul(scale));
    product.ok_or_else(|| format!("{text:?} is not a size; write for example 64MiB"))
}

fn size(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn every_limit_is_an_option_that_can_be_set() {
        for spec in &LIMITS {
            assert!(table::find(&spec.option()).is_some(), "{}", spec.name);
        }
    }
}
