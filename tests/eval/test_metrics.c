/* Metrics on plain arrays against scikit-learn and numpy (golden_metrics.py), and edge cases
 * defined by us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "eval/eval.h"
#include "eval_test.h"
#include "golden_metrics.h"
#include "metrics_data.h"

#include <float.h>
#include <math.h>
#include <string.h>

static metrics_data data;

static int make_data(void **state)
{
    (void)state;
    metrics_make_frames(&data);
    return 0;
}

static void f1_is_sklearns(void **state)
{
    (void)state;
    double f1[DATA_C];
    int64_t counts[DATA_C * 3];
    assert_int_equal(clile_metrics_f1(DATA_N, DATA_C, data.present, data.labels, f1, counts),
                     CLILE_OK);
    assert_near(f1, GOLDEN_F1, DATA_C, 1e-15);
    assert_int_equal(clile_metrics_f1(DATA_N, DATA_C, data.present, data.labels, f1, NULL),
                     CLILE_OK);
    assert_near(f1, GOLDEN_F1, DATA_C, 1e-15);
}

static void f1_counts_coded_images_only(void **state)
{
    (void)state;
    /* columns: all kinds; nothing to count; never coded */
    const int8_t labels[] = {1, 0, -1, 1, 0, -1, 0, 0, -1, 0, 0, -1, -1, 0, -1};
    const int8_t present[] = {1, 0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1};
    const int64_t expected[] = {1, 1, 1, 0, 0, 0, 0, 0, 0};
    double f1[3];
    int64_t counts[9];
    assert_int_equal(clile_metrics_f1(5, 3, present, labels, f1, counts), CLILE_OK);
    assert_memory_equal(counts, expected, sizeof expected);
    assert_near(f1, (const double[]){0.5, 0.0, 0.0}, 3, 0.0);
}

static void auc_is_sklearns(void **state)
{
    (void)state;
    double auc[DATA_C];
    assert_int_equal(clile_metrics_auc(DATA_N, DATA_C, data.score, data.labels, auc), CLILE_OK);
    assert_near(auc, GOLDEN_AUC, DATA_C, 1e-14);
    assert_int_equal(
        clile_metrics_auc_within(DATA_N, DATA_C, data.score, data.labels, data.subject, auc),
        CLILE_OK);
    assert_near(auc, GOLDEN_AUC_WITHIN, DATA_C, 1e-14);
}

static void auc_of_ties_and_missing_classes(void **state)
{
    (void)state;
    /* columns: all scores tied (0.0 and -0.0 too); perfect; no negative; never coded */
    const float score[] = {0.0f, 1, 1, 0, -0.0f, 2, 2, 0, 0.0f, 3, 3, 0, 0.0f, 4, 4, 0};
    const int8_t labels[] = {1, 0, 1, -1, 0, 0, 1, -1, 1, 1, 1, -1, 0, 1, 1, -1};
    double auc[4];
    assert_int_equal(clile_metrics_auc(4, 4, score, labels, auc), CLILE_OK);
    assert_near(auc, (const double[]){0.5, 1.0, NAN, NAN}, 4, 0.0);
}

static void auc_within_sees_no_difference_between_people(void **state)
{
    (void)state;
    /* AU 0: the score knows the person only; AU 1: wrong between people, right within; AU 2: no
     * one has both classes */
    const float score[] = {5, 1, 1, 5, 2, 1, 0, 3, 0, 0, 4, 0};
    const int8_t labels[] = {1, 0, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0};
    const int32_t subject[] = {-7, -7, 1000000, 1000000};
    double auc[3];
    assert_int_equal(clile_metrics_auc_within(4, 3, score, labels, subject, auc), CLILE_OK);
    assert_near(auc, (const double[]){0.5, 1.0, NAN}, 3, 0.0);
}

static void thresholds_are_the_best_cuts(void **state)
{
    (void)state;
    float threshold[DATA_C];
    assert_int_equal(clile_metrics_thresholds(DATA_N, DATA_C, data.score, data.labels, threshold),
                     CLILE_OK);
    for (int a = 0; a < 4; ++a) assert_true((double)threshold[a] == GOLDEN_THRESHOLD[a]);
    float largest = -FLT_MAX;
    for (int i = 0; i < DATA_N; ++i) largest = fmaxf(largest, data.score[i * DATA_C + 4]);
    assert_float_equal(threshold[4], largest, 0.0); /* no positive: nothing is reported */
}

static void thresholds_of_special_cases(void **state)
{
    (void)state;
    /* columns: two equally good cuts (0.5 | 0.2 0.1 ...: F1 2/3 after one and after four) -> the
     * higher; all positive; neighbouring floats; never coded */
    const float one = 1.0f, after = nextafterf(1.0f, 2.0f);
    const float score[] = {0.5f, 3, after, 9, 0.4f, 2, one, 7, 0.3f, 1, one, 8, 0.2f, 4, one, 7};
    const int8_t labels[] = {1, 1, 1, -1, 0, 1, 0, -1, 0, 1, 0, -1, 1, 1, 0, -1};
    float threshold[4];
    assert_int_equal(clile_metrics_thresholds(4, 4, score, labels, threshold), CLILE_OK);
    assert_float_equal(threshold[0], 0.45f, 1e-7);
    assert_float_equal(threshold[1], nextafterf(1.0f, 0.0f), 0.0);
    assert_true(threshold[2] >= one && threshold[2] < after);
    assert_float_equal(threshold[3], 9.0f, 0.0);
}

static void calibration_is_platts(void **state)
{
    (void)state;
    float slope[DATA_C], offset[DATA_C];
    assert_int_equal(
        clile_metrics_calibrate(DATA_N, DATA_C, data.score, data.labels, slope, offset), CLILE_OK);
    for (int a = 0; a < 4; ++a) {
        const double found[2] = {(double)slope[a], (double)offset[a]};
        /* sklearn stops at its own tolerance */
        assert_near(found, GOLDEN_CALIBRATION + 2 * a, 2, 2e-4);
    }
    int64_t negatives = 0;
    for (int i = 0; i < DATA_N; ++i) negatives += data.labels[i * DATA_C + 4] == 0;
    assert_float_equal(slope[4], 0.0f, 0.0);
    assert_float_equal(offset[4], -log((double)negatives + 1.0), 1e-5); /* logit of 1 / (N- + 2) */
}

static void calibration_of_special_cases(void **state)
{
    (void)state;
    /* columns: separable; upside down; equal scores; never coded */
    const float score[] = {-2, 2, 5, 1, -1, 1, 5, 2, 1, -1, 5, 3, 2, -2, 5, 4};
    const int8_t labels[] = {0, 0, 0, -1, 0, 0, 1, -1, 1, 1, 1, -1, 1, 1, 1, -1};
    float slope[4], offset[4];
    assert_int_equal(clile_metrics_calibrate(4, 4, score, labels, slope, offset), CLILE_OK);
    assert_true(slope[0] > 0.5f && slope[0] < 2.0f);
    assert_float_equal(offset[0], 0.0f, 1e-6);
    assert_float_equal(slope[1], 0.0f, 0.0);
    assert_float_equal(offset[1], 0.0f, 1e-6);
    assert_float_equal(slope[2], 0.0f, 0.0);
    assert_float_equal(offset[2], log((1.0 / 3 + 3 * 4.0 / 5) / (4.0 - 1.0 / 3 - 3 * 4.0 / 5)),
                       1e-6);
    assert_float_equal(slope[3], 0.0f, 0.0);
    assert_float_equal(offset[3], 0.0f, 0.0);
}

static void correlations_are_numpys(void **state)
{
    (void)state;
    double phi[DATA_C * DATA_C], cosine[DATA_C * DATA_C], agreement = 0.0;
    assert_int_equal(clile_metrics_label_correlation(DATA_N, DATA_C, data.labels, phi), CLILE_OK);
    assert_near(phi, GOLDEN_PHI, DATA_C * DATA_C, 1e-14);
    assert_int_equal(clile_metrics_cosine_matrix(DATA_C, DATA_C, data.score, cosine), CLILE_OK);
    assert_near(cosine, GOLDEN_COSINE, DATA_C * DATA_C, 1e-14);
    assert_int_equal(clile_metrics_agreement(DATA_C, phi, cosine, &agreement), CLILE_OK);
    assert_near(&agreement, GOLDEN_AGREEMENT, 1, 1e-13);
}

static void correlations_of_special_cases(void **state)
{
    (void)state;
    const float vectors[] = {3, 4, 0, 0, -6, -8};
    double cosine[9], agreement = 0.0;
    assert_int_equal(clile_metrics_cosine_matrix(3, 2, vectors, cosine), CLILE_OK);
    assert_near(cosine, (const double[]){1, 0, -1, 0, 0, 0, -1, 0, 1}, 9, 1e-15);
    const double constant[] = {1, 0.1, 0.1, 0.1, 1, 0.1, 0.1, 0.1, 1};
    assert_int_equal(clile_metrics_agreement(3, cosine, constant, &agreement), CLILE_OK);
    assert_true(isnan(agreement));
    assert_int_equal(clile_metrics_agreement(2, cosine, cosine, &agreement), CLILE_OK);
    assert_true(isnan(agreement));
    /* only the upper triangle is read */
    const double other[] = {NAN, 1, 3, NAN, NAN, 1, NAN, NAN, NAN};
    assert_int_equal(clile_metrics_agreement(3, cosine, other, &agreement), CLILE_OK);
    assert_near(&agreement, (const double[]){-1.0}, 1, 1e-12);
}

/* Besides GOLDEN_PROBE, compared once on 4828 aligned faces of 41 subjects with scikit-learn
 * 1.2.1's LogisticRegression at the same ridge: 128 principal components of the pixels 0.9849
 * against 0.9849, with noise 0.5424 against 0.5441, whitened with noise 0.2141 against 0.2141,
 * with noise and a large common offset 0.1528 against 0.1528. */
static void subject_probe_is_sklearns(void **state)
{
    (void)state;
    static float embedding[DATA_FRAMES * DATA_D];
    static int32_t subject[DATA_FRAMES];
    double accuracy = 0.0, again = 0.0;
    metrics_make_embeddings(embedding, subject);
    assert_int_equal(
        clile_metrics_subject_probe(DATA_FRAMES, DATA_D, embedding, subject, &accuracy), CLILE_OK);
    /* one of 60 frames may fall on the other side */
    assert_near(&accuracy, GOLDEN_PROBE, 1, 1.0 / 60 + 1e-9);
    for (int i = 0; i < DATA_FRAMES; ++i) subject[i] = 10000 - 7 * subject[i];
    for (int k = 0; k < DATA_FRAMES * DATA_D; ++k) embedding[k] *= 4.0f;
    assert_int_equal(clile_metrics_subject_probe(DATA_FRAMES, DATA_D, embedding, subject, &again),
                     CLILE_OK);
    assert_near(&again, &accuracy, 1, 1.0 / 60 + 1e-9);
}

static void subject_probe_finds_what_is_there(void **state)
{
    (void)state;
    float embedding[32 * 2] = {0};
    int32_t subject[32];
    double accuracy = 0.0;
    for (int i = 0; i < 32; ++i) {
        subject[i] = i % 2;
        embedding[2 * i] = 1.0f;
        embedding[2 * i + 1] = subject[i] ? 0.01f : -0.01f;
    }
    assert_int_equal(clile_metrics_subject_probe(32, 2, embedding, subject, &accuracy), CLILE_OK);
    assert_true(accuracy == 1.0); /* a narrow cone hides nothing */
    for (int i = 0; i < 32; ++i) embedding[2 * i + 1] = 0.01f;
    assert_int_equal(clile_metrics_subject_probe(32, 2, embedding, subject, &accuracy), CLILE_OK);
    assert_true(accuracy == 0.5);
    memset(embedding, 0, sizeof embedding);
    assert_int_equal(clile_metrics_subject_probe(32, 2, embedding, subject, &accuracy), CLILE_OK);
    assert_true(accuracy == 0.5);
}

static void bad_arguments_are_named(void **state)
{
    (void)state;
    double out[9];
    float threshold[2], slope[2];
    const float fine[] = {1, 2, 3, 4}, nan[] = {1, 2, NAN, 4}, infinite[] = {1, INFINITY, 3, 4};
    const int8_t labels[] = {1, 0, -1, 1}, wrong[] = {1, 0, 9, 1};
    const int32_t subject[] = {0, 1};
    assert_fails(clile_metrics_f1(0, 2, labels, labels, out, NULL), CLILE_E_INVALID_ARGUMENT,
                 "clile_metrics_f1: n is 0");
    assert_fails(clile_metrics_f1(2, 0, labels, labels, out, NULL), CLILE_E_INVALID_ARGUMENT,
                 "c is 0");
    assert_fails(clile_metrics_f1(2, 2, labels, labels, out, NULL), CLILE_E_INVALID_ARGUMENT,
                 "present[1,0] is -1, expected 1 or 0");
    assert_fails(clile_metrics_f1(2, 1, labels, NULL, out, NULL), CLILE_E_INVALID_ARGUMENT,
                 "labels is NULL");
    assert_fails(clile_metrics_auc(2, 2, fine, wrong, out), CLILE_E_INVALID_ARGUMENT,
                 "clile_metrics_auc: labels[1,0] is 9, expected 1, 0 or -1");
    assert_fails(clile_metrics_auc(2, 2, nan, labels, out), CLILE_E_NOT_FINITE,
                 "score[1,0] is nan");
    assert_fails(clile_metrics_auc((int64_t)1 << 40, 2, fine, labels, out),
                 CLILE_E_INVALID_ARGUMENT, "expected 1..");
    assert_fails(clile_metrics_auc_within(2, 2, infinite, labels, subject, out), CLILE_E_NOT_FINITE,
                 "clile_metrics_auc_within: score[0,1] is inf");
    assert_fails(clile_metrics_auc_within(2, 2, fine, labels, NULL, out), CLILE_E_INVALID_ARGUMENT,
                 "subject is NULL");
    assert_fails(clile_metrics_thresholds(2, 2, nan, labels, threshold), CLILE_E_NOT_FINITE,
                 "clile_metrics_thresholds");
    assert_fails(clile_metrics_thresholds(2, 2, fine, labels, NULL), CLILE_E_INVALID_ARGUMENT,
                 "threshold is NULL");
    assert_fails(clile_metrics_calibrate(2, 2, nan, labels, slope, slope), CLILE_E_NOT_FINITE,
                 "clile_metrics_calibrate");
    assert_fails(clile_metrics_calibrate(2, 2, fine, labels, slope, NULL), CLILE_E_INVALID_ARGUMENT,
                 "offset is NULL");
    assert_fails(clile_metrics_label_correlation(2, 2, wrong, out), CLILE_E_INVALID_ARGUMENT,
                 "labels[1,0] is 9");
    assert_fails(clile_metrics_cosine_matrix(2, 2, nan, out), CLILE_E_NOT_FINITE,
                 "vectors[1,0] is nan");
    assert_fails(clile_metrics_cosine_matrix(2, 0, fine, out), CLILE_E_INVALID_ARGUMENT, "d is 0");
    assert_fails(clile_metrics_agreement(2, (const double[]){1, NAN, 0, 1}, out, out),
                 CLILE_E_NOT_FINITE, "[0,1] is nan");
    assert_fails(clile_metrics_agreement(0, out, out, out), CLILE_E_INVALID_ARGUMENT, "c is 0");
}

static void bad_probes_are_named(void **state)
{
    (void)state;
    double out = 0.0;
    const float fine[] = {1, 2, 3, 4}, nan[] = {1, 2, NAN, 4};
    const int32_t one[] = {3, 3, 3, 3}, few[] = {0, 0, 0, 1};
    assert_fails(clile_metrics_subject_probe(4, 1, fine, one, &out), CLILE_E_INVALID_ARGUMENT,
                 "1 subject, expected at least 2");
    assert_fails(clile_metrics_subject_probe(4, 1, fine, few, &out), CLILE_E_INVALID_ARGUMENT,
                 "four frames");
    assert_fails(clile_metrics_subject_probe(4, 1, nan, few, &out), CLILE_E_NOT_FINITE,
                 "embedding[2,0] is nan");
    assert_fails(clile_metrics_subject_probe(4, 0, fine, few, &out), CLILE_E_INVALID_ARGUMENT,
                 "d is 0");
    assert_fails(clile_metrics_subject_probe(4, 1, fine, NULL, &out), CLILE_E_INVALID_ARGUMENT,
                 "subject is NULL");
}

static clile_status every_metric(void)
{
    double out[DATA_C * DATA_C];
    float first[DATA_C], second[DATA_C];
    static float embedding[DATA_FRAMES * DATA_D];
    static int32_t subject[DATA_FRAMES];
    metrics_make_embeddings(embedding, subject);
    CLILE_I_RETURN_IF(clile_metrics_f1(DATA_N, DATA_C, data.present, data.labels, out, NULL));
    CLILE_I_RETURN_IF(clile_metrics_auc(DATA_N, DATA_C, data.score, data.labels, out));
    CLILE_I_RETURN_IF(
        clile_metrics_auc_within(DATA_N, DATA_C, data.score, data.labels, data.subject, out));
    CLILE_I_RETURN_IF(clile_metrics_thresholds(DATA_N, DATA_C, data.score, data.labels, first));
    CLILE_I_RETURN_IF(
        clile_metrics_calibrate(DATA_N, DATA_C, data.score, data.labels, first, second));
    return clile_metrics_subject_probe(40, DATA_D, embedding, subject, out);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    int64_t k = 1;
    clile_status status = CLILE_E_OUT_OF_MEMORY;
    for (; k < 1000 && status != CLILE_OK; ++k) {
        clile_i_alloc_fail_at(k);
        status = every_metric();
        clile_i_alloc_fail_at(0);
        if (status != CLILE_OK) assert_fails(status, CLILE_E_OUT_OF_MEMORY, "out of memory");
    }
    assert_int_equal(status, CLILE_OK);
    assert_in_range(k, 20, 999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f1_is_sklearns),
        cmocka_unit_test(f1_counts_coded_images_only),
        cmocka_unit_test(auc_is_sklearns),
        cmocka_unit_test(auc_of_ties_and_missing_classes),
        cmocka_unit_test(auc_within_sees_no_difference_between_people),
        cmocka_unit_test(thresholds_are_the_best_cuts),
        cmocka_unit_test(thresholds_of_special_cases),
        cmocka_unit_test(calibration_is_platts),
        cmocka_unit_test(calibration_of_special_cases),
        cmocka_unit_test(correlations_are_numpys),
        cmocka_unit_test(correlations_of_special_cases),
        cmocka_unit_test(subject_probe_is_sklearns),
        cmocka_unit_test(subject_probe_finds_what_is_there),
        cmocka_unit_test(bad_arguments_are_named),
        cmocka_unit_test(bad_probes_are_named),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("eval/metrics", tests, make_data, NULL);
}
