/* The columns of a CSV file with a header: our manifests, and the output of OpenFace and
 * Py-Feat. */
#ifndef CLILE_I_CSV_H
#define CLILE_I_CSV_H

#include "layout/columns.h"

typedef enum { CLILE_I_CSV_MANIFEST, CLILE_I_CSV_OPENFACE, CLILE_I_CSV_PYFEAT } clile_i_csv_kind;

typedef struct {
    clile_i_csv_kind kind;
    int64_t columns;
    int64_t image, subject;        /* columns; -1: none; Py-Feat's `input` is the image */
    int64_t frame, success;        /* likewise */
    int64_t score;                 /* Py-Feat's FaceScore */
    int32_t c;                     /* AU columns in use */
    int32_t au[CLILE_I_ROWS_MOST]; /* [c] */
    int64_t at[CLILE_I_ROWS_MOST]; /* [c] columns of au */
    /* [c] columns AUn_r of a manifest; -1: none. Without one of occurrence, `at` is the same. */
    int64_t intensity_at[CLILE_I_ROWS_MOST];
    int32_t intensities; /* number of columns AUn_r; of OpenFace they are not labels */
    clile_i_place_columns place;
} clile_i_csv_header;

/* The kind of a header row; checks nothing. */
clile_i_csv_kind clile_i_csv_recognise(const clile_i_rows *rows);
/* Reads the header row. FORMAT: a column is missing or occurs twice. */
clile_status clile_i_csv_read_header(const clile_i_rows *rows, clile_i_csv_header *out);
/* Keeps the AUs of au_set, in that order. INVALID_ARGUMENT: one is missing. */
clile_status clile_i_csv_choose(const clile_i_rows *rows, const char *au_set,
                                clile_i_csv_header *header);

/* The contents of a row. */
typedef struct {
    int8_t codes[CLILE_I_ROWS_MOST];     /* [c] */
    int8_t intensity[CLILE_I_ROWS_MOST]; /* [c]; only if the header has `intensities` */
    int32_t has_points, has_box;
    clile_i_landmarks landmarks;
    float box[4];
} clile_i_csv_row;
/* Warns of columns that look like an AU or a face position but are not understood ("AU2_presence",
 * "bbox"), and of OpenFace files that do not say where a face was found. */
clile_status clile_i_csv_warn_columns(const clile_i_rows *rows, const clile_i_csv_header *header,
                                      clile_i_table *table);
/* *face: 0 if the row says that no face was found: success is 0 or, for Py-Feat, the score is
 * missing or NaN and no AU has a value. The other columns of such a row are not checked. FORMAT:
 * success is neither 0 nor 1; a wrong number of columns. */
clile_status clile_i_csv_has_face(const clile_i_rows *rows, const clile_i_csv_header *header,
                                  int32_t *face);
/* Reads labels and face positions of the current row, which must have as many columns as the
 * header. present_from: the intensity from which an AU without one of occurrence is present. */
clile_status clile_i_csv_read_row(const clile_i_rows *rows, const clile_i_csv_header *header,
                                  int32_t unknown_negative, int32_t present_from,
                                  clile_i_csv_row *out);
/* Reads a field as text. FORMAT: empty, or does not fit in `size` bytes. */
clile_status clile_i_csv_text(const clile_i_rows *rows, int64_t field, const char *what, char *out,
                              size_t size);

/* trackers.c: an OpenFace or Py-Feat file, or a folder of them. *fits: 1 if the path is one. */
clile_status clile_i_trackers_recognise(const char *path, int32_t *fits);
clile_status clile_i_trackers_open(const clile_i_layout_request *request, clile_i_table *table);

#endif
