//! Defines the clock that QuickJS reads: it has none of its own in WebAssembly.

use crate::bindings::brunt::time::clock;
use crate::image;

/// Microseconds since 1970, for `Date`. QuickJS calls it by this name.
#[unsafe(no_mangle)]
extern "C" fn __rquickjs_host_now_us() -> f64 {
    image::touch("reads the time");
    clock::wall() as f64 / 1000.0
}
