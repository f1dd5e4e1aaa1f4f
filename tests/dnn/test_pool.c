/* Max pooling and global average pooling in every layout against the oracle. */
#include "dnn/dnn.h"
#include "dnn/dnn_test.h"

static const double tolerance = 1e-6;
static const clile_i_dnn_layout_kind kinds[] = {CLILE_I_LAYOUT_NCHW, CLILE_I_LAYOUT_NHWC,
                                                CLILE_I_LAYOUT_C8, CLILE_I_LAYOUT_C16};

/* What the source holds: normal values; few different values, so that almost every window has a
 * tie; all negative, so that padding would win if it counted as zero. */
enum { NORMAL, TIES, NEGATIVE, SOURCES };

static void fill(clile_i_rng *rng, int source, int64_t count, double *src)
{
    for (int64_t i = 0; i < count; ++i) {
        if (source == TIES) src[i] = (double)clile_i_rng_below(rng, 2);
        if (source == NEGATIVE) src[i] = (double)(float)(-1.0 - fabs(src[i]));
    }
}

static void check_max_pool(clile_i_rng *rng, const clile_i_ref_pool *p, int source)
{
    const int64_t src_count = p->n * p->c * p->h * p->w;
    const int64_t dst_count = p->n * p->c *
                              clile_i_ref_output_size(p->h, p->kernel, p->stride, p->pad) *
                              clile_i_ref_output_size(p->w, p->kernel, p->stride, p->pad);
    double *src = test_normal(rng, src_count), *diff_dst = test_normal(rng, dst_count);
    double *dst = test_array(dst_count), *diff_src = test_array(src_count);
    int64_t *winner = calloc((size_t)dst_count, sizeof *winner);
    assert_non_null(winner);
    fill(rng, source, src_count, src);
    clile_i_ref_max_pool_forward(p, src, dst, winner);
    clile_i_ref_max_pool_backward(p, winner, diff_dst, diff_src);
    float *src_f = test_float(src, src_count), *diff_dst_f = test_float(diff_dst, dst_count);
    for (size_t kind = 0; kind < 4; ++kind) {
        float *found = test_unwritten(dst_count), *found_diff = test_unwritten(src_count);
        char text[128];
        assert_int_equal(clile_i_dnn_max_pool_forward_plain(kinds[kind], p->n, p->c, p->h, p->w,
                                                            p->kernel, p->stride, p->pad, src_f,
                                                            found),
                         CLILE_OK);
        assert_int_equal(clile_i_dnn_max_pool_backward_plain(kinds[kind], p->n, p->c, p->h, p->w,
                                                             p->kernel, p->stride, p->pad, src_f,
                                                             diff_dst_f, found_diff),
                         CLILE_OK);
        snprintf(text, sizeof text, "max pool layout %d source %d n%lld c%lld %lldx%lld k%lld",
                 (int)kind, source, (long long)p->n, (long long)p->c, (long long)p->h,
                 (long long)p->w, (long long)p->kernel);
        test_close(text, found, dst, dst_count, 0.0); /* a maximum is exact */
        test_close(text, found_diff, diff_src, src_count, tolerance);
        free(found), free(found_diff);
    }
    free(src), free(diff_dst), free(dst), free(diff_src), free(winner), free(src_f),
        free(diff_dst_f);
}

static void test_max_pool(void **state)
{
    (void)state;
    static const int64_t windows[][3] = {{3, 2, 1}, {2, 2, 0}, {3, 1, 1}};
    static const int64_t shapes[][4] = {{1, 1, 4, 4},  {2, 3, 7, 9},   {3, 5, 8, 8},
                                        {2, 8, 5, 13}, {1, 13, 6, 6},  {16, 16, 4, 4},
                                        {2, 17, 9, 7}, {2, 64, 16, 16}};
    clile_i_rng rng = clile_i_rng_make(4, 1);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i)
        for (size_t k = 0; k < sizeof windows / sizeof *windows; ++k)
            for (int source = 0; source < SOURCES; ++source) {
                const int64_t *s = shapes[i], *v = windows[k];
                clile_i_threads_set((i + k) % 4 == 0 ? 2 : 1);
                check_max_pool(&rng, &(clile_i_ref_pool){s[0], s[1], s[2], s[3], v[0], v[1], v[2]},
                               source);
            }
    for (int source = 0; source < SOURCES; ++source)
        check_max_pool(&rng, &(clile_i_ref_pool){2, 17, 1, 1, 3, 2, 1}, source); /* one pixel */
}

static void test_average_pool(void **state)
{
    (void)state;
    static const int64_t shapes[][4] = {{1, 1, 1, 1},   {2, 3, 7, 5},  {3, 8, 4, 4}, {2, 13, 2, 3},
                                        {16, 16, 1, 2}, {2, 17, 7, 7}, {3, 64, 4, 4}};
    clile_i_rng rng = clile_i_rng_make(4, 2);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i) {
        const int64_t n = shapes[i][0], c = shapes[i][1], h = shapes[i][2], w = shapes[i][3];
        double *src = test_normal(&rng, n * c * h * w), *diff_dst = test_normal(&rng, n * c);
        double *dst = test_array(n * c), *diff_src = test_array(n * c * h * w);
        float *src_f = test_float(src, n * c * h * w), *diff_dst_f = test_float(diff_dst, n * c);
        clile_i_ref_global_pool_forward(n, c, h, w, src, dst);
        clile_i_ref_global_pool_backward(n, c, h, w, diff_dst, diff_src);
        for (size_t kind = 0; kind < 4; ++kind) {
            float *found = test_unwritten(n * c), *found_diff = test_unwritten(n * c * h * w);
            assert_int_equal(
                clile_i_dnn_average_pool_forward_plain(kinds[kind], n, c, h, w, src_f, found),
                CLILE_OK);
            assert_int_equal(clile_i_dnn_average_pool_backward_plain(kinds[kind], n, c, h, w,
                                                                     diff_dst_f, found_diff),
                             CLILE_OK);
            test_close("average pool", found, dst, n * c, tolerance);
            test_close("average pool diff_src", found_diff, diff_src, n * c * h * w, tolerance);
            free(found), free(found_diff);
        }
        free(src), free(diff_dst), free(dst), free(diff_src), free(src_f), free(diff_dst_f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_max_pool),
                                       cmocka_unit_test(test_average_pool)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
