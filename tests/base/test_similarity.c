/* The one definition of similarity between vectors, against plain sums, and for zero vectors. */
#include "base/similarity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"

enum { MOST = 37 };

static void test_dot(void **state)
{
    float a[MOST], b[MOST];
    double wide_a[MOST], wide_b[MOST];
    (void)state;
    clile_i_rng rng = clile_i_rng_make(1, 0);
    for (int64_t d = 0; d <= MOST; ++d) { /* lengths that eight does not divide, too */
        double sum = 0;
        for (int64_t j = 0; j < d; ++j) {
            a[j] = (float)clile_i_rng_below(&rng, 200) - 100;
            b[j] = (float)clile_i_rng_below(&rng, 200) - 100;
            wide_a[j] = (double)a[j];
            wide_b[j] = (double)b[j];
            sum += wide_a[j] * wide_b[j]; /* whole numbers: exact */
        }
        assert_true(clile_i_vec_dot_f32(d, a, b) == sum);
        assert_true(clile_i_vec_dot(d, wide_a, wide_b) == sum);
    }
}

static void test_factor(void **state)
{
    const float three_four[2] = {-3, 4}, short_one[2] = {0, 9e-9f}, long_one[2] = {0, 2e-8f},
                zero[2] = {0, 0}, infinite[2] = {INFINITY, 0};
    (void)state;
    assert_true(clile_i_sim_factor(CLILE_I_COSINE, 2, three_four) == 0.2);
    assert_true(clile_i_sim_factor(CLILE_I_COSINE, 2, long_one) > 4e7);
    assert_true(clile_i_sim_factor(CLILE_I_COSINE, 2, short_one) == 0);
    assert_true(clile_i_sim_factor(CLILE_I_COSINE, 2, zero) == 0);
    assert_true(clile_i_sim_factor(CLILE_I_COSINE, 2, infinite) == 0);
    assert_true(clile_i_sim_factor(CLILE_I_DOT, 2, three_four) == 1);
    assert_true(clile_i_sim_factor(CLILE_I_DOT, 2, zero) == 1);
    assert_true(clile_i_inverse_norm(NAN) != clile_i_inverse_norm(NAN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_dot), cmocka_unit_test(test_factor)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
