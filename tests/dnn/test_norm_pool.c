/* Fused batch norm + ReLU + max pooling against the three separate steps, in every layout. */
#include "dnn/dnn.h"
#include "dnn/dnn_test.h"

static const clile_i_dnn_layout_kind kinds[] = {CLILE_I_LAYOUT_NCHW, CLILE_I_LAYOUT_NHWC,
                                                CLILE_I_LAYOUT_C8, CLILE_I_LAYOUT_C16};

enum { GAMMA, BETA, RUNNING_MEAN, RUNNING_VARIANCE, MEAN, INV_STD, DIFF_GAMMA, DIFF_BETA, VECTORS };

typedef struct {
    float *vectors[VECTORS];
    double *partial;
} channel_state;

static float *zeros(int64_t count)
{
    float *values = clile_i_calloc(count, sizeof *values);
    assert_non_null(values);
    return values;
}

static float *random_array(clile_i_rng *rng, const clile_i_dnn_layout *layout)
{
    const int64_t plain_count = layout->n * layout->c * layout->h * layout->w;
    double *values = test_normal(rng, plain_count);
    float *plain = test_float(values, plain_count), *out = zeros(layout->count);
    clile_i_dnn_layout_from_plain(layout, plain, out);
    free(values), free(plain);
    return out;
}

static channel_state make_state(const clile_i_dnn_layout *layout, uint64_t seed)
{
    clile_i_rng rng = clile_i_rng_make(seed, 9);
    channel_state s = {0};
    for (int v = 0; v < VECTORS; ++v) s.vectors[v] = zeros(layout->channels);
    s.partial = clile_i_calloc(clile_i_batch_norm_partial_count(layout), sizeof *s.partial);
    assert_non_null(s.partial);
    for (int64_t c = 0; c < layout->c; ++c) {
        /* of either sign: the winner may be a minimum */
        s.vectors[GAMMA][c] = (float)clile_i_rng_normal(&rng);
        s.vectors[BETA][c] = (float)clile_i_rng_normal(&rng);
        s.vectors[RUNNING_MEAN][c] = (float)clile_i_rng_normal(&rng);
        s.vectors[RUNNING_VARIANCE][c] = (float)clile_i_rng_range(&rng, 0.5, 2.0);
    }
    return s;
}

static clile_i_batch_norm norm_of(const clile_i_dnn_layout *layout, const channel_state *s,
                                  int frozen, const float *src)
{
    return (clile_i_batch_norm){.layout = *layout,
                                .eps = 1e-5,
                                .momentum = 0.1,
                                .frozen = frozen != 0,
                                .relu = 1,
                                .src = src,
                                .gamma = s->vectors[GAMMA],
                                .beta = s->vectors[BETA],
                                .running_mean = s->vectors[RUNNING_MEAN],
                                .running_variance = s->vectors[RUNNING_VARIANCE],
                                .mean = s->vectors[MEAN],
                                .inv_std = s->vectors[INV_STD],
                                .diff_gamma = s->vectors[DIFF_GAMMA],
                                .diff_beta = s->vectors[DIFF_BETA],
                                .partial = s->partial};
}

static void free_state(channel_state *s)
{
    for (int v = 0; v < VECTORS; ++v) clile_i_free(s->vectors[v]);
    clile_i_free(s->partial);
}

static void compare(const char *what, const float *found, const float *expected, int64_t count,
                    double tolerance)
{
    double *wanted = test_array(count);
    for (int64_t i = 0; i < count; ++i) wanted[i] = (double)expected[i];
    test_close(what, found, wanted, count, tolerance);
    free(wanted);
}

static void check(clile_i_dnn_layout_kind kind, const int64_t *shape, const int64_t *window,
                  int frozen, int more)
{
    const clile_i_dnn_layout layout =
        clile_i_dnn_layout_make(kind, shape[0], shape[1], shape[2], shape[3]);
    const clile_i_max_pool pool = clile_i_max_pool_make(&layout, window[0], window[1], window[2]);
    clile_i_rng rng = clile_i_rng_make(77, (uint64_t)(shape[1] * 31 + shape[2]));
    channel_state apart = make_state(&layout, 5), together = make_state(&layout, 5);
    float *src = random_array(&rng, &layout), *diff = random_array(&rng, &pool.dst);
    float *other = more ? random_array(&rng, &pool.dst) : NULL;
    float *middle = zeros(layout.count), *diff_middle = zeros(layout.count),
          *expected = zeros(layout.count);
    float *dst = zeros(pool.dst.count), *found = zeros(pool.dst.count),
          *winner = zeros(pool.dst.count);
    float *found_diff = zeros(layout.count);
    uint8_t *index = clile_i_calloc(pool.dst.count, 1),
            *found_index = clile_i_calloc(pool.dst.count, 1);
    assert_non_null(index);
    assert_non_null(found_index);
    for (int64_t i = 0; i < layout.count; ++i) found_diff[i] = NAN;

    clile_i_batch_norm norm = norm_of(&layout, &apart, frozen, src);
    norm.dst = middle;
    norm.diff_dst = diff_middle;
    norm.diff_src = expected;
    clile_i_batch_norm_forward(&norm);
    clile_i_max_pool_forward(&pool, middle, dst, index);
    clile_i_max_pool_backward(&pool, diff, other, index, diff_middle);
    clile_i_batch_norm_backward(&norm);

    const clile_i_norm_pool op = {.norm = norm_of(&layout, &together, frozen, src),
                                  .pool = pool,
                                  .dst = found,
                                  .winner = winner,
                                  .index = found_index,
                                  .diff_dst = diff,
                                  .diff_dst_more = other,
                                  .diff_src = found_diff};
    clile_i_norm_pool_forward(&op);
    clile_i_norm_pool_backward(&op);

    compare("dst", found, dst, pool.dst.count, 0.0); /* the same arithmetic on fewer elements */
    compare("diff_src", found_diff, expected, layout.count, 1e-5);
    for (int v = 0; v < VECTORS; ++v)
        compare("per channel", together.vectors[v], apart.vectors[v], layout.channels, 1e-5);

    clile_i_free(src), clile_i_free(diff), clile_i_free(other), clile_i_free(middle),
        clile_i_free(diff_middle);
    clile_i_free(expected), clile_i_free(dst), clile_i_free(found), clile_i_free(winner),
        clile_i_free(found_diff);
    clile_i_free(index), clile_i_free(found_index);
    free_state(&apart);
    free_state(&together);
}

static void test_norm_pool(void **state)
{
    (void)state;
    static const int64_t windows[][3] = {{3, 2, 1}, {2, 2, 0}, {3, 1, 1}};
    static const int64_t shapes[][4] = {{2, 1, 4, 4},  {3, 5, 7, 9},   {2, 8, 16, 16},
                                        {2, 13, 6, 5}, {1, 17, 12, 8}, {2, 32, 9, 9}};
    for (size_t kind = 0; kind < 4; ++kind)
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i)
            for (size_t k = 0; k < sizeof windows / sizeof *windows; ++k)
                for (int variant = 0; variant < 4; ++variant) {
                    /* few blocks and a team: plane by plane */
                    clile_i_threads_set(variant == 0 ? 2 : 1);
                    check(kinds[kind], shapes[i], windows[k], variant & 1, variant >> 1);
                }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_norm_pool)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
