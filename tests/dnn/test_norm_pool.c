/* What the graph fuses, in every layout: batch norm + ReLU + max pooling in one; and gradients that come from two
 * readers. */
#include "dnn/dnn.h"
#include "dnn/dnn_test.h"

#include <string.h>

static const double tolerance = 1e-5;
static const clile_i_layout_kind kinds[] = {CLILE_I_LAYOUT_NCHW, CLILE_I_LAYOUT_NHWC, CLILE_I_LAYOUT_C8,
                                            CLILE_I_LAYOUT_C16};

/* One case: given values, and what the oracle makes of them (batch norm, ReLU, pooling one after the other). */
typedef struct {
    clile_i_ref_batch_norm norm;
    clile_i_ref_pool pool;
    int frozen;
    int64_t src_count, dst_count;
    double *src, *scale, *shift, *mean, *variance, *diff_dst, *more, *sum;
    double *dst, *diff_src, *diff_scale, *diff_shift;
} fused_case;

static void make_case(fused_case *t, clile_i_rng *rng, const int64_t *shape, const int64_t *window, int frozen)
{
    const int64_t n = shape[0], c = shape[1], h = shape[2], w = shape[3];
    *t = (fused_case){
        .norm = {n, c, h, w, 1e-5, 1}, .pool = {n, c, h, w, window[0], window[1], window[2]}, .frozen = frozen};
    t->src_count = n * c * h * w;
    t->dst_count = n * c * clile_i_ref_output_size(h, window[0], window[1], window[2]) *
                   clile_i_ref_output_size(w, window[0], window[1], window[2]);
    t->src = test_normal(rng, t->src_count);
    t->scale = test_normal(rng, c); /* of both signs */
    t->shift = test_normal(rng, c);
    t->mean = test_normal(rng, c);
    t->variance = test_array(c);
    for (int64_t i = 0; i < c; i++) t->variance[i] = (double)(float)clile_i_rng_range(rng, 0.5, 2.0);
    t->diff_dst = test_normal(rng, t->dst_count);
    t->more = test_normal(rng, t->dst_count);
    t->sum = test_array(t->dst_count);
    for (int64_t i = 0; i < t->dst_count; i++) t->sum[i] = t->diff_dst[i] + t->more[i];
    t->dst = test_array(t->dst_count);
    t->diff_src = test_array(t->src_count);
    t->diff_scale = test_array(c);
    t->diff_shift = test_array(c);
}

static void free_case(fused_case *t)
{
    free(t->src), free(t->scale), free(t->shift), free(t->mean), free(t->variance), free(t->diff_dst), free(t->more);
    free(t->sum), free(t->dst), free(t->diff_src), free(t->diff_scale), free(t->diff_shift);
}

/* The oracle, forward and backward with the gradient `diff_dst`. Running statistics are in mean and variance; training
 * takes the batch's. */
static void expect(fused_case *t, const double *diff_dst)
{
    const int64_t c = t->norm.c;
    double *mean = test_array(c), *variance = test_array(c);
    double *normed = test_array(t->src_count), *diff_normed = test_array(t->src_count);
    int64_t *winner = calloc((size_t)t->dst_count, sizeof *winner);
    assert_non_null(winner);
    memcpy(mean, t->mean, (size_t)c * sizeof *mean);
    memcpy(variance, t->variance, (size_t)c * sizeof *variance);
    if (!t->frozen) clile_i_ref_batch_norm_statistics(&t->norm, t->src, mean, variance);
    clile_i_ref_batch_norm_forward(&t->norm, t->src, mean, variance, t->scale, t->shift, normed);
    clile_i_ref_max_pool_forward(&t->pool, normed, t->dst, winner);
    clile_i_ref_max_pool_backward(&t->pool, winner, diff_dst, diff_normed);
    clile_i_ref_batch_norm_backward(&t->norm, t->frozen, t->src, mean, variance, t->scale, t->shift, diff_normed,
                                    t->diff_src, t->diff_scale, t->diff_shift);
    free(mean), free(variance), free(normed), free(diff_normed), free(winner);
}

static float *blocked(const clile_i_layout *layout, const double *values)
{
    float *plain = test_float(values, layout->n * layout->c * layout->h * layout->w);
    float *out = test_unwritten(layout->count);
    clile_i_layout_from_plain(layout, plain, out);
    free(plain);
    return out;
}

static void check_blocked(const char *what, const clile_i_layout *layout, const float *found, const double *expected)
{
    const int64_t count = layout->n * layout->c * layout->h * layout->w;
    float *plain = test_unwritten(count);
    clile_i_layout_to_plain(layout, found, plain);
    test_close(what, plain, expected, count, tolerance);
    free(plain);
}

/* Per-channel values with the layout's padding as zeros. */
static float *padded(const double *values, int64_t c, int64_t channels)
{
    float *out = calloc((size_t)channels, sizeof *out);
    assert_non_null(out);
    for (int64_t i = 0; i < c && values != NULL; i++) out[i] = (float)values[i];
    return out;
}

/* Everything that clile_i_batch_norm points to, in one layout. */
typedef struct {
    clile_i_layout layout;
    float *src, *gamma, *beta, *running_mean, *running_variance, *mean, *inv_std, *diff_gamma, *diff_beta;
    double *partial;
} norm_arrays;

static clile_i_batch_norm make_norm(const fused_case *t, clile_i_layout_kind kind, norm_arrays *a)
{
    const int64_t c = t->norm.c;
    a->layout = clile_i_layout_make(kind, t->norm.n, c, t->norm.h, t->norm.w);
    a->src = blocked(&a->layout, t->src);
    a->gamma = padded(t->scale, c, a->layout.channels);
    a->beta = padded(t->shift, c, a->layout.channels);
    a->running_mean = padded(t->mean, c, a->layout.channels);
    a->running_variance = padded(t->variance, c, a->layout.channels);
    a->mean = padded(NULL, c, a->layout.channels);
    a->inv_std = padded(NULL, c, a->layout.channels);
    a->diff_gamma = padded(NULL, c, a->layout.channels);
    a->diff_beta = padded(NULL, c, a->layout.channels);
    a->partial = test_array(clile_i_batch_norm_partial_count(&a->layout));
    return (clile_i_batch_norm){.layout = a->layout,
                                .eps = 1e-5,
                                .momentum = 0.1,
                                .frozen = (uint8_t)t->frozen,
                                .relu = 1,
                                .src = a->src,
                                .gamma = a->gamma,
                                .beta = a->beta,
                                .running_mean = a->running_mean,
                                .running_variance = a->running_variance,
                                .mean = a->mean,
                                .inv_std = a->inv_std,
                                .diff_gamma = a->diff_gamma,
                                .diff_beta = a->diff_beta,
                                .partial = a->partial};
}

static void free_norm(norm_arrays *a)
{
    free(a->src), free(a->gamma), free(a->beta), free(a->running_mean), free(a->running_variance), free(a->mean);
    free(a->inv_std), free(a->diff_gamma), free(a->diff_beta), free(a->partial);
}

static void check_norm_pool(fused_case *t, clile_i_layout_kind kind, int with_more)
{
    norm_arrays a;
    clile_i_norm_pool op = {.norm = make_norm(t, kind, &a)};
    op.pool = clile_i_max_pool_make(&a.layout, t->pool.kernel, t->pool.stride, t->pool.pad);
    const clile_i_layout *dst = &op.pool.dst;
    float *result = test_unwritten(dst->count), *winner = test_unwritten(dst->count);
    float *diff_dst = blocked(dst, t->diff_dst), *more = blocked(dst, t->more),
          *diff_src = test_unwritten(a.layout.count);
    uint8_t *index = calloc((size_t)dst->count, sizeof *index);
    assert_non_null(index);
    op.dst = result;
    op.winner = winner;
    op.index = index;
    op.diff_dst = diff_dst;
    op.diff_dst_more = with_more ? more : NULL;
    op.diff_src = diff_src;
    clile_i_norm_pool_forward(&op);
    clile_i_norm_pool_backward(&op);
    check_blocked("norm + relu + pool", dst, result, t->dst);
    check_blocked("norm + relu + pool diff_src", &a.layout, diff_src, t->diff_src);
    test_close("norm + relu + pool diff_gamma", a.diff_gamma, t->diff_scale, t->norm.c, tolerance);
    test_close("norm + relu + pool diff_beta", a.diff_beta, t->diff_shift, t->norm.c, tolerance);
    free(result), free(winner), free(diff_dst), free(more), free(diff_src), free(index);
    free_norm(&a);
}

static const int64_t shapes[][4] = {{2, 1, 4, 4},   {3, 3, 7, 9},  {2, 8, 8, 8},   {1, 13, 6, 11},
                                    {16, 16, 4, 4}, {2, 17, 9, 7}, {2, 64, 16, 16}};
static const int64_t windows[][3] = {{3, 2, 1}, {2, 2, 0}, {3, 1, 1}};
#define COUNT(array) (sizeof(array) / sizeof *(array))

static void test_norm_pool(void **state)
{
    (void)state;
    clile_i_rng rng = clile_i_rng_make(8, 1);
    for (size_t i = 0; i < COUNT(shapes); i++)
        for (size_t k = 0; k < COUNT(windows); k++)
            for (int flags = 0; flags < 4; flags++) {
                fused_case t;
                clile_i_threads_set((i + k) % 4 == 0 ? 2 : 1);
                make_case(&t, &rng, shapes[i], windows[k], flags & 1);
                expect(&t, flags >> 1 ? t.sum : t.diff_dst);
                for (size_t kind = 0; kind < 4; kind++) check_norm_pool(&t, kinds[kind], flags >> 1);
                free_case(&t);
            }
}

/* Running statistics move by the fused op as by batch norm alone: to the same bits. */
static void test_running_statistics(void **state)
{
    (void)state;
    clile_i_rng rng = clile_i_rng_make(8, 2);
    fused_case t;
    make_case(&t, &rng, shapes[5], windows[0], 0);
    for (size_t kind = 0; kind < 4; kind++) {
        norm_arrays fused, alone;
        clile_i_norm_pool op = {.norm = make_norm(&t, kinds[kind], &fused)};
        clile_i_batch_norm norm = make_norm(&t, kinds[kind], &alone);
        op.pool = clile_i_max_pool_make(&fused.layout, 3, 2, 1);
        float *result = test_unwritten(op.pool.dst.count), *winner = test_unwritten(op.pool.dst.count);
        float *normed = test_unwritten(alone.layout.count);
        uint8_t *index = calloc((size_t)op.pool.dst.count, sizeof *index);
        assert_non_null(index);
        op.dst = result;
        op.winner = winner;
        op.index = index;
        norm.dst = normed;
        clile_i_norm_pool_forward(&op);
        clile_i_batch_norm_forward(&norm);
        const size_t bytes = (size_t)t.norm.c * sizeof(float);
        assert_memory_equal(fused.running_mean, alone.running_mean, bytes);
        assert_memory_equal(fused.running_variance, alone.running_variance, bytes);
        assert_true(fused.running_mean[0] != (float)t.mean[0]); /* they did move */
        free(result), free(winner), free(normed), free(index);
        free_norm(&fused), free_norm(&alone);
    }
    free_case(&t);
}

/* dst with two readers: diff_dst_more is added to diff_dst, in batch norm with a residual and in max pooling. */
static void test_two_readers(void **state)
{
    (void)state;
    static const int64_t same[3] = {1, 1, 0}; /* no pooling: dst is as large as src */
    clile_i_rng rng = clile_i_rng_make(8, 3);
    for (size_t i = 0; i < COUNT(shapes); i++)
        for (size_t kind = 0; kind < 4; kind++) {
            fused_case t;
            norm_arrays a;
            make_case(&t, &rng, shapes[i], same, 0);
            expect(&t, t.sum);
            clile_i_batch_norm norm = make_norm(&t, kinds[kind], &a);
            float *dst = test_unwritten(a.layout.count), *diff_src = test_unwritten(a.layout.count);
            float *diff_dst = blocked(&a.layout, t.diff_dst), *more = blocked(&a.layout, t.more);
            norm.dst = dst;
            norm.diff_dst = diff_dst;
            norm.diff_dst_more = more;
            norm.diff_src = i % 2 == 0 ? diff_src : diff_dst; /* in place, too */
            clile_i_batch_norm_forward(&norm);
            clile_i_batch_norm_backward(&norm);
            check_blocked("two readers, diff_src", &a.layout, norm.diff_src, t.diff_src);
            test_close("two readers, diff_gamma", a.diff_gamma, t.diff_scale, t.norm.c, tolerance);
            test_close("two readers, diff_beta", a.diff_beta, t.diff_shift, t.norm.c, tolerance);
            free(dst), free(diff_src), free(diff_dst), free(more);
            free_norm(&a);
            free_case(&t);
        }
}

static void test_pool_two_readers(void **state)
{
    (void)state;
    clile_i_rng rng = clile_i_rng_make(8, 4);
    for (size_t i = 0; i < COUNT(shapes); i++)
        for (size_t kind = 0; kind < 4; kind++) {
            fused_case t;
            make_case(&t, &rng, shapes[i], windows[0], 0);
            const clile_i_layout src = clile_i_layout_make(kinds[kind], t.norm.n, t.norm.c, t.norm.h, t.norm.w);
            const clile_i_max_pool pool = clile_i_max_pool_make(&src, 3, 2, 1);
            float *from = blocked(&src, t.src), *to = test_unwritten(pool.dst.count),
                  *diff_src = test_unwritten(src.count);
            float *diff_dst = blocked(&pool.dst, t.diff_dst), *more = blocked(&pool.dst, t.more);
            uint8_t *index = calloc((size_t)pool.dst.count, sizeof *index);
            int64_t *winner = calloc((size_t)t.dst_count, sizeof *winner);
            assert_non_null(index);
            assert_non_null(winner);
            clile_i_ref_max_pool_forward(&t.pool, t.src, t.dst, winner);
            clile_i_ref_max_pool_backward(&t.pool, winner, t.sum, t.diff_src);
            clile_i_max_pool_forward(&pool, from, to, index);
            clile_i_max_pool_backward(&pool, diff_dst, more, index, diff_src);
            check_blocked("pool, two readers", &src, diff_src, t.diff_src);
            free(from), free(to), free(diff_src), free(diff_dst), free(more), free(index), free(winner);
            free_case(&t);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_norm_pool),
        cmocka_unit_test(test_running_statistics),
        cmocka_unit_test(test_two_readers),
        cmocka_unit_test(test_pool_two_readers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
