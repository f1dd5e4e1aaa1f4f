/* Threads: OpenMP's, so that there is one team and not two that fight for the processors. */
#include "base/base.h"

#include <omp.h>
#include <pthread.h>

int32_t clile_i_threads_set(int32_t threads)
{
    const int32_t previous = omp_get_max_threads();
    omp_set_num_threads(threads < 1 ? 1 : threads);
    return previous;
}

int32_t clile_i_threads_available(void)
{
    const int32_t processors = omp_get_num_procs(); /* honours the affinity mask */
    return processors < 1 ? 1 : processors;
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
    const int64_t share = n / parts, rest = n % parts; /* the first `rest` parts have one element more */
    /* No num_threads clause: libgomp ends and starts threads whenever the team size changes. Should the runtime give
     * fewer threads than asked for, the loop still runs the same parts. */
#pragma omp parallel for schedule(static, 1)
    for (int64_t part = 0; part < parts; part++) {
        const int64_t begin = part * share + (part < rest ? part : rest);
        body(begin, begin + share + (part < rest), context);
    }
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
        status = clile_i_fail_system(error, "a lock could not be made");
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
    pthread_mutex_lock(&mutex->mutex);
}

void clile_i_mutex_unlock(clile_i_mutex *mutex)
{
    pthread_mutex_unlock(&mutex->mutex);
}
