/* Which columns of a header give the position of a face. All files with a header share one table of
 * names: landmark and box files, manifests, tracker output, and the input of `clile predict
 * --faces`. */
#ifndef CLILE_I_COLUMNS_H
#define CLILE_I_COLUMNS_H

#include "layout/layout.h"

/* What the four columns of a box hold. */
typedef enum {
    CLILE_I_BOX_NONE,
    CLILE_I_BOX_SIDES,
    CLILE_I_BOX_CORNERS,
    CLILE_I_BOX_CENTRE
} clile_i_box_form;

typedef struct clile_i_place_columns {
    clile_i_box_form form; /* x,y,w,h; left,top,right,bottom; centre x,y,w,h */
    int64_t box[4];
    int32_t points; /* 5, 68, or 0 for none */
    int64_t point[2 * 68];
} clile_i_place_columns;

/* Finds them in a header row. Both may be missing. Other columns are left to the caller. FORMAT: an
 * incomplete box or set of landmarks, or a column twice. Landmarks x_0 ..., y_0 ... with more than
 * 68 points belong to another mesh and are ignored. */
clile_status clile_i_columns_find(const clile_i_rows *rows, clile_i_place_columns *out);
/* FORMAT, with the names expected, for a header without `wanted` ("a box", "landmarks", ...). */
clile_status clile_i_columns_missing(const clile_i_rows *rows, const char *wanted);
/* The column of this name, ignoring case; -1: none. */
int64_t clile_i_columns_named(const clile_i_rows *rows, const char *name);
/* Whether the current row is a header: one of its fields from `first` on starts with a letter and
 * is not nan or inf. */
int clile_i_columns_is_header(const clile_i_rows *rows, int64_t first);

#endif
