//! Defines a race: clients that take turns, so that what slows the machine for a while slows all of them.

use anyhow::Result;

use crate::client::{Client, Round};
use crate::table::{Table, median};

/// What each client did in each round.
pub(crate) struct Race {
    lanes: Vec<(String, Vec<Round>)>,
}

/// Runs every client that is installed once per round.
///
/// # Errors
/// When a client fails.
pub(crate) fn run(rounds: usize, clients: Vec<Client>) -> Result<Race> {
    let clients: Vec<Client> = clients.into_iter().filter(Client::is_there).collect();
    let mut lanes: Vec<_> = clients
        .iter()
        .map(|client| (client.name.clone(), Vec::new()))
        .collect();
    for round in 1..=rounds {
        for (client, (name, results)) in clients.iter().zip(&mut lanes) {
            let result = client.run()?;
            println!(
                "round {round}: {name}: {:.0} per second, {} µs each",
                result.rate,
                micros(result.cpu_us)
            );
            results.push(result);
        }
    }
    Ok(Race { lanes })
}

impl Race {
    /// A table with a row for each client, beside this one of them.
    pub(crate) fn table(&self, what: &str, beside: &str) -> Table {
        let mut table = heading(what, beside);
        self.add_rows(&mut table, beside);
        table
    }

    /// Adds a row for each client, beside this one of them.
    pub(crate) fn add_rows(&self, table: &mut Table, beside: &str) {
        for (name, rounds) in &self.lanes {
            let figure = |of: fn(&Round) -> f64| median(&rounds.iter().map(of).collect::<Vec<_>>());
            let ratio = self.ratio(rounds, beside);
            table.row(vec![
                name.clone(),
                format!("{:.0}", figure(|round| round.rate)),
                micros(figure(|round| round.cpu_us)),
                ratio.map_or("–".to_owned(), |ratio| format!("{ratio:.2}")),
            ]);
        }
    }

    /// The median of what each round gives: the two lines of a round are minutes closer to each other than two medians.
    fn ratio(&self, rounds: &[Round], beside: &str) -> Option<f64> {
        let (_, others) = self.lanes.iter().find(|(name, _)| name == beside)?;
        let ratios = rounds.iter().zip(others);
        let ratios: Vec<f64> = ratios
            .map(|(round, other)| round.cpu_us / other.cpu_us)
            .collect();
        Some(median(&ratios))
    }
}

/// Two decimals where there would be one figure alone.
fn micros(value: f64) -> String {
    if value < 10.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.1}")
    }
}

/// The headings of a race's table, for instance of requests beside oha.
pub(crate) fn heading(what: &str, beside: &str) -> Table {
    let (rate, cpu) = (format!("{what}s/s"), format!("CPU µs per {what}"));
    Table::new(&["client", &rate, &cpu, &format!("ratio to {beside}")])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(name: &str, cpu_us: &[f64]) -> (String, Vec<Round>) {
        let round = |cpu_us: &f64| Round {
            rate: 1000.0,
            cpu_us: *cpu_us,
        };
        (name.to_owned(), cpu_us.iter().map(round).collect())
    }

    #[test]
    fn ratios_are_those_of_the_rounds() {
        // The machine was slow in the second round, for both.
        let lanes = vec![
            lane("brunt", &[15.0, 45.0, 18.0]),
            lane("oha", &[10.0, 30.0, 10.0]),
        ];
        let text = Race { lanes }.table("request", "oha").to_string();
        assert!(text.contains("| client | requests/s | CPU µs per request | ratio to oha |"));
        assert!(text.contains("| brunt | 1000 | 18.0 | 1.50 |"), "{text}");
        assert!(text.contains("| oha | 1000 | 10.0 | 1.00 |"), "{text}");
        assert_eq!(micros(0.266), "0.27");
    }

    #[test]
    fn without_the_other_there_is_no_ratio() {
        let lanes = vec![lane("brunt", &[15.0])];
        let text = Race { lanes }.table("connection", "oha").to_string();
        assert!(text.contains("| brunt | 1000 | 15.0 | – |"), "{text}");
    }
}
