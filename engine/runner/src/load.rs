//! Defines how a run begins: the test is loaded and asked what it is, and all options become one value.

use std::collections::BTreeMap;
use std::io::Read;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use brunt_host::{
    Data, Description, Evaluation, Level, LogSink, Origin, Proxies, ProxyError, RedactedLog, Run,
    RunSettings, Runtime, SearchPath, Secrets, Test, Vu, Worker,
};
use brunt_metrics::{Breakdown, Recorder, RecorderSettings, Registry, Routing};
use brunt_script::{Archive, Metadata, Script};
use serde_json::Value;

use crate::error::Error;
use crate::exit::ExitCode;
use crate::options::{Layer, Options, OptionsError, Source};
use crate::secrets::SECRET_VARIABLES;
use crate::settings::fetch_settings;
use crate::{modules, script};

/// What to run, and what everyone but the test itself says about it.
pub struct TestSource {
    /// The test.
    pub test: TestFile,
    /// The layers of options, without the test's own.
    pub layers: Vec<Layer>,
    /// The environment that was given to the test, `--env`.
    pub env: BTreeMap<String, String>,
    /// The environment of this process, which the test sees unless option `includeSystemEnvVars` is off.
    pub system_env: BTreeMap<String, String>,
    /// Folders in which extensions are looked for; files are named by option `extensions`.
    pub extension_folders: Vec<PathBuf>,
    /// The folder in which compiled tests are kept; none keeps nothing.
    pub cache: Option<PathBuf>,
    /// What the test may ask for, and the log does not show.
    pub secrets: Arc<Secrets>,
    /// Where lines of the log go.
    pub log: Arc<dyn LogSink>,
}

/// What a test is. Scripts come with the component that runs them: a runtime of scripts (`brunt:worlds/script-runtime`).
pub enum TestFile {
    /// A component, or a core module with an embedded component type, in this file.
    Component(PathBuf),
    /// A script.
    Script {
        /// The script.
        script: Box<Script>,
        /// The component.
        runtime: Runtime,
    },
    /// A script in an archive.
    Archive {
        /// What the archive is called in messages.
        name: String,
        /// The archive, to be read.
        content: Box<dyn Read + Send>,
        /// The component.
        runtime: Runtime,
    },
}

/// A test that was loaded and described itself, with all options in force.
pub struct Loaded {
    /// All options.
    pub options: Options,
    /// What the test says about itself.
    pub description: Description,
    /// The limits of engines: what the operator grants, whatever the test asks for.
    pub(crate) granted: brunt_host::Limits,
    pub(crate) test: Test,
    pub(crate) data: Arc<Data>,
    /// The script, where the test is one.
    script: Option<Arc<Script>>,
    /// What everybody says about options.
    layers: Vec<Layer>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) log: Arc<dyn LogSink>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) system_env: BTreeMap<String, String>,
    /// The proxies that the environment of this process names, whatever the test sees of it.
    pub(crate) proxies: Proxies,
    pub(crate) secrets: Arc<Secrets>,
}

impl Loaded {
    /// Loads a test, initialises one instance of it under what the operator grants, and merges its options with the others'.
    ///
    /// # Errors
    /// Options that are not valid; a test that can't be loaded, initialised or described.
    pub async fn load(mut source: TestSource) -> Result<Self, Error> {
        let secrets = source.secrets.clone();
        source.log = RedactedLog::over(source.log, &secrets);
        let loaded = Self::from_source(source).await;
        loaded.map_err(|error| error.without(&secrets))
    }

    async fn from_source(mut source: TestSource) -> Result<Self, Error> {
        if !matches!(source.test, TestFile::Component(_)) {
            source.layers.insert(0, script::limits()?);
        }
        let granted = granted(&source.layers)?;
        let proxies = Proxies::from_env(&source.system_env)?;
        let extensions = SearchPath {
            files: granted.extensions.clone(),
            folders: mem::take(&mut source.extension_folders),
        };
        let (mut unpacked, archived) = unpacked(source.test, granted.limits.archive_size)?;
        if let Unpacked::Script(script, _) = &mut unpacked {
            let settings = fetch_settings(&granted, &proxies, &source.system_env);
            let (cache, log) = (source.cache.as_deref(), source.log.clone());
            script.import_from(modules::remote(&granted, settings, cache, log));
        }
        let cache = source.cache.as_deref();
        let Opened { test, data, script } =
            Opened::new(&granted.limits.vu, unpacked, extensions, cache)?;
        say_origin(&test, &*source.log);
        let data = Arc::new(data);
        let registry = Arc::new(Registry::new());
        let env = environment(
            archived.as_ref().map(|metadata| &metadata.env),
            &source.system_env,
            &source.env,
            granted.include_system_env_vars,
        );
        let settings = RunSettings {
            env: env.clone(),
            limits: granted.limits.vu.clone(),
            network: granted.network.clone(),
            seed: granted.seed,
            secrets: source.secrets.clone(),
            ..RunSettings::default()
        };
        let run = first_run(settings, &data, &registry, &source.log)?;
        let mut description = describe(&test, run.clone()).await?;
        if let Some(Metadata { options, .. }) = archived {
            description.options = options;
        }
        let test = evaluated(test, run.evaluation(), &*source.log);
        data.seal();
        let layers = layers(source.layers, &description)?;
        let options = Options::from_layers(layers.clone())?;
        let granted = granted.limits.vu;
        let TestSource {
            log,
            system_env,
            secrets,
            ..
        } = source;
        Ok(Self {
            options,
            description,
            granted,
            test,
            data,
            script,
            layers,
            registry,
            log,
            env,
            system_env,
            proxies,
            secrets,
        })
    }

    /// The script with all that it read while it was initialised, its options, and its variables where they are to be seen.
    ///
    /// # Errors
    /// When the test is no script, or authorities can't be read.
    pub fn archive(&self, with_env: bool) -> Result<Archive, Error> {
        let Some(script) = &self.script else {
            let message = "only scripts are archived";
            return Err(Error::new(ExitCode::InvalidConfig, message)
                .hint("a component is one file already: hand on the .wasm"));
        };
        let env = if with_env {
            self.env.clone()
        } else {
            BTreeMap::new()
        };
        let options = Options::consolidated(self.layers.clone())?;
        Ok(script.packed(options, env))
    }

    /// Writes a line of the engine's own to the run's log.
    pub fn log(&self, level: Level, message: &str) {
        self.log.log(level, "brunt", message);
    }

    /// The index of the function that a scenario's `exec` names.
    pub(crate) fn function(&self, scenario: &str, exec: &str) -> Result<u32, Error> {
        let functions = &self.description.functions;
        let index = functions.iter().position(|function| function == exec);
        index.map(|index| index as u32).ok_or_else(|| {
            Error::new(
                ExitCode::InvalidConfig,
                format!("scenario {scenario} executes {exec:?}, and the test has no such function"),
            )
            .hint(format!("it has: {}", functions.join(", ")))
        })
    }
}

/// A test that is in no archive any more.
enum Unpacked {
    Component(PathBuf),
    Script(Box<Script>, Runtime),
}

/// The test, with the script taken out of its archive, where it is in one: with what that says of it.
fn unpacked(test: TestFile, limit: u64) -> Result<(Unpacked, Option<Metadata>), Error> {
    let (name, content, runtime) = match test {
        TestFile::Component(path) => return Ok((Unpacked::Component(path), None)),
        TestFile::Script { script, runtime } => {
            return Ok((Unpacked::Script(script, runtime), None));
        }
        TestFile::Archive {
            name,
            content,
            runtime,
        } => (name, content, runtime),
    };
    let archive = Archive::read(content, limit).map_err(|error| {
        let hint = "an archive is what `brunt archive script.js` or `k6 archive script.js` writes";
        Error::new(ExitCode::InvalidConfig, format!("{name}: {error}")).hint(hint)
    })?;
    let metadata = archive.metadata.clone();
    let script = Box::new(Script::of_archive(archive));
    Ok((Unpacked::Script(script, runtime), Some(metadata)))
}

/// A test, and the files and modules that it can see.
struct Opened {
    test: Test,
    data: Data,
    script: Option<Arc<Script>>,
}

impl Opened {
    fn new(
        limits: &brunt_host::Limits,
        file: Unpacked,
        mut extensions: SearchPath,
        cache: Option<&Path>,
    ) -> Result<Self, Error> {
        Ok(match file {
            Unpacked::Component(path) => {
                extensions.folders.push(folder_of(&path));
                let test = Test::load(limits, &path, &extensions, cache)?;
                let data = Data::new(test.folder());
                let script = None;
                Self { test, data, script }
            }
            Unpacked::Script(script, runtime) => {
                let script: Arc<Script> = script.into();
                extensions.folders.push(script.folder().to_owned());
                let used = script::extensions(&script, &extensions)?;
                let test = Test::load_runtime(limits, &runtime, script.folder(), &used, cache)?;
                let data = script::data(Arc::clone(&script));
                let script = Some(script);
                Self { test, data, script }
            }
        })
    }
}

/// Says where the machine code of a test came from, which is where the time of a first run goes.
pub(crate) fn say_origin(test: &Test, log: &dyn LogSink) {
    let name = test.name();
    let message = match test.origin() {
        Origin::Cache => format!("{name} was compiled by an earlier run"),
        Origin::Shipped => format!("{name} came compiled with this brunt"),
        Origin::Compiled { took, why } => {
            let why = why.as_ref().map(|why| format!(" ({why})"));
            let (took, why) = (took.as_secs_f64(), why.unwrap_or_default());
            format!("{name} was compiled in {took:.1} s{why}")
        }
    };
    log.log(Level::Debug, "brunt", &message);
}

fn folder_of(path: &Path) -> PathBuf {
    let folder = path.parent();
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).to_owned()
}

/// What the operator's layers grant to the test before it has said anything.
fn granted(layers: &[Layer]) -> Result<Options, Error> {
    let grants = layers.iter().map(Layer::grants).collect();
    Options::from_layers(grants).map_err(Error::from)
}

/// What an archive keeps, this process's own over it, and what was given over both.
fn environment(
    archived: Option<&BTreeMap<String, String>>,
    system: &BTreeMap<String, String>,
    given: &BTreeMap<String, String>,
    include_system: bool,
) -> BTreeMap<String, String> {
    let mut env = archived.cloned().unwrap_or_default();
    if include_system {
        env.extend(system.clone());
    }
    // A test gets the secrets that it asks for, and not all of them.
    env.retain(|name, _| {
        let mut ours = SECRET_VARIABLES.iter();
        !ours.any(|variable| name.starts_with(variable))
    });
    env.extend(given.clone());
    env
}

/// The run of the instance that describes the test.
fn first_run(
    settings: RunSettings,
    data: &Arc<Data>,
    registry: &Arc<Registry>,
    log: &Arc<dyn LogSink>,
) -> Result<Arc<Run>, Error> {
    let run = Run::new(settings, data.clone(), registry.clone(), log.clone(), 1)?;
    Ok(Arc::new(run.awaiting_evaluation()))
}

/// Lets the test describe itself, in an instance that is thrown away afterwards.
async fn describe(test: &Test, run: Arc<Run>) -> Result<Description, Error> {
    let routing = Arc::new(Routing::new([], Breakdown::Off));
    let recorder = Recorder::new(run.registry().clone(), routing, RecorderSettings::default());
    let worker = Worker::new(run, 0, recorder);
    let mut vu = Vu::new(test, &worker, 0, 0)
        .await
        .map_err(|failure| Error::guest("init", &failure))?;
    let described = vu
        .describe()
        .await
        .map_err(|failure| Error::guest("describe", &failure))?;
    Ok(described?)
}

/// The test as its VUs will be made: from what the first instance has evaluated, where that is the same for all.
fn evaluated(test: Test, evaluation: Evaluation, log: &dyn LogSink) -> Test {
    let say = |message: &str| log.log(Level::Debug, "brunt", message);
    match evaluation {
        Evaluation::Unknown => test,
        Evaluation::Once(snapshot) => {
            say("the script was evaluated once: every VU starts from its memory");
            test.starting_from(snapshot)
        }
        Evaluation::ByEach(why) => {
            say(&format!(
                "every VU evaluates the script by itself, because {why}"
            ));
            test
        }
    }
}

/// Everyone's options, with the test's own.
fn layers(mut layers: Vec<Layer>, description: &Description) -> Result<Vec<Layer>, Error> {
    let own = Value::Object(description.options.clone());
    layers.push(Layer::from_json(Source::Test, &own)?);
    Ok(layers)
}

impl From<OptionsError> for Error {
    fn from(error: OptionsError) -> Self {
        Self::new(ExitCode::InvalidConfig, error)
    }
}

impl From<ProxyError> for Error {
    fn from(error: ProxyError) -> Self {
        Self::new(ExitCode::InvalidConfig, error)
            .hint("write http://proxy.example:3128 or socks5://proxy.example:1080, or unset it")
    }
}
