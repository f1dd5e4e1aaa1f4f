/* What the images of a folder or pack are. */
#ifndef CLILE_I_ORIGIN_H
#define CLILE_I_ORIGIN_H

#include "layout/table.h"

/* The name of a file in a folder, and of a key in a pack, that says how the images were made. */
#define CLILE_I_KIND_MARK "data_kind"

/* What the crop of an image is taken from. Packs store these letters. */
typedef enum {
    CLILE_I_PLACED_LANDMARKS = 'l',
    CLILE_I_PLACED_BOX = 'b',
    CLILE_I_PLACED_CROP = 'c',
    CLILE_I_PLACED_UNKNOWN = 'u'
} clile_i_placed;
clile_i_placed clile_i_origin_placed(const clile_i_table *table, int64_t sample);
/* Applies the option data_kind; auto: what a pack says, or the file `data_kind` in the folder of
 * `path`. FORMAT: another word. */
clile_status clile_i_origin_set_kind(const char *wanted, const char *path, clile_i_table *table);
/* Reads the metadata of a pack, once the table is filled. FORMAT: bad metadata. */
clile_status clile_i_origin_get(const clile_i_st *file, clile_i_table *table);

#endif
