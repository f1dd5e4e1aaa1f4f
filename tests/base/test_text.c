#define _DEFAULT_SOURCE /* mkdtemp */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"
#include "comma.h"
#include "scratch.h"

#include <float.h>
#include <math.h>

static void text_grows(void **state)
{
    (void)state;
    clile_i_text text = {0};
    for (int i = 0; i < 1000; ++i) clile_i_text_append(&text, "%d,", i % 10);
    assert_int_equal(CLILE_OK, text.status);
    assert_int_equal(2000, text.size);
    assert_int_equal(2000, strlen(text.data));
    assert_memory_equal("0,1,2,3,4,5,6,7,8,9,0,", text.data, 22);
    assert_string_equal("8,9,", text.data + 1996);
    char piece[3001];
    memset(piece, 'x', 3000);
    piece[3000] = '\0';
    clile_i_text_append(&text, "%s%s", piece, "end");
    assert_int_equal(5003, strlen(text.data));
    assert_string_equal("xend", text.data + 4999);
    clile_i_text_free(&text);
    assert_null(text.data);
}

static void failed_text_stays_failed(void **state)
{
    (void)state;
    clile_i_text text = {0};
    clile_i_alloc_fail_at(1);
    clile_i_text_append(&text, "a");
    clile_i_text_append(&text, "b");
    assert_int_equal(CLILE_E_OUT_OF_MEMORY, text.status);
    assert_int_equal(0, text.size);
    clile_i_text_free(&text);
}

static void json_is_escaped(void **state)
{
    (void)state;
    clile_i_text text = {0};
    clile_i_text_append_json(&text, "a\"b\\c\n\t\x01/\xC3\xA9\xF0\x9F\x98\x80");
    assert_string_equal("\"a\\\"b\\\\c\\n\\t\\u0001/\xC3\xA9\xF0\x9F\x98\x80\"", text.data);
    clile_i_text_free(&text);
    clile_i_text_append_json(&text, "a\xFF\xC3");
    assert_string_equal("\"a\xEF\xBF\xBD\xEF\xBF\xBD\"", text.data);
    clile_i_text_free(&text);
}

static int utf8_length(const char *text)
{
    return clile_i_utf8_length(text, text + strlen(text));
}

static void utf8_is_strict(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        int length;
    } cases[] = {
        {"", 0},
        {"a", 1},
        {"\x7F", 1},
        {"\xC2\x80", 2},
        {"\xDF\xBF", 2},
        {"\xC1\xBF", 0},
        {"\x80", 0},
        {"\xC2", 0},
        {"\xE0\x9F\xBF", 0},
        {"\xE0\xA0\x80", 3},
        {"\xED\x9F\xBF", 3},
        {"\xED\xA0\x80", 0},
        {"\xF0\x8F\xBF\xBF", 0},
        {"\xF0\x90\x80\x80", 4},
        {"\xF4\x8F\xBF\xBF", 4},
        {"\xF4\x90\x80\x80", 0},
        {"\xF5\x80\x80\x80", 0},
        {"\xE2\x82", 0},
        {"\xE2\x82z", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i)
        assert_int_equal(cases[i].length, utf8_length(cases[i].bytes));
}

static int parse_f64(const char *text, double *out)
{
    return clile_i_parse_f64(text, text + strlen(text), out);
}

static void reals_are_read_exactly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"0", 0},
        {"-0.5", -0.5},
        {"+1", 1},
        {".5", 0.5},
        {"5.", 5},
        {"1e-3", 0.001},
        {"1E+3", 1000},
        {"0.1", 0.1},
        {"123456789012345678901234567890", 123456789012345678901234567890.0},
        {"2.2250738585072014e-308", DBL_MIN},
        {"1.7976931348623157e308", DBL_MAX},
        {"4.9e-324", 0x1p-1074},
        {"1e-400", 0},
        {"9007199254740993", 9007199254740992.0},
        {"0.30000000000000004", 0.1 + 0.2},
        {"1e22", 1e22},
        {"1e23", 1e23},
        {"0000001.50", 1.5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        double value = NAN;
        if (!parse_f64(cases[i].text, &value)) fail_msg("%s was refused", cases[i].text);
        if (memcmp(&value, &cases[i].value, sizeof value) != 0)
            fail_msg("%s gave %a", cases[i].text, value);
    }
}

static void all_doubles_come_back(void **state)
{
    (void)state;
    clile_i_rng rng = clile_i_rng_make(1, 2);
    for (int i = 0; i < 20000; ++i) {
        uint64_t bits = (uint64_t)clile_i_rng_u32(&rng) << 32 | clile_i_rng_u32(&rng);
        double value = 0, read = 0;
        memcpy(&value, &bits, 8);
        if (!isfinite(value)) continue;
        char text[64];
        snprintf(text, sizeof text, i % 2 ? "%.17g" : "%.17e", value);
        assert_true(parse_f64(text, &read));
        assert_memory_equal(&value, &read, 8);
        const double plain = ldexp((double)(bits >> 12), -40);
        snprintf(text, sizeof text, "%.17g", plain);
        assert_true(parse_f64(text, &read));
        assert_memory_equal(&plain, &read, 8);
    }
}

static void what_is_no_real_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {"",    "-",    ".",     "e5",  "1e",
                                        "1e+", "1.5x", " 1",    "1 ",  "0x10",
                                        "nan", "inf",  "1e400", "1,5", "1.2.3",
                                        "--1", "1e5.", "-inf",  "NaN", "1e99999999999999999999"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        double value = 7;
        if (parse_f64(cases[i], &value)) fail_msg("\"%s\" was read as %g", cases[i], value);
        assert_true(value == 7);
    }
    double value = 0;
    const char *text = "1234";
    assert_true(clile_i_parse_f64(text, text + 2, &value)); /* exactly the bytes given */
    assert_true(value == 12);
}

static int parse_i64(const char *text, int64_t *out)
{
    return clile_i_parse_i64(text, text + strlen(text), out);
}

static void integers_are_read_in_their_range(void **state)
{
    (void)state;
    int64_t value = 0;
    assert_true(parse_i64("9223372036854775807", &value) && value == INT64_MAX);
    assert_true(parse_i64("-9223372036854775808", &value) && value == INT64_MIN);
    assert_true(parse_i64("-0", &value) && value == 0);
    assert_true(parse_i64("+12", &value) && value == 12);
    assert_true(parse_i64("007", &value) && value == 7);
    value = 5;
    static const char *const refused[] = {"9223372036854775808",
                                          "-9223372036854775809",
                                          "99999999999999999999",
                                          "",
                                          "-",
                                          "1.0",
                                          "1e3",
                                          " 1",
                                          "1 ",
                                          "0x1",
                                          "--1"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; ++i)
        assert_false(parse_i64(refused[i], &value));
    assert_int_equal(5, value);
}

static void numbers_ignore_the_locale(void **state)
{
    (void)state;
    if (!comma_locale()) skip();
    char probe[8];
    snprintf(probe, sizeof probe, "%.1f", 0.5);
    clile_i_text text = {0};
    double fast = 0, slow = 0;
    clile_i_text_append(&text, "%.2f", 1.25);
    const int read = parse_f64("0.5", &fast) && parse_f64("1.5e-30", &slow);
    char still[8];
    snprintf(still, sizeof still, "%.1f", 0.5);
    setlocale(LC_ALL, "C");
    assert_string_equal("0,5", probe);
    assert_string_equal("0,5", still); /* the program's locale is unchanged */
    assert_string_equal("1.25", text.data);
    assert_true(read && fast == 0.5 && slow == 1.5e-30);
    clile_i_text_free(&text);
}

static void lines_of_all_kinds(void **state)
{
    (void)state;
    static const char data[] = "\xEF\xBB\xBFone\r\ntwo\n\n\rx\nlast";
    static const char *const expected[] = {"one", "two", "", "", "x", "last"};
    clile_i_lines lines = {.data = data, .size = sizeof data - 1};
    const char *begin = NULL, *end = NULL;
    for (int i = 0; i < 6; ++i) {
        assert_true(clile_i_lines_next(&lines, &begin, &end));
        assert_int_equal(i + 1, lines.line);
        assert_int_equal(strlen(expected[i]), end - begin);
        assert_memory_equal(expected[i], begin, (size_t)(end - begin));
    }
    assert_false(clile_i_lines_next(&lines, &begin, &end));
    clile_i_lines empty = {.data = "", .size = 0};
    assert_false(clile_i_lines_next(&empty, &begin, &end));
    clile_i_lines closed = {.data = "a\n", .size = 2};
    assert_true(clile_i_lines_next(&closed, &begin, &end));
    assert_false(clile_i_lines_next(&closed, &begin, &end));
}

static void check_csv(const char *line, int64_t count, const char *const *fields)
{
    const char *begin[8], *end[8];
    assert_int_equal(count, clile_i_csv_split(line, line + strlen(line), 8, begin, end));
    for (int64_t i = 0; i < count; ++i) {
        assert_int_equal(strlen(fields[i]), end[i] - begin[i]);
        assert_memory_equal(fields[i], begin[i], (size_t)(end[i] - begin[i]));
    }
}

static void csv_fields(void **state)
{
    (void)state;
    check_csv("1, 2 ,\t3", 3, (const char *const[]){"1", "2", "3"});
    check_csv("", 1, (const char *const[]){""});
    check_csv(",", 2, (const char *const[]){"", ""});
    check_csv("a,\"b,c\",d", 3, (const char *const[]){"a", "b,c", "d"});
    check_csv("\"a\"\"b,\",c", 2, (const char *const[]){"a\"\"b,", "c"});
    check_csv("a\"b,c", 2, (const char *const[]){"a\"b", "c"});
    check_csv("\"open,x", 1, (const char *const[]){"\"open,x"});
    check_csv("\"\",\"", 2, (const char *const[]){"", "\""});
    const char *begin[1], *end[1];
    const char *line = "a,b,c";
    assert_int_equal(3, clile_i_csv_split(line, line + 5, 1, begin, end));
    assert_int_equal(3, clile_i_csv_split(line, line + 5, 0, NULL, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows),
        cmocka_unit_test(failed_text_stays_failed),
        cmocka_unit_test(json_is_escaped),
        cmocka_unit_test(utf8_is_strict),
        cmocka_unit_test(reals_are_read_exactly),
        cmocka_unit_test(all_doubles_come_back),
        cmocka_unit_test(what_is_no_real_is_refused),
        cmocka_unit_test(integers_are_read_in_their_range),
        cmocka_unit_test(numbers_ignore_the_locale),
        cmocka_unit_test(lines_of_all_kinds),
        cmocka_unit_test(csv_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
