#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"

#include <string.h>

enum { N = 1000 };

typedef struct {
    int64_t begin_of[N]; /* start of the part that handled the element */
    int touched[N];
} record;

static void mark(int64_t begin, int64_t end, void *context)
{
    record *out = context;
    for (int64_t i = begin; i < end; ++i) {
        out->begin_of[i] = begin;
        ++out->touched[i];
    }
}

static int64_t count_parts(const record *out, int64_t n)
{
    int64_t parts = 0;
    for (int64_t i = 0; i < n; ++i) {
        assert_int_equal(1, out->touched[i]);
        parts += out->begin_of[i] == i;
    }
    return parts;
}

static int64_t parts_of(int64_t n, int64_t grain, int32_t threads, record *out)
{
    memset(out, 0, sizeof *out);
    const int32_t before = clile_i_threads_set(threads);
    clile_i_parallel_for(n, grain, mark, out);
    assert_int_equal(threads, clile_i_threads_set(before));
    return count_parts(out, n);
}

static void every_element_once_in_the_promised_parts(void **state)
{
    (void)state;
    record out;
    assert_int_equal(1, parts_of(N, 1, 1, &out));
    assert_int_equal(3, parts_of(N, 1, 3, &out));
    assert_int_equal(0, out.begin_of[333]); /* 334 333 333 */
    assert_int_equal(334, out.begin_of[334]);
    assert_int_equal(667, out.begin_of[999]);
    assert_int_equal(4, parts_of(N, 250, 8, &out));
    assert_int_equal(3, parts_of(N, 251, 8, &out));
    assert_int_equal(1, parts_of(N, 2000, 8, &out));
    assert_int_equal(3, parts_of(3, 1, 8, &out));
    assert_int_equal(2, parts_of(2, 0, 4, &out));
    assert_int_equal(0, parts_of(0, 1, 4, &out));
}

static void available_is_at_least_one(void **state)
{
    (void)state;
    const int32_t before = clile_i_threads_set(5);
    assert_true(clile_i_threads_available() >= 1);
    assert_int_equal(5, clile_i_threads_set(before));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_element_once_in_the_promised_parts),
        cmocka_unit_test(available_is_at_least_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
