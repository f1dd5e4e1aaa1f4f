/* Reads and writes points and values besides the labels. */
#include "layout/targets.h"

#include <math.h>
#include <string.h>

/* Larger than any image. */
static const double MOST_COORDINATE = 1e6;
static const char *const names[] = {"points", "points_mirror", "values", "values_mirror"};
enum { POINTS, POINTS_MIRROR, VALUES, VALUES_MIRROR, NAMES };

int clile_i_targets_is_name(const char *name)
{
    for (int k = 0; k < NAMES; ++k)
        if (strcmp(name, names[k]) == 0) return 1;
    return 0;
}

void clile_i_targets_free(clile_i_targets *targets)
{
    clile_i_free(targets->points);
    clile_i_free(targets->values);
    clile_i_free(targets->points_mirror);
    clile_i_free(targets->values_mirror);
    memset(targets, 0, sizeof *targets);
}

/* ---- reading ---- */

static clile_status fail_type(const clile_i_st *file, const clile_i_st_tensor *t,
                              const char *expected)
{
    clile_i_text found = {0};
    clile_i_st_append_type(&found, t->dtype, t->ndim, t->shape);
    const clile_status status = clile_i_fail(
        CLILE_E_FORMAT, "%s: tensor \"%s\": expected %s, found %s", clile_i_st_path(file), t->name,
        expected, found.data != NULL ? found.data : "");
    clile_i_text_free(&found);
    return status;
}

/* float32 [rows, k] or [rows, k, 2]. */
static clile_status check_rows(const clile_i_st *file, const clile_i_st_tensor *t, int64_t rows,
                               int32_t ndim, int32_t *k)
{
    char expected[160];
    if (t->type == CLILE_I_ST_F32 && t->ndim == ndim && t->shape[0] == rows && t->shape[1] >= 1 &&
        t->shape[1] <= CLILE_I_MOST_TARGETS && (ndim == 2 || t->shape[2] == 2)) {
        *k = (int32_t)t->shape[1];
        return CLILE_OK;
    }
    snprintf(expected, sizeof expected, "F32 [%lld, 1 to %d%s], one row per row of labels",
             (long long)rows, (int)CLILE_I_MOST_TARGETS, ndim == 3 ? ", 2" : "");
    return fail_type(file, t, expected);
}

/* Copies row row[i] to row i, `width` floats each. */
static clile_status copy_rows(const clile_i_st_tensor *t, int64_t n, const int64_t *row,
                              int64_t width, float **out)
{
    clile_status status = CLILE_OK;
    const size_t bytes = (size_t)width * sizeof(float);
    CLILE_I_ALLOC(*out, n * width);
    for (int64_t i = 0; i < n; ++i)
        memcpy(*out + i * width, t->data + (size_t)(row != NULL ? row[i] : i) * bytes, bytes);
cleanup:
    return status;
}

static clile_status check_values(const clile_i_st *file, const clile_i_st_tensor *t)
{
    for (int64_t i = 0; i < t->count; ++i) {
        float value;
        memcpy(&value, t->data + (size_t)i * sizeof value, sizeof value);
        if (clile_i_is_nan(value) || clile_i_is_finite((double)value)) continue;
        return clile_i_fail(CLILE_E_FORMAT,
                            "%s: tensor \"values\", row %lld, value %lld is infinite, expected a "
                            "finite number, or NaN if unknown",
                            clile_i_st_path(file), (long long)(i / t->shape[1]),
                            (long long)(i % t->shape[1]));
    }
    return CLILE_OK;
}

/* Both coordinates are numbers or neither is. Shares of the image instead of pixels are refused,
 * except in a pack, whose points are in sides of the crop. */
static clile_status check_points(const clile_i_st *file, const clile_i_st_tensor *t, int in_crop)
{
    int64_t known = 0, small = 0;
    for (int64_t i = 0; i < t->count / 2; ++i) {
        float xy[2];
        memcpy(xy, t->data + (size_t)i * sizeof xy, sizeof xy);
        if (clile_i_is_nan(xy[0]) && clile_i_is_nan(xy[1])) continue;
        const double x = (double)xy[0], y = (double)xy[1];
        if (!(fabs(x) <= MOST_COORDINATE && fabs(y) <= MOST_COORDINATE))
            return clile_i_fail(CLILE_E_FORMAT,
                                "%s: tensor \"points\", row %lld, point %lld is (%g, %g), expected "
                                "two numbers of at most %g, or two NaN if unknown",
                                clile_i_st_path(file), (long long)(i / t->shape[1]),
                                (long long)(i % t->shape[1]), x, y, MOST_COORDINATE);
        ++known;
        small += x >= 0 && x <= 1 && y >= 0 && y <= 1;
    }
    if (in_crop || known == 0 || small < known) return CLILE_OK;
    return clile_i_fail(CLILE_E_FORMAT,
                        "%s: tensor \"points\": all coordinates are from 0 to 1, expected pixels, "
                        "not fractions of the image size",
                        clile_i_st_path(file));
}

static int64_t integer_at(const clile_i_st_tensor *t, int64_t i)
{
    int64_t wide;
    int32_t narrow;
    if (t->type == CLILE_I_ST_I64) {
        memcpy(&wide, t->data + (size_t)i * sizeof wide, sizeof wide);
        return wide;
    }
    memcpy(&narrow, t->data + (size_t)i * sizeof narrow, sizeof narrow);
    return narrow;
}

/* Partners: 0..k-1, and the partner of k's partner is k. */
static clile_status get_mirror(const clile_i_st *file, int which, int32_t k, int32_t **out)
{
    clile_status status = CLILE_OK;
    char expected[96];
    const clile_i_st_tensor *t = clile_i_st_find(file, names[which]);
    if (t == NULL) return CLILE_OK;
    if ((t->type != CLILE_I_ST_I64 && t->type != CLILE_I_ST_I32) || t->ndim != 1 ||
        t->shape[0] != k) {
        snprintf(expected, sizeof expected, "I64 or I32 [%d], one partner per entry of \"%s\"",
                 (int)k, names[which - 1]);
        return fail_type(file, t, expected);
    }
    CLILE_I_ALLOC(*out, k);
    for (int32_t i = 0; i < k; ++i) {
        const int64_t partner = integer_at(t, i);
        if (partner >= 0 && partner < k && integer_at(t, partner) == i) {
            (*out)[i] = (int32_t)partner;
            continue;
        }
        status = clile_i_fail(
            CLILE_E_FORMAT,
            partner < 0 || partner >= k
                ? "%s: tensor \"%s\": the partner of %d is %lld, expected 0 to %d"
                : "%s: tensor \"%s\": the partner of %d is %lld, but not the other way round (%d "
                  "entries)",
            clile_i_st_path(file), names[which], (int)i, (long long)partner,
            partner < 0 || partner >= k ? (int)k - 1 : (int)k);
        goto cleanup;
    }
cleanup:
    return status;
}

clile_status clile_i_targets_get(const clile_i_st *file, int64_t rows, int64_t n,
                                 const int64_t *row, clile_i_targets *out)
{
    const clile_i_st_tensor *points = clile_i_st_find(file, names[POINTS]),
                            *values = clile_i_st_find(file, names[VALUES]);
    if (points == NULL && values == NULL)
        return clile_i_fail(CLILE_E_FORMAT, "%s: neither a tensor \"points\" nor one \"values\"",
                            clile_i_st_path(file));
    if (points != NULL) {
        CLILE_I_RETURN_IF(check_rows(file, points, rows, 3, &out->p));
        CLILE_I_RETURN_IF(check_points(file, points, out->in_crop));
        CLILE_I_RETURN_IF(copy_rows(points, n, row, 2 * (int64_t)out->p, &out->points));
    }
    if (values != NULL) {
        CLILE_I_RETURN_IF(check_rows(file, values, rows, 2, &out->v));
        CLILE_I_RETURN_IF(check_values(file, values));
        CLILE_I_RETURN_IF(copy_rows(values, n, row, out->v, &out->values));
    }
    CLILE_I_RETURN_IF(get_mirror(file, POINTS_MIRROR, out->p, &out->points_mirror));
    return get_mirror(file, VALUES_MIRROR, out->v, &out->values_mirror);
}

/* ---- writing ---- */

static clile_status put_mirror(clile_i_st_writer *writer, int which, int64_t k,
                               const int32_t *mirror)
{
    if (mirror == NULL) return CLILE_OK;
    return clile_i_st_writer_add(writer, names[which], CLILE_I_ST_I32, 1, &k, mirror);
}

clile_status clile_i_targets_put(clile_i_st_writer *writer, int64_t n,
                                 const clile_i_targets *targets)
{
    const int64_t points[3] = {n, targets->p, 2}, values[2] = {n, targets->v};
    if (targets->p > 0)
        CLILE_I_RETURN_IF(clile_i_st_writer_add(writer, names[POINTS], CLILE_I_ST_F32, 3, points,
                                                targets->points));
    if (targets->v > 0)
        CLILE_I_RETURN_IF(clile_i_st_writer_add(writer, names[VALUES], CLILE_I_ST_F32, 2, values,
                                                targets->values));
    CLILE_I_RETURN_IF(put_mirror(writer, POINTS_MIRROR, targets->p, targets->points_mirror));
    return put_mirror(writer, VALUES_MIRROR, targets->v, targets->values_mirror);
}

uint32_t clile_i_targets_crc(int64_t n, const clile_i_targets *t)
{
    const struct {
        const void *data;
        int64_t count; /* of 4 bytes */
    } parts[] = {{t->points, 2 * n * t->p},
                 {t->values, n * t->v},
                 {t->points_mirror, t->p},
                 {t->values_mirror, t->v}};
    uint32_t crc = 0;
    for (size_t k = 0; k < sizeof parts / sizeof parts[0]; ++k)
        if (parts[k].data != NULL)
            crc = clile_i_crc32(crc, parts[k].data, 4 * (size_t)parts[k].count);
    return crc;
}

/* ---- several sets ---- */

static int same_partners(int32_t k, const int32_t *a, const int32_t *b)
{
    if (a == NULL || b == NULL) return a == b;
    return memcmp(a, b, (size_t)k * sizeof *a) == 0;
}

static int same_kind(int32_t a, const int32_t *a_mirror, int32_t b, const int32_t *b_mirror)
{
    return a == 0 || b == 0 || (a == b && same_partners(a, a_mirror, b_mirror));
}

int clile_i_targets_fit(const clile_i_targets *a, const clile_i_targets *b)
{
    return same_kind(a->p, a->points_mirror, b->p, b->points_mirror) &&
           same_kind(a->v, a->values_mirror, b->v, b->values_mirror);
}

static clile_status copy_mirror(int32_t k, const int32_t *from, int32_t **out)
{
    clile_status status = CLILE_OK;
    if (from == NULL) return CLILE_OK;
    CLILE_I_ALLOC(*out, k);
    memcpy(*out, from, (size_t)k * sizeof **out);
cleanup:
    return status;
}

clile_status clile_i_targets_copy_kind(const clile_i_targets *from, clile_i_targets *out)
{
    if (out->p == 0) {
        out->p = from->p;
        CLILE_I_RETURN_IF(copy_mirror(from->p, from->points_mirror, &out->points_mirror));
    }
    if (out->v == 0) {
        out->v = from->v;
        CLILE_I_RETURN_IF(copy_mirror(from->v, from->values_mirror, &out->values_mirror));
    }
    return CLILE_OK;
}
