/* The contract of a layout: one file of this room knows how one kind of folder is laid out and turns it into a table of
 * samples (image, subject, labels, landmarks). To add a layout, write its file and name it in layout.c. */
#ifndef CLILE_I_DATA_LAYOUT_H
#define CLILE_I_DATA_LAYOUT_H

#include "data/table.h"

typedef struct {
    const char *path;         /* folder or file */
    const char *au_set;       /* option text */
    int32_t unknown_negative; /* labels that are not coded count as absent */
    int32_t present_from;     /* DISFA: least intensity of a present AU */
} clile_i_layout_request;

typedef struct {
    const char *name;       /* value of the option `layout` */
    const char *looked_for; /* what recognises it, for the message when nothing fits */
    /* *fits: 1 when the folder looks like this layout. */
    clile_status (*recognise)(const char *path, int32_t *fits);
    /* Fills a zeroed table and finishes it; the caller frees it also on failure. */
    clile_status (*open)(const clile_i_layout_request *request, clile_i_table *table);
} clile_i_layout;

extern const clile_i_layout clile_i_layout_bp4d;
extern const clile_i_layout clile_i_layout_disfa;
extern const clile_i_layout clile_i_layout_csv;
extern const clile_i_layout clile_i_layout_list;
extern const clile_i_layout clile_i_layout_pack;

/* Opens request->path as the layout of this name, or as the first that recognises it when the name is "auto". */
clile_status clile_i_layout_open(const char *name, const clile_i_layout_request *request, clile_i_table *table);

/* ---- what several layouts need -------------------------------------------------------------------------- */

/* au_set.c: the option au_set as numbers. "auto" gives the layout's usual ones. `*ids` is the caller's. */
clile_status clile_i_au_set_parse(const char *text, int32_t usual_count, const int32_t *usual, int32_t *count,
                                  int32_t **ids);
extern const int32_t clile_i_au_set_bp4d[12];
extern const int32_t clile_i_au_set_disfa[8];

/* rows.c: a CSV file row by row. Blank rows are skipped; rows are counted from 1, the header being one. */
enum { CLILE_I_ROWS_MOST = 512 };
typedef struct {
    const char *kind, *name; /* for messages: "BP4D label file", "F001_T1.csv" */
    clile_i_file file;
    clile_i_lines lines;
    int64_t count;                        /* fields of the present row */
    const char *begin[CLILE_I_ROWS_MOST]; /* fields without surrounding blanks and quotes */
    const char *end[CLILE_I_ROWS_MOST];
} clile_i_rows;
/* `kind` and `path` must outlive the rows. IO. */
clile_status clile_i_rows_open(const char *kind, const char *path, clile_i_rows *rows);
void clile_i_rows_close(clile_i_rows *rows);
/* *more: 0 at the end. FORMAT: more than CLILE_I_ROWS_MOST fields. */
clile_status clile_i_rows_next(clile_i_rows *rows, int32_t *more);
/* FORMAT unless the present row has `expected` fields: "KIND NAME, row R: N columns, header has M". */
clile_status clile_i_rows_expect(const clile_i_rows *rows, int64_t expected);
/* Field k as a whole number >= 0; FORMAT with file, row, column and what was there. */
clile_status clile_i_rows_whole(const clile_i_rows *rows, int64_t field, const char *what, int64_t *out);
/* Field k as an occurrence code: 1, 0, 9 (or -1 or empty when `loose`), to 1, 0, -1. */
clile_status clile_i_rows_code(const clile_i_rows *rows, int64_t field, int32_t au, int32_t loose, int8_t *out);
/* Ends of a message about the present row: "KIND NAME, row R: " in front of the text. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
clile_status
clile_i_rows_fail(const clile_i_rows *rows, const char *format, ...);

/* frames.c: the images of a folder by frame number (the digits at the end of the name; jpg, jpeg, png, bmp). */
typedef struct {
    int64_t number;
    const char *name;
} clile_i_frame;
typedef struct {
    clile_i_names names;
    clile_i_frame *frames; /* [count], ascending */
    int64_t count;
} clile_i_frames;
/* 1 and the number for an image whose name (without folders) ends in digits: "0042.jpg", "frame_42.PNG". */
int clile_i_frame_number(const char *name, int64_t *number);
/* A folder that does not exist has no frames. FORMAT: two images of one number. */
clile_status clile_i_frames_list(const char *folder, clile_i_frames *out);
void clile_i_frames_free(clile_i_frames *frames);
const clile_i_frame *clile_i_frames_find(const clile_i_frames *frames, int64_t number); /* NULL: none */
/* Where the images are: "" or the folder directly below `path` in which one of `below` (such as "F001/T1") holds
 * images.
 * `*out` is the caller's. FORMAT: nowhere. */
clile_status clile_i_frames_root(const char *path, int64_t count, char *const *below, char **out);

/* landmarks.c: frame, x0, y0, ... of 5 or 68 points, reduced to five. */
typedef struct {
    int64_t frame;
    float five[10]; /* [5,2] image pixels */
} clile_i_landmark_row;
typedef struct {
    clile_i_landmark_row *rows; /* [count], ascending */
    int64_t count, capacity;
} clile_i_landmarks;
/* A file that does not exist has no landmarks. */
clile_status clile_i_landmarks_read(const char *path, clile_i_landmarks *out);
void clile_i_landmarks_free(clile_i_landmarks *landmarks);
const float *clile_i_landmarks_find(const clile_i_landmarks *landmarks, int64_t frame); /* NULL: none */
/* Fields first .. first + 2 points - 1 of a row. */
clile_status clile_i_landmarks_parse(const clile_i_rows *rows, int64_t first, int32_t points, float *five);

#endif
