/* Ranks as threads of one process, and the communicator between them. Sums are made in the order of
 * the ranks. A rank that has left (team_leave) makes the others' calls fail. With team_run_behind,
 * sums that are begun go on in a thread of their own. */
#ifndef CLILE_TESTS_THREADS_COMM_H
#define CLILE_TESTS_THREADS_COMM_H

#include <clile/clile.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { TEAM_MOST = 8 };

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int32_t size, inside, left;
    int64_t turn, sums; /* sums: calls of allreduce by rank 0 */
    void *of[TEAM_MOST];
} team;

typedef struct {
    team *all;
    int32_t rank;
    int64_t fail_at; /* this rank's call of allreduce that fails; 0: none */
    int64_t calls;
} team_rank;

/* All ranks meet; 0 unless one has left. */
static inline int team_meet(team *t)
{
    pthread_mutex_lock(&t->lock);
    const int64_t turn = t->turn;
    if (++t->inside == t->size) {
        t->inside = 0;
        ++t->turn;
        pthread_cond_broadcast(&t->moved);
    }
    while (t->turn == turn && t->left == 0) pthread_cond_wait(&t->moved, &t->lock);
    const int failed = t->turn == turn;
    pthread_mutex_unlock(&t->lock);
    return failed;
}

static inline void team_leave(team *t)
{
    pthread_mutex_lock(&t->lock);
    t->left = 1;
    pthread_cond_broadcast(&t->moved);
    pthread_mutex_unlock(&t->lock);
}

static inline int32_t team_allreduce(void *user, int32_t type, int64_t count, void *values)
{
    team_rank *own = user;
    team *t = own->all;
    const size_t bytes = (size_t)count * (type == CLILE_COMMUNICATOR_F64 ? 8 : 4);
    if (++own->calls == own->fail_at) return 7;
    void *sum = calloc(bytes + 1, 1);
    t->of[own->rank] = values;
    if (team_meet(t)) goto failed;
    for (int32_t r = 0; r < t->size; ++r)
        for (int64_t i = 0; i < count; ++i)
            if (type == CLILE_COMMUNICATOR_F64)
                ((double *)sum)[i] += ((const double *)t->of[r])[i];
            else
                ((float *)sum)[i] += ((const float *)t->of[r])[i];
    if (team_meet(t)) goto failed;
    memcpy(values, sum, bytes);
    if (own->rank == 0) ++t->sums;
    free(sum);
    return 0;
failed:
    free(sum);
    return 1;
}

static inline int32_t team_broadcast(void *user, int32_t root, int64_t bytes, void *data)
{
    team_rank *own = user;
    team *t = own->all;
    t->of[own->rank] = data;
    if (team_meet(t)) return 1;
    if (own->rank != root) memcpy(data, t->of[root], (size_t)bytes);
    return team_meet(t);
}

/* ---- sums behind other work ---- */

/* Of one rank; its sums meet those of the others in a team of their own. */
typedef struct {
    team_rank main, behind; /* main: first, since the functions above take it */
    pthread_t last;         /* of the sum that was begun last */
    int going;
    int64_t begun; /* all in all */
} team_both;

typedef struct {
    team_both *own;
    int64_t count;
    float *values;
    pthread_t before;
    int after_another;
} team_sum;

static inline void *team_sum_body(void *context)
{
    team_sum *sum = context;
    void *failed = NULL;
    if (sum->after_another) pthread_join(sum->before, &failed);
    if (failed == NULL &&
        team_allreduce(&sum->own->behind, CLILE_COMMUNICATOR_F32, sum->count, sum->values) != 0)
        failed = sum->own;
    free(sum);
    return failed;
}

static inline int32_t team_begin(void *user, int64_t count, float *values)
{
    team_both *own = user;
    team_sum *sum = malloc(sizeof *sum);
    *sum = (team_sum){own, count, values, own->last, own->going};
    own->going = 1;
    ++own->begun;
    return pthread_create(&own->last, NULL, team_sum_body, sum);
}

static inline int32_t team_wait(void *user)
{
    team_both *own = user;
    void *failed = NULL;
    if (own->going) pthread_join(own->last, &failed);
    own->going = 0;
    return failed != NULL;
}

/* ---- all of it ---- */

typedef void (*team_work)(int32_t rank, const clile_communicator *communicator, void *user);

typedef struct {
    team_both rank;
    team_work work;
    void *user;
} team_thread;

static inline void *team_body(void *context)
{
    team_thread *own = context;
    const int behind = own->rank.behind.all != NULL;
    const clile_communicator c = {.struct_size = sizeof c,
                                  .rank = own->rank.main.rank,
                                  .size = own->rank.main.all->size,
                                  .user = &own->rank,
                                  .allreduce = team_allreduce,
                                  .broadcast = team_broadcast,
                                  .begin = behind ? team_begin : NULL,
                                  .wait = behind ? team_wait : NULL};
    own->work(own->rank.main.rank, &c, own->user);
    return NULL;
}

/* Returns how many sums rank 0 has begun. */
static inline int64_t team_run_both(int32_t size, int behind, team_work work, void *user)
{
    team all = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER, .size = size},
         second = {
             .lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER, .size = size};
    team_thread threads[TEAM_MOST];
    pthread_t id[TEAM_MOST];
    for (int32_t r = 0; r < size; ++r) {
        threads[r] = (team_thread){{.main = {.all = &all, .rank = r},
                                    .behind = {.all = behind ? &second : NULL, .rank = r}},
                                   work,
                                   user};
        if (pthread_create(&id[r], NULL, team_body, &threads[r]) != 0) abort();
    }
    for (int32_t r = 0; r < size; ++r) pthread_join(id[r], NULL);
    return threads[0].rank.begun;
}

/* Runs `work` on every rank. */
static inline void team_run(int32_t size, team_work work, void *user)
{
    team_run_both(size, 0, work, user);
}

/* The same, where sums can go on behind other work. */
static inline int64_t team_run_behind(int32_t size, team_work work, void *user)
{
    return team_run_both(size, 1, work, user);
}

#endif
