//! Defines a guest that opens `FILE`, by default `data.txt`, which must begin with `first line`.
//!
//! Where `CONFINED` is set, it tries to leave the folder of the test as well, and fails when it can.

use brunt_sdk::prelude::*;

struct Files {
    file: File,
}

#[brunt_sdk::test]
impl Files {
    fn init() -> Result<Self> {
        if File::open("no-such-file").is_ok() {
            fail!("a file that is not there was opened");
        }
        if env("CONFINED").is_some() && File::open("../../../../../../../../etc/passwd").is_ok() {
            fail!("a file outside of the test's folder was opened");
        }
        let file = File::open(&env_or("FILE", "data.txt"))?;
        Ok(Self { file })
    }

    pub fn default(&mut self) -> Result<()> {
        let size = self.file.size();
        check("it is read whole", self.file.text()?.len() as u64 == size);
        check("a part is read", self.file.read_at(0, 5) == b"first");
        check(
            "the rest is read",
            self.file.read_at(6, u64::MAX).len() as u64 == size - 6,
        );
        check(
            "nothing is beyond the end",
            self.file.read_at(size, 1).is_empty(),
        );
        check(
            "files are opened in init only",
            File::open("data.txt").is_err(),
        );
        Ok(())
    }
}
