/* The finder's handle. Checks what a callback or a module found, and lists each face once, the
 * largest first. */
#include "face/face.h"

#include <math.h>
#include <stdlib.h>

enum { CALLBACK_NAME_SIZE = 40 };

struct clile_finder {
    clile_i_refs refs;
    char name[CALLBACK_NAME_SIZE];
    clile_find_fn find; /* NULL: the module's */
    void *user;
    clile_i_module module;
    int64_t smallest;
    int32_t threads;
    int32_t searching;
    clile_status failed; /* of an add during this search */
    clile_i_image image; /* of this search */
    clile_found_face *faces;
    int64_t count, capacity;
};

static clile_status make(const char *name, const clile_options *options, clile_finder **out)
{
    clile_status status = CLILE_OK;
    clile_finder *f = NULL;
    int64_t threads = 1;
    CLILE_I_ALLOC(f, 1);
    clile_i_refs_init(&f->refs);
    CLILE_I_TRY(clile_options_get_i64(options, CLILE_OPT_SMALLEST_FACE, &f->smallest));
    CLILE_I_TRY(clile_options_get_i64(options, CLILE_OPT_THREADS, &threads));
    f->threads = (int32_t)threads;
    snprintf(f->name, sizeof f->name, "%s", name);
    *out = f;
    f = NULL;
cleanup:
    clile_i_free(f);
    return status;
}

clile_status clile_finder_create(clile_find_fn find, void *user, const clile_options *options,
                                 clile_finder **out)
{
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_CHECK_NOT_NULL(find);
    CLILE_I_RETURN_IF(make("callback", options, out));
    (*out)->find = find;
    (*out)->user = user;
    return CLILE_OK;
}

clile_status clile_finder_create_by_name(const char *name, const clile_options *options,
                                         clile_finder **out)
{
    clile_status status = CLILE_OK;
    clile_finder *f = NULL;
    clile_i_module module = {0};
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_CHECK_NOT_NULL(name);
    CLILE_I_TRY(clile_i_module_open(name, &module));
    CLILE_I_TRY(make(name, options, &f));
    f->module = module;
    module = (clile_i_module){0};
    *out = f;
cleanup:
    clile_i_module_close(&module);
    return status;
}

clile_status clile_finder_create_default(const clile_options *options, clile_finder **out)
{
    CLILE_I_CHECK_NOT_NULL(out);
    return clile_finder_create_by_name("dlib", options, out);
}

const char *clile_finder_get_name(const clile_finder *finder)
{
    return finder == NULL ? NULL : finder->name;
}

void clile_i_finder_retain(clile_finder *finder)
{
    clile_i_refs_retain(&finder->refs);
}

void clile_finder_destroy(clile_finder *finder)
{
    if (finder == NULL || clile_i_refs_release(&finder->refs) > 0) return;
    clile_i_module_close(&finder->module);
    clile_i_free(finder->faces);
    clile_i_free(finder);
}

/* ---- faces of one search ---- */

/* A detector's box may extend beyond the image. */
static clile_status check_face(const clile_finder *f, const float *box, float score, int32_t points,
                               const float *xy)
{
    char why[CLILE_I_WHY_SIZE];
    double wide[136], five[10];
    clile_i_affine unused;
    for (int k = 0; k < 4; ++k) wide[k] = (double)box[k];
    CLILE_I_RETURN_IF(clile_i_align_box(wide, 0.0, f->image.h, f->image.w, 1, &unused));
    if (!clile_i_is_finite((double)score))
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "score of a face is not finite");
    if (points == 0) return CLILE_OK;
    if (points != 5 && points != 68)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%d landmarks, expected 0, 5 or 68",
                            (int)points);
    if (xy == NULL)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "xy is NULL, expected %d landmarks",
                            (int)points);
    for (int32_t k = 0; k < 2 * points; ++k) {
        wide[k] = (double)xy[k];
        if (!clile_i_is_finite(wide[k]))
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "landmark %d is not finite", (int)k / 2);
    }
    clile_i_align_reduce(points, wide, five);
    return clile_i_align_five_fault(five, why) ? clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s", why)
                                               : CLILE_OK;
}

static clile_status grow(clile_finder *f)
{
    if (f->count == CLILE_FINDER_MOST_FACES)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "more than %d faces in one image",
                            (int)CLILE_FINDER_MOST_FACES);
    CLILE_I_GROW(f->faces, &f->capacity, f->count + 1);
    return CLILE_OK;
}

clile_status clile_finder_add(clile_finder *finder, const float *box, float score, int32_t points,
                              const float *xy)
{
    clile_status status = CLILE_OK;
    CLILE_I_CHECK_NOT_NULL(finder);
    CLILE_I_CHECK_NOT_NULL(box);
    if (!finder->searching)
        return clile_i_fail(CLILE_E_STATE,
                            "clile_finder_add: no search is running; only `find` may call it");
    status = check_face(finder, box, score, points, xy);
    if (status == CLILE_OK) status = grow(finder);
    if (status != CLILE_OK) {
        finder->failed = clile_i_fail_context(status, "face %lld that the finder %s found",
                                              (long long)finder->count + 1, finder->name);
        return finder->failed;
    }
    clile_found_face *face = &finder->faces[finder->count++];
    *face = (clile_found_face){.struct_size = sizeof *face, .score = score, .points = points};
    memcpy(face->box, box, sizeof face->box);
    if (points > 0) memcpy(face->xy, xy, 2 * (size_t)points * sizeof *xy);
    return CLILE_OK;
}

/* A clile_i_tell. */
static clile_status take_box(const clile_i_box *box, void *user)
{
    const float sides[4] = {(float)box->left, (float)box->top, (float)box->side, (float)box->side};
    return clile_finder_add(user, sides, (float)box->score, 0, NULL);
}

static double area(const clile_found_face *f)
{
    return (double)f->box[2] * (double)f->box[3];
}

static int by_place(const clile_found_face *a, const clile_found_face *b)
{
    for (int k = 0; k < 4; ++k)
        if (a->box[k] != b->box[k]) return a->box[k] < b->box[k] ? -1 : 1;
    return 0;
}

static int surer(const void *left, const void *right)
{
    const clile_found_face *a = left, *b = right;
    if (a->score != b->score) return a->score > b->score ? -1 : 1;
    return area(a) != area(b) ? (area(a) > area(b) ? -1 : 1) : by_place(a, b);
}

static int larger(const void *left, const void *right)
{
    const clile_found_face *a = left, *b = right;
    return area(a) != area(b) ? (area(a) > area(b) ? -1 : 1) : by_place(a, b);
}

/* Two boxes are one face if most of the smaller is in the larger, or their intersection is two
 * fifths of their union. */
static int is_same(const clile_found_face *a, const clile_found_face *b)
{
    const float *p = a->box, *q = b->box;
    const double right = fmin((double)p[0] + (double)p[2], (double)q[0] + (double)q[2]),
                 bottom = fmin((double)p[1] + (double)p[3], (double)q[1] + (double)q[3]);
    const double w = right - fmax((double)p[0], (double)q[0]),
                 h = bottom - fmax((double)p[1], (double)q[1]);
    if (!(w > 0.0 && h > 0.0)) return 0;
    return w * h > 0.4 * (area(a) + area(b) - w * h) || w * h > 0.75 * fmin(area(a), area(b));
}

void clile_i_found_settle(clile_found_face *faces, int64_t *count)
{
    int64_t kept = 0;
    if (*count == 0) return;
    qsort(faces, (size_t)*count, sizeof *faces, surer);
    for (int64_t k = 0; k < *count; ++k) {
        int64_t other = 0;
        while (other < kept && !is_same(&faces[other], &faces[k])) ++other;
        if (other == kept) faces[kept++] = faces[k];
    }
    *count = kept;
    qsort(faces, (size_t)kept, sizeof *faces, larger);
}

clile_status clile_finder_find(clile_finder *finder, const clile_image *image, int64_t *count)
{
    clile_status status = CLILE_OK;
    CLILE_I_CHECK_NOT_NULL(finder);
    CLILE_I_CHECK_NOT_NULL(image);
    CLILE_I_CHECK_NOT_NULL(count);
    if (finder->searching)
        return clile_i_fail(CLILE_E_STATE, "clile_finder_find: this finder is already searching");
    CLILE_I_RETURN_IF(clile_i_image_borrow(image, &finder->image));
    finder->count = 0;
    finder->failed = CLILE_OK;
    finder->searching = 1;
    if (finder->find == NULL) {
        const clile_i_team before = clile_i_team_enter(finder->threads);
        status =
            clile_i_search(&finder->module, finder->smallest, &finder->image, take_box, finder);
        clile_i_team_leave(before);
    } else if (finder->find(finder, image, finder->user) != 0 && finder->failed == CLILE_OK) {
        status = clile_i_fail(CLILE_E_CANCELLED, "the caller's finder failed");
    }
    finder->searching = 0;
    if (finder->failed != CLILE_OK) status = finder->failed;
    if (status != CLILE_OK) {
        finder->count = 0;
        return status;
    }
    clile_i_found_settle(finder->faces, &finder->count);
    *count = finder->count;
    return CLILE_OK;
}

clile_status clile_i_found_copy(const clile_found_face *from, clile_found_face *to,
                                const char *function)
{
    CLILE_I_RETURN_IF(
        clile_i_struct_check(function, to, CLILE_I_STRUCT_LEAST(clile_found_face, xy)));
    clile_i_struct_put(to, from, sizeof *from);
    return CLILE_OK;
}

clile_status clile_finder_get(const clile_finder *finder, int64_t index, clile_found_face *face)
{
    CLILE_I_CHECK_NOT_NULL(finder);
    CLILE_I_CHECK_NOT_NULL(face);
    if (index < 0 || index >= finder->count)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "clile_finder_get: index is %lld, but %lld faces were found",
                            (long long)index, (long long)finder->count);
    return clile_i_found_copy(&finder->faces[index], face, __func__);
}
