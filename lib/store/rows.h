/* A CSV file row by row. Blank rows are skipped; rows are counted from 1, the header being one.
 * OpenFace and Py-Feat write more than 700 columns. */
#ifndef CLILE_I_ROWS_H
#define CLILE_I_ROWS_H

#include "base/base.h"

enum { CLILE_I_ROWS_MOST = 2048 };
typedef struct {
    const char *kind, *name; /* for messages: "BP4D label file", "F001_T1.csv" */
    int32_t blanks;          /* 1: columns may be separated by blanks, too */
    clile_i_file file;
    clile_i_lines lines;
    const char *line_begin, *line_end; /* the present row */
    int64_t count;                     /* fields of it */
    /* [CLILE_I_ROWS_MOST] fields without surrounding blanks and quotes; "" in quotes is one ".
     * What they point to is there until the rows are closed, but it need not be in the row. */
    const char **begin, **end;
    char *unescaped; /* [file.size] fields that had a "", where they are in the file; NULL: none */
} clile_i_rows;
/* FORMAT: UTF-16, which spreadsheets write as "Unicode text". */
clile_status clile_i_encoding_check(const char *kind, const char *name, const clile_i_file *file);
/* A text file of at most max_bytes (max_label_mb). IO; INVALID_ARGUMENT: larger; FORMAT: UTF-16. */
clile_status clile_i_label_file_open(const char *kind, const char *path, int64_t max_bytes,
                                     clile_i_file *out);
/* `kind` and `path` must outlive the rows. As clile_i_label_file_open. */
clile_status clile_i_rows_open(const char *kind, const char *path, int64_t max_bytes,
                               clile_i_rows *rows);
void clile_i_rows_close(clile_i_rows *rows);
/* *more: 0 at the end. FORMAT: more than CLILE_I_ROWS_MOST fields, a NUL byte, a quote that the
 * row does not close: line breaks in a field are not read. */
clile_status clile_i_rows_next(clile_i_rows *rows, int32_t *more);
/* FORMAT unless the present row has `expected` fields: "KIND NAME, row R: N columns, header has
 * M". */
clile_status clile_i_rows_expect(const clile_i_rows *rows, int64_t expected);
/* Field k as a whole number >= 0; FORMAT with file, row, column and what was there. */
clile_status clile_i_rows_whole(const clile_i_rows *rows, int64_t field, const char *what,
                                int64_t *out);
/* Field k as an occurrence code: 1, 0, 9 (or -1, nothing, or any of them as a decimal when
 * `loose`), to 1, 0, -1. FORMAT with file, row, column and what was there. */
clile_status clile_i_rows_code(const clile_i_rows *rows, int64_t field, int32_t au, int32_t loose,
                               int8_t *out);
/* Spreadsheets of countries with a decimal comma separate columns by semicolons. "semicolons" or
 * "tabs" when the text has any outside quotes (blanks: tabs are fine), otherwise NULL. */
const char *clile_i_separators_found(const char *begin, const char *end, int32_t blanks);
/* FORMAT when the present row is one column only because its separators are not commas. */
clile_status clile_i_rows_check_separators(const clile_i_rows *rows);
/* Splits the present row anew, at semicolons and tabs: to guess what it would be. */
void clile_i_rows_split_otherwise(clile_i_rows *rows);
/* "nan" in any letters and the like, as C libraries print it: -nan(ind), 1.#IND, -1.#QNAN. */
int clile_i_rows_is_nan(const clile_i_rows *rows, int64_t field);
/* Ends of a message about the present row: "KIND NAME, row R: " in front of the text. Wrong
 * separators and decimal commas in the row are named, too, since the text is about what follows
 * from them. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
clile_status
clile_i_rows_fail(const clile_i_rows *rows, const char *format, ...);

#endif
