/* Names from data: whatever they are, CSV gives them back and no cell is a formula; HTML, Markdown
 * and LaTeX have none of their own signs left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"

typedef void (*append)(clile_i_text *text, const char *value);

static void expect(append to, const char *name, const char *wanted)
{
    clile_i_text text = {0};
    to(&text, name);
    assert_int_equal(text.status, CLILE_OK);
    assert_string_equal(text.data != NULL ? text.data : "", wanted);
    clile_i_text_free(&text);
}

static void test_known(void **state)
{
    (void)state;
    static const char *const csv[][2] = {
        {"a.png", "a.png"},
        {"", ""},
        {"a,b", "\"a,b\""},
        {"a\"b", "\"a\"\"b\""},
        {"=1+1", "'=1+1"},
        {"@x", "'@x"},
        {"-x", "'-x"},
        {"+x", "'+x"},
        {"-2", "-2"},
        {"+1.5", "+1.5"},
        {"-1e-3", "-1e-3"},
        {"-1-1", "'-1-1"},
        {"'=x", "''=x"},
        {"'x", "'x"},
        {"''=x", "'''=x"},
        {" =1", "\" =1\""},
        {"\t=1", "\"'\t=1\""},
        {"a ", "\"a \""},
        {"\r", "\"'\r\""},
        {"a\nb", "\"a\nb\""},
        {"=a,\"b", "\"'=a,\"\"b\""},
        {"a;b", "\"a;b\""},
        {"\xC3\xA9", "\xC3\xA9"},
        {"\xFF", "\xFF"},
    };
    for (size_t k = 0; k < sizeof csv / sizeof csv[0]; ++k)
        expect(clile_i_text_append_csv, csv[k][0], csv[k][1]);
    expect(clile_i_text_append_html,
           "a\xC2\x85"
           "b\xEF\xBF\xBE\xC2\xA0",
           "a\xEF\xBF\xBD"
           "b\xEF\xBF\xBD\xC2\xA0"); /* C1, U+FFFE; U+00A0 is text */
    expect(clile_i_text_append_html, "<a href=\"x\">'&\n\x01\xFF\xC3\xA9",
           "&lt;a href=&quot;x&quot;&gt;&#39;&amp; \xEF\xBF\xBD\xEF\xBF\xBD\xC3\xA9");
    expect(clile_i_text_append_md, "a_b|*c*<d>&e;", "a\\_b\\|\\*c\\*\\<d\\>\\&e;");
    expect(clile_i_text_append_tex, "a_b%\\{}~^$#&<",
           "a\\_b\\%\\textbackslash{}\\{\\}\\textasciitilde{}\\textasciicircum{}\\$\\#\\&"
           "\\textless{}");
}

static void check_csv(const char *name)
{
    const char *begin = NULL, *end = NULL;
    char plain[64] = "";
    size_t size = 0;
    double number = 0.0;
    clile_i_text text = {0};
    clile_i_text_append_csv(&text, name);
    assert_int_equal(text.status, CLILE_OK);
    const char *written = text.data != NULL ? text.data : "";
    assert_int_equal(clile_i_csv_split(written, written + strlen(written), 1, &begin, &end), 1);
    for (const char *at = begin; at < end; ++at) {
        plain[size++] = *at;
        if (*at == '"') assert_true(*++at == '"'); /* doubled */
    }
    if (size > 0 && strchr("=+-@\t\r", plain[0]) != NULL && strcmp(plain, "-") != 0)
        assert_true(clile_i_parse_f64(plain, plain + size, &number));
    const char *back = clile_i_csv_name(plain, plain + size);
    assert_int_equal(plain + size - back, strlen(name));
    assert_memory_equal(back, name, strlen(name));
    clile_i_text_free(&text);
}

/* None of these is left but as the escape itself writes it. */
static void check_html(const char *name)
{
    clile_i_text text = {0};
    clile_i_text_append_html(&text, name);
    assert_int_equal(text.status, CLILE_OK);
    const char *at = text.data != NULL ? text.data : "", *end = at + strlen(at);
    while (at < end) {
        const int length = clile_i_utf8_length(at, end);
        assert_true(length > 0);
        assert_true((unsigned char)*at >= 0x20 && strchr("<>\"'", *at) == NULL);
        if (*at == '&')
            assert_true(strncmp(at, "&amp;", 5) == 0 || strncmp(at, "&lt;", 4) == 0 ||
                        strncmp(at, "&gt;", 4) == 0 || strncmp(at, "&quot;", 6) == 0 ||
                        strncmp(at, "&#39;", 5) == 0);
        at += length;
    }
    clile_i_text_free(&text);
}

/* Braces are balanced, and each special sign has its backslash. */
static void check_tex(const char *name)
{
    clile_i_text text = {0};
    int depth = 0;
    clile_i_text_append_tex(&text, name);
    assert_int_equal(text.status, CLILE_OK);
    for (const char *at = text.data != NULL ? text.data : ""; *at != '\0'; ++at) {
        if (*at == '\\' && strchr("{}#$%&_", at[1]) != NULL && at[1] != '\0') {
            ++at;
            continue;
        }
        assert_null(strchr("#$%&_~^<>|", *at));
        depth += (*at == '{') - (*at == '}');
        assert_true(depth == 0 || depth == 1);
    }
    assert_int_equal(depth, 0);
    clile_i_text_free(&text);
}

static void test_any_name(void **state)
{
    static const char signs[] = "=+-@\t\r\n\"',; 0123.eaz<>&\\{}_%$#~^|\x01\xC3\xA9\xFF";
    clile_i_rng rng = clile_i_rng_make(18, 4);
    (void)state;
    for (int k = 0; k < 200000; ++k) {
        char name[16] = "";
        const int64_t size = clile_i_rng_below(&rng, 9);
        for (int64_t i = 0; i < size; ++i)
            name[i] = signs[clile_i_rng_below(&rng, (int64_t)sizeof signs - 1)];
        check_csv(name);
        check_html(name);
        check_tex(name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known),
                                       cmocka_unit_test(test_any_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
