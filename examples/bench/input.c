/* What the input of training costs: batches of lib/data, made between steps and by a worker, in
 * turns, so that other programs disturb both alike. */
#include "bench.h"

#include "data/data.h"

enum { IMAGES = 256, SUBJECTS = 8, WAYS = 2 };

/* Crops of noise, which cost what faces cost. */
static clile_status make_up(const bench_args *a, clile_dataset **out)
{
    clile_status status = CLILE_OK;
    const int32_t au = 1;
    const int64_t n = a->batch > IMAGES ? a->batch : IMAGES, bytes = n * a->size * a->size * 3;
    uint8_t *rgb = NULL;
    int8_t *labels = NULL;
    int32_t *subject = NULL;
    CLILE_I_ALLOC(rgb, bytes);
    CLILE_I_ALLOC(labels, n);
    CLILE_I_ALLOC(subject, n);
    for (int64_t i = 0; i < bytes; ++i) rgb[i] = (uint8_t)(i * 2654435761 >> 16);
    for (int64_t i = 0; i < n; ++i) subject[i] = (int32_t)(i % SUBJECTS);
    CLILE_I_TRY(clile_dataset_from_arrays(n, a->size, a->size, rgb, 1, &au, labels, subject, out));
cleanup:
    clile_i_free(rgb);
    clile_i_free(labels);
    clile_i_free(subject);
    return status;
}

static clile_status make_feeds(const bench_args *a, const clile_dataset *data, clile_i_feed **feeds)
{
    clile_i_feed_config config = {.batch = a->batch, .size = a->size};
    CLILE_I_RETURN_IF(clile_i_augment_from_options(NULL, &config.augment));
    CLILE_I_RETURN_IF(
        clile_options_get_f64(NULL, CLILE_OPT_EXCHANGE_HALVES, &config.exchange_halves));
    for (config.workers = 0; config.workers < WAYS; ++config.workers) {
        /* so that neither finds in the cache what the other has just decoded */
        config.seed = 1 + (uint64_t)config.workers;
        CLILE_I_RETURN_IF(clile_i_feed_create(data, &config, INT64_MAX, &feeds[config.workers]));
    }
    return CLILE_OK;
}

clile_status measure_input(const bench_args *a, bench_step *step, bench_input *out)
{
    enum { WARM_UP = 2 };
    static double input[WAYS][MAX_RUNS], whole[WAYS][MAX_RUNS], ratio[MAX_RUNS];
    clile_status status = CLILE_OK;
    clile_dataset *data = NULL;
    clile_i_feed *feeds[WAYS] = {NULL};
    int64_t next[WAYS] = {0};
    if (a->data)
        CLILE_I_TRY(clile_dataset_open(a->data, NULL, &data));
    else
        CLILE_I_TRY(make_up(a, &data));
    CLILE_I_TRY(make_feeds(a, data, feeds));
    for (int32_t i = -WARM_UP; i < a->runs; ++i)
        for (int way = 0; way < WAYS; ++way)
            for (int part = 0; part < 2; ++part) {
                /* time the second one: all that the worker does during it belongs to it */
                const clile_i_batch *batch = NULL;
                const double begin = now();
                CLILE_I_TRY(clile_i_feed_get(feeds[way], next[way]++, &batch));
                const double middle = now();
                CLILE_I_TRY(step->run(step, batch->src));
                if (part == 0 || i < 0) continue;
                whole[way][i] = now() - begin;
                input[way][i] = middle - begin;
            }
    for (int32_t i = 0; i < a->runs; ++i) ratio[i] = whole[1][i] / whole[0][i];
    out->ratio = median(ratio, a->runs);
    for (int way = 0; way < WAYS; ++way) {
        out->input[way] = median(input[way], a->runs);
        out->step[way] = median(whole[way], a->runs);
    }
cleanup:
    for (int way = 0; way < WAYS; ++way) clile_i_feed_destroy(feeds[way]);
    clile_dataset_destroy(data);
    return status;
}
