/* Ranks as threads of one process, and the communicator between them. Sums are made in the order of
 * the ranks. A rank that has left (team_leave) makes the others' calls fail. */
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

typedef void (*team_work)(int32_t rank, const clile_communicator *communicator, void *user);

typedef struct {
    team_rank rank;
    team_work work;
    void *user;
} team_thread;

static inline void *team_body(void *context)
{
    team_thread *own = context;
    const clile_communicator c = {.struct_size = sizeof c,
                                  .rank = own->rank.rank,
                                  .size = own->rank.all->size,
                                  .user = &own->rank,
                                  .allreduce = team_allreduce,
                                  .broadcast = team_broadcast};
    own->work(own->rank.rank, &c, own->user);
    return NULL;
}

/* Runs `work` on every rank. */
static inline void team_run(int32_t size, team_work work, void *user)
{
    team all = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER, .size = size};
    team_thread threads[TEAM_MOST];
    pthread_t id[TEAM_MOST];
    for (int32_t r = 0; r < size; ++r) {
        threads[r] = (team_thread){{&all, r, 0, 0}, work, user};
        if (pthread_create(&id[r], NULL, team_body, &threads[r]) != 0) abort();
    }
    for (int32_t r = 0; r < size; ++r) pthread_join(id[r], NULL);
}

#endif
