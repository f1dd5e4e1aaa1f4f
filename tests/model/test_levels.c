/* Expected intensities from a score, and the rows of files that give them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/model.h"

#include <clile/clile.h>

#include <math.h>
#include <string.h>

enum { C = 2 };
static const char file[] = "levels.safetensors";
static const float rows[CLILE_I_MODEL_LEVELS * C] = {2,    0.5f, -1, -2,   0, 0,
                                                     0.5f, 0.5f, 1,  1.5f, 3, 4};

static clile_model *make(int at, float value)
{
    static const int32_t ids[C] = {4, 12};
    clile_options *options = NULL;
    clile_model *model = NULL;
    assert_int_equal(CLILE_OK, clile_options_create(&options));
    assert_int_equal(CLILE_OK, clile_options_set(options, CLILE_OPT_WIDTH, "0.0625"));
    assert_int_equal(CLILE_OK, clile_model_create(options, C, ids, &model));
    clile_options_destroy(options);
    model->levels = clile_i_calloc(CLILE_I_MODEL_LEVELS * C, sizeof *model->levels);
    assert_non_null(model->levels);
    memcpy(model->levels, rows, sizeof rows);
    if (at >= 0) model->levels[at] = value;
    return model;
}

static void the_expectation_is_a_sum_of_five(void **state)
{
    (void)state;
    clile_model *model = make(-1, 0);
    const float score[4][C] = {{0.3f, -1}, {-2, 5}, {80, -900}, {-80, 900}};
    float found[4][C];
    clile_i_levels_apply(model, 4, &score[0][0], &found[0][0]);
    for (int i = 0; i < 4; ++i)
        for (int c = 0; c < C; ++c) {
            double sum = 0;
            for (int j = 1; j < CLILE_I_MODEL_LEVELS; ++j)
                sum += 1 / (1 + exp((double)(rows[j * C + c] - rows[c] * score[i][c])));
            assert_true(fabs((double)found[i][c] - sum) < 1e-6);
            assert_true(found[i][c] >= 0 && found[i][c] <= 5);
        }
    clile_model_destroy(model);
}

static void a_file_keeps_them_and_other_vectors_drop_them(void **state)
{
    (void)state;
    static const float vectors[C * 128], slope[C] = {1, 1}, offset[C] = {0, 0};
    clile_model *model = make(-1, 0), *again = NULL, *copy = NULL;
    assert_int_equal(CLILE_OK, clile_model_save(model, file));
    assert_int_equal(CLILE_OK, clile_model_load(file, &again));
    assert_memory_equal(rows, again->levels, sizeof rows);
    assert_int_equal(CLILE_OK, clile_i_model_copy_frame(again, &copy));
    assert_memory_equal(rows, copy->levels, sizeof rows);
    assert_int_equal(CLILE_OK, clile_model_set_decision(again, NULL, slope, offset));
    assert_true(clile_model_has_intensity(again));
    assert_int_equal(CLILE_OK, clile_model_set_decision(again, vectors, slope, offset));
    assert_false(clile_model_has_intensity(again));
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
        clile_status status;
    } bad[] = {{0, 0, CLILE_E_FORMAT},           {1, -1, CLILE_E_FORMAT},
               {2 * C, -1.5f, CLILE_E_FORMAT},   {5 * C + 1, 1, CLILE_E_FORMAT},
               {3 * C, NAN, CLILE_E_NOT_FINITE}, {1, INFINITY, CLILE_E_NOT_FINITE}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
        clile_model *model = make(bad[i].at, bad[i].value), *again = NULL;
        assert_int_equal(CLILE_OK, clile_model_save(model, file));
        assert_int_equal(bad[i].status, clile_model_load(file, &again));
        assert_non_null(strstr(clile_last_error(), "intensity"));
        assert_null(again);
        clile_model_destroy(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_expectation_is_a_sum_of_five),
        cmocka_unit_test(a_file_keeps_them_and_other_vectors_drop_them),
        cmocka_unit_test(values_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
