//! Defines how the engine gets an image of this instance, and how one that was made from it goes on: VUs are made faster, and
//! share what none of them changes.
//!
//! That is right only where every VU would come to the same. What differs between them, and what they do to the world, is
//! noted where it happens ([`touch`]); then every VU evaluates the script by itself.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::bindings::brunt::js::image;
use crate::phase;

thread_local! {
    /// What the script did that is each VU's own.
    static TOUCHED: Cell<Option<&'static str>> = const { Cell::new(None) };
    /// What the script asked of the engine for its VU while it was evaluated, and how to make its resources again.
    static WISHES: RefCell<Vec<Box<dyn Fn()>>> = const { RefCell::new(Vec::new()) };
}

unsafe extern "C" {
    /// Where static data begins, behind the stack. The linker defines it; only its address means something.
    static __global_base: u8;
}

/// Notes what a script does while it is initialised that is not the same for all VUs, in words that follow "it".
pub(crate) fn touch(what: &'static str) {
    if phase::is_init() && TOUCHED.get().is_none() {
        TOUCHED.set(Some(what));
    }
}

/// Forgets what was noted before the script itself ran.
pub(crate) fn begin() {
    TOUCHED.set(None);
}

/// Does what only one VU does, whatever it touches.
pub(crate) fn untouched<T>(once: impl FnOnce() -> T) -> T {
    let before = TOUCHED.get();
    let made = once();
    TOUCHED.set(before);
    made
}

/// Asks something of the engine that it keeps for each VU: a VU that is made from an image asks again.
pub(crate) fn wish(wish: impl Fn() + 'static) {
    wish();
    if phase::is_init() {
        WISHES.with_borrow_mut(|wishes| wishes.push(Box::new(wish)));
    }
}

/// Whether the engine wants an image, and the script allows for it; where it does not, the engine is told why.
pub(crate) fn is_due() -> bool {
    if !image::is_wanted() {
        return false;
    }
    if let Some(what) = TOUCHED.get() {
        image::refuse(&format!("it {what} while it is initialised"));
        return false;
    }
    true
}

/// Gives the engine an image of all that there is now.
pub(crate) fn save() {
    let start = (&raw const __global_base).addr();
    let end = core::arch::wasm32::memory_size(0) * PAGE;
    // SAFETY: this is all of the memory behind the stack, and nothing of it changes during the call.
    let memory = unsafe { core::slice::from_raw_parts(start as *const u8, end - start) };
    image::save(start as u32, memory);
}

/// Bytes of a page of memory.
pub(crate) const PAGE: usize = 64 << 10;

/// Makes this instance, which began as an image of another, a VU of its own.
pub(crate) fn wake() {
    WISHES.with_borrow(|wishes| wishes.iter().for_each(|wish| wish()));
}

/// A resource of the engine's, shared by its clones, which a VU that was made from an image makes again when it wakes.
pub(crate) struct Remade<T>(Rc<RefCell<T>>);

impl<T: 'static> Remade<T> {
    /// This resource, and how to make it again.
    pub(crate) fn new(resource: T, again: impl Fn() -> T + 'static) -> Self {
        let made = Rc::new(RefCell::new(resource));
        if phase::is_init() {
            let kept = Rc::downgrade(&made);
            let remake = move || {
                if let Some(made) = kept.upgrade() {
                    // The one before was never this instance's: there is nothing to drop.
                    std::mem::forget(made.replace(again()));
                }
            };
            WISHES.with_borrow_mut(|wishes| wishes.push(Box::new(remake)));
        }
        Self(made)
    }

    pub(crate) fn with<R>(&self, call: impl FnOnce(&T) -> R) -> R {
        call(&self.0.borrow())
    }
}

impl<T> Clone for Remade<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
