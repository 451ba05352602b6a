//! The one error type of the crate and its closed list of kinds.

use std::fmt;

use entidb_hot::Malformed;

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, as far as a caller would act differently. The list is closed: the same names
/// are the `kind` of every error of the JavaScript package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// An argument, document or id that cannot be stored or asked for.
    InvalidInput,
    /// The document, collection or database named does not exist.
    NotFound,
    /// The document, collection or database named exists already.
    AlreadyExists,
    /// Two documents would share a value that a unique index keeps apart.
    UniqueViolation,
    /// Another commit changed what this one was built on; run it again.
    Conflict,
    /// A documented maximum was exceeded.
    LimitExceeded,
    /// The query needs an index that is not declared.
    IndexRequired,
    /// The storage has no room left; nothing was changed.
    QuotaExceeded,
    /// Somebody else has the database open.
    Locked,
    /// The database, transaction or snapshot was closed.
    Closed,
    /// A deadline passed.
    Timeout,
    /// The caller gave up.
    Aborted,
    /// A snapshot was left unused for too long.
    SnapshotExpired,
    /// The part of the change feed asked for is no longer kept.
    HistoryTrimmed,
    /// The database was written by a newer, incompatible version.
    VersionMismatch,
    /// The key or passphrase does not open the database.
    WrongKey,
    /// Stored bytes are damaged.
    Corrupt,
    /// The storage was taken away while the database was open.
    StorageLost,
    /// No memory was left.
    OutOfMemory,
    /// The feature does not exist here.
    Unsupported,
    /// The worker that hosts the database went away.
    HostLost,
    /// The storage failed.
    Io,
}

impl ErrorKind {
    /// Every kind, in declaration order.
    pub const ALL: [Self; 22] = [
        Self::InvalidInput,
        Self::NotFound,
        Self::AlreadyExists,
        Self::UniqueViolation,
        Self::Conflict,
        Self::LimitExceeded,
        Self::IndexRequired,
        Self::QuotaExceeded,
        Self::Locked,
        Self::Closed,
        Self::Timeout,
        Self::Aborted,
        Self::SnapshotExpired,
        Self::HistoryTrimmed,
        Self::VersionMismatch,
        Self::WrongKey,
        Self::Corrupt,
        Self::StorageLost,
        Self::OutOfMemory,
        Self::Unsupported,
        Self::HostLost,
        Self::Io,
    ];

    /// The name that JavaScript sees as `kind`.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidInput => "InvalidInput",
            Self::NotFound => "NotFound",
            Self::AlreadyExists => "AlreadyExists",
            Self::UniqueViolation => "UniqueViolation",
            Self::Conflict => "Conflict",
            Self::LimitExceeded => "LimitExceeded",
            Self::IndexRequired => "IndexRequired",
            Self::QuotaExceeded => "QuotaExceeded",
            Self::Locked => "Locked",
            Self::Closed => "Closed",
            Self::Timeout => "Timeout",
            Self::Aborted => "Aborted",
            Self::SnapshotExpired => "SnapshotExpired",
            Self::HistoryTrimmed => "HistoryTrimmed",
            Self::VersionMismatch => "VersionMismatch",
            Self::WrongKey => "WrongKey",
            Self::Corrupt => "Corrupt",
            Self::StorageLost => "StorageLost",
            Self::OutOfMemory => "OutOfMemory",
            Self::Unsupported => "Unsupported",
            Self::HostLost => "HostLost",
            Self::Io => "Io",
        }
    }
}

/// Where an error happened, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// The file: `volume`, `log.a` or `log.b`.
    pub file: Option<&'static str>,
    /// Byte offset in the file.
    pub offset: Option<u64>,
    /// The sequence number concerned.
    pub seq: Option<u64>,
    /// The collection concerned.
    pub collection: Option<String>,
    /// The index declaration or the path inside the document concerned.
    pub path: Option<String>,
    /// The encoded id of the document concerned.
    pub id: Option<Vec<u8>>,
}

/// An error: a kind to act on, a message that says what to do, and where it happened.
///
/// ```
/// use entidb::{Error, ErrorKind};
/// let error = Error::new(ErrorKind::NotFound, "no collection is named `tasks`; create it first");
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// assert_eq!(error.kind().name(), "NotFound");
/// ```
#[derive(Clone)]
pub struct Error(Box<Repr>);

#[derive(Clone)]
struct Repr {
    kind: ErrorKind,
    message: String,
    details: Details,
    missing: bool,
}

impl Error {
    /// An error of `kind`; `message` says what to do next.
    #[cold]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let details = Details::default();
        Self(Box::new(Repr { kind, message: message.into(), details, missing: false }))
    }

    /// An argument that cannot be taken.
    #[cold]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    /// Damaged bytes in `file` at `offset`; `what` names what was being read there.
    #[cold]
    pub fn corrupt(file: &'static str, offset: u64, what: &str) -> Self {
        let message =
            format!("{file} is damaged at byte {offset}: {what}; restore a backup of the database");
        let mut error = Self::new(ErrorKind::Corrupt, message);
        error.0.details.file = Some(file);
        error.0.details.offset = Some(offset);
        error
    }

    /// Bytes that could not be decoded, where the place is not known yet; see [`Error::at`].
    #[cold]
    pub fn decode(what: &str) -> Self {
        Self::new(ErrorKind::Corrupt, what)
    }

    /// Says where a decode error happened.
    #[must_use]
    pub fn at(self, file: &'static str, offset: u64) -> Self {
        if self.0.kind == ErrorKind::Corrupt && self.0.details.file.is_none() {
            return Self::corrupt(file, offset, &self.0.message);
        }
        self
    }

    /// The signal that an asynchronous storage must fetch chunks before the operation can be
    /// retried from its start. Only the host of such a storage ever sees it.
    #[cold]
    pub fn missing() -> Self {
        let mut error = Self::new(ErrorKind::Io, "the storage must fetch chunks; fetch and retry");
        error.0.missing = true;
        error
    }

    /// Whether this is the signal of [`Error::missing`].
    pub fn is_missing(&self) -> bool {
        self.0.missing
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What went wrong and what to do, for people; not part of the contract.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it happened.
    pub fn details(&self) -> &Details {
        &self.0.details
    }

    /// Adds to the details.
    #[must_use]
    pub fn with(mut self, add: impl FnOnce(&mut Details)) -> Self {
        add(&mut self.0.details);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.kind.name(), self.0.message)
    }
}

impl From<Malformed> for Error {
    #[cold]
    fn from(Malformed(what): Malformed) -> Self {
        Self::decode(what)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} {:?}", self.0.details)
    }
}

impl std::error::Error for Error {}
