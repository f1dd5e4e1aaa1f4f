/* The size of a team, ours (pool.c) and that of OpenMP which oneDNN uses, and loops over ranges. */
#include "base/base.h"

#include <omp.h>
#include <pthread.h>

/* ---- fork ------------------------------------------------------------------------------------ */

/* A child has only the thread that called fork. libgomp does not know that: the child's first team
 * would wait forever for the parent's threads. So the forking thread's team ends before the fork,
 * and parent and child make new teams. Another thread may be inside oneDNN's primitive cache or
 * hold one of our locks; fork waits for it. */
static pthread_rwlock_t forking = PTHREAD_RWLOCK_INITIALIZER;
static _Thread_local int32_t largest_team = 1; /* the largest team this thread has had */

static void before_fork(void)
{
    pthread_rwlock_wrlock(&forking);
    clile_i_pool_before_fork();
#ifndef KMP_VERSION_MAJOR /* LLVM's runtime handles fork itself */
    omp_pause_resource_all(omp_pause_soft);
    largest_team = 1;
#endif
}

static void after_fork_in_parent(void)
{
    clile_i_pool_after_fork(0);
    pthread_rwlock_unlock(&forking);
}

static void after_fork_in_child(void)
{
    clile_i_pool_after_fork(1);
    forking = (pthread_rwlock_t)PTHREAD_RWLOCK_INITIALIZER;
}

/* Runs when the library is loaded: the program's own use of OpenMP then counts too. */
__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

void clile_i_hold_fork(void)
{
    pthread_rwlock_rdlock(&forking);
}

void clile_i_allow_fork(void)
{
    pthread_rwlock_unlock(&forking);
}

/* ---- the size of a team ---------------------------------------------------------------------- */

static void *wait_for_turn(void *lock)
{
    pthread_mutex_lock(lock);
    pthread_mutex_unlock(lock);
    return NULL;
}

/* How many threads, including this one and at most `most`, the system lets us have. libgomp ends
 * the program if it cannot start one. */
static int32_t startable(int32_t most)
{
    enum { AT_ONCE = 1024 };
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_t thread[AT_ONCE];
    int32_t started = 0;
    pthread_mutex_lock(&lock);
    while (started < AT_ONCE && started + 1 < most &&
           pthread_create(&thread[started], NULL, wait_for_turn, &lock) == 0)
        ++started;
    pthread_mutex_unlock(&lock);
    for (int32_t i = 0; i < started; ++i) pthread_join(thread[i], NULL);
    return started + 1;
}

/* The team size that a parallel region gets if it asks for `threads`. */
static int32_t measured(int32_t threads)
{
    int32_t team = 1;
    const int32_t before = clile_i_threads_set(threads);
#pragma omp parallel
    if (omp_get_thread_num() == 0) team = omp_get_num_threads();
    clile_i_threads_set(before);
    return team;
}

/* Fewer than asked for if OpenMP's settings (OMP_THREAD_LIMIT) or the system allow no more. One
 * thread inside the program's own parallel region, where oneDNN has one too. A program may lower
 * its limits at any time. */
static int32_t given(int32_t asked)
{
    if (asked <= 1 || omp_in_parallel() || omp_get_max_active_levels() == 0) return 1;
    if (asked > omp_get_thread_limit()) asked = omp_get_thread_limit();
    if (asked > largest_team) {
        const int32_t threads = startable(asked);
        if (threads > largest_team) largest_team = measured(threads);
    }
    return asked < largest_team ? asked : largest_team;
}

clile_i_team clile_i_team_enter(int32_t threads)
{
    clile_i_team before = {omp_get_max_threads(), omp_get_dynamic(), 1};
    omp_set_dynamic(0); /* code compiled for a team size needs exactly that size */
    before.given = given(threads);
    omp_set_num_threads(before.given);
    return before;
}

void clile_i_team_leave(clile_i_team before)
{
    omp_set_num_threads(before.threads);
    omp_set_dynamic(before.dynamic);
}

int32_t clile_i_threads_available(void)
{
    const int32_t processors = omp_get_num_procs(); /* honours the affinity mask */
    return processors < 1 ? 1 : processors;
}

/* The first `rest` parts have one element more. */
typedef struct {
    clile_i_body body;
    void *context;
    int64_t share, rest;
} range_job;

static void run_range(int64_t part, int32_t slot, void *context)
{
    const range_job *job = context;
    const int64_t begin = part * job->share + (part < job->rest ? part : job->rest);
    (void)slot;
    job->body(begin, begin + job->share + (part < job->rest), job->context);
}

void clile_i_parallel_for(int64_t n, int64_t grain, clile_i_body body, void *context)
{
    if (n <= 0) return;
    const int64_t team = omp_get_max_threads();
    const int64_t most = n / (grain < 1 ? 1 : grain);
    const int64_t parts = most < 1 ? 1 : most < team ? most : team;
    if (parts == 1) {
        body(0, n, context);
        return;
    }
    range_job job = {body, context, n / parts, n % parts};
    clile_i_parallel_parts(parts, run_range, &job);
}

struct clile_i_mutex {
    pthread_mutex_t mutex;
};

clile_status clile_i_mutex_create(clile_i_mutex **out)
{
    clile_status status = CLILE_OK;
    clile_i_mutex *mutex = NULL;
    CLILE_I_ALLOC(mutex, 1);
    const int error = pthread_mutex_init(&mutex->mutex, NULL);
    if (error != 0) {
        status = clile_i_fail_system(error, "cannot create a lock");
        goto cleanup;
    }
    *out = mutex;
    mutex = NULL;
cleanup:
    clile_i_free(mutex);
    return status;
}

void clile_i_mutex_destroy(clile_i_mutex *mutex)
{
    if (mutex != NULL) pthread_mutex_destroy(&mutex->mutex);
    clile_i_free(mutex);
}

void clile_i_mutex_lock(clile_i_mutex *mutex)
{
    clile_i_hold_fork();
    pthread_mutex_lock(&mutex->mutex);
}

void clile_i_mutex_unlock(clile_i_mutex *mutex)
{
    pthread_mutex_unlock(&mutex->mutex);
    clile_i_allow_fork();
}
