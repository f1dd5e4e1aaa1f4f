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

struct clile_i_feed {
    clile_dataset *dataset;
    clile_i_feed_config config;
    int64_t n, steps, steps_per_epoch;
    int64_t *order; /* [n] of `order_epoch`; -1: none yet */
    int64_t order_epoch;
    float *whole; /* [batch,3,size,size] before the exchange of halves; NULL without */
    slot slots[SLOTS];
    clile_i_worker *worker;
    int64_t ahead; /* the step requested from the worker, in slot ahead % SLOTS; -1: none */
};

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
    for (int32_t k = 0; k < c->batch; ++k)
        s->indices[k] = f->order[step % f->steps_per_epoch * c->batch + k];
    CLILE_I_RETURN_IF(clile_i_batch_load(f->dataset, c->batch, s->indices, c->size, &c->augment,
                                         c->seed, step, f->whole ? f->whole : s->src));
    if (f->whole)
        clile_i_batch_exchange_halves(c->batch, c->size, c->exchange_halves, c->seed, step,
                                      f->whole, s->src, s->partner);
    clile_i_batch_erase(&c->augment, c->batch, c->size, c->seed, step, s->src);
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
    if (config->batch < 1 || config->batch > n || config->size < 1)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "batches of %d images of %d pixels from a data set of %lld",
                            (int)config->batch, (int)config->size, (long long)n);
    const int64_t pixels = (int64_t)config->batch * 3 * config->size * config->size;
    CLILE_I_ALLOC(f, 1);
    f->config = *config;
    f->n = n;
    f->steps = steps;
    /* the remaining images are dropped; the next epoch draws a new order */
    f->steps_per_epoch = n / config->batch;
    f->order_epoch = f->ahead = -1;
    CLILE_I_TRY(clile_i_dataset_retain(dataset, &f->dataset));
    CLILE_I_ALLOC(f->order, n);
    if (config->exchange_halves > 0) CLILE_I_ALLOC(f->whole, pixels);
    for (int k = 0; k < (config->workers ? SLOTS : 1); ++k) {
        slot *s = &f->slots[k];
        s->feed = f;
        CLILE_I_ALLOC(s->indices, config->batch);
        CLILE_I_ALLOC(s->src, pixels);
        if (f->whole) CLILE_I_ALLOC(s->partner, config->batch);
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
    clile_i_free(feed->whole);
    clile_i_free(feed->order);
    clile_dataset_destroy(feed->dataset);
    clile_i_free(feed);
}
