/* Exchange of face halves: above the seam nothing changes; below it is the partner's half,
 * matched to the colour of the cheeks above. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/data.h"

#include <math.h>
#include <string.h>

enum { N = 9, SIZE = 50, PLANE = SIZE * SIZE };
static float src[N][3][PLANE], dst[N][3][PLANE], again[N][3][PLANE];
static int32_t partner[N];

/* Image k is one grey of 20 (k + 1) with a brighter bottom row. */
static float value_of(int k, int y, int channel)
{
    const double level = (20.0 * (k + 1) + (y == SIZE - 1 ? 10 : 0)) / 255.0;
    return (float)((level - (double)clile_i_input_mean[channel]) /
                   (double)clile_i_input_deviation[channel]);
}

static void fill(void)
{
    for (int k = 0; k < N; ++k)
        for (int channel = 0; channel < 3; ++channel)
            for (int i = 0; i < PLANE; ++i) src[k][channel][i] = value_of(k, i / SIZE, channel);
}

static double level(float value, int channel)
{
    return 255.0 * ((double)value * (double)clile_i_input_deviation[channel] +
                    (double)clile_i_input_mean[channel]);
}

static void test_halves(void **state)
{
    (void)state;
    fill();
    clile_i_batch_exchange_halves(N, SIZE, 1.0, 7, 3, &src[0][0][0], &dst[0][0][0], partner);
    for (int k = 0; k < N; ++k) {
        assert_in_range(partner[k], 0, N - 1);
        assert_int_not_equal(partner[k], k);
        for (int channel = 0; channel < 3; ++channel) {
            const double own = 20.0 * (k + 1), other = 20.0 * (partner[k] + 1),
                         gain = (own + 8) / (other + 8);
            /* brows and eyes */
            assert_memory_equal(dst[k][channel], src[k][channel], 20 * SIZE * sizeof(float));
            for (int y = 35; y < SIZE; ++y) {
                /* mouth and chin */
                const double expected = gain * (other + (y == SIZE - 1 ? 10 : 0));
                assert_true(fabs(level(dst[k][channel][y * SIZE + 7], channel) -
                                 fmin(expected, 255)) < 0.01);
            }
        }
    }
    const int32_t previous = clile_i_threads_set(2);
    clile_i_batch_exchange_halves(N, SIZE, 1.0, 7, 3, &src[0][0][0], &again[0][0][0], partner);
    clile_i_threads_set(previous);
    assert_memory_equal(dst, again, sizeof dst);
    clile_i_batch_exchange_halves(N, SIZE, 1.0, 7, 4, &src[0][0][0], &again[0][0][0], partner);
    assert_memory_not_equal(dst, again, sizeof dst);
}

static void test_probability(void **state)
{
    (void)state;
    int exchanged = 0;
    fill();
    clile_i_batch_exchange_halves(N, SIZE, 0.0, 7, 3, &src[0][0][0], &dst[0][0][0], partner);
    assert_memory_equal(dst, src, sizeof dst);
    for (int k = 0; k < N; ++k) assert_int_equal(partner[k], -1);
    for (int step = 0; step < 200; ++step) {
        clile_i_batch_exchange_halves(N, SIZE, 0.3, 7, step, &src[0][0][0], &dst[0][0][0], partner);
        for (int k = 0; k < N; ++k) exchanged += partner[k] >= 0;
    }
    assert_in_range(exchanged, 440, 640); /* 540 of 1800 expected, deviation 19 */
    clile_i_batch_exchange_halves(1, SIZE, 1.0, 7, 3, &src[0][0][0], &dst[0][0][0], partner);
    assert_int_equal(partner[0], -1); /* nobody to exchange with */
}

static void test_which_half(void **state)
{
    (void)state;
    const int32_t upper[] = {1, 2, 4, 5, 6, 7, 9, 43, 45},
                  lower[] = {10, 12, 14, 15, 17, 20, 23, 24, 25, 26, 27};
    for (size_t i = 0; i < sizeof upper / sizeof upper[0]; ++i)
        assert_int_equal(clile_i_au_is_lower(upper[i]), 0);
    for (size_t i = 0; i < sizeof lower / sizeof lower[0]; ++i)
        assert_int_equal(clile_i_au_is_lower(lower[i]), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_halves),
                                       cmocka_unit_test(test_probability),
                                       cmocka_unit_test(test_which_half)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
