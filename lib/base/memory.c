/* The one allocator, and reference counts. */
#define _DEFAULT_SOURCE /* madvise */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT = 64, HUGE_PAGE = 2 << 20, HUGE_FROM = 2 << 20 };

/* The weights of a model are tens of MiB, written once. With 4 KiB pages half of the loading time
 * goes into page faults. This is only advice: without large pages in the system nothing happens. */
static void advise_huge(void *block, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    if (bytes >= HUGE_FROM) madvise(block, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#else
    (void)block;
    (void)bytes;
#endif
}

static _Thread_local int64_t fail_countdown; /* 0: off */

void clile_i_alloc_fail_at(int64_t k)
{
    fail_countdown = k;
}

static int fails_for_test(void)
{
    if (fail_countdown <= 0) return 0;
    return --fail_countdown == 0;
}

static void *allocate(int64_t count, size_t size, int zeroed)
{
    const size_t most = (size_t)PTRDIFF_MAX - HUGE_PAGE;
    if (count < 0 || (size > 0 && (uint64_t)count > most / size)) {
        clile_i_fail(CLILE_E_OUT_OF_MEMORY,
                     "out of memory: %lld elements of %zu bytes do not fit the address space",
                     (long long)count, size);
        return NULL;
    }
    const size_t bytes = (size_t)count * size;
    const size_t rounded = bytes == 0 ? ALIGNMENT : (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    const size_t alignment = rounded >= HUGE_FROM ? HUGE_PAGE : ALIGNMENT;
    const size_t asked =
        /* nothing after `rounded` is ever touched */
        (rounded + alignment - 1) / alignment * alignment;
    void *block = fails_for_test() ? NULL : aligned_alloc(alignment, asked);
    if (block == NULL) {
        clile_i_fail(CLILE_E_OUT_OF_MEMORY, "out of memory: %zu bytes", bytes);
        return NULL;
    }
    advise_huge(block, rounded);
    if (zeroed) memset(block, 0, rounded);
    return block;
}

void *clile_i_calloc(int64_t count, size_t size)
{
    return allocate(count, size, 1);
}

void *clile_i_alloc_untouched(int64_t bytes)
{
    return allocate(bytes, 1, 0);
}

void clile_i_free(void *pointer)
{
    free(pointer);
}

void clile_free(void *memory)
{
    free(memory);
}

char *clile_i_strdup(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = clile_i_calloc((int64_t)size, 1);
    if (copy != NULL) memcpy(copy, text, size);
    return copy;
}

void clile_i_refs_init(clile_i_refs *refs)
{
    __atomic_store_n(&refs->value, 1, __ATOMIC_RELAXED);
}

void clile_i_refs_retain(clile_i_refs *refs)
{
    __atomic_fetch_add(&refs->value, 1, __ATOMIC_RELAXED);
}

int32_t clile_i_refs_release(clile_i_refs *refs)
{
    /* Acquire and release: the thread that gets 0 sees everything that others did with the
     * handle. */
    return __atomic_sub_fetch(&refs->value, 1, __ATOMIC_ACQ_REL);
}

void *clile_i_grow(void *block, int64_t *capacity, int64_t needed, size_t element)
{
    if (needed <= *capacity) return block;
    if (needed > INT64_MAX / 2) return NULL;
    int64_t larger = *capacity < 64 ? 64 : *capacity;
    while (larger < needed) larger += larger / 2;
    void *moved = clile_i_calloc(larger, element);
    if (moved == NULL) return NULL;
    if (block != NULL) memcpy(moved, block, (size_t)*capacity * element);
    clile_i_free(block);
    *capacity = larger;
    return moved;
}
