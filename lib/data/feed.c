/* The batches of a stage in order. They are made on request, or by a worker during the previous
 * step. A batch depends only on configuration and step, so both ways give the same bits. */
#include "data/data.h"

enum { SLOTS = 2 }; /* the batch in use and the next one */

typedef struct {
    clile_i_feed *feed;
    clile_i_batch batch;
    int64_t *indices;
    float *src;
    int32_t *partner;
    clile_status status; /* result of the worker */
} slot;

/* What this rank loads of a batch: its share, then partners from other ranks' shares. */
typedef struct {
    int64_t *slots, *indices; /* [2 batch] places in the whole batch, images there */
    int32_t *other;           /* [batch] where the partner is in this list; -1: none */
    int64_t count;
} share;

struct clile_i_feed {
    clile_dataset *dataset;
    clile_i_feed_config config;
    int64_t n, all, steps, steps_per_epoch; /* all: images of the whole batch */
    int64_t *order;                         /* [n] of `order_epoch`; -1: none yet */
    int64_t order_epoch;
    share share;
    float *whole; /* [2 batch,3,size,size] before the exchange of halves; NULL without */
    slot slots[SLOTS];
    clile_i_worker *worker;
    int64_t ahead; /* the step requested from the worker, in slot ahead % SLOTS; -1: none */
};

/* Slot of image j of this rank's share, and back; -1: not in it. */
static int64_t slot_of(const clile_i_feed_config *c, int64_t j)
{
    const int64_t m = c->batch / c->parts;
    return j / m * m * c->ranks + c->rank * m + j % m;
}

static int32_t place_of(const clile_i_feed_config *c, int64_t k)
{
    const int64_t m = c->batch / c->parts;
    return k / m % c->ranks == c->rank ? (int32_t)(k / (m * c->ranks) * m + k % m) : -1;
}

static void make_share(clile_i_feed *f, const slot *s)
{
    const clile_i_feed_config *c = &f->config;
    share *own = &f->share;
    own->count = c->batch;
    for (int32_t j = 0; j < c->batch; ++j) {
        own->slots[j] = slot_of(c, j);
        if (f->whole == NULL) continue;
        const int32_t partner = s->partner[own->slots[j]];
        own->other[j] = partner < 0 ? -1 : place_of(c, partner);
        if (partner < 0 || own->other[j] >= 0) continue;
        own->slots[own->count] = partner;
        own->other[j] = (int32_t)own->count++;
    }
    for (int64_t j = 0; j < own->count; ++j) own->indices[j] = s->indices[own->slots[j]];
}

/* Fills the slot with the batch of batch.step. Only one thread at a time may call it. */
static clile_status make_batch(slot *s)
{
    clile_i_feed *f = s->feed;
    const clile_i_feed_config *c = &f->config;
    const int64_t step = s->batch.step, epoch = step / f->steps_per_epoch;
    if (epoch != f->order_epoch) {
        f->order_epoch = -1; /* remains if a fork ends this thread during the next call */
        clile_i_sampler_order(f->n, c->seed, epoch, f->order);
        f->order_epoch = epoch;
    }
    for (int64_t k = 0; k < f->all; ++k)
        s->indices[k] = f->order[step % f->steps_per_epoch * f->all + k];
    if (f->whole)
        clile_i_batch_draw_partners(f->all, c->exchange_halves, c->seed, step, s->partner);
    make_share(f, s);
    const share *own = &f->share;
    CLILE_I_RETURN_IF(clile_i_batch_load_slots(f->dataset, own->count, own->indices, c->size,
                                               c->standardize, &c->augment, c->seed, step,
                                               own->slots, f->whole ? f->whole : s->src));
    if (f->whole)
        clile_i_batch_blend(c->batch, c->size, c->seed, step, own->slots, own->other, f->whole,
                            s->src);
    clile_i_batch_erase(&c->augment, c->batch, c->size, c->seed, step, own->slots, s->src);
    return CLILE_OK;
}

/* A clile_i_task. */
static clile_status make_ahead(void *context)
{
    slot *s = context;
    s->status = make_batch(s);
    return s->status;
}

clile_status clile_i_feed_create(const clile_dataset *dataset, const clile_i_feed_config *config,
                                 int64_t steps, clile_i_feed **out)
{
    clile_status status = CLILE_OK;
    clile_i_feed *f = NULL;
    const int64_t n = clile_dataset_size(dataset);
    *out = NULL;
    const int32_t ranks = config->ranks > 1 ? config->ranks : 1;
    const int64_t all = (int64_t)ranks * config->batch;
    if (config->batch < 1 || all > n || config->size < 1)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "batches of %d images of %d pixels from a data set of %lld", (int)all,
                            (int)config->size, (long long)n);
    const int64_t pixels = (int64_t)config->batch * 3 * config->size * config->size;
    CLILE_I_ALLOC(f, 1);
    f->config = *config;
    f->config.ranks = ranks;
    f->config.parts = config->parts > 1 ? config->parts : 1;
    f->n = n;
    f->all = all;
    f->steps = steps;
    /* the remaining images are dropped; the next epoch draws a new order */
    f->steps_per_epoch = n / all;
    f->order_epoch = f->ahead = -1;
    CLILE_I_TRY(clile_i_dataset_retain(dataset, &f->dataset));
    CLILE_I_ALLOC(f->order, n);
    const int64_t most = (ranks > 1 ? 2 : 1) * (int64_t)config->batch;
    CLILE_I_ALLOC(f->share.slots, most);
    CLILE_I_ALLOC(f->share.indices, most);
    CLILE_I_ALLOC(f->share.other, config->batch);
    if (config->exchange_halves > 0) CLILE_I_ALLOC(f->whole, pixels / config->batch * most);
    for (int k = 0; k < (config->workers ? SLOTS : 1); ++k) {
        slot *s = &f->slots[k];
        s->feed = f;
        CLILE_I_ALLOC(s->indices, all);
        CLILE_I_ALLOC(s->src, pixels);
        if (f->whole) CLILE_I_ALLOC(s->partner, all);
        s->batch = (clile_i_batch){
            .step = -1, .indices = s->indices, .src = s->src, .partner = s->partner};
    }
    *out = f;
    f = NULL;
cleanup:
    clile_i_feed_destroy(f);
    return status;
}

static void go_ahead(clile_i_feed *f, int64_t step)
{
    slot *s = &f->slots[step % SLOTS];
    f->ahead = step;
    s->batch.step = step;
    clile_i_worker_start(f->worker, make_ahead, s);
}

clile_status clile_i_feed_get(clile_i_feed *feed, int64_t step, const clile_i_batch **out)
{
    slot *s = &feed->slots[feed->config.workers ? step % SLOTS : 0];
    if (feed->ahead != step) clile_i_feed_rest(feed); /* it made another step */
    if (feed->config.workers && feed->worker == NULL)
        CLILE_I_RETURN_IF(clile_i_worker_create(&feed->worker));
    if (feed->ahead == step) {
        feed->ahead = -1;
        CLILE_I_RETURN_IF(clile_i_worker_wait(feed->worker));
    } else {
        feed->ahead = -1;
        s->batch.step = step;
        CLILE_I_RETURN_IF(make_batch(s));
    }
    *out = &s->batch;
    if (feed->worker && step + 1 < feed->steps) go_ahead(feed, step + 1);
    return CLILE_OK;
}

int32_t clile_i_feed_exchange(const clile_i_feed *feed, int64_t step, int64_t place, int64_t image,
                              clile_i_exchange *out)
{
    return clile_i_shapes_draw(&feed->config.augment, clile_i_dataset_subject(feed->dataset, image),
                               feed->config.seed, step, place, out);
}

float clile_i_feed_mixture(const clile_i_feed *feed, int64_t step, int64_t place, int64_t image,
                           int32_t *other)
{
    return clile_i_shapes_mixture(&feed->config.augment,
                                  clile_i_dataset_subject(feed->dataset, image), feed->config.seed,
                                  step, place, other);
}

clile_i_jitter clile_i_feed_jitter(const clile_i_feed *feed, int64_t step, int64_t place)
{
    return clile_i_augment_draw(&feed->config.augment, feed->config.seed, step, place);
}

void clile_i_feed_rest(clile_i_feed *feed)
{
    if (feed == NULL || feed->worker == NULL) return;
    clile_i_worker_destroy(feed->worker);
    feed->worker = NULL;
    if (feed->ahead >= 0 && feed->slots[feed->ahead % SLOTS].status != CLILE_OK)
        feed->ahead = -1; /* the next get will retry */
}

void clile_i_feed_destroy(clile_i_feed *feed)
{
    if (feed == NULL) return;
    clile_i_worker_destroy(feed->worker);
    for (int k = 0; k < SLOTS; ++k) {
        clile_i_free(feed->slots[k].indices);
        clile_i_free(feed->slots[k].src);
        clile_i_free(feed->slots[k].partner);
    }
    clile_i_free(feed->share.slots);
    clile_i_free(feed->share.indices);
    clile_i_free(feed->share.other);
    clile_i_free(feed->whole);
    clile_i_free(feed->order);
    clile_dataset_destroy(feed->dataset);
    clile_i_free(feed);
}
