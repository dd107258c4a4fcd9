//! Defines runs of scripts: those of the tests, and those that a test writes itself.

use std::path::Path;

use super::Brunt;
use crate::guests;

impl Brunt {
    /// `brunt run` of a script of the tests, in the folder that it lies in.
    ///
    /// # Panics
    /// When there is no such script.
    pub fn script(name: &str) -> Brunt {
        let file = guests::script(name);
        let folder = file.parent().map(Path::to_path_buf);
        let brunt = Brunt::test(&file);
        Brunt { folder, ..brunt }
    }

    /// `brunt run` of this script, which is written into a folder of its own first.
    ///
    /// # Panics
    /// When it can't be written.
    pub fn text(text: &str) -> Brunt {
        let mut brunt = Brunt::new(["run", "script.js"]);
        let file = brunt.files.path().join("script.js");
        std::fs::write(file, text).expect("the script can be written");
        brunt.wants_summary = true;
        brunt
    }

    /// What it reads on standard input; nothing otherwise.
    ///
    /// # Panics
    /// When it can't be written to a file, from where it is read.
    pub fn stdin(mut self, text: &str) -> Brunt {
        let file = self.files.path().join("stdin");
        std::fs::write(&file, text).expect("the input can be written");
        self.input = Some(std::fs::File::open(file).expect("the input can be read"));
        self
    }

    /// One more file beside the script of [`Brunt::text`].
    ///
    /// # Panics
    /// When it can't be written.
    pub fn file(self, name: &str, content: &str) -> Brunt {
        let file = self.files.path().join(name);
        let folder = file.parent().unwrap_or(self.files.path());
        std::fs::create_dir_all(folder).expect("the folder can be made");
        std::fs::write(file, content).expect("the file can be written");
        self
    }
}
