/* Columns by their names. OpenFace: github.com/TadasBaltrusaitis/OpenFace/wiki/Output-Format;
 * Py-Feat: py-feat.org. */
#include "layout/csv.h"

#include <math.h>
#include <string.h>

/* Py-Feat's AU columns are probabilities. */
static const double PRESENT_FROM = 0.5;

static char lower(char ch)
{
    return ch >= 'A' && ch <= 'Z' ? (char)(ch - 'A' + 'a') : ch;
}

/* The AU of a column name, 0 if it has none. *ending: 'c' or 'r' of "AU01_c", "AU01_r", otherwise
 * 0. */
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
    return au >= 1 && au <= 999 && (*ending == 0 || *ending == 'c' || *ending == 'r') ? (int32_t)au
                                                                                      : 0;
}

clile_i_csv_kind clile_i_csv_recognise(const clile_i_rows *rows)
{
    char ending = 0;
    int plain = 0, marked = 0;
    if (clile_i_columns_named(rows, "image") >= 0) return CLILE_I_CSV_MANIFEST;
    for (int64_t k = 0; k < rows->count; ++k) {
        if (column_au(rows, k, &ending) == 0) continue;
        plain |= ending == 0;
        marked |= ending != 0;
    }
    if (clile_i_columns_named(rows, "frame") >= 0 && marked) return CLILE_I_CSV_OPENFACE;
    if (clile_i_columns_named(rows, "input") >= 0 && plain) return CLILE_I_CSV_PYFEAT;
    return CLILE_I_CSV_MANIFEST;
}

/* The columns of occurrence or, with `of_intensity`, those of a manifest's intensities. */
static clile_status find_columns(const clile_i_rows *rows, int of_intensity,
                                 clile_i_csv_header *out)
{
    for (int64_t k = 0; k < rows->count; ++k) {
        char ending = 0;
        int32_t a = 0;
        const int32_t au = column_au(rows, k, &ending);
        if (au == 0 || (ending == 'r') != of_intensity) continue;
        if (out->kind == CLILE_I_CSV_OPENFACE && ending == 0) continue;
        while (a < out->c && out->au[a] != au) ++a;
        if (a < out->c && (!of_intensity || out->intensity_at[a] >= 0))
            return clile_i_rows_fail(rows,
                                     of_intensity ? "two columns for the intensity of AU %d"
                                                  : "two columns for AU %d",
                                     au);
        if (a == out->c) {
            out->au[a] = au;
            out->at[a] = k;
            out->intensity_at[a] = -1;
            ++out->c;
        }
        if (of_intensity) out->intensity_at[a] = k;
    }
    return CLILE_OK;
}

static clile_status find_aus(const clile_i_rows *rows, clile_i_csv_header *out)
{
    for (int64_t k = 0; k < rows->count; ++k) {
        char ending = 0;
        out->intensities += column_au(rows, k, &ending) > 0 && ending == 'r';
    }
    CLILE_I_RETURN_IF(find_columns(rows, 0, out));
    if (out->kind == CLILE_I_CSV_MANIFEST) return find_columns(rows, 1, out);
    if (out->c == 0 && out->intensities > 0)
        return clile_i_rows_fail(rows,
                                 "%d columns of intensities (AU01_r) and none of occurrence "
                                 "(AU01_c); intensities are not used as labels",
                                 out->intensities);
    return CLILE_OK;
}

clile_status clile_i_csv_read_header(const clile_i_rows *rows, clile_i_csv_header *out)
{
    CLILE_I_RETURN_IF(clile_i_rows_check_separators(rows));
    memset(out, 0, sizeof *out);
    out->kind = clile_i_csv_recognise(rows);
    out->columns = rows->count;
    out->image = clile_i_columns_named(rows, out->kind == CLILE_I_CSV_PYFEAT ? "input" : "image");
    out->subject = clile_i_columns_named(rows, "subject");
    out->frame = clile_i_columns_named(rows, "frame");
    out->success = clile_i_columns_named(rows, "success");
    out->score = out->kind == CLILE_I_CSV_PYFEAT ? clile_i_columns_named(rows, "facescore") : -1;
    CLILE_I_RETURN_IF(find_aus(rows, out));
    const int manifest = out->kind == CLILE_I_CSV_MANIFEST;
    if (manifest && (out->image < 0 || out->subject < 0 || out->c == 0))
        return clile_i_rows_fail(rows, "no column %s, expected image,subject,AU1,...",
                                 out->image < 0     ? "\"image\""
                                 : out->subject < 0 ? "\"subject\""
                                                    : "of an AU (\"AU1\")");
    return clile_i_columns_find(rows, &out->place);
}

clile_status clile_i_csv_choose(const clile_i_rows *rows, const char *au_set, clile_i_csv_header *h)
{
    clile_status status = CLILE_OK;
    clile_i_text have = {0};
    int32_t count = 0, *ids = NULL;
    int64_t at[64], intensity_at[64];
    if (strcmp(au_set, "auto") == 0) return CLILE_OK;
    CLILE_I_RETURN_IF(clile_i_au_set_parse(au_set, h->c, h->au, &count, &ids));
    for (int32_t k = 0; k < count; ++k) {
        int32_t a = 0;
        while (a < h->c && h->au[a] != ids[k]) ++a;
        if (a == h->c) {
            for (a = 0; a < h->c; ++a) clile_i_text_append(&have, " %d", h->au[a]);
            status = clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                  "%s %s: AU %d is not coded there; it has%s", rows->kind,
                                  rows->name, ids[k], have.data != NULL ? have.data : " none");
            goto cleanup;
        }
        at[k] = h->at[a];
        intensity_at[k] = h->intensity_at[a];
    }
    h->c = count;
    memcpy(h->au, ids, (size_t)count * sizeof *ids);
    memcpy(h->at, at, (size_t)count * sizeof *at);
    memcpy(h->intensity_at, intensity_at, (size_t)count * sizeof *at);
    if (h->kind == CLILE_I_CSV_MANIFEST) h->intensities = 0;
    for (int32_t k = 0; k < count; ++k) h->intensities += intensity_at[k] >= 0;
cleanup:
    clile_i_text_free(&have);
    clile_i_free(ids);
    return status;
}

/* "AU" and a digit, with at most a blank, underscore or dash between them, in a name that column_au
 * does not know. */
static int is_strange(const clile_i_rows *rows, int64_t k)
{
    const char *begin = rows->begin[k], *end = rows->end[k];
    char ending = 0;
    if (end - begin < 3 || lower(begin[0]) != 'a' || lower(begin[1]) != 'u') return 0;
    begin += 2;
    if (*begin == ' ' || *begin == '_' || *begin == '-') ++begin;
    return begin < end && *begin >= '0' && *begin <= '9' && column_au(rows, k, &ending) == 0;
}

static int contains(const clile_i_rows *rows, int64_t k, const char *word)
{
    for (const char *p = rows->begin[k]; p < rows->end[k]; ++p) {
        const char *at = p;
        size_t i = 0;
        for (; word[i] != '\0' && at < rows->end[k] && lower(*at) == word[i]; ++at) ++i;
        if (word[i] == '\0') return 1;
    }
    return 0;
}

/* "bbox", "face_rect", "landmarks", "x1", "y_0": a face position in an unknown form. */
static int is_strange_place(const clile_i_rows *rows, int64_t k)
{
    static const char *const words[] = {"box", "rect", "roi", "landmark", "keypoint"};
    const char *begin = rows->begin[k], *end = rows->end[k];
    for (size_t i = 0; i < sizeof words / sizeof words[0]; ++i)
        if (contains(rows, k, words[i])) return 1;
    if (end - begin < 2 || (lower(*begin) != 'x' && lower(*begin) != 'y')) return 0;
    begin += begin[1] == '_' ? 2 : 1;
    return begin < end && *begin >= '0' && *begin <= '9';
}

/* A user with such columns expects them to be used to cut out faces. */
static clile_status warn_places(const clile_i_rows *rows, const clile_i_csv_header *h,
                                clile_i_table *table)
{
    int64_t k = 0;
    if (h->kind != CLILE_I_CSV_MANIFEST || h->place.points > 0 || h->place.form != CLILE_I_BOX_NONE)
        return CLILE_OK;
    while (k < rows->count && !is_strange_place(rows, k)) ++k;
    if (k == rows->count) return CLILE_OK;
    const ptrdiff_t size = rows->end[k] - rows->begin[k];
    return clile_i_table_warn(
        table,
        "%s: the column \"%.*s\" looks like a face position but is ignored, and images are used "
        "whole; expected box_x,box_y,box_w,box_h or x0,y0,...,x4,y4",
        rows->name, size < 40 ? (int)size : 40, rows->begin[k]);
}

clile_status clile_i_csv_warn_columns(const clile_i_rows *rows, const clile_i_csv_header *h,
                                      clile_i_table *table)
{
    int64_t strange = 0, first = 0;
    for (int64_t k = rows->count - 1; k >= 0; --k) {
        if (!is_strange(rows, k)) continue;
        ++strange;
        first = k;
    }
    if (h->kind == CLILE_I_CSV_OPENFACE && h->success < 0)
        CLILE_I_RETURN_IF(clile_i_table_warn(
            table, "%s has no column \"success\", which says whether a face was found",
            rows->name));
    CLILE_I_RETURN_IF(warn_places(rows, h, table));
    if (strange == 0) return CLILE_OK;
    const ptrdiff_t size = rows->end[first] - rows->begin[first];
    return clile_i_table_warn(table,
                              "%s: %lld columns look like AUs but are ignored, expected AU1 or "
                              "AU01_c; the first is \"%.*s\"",
                              rows->name, (long long)strange, size < 40 ? (int)size : 40,
                              rows->begin[first]);
}

static int is_empty(const clile_i_rows *rows, int64_t field)
{
    return rows->begin[field] == rows->end[field];
}

/* pandas writes a missing value as an empty field or NaN. */
static int is_missing(const clile_i_rows *rows, int64_t field)
{
    return is_empty(rows, field) || clile_i_rows_is_nan(rows, field);
}

clile_status clile_i_csv_has_face(const clile_i_rows *rows, const clile_i_csv_header *h,
                                  int32_t *face)
{
    double success = 1.0;
    *face = 1;
    CLILE_I_RETURN_IF(clile_i_rows_expect(rows, h->columns));
    if (h->success >= 0) {
        const ptrdiff_t size = rows->end[h->success] - rows->begin[h->success];
        if (!clile_i_parse_f64(rows->begin[h->success], rows->end[h->success], &success) ||
            (success != 0.0 && success != 1.0))
            return clile_i_rows_fail(rows, "success is \"%.*s\", expected 0 or 1",
                                     size < 40 ? (int)size : 40, rows->begin[h->success]);
        *face = success == 1.0;
    }
    if (h->kind != CLILE_I_CSV_PYFEAT || !*face) return CLILE_OK;
    *face = 0;
    if (h->score >= 0 && is_missing(rows, h->score)) return CLILE_OK;
    for (int32_t a = 0; a < h->c && !*face; ++a) *face = !is_missing(rows, h->at[a]);
    return CLILE_OK;
}

/* Converts a probability, or an empty field, to 1, 0 or -1. */
static clile_status read_probability(const clile_i_rows *rows, int64_t field, int32_t au,
                                     int8_t *out)
{
    double value = 0.0;
    *out = -1;
    if (is_missing(rows, field)) return CLILE_OK;
    if (!clile_i_parse_f64(rows->begin[field], rows->end[field], &value) ||
        !(value >= 0.0 && value <= 1.0))
        return clile_i_rows_fail(
            rows, "column %lld is \"%.*s\", expected a probability of AU %d from 0 to 1",
            (long long)field + 1,
            rows->end[field] - rows->begin[field] < 40
                ? (int)(rows->end[field] - rows->begin[field])
                : 40,
            rows->begin[field], au);
    *out = value >= PRESENT_FROM;
    return CLILE_OK;
}

/* A whole number 0 to 5; 9, -1 or nothing: not coded. */
static clile_status read_intensity(const clile_i_rows *rows, int64_t field, int32_t au, int8_t *out)
{
    double value = -1.0;
    if (!is_missing(rows, field) &&
        (!clile_i_parse_f64(rows->begin[field], rows->end[field], &value) ||
         !((value >= -1.0 && value <= 5.0) || value == 9.0) || value != floor(value))) {
        const ptrdiff_t size = rows->end[field] - rows->begin[field];
        return clile_i_rows_fail(rows,
                                 "intensity \"%.*s\" of AU %d, expected a whole number 0 to 5, or "
                                 "9, -1 or nothing (not coded); column %lld",
                                 size < 40 ? (int)size : 40, rows->begin[field], au,
                                 (long long)field + 1);
    }
    *out = (int8_t)(value == 9.0 ? -1.0 : value);
    return CLILE_OK;
}

clile_status clile_i_csv_read_row(const clile_i_rows *rows, const clile_i_csv_header *h,
                                  int32_t unknown_negative, int32_t present_from,
                                  clile_i_csv_row *out)
{
    CLILE_I_RETURN_IF(clile_i_rows_expect(rows, h->columns));
    out->has_points = out->has_box = 0;
    for (int32_t a = 0; a < h->c; ++a) {
        out->intensity[a] = -1;
        if (h->intensity_at[a] >= 0)
            CLILE_I_RETURN_IF(
                read_intensity(rows, h->intensity_at[a], h->au[a], &out->intensity[a]));
        if (h->intensity_at[a] == h->at[a])
            out->codes[a] =
                out->intensity[a] < 0 ? -1 : (int8_t)(out->intensity[a] >= present_from);
        else if (h->kind == CLILE_I_CSV_PYFEAT)
            CLILE_I_RETURN_IF(read_probability(rows, h->at[a], h->au[a], &out->codes[a]));
        else if (h->kind == CLILE_I_CSV_OPENFACE && is_empty(rows, h->at[a]))
            return clile_i_rows_fail(rows, "nothing for AU %d, expected 0 or 1; column %lld",
                                     h->au[a], (long long)h->at[a] + 1);
        else
            CLILE_I_RETURN_IF(clile_i_rows_code(rows, h->at[a], h->au[a], 1, &out->codes[a]));
        if (out->codes[a] < 0 && unknown_negative) out->codes[a] = 0;
    }
    const clile_i_place_columns *place = &h->place;
    for (int32_t i = 0; i < 2 * place->points; ++i)
        out->has_points |= !is_empty(rows, place->point[i]);
    if (out->has_points)
        CLILE_I_RETURN_IF(clile_i_places_parse_points(rows, place, &out->landmarks));
    for (int k = 0; k < 4 && place->form != CLILE_I_BOX_NONE; ++k)
        out->has_box |= !is_empty(rows, place->box[k]);
    if (out->has_box) CLILE_I_RETURN_IF(clile_i_places_parse_box(rows, place, out->box));
    return CLILE_OK;
}

clile_status clile_i_csv_text(const clile_i_rows *rows, int64_t field, const char *what, char *out,
                              size_t size)
{
    const size_t length = (size_t)(rows->end[field] - rows->begin[field]);
    if (length == 0 || length >= size)
        return clile_i_rows_fail(rows, "%s (%zu bytes)", what, length);
    memcpy(out, rows->begin[field], length);
    out[length] = '\0';
    return CLILE_OK;
}
