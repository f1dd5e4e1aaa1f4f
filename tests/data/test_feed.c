/* The batches of a stage: the same bits with and without a worker, in any order of calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "data/data.h"
#include "data/scratch.h"

/* four steps an epoch */
enum { N = 21, SIZE = 32, BATCH = 5, STEPS = 13, FLOATS = BATCH * 3 * SIZE * SIZE };

typedef struct {
    int64_t indices[BATCH];
    int32_t partner[BATCH];
    float src[FLOATS];
} copy;

static clile_dataset *make(void)
{
    static uint8_t rgb[N * SIZE * SIZE * 3];
    const int32_t au = 4;
    int8_t labels[N];
    int32_t subject[N];
    clile_dataset *dataset = NULL;
    clile_i_rng rng = clile_i_rng_make(4, 4);
    for (size_t i = 0; i < sizeof rgb; ++i) rgb[i] = (uint8_t)clile_i_rng_u32(&rng);
    for (int i = 0; i < N; ++i) {
        labels[i] = (int8_t)(i % 2);
        subject[i] = i % 3;
    }
    assert_int_equal(
        clile_dataset_from_arrays(N, SIZE, SIZE, rgb, 1, &au, labels, subject, &dataset), CLILE_OK);
    return dataset;
}

static clile_i_feed_config config_with(int32_t workers, double exchange)
{
    return (clile_i_feed_config){.batch = BATCH,
                                 .size = SIZE,
                                 .augment = {.flip = 1,
                                             .scale = 0.1,
                                             .contrast = 0.2,
                                             .blur = 0.5,
                                             .blur_least = 1,
                                             .blur_most = 2,
                                             .erase = 0.5,
                                             .erase_area = 0.3},
                                 .exchange_halves = exchange,
                                 .seed = 6,
                                 .workers = workers};
}

static void take(clile_i_feed *feed, int64_t step, copy *out)
{
    const clile_i_batch *batch = NULL;
    memset(out, 0, sizeof *out);
    if (clile_i_feed_get(feed, step, &batch) != CLILE_OK)
        fail_msg("step %d: %s", (int)step, clile_last_error());
    assert_int_equal(batch->step, step);
    memcpy(out->indices, batch->indices, sizeof out->indices);
    memcpy(out->src, batch->src, sizeof out->src);
    if (batch->partner) memcpy(out->partner, batch->partner, sizeof out->partner);
}

/* The expected batch, from the functions that make one. */
static void make_directly(const clile_dataset *dataset, double exchange, int64_t step, copy *out)
{
    static float whole[FLOATS];
    const clile_i_feed_config c = config_with(0, exchange);
    int64_t order[N];
    memset(out, 0, sizeof *out);
    clile_i_sampler_order(N, c.seed, step / (N / BATCH), order);
    memcpy(out->indices, order + step % (N / BATCH) * BATCH, sizeof out->indices);
    assert_int_equal(clile_i_batch_load(dataset, BATCH, out->indices, SIZE, &c.augment, c.seed,
                                        step, exchange > 0 ? whole : out->src),
                     CLILE_OK);
    if (exchange > 0)
        clile_i_batch_exchange_halves(BATCH, SIZE, exchange, c.seed, step, whole, out->src,
                                      out->partner);
    clile_i_batch_erase(&c.augment, BATCH, SIZE, c.seed, step, NULL, out->src);
}

static void same_bits_with_any_workers_and_threads(void **state)
{
    static copy expected[STEPS], got;
    clile_dataset *dataset = make();
    (void)state;
    for (int exchange = 0; exchange < 2; ++exchange) {
        for (int64_t step = 0; step < STEPS; ++step)
            make_directly(dataset, 0.6 * exchange, step, &expected[step]);
        assert_memory_not_equal(expected[0].src, expected[4].src,
                                sizeof expected[0].src); /* another epoch, another order */
        for (int32_t workers = 0; workers < 2; ++workers)
            for (int32_t threads = 1; threads < 4; ++threads) {
                const clile_i_feed_config c = config_with(workers, 0.6 * exchange);
                const int32_t before = clile_i_threads_set(threads);
                clile_i_feed *feed = NULL;
                assert_int_equal(clile_i_feed_create(dataset, &c, STEPS, &feed), CLILE_OK);
                for (int64_t step = 0; step < STEPS; ++step) {
                    take(feed, step, &got);
                    assert_memory_equal(&got, &expected[step], sizeof got);
                }
                assert_int_equal(clile_i_threads_set(before), threads);
                clile_i_feed_destroy(feed);
            }
    }
    clile_dataset_destroy(dataset);
}

/* Crops of one mean and spread: augmented and combined as the others, with any workers. */
static void standardized_crops(void **state)
{
    static float whole[FLOATS], plain[FLOATS];
    static copy expected, got;
    clile_dataset *dataset = make();
    (void)state;
    for (int exchange = 0; exchange < 2; ++exchange)
        for (int32_t workers = 0; workers < 2; ++workers) {
            clile_i_feed_config c = config_with(workers, 0.6 * exchange);
            clile_i_feed *feed = NULL;
            c.standardize = 1;
            assert_int_equal(clile_i_feed_create(dataset, &c, STEPS, &feed), CLILE_OK);
            for (int64_t step = 0; step < STEPS; step += 3) {
                make_directly(dataset, 0.6 * exchange, step, &expected); /* indices, partners */
                memcpy(plain, expected.src, sizeof plain);
                assert_int_equal(clile_i_batch_load_slots(dataset, BATCH, expected.indices, SIZE, 1,
                                                          &c.augment, c.seed, step, NULL,
                                                          exchange ? whole : expected.src),
                                 CLILE_OK);
                if (exchange)
                    clile_i_batch_exchange_halves(BATCH, SIZE, 0.6, c.seed, step, whole,
                                                  expected.src, expected.partner);
                clile_i_batch_erase(&c.augment, BATCH, SIZE, c.seed, step, NULL, expected.src);
                take(feed, step, &got);
                assert_memory_equal(&got, &expected, sizeof got);
                assert_memory_not_equal(got.src, plain, sizeof plain);
            }
            clile_i_feed_destroy(feed);
        }
    clile_dataset_destroy(dataset);
}

/* A stop for a checkpoint, a resume in the middle, the data set's handle gone. */
static void any_step_may_come_next(void **state)
{
    static const int64_t steps[] = {7, 8, 8, 0, 1, 12, 3, 2, 4, 5};
    static copy expected, got;
    clile_dataset *dataset = make(), *kept = make();
    const clile_i_feed_config c = config_with(1, 0.6);
    clile_i_feed *feed = NULL;
    (void)state;
    assert_int_equal(clile_i_feed_create(dataset, &c, STEPS, &feed), CLILE_OK);
    clile_dataset_destroy(dataset);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; ++i) {
        take(feed, steps[i], &got);
        make_directly(kept, 0.6, steps[i], &expected);
        assert_memory_equal(&got, &expected, sizeof got);
        if (i % 3 == 1) clile_i_feed_rest(feed);
        if (i % 3 == 1) clile_i_feed_rest(feed);
    }
    clile_i_feed_destroy(feed);
    clile_i_feed_rest(NULL);
    clile_i_feed_destroy(NULL);
    clile_dataset_destroy(kept);
}

/* Image 8 of 12 is damaged: the step that needs it fails, with the same message, and no earlier
 * step does. */
static void an_error_comes_with_its_step_and_its_words(void **state)
{
    enum { IMAGES = 12, PER_BATCH = 3 };
    const scratch s = scratch_make();
    clile_i_text text = {0};
    int64_t order[IMAGES], bad_step = 0;
    (void)state;
    clile_i_text_append(&text, "image,subject,AU1\n");
    for (int i = 0; i < IMAGES; ++i) {
        char name[32];
        snprintf(name, sizeof name, "%d.png", i);
        if (i == 8)
            scratch_copy(&s, name, "image/rgb.png", 60);
        else
            scratch_image(&s, name, i);
        clile_i_text_append(&text, "%s,p,1\n", name);
    }
    scratch_text(&s, "manifest.csv", text.data);
    clile_i_text_free(&text);
    clile_i_sampler_order(IMAGES, 6, 0, order);
    while (order[bad_step] != 8) ++bad_step;
    bad_step /= PER_BATCH;
    for (int32_t workers = 0; workers < 2; ++workers)
        for (int rest = 0; rest < 2; ++rest) {
            clile_i_feed_config c = config_with(workers, 0.6);
            const clile_i_batch *batch = NULL;
            clile_dataset *dataset = NULL;
            clile_i_feed *feed = NULL;
            c.batch = PER_BATCH;
            assert_int_equal(scratch_open(s.path, "", &dataset), CLILE_OK);
            assert_int_equal(clile_i_feed_create(dataset, &c, 4, &feed), CLILE_OK);
            for (int64_t step = 0; step < bad_step; ++step)
                assert_int_equal(clile_i_feed_get(feed, step, &batch), CLILE_OK);
            clile_i_fail(CLILE_E_STATE, "said before");
            if (rest) clile_i_feed_rest(feed);
            assert_string_equal(clile_last_error(),
                                /* the worker has failed by now, or will; nothing reports it yet */
                                "said before");
            for (int again = 0; again < 2; ++again) {
                assert_int_equal(clile_i_feed_get(feed, bad_step, &batch), CLILE_E_CORRUPT);
                assert_non_null(strstr(clile_last_error(), "8.png: the PNG file is damaged"));
            }
            if (bad_step < 3)
                assert_int_equal(clile_i_feed_get(feed, bad_step + 1, &batch), CLILE_OK);
            clile_i_feed_destroy(feed);
            clile_dataset_destroy(dataset);
        }
    scratch_free(&s);
}

static void it_may_be_destroyed_while_it_works(void **state)
{
    clile_dataset *dataset = make();
    const clile_i_feed_config c = config_with(1, 0.6);
    (void)state;
    for (int i = 0; i < 60; ++i) {
        const clile_i_batch *batch = NULL;
        clile_i_feed *feed = NULL;
        assert_int_equal(clile_i_feed_create(dataset, &c, STEPS, &feed), CLILE_OK);
        for (int step = 0; step < i % 3; ++step)
            assert_int_equal(clile_i_feed_get(feed, step, &batch), CLILE_OK);
        clile_i_feed_destroy(feed);
    }
    clile_dataset_destroy(dataset);
}

/* Three ranks that compute a batch in two parts make the shares of one feed's batch: 18 images, of
 * each part of 9 the rank's 3, with partners from any share. */
static void shares_make_the_batch(void **state)
{
    enum { RANKS = 3, PARTS = 2, OWN = 3, ALL = RANKS * PARTS * OWN, IMAGE = 3 * SIZE * SIZE };
    clile_dataset *dataset = make();
    clile_i_feed_config c = config_with(0, 0.6);
    clile_i_feed *whole = NULL, *share[RANKS] = {NULL};
    (void)state;
    c.batch = ALL;
    assert_int_equal(clile_i_feed_create(dataset, &c, 3, &whole), CLILE_OK);
    for (int32_t r = 0; r < RANKS; ++r) {
        c.batch = PARTS * OWN;
        c.rank = r;
        c.ranks = RANKS;
        c.parts = PARTS;
        c.workers = r % 2;
        assert_int_equal(clile_i_feed_create(dataset, &c, 3, &share[r]), CLILE_OK);
    }
    for (int64_t step = 0; step < 3; ++step) {
        const clile_i_batch *all = NULL, *own = NULL;
        int foreign = 0;
        assert_int_equal(clile_i_feed_get(whole, step, &all), CLILE_OK);
        for (int32_t r = 0; r < RANKS; ++r) {
            assert_int_equal(clile_i_feed_get(share[r], step, &own), CLILE_OK);
            assert_memory_equal(own->indices, all->indices, ALL * sizeof *all->indices);
            assert_memory_equal(own->partner, all->partner, ALL * sizeof *all->partner);
            for (int k = 0; k < PARTS * OWN; ++k) {
                const int slot = k / OWN * RANKS * OWN + r * OWN + k % OWN;
                const int32_t partner = all->partner[slot];
                assert_memory_equal(own->src + k * IMAGE, all->src + slot * IMAGE,
                                    IMAGE * sizeof(float));
                foreign += partner >= 0 && partner / OWN % RANKS != r;
            }
        }
        assert_true(foreign > 0);
    }
    for (int32_t r = 0; r < RANKS; ++r) clile_i_feed_destroy(share[r]);
    clile_i_feed_destroy(whole);
    clile_dataset_destroy(dataset);
}

static void what_cannot_be_is_refused(void **state)
{
    clile_dataset *dataset = make();
    clile_i_feed_config c = config_with(0, 0);
    clile_i_feed *feed = NULL;
    (void)state;
    c.batch = N + 1;
    assert_int_equal(clile_i_feed_create(dataset, &c, 1, &feed), CLILE_E_INVALID_ARGUMENT);
    assert_string_equal(clile_last_error(),
                        "batches of 22 images of 32 pixels from a data set of 21");
    assert_null(feed);
    c = config_with(1, 0.5);
    for (int64_t k = 1; k < 100; ++k) {
        clile_i_alloc_fail_at(k);
        const clile_status status = clile_i_feed_create(dataset, &c, 1, &feed);
        clile_i_alloc_fail_at(0);
        clile_i_feed_destroy(feed);
        if (status == CLILE_OK) {
            assert_true(k > 7);
            break;
        }
        assert_int_equal(status, CLILE_E_OUT_OF_MEMORY);
        assert_null(feed);
    }
    clile_dataset_destroy(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits_with_any_workers_and_threads),
        cmocka_unit_test(standardized_crops),
        cmocka_unit_test(any_step_may_come_next),
        cmocka_unit_test(an_error_comes_with_its_step_and_its_words),
        cmocka_unit_test(it_may_be_destroyed_while_it_works),
        cmocka_unit_test(shares_make_the_batch),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
