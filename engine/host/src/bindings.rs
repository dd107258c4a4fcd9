//! Defines the Rust side of world `brunt:worlds/test`, and of what scripts' runtimes import beside it, generated from the
//! contracts in `wit/`.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "brunt:worlds/test",
    imports: {
        "brunt:time/clock.sleep": async | trappable,
        "brunt:time/waiting.wait-any": async | trappable,
        "brunt:time/waiting.[method]waitable.wait": async | trappable,
        "brunt:http/client.get": async | trappable,
        "brunt:http/client.fetch": async | trappable,
        "brunt:http/client.exchange": async | trappable,
        "brunt:http/client.[method]request.send": async | trappable,
        "brunt:http/client.[method]request.fetch": async | trappable,
        "brunt:http/client.[method]pending-response.take": async | trappable,
        "brunt:http/client.[method]body-stream.read": async | trappable,
        "brunt:http/client.[method]body-writer.write": async | trappable,
        "brunt:http/sse.[static]event-source.open": async | trappable,
        "brunt:http/sse.[method]event-source.next": async | trappable,
        "brunt:http/sse.[method]event-source.reconnect": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    with: {
        "brunt:time/waiting.signal": crate::interfaces::time::OwnSignal,
        "brunt:time/waiting.waitable": crate::interfaces::time::Waitable,
        "brunt:http/client.request": crate::http::Request,
        "brunt:http/client.pending-response": crate::interfaces::http::Pending,
        "brunt:http/client.response": crate::http::Response,
        "brunt:http/client.body-stream": crate::interfaces::http::Stream,
        "brunt:http/client.body-writer": crate::interfaces::http::BodyWriter,
        "brunt:http/sse.event-source": crate::interfaces::http::Source,
        "brunt:http/cookies.cookie-jar": crate::interfaces::http::CookieJar,
        "brunt:metrics/metrics.metric": crate::interfaces::metrics::CustomMetric,
        "brunt:metrics/metrics.tag-set": crate::interfaces::metrics::MadeTags,
        "brunt:data/files.file": crate::interfaces::data::File,
        "brunt:data/shared.shared-list": crate::interfaces::data::List,
    },
});

/// What the runtime of scripts imports beside world `test`.
pub(crate) mod scripting {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "brunt:js/scripting",
        imports: { default: trappable },
    });
}

/// What extensions import beside what tests do. It is linked for all, as tests and extensions are linked together.
pub(crate) mod extending {
    use wasmtime::component::{HasSelf, Linker};

    use crate::state::VuState;
    use brunt::sockets::{network, tcp, udp};

    /// Links what world `test` has not linked.
    pub(crate) fn link(linker: &mut Linker<VuState>) -> wasmtime::Result<()> {
        network::add_to_linker::<_, HasSelf<VuState>>(linker, |state| state)?;
        tcp::add_to_linker::<_, HasSelf<VuState>>(linker, |state| state)?;
        udp::add_to_linker::<_, HasSelf<VuState>>(linker, |state| state)
    }

    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "
            package brunt:engine;

            world extending {
                import brunt:sockets/network@0.1.0;
                import brunt:sockets/tcp@0.1.0;
                import brunt:sockets/udp@0.1.0;
            }
        ",
        imports: {
            "brunt:sockets/tcp.[method]dial.connect": async | trappable,
            "brunt:sockets/tcp.[method]pending-connection.take": async | trappable,
            "brunt:sockets/tcp.[method]connection.read": async | trappable,
            "brunt:sockets/tcp.[method]connection.write": async | trappable,
            "brunt:sockets/tcp.[method]connection.flush": async | trappable,
            "brunt:sockets/tcp.[method]connection.start-tls": async | trappable,
            "brunt:sockets/udp.[static]datagrams.open": async | trappable,
            "brunt:sockets/udp.[method]datagrams.send": async | trappable,
            "brunt:sockets/udp.[method]datagrams.receive": async | trappable,
            default: trappable,
        },
        with: {
            "brunt:time/clock": crate::bindings::brunt::time::clock,
            "brunt:time/waiting": crate::bindings::brunt::time::waiting,
            "brunt:sockets/tcp.tls-options": crate::interfaces::sockets::Options,
            "brunt:sockets/tcp.dial": crate::interfaces::sockets::Dial,
            "brunt:sockets/tcp.pending-connection": crate::interfaces::sockets::Pending,
            "brunt:sockets/tcp.connection": crate::interfaces::sockets::Connection,
            "brunt:sockets/udp.datagrams": crate::interfaces::sockets::Datagrams,
        },
    });
}
