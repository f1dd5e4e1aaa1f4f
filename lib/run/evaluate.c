/* Runs a data set through a predictor. Gives answers for its images, or rows of a report. */
#include "data/data.h"
#include "eval/report.h"
#include "model/model.h"
#include "run/run.h"

#include <clile/evaluate.h>

#include <math.h>

enum { LEAST_CHUNK = 32 }; /* images decoded at once, to keep all threads busy */

typedef struct {
    const char *function;
    clile_predictor *predictor;
    clile_i_predictor_view view;
    const clile_dataset *data;
    int64_t n;
    const int64_t *indices; /* NULL: 0..n-1 */
    clile_answers out;
    clile_count_fn progress;
    void *user;
    uint8_t *crops; /* [chunk,size,size,3] */
    float *five;    /* [chunk,5,2]; NULL: the model reads no points */
} run;

/* NULL means no arrays. */
static clile_status read_answers(const char *function, const clile_answers *given,
                                 clile_answers *out)
{
    *out = (clile_answers){.struct_size = sizeof *out};
    if (given == NULL) return CLILE_OK;
    CLILE_I_RETURN_IF(
        clile_i_struct_check(function, given, CLILE_I_STRUCT_LEAST(clile_answers, intensity)));
    clile_i_struct_get(out, sizeof *out, given);
    return CLILE_OK;
}

static clile_status check_images(const run *r)
{
    if (r->out.intensity != NULL && !clile_model_has_intensity(r->view.model))
        return clile_i_fail(CLILE_E_UNSUPPORTED,
                            "%s: intensity is asked for, but the model knows none", r->function);
    const int64_t size = clile_dataset_size(r->data);
    const int32_t stored = clile_dataset_crop_size(r->data), wanted = r->view.model->size;
    if (r->n < 0 || (r->indices == NULL && r->n > size))
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s: n is %lld, expected 0 to %lld, the size of the data set",
                            r->function, (long long)r->n, (long long)size);
    for (int64_t k = 0; r->indices != NULL && k < r->n; ++k)
        if (r->indices[k] < 0 || r->indices[k] >= size)
            return clile_i_fail(
                CLILE_E_INVALID_ARGUMENT, "%s: indices[%lld] is %lld, the data set has %lld images",
                r->function, (long long)k, (long long)r->indices[k], (long long)size);
    if (stored != 0 && stored != wanted)
        return clile_i_fail(
            CLILE_E_INVALID_ARGUMENT,
            "%s: the data set is a pack with crops of %d pixels, the model needs %d", r->function,
            (int)stored, (int)wanted);
    return CLILE_OK;
}

/* Whether a status concerns one image only: the next image may succeed. */
static int is_of_image(clile_status status)
{
    return status == CLILE_E_IO || status == CLILE_E_FORMAT || status == CLILE_E_CORRUPT ||
           status == CLILE_E_UNSUPPORTED || status == CLILE_E_INVALID_ARGUMENT;
}

/* Loads crops indices[0..count-1] one by one. A crop that fails becomes grey. */
static clile_status load_each(const run *r, int64_t count, const int64_t *indices, int8_t *success)
{
    const int32_t size = r->view.model->size;
    const int64_t bytes = (int64_t)size * size * 3;
    for (int64_t k = 0; k < count; ++k) {
        const clile_status status =
            clile_dataset_copy_crop(r->data, indices[k], size, r->crops + k * bytes);
        success[k] = status == CLILE_OK;
        if (status == CLILE_OK) continue;
        if (!is_of_image(status)) return status;
        clile_i_log_write(r->view.log, CLILE_LOG_WARNING, "image %s is left out: %s",
                          clile_dataset_get_image_name(r->data, indices[k]), clile_last_error());
        memset(r->crops + k * bytes, 128, (size_t)bytes);
    }
    return CLILE_OK;
}

/* The points of each image, if the model reads them. */
static clile_status load_five(const run *r, int64_t count, const int64_t *indices, int8_t *success)
{
    for (int64_t k = 0; r->five != NULL && k < count; ++k) {
        float *five = r->five + 2 * CLILE_I_FIVE * k;
        const clile_status status = clile_i_dataset_copy_five(r->data, indices[k], five);
        if (status == CLILE_OK) continue;
        if (success == NULL || !is_of_image(status))
            return clile_i_fail_context(status, "%s: method=%s reads the points of a face",
                                        r->function, r->view.model->method->name);
        success[k] = 0;
        clile_i_log_write(r->view.log, CLILE_LOG_WARNING, "image %s is left out: %s",
                          clile_dataset_get_image_name(r->data, indices[k]), clile_last_error());
        memset(five, 0, 2 * CLILE_I_FIVE * sizeof *five);
    }
    return CLILE_OK;
}

static clile_status load(const run *r, int64_t count, const int64_t *indices, int8_t *success)
{
    const clile_status status = clile_dataset_copy_crops(
        r->data, count, indices, r->view.model->size, r->view.threads, r->crops);
    if (success == NULL) return status;
    memset(success, 1, (size_t)count);
    return is_of_image(status) ? load_each(r, count, indices, success) : status;
}

static void fill(float *row, int64_t count, float value)
{
    for (int64_t i = 0; row != NULL && i < count; ++i) row[i] = value;
}

/* Erases the answers for images that could not be read. */
static void erase_failed(const clile_i_outputs *out, const clile_model *model, int64_t count,
                         const int8_t *success)
{
    const int64_t c = model->c, d = model->d;
    for (int64_t k = 0; success != NULL && k < count; ++k) {
        if (success[k]) continue;
        fill(out->probability ? out->probability + k * c : NULL, c, NAN);
        fill(out->intensity ? out->intensity + k * c : NULL, c, NAN);
        fill(out->score ? out->score + k * c : NULL, c, NAN);
        fill(out->embedding ? out->embedding + k * d : NULL, d, NAN);
        if (out->present) memset(out->present + k * c, 0, (size_t)c);
    }
}

static clile_status run_chunk(const run *r, int64_t first, int64_t count, const int64_t *indices)
{
    const clile_model *model = r->view.model;
    const clile_answers *a = &r->out;
    const int64_t c = model->c, d = model->d;
    int8_t *success = a->success ? a->success + first : NULL;
    const clile_i_outputs out = {
        .probability = a->probability ? a->probability + first * c : NULL,
        .score = a->score ? a->score + first * c : NULL,
        .embedding = a->embedding ? a->embedding + first * d : NULL,
        .present = a->present ? a->present + first * c : NULL,
        .intensity = a->intensity ? a->intensity + first * c : NULL,
    };
    CLILE_I_RETURN_IF(load(r, count, indices, success));
    CLILE_I_RETURN_IF(load_five(r, count, indices, success));
    CLILE_I_RETURN_IF(clile_i_predictor_run(r->predictor, count, r->crops, r->five, &out));
    erase_failed(&out, model, count, success);
    if (r->progress != NULL && r->progress(first + count, r->n, r->user) != 0)
        return clile_i_fail(CLILE_E_CANCELLED, "%s: stopped after %lld of %lld images", r->function,
                            (long long)(first + count), (long long)r->n);
    return CLILE_OK;
}

static clile_status run_all(run *r)
{
    clile_status status = CLILE_OK;
    const int64_t batch = r->view.batch, size = r->view.model->size,
                  most = (LEAST_CHUNK + batch - 1) / batch * batch; /* a multiple of the batch */
    int64_t *indices = NULL;
    CLILE_I_TRY(check_images(r));
    CLILE_I_ALLOC(indices, most);
    CLILE_I_ALLOC(r->crops, most * size * size * 3);
    if (clile_i_model_reads_points(r->view.model)) CLILE_I_ALLOC(r->five, most * 2 * CLILE_I_FIVE);
    for (int64_t first = 0; first < r->n; first += most) {
        const int64_t count = r->n - first < most ? r->n - first : most;
        for (int64_t k = 0; k < count; ++k)
            indices[k] = r->indices ? r->indices[first + k] : first + k;
        CLILE_I_TRY(run_chunk(r, first, count, indices));
    }
cleanup:
    clile_i_free(indices);
    clile_i_free(r->crops);
    clile_i_free(r->five);
    return status;
}

clile_status clile_predictor_run_dataset(clile_predictor *predictor, const clile_dataset *dataset,
                                         int64_t n, const int64_t *indices,
                                         const clile_answers *answers, clile_count_fn progress,
                                         void *user)
{
    CLILE_I_CHECK_NOT_NULL(predictor);
    CLILE_I_CHECK_NOT_NULL(dataset);
    CLILE_I_CHECK_NOT_NULL(answers);
    run r = {.function = __func__,
             .predictor = predictor,
             .view = clile_i_predictor_look(predictor),
             .data = dataset,
             .n = n,
             .indices = indices,
             .progress = progress,
             .user = user};
    CLILE_I_RETURN_IF(read_answers(__func__, answers, &r.out));
    return run_all(&r);
}

/* ---- into a report --------------------------------------------------------------------------- */

/* Finds the column of each of the report's AUs among other AUs. */
static clile_status find_columns(const char *function, const clile_report *report, int32_t c,
                                 const int32_t *au_ids, const char *whose, int32_t *column)
{
    for (int32_t k = 0; k < report->c; ++k) {
        int32_t at = 0;
        while (at < c && au_ids[at] != report->au_ids[k]) ++at;
        if (at == c)
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "%s: the %s has no AU%d, but the report does", function, whose,
                                (int)report->au_ids[k]);
        column[k] = at;
    }
    return CLILE_OK;
}

/* What it takes to add one fold to a report. */
typedef struct {
    float *score; /* [n, the model's c], unless the caller gave an array */
    int8_t *present;
    int32_t *model_column, *data_column, *data_aus, *subject;
    const char **names;
    float *report_score; /* [n, the report's c] */
    int8_t *report_present, *report_labels;
    /* intensities, if model and data have them, in these and in the report's columns */
    float *intensity, *probability, *report_intensity, *report_probability;
    int8_t *report_coded;
} fold_rows;

static void free_rows(const fold_rows *f)
{
    void *const owned[] = {f->score,
                           f->present,
                           f->model_column,
                           f->data_column,
                           f->data_aus,
                           f->subject,
                           (void *)f->names,
                           f->report_score,
                           f->report_present,
                           f->report_labels,
                           f->intensity,
                           f->probability,
                           f->report_intensity,
                           f->report_probability,
                           f->report_coded};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; ++i) clile_i_free(owned[i]);
}

static clile_status begin_intensity(run *r, int32_t c, fold_rows *f)
{
    clile_status status = CLILE_OK;
    const int64_t answers = r->n * r->view.model->c;
    if (!clile_model_has_intensity(r->view.model) || clile_i_dataset_intensity(r->data, 0) == NULL)
        return CLILE_OK;
    if (r->out.intensity == NULL) {
        CLILE_I_ALLOC(f->intensity, answers);
        r->out.intensity = f->intensity;
    }
    if (r->out.probability == NULL) {
        CLILE_I_ALLOC(f->probability, answers);
        r->out.probability = f->probability;
    }
    CLILE_I_ALLOC(f->report_intensity, r->n * c);
    CLILE_I_ALLOC(f->report_probability, r->n * c);
    CLILE_I_ALLOC(f->report_coded, r->n * c);
cleanup:
    return status;
}

/* Finds columns and allocates memory: all that can fail before images run. */
static clile_status begin_rows(run *r, const clile_report *report, fold_rows *f)
{
    clile_status status = CLILE_OK;
    const clile_model *model = r->view.model;
    const int32_t c = report->c, data_c = clile_dataset_au_count(r->data),
                  subjects = clile_dataset_subject_count(r->data);
    CLILE_I_ALLOC(f->model_column, c);
    CLILE_I_ALLOC(f->data_column, c);
    CLILE_I_ALLOC(f->data_aus, data_c);
    CLILE_I_TRY(clile_dataset_copy_au_ids(r->data, f->data_aus));
    CLILE_I_TRY(
        find_columns(r->function, report, model->c, model->au_ids, "model", f->model_column));
    CLILE_I_TRY(find_columns(r->function, report, data_c, f->data_aus, "data set", f->data_column));
    if (r->out.score == NULL) {
        CLILE_I_ALLOC(f->score, r->n * model->c);
        r->out.score = f->score;
    }
    if (r->out.present == NULL) {
        CLILE_I_ALLOC(f->present, r->n * model->c);
        r->out.present = f->present;
    }
    CLILE_I_TRY(begin_intensity(r, c, f));
    CLILE_I_ALLOC(f->subject, r->n);
    CLILE_I_ALLOC(f->names, subjects);
    CLILE_I_ALLOC(f->report_score, r->n * c);
    CLILE_I_ALLOC(f->report_present, r->n * c);
    CLILE_I_ALLOC(f->report_labels, r->n * c);
    CLILE_I_TRY(clile_dataset_copy_subjects(r->data, 0, r->n, f->subject));
    for (int32_t s = 0; s < subjects; ++s) f->names[s] = clile_dataset_get_subject_name(r->data, s);
cleanup:
    return status;
}

/* Selects the columns of the report's AUs. */
static void choose_columns(const run *r, int32_t c, fold_rows *f)
{
    for (int64_t i = 0; i < r->n; ++i) {
        const int64_t row = i * r->view.model->c;
        const int8_t *labels = clile_i_dataset_labels(r->data, i);
        for (int32_t k = 0; k < c; ++k) {
            f->report_score[i * c + k] = r->out.score[row + f->model_column[k]];
            f->report_present[i * c + k] = r->out.present[row + f->model_column[k]];
            f->report_labels[i * c + k] = labels[f->data_column[k]];
            if (f->report_coded == NULL) continue;
            f->report_intensity[i * c + k] = r->out.intensity[row + f->model_column[k]];
            f->report_probability[i * c + k] = r->out.probability[row + f->model_column[k]];
            f->report_coded[i * c + k] = clile_i_dataset_intensity(r->data, i)[f->data_column[k]];
        }
    }
}

clile_status clile_report_add_predictor(clile_report *report, int32_t fold,
                                        clile_predictor *predictor, const clile_dataset *dataset,
                                        const clile_answers *answers, clile_count_fn progress,
                                        void *user)
{
    clile_status status = CLILE_OK;
    fold_rows f = {0};
    CLILE_I_CHECK_NOT_NULL(report);
    CLILE_I_CHECK_NOT_NULL(predictor);
    CLILE_I_CHECK_NOT_NULL(dataset);
    run r = {.function = __func__,
             .predictor = predictor,
             .view = clile_i_predictor_look(predictor),
             .data = dataset,
             .n = clile_dataset_size(dataset),
             .progress = progress,
             .user = user};
    CLILE_I_RETURN_IF(read_answers(__func__, answers, &r.out));
    CLILE_I_RETURN_IF(clile_i_report_check_fold(__func__, report, fold, r.n));
    int8_t *const success = r.out.success;
    r.out.success = NULL; /* stop at the first image that cannot be read */
    CLILE_I_TRY(begin_rows(&r, report, &f));
    CLILE_I_TRY(run_all(&r));
    if (success != NULL) memset(success, 1, (size_t)r.n);
    choose_columns(&r, report->c, &f);
    const clile_i_graded graded = {f.report_intensity, f.report_probability, f.report_coded};
    CLILE_I_TRY(clile_i_report_add_fold(
        __func__, report, fold, r.n, f.report_score, f.report_present, f.report_labels, f.subject,
        (const char *const *)f.names, f.report_coded != NULL ? &graded : NULL));
cleanup:
    free_rows(&f);
    return status;
}
