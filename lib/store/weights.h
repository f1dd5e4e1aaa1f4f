/* Named tensors of a file that somebody else may have made: safetensors, or dictionaries of
 * tensors written by torch.save (a zip archive since PyTorch 1.6). One view of both, in order of
 * name. Nothing in a file is run (pickle.h). */
#ifndef CLILE_I_WEIGHTS_H
#define CLILE_I_WEIGHTS_H

#include "base/base.h"

enum { CLILE_I_WEIGHT_MAX_DIMS = 8 };

typedef struct {
    const char *name;  /* keys of nested dictionaries are joined by points */
    const char *dtype; /* its safetensors name: "F32"; static */
    int32_t ndim;
    int64_t shape[CLILE_I_WEIGHT_MAX_DIMS];
    /* in elements, none negative; used if strided */
    int64_t stride[CLILE_I_WEIGHT_MAX_DIMS];
    int64_t count;       /* product of shape */
    int64_t bytes;       /* of its elements, packed */
    int32_t strided;     /* 0: packed, row-major */
    const uint8_t *data; /* first element, possibly unaligned */
} clile_i_weight;

typedef struct clile_i_weights clile_i_weights;

/* Statuses of clile_i_st_open, clile_i_zip_open and clile_i_pickle_read. FORMAT: neither kind of
 * file, no dictionary, a name twice; UNSUPPORTED: torch.save before PyTorch 1.6 (the text says
 * how to convert it), big-endian. verify 0: does not check the CRC of a safetensors file's data. */
clile_status clile_i_weights_open(const char *path, int verify, clile_i_weights **out);
void clile_i_weights_close(clile_i_weights *weights); /* NULL does nothing */
int64_t clile_i_weights_count(const clile_i_weights *weights);
const clile_i_weight *clile_i_weights_at(const clile_i_weights *weights, int64_t index);
/* NULL when absent */
const clile_i_weight *clile_i_weights_find(const clile_i_weights *weights, const char *name);
/* 0: safetensors */
int clile_i_weights_is_torch(const clile_i_weights *weights);
/* __metadata__ of a safetensors file, in file order; borrowed. */
int64_t clile_i_weights_metadata_count(const clile_i_weights *weights);
void clile_i_weights_metadata_at(const clile_i_weights *weights, int64_t index, const char **key,
                                 const char **value);

/* 1 for F32, F16, BF16 and F64. */
int clile_i_weight_is_float(const clile_i_weight *weight);
/* All elements, row-major, as float32; F64 is rounded to nearest. INTERNAL: not a float type. */
clile_status clile_i_weight_copy(const clile_i_weight *weight, float *dst);

/* torch_file.c: passes each tensor of an archive written by torch.save to `add`, which copies.
 * `archive` must stay open while the data are used. */
struct clile_i_zip;
typedef clile_status (*clile_i_weight_fn)(void *context, const clile_i_weight *weight);
clile_status clile_i_torch_read(struct clile_i_zip *archive, const char *path,
                                clile_i_weight_fn add, void *context);

#endif
