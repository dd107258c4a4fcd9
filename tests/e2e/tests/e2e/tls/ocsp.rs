//! Tests what servers staple to their certificates: what the test is told of it, and what the samples say.

use std::time::Duration;

use brunt_e2e::{Answer, Recorder, ServerTls};
use serde_json::{Value, json};
use x509_cert::der::Encode;
use x509_cert::der::asn1::{BitString, GeneralizedTime, Null, ObjectIdentifier, OctetString};
use x509_cert::ext::pkix::CrlReason;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_ocsp::{
    BasicOcspResponse, CertId, CertStatus, OcspGeneralizedTime, OcspResponse, ResponderId,
    ResponseData, RevokedInfo, SingleResponse, Version,
};

use super::{local, visiting, visits};
use crate::samples::run_with_samples;

#[test]
fn a_staple_is_told_to_the_test_and_to_the_samples() {
    let revoked = CertStatus::Revoked(RevokedInfo {
        revocation_time: at(REVOKED),
        revocation_reason: Some(CrlReason::KeyCompromise),
    });
    let times = |status: &str, reason: Option<&str>, revoked_at: Option<u64>| {
        json!({
            "status": status, "revocation_reason": reason, "produced_at": PRODUCED,
            "this_update": THIS, "next_update": NEXT, "revoked_at": revoked_at,
        })
    };
    let later = json!({
        "status": "server_failed", "revocation_reason": null, "produced_at": null,
        "this_update": null, "next_update": null, "revoked_at": null,
    });
    let try_later = OcspResponse::try_later().to_der().expect("a response");
    let cases = [
        (
            staple(CertStatus::Good(Null)),
            "good",
            times("good", None, None),
        ),
        (
            staple(revoked),
            "revoked",
            times("revoked", Some("key_compromise"), Some(REVOKED)),
        ),
        (
            staple(CertStatus::Unknown(Null)),
            "unknown",
            times("unknown", None, None),
        ),
        (try_later, "server_failed", later),
        (Vec::new(), "unknown", Value::Null),
    ];
    let (authority, credentials) = local();
    for (staple, status, told) in cases {
        for version in ["tls1.2", "tls1.3"] {
            let config = ServerTls::new(&credentials).staple(staple.clone()).config();
            let server = Recorder::tls_as(config, |_| Answer::ok());
            // The second request is on the connection of the first, whose staple counts for both.
            let run = visiting(&authority, &[server.url(), server.url()]).config(
                &json!({ "tlsVersion": version, "systemTags": ["ocsp_status", "tls_version"] }),
            );
            let (ended, samples) = run_with_samples(run);
            for visit in visits(ended) {
                assert_eq!(
                    (&visit["code"], &visit["ocsp"]),
                    (&json!(0), &told),
                    "{visit}"
                );
            }
            let tags = samples.tag_values("http_reqs", "ocsp_status");
            assert_eq!(tags, [status, status], "{version}");
            assert_eq!(
                samples.tag_values("http_reqs", "tls_version"),
                [version, version]
            );
        }
    }
}

#[test]
fn without_tls_there_is_no_status() {
    let server = Recorder::start();
    let (authority, _) = local();
    let run =
        visiting(&authority, &[server.url()]).config(&json!({ "systemTags": ["ocsp_status"] }));
    let (ended, samples) = run_with_samples(run);
    let visit = &visits(ended)[0];
    for part in ["ocsp", "version", "suite"] {
        assert_eq!(visit[part], Value::Null, "{visit}");
    }
    assert_eq!(samples.tag_values("http_reqs", "ocsp_status"), ["-"]);
}

const PRODUCED: u64 = 1_700_000_000;
const THIS: u64 = PRODUCED - 60;
const NEXT: u64 = PRODUCED + 3600;
const REVOKED: u64 = PRODUCED - 86_400;

fn at(seconds: u64) -> OcspGeneralizedTime {
    let time = GeneralizedTime::from_unix_duration(Duration::from_secs(seconds));
    OcspGeneralizedTime(time.expect("a time"))
}

/// A response of an authority that never signed it.
fn staple(status: CertStatus) -> Vec<u8> {
    let algorithm = |oid: &str| AlgorithmIdentifierOwned {
        oid: ObjectIdentifier::new(oid).expect("an identifier"),
        parameters: None,
    };
    let bytes = |byte| OctetString::new(vec![byte; 20]).expect("bytes");
    let certificate = CertId {
        hash_algorithm: algorithm("1.3.14.3.2.26"),
        issuer_name_hash: bytes(1),
        issuer_key_hash: bytes(2),
        serial_number: SerialNumber::from(7u32),
    };
    let response = SingleResponse {
        cert_id: certificate,
        cert_status: status,
        this_update: at(THIS),
        next_update: Some(at(NEXT)),
        single_extensions: None,
    };
    let basic = BasicOcspResponse {
        tbs_response_data: ResponseData {
            version: Version::V1,
            responder_id: ResponderId::ByKey(bytes(3)),
            produced_at: at(PRODUCED),
            responses: vec![response],
            response_extensions: None,
        },
        signature_algorithm: algorithm("1.2.840.10045.4.3.2"),
        signature: BitString::from_bytes(&[0; 64]).expect("bits"),
        certs: None,
    };
    let response = OcspResponse::successful(basic).expect("a response");
    response.to_der().expect("a response in DER")
}
