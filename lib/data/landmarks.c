/* Landmark files: SUBJECT_TASK.csv and the like, rows of frame, x0, y0, ... in image pixels. */
#include "data/layout.h"

#include "image/image.h"

#include <stdlib.h>
#include <string.h>

clile_status clile_i_landmarks_parse(const clile_i_rows *rows, int64_t first, int32_t points, float *five)
{
    double xy[2 * 68] = {0}, reduced[10];
    for (int32_t i = 0; i < 2 * points; ++i) {
        if (!clile_i_align_uses(points, i / 2)) continue;
        const int64_t field = first + i;
        if (!clile_i_parse_f64(rows->begin[field], rows->end[field], &xy[i]))
            return clile_i_rows_fail(rows, "column %lld is not a coordinate", (long long)field + 1);
    }
    clile_i_align_reduce(points, xy, reduced);
    for (int k = 0; k < 10; ++k) five[k] = (float)reduced[k];
    return CLILE_OK;
}

static int compare_rows(const void *left, const void *right)
{
    const clile_i_landmark_row *l = left, *r = right;
    return l->frame < r->frame ? -1 : l->frame > r->frame;
}

static clile_status append_row(const clile_i_rows *rows, clile_i_landmarks *out)
{
    void *block = out->rows;
    const clile_status status = clile_i_grow(&block, &out->capacity, out->count + 1, sizeof *out->rows);
    out->rows = block;
    if (status != CLILE_OK) return status;
    clile_i_landmark_row *row = &out->rows[out->count];
    CLILE_I_RETURN_IF(clile_i_rows_whole(rows, 0, "a frame", &row->frame));
    CLILE_I_RETURN_IF(clile_i_landmarks_parse(rows, 1, (int32_t)(rows->count - 1) / 2, row->five));
    out->count++;
    return CLILE_OK;
}

clile_status clile_i_landmarks_read(const char *path, clile_i_landmarks *out)
{
    clile_status status = CLILE_OK;
    clile_i_rows rows;
    int32_t more = 0, first = 1;
    int64_t number = 0;

    memset(out, 0, sizeof *out);
    if (!clile_i_path_exists(path)) return CLILE_OK;
    CLILE_I_RETURN_IF(clile_i_rows_open("landmark file", path, &rows));
    for (;; first = 0) {
        CLILE_I_TRY(clile_i_rows_next(&rows, &more));
        if (!more) break;
        if (rows.count != 1 + 2 * 5 && rows.count != 1 + 2 * 68) {
            status = clile_i_rows_fail(&rows, "%lld columns, expected frame and 5 or 68 x,y pairs (11 or 137)",
                                       (long long)rows.count);
            goto cleanup;
        }
        if (first && !clile_i_parse_i64(rows.begin[0], rows.end[0], &number)) continue; /* header */
        CLILE_I_TRY(append_row(&rows, out));
    }
    if (out->count > 1) qsort(out->rows, (size_t)out->count, sizeof *out->rows, compare_rows);
    for (int64_t i = 1; i < out->count; ++i) {
        if (out->rows[i].frame == out->rows[i - 1].frame) {
            status = clile_i_fail(CLILE_E_FORMAT, "landmark file %s: frame %lld twice", rows.name,
                                  (long long)out->rows[i].frame);
            goto cleanup;
        }
    }
cleanup:
    clile_i_rows_close(&rows);
    if (status != CLILE_OK) clile_i_landmarks_free(out);
    return status;
}

void clile_i_landmarks_free(clile_i_landmarks *landmarks)
{
    clile_i_free(landmarks->rows);
    memset(landmarks, 0, sizeof *landmarks);
}

const float *clile_i_landmarks_find(const clile_i_landmarks *landmarks, int64_t frame)
{
    const clile_i_landmark_row key = {.frame = frame};
    if (landmarks->count == 0) return NULL;
    const clile_i_landmark_row *row =
        bsearch(&key, landmarks->rows, (size_t)landmarks->count, sizeof key, compare_rows);
    return row != NULL ? row->five : NULL;
}
