//! The name of a database as the name of a directory, and back.
//!
//! Some browsers keep such directories in a file system that does not tell upper from lower case,
//! so only lower-case letters, digits, `-` and `_` stand for themselves; every other byte of the
//! UTF-8 becomes `%` and two lower-case hexadecimal digits.

use std::fmt::Write as _;

use entidb::{Error, ErrorKind, Result};

/// UTF-8 bytes of a database's name. A directory's name has at most 255 bytes in every file system
/// that browsers use, and a byte becomes three at worst.
pub const NAME_BYTES_MAX: usize = 80;

const _: () = assert!(NAME_BYTES_MAX * 3 <= 255);

/// The directory of the database `name`.
///
/// # Errors
/// `InvalidInput` for an empty name, `LimitExceeded` for one above [`NAME_BYTES_MAX`].
pub fn to_directory(name: &str) -> Result<String> {
    if name.is_empty() {
        return Err(Error::invalid("the name of a database cannot be empty; give it one"));
    }
    if name.len() > NAME_BYTES_MAX {
        let message =
            format!("the name of a database has at most {NAME_BYTES_MAX} bytes; shorten it");
        return Err(Error::new(ErrorKind::LimitExceeded, message));
    }
    let mut directory = String::with_capacity(name.len());
    for byte in name.bytes() {
        if stands_for_itself(byte) {
            directory.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(directory, "%{byte:02x}");
        }
    }
    Ok(directory)
}

/// The database in `directory`, or nothing if no database has that directory.
pub fn from_directory(directory: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(directory.len());
    let mut rest = directory.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            u8::try_from(high * 16 + low).ok()?
        } else {
            byte
        });
    }
    let name = String::from_utf8(bytes).ok()?;
    // Only the one spelling that `to_directory` gives is a database's.
    (to_directory(&name).ok()? == directory).then_some(name)
}

fn stands_for_itself(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back_from_its_directory() {
        let longest = "\u{e9}".repeat(NAME_BYTES_MAX / 2);
        for name in ["tasks", "Tasks", ".", "..", "a/b\\c", "a%41", "na\u{ef}ve \u{540d}", &longest]
        {
            let directory = to_directory(name).unwrap();
            assert!(directory.len() <= 255);
            assert!(directory.bytes().all(|b| stands_for_itself(b) || b == b'%'), "{directory}");
            assert_eq!(from_directory(&directory).as_deref(), Some(name));
        }
    }

    #[test]
    fn names_that_differ_in_case_have_directories_that_differ_otherwise() {
        let [a, b] = ["Tasks", "tasks"].map(|name| to_directory(name).unwrap());
        assert_ne!(a.to_lowercase(), b.to_lowercase());
    }

    #[test]
    fn other_directories_are_no_databases() {
        for directory in ["", "%", "%4", "%zz", "%61", "A", "a.b", "%ff", "%4A"] {
            assert_eq!(from_directory(directory), None, "{directory}");
        }
    }

    #[test]
    fn empty_and_overlong_names_are_refused() {
        assert_eq!(to_directory("").unwrap_err().kind(), ErrorKind::InvalidInput);
        let long = "x".repeat(NAME_BYTES_MAX + 1);
        assert_eq!(to_directory(&long).unwrap_err().kind(), ErrorKind::LimitExceeded);
    }
}
