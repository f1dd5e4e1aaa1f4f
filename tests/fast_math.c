/* Compiled with -ffast-math, together with the library's base, loss and eval: NaN and infinity
 * are still refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"
#include "image/image.h"

#include <clile/losses.h>
#include <clile/metrics.h>

static double from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float single_from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

enum { NONE = 4 };

/* NaN, -NaN, infinity, -infinity, each read at run time */
static const volatile uint64_t no_numbers[NONE] = {0x7FF8000000000000, 0xFFF0000000000001,
                                                   0x7FF0000000000000, 0xFFF0000000000000};
static const volatile uint32_t no_singles[NONE] = {0x7FC00000, 0xFF800001, 0x7F800000, 0xFF800000};

static void bits_decide(void **state)
{
    (void)state;
    const double numbers[] = {
        0.0, -0.0, 1.0, -1.7976931348623157e308, 5e-324, 2.2250738585072014e-308};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i) {
        assert_true(clile_i_is_finite(numbers[i]));
        assert_false(clile_i_is_nan(numbers[i]));
        assert_true(clile_i_is_within(numbers[i], numbers[i], numbers[i]));
    }
    for (int i = 0; i < NONE; ++i) {
        const double value = from_bits(no_numbers[i]);
        assert_false(clile_i_is_finite(value));
        assert_int_equal(i < 2, clile_i_is_nan(value));
        assert_false(clile_i_is_within(value, -1e308, 1e308));
    }
}

static void the_place_is_found(void **state)
{
    static float values[5000];
    (void)state;
    for (int64_t i = 0; i < 5000; ++i) values[i] = (float)i - 3.4e38F;
    assert_int_equal(-1, clile_i_find_not_finite(5000, values));
    assert_int_equal(-1, clile_i_find_not_finite(0, values));
    const int64_t places[] = {0, 1, 1023, 1024, 4097, 4999};
    for (size_t p = 0; p < sizeof places / sizeof *places; ++p)
        for (int k = 0; k < NONE; ++k) {
            const float before = values[places[p]];
            values[places[p]] = single_from_bits(no_singles[k]);
            assert_int_equal(places[p], clile_i_find_not_finite(5000, values));
            values[places[p]] = before;
        }
}

static void options_take_numbers_only(void **state)
{
    clile_options *options = NULL;
    (void)state;
    assert_int_equal(CLILE_OK, clile_options_create(&options));
    for (int k = 0; k < NONE; ++k)
        assert_int_equal(
            CLILE_E_INVALID_ARGUMENT,
            clile_options_set_f64(options, CLILE_OPT_LEARNING_RATE, from_bits(no_numbers[k])));
    assert_int_equal(CLILE_E_INVALID_ARGUMENT,
                     clile_options_set(options, CLILE_OPT_LEARNING_RATE, "nan"));
    clile_options_destroy(options);
}

static void losses_take_numbers_only(void **state)
{
    const float au[4] = {1, 0, 0, 1};
    const int8_t labels[4] = {1, 0, 0, 1};
    double loss = 0;
    (void)state;
    for (int k = 0; k < 2; ++k) {
        /* an infinite vector has no direction: NaN, too */
        const float embedding[4] = {1, single_from_bits(no_singles[k]), 0, 1};
        assert_int_equal(CLILE_E_NOT_FINITE,
                         clile_loss_stage2(2, 2, 2, embedding, au, labels, 1.0, &loss, NULL, NULL));
    }
    for (int k = 0; k < NONE; ++k)
        assert_int_equal(CLILE_E_INVALID_ARGUMENT,
                         clile_loss_stage2(2, 2, 2, au, au, labels, from_bits(no_numbers[k]), &loss,
                                           NULL, NULL));
}

static void metrics_take_numbers_only(void **state)
{
    const int8_t labels[2] = {1, 0};
    (void)state;
    for (int k = 0; k < NONE; ++k) {
        const float score[2] = {1, single_from_bits(no_singles[k])};
        float threshold = 0;
        double auc = 0;
        assert_int_equal(CLILE_E_NOT_FINITE, clile_metrics_auc(2, 1, score, labels, &auc));
        assert_int_equal(CLILE_E_NOT_FINITE,
                         clile_metrics_thresholds(2, 1, score, labels, &threshold));
    }
}

static void faces_take_numbers_only(void **state)
{
    clile_i_affine map;
    (void)state;
    for (int k = 0; k < NONE; ++k) {
        const double none = from_bits(no_numbers[k]);
        const double box[4] = {0, 0, none, 10}, good[4] = {0, 0, 10, 10};
        const double points[10] = {10, 10, 20, 10, 15, none, 11, 20, 19, 20};
        assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_i_align_box(box, 0.1, 40, 40, 32, &map));
        assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_i_align_box(good, none, 40, 40, 32, &map));
        assert_int_equal(CLILE_E_INVALID_ARGUMENT,
                         clile_i_align_landmarks(5, points, 40, 40, 32, &map));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_decide),
        cmocka_unit_test(the_place_is_found),
        cmocka_unit_test(options_take_numbers_only),
        cmocka_unit_test(losses_take_numbers_only),
        cmocka_unit_test(metrics_take_numbers_only),
        cmocka_unit_test(faces_take_numbers_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
