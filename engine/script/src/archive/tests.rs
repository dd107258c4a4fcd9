//! Tests archives: what is written is read, k6's too, and what is none says so.

use super::*;

fn tar(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, name, content.as_bytes())
            .expect("an entry");
    }
    tar.into_inner().expect("a tar")
}

/// The metadata that k6 writes, with all that it leaves null.
const K6: &str = r#"{"type":"js","options":{"paused":null,"vus":2,"duration":null,"iterations":4,"stages":null,"scenarios":null,"tags":null},
"filename":"file:///home/nobody/tests/script.js","pwd":"file:///home/nobody/tests/","env":null,
"compatibilityMode":"extended","k6version":"1.2.3","goos":"linux"}"#;

#[test]
fn what_is_written_is_read_again_and_is_the_same_each_time() {
    let mut archive = Archive {
        metadata: Metadata::new(
            "file:///home/nobody/a%20b.js".into(),
            "file:///home/nobody/".into(),
        ),
        ..Archive::default()
    };
    archive.metadata.env.insert("A".into(), "1".into());
    let long = format!("https://example.com/{}/é.js?v=1", "deep/".repeat(40));
    for (name, text) in [
        ("file:///home/me/a b.js", "main"),
        (long.as_str(), "far"),
        ("file:///data.csv", "1,2"),
    ] {
        archive.add(name, Arc::new(text.as_bytes().to_vec()));
    }
    let write = || {
        let mut bytes = Vec::new();
        archive.write(&mut bytes).expect("it can be written");
        bytes
    };
    assert_eq!(write(), write());
    let read = Archive::read(write().as_slice(), 1 << 20).expect("it can be read");
    assert_eq!(read.metadata, archive.metadata);
    for (name, text) in [
        (&*read.main(), "main"),
        (&long, "far"),
        ("file:///data.csv", "1,2"),
    ] {
        let content = read.content(name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(content.as_slice(), text.as_bytes());
    }
}

#[test]
fn archives_of_k6_are_read() {
    let bytes = tar(&[
        ("metadata.json", K6),
        ("data", "export default () => {}"),
        ("file/home/nobody/tests/lib.js", "1"),
        ("https/jslib.k6.io/utils/1.0/index.js", "2"),
    ]);
    let archive = Archive::read(bytes.as_slice(), 1 << 20).expect("it can be read");
    assert_eq!(archive.metadata.options["vus"], 2);
    assert!(archive.metadata.env.is_empty());
    assert!(archive.content(&archive.main()).is_some());
    assert!(archive.content("file:///home/me/tests/lib.js").is_some());
    assert!(
        archive
            .content("https://jslib.k6.io/utils/1.0/index.js")
            .is_some()
    );
}

#[test]
fn what_is_no_archive_says_why() {
    let other = K6.replace("\"js\"", "\"go\"");
    let large = "x".repeat(5000);
    let cases: [(Vec<u8>, &str); 7] = [
        (b"no tar at all".repeat(100), "can't be read"),
        (tar(&[("data", "")]), "it has no metadata.json"),
        (tar(&[("metadata.json", "{")]), "metadata.json: EOF"),
        (
            tar(&[("metadata.json", &other), ("data", "")]),
            "of type \"go\"",
        ),
        (tar(&[("metadata.json", K6)]), "it has no script"),
        (tar(&[("etc/passwd", "")]), "it has \"etc/passwd\""),
        (tar(&[("data", &large)]), "limit archiveSize reached"),
    ];
    for (bytes, words) in cases {
        let error = Archive::read(bytes.as_slice(), 4096).expect_err(words);
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn nobody_is_named() {
    for (name, written) in [
        ("file:///home/me/a.js", "file/home/nobody/a.js"),
        ("file:///Users/Me/x/a%20b.js", "file/Users/nobody/x/a b.js"),
        ("file:///C/Users/me/a.js", "file/C/Users/nobody/a.js"),
        ("file:///home/a.js", "file/home/a.js"),
        ("file:///srv/home/me/a.js", "file/srv/home/me/a.js"),
        ("https://a.org/home/me/a.js", "https/a.org/home/me/a.js"),
    ] {
        assert_eq!(entry(name).as_deref(), Some(written), "{name}");
    }
    assert_eq!(entry("k6/http"), None);
}
