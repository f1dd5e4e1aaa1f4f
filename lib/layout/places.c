/* Face positions: SUBJECT_TASK.csv and similar in `landmarks` and `boxes`. Rows have a frame and
 * 5 or 68 points or a box, in image pixels. */
#include "layout/columns.h"

#include "image/image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double FURTHEST = 1e6; /* pixels; no image is larger */

typedef struct {
    const char *folder, *kind, *wanted;
    const char *expected; /* columns, if there is no header */
    int boxes;            /* 1: boxes; 0: landmarks */
} place_file;

static const place_file landmark_file = {"landmarks", "landmark file", "landmarks",
                                         "frame and 5 or 68 x,y pairs (11 or 137)", 0};
static const place_file box_file = {"boxes", "box file", "a box", "frame,x,y,w,h", 1};

static clile_status parse_coordinate(const clile_i_rows *rows, int64_t field, double *out)
{
    if (clile_i_parse_f64(rows->begin[field], rows->end[field], out) && fabs(*out) <= FURTHEST)
        return CLILE_OK;
    return clile_i_rows_fail(rows, "column %lld is not a coordinate", (long long)field + 1);
}

clile_status clile_i_places_parse_coordinate(const clile_i_rows *rows, int64_t field, float *out)
{
    double value = 0.0;
    CLILE_I_RETURN_IF(parse_coordinate(rows, field, &value));
    *out = (float)value;
    return CLILE_OK;
}

void clile_i_landmarks_set(int32_t points, const double *xy, clile_i_landmarks *out)
{
    double five[10];
    clile_i_align_reduce(points, xy, five);
    for (int k = 0; k < 10; ++k) out->five[k] = (float)five[k];
    out->all[0] = NAN;
    if (2 * points != CLILE_I_LANDMARKS) return;
    for (int k = 0; k < CLILE_I_LANDMARKS; ++k) out->all[k] = (float)xy[k];
}

clile_status clile_i_places_parse_points(const clile_i_rows *rows,
                                         const clile_i_place_columns *columns,
                                         clile_i_landmarks *out)
{
    double xy[CLILE_I_LANDMARKS] = {0};
    int whole = columns->points == CLILE_I_LANDMARKS / 2;
    for (int32_t i = 0; i < 2 * columns->points; ++i) {
        const int64_t field = columns->point[i];
        if (clile_i_align_uses(columns->points, i / 2))
            CLILE_I_RETURN_IF(parse_coordinate(rows, field, &xy[i]));
        else
            whole &= clile_i_parse_f64(rows->begin[field], rows->end[field], &xy[i]) &&
                     fabs(xy[i]) <= FURTHEST;
    }
    clile_i_landmarks_set(columns->points, xy, out);
    if (!whole) out->all[0] = NAN; /* what alignment does not use may be missing */
    return CLILE_OK;
}

clile_status clile_i_places_parse_box(const clile_i_rows *rows,
                                      const clile_i_place_columns *columns, float *box)
{
    double v[4];
    for (int k = 0; k < 4; ++k) CLILE_I_RETURN_IF(parse_coordinate(rows, columns->box[k], &v[k]));
    for (int k = 0; k < 2 && columns->form == CLILE_I_BOX_CORNERS; ++k) v[2 + k] -= v[k];
    for (int k = 0; k < 2 && columns->form == CLILE_I_BOX_CENTRE; ++k) v[k] -= 0.5 * v[2 + k];
    for (int k = 0; k < 4; ++k) box[k] = (float)v[k];
    if (box[2] > 0.0f && box[3] > 0.0f) return CLILE_OK;
    return clile_i_rows_fail(rows, "a box of %g x %g pixels, expected sides above 0", v[2], v[3]);
}

static int compare_rows(const void *left, const void *right)
{
    const clile_i_place *l = left, *r = right;
    if (l->frame != r->frame) return l->frame < r->frame ? -1 : 1;
    return l->row < r->row ? -1 : l->row > r->row;
}

/* The columns of a file, from its header or from their number. */
typedef struct {
    int64_t count, frame;
    clile_i_place_columns place;
} place_header;

static clile_status read_header(const clile_i_rows *rows, const place_file *what, place_header *out)
{
    out->count = rows->count;
    out->frame = clile_i_columns_named(rows, "frame");
    CLILE_I_RETURN_IF(clile_i_columns_find(rows, &out->place));
    if (what->boxes ? out->place.form == CLILE_I_BOX_NONE : out->place.points == 0)
        return clile_i_columns_missing(rows, what->wanted);
    if (out->frame >= 0) return CLILE_OK;
    return clile_i_rows_fail(rows, "no column \"frame\" in the header");
}

static clile_status take_by_number(const clile_i_rows *rows, const place_file *what,
                                   place_header *out)
{
    const int64_t values = rows->count - 1;
    if (what->boxes ? values != 4 : values != 2 * 5 && values != 2 * 68)
        return clile_i_rows_fail(rows, "%lld columns, expected %s", (long long)rows->count,
                                 what->expected);
    out->count = rows->count;
    out->frame = 0;
    out->place.form = what->boxes ? CLILE_I_BOX_SIDES : CLILE_I_BOX_NONE;
    out->place.points = what->boxes ? 0 : (int32_t)values / 2;
    for (int64_t k = 0; k < values; ++k)
        *(what->boxes ? &out->place.box[k] : &out->place.point[k]) = k + 1;
    return CLILE_OK;
}

static clile_status append_row(const clile_i_rows *rows, const place_file *what,
                               const place_header *header, clile_i_places *out)
{
    CLILE_I_GROW(out->rows, &out->capacity, out->count + 1);
    clile_i_place *row = &out->rows[out->count];
    row->row = rows->lines.line;
    CLILE_I_RETURN_IF(clile_i_rows_whole(rows, header->frame, "a frame", &row->frame));
    CLILE_I_RETURN_IF(what->boxes
                          ? clile_i_places_parse_box(rows, &header->place, row->box)
                          : clile_i_places_parse_points(rows, &header->place, &row->landmarks));
    ++out->count;
    return CLILE_OK;
}

static clile_status read_rows(const place_file *what, const char *path, int64_t max_bytes,
                              clile_i_places *out)
{
    clile_status status = CLILE_OK;
    clile_i_rows rows;
    place_header header = {0};
    int32_t more = 0, named = 0;
    int64_t number = 0;

    memset(out, 0, sizeof *out);
    CLILE_I_RETURN_IF(clile_i_rows_open(what->kind, path, max_bytes, &rows));
    for (int32_t first = 1;; first = 0) {
        CLILE_I_TRY(clile_i_rows_next(&rows, &more));
        if (!more) break;
        if (first) CLILE_I_TRY(clile_i_rows_check_separators(&rows));
        if (first && clile_i_columns_is_header(&rows, 0) &&
            !clile_i_parse_i64(rows.begin[0], rows.end[0], &number)) {
            CLILE_I_TRY(read_header(&rows, what, &header));
            named = 1;
            continue;
        }
        CLILE_I_TRY(named ? clile_i_rows_expect(&rows, header.count)
                          : take_by_number(&rows, what, &header));
        CLILE_I_TRY(append_row(&rows, what, &header, out));
    }
    if (out->count > 1) qsort(out->rows, (size_t)out->count, sizeof *out->rows, compare_rows);
    for (int64_t i = 1; i < out->count; ++i) {
        if (out->rows[i].frame == out->rows[i - 1].frame) {
            status =
                clile_i_fail(CLILE_E_FORMAT, "%s %s, row %lld: frame %lld has row %lld already",
                             what->kind, rows.name, (long long)out->rows[i].row,
                             (long long)out->rows[i].frame, (long long)out->rows[i - 1].row);
            goto cleanup;
        }
    }
cleanup:
    clile_i_rows_close(&rows);
    if (status != CLILE_OK) clile_i_places_free(out);
    return status;
}

clile_status clile_i_landmarks_read(const char *path, int64_t max_bytes, clile_i_places *out)
{
    return read_rows(&landmark_file, path, max_bytes, out);
}

clile_status clile_i_boxes_read(const char *path, int64_t max_bytes, clile_i_places *out)
{
    return read_rows(&box_file, path, max_bytes, out);
}

void clile_i_places_free(clile_i_places *places)
{
    clile_i_free(places->rows);
    memset(places, 0, sizeof *places);
}

static clile_status read_file(const clile_i_layout_request *request, const place_file *what,
                              const char *stem, clile_i_places *out)
{
    clile_status status = CLILE_OK;
    clile_i_text name = {0};
    clile_i_text_append(&name, "%s/%s.csv", what->folder, stem);
    char *path = name.status == CLILE_OK ? clile_i_path_join(request->path, name.data) : NULL;
    if (path == NULL)
        status = CLILE_E_OUT_OF_MEMORY;
    else if (clile_i_path_exists(path))
        status = read_rows(what, path, request->max_label_bytes, out);
    clile_i_free(path);
    clile_i_text_free(&name);
    return status;
}

clile_status clile_i_faces_read(const clile_i_layout_request *request, const char *stem,
                                clile_i_faces *out)
{
    clile_status status = CLILE_OK;
    memset(out, 0, sizeof *out);
    CLILE_I_TRY(read_file(request, &landmark_file, stem, &out->landmarks));
    CLILE_I_TRY(read_file(request, &box_file, stem, &out->boxes));
cleanup:
    if (status != CLILE_OK) clile_i_faces_free(out);
    return status;
}

void clile_i_faces_free(clile_i_faces *faces)
{
    clile_i_places_free(&faces->landmarks);
    clile_i_places_free(&faces->boxes);
}

static int compare_frames(const void *left, const void *right)
{
    const clile_i_place *l = left, *r = right;
    return l->frame < r->frame ? -1 : l->frame > r->frame;
}

const clile_i_place *clile_i_places_find(const clile_i_places *places, int64_t frame)
{
    const clile_i_place key = {.frame = frame};
    if (places->count == 0) return NULL;
    return bsearch(&key, places->rows, (size_t)places->count, sizeof key, compare_frames);
}
