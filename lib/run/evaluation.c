/* A saved evaluation in memory. Folds, scores, labels and people are those of a report; what
 * belongs to single images is kept beside it. */
#include "run/evaluation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *text;
    int64_t index;
} named;

static int by_text(const void *left, const void *right)
{
    const named *a = left, *b = right;
    const int order = strcmp(a->text, b->text);
    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

clile_status clile_i_find_twice(int64_t n, const char *const *texts, int64_t *first,
                                int64_t *second)
{
    clile_status status = CLILE_OK;
    named *sorted = NULL;
    *first = *second = 0;
    CLILE_I_ALLOC(sorted, n);
    for (int64_t i = 0; i < n; ++i) sorted[i] = (named){texts[i], i};
    qsort(sorted, (size_t)n, sizeof *sorted, by_text);
    for (int64_t i = 1; i < n; ++i) {
        if (strcmp(sorted[i - 1].text, sorted[i].text) != 0) continue;
        if (*second != 0 && sorted[i].index > *second) continue;
        *first = sorted[i - 1].index;
        *second = sorted[i].index;
    }
cleanup:
    clile_i_free(sorted);
    return status;
}

clile_status clile_evaluation_create(int32_t c, const int32_t *au_ids, clile_evaluation **out)
{
    clile_status status = CLILE_OK;
    clile_evaluation *made = NULL;
    CLILE_I_CHECK_NOT_NULL(au_ids);
    CLILE_I_CHECK_NOT_NULL(out);
    CLILE_I_ALLOC(made, 1);
    CLILE_I_TRY(clile_report_create(c, au_ids, NULL, &made->report));
    *out = made;
    made = NULL;
cleanup:
    clile_evaluation_destroy(made);
    return status;
}

static void part_free(clile_i_part *part)
{
    clile_i_free(part->model);
    clile_i_free(part->protocol);
    *part = (clile_i_part){0};
}

void clile_evaluation_destroy(clile_evaluation *evaluation)
{
    if (evaluation == NULL) return;
    for (int64_t k = 0; k < evaluation->parts; ++k) part_free(&evaluation->part[k]);
    for (int64_t i = 0; i < clile_evaluation_size(evaluation); ++i)
        clile_i_free(evaluation->image[i]);
    clile_i_free(evaluation->part);
    clile_i_free(evaluation->image);
    clile_i_free(evaluation->probability);
    clile_report_destroy(evaluation->report);
    clile_i_free(evaluation);
}

/* ---- adding ---------------------------------------------------------------------------------- */

static clile_status check_part(const char *function, const clile_evaluation_part *given,
                               clile_evaluation_part *part)
{
    *part = (clile_evaluation_part){.struct_size = sizeof *part};
    CLILE_I_RETURN_IF(
        clile_i_struct_check(function, given, CLILE_I_STRUCT_LEAST(clile_evaluation_part, coded)));
    clile_i_struct_get(part, sizeof *part, given);
    if (part->model == NULL || part->protocol == NULL)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: part->%s is NULL", function,
                            part->model == NULL ? "model" : "protocol");
    if (part->fold < 0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: fold is %d, expected 0 or more",
                            function, (int)part->fold);
    if (part->seed < -1)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: seed is %lld, expected -1 or more",
                            function, (long long)part->seed);
    return CLILE_OK;
}

static clile_status check_probabilities(const char *function, int64_t n, int32_t c,
                                        const float *probability)
{
    for (int64_t k = 0; probability != NULL && k < n * c; ++k)
        if (!clile_i_is_nan((double)probability[k]) &&
            !clile_i_is_within((double)probability[k], 0.0, 1.0))
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "%s: probability[%lld] is %g, expected 0 to 1, or NaN for none",
                                function, (long long)k, (double)probability[k]);
    return CLILE_OK;
}

static clile_status check_intensities(const char *function, int64_t n, int32_t c,
                                      const clile_evaluation_part *part)
{
    if ((part->estimated == NULL) != (part->coded == NULL))
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: part->%s is NULL, but part->%s is not",
                            function, part->coded == NULL ? "coded" : "estimated",
                            part->coded == NULL ? "estimated" : "coded");
    if (part->coded == NULL) return CLILE_OK;
    for (int64_t k = 0; k < n * c; ++k)
        if (part->coded[k] < -1 || part->coded[k] > 5)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "%s: part->coded[%lld,%lld] is %d, expected -1 to 5", function,
                                (long long)(k / c), (long long)(k % c), part->coded[k]);
    return clile_i_eval_check_finite(function, "part->estimated", n, c, part->estimated);
}

static clile_status check_images(const char *function, int64_t n, const char *const *names)
{
    int64_t first = 0, second = 0;
    for (int64_t i = 0; i < n; ++i)
        if (names[i] == NULL)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: image_names[%lld] is NULL", function,
                                (long long)i);
    CLILE_I_RETURN_IF(clile_i_find_twice(n, names, &first, &second));
    if (second == 0) return CLILE_OK;
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: images %lld and %lld are both \"%s\"",
                        function, (long long)first, (long long)second, names[second]);
}

/* Copies what the report does not keep, after the images that are there; these count only once
 * the report has them too. */
static clile_status copy_beside(clile_evaluation *e, const clile_evaluation_part *part, int64_t n,
                                const float *probability, const char *const *image_names)
{
    const int64_t c = e->report->c, first = e->report->frames;
    CLILE_I_GROW(e->part, &e->part_capacity, e->parts + 1);
    CLILE_I_GROW(e->probability, &e->probabilities, (first + n) * c);
    CLILE_I_GROW(e->image, &e->images, first + n);
    clile_i_part *new = &e->part[e->parts];
    new->seed = part->seed;
    new->model = clile_i_strdup(part->model);
    new->protocol = clile_i_strdup(part->protocol);
    if (new->model == NULL || new->protocol == NULL) return CLILE_E_OUT_OF_MEMORY;
    for (int64_t k = 0; k < n * c; ++k)
        e->probability[first * c + k] = probability != NULL ? probability[k] : NAN;
    for (int64_t i = 0; i < n; ++i) {
        e->image[first + i] = clile_i_strdup(image_names[i]);
        if (e->image[first + i] == NULL) return CLILE_E_OUT_OF_MEMORY;
    }
    return CLILE_OK;
}

static void forget_beside(clile_evaluation *e, int64_t n)
{
    const int64_t first = e->report->frames;
    if (e->parts < e->part_capacity) part_free(&e->part[e->parts]);
    for (int64_t i = first; i < first + n && i < e->images; ++i) {
        clile_i_free(e->image[i]);
        e->image[i] = NULL;
    }
}

clile_status clile_evaluation_add_part(clile_evaluation *evaluation,
                                       const clile_evaluation_part *part, int64_t n,
                                       const float *score, const float *probability,
                                       const int8_t *present, const int8_t *labels,
                                       const int32_t *subject, const char *const *subject_names,
                                       const char *const *image_names)
{
    clile_evaluation_part p;
    CLILE_I_CHECK_NOT_NULL(evaluation);
    CLILE_I_CHECK_NOT_NULL(part);
    CLILE_I_CHECK_NOT_NULL(image_names);
    CLILE_I_RETURN_IF(check_part(__func__, part, &p));
    CLILE_I_RETURN_IF(clile_i_report_check_fold(__func__, evaluation->report, p.fold, n));
    CLILE_I_RETURN_IF(check_probabilities(__func__, n, evaluation->report->c, probability));
    CLILE_I_RETURN_IF(check_intensities(__func__, n, evaluation->report->c, &p));
    CLILE_I_RETURN_IF(check_images(__func__, n, image_names));
    const clile_i_graded graded = {p.estimated, NULL, p.coded};
    clile_status status = copy_beside(evaluation, &p, n, probability, image_names);
    if (status == CLILE_OK)
        status =
            clile_i_report_add_fold(__func__, evaluation->report, p.fold, n, score, present, labels,
                                    subject, subject_names, p.coded != NULL ? &graded : NULL);
    if (status != CLILE_OK)
        forget_beside(evaluation, n);
    else
        ++evaluation->parts;
    return status;
}

/* ---- reading --------------------------------------------------------------------------------- */

int64_t clile_evaluation_size(const clile_evaluation *evaluation)
{
    return evaluation == NULL || evaluation->report == NULL ? 0 : evaluation->report->frames;
}

int32_t clile_evaluation_au_count(const clile_evaluation *evaluation)
{
    return evaluation == NULL ? 0 : evaluation->report->c;
}

int32_t clile_evaluation_part_count(const clile_evaluation *evaluation)
{
    return evaluation == NULL ? 0 : (int32_t)evaluation->parts;
}

int32_t clile_evaluation_subject_count(const clile_evaluation *evaluation)
{
    return evaluation == NULL ? 0 : (int32_t)evaluation->report->subjects;
}

clile_status clile_evaluation_copy_au_ids(const clile_evaluation *evaluation, int32_t *au_ids)
{
    CLILE_I_CHECK_NOT_NULL(evaluation);
    CLILE_I_CHECK_NOT_NULL(au_ids);
    memcpy(au_ids, evaluation->report->au_ids, (size_t)evaluation->report->c * sizeof *au_ids);
    return CLILE_OK;
}

clile_status clile_evaluation_get_part(const clile_evaluation *evaluation, int32_t index,
                                       clile_evaluation_part *part)
{
    CLILE_I_CHECK_NOT_NULL(evaluation);
    CLILE_I_CHECK_NOT_NULL(part);
    CLILE_I_RETURN_IF(
        clile_i_struct_check(__func__, part, CLILE_I_STRUCT_LEAST(clile_evaluation_part, coded)));
    if (index < 0 || index >= evaluation->parts)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: index is %d, there are %lld parts",
                            __func__, (int)index, (long long)evaluation->parts);
    const clile_i_part *from = &evaluation->part[index];
    const clile_i_fold *fold = &evaluation->report->fold[index];
    const clile_evaluation_part ours = {.struct_size = sizeof ours,
                                        .fold = fold->fold,
                                        .seed = from->seed,
                                        .model = from->model,
                                        .protocol = from->protocol,
                                        .first = fold->first,
                                        .count = fold->count};
    clile_i_struct_put(part, &ours, sizeof ours);
    return CLILE_OK;
}

const char *clile_evaluation_get_subject_name(const clile_evaluation *evaluation, int32_t subject)
{
    if (subject < 0 || subject >= clile_evaluation_subject_count(evaluation)) return NULL;
    return evaluation->report->subject_names[subject];
}

const char *clile_evaluation_get_image_name(const clile_evaluation *evaluation, int64_t image)
{
    if (image < 0 || image >= clile_evaluation_size(evaluation)) return NULL;
    return evaluation->image[image];
}

static void copy(void *to, const void *from, int64_t first, int64_t count, size_t element)
{
    if (to != NULL && count > 0)
        memcpy(to, (const char *)from + (size_t)first * element, (size_t)count * element);
}

/* Those of images first .. first+count-1, which are in one or more parts. */
static void copy_intensities(const clile_report *report, int64_t first, int64_t count,
                             const clile_evaluation_rows *to)
{
    const int64_t c = report->c;
    for (int64_t f = 0; f < report->folds; ++f) {
        const clile_i_fold *fold = &report->fold[f];
        const int64_t from = fold->first > first ? fold->first : first,
                      last = fold->first + fold->count, end = first + count;
        for (int64_t k = from * c; k < (last < end ? last : end) * c; ++k) {
            const int64_t at = k - fold->first * c;
            if (to->estimated != NULL)
                to->estimated[k - first * c] =
                    fold->graded.value != NULL ? fold->graded.value[at] : NAN;
            if (to->coded != NULL)
                to->coded[k - first * c] =
                    fold->graded.value != NULL ? fold->graded.intensity[at] : -1;
        }
    }
}

clile_status clile_evaluation_copy_rows(const clile_evaluation *evaluation, int64_t first,
                                        int64_t count, const clile_evaluation_rows *to)
{
    clile_evaluation_rows out = {.struct_size = sizeof out};
    CLILE_I_CHECK_NOT_NULL(evaluation);
    CLILE_I_CHECK_NOT_NULL(to);
    CLILE_I_RETURN_IF(
        clile_i_struct_check(__func__, to, CLILE_I_STRUCT_LEAST(clile_evaluation_rows, coded)));
    clile_i_struct_get(&out, sizeof out, to);
    const clile_report *report = evaluation->report;
    if (first < 0 || count < 0 || first > report->frames || count > report->frames - first)
        return clile_i_fail(
            CLILE_E_INVALID_ARGUMENT, "%s: images %lld to %lld, there are %lld from 0 on", __func__,
            (long long)first, (long long)first + count - 1, (long long)report->frames);
    const int64_t c = report->c;
    copy(out.score, report->score, first * c, count * c, sizeof *report->score);
    copy(out.probability, evaluation->probability, first * c, count * c, sizeof(float));
    copy(out.present, report->present, first * c, count * c, 1);
    copy(out.labels, report->labels, first * c, count * c, 1);
    copy(out.subject, report->subject, first, count, sizeof *report->subject);
    copy_intensities(report, first, count, &out);
    return CLILE_OK;
}

/* Adds those of part k, if it has any, to its fold of the report. */
static clile_status report_intensities(const clile_evaluation *e, int64_t k, int32_t number,
                                       clile_report *report)
{
    const clile_i_fold *fold = &e->report->fold[k];
    const float *probability = e->probability + fold->first * report->c;
    int known = 1;
    if (fold->graded.value == NULL) return CLILE_OK;
    for (int64_t i = 0; i < fold->count * report->c && known; ++i)
        known = !clile_i_is_nan((double)probability[i]);
    return clile_report_add_intensity(report, number, fold->count, fold->graded.value,
                                      known ? probability : NULL, fold->graded.intensity);
}

clile_status clile_evaluation_copy_report(const clile_evaluation *evaluation, const char *published,
                                          clile_report **out)
{
    clile_status status = CLILE_OK;
    clile_report *made = NULL;
    CLILE_I_CHECK_NOT_NULL(evaluation);
    CLILE_I_CHECK_NOT_NULL(out);
    const clile_report *from = evaluation->report;
    if (from->folds == 0)
        return clile_i_fail(CLILE_E_STATE, "%s: the evaluation has no part yet", __func__);
    CLILE_I_TRY(clile_report_create(from->c, from->au_ids, published, &made));
    for (int64_t k = 0; k < from->folds; ++k) {
        const clile_i_fold *fold = &from->fold[k];
        const int64_t at = fold->first * from->c;
        const int32_t number = from->folds == 1 && fold->fold == 0 ? 1 : fold->fold;
        CLILE_I_TRY(clile_report_add_fold(
            made, number, fold->count, from->score + at, from->present + at, from->labels + at,
            from->subject + fold->first, (const char *const *)from->subject_names));
        CLILE_I_TRY(report_intensities(evaluation, k, number, made));
    }
    *out = made;
    made = NULL;
cleanup:
    clile_report_destroy(made);
    return status;
}
