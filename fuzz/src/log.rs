//! A whole log. The first byte says whether checksums are made right and whether a later epoch says
//! where this one ended; then comes that place, and then the file.

use entidb::fuzz;

use crate::bounded;

const RESEALED: u8 = 1;
const ENDED: u8 = 2;
const FILE_BYTES_MAX: usize = 64 * 1024;

/// The target; see the [module](self).
pub fn run(data: &[u8]) {
    let [flags, through, file @ ..] = data else { return };
    if file.len() > FILE_BYTES_MAX {
        return;
    }
    let mut file = file.to_vec();
    if flags & RESEALED != 0 {
        fuzz::reseal_log(&mut file);
    }
    let through = (flags & ENDED != 0).then_some(u64::from(*through));
    bounded(file.len(), 16, 512 * 1024, || fuzz::log(&file, through));
}
