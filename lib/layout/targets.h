/* Further targets of the images: points and values that training learns besides the AUs, from a
 * safetensors file (docs/data.md, section targets). */
#ifndef CLILE_I_TARGETS_H
#define CLILE_I_TARGETS_H

#include "base/base.h"
#include "store/safetensors.h"

enum { CLILE_I_MOST_TARGETS = 4096 }; /* points, and values, of an image */

typedef struct {
    int32_t p, v; /* points and values of an image; 0: none */
    /* [n,p,2] in pixels of the image or, if in_crop, in sides of the crop from its top left
     * corner; NaN: not known. NULL in a joined data set, whose holders have them. */
    float *points;
    float *values;                          /* [n,v]; NaN: not known; NULL likewise */
    int32_t *points_mirror, *values_mirror; /* [p], [v]: left-right partner; NULL: not given */
    int32_t in_crop;
} clile_i_targets;

void clile_i_targets_free(clile_i_targets *targets);

/* The tensors points, values, points_mirror and values_mirror of an open file with `rows` rows of
 * targets. Sample i of n gets row row[i] (NULL: i). FORMAT: neither points nor values; a wrong
 * type, shape or number (the text names file, tensor and row). Frees nothing on failure: the
 * caller does. */
clile_status clile_i_targets_get(const clile_i_st *file, int64_t rows, int64_t n,
                                 const int64_t *row, clile_i_targets *out);
/* Whether this is the name of one of these tensors. */
int clile_i_targets_is_name(const char *name);
/* Adds those of n samples to a file. Arrays are borrowed until it is written. */
clile_status clile_i_targets_put(clile_i_st_writer *writer, int64_t n,
                                 const clile_i_targets *targets);

/* Whether two sets of targets mean the same: as many points and values, with the same partners. A
 * set without points, or without values, agrees with any there. */
int clile_i_targets_fit(const clile_i_targets *a, const clile_i_targets *b);
/* Copies from `from` the numbers and partners that `out` lacks, without the targets themselves. */
clile_status clile_i_targets_copy_kind(const clile_i_targets *from, clile_i_targets *out);

/* CRC-32 of points, values, points_mirror and values_mirror, one after the other. */
uint32_t clile_i_targets_crc(int64_t n, const clile_i_targets *targets);

#endif
