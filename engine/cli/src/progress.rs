//! Defines what is seen while a test runs: what it will do, and how far it is.
//!
//! On a terminal the progress is redrawn in place; elsewhere a plain line is printed now and then, so that a log
//! tells how the run went without being flooded.

mod facts;
mod lines;

use std::time::Duration;

use brunt_runner::plan::{Plan, duration};
use brunt_runner::{Observer, Progress};

use crate::console::{Console, Stream};
use crate::summary::Colors;

use self::lines::View;

/// Between two plain lines.
const LINE_PERIOD: Duration = Duration::from_secs(10);

/// Shows a run to the user.
pub(crate) struct Display {
    console: Console,
    colors: Colors,
    form: Form,
    /// The longest that the run can last, which fixes the width of times.
    longest: Duration,
    next_line_at: Duration,
    last: Option<View>,
}

/// How progress is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Redrawn on a terminal.
    InPlace,
    /// A line now and then.
    Lines,
    /// Only what the run will do.
    Plan,
    /// Not at all.
    Nothing,
}

impl Display {
    /// A display on `console`; `quiet` shows nothing, `no_progress` only what the run will do.
    pub(crate) fn new(console: &Console, color: bool, quiet: bool, no_progress: bool) -> Self {
        let form = match (quiet, no_progress) {
            (true, _) => Form::Nothing,
            (false, true) => Form::Plan,
            (false, false) if console.is_terminal() => Form::InPlace,
            (false, false) => Form::Lines,
        };
        let colors = if color { Colors::Always } else { Colors::Never };
        let (longest, next_line_at) = (Duration::ZERO, LINE_PERIOD);
        Self {
            console: console.clone(),
            colors,
            form,
            longest,
            next_line_at,
            last: None,
        }
    }

    /// Leaves the last state on the screen: what is printed next comes below it.
    pub(crate) fn finish(&mut self) {
        let Some(last) = self.last.take() else { return };
        let text = lines::block(&last, self.colors);
        match self.form {
            Form::InPlace => {
                self.console.draw(&text);
                self.console.keep_progress();
            }
            Form::Lines => self.print(&text),
            Form::Plan | Form::Nothing => {}
        }
    }

    fn print(&self, text: &str) {
        self.console.print(Stream::Output, text);
    }
}

impl Observer for Display {
    fn planned(&mut self, plan: &Plan) {
        self.longest = plan.requirements().duration();
        if self.form != Form::Nothing {
            self.print(&header(plan));
        }
    }

    fn initialising(&mut self, (done, all): (u64, u64)) {
        if self.form == Form::InPlace {
            self.console.draw(&lines::initialising(done, all));
        }
    }

    fn phase(&mut self, phase: &str) {
        if self.form == Form::InPlace {
            self.console.draw(&format!("{phase}()\n"));
        }
    }

    fn progress(&mut self, progress: &Progress) {
        let view = facts::view(progress, self.longest);
        match self.form {
            Form::InPlace => self.console.draw(&lines::block(&view, self.colors)),
            Form::Lines if progress.elapsed >= self.next_line_at => {
                self.next_line_at = progress.elapsed + LINE_PERIOD;
                self.print(&lines::plain(&view));
            }
            Form::Lines | Form::Plan | Form::Nothing => {}
        }
        self.last = Some(view);
    }
}

/// What the run will do, as k6 announces it.
fn header(plan: &Plan) -> String {
    let mut text = format!(
        "     scenarios: ({}%) {}:\n",
        plan.percent(),
        plan.describe()
    );
    for scenario in plan.scenarios() {
        let line = format!(
            "              * {}: {}\n",
            scenario.name,
            scenario.describe(plan.share())
        );
        text.push_str(&line);
    }
    text.push('\n');
    text
}

/// As k6 writes a duration: `30s`, `1m0s`.
fn written(length: Duration) -> String {
    duration::format(length)
}
