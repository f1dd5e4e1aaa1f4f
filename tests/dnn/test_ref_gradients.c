/* Every backward of the oracle against finite differences of its forward, and a few forwards
 * computed by hand. L = sum_i r_i dst_i with random r, so diff_dst = r. */
#include "dnn/dnn_test.h"

enum { TOLERANCE_INVERSE = 1000000 }; /* 1e-6 */
static const double tolerance = 1.0 / TOLERANCE_INVERSE;

typedef struct {
    clile_i_ref_conv conv;
    double *src, *weights, *bias, *r, *dst;
    int64_t dst_count;
} conv_case;

static double conv_scalar(void *context)
{
    conv_case *t = context;
    clile_i_ref_conv_forward(&t->conv, t->src, t->weights, t->bias, t->dst);
    return test_dot(t->r, t->dst, t->dst_count);
}

static void test_convolution(void **state)
{
    (void)state;
    static const clile_i_ref_conv cases[] = {
        {1, 1, 3, 3, 1, 1, 1, 0}, {2, 3, 5, 4, 2, 3, 1, 1}, {1, 2, 7, 6, 3, 3, 2, 1},
        {2, 1, 9, 9, 2, 7, 2, 3}, {3, 2, 5, 5, 2, 1, 2, 0}, {1, 2, 4, 4, 2, 3, 1, 0},
    };
    clile_i_rng rng = clile_i_rng_make(1, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i)
        for (int with_bias = 0; with_bias < 2; ++with_bias) {
            conv_case t = {.conv = cases[i]};
            const clile_i_ref_conv *v = &t.conv;
            const int64_t src_count = v->n * v->c * v->h * v->w,
                          weights_count = v->k * v->c * v->kernel * v->kernel;
            t.dst_count = v->n * v->k *
                          clile_i_ref_output_size(v->h, v->kernel, v->stride, v->pad) *
                          clile_i_ref_output_size(v->w, v->kernel, v->stride, v->pad);
            t.src = test_normal(&rng, src_count);
            t.weights = test_normal(&rng, weights_count);
            t.bias = with_bias ? test_normal(&rng, v->k) : NULL;
            t.r = test_normal(&rng, t.dst_count);
            t.dst = test_array(t.dst_count);
            double *diff_src = test_normal(&rng, src_count),
                   *diff_weights = test_normal(&rng, weights_count);
            double *diff_bias = test_normal(&rng, v->k);
            clile_i_ref_conv_backward_data(v, t.weights, t.r, diff_src);
            clile_i_ref_conv_backward_weights(v, t.src, t.r, diff_weights,
                                              with_bias ? diff_bias : NULL);
            test_gradient("convolution src", conv_scalar, &t, t.src, src_count, diff_src,
                          tolerance);
            test_gradient("convolution weights", conv_scalar, &t, t.weights, weights_count,
                          diff_weights, tolerance);
            if (with_bias)
                test_gradient("convolution bias", conv_scalar, &t, t.bias, v->k, diff_bias,
                              tolerance);
            free(t.src), free(t.weights), free(t.bias), free(t.r), free(t.dst);
            free(diff_src), free(diff_weights), free(diff_bias);
        }
}

/* 3 x 3 image, 2 x 2 kernel, stride 1, pad 1, worked out by hand. */
static void test_convolution_by_hand(void **state)
{
    (void)state;
    const clile_i_ref_conv conv = {1, 1, 3, 3, 1, 2, 1, 1};
    const double src[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, weights[4] = {1, 10, 100, 1000},
                 bias[1] = {0.5};
    const double expected[16] = {1000.5, 2100.5, 3200.5, 300.5, 4010.5, 5421.5, 6532.5, 603.5,
                                 7040.5, 8754.5, 9865.5, 906.5, 70.5,   87.5,   98.5,   9.5};
    double dst[16];
    clile_i_ref_conv_forward(&conv, src, weights, bias, dst);
    for (int i = 0; i < 16; ++i) assert_true(dst[i] == expected[i]);
}

typedef struct {
    clile_i_ref_batch_norm norm;
    int frozen;
    double *src, *scale, *shift, *mean, *variance, *r, *dst;
    int64_t count;
} norm_case;

static double norm_scalar(void *context)
{
    norm_case *t = context;
    if (!t->frozen) clile_i_ref_batch_norm_statistics(&t->norm, t->src, t->mean, t->variance);
    clile_i_ref_batch_norm_forward(&t->norm, t->src, t->mean, t->variance, t->scale, t->shift,
                                   t->dst);
    return test_dot(t->r, t->dst, t->count);
}

/* A value within 0.002 of the kink of the ReLU could be carried over it by the finite
 * difference. */
static int near_kink(const norm_case *t)
{
    clile_i_ref_batch_norm plain = t->norm;
    plain.relu = 0;
    clile_i_ref_batch_norm_forward(&plain, t->src, t->mean, t->variance, t->scale, t->shift,
                                   t->dst);
    for (int64_t i = 0; i < t->count; ++i)
        if (fabs(t->dst[i]) < 0.002) return 1;
    return 0;
}

static void check_batch_norm(clile_i_rng *rng, const clile_i_ref_batch_norm *norm, int frozen)
{
    norm_case t = {.norm = *norm, .frozen = frozen, .count = norm->n * norm->c * norm->h * norm->w};
    t.dst = test_array(t.count);
    t.r = test_normal(rng, t.count);
    t.shift = test_normal(rng, norm->c);
    t.scale = test_normal(rng, norm->c);
    t.mean = test_normal(rng, norm->c);
    t.variance = test_array(norm->c);
    for (int64_t c = 0; c < norm->c; ++c) t.variance[c] = clile_i_rng_range(rng, 0.5, 2.0);
    do {
        free(t.src);
        t.src = test_normal(rng, t.count);
        if (!frozen) clile_i_ref_batch_norm_statistics(norm, t.src, t.mean, t.variance);
    } while (near_kink(&t));
    double *diff_src = test_array(t.count), *diff_scale = test_array(norm->c),
           *diff_shift = test_array(norm->c);
    clile_i_ref_batch_norm_backward(norm, frozen, t.src, t.mean, t.variance, t.scale, t.shift, t.r,
                                    diff_src, diff_scale, diff_shift);
    test_gradient("batch norm src", norm_scalar, &t, t.src, t.count, diff_src, tolerance);
    test_gradient("batch norm scale", norm_scalar, &t, t.scale, norm->c, diff_scale, tolerance);
    test_gradient("batch norm shift", norm_scalar, &t, t.shift, norm->c, diff_shift, tolerance);
    free(t.src), free(t.dst), free(t.r), free(t.shift), free(t.scale), free(t.mean),
        free(t.variance);
    free(diff_src), free(diff_scale), free(diff_shift);
}

static void test_batch_norm(void **state)
{
    (void)state;
    static const int64_t shapes[][4] = {{2, 1, 1, 3}, {3, 2, 2, 3}, {2, 3, 4, 3}, {8, 5, 1, 1}};
    clile_i_rng rng = clile_i_rng_make(1, 2);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i)
        for (int relu = 0; relu < 2; ++relu)
            for (int frozen = 0; frozen < 2; ++frozen) {
                const clile_i_ref_batch_norm norm = {shapes[i][0], shapes[i][1], shapes[i][2],
                                                     shapes[i][3], 1e-5,         relu};
                check_batch_norm(&rng, &norm, frozen);
            }
}

/* Values 1 2 3 6: mean 3, biased variance 3.5, unbiased 14/3. */
static void test_batch_norm_statistics(void **state)
{
    (void)state;
    const clile_i_ref_batch_norm norm = {2, 1, 1, 2, 1e-5, 0};
    const double src[4] = {1, 2, 3, 6};
    double mean, variance, running_mean = 10.0, running_variance = 20.0;
    clile_i_ref_batch_norm_statistics(&norm, src, &mean, &variance);
    assert_true(mean == 3.0 && variance == 3.5);
    clile_i_ref_batch_norm_update(&norm, 0.1, &mean, &variance, &running_mean, &running_variance);
    assert_true(fabs(running_mean - 9.3) < 1e-12);
    assert_true(fabs(running_variance - (18.0 + 0.1 * 14.0 / 3.0)) < 1e-12);
}

typedef struct {
    double *a, *b, *r, *dst; /* b NULL: ReLU alone */
    int64_t count;
} pointwise_case;

static double pointwise_scalar(void *context)
{
    pointwise_case *t = context;
    if (t->b != NULL)
        clile_i_ref_add_relu_forward(t->count, t->a, t->b, t->dst);
    else
        clile_i_ref_relu_forward(t->count, t->a, t->dst);
    return test_dot(t->r, t->dst, t->count);
}

static void test_pointwise(void **state)
{
    (void)state;
    clile_i_rng rng = clile_i_rng_make(1, 3);
    static const int64_t counts[] = {1, 7, 60};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; ++i) {
        const int64_t count = counts[i];
        pointwise_case t = {
            .count = count, .a = test_distinct(&rng, count), .r = test_normal(&rng, count)};
        t.dst = test_array(count);
        double *diff_a = test_array(count), *diff_b = test_array(count);
        clile_i_ref_relu_backward(count, t.a, t.r, diff_a);
        test_gradient("relu", pointwise_scalar, &t, t.a, count, diff_a, tolerance);
        t.b = test_array(count);
        for (int64_t k = 0; k < count; ++k) t.b[k] = 0.03; /* sums keep their distance from 0 */
        clile_i_ref_add_relu_forward(count, t.a, t.b, t.dst);
        clile_i_ref_add_relu_backward(count, t.dst, t.r, diff_a, diff_b);
        test_gradient("add + relu a", pointwise_scalar, &t, t.a, count, diff_a, tolerance);
        test_gradient("add + relu b", pointwise_scalar, &t, t.b, count, diff_b, tolerance);
        free(t.a), free(t.b), free(t.r), free(t.dst), free(diff_a), free(diff_b);
    }
}

typedef struct {
    clile_i_ref_pool pool; /* kernel 0: global average */
    double *src, *r, *dst;
    int64_t dst_count;
} pool_case;

static double pool_scalar(void *context)
{
    pool_case *t = context;
    const clile_i_ref_pool *p = &t->pool;
    if (p->kernel > 0)
        clile_i_ref_max_pool_forward(p, t->src, t->dst, NULL);
    else
        clile_i_ref_global_pool_forward(p->n, p->c, p->h, p->w, t->src, t->dst);
    return test_dot(t->r, t->dst, t->dst_count);
}

static void test_pools(void **state)
{
    (void)state;
    static const clile_i_ref_pool cases[] = {
        {1, 1, 4, 4, 2, 2, 0}, {2, 3, 7, 5, 3, 2, 1}, {1, 2, 6, 6, 3, 1, 1},
        {2, 2, 1, 1, 3, 2, 1}, {2, 3, 3, 5, 0, 0, 0}, {1, 4, 1, 1, 0, 0, 0},
    };
    clile_i_rng rng = clile_i_rng_make(1, 4);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        pool_case t = {.pool = cases[i]};
        const clile_i_ref_pool *p = &t.pool;
        const int64_t src_count = p->n * p->c * p->h * p->w;
        t.dst_count = p->n * p->c;
        if (p->kernel > 0)
            t.dst_count *= clile_i_ref_output_size(p->h, p->kernel, p->stride, p->pad) *
                           clile_i_ref_output_size(p->w, p->kernel, p->stride, p->pad);
        t.src = test_distinct(&rng, src_count);
        t.r = test_normal(&rng, t.dst_count);
        t.dst = test_array(t.dst_count);
        double *diff_src = test_normal(&rng, src_count);
        if (p->kernel > 0) {
            int64_t *winner = calloc((size_t)t.dst_count, sizeof *winner);
            assert_non_null(winner);
            clile_i_ref_max_pool_forward(p, t.src, t.dst, winner);
            clile_i_ref_max_pool_backward(p, winner, t.r, diff_src);
            free(winner);
        } else {
            clile_i_ref_global_pool_backward(p->n, p->c, p->h, p->w, t.r, diff_src);
        }
        test_gradient("pool", pool_scalar, &t, t.src, src_count, diff_src, tolerance);
        free(t.src), free(t.r), free(t.dst), free(diff_src);
    }
}

/* All values negative: padding must not win; all equal: the first in row-major order wins. */
static void test_max_pool_rules(void **state)
{
    (void)state;
    const clile_i_ref_pool pool = {1, 1, 3, 3, 3, 2, 1};
    const double negative[9] = {-9, -8, -7, -6, -5, -4, -3, -2, -1},
                 equal[9] = {2, 2, 2, 2, 2, 2, 2, 2, 2};
    const double expected[4] = {-5, -4, -2, -1};
    const int64_t first[4] = {0, 1, 3, 4};
    double dst[4];
    int64_t winner[4];
    clile_i_ref_max_pool_forward(&pool, negative, dst, winner);
    for (int i = 0; i < 4; ++i) assert_true(dst[i] == expected[i]);
    clile_i_ref_max_pool_forward(&pool, equal, dst, winner);
    for (int i = 0; i < 4; ++i) assert_int_equal(winner[i], first[i]);
}

typedef struct {
    int64_t n, inputs, outputs;
    double *src, *weights, *bias, *r, *dst;
} linear_case;

static double linear_scalar(void *context)
{
    linear_case *t = context;
    clile_i_ref_linear_forward(t->n, t->inputs, t->outputs, t->src, t->weights, t->bias, t->dst);
    return test_dot(t->r, t->dst, t->n * t->outputs);
}

static void test_linear(void **state)
{
    (void)state;
    static const int64_t shapes[][3] = {{1, 1, 1}, {2, 3, 5}, {3, 8, 2}, {4, 5, 7}};
    clile_i_rng rng = clile_i_rng_make(1, 5);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i) {
        linear_case t = {.n = shapes[i][0], .inputs = shapes[i][1], .outputs = shapes[i][2]};
        t.src = test_normal(&rng, t.n * t.inputs);
        t.weights = test_normal(&rng, t.outputs * t.inputs);
        t.bias = test_normal(&rng, t.outputs);
        t.r = test_normal(&rng, t.n * t.outputs);
        t.dst = test_array(t.n * t.outputs);
        double *diff_src = test_array(t.n * t.inputs),
               *diff_weights = test_array(t.outputs * t.inputs);
        double *diff_bias = test_array(t.outputs);
        clile_i_ref_linear_backward(t.n, t.inputs, t.outputs, t.src, t.weights, t.r, diff_src,
                                    diff_weights, diff_bias);
        test_gradient("linear src", linear_scalar, &t, t.src, t.n * t.inputs, diff_src, tolerance);
        test_gradient("linear weights", linear_scalar, &t, t.weights, t.outputs * t.inputs,
                      diff_weights, tolerance);
        test_gradient("linear bias", linear_scalar, &t, t.bias, t.outputs, diff_bias, tolerance);
        free(t.src), free(t.weights), free(t.bias), free(t.r), free(t.dst);
        free(diff_src), free(diff_weights), free(diff_bias);
    }
}

/* [1 2; 3 4] times [5 6; 7 8] = [19 22; 43 50], given in all four storages, 2 A B + 3 dst. */
static void test_matmul(void **state)
{
    (void)state;
    const double a[2][4] = {{1, 2, 3, 4}, {1, 3, 2, 4}}, b[2][4] = {{5, 6, 7, 8}, {5, 7, 6, 8}};
    const double product[4] = {19, 22, 43, 50};
    for (int ta = 0; ta < 2; ++ta)
        for (int tb = 0; tb < 2; ++tb) {
            double dst[4] = {1, 2, 3, 4}, fresh[4] = {NAN, NAN, NAN, NAN};
            clile_i_ref_matmul(ta, tb, 2, 2, 2, 2.0, a[ta], b[tb], 3.0, dst);
            clile_i_ref_matmul(ta, tb, 2, 2, 2, 1.0, a[ta], b[tb], 0.0, fresh);
            for (int i = 0; i < 4; ++i) {
                assert_true(dst[i] == 2.0 * product[i] + 3.0 * (i + 1));
                assert_true(fresh[i] == product[i]);
            }
        }
    /* not square: [1 2 3] (1 x 3) times its transpose = 14 */
    const double row[3] = {1, 2, 3};
    double dot;
    clile_i_ref_matmul(0, 1, 1, 1, 3, 1.0, row, row, 0.0, &dot);
    assert_true(dot == 14.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_convolution),    cmocka_unit_test(test_convolution_by_hand),
        cmocka_unit_test(test_batch_norm),     cmocka_unit_test(test_batch_norm_statistics),
        cmocka_unit_test(test_pointwise),      cmocka_unit_test(test_pools),
        cmocka_unit_test(test_max_pool_rules), cmocka_unit_test(test_linear),
        cmocka_unit_test(test_matmul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
