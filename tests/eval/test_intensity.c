/* Agreement of estimated and coded intensities. Golden values: numpy, ICC(3,1) from the mean
 * squares of the two-way layout. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "eval/eval.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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

/* Two folds of two AUs; the second fold's AU 12 is not coded. */
enum { N = 6 };
static const float value[2 * N][2] = {{0.2f, 3}, {1.5f, 2}, {4, 1}, {2, 0.5f}, {3, 4}, {0, 0},
                                      {1, 2},    {2, 1},    {3, 3}, {0, 0},    {5, 1}, {1, 1}};
static const float chance[2 * N][2] = {{0.1f, 0.9f}, {0.2f, 0.8f}, {0.9f, 0.1f}, {0.5f, 0.5f},
                                       {0.8f, 0.7f}, {0, 0},       {0.3f, 0.2f}, {0.4f, 0.6f},
                                       {0.7f, 0.3f}, {0.1f, 0.1f}, {1, 0},       {0.2f, 0.2f}};
static const int8_t coded[2 * N][2] = {{0, 4},  {1, 2},  {5, 0},  {2, -1}, {3, 5},  {0, 1},
                                       {1, -1}, {0, -1}, {4, -1}, {0, -1}, {5, -1}, {2, -1}};

static clile_report *two_folds(void)
{
    static const int32_t aus[2] = {1, 12}, subject[N] = {0, 0, 1, 1, 2, 2};
    int8_t labels[2 * N][2], present[2 * N][2];
    clile_report *report = NULL;
    for (int i = 0; i < 2 * N; ++i)
        for (int c = 0; c < 2; ++c) {
            labels[i][c] = coded[i][c] >= 2;
            present[i][c] = value[i][c] >= 2;
        }
    assert_int_equal(clile_report_create(2, aus, NULL, &report), CLILE_OK);
    for (int f = 0; f < 2; ++f)
        assert_int_equal(clile_report_add_fold(report, f + 1, N, &value[f * N][0],
                                               &present[f * N][0], &labels[f * N][0], subject,
                                               NULL),
                         CLILE_OK);
    return report;
}

static void has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) fail_msg("\"%s\" is not in:\n%s", part, text);
}

/* "name": ..., of a number of the JSON. */
static double number(const char *json, const char *metric, const char *part)
{
    char key[32];
    snprintf(key, sizeof key, "\"%s\": {\"folds\"", metric);
    const char *at = strstr(json, key);
    assert_non_null(at);
    snprintf(key, sizeof key, "\"%s\": {\"au\": [", part);
    at = strstr(at, key);
    assert_non_null(at);
    return strtod(at + strlen(key), NULL);
}

static void a_report_has_them(void **state)
{
    (void)state;
    clile_report *report = two_folds();
    char *text = NULL, *json = NULL, *table = NULL;
    double icc[2], pcc[2], mae[2];
    float five[2 * N][2], zero[2 * N][2] = {{0}};
    assert_int_equal(clile_report_copy_json(report, &json), CLILE_OK);
    has(json, "\"intensity\": null");
    clile_free(json);
    for (int f = 0; f < 2; ++f)
        assert_int_equal(clile_report_add_intensity(report, f + 1, N, &value[f * N][0],
                                                    &chance[f * N][0], &coded[f * N][0]),
                         CLILE_OK);
    assert_int_equal(clile_report_copy_json(report, &json), CLILE_OK);
    assert_int_equal(clile_report_copy_text(report, &text), CLILE_OK);
    assert_int_equal(clile_report_copy_table(report, "csv", &table), CLILE_OK);
    for (int i = 0; i < 4 * N; ++i) (&five[0][0])[i] = 5 * (&chance[0][0])[i];
    const float *const systems[3] = {&value[0][0], &five[0][0], &zero[0][0]};
    static const char *const parts[3] = {"pooled", "probability", "always_0"};
    for (int k = 0; k < 3; ++k) {
        assert_int_equal(
            clile_metrics_intensity(2 * N, 2, systems[k], &coded[0][0], icc, pcc, mae, NULL),
            CLILE_OK);
        assert_true(fabs(number(json, "icc", parts[k]) - icc[0]) < 1e-9);
        if (k < 2) assert_true(fabs(number(json, "pcc", parts[k]) - pcc[0]) < 1e-9);
        assert_true(fabs(number(json, "mae", parts[k]) - mae[0]) < 1e-9);
    }
    /* AU 12 is coded in fold 1 only: its mean over folds is that fold's value */
    assert_int_equal(
        clile_metrics_intensity(N, 2, &value[0][0], &coded[0][0], icc, NULL, NULL, NULL), CLILE_OK);
    char row[64];
    snprintf(row, sizeof row, "%7.3f%7.3f\n", icc[1], (icc[0] + icc[1]) / 2);
    has(strstr(text, "Intensity, ICC(3,1)"), row);
    has(text, "Intensity, PCC          AU1   AU12   Avg.\n");
    has(text, "\n5 x probability");
    has(text, "\nalways 0              0.000");
    has(table, "\nintensity_icc,fold 1,");
    has(table, "\nintensity_mae,always 0,");
    has(table, "\nintensity_pcc,mean of folds,");
    clile_free(text);
    clile_free(json);
    clile_free(table);
    clile_report_destroy(report);
}

static void bad_intensities_of_a_report(void **state)
{
    (void)state;
    clile_report *report = two_folds();
    int8_t wrong[N][2] = {{0}};
    float over[N][2] = {{0}};
    refused(clile_report_add_intensity(report, 3, N, &value[0][0], NULL, &coded[0][0]),
            CLILE_E_INVALID_ARGUMENT, "fold 3 was not added");
    refused(clile_report_add_intensity(report, 1, N - 1, &value[0][0], NULL, &coded[0][0]),
            CLILE_E_INVALID_ARGUMENT, "n is 5, but fold 1 has 6 images");
    wrong[2][1] = 6;
    refused(clile_report_add_intensity(report, 1, N, &value[0][0], NULL, &wrong[0][0]),
            CLILE_E_INVALID_ARGUMENT, "intensity[2,1] is 6");
    over[1][0] = 1.5f;
    refused(clile_report_add_intensity(report, 1, N, &value[0][0], &over[0][0], &coded[0][0]),
            CLILE_E_INVALID_ARGUMENT, "probability[1,0] is 1.5, expected 0 to 1");
    refused(clile_report_add_intensity(report, 1, N, &value[0][0], NULL, NULL),
            CLILE_E_INVALID_ARGUMENT, "intensity is NULL");
    clile_report_destroy(report);
}

/* ---- intensities as levels of a score ---- */

enum { GRADED = 400, LEVELS = CLILE_I_EVAL_LEVELS };

/* Scores that say something of the intensity; two levels that no image has. */
static void make_graded(int top, float *score, int8_t *intensity)
{
    for (int i = 0; i < GRADED; ++i) {
        const int code = (i * 7919) % 23 % (top + 1);
        intensity[i] = (int8_t)(i % 31 == 0 ? -1 : code);
        score[i] = 40.0f + 3.0f * (float)code + 9.0f * (float)sin(12.9898 * i);
    }
}

/* At the optimum of a convex loss its gradient is 0: for each level, the probabilities sum to the
 * targets, and over all levels their differences are uncorrelated with the score. */
static void levels_are_the_optimum(void **state)
{
    (void)state;
    for (int top = 1; top <= LEVELS; ++top) {
        float score[GRADED], slope, offset[LEVELS];
        int8_t intensity[GRADED];
        double along = 0;
        make_graded(top, score, intensity);
        assert_int_equal(clile_i_calibrate_levels(GRADED, 1, score, intensity, &slope, offset),
                         CLILE_OK);
        assert_true(slope > 0.0f);
        for (int j = 0; j < LEVELS; ++j) {
            double above = 0, below = 0, sum = 0, scale = 0;
            for (int i = 0; i < GRADED; ++i) {
                above += intensity[i] > j;
                below += intensity[i] >= 0 && intensity[i] <= j;
            }
            for (int i = 0; i < GRADED; ++i) {
                if (intensity[i] < 0) continue;
                const double target =
                    intensity[i] > j ? (above + 1) / (above + 2) : 1 / (below + 2);
                const double z = (double)slope * (double)score[i] + (double)offset[j];
                const double rest = 1 / (1 + exp(-z)) - target;
                sum += rest;
                along += rest * ((double)score[i] - 45.0);
                scale += fabs(rest);
            }
            if (!(fabs(sum) < 1e-4 * scale)) fail_msg("level %d: %g of %g", j + 1, sum, scale);
            if (j > 0) assert_true(offset[j] <= offset[j - 1]);
            if (j > 0 && j < top) assert_true(offset[j] < offset[j - 1]);
        }
        if (!(fabs(along) < 1e-2)) fail_msg("slope: %g", along);
    }
}

/* 0 or 5 only: five levels that are one, which is the calibration of a label. */
static void levels_of_a_label(void **state)
{
    (void)state;
    float score[GRADED], slope[2], offset[LEVELS], one;
    int8_t intensity[GRADED], labels[GRADED];
    make_graded(1, score, labels);
    for (int i = 0; i < GRADED; ++i) intensity[i] = (int8_t)(labels[i] > 0 ? 5 : labels[i]);
    assert_int_equal(clile_i_calibrate_levels(GRADED, 1, score, intensity, &slope[0], offset),
                     CLILE_OK);
    assert_int_equal(clile_metrics_calibrate(GRADED, 1, score, labels, &slope[1], &one), CLILE_OK);
    assert_true(fabs((double)slope[0] - (double)slope[1]) < 1e-5 * (double)slope[1]);
    for (int j = 0; j < LEVELS; ++j) {
        assert_true(fabs((double)offset[j] - (double)one) < 1e-5 * fabs((double)one));
        assert_true((double)offset[j] == (double)offset[0]);
    }
}

/* Columns: a score against the intensity; one score for all; separable; one intensity; none. */
static void levels_at_the_ends(void **state)
{
    (void)state;
    static const float score[4][5] = {
        {4, 1, -2, 1, 1}, {3, 1, -1, 2, 2}, {2, 1, 1, 3, 3}, {1, 1, 2, 4, 4}};
    static const int8_t intensity[4][5] = {
        {0, 0, 0, 3, -1}, {1, 2, 0, 3, -1}, {4, 3, 5, 3, -1}, {5, 5, 5, 3, -1}};
    float slope[5], offset[LEVELS][5];
    assert_int_equal(
        clile_i_calibrate_levels(4, 5, &score[0][0], &intensity[0][0], slope, &offset[0][0]),
        CLILE_OK);
    for (int k = 0; k < 5; ++k) {
        assert_true(k == 2 ? slope[k] > 0.0f && slope[k] < 100.0f : !(slope[k] > 0.0f));
        for (int j = 0; j < LEVELS; ++j) {
            assert_true(isfinite(offset[j][k]));
            if (j > 0) assert_true(offset[j][k] <= offset[j - 1][k]);
        }
    }
    assert_true(offset[2][3] > 0.0f && offset[3][3] < 0.0f); /* all 3, of 4 images */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(golden),
                                       cmocka_unit_test(ends),
                                       cmocka_unit_test(bad_arguments),
                                       cmocka_unit_test(a_report_has_them),
                                       cmocka_unit_test(bad_intensities_of_a_report),
                                       cmocka_unit_test(levels_are_the_optimum),
                                       cmocka_unit_test(levels_of_a_label),
                                       cmocka_unit_test(levels_at_the_ends)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
