#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"

#include <clile/au.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>

static void version_is_the_projects(void **state)
{
    (void)state;
    int major = -1, minor = -1, patch = -1;
    char rest = 0;
    assert_int_equal(CLILE_ABI_VERSION, clile_abi_version());
    assert_int_equal(3, sscanf(clile_version(), "%d.%d.%d%c", &major, &minor, &patch, &rest));
    assert_int_equal(CLILE_VERSION_MAJOR, major);
    assert_int_equal(CLILE_VERSION_MINOR, minor);
    assert_int_equal(CLILE_VERSION_PATCH, patch);
    assert_int_equal(CLILE_VERSION_NUMBER, (major * 100 + minor) * 100 + patch);
    assert_int_equal(CLILE_VERSION_NUMBER, clile_version_number());
}

static void action_units_have_their_names(void **state)
{
    (void)state;
    static const int32_t more[] = {38, 39, 43, 45, 46};
    static const int32_t unknown[] = {INT32_MIN, -1, 0, 3, 40, 47, 1000, INT32_MAX};
    /* FACS has no 3 */
    for (int32_t au = 1; au <= 28; ++au) assert_true((clile_au_name(au) != NULL) == (au != 3));
    for (size_t i = 0; i < sizeof more / sizeof more[0]; ++i)
        assert_non_null(clile_au_name(more[i]));
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; ++i)
        assert_null(clile_au_name(unknown[i]));
    assert_string_equal("Lid tightener", clile_au_name(7));
    assert_string_equal("Lip corner puller", clile_au_name(12));
    assert_string_equal("Wink", clile_au_name(46));
}

static void status_numbers_and_names_are_pinned(void **state)
{
    (void)state;
    static const char *const names[] = {"CLILE_OK",
                                        "CLILE_E_INVALID_ARGUMENT",
                                        "CLILE_E_OUT_OF_MEMORY",
                                        "CLILE_E_IO",
                                        "CLILE_E_FORMAT",
                                        "CLILE_E_CORRUPT",
                                        "CLILE_E_UNSUPPORTED",
                                        "CLILE_E_STATE",
                                        "CLILE_E_CANCELLED",
                                        "CLILE_E_NOT_FINITE",
                                        "CLILE_E_BACKEND",
                                        "CLILE_E_INTERNAL"};
    for (int i = 0; i < 12; ++i) assert_string_equal(names[i], clile_status_name(-i));
    assert_string_equal("CLILE_E_UNKNOWN", clile_status_name(-12));
    assert_string_equal("CLILE_E_UNKNOWN", clile_status_name(1));
    assert_int_equal(-11, CLILE_E_INTERNAL);
}

static void text_says_what_failed(void **state)
{
    (void)state;
    assert_string_equal("", clile_last_error());
    assert_int_equal(CLILE_E_FORMAT, clile_i_fail(CLILE_E_FORMAT, "row %d: %s", 12, "23 columns"));
    assert_string_equal("row 12: 23 columns", clile_last_error());
    assert_int_equal(CLILE_E_IO, clile_i_fail_context(CLILE_E_IO, "file %s", "a.csv"));
    assert_string_equal("file a.csv: row 12: 23 columns", clile_last_error());
    assert_int_equal(CLILE_E_FORMAT, clile_i_fail(CLILE_E_FORMAT, "again: %s", clile_last_error()));
    assert_string_equal("again: file a.csv: row 12: 23 columns", clile_last_error());
    assert_int_equal(CLILE_E_IO, clile_i_fail_system(ENOENT, "x"));
    assert_string_equal("x: No such file or directory", clile_last_error());
}

static void long_text_is_cut(void **state)
{
    (void)state;
    char long_text[5000];
    memset(long_text, 'a', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    clile_i_fail(CLILE_E_IO, "%s", long_text);
    assert_int_equal(1023, strlen(clile_last_error()));
    clile_i_fail_context(CLILE_E_IO, "b");
    assert_int_equal(1023, strlen(clile_last_error()));
    assert_memory_equal("b: aaa", clile_last_error(), 6);
    clile_i_fail_context(CLILE_E_IO, "%s", long_text);
    assert_int_equal(1023, strlen(clile_last_error()));
    clile_i_fail_system(ENOENT, "%s", long_text);
    assert_int_equal(1023, strlen(clile_last_error()));
}

static void *fail_in_thread(void *argument)
{
    *(int *)argument = strcmp(clile_last_error(), "") == 0;
    clile_i_fail(CLILE_E_IO, "of the other thread");
    return NULL;
}

static void text_belongs_to_the_thread(void **state)
{
    (void)state;
    pthread_t thread;
    int was_empty = 0;
    clile_i_fail(CLILE_E_IO, "of this thread");
    assert_int_equal(0, pthread_create(&thread, NULL, fail_in_thread, &was_empty));
    assert_int_equal(0, pthread_join(thread, NULL));
    assert_true(was_empty);
    assert_string_equal("of this thread", clile_last_error());
}

static clile_status takes_pointer(const void *pointer)
{
    CLILE_I_CHECK_NOT_NULL(pointer);
    return CLILE_OK;
}

static void null_check_names_function_and_argument(void **state)
{
    (void)state;
    assert_int_equal(CLILE_OK, takes_pointer(""));
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, takes_pointer(NULL));
    assert_string_equal("takes_pointer: pointer is NULL", clile_last_error());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_is_the_projects),
        cmocka_unit_test(action_units_have_their_names),
        cmocka_unit_test(status_numbers_and_names_are_pinned),
        cmocka_unit_test(text_says_what_failed),
        cmocka_unit_test(long_text_is_cut),
        cmocka_unit_test(text_belongs_to_the_thread),
        cmocka_unit_test(null_check_names_function_and_argument),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
