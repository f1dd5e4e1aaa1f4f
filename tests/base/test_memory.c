#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"
#include "scratch.h"

static void blocks_are_zeroed_and_aligned(void **state)
{
    (void)state;
    static const int64_t sizes[] = {0, 1, 63, 64, 65, 100000};
    for (int i = 0; i < 6; ++i) {
        uint8_t *block = clile_i_calloc(sizes[i], 1);
        assert_non_null(block);
        assert_int_equal(0, (uintptr_t)block % 64);
        for (int64_t k = 0; k < sizes[i]; ++k) assert_int_equal(0, block[k]);
        memset(block, 255, (size_t)sizes[i]); /* the sanitizer sees a block that is too small */
        clile_i_free(block);
    }
    clile_i_free(NULL);
    clile_free(NULL);
}

static void impossible_sizes_fail(void **state)
{
    (void)state;
    assert_null(clile_i_calloc(-1, 4));
    assert_error_has("-1 elements of 4 bytes");
    assert_null(clile_i_calloc(INT64_MAX, 4));
    assert_error_has("9223372036854775807 elements");
    assert_null(clile_i_calloc(INT64_MAX / 4, 4));
    assert_error_has("memory");
}

static void chosen_allocation_fails(void **state)
{
    (void)state;
    clile_i_alloc_fail_at(2);
    void *first = clile_i_calloc(1, 8), *second = clile_i_calloc(3, 8),
         *third = clile_i_calloc(1, 8);
    assert_non_null(first);
    assert_null(second);
    assert_string_equal("out of memory: 24 bytes", clile_last_error());
    assert_non_null(third);
    clile_i_free(first);
    clile_i_free(third);
    clile_i_alloc_fail_at(1);
    assert_null(clile_i_strdup("x"));
    clile_i_alloc_fail_at(1);
    clile_i_alloc_fail_at(0);
    char *text = clile_i_strdup("copied");
    assert_string_equal("copied", text);
    clile_i_free(text);
}

static void retain_many(int64_t begin, int64_t end, void *context)
{
    for (int64_t i = begin; i < end; ++i) clile_i_refs_retain(context);
}

static void references_are_counted_by_many_threads(void **state)
{
    (void)state;
    clile_i_refs refs;
    clile_i_refs_init(&refs);
    const int32_t before = clile_i_threads_set(4);
    clile_i_parallel_for(10000, 1, retain_many, &refs);
    clile_i_threads_set(before);
    for (int32_t left = 10000; left > 0; --left)
        assert_int_equal(left, clile_i_refs_release(&refs));
    assert_int_equal(0, clile_i_refs_release(&refs));
}

static void size_products_are_checked(void **state)
{
    (void)state;
    int64_t product = -7;
    assert_int_equal(CLILE_OK, clile_i_size_product(3, (const int64_t[]){3, 4, 5}, &product));
    assert_int_equal(60, product);
    assert_int_equal(CLILE_OK, clile_i_size_product(0, NULL, &product));
    assert_int_equal(1, product);
    assert_int_equal(CLILE_OK, clile_i_size_product(2, (const int64_t[]){0, INT64_MAX}, &product));
    assert_int_equal(0, product);
    assert_int_equal(CLILE_OK, clile_i_size_product(2, (const int64_t[]){INT64_MAX, 1}, &product));
    assert_true(product == INT64_MAX);
    product = -7;
    assert_int_equal(CLILE_E_INVALID_ARGUMENT,
                     clile_i_size_product(2, (const int64_t[]){INT64_MAX / 2 + 1, 2}, &product));
    assert_error_has("does not fit");
    assert_int_equal(CLILE_E_INVALID_ARGUMENT,
                     clile_i_size_product(2, (const int64_t[]){2, -3}, &product));
    assert_error_has("-3 is negative");
    assert_int_equal(-7, product);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_zeroed_and_aligned),
        cmocka_unit_test(impossible_sizes_fail),
        cmocka_unit_test(chosen_allocation_fails),
        cmocka_unit_test(references_are_counted_by_many_threads),
        cmocka_unit_test(size_products_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
