//! Every maximum and size as a named constant. `FORMAT.md` lists them for readers of the format.

/// Encoded bytes of a document.
pub const DOCUMENT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Levels of arrays and objects in a document, the document itself being the first.
pub const DOCUMENT_DEPTH_MAX: usize = 128;
/// UTF-8 bytes of a string id.
pub const ID_STRING_BYTES_MAX: usize = 512;
/// Bytes of an encoded id: tag, each byte escaped, terminator.
pub const ID_KEY_BYTES_MAX: usize = 1 + 2 * ID_STRING_BYTES_MAX + 2;
/// Bytes of the encoded values of one ordered index entry.
pub const INDEX_VALUES_BYTES_MAX: usize = 1024;
/// Space and id in front of every key.
pub const KEY_PREFIX_BYTES: usize = 5;
/// Bytes of a key of the store: prefix, index values, id.
pub const KEY_BYTES_MAX: usize = KEY_PREFIX_BYTES + INDEX_VALUES_BYTES_MAX + ID_KEY_BYTES_MAX + 8;
/// Room for the lengths, offsets, trailer and restart points around one entry in a block of its
/// own.
pub const ENTRY_OVERHEAD_BYTES: usize = 128;
/// Fields of a compound index.
pub const INDEX_FIELDS_MAX: usize = 8;
/// Indexes of one collection.
pub const INDEXES_MAX: usize = 64;
/// Entries that one document may have in one `each` index.
pub const INDEX_ENTRIES_PER_DOCUMENT_MAX: usize = 10_000;
/// UTF-8 bytes of a path of an index.
pub const PATH_BYTES_MAX: usize = 512;
/// UTF-8 bytes of a collection's name.
pub const COLLECTION_NAME_BYTES_MAX: usize = 128;
/// Collections of a database.
pub const COLLECTIONS_MAX: usize = 4096;
/// Largest target size of a data block: with one entry of the largest size a raw block stays below
/// [`RAW_BLOCK_BYTES_MAX`].
pub const BLOCK_BYTES_MAX: u32 = 8 * 1024;
/// Raw blocks stay below this, where the compressor gives the same bytes on 32 and 64 bits.
pub const RAW_BLOCK_BYTES_MAX: usize = 65_535;
/// Units of a segment.
pub const SEGMENT_UNITS_MAX: u32 = 64;
/// Two headers in front of the frames of a log.
pub const LOG_HEAD_BYTES: u32 = 1024;
/// Decoded blocks kept in memory, unless told otherwise.
pub const CACHE_BYTES_DEFAULT: usize = 32 * 1024 * 1024;
/// Milliseconds after which an unused snapshot expires.
pub const SNAPSHOT_IDLE_MS_MAX: u64 = 60_000;
/// Bytes written since a snapshot was taken up to which it is kept in any case; beyond, up to the
/// size of the database.
pub const SNAPSHOT_BYTES_MIN: u64 = 256 * 1024 * 1024;
/// Bytes of the keys of recent commits that transactions are validated against.
pub const RECENT_KEYS_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of keys that a transaction remembers to have read; beyond, it counts as having read whole
/// collections and indexes.
pub const READ_KEYS_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of keys of documents that share values of a unique index in the middle of a transaction.
pub const SHARED_KEYS_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Different values of an index up to which they are counted one by one.
pub const INDEX_SAMPLE_VALUES: u64 = 256;
/// Entries at each end of an index that tell how many different values there are beyond.
pub const INDEX_SAMPLE_ENTRIES: usize = 1024;
/// Index entries that one page of a query examines.
pub const PAGE_EXAMINED_MAX: u64 = 64 * 1024;
/// Misses that one page gathers before it gives up.
pub const PAGE_MISSES_MAX: usize = 64;
/// Problems that a verification names; those beyond are counted only.
pub const PROBLEMS_MAX: usize = 1000;
/// Open transactions and snapshots.
pub const SNAPSHOTS_MAX: usize = 1024;

const _: () = {
    let block = BLOCK_BYTES_MAX as usize;
    assert!(block + block * 4 + KEY_BYTES_MAX + ENTRY_OVERHEAD_BYTES < RAW_BLOCK_BYTES_MAX);
    assert!(ID_KEY_BYTES_MAX > ID_STRING_BYTES_MAX);
};
