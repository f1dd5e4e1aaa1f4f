/* The epochs of small sets where nobody sets them. */
#include "store/safetensors.h"
#include "train/toy.h"

#include <unistd.h>

enum { MOST = 6000 };
static const char file[] = "few_steps_test.safetensors";

/* n dark images of two people; the AU is in every other one. */
static clile_dataset *images(int64_t n)
{
    static const uint8_t rgb[MOST][TOY_SIZE][TOY_SIZE][3];
    static const int32_t au = 12;
    int8_t labels[MOST];
    int32_t subject[MOST];
    clile_dataset *data = NULL;
    for (int i = 0; i < MOST; ++i) {
        labels[i] = i % 2 == 0;
        subject[i] = i / 2 % 2;
    }
    require(clile_dataset_from_arrays(n, TOY_SIZE, TOY_SIZE, &rgb[0][0][0][0], 1, &au, labels,
                                      subject, &data));
    return data;
}

/* A trainer of `n` images with this batch, and "key=value", or NULL. */
typedef struct {
    clile_dataset *data;
    clile_options *options;
    clile_model *model;
    clile_trainer *trainer;
} bench;

static bench make(int64_t n, const char *batch, const char *key, const char *value)
{
    static const int32_t au = 12;
    bench b = {.data = images(n)};
    require(clile_options_create(&b.options));
    require(clile_options_set(b.options, CLILE_OPT_WIDTH, "0.0625"));
    require(clile_options_set(b.options, CLILE_OPT_EMBEDDING, "4"));
    require(clile_options_set(b.options, CLILE_OPT_IMAGE_SIZE, "32"));
    require(clile_options_set(b.options, CLILE_OPT_STEM, "imagenet"));
    require(clile_options_set(b.options, CLILE_OPT_THREADS, "1"));
    require(clile_options_set(b.options, CLILE_OPT_BATCH, batch));
    if (key != NULL) require(clile_options_set(b.options, key, value));
    require(clile_model_create(b.options, 1, &au, &b.model));
    require(clile_trainer_create(b.model, b.data, b.options, &b.trainer));
    return b;
}

static void end(bench *b)
{
    clile_trainer_destroy(b->trainer);
    clile_model_destroy(b->model);
    clile_options_destroy(b->options);
    clile_dataset_destroy(b->data);
}

static clile_trainer_state state_of(const bench *b)
{
    clile_trainer_state state = {.struct_size = sizeof state};
    require(clile_trainer_get_state(b->trainer, &state));
    return state;
}

static void expect(int64_t n, const char *batch, const char *key, const char *value, int32_t epochs,
                   int64_t steps)
{
    bench b = make(n, batch, key, value);
    const clile_trainer_state state = state_of(&b);
    assert_int_equal(state.epochs, epochs);
    assert_int_equal(state.steps, steps);
    end(&b);
}

static void a_small_set_gets_more_epochs(void **state)
{
    (void)state;
    expect(2048, "64", NULL, NULL, 45, 1440);                  /* enough */
    expect(1984, "64", NULL, NULL, 46, 1426);                  /* 1395 would be too few */
    expect(2048, "32", NULL, NULL, 45, 2880);                  /* steps of half as many images */
    expect(1984, "32", NULL, NULL, 46, 2852);                  /* likewise */
    expect(900, "64", NULL, NULL, 100, 1400);                  /* as DISFA's */
    expect(900, "32", NULL, NULL, 100, 2800);                  /* as DISFA's */
    expect(840, "64", NULL, NULL, 100, 1300);                  /* no more than 100 */
    expect(6000, "256", NULL, NULL, 61, 1403);                 /* larger steps count alike */
    expect(2048, "64", CLILE_OPT_METHOD, "bce", 90, 2880);     /* enough */
    expect(900, "64", CLILE_OPT_METHOD, "bce", 200, 2800);     /* those of both stages */
    expect(900, "64", CLILE_OPT_VALIDATION, "0.5", 100, 700);  /* of what is trained on */
    expect(900, "64", CLILE_OPT_EPOCHS_STAGE1, "30", 30, 420); /* as asked */
    expect(900, "64", CLILE_OPT_EPOCHS, "3", 45, 630);         /* stage 1, which has its own */
    expect(900, "64", CLILE_OPT_PRESET, "published", 100, 1400);
}

typedef struct {
    int32_t stage;
    int64_t at;
} stop;

static int32_t on_progress(const clile_progress *progress, void *user)
{
    const stop *s = user;
    return progress->stage == s->stage && progress->step == s->at;
}

/* The number is in the checkpoint, also for a trainer that would choose another. */
static void a_checkpoint_keeps_them(void **state)
{
    (void)state;
    stop s = {.stage = 2, .at = 1};
    bench b = make(28, "14", CLILE_OPT_METHOD, "bce"), c;
    clile_i_st *st = NULL;
    assert_int_equal(clile_trainer_run(b.trainer, 2, on_progress, &s), CLILE_E_CANCELLED);
    require(clile_trainer_save(b.trainer, file));
    require(clile_i_st_open(file, &st));
    const char *options = clile_i_st_metadata(st, "options");
    assert_non_null(strstr(options, "\nepochs=200\n"));
    assert_non_null(strstr(options, "\nepochs_stage1=200\n"));
    clile_i_st_close(st);
    c = make(28, "14", CLILE_OPT_METHOD, "bce");
    require(clile_trainer_resume(c.trainer, file));
    const clile_trainer_state found = state_of(&c);
    assert_int_equal(found.epochs, 200);
    assert_int_equal(found.steps, 400);
    assert_int_equal(found.step, 1);
    end(&c);
    c = make(28, "14", CLILE_OPT_EPOCHS, "31");
    assert_int_equal(clile_trainer_resume(c.trainer, file), CLILE_E_INVALID_ARGUMENT); /* method */
    end(&c);
    end(&b);
    unlink(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_small_set_gets_more_epochs),
                                       cmocka_unit_test(a_checkpoint_keeps_them)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
