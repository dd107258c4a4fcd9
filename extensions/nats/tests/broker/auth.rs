//! Defines the tests of who may do what: each way to prove who one is, wrong ones too, permissions, and TLS.

use brunt_e2e::{Authority, Nats, Proxy};
use brunt_nats::options::Identity;
use brunt_nats::{Credentials, Kind, NKey, Options};
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};

use crate::{TestClient, client_with, message, until};

const SEED: &str = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
const PUBLIC: &str = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

fn connects(mut client: TestClient) -> Result<(), Kind> {
    client.connect().map_err(|fault| fault.kind)
}

fn as_who(broker: &Nats, identity: Identity) -> Result<(), Kind> {
    connects(client_with(&broker.url(), |options| {
        options.identity = identity
    }))
}

#[test]
fn tokens_and_passwords_open_and_wrong_ones_do_not() {
    let broker = Nats::start("authorization { token: \"s3cr3t\" }", &[]);
    assert_eq!(as_who(&broker, Identity::Token("s3cr3t".into())), Ok(()));
    assert_eq!(
        as_who(&broker, Identity::Token("other".into())),
        Err(Kind::Authorization)
    );
    assert_eq!(as_who(&broker, Identity::None), Err(Kind::Authorization));
    let in_url = format!("nats://s3cr3t@{}", broker.address());
    assert_eq!(connects(client_with(&in_url, |_| ())), Ok(()));
    let broker = Nats::start("authorization { user: me, password: \"p@ss\" }", &[]);
    let user = |password: &str| Identity::User("me".into(), password.into());
    assert_eq!(as_who(&broker, user("p@ss")), Ok(()));
    assert_eq!(as_who(&broker, user("wrong")), Err(Kind::Authorization));
    let in_url = format!("nats://me:p%40ss@{}", broker.address());
    assert_eq!(connects(client_with(&in_url, |_| ())), Ok(()));
}

#[test]
fn an_nkey_opens_and_another_does_not() {
    let broker = Nats::start(
        &format!("authorization {{ users = [ {{ nkey: {PUBLIC} }} ] }}"),
        &[],
    );
    let key = NKey::from_seed(SEED).expect("a seed");
    assert_eq!(as_who(&broker, Identity::NKey(key)), Ok(()));
    let other = NKey::from_seed(&seed(0x14 << 3, 9)).expect("a seed");
    assert_eq!(
        as_who(&broker, Identity::NKey(other)),
        Err(Kind::Authorization)
    );
}

#[test]
fn a_credentials_file_opens_and_one_of_another_account_does_not() {
    let (operator, account, stranger) = (signer('O', 1), signer('A', 2), signer('A', 3));
    let system = signer('A', 4);
    let operator_jwt = operator.sign(
        &operator.public,
        "op",
        json!({ "type": "operator", "version": 2 }),
    );
    let limits = json!({ "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "conn": -1, "leaf": -1, "wildcards": true });
    let claims = json!({ "type": "account", "version": 2, "limits": limits });
    let known = [&account, &system].map(|account| {
        let jwt = operator.sign(&account.public, "account", claims.clone());
        format!("{}: \"{jwt}\"", account.public)
    });
    let config = format!(
        "operator: \"{operator_jwt}\"\nsystem_account: {}\nresolver: MEMORY\nresolver_preload {{\n{}\n}}",
        system.public,
        known.join("\n")
    );
    let broker = Nats::start(&config, &[]);
    let user = |account: &Authorizer| {
        let limits = json!({ "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1, "pub": {}, "sub": {} });
        let jwt = account.sign(PUBLIC, "user", limits);
        let text = format!(
            "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n{SEED}\n------END USER NKEY SEED------\n"
        );
        Identity::Credentials(Credentials::read(&text).expect("credentials"))
    };
    assert_eq!(as_who(&broker, user(&account)), Ok(()), "{}", broker.log());
    assert_eq!(as_who(&broker, user(&stranger)), Err(Kind::Authorization));
}

#[test]
fn what_is_not_allowed_is_said_and_the_connection_stays() {
    let config = "authorization { users = [ { user: me, password: me, permissions: { publish: [\"ok.>\", \"_INBOX.>\"], subscribe: [\"ok.>\", \"_INBOX.>\"] } } ] }";
    let broker = Nats::start(config, &[]);
    let url = format!("nats://me:me@{}", broker.address());
    let mut client = client_with(&url, |_| ());
    client.publish(&message("forbidden", b"")).expect("is sent");
    until(&mut client, "the complaint", |client| {
        !client.meter().failed.is_empty()
    });
    let fault = client.take_last_error().expect("told");
    assert_eq!(fault.kind, Kind::Permissions);
    assert!(fault.message.contains("forbidden"), "{fault}");
    let id = client.subscribe("forbidden", None).expect("is sent");
    let until = crate::now(&client) + crate::PATIENCE;
    assert_eq!(
        client.next(id, until).expect_err("not allowed").kind,
        Kind::Permissions
    );
    let fault = client
        .request(&message("forbidden", b""), None)
        .expect_err("not allowed");
    assert_eq!(fault.kind, Kind::Permissions);
    let id = client.subscribe("ok.a", None).expect("subscribes");
    client.publish(&message("ok.a", b"x")).expect("publishes");
    crate::next(&mut client, id);
    assert_eq!(client.statistics().reconnects, 0);
}

#[test]
fn tls_is_spoken_where_the_server_asks_for_it_and_its_authority_is_known() {
    let authority = Authority::new();
    let credentials = authority.issue(&["localhost", "127.0.0.1"]);
    let files = [
        ("cert.pem", credentials.certificate.as_str()),
        ("key.pem", credentials.key.as_str()),
    ];
    let broker = Nats::start(
        "tls { cert_file: \"FOLDER/cert.pem\", key_file: \"FOLDER/key.pem\" }",
        &files,
    );
    let client = |url: &str, authority: Option<&Authority>| {
        let mut wire = crate::Std::default();
        wire.authority = authority.map(Authority::pem);
        let options = Options::new(&[url]).expect("options");
        TestClient::new(wire, crate::Counts::default(), options, 1)
    };
    let port = broker.address().port();
    for scheme in ["nats", "tls"] {
        let url = format!("{scheme}://localhost:{port}");
        let mut trusting = client(&url, Some(&authority));
        trusting.connect().expect("connects");
        let id = trusting.subscribe("a", None).expect("subscribes");
        trusting.publish(&message("a", b"x")).expect("publishes");
        crate::next(&mut trusting, id);
        assert_eq!(connects(client(&url, None)), Err(Kind::Network));
    }
    let plain = Nats::plain();
    let mut client = client(&format!("tls://{}", plain.address()), Some(&authority));
    let fault = client.connect().expect_err("no TLS there");
    assert!(fault.message.contains("TLS"), "{fault}");
}

#[test]
fn tls_is_spoken_first_where_that_is_asked_for() {
    let broker = Nats::plain();
    let front = Proxy::tls_front(broker.address());
    let mut wire = crate::Std::default();
    wire.authority = Some(std::fs::read_to_string(front.ca_file()).expect("the authority"));
    let mut options =
        Options::new(&[format!("tls://localhost:{}", front.address().port())]).expect("options");
    options.tls_first = true;
    let mut client = TestClient::new(wire, crate::Counts::default(), options, 1);
    let id = client.subscribe("a", None).expect("subscribes");
    client.publish(&message("a", b"x")).expect("publishes");
    crate::next(&mut client, id);
}

/// Who signs JWTs of this kind: the operator, or an account.
struct Authorizer {
    key: SigningKey,
    public: String,
}

fn signer(kind: char, byte: u8) -> Authorizer {
    let key = SigningKey::from_bytes(&[byte; 32]);
    let prefix = if kind == 'O' { 14 << 3 } else { 0 };
    let mut bytes = vec![prefix];
    bytes.extend_from_slice(key.verifying_key().as_bytes());
    let public = encoded(bytes);
    assert!(public.starts_with(kind));
    Authorizer { key, public }
}

impl Authorizer {
    fn sign(&self, subject: &str, name: &str, nats: Value) -> String {
        let part = |json: Value| BASE64URL_NOPAD.encode(json.to_string().as_bytes());
        let head = part(json!({ "typ": "JWT", "alg": "ed25519-nkey" }));
        let claims = json!({ "jti": "X", "iat": 1_700_000_000, "iss": self.public, "sub": subject, "name": name, "nats": nats });
        let signed = format!("{head}.{}", part(claims));
        let signature = self.key.sign(signed.as_bytes());
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature.to_bytes()))
    }
}

/// A seed of this kind of key.
fn seed(kind: u8, byte: u8) -> String {
    let mut bytes = vec![(18 << 3) | (kind >> 5), (kind & 31) << 3];
    bytes.extend_from_slice(&[byte; 32]);
    encoded(bytes)
}

/// With the checksum that NATS puts behind it (CRC-16/XMODEM), in base 32.
fn encoded(mut bytes: Vec<u8>) -> String {
    let sum = bytes.iter().fold(0u16, |sum, byte| {
        (0..8).fold(sum ^ (u16::from(*byte) << 8), |sum, _| {
            if sum & 0x8000 == 0 {
                sum << 1
            } else {
                (sum << 1) ^ 0x1021
            }
        })
    });
    bytes.extend_from_slice(&sum.to_le_bytes());
    BASE32_NOPAD.encode(&bytes)
}
