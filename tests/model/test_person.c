/* The estimate of a person's offset against the posterior on a grid, and its rows in files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/model.h"

#include <clile/clile.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { C = 2, MOST = 200 };
static const char file[] = "person.safetensors";

/* log posterior of an offset, up to a constant */
static double posterior(const clile_i_person_au *a, int64_t n, const double *value,
                        const double *weight, double offset)
{
    double sum = -offset * offset / (2 * a->spread);
    for (int64_t i = 0; i < n; ++i) {
        const double u = value[i] - offset - a->absent, v = value[i] - offset - a->present;
        sum += (weight ? weight[i] : 1.0) * log((1 - a->rate) * exp(-u * u / (2 * a->noise)) +
                                                a->rate * exp(-v * v / (2 * a->noise)));
    }
    return sum;
}

static void an_offset_is_a_peak_of_the_posterior(void **state)
{
    (void)state;
    static const int64_t counts[] = {1, 2, 5, 50, MOST};
    static const double offsets[] = {-1.5, -0.4, 0, 0.8, 2};
    const clile_i_person_au a = {-1, 2, 0.5, 0.3, 0.7};
    clile_i_rng rng = clile_i_rng_make(3, 1);
    double before = INFINITY;
    for (int k = 0; k < 5; ++k) {
        double value[MOST], weight[MOST], error = 0;
        for (int o = 0; o < 5; ++o) {
            for (int64_t i = 0; i < counts[k]; ++i) {
                const int on = clile_i_rng_uniform(&rng) < a.rate;
                value[i] = offsets[o] + (on ? a.present : a.absent) +
                           sqrt(a.noise) * clile_i_rng_normal(&rng);
                weight[i] = 1 + (double)clile_i_rng_below(&rng, 3);
            }
            for (int weighted = 0; weighted < 2; ++weighted) {
                const double *w = weighted ? weight : NULL;
                const double found = clile_i_person_offset(&a, counts[k], value, w),
                             here = posterior(&a, counts[k], value, w, found);
                for (double step = 1e-3; step < 0.1; step *= 10) {
                    assert_true(here >= posterior(&a, counts[k], value, w, found + step));
                    assert_true(here >= posterior(&a, counts[k], value, w, found - step));
                }
                if (!weighted) error += fabs(found - offsets[o]) / 5;
            }
        }
        if (k == 0) before = error;
        if (k == 4) assert_true(error < 0.15 && error < before / 3); /* frames help */
    }
    assert_true(clile_i_person_offset(&a, 0, NULL, NULL) == 0.0); /* no frame: the prior's mean */
}

static clile_model *make(void)
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

static const float rows[CLILE_I_PERSON_ROWS * C] = {-1,   -2,   2,    3,    0.5f, 0.6f,
                                                    0.3f, 0.2f, 0.7f, 0.8f, 0.1f, 0.2f};

static void give(clile_model *model, int at, float value)
{
    model->person = clile_i_calloc(CLILE_I_PERSON_ROWS * C, sizeof *model->person);
    assert_non_null(model->person);
    memcpy(model->person, rows, sizeof rows);
    if (at >= 0) model->person[at] = value;
}

static void a_file_keeps_it_and_other_vectors_drop_it(void **state)
{
    (void)state;
    clile_model *model = make(), *again = NULL, *copy = NULL;
    const float vectors[C * 128] = {0}, slope[C] = {1, 1}, offset[C] = {0, 0};
    give(model, -1, 0);
    assert_int_equal(CLILE_OK, clile_model_save(model, file));
    assert_int_equal(CLILE_OK, clile_model_load(file, &again));
    assert_memory_equal(rows, again->person, sizeof rows);
    assert_int_equal(CLILE_OK, clile_i_model_copy_frame(again, &copy));
    assert_memory_equal(rows, copy->person, sizeof rows);
    assert_int_equal(CLILE_OK, clile_model_set_decision(again, NULL, slope, offset));
    assert_non_null(again->person);
    assert_int_equal(CLILE_OK, clile_model_set_decision(again, vectors, slope, offset));
    assert_null(again->person);
    clile_model_destroy(model);
    clile_model_destroy(again);
    clile_model_destroy(copy);
}

static void values_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct {
        int at;
        float value;
    } bad[] = {{CLILE_I_PERSON_NOISE * C, -1},
               {CLILE_I_PERSON_SPREAD * C + 1, 0},
               {CLILE_I_PERSON_RATE * C, 1},
               {CLILE_I_PERSON_RATE * C + 1, 0},
               {CLILE_I_PERSON_PRESENT * C, -1.5f}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
        clile_model *model = make(), *again = NULL;
        give(model, bad[i].at, bad[i].value);
        assert_int_equal(CLILE_OK, clile_model_save(model, file));
        assert_int_equal(CLILE_E_FORMAT, clile_model_load(file, &again));
        assert_non_null(strstr(clile_last_error(), "\"person\", AU"));
        assert_null(again);
        clile_model_destroy(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offset_is_a_peak_of_the_posterior),
        cmocka_unit_test(a_file_keeps_it_and_other_vectors_drop_it),
        cmocka_unit_test(values_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
