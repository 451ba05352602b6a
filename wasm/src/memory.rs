//! The allocator, which remembers that an allocation failed: Rust then aborts without a panic, and
//! nobody could tell why the engine stopped.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of the allocation that failed last, or 0.
static FAILED_BYTES: AtomicUsize = AtomicUsize::new(0);

/// Bytes of the allocation that failed since [`forget_failure`].
pub fn failed_bytes() -> Option<usize> {
    Some(FAILED_BYTES.load(Ordering::Relaxed)).filter(|bytes| *bytes > 0)
}

/// Forgets a failure that was dealt with.
pub fn forget_failure() {
    FAILED_BYTES.store(0, Ordering::Relaxed);
}

/// The platform's allocator with a note of failures.
struct Noting;

#[global_allocator]
static ALLOCATOR: Noting = Noting;

fn noted(pointer: *mut u8, bytes: usize) -> *mut u8 {
    if pointer.is_null() {
        FAILED_BYTES.store(bytes, Ordering::Relaxed);
    }
    pointer
}

#[expect(
    unsafe_code,
    reason = "an allocator is an unsafe trait; every call is handed on as it came"
)]
// SAFETY: `System` upholds the contract, and its answers are returned unchanged.
unsafe impl GlobalAlloc for Noting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        noted(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        noted(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        noted(unsafe { System.realloc(pointer, layout, bytes) }, bytes)
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}
