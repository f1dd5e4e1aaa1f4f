/* The one reader and the one writer of safetensors files
 * (https://github.com/huggingface/safetensors, format section): 8 bytes little-endian header
 * length, a JSON header, raw little-endian tensors. The reader trusts nothing: every offset,
 * size, name and number is checked before use. */
#ifndef CLILE_I_SAFETENSORS_H
#define CLILE_I_SAFETENSORS_H

#include "base/base.h"

enum { CLILE_I_ST_MAX_DIMS = 8 };

/* Tensors are used in place in the mapped file, and written as they are in memory. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "libclile needs a little-endian machine"
#endif

typedef enum {
    CLILE_I_ST_F32,
    CLILE_I_ST_F64,
    CLILE_I_ST_I8,
    CLILE_I_ST_U8,
    CLILE_I_ST_I32,
    CLILE_I_ST_I64,
    CLILE_I_ST_OTHER
} clile_i_st_type;

typedef struct {
    const char *name; /* owned by the file */
    clile_i_st_type type;
    int32_t ndim;
    int64_t shape[CLILE_I_ST_MAX_DIMS];
    int64_t count;       /* product of shape */
    const uint8_t *data; /* in the mapped file, possibly unaligned: memcpy out of it */
    size_t bytes;
    const char *dtype; /* as in the file, e.g. "BF16"; static */
} clile_i_st_tensor;

typedef struct clile_i_st clile_i_st;

/* Opens and checks a file. FORMAT: not a safetensors file as the format defines it; CORRUPT:
 * truncated or too long; UNSUPPORTED: more than CLILE_I_ST_MAX_DIMS dimensions. Every type of
 * the format is accepted. If the metadata have our "clile_crc32", the CRC of the data is
 * verified too (CORRUPT). */
clile_status clile_i_st_open(const char *path, clile_i_st **out);
/* Likewise without the CRC, so that the data are not touched: for files that may be larger than
 * memory. */
clile_status clile_i_st_open_unverified(const char *path, clile_i_st **out);
/* Likewise for an open file, which it takes over: a pipe can be read only once. `path` is for
 * messages. */
clile_status clile_i_st_open_file(const char *path, clile_i_file *file, int verify,
                                  clile_i_st **out);
/* Likewise for bytes in memory, borrowed until close; messages call them "memory". */
clile_status clile_i_st_open_memory(const void *bytes, size_t size, clile_i_st **out);
void clile_i_st_close(clile_i_st *st);
const char *clile_i_st_path(const clile_i_st *st);
/* Tensors are in order of name (bytewise). */
int64_t clile_i_st_count(const clile_i_st *st);
const clile_i_st_tensor *clile_i_st_at(const clile_i_st *st, int64_t index);
/* NULL when absent */
const clile_i_st_tensor *clile_i_st_find(const clile_i_st *st, const char *name);
/* Borrowed value of a __metadata__ key, NULL when absent. */
const char *clile_i_st_metadata(const clile_i_st *st, const char *key);
/* Metadata that must be there, as a text or as a whole number. FORMAT: names file and key. */
clile_status clile_i_st_need_text(const clile_i_st *st, const char *key, const char **out);
clile_status clile_i_st_need_integer(const clile_i_st *st, const char *key, int64_t least,
                                     int64_t most, int64_t *out);
/* All of __metadata__, in file order; borrowed. */
int64_t clile_i_st_metadata_count(const clile_i_st *st);
void clile_i_st_metadata_at(const clile_i_st *st, int64_t index, const char **key,
                            const char **value);
/* Copies a tensor that must exist with this type and shape; otherwise CLILE_E_FORMAT names file,
 * tensor and both shapes. */
clile_status clile_i_st_copy(const clile_i_st *st, const char *name, clile_i_st_type type,
                             int32_t ndim, const int64_t *shape, void *dst);
/* Appends "F32 [2, 3]". */
void clile_i_st_append_type(clile_i_text *text, const char *dtype, int32_t ndim,
                            const int64_t *shape);

typedef struct clile_i_st_writer clile_i_st_writer;
clile_status clile_i_st_writer_create(clile_i_st_writer **out);
void clile_i_st_writer_destroy(clile_i_st_writer *writer);
/* `data` must stay valid until write. Names must be unique; names and metadata keys must be
 * UTF-8. UNSUPPORTED for CLILE_I_ST_OTHER. */
clile_status clile_i_st_writer_add(clile_i_st_writer *writer, const char *name,
                                   clile_i_st_type type, int32_t ndim, const int64_t *shape,
                                   const void *data);
clile_status clile_i_st_writer_metadata(clile_i_st_writer *writer, const char *key,
                                        const char *value); /* copies both */
/* Writes atomically, data aligned to 64 bytes, with "clile_crc32" (8 hex digits, CRC-32 of all
 * tensor bytes in file order). Same input, same bytes. */
clile_status clile_i_st_writer_write(clile_i_st_writer *writer, const char *path);
/* Likewise into a new block, to be freed. */
clile_status clile_i_st_writer_write_memory(clile_i_st_writer *writer, uint8_t **bytes,
                                            size_t *size);

/* Writes the same file piece by piece, for data that do not fit in memory: add_later instead of
 * add for tensors that come by put; begin; the pieces of each such tensor in order (tensors may
 * alternate); finish. Until finish succeeds there is no file of this name; destroy gives up.
 * STATE: begin twice, finish with bytes missing; INVALID_ARGUMENT: too many bytes, an unknown
 * name. */
clile_status clile_i_st_writer_add_later(clile_i_st_writer *writer, const char *name,
                                         clile_i_st_type type, int32_t ndim, const int64_t *shape);
clile_status clile_i_st_writer_begin(clile_i_st_writer *writer, const char *path);
clile_status clile_i_st_writer_put(clile_i_st_writer *writer, const char *name, const void *data,
                                   size_t size);
clile_status clile_i_st_writer_finish(clile_i_st_writer *writer);

#endif
