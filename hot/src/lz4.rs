//! Compression of blocks. A block of 8 KiB takes six times as long where this is built to be small.

use lz4_flex::block;

/// Bytes that `len` bytes may become at most.
pub fn bound(len: usize) -> usize {
    block::get_maximum_output_size(len)
}

/// Compresses `input` into `output`, and says how many bytes that took; nothing where there is no
/// room.
#[inline(never)]
pub fn compress(input: &[u8], output: &mut [u8]) -> Option<usize> {
    block::compress_into(input, output).ok()
}

/// Decompresses `input` into `output`, and says how many bytes there were; nothing where `input`
/// makes no sense or there is no room.
#[inline(never)]
pub fn decompress(input: &[u8], output: &mut [u8]) -> Option<usize> {
    block::decompress_into(input, output).ok()
}
