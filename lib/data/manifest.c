/* A CSV manifest: a header and one row for each image.
 *   image     path, absolute or below the folder of the manifest
 *   subject   any name
 *   AU1, ...  1 present, 0 absent; 9, -1 or nothing: not coded. AU01, au1 and AU01_c are the same column
 *   x0, y0, ... x4, y4 (or x67, y67), optional: landmarks in image pixels, all or none in a row
 * Other columns are left alone. */
#include "data/layout.h"

#include <string.h>

#define MANIFEST_NAME "manifest.csv"

typedef struct {
    int64_t image, subject, columns;
    int32_t c;                     /* AU columns that are used */
    int32_t au[CLILE_I_ROWS_MOST]; /* [c] */
    int64_t at[CLILE_I_ROWS_MOST]; /* [c] their columns */
    int64_t first_point;           /* column of x0, -1: no landmarks */
    int32_t points;
} header;

static char lower(char ch)
{
    return ch >= 'A' && ch <= 'Z' ? (char)(ch - 'A' + 'a') : ch;
}

static int equals(const char *begin, const char *end, const char *word)
{
    for (; begin < end && *word != '\0'; ++begin, ++word)
        if (lower(*begin) != *word) return 0;
    return begin == end && *word == '\0';
}

/* AU of a column name, 0 when it is none. */
static int32_t column_au(const char *begin, const char *end)
{
    int64_t au = 0;
    if (end - begin < 3 || lower(begin[0]) != 'a' || lower(begin[1]) != 'u') return 0;
    if (end - begin > 4 && end[-2] == '_' && lower(end[-1]) == 'c') end -= 2;
    if (begin[2] < '0' || begin[2] > '9' || !clile_i_parse_i64(begin + 2, end, &au)) return 0;
    return au >= 1 && au <= 999 ? (int32_t)au : 0;
}

/* Landmark columns: x0 y0 x1 y1 ... side by side. */
static clile_status read_point_columns(const clile_i_rows *rows, header *out)
{
    out->first_point = -1;
    for (int64_t k = 0; k < rows->count; ++k)
        if (equals(rows->begin[k], rows->end[k], "x0")) out->first_point = k;
    if (out->first_point < 0) return CLILE_OK;
    int32_t named = 0;
    for (int64_t k = out->first_point; k < rows->count; ++k, ++named) {
        char name[16];
        snprintf(name, sizeof name, "%c%d", named % 2 == 0 ? 'x' : 'y', named / 2);
        if (!equals(rows->begin[k], rows->end[k], name)) break;
    }
    if (named != 2 * 5 && named != 2 * 68)
        return clile_i_rows_fail(rows, "%d landmark columns from x0 on, expected x0,y0,...,x4,y4 or ...,x67,y67",
                                 named);
    out->points = named / 2;
    return CLILE_OK;
}

static clile_status read_header(const clile_i_rows *rows, header *out)
{
    memset(out, 0, sizeof *out);
    out->image = out->subject = -1;
    out->columns = rows->count;
    for (int64_t k = 0; k < rows->count; ++k) {
        if (equals(rows->begin[k], rows->end[k], "image")) out->image = k;
        if (equals(rows->begin[k], rows->end[k], "subject")) out->subject = k;
        const int32_t au = column_au(rows->begin[k], rows->end[k]);
        if (au == 0) continue;
        for (int32_t a = 0; a < out->c; ++a)
            if (out->au[a] == au) return clile_i_rows_fail(rows, "two columns for AU %d", au);
        out->au[out->c] = au;
        out->at[out->c++] = k;
    }
    if (out->image < 0 || out->subject < 0 || out->c == 0)
        return clile_i_rows_fail(rows, "no column %s, expected image,subject,AU1,...",
                                 out->image < 0     ? "\"image\""
                                 : out->subject < 0 ? "\"subject\""
                                                    : "of an AU (\"AU1\")");
    return read_point_columns(rows, out);
}

/* Keeps the wanted AUs only, in the wanted order. */
static clile_status choose(const clile_i_rows *rows, const char *au_set, header *h)
{
    clile_status status = CLILE_OK;
    clile_i_text have = {0};
    int32_t count = 0, *ids = NULL;
    int64_t at[64];
    CLILE_I_RETURN_IF(clile_i_au_set_parse(au_set, h->c, h->au, &count, &ids));
    if (strcmp(au_set, "auto") == 0) goto cleanup;
    for (int32_t k = 0; k < count; ++k) {
        int32_t a = 0;
        while (a < h->c && h->au[a] != ids[k]) ++a;
        if (a == h->c) {
            for (a = 0; a < h->c; ++a) clile_i_text_append(&have, " %d", h->au[a]);
            status = clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s %s: AU %d is not coded there; it has%s", rows->kind,
                                  rows->name, ids[k], have.data != NULL ? have.data : " none");
            goto cleanup;
        }
        at[k] = h->at[a];
    }
    h->c = count;
    memcpy(h->au, ids, (size_t)count * sizeof *ids);
    memcpy(h->at, at, (size_t)count * sizeof *at);
cleanup:
    clile_i_text_free(&have);
    clile_i_free(ids);
    return status;
}

static clile_status read_row(const clile_i_rows *rows, const header *h, const clile_i_layout_request *request,
                             clile_i_table *table)
{
    int8_t codes[CLILE_I_ROWS_MOST];
    char image[4096];
    float five[10];
    int32_t subject = 0, landmarks = 0;

    CLILE_I_RETURN_IF(clile_i_rows_expect(rows, h->columns));
    table->counts.label_rows++;
    const char *begin = rows->begin[h->image];
    const size_t size = (size_t)(rows->end[h->image] - begin);
    if (size == 0 || size >= sizeof image || memchr(begin, '\0', size) != NULL)
        return clile_i_rows_fail(rows, "the image has no usable path (%zu bytes)", size);
    memcpy(image, begin, size);
    image[size] = '\0';
    if (rows->begin[h->subject] == rows->end[h->subject]) return clile_i_rows_fail(rows, "the subject has no name");
    CLILE_I_RETURN_IF(clile_i_table_subject(table, rows->begin[h->subject], rows->end[h->subject], &subject));
    for (int32_t a = 0; a < h->c; ++a) {
        CLILE_I_RETURN_IF(clile_i_rows_code(rows, h->at[a], h->au[a], 1, &codes[a]));
        if (codes[a] < 0 && request->unknown_negative) codes[a] = 0;
    }
    for (int32_t i = 0; i < 2 * h->points; ++i)
        landmarks |= rows->begin[h->first_point + i] < rows->end[h->first_point + i];
    if (landmarks) CLILE_I_RETURN_IF(clile_i_landmarks_parse(rows, h->first_point, h->points, five));
    table->counts.images_without_landmarks += !landmarks;
    return clile_i_table_add(table, "", image, subject, codes, landmarks ? five : NULL);
}

/* *file: the manifest, *folder: what image paths are below. Both the caller's. */
static clile_status locate(const char *path, char **file, char **folder)
{
    *file = *folder = NULL;
    if (clile_i_path_is_folder(path)) {
        *file = clile_i_path_join(path, MANIFEST_NAME);
        *folder = clile_i_strdup(path);
    } else {
        const char *slash = strrchr(path, '/');
        *file = clile_i_strdup(path);
        *folder = clile_i_strdup(slash != NULL ? path : ".");
        if (slash != NULL && *folder != NULL) (*folder)[slash == path ? 1 : slash - path] = '\0';
    }
    return *file != NULL && *folder != NULL ? CLILE_OK : CLILE_E_OUT_OF_MEMORY;
}

static clile_status open_manifest(const clile_i_layout_request *request, clile_i_table *table)
{
    clile_status status = CLILE_OK;
    clile_i_rows rows = {0};
    char *file = NULL, *folder = NULL;
    header *h = NULL;
    int32_t more = 0;

    CLILE_I_ALLOC(h, 1);
    CLILE_I_TRY(locate(request->path, &file, &folder));
    CLILE_I_TRY(clile_i_rows_open("manifest", file, &rows));
    CLILE_I_TRY(clile_i_rows_next(&rows, &more));
    if (!more) {
        status =
            clile_i_fail(CLILE_E_FORMAT, "manifest %s is empty, expected a header image,subject,AU1,...", rows.name);
        goto cleanup;
    }
    CLILE_I_TRY(read_header(&rows, h));
    CLILE_I_TRY(choose(&rows, request->au_set, h));
    CLILE_I_TRY(clile_i_table_begin(table, folder, h->c, h->au));
    for (;;) {
        CLILE_I_TRY(clile_i_rows_next(&rows, &more));
        if (!more) break;
        CLILE_I_TRY(read_row(&rows, h, request, table));
    }
    status = clile_i_table_finish(table);
cleanup:
    clile_i_rows_close(&rows);
    clile_i_free(h);
    clile_i_free(folder);
    clile_i_free(file);
    return status;
}

static clile_status recognise(const char *path, int32_t *fits)
{
    const char *dot = strrchr(path, '.');
    *fits = !clile_i_path_is_folder(path) && dot != NULL && equals(dot, dot + strlen(dot), ".csv");
    if (!*fits && clile_i_path_is_folder(path)) {
        char *file = clile_i_path_join(path, MANIFEST_NAME);
        if (file == NULL) return CLILE_E_OUT_OF_MEMORY;
        *fits = clile_i_path_exists(file);
        clile_i_free(file);
    }
    return CLILE_OK;
}

const clile_i_layout clile_i_layout_csv = {
    .name = "csv",
    .looked_for = "a file *.csv, or " MANIFEST_NAME " in the folder",
    .recognise = recognise,
    .open = open_manifest,
};
