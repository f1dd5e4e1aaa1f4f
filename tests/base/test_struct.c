/* Structures with a size field, between callers and libraries of different age. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"

typedef struct { /* of the first release */
    uint32_t struct_size;
    int32_t first;
} early;

typedef struct { /* it has grown since */
    uint32_t struct_size;
    int32_t first;
    int64_t second;
} late;

static void what_is_too_small_or_never_set_is_refused(void **state)
{
    (void)state;
    const size_t least = CLILE_I_STRUCT_LEAST(early, first);
    assert_int_equal(least, 8);
    const uint32_t wrong[] = {0, 4, 7, 4097, UINT32_MAX}, fine[] = {8, 9, 16, 4096};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; ++k) {
        char text[64];
        snprintf(text, sizeof text, "f: struct_size is %u, expected 8", (unsigned)wrong[k]);
        assert_int_equal(clile_i_struct_check("f", &wrong[k], least), CLILE_E_INVALID_ARGUMENT);
        assert_non_null(strstr(clile_last_error(), text));
    }
    for (size_t k = 0; k < sizeof fine / sizeof *fine; ++k)
        assert_int_equal(clile_i_struct_check("f", &fine[k], least), CLILE_OK);
}

static void an_early_caller_is_read_and_written(void **state)
{
    (void)state;
    struct {
        early given;
        uint8_t guard[16];
    } caller;
    memset(&caller, 0x5a, sizeof caller);
    caller.given = (early){sizeof caller.given, 7};
    late ours = {1, 2, 3};
    clile_i_struct_get(&ours, sizeof ours, &caller.given);
    assert_int_equal(ours.first, 7);
    assert_int_equal(ours.second, 0);
    ours = (late){99, 8, -1};
    clile_i_struct_put(&caller.given, &ours, sizeof ours);
    assert_int_equal(caller.given.first, 8);
    assert_int_equal(caller.given.struct_size, sizeof(early));
    for (size_t k = 0; k < sizeof caller.guard; ++k) assert_int_equal(caller.guard[k], 0x5a);
}

static void a_late_caller_is_read_and_written(void **state)
{
    (void)state;
    late caller = {sizeof caller, 7, 9};
    early ours = {0, 0};
    clile_i_struct_get(&ours, sizeof ours, &caller);
    assert_int_equal(ours.first, 7);
    ours.first = 8;
    clile_i_struct_put(&caller, &ours, sizeof ours);
    assert_int_equal(caller.first, 8);
    assert_int_equal(caller.second, 0);
    assert_int_equal(caller.struct_size, sizeof caller);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_too_small_or_never_set_is_refused),
        cmocka_unit_test(an_early_caller_is_read_and_written),
        cmocka_unit_test(a_late_caller_is_read_and_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
