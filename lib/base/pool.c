/* A team of threads that claim the parts of a loop. Nobody waits for a thread that has no
 * processor: the others take its parts. With a static share for each thread, as OpenMP has it, one
 * busy neighbour holds up the whole team at the end of every loop.
 *
 * Each thread that runs loops has helpers of its own. They wait by spinning for as long as two
 * loops of one network are apart, then sleep. While they hold up their owner more than they help,
 * because others want their processors, it works alone. */
#define _GNU_SOURCE /* sched_getcpu, pthread_setaffinity_np */
#include "base/base.h"

#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#if defined(__x86_64__) || defined(__i386__)
#define PAUSE() __builtin_ia32_pause()
#else
#define PAUSE() atomic_signal_fence(memory_order_seq_cst)
#endif

/* About 50 and 100 microseconds. A helper that sleeps costs the next loop as much as it takes to
 * wake; a helper that spins costs whoever else wants the processor. */
enum { SPIN_IDLE = 1500, SPIN_DONE = 3000 };

typedef struct pool pool;

typedef struct {
    pool *pool;
    int32_t slot; /* 1 .. */
    pthread_t thread;
    int avoids; /* the processor that it may not run on, for its owner does; -1: none */
} helper;

/* The loop that runs, and who is there for it. `state` is generation << 32 | parts claimed. A
 * helper reads the loop, then claims a part by exchanging the state that it saw first: that fails
 * if the loop has changed meanwhile, because its owner closes a loop (with a generation of its own)
 * before writing the next one. */
struct pool {
    _Atomic uint64_t state;
    _Atomic int64_t parts, done;
    _Atomic int32_t team;
    _Atomic(clile_i_part_body) body;
    _Atomic(void *) context;
    _Atomic int32_t sleeping, owner_sleeps, stop;
    pthread_mutex_t lock;
    pthread_cond_t work, finished;
    int32_t count;  /* of helpers */
    int32_t placed; /* so many keep off owner_cpu, or all that can */
    int owner_cpu;
    double length, gained, alone_until; /* in seconds; account() */
    helper *helpers[CLILE_I_MOST_HELPERS];
    pool *next; /* of all pools */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int key_made;
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static pool *pools;     /* of all threads */
static pool *abandoned; /* in a child after fork: the parent's, whose helpers are not here */
static _Atomic int closed;

static const uint64_t NONE_LEFT = UINT32_MAX;

/* The size of a team is OpenMP's, which oneDNN asks for it. */
int32_t clile_i_threads_set(int32_t threads)
{
    const int32_t previous = omp_get_max_threads();
    omp_set_num_threads(threads < 1 ? 1 : threads);
    return previous;
}

int32_t clile_i_threads_get(void)
{
    return omp_get_max_threads();
}

/* ---- claiming parts -------------------------------------------------------------------------- */

/* Runs parts of the loop of this generation until none is left. Returns how many. */
static int64_t take_parts(pool *p, uint32_t generation, int32_t slot)
{
    int64_t taken = 0;
    uint64_t state = atomic_load(&p->state);
    while ((uint32_t)(state >> 32) == generation) {
        const clile_i_part_body body = atomic_load(&p->body);
        void *const context = atomic_load(&p->context);
        const int64_t parts = atomic_load(&p->parts);
        const uint32_t part = (uint32_t)state;
        if (part >= parts || slot >= atomic_load(&p->team)) break;
        if (!atomic_compare_exchange_weak(&p->state, &state, state + 1)) continue;
        body(part, slot, context);
        ++taken;
        if (atomic_fetch_add(&p->done, 1) + 1 == parts && atomic_load(&p->owner_sleeps)) {
            pthread_mutex_lock(&p->lock);
            pthread_cond_signal(&p->finished);
            pthread_mutex_unlock(&p->lock);
        }
        state = atomic_load(&p->state);
    }
    return taken;
}

static uint32_t generation_of(const pool *p)
{
    return (uint32_t)(atomic_load(&p->state) >> 32);
}

/* Waits for another generation than `last`. */
static uint32_t await_work(pool *p, uint32_t last)
{
    uint32_t generation = generation_of(p);
    for (int i = 0; i < SPIN_IDLE && generation == last && !atomic_load(&p->stop); ++i) {
        PAUSE();
        generation = generation_of(p);
    }
    if (generation != last || atomic_load(&p->stop)) return generation;
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add(&p->sleeping, 1);
    while ((generation = generation_of(p)) == last && !atomic_load(&p->stop))
        pthread_cond_wait(&p->work, &p->lock);
    atomic_fetch_sub(&p->sleeping, 1);
    pthread_mutex_unlock(&p->lock);
    return generation;
}

static void *serve(void *context)
{
    const helper *h = context;
    uint32_t last = 0;
    clile_i_threads_set(1); /* no team within the team */
    while (!atomic_load(&h->pool->stop)) {
        last = await_work(h->pool, last);
        take_parts(h->pool, last, h->slot);
    }
    return NULL;
}

/* ---- helpers --------------------------------------------------------------------------------- */

static void stop_helpers(pool *p)
{
    pthread_mutex_lock(&p->lock);
    atomic_store(&p->stop, 1);
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (int32_t i = 0; i < p->count; ++i) {
        pthread_join(p->helpers[i]->thread, NULL);
        clile_i_free(p->helpers[i]);
    }
    p->count = p->placed = 0;
    atomic_store(&p->stop, 0);
}

static void free_pool(void *context)
{
    pool *p = context;
    pthread_mutex_lock(&list_lock);
    pool **at = &pools;
    while (*at != NULL && *at != p) at = &(*at)->next;
    if (*at != NULL) *at = p->next;
    pthread_mutex_unlock(&list_lock);
    stop_helpers(p);
    pthread_cond_destroy(&p->work);
    pthread_cond_destroy(&p->finished);
    pthread_mutex_destroy(&p->lock);
    clile_i_free(p);
}

static void make_key(void)
{
    key_made = pthread_key_create(&key, free_pool) == 0;
}

/* When the library is unloaded, or at exit: no thread may go on in its code. */
__attribute__((destructor)) static void close_pools(void)
{
    atomic_store(&closed, 1);
    pthread_mutex_lock(&list_lock);
    for (pool *p = pools; p != NULL; p = p->next) stop_helpers(p);
    pthread_mutex_unlock(&list_lock);
    if (key_made) pthread_key_delete(key);
}

static pool *make_pool(void)
{
    pool *p = clile_i_calloc(1, sizeof *p);
    if (p == NULL) return NULL;
    if (pthread_mutex_init(&p->lock, NULL) != 0) {
        clile_i_free(p);
        return NULL;
    }
    /* conditions without attributes need no memory in glibc and musl: they cannot fail */
    (void)pthread_cond_init(&p->work, NULL);
    (void)pthread_cond_init(&p->finished, NULL);
    if (pthread_setspecific(key, p) != 0) {
        pthread_mutex_destroy(&p->lock);
        clile_i_free(p);
        return NULL;
    }
    pthread_mutex_lock(&list_lock);
    p->next = pools;
    pools = p;
    pthread_mutex_unlock(&list_lock);
    return p;
}

/* Blocks all signals in the new thread: they belong to the program's own. */
static int start_helper(pool *p)
{
    helper *h = clile_i_calloc(1, sizeof *h);
    sigset_t all, before;
    if (h == NULL) return 0;
    *h = (helper){.pool = p, .slot = p->count + 1, .avoids = -1};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&h->thread, NULL, serve, h);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        clile_i_free(h);
        return 0;
    }
    p->helpers[p->count++] = h;
    return 1;
}

/* This thread's pool with `team` - 1 helpers, or as many as the system lets start. NULL: none. */
static pool *pool_of(int32_t team)
{
    if (team < 2 || atomic_load(&closed) || pthread_once(&once, make_key) != 0 || !key_made)
        return NULL;
    pool *p = pthread_getspecific(key);
    if (p == NULL) p = make_pool();
    if (p == NULL) return NULL;
    if (team - 1 > CLILE_I_MOST_HELPERS) team = CLILE_I_MOST_HELPERS + 1;
    while (p->count < team - 1 && start_helper(p)) {
    }
    return p->count > 0 ? p : NULL;
}

/* ---- fork ------------------------------------------------------------------------------------ */

void clile_i_pool_before_fork(void)
{
    pthread_mutex_lock(&list_lock);
}

void clile_i_pool_after_fork(int in_child)
{
    if (in_child && pools != NULL) { /* helpers are not there, and may have held a lock */
        pool *last = pools;
        while (last->next != NULL) last = last->next;
        last->next = abandoned;
        abandoned = pools;
        pools = NULL;
        if (key_made) pthread_setspecific(key, NULL);
    }
    pthread_mutex_unlock(&list_lock);
}

/* ---- processors ------------------------------------------------------------------------------ */

/* Where a helper may run: wherever it might, but not on `cpu`, if that leaves it any; -1: wherever
 * it might. */
static void keep_off(helper *h, int cpu)
{
    cpu_set_t set;
    if (h->avoids == cpu || pthread_getaffinity_np(h->thread, sizeof set, &set) != 0) return;
    if (h->avoids >= 0) CPU_SET((size_t)h->avoids, &set);
    if (cpu >= 0 && CPU_ISSET((size_t)cpu, &set) && CPU_COUNT(&set) > 1)
        CPU_CLR((size_t)cpu, &set);
    else
        cpu = -1;
    if (pthread_setaffinity_np(h->thread, sizeof set, &set) == 0) h->avoids = cpu;
}

/* Before the owner sleeps: one whose own processor others want may have the owner's. */
static void free_helpers(pool *p)
{
    for (int32_t i = 0; i < p->count; ++i) keep_off(p->helpers[i], -1);
    p->placed = 0;
}

/* While no processor is idle, however unimportant what runs there, the system wakes a helper on the
 * processor of its owner. There it gets no turn before the loop is over, loop after loop. So
 * helpers keep off the processor that their owner runs on, unless loops are so long that the system
 * moves them itself: it knows better where. */
static void place_helpers(pool *p)
{
    static const double LONG = 0.001;
    const int cpu = sched_getcpu();
    if (p->length > LONG) {
        if (p->placed > 0) free_helpers(p);
        return;
    }
    if (cpu < 0 || cpu >= CPU_SETSIZE || (cpu == p->owner_cpu && p->placed == p->count)) return;
    for (int32_t i = 0; i < p->count; ++i) keep_off(p->helpers[i], cpu);
    p->owner_cpu = cpu;
    p->placed = p->count;
}

/* ---- a loop ---------------------------------------------------------------------------------- */

static void publish(pool *p, int64_t parts, int32_t team, clile_i_part_body body, void *context)
{
    const uint32_t generation = generation_of(p);
    atomic_store(&p->state, (uint64_t)(generation + 1) << 32 | NONE_LEFT);
    atomic_store(&p->parts, parts);
    atomic_store(&p->done, 0);
    atomic_store(&p->team, team);
    atomic_store(&p->body, body);
    atomic_store(&p->context, context);
    atomic_store(&p->state, (uint64_t)(generation + 2) << 32);
    if (atomic_load(&p->sleeping) == 0) return;
    pthread_mutex_lock(&p->lock);
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
}

/* Waits for the parts that helpers have claimed. Sleeping soon lets a helper without a processor
 * have this one. */
static void await_done(pool *p, int64_t parts)
{
    for (int i = 0; i < SPIN_DONE && atomic_load(&p->done) < parts; ++i) PAUSE();
    if (atomic_load(&p->done) >= parts) return;
    free_helpers(p);
    pthread_mutex_lock(&p->lock);
    atomic_store(&p->owner_sleeps, 1);
    while (atomic_load(&p->done) < parts) pthread_cond_wait(&p->finished, &p->lock);
    atomic_store(&p->owner_sleeps, 0);
    pthread_mutex_unlock(&p->lock);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* What a loop of `parts` gained by its helpers, when its owner ran `own` of them from `begin` to
 * `own_end` and the last ended at `end`. If the sum falls below -LOSS, the owner works alone for
 * REST times as long as was lost, so that trying costs at most a share of 1 / REST. */
static void account(pool *p, int64_t parts, int64_t own, double begin, double own_end, double end)
{
    static const double LOSS = 0.001, CREDIT = 0.005, REST = 16.0, MOST_REST = 0.5;
    p->length += (end - begin - p->length) / 16.0;
    if (own == 0) return;
    p->gained += (own_end - begin) * (double)parts / (double)own - (end - begin);
    if (p->gained > CREDIT) p->gained = CREDIT;
    if (p->gained >= -LOSS) return;
    const double rest = -REST * p->gained;
    p->alone_until = end + (rest < MOST_REST ? rest : MOST_REST);
    p->gained = 0.0;
}

static void run_with_helpers(pool *p, int64_t parts, int32_t team, clile_i_part_body body,
                             void *context, double begin)
{
    place_helpers(p);
    publish(p, parts, team, body, context);
    const int64_t own = take_parts(p, generation_of(p), 0);
    const double own_end = seconds();
    await_done(p, parts);
    account(p, parts, own, begin, own_end, seconds());
}

static void run_alone(int64_t parts, clile_i_part_body body, void *context)
{
    for (int64_t part = 0; part < parts; ++part) body(part, 0, context);
}

void clile_i_team_start(void)
{
    (void)pool_of(clile_i_threads_get());
}

void clile_i_parallel_parts(int64_t parts, clile_i_part_body body, void *context)
{
    const int32_t team = clile_i_threads_get();
    pool *const p = parts > 1 ? pool_of(team) : NULL;
    if (p == NULL) {
        run_alone(parts, body, context);
        return;
    }
    const double begin = seconds();
    clile_i_threads_set(1);
    if (begin < p->alone_until)
        run_alone(parts, body, context);
    else
        run_with_helpers(p, parts, team, body, context, begin);
    clile_i_threads_set(team);
}
