/* Fails the k-th allocation of each public call, for each k. The status and its text must say so,
 * memory must be freed, outputs must be unchanged, and the same handles must give the same
 * results when called again (tests/reliability/world.h says how memory is counted).
 *
 *     reliability_test_oom [FUNCTION]        all functions, or one */
#include "reliability/world.h"

#include <stdlib.h>

static const char *only;

enum { EVERY = 400, WIDER = 10 };
#if defined(__SANITIZE_ADDRESS__)
/* the sanitizer takes ten times as long: a sample here, all of them in the build without it */
enum { AT_MOST = 12 };
#else
enum { AT_MOST = EVERY };
#endif

static int64_t next(const world_case *c, int64_t k)
{
    const int64_t every = c->every > 0 && c->every < AT_MOST ? c->every : AT_MOST;
    return k < every ? k + 1 : k + 1 + k / WIDER;
}

static void check_failure(world *w, const world_case *c, int64_t k, uint32_t digest)
{
    /* found another way, with the same result */
    if (w->status == CLILE_OK && w->digest == digest) return;
    if (w->status != CLILE_E_OUT_OF_MEMORY)
        world_wrong(w, "%s, allocation %lld failed: %s (%s), expected CLILE_E_OUT_OF_MEMORY",
                    c->function, (long long)k, clile_status_name(w->status), w->message);
    if (strstr(w->message, "memory") == NULL)
        world_wrong(w, "%s, allocation %lld failed: the text is \"%s\"", c->function, (long long)k,
                    w->message);
}

static void sweep(world *w, const world_case *c)
{
    if (only != NULL && strcmp(only, c->function) != 0) return;
    w->fail_at = 0;
    world_run(w, c);
    if (w->status != CLILE_OK) {
        world_wrong(w, "%s: %s", c->function, w->message);
        return;
    }
    const int64_t count = w->allocations;
    const uint32_t digest = w->digest;
    if (c->silent != NULL && count != 0)
        world_wrong(w, "%s allocates %lld times, expected none: %s", c->function, (long long)count,
                    c->silent);
    if (c->silent == NULL && count == 0)
        world_wrong(w, "%s allocates nothing: say so in its case, with the reason", c->function);
    int64_t tried = 0, unusable = 0, recovered = 0;
    const int64_t live = world_live_blocks();
    for (int64_t k = 1; k <= count; k = next(c, k)) {
        w->fail_at = k;
        world_run(w, c);
        if (!w->fired)
            world_wrong(w, "%s made %lld allocations once and %lld now", c->function,
                        (long long)count, (long long)w->allocations);
        check_failure(w, c, k, digest);
        if (w->again == CLILE_OK && w->digest != digest)
            world_wrong(w, "%s, allocation %lld failed: the next call gives another result",
                        c->function, (long long)k);
        if (world_live_blocks() != live)
            world_wrong(w, "%s, allocation %lld failed: %lld blocks were not given back",
                        c->function, (long long)k, (long long)(world_live_blocks() - live));
        ++tried;
        unusable += w->status != CLILE_OK && w->again != CLILE_OK;
        recovered += w->status == CLILE_OK;
    }
    w->fail_at = 0;
    if (count > 0)
        print_message("%s: %lld of %lld allocations failed in turn; %lld recovered from, %lld left "
                      "the handle in STATE\n",
                      c->function, (long long)tried, (long long)count, (long long)recovered,
                      (long long)unusable);
}

static void memory_runs_out_at_each_allocation(void **state)
{
    (void)state;
    static world w;
    world_make(&w);
    world_each(&w, sweep);
    world_destroy(&w);
    assert_int_equal(0, w.wrong);
    assert_int_equal(0, world_live_blocks()); /* nothing is kept behind the caller's back */
}

static void every_function_has_a_case(void **state)
{
    (void)state;
    assert_true(world_table_is_complete());
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_function_has_a_case),
                                       cmocka_unit_test(memory_runs_out_at_each_allocation)};
    only = argc > 1 ? argv[1] : NULL;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
