/* The loop over a data set: every image once, in order, with the embedding its batch gives. */
#include "run/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { N = 7, BATCH = 3, SIZE = 32, D = 8, CALLS = 3 };

typedef struct {
    int64_t calls, first[CALLS + 1], count[CALLS + 1];
    float embedding[N][D];
} seen;

static void take(void *context, int64_t first, int64_t count, const float *embedding)
{
    seen *s = context;
    assert_true(s->calls < CALLS);
    s->first[s->calls] = first;
    s->count[s->calls++] = count;
    memcpy(s->embedding[first], embedding, (size_t)(count * D) * sizeof *embedding);
}

static clile_dataset *make_data(void)
{
    static uint8_t rgb[N][SIZE][SIZE][3];
    const int32_t au = 1, subject[N] = {0, 0, 1, 1, 2, 2, 3};
    const int8_t labels[N] = {0, 1, 0, 1, 0, 1, 1};
    clile_dataset *data = NULL;
    clile_i_rng rng = clile_i_rng_make(5, 0);
    for (size_t i = 0; i < sizeof rgb; ++i)
        (&rgb[0][0][0][0])[i] = (uint8_t)clile_i_rng_below(&rng, 256);
    assert_int_equal(
        clile_dataset_from_arrays(N, SIZE, SIZE, &rgb[0][0][0][0], 1, &au, labels, subject, &data),
        CLILE_OK);
    return data;
}

static clile_i_exec *make_exec(void)
{
    const clile_i_net_config config = {"resnet10", 0.125, D, 0, {0}};
    clile_i_net *net = NULL;
    clile_i_exec *exec = NULL;
    clile_i_rng rng = clile_i_rng_make(7, 0);
    assert_int_equal(clile_i_net_create(&config, &net), CLILE_OK);
    clile_i_net_init(net, &rng);
    assert_int_equal(clile_i_exec_create(net, BATCH, SIZE, CLILE_I_EXEC_INFER, &exec), CLILE_OK);
    clile_i_net_destroy(net);
    return exec;
}

static void test_order_and_values(void **state)
{
    static const int64_t firsts[CALLS] = {0, 3, 6}, counts[CALLS] = {3, 3, 1};
    static float src[BATCH * 3 * SIZE * SIZE];
    (void)state;
    const clile_i_team before = clile_i_team_enter(1);
    clile_dataset *data = make_data();
    const clile_i_encoder encoder = {make_exec(), BATCH, SIZE, D, 0, 0, 0};
    seen s = {0};
    assert_int_equal(clile_i_run_dataset(&encoder, data, take, &s), CLILE_OK);
    assert_int_equal(s.calls, CALLS);
    for (int call = 0; call < CALLS; ++call) {
        float expected[BATCH][D];
        int64_t indices[BATCH];
        assert_int_equal(s.first[call], firsts[call]);
        assert_int_equal(s.count[call], counts[call]);
        for (int64_t k = 0; k < BATCH; ++k)
            indices[k] = k < counts[call] ? firsts[call] + k : firsts[call];
        assert_int_equal(clile_i_batch_load(data, BATCH, indices, SIZE, NULL, 0, 0, src), CLILE_OK);
        assert_int_equal(clile_i_exec_forward(encoder.exec, src, &expected[0][0]), CLILE_OK);
        assert_memory_equal(s.embedding[firsts[call]], expected,
                            (size_t)counts[call] * sizeof expected[0]);
    }
    assert_memory_not_equal(s.embedding[0], s.embedding[1], sizeof s.embedding[0]);
    clile_i_exec_destroy(encoder.exec);
    clile_dataset_destroy(data);
    clile_i_team_leave(before);
}

/* A model's `standardize` is that of its crops, and its pixels are those of prediction. */
static void test_standardize(void **state)
{
    static float src[BATCH * 3 * SIZE * SIZE];
    static uint8_t rgb[SIZE * SIZE * 3], same[SIZE * SIZE * 3];
    (void)state;
    const clile_i_team before = clile_i_team_enter(1);
    clile_dataset *data = make_data();
    clile_i_encoder encoder = {make_exec(), BATCH, SIZE, D, 0, 0, 0};
    seen plain = {0}, s = {0};
    assert_int_equal(clile_i_run_dataset(&encoder, data, take, &plain), CLILE_OK);
    encoder.standardize = 1;
    assert_int_equal(clile_i_run_dataset(&encoder, data, take, &s), CLILE_OK);
    assert_memory_not_equal(plain.embedding, s.embedding, sizeof s.embedding);
    for (int64_t i = 0; i < N; ++i) {
        float expected[BATCH][D];
        assert_int_equal(clile_dataset_copy_crops(data, 1, &i, SIZE, 1, rgb), CLILE_OK);
        clile_i_standardize_pixels(rgb, 3 * SIZE, SIZE, same);
        for (int k = 0; k < BATCH; ++k)
            clile_i_pixels_to_input(same, 3 * SIZE, SIZE, src + k * 3 * SIZE * SIZE);
        assert_int_equal(clile_i_exec_forward(encoder.exec, src, &expected[0][0]), CLILE_OK);
        assert_memory_equal(s.embedding[i], expected[i % BATCH], sizeof expected[0]);
    }
    clile_i_exec_destroy(encoder.exec);
    clile_dataset_destroy(data);
    clile_i_team_leave(before);
}

/* Without memory: a status, nothing leaked (the sanitizers look), nothing delivered after the
 * failure. */
static void test_out_of_memory(void **state)
{
    (void)state;
    const clile_i_team before = clile_i_team_enter(1);
    clile_dataset *data = make_data();
    const clile_i_encoder encoder = {make_exec(), BATCH, SIZE, D, 0, 0, 0};
    for (int64_t k = 1; k <= 3; ++k) {
        seen s = {0};
        clile_i_alloc_fail_at(k);
        assert_int_equal(clile_i_run_dataset(&encoder, data, take, &s), CLILE_E_OUT_OF_MEMORY);
        clile_i_alloc_fail_at(0);
        assert_int_equal(s.calls, 0);
    }
    clile_i_exec_destroy(encoder.exec);
    clile_dataset_destroy(data);
    clile_i_team_leave(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order_and_values),
                                       cmocka_unit_test(test_standardize),
                                       cmocka_unit_test(test_out_of_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
