//! Defines what `run` and `inspect` have in common: a test is found, loaded, and given everyone's options.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use brunt_runner::options::{Layer, Source};
use brunt_runner::{Error, ExitCode, Level, Loaded, LogSink, TestSource, read_secrets};

use crate::args::{GlobalArgs, TestArgs};
use crate::commands::script;
use crate::console::Console;
use crate::log::Logger;

/// A test with all its options, and where its words go.
pub(crate) struct Prepared {
    pub(crate) loaded: Loaded,
    pub(crate) console: Console,
    pub(crate) color: bool,
    pub(crate) logger: Arc<Logger>,
}

/// Loads a test as the command line says.
pub(crate) async fn prepare(args: &TestArgs, global: &GlobalArgs) -> Result<Prepared, Error> {
    prepare_with(args, global, layers(args)?).await
}

/// The same for an archive, which does not keep this process's environment unless it is told to.
pub(crate) async fn prepare_archive(
    args: &TestArgs,
    global: &GlobalArgs,
) -> Result<Prepared, Error> {
    let default = serde_json::json!({ "includeSystemEnvVars": false });
    let mut layers = layers(args)?;
    layers.push(Layer::from_json(Source::ScriptDefaults, &default)?);
    prepare_with(args, global, layers).await
}

async fn prepare_with(
    args: &TestArgs,
    global: &GlobalArgs,
    layers: Vec<Layer>,
) -> Result<Prepared, Error> {
    let console = Console::new();
    let color = console.is_terminal() && !global.is_colorless(&variable);
    let logger = Logger::open(global.logging(&variable)?, &console, global.verbose, color)?;
    let logger = Arc::new(logger);
    let log: Arc<dyn LogSink> = logger.clone();
    let source = TestSource {
        test: script::test_file(&args.test, args.kind(&variable)?)?,
        layers,
        env: args.env(&variable)?,
        system_env: system_env(),
        extension_folders: extension_folders(),
        cache: cache_folder(),
        secrets: Arc::new(read_secrets(&args.secret_sources(&variable))?),
        log: log.clone(),
    };
    let loaded = Loaded::load(source).await?;
    for warning in &loaded.options.warnings {
        log.log(Level::Warn, "brunt", warning);
    }
    Ok(Prepared {
        loaded,
        console,
        color,
        logger,
    })
}

/// Everyone's options but the test's own.
fn layers(args: &TestArgs) -> Result<Vec<Layer>, Error> {
    let mut layers = Vec::new();
    if let Some(path) = args.config(&variable) {
        layers.push(config_layer(&path)?);
    }
    layers.push(Layer::from_env(system_env())?);
    layers.push(args.options.layer()?);
    Ok(layers)
}

fn config_layer(path: &Path) -> Result<Layer, Error> {
    let invalid = |why: String| {
        Error::new(
            ExitCode::InvalidConfig,
            format!("config file {}: {why}", path.display()),
        )
        .hint(
            "a config file holds options as JSON, for example {\"vus\": 10, \"duration\": \"30s\"}",
        )
    };
    let text = std::fs::read_to_string(path).map_err(|error| invalid(error.to_string()))?;
    let json = serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
    Ok(Layer::from_json(
        Source::Config(path.display().to_string()),
        &json,
    )?)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// This process's environment, without what is not text.
fn system_env() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Where extensions are looked for: `BRUNT_EXTENSION_PATH`, and the user's own folder. The folder of the test is searched too.
pub(crate) fn extension_folders() -> Vec<PathBuf> {
    let path = std::env::var_os("BRUNT_EXTENSION_PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path)
        .filter(|folder| !folder.as_os_str().is_empty())
        .collect();
    let base = std::env::var_os("XDG_DATA_HOME").filter(|folder| !folder.is_empty());
    let base = base
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/share")));
    folders.extend(base.map(|base| base.join("brunt/extensions")));
    folders
}

/// Where compiled tests are kept: `BRUNT_CACHE_DIR`, or the user's cache folder; nowhere when there is neither.
fn cache_folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("BRUNT_CACHE_DIR") {
        return (!folder.is_empty()).then(|| PathBuf::from(folder));
    }
    let base = std::env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty());
    let base = base
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    base.map(|folder| folder.join("brunt"))
}
