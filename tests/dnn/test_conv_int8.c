/* The int8 convolution against the plain C oracle, over shapes, post-ops and signs. */
#include "dnn_test.h"

#include "dnn/dnn.h"

#include <string.h>

enum { LEVELS = 128 }; /* activations 0..128: exact on every processor */

typedef struct {
    clile_i_conv_shape shape;
    int relu, sum, dst_signed, sum_signed;
} variant;

static int32_t *integers(clile_i_rng *rng, int64_t count, int32_t low, int32_t high)
{
    int32_t *values = calloc((size_t)count, sizeof *values);
    assert_non_null(values);
    for (int64_t i = 0; i < count; ++i)
        values[i] = low + (int32_t)clile_i_rng_below(rng, high - low + 1);
    return values;
}

/* NCHW integers to NHWC bytes and back. */
static void to_bytes(int64_t n, int64_t c, int64_t hw, const int32_t *plain, uint8_t *bytes)
{
    for (int64_t i = 0; i < n * c * hw; ++i)
        bytes[(i / (c * hw) * hw + i % hw) * c + i / hw % c] = (uint8_t)(plain[i] & 255);
}

static int32_t byte_at(int64_t c, int64_t hw, int64_t i, const uint8_t *bytes, int is_signed)
{
    const uint8_t byte = bytes[(i / (c * hw) * hw + i % hw) * c + i / hw % c];
    return is_signed && byte > 127 ? (int32_t)byte - 256 : (int32_t)byte;
}

static void run(const variant *v)
{
    const clile_i_conv_shape *s = &v->shape;
    const int64_t oh = clile_i_conv_oh(s), ow = clile_i_conv_ow(s), out = s->n * s->oc * oh * ow,
                  in = s->n * s->ic * s->ih * s->iw;
    clile_i_rng rng = clile_i_rng_make(5, (uint64_t)(s->ic * 1000 + s->oc + v->sum));
    int32_t *src = integers(&rng, in, 0, LEVELS),
            *weights = integers(&rng, s->oc * s->ic * s->kh * s->kw, -127, 127);
    int32_t *held = integers(&rng, out, v->sum_signed ? -128 : 0, v->sum_signed ? 127 : 255),
            *expected = integers(&rng, out, 0, 0);
    double *scale = test_array(s->oc), *bias = test_array(s->oc);
    float *scale32 = calloc((size_t)s->oc, sizeof *scale32),
          *bias32 = calloc((size_t)s->oc, sizeof *bias32);
    int8_t *plain = calloc((size_t)(s->oc * s->ic * s->kh * s->kw), 1);
    for (int64_t i = 0; i < s->oc * s->ic * s->kh * s->kw; ++i) plain[i] = (int8_t)weights[i];
    for (int64_t k = 0; k < s->oc; ++k) {
        scale32[k] = (float)(40.0 * clile_i_rng_range(&rng, 0.5, 2.0) /
                             (73.0 * 73.0 * sqrt((double)(s->ic * s->kh * s->kw))));
        bias32[k] = (float)clile_i_rng_range(&rng, -30.0, 60.0);
        scale[k] = (double)scale32[k];
        bias[k] = (double)bias32[k];
    }
    const clile_i_ref_conv oracle = {s->n, s->ic, s->ih, s->iw, s->oc, s->kh, s->stride, s->pad};
    const clile_i_ref_requantise q = {
        scale, bias, 0.75, v->dst_signed ? -128 : 0, v->dst_signed ? 127 : 255, v->relu};
    clile_i_ref_conv_int8(&oracle, &q, src, weights, v->sum ? held : NULL, expected);

    clile_i_qconv *conv = NULL;
    const clile_i_qconv_options options = {
        (uint8_t)v->relu, (uint8_t)v->sum, (uint8_t)v->dst_signed, (uint8_t)v->sum_signed, 0.75F,
        scale32,          bias32};
    if (clile_i_qconv_create(s, &options, &conv) != CLILE_OK) fail_msg("%s", clile_last_error());
    uint8_t *src8 = clile_i_calloc(in, 1), *dst8 = clile_i_calloc(out, 1);
    void *packed = clile_i_calloc((int64_t)clile_i_qconv_weights_bytes(conv), 1);
    void *scratch = clile_i_calloc((int64_t)clile_i_qconv_scratch_bytes(conv), 1);
    to_bytes(s->n, s->ic, s->ih * s->iw, src, src8);
    to_bytes(s->n, s->oc, oh * ow, held, dst8);
    assert_int_equal(clile_i_qconv_forward(conv), CLILE_E_INTERNAL); /* nothing is bound */
    assert_int_equal(clile_i_qconv_pack_weights(conv, plain, packed), CLILE_OK);
    assert_int_equal(clile_i_qconv_bind(conv, src8, packed, dst8, scratch), CLILE_OK);
    assert_int_equal(clile_i_qconv_forward(conv), CLILE_OK);
    int64_t middle = 0, clamped = 0;
    for (int64_t i = 0; i < out; ++i) {
        const int32_t found = byte_at(s->oc, oh * ow, i, dst8, v->dst_signed);
        clamped += expected[i] == (int32_t)q.low || expected[i] == (int32_t)q.high;
        if (found == expected[i]) continue;
        /* float against double: only a value midway between two integers may differ, by one */
        if (abs(found - expected[i]) > 1)
            fail_msg("ic %lld oc %lld: element %lld is %d, expected %d", (long long)s->ic,
                     (long long)s->oc, (long long)i, found, expected[i]);
        ++middle;
    }
    assert_true(middle * 500 <= out);
    assert_true(clamped < out / 2 || v->relu); /* the scales keep most of the range in use */
    char text[128];
    clile_i_qconv_describe(conv, text, sizeof text);
    if (getenv("CLILE_VERBOSE_TESTS"))
        print_message("%lld x %lld k%lld: %s\n", (long long)s->ic, (long long)s->oc,
                      (long long)s->kh, text);
    assert_true(strlen(text) > 0);
    clile_i_qconv_destroy(conv);
    void *const owned[] = {src8, dst8, packed, scratch};
    for (size_t i = 0; i < 4; ++i) clile_i_free(owned[i]);
    void *const plainly[] = {src, weights, held, expected, scale, bias, scale32, bias32, plain};
    for (size_t i = 0; i < sizeof plainly / sizeof *plainly; ++i) free(plainly[i]);
}

static void test_against_the_oracle(void **state)
{
    (void)state;
    static const variant variants[] = {
        {{2, 3, 38, 38, 16, 7, 7, 2, 0}, 1, 0, 0, 0},  /* the image, its border already around it */
        {{1, 16, 14, 14, 16, 3, 3, 1, 1}, 1, 0, 0, 0}, /* basic block, first */
        {{2, 16, 14, 14, 16, 3, 3, 1, 1}, 1, 1, 0, 0}, /* and second, onto u8 */
        {{1, 16, 14, 14, 32, 3, 3, 2, 1}, 1, 0, 0, 0},
        {{1, 32, 7, 7, 32, 3, 3, 1, 1}, 1, 1, 0, 1},   /* onto the shortcut, s8 */
        {{2, 16, 14, 14, 32, 1, 1, 2, 0}, 0, 0, 1, 0}, /* the shortcut */
        {{1, 64, 8, 8, 256, 1, 1, 1, 0}, 1, 1, 0, 0},  /* bottleneck */
        {{1, 8, 9, 9, 8, 3, 3, 1, 1}, 1, 1, 0, 0},     /* the narrowest */
        {{1, 19, 9, 7, 38, 3, 3, 2, 1}, 1, 0, 0, 0},   /* odd widths */
        {{1, 19, 9, 7, 38, 1, 1, 2, 0}, 0, 0, 1, 0},
        {{1, 38, 5, 4, 38, 3, 3, 1, 1}, 1, 1, 0, 1},
        {{3, 128, 4, 4, 128, 3, 3, 1, 1}, 1, 1, 0, 0},
    };
    const int32_t before = clile_i_threads_set(1);
    for (int32_t threads = 1; threads <= 5; ++threads) { /* images and rows shared out */
        clile_i_threads_set(threads);
        for (size_t i = 0; i < sizeof variants / sizeof *variants; ++i) run(&variants[i]);
    }
    clile_i_threads_set(before);
}

/* 8-bit pooling against the oracle. */
static void test_pooling(void **state)
{
    (void)state;
    static const int64_t sizes[][4] = {{1, 64, 56, 56}, {2, 16, 7, 9}, {3, 19, 5, 4}, {1, 8, 1, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
        const int64_t n = sizes[i][0], c = sizes[i][1], h = sizes[i][2], w = sizes[i][3],
                      count = n * c * h * w;
        const clile_i_dnn_layout layout = clile_i_dnn_layout_make(CLILE_I_LAYOUT_NHWC, n, c, h, w);
        const clile_i_max_pool pool = clile_i_max_pool_make(&layout, 3, 2, 1);
        const clile_i_ref_pool oracle = {n, c, h, w, 3, 2, 1};
        clile_i_rng rng = clile_i_rng_make(8, i);
        int32_t *src = integers(&rng, count, 0, 255);
        double *plain = test_array(count), *expected = test_array(pool.dst.count),
               *mean = test_array(n * c);
        uint8_t *bytes = calloc((size_t)count, 1), *dst = calloc((size_t)pool.dst.count, 1);
        float *found = test_unwritten(n * c);
        for (int64_t k = 0; k < count; ++k) plain[k] = src[k];
        to_bytes(n, c, h * w, src, bytes);
        memset(dst, 77, (size_t)pool.dst.count);
        clile_i_ref_max_pool_forward(&oracle, plain, expected, NULL);
        clile_i_max_pool_u8(&pool, bytes, dst);
        for (int64_t k = 0; k < pool.dst.count; ++k)
            assert_int_equal(byte_at(c, pool.dst.h * pool.dst.w, k, dst, 0), (int32_t)expected[k]);
        clile_i_ref_global_pool_forward(n, c, h, w, plain, mean);
        for (int64_t k = 0; k < n * c; ++k) mean[k] *= 0.125;
        clile_i_average_pool_u8(&layout, bytes, 0.125F, found);
        test_close("mean", found, mean, n * c, 1e-6);
        free(src), free(plain), free(expected), free(mean), free(bytes), free(dst), free(found);
    }
}

static void test_layouts_compare(void **state)
{
    (void)state;
    const clile_i_conv_shape shapes[3] = {{1, 16, 14, 14, 16, 3, 3, 1, 1},
                                          {1, 16, 14, 14, 16, 3, 3, 1, 1},
                                          {1, 16, 14, 14, 32, 3, 3, 1, 1}};
    float scale[32], bias[32] = {0};
    clile_i_weights_layout *layouts[3] = {NULL};
    for (int i = 0; i < 32; ++i) scale[i] = 0.01F;
    for (int i = 0; i < 3; ++i) {
        clile_i_qconv *conv = NULL;
        const clile_i_qconv_options options = {.relu = 1, .scale = scale, .bias = bias};
        assert_int_equal(clile_i_qconv_create(&shapes[i], &options, &conv), CLILE_OK);
        assert_int_equal(clile_i_qconv_weights_layout(conv, &layouts[i]), CLILE_OK);
        clile_i_qconv_destroy(conv);
    }
    assert_true(clile_i_weights_layout_equal(layouts[0], layouts[1]));
    assert_false(clile_i_weights_layout_equal(layouts[0], layouts[2]));
    for (int i = 0; i < 3; ++i) clile_i_weights_layout_free(layouts[i]);
}

static void test_bad_shape(void **state)
{
    (void)state;
    const clile_i_conv_shape shape = {1, 8, 2, 2, 8, 7, 7, 1, 0};
    const float one[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    const clile_i_qconv_options options = {.scale = one, .bias = one};
    clile_i_qconv *conv = NULL;
    assert_int_equal(clile_i_qconv_create(&shape, &options, &conv), CLILE_E_INVALID_ARGUMENT);
    assert_non_null(strstr(clile_last_error(), "window 7 x 7"));
    clile_i_qconv_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_the_oracle),
        cmocka_unit_test(test_pooling),
        cmocka_unit_test(test_layouts_compare),
        cmocka_unit_test(test_bad_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
