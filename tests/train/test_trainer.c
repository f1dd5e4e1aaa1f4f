/* The trainer as a whole on a toy data set: it learns, is reproducible to the bit, resumes to the
 * bit, and fails cleanly. */
#include "model/model.h"
#include "train/toy.h"

#include "data/core.h"
#include "store/safetensors.h"

#include <math.h>
#include <unistd.h>

typedef struct {
    int64_t steps[3];
    int64_t stop_at; /* step of stage `stop_stage` after which to cancel; 0: never */
    int32_t stop_stage;
    double first, last;
} watch;

static int32_t on_progress(const clile_progress *p, void *user)
{
    watch *w = user;
    assert_int_equal(p->struct_size, sizeof *p);
    assert_int_equal(p->step, ++w->steps[p->stage]);
    assert_true(isfinite(p->loss));
    if (p->stage == 2 && p->step == 1) w->first = p->loss;
    w->last = p->loss;
    return w->stop_at == p->step && w->stop_stage == p->stage;
}

static void run_all(clile_trainer *trainer, const char *what)
{
    watch w = {0};
    if (clile_trainer_needs_stage1(trainer) &&
        clile_trainer_run(trainer, 1, on_progress, &w) != CLILE_OK)
        fail_msg("%s: %s", what, clile_last_error());
    if (clile_trainer_run(trainer, 2, on_progress, &w) != CLILE_OK)
        fail_msg("%s: %s", what, clile_last_error());
    assert_int_equal(w.steps[2], 3 * (TOY_N / 16));
}

static void train_to_file(const char *settings, const char *path)
{
    clile_dataset *data = toy_dataset();
    clile_options *options = toy_options(settings);
    clile_model *model = toy_model(options);
    clile_trainer *trainer = NULL;
    if (clile_trainer_create(model, data, options, &trainer) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    clile_dataset_destroy(data); /* the trainer keeps it alive */
    run_all(trainer, settings);
    assert_int_equal(clile_model_is_trained(model), 1);
    assert_int_equal(clile_model_save(model, path), CLILE_OK);
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
    clile_options_destroy(options);
}

static const char *const variants[] = {
    "method=bce threads=2",
    "elimination=none",
    "elimination=orthogonal null_anchor=1",
    "elimination=orthogonal identity_part=residual",
    "elimination=decorrelate identity_part=subject_mean",
    "elimination=adversarial lambda_id=0.3",
    "elimination=mixed similarity=dot init_from_stage1=1",
    "elimination=mixed similarity=cosine ema=0.9 optimizer=sgd learning_rate=0.01",
    "elimination=mixed exchange_halves=0.5",
    "preset=published",
    "elimination=orthogonal exchange_halves=0.5 input_workers=1 augment_grayscale=0.2 "
    "augment_blur=0.5 augment_erase=0.5 augment_rotate=30 augment_resolution=0.5 "
    "augment_noise=0.1 augment_gamma=0.3 augment_tint=0.1 augment_shade=0.4 augment_jpeg=0.5 "
    "augment_edge=0.5",
};

/* A thread that makes batches ahead changes no bit, whatever the team. */
static void test_input_workers_change_no_bit(void **state)
{
    static const char *const settings[] = {
        "elimination=mixed exchange_halves=0.5 threads=1",
        "elimination=orthogonal augment_erase=1 augment_noise=0.1 "
        "augment_jpeg=0.5 augment_rotate=20 threads=2"};
    (void)state;
    for (int i = 0; i < 2; ++i) {
        char ahead[256];
        snprintf(ahead, sizeof ahead, "%s input_workers=1", settings[i]);
        train_to_file(settings[i], "a.safetensors");
        train_to_file(ahead, "b.safetensors");
        assert_same_file("a.safetensors", "b.safetensors");
    }
    unlink("a.safetensors");
    unlink("b.safetensors");
}

static void test_same_seed_same_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; ++i) {
        train_to_file(variants[i], "a.safetensors");
        train_to_file(variants[i], "b.safetensors");
        assert_same_file("a.safetensors", "b.safetensors");
    }
    unlink("a.safetensors");
    unlink("b.safetensors");
}

/* Runs until the given step, saves, throws everything away, resumes in a new trainer whose
 * options say nothing of the method, and ends. */
static void interrupted(const char *settings, int32_t stage, int64_t step, const char *path)
{
    clile_options *options = toy_options(settings),
                  *other = toy_options(strstr(settings, "threads=2") ? "threads=2" : "");
    for (int part = 0; part < 2; ++part) {
        clile_dataset *data = toy_dataset();
        clile_model *model = NULL;
        clile_trainer *trainer = NULL;
        watch w = {.stop_stage = stage, .stop_at = step};
        assert_int_equal(clile_model_create(options, TOY_C, toy_aus, &model), CLILE_OK);
        assert_int_equal(clile_trainer_create(model, data, part ? other : options, &trainer),
                         CLILE_OK);
        if (part == 0) {
            for (int32_t s = clile_trainer_needs_stage1(trainer) ? 1 : 2; s <= stage; ++s)
                assert_int_equal(clile_trainer_run(trainer, s, on_progress, &w),
                                 s == stage ? CLILE_E_CANCELLED : CLILE_OK);
            assert_int_equal(clile_trainer_save(trainer, "c.safetensors"), CLILE_OK);
            assert_int_equal(clile_model_is_trained(model), 0);
        } else {
            if (clile_trainer_resume(trainer, "c.safetensors") != CLILE_OK)
                fail_msg("%s: %s", settings, clile_last_error());
            if (stage == 1) assert_int_equal(clile_trainer_run(trainer, 1, NULL, NULL), CLILE_OK);
            assert_int_equal(clile_trainer_run(trainer, 2, NULL, NULL), CLILE_OK);
            assert_int_equal(clile_model_save(model, path), CLILE_OK);
        }
        clile_trainer_destroy(trainer);
        clile_model_destroy(model);
        clile_dataset_destroy(data);
    }
    clile_options_destroy(options);
    clile_options_destroy(other);
}

static void test_resumed_equals_uninterrupted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; ++i) {
        const int two_stages = strstr(variants[i], "orthogonal") ||
                               strstr(variants[i], "decorrelate") ||
                               strstr(variants[i], "init_from") || strstr(variants[i], "published");
        train_to_file(variants[i], "a.safetensors");
        interrupted(variants[i], 2, 4, "b.safetensors");
        assert_same_file("a.safetensors", "b.safetensors");
        if (!two_stages) continue;
        interrupted(variants[i], 1, 3, "b.safetensors");
        assert_same_file("a.safetensors", "b.safetensors");
    }
    unlink("a.safetensors");
    unlink("b.safetensors");
    unlink("c.safetensors");
}

/* What AU k is can be seen in patch k: after some epochs the scores must order it. */
static void learns(const char *settings)
{
    clile_dataset *data = toy_dataset();
    clile_options *options = toy_options(settings);
    clile_model *model = toy_model(options);
    clile_trainer *trainer = NULL;
    clile_predictor *predictor = NULL;
    static uint8_t rgb[TOY_N * TOY_SIZE * TOY_SIZE * 3];
    float score[TOY_N * TOY_C], probability[TOY_N * TOY_C];
    int8_t labels[TOY_N * TOY_C], present[TOY_N * TOY_C];
    double auc[TOY_C], f1[TOY_C];
    assert_int_equal(clile_trainer_create(model, data, options, &trainer), CLILE_OK);
    assert_int_equal(clile_predictor_create(model, NULL, &predictor), CLILE_E_STATE);
    if (clile_trainer_needs_stage1(trainer))
        assert_int_equal(clile_trainer_run(trainer, 1, NULL, NULL), CLILE_OK);
    assert_int_equal(clile_trainer_run(trainer, 2, NULL, NULL), CLILE_OK);
    clile_trainer_destroy(trainer);
    assert_int_equal(clile_predictor_create(model, NULL, &predictor), CLILE_OK);
    clile_model_destroy(model);
    for (int64_t i = 0; i < TOY_N; ++i)
        assert_int_equal(
            clile_dataset_copy_crop(data, i, TOY_SIZE, rgb + i * TOY_SIZE * TOY_SIZE * 3),
            CLILE_OK);
    assert_int_equal(clile_dataset_copy_labels(data, 0, TOY_N, labels), CLILE_OK);
    assert_int_equal(
        clile_predictor_run_scores(predictor, TOY_N, rgb, TOY_SIZE, TOY_SIZE, score, NULL, NULL),
        CLILE_OK);
    assert_int_equal(
        clile_predictor_run(predictor, TOY_N, rgb, TOY_SIZE, TOY_SIZE, probability, present, NULL),
        CLILE_OK);
    assert_int_equal(clile_metrics_auc(TOY_N, TOY_C, score, labels, auc), CLILE_OK);
    assert_int_equal(clile_metrics_f1(TOY_N, TOY_C, present, labels, f1, NULL), CLILE_OK);
    for (int c = 0; c < TOY_C; ++c) {
        if (!(auc[c] > 0.9)) fail_msg("%s: AUC of AU %d is %g", settings, toy_aus[c], auc[c]);
        if (!(f1[c] > 0.75)) fail_msg("%s: F1 of AU %d is %g", settings, toy_aus[c], f1[c]);
    }
    for (int i = 0; i < TOY_N * TOY_C; ++i) assert_int_equal(present[i], probability[i] > 0.5f);
    clile_predictor_destroy(predictor);
    clile_dataset_destroy(data);
    clile_options_destroy(options);
}

static void test_learns(void **state)
{
    (void)state;
    learns("method=bce epochs=25 learning_rate=0.003");
    learns("method=bce epochs=25 learning_rate=0.003 decision=calibrated similarity=cosine");
    learns("elimination=mixed epochs=25 learning_rate=0.003");
    learns("elimination=orthogonal identity_part=residual null_anchor=1 epochs=25 "
           "learning_rate=0.003");
}

static void test_model_holds_nothing_of_the_subjects(void **state)
{
    (void)state;
    clile_i_st *st = NULL;
    train_to_file("elimination=mixed init_from_stage1=1", "a.safetensors");
    assert_int_equal(clile_i_st_open("a.safetensors", &st), CLILE_OK);
    for (int64_t i = 0; i < clile_i_st_count(st); ++i) {
        const char *name = clile_i_st_at(st, i)->name;
        /* person: six numbers for each AU, of all training people together */
        assert_true(strncmp(name, "encoder.", 8) == 0 || strcmp(name, "au.embedding") == 0 ||
                    (strcmp(name, "person") == 0 &&
                     clile_i_st_at(st, i)->count == CLILE_I_PERSON_ROWS * TOY_C));
    }
    clile_i_st_close(st);
    unlink("a.safetensors");
}

static void creation_fails(const char *settings, const char *expected)
{
    clile_dataset *data = toy_dataset();
    clile_options *options = toy_options(settings);
    clile_model *model = toy_model(options);
    clile_trainer *trainer = NULL;
    assert_int_equal(clile_trainer_create(model, data, options, &trainer),
                     CLILE_E_INVALID_ARGUMENT);
    if (!strstr(clile_last_error(), expected))
        fail_msg("\"%s\" does not say \"%s\"", clile_last_error(), expected);
    assert_null(trainer);
    clile_options *good = toy_options("");
    /* the model is free again */
    assert_int_equal(clile_trainer_create(model, data, good, &trainer), CLILE_OK);
    clile_options_destroy(good);
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
    clile_dataset_destroy(data);
    clile_options_destroy(options);
}

/* The default batch is larger than the toy set: it shrinks, and a checkpoint of such a run
 * resumes. */
static void test_default_batch_on_few_images(void **state)
{
    (void)state;
    clile_dataset *data = toy_dataset();
    clile_options *options = NULL;
    clile_model *model = NULL;
    clile_trainer *trainer = NULL;
    watch w = {.stop_stage = 2, .stop_at = 1};
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_METHOD, "bce"), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_WIDTH, "0.125"), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_IMAGE_SIZE, "32"), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_EPOCHS, "2"), CLILE_OK);
    assert_int_equal(clile_model_create(options, TOY_C, toy_aus, &model), CLILE_OK);
    assert_int_equal(clile_trainer_create(model, data, options, &trainer), CLILE_OK);
    assert_int_equal(clile_trainer_run(trainer, 2, on_progress, &w), CLILE_E_CANCELLED);
    assert_int_equal(clile_trainer_save(trainer, "c.safetensors"), CLILE_OK);
    clile_trainer_destroy(trainer);
    assert_int_equal(clile_trainer_create(model, data, options, &trainer), CLILE_OK);
    assert_int_equal(clile_trainer_resume(trainer, "c.safetensors"), CLILE_OK);
    assert_int_equal(clile_trainer_run(trainer, 2, NULL, NULL), CLILE_OK);
    assert_int_equal(clile_model_is_trained(model), 1);
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
    clile_dataset_destroy(data);
    clile_options_destroy(options);
    unlink("c.safetensors");
}

static void test_bad_requests(void **state)
{
    (void)state;
    creation_fails("batch=49", "batch is 49, but there are only 48 images");
    creation_fails("batch=1", "batch is 1");
    creation_fails("validation=0.9", "none is left");
    creation_fails("lambda_bce=0 elimination=none decision=calibrated", "decision=calibrated");

    clile_dataset *data = toy_dataset();
    clile_options *options = toy_options("elimination=orthogonal"),
                  *bce = toy_options("method=bce");
    clile_model *model = toy_model(options), *other = NULL;
    clile_trainer *trainer = NULL, *second = NULL;
    const int32_t aus[TOY_C] = {1, 2, 12};
    assert_int_equal(clile_model_create(options, TOY_C, aus, &other), CLILE_OK);
    assert_int_equal(clile_trainer_create(other, data, options, &trainer),
                     CLILE_E_INVALID_ARGUMENT);
    assert_non_null(
        strstr(clile_last_error(), "column 1 is AU 4 in the data set and AU 2 in the model"));
    assert_int_equal(clile_trainer_create(model, data, options, &trainer), CLILE_OK);
    assert_int_equal(clile_trainer_create(model, data, options, &second), CLILE_E_STATE);
    assert_int_equal(clile_trainer_run(trainer, 2, NULL, NULL), CLILE_E_STATE);
    assert_non_null(strstr(clile_last_error(), "stage 2 needs stage 1"));
    assert_int_equal(clile_trainer_run(trainer, 3, NULL, NULL), CLILE_E_INVALID_ARGUMENT);
    assert_int_equal(clile_trainer_run(trainer, 1, NULL, NULL), CLILE_OK);
    assert_int_equal(clile_trainer_run(trainer, 1, NULL, NULL), CLILE_E_STATE);
    assert_int_equal(clile_trainer_resume(trainer, "nowhere.safetensors"), CLILE_E_STATE);
    assert_int_equal(clile_trainer_run(trainer, 2, NULL, NULL), CLILE_OK);
    clile_trainer_destroy(trainer);
    assert_int_equal(clile_trainer_create(model, data, bce, &trainer), CLILE_OK);
    assert_int_equal(clile_trainer_run(trainer, 1, NULL, NULL), CLILE_E_STATE);
    assert_int_equal(clile_trainer_resume(trainer, "nowhere.safetensors"), CLILE_E_IO);
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
    clile_model_destroy(other);
    clile_dataset_destroy(data);
    clile_options_destroy(options);
    clile_options_destroy(bce);
}

static void test_au_never_present(void **state)
{
    (void)state;
    static uint8_t rgb[4 * 32 * 32 * 3];
    const int8_t labels[4][2] = {{1, 0}, {0, -1}, {1, 0}, {0, 0}};
    const int32_t subject[4] = {0, 0, 1, 1}, aus[2] = {6, 25};
    clile_options *options = toy_options("batch=2");
    clile_dataset *data = NULL;
    clile_model *model = NULL;
    clile_trainer *trainer = NULL;
    assert_int_equal(
        clile_dataset_from_arrays(4, 32, 32, rgb, 2, aus, &labels[0][0], subject, &data), CLILE_OK);
    assert_int_equal(clile_model_create(options, 2, aus, &model), CLILE_OK);
    assert_int_equal(clile_trainer_create(model, data, options, &trainer),
                     CLILE_E_INVALID_ARGUMENT);
    assert_non_null(strstr(clile_last_error(), "AU 25 is present in none of the 3 images"));
    clile_model_destroy(model);
    clile_dataset_destroy(data);
    clile_options_destroy(options);
}

static void test_not_finite_leaves_the_model(void **state)
{
    (void)state;
    clile_dataset *data = toy_dataset();
    clile_options *options =
        toy_options("method=bce optimizer=sgd learning_rate=1000 clip_norm=0 warmup=0 epochs=200");
    clile_model *model = toy_model(options);
    clile_trainer *trainer = NULL;
    assert_int_equal(clile_model_save(model, "before.safetensors"), CLILE_OK);
    assert_int_equal(clile_trainer_create(model, data, options, &trainer), CLILE_OK);
    assert_int_equal(clile_trainer_run(trainer, 2, NULL, NULL), CLILE_E_NOT_FINITE);
    assert_non_null(strstr(clile_last_error(), "stage 2, step"));
    assert_int_equal(clile_trainer_run(trainer, 2, NULL, NULL), CLILE_E_STATE);
    assert_int_equal(clile_trainer_save(trainer, "c.safetensors"), CLILE_E_STATE);
    clile_trainer_destroy(trainer);
    assert_int_equal(clile_model_is_trained(model), 0);
    assert_int_equal(clile_model_save(model, "after.safetensors"), CLILE_OK);
    assert_same_file("before.safetensors", "after.safetensors");
    unlink("before.safetensors");
    unlink("after.safetensors");
    clile_model_destroy(model);
    clile_dataset_destroy(data);
    clile_options_destroy(options);
}

typedef struct {
    int32_t every, last_epoch; /* where values are expected */
    int seen;
    double f1, auc; /* the last ones */
} validation_watch;

static int32_t want_validation(const clile_progress *p, void *user)
{
    validation_watch *w = user;
    const int due = p->stage == 2 && p->epoch_end && w->every > 0 &&
                    (p->epoch % w->every == 0 || p->epoch == w->last_epoch);
    assert_int_equal(!isnan(p->validation_f1), due);
    assert_int_equal(!isnan(p->validation_auc), due);
    if (!due) return 0;
    w->seen += 1;
    w->f1 = p->validation_f1;
    w->auc = p->validation_auc;
    return 0;
}

/* Macro F1 and AUC over AUs of a model on rows of the toy set, by counting: TP, FP, FN and
 * ordered pairs. */
static void count_metrics(const clile_model *model, const clile_dataset *data, int32_t subject,
                          double *f1, double *auc)
{
    static uint8_t rgb[TOY_N * TOY_SIZE * TOY_SIZE * 3];
    float score[TOY_N * TOY_C];
    int8_t labels[TOY_N * TOY_C], present[TOY_N * TOY_C];
    int32_t subjects[TOY_N];
    clile_predictor *predictor = NULL;
    *f1 = *auc = 0;
    for (int64_t i = 0; i < TOY_N; ++i)
        assert_int_equal(
            clile_dataset_copy_crop(data, i, TOY_SIZE, rgb + i * TOY_SIZE * TOY_SIZE * 3),
            CLILE_OK);
    assert_int_equal(clile_dataset_copy_labels(data, 0, TOY_N, labels), CLILE_OK);
    assert_int_equal(clile_dataset_copy_subjects(data, 0, TOY_N, subjects), CLILE_OK);
    assert_int_equal(clile_predictor_create(model, NULL, &predictor), CLILE_OK);
    assert_int_equal(
        clile_predictor_run_scores(predictor, TOY_N, rgb, TOY_SIZE, TOY_SIZE, score, present, NULL),
        CLILE_OK);
    for (int c = 0; c < TOY_C; ++c) {
        double right = 0, wrong = 0, ordered = 0, pairs = 0;
        for (int i = 0; i < TOY_N; ++i) {
            const int a = i * TOY_C + c;
            if (subjects[i] != subject || labels[a] < 0) continue;
            right += present[a] && labels[a] == 1;
            wrong += present[a] != labels[a];
            for (int j = 0; j < TOY_N; ++j) {
                const int b = j * TOY_C + c;
                if (subjects[j] != subject || labels[a] != 1 || labels[b] != 0) continue;
                ordered += score[a] > score[b] ? 1 : score[a] == score[b] ? 0.5 : 0;
                pairs += 1;
            }
        }
        *f1 += 2 * right / (2 * right + wrong) / TOY_C;
        *auc += ordered / pairs / TOY_C;
    }
    clile_predictor_destroy(predictor);
}

static void test_validation(void **state)
{
    (void)state;
    static const char *const settings[] = {
        "method=bce validation=0.25 epochs=6",
        "validation=0.25 epochs=3 ema=0.5 validation_every=2",
        "elimination=orthogonal validation=0.25 epochs=3 validation_every=0",
    };
    static const validation_watch expected[] = {{1, 6, 6, 0, 0}, {2, 3, 2, 0, 0}, {0, 3, 0, 0, 0}};
    for (int i = 0; i < 3; ++i) {
        clile_dataset *data = toy_dataset();
        clile_options *options = toy_options(settings[i]);
        clile_model *model = toy_model(options);
        clile_trainer *trainer = NULL;
        validation_watch w = expected[i];
        w.seen = 0;
        assert_int_equal(clile_trainer_create(model, data, options, &trainer), CLILE_OK);
        if (clile_trainer_needs_stage1(trainer))
            assert_int_equal(clile_trainer_run(trainer, 1, want_validation, &w), CLILE_OK);
        assert_int_equal(clile_trainer_run(trainer, 2, want_validation, &w), CLILE_OK);
        assert_int_equal(w.seen, expected[i].seen);
        clile_trainer_destroy(trainer);
        /* The last values are those of the model that came out, on the one subject of four that
         * was held out: which one it is, the values themselves say. */
        int fitting = 0;
        for (int32_t s = 0; s < TOY_S && w.seen > 0; ++s) {
            double f1, auc;
            count_metrics(model, data, s, &f1, &auc);
            fitting += fabs(f1 - w.f1) < 1e-12 && fabs(auc - w.auc) < 1e-12;
        }
        if (w.seen > 0 && fitting != 1)
            fail_msg("%s: F1 %.15g and AUC %.15g are those of %d subjects", settings[i], w.f1,
                     w.auc, fitting);
        clile_model_destroy(model);
        clile_dataset_destroy(data);
        clile_options_destroy(options);
    }
}

/* Without a listener the held-out images are not even cut out, and the model is the same. */
static void test_validation_that_nobody_hears(void **state)
{
    (void)state;
    for (int heard = 0; heard < 3; ++heard) {
        clile_dataset *data = toy_dataset();
        clile_options *options = toy_options("method=bce validation=0.25");
        clile_model *model = toy_model(options);
        clile_trainer *trainer = NULL;
        validation_watch w = {heard == 1, 3, 0, 0, 0};
        assert_int_equal(clile_trainer_create(model, data, options, &trainer), CLILE_OK);
        if (heard == 2) {
            assert_int_equal(clile_trainer_set_validation_every(trainer, -1),
                             CLILE_E_INVALID_ARGUMENT);
            assert_int_equal(clile_trainer_set_validation_every(trainer, 1000001),
                             CLILE_E_INVALID_ARGUMENT);
            assert_int_equal(clile_trainer_set_validation_every(trainer, 0), CLILE_OK);
        }
        assert_int_equal(clile_trainer_run(trainer, 2, heard ? want_validation : NULL, &w),
                         CLILE_OK);
        assert_int_equal(w.seen, heard == 1 ? 3 : 0);
        const int64_t side = clile_i_crop_stored(TOY_SIZE),
                      cut = data->core->cache_used / (side * side * 3);
        assert_int_equal(cut, heard == 1 ? TOY_N : TOY_N - TOY_N / TOY_S);
        clile_trainer_destroy(trainer);
        assert_int_equal(clile_model_save(model, heard ? "b.safetensors" : "a.safetensors"),
                         CLILE_OK);
        if (heard) assert_same_file("a.safetensors", "b.safetensors");
        clile_model_destroy(model);
        clile_dataset_destroy(data);
        clile_options_destroy(options);
    }
    unlink("a.safetensors");
    unlink("b.safetensors");
}

static void test_checkpoint_of_other_data(void **state)
{
    (void)state;
    clile_dataset *data = toy_dataset(), *part = NULL, *rest = NULL;
    clile_options *options = toy_options("method=bce batch=8");
    clile_model *model = toy_model(options);
    clile_trainer *trainer = NULL;
    watch w = {.stop_stage = 2, .stop_at = 1};
    assert_int_equal(clile_dataset_fold(data, "kfold:2", 1, &part, &rest), CLILE_OK);
    assert_int_equal(clile_trainer_create(model, part, options, &trainer), CLILE_OK);
    assert_int_equal(clile_trainer_run(trainer, 2, on_progress, &w), CLILE_E_CANCELLED);
    assert_int_equal(clile_trainer_save(trainer, "c.safetensors"), CLILE_OK);
    clile_trainer_destroy(trainer);
    assert_int_equal(clile_trainer_create(model, rest, options, &trainer), CLILE_OK);
    assert_int_equal(clile_trainer_resume(trainer, "c.safetensors"), CLILE_E_INVALID_ARGUMENT);
    assert_non_null(strstr(clile_last_error(),
                           "made on protocol kfold:2, fold 1, but the data set here is of"));
    /* the failed resume changed nothing */
    assert_int_equal(clile_trainer_run(trainer, 2, NULL, NULL), CLILE_OK);
    clile_trainer_destroy(trainer);
    unlink("c.safetensors");
    clile_model_destroy(model);
    clile_dataset_destroy(part);
    clile_dataset_destroy(rest);
    clile_dataset_destroy(data);
    clile_options_destroy(options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_bits),
        cmocka_unit_test(test_input_workers_change_no_bit),
        cmocka_unit_test(test_resumed_equals_uninterrupted),
        cmocka_unit_test(test_learns),
        cmocka_unit_test(test_model_holds_nothing_of_the_subjects),
        cmocka_unit_test(test_default_batch_on_few_images),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_au_never_present),
        cmocka_unit_test(test_not_finite_leaves_the_model),
        cmocka_unit_test(test_validation),
        cmocka_unit_test(test_validation_that_nobody_hears),
        cmocka_unit_test(test_checkpoint_of_other_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
