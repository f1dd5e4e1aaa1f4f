/* Reads the golden files: safetensors written by tests/parity/parity.py. */
#ifndef CLILE_TEST_GOLDEN_H
#define CLILE_TEST_GOLDEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/safetensors.h"

static inline clile_i_st *golden_open(const char *path)
{
    clile_i_st *st = NULL;
    if (clile_i_st_open(path, &st) != CLILE_OK) fail_msg("%s", clile_last_error());
    return st;
}

/* A tensor that must be there with this type; a copy that the caller frees. shape may be NULL,
 * else [4]. */
static inline void *golden_copy(const clile_i_st *st, const char *name, clile_i_st_type type,
                                int64_t *shape)
{
    const clile_i_st_tensor *tensor = clile_i_st_find(st, name);
    if (tensor == NULL) fail_msg("%s: no tensor %s", clile_i_st_path(st), name);
    if (tensor->type != type)
        fail_msg("%s: tensor %s is of another type", clile_i_st_path(st), name);
    void *data = malloc(tensor->bytes > 0 ? tensor->bytes : 1);
    assert_non_null(data);
    memcpy(data, tensor->data, tensor->bytes);
    for (int32_t i = 0; shape != NULL && i < tensor->ndim && i < 4; ++i)
        shape[i] = tensor->shape[i];
    return data;
}

/* Number in the metadata. */
static inline int64_t golden_number(const clile_i_st *st, const char *key)
{
    const char *text = clile_i_st_metadata(st, key);
    int64_t value = 0;
    if (text == NULL || !clile_i_parse_i64(text, text + strlen(text), &value))
        fail_msg("%s: metadata %s is not a number", clile_i_st_path(st), key);
    return value;
}

#endif
