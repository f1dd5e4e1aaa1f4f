/* The promises of checkpoints: each option is honoured, or rejected by name; a run continues from
 * wherever it was saved; calls in the wrong order are rejected and change nothing. */
#include "dnn/dnn.h"
#include "train/bench.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

static const char checkpoint[] = "resume_c.safetensors", whole[] = "resume_whole.safetensors",
                  part[] = "resume_part.safetensors";

enum { STEPS_PER_EPOCH = TOY_N / 16 };

static void run_to_end(bench *b, clile_progress_fn progress, void *user)
{
    for (int32_t stage; (stage = clile_trainer_next_stage(b->trainer)) != 0;)
        require(clile_trainer_run(b->trainer, stage, progress, user));
    assert_int_equal(clile_model_is_trained(b->model), 1);
}

typedef struct {
    int32_t stage;
    int64_t step;
    clile_trainer *saved; /* not NULL: save here and continue */
    int calls;
    double rate[64]; /* of stage 2, by step */
} stop_at;

static int32_t stop(const clile_progress *p, void *user)
{
    stop_at *s = user;
    s->calls += 1;
    if (p->stage == 2) s->rate[p->step] = p->learning_rate;
    if (p->stage != s->stage || p->step != s->step) return 0;
    if (s->saved == NULL) return 1;
    require(clile_trainer_save(s->saved, checkpoint));
    return 0;
}

/* Saves after `step` of `stage`; step 0: before the stage begins. */
static void save_at(const char *settings, int32_t stage, int64_t step)
{
    bench b = bench_make(settings);
    stop_at s = {.stage = stage, .step = step};
    if (stage == 2 && clile_trainer_needs_stage1(b.trainer))
        require(clile_trainer_run(b.trainer, 1, NULL, NULL));
    if (step > 0)
        assert_int_equal(clile_trainer_run(b.trainer, stage, stop, &s), CLILE_E_CANCELLED);
    require(clile_trainer_save(b.trainer, checkpoint));
    bench_free(&b);
}

static void train_whole(const char *settings)
{
    bench b = bench_make(settings);
    run_to_end(&b, NULL, NULL);
    require(clile_model_save(b.model, whole));
    bench_free(&b);
}

static void resumed_is_whole(const char *settings)
{
    bench b = bench_make(settings);
    require(clile_trainer_resume(b.trainer, checkpoint));
    run_to_end(&b, NULL, NULL);
    require(clile_model_save(b.model, part));
    bench_free(&b);
    assert_same_file(whole, part);
}

/* ---- every option of the table ---- */

/* These may differ, since they change no result of steps that are done. */
static int may_differ(const char *key)
{
    static const char *const keys[] = {
        "layout",       "au_set",        "max_pixels", "max_label_mb",  "max_pack_mb",
        "cache_mb",     "predict_batch", "threads",    "input_workers", "validation_every",
        "epochs",       "epochs_stage1", "targets",    "mirror",        "crop_margin",
        "points_model", "faces",         "crop_scale", "precision",     "recompute"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; ++i)
        if (strcmp(keys[i], key) == 0) return 1;
    return 0;
}

/* Another legal value than the one in force, near to it. */
static void change(clile_options *options, const clile_option_info *info)
{
    const char *text, *bar = strchr(info->choices, '|');
    char other[64];
    int64_t integer;
    double real;
    switch (info->type) {
        case CLILE_OPTION_INTEGER:
            require(clile_options_get_i64(options, info->name, &integer));
            integer += (double)integer < info->maximum ? 1 : -1;
            require(clile_options_set_i64(options, info->name, integer));
            break;
        case CLILE_OPTION_REAL:
            require(clile_options_get_f64(options, info->name, &real));
            real += (real < info->maximum ? info->maximum - real : info->minimum - real) / 1024;
            require(clile_options_set_f64(options, info->name, real));
            break;
        case CLILE_OPTION_CHOICE:
            require(clile_options_get_str(options, info->name, &text));
            snprintf(other, sizeof other, "%.*s", (int)(bar - info->choices), info->choices);
            if (strcmp(text, other) == 0)
                snprintf(other, sizeof other, "%.*s", (int)strcspn(bar + 1, "|"), bar + 1);
            require(clile_options_set_str(options, info->name, other));
            break;
        default: require(clile_options_set_str(options, info->name, "1,4,12"));
    }
}

static void test_each_option_is_honoured_or_refused(void **state)
{
    (void)state;
    static const char settings[] = "elimination=none init_from_stage1=0";
    int honoured = 0, named = 0, lacking = 0;
    save_at(settings, 2, 1);
    for (int32_t i = 0; i < clile_options_count(); ++i) {
        clile_option_info info = {.struct_size = sizeof info};
        clile_dataset *data = toy_dataset();
        clile_options *options = toy_options(settings);
        clile_model *model = toy_model(options);
        clile_trainer *trainer = NULL;
        char expected[80];
        require(clile_options_describe(i, &info));
        change(options, &info);
        /* what shapes the model is refused before a checkpoint is opened */
        clile_status status = clile_trainer_create(model, data, options, &trainer);
        if (status == CLILE_OK) status = clile_trainer_resume(trainer, checkpoint);
        /* the data has no points to keep, the method no feedback */
        const int keeps = strcmp(info.name, CLILE_OPT_KEEP_POINTS) == 0,
                  feeds = strcmp(info.name, CLILE_OPT_LAMBDA_FEEDBACK) == 0;
        snprintf(expected, sizeof expected,
                 keeps   ? "%s=1, but there are no points"
                 : feeds ? "%s="
                         : "option %s is ",
                 info.name);
        if (strcmp(info.name, CLILE_OPT_PRECISION) == 0 && clile_i_bf16_check() != CLILE_OK)
            refused(status, CLILE_E_UNSUPPORTED, "precision=bf16"), ++lacking;
        else if (may_differ(info.name))
            require(status);
        else
            refused(status, CLILE_E_INVALID_ARGUMENT, expected);
        honoured += status == CLILE_OK;
        named += status != CLILE_OK;
        clile_trainer_destroy(trainer);
        clile_model_destroy(model);
        clile_options_destroy(options);
        clile_dataset_destroy(data);
    }
    assert_int_equal(honoured + lacking, 20);
    assert_true(named > 40);
}

static void resume_refused(const char *settings, const char *text)
{
    bench b = bench_make(settings);
    refused(clile_trainer_resume(b.trainer, checkpoint), CLILE_E_INVALID_ARGUMENT, text);
    assert_int_equal(clile_trainer_next_stage(b.trainer), 1); /* it can still train */
    bench_free(&b);
}

static void test_both_values_are_named(void **state)
{
    (void)state;
    static const char settings[] = "seed=3 learning_rate=0.01 elimination=none";
    save_at(settings, 2, 1);
    resume_refused("seed=4", "option seed is 3 in the checkpoint, but 4 here");
    resume_refused("learning_rate=0.3",
                   "option learning_rate is 0.01 in the checkpoint, but 0.3 here");
    resume_refused("elimination=orthogonal",
                   "option elimination is none in the checkpoint, but orthogonal here");
    resume_refused("image_size=48", "option image_size is 32 in the checkpoint, but 48 here");
    resume_refused("standardize=1", "option standardize is 0 in the checkpoint, but 1 here");
    resume_refused("validation=0.25", "option validation is 0 in the checkpoint, but 0.25 here");

    /* What describes the model is taken from the model, given as an option or not; so are its
     * AUs. */
    const int32_t other_aus[TOY_C] = {1, 4, 15};
    bench b = bench_make("");
    clile_options *bare = NULL;
    clile_model *model = NULL;
    clile_trainer *trainer = NULL;
    clile_dataset *data = NULL;
    require(clile_options_create(&bare)); /* 112 pixels and 128 numbers by default */
    require(clile_options_set(bare, CLILE_OPT_BATCH, "16"));
    require(clile_model_create(bare, TOY_C, toy_aus, &model));
    require(clile_trainer_create(model, b.data, bare, &trainer));
    refused(clile_trainer_resume(trainer, checkpoint), CLILE_E_INVALID_ARGUMENT,
            "in the checkpoint, but ");
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);

    uint8_t *rgb = calloc(TOY_N, TOY_SIZE * TOY_SIZE * 3);
    int8_t labels[TOY_N * TOY_C];
    int32_t subject[TOY_N];
    assert_non_null(rgb);
    require(clile_dataset_copy_labels(b.data, 0, TOY_N, labels));
    require(clile_dataset_copy_subjects(b.data, 0, TOY_N, subject));
    require(clile_dataset_from_arrays(TOY_N, TOY_SIZE, TOY_SIZE, rgb, TOY_C, other_aus, labels,
                                      subject, &data));
    require(clile_model_create(b.options, TOY_C, other_aus, &model));
    require(clile_trainer_create(model, data, b.options, &trainer));
    refused(clile_trainer_resume(trainer, checkpoint), CLILE_E_INVALID_ARGUMENT,
            "made for AUs 1,4,12, but the model here has 1,4,15");
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
    clile_dataset_destroy(data);
    clile_options_destroy(bare);
    free(rgb);
    bench_free(&b);
}

/* Options not given are the checkpoint's: those of the trainer may be the defaults. */
static void test_what_is_not_said_is_the_checkpoints(void **state)
{
    (void)state;
    static const char settings[] =
        "elimination=orthogonal null_anchor=0 tau=0.3 learning_rate=0.01 seed=5";
    train_whole(settings);
    save_at(settings, 2, 4);
    bench b = bench_make(settings);
    clile_options *bare = NULL;
    clile_trainer *trainer = NULL;
    clile_trainer_destroy(b.trainer);
    require(clile_options_create(&bare));
    require(clile_options_set(bare, CLILE_OPT_THREADS, "1"));
    require(clile_trainer_create(b.model, b.data, bare, &trainer));
    b.trainer = trainer;
    require(clile_trainer_resume(b.trainer, checkpoint));
    run_to_end(&b, NULL, NULL);
    require(clile_model_save(b.model, part));
    assert_same_file(whole, part);
    clile_options_destroy(bare);
    bench_free(&b);
}

/* ---- other numbers of epochs ---- */

static void test_more_epochs(void **state)
{
    (void)state;
    stop_at five = {0}, longer = {0};
    bench b = bench_make("epochs=5");
    run_to_end(&b, stop, &five);
    bench_free(&b);

    save_at("epochs=3", 2, 4);
    b = bench_make("epochs=5");
    require(clile_trainer_resume(b.trainer, checkpoint));
    run_to_end(&b, stop, &longer);
    bench_free(&b);
    assert_int_equal(longer.calls, 5 * STEPS_PER_EPOCH - 4);
    for (int k = 5; k <= 5 * STEPS_PER_EPOCH; ++k) /* from here on the curve of five epochs */
        assert_memory_equal(&longer.rate[k], &five.rate[k], sizeof(double));

    b = bench_make("epochs=2"); /* four of six steps are done */
    require(clile_trainer_resume(b.trainer, checkpoint));
    longer.calls = 0;
    run_to_end(&b, stop, &longer);
    assert_int_equal(longer.calls, 2);
    bench_free(&b);
    resume_refused("epochs=1", "option epochs is 1 here, but step 4 of 9 is done in the "
                               "checkpoint: expected at least 2 epochs");
    resume_refused(
        "epochs_stage1=3",
        "option epochs_stage1 is 2 in the checkpoint, where stage 1 is finished, and 3 here");
}

static void test_more_epochs_of_stage1(void **state)
{
    (void)state;
    stop_at s = {0};
    save_at("elimination=orthogonal", 1, 4);
    bench b = bench_make("elimination=orthogonal epochs_stage1=4 epochs=1");
    require(clile_trainer_resume(b.trainer, checkpoint));
    run_to_end(&b, stop, &s);
    assert_int_equal(s.calls, 4 * STEPS_PER_EPOCH - 4 + STEPS_PER_EPOCH);
    bench_free(&b);
    resume_refused("epochs_stage1=1",
                   "option epochs_stage1 is 1 here, but step 4 of 6 is done in the checkpoint");
}

/* A finished run is found finished, with its model unchanged; more epochs continue from its last
 * step. */
static void test_finished(void **state)
{
    (void)state;
    static const char *const settings[] = {"elimination=mixed",
                                           "elimination=orthogonal identity_part=residual ema=0.9",
                                           "method=bce decision=calibrated similarity=cosine"};
    for (int i = 0; i < 3; ++i) {
        char longer[160];
        clile_trainer_state at = {.struct_size = sizeof at};
        snprintf(longer, sizeof longer, "%s epochs=4", settings[i]);
        bench b = bench_make(settings[i]);
        run_to_end(&b, NULL, NULL);
        require(clile_model_save(b.model, whole));
        require(clile_trainer_save(b.trainer, checkpoint));
        bench_free(&b);

        b = bench_make(settings[i]);
        require(clile_trainer_resume(b.trainer, checkpoint));
        assert_int_equal(clile_trainer_next_stage(b.trainer), 0);
        assert_int_equal(clile_model_is_trained(b.model), 1);
        refused(clile_trainer_run(b.trainer, 2, NULL, NULL), CLILE_E_STATE, "already finished");
        require(clile_model_save(b.model, part));
        assert_same_file(whole, part);
        require(clile_trainer_save(b.trainer, part)); /* and saves unchanged */
        assert_same_file(checkpoint, part);
        bench_free(&b);

        b = bench_make(longer);
        require(clile_trainer_resume(b.trainer, checkpoint));
        require(clile_trainer_get_state(b.trainer, &at));
        assert_int_equal(at.stage, 2);
        assert_int_equal(at.step, 3 * STEPS_PER_EPOCH);
        assert_int_equal(at.steps, 4 * STEPS_PER_EPOCH);
        run_to_end(&b, NULL, NULL);
        require(clile_model_save(b.model, whole));
        bench_free(&b);
        save_at(settings[i], 2, 3 * STEPS_PER_EPOCH); /* stopped on the last step, not finished */
        resumed_is_whole(longer);
    }
}

/* ---- everywhere ---- */

static void test_saved_anywhere(void **state)
{
    (void)state;
    static const char settings[] =
        "elimination=orthogonal identity_part=subject_mean input_workers=1";
    const struct {
        int32_t stage;
        int64_t step;
    } places[] = {{1, 0}, {1, 1}, {1, 2 * STEPS_PER_EPOCH},
                  {2, 0}, {2, 1}, {2, 3 * STEPS_PER_EPOCH}};
    train_whole(settings);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; ++i) {
        save_at(settings, places[i].stage, places[i].step);
        resumed_is_whole(settings);
    }
}

static void test_standardized_crops(void **state)
{
    (void)state;
    static const char settings[] = "elimination=orthogonal exchange_halves=0.5 standardize=1";
    train_whole(settings);
    for (int32_t stage = 1; stage <= 2; ++stage) {
        save_at(settings, stage, 2);
        resumed_is_whole(settings);
    }
    resume_refused("standardize=0", "option standardize is 1 in the checkpoint, but 0 here");
}

static void test_saved_in_the_progress_function(void **state)
{
    (void)state;
    for (int32_t stage = 1; stage <= 2; ++stage) {
        bench b = bench_make("threads=2 input_workers=1");
        stop_at s = {.stage = stage, .step = 4, .saved = b.trainer};
        run_to_end(&b, stop, &s);
        require(clile_model_save(b.model, whole));
        bench_free(&b);
        resumed_is_whole("threads=2 input_workers=1");
    }
}

/* A run that is cancelled at every step, by the same trainer, ends in the same bits. */
static int32_t always(const clile_progress *p, void *user)
{
    (void)p;
    *(int *)user += 1;
    return -1;
}

static void test_cancelled_at_every_step(void **state)
{
    (void)state;
    int calls = 0, runs = 0;
    train_whole("elimination=mixed");
    bench b = bench_make("elimination=mixed");
    for (int32_t stage; (stage = clile_trainer_next_stage(b.trainer)) != 0; ++runs) {
        const clile_status status = clile_trainer_run(b.trainer, stage, always, &calls);
        if (status != CLILE_OK)
            refused(status, CLILE_E_CANCELLED, stage == 1 ? "stage 1 after" : "stage 2 after");
    }
    assert_int_equal(calls, 5 * STEPS_PER_EPOCH);
    /* after the last step of a stage, one more run ends it */
    assert_int_equal(runs, 5 * STEPS_PER_EPOCH + 2);
    require(clile_model_save(b.model, part));
    assert_same_file(whole, part);
    bench_free(&b);
}

static void assert_state(const clile_trainer *trainer, int32_t stage, int64_t step, int64_t steps,
                         int32_t epoch)
{
    clile_trainer_state s = {.struct_size = sizeof s};
    require(clile_trainer_get_state(trainer, &s));
    assert_int_equal(clile_trainer_next_stage(trainer), stage);
    assert_int_equal(s.stage, stage);
    assert_int_equal(s.step, step);
    assert_int_equal(s.steps, steps);
    assert_int_equal(s.steps_per_epoch, STEPS_PER_EPOCH);
    assert_int_equal(s.epoch, epoch);
    assert_int_equal(s.epochs, steps / STEPS_PER_EPOCH);
}

static void test_where_a_trainer_is(void **state)
{
    (void)state;
    stop_at first = {.stage = 1, .step = 4}, second = {.stage = 2, .step = 3};
    bench b = bench_make("elimination=orthogonal");
    clile_trainer_state small = {.struct_size = sizeof small - 1};
    refused(clile_trainer_get_state(b.trainer, &small), CLILE_E_INVALID_ARGUMENT, "struct_size");
    assert_int_equal(clile_trainer_next_stage(NULL), 0);
    assert_state(b.trainer, 1, 0, 6, 0);
    assert_int_equal(clile_trainer_run(b.trainer, 1, stop, &first), CLILE_E_CANCELLED);
    assert_state(b.trainer, 1, 4, 6, 2);
    require(clile_trainer_run(b.trainer, 1, NULL, NULL));
    assert_state(b.trainer, 2, 0, 9, 0);
    assert_int_equal(clile_trainer_run(b.trainer, 2, stop, &second), CLILE_E_CANCELLED);
    assert_state(b.trainer, 2, 3, 9, 1);
    require(clile_trainer_run(b.trainer, 2, NULL, NULL));
    assert_state(b.trainer, 0, 9, 9, 3);
    bench_free(&b);

    b = bench_make("method=bce"); /* no stage 1 */
    assert_state(b.trainer, 2, 0, 9, 0);
    bench_free(&b);
    /* a stage 1 that nothing needs may be run or not */
    b = bench_make("elimination=none init_from_stage1=0");
    assert_state(b.trainer, 2, 0, 9, 0);
    assert_int_equal(clile_trainer_run(b.trainer, 1, stop, &first), CLILE_E_CANCELLED);
    assert_state(b.trainer, 1, 4, 6, 2);
    bench_free(&b);
    b = bench_make("epochs_stage1=0");
    assert_state(b.trainer, 1, 0, 0, 0);
    require(clile_trainer_run(b.trainer, 1, NULL, NULL));
    assert_state(b.trainer, 2, 0, 9, 0);
    bench_free(&b);
}

/* ---- the wrong order ---- */

static void test_order(void **state)
{
    (void)state;
    stop_at s = {.stage = 2, .step = 1};
    save_at("method=bce", 2, 4);
    bench b = bench_make("method=bce");
    assert_int_equal(clile_trainer_run(b.trainer, 2, stop, &s), CLILE_E_CANCELLED);
    refused(clile_trainer_resume(b.trainer, checkpoint), CLILE_E_STATE, "has run already");
    require(clile_trainer_run(b.trainer, 2, NULL, NULL));
    refused(clile_trainer_run(b.trainer, 2, NULL, NULL), CLILE_E_STATE,
            "stage 2 is already finished");
    refused(clile_trainer_resume(b.trainer, checkpoint), CLILE_E_STATE, "has run already");
    bench_free(&b);
    b = bench_make("method=bce");
    require(clile_trainer_resume(b.trainer, checkpoint));
    refused(clile_trainer_resume(b.trainer, checkpoint), CLILE_E_STATE, "has run already");
    bench_free(&b);
}

/* A trainer that is destroyed in the middle leaves the model as it was, and free. */
static void test_destroyed_in_the_middle(void **state)
{
    (void)state;
    for (int32_t stage = 1; stage <= 2; ++stage) {
        stop_at s = {.stage = stage, .step = 2};
        bench b = bench_make("");
        clile_trainer *second = NULL;
        require(clile_model_save(b.model, whole));
        if (stage == 2) require(clile_trainer_run(b.trainer, 1, NULL, NULL));
        assert_int_equal(clile_trainer_run(b.trainer, stage, stop, &s), CLILE_E_CANCELLED);
        refused(clile_trainer_create(b.model, b.data, b.options, &second), CLILE_E_STATE,
                "another trainer");
        clile_trainer_destroy(b.trainer);
        b.trainer = NULL;
        require(clile_model_save(b.model, part));
        assert_same_file(whole, part);
        require(clile_trainer_create(b.model, b.data, b.options, &second));
        clile_trainer_destroy(second);
        bench_free(&b);
    }
}

/* A finished trainer no longer holds its model, and another one can train it further; destroying
 * the first does not take the model from the second. A checkpoint of the first is still the
 * first's. */
static void test_two_trainers_in_turn(void **state)
{
    (void)state;
    bench b = bench_make("method=bce");
    clile_trainer *second = NULL, *third = NULL;
    run_to_end(&b, NULL, NULL);
    require(clile_model_save(b.model, whole));
    require(clile_trainer_create(b.model, b.data, b.options, &second));
    require(clile_trainer_save(b.trainer, checkpoint));
    clile_trainer_destroy(b.trainer);
    b.trainer = NULL;
    refused(clile_trainer_create(b.model, b.data, b.options, &third), CLILE_E_STATE,
            "another trainer");
    require(clile_trainer_run(second, 2, NULL, NULL));
    clile_trainer_destroy(second);
    require(clile_model_save(b.model, part));
    bench_free(&b);
    resumed_is_whole("method=bce");
}

/* Metadata of the model goes with the checkpoint; what the model has already stays. */
static void test_metadata(void **state)
{
    (void)state;
    stop_at s = {.stage = 2, .step = 1};
    bench b = bench_make("method=bce");
    require(clile_model_set_metadata(b.model, "protocol", "kfold:3"));
    require(clile_model_set_metadata(b.model, "note", "before"));
    assert_int_equal(clile_trainer_run(b.trainer, 2, stop, &s), CLILE_E_CANCELLED);
    require(clile_trainer_save(b.trainer, checkpoint));
    bench_free(&b);
    b = bench_make("method=bce");
    require(clile_model_set_metadata(b.model, "note", "here"));
    require(clile_trainer_resume(b.trainer, checkpoint));
    assert_string_equal(clile_model_get_metadata(b.model, "protocol"), "kfold:3");
    assert_string_equal(clile_model_get_metadata(b.model, "note"), "here");
    bench_free(&b);
}

static int remove_files(void **state)
{
    (void)state;
    unlink(checkpoint);
    unlink(whole);
    unlink(part);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_option_is_honoured_or_refused),
        cmocka_unit_test(test_both_values_are_named),
        cmocka_unit_test(test_what_is_not_said_is_the_checkpoints),
        cmocka_unit_test(test_more_epochs),
        cmocka_unit_test(test_more_epochs_of_stage1),
        cmocka_unit_test(test_finished),
        cmocka_unit_test(test_saved_anywhere),
        cmocka_unit_test(test_standardized_crops),
        cmocka_unit_test(test_saved_in_the_progress_function),
        cmocka_unit_test(test_cancelled_at_every_step),
        cmocka_unit_test(test_where_a_trainer_is),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_destroyed_in_the_middle),
        cmocka_unit_test(test_two_trainers_in_turn),
        cmocka_unit_test(test_metadata),
    };
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
