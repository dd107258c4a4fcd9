//! Defines the lines of progress, from nothing but what they show.
//!
//! ```text
//! running (0m15.0s), 05/50 VUs, 750 complete and 0 interrupted iterations
//! my_scenario1   [==================>-------------------] 05/50 VUs  15.0s/30s  50.00 iters/s
//! ```

use std::time::Duration;

use brunt_runner::ScenarioState;

use crate::summary::{Colors, Tone};

/// Cells between the brackets of a bar.
const CELLS: usize = 38;

/// A run as its progress shows it.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) elapsed: Duration,
    /// The longest that the run can last.
    pub(super) longest: Duration,
    pub(super) vus_active: u64,
    pub(super) vus: u64,
    pub(super) completed: u64,
    pub(super) interrupted: u64,
    pub(super) bars: Vec<Bar>,
}

/// One scenario.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) state: ScenarioState,
    /// How much of it is done, 0 to 1.
    pub(super) fraction: f64,
    /// What stands to the right of the bar, one per column.
    pub(super) facts: Vec<String>,
}

/// The state of the run and a bar per scenario, each line ended.
pub(super) fn block(view: &View, colors: Colors) -> String {
    let names = view
        .bars
        .iter()
        .map(|bar| bar.name.chars().count())
        .max()
        .unwrap_or(0);
    let mut columns: Vec<usize> = Vec::new();
    for bar in &view.bars {
        columns.resize(columns.len().max(bar.facts.len()), 0);
        for (column, fact) in columns.iter_mut().zip(&bar.facts) {
            *column = (*column).max(fact.chars().count());
        }
    }
    let mut text = format!("{}\n", running(view));
    for bar in &view.bars {
        let facts = bar
            .facts
            .iter()
            .zip(&columns)
            .map(|(fact, width)| format!("{fact:<width$}"));
        let facts = facts.collect::<Vec<_>>().join("  ");
        let mark = mark(bar.state, colors);
        let line = format!(
            "{:<names$} {mark} [{}] {facts}",
            bar.name,
            cells(bar.fraction)
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// One line for logs: the state of the run and how much of each scenario is done.
pub(super) fn plain(view: &View) -> String {
    let part = |bar: &Bar| format!("{} {:.0}%", bar.name, (bar.fraction * 100.0).floor());
    let parts: Vec<_> = view.bars.iter().map(part).collect();
    format!("{}; {}\n", running(view), parts.join(", "))
}

/// `Init       [=====>----] 05/50 VUs initialized`
pub(super) fn initialising(done: u64, all: u64) -> String {
    let fraction = done as f64 / all.max(1) as f64;
    format!(
        "Init   [{}] {} VUs initialized\n",
        cells(fraction),
        of(done, all)
    )
}

/// `05/50`, as wide as the larger number.
pub(super) fn of(part: u64, all: u64) -> String {
    let width = all.to_string().len();
    format!("{part:0width$}/{all}")
}

/// A time with tenths of seconds, as wide as `longest` would be: `0m30.1s` where that is `1m0s`.
pub(super) fn fixed(time: Duration, longest: Duration) -> String {
    let tenths = (time.as_millis() + 50) / 100;
    let (minutes, seconds) = (
        tenths / 600,
        format!("{:02}.{}s", tenths % 600 / 10, tenths % 10),
    );
    let most = longest.as_secs() / 60;
    match most {
        0 if minutes == 0 => seconds,
        0..60 => {
            let width = most.to_string().len();
            format!("{minutes:0width$}m{seconds}")
        }
        _ => {
            let width = (most / 60).to_string().len();
            format!("{:0width$}h{:02}m{seconds}", minutes / 60, minutes % 60)
        }
    }
}

fn running(view: &View) -> String {
    format!(
        "running ({}), {} VUs, {} complete and {} interrupted iterations",
        fixed(view.elapsed, view.longest),
        of(view.vus_active, view.vus),
        view.completed,
        view.interrupted,
    )
}

fn mark(state: ScenarioState, colors: Colors) -> String {
    match state {
        ScenarioState::Running => " ".to_owned(),
        ScenarioState::Waiting => "•".to_owned(),
        ScenarioState::Stopping => "↓".to_owned(),
        ScenarioState::Interrupted => colors.paint("✗", Tone::Bad),
        ScenarioState::Done => colors.paint("✓", Tone::Good),
    }
}

/// What is done in `=`, up to a `>` while something is left in `-`.
fn cells(fraction: f64) -> String {
    let filled = (CELLS as f64 * fraction.clamp(0.0, 1.0)) as usize;
    let done = match filled {
        0 => String::new(),
        CELLS => "=".repeat(CELLS),
        some => format!("{}>", "=".repeat(some - 1)),
    };
    format!("{done}{}", "-".repeat(CELLS - filled))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(name: &str, state: ScenarioState, fraction: f64, facts: &[&str]) -> Bar {
        let facts = facts.iter().map(|fact| (*fact).to_owned()).collect();
        Bar {
            name: name.to_owned(),
            state,
            fraction,
            facts,
        }
    }

    fn view(bars: Vec<Bar>) -> View {
        View {
            elapsed: Duration::from_millis(30_098),
            longest: Duration::from_secs(60),
            vus_active: 0,
            vus: 50,
            completed: 1501,
            interrupted: 0,
            bars,
        }
    }

    #[test]
    fn a_finished_run_looks_as_in_the_guide() {
        let facts = ["00/50 VUs", "30s", "50.00 iters/s"];
        let view = view(vec![bar("my_scenario1", ScenarioState::Done, 1.0, &facts)]);
        let expected = "\
running (0m30.1s), 00/50 VUs, 1501 complete and 0 interrupted iterations
my_scenario1 ✓ [======================================] 00/50 VUs  30s  50.00 iters/s
";
        assert_eq!(block(&view, Colors::Never), expected);
        let line = "running (0m30.1s), 00/50 VUs, 1501 complete and 0 interrupted iterations; my_scenario1 100%\n";
        assert_eq!(plain(&view), line);
    }

    #[test]
    fn every_state_has_its_mark_and_columns_align() {
        let view = view(vec![
            bar(
                "a",
                ScenarioState::Running,
                0.5,
                &["5/10 VUs", "05.0s/10s", "9.00 iters/s"],
            ),
            bar("bcd", ScenarioState::Waiting, 0.0, &["waiting", "0m05.0s"]),
            bar("e", ScenarioState::Stopping, 1.0, &["1 VUs", "10s"]),
            bar("f", ScenarioState::Interrupted, 0.99, &["10 VUs"]),
        ]);
        let expected = "\
a     [==================>-------------------] 5/10 VUs  05.0s/10s  9.00 iters/s
bcd • [--------------------------------------] waiting   0m05.0s
e   ↓ [======================================] 1 VUs     10s
f   ✗ [====================================>-] 10 VUs
";
        let text = block(&view, Colors::Never);
        assert_eq!(text.split_once('\n').map(|(_, bars)| bars), Some(expected));
        assert!(block(&view, Colors::Always).contains("\x1b[31m✗\x1b[0m"));
    }

    #[test]
    fn times_are_as_wide_as_the_longest() {
        let cases = [
            (5_040, 10, "05.0s"),
            (30_098, 60, "0m30.1s"),
            (59_960, 60, "1m00.0s"),
            (61_000, 30, "1m01.0s"),
            (1_000, 630, "00m01.0s"),
            (3_723_400, 7_200, "1h02m03.4s"),
        ];
        for (ms, longest, text) in cases {
            let (time, longest) = (Duration::from_millis(ms), Duration::from_secs(longest));
            assert_eq!(fixed(time, longest), text);
        }
    }

    #[test]
    fn initialising_counts_up() {
        let text = initialising(5, 50);
        assert_eq!(
            text,
            "Init   [==>-----------------------------------] 05/50 VUs initialized\n"
        );
    }
}
