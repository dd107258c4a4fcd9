//! Defines packets made at random: all that can be, and nothing that can't.

use brunt_mqtt::codec::{
    Ack, Connect, Granted, Greeting, Leave, Packet, Property, Publish, Qos, RetainHandling, Step,
    Subscribe, Subscription, Unsubscribe, Version, Will,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Packets borrow what they are made of; tests are short.
fn leaked<T: ?Sized>(owned: Box<T>) -> &'static T {
    Box::leak(owned)
}

fn text() -> impl Strategy<Value = &'static str> {
    "[a-zäß/ 0-9]{0,12}".prop_map(|text| leaked(text.into_boxed_str()))
}

fn some_text() -> impl Strategy<Value = &'static str> {
    "[a-zäß/ 0-9]{1,12}".prop_map(|text| leaked(text.into_boxed_str()))
}

fn bytes() -> impl Strategy<Value = &'static [u8]> {
    vec(any::<u8>(), 0..40).prop_map(|bytes| leaked(bytes.into_boxed_slice()))
}

fn qos() -> impl Strategy<Value = Qos> {
    prop_oneof![
        Just(Qos::AtMostOnce),
        Just(Qos::AtLeastOnce),
        Just(Qos::ExactlyOnce)
    ]
}

fn id() -> impl Strategy<Value = u16> {
    1..=u16::MAX
}

/// None under 3.1.1, and none of them twice but user properties.
fn of(
    version: Version,
    one: impl Strategy<Value = Property<'static>> + 'static,
) -> BoxedStrategy<Vec<Property<'static>>> {
    if version == Version::V311 {
        return Just(Vec::new()).boxed();
    }
    let unique = |list: Vec<Property<'static>>| {
        let mut kept: Vec<Property<'static>> = Vec::new();
        for property in list {
            let same = |other: &Property<'_>| {
                std::mem::discriminant(other) == std::mem::discriminant(&property)
            };
            if matches!(property, Property::User(..)) || !kept.iter().any(same) {
                kept.push(property);
            }
        }
        kept
    };
    vec(one, 0..5).prop_map(unique).boxed()
}

fn user() -> impl Strategy<Value = Property<'static>> {
    (text(), text()).prop_map(|(name, value)| Property::User(name, value))
}

fn in_message() -> impl Strategy<Value = Property<'static>> {
    prop_oneof![
        any::<bool>().prop_map(Property::PayloadIsText),
        any::<u32>().prop_map(Property::MessageExpiry),
        text().prop_map(Property::ContentType),
        text().prop_map(Property::ResponseTopic),
        bytes().prop_map(Property::CorrelationData),
        user(),
    ]
}

fn in_publish() -> impl Strategy<Value = Property<'static>> {
    prop_oneof![
        5 => in_message(),
        1 => id().prop_map(Property::TopicAlias),
        1 => (1..=268_435_455u32).prop_map(Property::SubscriptionIdentifier),
    ]
}

fn in_connect() -> impl Strategy<Value = Property<'static>> {
    prop_oneof![
        any::<u32>().prop_map(Property::SessionExpiry),
        id().prop_map(Property::ReceiveMaximum),
        (1..u32::MAX).prop_map(Property::MaximumPacketSize),
        any::<u16>().prop_map(Property::TopicAliasMaximum),
        any::<bool>().prop_map(Property::RequestProblemInformation),
        any::<bool>().prop_map(Property::RequestResponseInformation),
        text().prop_map(Property::AuthenticationMethod),
        bytes().prop_map(Property::AuthenticationData),
        user(),
    ]
}

fn in_greeting() -> impl Strategy<Value = Property<'static>> {
    prop_oneof![
        any::<u32>().prop_map(Property::SessionExpiry),
        id().prop_map(Property::ReceiveMaximum),
        (0..=1u8).prop_map(Property::MaximumQos),
        any::<bool>().prop_map(Property::RetainAvailable),
        (1..u32::MAX).prop_map(Property::MaximumPacketSize),
        text().prop_map(Property::AssignedClientIdentifier),
        any::<u16>().prop_map(Property::TopicAliasMaximum),
        text().prop_map(Property::ReasonString),
        any::<bool>().prop_map(Property::WildcardsAvailable),
        any::<bool>().prop_map(Property::SubscriptionIdentifiersAvailable),
        any::<bool>().prop_map(Property::SharedSubscriptionsAvailable),
        any::<u16>().prop_map(Property::ServerKeepAlive),
        text().prop_map(Property::ResponseInformation),
        text().prop_map(Property::ServerReference),
        user(),
    ]
}

fn in_answer() -> impl Strategy<Value = Property<'static>> {
    prop_oneof![text().prop_map(Property::ReasonString), user()]
}

pub(crate) fn version() -> impl Strategy<Value = Version> {
    prop_oneof![Just(Version::V311), Just(Version::V5)]
}

pub(crate) fn publish(version: Version) -> impl Strategy<Value = Publish<'static>> {
    let parts = (
        any::<bool>(),
        qos(),
        any::<bool>(),
        some_text(),
        id(),
        of(version, in_publish()),
        bytes(),
    );
    parts.prop_map(
        |(duplicate, qos, retain, topic, id, properties, payload)| Publish {
            duplicate,
            qos,
            retain,
            topic,
            id: if qos == Qos::AtMostOnce { 0 } else { id },
            properties,
            payload,
        },
    )
}

fn will(version: Version) -> impl Strategy<Value = Will<'static>> {
    let delayed = prop_oneof![in_message(), any::<u32>().prop_map(Property::WillDelay)];
    let parts = (
        some_text(),
        bytes(),
        qos(),
        any::<bool>(),
        of(version, delayed),
    );
    parts.prop_map(|(topic, payload, qos, retain, properties)| Will {
        topic,
        payload,
        qos,
        retain,
        properties,
    })
}

pub(crate) fn connect(version: Version) -> impl Strategy<Value = Packet<'static>> {
    let parts = (
        any::<bool>(),
        any::<u16>(),
        text(),
        option::of(will(version)),
        option::of(some_text()),
        option::of(bytes()),
        of(version, in_connect()),
    );
    parts.prop_map(
        move |(clean_start, keep_alive_s, client_id, will, user, password, properties)| {
            Packet::Connect(Box::new(Connect {
                version,
                clean_start,
                keep_alive_s,
                client_id,
                will,
                user,
                password,
                properties,
            }))
        },
    )
}

fn greeting(version: Version) -> impl Strategy<Value = Packet<'static>> {
    let parts = (any::<bool>(), any::<u8>(), of(version, in_greeting()));
    parts.prop_map(|(session_present, reason, properties)| {
        Packet::Greeting(Greeting {
            session_present,
            reason,
            properties,
        })
    })
}

pub(crate) fn ack(version: Version, reasons: &'static [u8]) -> BoxedStrategy<Packet<'static>> {
    let step = prop_oneof![
        Just(Step::Acknowledged),
        Just(Step::Received),
        Just(Step::Released),
        Just(Step::Completed)
    ];
    let reason = prop::sample::select(match version {
        Version::V311 => &[0][..],
        Version::V5 => reasons,
    });
    let parts = (step, id(), reason, of(version, in_answer()));
    parts
        .prop_map(|(step, id, reason, properties)| {
            Packet::Ack(Ack {
                step,
                id,
                reason,
                properties,
            })
        })
        .boxed()
}

fn subscription(version: Version) -> impl Strategy<Value = Subscription<'static>> {
    let handling = prop_oneof![
        Just(RetainHandling::Send),
        Just(RetainHandling::SendIfNew),
        Just(RetainHandling::DontSend)
    ];
    let parts = (some_text(), qos(), any::<bool>(), any::<bool>(), handling);
    parts.prop_map(
        move |(filter, qos, no_local, retain_as_published, handling)| {
            let v5 = version == Version::V5;
            Subscription {
                filter,
                qos,
                no_local: no_local && v5,
                retain_as_published: retain_as_published && v5,
                retain_handling: if v5 { handling } else { RetainHandling::Send },
            }
        },
    )
}

pub(crate) fn subscribe(version: Version) -> impl Strategy<Value = Packet<'static>> {
    let property = prop_oneof![
        user(),
        (1..=268_435_455u32).prop_map(Property::SubscriptionIdentifier)
    ];
    let parts = (
        id(),
        of(version, property),
        vec(subscription(version), 1..4),
    );
    parts.prop_map(|(id, properties, filters)| {
        Packet::Subscribe(Subscribe {
            id,
            properties,
            filters,
        })
    })
}

pub(crate) fn unsubscribe(version: Version) -> impl Strategy<Value = Packet<'static>> {
    let parts = (id(), of(version, user()), vec(some_text(), 1..4));
    parts.prop_map(|(id, properties, filters)| {
        Packet::Unsubscribe(Unsubscribe {
            id,
            properties,
            filters,
        })
    })
}

fn granted(version: Version) -> impl Strategy<Value = Granted<'static>> {
    let parts = (id(), of(version, in_answer()), vec(any::<u8>(), 1..4));
    parts.prop_map(|(id, properties, reasons)| Granted {
        id,
        properties,
        reasons: leaked(reasons.into_boxed_slice()),
    })
}

fn unsub_ack(version: Version) -> impl Strategy<Value = Packet<'static>> {
    granted(version).prop_map(move |mut granted| {
        if version == Version::V311 {
            granted.reasons = &[];
        }
        Packet::UnsubAck(granted)
    })
}

fn leave(
    version: Version,
    kind: fn(Leave<'static>) -> Packet<'static>,
) -> BoxedStrategy<Packet<'static>> {
    let reason = match version {
        Version::V311 => Just(0).boxed(),
        Version::V5 => any::<u8>().boxed(),
    };
    let parts = (reason, of(version, in_answer()));
    parts
        .prop_map(move |(reason, properties)| kind(Leave { reason, properties }))
        .boxed()
}

/// Any packet, and the version that it is written in.
pub(crate) fn packet() -> impl Strategy<Value = (Version, Packet<'static>)> {
    version().prop_flat_map(|version| {
        let auth = match version {
            Version::V311 => Just(Packet::PingRequest).boxed(),
            Version::V5 => leave(version, Packet::Auth),
        };
        let packet = prop_oneof![
            connect(version),
            greeting(version),
            publish(version).prop_map(Packet::Publish),
            ack(version, &[0, 0x10, 0x80, 0x97, 0xff]),
            subscribe(version),
            granted(version).prop_map(Packet::SubAck),
            unsubscribe(version),
            unsub_ack(version),
            Just(Packet::PingRequest),
            Just(Packet::PingResponse),
            leave(version, Packet::Disconnect),
            auth,
        ];
        (Just(version), packet)
    })
}

/// What every other client can write and read too.
pub(crate) fn common_packet() -> impl Strategy<Value = (Version, Packet<'static>)> {
    version().prop_flat_map(|version| {
        let packet = prop_oneof![
            connect(version).prop_filter(
                "others have user and password together, as texts",
                logs_in_fully
            ),
            publish(version).prop_map(Packet::Publish),
            ack(version, &[0]),
            subscribe(version),
            unsubscribe(version),
        ];
        (Just(version), packet)
    })
}

fn logs_in_fully(packet: &Packet<'_>) -> bool {
    let Packet::Connect(connect) = packet else {
        return true;
    };
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).is_ok_and(|text| !text.is_empty());
    connect.user.is_some() == connect.password.is_some()
        && connect.password.is_none_or(text)
        && connect.will.as_ref().is_none_or(|will| text(will.payload))
}
