#define _GNU_SOURCE /* sched_setaffinity */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { N = 1000, SECONDS = 60 };

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

/* ---- parts ----------------------------------------------------------------------------------- */

enum { TEAM = 3, PARTS = 200 };

typedef struct {
    _Atomic int runs[PARTS], in_slot[TEAM], wrong, inner;
} part_record;

static void note(int64_t part, int32_t slot, void *context)
{
    part_record *r = context;
    if (slot < 0 || slot >= TEAM || atomic_fetch_add(&r->in_slot[slot], 1) != 0) r->wrong = 1;
    r->inner = clile_i_threads_get();
    ++r->runs[part];
    atomic_fetch_sub(&r->in_slot[slot], 1);
}

static int each_part_ran_once(int64_t parts)
{
    part_record r = {0};
    clile_i_parallel_parts(parts, note, &r);
    for (int64_t i = 0; i < PARTS; ++i)
        if (r.runs[i] != (i < parts)) return 0;
    return !r.wrong && r.inner <= TEAM;
}

static void every_part_runs_once_in_a_slot_of_its_own(void **state)
{
    (void)state;
    const int32_t before = clile_i_threads_set(TEAM);
    for (int round = 0; round < 500; ++round) assert_true(each_part_ran_once(round % (PARTS + 1)));
    clile_i_threads_set(1);
    assert_true(each_part_ran_once(PARTS));
    assert_int_equal(1, clile_i_threads_set(before));
}

typedef struct {
    _Atomic int taken, held, late;
} hold;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A helper that has claimed a part goes on only when all others are done: as one whose processor is
 * taken away. */
static void hold_up(int64_t part, int32_t slot, void *context)
{
    enum { OTHERS = 63 };
    hold *h = context;
    const double begin = now();
    (void)part;
    if (slot == 0) /* not all of them before the helper comes */
        while (!h->held && now() - begin < 0.01) sched_yield();
    if (slot == 0 || atomic_exchange(&h->held, 1)) {
        ++h->taken;
        return;
    }
    while (h->taken < OTHERS && now() - begin < SECONDS) sched_yield();
    if (h->taken < OTHERS) h->late = 1;
    ++h->taken;
}

static void nobody_waits_for_a_thread_without_a_processor(void **state)
{
    (void)state;
    int held = 0;
    const int32_t before = clile_i_threads_set(2);
    for (int round = 0; round < 20; ++round) {
        hold h = {0};
        clile_i_parallel_parts(64, hold_up, &h);
        assert_int_equal(h.taken, 64);
        assert_false(h.late);
        held += h.held;
    }
    clile_i_threads_set(before);
    assert_true(held > 0);
}

static void *loop_in_a_thread(void *wrong)
{
    clile_i_threads_set(TEAM);
    for (int round = 0; round < 50; ++round)
        if (!each_part_ran_once(PARTS)) *(_Atomic int *)wrong = 1;
    return NULL;
}

static void threads_have_teams_of_their_own(void **state)
{
    (void)state;
    _Atomic int wrong = 0;
    for (int round = 0; round < 5; ++round) {
        pthread_t threads[4];
        for (int i = 0; i < 4; ++i)
            assert_int_equal(0, pthread_create(&threads[i], NULL, loop_in_a_thread, &wrong));
        for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
    }
    assert_false(wrong);
}

typedef struct {
    cpu_set_t helper;
    _Atomic int seen;
} placement;

static void sleep_for(double seconds)
{
    const struct timespec t = {(time_t)seconds, (long)(1e9 * (seconds - (double)(time_t)seconds))};
    nanosleep(&t, NULL);
}

/* The owner's part lasts until the helper has said where it may run. */
static void say_where(int64_t part, int32_t slot, void *context)
{
    placement *p = context;
    const double begin = now();
    (void)part;
    if (slot == 0) {
        while (!p->seen && now() - begin < SECONDS) sched_yield();
    } else if (!p->seen) {
        sched_getaffinity(0, sizeof p->helper, &p->helper);
        p->seen = 1;
    }
}

/* Where its owner is, a helper would wait until the loop is over. */
static void a_helper_keeps_off_the_processor_of_its_owner(void **state)
{
    (void)state;
    cpu_set_t all, one;
    sleep_for(0.55); /* the owner may work alone after the tests before */
    assert_int_equal(0, sched_getaffinity(0, sizeof all, &all));
    const int32_t before = clile_i_threads_set(2);
    clile_i_team_start();
    for (size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!CPU_ISSET(cpu, &all)) continue;
        placement p = {.seen = 0};
        for (int i = 0; i < 100; ++i) assert_true(each_part_ran_once(2)); /* short loops */
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        assert_int_equal(0, sched_setaffinity(0, sizeof one, &one));
        clile_i_parallel_parts(2, say_where, &p);
        assert_true(p.seen);
        cpu_set_t expected = all;
        if (CPU_COUNT(&all) > 1) CPU_CLR(cpu, &expected);
        assert_true(CPU_EQUAL(&expected, &p.helper));
    }
    assert_int_equal(0, sched_setaffinity(0, sizeof all, &all));
    clile_i_threads_set(before);
}

typedef struct {
    _Atomic int helped;
} slow_helper;

/* A helper whose processor others want takes far longer. The owner's part lasts until the
 * helper has begun. */
static void run_slowly(int64_t part, int32_t slot, void *context)
{
    slow_helper *h = context;
    const double begin = now();
    (void)part;
    if (slot == 0) {
        while (!h->helped && now() - begin < 0.001) sched_yield();
        return;
    }
    h->helped = 1;
    sleep_for(0.02);
}

/* The bits are the same: the parts are. */
static void an_owner_works_alone_while_its_helpers_hold_it_up(void **state)
{
    (void)state;
    const int32_t before = clile_i_threads_set(2);
    int first = 0, next = 0, later = 0;
    for (int round = 0; round < 2; ++round) {
        slow_helper h = {0};
        for (int i = 0; i < 20 && !h.helped; ++i) clile_i_parallel_parts(2, run_slowly, &h);
        first += h.helped; /* at the latest now it has held up a loop */
        h.helped = 0;
        for (int i = 0; i < 5; ++i) clile_i_parallel_parts(2, run_slowly, &h);
        next += h.helped;
        sleep_for(0.55); /* it is tried again */
        h.helped = 0;
        for (int i = 0; i < 20 && !h.helped; ++i) clile_i_parallel_parts(2, run_slowly, &h);
        later += h.helped;
        sleep_for(0.55);
    }
    clile_i_threads_set(before);
    assert_int_equal(2, first);
    assert_int_equal(2, later);
    assert_int_equal(0, next);
}

#if !defined(__SANITIZE_THREAD__) /* it lets no child start threads */
static void a_child_makes_a_team_again(void **state)
{
    (void)state;
    const int32_t before = clile_i_threads_set(TEAM);
    for (int round = 0; round < 20; ++round) {
        int status = 0;
        assert_true(each_part_ran_once(PARTS));
        const pid_t child = fork();
        if (child == 0) {
            alarm(SECONDS);
            _exit(each_part_ran_once(PARTS) && each_part_ran_once(PARTS) ? 0 : 1);
        }
        assert_true(each_part_ran_once(PARTS));
        assert_int_equal(child, waitpid(child, &status, 0));
        assert_int_equal(0, status);
    }
    clile_i_threads_set(before);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_element_once_in_the_promised_parts),
        cmocka_unit_test(available_is_at_least_one),
        cmocka_unit_test(every_part_runs_once_in_a_slot_of_its_own),
        cmocka_unit_test(nobody_waits_for_a_thread_without_a_processor),
        cmocka_unit_test(threads_have_teams_of_their_own),
        cmocka_unit_test(a_helper_keeps_off_the_processor_of_its_owner),
        cmocka_unit_test(an_owner_works_alone_while_its_helpers_hold_it_up),
#if !defined(__SANITIZE_THREAD__)
        cmocka_unit_test(a_child_makes_a_team_again),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
