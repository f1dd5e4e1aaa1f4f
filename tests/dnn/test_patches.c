/* Windows copied side by side (im2col) against their formula, in every layout, and the weights to
 * match. */
#include "dnn/dnn.h"
#include "dnn/dnn_test.h"

#include <string.h>

static float at(const float *plain, const clile_i_conv_shape *s, int64_t n, int64_t i, int64_t y,
                int64_t x)
{
    return y < 0 || y >= s->ih || x < 0 || x >= s->iw
               ? 0.0F
               : plain[((n * s->ic + i) * s->ih + y) * s->iw + x];
}

static void check(const clile_i_conv_shape *s, clile_i_dnn_layout_kind kind, const float *plain)
{
    const clile_i_patches p = clile_i_patches_make(s, kind);
    const int64_t count = p.dst.n * p.dst.c * p.dst.h * p.dst.w;
    float *src = calloc((size_t)p.src.count, sizeof *src),
          *dst = calloc((size_t)p.dst.count, sizeof *dst);
    float *found = calloc((size_t)count, sizeof *found);
    assert_true(src != NULL && dst != NULL && found != NULL);
    assert_int_equal(p.dst.c, s->kh * s->kw * s->ic);
    for (int64_t i = 0; i < p.dst.count; ++i) dst[i] = NAN;
    clile_i_dnn_layout_from_plain(&p.src, plain, src);
    clile_i_patches_gather(&p, src, dst);
    clile_i_dnn_layout_to_plain(&p.dst, dst, found);
    for (int64_t k = 0; k < count; ++k) {
        const int64_t x = k % p.dst.w, y = k / p.dst.w % p.dst.h,
                      c = k / p.dst.w / p.dst.h % p.dst.c;
        const int64_t n = k / p.dst.w / p.dst.h / p.dst.c, i = c % s->ic, u = c / s->ic / s->kw,
                      v = c / s->ic % s->kw;
        const float expected =
            at(plain, s, n, i, y * s->stride + u - s->pad, x * s->stride + v - s->pad);
        if (!(found[k] == expected))
            fail_msg("layout %d, window %d: element %d: expected %g, found %g", (int)kind,
                     (int)s->kh, (int)k, (double)expected, (double)found[k]);
    }
    free(src), free(dst), free(found);
}

static void test_gather(void **state)
{
    (void)state;
    static const clile_i_conv_shape shapes[] = {{2, 16, 4, 5, 8, 3, 3, 1, 1},
                                                {1, 32, 7, 7, 8, 3, 3, 2, 1},
                                                {3, 16, 5, 6, 8, 1, 1, 2, 0},
                                                {1, 48, 3, 4, 8, 3, 2, 1, 0}};
    clile_i_rng rng = clile_i_rng_make(3, 1);
    const int32_t before = clile_i_threads_set(1);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i) {
        const clile_i_conv_shape *s = &shapes[i];
        const int64_t count = s->n * s->ic * s->ih * s->iw;
        double *values = test_normal(&rng, count);
        float *plain = test_float(values, count);
        for (int32_t threads = 1; threads <= 2; ++threads) {
            clile_i_threads_set(threads);
            check(s, CLILE_I_LAYOUT_NHWC, plain);
            check(s, CLILE_I_LAYOUT_C8, plain);
            check(s, CLILE_I_LAYOUT_C16, plain);
        }
        free(values), free(plain);
    }
    clile_i_threads_set(before);
}

static void test_weights(void **state)
{
    (void)state;
    const clile_i_conv_shape s = {1, 16, 4, 4, 3, 3, 2, 1, 1};
    const clile_i_patches p = clile_i_patches_make(&s, CLILE_I_LAYOUT_C16);
    enum { COUNT = 3 * 16 * 3 * 2 };
    float plain[COUNT], found[COUNT];
    for (int k = 0; k < COUNT; ++k) plain[k] = (float)k;
    clile_i_patches_weights(&p, plain, found);
    for (int64_t o = 0; o < s.oc; ++o)
        for (int64_t c = 0; c < p.dst.c; ++c) {
            const int64_t i = c % s.ic, u = c / s.ic / s.kw, v = c / s.ic % s.kw;
            assert_true(found[o * p.dst.c + c] == plain[((o * s.ic + i) * s.kh + u) * s.kw + v]);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gather),
        cmocka_unit_test(test_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
