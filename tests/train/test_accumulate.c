/* The option accumulate: what a step is when its batch is computed in parts. Gradients are read
 * from inside, where the optimiser has not touched them. */
#include "train/bench.h"
#include "train/internal.h"

#include <clile/experimental_loss.h>

#include <math.h>
#include <stdio.h>
#include <unistd.h>

static const char checkpoint[] = "accumulate_c.safetensors",
                  whole[] = "accumulate_whole.safetensors", part[] = "accumulate_part.safetensors";
/* images as they are, weights as they are: steps differ by their images alone */
#define STILL                                                                                      \
    "learning_rate=0 warmup=0 weight_decay=0 exchange_halves=0 augment_flip=0 augment_scale=0 "    \
    "augment_shift=0 augment_brightness=0 augment_contrast=0 augment_saturation=0 "

/* Gradients and losses of one step. */
typedef struct {
    int64_t encoder_count, vectors_count;
    float *encoder, *vectors;
    double loss, bce, contra;
} gradient;

static void gradient_free(gradient *g)
{
    free(g->encoder);
    free(g->vectors);
}

static int32_t stop(const clile_progress *p, void *user)
{
    gradient *g = user;
    g->loss = p->loss;
    g->bce = p->loss_bce;
    g->contra = p->loss_contra;
    return 1;
}

static gradient next_step(const bench *b, int32_t stage)
{
    gradient g = {0};
    assert_int_equal(clile_trainer_run(b->trainer, stage, stop, &g), CLILE_E_CANCELLED);
    const clile_i_group *encoder = &b->trainer->encoder, *vectors = &b->trainer->vectors;
    g.encoder_count = encoder->count;
    g.vectors_count = vectors->count;
    g.encoder = malloc((size_t)g.encoder_count * sizeof(float));
    g.vectors = malloc((size_t)g.vectors_count * sizeof(float));
    assert_true(g.encoder != NULL && g.vectors != NULL);
    memcpy(g.encoder, encoder->diff, (size_t)g.encoder_count * sizeof(float));
    memcpy(g.vectors, vectors->diff, (size_t)g.vectors_count * sizeof(float));
    return g;
}

static double norm_of(const float *x, const float *y, int64_t count)
{
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) {
        const double d = (double)x[i] - (y != NULL ? (double)y[i] : 0.0);
        sum += d * d;
    }
    return sqrt(sum);
}

static void assert_near(const char *what, const float *x, const float *y, int64_t count,
                        double tolerance)
{
    const double norm = norm_of(x, NULL, count), error = norm_of(x, y, count);
    if (!(norm > 0) || !(error <= tolerance * norm))
        fail_msg("%s: gradient of norm %g is off by %g", what, norm, error);
}

/* Two parts of 8 are the mean of two steps of 8: each part has its own batch statistics, and its
 * own contrast. All terms of the loss, both stages. */
static void two_parts_are_the_mean_of_two_steps(void **state)
{
    (void)state;
    for (int32_t stage = 1; stage <= 2; ++stage) {
        const char *const kind = stage == 1 ? "" : "elimination=orthogonal init_from_stage1=0 ";
        char settings[512];
        snprintf(settings, sizeof settings, STILL "%s batch=8", kind);
        bench small = bench_make(settings);
        snprintf(settings, sizeof settings, STILL "%s batch=16 accumulate=2", kind);
        bench large = bench_make(settings);
        for (int32_t s = 1; s < stage; ++s) {
            require(clile_trainer_run(small.trainer, s, NULL, NULL));
            require(clile_trainer_run(large.trainer, s, NULL, NULL));
        }
        gradient one = next_step(&small, stage), two = next_step(&small, stage),
                 both = next_step(&large, stage);
        for (int64_t i = 0; i < one.encoder_count; ++i)
            one.encoder[i] = 0.5F * (one.encoder[i] + two.encoder[i]);
        for (int64_t i = 0; i < one.vectors_count; ++i)
            one.vectors[i] = 0.5F * (one.vectors[i] + two.vectors[i]);
        assert_int_equal(one.encoder_count, both.encoder_count);
        assert_near("encoder", one.encoder, both.encoder, one.encoder_count, 1e-6);
        assert_near("vectors", one.vectors, both.vectors, one.vectors_count, 1e-6);
        assert_true(fabs(0.5 * (one.loss + two.loss) - both.loss) < 1e-9);
        assert_true(fabs(0.5 * (one.bce + two.bce) - both.bce) < 1e-9);
        assert_true(fabs(0.5 * (one.contra + two.contra) - both.contra) < 1e-9);
        if (stage == 2) assert_true(both.contra > 0);
        gradient_free(&one);
        gradient_free(&two);
        gradient_free(&both);
        bench_free(&small);
        bench_free(&large);
    }
}

/* One picture for all images, with labels of their own: the statistics of a part are those of the
 * batch, and then k parts are one batch. */
static clile_dataset *one_picture(void)
{
    enum { SIDE = 64 };
    static uint8_t rgb[TOY_N][SIDE][SIDE][3];
    int8_t labels[TOY_N][TOY_C];
    int32_t subject[TOY_N];
    clile_i_rng rng = clile_i_rng_make(3, 3);
    for (size_t i = 0; i < sizeof rgb[0]; ++i)
        ((uint8_t *)rgb)[i] = (uint8_t)clile_i_rng_below(&rng, 256);
    for (int n = 0; n < TOY_N; ++n) {
        memcpy(rgb[n], rgb[0], sizeof rgb[0]);
        subject[n] = n % TOY_S;
        for (int c = 0; c < TOY_C; ++c) labels[n][c] = (int8_t)((n >> c) % 2);
    }
    clile_dataset *data = NULL;
    require(clile_dataset_from_arrays(TOY_N, SIDE, SIDE, &rgb[0][0][0][0], TOY_C, toy_aus,
                                      &labels[0][0], subject, &data));
    return data;
}

static void parts_are_the_batch_where_statistics_agree(void **state)
{
    static const char *const stage_settings[] = {"", "init_from_stage1=0 elimination=none"};
    (void)state;
    for (int32_t stage = 1; stage <= 2; ++stage) {
        gradient first = {0};
        for (int k = 1; k <= 8; k *= 2) {
            char settings[512];
            snprintf(settings, sizeof settings,
                     STILL "stem=small image_size=64 lambda_contra=0 batch=32 accumulate=%d %s", k,
                     stage_settings[stage - 1]);
            bench b = {one_picture(), toy_options(settings), NULL, NULL};
            b.model = toy_model(b.options);
            require(clile_trainer_create(b.model, b.data, b.options, &b.trainer));
            gradient g = next_step(&b, stage);
            if (k == 1) {
                first = g;
            } else {
                assert_near("encoder", first.encoder, g.encoder, g.encoder_count, 1e-4);
                assert_near("vectors", first.vectors, g.vectors, g.vectors_count, 1e-4);
                assert_true(fabs(first.loss - g.loss) < 1e-6);
                gradient_free(&g);
            }
            bench_free(&b);
        }
        gradient_free(&first);
    }
}

static void run_to_end(bench *b, const char *path)
{
    for (int32_t stage; (stage = clile_trainer_next_stage(b->trainer)) != 0;)
        require(clile_trainer_run(b->trainer, stage, NULL, NULL));
    require(clile_model_save(b->model, path));
}

/* Halves are exchanged over the whole batch, targets and worker as ever. */
static void runs_repeat_and_resume(void **state)
{
    static const char settings[] = "batch=16 accumulate=4 epochs=2 epochs_stage1=1 ema=0.9";
    (void)state;
    bench b = bench_make(settings);
    run_to_end(&b, whole);
    bench_free(&b);
    for (int32_t stage = 1; stage <= 2; ++stage) {
        gradient g;
        bench c = bench_make("batch=16 accumulate=4 epochs=2 epochs_stage1=1 ema=0.9 "
                             "input_workers=1");
        if (stage == 2) require(clile_trainer_run(c.trainer, 1, NULL, NULL));
        assert_int_equal(clile_trainer_run(c.trainer, stage, stop, &g), CLILE_E_CANCELLED);
        require(clile_trainer_save(c.trainer, checkpoint));
        bench_free(&c);
        bench d = bench_make("batch=16 epochs=2 epochs_stage1=1");
        require(clile_trainer_resume(d.trainer, checkpoint)); /* accumulate is in the checkpoint */
        run_to_end(&d, part);
        assert_same_file(whole, part);
        bench_free(&d);
    }
    bench other = bench_make("accumulate=2");
    refused(clile_trainer_resume(other.trainer, checkpoint), CLILE_E_INVALID_ARGUMENT,
            "option accumulate is 4 in the checkpoint, but 2 here");
    bench_free(&other);
}

static clile_status create(const char *settings, bench *b)
{
    *b = (bench){toy_dataset(), toy_options(settings), NULL, NULL};
    b->model = toy_model(b->options);
    return clile_trainer_create(b->model, b->data, b->options, &b->trainer);
}

static int32_t own_loss(clile_loss_batch *batch, void *user)
{
    int64_t *seen = user;
    seen[0] = batch->n;
    seen[1] += batch->index[0];
    for (int64_t i = 0; i < batch->n * batch->c; ++i) batch->diff_logits[i] = batch->logits[i];
    return 0;
}

static void what_does_not_fit_is_named(void **state)
{
    bench b;
    int64_t seen[2] = {0};
    (void)state;
    refused(create("batch=16 accumulate=3", &b), CLILE_E_INVALID_ARGUMENT,
            "batch is 16, which accumulate=3 does not divide into equal parts");
    bench_free(&b);
    refused(create("batch=16 accumulate=16", &b), CLILE_E_INVALID_ARGUMENT,
            "batch is 16 and accumulate 16: parts of one image");
    bench_free(&b);
    require(create("accumulate=2 exchange_halves=0.5", &b));
    refused(clile_trainer_set_loss(b.trainer, CLILE_LOSS_ADDS, own_loss, seen),
            CLILE_E_INVALID_ARGUMENT, "set exchange_halves=0");
    bench_free(&b);
    require(create("accumulate=2 exchange_halves=0 method=bce", &b));
    require(clile_trainer_set_loss(b.trainer, CLILE_LOSS_ADDS, own_loss, seen));
    gradient g = next_step(&b, 2);
    assert_int_equal(seen[0], 8); /* a part */
    assert_int_equal(seen[1], b.trainer->images->indices[0] + b.trainer->images->indices[8]);
    gradient_free(&g);
    bench_free(&b);
}

/* A batch that is only a default becomes no more images than there are, and equal parts. */
static void expect_batch(const char *method, int32_t batch)
{
    bench b = {toy_dataset(), NULL, NULL, NULL};
    require(clile_options_create(&b.options));
    require(clile_options_set(b.options, CLILE_OPT_IMAGE_SIZE, "32"));
    require(clile_options_set(b.options, CLILE_OPT_ACCUMULATE, "5"));
    require(clile_options_set(b.options, CLILE_OPT_METHOD, method));
    b.model = toy_model(b.options);
    require(clile_trainer_create(b.model, b.data, b.options, &b.trainer));
    assert_int_equal(b.trainer->batch, batch);
    assert_int_equal(b.trainer->shares.own, batch / 5);
    bench_free(&b);
}

static void a_default_batch_is_cut_to_equal_parts(void **state)
{
    (void)state;
    expect_batch("bce", 45);    /* of 48 images */
    expect_batch("cl-ile", 30); /* of 32 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_parts_are_the_mean_of_two_steps),
        cmocka_unit_test(parts_are_the_batch_where_statistics_agree),
        cmocka_unit_test(runs_repeat_and_resume),
        cmocka_unit_test(what_does_not_fit_is_named),
        cmocka_unit_test(a_default_batch_is_cut_to_equal_parts),
    };
    const int result = cmocka_run_group_tests(tests, NULL, NULL);
    (void)remove(checkpoint);
    (void)remove(whole);
    (void)remove(part);
    return result;
}
