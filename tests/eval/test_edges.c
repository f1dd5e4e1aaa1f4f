/* The limits of clile/metrics.h: the smallest sizes, scores that are all equal or near the ends
 * of float, no coded labels, a single subject, and reports of these. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"
#include "eval_test.h"

#include <clile/metrics.h>

#include <float.h>

static void one_image_of_one_au(void **state)
{
    const int8_t one[1] = {1}, zero[1] = {0}, none[1] = {-1};
    const float score[1] = {0.25f};
    const int32_t subject[1] = {INT32_MIN};
    double value[1], matrix[1];
    float threshold[1], slope[1], offset[1];
    int64_t counts[3];
    (void)state;
    assert_int_equal(clile_metrics_f1(1, 1, one, one, value, counts), CLILE_OK);
    assert_true(value[0] == 1 && counts[0] == 1 && counts[1] == 0 && counts[2] == 0);
    assert_int_equal(clile_metrics_f1(1, 1, zero, zero, value, counts), CLILE_OK);
    assert_true(value[0] == 0 && counts[0] + counts[1] + counts[2] == 0);
    assert_int_equal(clile_metrics_auc(1, 1, score, one, value), CLILE_OK);
    assert_true(isnan(value[0]));
    assert_int_equal(clile_metrics_auc_within(1, 1, score, one, subject, value), CLILE_OK);
    assert_true(isnan(value[0]));
    assert_int_equal(clile_metrics_thresholds(1, 1, score, one, threshold), CLILE_OK);
    assert_true(threshold[0] == nextafterf(0.25f, -1)); /* the one image is reported */
    assert_int_equal(clile_metrics_thresholds(1, 1, score, none, threshold), CLILE_OK);
    assert_true(threshold[0] == 0.25f); /* it is not */
    assert_int_equal(clile_metrics_calibrate(1, 1, score, one, slope, offset), CLILE_OK);
    assert_true(slope[0] == 0 && fabsf(offset[0] - logf(2.0f)) < 1e-6f); /* logit of 2/3 */
    assert_int_equal(clile_metrics_label_correlation(1, 1, none, matrix), CLILE_OK);
    assert_true(matrix[0] == 1);
    assert_int_equal(clile_metrics_cosine_matrix(1, 1, score, matrix), CLILE_OK);
    assert_true(matrix[0] == 1);
    assert_int_equal(clile_metrics_agreement(1, matrix, matrix, value), CLILE_OK);
    assert_true(isnan(value[0]));
}

enum { N = 12, C = 2 };

static void nothing_coded_and_nothing_told(void **state)
{
    int8_t none[N * C], present[N * C] = {0}, mixed[N * C];
    float equal[N * C], threshold[C], slope[C], offset[C];
    int32_t subject[N] = {0};
    double value[C], matrix[C * C];
    int64_t counts[3 * C];
    (void)state;
    memset(none, -1, sizeof none);
    for (int i = 0; i < N * C; ++i) {
        equal[i] = -3.5f;
        mixed[i] = (int8_t)(i % 3 == 0);
    }
    assert_int_equal(clile_metrics_f1(N, C, present, none, value, counts), CLILE_OK);
    assert_true(value[0] == 0 && value[1] == 0 && counts[0] == 0 && counts[1] == 0 &&
                counts[2] == 0);
    assert_int_equal(clile_metrics_auc(N, C, equal, none, value), CLILE_OK);
    assert_true(isnan(value[0]) && isnan(value[1]));
    assert_int_equal(clile_metrics_thresholds(N, C, equal, none, threshold), CLILE_OK);
    assert_true(threshold[0] == -3.5f && threshold[1] == -3.5f);
    assert_int_equal(clile_metrics_calibrate(N, C, equal, none, slope, offset), CLILE_OK);
    assert_true(slope[0] == 0 && offset[0] == 0 && slope[1] == 0 && offset[1] == 0);
    assert_int_equal(clile_metrics_label_correlation(N, C, none, matrix), CLILE_OK);
    assert_true(matrix[0] == 1 && matrix[1] == 0 && matrix[2] == 0 && matrix[3] == 1);
    /* equal scores: every pair is a tie, nothing to calibrate, one cut */
    assert_int_equal(clile_metrics_auc(N, C, equal, mixed, value), CLILE_OK);
    assert_true(value[0] == 0.5 && value[1] == 0.5);
    assert_int_equal(clile_metrics_auc_within(N, C, equal, mixed, subject, value), CLILE_OK);
    assert_true(value[0] == 0.5 && value[1] == 0.5);
    assert_int_equal(clile_metrics_thresholds(N, C, equal, mixed, threshold), CLILE_OK);
    assert_true(threshold[0] == nextafterf(-3.5f, -INFINITY));
    assert_int_equal(clile_metrics_calibrate(N, C, equal, mixed, slope, offset), CLILE_OK);
    assert_true(slope[0] == 0 && isfinite(offset[0]) && offset[0] < 0);
}

/* Scores of the largest and of the smallest floats: the same order, so the same AUC; slopes stay
 * finite and the calibrated order stays what it was. */
static void scores_at_the_ends_of_float(void **state)
{
    static const float scales[] = {FLT_MAX / 8, 1.0f, FLT_MIN, 1.4e-45f};
    static const float shape[6] = {-4, 1, -2, 2, 3, 5};
    static const int8_t labels[6] = {0, 0, 1, 0, 1, 1};
    (void)state;
    for (size_t k = 0; k < sizeof scales / sizeof *scales; ++k) {
        float score[6], threshold[1], slope[1], offset[1];
        double auc[1], cosine[36];
        for (int i = 0; i < 6; ++i) score[i] = shape[i] * scales[k];
        assert_int_equal(clile_metrics_auc(6, 1, score, labels, auc), CLILE_OK);
        assert_true(fabs(auc[0] - 7.0 / 9.0) < 1e-12);
        assert_int_equal(clile_metrics_thresholds(6, 1, score, labels, threshold), CLILE_OK);
        assert_true(isfinite(threshold[0]) && threshold[0] >= score[3] && threshold[0] < score[4]);
        assert_int_equal(clile_metrics_calibrate(6, 1, score, labels, slope, offset), CLILE_OK);
        if (!isfinite(slope[0]) || !(slope[0] > 0) || !isfinite(offset[0]))
            fail_msg("scale %g: slope %g, offset %g", (double)scales[k], (double)slope[0],
                     (double)offset[0]);
        const double high = (double)slope[0] * (double)score[5] + (double)offset[0];
        const double low = (double)slope[0] * (double)score[0] + (double)offset[0];
        assert_true(isfinite(high) && high > low);
        assert_int_equal(clile_metrics_cosine_matrix(6, 1, score, cosine), CLILE_OK);
        for (int i = 0; i < 36; ++i) assert_true(cosine[i] >= -1 && cosine[i] <= 1);
    }
    /* the lowest float of all: still a finite threshold */
    const float lowest[2] = {-FLT_MAX, -FLT_MAX};
    const int8_t present[2] = {1, 1};
    float threshold[1];
    assert_int_equal(clile_metrics_thresholds(2, 1, lowest, present, threshold), CLILE_OK);
    assert_true(threshold[0] == -FLT_MAX);
}

/* Pearson's correlation does not depend on the unit of either matrix, however large or small. */
static void agreement_has_no_unit(void **state)
{
    static const double a[9] = {9, 1, 4, 9, 9, 2, 9, 9, 9}, b[9] = {9, 3, 5, 9, 9, 1, 9, 9, 9};
    static const double units[] = {1e-320, 1e-300, 1e-160, 1.0, 1e160, 1e300, 4e307};
    double expected = 0;
    (void)state;
    assert_int_equal(clile_metrics_agreement(3, a, b, &expected), CLILE_OK);
    assert_true(fabs(expected - 4 / sqrt(8 * 42.0 / 9)) < 1e-12); /* (1,4,2) with (3,5,1) */
    for (size_t k = 0; k < sizeof units / sizeof *units; ++k)
        for (int sign = -1; sign <= 1; sign += 2) {
            double scaled[9], found = 0;
            for (int i = 0; i < 9; ++i)
                scaled[i] = i == 1 || i == 2 || i == 5 ? sign * a[i] * units[k] : NAN;
            assert_int_equal(clile_metrics_agreement(3, scaled, b, &found), CLILE_OK);
            /* few bits are left of a subnormal */
            const double tolerance = units[k] < 1e-310 ? 1e-2 : 1e-12;
            if (!(fabs(found - sign * expected) < tolerance))
                fail_msg("unit %g: %.17g, expected %.17g", sign * units[k], found, sign * expected);
        }
    /* from end to end of double: the differences from the mean do not fit */
    const double ends[9] = {0, DBL_MAX, -DBL_MAX, 0, 0, DBL_MAX, 0, 0, 0};
    double found = 0;
    assert_int_equal(clile_metrics_agreement(3, ends, ends, &found), CLILE_OK);
    assert_true(fabs(found - 1) < 1e-12);
}

/* Two people told apart by the sign of one number, at any scale; the smallest probe has one
 * frame to test. */
static void the_smallest_probes(void **state)
{
    const int32_t subject[8] = {INT32_MIN, INT32_MAX, INT32_MIN, INT32_MAX,
                                INT32_MIN, INT32_MAX, INT32_MIN, INT32_MAX};
    const float scales[] = {1e-30f, 1.0f, FLT_MAX};
    double accuracy = -1;
    (void)state;
    for (size_t k = 0; k < sizeof scales / sizeof *scales; ++k) {
        float embedding[8];
        for (int i = 0; i < 8; ++i) embedding[i] = (i % 2 ? 1.0f : -1.0f) * scales[k];
        assert_int_equal(clile_metrics_subject_probe(8, 1, embedding, subject, &accuracy),
                         CLILE_OK);
        /* a norm below 1e-8 is no direction */
        assert_true(accuracy == (scales[k] < 1e-8f ? 0.5 : 1.0));
    }
    const int32_t four_and_one[5] = {3, 3, 3, 3, 4};
    const float any[5] = {1, 1, 1, 1, -1};
    assert_int_equal(clile_metrics_subject_probe(5, 1, any, four_and_one, &accuracy), CLILE_OK);
    assert_true(accuracy == 1);
}

/* One frame of the widest embedding there is: its time must not grow with d * d. */
static void the_widest_probe(void **state)
{
    enum { D = 65536, FRAMES = 8 };
    const int32_t subject[FRAMES] = {0, 0, 0, 0, 1, 1, 1, 1};
    double accuracy = -1;
    (void)state;
    float *embedding = clile_i_calloc((int64_t)FRAMES * D, sizeof *embedding);
    assert_non_null(embedding);
    for (int i = 0; i < FRAMES; ++i) {
        embedding[(int64_t)i * D + i] = 0.5f;
        embedding[(int64_t)i * D + D - 1] = subject[i] ? 1.0f : -1.0f;
    }
    assert_int_equal(clile_metrics_subject_probe(FRAMES, D, embedding, subject, &accuracy),
                     CLILE_OK);
    assert_true(accuracy == 1);
    clile_i_free(embedding);
}

static clile_report *report_of(int32_t c)
{
    int32_t ids[64];
    clile_report *report = NULL;
    for (int32_t i = 0; i < c; ++i) ids[i] = i == 0 ? INT32_MAX : i;
    assert_int_equal(clile_report_create(c, ids, NULL, &report), CLILE_OK);
    return report;
}

static void same_summary(const clile_report *report, double f1)
{
    double mean = -1;
    assert_int_equal(clile_report_get_summary(report, "f1", &mean, NULL, NULL, NULL), CLILE_OK);
    assert_true(mean == f1);
}

/* Impossible sizes, for a report that already has a fold: refused, and the report is unchanged. */
static void folds_of_impossible_sizes(void **state)
{
    const float score[1] = {1};
    const int8_t one[1] = {1};
    const int32_t subject[1] = {0};
    const int64_t sizes[] = {0, -1, INT64_MIN, INT64_MAX, (int64_t)1 << 29, ((int64_t)1 << 29) - 1};
    clile_report *report = report_of(1);
    (void)state;
    assert_int_equal(clile_report_add_fold(report, INT32_MIN, 1, score, one, one, subject, NULL),
                     CLILE_OK);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; ++k) {
        assert_fails(
            clile_report_add_fold(report, INT32_MAX, sizes[k], score, one, one, subject, NULL),
            CLILE_E_INVALID_ARGUMENT, "n is ");
        same_summary(report, 1);
    }
    assert_int_equal(clile_report_add_fold(report, INT32_MAX, 1, score, one, one, subject, NULL),
                     CLILE_OK);
    clile_report_destroy(report);
}

/* One image of one person, nothing coded: every number is missing, and text and JSON say so. */
static void a_report_of_nothing(void **state)
{
    const float score[1] = {0};
    const int8_t none[1] = {-1}, zero[1] = {0};
    const int32_t subject[1] = {-7};
    double mean = 1, pooled = 1, low = 1, high = 1;
    char *text = NULL;
    clile_report *report = report_of(1);
    (void)state;
    assert_int_equal(clile_report_add_fold(report, 0, 1, score, zero, none, subject, NULL),
                     CLILE_OK);
    assert_int_equal(clile_report_get_summary(report, "auc", &mean, &pooled, &low, &high),
                     CLILE_OK);
    assert_true(isnan(mean) && isnan(pooled) && isnan(low) && isnan(high));
    assert_int_equal(clile_report_get_summary(report, "f1", &mean, &pooled, &low, &high), CLILE_OK);
    assert_true(mean == 0 && pooled == 0 && isnan(low) && isnan(high));
    assert_fails(clile_report_get_summary(report, "", &mean, NULL, NULL, NULL),
                 CLILE_E_INVALID_ARGUMENT, "there is no metric \"\"");
    assert_int_equal(clile_report_add_value(report, "", INFINITY), CLILE_OK);
    assert_int_equal(clile_report_copy_text(report, &text), CLILE_OK);
    assert_non_null(strstr(text, "AU2147483647"));
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, "inf"));
    clile_free(text);
    assert_int_equal(clile_report_copy_json(report, &text), CLILE_OK);
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, "inf"));
    clile_free(text);
    clile_report_destroy(report);
}

/* Names may be any text: long, empty, with quotes, line breaks and bytes that are not UTF-8. The
 * JSON stays valid. */
static void names_of_any_bytes(void **state)
{
    enum { LONG = 5000 };
    static char name[LONG + 1];
    static const char *const strange[3] = {"", "\"\\\n\t\x01", "\xff\xc3"};
    const float score[3] = {1, 2, 3};
    const int8_t labels[3] = {1, 0, 1};
    const int32_t subject[3] = {0, 1, 2};
    char *text = NULL;
    clile_report *report = report_of(1);
    (void)state;
    memset(name, 'x', LONG);
    assert_int_equal(clile_report_add_fold(report, 1, 3, score, labels, labels, subject, strange),
                     CLILE_OK);
    assert_int_equal(clile_report_add_value(report, name, 1), CLILE_OK);
    for (int i = 0; i < 3; ++i)
        assert_int_equal(clile_report_add_value(report, strange[i], i), CLILE_OK);
    assert_int_equal(clile_report_copy_json(report, &text), CLILE_OK);
    assert_non_null(strstr(text, name));
    assert_non_null(strstr(text, "\"\\\"\\\\\\n\\t\\u0001\""));
    for (const char *at = text; *at != '\0';) { /* UTF-8 throughout */
        const int length = clile_i_utf8_length(at, text + strlen(text));
        assert_true(length > 0);
        at += length;
    }
    clile_free(text);
    assert_int_equal(clile_report_copy_text(report, &text), CLILE_OK);
    for (const char *at = text, *end = text + strlen(text); at < end;) {
        const int length = clile_i_utf8_length(at, end);
        assert_true(length > 0);
        at += length;
    }
    clile_free(text);
    clile_report_destroy(report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_image_of_one_au),
        cmocka_unit_test(nothing_coded_and_nothing_told),
        cmocka_unit_test(scores_at_the_ends_of_float),
        cmocka_unit_test(agreement_has_no_unit),
        cmocka_unit_test(the_smallest_probes),
        cmocka_unit_test(the_widest_probe),
        cmocka_unit_test(folds_of_impossible_sizes),
        cmocka_unit_test(a_report_of_nothing),
        cmocka_unit_test(names_of_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
