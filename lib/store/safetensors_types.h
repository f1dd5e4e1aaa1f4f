/* The types of the safetensors format. Private to store. */
#ifndef CLILE_I_SAFETENSORS_TYPES_H
#define CLILE_I_SAFETENSORS_TYPES_H

#include "store/safetensors.h"

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors are little-endian and copied as they are: a big-endian machine needs a swap"
#endif

/* The format's own limit on the JSON header. */
enum { CLILE_I_ST_MAX_HEADER = 100000000 };
#define CLILE_I_ST_CRC_KEY "clile_crc32"
#define CLILE_I_ST_METADATA_KEY "__metadata__"

typedef struct {
    const char *name;
    clile_i_st_type type;
    int32_t bits; /* of one element */
} clile_i_st_dtype;

/* By its name in a file; NULL if the format has no such name. */
const clile_i_st_dtype *clile_i_st_dtype_named(const char *name);
/* By our type; NULL for CLILE_I_ST_OTHER. */
const clile_i_st_dtype *clile_i_st_dtype_of(clile_i_st_type type);
#endif
