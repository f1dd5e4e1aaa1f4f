/* The log: where it goes, which handles keep it, and what a line looks like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"
#include "log.h"

static logged heard;

static void write_to(const clile_options *options, const char *text)
{
    clile_i_log_write(clile_i_options_log(options), CLILE_LOG_INFO, "%s", text);
}

static void options_and_copies_carry_it(void **state)
{
    (void)state;
    clile_options *options = NULL, *copy = NULL, *resumed = NULL, *stored = NULL;
    clile_i_text with = {0}, without = {0};
    assert_int_equal(CLILE_OK, clile_options_create(&options));
    write_to(options, "nobody hears it");
    write_to(NULL, "nor this");
    assert_int_equal(CLILE_OK, clile_i_options_to_text(options, &without));
    log_into(options, &heard);
    write_to(options, "one");
    assert_int_equal(CLILE_OK, clile_options_copy(options, &copy));
    write_to(copy, "two");

    /* Neither stored nor compared: options that are read back keep the log they have. */
    assert_int_equal(CLILE_OK, clile_i_options_to_text(options, &with));
    assert_string_equal(without.data, with.data);
    assert_int_equal(CLILE_OK, clile_i_options_from_text(with.data, &stored));
    write_to(stored, "nobody hears it");
    assert_int_equal(CLILE_OK, clile_i_options_resume(options, stored, &resumed));
    write_to(resumed, "three");

    assert_int_equal(CLILE_OK, clile_options_set_log(options, NULL, &heard));
    write_to(options, "nothing after NULL");
    write_to(copy, "four"); /* the copy keeps the log it was made with */
    assert_int_equal(heard.count, 4);
    assert_string_equal(heard.text[0], "one");
    assert_string_equal(heard.text[1], "two");
    assert_string_equal(heard.text[2], "three");
    assert_string_equal(heard.text[3], "four");
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_options_set_log(NULL, keep_line, NULL));
    clile_i_text_free(&with);
    clile_i_text_free(&without);
    clile_options_destroy(options);
    clile_options_destroy(copy);
    clile_options_destroy(stored);
    clile_options_destroy(resumed);
}

static void levels_are_in_order(void **state)
{
    (void)state;
    assert_true(CLILE_LOG_DEBUG < CLILE_LOG_INFO && CLILE_LOG_INFO < CLILE_LOG_WARNING &&
                CLILE_LOG_WARNING < CLILE_LOG_ERROR);
}

/* Control characters, bytes that are not UTF-8, and more text than fits. */
static void a_line_is_a_line(void **state)
{
    static char longer[5000];
    const clile_i_log log = {keep_line, &heard};
    (void)state;
    memset(&heard, 0, sizeof heard);
    heard.thread = pthread_self();
    clile_i_log_write(log, CLILE_LOG_INFO, "%s", "a\nb\x1b c\xff \xc3\xa9");
    assert_string_equal(heard.text[0], "a\xEF\xBF\xBD"
                                       "b\xEF\xBF\xBD c\xEF\xBF\xBD \xc3\xa9");
    for (size_t i = 0; i + 2 < sizeof longer; i += 2) memcpy(longer + i, "\xc3\xa9", 2);
    clile_i_log_write(log, CLILE_LOG_INFO, "x%s", longer);
    assert_int_equal(strlen(heard.text[1]) % 2, 1); /* no half character */
    assert_true(strlen(heard.text[1]) > 2000);
    clile_i_log_write(log, CLILE_LOG_INFO, "%s", "");
    assert_string_equal(heard.text[2], "");
}

static void fail_inside(int32_t level, const char *text, void *user)
{
    (void)level;
    (void)user;
    clile_i_fail(CLILE_E_IO, "inside: %s", text);
}

static void the_error_text_is_kept(void **state)
{
    (void)state;
    char longest[1100];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    const clile_i_log log = {fail_inside, NULL};
    const char *const texts[] = {"100 %s of the caller's", "", longest};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; ++i) {
        char before[2048];
        clile_i_fail(CLILE_E_FORMAT, "%s", texts[i]);
        snprintf(before, sizeof before, "%s", clile_last_error());
        clile_i_log_write(log, CLILE_LOG_ERROR, "%s", clile_last_error());
        assert_string_equal(before, clile_last_error());
    }
}

static void a_smaller_team_is_told_once(void **state)
{
    const clile_i_log log = {keep_line, &heard};
    int32_t told = 0;
    (void)state;
    memset(&heard, 0, sizeof heard);
    heard.thread = pthread_self();
    clile_i_log_team(log, 4, (clile_i_team){.given = 4}, &told);
    assert_int_equal(heard.count, 0);
    for (int i = 0; i < 3; ++i) clile_i_log_team(log, 4, (clile_i_team){.given = 2}, &told);
    assert_int_equal(heard.count, 1);
    assert_logged(&heard, CLILE_LOG_WARNING, "OpenMP provides 2 of the 4 requested threads");
    clile_i_log_team(log, 4, (clile_i_team){.given = 1}, &told);
    clile_i_log_team(log, 4, (clile_i_team){.given = 4}, &told);
    clile_i_log_team(log, 4, (clile_i_team){.given = 1}, &told);
    assert_int_equal(heard.count, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_copies_carry_it),
        cmocka_unit_test(levels_are_in_order),
        cmocka_unit_test(a_line_is_a_line),
        cmocka_unit_test(the_error_text_is_kept),
        cmocka_unit_test(a_smaller_team_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
