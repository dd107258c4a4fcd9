//! Defines TypeScript and the types of k6, which `cargo xtask types` installs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::guests::{root, script};

/// The packages of npm that know k6's types.
pub struct Types {
    packages: PathBuf,
}

impl Types {
    /// Those that are installed.
    ///
    /// # Panics
    /// When they are not.
    pub fn installed() -> Types {
        let packages = root().join("target/tools/types/node_modules");
        for package in ["typescript", "@types/k6"] {
            let folder = packages.join(package);
            assert!(
                folder.is_dir(),
                "the types of k6 are not installed: run `cargo xtask types` ({} is missing)",
                folder.display()
            );
        }
        Types { packages }
    }

    /// What they declare for these modules of k6, as JSON in the shape that `tests/scripts/types/declared.cjs` describes.
    ///
    /// # Panics
    /// When node can't say it.
    pub fn declared(&self, modules: &[&str]) -> String {
        let mut node = Command::new("node");
        node.arg(script("types/declared.cjs")).arg(&self.packages);
        let told = output(node.args(modules));
        let wrong = String::from_utf8_lossy(&told.stderr);
        assert!(told.status.success(), "{wrong}");
        String::from_utf8_lossy(&told.stdout).into_owned()
    }

    /// What is wrong with the types of these scripts, in JavaScript or TypeScript; nothing when all is well.
    ///
    /// # Panics
    /// When the compiler does not start.
    pub fn faults(&self, scripts: &[PathBuf]) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let types = self.packages.join("@types");
        let of_modules = |path: &str| [types.join(path).join("index.d.ts")];
        let options = serde_json::json!({
            "files": scripts,
            "compilerOptions": {
                "allowJs": true, "checkJs": true, "noEmit": true, "strict": false, "skipLibCheck": true,
                "target": "es2023", "lib": ["es2023", "dom"], "module": "esnext", "moduleResolution": "bundler",
                "resolveJsonModule": true, "allowImportingTsExtensions": true,
                "typeRoots": [types], "types": ["k6"],
                "paths": { "k6": of_modules("k6"), "k6/*": of_modules("k6/*") },
            },
        });
        let project = folder.path().join("tsconfig.json");
        std::fs::write(&project, options.to_string()).expect("it can be written");
        let told = self.compile(&project);
        let faults = String::from_utf8_lossy(&told.stdout).into_owned();
        assert_eq!(told.status.success(), faults.is_empty(), "{faults}");
        faults
    }

    fn compile(&self, project: &Path) -> Output {
        let mut node = Command::new("node");
        node.arg(self.packages.join("typescript/bin/tsc"));
        output(
            node.arg("--pretty")
                .arg("false")
                .arg("--project")
                .arg(project),
        )
    }
}

fn output(command: &mut Command) -> Output {
    command.output().expect("node starts")
}
