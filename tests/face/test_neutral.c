/* A person's own neutral against medians of sorted log odds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/model.h"

#include <clile/neutral.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { C = 2 };

static clile_model *make_model(void)
{
    static const int32_t aus[C] = {1, 12};
    clile_options *o = NULL;
    clile_model *model = NULL;
    assert_int_equal(CLILE_OK, clile_options_create(&o));
    assert_int_equal(CLILE_OK, clile_options_set(o, "width", "0.0625"));
    assert_int_equal(CLILE_OK, clile_options_set(o, "image_size", "32"));
    assert_int_equal(CLILE_OK, clile_model_create(o, C, aus, &model));
    clile_options_destroy(o);
    return model;
}

static clile_neutral *make(void)
{
    clile_model *model = make_model();
    clile_neutral *n = NULL;
    assert_int_equal(CLILE_OK, clile_neutral_create(model, &n));
    clile_model_destroy(model);
    return n;
}

static double logit(double p)
{
    return log(p / (1.0 - p));
}

static float sigmoid(double x)
{
    return (float)(1.0 / (1.0 + exp(-x)));
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void the_median_goes_to_a_tenth_and_differences_stay(void **state)
{
    (void)state;
    enum { N = 401 };
    static const double level[3][C] = {{-4, 1}, {2, -6}, {0, 0}};
    clile_neutral *n = make();
    static double all[3][C][N];
    uint32_t random = 7;
    for (int i = 0; i < N; ++i) /* the people take turns, in no order of number */
        for (int k = 2; k >= 0; --k) {
            float p[C];
            for (int c = 0; c < C; ++c) {
                random = random * 1664525u + 1013904223u;
                const double noise = (random >> 8) / 16777216.0 * 3.0 - 1.5;
                p[c] = sigmoid(level[k][c] + noise + (i % 4 == 0 ? 4.0 : 0.0));
                all[k][c][i] = logit((double)p[c]);
            }
            assert_int_equal(CLILE_OK, clile_neutral_add(n, 100 - 7 * k, p));
        }
    for (int k = 0; k < 3; ++k) {
        float p[C], centred[C];
        int8_t present[C];
        double middle[C];
        for (int c = 0; c < C; ++c) {
            qsort(all[k][c], N, sizeof(double), by_size);
            middle[c] = all[k][c][N / 2];
            p[c] = sigmoid(middle[c]);
        }
        assert_int_equal(CLILE_OK, clile_neutral_apply(n, 100 - 7 * k, p, centred, present));
        for (int c = 0; c < C; ++c) {
            assert_true(fabs((double)centred[c] - 0.1) < 0.012 && present[c] == 0);
            p[c] = sigmoid(middle[c] + 3.0);
        }
        assert_int_equal(CLILE_OK,
                         clile_neutral_apply(n, 100 - 7 * k, p, p, present)); /* in place */
        for (int c = 0; c < C; ++c)
            assert_true(fabs(logit((double)p[c]) - logit(0.1) - 3.0) < 0.13 && present[c] == 1);
    }
    clile_neutral_destroy(n);
}

static void what_is_missing_or_no_probability_is_told(void **state)
{
    (void)state;
    clile_neutral *n = make();
    float p[C] = {0.2f, 0.7f}, centred[C] = {7, 7};
    const float bad[][C] = {{(float)NAN, 0.5f}, {0.5f, 1.1f}, {-0.1f, 0.5f}};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; ++k)
        assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_neutral_add(n, 1, bad[k]));
    for (int i = 0; i < CLILE_NEUTRAL_LEAST; ++i) {
        assert_int_equal(CLILE_E_STATE, clile_neutral_apply(n, 1, p, centred, NULL));
        assert_int_equal(CLILE_OK, clile_neutral_add(n, 1, p));
    }
    assert_true(centred[0] == 7.0f);
    assert_int_equal(CLILE_OK, clile_neutral_apply(n, 1, p, centred, NULL));
    assert_int_equal(CLILE_E_STATE, clile_neutral_apply(n, 2, p, centred, NULL));
    assert_non_null(strstr(clile_last_error(), "0 frames of person 2, at least 5"));
    for (int i = 0; i < 9; ++i) { /* certain ones */
        p[0] = 0.0f;
        p[1] = 1.0f;
        assert_int_equal(CLILE_OK, clile_neutral_add(n, 3, p));
    }
    assert_int_equal(CLILE_OK, clile_neutral_apply(n, 3, p, centred, NULL));
    assert_true(fabs((double)centred[0] - 0.1) < 0.012 && fabs((double)centred[1] - 0.1) < 0.012);
    clile_neutral_destroy(n);
}

/* A model that knows how people differ needs no number of frames; its threshold counts, and an AU
 * without an estimate has no offset. */
static void what_training_learned_of_people_is_used(void **state)
{
    (void)state;
    clile_model *model = make_model();
    clile_neutral *n = NULL;
    const float slope[C] = {2, 0.5f}, offset[C] = {0.25f, -1};
    double value[2 * C];
    float p[C], centred[C];
    int8_t present[C];
    static const float rows[CLILE_I_PERSON_ROWS * C] = {-1,   -2,   2,    3,    0.5f, 0,
                                                        0.3f, 0.2f, 0.7f, 0.8f, 0.1f, 0.2f};
    model->person = clile_i_calloc(CLILE_I_PERSON_ROWS * C, sizeof *model->person);
    assert_non_null(model->person);
    memcpy(model->person, rows, sizeof rows);
    assert_int_equal(CLILE_OK, clile_model_set_decision(model, NULL, slope, offset));
    assert_int_equal(CLILE_OK, clile_neutral_create(model, &n));
    assert_int_equal(0, clile_neutral_least(n));
    for (int i = 0; i < 2; ++i) { /* scores in the middle of a bin of 1/8 log odds */
        for (int k = 0; k < C; ++k) {
            value[i * C + k] = 0.0625 + (i ? 3.0 : 1.25);
            p[k] = (float)(1 / (1 + exp(-value[i * C + k])));
        }
        assert_int_equal(CLILE_OK, clile_neutral_apply(n, 7, p, centred, present));
        if (i == 0) /* nobody yet: only the threshold */
            assert_true(fabs(log((double)centred[0] / (1 - (double)centred[0])) -
                             (value[0] - (2 * 0.1 + 0.25))) < 1e-4);
        assert_int_equal(CLILE_OK, clile_neutral_add(n, 7, p));
    }
    assert_int_equal(CLILE_OK, clile_neutral_apply(n, 7, p, centred, present));
    const clile_i_person_au a = {-1, 2, 0.5, (double)0.3f, (double)0.7f};
    const double score[2] = {(value[0] - 0.25) / 2, (value[C] - 0.25) / 2};
    const double expected =
        value[C] - 2 * (clile_i_person_offset(&a, 2, score, NULL) + (double)0.1f) - 0.25;
    assert_true(fabs(log((double)centred[0] / (1 - (double)centred[0])) - expected) < 1e-4);
    assert_true(fabs(log((double)centred[1] / (1 - (double)centred[1])) -
                     (value[C + 1] - (0.5 * (double)0.2f - 1))) < 1e-4);
    assert_int_equal(present[0], centred[0] > 0.5f);
    clile_neutral_destroy(n);
    clile_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_median_goes_to_a_tenth_and_differences_stay),
        cmocka_unit_test(what_is_missing_or_no_probability_is_told),
        cmocka_unit_test(what_training_learned_of_people_is_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
