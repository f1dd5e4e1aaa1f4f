/* A CSV file row by row. Blank rows are skipped; rows count from 1, header included. OpenFace
 * and Py-Feat write more than 700 columns. */
#ifndef CLILE_I_ROWS_H
#define CLILE_I_ROWS_H

#include "base/base.h"

enum { CLILE_I_ROWS_MOST = 2048 };
typedef struct {
    const char *kind, *name; /* for messages: "BP4D label file", "F001_T1.csv" */
    int32_t blanks;          /* 1: blanks separate columns, too */
    int32_t breaks;          /* 1: a quoted field may contain line breaks */
    clile_i_file file;
    clile_i_lines lines;
    const char *line_begin, *line_end; /* the current row */
    int64_t count;                     /* its fields */
    /* [CLILE_I_ROWS_MOST] fields without surrounding blanks and quotes, each "" in quotes as one
     * ". They point to memory that stays until the rows are closed, not always into the row. */
    const char **begin, **end;
    char *unescaped; /* [file.size] fields that had a "", at their offset in the file; NULL: none */
} clile_i_rows;
/* FORMAT: UTF-16, which spreadsheets write as "Unicode text". */
clile_status clile_i_encoding_check(const char *kind, const char *name, const clile_i_file *file);
/* Opens a text file of at most max_bytes (max_label_mb). IO; INVALID_ARGUMENT: larger; FORMAT:
 * UTF-16. */
clile_status clile_i_label_file_open(const char *kind, const char *path, int64_t max_bytes,
                                     clile_i_file *out);
/* `kind` and `path` must outlive the rows. Fails as clile_i_label_file_open. */
clile_status clile_i_rows_open(const char *kind, const char *path, int64_t max_bytes,
                               clile_i_rows *rows);
void clile_i_rows_close(clile_i_rows *rows);
/* *more: 0 at the end. FORMAT: more than CLILE_I_ROWS_MOST fields, a NUL byte, or a quote not
 * closed within the row. */
clile_status clile_i_rows_next(clile_i_rows *rows, int32_t *more);
/* FORMAT unless the current row has `expected` fields: "KIND NAME, row R: N columns, header has
 * M". */
clile_status clile_i_rows_expect(const clile_i_rows *rows, int64_t expected);
/* Field k as a whole number >= 0. FORMAT with file, row, column and what was there. */
clile_status clile_i_rows_whole(const clile_i_rows *rows, int64_t field, const char *what,
                                int64_t *out);
/* Field k as an occurrence code: 1, 0 or 9 (when `loose` also -1, nothing, or any of them as a
 * decimal) becomes 1, 0 or -1. FORMAT with file, row, column and what was there. */
clile_status clile_i_rows_code(const clile_i_rows *rows, int64_t field, int32_t au, int32_t loose,
                               int8_t *out);
/* Spreadsheets of countries with a decimal comma separate columns by semicolons. Returns
 * "semicolons" or "tabs" if the text has any outside quotes (blanks: tabs are fine), otherwise
 * NULL. */
const char *clile_i_separators_found(const char *begin, const char *end, int32_t blanks);
/* FORMAT if the current row is one column only because its separators are not commas. */
clile_status clile_i_rows_check_separators(const clile_i_rows *rows);
/* Splits the current row again at semicolons and tabs, to guess what it was meant to be. */
void clile_i_rows_split_otherwise(clile_i_rows *rows);
/* 1 for "nan" in any case, and for how C libraries print it: -nan(ind), 1.#IND, -1.#QNAN. */
int clile_i_rows_is_nan(const clile_i_rows *rows, int64_t field);
/* Fails with "KIND NAME, row R: " in front of the text. Also names wrong separators and decimal
 * commas in the row, since those are the likely cause. */
CLILE_I_PRINTF(2, 3)
clile_status clile_i_rows_fail(const clile_i_rows *rows, const char *format, ...);

#endif
