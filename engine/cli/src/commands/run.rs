//! Defines `brunt run`: a test from its file to the exit code.

use std::io::IsTerminal;
use std::path::Path;

use brunt_runner::metrics::summary::Summary;
use brunt_runner::options::SummaryMode;
use brunt_runner::{Error, ExitCode, Interrupts, Level, Report, Terminal};
use tokio::sync::watch;

use crate::args::{GlobalArgs, RunArgs};
use crate::commands::test::{Prepared, prepare};
use crate::console::Stream;
use crate::progress::Display;
use crate::summary;

/// Runs a test, shows how it goes and what it came to, and gives the exit code.
pub(crate) fn run(args: &RunArgs, global: &GlobalArgs) -> Result<u8, Error> {
    let runtime = runtime()?;
    runtime.block_on(async {
        let prepared = prepare(&args.test, global).await?;
        if let Some(path) = &prepared.loaded.options.console_output {
            prepared.logger.send_test_to(path)?;
        }
        let terminal = Terminal {
            no_color: !prepared.color,
            stdout: prepared.console.is_terminal(),
            stderr: std::io::stderr().is_terminal(),
        };
        let mut display = Display::new(
            &prepared.console,
            prepared.color,
            global.quiet,
            args.no_progress,
        );
        let report =
            brunt_runner::run(&prepared.loaded, &mut display, interrupts(), terminal).await?;
        display.finish();
        finish(&prepared, &report)?;
        if prepared.loaded.options.linger {
            linger().await;
        }
        Ok(report.exit.number())
    })
}

/// A runtime for the control plane: workers have their own.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Error::new(
                ExitCode::EngineFailure,
                format!("the run did not start: {error}"),
            )
        })
}

/// Counts the signals that ask the run to end.
fn interrupts() -> Interrupts {
    let (sender, interrupts) = watch::channel(0);
    tokio::spawn(async move {
        while signal().await {
            sender.send_modify(|count| *count += 1);
        }
    });
    interrupts
}

/// Waits for a signal that asks the process to end; `false` when there can be none.
async fn signal() -> bool {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else {
            return false;
        };
        tokio::select! {
            result = tokio::signal::ctrl_c() => result.is_ok(),
            _ = terminate.recv() => true,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.is_ok()
}

async fn linger() {
    eprintln!("the run is over; --linger keeps the process until it is interrupted");
    signal().await;
}

/// Tells what the run came to: the summary, its files, and why the exit code is not 0.
fn finish(prepared: &Prepared, report: &Report) -> Result<(), Error> {
    let options = &prepared.loaded.options;
    match &report.handled {
        Some(files) => write_files(prepared, files)?,
        None if options.summary.mode == SummaryMode::Disabled => {}
        None => prepared
            .console
            .print(Stream::Output, &text(prepared, &report.summary)),
    }
    if let Some(path) = &options.summary.export {
        export(path, &report.summary)?;
    }
    for reason in &report.reasons {
        prepared.loaded.log(Level::Error, reason);
    }
    Ok(())
}

fn text(prepared: &Prepared, data: &Summary) -> String {
    summary::render(
        data,
        &summary::Style::new(&prepared.loaded.options.summary, prepared.color),
    )
}

/// Writes what the test made of the summary.
fn write_files(prepared: &Prepared, files: &[(String, Vec<u8>)]) -> Result<(), Error> {
    for (path, content) in files {
        match path.as_str() {
            "stdout" => prepared
                .console
                .print(Stream::Output, &String::from_utf8_lossy(content)),
            "stderr" => prepared
                .console
                .print(Stream::Error, &String::from_utf8_lossy(content)),
            path => write(Path::new(path), content)?,
        }
    }
    Ok(())
}

fn export(path: &Path, summary: &Summary) -> Result<(), Error> {
    let json = serde_json::to_vec_pretty(&summary.to_export())
        .map_err(|error| Error::new(ExitCode::EngineFailure, error))?;
    write(path, &json)
}

fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    std::fs::write(path, content).map_err(|error| {
        Error::new(
            ExitCode::InvalidConfig,
            format!("cannot write '{}': {error}", path.display()),
        )
    })
}
