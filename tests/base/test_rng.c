#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"

#include <math.h>

/* The philox4x32 10 lines of kat_vectors in Random123 1.14, the authors' own implementation. */
static void known_answers(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } vectors[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (int i = 0; i < 3; ++i) {
        uint32_t out[4];
        clile_i_philox4x32(vectors[i].counter, vectors[i].key, out);
        for (int k = 0; k < 4; ++k) assert_int_equal(vectors[i].out[k], out[k]);
    }
}

static void state_is_seed_stream_and_counter(void **state)
{
    (void)state;
    clile_i_rng rng = clile_i_rng_make(UINT64_C(0x299f31d0a4093822), UINT64_C(0x0370734413198a2e));
    rng.counter = UINT64_C(0x85a308d3243f6a88);
    assert_int_equal(0xd16cfe09, clile_i_rng_u32(&rng)); /* the third vector */
    clile_i_rng first = clile_i_rng_make(7, 1);
    for (int i = 0; i < 10; ++i) clile_i_rng_normal(&first);
    clile_i_rng saved = first;
    assert_int_equal(10, saved.counter);
    const double next = clile_i_rng_uniform(&first);
    assert_true(next == clile_i_rng_uniform(&saved));
    clile_i_rng other_stream = clile_i_rng_make(7, 2), other_seed = clile_i_rng_make(8, 1),
                same = clile_i_rng_make(7, 1);
    const uint32_t value = clile_i_rng_u32(&same);
    assert_int_not_equal(value, clile_i_rng_u32(&other_stream));
    assert_int_not_equal(value, clile_i_rng_u32(&other_seed));
}

static void uniform_and_normal_have_their_moments(void **state)
{
    (void)state;
    enum { N = 200000 };
    clile_i_rng rng = clile_i_rng_make(3, 4);
    double sum = 0, squares = 0, normal_sum = 0, normal_squares = 0, fourth = 0;
    for (int i = 0; i < N; ++i) {
        const double u = clile_i_rng_uniform(&rng), z = clile_i_rng_normal(&rng),
                     r = clile_i_rng_range(&rng, -3, -1);
        assert_true(u >= 0 && u < 1);
        assert_true(r >= -3 && r <= -1);
        sum += u;
        squares += u * u;
        normal_sum += z;
        normal_squares += z * z;
        fourth += z * z * z * z;
    }
    /* five standard errors of each mean */
    assert_true(fabs(sum / N - 0.5) < 5 * sqrt(1.0 / 12 / N));
    assert_true(fabs(squares / N - 1.0 / 3) < 5 * sqrt(4.0 / 45 / N));
    assert_true(fabs(normal_sum / N) < 5 * sqrt(1.0 / N));
    assert_true(fabs(normal_squares / N - 1) < 5 * sqrt(2.0 / N));
    assert_true(fabs(fourth / N - 3) < 5 * sqrt(96.0 / N));
}

static void below_is_even(void **state)
{
    (void)state;
    clile_i_rng rng = clile_i_rng_make(5, 6);
    int64_t counts[7] = {0};
    for (int i = 0; i < 70000; ++i) {
        const int64_t value = clile_i_rng_below(&rng, 7);
        assert_true(value >= 0 && value < 7);
        ++counts[value];
    }
    for (int i = 0; i < 7; ++i) assert_true(counts[i] > 9500 && counts[i] < 10500);
    for (int i = 0; i < 10; ++i) assert_int_equal(0, clile_i_rng_below(&rng, 1));
    /* With a bound of 3 * 2^61, a 64-bit modulo would return the lower third of the values half
     * the time. */
    const int64_t bound = INT64_C(3) << 61;
    int low = 0;
    for (int i = 0; i < 30000; ++i) low += clile_i_rng_below(&rng, bound) < bound / 3;
    assert_true(low > 9500 && low < 10500);
}

static void shuffle_reaches_all_orders_alike(void **state)
{
    (void)state;
    clile_i_rng rng = clile_i_rng_make(9, 9);
    int counts[27] = {0}, orders = 0;
    for (int i = 0; i < 12000; ++i) {
        int64_t values[3] = {0, 1, 2};
        clile_i_rng_shuffle(&rng, 3, values);
        assert_int_equal(3, values[0] + values[1] + values[2]);
        counts[values[0] * 9 + values[1] * 3 + values[2]]++;
    }
    for (int i = 0; i < 27; ++i) {
        if (counts[i] == 0) continue;
        ++orders;
        assert_true(counts[i] > 1800 && counts[i] < 2200);
    }
    assert_int_equal(6, orders);
    clile_i_rng_shuffle(&rng, 0, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(state_is_seed_stream_and_counter),
        cmocka_unit_test(uniform_and_normal_have_their_moments),
        cmocka_unit_test(below_is_even),
        cmocka_unit_test(shuffle_reaches_all_orders_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
