/* Two evaluations of the same images. */
#include "run/evaluation.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *image;
    int32_t fold;
    int64_t row;
} key;

static int by_key(const void *left, const void *right)
{
    const key *a = left, *b = right;
    const int order = strcmp(a->image, b->image);
    return order != 0 ? order : (a->fold > b->fold) - (a->fold < b->fold);
}

static int by_image(const void *left, const void *right)
{
    return strcmp(((const key *)left)->image, ((const key *)right)->image);
}

/* The images of an evaluation, in its order, and sorted if asked. */
static key *keys_of(const clile_evaluation *e, int sorted)
{
    key *keys = clile_i_calloc(e->report->frames, sizeof *keys);
    for (int64_t part = 0; keys != NULL && part < e->parts; ++part) {
        const clile_i_fold *fold = &e->report->fold[part];
        for (int64_t i = fold->first; i < fold->first + fold->count; ++i)
            keys[i] = (key){e->image[i], fold->fold, i};
    }
    if (keys != NULL && sorted) qsort(keys, (size_t)e->report->frames, sizeof *keys, by_key);
    return keys;
}

static clile_status missing(const char *function, const key *lost, int64_t n, const key *sorted,
                            const char *here, const char *there)
{
    const key *other = bsearch(lost, sorted, (size_t)n, sizeof *sorted, by_image);
    if (other != NULL)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: image \"%s\" is of fold %d in the %s evaluation and of fold %d in "
                            "the %s",
                            function, lost->image, (int)lost->fold, here, (int)other->fold, there);
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                        "%s: image \"%s\" of fold %d is in the %s evaluation, but not in the %s",
                        function, lost->image, (int)lost->fold, here, there);
}

/* match [frames of a]: the same image in b. */
static clile_status match_images(const char *function, const clile_evaluation *a,
                                 const clile_evaluation *b, int64_t *match)
{
    clile_status status = CLILE_OK;
    const int64_t n = a->report->frames, m = b->report->frames;
    key *of_a = keys_of(a, 0), *of_b = keys_of(b, 1), *sorted_a = NULL;
    if (of_a == NULL || of_b == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    for (int64_t i = 0; i < n; ++i) {
        const key *found = bsearch(&of_a[i], of_b, (size_t)m, sizeof *of_b, by_key);
        if (found == NULL) {
            status = missing(function, &of_a[i], m, of_b, "first", "second");
            goto cleanup;
        }
        match[i] = found->row;
    }
    if (n == m) goto cleanup;
    sorted_a = keys_of(a, 1);
    if (sorted_a == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    for (int64_t i = 0; i < m; ++i)
        if (bsearch(&of_b[i], sorted_a, (size_t)n, sizeof *of_b, by_key) == NULL) {
            status = missing(function, &of_b[i], n, sorted_a, "second", "first");
            goto cleanup;
        }
cleanup:
    clile_i_free(of_a);
    clile_i_free(of_b);
    clile_i_free(sorted_a);
    return status;
}

/* column [2,c] of the AUs in each. */
static clile_status find_columns(const char *function, const clile_evaluation *const both[2],
                                 int32_t c, const int32_t *au_ids, int32_t *column)
{
    static const char *const names[2] = {"first", "second"};
    for (int side = 0; side < 2; ++side)
        for (int32_t k = 0; k < c; ++k) {
            const clile_report *report = both[side]->report;
            int32_t at = 0;
            while (at < report->c && report->au_ids[at] != au_ids[k]) ++at;
            if (at == report->c)
                return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: the %s evaluation has no AU%d",
                                    function, names[side], (int)au_ids[k]);
            column[side * c + k] = at;
        }
    return CLILE_OK;
}

typedef struct {
    float *score[2];
    int8_t *present[2], *labels;
    int64_t *match;
    int32_t *column;
} rows;

/* The chosen AUs of image i of the first, and of the same image in the second. */
static clile_status take_row(const char *function, const clile_evaluation *const both[2], int32_t c,
                             int64_t i, const rows *r)
{
    const clile_report *report[2] = {both[0]->report, both[1]->report};
    const int64_t row[2] = {i, r->match[i]};
    const char *who[2], *image = both[0]->image[i];
    for (int side = 0; side < 2; ++side)
        who[side] = report[side]->subject_names[report[side]->subject[row[side]]];
    if (strcmp(who[0], who[1]) != 0)
        return clile_i_fail(
            CLILE_E_INVALID_ARGUMENT,
            "%s: image \"%s\" is of \"%s\" in the first evaluation and of \"%s\" in "
            "the second",
            function, image, who[0], who[1]);
    for (int32_t k = 0; k < c; ++k) {
        int8_t label[2];
        for (int side = 0; side < 2; ++side) {
            const int64_t at = row[side] * report[side]->c + r->column[side * c + k];
            r->score[side][i * c + k] = report[side]->score[at];
            r->present[side][i * c + k] = report[side]->present[at];
            label[side] = report[side]->labels[at];
        }
        if (label[0] != label[1])
            return clile_i_fail(
                CLILE_E_INVALID_ARGUMENT,
                "%s: image \"%s\", AU%d: the label is %d in the first evaluation and "
                "%d in the second",
                function, image, (int)report[0]->au_ids[r->column[k]], label[0], label[1]);
        r->labels[i * c + k] = label[0];
    }
    return CLILE_OK;
}

clile_status clile_evaluation_compare(const clile_evaluation *a, const clile_evaluation *b,
                                      const char *metric, int32_t c, const int32_t *au_ids,
                                      const clile_comparison *out)
{
    clile_status status = CLILE_OK;
    rows r = {0};
    CLILE_I_CHECK_NOT_NULL(a);
    CLILE_I_CHECK_NOT_NULL(b);
    CLILE_I_CHECK_NOT_NULL(metric);
    CLILE_I_CHECK_NOT_NULL(au_ids);
    CLILE_I_CHECK_NOT_NULL(out);
    const clile_evaluation *const both[2] = {a, b};
    const int64_t n = a->report->frames;
    if (n == 0 || b->report->frames == 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: the %s evaluation has no part yet",
                            __func__, n == 0 ? "first" : "second");
    CLILE_I_RETURN_IF(clile_i_eval_check_sizes(__func__, n, c));
    CLILE_I_ALLOC(r.column, 2 * (int64_t)c);
    CLILE_I_ALLOC(r.match, n);
    CLILE_I_TRY(find_columns(__func__, both, c, au_ids, r.column));
    CLILE_I_TRY(match_images(__func__, a, b, r.match));
    for (int side = 0; side < 2; ++side) {
        CLILE_I_ALLOC(r.score[side], n * c);
        CLILE_I_ALLOC(r.present[side], n * c);
    }
    CLILE_I_ALLOC(r.labels, n * c);
    for (int64_t i = 0; i < n; ++i) CLILE_I_TRY(take_row(__func__, both, c, i, &r));
    status = clile_metrics_compare(metric, n, c, r.score[0], r.present[0], r.score[1], r.present[1],
                                   r.labels, a->report->subject, out);
cleanup:
    for (int side = 0; side < 2; ++side) {
        clile_i_free(r.score[side]);
        clile_i_free(r.present[side]);
    }
    clile_i_free(r.labels);
    clile_i_free(r.match);
    clile_i_free(r.column);
    return status;
}
