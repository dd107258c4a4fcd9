//! Defines `brunt archive`: a script with all that it reads, in one file.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use brunt_runner::{Archive, Error, ExitCode, Level};

use crate::args::{ArchiveArgs, GlobalArgs};
use crate::commands::run::runtime;
use crate::commands::test::prepare_archive;

/// Initialises a script once, and writes all that it read.
pub(crate) fn archive(args: &ArchiveArgs, global: &GlobalArgs) -> Result<u8, Error> {
    let prepared = runtime()?.block_on(prepare_archive(&args.test, global))?;
    let archive = prepared.loaded.archive(!args.exclude_env_vars)?;
    if args.archive_out == Path::new("-") {
        write(&archive, std::io::stdout().lock(), "stdout")?;
        return Ok(0);
    }
    let name = args.archive_out.display().to_string();
    let file = File::create(&args.archive_out).map_err(|error| unwritable(&name, &error))?;
    write(&archive, file, &name)?;
    prepared
        .loaded
        .log(Level::Debug, &format!("{name} was written"));
    Ok(0)
}

fn write(archive: &Archive, to: impl Write, name: &str) -> Result<(), Error> {
    let mut to = BufWriter::new(to);
    let written = archive.write(&mut to);
    written.map_err(|error| unwritable(name, &error))?;
    to.flush().map_err(|error| unwritable(name, &error))
}

fn unwritable(name: &str, why: &dyn std::fmt::Display) -> Error {
    Error::new(
        ExitCode::InvalidConfig,
        format!("cannot write '{name}': {why}"),
    )
    .hint("name another file with --archive-out")
}
