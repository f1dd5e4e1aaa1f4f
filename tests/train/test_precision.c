/* precision=bf16 through a whole life: it learns what float32 learns, repeats its bits, resumes,
 * and leaves a float32 model that answers in both. Where the processor has no bf16 the trainer is
 * refused, and that is what is tested (train/no_bf16 does so everywhere). */
#include "dnn/dnn.h"
#include "train/bench.h"

#include <math.h>
#include <unistd.h>

static const char checkpoint[] = "precision_c.safetensors", whole[] = "precision_whole.safetensors",
                  part[] = "precision_part.safetensors";
#define LIFE "width=0.25 epochs=8 epochs_stage1=4 warmup=1 "

static int has_bf16(void)
{
    if (clile_i_bf16_check() == CLILE_OK) return 1;
    bench b = bench_make("");
    clile_options *options = toy_options("precision=bf16");
    clile_trainer_destroy(b.trainer);
    refused(clile_trainer_create(b.model, b.data, options, &b.trainer), CLILE_E_UNSUPPORTED,
            "precision=bf16: expected a processor with AVX512_BF16");
    clile_options_destroy(options);
    bench_free(&b);
    return 0;
}

typedef struct {
    double first, last;
    int32_t stop_stage;
    int64_t stop_step;
} course;

static int32_t follow(const clile_progress *p, void *user)
{
    course *c = user;
    if (p->stage == 2 && p->epoch_end) {
        if (p->epoch == 1) c->first = p->mean_loss;
        c->last = p->mean_loss;
    }
    return p->stage == c->stop_stage && p->step == c->stop_step;
}

static course run_to_end(bench *b)
{
    course c = {0};
    for (int32_t stage; (stage = clile_trainer_next_stage(b->trainer)) != 0;)
        require(clile_trainer_run(b->trainer, stage, follow, &c));
    return c;
}

static course train(const char *settings, const char *path)
{
    bench b = bench_make(settings);
    const course c = run_to_end(&b);
    require(clile_model_save(b.model, path));
    bench_free(&b);
    return c;
}

static void it_learns_what_float32_learns(void **state)
{
    (void)state;
    if (!has_bf16()) return;
    double float32 = 0.0, bf16 = 0.0;
    for (int seed = 1; seed <= 3; ++seed) {
        char settings[128];
        snprintf(settings, sizeof settings, LIFE "seed=%d", seed);
        const course a = train(settings, whole);
        snprintf(settings, sizeof settings, LIFE "seed=%d precision=bf16", seed);
        const course b = train(settings, part);
        assert_true(a.last < 0.7 * a.first && b.last < 0.7 * b.first);
        assert_true(a.last != b.last);
        float32 += a.last / 3;
        bf16 += b.last / 3;
    }
    if (!(fabs(bf16 - float32) < 0.1 * float32)) fail_msg("loss %g, not %g", bf16, float32);
}

static void bits_repeat_and_a_resumed_run_is_the_whole_one(void **state)
{
    (void)state;
    if (!has_bf16()) return;
    for (int threads = 1; threads <= 2; ++threads) {
        char settings[128];
        snprintf(settings, sizeof settings, "precision=bf16 elimination=orthogonal threads=%d",
                 threads);
        train(settings, whole);
        train(settings, part);
        assert_same_file(whole, part);
        for (int32_t stage = 1; stage <= 2; ++stage) {
            bench b = bench_make(settings);
            course c = {.stop_stage = stage, .stop_step = 2};
            if (stage == 2) require(clile_trainer_run(b.trainer, 1, NULL, NULL));
            assert_int_equal(clile_trainer_run(b.trainer, stage, follow, &c), CLILE_E_CANCELLED);
            require(clile_trainer_save(b.trainer, checkpoint));
            bench_free(&b);
            char rest[32]; /* the precision is in the checkpoint */
            snprintf(rest, sizeof rest, "threads=%d", threads);
            b = bench_make(rest);
            require(clile_trainer_resume(b.trainer, checkpoint));
            run_to_end(&b);
            require(clile_model_save(b.model, part));
            bench_free(&b);
            assert_same_file(whole, part);
        }
    }
}

/* A run that was begun in bf16 goes on elsewhere, and then no longer rounds. */
static void a_checkpoint_goes_on_in_float32(void **state)
{
    (void)state;
    if (!has_bf16()) return;
    static const char *const rest[] = {"precision=float32", ""};
    course end[2];
    bench b = bench_make("precision=bf16");
    course c = {.stop_stage = 1, .stop_step = 2};
    assert_int_equal(clile_trainer_run(b.trainer, 1, follow, &c), CLILE_E_CANCELLED);
    require(clile_trainer_save(b.trainer, checkpoint));
    bench_free(&b);
    for (int i = 0; i < 2; ++i) {
        b = bench_make(rest[i]);
        require(clile_trainer_resume(b.trainer, checkpoint));
        end[i] = run_to_end(&b);
        bench_free(&b);
    }
    assert_true(end[0].last != end[1].last);
}

/* Probabilities [TOY_N,TOY_C] of the images, in a batch of `batch`. */
static void answer(const clile_model *model, const clile_dataset *data, const char *settings,
                   float *probability)
{
    static uint8_t rgb[TOY_N * TOY_SIZE * TOY_SIZE * 3];
    int64_t index[TOY_N];
    clile_options *options = toy_options(settings);
    clile_predictor *predictor = NULL;
    for (int64_t i = 0; i < TOY_N; ++i) index[i] = i;
    require(clile_dataset_copy_crops(data, TOY_N, index, TOY_SIZE, 1, rgb));
    require(clile_predictor_create(model, options, &predictor));
    require(
        clile_predictor_run(predictor, TOY_N, rgb, TOY_SIZE, TOY_SIZE, probability, NULL, NULL));
    clile_predictor_destroy(predictor);
    clile_options_destroy(options);
}

static void answers_are_near_and_int8_models_refuse(void **state)
{
    (void)state;
    if (!has_bf16()) return;
    float a[TOY_N * TOY_C], b[TOY_N * TOY_C];
    static uint8_t rgb[TOY_SIZE * TOY_SIZE * 3];
    bench t = bench_make("");
    run_to_end(&t);
    answer(t.model, t.data, "", a);
    for (int k = 0; k < 3; ++k) {
        static const char *const settings[] = {"precision=bf16", "precision=bf16 predict_batch=7",
                                               "precision=bf16 mirror=1 threads=2"};
        answer(t.model, t.data, settings[k], b);
        if (k == 2) answer(t.model, t.data, "mirror=1", a);
        double most = 0.0;
        for (int i = 0; i < TOY_N * TOY_C; ++i) most = fmax(most, fabs((double)(a[i] - b[i])));
        if (!(most > 0.0 && most < 0.02)) fail_msg("probabilities are off by %g", most);
    }
    clile_model *small = NULL;
    clile_predictor *predictor = NULL;
    clile_options *options = toy_options("precision=bf16");
    require(clile_model_quantize(t.model, 1, rgb, TOY_SIZE, TOY_SIZE, NULL, &small));
    refused(clile_predictor_create(small, options, &predictor), CLILE_E_UNSUPPORTED,
            "precision=bf16: expected a float32 model, found an int8 one");
    assert_null(predictor);
    clile_options_destroy(options);
    clile_model_destroy(small);
    bench_free(&t);
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
        cmocka_unit_test(it_learns_what_float32_learns),
        cmocka_unit_test(bits_repeat_and_a_resumed_run_is_the_whole_one),
        cmocka_unit_test(a_checkpoint_goes_on_in_float32),
        cmocka_unit_test(answers_are_near_and_int8_models_refuse),
    };
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
