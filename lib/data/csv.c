/* Columns by their names. OpenFace: github.com/TadasBaltrusaitis/OpenFace/wiki/Output-Format; Py-Feat: py-feat.org. */
#include "data/csv.h"

#include <string.h>

/* Py-Feat's AU columns are probabilities. */
static const double PRESENT_FROM = 0.5;

static char lower(char ch)
{
    return ch >= 'A' && ch <= 'Z' ? (char)(ch - 'A' + 'a') : ch;
}

/* Whether field k is `word`, which is in small letters, whatever letters it is in. */
static int is_named(const clile_i_rows *rows, int64_t k, const char *word)
{
    const char *begin = rows->begin[k], *end = rows->end[k];
    for (; begin < end && *word != '\0'; ++begin, ++word)
        if (lower(*begin) != *word) return 0;
    return begin == end && *word == '\0';
}

/* The same letter by letter: OpenFace has both x_0 and X_0. */
static int is_exactly(const clile_i_rows *rows, int64_t k, const char *word)
{
    const size_t size = strlen(word);
    return (size_t)(rows->end[k] - rows->begin[k]) == size && memcmp(rows->begin[k], word, size) == 0;
}

static int64_t find(const clile_i_rows *rows, const char *word)
{
    for (int64_t k = 0; k < rows->count; ++k)
        if (is_named(rows, k, word)) return k;
    return -1;
}

static int64_t find_exactly(const clile_i_rows *rows, const char *word)
{
    for (int64_t k = 0; k < rows->count; ++k)
        if (is_exactly(rows, k, word)) return k;
    return -1;
}

/* AU of a column name, 0 when it is none; *ending: 'c' or 'r' of "AU01_c", "AU01_r", 0 without. */
static int32_t column_au(const clile_i_rows *rows, int64_t k, char *ending)
{
    const char *begin = rows->begin[k], *end = rows->end[k];
    int64_t au = 0;
    *ending = 0;
    if (end - begin < 3 || lower(begin[0]) != 'a' || lower(begin[1]) != 'u') return 0;
    if (end - begin > 4 && end[-2] == '_') {
        *ending = lower(end[-1]);
        end -= 2;
    }
    if (begin[2] < '0' || begin[2] > '9' || !clile_i_parse_i64(begin + 2, end, &au)) return 0;
    return au >= 1 && au <= 999 && (*ending == 0 || *ending == 'c' || *ending == 'r') ? (int32_t)au : 0;
}

clile_i_csv_kind clile_i_csv_recognise(const clile_i_rows *rows)
{
    char ending = 0;
    int plain = 0, marked = 0;
    if (find(rows, "image") >= 0) return CLILE_I_CSV_MANIFEST;
    for (int64_t k = 0; k < rows->count; ++k) {
        if (column_au(rows, k, &ending) == 0) continue;
        plain |= ending == 0;
        marked |= ending != 0;
    }
    if (find(rows, "frame") >= 0 && marked) return CLILE_I_CSV_OPENFACE;
    if (find(rows, "input") >= 0 && plain) return CLILE_I_CSV_PYFEAT;
    return CLILE_I_CSV_MANIFEST;
}

/* Landmark columns x0 y0 x1 y1 ... side by side. */
static clile_status find_paired_points(const clile_i_rows *rows, int64_t first, clile_i_csv_header *out)
{
    int32_t named = 0;
    for (int64_t k = first; k < rows->count; ++k, ++named) {
        char name[16];
        snprintf(name, sizeof name, "%c%d", named % 2 == 0 ? 'x' : 'y', named / 2);
        if (!is_named(rows, k, name)) break;
        if (named < 2 * 68) out->point[named] = k;
    }
    if (named != 2 * 5 && named != 2 * 68)
        return clile_i_rows_fail(rows, "%d landmark columns from x0 on, expected x0,y0,...,x4,y4 or ...,x67,y67",
                                 named);
    out->points = named / 2;
    return CLILE_OK;
}

/* Landmark columns x_0 ... x_67 and y_0 ... y_67, as OpenFace and Py-Feat have them; more than 68 are another mesh. */
static void find_split_points(const clile_i_rows *rows, clile_i_csv_header *out)
{
    if (find_exactly(rows, "x_68") >= 0) return;
    for (int32_t k = 0; k < 2 * 68; ++k) {
        char name[16];
        snprintf(name, sizeof name, "%c_%d", k % 2 == 0 ? 'x' : 'y', k / 2);
        out->point[k] = find_exactly(rows, name);
        if (out->point[k] < 0) return;
    }
    out->points = 68;
}

static clile_status find_box(const clile_i_rows *rows, clile_i_csv_header *out)
{
    static const char *const names[2][4] = {{"box_x", "box_y", "box_w", "box_h"},
                                            {"facerectx", "facerecty", "facerectwidth", "facerectheight"}};
    const char *const *name = names[out->kind == CLILE_I_CSV_PYFEAT];
    int found = 0;
    for (int k = 0; k < 4; ++k) {
        out->box[k] = find(rows, name[k]);
        found += out->box[k] >= 0;
    }
    out->has_box = found == 4;
    if (found == 0 || found == 4) return CLILE_OK;
    return clile_i_rows_fail(rows, "%d of the columns %s, %s, %s, %s; expected all four or none", found, name[0],
                             name[1], name[2], name[3]);
}

static clile_status find_aus(const clile_i_rows *rows, clile_i_csv_header *out)
{
    for (int64_t k = 0; k < rows->count; ++k) {
        char ending = 0;
        const int32_t au = column_au(rows, k, &ending);
        if (au == 0) continue;
        out->intensities += ending == 'r';
        if (ending == 'r' || (out->kind == CLILE_I_CSV_OPENFACE && ending == 0)) continue;
        for (int32_t a = 0; a < out->c; ++a)
            if (out->au[a] == au) return clile_i_rows_fail(rows, "two columns for AU %d", au);
        out->au[out->c] = au;
        out->at[out->c++] = k;
    }
    if (out->c == 0 && out->intensities > 0)
        return clile_i_rows_fail(rows,
                                 "%d columns of intensities (AU01_r) and none of occurrence (AU01_c); an intensity is "
                                 "not taken for a label",
                                 out->intensities);
    return CLILE_OK;
}

clile_status clile_i_csv_read_header(const clile_i_rows *rows, clile_i_csv_header *out)
{
    CLILE_I_RETURN_IF(clile_i_rows_check_separators(rows));
    memset(out, 0, sizeof *out);
    out->kind = clile_i_csv_recognise(rows);
    out->columns = rows->count;
    out->image = find(rows, out->kind == CLILE_I_CSV_PYFEAT ? "input" : "image");
    out->subject = find(rows, "subject");
    out->frame = find(rows, "frame");
    out->success = find(rows, "success");
    out->score = out->kind == CLILE_I_CSV_PYFEAT ? find(rows, "facescore") : -1;
    CLILE_I_RETURN_IF(find_aus(rows, out));
    const int manifest = out->kind == CLILE_I_CSV_MANIFEST;
    if (manifest && (out->image < 0 || out->subject < 0 || out->c == 0))
        return clile_i_rows_fail(rows, "no column %s, expected image,subject,AU1,...",
                                 out->image < 0     ? "\"image\""
                                 : out->subject < 0 ? "\"subject\""
                                                    : "of an AU (\"AU1\")");
    const int64_t first = manifest ? find(rows, "x0") : -1;
    if (first >= 0)
        CLILE_I_RETURN_IF(find_paired_points(rows, first, out));
    else
        find_split_points(rows, out);
    return find_box(rows, out);
}

clile_status clile_i_csv_choose(const clile_i_rows *rows, const char *au_set, clile_i_csv_header *h)
{
    clile_status status = CLILE_OK;
    clile_i_text have = {0};
    int32_t count = 0, *ids = NULL;
    int64_t at[64];
    if (strcmp(au_set, "auto") == 0) return CLILE_OK;
    CLILE_I_RETURN_IF(clile_i_au_set_parse(au_set, h->c, h->au, &count, &ids));
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

/* "AU" and a digit, perhaps with a blank or a stroke between, in a name that column_au does not know. */
static int is_strange(const clile_i_rows *rows, int64_t k)
{
    const char *begin = rows->begin[k], *end = rows->end[k];
    char ending = 0;
    if (end - begin < 3 || lower(begin[0]) != 'a' || lower(begin[1]) != 'u') return 0;
    begin += 2;
    if (*begin == ' ' || *begin == '_' || *begin == '-') ++begin;
    return begin < end && *begin >= '0' && *begin <= '9' && column_au(rows, k, &ending) == 0;
}

clile_status clile_i_csv_warn_columns(const clile_i_rows *rows, const clile_i_csv_header *h, clile_i_table *table)
{
    int64_t strange = 0, first = 0;
    for (int64_t k = rows->count - 1; k >= 0; --k) {
        if (!is_strange(rows, k)) continue;
        ++strange;
        first = k;
    }
    if (h->kind == CLILE_I_CSV_OPENFACE && h->success < 0)
        CLILE_I_RETURN_IF(
            clile_i_table_warn(table, "%s has no column \"success\", which says where there is a face", rows->name));
    if (strange == 0) return CLILE_OK;
    const ptrdiff_t size = rows->end[first] - rows->begin[first];
    return clile_i_table_warn(table,
                              "%s: %lld columns seem to be of an AU and are not read, expected AU1 or AU01_c; the "
                              "first is \"%.*s\"",
                              rows->name, (long long)strange, size < 40 ? (int)size : 40, rows->begin[first]);
}

static int is_empty(const clile_i_rows *rows, int64_t field)
{
    return rows->begin[field] == rows->end[field];
}

/* pandas writes nothing or NaN. */
static int is_missing(const clile_i_rows *rows, int64_t field)
{
    return is_empty(rows, field) || clile_i_rows_is_nan(rows, field);
}

clile_status clile_i_csv_has_face(const clile_i_rows *rows, const clile_i_csv_header *h, int32_t *face)
{
    double success = 1.0;
    *face = 1;
    CLILE_I_RETURN_IF(clile_i_rows_expect(rows, h->columns));
    if (h->success >= 0) {
        const ptrdiff_t size = rows->end[h->success] - rows->begin[h->success];
        if (!clile_i_parse_f64(rows->begin[h->success], rows->end[h->success], &success) ||
            (success != 0.0 && success != 1.0))
            return clile_i_rows_fail(rows, "success is \"%.*s\", expected 0 or 1", size < 40 ? (int)size : 40,
                                     rows->begin[h->success]);
        *face = success == 1.0;
    }
    if (h->kind != CLILE_I_CSV_PYFEAT || !*face) return CLILE_OK;
    *face = 0;
    if (h->score >= 0 && is_missing(rows, h->score)) return CLILE_OK;
    for (int32_t a = 0; a < h->c && !*face; ++a) *face = !is_missing(rows, h->at[a]);
    return CLILE_OK;
}

/* A probability, or nothing, to 1, 0, -1. */
static clile_status read_probability(const clile_i_rows *rows, int64_t field, int32_t au, int8_t *out)
{
    double value = 0.0;
    *out = -1;
    if (is_missing(rows, field)) return CLILE_OK;
    if (!clile_i_parse_f64(rows->begin[field], rows->end[field], &value) || !(value >= 0.0 && value <= 1.0))
        return clile_i_rows_fail(
            rows, "column %lld is \"%.*s\", expected a probability of AU %d from 0 to 1", (long long)field + 1,
            rows->end[field] - rows->begin[field] < 40 ? (int)(rows->end[field] - rows->begin[field]) : 40,
            rows->begin[field], au);
    *out = value >= PRESENT_FROM;
    return CLILE_OK;
}

clile_status clile_i_csv_read_row(const clile_i_rows *rows, const clile_i_csv_header *h, int32_t unknown_negative,
                                  clile_i_csv_row *out)
{
    CLILE_I_RETURN_IF(clile_i_rows_expect(rows, h->columns));
    out->has_five = out->has_box = 0;
    for (int32_t a = 0; a < h->c; ++a) {
        if (h->kind == CLILE_I_CSV_PYFEAT)
            CLILE_I_RETURN_IF(read_probability(rows, h->at[a], h->au[a], &out->codes[a]));
        else if (h->kind == CLILE_I_CSV_OPENFACE && is_empty(rows, h->at[a]))
            return clile_i_rows_fail(rows, "nothing for AU %d, expected 0 or 1; column %lld", h->au[a],
                                     (long long)h->at[a] + 1);
        else
            CLILE_I_RETURN_IF(clile_i_rows_code(rows, h->at[a], h->au[a], 1, &out->codes[a]));
        if (out->codes[a] < 0 && unknown_negative) out->codes[a] = 0;
    }
    for (int32_t i = 0; i < 2 * h->points; ++i) out->has_five |= !is_empty(rows, h->point[i]);
    if (out->has_five) CLILE_I_RETURN_IF(clile_i_places_parse_points(rows, h->point, h->points, out->five));
    for (int k = 0; k < 4 && h->has_box; ++k) out->has_box |= !is_empty(rows, h->box[k]);
    if (out->has_box) CLILE_I_RETURN_IF(clile_i_places_parse_box(rows, h->box, out->box));
    return CLILE_OK;
}

clile_status clile_i_csv_text(const clile_i_rows *rows, int64_t field, const char *what, char *out, size_t size)
{
    const size_t length = (size_t)(rows->end[field] - rows->begin[field]);
    if (length == 0 || length >= size) return clile_i_rows_fail(rows, "%s (%zu bytes)", what, length);
    memcpy(out, rows->begin[field], length);
    out[length] = '\0';
    return CLILE_OK;
}
