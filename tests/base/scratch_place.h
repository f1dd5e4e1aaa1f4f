/* The scratch folder of a test program: set_up creates it, tear_down removes it. */
#ifndef CLILE_TEST_BASE_SCRATCH_PLACE_H
#define CLILE_TEST_BASE_SCRATCH_PLACE_H

#include "base/scratch.h"

static scratch place;

static int set_up(void **state)
{
    (void)state;
    scratch_make(&place);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(&place);
    return 0;
}

#endif
