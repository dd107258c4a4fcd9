//! Defines the heap of this instance. What is allocated after an image was taken of it lies apart from what the image holds:
//! VUs then write to few of the pages that they would share.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};
use std::ptr;

use core::arch::wasm32;
use dlmalloc::Dlmalloc;

use crate::image::PAGE;

/// Bytes that are there for VUs without growing their memory, which is a call to the operating system.
const ROOM: usize = 2 * PAGE;

/// Bytes by which the heap of a VU grows: a page of the processor's memory, as its end is written to.
const GRAIN: usize = 4 << 10;

#[global_allocator]
static HEAP: Heap = Heap {
    floor: Cell::new(0),
    own: UnsafeCell::new(own()),
};

/// Begins a heap behind all that there is, which from now on is only read, as long as nobody writes to it, and never freed.
pub(crate) fn freeze() {
    let floor = wasm32::memory_size(0) * PAGE;
    if wasm32::memory_grow::<0>(ROOM / PAGE) != usize::MAX {
        // SAFETY: there is one thread, and nothing allocates meanwhile.
        let own = unsafe { &mut *HEAP.own.get() };
        own.allocator().0.set((floor, floor + ROOM));
    }
    HEAP.floor.set(floor);
}

/// Aligned, so that all of it lies in one page.
#[repr(align(1024))]
struct Heap {
    /// Where the VU's own part begins; 0 as long as there is but one.
    floor: Cell<usize>,
    own: UnsafeCell<Dlmalloc<Fresh>>,
}

// SAFETY: WebAssembly without threads has one.
unsafe impl Sync for Heap {}

const fn own() -> Dlmalloc<Fresh> {
    let mut own = Dlmalloc::new_with_allocator(Fresh(Cell::new((0, 0))));
    assert!(own.set_granularity(GRAIN));
    own
}

impl Heap {
    fn is_frozen(&self) -> bool {
        self.floor.get() != 0
    }

    /// Whether this is part of the image.
    fn is_below(&self, at: *mut u8) -> bool {
        at.addr() < self.floor.get()
    }

    /// The VU's own part.
    #[allow(clippy::mut_from_ref)]
    fn own(&self) -> &mut Dlmalloc<Fresh> {
        // SAFETY: there is one thread, and the allocator calls nobody who allocates.
        unsafe { &mut *self.own.get() }
    }
}

// SAFETY: each pointer goes back to the allocator that it came from, which is known by its address; what lies in the image is
// kept, as it would be written to.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        unsafe {
            match self.is_frozen() {
                true => self.own().malloc(layout.size(), layout.align()),
                false => System.alloc(layout),
            }
        }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe {
            if !self.is_frozen() {
                System.dealloc(at, layout);
            } else if !self.is_below(at) {
                self.own().free(at, layout.size(), layout.align());
            }
        }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above; the copy is within both.
        unsafe {
            if !self.is_frozen() {
                return System.realloc(at, layout, size);
            }
            if !self.is_below(at) {
                return self.own().realloc(at, layout.size(), layout.align(), size);
            }
            let moved = self.own().malloc(size, layout.align());
            if !moved.is_null() {
                ptr::copy_nonoverlapping(at, moved, layout.size().min(size));
            }
            moved
        }
    }
}

/// Memory that nobody had before: where it begins and where it ends.
struct Fresh(Cell<(usize, usize)>);

// SAFETY: what it gives is given once.
unsafe impl dlmalloc::Allocator for Fresh {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        let (mut start, mut end) = self.0.get();
        if size > end - start {
            let more = size.div_ceil(PAGE);
            let grown = wasm32::memory_grow::<0>(more);
            if grown == usize::MAX {
                return (ptr::null_mut(), 0, 0);
            }
            if grown * PAGE != end {
                start = grown * PAGE;
            }
            end = (grown + more) * PAGE;
        }
        self.0.set((start + size, end));
        (ptr::with_exposed_provenance_mut(start), size, 0)
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        ptr::null_mut()
    }

    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }

    fn free(&self, _: *mut u8, _: usize) -> bool {
        false
    }

    fn can_release_part(&self, _: u32) -> bool {
        false
    }

    fn allocates_zeros(&self) -> bool {
        true
    }

    fn page_size(&self) -> usize {
        GRAIN
    }
}
