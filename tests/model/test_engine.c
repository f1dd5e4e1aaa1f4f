/* A batch of a predictor, cut into parts that threads take: sizes of the parts, the same bits, no
 * waiting for a thread that is late, and failures of any thread. */
#include "model_test.h"

#include "model/engine.h"
#include "net/share.h"

#include <stdatomic.h>
#include <time.h>

enum { BATCH = 16 };

static void check_share(const char *backbone, double width, int32_t size, int32_t batch,
                        int32_t team, int32_t each, int32_t lanes)
{
    const clile_i_net_config config = {backbone, width, 128, 0, {0}};
    clile_i_net *net = NULL;
    clile_i_share share = {0};
    assert_int_equal(clile_i_net_create(&config, &net), CLILE_OK);
    assert_int_equal(clile_i_net_share(net, batch, size, team, 0, &share), CLILE_OK);
    if (share.each != each || share.lanes != lanes)
        fail_msg("%s, %d px, %d images on %d threads: %d a run in %d lanes, expected %d in %d",
                 backbone, (int)size, (int)batch, (int)team, (int)share.each, (int)share.lanes,
                 (int)each, (int)lanes);
    clile_i_net_destroy(net);
}

/* Maps that leave the cache are for one image at a time, many weights for many at once. */
static void test_shares(void **state)
{
    (void)state;
    check_share("resnet10", 0.25, 224, 16, 1, 1, 1);
    check_share("resnet10", 0.25, 224, 16, 2, 1, 2);
    check_share("resnet18", 1.0, 112, 16, 1, 16, 1);
    check_share("resnet18", 1.0, 112, 16, 2, 8, 2);
    check_share("resnet50", 1.0, 224, 16, 2, 8, 2);
    /* two images of 209 px are just below a MiB, of 210 px just above */
    for (int32_t team = 1; team <= 3; ++team) {
        check_share("resnet10", 0.125, 209, 2 * team, team, 2, team);
        check_share("resnet10", 0.125, 210, 2 * team, team, 1, team);
    }
    /* what the team cannot share out evenly, it runs as one */
    check_share("resnet18", 1.0, 112, 1, 2, 1, 1);
    check_share("resnet18", 1.0, 112, 7, 2, 7, 1);
    check_share("resnet18", 1.0, 112, 12, 8, 12, 1);
}

static void embed(clile_predictor *predictor, int64_t n, const uint8_t *rgb, float *embedding)
{
    if (clile_predictor_run(predictor, n, rgb, TEST_SIZE, TEST_SIZE, NULL, NULL, embedding) !=
        CLILE_OK)
        fail_msg("%s", clile_last_error());
}

/* The bits are those of the same parts on one thread, whichever thread runs them; lanes share
 * their weights. */
static void test_lanes_answer_as_one_thread(void **state)
{
    (void)state;
    enum { REPEATS = 10 };
    clile_model *models[2] = {test_model(""), NULL};
    uint8_t *rgb = test_pictures(BATCH, TEST_SIZE, TEST_SIZE, 9);
    float one[BATCH * TEST_D], two[BATCH * TEST_D];
    assert_int_equal(
        clile_model_quantize(models[0], BATCH, rgb, TEST_SIZE, TEST_SIZE, NULL, &models[1]),
        CLILE_OK);
    for (int k = 0; k < 4; ++k) {
        const int m = k / 2, team = 2 + k % 2, batch = BATCH / team * team;
        clile_i_share share;
        assert_int_equal(clile_i_net_share(models[m]->encoder, batch, TEST_SIZE, team, m, &share),
                         CLILE_OK);
        assert_int_equal(share.lanes, team);
        clile_predictor *plain = test_predictor(models[m], share.each, 1);
        const int64_t weights = clile_i_packs_bytes(models[m]->packs);
        clile_predictor *shared = test_predictor(models[m], batch, team);
        assert_int_equal(clile_i_packs_bytes(models[m]->packs), weights);
        embed(plain, batch, rgb, one);
        for (int i = 0; i < REPEATS; ++i) {
            const int64_t n = batch - i; /* also a part that is not full */
            memset(two, 0, sizeof two);
            embed(shared, n, rgb, two);
            assert_memory_equal(one, two, (size_t)(n * TEST_D) * sizeof *one);
        }
        clile_predictor_destroy(plain);
        clile_predictor_destroy(shared);
    }
    for (int m = 0; m < 2; ++m) clile_model_destroy(models[m]);
    free(rgb);
}

typedef struct {
    const clile_i_engine *engine;
    _Atomic int begun, late; /* parts begun; whether the helper is in its first */
    int64_t failing;         /* parts from here on fail */
} watched;

static int await_at_least(_Atomic int *value, int least)
{
    for (int ms = 0; ms < 20000 && atomic_load(value) < least; ++ms)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return atomic_load(value) >= least;
}

/* The owner waits for the helper to begin, the helper until all other parts have begun. */
static clile_status be_late(void *context, clile_i_lane *lane, int64_t first, int64_t count)
{
    watched *w = context;
    (void)first;
    (void)count;
    atomic_fetch_add(&w->begun, 1);
    if (lane == &w->engine->lanes[0])
        return await_at_least(&w->late, 1) ? CLILE_OK : clile_i_fail(CLILE_E_INTERNAL, "no helper");
    atomic_store(&w->late, 1);
    return await_at_least(&w->begun, BATCH) ? CLILE_OK
                                            : clile_i_fail(CLILE_E_INTERNAL, "parts were left");
}

static clile_status refuse(void *context, clile_i_lane *lane, int64_t first, int64_t count)
{
    const watched *w = context;
    (void)lane;
    (void)count;
    return first < w->failing
               ? CLILE_OK
               : clile_i_fail(CLILE_E_INVALID_ARGUMENT, "part %lld", (long long)first);
}

static clile_i_engine engine_of_two(const clile_model *model)
{
    clile_i_engine engine = {0};
    assert_int_equal(clile_i_engine_create(model, BATCH, 0, &engine), CLILE_OK);
    assert_int_equal(engine.each, 1);
    assert_int_equal(engine.lane_count, 2);
    return engine;
}

/* The thread that is late has one part; the other one does the rest meanwhile. */
static void test_a_late_thread_holds_one_part(void **state)
{
    (void)state;
    static float embedding[BATCH * TEST_D];
    clile_model *model = test_model("image_size=224");
    const int32_t before = clile_i_threads_set(2);
    clile_i_engine engine = engine_of_two(model);
    watched w = {.engine = &engine};
    if (clile_i_engine_run(&engine, BATCH, TEST_D, be_late, &w, embedding) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    assert_int_equal(w.begun, BATCH);
    clile_i_engine_free(&engine);
    clile_i_threads_set(before);
    clile_model_destroy(model);
}

/* Of parts that fail, on any thread, the first one's status and text; afterwards all is well. */
static void test_the_first_failure_is_told(void **state)
{
    (void)state;
    static float embedding[BATCH * TEST_D];
    clile_model *model = test_model("image_size=224");
    const int32_t before = clile_i_threads_set(2);
    clile_i_engine engine = engine_of_two(model);
    for (int64_t failing = 0; failing <= BATCH; failing += 4) {
        char text[16];
        watched w = {.engine = &engine, .failing = failing};
        const clile_status status =
            clile_i_engine_run(&engine, BATCH, TEST_D, refuse, &w, embedding);
        assert_int_equal(status, failing < BATCH ? CLILE_E_INVALID_ARGUMENT : CLILE_OK);
        snprintf(text, sizeof text, "part %d", (int)failing);
        if (failing < BATCH) assert_string_equal(clile_last_error(), text);
    }
    clile_i_engine_free(&engine);
    clile_i_threads_set(before);
    clile_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_late_thread_holds_one_part), /* first: with a team of no history */
        cmocka_unit_test(test_the_first_failure_is_told),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_lanes_answer_as_one_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
