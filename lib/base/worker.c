/* A thread that runs one task at a time for the thread that owns it. */
#include "base/base.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

struct clile_i_worker {
    pthread_t thread;
    pthread_mutex_t lock; /* of everything below */
    pthread_cond_t changed;
    clile_i_task task; /* NULL: idle */
    void *context;
    int32_t stop;
    clile_status status; /* of the last task, with its error text */
    char text[1024];
    pid_t process; /* in which the thread exists */
};

static void keep(clile_i_worker *w, clile_status status)
{
    w->status = status;
    if (status != CLILE_OK) strncpy(w->text, clile_last_error(), sizeof w->text - 1);
    w->task = NULL;
}

/* In a child after fork there is no thread, and the parent's thread may hold the lock. */
static int is_alone(const clile_i_worker *w)
{
    return w->process != getpid();
}

static void run_here(clile_i_worker *w)
{
    const clile_i_team before = clile_i_team_enter(1);
    keep(w, w->task(w->context));
    clile_i_team_leave(before);
}

static void *serve(void *context)
{
    clile_i_worker *w = context;
    clile_i_threads_set(1); /* no second team: the owner's team needs the processors */
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (w->task == NULL && !w->stop) pthread_cond_wait(&w->changed, &w->lock);
        if (w->task == NULL) break;
        pthread_mutex_unlock(&w->lock);
        const clile_status status = w->task(w->context);
        pthread_mutex_lock(&w->lock);
        keep(w, status);
        pthread_cond_broadcast(&w->changed);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* Blocks all signals in the new thread: they belong to the program's own. */
static int start_thread(clile_i_worker *w)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&w->thread, NULL, serve, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

clile_status clile_i_worker_create(clile_i_worker **out)
{
    clile_status status = CLILE_OK;
    int lock_error = -1, changed_error = -1; /* -1: not tried */
    clile_i_worker *w = NULL;
    *out = NULL;
    CLILE_I_ALLOC(w, 1);
    lock_error = pthread_mutex_init(&w->lock, NULL);
    if (lock_error == 0) changed_error = pthread_cond_init(&w->changed, NULL);
    if (lock_error != 0 || changed_error != 0) {
        status = clile_i_fail_system(lock_error != 0 ? lock_error : changed_error,
                                     "cannot create a lock");
        goto cleanup;
    }
    w->process = getpid();
    const int error = start_thread(w);
    if (error != 0) {
        status = clile_i_fail_system(error, "cannot start a thread");
        goto cleanup;
    }
    *out = w;
    return CLILE_OK;
cleanup:
    if (changed_error == 0) pthread_cond_destroy(&w->changed);
    if (lock_error == 0) pthread_mutex_destroy(&w->lock);
    clile_i_free(w);
    return status;
}

void clile_i_worker_start(clile_i_worker *worker, clile_i_task task, void *context)
{
    if (is_alone(worker)) {
        worker->task = task;
        worker->context = context;
        run_here(worker);
        return;
    }
    pthread_mutex_lock(&worker->lock);
    worker->task = task;
    worker->context = context;
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
}

clile_status clile_i_worker_wait(clile_i_worker *worker)
{
    clile_status status;
    if (is_alone(worker)) {
        if (worker->task != NULL) run_here(worker);
        status = worker->status;
    } else {
        pthread_mutex_lock(&worker->lock);
        while (worker->task != NULL) pthread_cond_wait(&worker->changed, &worker->lock);
        status = worker->status;
        pthread_mutex_unlock(&worker->lock);
    }
    return status == CLILE_OK ? CLILE_OK : clile_i_fail(status, "%s", worker->text);
}

void clile_i_worker_destroy(clile_i_worker *worker)
{
    if (worker == NULL) return;
    if (!is_alone(worker)) {
        pthread_mutex_lock(&worker->lock);
        worker->stop = 1;
        pthread_cond_broadcast(&worker->changed);
        pthread_mutex_unlock(&worker->lock);
        pthread_join(worker->thread, NULL);
        pthread_cond_destroy(&worker->changed);
        pthread_mutex_destroy(&worker->lock);
    }
    clile_i_free(worker);
}
