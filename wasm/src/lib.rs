//! The engine of `EntiDB` for the browser.
