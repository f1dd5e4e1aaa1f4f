/* Optimisers against their formulas in float64, the gradient norm against a plain sum, and the
 * schedule at its corners. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "train/optimizer.h"

#include <math.h>
#include <string.h>

enum { COUNT = 20011, STEPS = 7 };

static clile_i_settings settings_of(const char *optimizer)
{
    clile_options *options = NULL;
    clile_i_settings settings;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_OPTIMIZER, optimizer), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_WEIGHT_DECAY, "0.05"), CLILE_OK);
    assert_int_equal(clile_i_settings_read(options, &settings), CLILE_OK);
    clile_options_destroy(options);
    return settings;
}

static float gradient(int64_t i, int64_t t)
{
    return (float)sin(0.37 * (double)i + 1.3 * (double)t);
}

/* The textbook step in double. */
static void reference(int adamw, double momentum, double rate, double decay, double scale,
                      int64_t t, double g, double *x, double *m, double *v)
{
    g *= scale;
    if (adamw) {
        *m = 0.9 * *m + 0.1 * g;
        *v = 0.999 * *v + 0.001 * g * g;
        *x -= rate * decay * *x;
        *x -= rate * (*m / (1 - pow(0.9, (double)t))) /
              (sqrt(*v / (1 - pow(0.999, (double)t))) + 1e-8);
    } else {
        g += decay * *x;
        *m = t == 1 ? g : momentum * *m + g;
        *x -= rate * *m;
    }
}

static void steps_match_formula(const char *optimizer)
{
    const clile_i_settings settings = settings_of(optimizer);
    static float value[COUNT], diff[COUNT];
    static double x[COUNT], m[COUNT], v[COUNT];
    clile_i_group group;
    for (int64_t i = 0; i < COUNT; ++i)
        value[i] = (float)(x[i] = (double)(float)cos((double)i)), m[i] = v[i] = 0;
    assert_int_equal(clile_i_group_create(&settings, COUNT, value, diff, 2, &group), CLILE_OK);
    const int64_t split = 12345; /* the first span decays, the second learns 3 times as fast */
    group.spans[0] = (clile_i_span){0, split, 1.0f, 1.0f};
    group.spans[1] = (clile_i_span){split, COUNT - split, 0.0f, 3.0f};
    for (int64_t t = 1; t <= STEPS; ++t) {
        for (int64_t i = 0; i < COUNT; ++i) diff[i] = gradient(i, t);
        clile_i_optimizer_step(&settings, &group, 0.01, 0.5, t);
        for (int64_t i = 0; i < COUNT; ++i)
            reference(settings.adamw, settings.momentum, i < split ? 0.01 : 0.03,
                      i < split ? 0.05 : 0.0, 0.5, t, (double)gradient(i, t), &x[i], &m[i], &v[i]);
    }
    for (int64_t i = 0; i < COUNT; ++i) assert_true(fabs((double)value[i] - x[i]) < 3e-6);
    clile_i_group_free(&group);
}

static void test_adamw(void **state)
{
    (void)state;
    steps_match_formula("adamw");
}

static void test_sgd(void **state)
{
    (void)state;
    steps_match_formula("sgd");
}

static void test_same_bits_for_any_thread_count(void **state)
{
    (void)state;
    const clile_i_settings settings = settings_of("adamw");
    static float value[2][COUNT], diff[COUNT];
    double norms[2];
    for (int run = 0; run < 2; ++run) {
        clile_i_group group;
        const int32_t previous = clile_i_threads_set(run + 1);
        for (int64_t i = 0; i < COUNT; ++i)
            value[run][i] = gradient(i, 99), diff[i] = gradient(i, 5);
        assert_int_equal(clile_i_group_create(&settings, COUNT, value[run], diff, 1, &group),
                         CLILE_OK);
        group.spans[0] = (clile_i_span){0, COUNT, 1.0f, 1.0f};
        clile_i_group *const groups[1] = {&group};
        norms[run] = clile_i_gradient_norm(1, groups);
        clile_i_optimizer_step(&settings, &group, 0.01, 1.0, 1);
        clile_i_group_free(&group);
        clile_i_threads_set(previous);
    }
    assert_memory_equal(value[0], value[1], sizeof value[0]);
    assert_true(norms[0] == norms[1]);
    double sum = 0;
    for (int64_t i = 0; i < COUNT; ++i) sum += (double)diff[i] * (double)diff[i];
    assert_true(fabs(norms[0] - sqrt(sum)) < 1e-9 * sqrt(sum));
    diff[777] = NAN;
    clile_i_group group = {.count = COUNT, .diff = diff};
    double sums[8];
    group.sums = sums;
    clile_i_group *const groups[1] = {&group};
    assert_true(isnan(clile_i_gradient_norm(1, groups)));
}

static void test_average(void **state)
{
    (void)state;
    clile_i_settings settings = settings_of("sgd");
    settings.ema = 0.5;
    settings.weight_decay = 0;
    float value[1] = {1.0f}, diff[1] = {1.0f};
    clile_i_group group;
    assert_int_equal(clile_i_group_create(&settings, 1, value, diff, 1, &group), CLILE_OK);
    group.spans[0] = (clile_i_span){0, 1, 0.0f, 1.0f};
    clile_i_optimizer_step(&settings, &group, 0.1, 1.0, 1); /* decay (1+1)/(10+1) at first */
    const double expected = 2.0 / 11.0 * 1.0 + 9.0 / 11.0 * 0.9;
    assert_true(fabs((double)group.average[0] - expected) < 1e-6);
    clile_i_group_free(&group);
}

static void test_schedule(void **state)
{
    (void)state;
    clile_i_settings settings = settings_of("adamw");
    settings.learning_rate = 2.0;
    settings.warmup = 1.0;
    /* first of ten warm-up steps */
    assert_true(fabs(clile_i_learning_rate(&settings, 0, 100, 10) - 0.2) < 1e-12);
    assert_true(fabs(clile_i_learning_rate(&settings, 10, 100, 10) - 2.0) < 1e-12);
    /* half way down the cosine */
    assert_true(fabs(clile_i_learning_rate(&settings, 55, 100, 10) - 1.0) < 1e-12);
    assert_true(clile_i_learning_rate(&settings, 99, 100, 10) < 0.01);
    settings.cosine = 0;
    assert_true(fabs(clile_i_learning_rate(&settings, 99, 100, 10) - 2.0) < 1e-12);
    settings.warmup = 0;
    assert_true(fabs(clile_i_learning_rate(&settings, 0, 100, 10) - 2.0) < 1e-12);
}

static void settings_fail(const char *key, const char *value, const char *key2, const char *value2,
                          const char *expected)
{
    clile_options *options = NULL;
    clile_i_settings settings;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set(options, key, value), CLILE_OK);
    assert_int_equal(clile_options_set(options, key2, value2), CLILE_OK);
    assert_int_equal(clile_i_settings_read(options, &settings), CLILE_E_INVALID_ARGUMENT);
    assert_non_null(strstr(clile_last_error(), expected));
    clile_options_destroy(options);
}

static void test_contradictions(void **state)
{
    (void)state;
    settings_fail(CLILE_OPT_LAMBDA_BCE, "0", CLILE_OPT_LAMBDA_CONTRA, "0",
                  "nothing would be learned");
    settings_fail(CLILE_OPT_LAMBDA_BCE, "0", CLILE_OPT_ELIMINATION, "mixed", "elimination=mixed");
    clile_options *options = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_TAU, "0"), CLILE_E_INVALID_ARGUMENT);
    assert_non_null(strstr(clile_last_error(), "tau"));
    assert_int_equal(clile_options_set(options, CLILE_OPT_THREADS, "0"), CLILE_E_INVALID_ARGUMENT);
    assert_non_null(strstr(clile_last_error(), "threads"));
    clile_options_destroy(options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adamw),
        cmocka_unit_test(test_sgd),
        cmocka_unit_test(test_same_bits_for_any_thread_count),
        cmocka_unit_test(test_average),
        cmocka_unit_test(test_schedule),
        cmocka_unit_test(test_contradictions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
