/* A data set is a shared core (samples, pixels or paths, cache) and views that list some of its
 * samples. */
#ifndef CLILE_I_DATA_CORE_H
#define CLILE_I_DATA_CORE_H

#include "data/data.h"
#include "layout/table.h"

/* Rendered crops of one size. A slot is filled once and never changed. */
typedef struct clile_i_crops {
    int32_t size;
    struct clile_i_crops *next;
    uint8_t **crop; /* [n] NULL or [size + 2 margin, size + 2 margin, 3] */
} clile_i_crops;

typedef struct clile_i_core {
    clile_i_refs refs;
    clile_i_table table;
    uint8_t *pixels; /* [n,h,w,3] of arrays; NULL: images are files */
    int32_t h, w;
    int64_t max_pixels;
    double box_margin, crop_margin;  /* crop_margin: a share of the crop; not that of a pack */
    int64_t cache_limit, cache_used; /* bytes; atomic */
    clile_i_crops *crops;            /* a list with one entry per size in use; atomic */
    /* Several data sets joined in one (concat.c): the cores that hold the images, each once,
     * retained; else NULL. Sample i is sample holder_index[i] of holder[holder_of[i]], which caches
     * it. A holder has no holders. */
    int32_t holders;
    struct clile_i_core **holder; /* [holders] */
    int32_t *holder_of;           /* [n] */
    int64_t *holder_index;        /* [n] */
} clile_i_core;

struct clile_dataset {
    clile_i_refs refs;
    clile_i_core *core;
    int64_t n;
    int64_t *index; /* [n] samples of the core */
    int32_t subjects;
    int32_t *subject;     /* [subjects] subjects of the core */
    int32_t *subject_of;  /* [core subjects] index in this view; -1: absent */
    char *protocol;       /* protocol of the outermost fold this is a part of; NULL: none */
    int32_t fold, tested; /* tested: 1 for the part left out of training */
};

/* Takes ownership of the table's contents and of `pixels`, even on failure. */
clile_status clile_i_core_create(clile_i_table *table, uint8_t *pixels, int32_t h, int32_t w,
                                 const clile_options *options, clile_i_core **out);
void clile_i_core_release(clile_i_core *core); /* NULL does nothing */

/* Lists the samples of `whole` (NULL: the whole core) whose subject's mark is `wanted` (marks NULL:
 * all samples). Retains the core. */
clile_status clile_i_view_create(clile_i_core *core, const clile_dataset *whole,
                                 const uint8_t *marks /*[subjects]*/, uint8_t wanted,
                                 clile_dataset **out);

/* subject_file.c: sets *folds of the protocol file:PATH and, unless marks [subjects] is NULL,
 * marks the tested subjects of a fold (unchanged if there is no such fold). IO; FORMAT: a bad
 * line; INVALID_ARGUMENT: a subject is unknown, in two parts or in none. */
clile_status clile_i_subject_file_mark(const clile_dataset *dataset, const char *path, int32_t fold,
                                       uint8_t *marks, int32_t *folds);

/* origin.c: writes the metadata of a pack. */
clile_status clile_i_origin_put(clile_i_st_writer *writer, const clile_dataset *dataset);
/* Records which part of a fold this is. NULL does nothing. */
clile_status clile_i_origin_name_part(clile_dataset *part, const char *protocol, int32_t fold,
                                      int32_t tested);

/* crops.c: the margin in pixels with which the core keeps crops of `size` pixels. A core with
 * holders has the margin of the first. */
int32_t clile_i_core_margin(const clile_i_core *core, int32_t size);
/* A thread's memory for crops that are not cached. Starts as zeros; its owner frees it. */
typedef struct {
    uint8_t *bytes;
    int64_t size;
} clile_i_crop_space;
/* A stored crop, [side,side,3] with side = size + 2 margin. */
typedef struct {
    const uint8_t *rgb;
    int32_t margin;
} clile_i_stored;
/* The stored crop of sample `index` of the core. It is in the cache, or rendered into the space and
 * valid until the next call. Any thread. */
clile_status clile_i_crop_get(clile_i_core *core, int64_t index, int32_t size,
                              clile_i_crop_space *space, clile_i_stored *stored);
/* INVALID_ARGUMENT: the table's pack holds crops with another margin. */
clile_status clile_i_pack_check_margin(const clile_i_table *table, int32_t margin);
/* Renders it with another margin into dst [side,side,3], without the cache. INVALID_ARGUMENT: not
 * the size or margin of the pack. */
clile_status clile_i_crop_render(const clile_i_core *core, int64_t index, int32_t size,
                                 int32_t margin, uint8_t *dst);
/* The whole image, decoded; to be freed even on failure. UNSUPPORTED: the image of a pack. */
clile_status clile_i_crop_source(const clile_i_core *core, int64_t index, clile_i_image *image);
/* Maps the canonical crop of side 1 to pixels of the image, without decoding it. For files and
 * arrays, not for packs and drawn faces. Errors of alignment; for images used whole, errors of
 * clile_i_image_size. */
clile_status clile_i_crop_place(const clile_i_core *core, int64_t index, clile_i_affine *map);
/* The five points [5,2] of sample `index` in pixels of its image, whose canonical crop of side 1 is
 * `map`. For clile_i_dataset_copy_five. */
clile_status clile_i_crop_five(const clile_i_core *core, int64_t index, double *five,
                               clile_i_affine *map);
/* Copies the canonical crop [size,size,3] from the middle of a stored one. */
void clile_i_crop_copy_middle(const clile_i_stored *stored, int32_t size, uint8_t *rgb);
void clile_i_crops_free(clile_i_core *core);

#endif
