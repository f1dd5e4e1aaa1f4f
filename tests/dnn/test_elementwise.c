/* ReLU, residual add and conversion between activation layouts, against the oracle. */
#include "dnn/dnn.h"
#include "dnn/dnn_test.h"

#include <string.h>

static void test_relu(void **state)
{
    (void)state;
    static const int64_t counts[] = {1, 7, 8, 16, 17, 1000, 40003};
    clile_i_rng rng = clile_i_rng_make(6, 1);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; ++i) {
        const int64_t count = counts[i];
        double *a = test_normal(&rng, count), *b = test_normal(&rng, count),
               *diff_dst = test_normal(&rng, count);
        double *dst = test_array(count), *diff_a = test_array(count), *diff_b = test_array(count);
        a[0] = 0.0; /* the kink belongs to the side without gradient */
        float *a_f = test_float(a, count), *b_f = test_float(b, count),
              *diff_dst_f = test_float(diff_dst, count);
        float *dst_f = test_unwritten(count), *diff_f = test_unwritten(count);
        clile_i_ref_relu_forward(count, a, dst);
        clile_i_ref_relu_backward(count, a, diff_dst, diff_a);
        clile_i_relu_forward(count, a_f, dst_f);
        clile_i_relu_backward(count, dst_f, diff_dst_f, diff_f);
        test_close("relu", dst_f, dst, count, 0.0);
        test_close("relu diff", diff_f, diff_a, count, 0.0);
        clile_i_ref_add_relu_forward(count, a, b, dst);
        clile_i_add_relu_forward(count, a_f, b_f, dst_f);
        test_close("add + relu", dst_f, dst, count, 1e-7);
        clile_i_ref_add_relu_backward(count, dst, diff_dst, diff_a, diff_b);
        clile_i_relu_backward(count, dst_f, diff_dst_f, diff_f);
        test_close("add + relu diff", diff_f, diff_a, count, 0.0);
        test_close("add + relu diff", diff_f, diff_b, count, 0.0);
        for (int64_t k = 0; k < count; ++k) dst[k] = a[k] + b[k];
        clile_i_add(count, a_f, b_f, a_f); /* in place */
        test_close("add", a_f, dst, count, 1e-7);
        free(a), free(b), free(diff_dst), free(dst), free(diff_a), free(diff_b);
        free(a_f), free(b_f), free(diff_dst_f), free(dst_f), free(diff_f);
    }
}

/* Each element of the blocked array is where the formula in dnn.h says, padding is zero, and the
 * way back is exact. */
static void test_layouts(void **state)
{
    (void)state;
    static const clile_i_dnn_layout_kind kinds[] = {CLILE_I_LAYOUT_NCHW, CLILE_I_LAYOUT_NHWC,
                                                    CLILE_I_LAYOUT_C8, CLILE_I_LAYOUT_C16};
    static const int64_t channels[] = {1, 3, 5, 8, 13, 16, 17, 64};
    clile_i_rng rng = clile_i_rng_make(6, 2);
    for (size_t kind = 0; kind < 4; ++kind)
        for (size_t i = 0; i < 8; ++i) {
            const int64_t n = 1 + (int64_t)(i % 3), c = channels[i], h = 3, w = 5;
            const clile_i_dnn_layout layout = clile_i_dnn_layout_make(kinds[kind], n, c, h, w);
            const int64_t padded = kind < 2 ? c : kind == 2 ? (c + 7) / 8 * 8 : (c + 15) / 16 * 16;
            assert_int_equal(layout.channels, padded);
            assert_int_equal(layout.count, n * padded * h * w);
            double *values = test_normal(&rng, n * c * h * w);
            float *plain = test_float(values, n * c * h * w),
                  *blocked = test_unwritten(layout.count);
            float *back = test_unwritten(n * c * h * w);
            clile_i_dnn_layout_from_plain(&layout, plain, blocked);
            clile_i_dnn_layout_to_plain(&layout, blocked, back);
            assert_memory_equal(back, plain, (size_t)(n * c * h * w) * sizeof *plain);
            for (int64_t in = 0; in < n; ++in)
                for (int64_t ic = 0; ic < padded; ++ic)
                    for (int64_t p = 0; p < h * w; ++p) {
                        const int64_t at = in * layout.image_stride +
                                           ic / layout.block * layout.block_stride +
                                           p * layout.block + ic % layout.block;
                        const float expected = ic < c ? plain[(in * c + ic) * h * w + p] : 0.0f;
                        assert_true(blocked[at] == expected);
                    }
            free(values), free(plain), free(blocked), free(back);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_relu), cmocka_unit_test(test_layouts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
