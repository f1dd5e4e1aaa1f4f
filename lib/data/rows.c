/* CSV files row by row, with messages that say where. */
#include "data/layout.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

enum { SHOWN = 40 }; /* bytes of a bad field that a message repeats */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

clile_status clile_i_label_file_open(const char *kind, const char *path, int64_t max_bytes, clile_i_file *out)
{
    CLILE_I_RETURN_IF(clile_i_file_open(path, out));
    if (out->size <= (uint64_t)max_bytes) return CLILE_OK;
    const size_t size = out->size;
    clile_i_file_close(out);
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s %s has %zu bytes, max_label_mb allows %lld", kind,
                        base_name(path), size, (long long)max_bytes);
}

clile_status clile_i_rows_open(const char *kind, const char *path, int64_t max_bytes, clile_i_rows *rows)
{
    memset(rows, 0, sizeof *rows);
    rows->kind = kind;
    rows->name = base_name(path);
    CLILE_I_RETURN_IF(clile_i_label_file_open(kind, path, max_bytes, &rows->file));
    rows->lines = (clile_i_lines){.data = (const char *)rows->file.data, .size = rows->file.size};
    return CLILE_OK;
}

void clile_i_rows_close(clile_i_rows *rows)
{
    clile_i_file_close(&rows->file);
}

clile_status clile_i_rows_fail(const clile_i_rows *rows, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return clile_i_fail(CLILE_E_FORMAT, "%s %s, row %lld: %s", rows->kind, rows->name, (long long)rows->lines.line,
                        text);
}

clile_status clile_i_rows_next(clile_i_rows *rows, int32_t *more)
{
    const char *begin = NULL, *end = NULL;
    *more = 0;
    while (clile_i_lines_next(&rows->lines, &begin, &end)) {
        const char *first = begin;
        while (first < end && (*first == ' ' || *first == '\t')) ++first;
        if (first == end) continue;
        const char *nul = memchr(begin, '\0', (size_t)(end - begin));
        if (nul != NULL) return clile_i_rows_fail(rows, "byte %lld is NUL", (long long)(nul - begin) + 1);
        rows->count = clile_i_csv_split(begin, end, CLILE_I_ROWS_MOST, rows->begin, rows->end);
        if (rows->count > CLILE_I_ROWS_MOST)
            return clile_i_rows_fail(rows, "%lld columns, at most %d are read", (long long)rows->count,
                                     CLILE_I_ROWS_MOST);
        *more = 1;
        break;
    }
    return CLILE_OK;
}

clile_status clile_i_rows_expect(const clile_i_rows *rows, int64_t expected)
{
    if (rows->count == expected) return CLILE_OK;
    return clile_i_rows_fail(rows, "%lld columns, header has %lld", (long long)rows->count, (long long)expected);
}

static int shown_size(const clile_i_rows *rows, int64_t field)
{
    const ptrdiff_t size = rows->end[field] - rows->begin[field];
    return size < SHOWN ? (int)size : SHOWN;
}

clile_status clile_i_rows_whole(const clile_i_rows *rows, int64_t field, const char *what, int64_t *out)
{
    if (clile_i_parse_i64(rows->begin[field], rows->end[field], out) && *out >= 0) return CLILE_OK;
    return clile_i_rows_fail(rows, "column %lld is \"%.*s\", expected %s (a whole number)", (long long)field + 1,
                             shown_size(rows, field), rows->begin[field], what);
}

clile_status clile_i_rows_code(const clile_i_rows *rows, int64_t field, int32_t au, int32_t loose, int8_t *out)
{
    int64_t code = 0;
    double real = 0.0;
    const int empty = rows->begin[field] == rows->end[field];
    int number = clile_i_parse_i64(rows->begin[field], rows->end[field], &code);
    if (loose && !number && clile_i_parse_f64(rows->begin[field], rows->end[field], &real) && fabs(real) < 10.0) {
        code = (int64_t)real;
        number = (double)code == real;
    }
    if (number && (code == 0 || code == 1)) {
        *out = (int8_t)code;
    } else if ((number && code == 9) || (loose && (empty || (number && code == -1)))) {
        *out = -1;
    } else {
        return clile_i_rows_fail(rows, "code \"%.*s\" for AU %d, expected 0, 1 or %s", shown_size(rows, field),
                                 rows->begin[field], au, loose ? "9, -1 or nothing (not coded)" : "9 (not coded)");
    }
    return CLILE_OK;
}
