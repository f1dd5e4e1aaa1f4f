/* Assertions for the tests of metrics; include after cmocka.h. */
#ifndef EVAL_TEST_H
#define EVAL_TEST_H

#include <clile/status.h>

#include <math.h>
#include <string.h>

/* NaN only where NaN is expected. */
static inline void assert_near(const double *found, const double *expected, int count,
                               double tolerance)
{
    for (int i = 0; i < count; ++i) {
        if (isnan(expected[i]) ? !isnan(found[i]) : !(fabs(found[i] - expected[i]) <= tolerance))
            fail_msg("value %d is %.17g, expected %.17g", i, found[i], expected[i]);
    }
}

/* The status, and a part of the message. */
static inline void assert_fails(clile_status found, clile_status status, const char *message)
{
    assert_int_equal(found, status);
    if (strstr(clile_last_error(), message) == NULL)
        fail_msg("message \"%s\" lacks \"%s\"", clile_last_error(), message);
}

#endif
