/* The limits of the options' contract: both ends of every number and the next values outside,
 * every choice, texts that are almost a number, texts of any length, and structures of other
 * sizes. The values come from the table of options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"
#include "base/fresh_options.h"
#include "base/scratch.h"

#include <clile/options.h>

#include <math.h>

/* Refused with INVALID_ARGUMENT and a message that names the option, which keeps its value. */
static void refused(clile_status status, const char *name, const char *value)
{
    char start[64];
    snprintf(start, sizeof start, "option %s", name);
    if (status != CLILE_E_INVALID_ARGUMENT ||
        strncmp(clile_last_error(), start, strlen(start)) != 0)
        fail_msg("%s=%s: %s, \"%s\"", name, value, clile_status_name(status), clile_last_error());
}

static void integer_is(const char *name, int64_t expected)
{
    int64_t value = -1;
    assert_int_equal(CLILE_OK, clile_options_get_i64(options, name, &value));
    if (value != expected)
        fail_msg("%s is %lld, expected %lld", name, (long long)value, (long long)expected);
}

static void integer_ends(const clile_option_info *row)
{
    const int64_t least = (int64_t)row->minimum, most = (int64_t)row->maximum;
    char text[64];
    assert_int_equal(CLILE_OK, clile_options_set_i64(options, row->name, least));
    integer_is(row->name, least);
    refused(clile_options_set_i64(options, row->name, least - 1), row->name, "one below");
    refused(clile_options_set_i64(options, row->name, INT64_MIN), row->name, "INT64_MIN");
    integer_is(row->name, least);
    snprintf(text, sizeof text, "%lld", (long long)most);
    assert_int_equal(CLILE_OK, clile_options_set(options, row->name, text));
    integer_is(row->name, most);
    snprintf(text, sizeof text, "%lld", (long long)most + 1);
    refused(clile_options_set(options, row->name, text), row->name, text);
    refused(clile_options_set_i64(options, row->name, INT64_MAX), row->name, "INT64_MAX");
    static const char *const none[] = {"",
                                       " ",
                                       "1 ",
                                       " 1",
                                       "\t1",
                                       "1e1",
                                       "1.0",
                                       "0x10",
                                       "--1",
                                       "+",
                                       "-",
                                       "1,0",
                                       "1_0",
                                       "nan",
                                       "inf",
                                       "1\n",
                                       "9223372036854775808",
                                       "99999999999999999999999999",
                                       "one",
                                       "\xff",
                                       "1\xc2\xa0"};
    for (size_t i = 0; i < sizeof none / sizeof *none; ++i)
        refused(clile_options_set(options, row->name, none[i]), row->name, none[i]);
    refused(clile_options_set_f64(options, row->name, row->minimum), row->name, "a real number");
    refused(clile_options_set_str(options, row->name, "1"), row->name, "a text");
    integer_is(row->name, most);
}

static void real_is(const char *name, double expected)
{
    double value = -1;
    assert_int_equal(CLILE_OK, clile_options_get_f64(options, name, &value));
    if (!(value == expected)) fail_msg("%s is %.17g, expected %.17g", name, value, expected);
}

static void real_ends(const clile_option_info *row)
{
    char text[64];
    assert_int_equal(CLILE_OK, clile_options_set_f64(options, row->name, row->minimum));
    real_is(row->name, row->minimum);
    refused(clile_options_set_f64(options, row->name, nextafter(row->minimum, -INFINITY)),
            row->name, "just below");
    real_is(row->name, row->minimum);
    snprintf(text, sizeof text, "%.17g", row->maximum);
    assert_int_equal(CLILE_OK, clile_options_set(options, row->name, text));
    real_is(row->name, row->maximum);
    refused(clile_options_set_f64(options, row->name, nextafter(row->maximum, INFINITY)), row->name,
            "just above");
    refused(clile_options_set_f64(options, row->name, (double)NAN), row->name, "NaN");
    refused(clile_options_set_f64(options, row->name, (double)INFINITY), row->name, "infinity");
    refused(clile_options_set_f64(options, row->name, (double)-INFINITY), row->name, "-infinity");
    static const char *const none[] = {"",    " ",    "0.1 ",  " 0.1",  "0,1", "nan",
                                       "inf", "-inf", "1e999", "0x1",   "e1",  ".",
                                       "1e",  "1e+",  "+",     "0.1.1", "1d0", "0.1\n"};
    for (size_t i = 0; i < sizeof none / sizeof *none; ++i)
        refused(clile_options_set(options, row->name, none[i]), row->name, none[i]);
    refused(clile_options_set_i64(options, row->name, 1), row->name, "an integer");
    refused(clile_options_set_str(options, row->name, "1"), row->name, "a text");
    real_is(row->name, row->maximum);
}

static void text_is(const char *name, const char *expected)
{
    const char *value = NULL;
    assert_int_equal(CLILE_OK, clile_options_get_str(options, name, &value));
    assert_string_equal(value, expected);
}

static void choices(const clile_option_info *row)
{
    char all[256], wrong[300], *rest = all, *choice;
    snprintf(all, sizeof all, "%s", row->choices);
    while ((choice = strtok_r(rest, "|", &rest)) != NULL) {
        assert_int_equal(CLILE_OK, clile_options_set(options, row->name, choice));
        text_is(row->name, choice);
        assert_int_equal(CLILE_OK, clile_options_set_str(options, row->name, choice));
        snprintf(wrong, sizeof wrong, "%sx", choice);
        refused(clile_options_set(options, row->name, wrong), row->name, wrong);
        snprintf(wrong, sizeof wrong, " %s", choice);
        refused(clile_options_set(options, row->name, wrong), row->name, wrong);
        snprintf(wrong, sizeof wrong, "%s ", choice);
        refused(clile_options_set(options, row->name, wrong), row->name, wrong);
        snprintf(wrong, sizeof wrong, "%s|", choice);
        refused(clile_options_set(options, row->name, wrong), row->name, wrong);
        text_is(row->name, choice);
    }
    refused(clile_options_set(options, row->name, ""), row->name, "");
    refused(clile_options_set_i64(options, row->name, 0), row->name, "an integer");
    refused(clile_options_set_f64(options, row->name, 0), row->name, "a real number");
}

static void both_ends_of_every_option(void **state)
{
    int32_t kinds[4] = {0};
    (void)state;
    for (int32_t i = 0; i < clile_options_count(); ++i) {
        const clile_option_info row = describe(i);
        kinds[row.type] += 1;
        if (row.type == CLILE_OPTION_INTEGER) integer_ends(&row);
        if (row.type == CLILE_OPTION_REAL) real_ends(&row);
        if (row.type == CLILE_OPTION_CHOICE) choices(&row);
    }
    for (int k = 0; k < 4; ++k) assert_true(kinds[k] > 0);
}

/* A text may have any length and any bytes but control characters; an unknown key is refused,
 * however long it is. */
static void long_and_strange_texts(void **state)
{
    enum { LONG = 1 << 16 };
    static char text[LONG + 1];
    (void)state;
    memset(text, 'a', LONG);
    assert_int_equal(CLILE_OK, clile_options_set(options, CLILE_OPT_AU_SET, text));
    text_is(CLILE_OPT_AU_SET, text);
    refused(clile_options_set(options, CLILE_OPT_LAYOUT, text), CLILE_OPT_LAYOUT, "64 KiB");
    refused(clile_options_set(options, CLILE_OPT_EPOCHS, text), CLILE_OPT_EPOCHS, "64 KiB");
    refused(clile_options_set(options, CLILE_OPT_TAU, text), CLILE_OPT_TAU, "64 KiB");
    memset(text, '9', LONG);
    refused(clile_options_set(options, CLILE_OPT_EPOCHS, text), CLILE_OPT_EPOCHS, "64 Ki digits");
    refused(clile_options_set(options, CLILE_OPT_TAU, text), CLILE_OPT_TAU, "64 Ki digits");
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_options_set(options, text, "1"));
    assert_error_has("is not known");
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_options_set(options, "", "1"));
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_options_set(options, "epochs ", "1"));
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_options_set(options, "Epochs", "1"));
    assert_error_has("the nearest is \"epochs\"");
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_options_set(options, "ep\xffochs\n", "1"));
    for (char byte = 1; byte < 0x20; ++byte) {
        const char one[] = {'1', byte, '2', '\0'};
        refused(clile_options_set_str(options, CLILE_OPT_AU_SET, one), CLILE_OPT_AU_SET,
                "a control character");
    }
    assert_int_equal(CLILE_OK, clile_options_set_str(options, CLILE_OPT_AU_SET, "\xff\xfe"));
    text_is(CLILE_OPT_AU_SET, "\xff\xfe");
    assert_int_equal(CLILE_OK, clile_options_set_str(options, CLILE_OPT_AU_SET, ""));
    text_is(CLILE_OPT_AU_SET, "");
}

/* Rows of the table by index and by the size of the caller's structure: the extra fields of a
 * larger one are 0. */
static void rows_by_index_and_size(void **state)
{
    struct {
        clile_option_info info;
        uint8_t more[16];
    } later;
    clile_option_info info = {.struct_size = sizeof info};
    const int32_t count = clile_options_count();
    const uint32_t least = (uint32_t)(offsetof(clile_option_info, help) + sizeof info.help);
    (void)state;
    const int32_t outside[] = {-1, INT32_MIN, count, INT32_MAX};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; ++i) {
        assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_options_describe(outside[i], &info));
        assert_error_has("is outside [0, ");
    }
    const uint32_t sizes[] = {0, 1, 4, least - 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
        info.struct_size = sizes[i];
        assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_options_describe(0, &info));
        assert_error_has("struct_size is");
    }
    memset(&later, 0x5a, sizeof later);
    later.info.struct_size = sizeof later;
    assert_int_equal(CLILE_OK, clile_options_describe(count - 1, &later.info));
    assert_string_equal(later.info.name, describe(count - 1).name);
    for (size_t i = 0; i < sizeof later.more; ++i) assert_int_equal(later.more[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_ends_of_every_option, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_and_strange_texts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_by_index_and_size, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
