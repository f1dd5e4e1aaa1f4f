/* Convolution on oneDNN against the plain C oracle: every kernel of the networks, with channels
 * that do and do not fill a vector, odd sizes, and all batch sizes in turn; the inference form
 * (bias, sum, ReLU); repeated runs give the same bits. */
#include "dnn/dnn.h"
#include "dnn/dnn_test.h"

#include <string.h>

/* float32 sums of up to a few thousand terms against double, relative to the greatest element */
static const double tolerance = 1e-5;

typedef struct {
    clile_i_ref_conv ref;
    clile_i_conv_shape shape;
    int64_t src_count, weights_count, dst_count;
    double *src, *weights, *bias, *diff_dst;
    float *src_f, *weights_f, *bias_f, *diff_dst_f;
    char name[128];
} conv_case;

static void make_case(conv_case *t, clile_i_rng *rng, int64_t n, int64_t ic, int64_t oc, int64_t h,
                      int64_t w, int64_t kernel, int64_t stride, int64_t pad)
{
    t->ref = (clile_i_ref_conv){n, ic, h, w, oc, kernel, stride, pad};
    t->shape = (clile_i_conv_shape){n, ic, h, w, oc, kernel, kernel, stride, pad};
    t->src_count = n * ic * h * w;
    t->weights_count = oc * ic * kernel * kernel;
    t->dst_count = n * oc * clile_i_ref_output_size(h, kernel, stride, pad) *
                   clile_i_ref_output_size(w, kernel, stride, pad);
    t->src = test_normal(rng, t->src_count);
    t->weights = test_normal(rng, t->weights_count);
    t->bias = test_normal(rng, oc);
    t->diff_dst = test_normal(rng, t->dst_count);
    t->src_f = test_float(t->src, t->src_count);
    t->weights_f = test_float(t->weights, t->weights_count);
    t->bias_f = test_float(t->bias, oc);
    t->diff_dst_f = test_float(t->diff_dst, t->dst_count);
    snprintf(t->name, sizeof t->name, "n%lld ic%lld oc%lld %lldx%lld k%lld s%lld p%lld",
             (long long)n, (long long)ic, (long long)oc, (long long)h, (long long)w,
             (long long)kernel, (long long)stride, (long long)pad);
}

static void free_case(conv_case *t)
{
    free(t->src), free(t->weights), free(t->bias), free(t->diff_dst);
    free(t->src_f), free(t->weights_f), free(t->bias_f), free(t->diff_dst_f);
}

static void check(const char *name, const char *what, const float *found, const double *expected,
                  int64_t count)
{
    char text[192];
    snprintf(text, sizeof text, "%s, %s", name, what);
    test_close(text, found, expected, count, tolerance);
}

static void check_forward(const conv_case *t)
{
    double *expected = test_array(t->dst_count);
    for (int with_bias = 0; with_bias < 2; ++with_bias) {
        float *dst = test_unwritten(t->dst_count);
        clile_i_ref_conv_forward(&t->ref, t->src, t->weights, with_bias ? t->bias : NULL, expected);
        assert_int_equal(clile_i_dnn_conv_forward_plain(&t->shape, t->src_f, t->weights_f,
                                                        with_bias ? t->bias_f : NULL, dst),
                         CLILE_OK);
        check(t->name, with_bias ? "forward with bias" : "forward", dst, expected, t->dst_count);
        free(dst);
    }
    free(expected);
}

static void check_backward(const conv_case *t)
{
    double *expected_src = test_array(t->src_count),
           *expected_weights = test_array(t->weights_count);
    float *diff_src = test_unwritten(t->src_count),
          *diff_weights = test_unwritten(t->weights_count);
    float *only_src = test_unwritten(t->src_count),
          *only_weights = test_unwritten(t->weights_count);
    clile_i_ref_conv_backward_data(&t->ref, t->weights, t->diff_dst, expected_src);
    clile_i_ref_conv_backward_weights(&t->ref, t->src, t->diff_dst, expected_weights, NULL);
    assert_int_equal(clile_i_dnn_conv_backward_plain(&t->shape, t->src_f, t->weights_f,
                                                     t->diff_dst_f, diff_src, diff_weights),
                     CLILE_OK);
    check(t->name, "diff_src", diff_src, expected_src, t->src_count);
    check(t->name, "diff_weights", diff_weights, expected_weights, t->weights_count);
    assert_int_equal(clile_i_dnn_conv_backward_plain(&t->shape, t->src_f, t->weights_f,
                                                     t->diff_dst_f, only_src, NULL),
                     CLILE_OK);
    assert_int_equal(clile_i_dnn_conv_backward_plain(&t->shape, t->src_f, t->weights_f,
                                                     t->diff_dst_f, NULL, only_weights),
                     CLILE_OK);
    /* run alone, and again: the same bits */
    assert_memory_equal(only_src, diff_src, (size_t)t->src_count * sizeof *diff_src);
    assert_memory_equal(only_weights, diff_weights,
                        (size_t)t->weights_count * sizeof *diff_weights);
    free(expected_src), free(expected_weights);
    free(diff_src), free(diff_weights), free(only_src), free(only_weights);
}

/* dst = relu?(conv + bias + what dst held): a folded block of the predictor. */
static void check_sum(const conv_case *t)
{
    clile_i_rng rng = clile_i_rng_make(7, (uint64_t)t->dst_count);
    double *held = test_normal(&rng, t->dst_count), *expected = test_array(t->dst_count);
    clile_i_ref_conv_forward(&t->ref, t->src, t->weights, t->bias, expected);
    for (int64_t i = 0; i < t->dst_count; ++i) expected[i] += held[i];
    for (int relu = 0; relu < 2; ++relu) {
        float *dst = test_float(held, t->dst_count);
        if (relu) clile_i_ref_relu_forward(t->dst_count, expected, expected);
        assert_int_equal(
            clile_i_dnn_conv_sum_plain(&t->shape, relu, t->src_f, t->weights_f, t->bias_f, dst),
            CLILE_OK);
        check(t->name, relu ? "conv + bias + sum, relu" : "conv + bias + sum", dst, expected,
              t->dst_count);
        free(dst);
    }
    free(held), free(expected);
}

/* input and output channels of a case */
static const int64_t channels[][2] = {{1, 1},   {3, 8},   {3, 16},  {3, 64},  {5, 13},  {8, 8},
                                      {8, 17},  {13, 5},  {16, 3},  {16, 16}, {17, 16}, {16, 64},
                                      {64, 17}, {64, 64}, {17, 17}, {13, 64}};
/* kernel, stride, pad: those of a ResNet, and 3 x 3 without padding */
static const int64_t kernels[][3] = {{1, 1, 0}, {1, 2, 0}, {3, 1, 1},
                                     {3, 2, 1}, {7, 2, 3}, {3, 1, 0}};
static const int64_t sizes[][2] = {{7, 9}, {8, 8}, {13, 5}, {16, 16}, {5, 5}};
static const int64_t batches[] = {1, 2, 3, 16};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* All channels with all kernels; sizes, batches and threads rotate, so that each meets each of
 * the others somewhere. */
static void test_shapes(void **state)
{
    (void)state;
    clile_i_rng rng = clile_i_rng_make(2, 1);
    size_t turn = 0;
    const int32_t before = clile_i_threads_set(1);
    for (size_t k = 0; k < COUNT(kernels); ++k)
        for (size_t c = 0; c < COUNT(channels); c++, ++turn) {
            conv_case t;
            clile_i_threads_set(turn % 7 == 0 ? 2 : 1);
            const int64_t *size = sizes[turn % COUNT(sizes)];
            int64_t n = batches[turn % COUNT(batches)];
            /* the oracle is slow: about 2 million multiplications a case */
            const int64_t work = channels[c][0] * channels[c][1] * kernels[k][0] * kernels[k][0] *
                                 size[0] * size[1] / (kernels[k][1] * kernels[k][1]);
            while (n > 1 && n * work > 2000000) n = n == 16 ? 3 : n - 1;
            make_case(&t, &rng, n, channels[c][0], channels[c][1], size[0], size[1], kernels[k][0],
                      kernels[k][1], kernels[k][2]);
            check_forward(&t);
            check_backward(&t);
            if (turn % 3 == 0) check_sum(&t);
            free_case(&t);
        }
    clile_i_threads_set(before);
}

/* One pixel in, one pixel out, and windows that mostly see padding. */
static void test_tiny(void **state)
{
    (void)state;
    static const int64_t cases[][6] = {{1, 1, 3, 1, 1, 2}, {1, 1, 3, 2, 1, 3}, {2, 2, 7, 2, 3, 1},
                                       {1, 3, 3, 2, 1, 2}, {1, 1, 1, 2, 0, 3}, {2, 1, 3, 1, 1, 16}};
    clile_i_rng rng = clile_i_rng_make(2, 2);
    for (size_t i = 0; i < COUNT(cases); ++i)
        for (int64_t c = 3; c <= 16; c += 13) {
            conv_case t;
            make_case(&t, &rng, cases[i][5], c, 17, cases[i][0], cases[i][1], cases[i][2],
                      cases[i][3], cases[i][4]);
            check_forward(&t);
            check_backward(&t);
            check_sum(&t);
            free_case(&t);
        }
}

/* A team of one and of two threads are both right, and each gives the same bits again. */
static void test_threads(void **state)
{
    (void)state;
    clile_i_rng rng = clile_i_rng_make(2, 3);
    conv_case t;
    make_case(&t, &rng, 3, 16, 17, 9, 9, 3, 1, 1);
    const int32_t before = clile_i_threads_set(1);
    for (int32_t threads = 1; threads <= 2; ++threads) {
        clile_i_threads_set(threads);
        float *first = test_unwritten(t.weights_count), *second = test_unwritten(t.weights_count);
        check_forward(&t);
        check_backward(&t);
        assert_int_equal(clile_i_dnn_conv_backward_plain(&t.shape, t.src_f, t.weights_f,
                                                         t.diff_dst_f, NULL, first),
                         CLILE_OK);
        assert_int_equal(clile_i_dnn_conv_backward_plain(&t.shape, t.src_f, t.weights_f,
                                                         t.diff_dst_f, NULL, second),
                         CLILE_OK);
        assert_memory_equal(first, second, (size_t)t.weights_count * sizeof *first);
        free(first), free(second);
    }
    clile_i_threads_set(before);
    free_case(&t);
}

/* Teams that do and do not divide the images, and one image, whose output channels they share. */
static void test_parts(void **state)
{
    (void)state;
    static const int64_t channels_of[][2] = {{16, 64}, {32, 48}, {3, 32}};
    clile_i_rng rng = clile_i_rng_make(2, 6);
    const int32_t before = clile_i_threads_set(1);
    for (int32_t threads = 2; threads <= 5; ++threads)
        for (int64_t n = 1; n <= 8; ++n) {
            conv_case t;
            const int64_t *c = channels_of[n % 3];
            clile_i_threads_set(threads);
            make_case(&t, &rng, n, c[0], c[1], 6, 5, n % 2 ? 3 : 1, 1, n % 2);
            check_forward(&t);
            check_sum(&t);
            check_backward(&t);
            free_case(&t);
        }
    clile_i_threads_set(before);
}

static void description(const clile_i_conv_shape *shape, int32_t threads, uint8_t training,
                        char text[64])
{
    const clile_i_conv_options options = {.src = CLILE_I_LAYOUT_C16,
                                          .dst = CLILE_I_LAYOUT_C16,
                                          .backward_weights = training,
                                          .backward_data = training};
    clile_i_conv *conv = NULL;
    const int32_t before = clile_i_threads_set(threads);
    assert_int_equal(clile_i_conv_create(shape, &options, &conv), CLILE_OK);
    clile_i_conv_describe(conv, text, 64);
    clile_i_conv_destroy(conv);
    clile_i_threads_set(before);
}

static void test_who_shares_out(void **state)
{
    (void)state;
    static const struct {
        int64_t n, oc;
        int32_t threads;
        uint8_t training;
        const char *parts; /* NULL: not split by us */
    } cases[] = {{16, 64, 1, 1, NULL},
                 {16, 64, 2, 1, "2 parts, "},
                 {16, 64, 3, 1, "4 parts, "},
                 {7, 64, 2, 0, NULL},
                 {9, 64, 2, 0, "3 parts, "},
                 {1, 64, 2, 0, "2 parts, "},
                 {1, 64, 3, 0, "4 parts, "},
                 {1, 64, 2, 1, NULL},
                 {1, 32, 4, 0, "2 parts, "},
                 {1, 48, 7, 0, "3 parts, "},
                 {1, 16, 2, 0, "2 parts by rows, "},
                 {1, 8, 3, 0, "3 parts by rows, "},
                 {1, 16, 15, 0, NULL},
                 {1, 16, 2, 1, NULL}};
    for (size_t i = 0; i < COUNT(cases); ++i) {
        char text[64];
        const clile_i_conv_shape shape = {cases[i].n, 32, 14, 14, cases[i].oc, 3, 3, 1, 1};
        description(&shape, cases[i].threads, cases[i].training, text);
        if (cases[i].parts == NULL)
            assert_null(strstr(text, "parts"));
        else
            assert_non_null(strstr(text, cases[i].parts));
    }
}

static void run_in_blocks(const conv_case *t, int32_t threads, float *dst, char text[64])
{
    const clile_i_conv_shape *s = &t->shape;
    const clile_i_conv_options options = {.src =
                                              s->ic < 16 ? CLILE_I_LAYOUT_NCHW : CLILE_I_LAYOUT_C16,
                                          .dst = CLILE_I_LAYOUT_C16,
                                          .bias = 1,
                                          .sum = 1,
                                          .relu = 1};
    const clile_i_dnn_layout src = clile_i_dnn_layout_make(options.src, 1, s->ic, s->ih, s->iw);
    const int64_t bias_count = clile_i_dnn_layout_make(options.dst, 1, s->oc, 1, 1).count;
    const int32_t before = clile_i_threads_set(threads);
    clile_i_conv *conv = NULL;
    assert_int_equal(clile_i_conv_create(s, &options, &conv), CLILE_OK);
    clile_i_conv_describe(conv, text, 64);
    clile_i_conv_buffers b = {
        .src = clile_i_calloc(src.count, sizeof(float)),
        .weights = clile_i_calloc(clile_i_conv_weights_count(conv), sizeof(float)),
        .bias = clile_i_calloc(bias_count, sizeof(float)),
        .dst = dst,
        .scratch = clile_i_calloc((int64_t)clile_i_conv_scratch_bytes(conv) + 64, 1)};
    clile_i_dnn_layout_from_plain(&src, t->src_f, b.src);
    memcpy(b.bias, t->bias_f, (size_t)s->oc * sizeof(float));
    assert_int_equal(clile_i_conv_weights_from_plain(conv, t->weights_f, b.weights), CLILE_OK);
    assert_int_equal(clile_i_conv_bind(conv, &b), CLILE_OK);
    assert_int_equal(clile_i_conv_forward(conv), CLILE_OK);
    clile_i_conv_destroy(conv);
    clile_i_threads_set(before);
    clile_i_free(b.src), clile_i_free(b.weights), clile_i_free(b.bias), clile_i_free(b.scratch);
}

/* One image into the only block of channels, by rows: as on one thread. Strides, padding,
 * several blocks before, rows that no window reaches, as many parts as rows. */
static void test_rows(void **state)
{
    (void)state;
    static const int64_t cases[][8] = {/* ic, oc, height, width, kernel, stride, pad, threads */
                                       {3, 16, 32, 30, 7, 2, 3, 2},  {3, 8, 17, 9, 3, 2, 0, 3},
                                       {16, 16, 14, 14, 3, 1, 1, 2}, {16, 16, 5, 6, 3, 1, 1, 5},
                                       {48, 16, 9, 8, 3, 2, 1, 4},   {16, 12, 8, 8, 1, 2, 0, 3}};
    clile_i_rng rng = clile_i_rng_make(2, 7);
    for (size_t i = 0; i < COUNT(cases); ++i) {
        const int64_t *c = cases[i];
        conv_case t;
        char text[64];
        make_case(&t, &rng, 1, c[0], c[1], c[2], c[3], c[4], c[5], c[6]);
        const int64_t count =
            clile_i_dnn_layout_make(CLILE_I_LAYOUT_C16, 1, c[1], clile_i_conv_oh(&t.shape),
                                    clile_i_conv_ow(&t.shape))
                .count;
        float *one = clile_i_calloc(count, sizeof *one), *team = clile_i_calloc(count, sizeof *one);
        run_in_blocks(&t, 1, one, text);
        assert_null(strstr(text, "parts"));
        run_in_blocks(&t, (int32_t)c[7], team, text);
        assert_non_null(strstr(text, " parts by rows, "));
        double *expected = test_array(count);
        for (int64_t k = 0; k < count; ++k) expected[k] = (double)one[k];
        check(t.name, "by rows", team, expected, count);
        free(expected);
        clile_i_free(one), clile_i_free(team);
        free_case(&t);
    }
}

static clile_i_dnn_layout_kind inference_layout(const clile_i_conv_shape *shape)
{
    clile_i_dnn_layout_kind kind;
    assert_int_equal(clile_i_conv_preferred(shape, 0, &kind), CLILE_OK);
    assert_int_equal(clile_i_conv_inference_layout(shape->n, shape->oc, &kind), CLILE_OK);
    return kind;
}

/* Whether inference is right and takes the way `way`, in the layout that suits the shape. */
static int goes_by(const char *way, const conv_case *t)
{
    clile_i_conv_options options = {.bias = 1, .sum = 1, .relu = 1};
    clile_i_conv *conv = NULL;
    char text[64];
    options.src = options.dst = inference_layout(&t->shape);
    assert_int_equal(clile_i_conv_create(&t->shape, &options, &conv), CLILE_OK);
    clile_i_conv_describe(conv, text, sizeof text);
    clile_i_conv_destroy(conv);
    check_forward(t);
    check_sum(t);
    return strstr(text, way) != NULL;
}

/* A few output pixels and a MiB of weights: the windows are gathered and multiplied. n, ic, oc,
 * height, width, kernel, stride, pad */
static void test_patches(void **state)
{
    (void)state;
    static const int64_t cases[][8] = {{1, 192, 160, 4, 4, 3, 1, 1}, {1, 128, 240, 7, 7, 3, 2, 1},
                                       {1, 512, 512, 7, 8, 1, 2, 0}, {4, 176, 176, 2, 2, 3, 1, 1},
                                       {2, 192, 160, 3, 1, 3, 1, 1}, {1, 176, 176, 5, 6, 3, 1, 0}};
    clile_i_rng rng = clile_i_rng_make(2, 4);
    size_t gathered = 0;
    const int32_t before = clile_i_threads_set(1);
    for (int32_t threads = 1; threads <= 2; ++threads)
        for (size_t i = 0; i < COUNT(cases); ++i) {
            const int64_t *c = cases[i];
            conv_case t;
            clile_i_threads_set(threads);
            make_case(&t, &rng, c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]);
            const int gathers = goes_by("patches, ", &t);
            gathered += (size_t)gathers;
            if (!gathers && inference_layout(&t.shape) == CLILE_I_LAYOUT_C16)
                fail_msg("%s: expected patches", t.name);
            free_case(&t);
        }
    clile_i_threads_set(before);
    const clile_i_conv_shape few = {1, 64, 4, 4, 128, 3, 3, 1, 1}; /* weights fit in the cache */
    char text[64];
    description(&few, 1, 0, text);
    assert_null(strstr(text, "patches"));
    if (gathered == 0) {
        print_message("no blocks of 16 channels for this processor, hence no patches\n");
        skip();
    }
}

/* Many pixels and many channels: Winograd's transforms, where oneDNN has them. */
static void test_winograd(void **state)
{
    (void)state;
    /* n, ic, oc, height, width; channels that do not fill their blocks, too */
    static const int64_t cases[][5] = {
        {1, 64, 64, 14, 14}, {1, 64, 128, 13, 17}, {2, 128, 64, 10, 10}, {5, 64, 64, 7, 6},
        {1, 80, 64, 15, 15}, {1, 70, 64, 14, 14},  {1, 72, 100, 14, 15}};
    clile_i_rng rng = clile_i_rng_make(2, 5);
    size_t transformed = 0;
    const int32_t before = clile_i_threads_set(1);
    for (int32_t threads = 1; threads <= 2; ++threads)
        for (size_t i = 0; i < COUNT(cases); ++i) {
            const int64_t *c = cases[i];
            conv_case t;
            clile_i_threads_set(threads);
            make_case(&t, &rng, c[0], c[1], c[2], c[3], c[4], 3, 1, 1);
            transformed += (size_t)goes_by("wino", &t);
            free_case(&t);
        }
    clile_i_threads_set(before);
    if (transformed == 0 && strncmp(clile_i_dnn_version(), "2.6", 3) == 0 &&
        clile_i_dnn_vector_floats() == 16)
        fail_msg("oneDNN 2.6 has Winograd's transforms for AVX-512, but none were used");
    if (transformed == 0) {
        print_message("no Winograd's transforms in oneDNN %s for this processor\n",
                      clile_i_dnn_version());
        skip();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),         cmocka_unit_test(test_tiny),
        cmocka_unit_test(test_threads),        cmocka_unit_test(test_patches),
        cmocka_unit_test(test_winograd),       cmocka_unit_test(test_parts),
        cmocka_unit_test(test_who_shares_out), cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
