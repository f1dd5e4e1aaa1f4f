/* Options for a test program: set_up creates them, tear_down destroys them. */
#ifndef CLILE_TEST_BASE_FRESH_OPTIONS_H
#define CLILE_TEST_BASE_FRESH_OPTIONS_H

#include <clile/options.h>

static clile_options *options;

static int set_up(void **state)
{
    (void)state;
    return clile_options_create(&options) == CLILE_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    clile_options_destroy(options);
    options = NULL;
    return 0;
}

static clile_option_info describe(int32_t index)
{
    clile_option_info info = {.struct_size = sizeof info};
    assert_int_equal(CLILE_OK, clile_options_describe(index, &info));
    return info;
}

#endif
