/** Every maximum that the package checks before anything is sent; the engine has the same ones. */

/** Encoded bytes of a document. */
export const DOCUMENT_BYTES_MAX = 16 * 1024 * 1024
/** Levels of arrays and objects in a document, the document itself being the first. */
export const DOCUMENT_DEPTH_MAX = 128
/** UTF-8 bytes of a string id. */
export const ID_STRING_BYTES_MAX = 512
/** Fields of a compound index. */
export const INDEX_FIELDS_MAX = 8
/** UTF-8 bytes of a path of an index. */
export const PATH_BYTES_MAX = 512
/** UTF-8 bytes of a database's name. */
export const DATABASE_NAME_BYTES_MAX = 80
/** UTF-8 bytes of a collection's name. */
export const COLLECTION_NAME_BYTES_MAX = 128
