/* CSV files row by row, with messages that say where. */
#include "store/rows.h"

#include "base/format.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

enum { SHOWN = 40 }; /* bytes of a bad field that a message quotes */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

clile_status clile_i_encoding_check(const char *kind, const char *name, const clile_i_file *file)
{
    const uint8_t *mark = file->data;
    if (file->size < 2 ||
        !((mark[0] == 0xFF && mark[1] == 0xFE) || (mark[0] == 0xFE && mark[1] == 0xFF)))
        return CLILE_OK;
    return clile_i_fail(CLILE_E_FORMAT, "%s %s is UTF-16 text, expected UTF-8", kind, name);
}

clile_status clile_i_label_file_open(const char *kind, const char *path, int64_t max_bytes,
                                     clile_i_file *out)
{
    CLILE_I_RETURN_IF(clile_i_file_open(path, out));
    const clile_status status =
        out->size <= (uint64_t)max_bytes
            ? clile_i_encoding_check(kind, base_name(path), out)
            : clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                           "%s %s has %zu bytes, max_label_mb allows %lld", kind, base_name(path),
                           out->size, (long long)max_bytes);
    if (status != CLILE_OK) clile_i_file_close(out);
    return status;
}

clile_status clile_i_rows_open(const char *kind, const char *path, int64_t max_bytes,
                               clile_i_rows *rows)
{
    clile_status status = CLILE_OK;
    memset(rows, 0, sizeof *rows);
    rows->kind = kind;
    rows->name = base_name(path);
    CLILE_I_TRY(clile_i_label_file_open(kind, path, max_bytes, &rows->file));
    rows->lines = (clile_i_lines){.data = (const char *)rows->file.data, .size = rows->file.size};
    CLILE_I_ALLOC(rows->begin, CLILE_I_ROWS_MOST);
    CLILE_I_ALLOC(rows->end, CLILE_I_ROWS_MOST);
cleanup:
    if (status != CLILE_OK) clile_i_rows_close(rows);
    return status;
}

void clile_i_rows_close(clile_i_rows *rows)
{
    clile_i_file_close(&rows->file);
    clile_i_free(rows->begin);
    clile_i_free(rows->end);
    clile_i_free(rows->unescaped);
    rows->begin = rows->end = NULL;
    rows->unescaped = NULL;
}

/* ---- separators ---- */

const char *clile_i_separators_found(const char *begin, const char *end, int32_t blanks)
{
    int quoted = 0, tabs = 0;
    for (; begin < end; ++begin) {
        if (*begin == '"') quoted = !quoted;
        if (quoted) continue;
        if (*begin == ';') return "semicolons";
        tabs |= *begin == '\t';
    }
    return tabs && !blanks ? "tabs" : NULL;
}

clile_status clile_i_rows_check_separators(const clile_i_rows *rows)
{
    if (rows->count > 1 ||
        clile_i_separators_found(rows->line_begin, rows->line_end, rows->blanks) == NULL)
        return CLILE_OK;
    return clile_i_rows_fail(rows, "one column");
}

void clile_i_rows_split_otherwise(clile_i_rows *rows)
{
    const char *at = rows->line_begin;
    for (rows->count = 0; rows->count < CLILE_I_ROWS_MOST; at = rows->end[rows->count++] + 1) {
        const char *stop = at;
        while (stop < rows->line_end && *stop != ';' && *stop != '\t') ++stop;
        rows->begin[rows->count] = at;
        rows->end[rows->count] = stop;
        if (stop == rows->line_end) break;
    }
    if (rows->count < CLILE_I_ROWS_MOST) ++rows->count;
}

/* A field such as "0,5" in quotes: its index + 1, 0 if there is none. */
static int64_t find_decimal_comma(const clile_i_rows *rows)
{
    const int64_t count = rows->count < CLILE_I_ROWS_MOST ? rows->count : CLILE_I_ROWS_MOST;
    for (int64_t k = 0; k < count; ++k) {
        const char *comma = memchr(rows->begin[k], ',', (size_t)(rows->end[k] - rows->begin[k]));
        int64_t digits = 0;
        if (comma != NULL && clile_i_parse_i64(rows->begin[k], comma, &digits) &&
            clile_i_parse_i64(comma + 1, rows->end[k], &digits))
            return k + 1;
    }
    return 0;
}

clile_status clile_i_rows_fail(const clile_i_rows *rows, const char *format, ...)
{
    char text[512], cause[128] = "";
    const char *found = clile_i_separators_found(rows->line_begin, rows->line_end, rows->blanks);
    const char *wanted = rows->blanks ? "blanks or commas" : "commas";
    const int64_t decimal = find_decimal_comma(rows);
    va_list arguments;
    va_start(arguments, format);
    clile_i_format(text, sizeof text, format, arguments);
    va_end(arguments);
    if (found != NULL && rows->count == 1)
        snprintf(text, sizeof text, "the columns are separated by %s, expected %s", found, wanted);
    else if (found != NULL)
        snprintf(cause, sizeof cause,
                 "; the row has %s, expected %s between columns and points in numbers", found,
                 wanted);
    else if (decimal > 0)
        snprintf(cause, sizeof cause, "; column %lld has a decimal comma, expected a point",
                 (long long)decimal);
    return clile_i_fail(CLILE_E_FORMAT, "%s %s, row %lld: %s%s", rows->kind, rows->name,
                        (long long)rows->lines.line, text, cause);
}

/* ---- rows ---- */

/* Turns each "" within a quoted field into one ". */
static clile_status unescape(clile_i_rows *rows, int64_t field)
{
    const char *at = rows->begin[field], *end = rows->end[field];
    if (rows->unescaped == NULL) rows->unescaped = clile_i_calloc((int64_t)rows->file.size, 1);
    if (rows->unescaped == NULL) return CLILE_E_OUT_OF_MEMORY;
    char *to = rows->unescaped + (at - (const char *)rows->file.data);
    rows->begin[field] = to;
    for (; at < end; ++at) {
        *to++ = *at;
        if (*at == '"' && at + 1 < end && at[1] == '"') ++at;
    }
    rows->end[field] = to;
    return CLILE_OK;
}

static clile_status finish_quotes(clile_i_rows *rows)
{
    for (int64_t k = 0; k < rows->count; ++k) {
        const char *begin = rows->begin[k], *end = rows->end[k];
        const int quoted = begin > rows->line_begin && begin[-1] == '"';
        int64_t quotes = 0;
        int doubled = 0;
        if (begin == end || (!quoted && *begin != '"')) continue;
        for (const char *at = begin; at < end; ++at) {
            quotes += *at == '"';
            doubled |= at > begin && at[0] == '"' && at[-1] == '"';
        }
        if (!quoted && quotes % 2 == 1)
            return clile_i_rows_fail(rows, "the quote before column %lld is not closed in the row",
                                     (long long)k + 1);
        if (quoted && doubled) CLILE_I_RETURN_IF(unescape(rows, k));
    }
    return CLILE_OK;
}

/* Extends a row by the lines that its quoted fields continue on. */
static void join_lines(clile_i_rows *rows, const char *begin, const char **end)
{
    const char *next = NULL, *at = begin;
    int quotes = 0;
    for (;;) {
        for (; at < *end; ++at) quotes += *at == '"';
        if (quotes % 2 == 0 || !clile_i_lines_next(&rows->lines, &next, end)) return;
    }
}

clile_status clile_i_rows_next(clile_i_rows *rows, int32_t *more)
{
    const char *begin = NULL, *end = NULL;
    *more = 0;
    while (clile_i_lines_next(&rows->lines, &begin, &end)) {
        const char *first = begin;
        while (first < end && (*first == ' ' || *first == '\t')) ++first;
        if (first == end) continue;
        if (rows->breaks) join_lines(rows, begin, &end);
        rows->line_begin = begin;
        rows->line_end = end;
        rows->count = 0;
        const char *nul = memchr(begin, '\0', (size_t)(end - begin));
        if (nul != NULL)
            return clile_i_rows_fail(rows, "byte %lld is NUL", (long long)(nul - begin) + 1);
        rows->count = clile_i_csv_split(begin, end, CLILE_I_ROWS_MOST, rows->begin, rows->end);
        if (rows->count > CLILE_I_ROWS_MOST)
            return clile_i_rows_fail(rows, "%lld columns, expected at most %d",
                                     (long long)rows->count, CLILE_I_ROWS_MOST);
        CLILE_I_RETURN_IF(finish_quotes(rows));
        *more = 1;
        break;
    }
    return CLILE_OK;
}

clile_status clile_i_rows_expect(const clile_i_rows *rows, int64_t expected)
{
    if (rows->count == expected) return CLILE_OK;
    return clile_i_rows_fail(
        rows, "%lld columns, header has %lld%s", (long long)rows->count, (long long)expected,
        rows->count > expected ? " (a decimal comma makes two columns of a number)" : "");
}

int clile_i_rows_is_nan(const clile_i_rows *rows, int64_t field)
{
    const char *at = rows->begin[field], *end = rows->end[field];
    if (at < end && (*at == '-' || *at == '+')) ++at;
    if (end - at >= 3 && memcmp(at, "1.#", 3) == 0)
        return end - at > 3 && (at[3] == 'I' || at[3] == 'Q');
    for (int k = 0; k < 3; ++k, ++at)
        if (at == end || (*at != "nan"[k] && *at != "NAN"[k])) return 0;
    return at == end || *at == '(';
}

static int shown_size(const clile_i_rows *rows, int64_t field)
{
    const ptrdiff_t size = rows->end[field] - rows->begin[field];
    return size < SHOWN ? (int)size : SHOWN;
}

clile_status clile_i_rows_whole(const clile_i_rows *rows, int64_t field, const char *what,
                                int64_t *out)
{
    if (clile_i_parse_i64(rows->begin[field], rows->end[field], out) && *out >= 0) return CLILE_OK;
    return clile_i_rows_fail(rows, "column %lld is \"%.*s\", expected %s (a whole number)",
                             (long long)field + 1, shown_size(rows, field), rows->begin[field],
                             what);
}

clile_status clile_i_rows_code(const clile_i_rows *rows, int64_t field, int32_t au, int32_t loose,
                               int8_t *out)
{
    int64_t code = 0;
    double real = 0.0;
    const int empty = rows->begin[field] == rows->end[field];
    int number = clile_i_parse_i64(rows->begin[field], rows->end[field], &code);
    if (loose && !number && clile_i_parse_f64(rows->begin[field], rows->end[field], &real) &&
        fabs(real) < 10.0) {
        code = (int64_t)real;
        number = (double)code == real;
    }
    if (number && (code == 0 || code == 1)) {
        *out = (int8_t)code;
    } else if ((number && code == 9) || (loose && (empty || (number && code == -1)))) {
        *out = -1;
    } else {
        return clile_i_rows_fail(rows, "code \"%.*s\" for AU %d, expected 0, 1 or %s; column %lld",
                                 shown_size(rows, field), rows->begin[field], au,
                                 loose ? "9, -1 or nothing (not coded)" : "9 (not coded)",
                                 (long long)field + 1);
    }
    return CLILE_OK;
}
