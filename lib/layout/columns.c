/* The table of known names. Case is ignored, and blank, '-', '.' and '_' are equal. x_0 and y_0
 * must match exactly, because OpenFace also has X_0 in 3D space. */
#include "layout/columns.h"

#include <string.h>

enum { FIVE = 5, MOST = 68 };

typedef struct {
    clile_i_box_form form;
    const char *name[4];
} box_names;

static const box_names boxes[] = {
    {CLILE_I_BOX_SIDES, {"x", "y", "w", "h"}},
    {CLILE_I_BOX_SIDES, {"x", "y", "width", "height"}},
    {CLILE_I_BOX_SIDES, {"left", "top", "width", "height"}},
    {CLILE_I_BOX_SIDES, {"left", "top", "w", "h"}},
    {CLILE_I_BOX_SIDES, {"box_x", "box_y", "box_w", "box_h"}},
    {CLILE_I_BOX_SIDES, {"box_x", "box_y", "box_width", "box_height"}},
    {CLILE_I_BOX_SIDES, {"box_left", "box_top", "box_width", "box_height"}},
    {CLILE_I_BOX_SIDES, {"bbox_x", "bbox_y", "bbox_w", "bbox_h"}},
    {CLILE_I_BOX_SIDES, {"bbox_x", "bbox_y", "bbox_width", "bbox_height"}},
    {CLILE_I_BOX_SIDES, {"bbox_left", "bbox_top", "bbox_width", "bbox_height"}},
    {CLILE_I_BOX_SIDES, {"face_x", "face_y", "face_w", "face_h"}},
    {CLILE_I_BOX_SIDES, {"face_x", "face_y", "face_width", "face_height"}},
    /* Py-Feat */
    {CLILE_I_BOX_SIDES, {"facerectx", "facerecty", "facerectwidth", "facerectheight"}},
    {CLILE_I_BOX_CORNERS, {"xmin", "ymin", "xmax", "ymax"}},
    {CLILE_I_BOX_CORNERS, {"x_min", "y_min", "x_max", "y_max"}},
    {CLILE_I_BOX_CORNERS, {"left", "top", "right", "bottom"}},
    {CLILE_I_BOX_CORNERS, {"box_left", "box_top", "box_right", "box_bottom"}},
    {CLILE_I_BOX_CORNERS, {"box_xmin", "box_ymin", "box_xmax", "box_ymax"}},
    {CLILE_I_BOX_CORNERS, {"box_x1", "box_y1", "box_x2", "box_y2"}},
    {CLILE_I_BOX_CORNERS, {"bbox_xmin", "bbox_ymin", "bbox_xmax", "bbox_ymax"}},
    {CLILE_I_BOX_CORNERS, {"bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2"}},
    {CLILE_I_BOX_CORNERS, {"face_x1", "face_y1", "face_x2", "face_y2"}},
    {CLILE_I_BOX_CENTRE, {"cx", "cy", "w", "h"}},
    {CLILE_I_BOX_CENTRE, {"x_center", "y_center", "width", "height"}},
};
/* Corners named like landmarks; used only if there are no further landmarks. */
static const box_names corners[] = {{CLILE_I_BOX_CORNERS, {"x1", "y1", "x2", "y2"}},
                                    {CLILE_I_BOX_CORNERS, {"x0", "y0", "x1", "y1"}}};

/* Five points by name, as seen in the image: left is the image's left. */
static const char *const parts[][FIVE] = {
    {"left_eye", "right_eye", "nose", "mouth_left", "mouth_right"},
    {"left_eye", "right_eye", "nose", "left_mouth", "right_mouth"},
    {"left_eye", "right_eye", "nose_tip", "mouth_left", "mouth_right"},
    {"left_eye", "right_eye", "nose_tip", "left_mouth", "right_mouth"},
    {"left_eye", "right_eye", "nose", "left_mouth_corner", "right_mouth_corner"},
    {"lefteye", "righteye", "nose", "leftmouth", "rightmouth"}, /* CelebA */
};

static char folded(char ch)
{
    if (ch >= 'A' && ch <= 'Z') return (char)(ch - 'A' + 'a');
    return ch == ' ' || ch == '-' || ch == '.' ? '_' : ch;
}

static int is_named(const clile_i_rows *rows, int64_t k, const char *name, int exactly)
{
    const char *at = rows->begin[k];
    for (; at < rows->end[k] && *name != '\0'; ++at, ++name)
        if ((exactly ? *at : folded(*at)) != *name) return 0;
    return at == rows->end[k] && *name == '\0';
}

int64_t clile_i_columns_named(const clile_i_rows *rows, const char *name)
{
    for (int64_t k = 0; k < rows->count; ++k)
        if (is_named(rows, k, name, 0)) return k;
    return -1;
}

/* The column of this name, -1 if there is none. Sets *twice if there are two. */
static int64_t find(const clile_i_rows *rows, const char *name, int exactly, int64_t *twice)
{
    int64_t found = -1;
    for (int64_t k = 0; k < rows->count; ++k) {
        if (!is_named(rows, k, name, exactly)) continue;
        if (found >= 0) *twice = k;
        found = found < 0 ? k : found;
    }
    return found;
}

static clile_status fail_twice(const clile_i_rows *rows, int64_t k)
{
    return clile_i_rows_fail(
        rows, "two columns \"%.*s\"",
        rows->end[k] - rows->begin[k] < 40 ? (int)(rows->end[k] - rows->begin[k]) : 40,
        rows->begin[k]);
}

/* ---- landmarks ---- */

/* The number of x,y pairs of points numbered from `first`, named by a format such as "x%d"; -1:
 * an x has no y. */
static int32_t count_numbered(const clile_i_rows *rows, const char *axis[2], int32_t first,
                              int exactly, int64_t *point, int64_t *twice)
{
    for (int32_t n = 0;; ++n) {
        int64_t at[2];
        for (int k = 0; k < 2; ++k) {
            char name[32];
            snprintf(name, sizeof name, "%s%d", axis[k], first + n);
            at[k] = find(rows, name, exactly, twice);
        }
        if (at[0] < 0 && at[1] < 0) return n;
        if (at[0] < 0 || at[1] < 0) return -1;
        if (n < MOST) {
            point[2 * n] = at[0];
            point[2 * n + 1] = at[1];
        }
    }
}

static clile_status find_numbered(const clile_i_rows *rows, clile_i_place_columns *out,
                                  int64_t *twice)
{
    static const char *axes[2][2] = {{"x", "y"}, {"x_", "y_"}};
    for (int32_t form = 0; form < 2; ++form)
        for (int32_t first = 0; first < 2; ++first) {
            const int32_t n = count_numbered(rows, axes[form], first, form == 1, out->point, twice);
            /* not landmarks but the corners of a box: x1,y1,x2,y2 or x0,y0,x1,y1 */
            const int corner_names = form == 0 && (n == 1 || n == 2);
            if (n == 0 || corner_names) continue;
            if (n < 0)
                return clile_i_rows_fail(
                    rows, "landmarks %s0,%s0,...: an x without its y, or a y without its x",
                    axes[form][0], axes[form][1]);
            if (form == 1 && n > MOST) return CLILE_OK; /* another mesh */
            if (n != FIVE && n != MOST)
                return clile_i_rows_fail(
                    rows,
                    "%d landmarks in columns from %s%d,%s%d on, expected 5 or 68: "
                    "x0,y0,...,x4,y4 or ...,x67,y67",
                    (int)n, axes[form][0], (int)first, axes[form][1], (int)first);
            out->points = n;
            return CLILE_OK;
        }
    return CLILE_OK;
}

/* Finds the five points of a row of `parts`. Returns how many of their columns exist. */
static int find_parts(const clile_i_rows *rows, const char *const *name, clile_i_place_columns *out,
                      int64_t *twice)
{
    int found = 0;
    for (int k = 0; k < 2 * FIVE; ++k) {
        char text[64];
        snprintf(text, sizeof text, "%s_%c", name[k / 2], k % 2 ? 'y' : 'x');
        out->point[k] = find(rows, text, 0, twice);
        found += out->point[k] >= 0;
    }
    return found;
}

static clile_status find_points(const clile_i_rows *rows, clile_i_place_columns *out,
                                int64_t *twice)
{
    int most = 0;
    CLILE_I_RETURN_IF(find_numbered(rows, out, twice));
    if (out->points > 0) return CLILE_OK;
    for (size_t k = 0; k < sizeof parts / sizeof parts[0]; ++k) {
        const int found = find_parts(rows, parts[k], out, twice);
        most = found > most ? found : most;
        if (found < 2 * FIVE) continue;
        out->points = FIVE;
        return CLILE_OK;
    }
    if (most == 0) return CLILE_OK;
    return clile_i_rows_fail(
        rows,
        "%d of the columns left_eye_x, left_eye_y, right_eye_x, ..., expected also nose_x, "
        "nose_y, mouth_left_x, mouth_left_y, mouth_right_x, mouth_right_y",
        most);
}

/* ---- boxes ---- */

static int find_four(const clile_i_rows *rows, const box_names *names, int64_t *box, int64_t *twice)
{
    int found = 0;
    for (int k = 0; k < 4; ++k) {
        box[k] = find(rows, names->name[k], 0, twice);
        found += box[k] >= 0;
    }
    return found;
}

static int is_landmark(const clile_i_place_columns *columns, int64_t column)
{
    for (int32_t k = 0; k < 2 * columns->points; ++k)
        if (columns->point[k] == column) return 1;
    return 0;
}

static clile_status find_box(const clile_i_rows *rows, clile_i_place_columns *out, int64_t *twice)
{
    const box_names *nearest = NULL;
    int most = 0;
    const size_t count = sizeof boxes / sizeof boxes[0];
    for (size_t k = 0; k < count + 2; ++k) {
        const box_names *names = k < count ? &boxes[k] : &corners[k - count];
        const int found = find_four(rows, names, out->box, twice);
        if (k >= count && is_landmark(out, out->box[2])) continue;
        if (found == 4) {
            out->form = names->form;
            return CLILE_OK;
        }
        /* width and height alone may be those of the image */
        if (k < count && found > most && (out->box[0] >= 0 || out->box[1] >= 0)) {
            most = found;
            nearest = names;
        }
    }
    if (nearest == NULL) return CLILE_OK;
    return clile_i_rows_fail(rows, "%d of the columns %s, %s, %s, %s; expected all four or none",
                             most, nearest->name[0], nearest->name[1], nearest->name[2],
                             nearest->name[3]);
}

clile_status clile_i_columns_find(const clile_i_rows *rows, clile_i_place_columns *out)
{
    int64_t twice = -1;
    memset(out, 0, sizeof *out);
    CLILE_I_RETURN_IF(find_points(rows, out, &twice));
    CLILE_I_RETURN_IF(find_box(rows, out, &twice));
    return twice >= 0 ? fail_twice(rows, twice) : CLILE_OK;
}

clile_status clile_i_columns_missing(const clile_i_rows *rows, const char *wanted)
{
    const ptrdiff_t size = rows->line_end - rows->line_begin;
    return clile_i_rows_fail(
        rows,
        "no columns of %s are known in the header \"%.*s%s\"; expected x,y,w,h (or "
        "x,y,width,height; left,top,width,height; left,top,right,bottom; xmin,ymin,xmax,ymax; "
        "x1,y1,x2,y2) for a box, x0,y0,...,x4,y4 or ...,x67,y67 (or x_0, y_0, ...; left_eye_x, "
        "left_eye_y, ...) for landmarks",
        wanted, size < 60 ? (int)size : 60, rows->line_begin, size < 60 ? "" : "...");
}

/* Whether the text has letters that cannot be part of a number. */
static int is_word(const char *begin, const char *end)
{
    static const char *const numbers[] = {"nan", "inf", "infinity"};
    for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; ++k) {
        size_t i = 0;
        while (begin + i < end && folded(begin[i]) == numbers[k][i] && numbers[k][i] != '\0') ++i;
        if (begin + i == end && numbers[k][i] == '\0') return 0;
    }
    return begin < end && ((folded(*begin) >= 'a' && folded(*begin) <= 'z') || *begin == '_');
}

int clile_i_columns_is_header(const clile_i_rows *rows, int64_t first)
{
    for (int64_t k = first; k < rows->count; ++k)
        if (is_word(rows->begin[k], rows->end[k])) return 1;
    return 0;
}
