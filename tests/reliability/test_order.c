/* Destroys handles in any order. A child keeps its parents alive, so that the remaining handles
 * still work. Under the address sanitizer or valgrind, a mistake is a use after free or a leak.
 * Without them, the test counts blocks and compares the results of the remaining handles. */
#include "reliability/world.h"

#include <stdlib.h>

enum {
    OPTIONS,
    REPORT,
    WHOLE,
    TRAIN,
    TEST,
    MODEL,
    PREDICTOR,
    TRAINER,
    HANDLES,
    FIRST_BOUND = WHOLE,
    BOUND = HANDLES - FIRST_BOUND
};

typedef struct {
    clile_options *options;
    clile_report *report;
    clile_dataset *whole, *train, *test;
    clile_model *model;
    clile_predictor *predictor;
    clile_trainer *trainer;
    float probability[WORLD_C]; /* of the predictor, at first */
    int8_t labels[WORLD_C];     /* of the test part's first image */
} family;

static world w;

static void must(clile_status status)
{
    if (status != CLILE_OK) fail_msg("%s", clile_last_error());
}

static family make(void)
{
    family f = {0};
    must(clile_options_copy(w.options, &f.options));
    must(clile_report_create(WORLD_C, w.au_ids, NULL, &f.report));
    must(clile_dataset_open(w.images, f.options, &f.whole));
    must(clile_dataset_fold(f.whole, "kfold:3", 1, &f.train, &f.test));
    must(clile_model_load(w.model_path, &f.model));
    /* before the trainer, which makes the model busy */
    must(clile_predictor_create(f.model, f.options, &f.predictor));
    must(clile_options_set_i64(f.options, CLILE_OPT_BATCH, 8));
    must(clile_trainer_create(f.model, f.train, f.options, &f.trainer));
    must(clile_predictor_run(f.predictor, 1, &w.rgb[0][0][0][0], WORLD_SIZE, WORLD_SIZE,
                             f.probability, NULL, NULL));
    must(clile_dataset_copy_labels(f.test, 0, 1, f.labels));
    return f;
}

static void destroy(family *f, int handle)
{
    switch (handle) {
        case OPTIONS:
            clile_options_destroy(f->options);
            f->options = NULL;
            break;
        case REPORT:
            clile_report_destroy(f->report);
            f->report = NULL;
            break;
        case WHOLE:
            clile_dataset_destroy(f->whole);
            f->whole = NULL;
            break;
        case TRAIN:
            clile_dataset_destroy(f->train);
            f->train = NULL;
            break;
        case TEST:
            clile_dataset_destroy(f->test);
            f->test = NULL;
            break;
        case MODEL:
            clile_model_destroy(f->model);
            f->model = NULL;
            break;
        case PREDICTOR:
            clile_predictor_destroy(f->predictor);
            f->predictor = NULL;
            break;
        default:
            clile_trainer_destroy(f->trainer);
            f->trainer = NULL;
            break;
    }
}

/* Everything that has not been destroyed answers as before. */
static void use(const family *f)
{
    float probability[WORLD_C] = {0};
    int8_t labels[WORLD_C] = {0};
    static uint8_t crop[WORLD_SIZE * WORLD_SIZE * 3];
    int64_t batch = 0;
    if (f->options != NULL) must(clile_options_get_i64(f->options, CLILE_OPT_BATCH, &batch));
    if (f->report != NULL) must(clile_report_add_value(f->report, "n", 1));
    if (f->whole != NULL) assert_int_equal(WORLD_N, clile_dataset_size(f->whole));
    if (f->train != NULL) /* read when it is first needed */
        must(clile_dataset_copy_crop(f->train, 0, WORLD_SIZE, crop));
    if (f->test != NULL) {
        must(clile_dataset_copy_labels(f->test, 0, 1, labels));
        assert_memory_equal(f->labels, labels, sizeof labels);
        assert_non_null(clile_dataset_get_image_name(f->test, 0));
    }
    if (f->model != NULL) assert_int_equal(WORLD_D, clile_model_embedding_size(f->model));
    if (f->predictor != NULL) {
        must(clile_predictor_run(f->predictor, 1, &w.rgb[0][0][0][0], WORLD_SIZE, WORLD_SIZE,
                                 probability, NULL, NULL));
        assert_memory_equal(f->probability, probability, sizeof probability);
    }
    if (f->trainer != NULL) assert_int_equal(0, clile_trainer_needs_stage1(NULL));
}

/* The next permutation in lexical order; 0 after the last. */
static int permute(int n, int *order)
{
    int i = n - 2, k = n - 1;
    while (i >= 0 && order[i] > order[i + 1]) --i;
    if (i < 0) return 0;
    while (order[k] < order[i]) --k;
    int swap = order[i];
    order[i] = order[k];
    order[k] = swap;
    for (int low = i + 1, high = n - 1; low < high; ++low, --high) {
        swap = order[low];
        order[low] = order[high];
        order[high] = swap;
    }
    return 1;
}

/* Options and report depend on nothing: their place among the other six moves on with each of
 * the 720 orders. */
static void every_order_of_destruction(void **state)
{
    (void)state;
    int order[BOUND], orders = 0;
    for (int i = 0; i < BOUND; ++i) order[i] = FIRST_BOUND + i;
    const int64_t live = world_live_blocks();
    do {
        family f = make();
        for (int i = 0; i <= BOUND; ++i) {
            if (orders % (BOUND + 1) == i) {
                destroy(&f, OPTIONS);
                destroy(&f, REPORT);
            }
            if (i < BOUND) destroy(&f, order[i]);
            use(&f);
        }
        assert_int_equal(live, world_live_blocks());
        ++orders;
    } while (permute(BOUND, order));
    assert_int_equal(720, orders);
}

static int32_t stop_at_once(const clile_progress *progress, void *user)
{
    (void)progress;
    (void)user;
    return 1;
}

/* Parents first: a trainer in the middle of a stage has all it needs, ends its training, and the
 * model outlives it. */
static void a_trainer_goes_on_without_its_parents(void **state)
{
    (void)state;
    const int64_t live = world_live_blocks();
    for (int stage = 1; stage <= 2; ++stage)
        for (int finish = 0; finish < 2; ++finish) {
            family f = make();
            if (stage == 2) must(clile_trainer_run(f.trainer, 1, NULL, NULL));
            assert_int_equal(CLILE_E_CANCELLED,
                             clile_trainer_run(f.trainer, stage, stop_at_once, NULL));
            for (int handle = OPTIONS; handle < PREDICTOR; ++handle) destroy(&f, handle);
            if (finish) must(clile_trainer_run(f.trainer, stage, NULL, NULL));
            destroy(&f, TRAINER);
            destroy(&f, PREDICTOR); /* the last that holds the model */
            assert_int_equal(live, world_live_blocks());
        }
}

/* What comes in the wrong order is refused with CLILE_E_STATE, and refusing changes nothing. */
static void the_wrong_order_of_calls_is_refused(void **state)
{
    (void)state;
    family f = make();
    clile_predictor *predictor = NULL;
    clile_trainer *second = NULL;
    clile_model *untrained = NULL;
    char *text = NULL;
    double mean = -7;
    assert_int_equal(CLILE_E_STATE, clile_trainer_create(f.model, f.train, f.options, &second));
    assert_non_null(strstr(clile_last_error(), "another trainer"));
    assert_int_equal(CLILE_E_STATE, clile_predictor_create(f.model, NULL, &predictor));
    assert_non_null(strstr(clile_last_error(), "being trained"));
    assert_int_equal(CLILE_E_STATE, clile_model_set_decision(f.model, NULL, w.ones, w.zeros));
    assert_int_equal(CLILE_E_STATE, clile_model_import_backbone(f.model, w.backbone));
    assert_int_equal(CLILE_E_STATE, clile_model_export_onnx(f.model, w.scratch));
    assert_int_equal(CLILE_E_STATE, clile_trainer_run(f.trainer, 2, NULL, NULL));
    assert_non_null(strstr(clile_last_error(), "stage 1"));
    must(clile_trainer_run(f.trainer, 1, NULL, NULL));
    assert_int_equal(CLILE_E_STATE, clile_trainer_run(f.trainer, 1, NULL, NULL));
    assert_int_equal(CLILE_E_STATE, clile_trainer_resume(f.trainer, w.checkpoint));
    must(clile_trainer_run(f.trainer, 2, NULL, NULL));
    assert_int_equal(CLILE_E_STATE, clile_trainer_run(f.trainer, 2, NULL, NULL));
    assert_int_equal(CLILE_E_STATE, clile_report_copy_text(f.report, &text));
    assert_null(text);
    assert_int_equal(CLILE_E_STATE,
                     clile_report_get_summary(f.report, "f1", &mean, NULL, NULL, NULL));
    assert_true(mean == -7);
    must(clile_model_create(w.options, WORLD_C, w.au_ids, &untrained));
    assert_int_equal(CLILE_E_STATE, clile_predictor_create(untrained, NULL, &predictor));
    assert_null(predictor);
    assert_null(second);
    clile_model_destroy(untrained);
    for (int handle = 0; handle < HANDLES; ++handle) destroy(&f, handle);
}

static int set_up(void **state)
{
    (void)state;
    world_make(&w);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_destroy(&w);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_order_of_destruction),
        cmocka_unit_test(a_trainer_goes_on_without_its_parents),
        cmocka_unit_test(the_wrong_order_of_calls_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
