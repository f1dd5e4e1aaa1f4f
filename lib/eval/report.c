/* The report's contents: test frames of all folds, named values, correlation matrices. */
#include "eval/report.h"

#include <string.h>

clile_status clile_report_create(int32_t c, const int32_t *au_ids, const char *published,
                                 clile_report **out)
{
    CLILE_I_CHECK_NOT_NULL(out);
    CLILE_I_CHECK_NOT_NULL(au_ids);
    if (c < 1)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: c is %d, expected at least 1", __func__,
                            (int)c);
    for (int32_t i = 0; i < c; ++i) {
        if (au_ids[i] < 1)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "%s: au_ids[%d] is %d, expected a positive AU number", __func__,
                                (int)i, (int)au_ids[i]);
        for (int32_t j = 0; j < i; ++j)
            if (au_ids[j] == au_ids[i])
                return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                    "%s: au_ids[%d] and au_ids[%d] are both %d", __func__, (int)j,
                                    (int)i, (int)au_ids[i]);
    }
    const clile_i_published *table = published == NULL ? NULL : clile_i_published_find(published);
    if (published != NULL && table == NULL)
        return clile_i_fail(
            CLILE_E_INVALID_ARGUMENT,
            "%s: unknown published table \"%s\", expected \"bp4d\", \"disfa\" or NULL", __func__,
            published);
    clile_status status = CLILE_OK;
    clile_report *report = NULL;
    CLILE_I_ALLOC(report, 1);
    report->c = c;
    report->published = table;
    CLILE_I_ALLOC(report->au_ids, c);
    memcpy(report->au_ids, au_ids, (size_t)c * sizeof *au_ids);
    *out = report;
    report = NULL;
cleanup:
    clile_report_destroy(report);
    return status;
}

void clile_report_destroy(clile_report *report)
{
    if (report == NULL) return;
    for (int64_t s = 0; s < report->subjects; ++s) clile_i_free(report->subject_names[s]);
    for (int64_t v = 0; v < report->values; ++v) clile_i_free(report->value[v].name);
    for (int64_t f = 0; f < report->folds; ++f) clile_i_graded_free(&report->fold[f].graded);
    clile_i_summary_free(report->summary);
    clile_i_free(report->label);
    clile_i_free(report->model);
    clile_i_free(report->value);
    clile_i_free(report->subject_names);
    clile_i_free(report->subject);
    clile_i_free(report->labels);
    clile_i_free(report->present);
    clile_i_free(report->score);
    clile_i_free(report->fold);
    clile_i_free(report->au_ids);
    clile_i_free(report);
}

/* A new block of count + more elements: the old ones, then `added`. NULL when out of memory. */
static void *extended(const void *old, int64_t count, const void *added, int64_t more, size_t size)
{
    char *block = clile_i_calloc(count + more, size);
    if (block == NULL) return NULL;
    if (count > 0) memcpy(block, old, (size_t)count * size);
    if (more > 0) memcpy(block + (size_t)count * size, added, (size_t)more * size);
    return block;
}

/* ---- subjects: identified by name across folds
 * ----------------------------------------------- */

/* The report's subject names, followed by new ones from the fold being added. */
typedef struct {
    char **names; /* [old + new]; the first `old` belong to the report */
    int64_t old, count;
    int32_t *subject; /* [n], index into names */
} naming;

static void naming_free(naming *names)
{
    for (int64_t s = names->old; s < names->count; ++s) clile_i_free(names->names[s]);
    clile_i_free(names->names);
    clile_i_free(names->subject);
}

/* Index of a name. A new name is appended; `names` has room. -1 when out of memory. */
static int32_t index_of_name(naming *names, const char *name)
{
    for (int64_t s = 0; s < names->count; ++s)
        if (strcmp(names->names[s], name) == 0) return (int32_t)s;
    char *copy = clile_i_strdup(name);
    if (copy == NULL) return -1;
    names->names[names->count] = copy;
    return (int32_t)names->count++;
}

static clile_status check_subjects(const char *function, int64_t n, const int32_t *subject,
                                   const char *const *subject_names)
{
    if (subject == NULL)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: subject is NULL", function);
    for (int64_t i = 0; subject_names != NULL && i < n; ++i) {
        if (subject[i] < 0)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "%s: subject[%lld] is %d, expected an index into subject_names",
                                function, (long long)i, (int)subject[i]);
        if (subject_names[subject[i]] == NULL)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "%s: subject_names[%d], of image %lld, is NULL", function,
                                (int)subject[i], (long long)i);
    }
    return CLILE_OK;
}

/* Names the n frames of a fold. Looks up each subject number only once, because comparing names n
 * times is slow. */
static clile_status name_subjects(const clile_report *report, int64_t n, const int32_t *subject,
                                  const char *const *subject_names, naming *out)
{
    clile_status status = CLILE_OK;
    int32_t *dense = NULL, *index = NULL;
    int64_t numbers = 0;
    *out = (naming){.old = report->subjects, .count = report->subjects};
    CLILE_I_ALLOC(dense, n);
    CLILE_I_ALLOC(out->subject, n);
    CLILE_I_TRY(clile_i_subjects_dense(n, subject, dense, &numbers));
    CLILE_I_ALLOC(index, numbers);
    for (int64_t k = 0; k < numbers; ++k) index[k] = -1;
    CLILE_I_ALLOC(out->names, report->subjects + numbers);
    for (int64_t s = 0; s < report->subjects; ++s) out->names[s] = report->subject_names[s];
    for (int64_t i = 0; i < n; ++i) {
        int32_t *known = &index[dense[i]];
        if (*known < 0) {
            char number[16];
            snprintf(number, sizeof number, "%d", (int)subject[i]);
            *known = index_of_name(out, subject_names == NULL ? number : subject_names[subject[i]]);
            if (*known < 0) {
                status = CLILE_E_OUT_OF_MEMORY;
                goto cleanup;
            }
        }
        out->subject[i] = *known;
    }
cleanup:
    clile_i_free(index);
    clile_i_free(dense);
    return status;
}

/* ---- adding ---------------------------------------------------------------------------------- */

clile_status clile_i_report_check_fold(const char *function, const clile_report *report,
                                       int32_t fold, int64_t n)
{
    CLILE_I_RETURN_IF(clile_i_eval_check_sizes(function, n, report->c));
    CLILE_I_RETURN_IF(clile_i_eval_check_sizes(function, report->frames + n, report->c));
    for (int64_t f = 0; f < report->folds; ++f)
        if (report->fold[f].fold == fold)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: fold %d was already added", function,
                                (int)fold);
    return CLILE_OK;
}

clile_status clile_report_add_fold(clile_report *report, int32_t fold, int64_t n,
                                   const float *score, const int8_t *present, const int8_t *labels,
                                   const int32_t *subject, const char *const *subject_names)
{
    CLILE_I_CHECK_NOT_NULL(report);
    return clile_i_report_add_fold(__func__, report, fold, n, score, present, labels, subject,
                                   subject_names, NULL);
}

clile_status clile_i_report_add_fold(const char *function, clile_report *report, int32_t fold,
                                     int64_t n, const float *score, const int8_t *present,
                                     const int8_t *labels, const int32_t *subject,
                                     const char *const *subject_names, const clile_i_graded *graded)
{
    const int32_t c = report->c;
    CLILE_I_RETURN_IF(clile_i_report_check_fold(function, report, fold, n));
    CLILE_I_RETURN_IF(clile_i_eval_check_finite(function, "score", n, c, score));
    CLILE_I_RETURN_IF(clile_i_eval_check_present(function, n, c, present));
    CLILE_I_RETURN_IF(clile_i_eval_check_labels(function, n, c, labels));
    CLILE_I_RETURN_IF(check_subjects(function, n, subject, subject_names));

    /* Allocate everything first. Change the report only when nothing can fail any more. */
    clile_status status = CLILE_OK;
    clile_i_fold added = {fold, report->frames, n, {NULL, NULL, NULL}};
    naming names = {0};
    clile_i_fold *folds = NULL;
    float *scores = NULL;
    int8_t *presents = NULL, *all_labels = NULL;
    int32_t *subjects = NULL;
    if (graded != NULL) CLILE_I_TRY(clile_i_graded_copy(function, n, c, graded, &added.graded));
    CLILE_I_TRY(name_subjects(report, n, subject, subject_names, &names));
    folds = extended(report->fold, report->folds, &added, 1, sizeof *folds);
    scores = extended(report->score, report->frames * c, score, n * c, sizeof *scores);
    presents = extended(report->present, report->frames * c, present, n * c, sizeof *presents);
    all_labels = extended(report->labels, report->frames * c, labels, n * c, sizeof *all_labels);
    subjects = extended(report->subject, report->frames, names.subject, n, sizeof *subjects);
    if (folds == NULL || scores == NULL || presents == NULL || all_labels == NULL ||
        subjects == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    clile_i_free(report->fold);
    clile_i_free(report->score);
    clile_i_free(report->present);
    clile_i_free(report->labels);
    clile_i_free(report->subject);
    clile_i_free(report->subject_names);
    clile_i_summary_free(report->summary);
    report->summary = NULL;
    report->fold = folds;
    report->score = scores;
    report->present = presents;
    report->labels = all_labels;
    report->subject = subjects;
    report->subject_names = names.names;
    report->subjects = names.count;
    report->frames += n;
    ++report->folds;
    added.graded = (clile_i_graded){NULL, NULL, NULL};
    folds = NULL;
    scores = NULL;
    presents = all_labels = NULL;
    subjects = NULL;
    names.names = NULL;
    names.old = names.count;
cleanup:
    clile_i_graded_free(&added.graded);
    naming_free(&names);
    clile_i_free(subjects);
    clile_i_free(all_labels);
    clile_i_free(presents);
    clile_i_free(scores);
    clile_i_free(folds);
    return status;
}

clile_status clile_report_add_value(clile_report *report, const char *name, double value)
{
    CLILE_I_CHECK_NOT_NULL(report);
    CLILE_I_CHECK_NOT_NULL(name);
    for (int64_t v = 0; v < report->values; ++v) {
        if (strcmp(report->value[v].name, name) != 0) continue;
        report->value[v].value = value;
        return CLILE_OK;
    }
    const clile_i_value added = {clile_i_strdup(name), value};
    if (added.name == NULL) return CLILE_E_OUT_OF_MEMORY;
    clile_i_value *values = extended(report->value, report->values, &added, 1, sizeof *values);
    if (values == NULL) {
        clile_i_free(added.name);
        return CLILE_E_OUT_OF_MEMORY;
    }
    clile_i_free(report->value);
    report->value = values;
    ++report->values;
    return CLILE_OK;
}

clile_status clile_report_set_correlation(clile_report *report, const double *model,
                                          const double *labels)
{
    CLILE_I_CHECK_NOT_NULL(report);
    const int64_t c = report->c;
    CLILE_I_RETURN_IF(clile_i_eval_check_finite_f64(__func__, "model", c, c, model));
    CLILE_I_RETURN_IF(clile_i_eval_check_finite_f64(__func__, "labels", c, c, labels));
    double agreement = 0.0;
    CLILE_I_RETURN_IF(clile_metrics_agreement(report->c, model, labels, &agreement));
    double *model_copy = extended(NULL, 0, model, c * c, sizeof *model_copy);
    double *label_copy = extended(NULL, 0, labels, c * c, sizeof *label_copy);
    if (model_copy == NULL || label_copy == NULL) {
        clile_i_free(model_copy);
        clile_i_free(label_copy);
        return CLILE_E_OUT_OF_MEMORY;
    }
    clile_i_free(report->model);
    clile_i_free(report->label);
    report->model = model_copy;
    report->label = label_copy;
    report->agreement = agreement;
    return CLILE_OK;
}
