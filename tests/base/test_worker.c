/* The worker thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

typedef struct {
    pthread_t caller;
    int32_t done, in_caller, team;
} job;

static clile_status work(void *context)
{
    job *j = context;
    j->in_caller = pthread_equal(j->caller, pthread_self());
    j->team = clile_i_threads_set(1);
    j->done += 1;
    return CLILE_OK;
}

static clile_status fail_here(void *context)
{
    (void)context;
    return clile_i_fail(CLILE_E_CORRUPT, "page %d is torn", 12);
}

static void tasks_run_one_after_the_other_elsewhere(void **state)
{
    clile_i_worker *worker = NULL;
    job j = {.caller = pthread_self()};
    (void)state;
    const int32_t before = clile_i_threads_set(3);
    assert_int_equal(clile_i_worker_create(&worker), CLILE_OK);
    assert_int_equal(clile_i_worker_wait(worker), CLILE_OK); /* no work was given */
    for (int i = 1; i <= 100; ++i) {
        clile_i_worker_start(worker, work, &j);
        assert_int_equal(clile_i_worker_wait(worker), CLILE_OK);
        assert_int_equal(j.done, i);
    }
    assert_int_equal(j.in_caller, 0);
    assert_int_equal(j.team, 1);
    assert_int_equal(clile_i_threads_set(before), 3); /* the caller's team is unchanged */
    clile_i_worker_destroy(worker);
}

static void errors_reach_the_caller(void **state)
{
    clile_i_worker *worker = NULL;
    job j = {.caller = pthread_self()};
    (void)state;
    assert_int_equal(clile_i_worker_create(&worker), CLILE_OK);
    clile_i_fail(CLILE_E_IO, "an older text");
    clile_i_worker_start(worker, fail_here, NULL);
    assert_int_equal(clile_i_worker_wait(worker), CLILE_E_CORRUPT);
    assert_string_equal(clile_last_error(), "page 12 is torn");
    clile_i_worker_start(worker, work, &j); /* and it still works */
    assert_int_equal(clile_i_worker_wait(worker), CLILE_OK);
    clile_i_worker_destroy(worker);
}

static void destroy_waits_for_the_task(void **state)
{
    (void)state;
    clile_i_worker_destroy(NULL);
    for (int i = 0; i < 100; ++i) {
        clile_i_worker *worker = NULL;
        job j = {.caller = pthread_self()};
        assert_int_equal(clile_i_worker_create(&worker), CLILE_OK);
        if (i % 2) clile_i_worker_start(worker, work, &j);
        clile_i_worker_destroy(worker);
        assert_int_equal(j.done, i % 2);
    }
}

static void memory_may_be_out(void **state)
{
    clile_i_worker *worker = (clile_i_worker *)&worker;
    (void)state;
    clile_i_alloc_fail_at(1);
    assert_int_equal(clile_i_worker_create(&worker), CLILE_E_OUT_OF_MEMORY);
    clile_i_alloc_fail_at(0);
    assert_null(worker);
}

/* ---- primitives that fail: tests/CMakeLists.txt sends the calls of these functions here ---- */

static int refused; /* which of them fails; 0: none */
static int in_use;  /* locks and conditions that were created and not yet destroyed */
enum { NONE, THE_THREAD, THE_MUTEX, THE_CONDITION };

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *context);
int __real_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr);
int __real_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attr);
int __real_pthread_mutex_destroy(pthread_mutex_t *mutex);
int __real_pthread_cond_destroy(pthread_cond_t *condition);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *context);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr);
int __wrap_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attr);
int __wrap_pthread_mutex_destroy(pthread_mutex_t *mutex);
int __wrap_pthread_cond_destroy(pthread_cond_t *condition);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *context)
{
    return refused == THE_THREAD ? EAGAIN : __real_pthread_create(thread, attr, run, context);
}

int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr)
{
    if (refused == THE_MUTEX) return ENOMEM;
    in_use += 1;
    return __real_pthread_mutex_init(mutex, attr);
}

int __wrap_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attr)
{
    if (refused == THE_CONDITION) return EAGAIN;
    in_use += 1;
    return __real_pthread_cond_init(condition, attr);
}

int __wrap_pthread_mutex_destroy(pthread_mutex_t *mutex)
{
    in_use -= 1;
    return __real_pthread_mutex_destroy(mutex);
}

int __wrap_pthread_cond_destroy(pthread_cond_t *condition)
{
    in_use -= 1;
    return __real_pthread_cond_destroy(condition);
}

static void the_system_may_refuse(void **state)
{
    (void)state;
    assert_int_equal(in_use, 0);
    for (refused = THE_THREAD; refused <= THE_CONDITION; ++refused) {
        clile_i_worker *worker = (clile_i_worker *)&worker;
        assert_int_equal(clile_i_worker_create(&worker), CLILE_E_IO);
        assert_non_null(strstr(clile_last_error(), refused == THE_THREAD
                                                       ? "cannot start a thread: "
                                                       : "cannot create a lock: "));
        assert_null(worker);
        assert_int_equal(in_use, 0);
    }
    refused = THE_THREAD; /* OpenMP would end the program */
    const clile_i_team before = clile_i_team_enter(64);
    assert_int_equal(before.given, 1);
    clile_i_team_leave(before);
    clile_i_mutex *mutex = NULL;
    refused = THE_MUTEX;
    assert_int_equal(clile_i_mutex_create(&mutex), CLILE_E_IO);
    assert_non_null(strstr(clile_last_error(), "cannot create a lock: "));
    assert_null(mutex);
    refused = NONE;
    assert_int_equal(clile_i_mutex_create(&mutex), CLILE_OK);
    clile_i_mutex_destroy(mutex);
    assert_int_equal(in_use, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_run_one_after_the_other_elsewhere),
        cmocka_unit_test(errors_reach_the_caller),
        cmocka_unit_test(destroy_waits_for_the_task),
        cmocka_unit_test(memory_may_be_out),
        cmocka_unit_test(the_system_may_refuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
