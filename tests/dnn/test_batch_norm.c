/* Batch norm (training and frozen, with and without ReLU and residual) in every layout against
 * the oracle. */
#include "dnn/dnn.h"
#include "dnn/dnn_test.h"

#include <string.h>

static const double tolerance = 1e-5;
static const clile_i_dnn_layout_kind kinds[] = {CLILE_I_LAYOUT_NCHW, CLILE_I_LAYOUT_NHWC,
                                                CLILE_I_LAYOUT_C8, CLILE_I_LAYOUT_C16};
static const char *const kind_names[] = {"nchw", "nhwc", "c8", "c16"};

typedef struct {
    clile_i_ref_batch_norm norm;
    int frozen, with_residual;
    int64_t count;
    double *src, *scale, *shift, *residual, *diff_dst; /* given */
    double *running_mean, *running_variance;           /* before */
    double *mean, *variance, *dst;                     /* expected */
    double *updated_mean, *updated_variance;
} norm_case;

/* `offset` moves every value by a constant far above its spread: a variance from E[x^2] - E[x]^2
 * would lose it. */
static void make_case(norm_case *t, clile_i_rng *rng, const int64_t *shape, int frozen, int relu,
                      int with_residual, double offset)
{
    const int64_t n = shape[0], c = shape[1], h = shape[2], w = shape[3];
    *t = (norm_case){
        .norm = {n, c, h, w, 1e-5, 0}, .frozen = frozen, .with_residual = with_residual};
    t->count = n * c * h * w;
    t->src = test_normal(rng, t->count);
    for (int64_t i = 0; i < t->count; ++i) t->src[i] = (double)(float)(t->src[i] + offset);
    t->scale = test_normal(rng, c);
    t->shift = test_normal(rng, c);
    t->residual = test_normal(rng, t->count);
    t->diff_dst = test_normal(rng, t->count);
    t->running_mean = test_normal(rng, c);
    t->running_variance = test_array(c);
    for (int64_t i = 0; i < c; ++i)
        t->running_variance[i] = (double)(float)clile_i_rng_range(rng, 0.5, 2.0);
    t->mean = test_array(c);
    t->variance = test_array(c);
    t->dst = test_array(t->count);
    t->updated_mean = test_array(c);
    t->updated_variance = test_array(c);
    for (int64_t i = 0; i < c; ++i) {
        t->updated_mean[i] = t->mean[i] = t->running_mean[i];
        t->updated_variance[i] = t->variance[i] = t->running_variance[i];
    }
    if (!frozen) {
        clile_i_ref_batch_norm_statistics(&t->norm, t->src, t->mean, t->variance);
        clile_i_ref_batch_norm_update(&t->norm, 0.1, t->mean, t->variance, t->updated_mean,
                                      t->updated_variance);
    }
    clile_i_ref_batch_norm_forward(&t->norm, t->src, t->mean, t->variance, t->scale, t->shift,
                                   t->dst);
    for (int64_t i = 0; i < t->count; ++i) {
        if (with_residual) t->dst[i] += t->residual[i];
        if (relu && t->dst[i] < 0.0) t->dst[i] = 0.0;
    }
}

static void free_case(norm_case *t)
{
    free(t->src), free(t->scale), free(t->shift), free(t->residual), free(t->diff_dst);
    free(t->running_mean), free(t->running_variance), free(t->mean), free(t->variance),
        free(t->dst);
    free(t->updated_mean), free(t->updated_variance);
}

static void check(const norm_case *t, int relu, const char *kind, const char *what,
                  const float *found, const double *expected, int64_t count, double bound)
{
    char text[192];
    snprintf(text, sizeof text, "%s n%lld c%lld %lldx%lld%s%s%s: %s", kind, (long long)t->norm.n,
             (long long)t->norm.c, (long long)t->norm.h, (long long)t->norm.w,
             t->frozen ? " frozen" : "", relu ? " relu" : "", t->with_residual ? " residual" : "",
             what);
    test_close(text, found, expected, count, bound);
}

/* Gradients from the oracle with the op's own ReLU mask: float and double may put a value on
 * different sides of zero. */
static void check_backward(const norm_case *t, int relu, size_t kind, const float *src,
                           const float *scale, const float *shift, const float *mean,
                           const float *variance, const float *dst, double bound)
{
    const int64_t c = t->norm.c;
    double *masked = test_array(t->count), *diff_src = test_array(t->count);
    double *diff_scale = test_array(c), *diff_shift = test_array(c);
    float *diff_dst = test_float(t->diff_dst, t->count), *found_src = test_unwritten(t->count);
    float *found_scale = test_unwritten(c), *found_shift = test_unwritten(c),
          *found_residual = test_unwritten(t->count);
    for (int64_t i = 0; i < t->count; ++i)
        masked[i] = !relu || dst[i] > 0.0f ? t->diff_dst[i] : 0.0;
    clile_i_ref_batch_norm_backward(&t->norm, t->frozen, t->src, t->mean, t->variance, t->scale,
                                    t->shift, masked, diff_src, diff_scale, diff_shift);
    assert_int_equal(clile_i_dnn_batch_norm_backward_plain(
                         kinds[kind], t->norm.n, c, t->norm.h, t->norm.w, t->frozen, relu, src,
                         scale, shift, mean, variance, t->with_residual ? dst : NULL, diff_dst,
                         found_src, found_scale, found_shift,
                         t->with_residual ? found_residual : NULL),
                     CLILE_OK);
    check(t, relu, kind_names[kind], "diff_src", found_src, diff_src, t->count, bound);
    check(t, relu, kind_names[kind], "diff_gamma", found_scale, diff_scale, c, bound);
    check(t, relu, kind_names[kind], "diff_beta", found_shift, diff_shift, c, bound);
    if (t->with_residual)
        check(t, relu, kind_names[kind], "diff_residual", found_residual, masked, t->count, 1e-7);
    free(masked), free(diff_src), free(diff_scale), free(diff_shift);
    free(diff_dst), free(found_src), free(found_scale), free(found_shift), free(found_residual);
}

static void check_kind(const norm_case *t, int relu, size_t kind, double bound)
{
    const int64_t c = t->norm.c;
    float *src = test_float(t->src, t->count), *scale = test_float(t->scale, c),
          *shift = test_float(t->shift, c);
    float *residual = test_float(t->residual, t->count),
          *running_mean = test_float(t->running_mean, c);
    float *running_variance = test_float(t->running_variance, c), *dst = test_unwritten(t->count);
    float *mean = test_unwritten(c), *variance = test_unwritten(c);
    assert_int_equal(clile_i_dnn_batch_norm_forward_plain(
                         kinds[kind], t->norm.n, c, t->norm.h, t->norm.w, t->frozen, relu, src,
                         scale, shift, t->with_residual ? residual : NULL, running_mean,
                         running_variance, dst, mean, variance),
                     CLILE_OK);
    check(t, relu, kind_names[kind], "dst", dst, t->dst, t->count, bound);
    check(t, relu, kind_names[kind], "mean", mean, t->mean, c, tolerance);
    check(t, relu, kind_names[kind], "variance", variance, t->variance, c, bound);
    check(t, relu, kind_names[kind], "running mean", running_mean, t->updated_mean, c, tolerance);
    check(t, relu, kind_names[kind], "running variance", running_variance, t->updated_variance, c,
          bound);
    check_backward(t, relu, kind, src, scale, shift, mean, variance, dst, bound);
    free(src), free(scale), free(shift), free(residual), free(running_mean), free(running_variance);
    free(dst), free(mean), free(variance);
}

static void test_shapes(void **state)
{
    (void)state;
    static const int64_t shapes[][4] = {{2, 1, 3, 3},   {16, 3, 1, 1}, {1, 5, 7, 9},
                                        {3, 8, 4, 5},   {2, 13, 8, 8}, {3, 16, 5, 5},
                                        {2, 17, 13, 3}, {4, 64, 7, 7}};
    clile_i_rng rng = clile_i_rng_make(3, 1);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i)
        for (int flags = 0; flags < 8; ++flags) {
            norm_case t;
            const int relu = flags >> 1 & 1;
            clile_i_threads_set(i % 4 == 1 ? 2 : 1);
            make_case(&t, &rng, shapes[i], flags & 1, relu, flags >> 2, 0.0);
            for (size_t kind = 0; kind < 4; ++kind) check_kind(&t, relu, kind, tolerance);
            free_case(&t);
        }
}

/* Mean 100, spread 1: the variance must survive. float32 values near 100 are 8e-6 apart. */
static void test_large_mean(void **state)
{
    (void)state;
    static const int64_t shape[4] = {4, 17, 9, 9};
    clile_i_rng rng = clile_i_rng_make(3, 2);
    norm_case t;
    make_case(&t, &rng, shape, 0, 1, 0, 100.0);
    for (size_t kind = 0; kind < 4; ++kind) check_kind(&t, 1, kind, 1e-4);
    free_case(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_large_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
