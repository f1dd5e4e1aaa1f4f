/* A data set through a predictor: the same answers as single calls, images that cannot be read,
 * reports, bad arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/scratch.h"
#include "log.h"

#include <clile/evaluate.h>

#include <math.h>
#include <stdlib.h>

enum { SIZE = 32, N = 70, C = 3, D = 8, BATCH = 3 };

static const int32_t model_aus[C] = {1, 12, 25};

static clile_model *make_model(void)
{
    const float slope[C] = {40, 40, 40}, offset[C] = {0, 0.2f, -0.2f};
    clile_options *options = NULL;
    clile_model *model = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_WIDTH, "0.125"), CLILE_OK);
    assert_int_equal(clile_options_set_i64(options, CLILE_OPT_EMBEDDING, D), CLILE_OK);
    assert_int_equal(clile_options_set_i64(options, CLILE_OPT_IMAGE_SIZE, SIZE), CLILE_OK);
    assert_int_equal(clile_model_create(options, C, model_aus, &model), CLILE_OK);
    assert_int_equal(clile_model_set_decision(model, NULL, slope, offset), CLILE_OK);
    clile_options_destroy(options);
    return model;
}

static clile_predictor *predictor_of(const clile_model *model, int64_t batch, logged *log)
{
    clile_options *options = NULL;
    clile_predictor *predictor = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set_i64(options, CLILE_OPT_PREDICT_BATCH, batch), CLILE_OK);
    assert_int_equal(clile_options_set_i64(options, CLILE_OPT_THREADS, 2), CLILE_OK);
    if (log != NULL) log_into(options, log);
    assert_int_equal(clile_predictor_create(model, options, &predictor), CLILE_OK);
    clile_options_destroy(options);
    return predictor;
}

static clile_predictor *make_predictor(int64_t batch)
{
    clile_model *model = make_model();
    clile_predictor *predictor = predictor_of(model, batch, NULL);
    clile_model_destroy(model);
    return predictor;
}

static clile_dataset *make_data(int32_t c, const int32_t *au_ids)
{
    static uint8_t rgb[N][SIZE][SIZE][3];
    int8_t *labels = calloc((size_t)(N * c), 1);
    int32_t subject[N];
    clile_dataset *data = NULL;
    clile_i_rng rng = clile_i_rng_make(5, 0);
    assert_non_null(labels);
    for (size_t i = 0; i < sizeof rgb; ++i)
        (&rgb[0][0][0][0])[i] = (uint8_t)clile_i_rng_below(&rng, 256);
    for (int32_t i = 0; i < N; ++i) {
        subject[i] = 10 + i % 4;
        /* depends on image and AU number alone */
        for (int32_t k = 0; k < c; ++k) labels[i * c + k] = (int8_t)((i * au_ids[k]) / 3 % 2);
    }
    assert_int_equal(clile_dataset_from_arrays(N, SIZE, SIZE, &rgb[0][0][0][0], c, au_ids, labels,
                                               subject, &data),
                     CLILE_OK);
    free(labels);
    return data;
}

typedef struct {
    float probability[N * C], score[N * C], embedding[N * D];
    int8_t present[N * C], success[N];
} arrays;

static clile_answers all_of(arrays *a)
{
    return (clile_answers){.struct_size = sizeof(clile_answers),
                           .probability = a->probability,
                           .score = a->score,
                           .present = a->present,
                           .embedding = a->embedding,
                           .success = a->success};
}

/* What a loop over single crops answers for images indices[0..n-1] (NULL: all in order). */
static void by_hand(clile_predictor *predictor, const clile_dataset *data, int64_t n,
                    const int64_t *indices, arrays *a)
{
    uint8_t crop[SIZE * SIZE * 3];
    for (int64_t k = 0; k < n; ++k) {
        const int64_t index = indices ? indices[k] : k;
        assert_int_equal(clile_dataset_copy_crop(data, index, SIZE, crop), CLILE_OK);
        assert_int_equal(clile_predictor_run(predictor, 1, crop, SIZE, SIZE, a->probability + k * C,
                                             a->present + k * C, a->embedding + k * D),
                         CLILE_OK);
        assert_int_equal(clile_predictor_run_scores(predictor, 1, crop, SIZE, SIZE,
                                                    a->score + k * C, NULL, NULL),
                         CLILE_OK);
        a->success[k] = 1;
    }
}

typedef struct {
    int64_t calls, last, all, stop_at;
} counted;

static int32_t count(int64_t done, int64_t all, void *user)
{
    counted *c = user;
    assert_true(done > c->last && done <= all);
    c->last = done;
    c->all = all;
    return ++c->calls == c->stop_at;
}

static void test_answers(void **state)
{
    static arrays got, expected;
    (void)state;
    clile_dataset *data = make_data(C, model_aus);
    const int64_t batches[] = {1, BATCH, 40};
    for (size_t i = 0; i < 3; ++i) { /* chunks of 32, 33 and 40 images */
        clile_predictor *predictor = make_predictor(batches[i]);
        counted told = {0};
        memset(&got, 77, sizeof got);
        const clile_answers to = all_of(&got);
        by_hand(predictor, data, N, NULL, &expected);
        assert_int_equal(clile_predictor_run_dataset(predictor, data, N, NULL, &to, count, &told),
                         CLILE_OK);
        assert_memory_equal(&got, &expected, sizeof got);
        assert_int_equal(told.last, N);
        assert_int_equal(told.all, N);
        assert_int_equal(told.calls, i < 2 ? 3 : 2);
        clile_predictor_destroy(predictor);
    }
    assert_memory_not_equal(got.embedding, got.embedding + D, D * sizeof(float));
    clile_dataset_destroy(data);
}

/* Any images in any order, some of the arrays, in pieces. */
static void test_chosen_images(void **state)
{
    static arrays got, expected;
    const int64_t indices[5] = {69, 0, 3, 3, 40};
    (void)state;
    clile_dataset *data = make_data(C, model_aus);
    clile_predictor *predictor = make_predictor(BATCH);
    by_hand(predictor, data, 5, indices, &expected);
    const clile_answers first = {
        .struct_size = sizeof first, .score = got.score, .present = got.present};
    const clile_answers later = {.struct_size = sizeof later, .score = got.score + 2 * C};
    assert_int_equal(clile_predictor_run_dataset(predictor, data, 2, indices, &first, NULL, NULL),
                     CLILE_OK);
    assert_int_equal(
        clile_predictor_run_dataset(predictor, data, 3, indices + 2, &later, NULL, NULL), CLILE_OK);
    assert_memory_equal(got.score, expected.score, 5 * C * sizeof(float));
    assert_memory_equal(got.present, expected.present, 2 * C);
    assert_int_equal(clile_predictor_run_dataset(predictor, data, 0, NULL, &first, NULL, NULL),
                     CLILE_OK);
    clile_predictor_destroy(predictor);
    clile_dataset_destroy(data);
}

/* A folder of 4 images of which the third is damaged and the fourth is gone. */
static clile_dataset *damaged(const scratch *s)
{
    clile_dataset *data = NULL;
    scratch_text(s, "m.csv",
                 "image,subject,AU1,AU12,AU25\n1.png,a,1,0,0\n2.png,b,0,1,0\n"
                 "3.png,a,1,0,1\n4.png,b,0,0,1\n");
    for (int i = 1; i <= 4; ++i) {
        char name[16];
        snprintf(name, sizeof name, "%d.png", i);
        scratch_image(s, name, 50 * i);
    }
    assert_int_equal(scratch_open(scratch_path(s, "m.csv"), "", &data), CLILE_OK);
    scratch_text(s, "3.png", "no image");
    assert_int_equal(unlink(scratch_path(s, "4.png")), 0);
    return data;
}

static void test_unreadable_images(void **state)
{
    static arrays got;
    static logged heard;
    (void)state;
    const scratch s = scratch_make();
    clile_dataset *data = damaged(&s);
    clile_model *model = make_model();
    clile_predictor *predictor = predictor_of(model, 1, &heard);
    clile_answers to = all_of(&got);
    memset(&got, 77, sizeof got);
    assert_int_equal(clile_predictor_run_dataset(predictor, data, 4, NULL, &to, NULL, NULL),
                     CLILE_OK);
    static const int8_t success[4] = {1, 1, 0, 0};
    assert_memory_equal(got.success, success, 4);
    for (int k = 0; k < 4 * C; ++k) {
        assert_int_equal(isnan(got.score[k]) != 0, k >= 2 * C);
        assert_int_equal(isnan(got.probability[k]) != 0, k >= 2 * C);
        if (k >= 2 * C) assert_int_equal(got.present[k], 0);
    }
    for (int k = 0; k < 4 * D; ++k) assert_int_equal(isnan(got.embedding[k]) != 0, k >= 2 * D);
    assert_logged(&heard, CLILE_LOG_WARNING, "3.png");
    assert_logged(&heard, CLILE_LOG_WARNING, "4.png");
    to.success = NULL; /* the first of them is an error now, and in a report */
    assert_failed(clile_predictor_run_dataset(predictor, data, 4, NULL, &to, NULL, NULL),
                  CLILE_E_FORMAT, "3.png");
    clile_report *report = NULL;
    to.success = got.success;
    assert_int_equal(clile_report_create(C, model_aus, NULL, &report), CLILE_OK);
    assert_failed(clile_report_add_predictor(report, 1, predictor, data, &to, NULL, NULL),
                  CLILE_E_FORMAT, "3.png");
    char *text = NULL;
    assert_int_equal(clile_report_copy_text(report, &text), CLILE_E_STATE); /* it has no fold */
    clile_report_destroy(report);
    clile_predictor_destroy(predictor);
    clile_model_destroy(model);
    clile_dataset_destroy(data);
    scratch_free(&s);
}

/* A report by hand: the columns of the AUs `au_ids` of answers and labels. */
static char *report_by_hand(const clile_dataset *data, int32_t c, const int32_t *au_ids,
                            const int32_t *model_column, const int32_t *data_column,
                            const arrays *a)
{
    static float score[N * C];
    static int8_t present[N * C], labels[N * C];
    int32_t subject[N];
    const int32_t data_c = clile_dataset_au_count(data);
    const char *names[4];
    clile_report *report = NULL;
    char *json = NULL;
    for (int32_t s = 0; s < 4; ++s) names[s] = clile_dataset_get_subject_name(data, s);
    assert_int_equal(clile_dataset_copy_subjects(data, 0, N, subject), CLILE_OK);
    for (int64_t i = 0; i < N; ++i) {
        int8_t row[8];
        assert_true(data_c <= 8);
        assert_int_equal(clile_dataset_copy_labels(data, i, 1, row), CLILE_OK);
        for (int32_t k = 0; k < c; ++k) {
            score[i * c + k] = a->score[i * C + model_column[k]];
            present[i * c + k] = a->present[i * C + model_column[k]];
            labels[i * c + k] = row[data_column[k]];
        }
    }
    assert_int_equal(clile_report_create(c, au_ids, NULL, &report), CLILE_OK);
    assert_int_equal(clile_report_add_fold(report, 2, N, score, present, labels, subject, names),
                     CLILE_OK);
    assert_int_equal(clile_report_copy_json(report, &json), CLILE_OK);
    clile_report_destroy(report);
    return json;
}

static void test_report(void **state)
{
    static arrays got, expected;
    static const int32_t in_order[C] = {0, 1, 2};
    (void)state;
    clile_dataset *data = make_data(C, model_aus);
    clile_predictor *predictor = make_predictor(BATCH);
    const clile_answers to = all_of(&got);
    by_hand(predictor, data, N, NULL, &expected);
    char *wanted = report_by_hand(data, C, model_aus, in_order, in_order, &expected), *json = NULL;
    for (int with = 0; with < 2; ++with) {
        clile_report *report = NULL;
        assert_int_equal(clile_report_create(C, model_aus, NULL, &report), CLILE_OK);
        assert_int_equal(
            clile_report_add_predictor(report, 2, predictor, data, with ? &to : NULL, NULL, NULL),
            CLILE_OK);
        assert_int_equal(clile_report_copy_json(report, &json), CLILE_OK);
        assert_string_equal(json, wanted);
        clile_free(json);
        assert_failed(clile_report_add_predictor(report, 2, predictor, data, NULL, NULL, NULL),
                      CLILE_E_INVALID_ARGUMENT, "clile_report_add_predictor: fold 2");
        clile_report_destroy(report);
    }
    assert_memory_equal(&got, &expected, sizeof got);
    clile_free(wanted);
    clile_predictor_destroy(predictor);
    clile_dataset_destroy(data);
}

/* AUs are found by number: a data set and a report with others, in another order. */
static void test_report_of_shared_aus(void **state)
{
    static const int32_t data_aus[4] = {25, 9, 1, 4}, shared[2] = {25, 1};
    static const int32_t model_column[2] = {2, 0}, data_column[2] = {0, 2};
    static arrays expected;
    (void)state;
    clile_dataset *data = make_data(4, data_aus);
    clile_predictor *predictor = make_predictor(1);
    clile_report *report = NULL;
    by_hand(predictor, data, N, NULL, &expected);
    char *wanted = report_by_hand(data, 2, shared, model_column, data_column, &expected),
         *json = NULL;
    assert_int_equal(clile_report_create(2, shared, NULL, &report), CLILE_OK);
    assert_int_equal(clile_report_add_predictor(report, 2, predictor, data, NULL, NULL, NULL),
                     CLILE_OK);
    assert_int_equal(clile_report_copy_json(report, &json), CLILE_OK);
    assert_string_equal(json, wanted);
    clile_report_destroy(report);
    static const int32_t lacks[2][2] = {{25, 9}, {12, 1}};
    static const char *const told[2] = {"the model has no AU9", "the data set has no AU12"};
    for (int i = 0; i < 2; ++i) {
        assert_int_equal(clile_report_create(2, lacks[i], NULL, &report), CLILE_OK);
        assert_failed(clile_report_add_predictor(report, 2, predictor, data, NULL, NULL, NULL),
                      CLILE_E_INVALID_ARGUMENT, told[i]);
        clile_report_destroy(report);
    }
    clile_free(json);
    clile_free(wanted);
    clile_predictor_destroy(predictor);
    clile_dataset_destroy(data);
}

static void test_bad_arguments(void **state)
{
    static arrays got;
    const int64_t beyond[2] = {0, N}, below[2] = {0, -1};
    (void)state;
    clile_dataset *data = make_data(C, model_aus), *pack = NULL;
    clile_predictor *predictor = make_predictor(1);
    clile_answers to = all_of(&got);
    assert_failed(clile_predictor_run_dataset(predictor, data, -1, NULL, &to, NULL, NULL),
                  CLILE_E_INVALID_ARGUMENT, "n is -1");
    assert_failed(clile_predictor_run_dataset(predictor, data, N + 1, NULL, &to, NULL, NULL),
                  CLILE_E_INVALID_ARGUMENT, "n is 71, expected 0 to 70");
    assert_failed(clile_predictor_run_dataset(predictor, data, 2, beyond, &to, NULL, NULL),
                  CLILE_E_INVALID_ARGUMENT, "indices[1] is 70");
    assert_failed(clile_predictor_run_dataset(predictor, data, 2, below, &to, NULL, NULL),
                  CLILE_E_INVALID_ARGUMENT, "indices[1] is -1");
    to.struct_size = 4;
    assert_failed(clile_predictor_run_dataset(predictor, data, 2, NULL, &to, NULL, NULL),
                  CLILE_E_INVALID_ARGUMENT, "struct_size is 4");
    to.struct_size = sizeof to;
    counted told = {.stop_at = 2};
    assert_failed(clile_predictor_run_dataset(predictor, data, N, NULL, &to, count, &told),
                  CLILE_E_CANCELLED, "stopped after 64 of 70 images");
    assert_int_equal(told.calls, 2);

    const scratch s = scratch_make(); /* a pack of 40 pixels: refused, with `success` too */
    clile_options *options = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set_i64(options, CLILE_OPT_IMAGE_SIZE, 40), CLILE_OK);
    assert_int_equal(
        clile_dataset_pack(data, scratch_path(&s, "p.safetensors"), options, NULL, NULL), CLILE_OK);
    assert_int_equal(clile_dataset_open(scratch_path(&s, "p.safetensors"), NULL, &pack), CLILE_OK);
    assert_failed(clile_predictor_run_dataset(predictor, pack, 2, NULL, &to, NULL, NULL),
                  CLILE_E_INVALID_ARGUMENT, "crops of 40 pixels");
    clile_options_destroy(options);
    clile_dataset_destroy(pack);
    scratch_free(&s);
    clile_predictor_destroy(predictor);
    clile_dataset_destroy(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_answers),
                                       cmocka_unit_test(test_chosen_images),
                                       cmocka_unit_test(test_unreadable_images),
                                       cmocka_unit_test(test_report),
                                       cmocka_unit_test(test_report_of_shared_aus),
                                       cmocka_unit_test(test_bad_arguments)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
