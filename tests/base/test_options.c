#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"
#include "base/fresh_options.h"
#include "base/options_table.h"
#include "base/scratch.h"

#include <math.h>

/* Every row is complete, its default passes its own check, and setting the default as text gives
 * the default. */
static void table_is_sound(void **state)
{
    (void)state;
    static const char *const groups = "data|model|method|training";
    assert_true(clile_options_count() >= 45);
    for (int32_t i = 0; i < clile_options_count(); ++i) {
        const clile_option_info info = describe(i);
        assert_true(strlen(info.name) > 0 && strlen(info.name) < 32 && strlen(info.help) > 10);
        assert_non_null(strstr(groups, info.group));
        assert_int_equal(info.type == CLILE_OPTION_CHOICE, strlen(info.choices) > 0);
        if (info.type <= CLILE_OPTION_REAL) assert_true(info.minimum < info.maximum);
        for (int32_t k = 0; k < i; ++k) assert_string_not_equal(info.name, describe(k).name);
        assert_false(clile_options_is_set(options, info.name));
        if (clile_options_set(options, info.name, info.default_value) != CLILE_OK)
            fail_msg("%s", clile_last_error());
        if (info.type == CLILE_OPTION_INTEGER) {
            int64_t by_default = -1, set = -2;
            assert_int_equal(CLILE_OK, clile_options_get_i64(NULL, info.name, &by_default));
            assert_int_equal(CLILE_OK, clile_options_get_i64(options, info.name, &set));
            assert_true(by_default == set && (double)set >= info.minimum &&
                        (double)set <= info.maximum);
        } else if (info.type == CLILE_OPTION_REAL) {
            double by_default = -1, set = -2;
            assert_int_equal(CLILE_OK, clile_options_get_f64(NULL, info.name, &by_default));
            assert_int_equal(CLILE_OK, clile_options_get_f64(options, info.name, &set));
            assert_true(by_default == set);
        } else {
            const char *by_default = NULL, *set = NULL;
            assert_int_equal(CLILE_OK, clile_options_get_str(NULL, info.name, &by_default));
            assert_int_equal(CLILE_OK, clile_options_get_str(options, info.name, &set));
            assert_string_equal(info.default_value, by_default);
            assert_string_equal(by_default, set);
        }
    }
}

static void values_are_set_and_read(void **state)
{
    (void)state;
    int64_t integer = 0;
    double real = 0;
    const char *text = NULL;
    assert_int_equal(CLILE_OK, clile_options_set_i64(options, CLILE_OPT_EPOCHS, 7));
    assert_int_equal(CLILE_OK, clile_options_get_i64(options, CLILE_OPT_EPOCHS, &integer));
    assert_int_equal(7, integer);
    assert_int_equal(CLILE_OK, clile_options_set(options, "epochs", "8"));
    assert_int_equal(CLILE_OK, clile_options_get_i64(options, CLILE_OPT_EPOCHS, &integer));
    assert_int_equal(8, integer);
    assert_int_equal(CLILE_OK, clile_options_set_f64(options, CLILE_OPT_TAU, 0.07));
    assert_int_equal(CLILE_OK, clile_options_get_f64(options, CLILE_OPT_TAU, &real));
    assert_true(real == 0.07);
    assert_int_equal(CLILE_OK, clile_options_set(options, CLILE_OPT_TAU, "2.5e-1"));
    assert_int_equal(CLILE_OK, clile_options_get_f64(options, CLILE_OPT_TAU, &real));
    assert_true(real == 0.25);
    assert_int_equal(CLILE_OK, clile_options_set_str(options, CLILE_OPT_ELIMINATION, "orthogonal"));
    assert_int_equal(CLILE_OK, clile_options_set_str(options, CLILE_OPT_ELIMINATION, "none"));
    assert_int_equal(CLILE_OK, clile_options_get_str(options, CLILE_OPT_ELIMINATION, &text));
    assert_string_equal("none", text);
    assert_int_equal(CLILE_OK, clile_options_set_str(options, CLILE_OPT_AU_SET, "1,2,4"));
    assert_int_equal(CLILE_OK, clile_options_get_str(options, CLILE_OPT_AU_SET, &text));
    assert_string_equal("1,2,4", text);
    assert_int_equal(1, clile_options_is_set(options, "tau"));
    assert_int_equal(0, clile_options_is_set(options, "batch"));
    assert_int_equal(0, clile_options_is_set(options, "no such"));
    assert_int_equal(0, clile_options_is_set(NULL, "tau"));
    assert_int_equal(0, clile_options_is_set(options, NULL));
    assert_int_equal(CLILE_OK, clile_options_set_f64(options, CLILE_OPT_EMA, -0.0));
    assert_int_equal(CLILE_OK, clile_options_get_f64(options, CLILE_OPT_EMA, &real));
    assert_false(signbit(real));
}

static void check_refused(clile_status status, const char *text)
{
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, status);
    assert_error_has(text);
}

static void range_is_checked(void **state)
{
    (void)state;
    double tau = 0;
    assert_int_equal(CLILE_OK, clile_options_set_f64(options, "tau", 0.5));
    check_refused(clile_options_set_f64(options, "tau", 0),
                  "option tau: expected a number from 0.0001 to 10000, found 0");
    check_refused(clile_options_set_f64(options, "tau", -1), "found -1");
    check_refused(clile_options_set_f64(options, "tau", (double)NAN), "found nan");
    check_refused(clile_options_set_f64(options, "tau", (double)INFINITY), "found inf");
    check_refused(clile_options_set(options, "tau", "0"), "found 0");
    check_refused(clile_options_set(options, "tau", "nan"),
                  "option tau: expected a number from 0.0001 to 10000, found \"nan\"");
    check_refused(clile_options_set(options, "tau", ""), "found \"\"");
    check_refused(clile_options_set(options, "tau", "0.1x"), "found \"0.1x\"");
    assert_int_equal(CLILE_OK, clile_options_get_f64(options, "tau", &tau));
    assert_true(tau == 0.5); /* unchanged */
    check_refused(clile_options_set_i64(options, "image_size", 31),
                  "option image_size: expected an integer from 32 to 512, found 31");
    check_refused(clile_options_set(options, "image_size", "513"), "found 513");
    check_refused(clile_options_set(options, "image_size", "64.0"),
                  "expected an integer from 32 to 512, found \"64.0\"");
    check_refused(clile_options_set(options, "image_size", "auto"), "found \"auto\"");
    const int64_t most = INT64_C(1) << 53;
    assert_int_equal(CLILE_OK, clile_options_set_i64(options, "seed", most));
    check_refused(clile_options_set_i64(options, "seed", most + 1), "found 9007199254740993");
    check_refused(clile_options_set(options, "seed", "99999999999999999999"),
                  "from 0 to 9007199254740992");
    check_refused(clile_options_set_str(options, "elimination", "orthogonall"),
                  "option elimination: expected one of none|orthogonal|");
    check_refused(clile_options_set_str(options, "elimination", "orthogonall"),
                  ", found \"orthogonall\"");
    check_refused(clile_options_set(options, "elimination", ""), "found \"\"");
    check_refused(clile_options_set(options, "elimination", "none|orthogonal"),
                  "found \"none|orthogonal\"");
    check_refused(clile_options_set(options, "elimination", "ortho"), "found \"ortho\"");
    check_refused(clile_options_set(options, "au_set", "1\n2"), "control characters");
    assert_false(clile_options_is_set(options, "au_set"));
}

static void threads_follow_the_processors(void **state)
{
    (void)state;
    int64_t threads = 0;
    assert_int_equal(CLILE_OK, clile_options_get_i64(options, "threads", &threads));
    assert_int_equal(clile_i_threads_available(), threads);
    check_refused(clile_options_set_i64(options, "threads", 0),
                  "option threads: expected an integer from 1 to 1024, found 0");
    check_refused(clile_options_set(options, "threads", "many"),
                  "expected an integer from 1 to 1024 or auto");
    assert_int_equal(CLILE_OK, clile_options_set(options, "threads", "3"));
    assert_int_equal(CLILE_OK, clile_options_get_i64(options, "threads", &threads));
    assert_int_equal(3, threads);
    assert_int_equal(CLILE_OK, clile_options_set(options, "threads", "auto"));
    assert_int_equal(CLILE_OK, clile_options_get_i64(options, "threads", &threads));
    assert_int_equal(clile_i_threads_available(), threads);
    for (int32_t i = 0; i < clile_options_count(); ++i) {
        const clile_option_info info = describe(i);
        if (strcmp(info.name, "threads") == 0) assert_string_equal("auto", info.default_value);
    }
}

static void unknown_key_names_the_nearest(void **state)
{
    (void)state;
    double real = 0;
    check_refused(clile_options_set(options, "learning-rate", "1"),
                  "option \"learning-rate\" is not known; the nearest is \"learning_rate\"");
    check_refused(clile_options_set_i64(options, "epoch", 1), "nearest is \"epochs\"");
    check_refused(clile_options_set_f64(options, "lambda_icontra", 1),
                  "nearest is \"lambda_contra\"");
    check_refused(clile_options_set_str(options, "Elimination", "none"),
                  "nearest is \"elimination\"");
    check_refused(clile_options_get_f64(options, "tua", &real), "nearest is \"tau\"");
    char long_key[500];
    memset(long_key, 'k', 499);
    long_key[499] = '\0';
    check_refused(clile_options_set(options, long_key, "1"), "is not known");
    check_refused(clile_options_set(options, NULL, "1"), "NULL");
}

static void types_are_kept_apart(void **state)
{
    (void)state;
    int64_t integer = 5;
    double real = 5;
    const char *text = "t";
    check_refused(clile_options_set_i64(options, "tau", 1),
                  "option tau is a real number and cannot be used as an integer");
    check_refused(clile_options_set_f64(options, "epochs", 1),
                  "option epochs is an integer and cannot be used as a real");
    check_refused(clile_options_set_str(options, "epochs", "1"), "as a text");
    check_refused(clile_options_set_f64(options, "method", 1), "option method is a choice");
    check_refused(clile_options_get_i64(options, "tau", &integer), "as an integer");
    check_refused(clile_options_get_f64(options, "epochs", &real), "as a real number");
    check_refused(clile_options_get_str(options, "epochs", &text), "as a text");
    check_refused(clile_options_get_i64(options, "au_set", &integer), "option au_set is a text");
    assert_true(integer == 5 && real == 5 && strcmp(text, "t") == 0);
    check_refused(clile_options_set(NULL, "tau", "1"), "options is NULL");
    check_refused(clile_options_set(options, "tau", NULL), "value is NULL");
    check_refused(clile_options_get_i64(options, "epochs", NULL), "out is NULL");
    check_refused(clile_options_create(NULL), "out is NULL");
}

static void copies_are_independent(void **state)
{
    (void)state;
    clile_options *copy = NULL, *defaults = NULL;
    const char *text = NULL;
    int64_t integer = 0;
    assert_int_equal(CLILE_OK, clile_options_set(options, "method", "bce"));
    assert_int_equal(CLILE_OK, clile_options_set(options, "batch", "5"));
    assert_int_equal(CLILE_OK, clile_options_copy(options, &copy));
    assert_int_equal(CLILE_OK, clile_options_set(options, "method", "cl-ile"));
    assert_int_equal(CLILE_OK, clile_options_set(options, "batch", "6"));
    assert_int_equal(CLILE_OK, clile_options_get_str(copy, "method", &text));
    assert_string_equal("bce", text);
    assert_int_equal(CLILE_OK, clile_options_get_i64(copy, "batch", &integer));
    assert_int_equal(5, integer);
    assert_int_equal(1, clile_options_is_set(copy, "batch"));
    assert_int_equal(0, clile_options_is_set(copy, "tau"));
    assert_int_equal(CLILE_OK, clile_options_copy(NULL, &defaults));
    assert_int_equal(0, clile_options_is_set(defaults, "batch"));
    clile_options_destroy(copy);
    clile_options_destroy(defaults);
    clile_options_destroy(NULL);
}

/* For every row of the presets: the implied value is legal, holds once its condition is set, and
 * gives way to a value set by hand. */
static void presets_imply_what_was_not_set(void **state)
{
    (void)state;
    static const char *const rows[][4] = {
#define ROW(key, value, name, implies) {key, value, name, implies},
        CLILE_I_OPTIONS_PRESETS(ROW)
#undef ROW
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
        clile_options *preset = NULL, *by_hand = NULL;
        clile_i_text in_force = {0}, expected = {0};
        assert_int_equal(CLILE_OK, clile_options_create(&preset));
        assert_int_equal(CLILE_OK, clile_options_set(preset, rows[i][0], rows[i][1]));
        assert_int_equal(CLILE_OK, clile_options_copy(preset, &by_hand));
        assert_int_equal(0, clile_options_is_set(preset, rows[i][2]));
        if (clile_options_set(by_hand, rows[i][2], rows[i][3]) != CLILE_OK)
            fail_msg("%s", clile_last_error());
        assert_int_equal(CLILE_OK, clile_i_options_to_text(preset, &in_force));
        assert_int_equal(CLILE_OK, clile_i_options_to_text(by_hand, &expected));
        assert_string_equal(expected.data, in_force.data);
        clile_options_destroy(preset);
        clile_options_destroy(by_hand);
        clile_i_text_free(&in_force);
        clile_i_text_free(&expected);
    }
    double tau = 0;
    assert_int_equal(CLILE_OK, clile_options_set_f64(options, CLILE_OPT_TAU, 0.7));
    assert_int_equal(CLILE_OK, clile_options_set(options, CLILE_OPT_PRESET, "published"));
    assert_int_equal(CLILE_OK, clile_options_get_f64(options, CLILE_OPT_TAU, &tau));
    assert_true(tau == 0.7);
}

static void describe_guards_its_caller(void **state)
{
    (void)state;
    clile_option_info info = {.struct_size = sizeof info};
    check_refused(clile_options_describe(-1, &info), "index -1 is outside [0, ");
    check_refused(clile_options_describe(clile_options_count(), &info), "is outside [0, ");
    info.struct_size = 8;
    check_refused(clile_options_describe(0, &info), "struct_size is 8");
    check_refused(clile_options_describe(0, NULL), "info is NULL");
    struct {
        clile_option_info info;
        char later[16];
    } newer = {.info = {.struct_size = sizeof newer}, .later = "cleared"};
    assert_int_equal(CLILE_OK, clile_options_describe(0, &newer.info));
    assert_string_equal("layout", newer.info.name);
    assert_string_equal("", newer.later); /* not what was on the stack */
}

static void text_round_trip_is_exact(void **state)
{
    (void)state;
    clile_i_text text = {0}, again = {0};
    clile_options *read = NULL;
    double tau = 0, before = 0;
    int64_t seed = 0;
    assert_int_equal(CLILE_OK, clile_options_set_f64(options, "tau", 0.1 + 0.2));
    assert_int_equal(CLILE_OK, clile_options_set_f64(options, "ema", 1.0 / 3));
    assert_int_equal(CLILE_OK, clile_options_set_f64(options, "learning_rate", 4.9e-324));
    assert_int_equal(CLILE_OK, clile_options_set_i64(options, "seed", 9007199254740991));
    assert_int_equal(CLILE_OK, clile_options_set_str(options, "au_set", "a=b, c"));
    assert_int_equal(CLILE_OK, clile_i_options_to_text(options, &text));
    assert_memory_equal("layout=auto\nau_set=a=b, c\nunknown=mask\n", text.data, 39);
    assert_non_null(strstr(text.data, "\ntau=0.30000000000000004\n"));
    assert_int_equal(CLILE_OK, clile_i_options_from_text(text.data, &read));
    assert_int_equal(CLILE_OK, clile_options_get_f64(read, "tau", &tau));
    assert_int_equal(CLILE_OK, clile_options_get_f64(options, "tau", &before));
    assert_memory_equal(&before, &tau, sizeof tau);
    assert_int_equal(CLILE_OK, clile_options_get_i64(read, "seed", &seed));
    assert_true(seed == 9007199254740991);
    assert_int_equal(CLILE_OK, clile_i_options_to_text(read, &again));
    assert_string_equal(text.data, again.data);
    int64_t lines = 0;
    for (const char *byte = text.data; *byte != '\0'; ++byte) lines += *byte == '\n';
    assert_int_equal(clile_options_count(), lines);
    clile_options_destroy(read);
    clile_i_text_free(&text);
    clile_i_text_free(&again);
}

static void bad_text_names_the_line(void **state)
{
    (void)state;
    clile_options *read = NULL;
    assert_int_equal(CLILE_E_FORMAT, clile_i_options_from_text("tau=1\nepoch=3\n", &read));
    assert_error_has("options, line 2: option \"epoch\" is not known");
    assert_null(read);
    assert_int_equal(CLILE_E_FORMAT, clile_i_options_from_text("tau=0", &read));
    assert_error_has("options, line 1: option tau");
    assert_int_equal(CLILE_E_FORMAT, clile_i_options_from_text("\n\ntau\n", &read));
    assert_error_has("line 3: expected key=value, found \"tau\"");
    assert_int_equal(CLILE_OK, clile_i_options_from_text("", &read));
    assert_int_equal(0, clile_options_is_set(read, "tau"));
    clile_options_destroy(read);
}

static void lack_of_memory_changes_nothing(void **state)
{
    (void)state;
    const char *text = NULL;
    assert_int_equal(CLILE_OK, clile_options_set(options, "method", "bce"));
    clile_i_alloc_fail_at(1);
    assert_int_equal(CLILE_E_OUT_OF_MEMORY, clile_options_set(options, "method", "cl-ile"));
    assert_int_equal(CLILE_OK, clile_options_get_str(options, "method", &text));
    assert_string_equal("bce", text);
    for (int k = 1; k < 20; ++k) {
        clile_options *read = NULL;
        clile_i_alloc_fail_at(k);
        const clile_status status =
            clile_i_options_from_text("method=bce\ntau=1\nau_set=1\n", &read);
        clile_i_alloc_fail_at(0);
        if (status == CLILE_OK) {
            assert_int_equal(5, k); /* line buffer, options, two texts */
            clile_options *copy = NULL;
            clile_i_alloc_fail_at(2);
            assert_int_equal(CLILE_E_OUT_OF_MEMORY, clile_options_copy(read, &copy));
            assert_null(copy);
            clile_options_destroy(read);
            return;
        }
        assert_int_equal(CLILE_E_OUT_OF_MEMORY, status);
        assert_null(read);
    }
    fail();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(table_is_sound, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_are_set_and_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(range_is_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(threads_follow_the_processors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unknown_key_names_the_nearest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(types_are_kept_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(copies_are_independent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(presets_imply_what_was_not_set, set_up, tear_down),
        cmocka_unit_test_setup_teardown(describe_guards_its_caller, set_up, tear_down),
        cmocka_unit_test_setup_teardown(text_round_trip_is_exact, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_text_names_the_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lack_of_memory_changes_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
