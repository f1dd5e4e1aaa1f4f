/* The matrix product with each combination of transposes, and the linear layer, against the
 * oracle. */
#include "dnn/dnn.h"
#include "dnn/dnn_test.h"

#include <string.h>

static const double tolerance = 1e-5;

static void check_matmul(clile_i_rng *rng, int ta, int tb, int64_t m, int64_t n, int64_t k,
                         double alpha, double beta)
{
    double *a = test_normal(rng, m * k), *b = test_normal(rng, k * n), *c = test_normal(rng, m * n);
    float *a_f = test_float(a, m * k), *b_f = test_float(b, k * n);
    /* beta 0 reads nothing, not even NaN */
    float *c_f = beta == 0.0 ? test_unwritten(m * n) : test_float(c, m * n);
    char text[128];
    snprintf(text, sizeof text, "matmul%s%s m%lld n%lld k%lld alpha %g beta %g", ta ? " a^T" : "",
             tb ? " b^T" : "", (long long)m, (long long)n, (long long)k, alpha, beta);
    clile_i_ref_matmul(ta, tb, m, n, k, alpha, a, b, beta, c);
    assert_int_equal(clile_i_dnn_matmul(ta, tb, m, n, k, (float)alpha, a_f, b_f, (float)beta, c_f),
                     CLILE_OK);
    test_close(text, c_f, c, m * n, tolerance);
    free(a), free(b), free(c), free(a_f), free(b_f), free(c_f);
}

static void test_matmul(void **state)
{
    (void)state;
    static const int64_t shapes[][3] = {{1, 1, 1},     {1, 17, 64},  {2, 3, 5},    {3, 8, 1},
                                        {5, 13, 16},   {16, 16, 16}, {17, 64, 13}, {64, 1, 17},
                                        {64, 128, 33}, {3, 1000, 64}};
    static const double factors[][2] = {{1.0, 0.0}, {0.5, 1.0}, {-2.0, 0.25}};
    clile_i_rng rng = clile_i_rng_make(5, 1);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i)
        for (size_t f = 0; f < sizeof factors / sizeof *factors; ++f)
            for (int t = 0; t < 4; ++t)
                check_matmul(&rng, t & 1, t >> 1, shapes[i][0], shapes[i][1], shapes[i][2],
                             factors[f][0], factors[f][1]);
}

/* k = 0: the sum is empty, c = beta c. m = 0 or n = 0: nothing is touched. */
static void test_matmul_empty(void **state)
{
    (void)state;
    const float a[4] = {1, 2, 3, 4};
    float c[4] = {1, 2, 3, 4};
    assert_int_equal(clile_i_dnn_matmul(0, 0, 2, 2, 0, 1.0f, a, a, 2.0f, c), CLILE_OK);
    for (int i = 0; i < 4; ++i) assert_true(c[i] == 2.0f * (float)(i + 1));
    assert_int_equal(clile_i_dnn_matmul(0, 0, 0, 2, 2, 1.0f, a, a, 0.0f, c), CLILE_OK);
    assert_int_equal(clile_i_dnn_matmul(0, 0, 2, 0, 2, 1.0f, a, a, 0.0f, c), CLILE_OK);
    for (int i = 0; i < 4; ++i) assert_true(c[i] == 2.0f * (float)(i + 1));
}

static void check_linear(clile_i_rng *rng, int64_t n, int64_t inputs, int64_t outputs)
{
    double *src = test_normal(rng, n * inputs), *weights = test_normal(rng, outputs * inputs);
    double *bias = test_normal(rng, outputs), *diff_dst = test_normal(rng, n * outputs);
    double *dst = test_array(n * outputs), *diff_src = test_array(n * inputs);
    double *diff_weights = test_array(outputs * inputs), *diff_bias = test_array(outputs);
    float *src_f = test_float(src, n * inputs), *weights_f = test_float(weights, outputs * inputs);
    float *bias_f = test_float(bias, outputs), *diff_dst_f = test_float(diff_dst, n * outputs);
    float *dst_f = test_unwritten(n * outputs), *diff_src_f = test_unwritten(n * inputs);
    float *diff_weights_f = test_unwritten(outputs * inputs),
          *diff_bias_f = test_unwritten(outputs);
    for (int with_bias = 0; with_bias < 2; ++with_bias) {
        clile_i_ref_linear_forward(n, inputs, outputs, src, weights, with_bias ? bias : NULL, dst);
        assert_int_equal(clile_i_linear_forward(n, inputs, outputs, src_f, weights_f,
                                                with_bias ? bias_f : NULL, dst_f),
                         CLILE_OK);
        test_close("linear", dst_f, dst, n * outputs, tolerance);
    }
    clile_i_ref_linear_backward(n, inputs, outputs, src, weights, diff_dst, diff_src, diff_weights,
                                diff_bias);
    assert_int_equal(clile_i_linear_backward(n, inputs, outputs, src_f, weights_f, diff_dst_f,
                                             diff_src_f, diff_weights_f, diff_bias_f),
                     CLILE_OK);
    test_close("linear diff_src", diff_src_f, diff_src, n * inputs, tolerance);
    test_close("linear diff_weights", diff_weights_f, diff_weights, outputs * inputs, tolerance);
    test_close("linear diff_bias", diff_bias_f, diff_bias, outputs, tolerance);
    free(src), free(weights), free(bias), free(diff_dst), free(dst), free(diff_src),
        free(diff_weights);
    free(diff_bias), free(src_f), free(weights_f), free(bias_f), free(diff_dst_f), free(dst_f),
        free(diff_src_f);
    free(diff_weights_f), free(diff_bias_f);
}

static void test_linear(void **state)
{
    (void)state;
    static const int64_t sizes[] = {1, 3, 5, 8, 13, 16, 17, 64};
    static const int64_t batches[] = {1, 2, 3, 16};
    clile_i_rng rng = clile_i_rng_make(5, 2);
    for (size_t i = 0; i < 8; ++i)
        for (size_t o = 0; o < 8; ++o) check_linear(&rng, batches[(i + o) % 4], sizes[i], sizes[o]);
    check_linear(&rng, 16, 512, 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_matmul),
                                       cmocka_unit_test(test_matmul_empty),
                                       cmocka_unit_test(test_linear)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
