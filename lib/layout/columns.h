/* Which columns of a header say where a face is. One table of names for every file that has a
 * header: files of landmarks and boxes, manifests, trackers, and what `clile predict --faces`
 * reads. */
#ifndef CLILE_I_COLUMNS_H
#define CLILE_I_COLUMNS_H

#include "layout/layout.h"

/* What the four columns of a box are. */
typedef enum {
    CLILE_I_BOX_NONE,
    CLILE_I_BOX_SIDES,
    CLILE_I_BOX_CORNERS,
    CLILE_I_BOX_CENTRE
} clile_i_box_form;

typedef struct clile_i_place_columns {
    clile_i_box_form form; /* x,y,w,h; left,top,right,bottom; middle,middle,w,h */
    int64_t box[4];
    int32_t points; /* 5, 68, or 0: none */
    int64_t point[2 * 68];
} clile_i_place_columns;

/* From a header row. Both may be missing: other columns are the caller's. FORMAT: a part of a
 * box or of landmarks, a column twice. Landmarks x_0 ..., y_0 ... of more than 68 points are
 * another mesh and are left alone. */
clile_status clile_i_columns_find(const clile_i_rows *rows, clile_i_place_columns *out);
/* FORMAT that says which names are expected, for a header without `wanted` ("a box",
 * "landmarks", ...). */
clile_status clile_i_columns_missing(const clile_i_rows *rows, const char *wanted);
/* The column of this name, in any letters; -1: none. */
int64_t clile_i_columns_named(const clile_i_rows *rows, const char *name);
/* Whether the present row is a header: one of its fields from `first` on begins with a letter,
 * nan and inf left aside. */
int clile_i_columns_is_header(const clile_i_rows *rows, int64_t first);

#endif
