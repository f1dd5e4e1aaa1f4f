/* The one reader of zip archives (PKWARE's APPNOTE.TXT 6.3, including zip64): stored members in
 * place, deflated ones through zlib. Every offset, size and count is checked before use; a
 * member's CRC-32 is verified when it is read. Encrypted and split archives are refused. */
#ifndef CLILE_I_ZIP_H
#define CLILE_I_ZIP_H

#include "base/base.h"

typedef struct clile_i_zip clile_i_zip;

/* 1 if the file begins like an archive. */
int clile_i_zip_is(const clile_i_file *file);
/* Reads the directory; `file` and `path` (for messages) are borrowed until close. FORMAT: not an
 * archive; CORRUPT: truncated or damaged; UNSUPPORTED: split, encrypted, or a method other than
 * stored and deflated. */
clile_status clile_i_zip_open(const clile_i_file *file, const char *path, clile_i_zip **out);
void clile_i_zip_close(clile_i_zip *zip); /* NULL does nothing */
int64_t clile_i_zip_count(const clile_i_zip *zip);
/* Names are UTF-8 without NUL, in directory order. */
const char *clile_i_zip_name(const clile_i_zip *zip, int64_t index);
int64_t clile_i_zip_find(const clile_i_zip *zip, const char *name); /* -1 when absent */
/* The bytes of a member, valid until close. CORRUPT: the CRC differs, or the bytes do not
 * inflate to the size in the directory; UNSUPPORTED: more than 1 GiB of deflated members in all. */
clile_status clile_i_zip_read(clile_i_zip *zip, int64_t index, const uint8_t **data, size_t *size);

#endif
