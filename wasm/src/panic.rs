//! What is left of the engine after it stopped in the middle of a call.
//!
//! With `panic = "abort"` a panic ends in a trap: the call never returns, and whatever it held
//! stays half changed. So one flag says whether a call is under way. Found set at the start of
//! another call, it means that an earlier one never came back, and nothing of the engine is touched
//! any more.

use std::cell::{Cell, RefCell};

use entidb::{Error, ErrorKind};
use js_sys::Function;
use wasm_bindgen::JsValue;

use crate::memory;

thread_local! {
    static UNDER_WAY: Cell<bool> = const { Cell::new(false) };
    static MESSAGE: RefCell<Option<String>> = const { RefCell::new(None) };
    static LISTENER: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// Has panics noted from now on.
pub fn note_panics() {
    std::panic::set_hook(Box::new(|info| report(&info.to_string())));
}

/// Has `listener` called with the message of a panic just before the trap.
pub fn listen(listener: Function) {
    LISTENER.with(|slot| *slot.borrow_mut() = Some(listener));
}

fn report(message: &str) {
    MESSAGE.with(|slot| *slot.borrow_mut() = Some(message.to_owned()));
    let listener = LISTENER.with(|slot| slot.borrow().clone());
    if let Some(listener) = listener {
        // A listener that throws changes nothing: the trap follows either way.
        let _ = listener.call1(&JsValue::NULL, &JsValue::from_str(message));
    }
}

/// Runs `call` unless an earlier one never came back.
///
/// # Errors
/// `HostLost` after a panic or another trap, `OutOfMemory` where an allocation failed.
pub fn guarded<T>(call: impl FnOnce() -> entidb::Result<T>) -> entidb::Result<T> {
    enter()?;
    let result = call();
    UNDER_WAY.set(false);
    result
}

fn enter() -> entidb::Result<()> {
    if UNDER_WAY.replace(true) {
        return Err(lost());
    }
    memory::forget_failure();
    Ok(())
}

/// Why no call is taken any more.
#[cold]
fn lost() -> Error {
    let message = MESSAGE.with(|slot| slot.borrow().clone());
    match (message, memory::failed_bytes()) {
        (Some(message), _) => {
            let message = format!("the engine stopped: {message}; open the database again");
            Error::new(ErrorKind::HostLost, message)
        }
        (None, Some(bytes)) => {
            let message = format!(
                "no memory was left for {bytes} bytes, and the engine stopped; open the database \
                 again with a smaller cache, or in a page that holds less"
            );
            Error::new(ErrorKind::OutOfMemory, message)
        }
        (None, None) => {
            let message = "the engine stopped in the middle of a call; open the database again";
            Error::new(ErrorKind::HostLost, message)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Natively a panic unwinds, which leaves the flag as a trap does.
    #[test]
    fn a_call_that_never_came_back_is_the_last_one() {
        note_panics();
        assert_eq!(guarded(|| Ok(1)).unwrap(), 1);
        assert_eq!(guarded(|| Err::<(), _>(lost())).unwrap_err().kind(), ErrorKind::HostLost);
        assert_eq!(guarded(|| Ok(2)).unwrap(), 2, "an error is no trap");

        let aborted = std::panic::catch_unwind(|| {
            guarded(|| {
                // Rust aborts where nobody takes the failure; a panic with no message stands for
                // that.
                let refused = Vec::<u8>::new().try_reserve_exact(isize::MAX.unsigned_abs());
                assert!(refused.is_err());
                std::panic::resume_unwind(Box::new(()));
                #[expect(unreachable_code, reason = "the type of the call")]
                Ok(())
            })
        });
        assert!(aborted.is_err());
        let error = guarded(|| Ok(())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{error}");

        UNDER_WAY.set(false);
        let panicked =
            std::panic::catch_unwind(|| guarded(|| -> entidb::Result<()> { panic!("odd") }));
        assert!(panicked.is_err());
        for _ in 0..2 {
            let error = guarded(|| Ok(())).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::HostLost);
            assert!(error.message().contains("odd"), "{error}");
        }
    }
}
