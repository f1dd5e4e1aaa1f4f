/* Agreement of estimated and coded intensities. Golden values: numpy, ICC(3,1) from the mean
 * squares of the two-way layout. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <clile/metrics.h>

#include <math.h>
#include <string.h>

static void near(double found, double expected)
{
    if (!(fabs(found - expected) < 1e-12)) fail_msg("%.17g, expected %.17g", found, expected);
}

/* Two columns: as numpy had it, and the same with a constant added to the estimate. */
static void golden(void **state)
{
    static const float x[12] = {2.34f, 1.9f,  1.96f, 5.0f,  1.79f, 1.05f,
                                3.27f, 4.55f, 1.91f, 4.45f, 0.36f, 3.1f};
    static const int8_t y[12] = {4, 1, -1, 5, 1, 1, 3, -1, 3, 5, 0, 2};
    float value[12][2];
    int8_t intensity[12][2];
    double icc[2], pcc[2], mae[2], mse[2];
    (void)state;
    for (int i = 0; i < 12; ++i) {
        value[i][0] = x[i];
        value[i][1] = x[i] + 0.5f;
        intensity[i][0] = intensity[i][1] = y[i];
    }
    assert_int_equal(
        clile_metrics_intensity(12, 2, &value[0][0], &intensity[0][0], icc, pcc, mae, mse),
        CLILE_OK);
    near(icc[0], 0.8504417982204466);
    near(pcc[0], 0.868335526393022);
    near(mae[0], 0.6770000100135803);
    near(mse[0], 0.7095300249767362);
    /* an offset costs neither consistency nor correlation */
    assert_true(fabs(icc[1] - icc[0]) < 1e-6 && fabs(pcc[1] - pcc[0]) < 1e-6);
    assert_true(fabs(mse[1] - mse[0]) > 1e-3);
    /* what is not coded does not matter, and each output may be left out */
    value[2][0] = 1e9f;
    double again;
    assert_int_equal(
        clile_metrics_intensity(12, 2, &value[0][0], &intensity[0][0], NULL, NULL, mae, mse),
        CLILE_OK);
    again = mse[0];
    near(again, 0.7095300249767362);
}

/* Columns: equal; opposite; a constant estimate; both constant; one coded image; none. */
static void ends(void **state)
{
    static const float value[3][6] = {{0, 5, 2, 2, 1, 1}, {2, 3, 2, 2, 9, 1}, {5, 0, 2, 2, 9, 1}};
    static const int8_t intensity[3][6] = {
        {0, 0, 0, 1, 3, -1}, {2, 2, 1, 1, -1, -1}, {5, 5, 5, 1, -1, -1}};
    double icc[6], pcc[6], mae[6], mse[6];
    (void)state;
    assert_int_equal(
        clile_metrics_intensity(3, 6, &value[0][0], &intensity[0][0], icc, pcc, mae, mse),
        CLILE_OK);
    near(icc[0], 1);
    near(pcc[0], 1);
    near(mae[0], 0);
    near(mse[0], 0);
    near(icc[1], -1);
    near(pcc[1], -1);
    near(icc[2], 0);
    assert_true(isnan(pcc[2]));
    assert_true(isnan(icc[3]) && isnan(pcc[3]));
    near(mae[3], 1);
    assert_true(isnan(icc[4]) && isnan(pcc[4]));
    near(mse[4], 4);
    assert_true(isnan(icc[5]) && isnan(pcc[5]) && isnan(mae[5]) && isnan(mse[5]));
}

static void refused(clile_status found, clile_status status, const char *text)
{
    if (found != status || strstr(clile_last_error(), text) == NULL)
        fail_msg("%s, \"%s\"; expected \"%s\"", clile_status_name(found), clile_last_error(), text);
}

static void bad_arguments(void **state)
{
    static const float value[2] = {1, 2}, bad[2] = {1, (float)NAN};
    static const int8_t coded[2] = {1, 5}, high[2] = {1, 6}, low[2] = {-2, 0};
    double icc[1];
    (void)state;
    refused(clile_metrics_intensity(2, 1, value, high, icc, NULL, NULL, NULL),
            CLILE_E_INVALID_ARGUMENT, "intensity[1,0] is 6, expected -1 to 5");
    refused(clile_metrics_intensity(2, 1, value, low, icc, NULL, NULL, NULL),
            CLILE_E_INVALID_ARGUMENT, "intensity[0,0] is -2");
    refused(clile_metrics_intensity(2, 1, value, NULL, icc, NULL, NULL, NULL),
            CLILE_E_INVALID_ARGUMENT, "intensity is NULL");
    refused(clile_metrics_intensity(2, 1, NULL, coded, icc, NULL, NULL, NULL),
            CLILE_E_INVALID_ARGUMENT, "value is NULL");
    refused(clile_metrics_intensity(2, 1, bad, coded, icc, NULL, NULL, NULL), CLILE_E_NOT_FINITE,
            "value[1,0]");
    refused(clile_metrics_intensity(0, 1, value, coded, icc, NULL, NULL, NULL),
            CLILE_E_INVALID_ARGUMENT, "n is 0");
    refused(clile_metrics_intensity(2, 0, value, coded, icc, NULL, NULL, NULL),
            CLILE_E_INVALID_ARGUMENT, "c is 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(golden), cmocka_unit_test(ends),
                                       cmocka_unit_test(bad_arguments)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
