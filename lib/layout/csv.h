/* What the columns of a CSV file with a header are: a manifest of ours, or what OpenFace and
 * Py-Feat write. */
#ifndef CLILE_I_CSV_H
#define CLILE_I_CSV_H

#include "layout/columns.h"

typedef enum { CLILE_I_CSV_MANIFEST, CLILE_I_CSV_OPENFACE, CLILE_I_CSV_PYFEAT } clile_i_csv_kind;

typedef struct {
    clile_i_csv_kind kind;
    int64_t columns;
    int64_t image, subject;        /* columns, -1: none; Py-Feat's `input` is the image */
    int64_t frame, success;        /* the same */
    int64_t score;                 /* Py-Feat's FaceScore */
    int32_t c;                     /* AU columns that are used */
    int32_t au[CLILE_I_ROWS_MOST]; /* [c] */
    int64_t at[CLILE_I_ROWS_MOST]; /* [c] their columns */
    int32_t intensities;           /* columns AUn_r: they are no labels */
    clile_i_place_columns place;
} clile_i_csv_header;

/* The kind of a header row, without a check. */
clile_i_csv_kind clile_i_csv_recognise(const clile_i_rows *rows);
/* From the header row. FORMAT: a column is missing or there twice. */
clile_status clile_i_csv_read_header(const clile_i_rows *rows, clile_i_csv_header *out);
/* Keeps the AUs of au_set, in that order. INVALID_ARGUMENT: one is not there. */
clile_status clile_i_csv_choose(const clile_i_rows *rows, const char *au_set,
                                clile_i_csv_header *header);

/* What a row says. */
typedef struct {
    int8_t codes[CLILE_I_ROWS_MOST]; /* [c] */
    int32_t has_five, has_box;
    float five[10], box[4];
} clile_i_csv_row;
/* Warns of columns that seem to be of an AU or a face's place and are not understood
 * ("AU2_presence", "bbox"), and of a file of OpenFace that does not say where there is a face. */
clile_status clile_i_csv_warn_columns(const clile_i_rows *rows, const clile_i_csv_header *header,
                                      clile_i_table *table);
/* *face: 0 when the row says that no face was found: success 0; of Py-Feat no score (nothing or
 * NaN), no value of any AU. No other column of such a row need make sense. FORMAT: success is
 * neither 0 nor 1; a wrong number of columns. */
clile_status clile_i_csv_has_face(const clile_i_rows *rows, const clile_i_csv_header *header,
                                  int32_t *face);
/* Labels and places of the present row, which must have the header's number of columns. */
clile_status clile_i_csv_read_row(const clile_i_rows *rows, const clile_i_csv_header *header,
                                  int32_t unknown_negative, clile_i_csv_row *out);
/* A field as text. FORMAT: empty, or `size` bytes and more. */
clile_status clile_i_csv_text(const clile_i_rows *rows, int64_t field, const char *what, char *out,
                              size_t size);

/* trackers.c: a file of OpenFace or Py-Feat, or a folder of them. *fits: 1 when the path is one. */
clile_status clile_i_trackers_recognise(const char *path, int32_t *fits);
clile_status clile_i_trackers_open(const clile_i_layout_request *request, clile_i_table *table);

#endif
