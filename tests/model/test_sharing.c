/* Predictors of one model: they share weights, need no lock between threads, and allocate nothing
 * while they run. Also strides, and that probability and decision agree. */
#include "model_test.h"

#include <pthread.h>

enum { N = 4, THREADS = 4, ROUNDS = 6 };

static clile_model *quantized(const clile_model *model)
{
    clile_model *small = NULL;
    uint8_t *rgb = test_pictures(N, TEST_SIZE, TEST_SIZE, 1);
    if (clile_model_quantize(model, N, rgb, TEST_SIZE, TEST_SIZE, NULL, &small) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    free(rgb);
    return small;
}

static void check_sharing(clile_model *model)
{
    clile_predictor *predictors[4];
    clile_i_packs *packs = model->packs;
    clile_i_packs_retain(packs); /* to look at them after the model is gone */
    assert_int_equal(clile_i_packs_bytes(packs), 0);
    predictors[0] = test_predictor(model, 1, 1);
    const int64_t one = clile_i_packs_bytes(packs);
    assert_true(one > 0);
    for (int i = 1; i < 4; ++i) predictors[i] = test_predictor(model, 1, 1);
    assert_int_equal(clile_i_packs_bytes(packs), one); /* four hold what one holds */
    clile_predictor_destroy(predictors[0]);
    assert_int_equal(clile_i_packs_bytes(packs), one);
    predictors[0] = test_predictor(model, 3, 1);
    assert_true(clile_i_packs_bytes(packs) <= 2 * one);
    clile_model_destroy(model);
    /* in any order, after the model */
    for (int i = 0; i < 4; ++i) clile_predictor_destroy(predictors[i]);
    assert_int_equal(clile_i_packs_bytes(packs), 0);
    clile_i_packs_release(packs);
}

static void test_weights_are_shared(void **state)
{
    (void)state;
    clile_model *model = test_model("");
    check_sharing(quantized(model));
    check_sharing(model);
}

/* A predictor answers with the weights of its creation; one made after a change has the new
 * ones. */
static void test_weights_change(void **state)
{
    (void)state;
    clile_model *model = test_model(""), *other = test_model("seed=7");
    const float slope[TEST_C] = {5, 3, 4}, offset[TEST_C] = {0};
    uint8_t *rgb = test_pictures(1, TEST_SIZE, TEST_SIZE, 4);
    float before[TEST_D], after[TEST_D], fresh[TEST_D];
    clile_i_st_writer *writer = NULL;
    clile_predictor *old = test_predictor(model, 1, 1);
    assert_int_equal(clile_predictor_run(old, 1, rgb, TEST_SIZE, TEST_SIZE, NULL, NULL, before),
                     CLILE_OK);
    assert_int_equal(clile_i_st_writer_create(&writer), CLILE_OK);
    assert_int_equal(clile_i_net_put(writer, "", other->encoder), CLILE_OK);
    assert_int_equal(clile_i_st_writer_write(writer, "sharing_test.safetensors"), CLILE_OK);
    clile_i_st_writer_destroy(writer);
    if (clile_model_import_backbone(model, "sharing_test.safetensors") != CLILE_OK)
        fail_msg("%s", clile_last_error());
    assert_int_equal(clile_model_set_decision(model, NULL, slope, offset), CLILE_OK);
    clile_predictor *new = test_predictor(model, 1, 1), *reference = test_predictor(other, 1, 1);
    assert_int_equal(clile_predictor_run(old, 1, rgb, TEST_SIZE, TEST_SIZE, NULL, NULL, after),
                     CLILE_OK);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(clile_predictor_run(new, 1, rgb, TEST_SIZE, TEST_SIZE, NULL, NULL, after),
                     CLILE_OK);
    assert_int_equal(
        clile_predictor_run(reference, 1, rgb, TEST_SIZE, TEST_SIZE, NULL, NULL, fresh), CLILE_OK);
    assert_memory_equal(after, fresh, sizeof fresh);
    assert_memory_not_equal(before, fresh, sizeof fresh);
    remove("sharing_test.safetensors");
    clile_predictor_destroy(old);
    clile_predictor_destroy(new);
    clile_predictor_destroy(reference);
    clile_model_destroy(model);
    clile_model_destroy(other);
    free(rgb);
}

typedef struct {
    const clile_model *model;
    const uint8_t *rgb;
    float embedding[N * TEST_D];
    clile_status status;
} job;

static void *answer(void *context)
{
    job *j = context;
    for (int i = 0; i < ROUNDS && j->status == CLILE_OK; ++i) {
        clile_predictor *predictor = NULL;
        clile_options *options = NULL;
        j->status = clile_options_create(&options);
        if (j->status == CLILE_OK) j->status = clile_options_set_i64(options, CLILE_OPT_THREADS, 1);
        if (j->status == CLILE_OK)
            j->status = clile_predictor_create(j->model, options, &predictor);
        if (j->status == CLILE_OK)
            j->status = clile_predictor_run(predictor, N, j->rgb, TEST_SIZE, TEST_SIZE, NULL, NULL,
                                            j->embedding);
        clile_predictor_destroy(predictor);
        clile_options_destroy(options);
    }
    return NULL;
}

static void test_threads_make_and_use_predictors(void **state)
{
    (void)state;
    clile_model *models[2] = {test_model(""), NULL};
    uint8_t *rgb = test_pictures(N, TEST_SIZE, TEST_SIZE, 5);
    models[1] = quantized(models[0]);
    for (int m = 0; m < 2; ++m) {
        static job jobs[THREADS + 1];
        pthread_t threads[THREADS];
        memset(jobs, 0, sizeof jobs);
        for (int i = 0; i <= THREADS; ++i) jobs[i] = (job){.model = models[m], .rgb = rgb};
        for (int i = 0; i < THREADS; ++i)
            assert_int_equal(pthread_create(&threads[i], NULL, answer, &jobs[i]), 0);
        for (int i = 0; i < THREADS; ++i) pthread_join(threads[i], NULL);
        answer(&jobs[THREADS]);
        for (int i = 0; i <= THREADS; ++i) {
            assert_int_equal(jobs[i].status, CLILE_OK);
            assert_memory_equal(jobs[i].embedding, jobs[THREADS].embedding,
                                sizeof jobs[i].embedding);
        }
        assert_int_equal(clile_i_packs_bytes(models[m]->packs), 0);
        clile_model_destroy(models[m]);
    }
    free(rgb);
}

/* The next allocation of this thread would fail. */
static void test_nothing_is_allocated_after_creation(void **state)
{
    (void)state;
    enum { H = 210, W = 170 };
    clile_model *models[2] = {test_model(""), NULL};
    models[1] = quantized(models[0]);
    uint8_t *rgb = test_pictures(3, H, W, 6);
    const float turned[10] = {81, 86, 104, 109, 79, 110, 56, 115, 75, 134}; /* by 45 degrees */
    float p[3 * TEST_C], e[3 * TEST_D];
    int8_t present[3 * TEST_C];
    const clile_image image = {sizeof image, CLILE_PIXELS_RGB, H, W, 0, rgb};
    const clile_image grey = {sizeof grey, CLILE_PIXELS_GREY, TEST_SIZE, TEST_SIZE, 0, rgb};
    const clile_face faces[3] = {
        {sizeof faces[0], CLILE_FACE_BOX, &image, {30, 40, 90, 100}, 0, 0, NULL},
        {sizeof faces[0], CLILE_FACE_POINTS, &image, {0}, 5, 0, turned},
        {sizeof faces[0], CLILE_FACE_CROP, &grey, {0}, 0, 0, NULL},
    };
    for (int m = 0; m < 2; ++m) {
        clile_predictor *predictor = test_predictor(models[m], 2, 2);
        clile_i_alloc_fail_at(1);
        assert_int_equal(
            clile_predictor_run(predictor, 3, rgb, TEST_SIZE, TEST_SIZE, p, present, e), CLILE_OK);
        if (clile_predictor_run(predictor, 3, rgb, H, W, p, present, e) != CLILE_OK)
            fail_msg("%s", clile_last_error());
        assert_int_equal(clile_predictor_run(predictor, 1, rgb, 3, 5, p, present, e), CLILE_OK);
        if (clile_predictor_run_faces(predictor, 3, faces, p, present, e) != CLILE_OK)
            fail_msg("%s", clile_last_error());
        clile_predictor *another = NULL;
        assert_int_equal(clile_predictor_create(models[m], NULL, &another),
                         CLILE_E_OUT_OF_MEMORY); /* the trap was armed all the time */
        clile_i_alloc_fail_at(0);
        clile_predictor_destroy(predictor);
        clile_model_destroy(models[m]);
    }
    free(rgb);
}

static void test_strides(void **state)
{
    (void)state;
    enum { H = 50, W = 44, ROW = 3 * W + 7, IMAGE = H * ROW + 11 };
    clile_model *models[2] = {test_model(""), NULL};
    models[1] = quantized(models[0]);
    uint8_t *packed = test_pictures(3, H, W, 8), *spread = calloc(3, IMAGE);
    float a[2][3 * TEST_C], e[2][3 * TEST_D];
    int8_t present[3 * TEST_C];
    for (int i = 0; i < 3; ++i)
        for (int y = 0; y < H; ++y)
            memcpy(spread + i * IMAGE + y * ROW, packed + (i * H + y) * 3 * W, 3 * W);
    for (int m = 0; m < 2; ++m) {
        clile_predictor *p = test_predictor(models[m], 2, 1);
        assert_int_equal(clile_predictor_run(p, 3, packed, H, W, a[0], NULL, e[0]), CLILE_OK);
        if (clile_predictor_run_strided(p, 3, spread, H, W, ROW, IMAGE, a[1], present, e[1]) !=
            CLILE_OK)
            fail_msg("%s", clile_last_error());
        assert_memory_equal(a[0], a[1], sizeof a[0]);
        assert_memory_equal(e[0], e[1], sizeof e[0]);
        assert_int_equal(clile_predictor_run_strided(p, 3, packed, H, W, 0, 0, a[1], NULL, NULL),
                         CLILE_OK);
        assert_memory_equal(a[0], a[1], sizeof a[0]);
        /* a crop of the exact size inside a larger image takes the way without resampling */
        assert_int_equal(clile_predictor_run_strided(p, 1, spread + 2 * ROW + 6, TEST_SIZE,
                                                     TEST_SIZE, ROW, 0, a[1], NULL, NULL),
                         CLILE_OK);
        uint8_t *cut = calloc(TEST_SIZE * TEST_SIZE, 3);
        for (int y = 0; y < TEST_SIZE; ++y)
            memcpy(cut + y * TEST_SIZE * 3, spread + (2 + y) * ROW + 6, TEST_SIZE * 3);
        assert_int_equal(clile_predictor_run(p, 1, cut, TEST_SIZE, TEST_SIZE, a[0], NULL, NULL),
                         CLILE_OK);
        assert_memory_equal(a[0], a[1], TEST_C * sizeof a[0][0]);
        free(cut);
        test_fails(CLILE_E_INVALID_ARGUMENT,
                   clile_predictor_run_strided(p, 1, spread, H, W, 3 * W - 1, 0, a[0], NULL, NULL),
                   "row_stride is 131");
        test_fails(
            CLILE_E_INVALID_ARGUMENT,
            clile_predictor_run_strided(p, 2, spread, H, W, ROW, H * ROW - 8, a[0], NULL, NULL),
            "image_stride is 6942");
        test_fails(
            CLILE_E_INVALID_ARGUMENT,
            clile_predictor_run_strided(p, 2, spread, H, W, INT64_MAX / 2, 0, a[0], NULL, NULL),
            "row_stride is");
        test_fails(
            CLILE_E_INVALID_ARGUMENT,
            clile_predictor_run_strided(p, 2, spread, H, W, ROW, INT64_MAX, a[0], NULL, NULL),
            "image_stride is");
        test_fails(CLILE_E_INVALID_ARGUMENT,
                   clile_predictor_run_strided(NULL, 1, spread, H, W, 0, 0, a[0], NULL, NULL),
                   "predictor is NULL");
        clile_predictor_destroy(p);
        clile_model_destroy(models[m]);
    }
    free(packed);
    free(spread);
}

/* Many thresholds, also such as put a score exactly on the border: present is 1 exactly when the
 * probability given is above 0.5. */
static void test_probability_and_decision_agree(void **state)
{
    (void)state;
    clile_i_rng rng = clile_i_rng_make(21, 0);
    uint8_t *rgb = test_pictures(N, TEST_SIZE, TEST_SIZE, 9);
    int64_t ones = 0, all = 0;
    for (int variant = 0; variant < 4; ++variant) {
        clile_model *model = test_model(variant % 2 ? "similarity=cosine" : "similarity=dot"),
                    *small = variant < 2 ? NULL : quantized(model);
        clile_model *used = small ? small : model;
        clile_predictor *predictor = test_predictor(used, 1, 1);
        float score[N * TEST_C], p[N * TEST_C];
        int8_t present[N * TEST_C], by_score[N * TEST_C];
        assert_int_equal(
            clile_predictor_run_scores(predictor, N, rgb, TEST_SIZE, TEST_SIZE, score, NULL, NULL),
            CLILE_OK);
        for (int trial = 0; trial < 100; ++trial) {
            float slope[TEST_C], offset[TEST_C];
            for (int c = 0; c < TEST_C; ++c) {
                slope[c] = (float)exp(clile_i_rng_range(&rng, -12, 12));
                const float at =
                    /* the border in the middle of this score, or next to it */
                    score[trial % N * TEST_C + c];
                offset[c] = -slope[c] *
                            (trial % 3 == 0 ? at : nextafterf(at, trial % 3 == 1 ? 1e9f : -1e9f));
            }
            assert_int_equal(clile_model_set_decision(used, NULL, slope, offset), CLILE_OK);
            assert_int_equal(
                clile_predictor_run(predictor, N, rgb, TEST_SIZE, TEST_SIZE, p, present, NULL),
                CLILE_OK);
            assert_int_equal(clile_predictor_run_scores(predictor, N, rgb, TEST_SIZE, TEST_SIZE,
                                                        score, by_score, NULL),
                             CLILE_OK);
            for (int k = 0; k < N * TEST_C; ++k) {
                assert_true(p[k] >= 0.0f && p[k] <= 1.0f);
                assert_int_equal(present[k], p[k] > 0.5f);
                assert_int_equal(present[k], by_score[k]);
                ones += present[k];
                ++all;
            }
        }
        clile_predictor_destroy(predictor);
        clile_model_destroy(model);
        clile_model_destroy(small);
    }
    assert_true(ones > all / 10 && ones < all - all / 10); /* both answers were seen */
    free(rgb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights_are_shared),
        cmocka_unit_test(test_weights_change),
        cmocka_unit_test(test_threads_make_and_use_predictors),
        cmocka_unit_test(test_nothing_is_allocated_after_creation),
        cmocka_unit_test(test_strides),
        cmocka_unit_test(test_probability_and_decision_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
