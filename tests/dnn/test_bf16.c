/* Convolution in bf16 against the oracle in double. The inputs are bf16 numbers (in training: near
 * them), whose products float32 holds exactly: what is left is the order of a float32 sum, and the
 * rounding of a bf16 result. Where the processor has no bf16, the check says so, and that is what
 * is tested. */
#include "dnn/dnn_test.h"

#include "dnn/dnn.h"

#include <string.h>

static const double in_float = 2e-6, in_bf16 = 1.0 / 256;

/* Normal values rounded to bf16. */
static double *bf16_normal(clile_i_rng *rng, int64_t count)
{
    double *values = test_array(count);
    for (int64_t i = 0; i < count; ++i) {
        const float value = (float)clile_i_rng_normal(rng);
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        bits &= 0xffff0000;
        float rounded;
        memcpy(&rounded, &bits, sizeof rounded);
        values[i] = (double)rounded;
    }
    return values;
}

/* |a - b| <= tolerance * (largest |b|) */
static void assert_near(const char *what, const float *a, const double *b, int64_t count,
                        double tolerance)
{
    double largest = 0.0;
    for (int64_t i = 0; i < count; ++i) largest = fmax(largest, fabs(b[i]));
    for (int64_t i = 0; i < count; ++i)
        if (!(fabs((double)a[i] - b[i]) <= tolerance * largest))
            fail_msg("%s: element %lld is %.9g, expected %.9g", what, (long long)i, (double)a[i],
                     b[i]);
}

typedef struct {
    clile_i_conv_shape s;
    clile_i_ref_conv ref;
    clile_i_dnn_layout src, dst;
    int64_t src_count, weights_count, dst_count;
    double *x, *w, *g, *expected;
    float *plain;
    clile_i_conv *conv;
    clile_i_conv_buffers b;
} conv_case;

static float *placed(const clile_i_dnn_layout *layout, const double *plain)
{
    float *from = test_float(plain, layout->n * layout->c * layout->h * layout->w);
    float *to = clile_i_calloc(layout->count, sizeof *to);
    assert_non_null(to);
    clile_i_dnn_layout_from_plain(layout, from, to);
    free(from);
    return to;
}

static void *room(int64_t bytes)
{
    void *memory = clile_i_calloc(bytes, 1);
    assert_non_null(memory);
    return memory;
}

static void make(conv_case *c, const clile_i_conv_shape *s, clile_i_dnn_layout_kind kind,
                 clile_i_conv_options options, clile_i_rng *rng)
{
    const int64_t oh = clile_i_conv_oh(s), ow = clile_i_conv_ow(s);
    options.src = s->ic <= 4 ? CLILE_I_LAYOUT_NCHW : kind;
    options.dst = kind;
    options.bf16 = 1;
    *c = (conv_case){.s = *s,
                     .ref = {s->n, s->ic, s->ih, s->iw, s->oc, s->kh, s->stride, s->pad},
                     .src = clile_i_dnn_layout_make(options.src, s->n, s->ic, s->ih, s->iw),
                     .dst = clile_i_dnn_layout_make(options.dst, s->n, s->oc, oh, ow),
                     .src_count = s->n * s->ic * s->ih * s->iw,
                     .weights_count = s->oc * s->ic * s->kh * s->kw,
                     .dst_count = s->n * s->oc * oh * ow};
    c->x = bf16_normal(rng, c->src_count);
    c->w = bf16_normal(rng, c->weights_count);
    c->g = bf16_normal(rng, c->dst_count);
    const int64_t most = c->src_count + c->weights_count + c->dst_count;
    c->expected = test_array(most);
    c->plain = test_unwritten(most);
    if (clile_i_conv_create(s, &options, &c->conv) != CLILE_OK) fail_msg("%s", clile_last_error());
    c->b.src = placed(&c->src, c->x);
    c->b.diff_dst = placed(&c->dst, c->g);
    c->b.diff_src = room(c->src.count * 4);
    c->b.dst = room(c->dst.count * 4);
    c->b.weights = room(clile_i_conv_weights_count(c->conv) * 4);
    c->b.diff_weights = room(clile_i_conv_weights_count(c->conv) * 4);
    c->b.scratch = room((int64_t)clile_i_conv_scratch_bytes(c->conv));
    float *weights = test_float(c->w, c->weights_count);
    assert_int_equal(clile_i_conv_weights_from_plain(c->conv, weights, c->b.weights), CLILE_OK);
    free(weights);
}

static void drop(conv_case *c)
{
    clile_i_conv_destroy(c->conv);
    void *const own[] = {c->b.src,     c->b.diff_dst, c->b.diff_src,     c->b.dst,
                         c->b.weights, c->b.bias,     c->b.diff_weights, c->b.scratch};
    for (size_t i = 0; i < sizeof own / sizeof *own; ++i) clile_i_free(own[i]);
    void *const theirs[] = {c->x, c->w, c->g, c->expected, c->plain};
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; ++i) free(theirs[i]);
}

/* Images, stride, padding, uneven channels, one image, the first convolution. */
static const clile_i_conv_shape shapes[] = {
    {3, 16, 9, 7, 32, 3, 3, 1, 1}, {4, 3, 21, 21, 16, 7, 7, 2, 3}, {2, 64, 8, 8, 32, 1, 1, 2, 0},
    {1, 32, 6, 6, 48, 3, 3, 2, 1}, {2, 13, 7, 7, 26, 3, 3, 1, 1},  {4, 48, 8, 9, 32, 1, 1, 1, 0},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };
static const clile_i_dnn_layout_kind kinds[] = {CLILE_I_LAYOUT_C16, CLILE_I_LAYOUT_NHWC};

static int has_bf16(void)
{
    const clile_status status = clile_i_bf16_check();
    if (status == CLILE_OK) return 1;
    assert_int_equal(status, CLILE_E_UNSUPPORTED);
    assert_non_null(strstr(clile_last_error(), "AVX512_BF16"));
    return 0;
}

/* Off bf16 numbers by less than half their last bit, up and down: what rounds to the nearest finds
 * them again, float32 or a cut would not. */
static void nudge(float *values, int64_t count)
{
    for (int64_t i = 0; i < count; ++i) values[i] *= i % 2 == 0 ? 1.0F + 5e-4F : 1.0F - 5e-4F;
}

/* A pass in float32 (some are, with AMX) finds the numbers as they are. */
static void unround(double *values, const clile_i_dnn_layout *layout, const float *blocked)
{
    const int64_t count = layout->n * layout->c * layout->h * layout->w;
    float *plain = test_unwritten(count);
    clile_i_dnn_layout_to_plain(layout, blocked, plain);
    for (int64_t i = 0; i < count; ++i) values[i] = (double)plain[i];
    free(plain);
}

static void training(const clile_i_conv_shape *s, clile_i_dnn_layout_kind kind, clile_i_rng *rng)
{
    conv_case c;
    make(&c, s, kind, (clile_i_conv_options){.backward_weights = 1, .backward_data = 1}, rng);
    float *weights = test_float(c.w, c.weights_count);
    nudge(c.b.src, c.src.count);
    nudge(c.b.diff_dst, c.dst.count);
    nudge(weights, c.weights_count);
    if (kind == kinds[0])
        for (int pass = 0; pass < 3; ++pass)
            assert_true(clile_i_conv_rounds(c.conv, (clile_i_pass)pass));
    double *exact_w = test_array(c.weights_count), *exact_x = test_array(c.src_count),
           *exact_g = test_array(c.dst_count);
    for (int64_t i = 0; i < c.weights_count; ++i) exact_w[i] = (double)weights[i];
    unround(exact_x, &c.src, c.b.src);
    unround(exact_g, &c.dst, c.b.diff_dst);
    assert_int_equal(clile_i_conv_weights_from_plain(c.conv, weights, c.b.weights), CLILE_OK);
    assert_int_equal(clile_i_conv_bind(c.conv, &c.b), CLILE_OK);
    assert_int_equal(clile_i_conv_forward(c.conv), CLILE_OK);
    clile_i_dnn_layout_to_plain(&c.dst, c.b.dst, c.plain);
    int rounds = clile_i_conv_rounds(c.conv, CLILE_I_PASS_FORWARD);
    clile_i_ref_conv_forward(&c.ref, rounds ? c.x : exact_x, rounds ? c.w : exact_w, NULL,
                             c.expected);
    assert_near("forward", c.plain, c.expected, c.dst_count, in_float);

    assert_int_equal(clile_i_conv_backward_data(c.conv), CLILE_OK);
    clile_i_dnn_layout_to_plain(&c.src, c.b.diff_src, c.plain);
    rounds = clile_i_conv_rounds(c.conv, CLILE_I_PASS_BACKWARD_DATA);
    clile_i_ref_conv_backward_data(&c.ref, rounds ? c.w : exact_w, rounds ? c.g : exact_g,
                                   c.expected);
    assert_near("backward data", c.plain, c.expected, c.src_count, in_float);

    assert_int_equal(clile_i_conv_backward_weights(c.conv), CLILE_OK);
    assert_int_equal(clile_i_conv_weights_to_plain(c.conv, c.b.diff_weights, c.plain), CLILE_OK);
    rounds = clile_i_conv_rounds(c.conv, CLILE_I_PASS_BACKWARD_WEIGHTS);
    clile_i_ref_conv_backward_weights(&c.ref, rounds ? c.x : exact_x, rounds ? c.g : exact_g,
                                      c.expected, NULL);
    assert_near("backward weights", c.plain, c.expected, c.weights_count, in_float);

    /* master weights keep what bf16 would drop */
    assert_int_equal(clile_i_conv_weights_to_plain(c.conv, c.b.weights, c.plain), CLILE_OK);
    assert_memory_equal(c.plain, weights, (size_t)c.weights_count * sizeof *weights);
    free(weights);
    free(exact_w);
    free(exact_x);
    free(exact_g);
    drop(&c);
}

static void training_is_exact_but_for_the_sum(void **state)
{
    (void)state;
    if (!has_bf16()) return;
    clile_i_rng rng = clile_i_rng_make(1, 0);
    for (int32_t team = 1; team <= 2; ++team) {
        clile_i_threads_set(team);
        for (int i = 0; i < SHAPES; ++i)
            for (int k = 0; k < 2; ++k) training(&shapes[i], kinds[k], &rng);
    }
    clile_i_threads_set(1);
}

/* dst = relu(conv + bias + dst), in bf16; src in float32 for the first one. */
static void inference(const clile_i_conv_shape *s, clile_i_dnn_layout_kind kind, clile_i_rng *rng)
{
    conv_case c;
    const uint8_t narrow = s->ic > 4;
    make(&c, s, kind,
         (clile_i_conv_options){.bias = 1, .sum = 1, .relu = 1, .src_bf16 = narrow, .dst_bf16 = 1},
         rng);
    uint16_t *src = room(c.src.count * 2), *dst = room(c.dst.count * 2);
    double *bias = bf16_normal(rng, s->oc);
    c.b.bias = room(s->oc * 4);
    for (int64_t o = 0; o < s->oc; ++o) c.b.bias[o] = (float)bias[o];
    for (int64_t i = 0; i < c.src.count; ++i) src[i] = ((uint16_t *)(void *)c.b.src)[2 * i + 1];
    for (int64_t i = 0; i < c.dst.count; ++i)
        dst[i] = ((uint16_t *)(void *)c.b.diff_dst)[2 * i + 1];
    clile_i_conv_buffers b = c.b;
    if (narrow) b.src = (float *)(void *)src;
    b.dst = (float *)(void *)dst;
    assert_int_equal(clile_i_conv_bind(c.conv, &b), CLILE_OK);
    assert_int_equal(clile_i_conv_forward(c.conv), CLILE_OK);
    clile_i_bf16_widen(c.dst.count, dst, c.b.dst);
    clile_i_dnn_layout_to_plain(&c.dst, c.b.dst, c.plain);
    clile_i_ref_conv_forward(&c.ref, c.x, c.w, bias, c.expected);
    for (int64_t i = 0; i < c.dst_count; ++i) c.expected[i] = fmax(c.expected[i] + c.g[i], 0.0);
    assert_near("inference", c.plain, c.expected, c.dst_count, in_bf16);
    clile_i_free(src);
    clile_i_free(dst);
    free(bias);
    drop(&c);
}

static void inference_rounds_once(void **state)
{
    (void)state;
    if (!has_bf16()) return;
    clile_i_rng rng = clile_i_rng_make(2, 0);
    for (int32_t team = 1; team <= 2; ++team) {
        clile_i_threads_set(team);
        for (int i = 0; i < SHAPES; ++i)
            for (int k = 0; k < 2; ++k)
                if (shapes[i].oc % 16 == 0 || kinds[k] == CLILE_I_LAYOUT_NHWC)
                    inference(&shapes[i], kinds[k], &rng);
    }
    clile_i_threads_set(1);
}

/* The same winners as in float32. */
static void max_pooling_is_exact(void **state)
{
    (void)state;
    clile_i_rng rng = clile_i_rng_make(3, 0);
    for (int k = 0; k < 2; ++k) {
        const clile_i_dnn_layout src = clile_i_dnn_layout_make(kinds[k], 2, 32, 9, 11);
        const clile_i_max_pool pool = clile_i_max_pool_make(&src, 3, 2, 1);
        float *x = room(src.count * 4), *y = room(pool.dst.count * 4),
              *wide = room(pool.dst.count * 4);
        uint16_t *narrow = room(src.count * 2), *out = room(pool.dst.count * 2);
        for (int64_t i = 0; i < src.count; ++i) {
            const float value = (float)clile_i_rng_normal(&rng);
            uint32_t bits;
            memcpy(&bits, &value, sizeof bits);
            narrow[i] = (uint16_t)(value > 0 ? bits >> 16 : i % 2 ? 0 : 0x8000); /* 0 and -0 */
        }
        clile_i_bf16_widen(src.count, narrow, x);
        clile_i_max_pool_forward(&pool, x, y, NULL);
        clile_i_max_pool_bf16(&pool, narrow, out);
        clile_i_bf16_widen(pool.dst.count, out, wide);
        for (int64_t i = 0; i < pool.dst.count; ++i) assert_true(wide[i] == y[i]);
        clile_i_free(x);
        clile_i_free(y);
        clile_i_free(wide);
        clile_i_free(narrow);
        clile_i_free(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_is_exact_but_for_the_sum),
        cmocka_unit_test(inference_rounds_once),
        cmocka_unit_test(max_pooling_is_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
