/* The parts of the JSON reader, on blocks of exactly the text's size, so that ASan catches any
 * read past the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/scratch.h"
#include "store/json.h"

/* The text as a JSON string; returns the status and the decoded text in `out`. */
static clile_status read_string(const char *text, size_t size, char *out)
{
    char *exact = malloc(size == 0 ? 1 : size), *strings = malloc(size == 0 ? 1 : size);
    assert_non_null(exact);
    assert_non_null(strings);
    memcpy(exact, text, size);
    clile_i_json json = {
        .path = "p", .begin = exact, .end = exact + size, .position = exact, .strings = strings};
    const char *decoded = NULL;
    const clile_status status = clile_i_json_string(&json, &decoded);
    if (status == CLILE_OK) {
        assert_int_equal(CLILE_OK, clile_i_json_finish(&json));
        strcpy(out, decoded);
    }
    free(exact);
    free(strings);
    return status;
}

static void strings_are_decoded(void **state)
{
    (void)state;
    static const struct {
        const char *text, *decoded;
    } cases[] = {
        {"\"\"", ""},
        {" \t\"a b\"\n", "a b"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"\\u0041\\u00e9\\u20AC\\uD83D\\uDE00\\uffff\"",
         "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xEF\xBF\xBF"},
        {"\"\\u007f\\u0080\\u07ff\\u0800\\udbff\\udfff\"",
         "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xF4\x8F\xBF\xBF"},
        {"\"\xC3\xA9\xF0\x9F\x98\x80\x7F\"", "\xC3\xA9\xF0\x9F\x98\x80\x7F"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        char out[64];
        assert_int_equal(CLILE_OK, read_string(cases[i].text, strlen(cases[i].text), out));
        assert_string_equal(cases[i].decoded, out);
    }
}

static void cut_strings_are_refused(void **state)
{
    (void)state;
    static const char text[] = "\"a\\u00e9\\uD83D\\uDE00\\n\xF0\x9F\x98\x80\xE2\x82\xAC\"";
    char out[64];
    assert_int_equal(CLILE_OK, read_string(text, sizeof text - 1, out));
    for (size_t size = 0; size < sizeof text - 1; ++size) {
        assert_int_equal(CLILE_E_FORMAT, read_string(text, size, out));
        assert_error_has("p: header, byte ");
    }
}

static clile_status read_size(const char *text, int64_t *out)
{
    const size_t size = strlen(text);
    char *exact = malloc(size == 0 ? 1 : size);
    assert_non_null(exact);
    memcpy(exact, text, size);
    clile_i_json json = {.path = "p", .begin = exact, .end = exact + size, .position = exact};
    clile_status status = clile_i_json_size(&json, out);
    if (status == CLILE_OK) status = clile_i_json_finish(&json);
    free(exact);
    return status;
}

static void sizes_are_plain_integers(void **state)
{
    (void)state;
    int64_t value = -1;
    assert_int_equal(CLILE_OK, read_size("0", &value));
    assert_int_equal(0, value);
    assert_int_equal(CLILE_OK, read_size(" 120 ", &value));
    assert_int_equal(120, value);
    assert_int_equal(CLILE_OK, read_size("9223372036854775807", &value));
    assert_true(value == INT64_MAX);
    static const char *const refused[] = {
        "", "-1", "+1", "01", "00", "1.5", "1e2", "9223372036854775808", "x", "\"1\""};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; ++i)
        assert_int_equal(CLILE_E_FORMAT, read_size(refused[i], &value));
}

static void punctuation(void **state)
{
    (void)state;
    static const char text[] = {' ', '{', '\r', ':', '}'};
    clile_i_json json = {.path = "p", .begin = text, .end = text + 5, .position = text};
    assert_false(clile_i_json_take(&json, '['));
    assert_true(clile_i_json_take(&json, '{'));
    assert_int_equal(CLILE_OK, clile_i_json_expect(&json, ':'));
    assert_int_equal(CLILE_E_FORMAT, clile_i_json_finish(&json));
    assert_string_equal("p: header, byte 4: expected the end of the header, found '}'",
                        clile_last_error());
    assert_int_equal(CLILE_OK, clile_i_json_expect(&json, '}'));
    assert_int_equal(CLILE_OK, clile_i_json_finish(&json));
    assert_int_equal(CLILE_E_FORMAT, clile_i_json_expect(&json, ','));
    assert_string_equal("p: header, byte 5: expected ',', found the end", clile_last_error());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_decoded),
        cmocka_unit_test(cut_strings_are_refused),
        cmocka_unit_test(sizes_are_plain_integers),
        cmocka_unit_test(punctuation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
