/* The methods of docs/methods.md in the trainer, model files and the predictor. */
#include "toy.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

static char path[2][64];

#define OK(call)                                                                                   \
    do {                                                                                           \
        if ((call) != CLILE_OK) fail_msg("%s: %s", #call, clile_last_error());                     \
    } while (0)

static int32_t stop_at_4(const clile_progress *progress, void *user)
{
    (void)user;
    return progress->step == 4;
}

/* Answers of a model to the toy's kind of image. */
static void answers(const clile_model *model, float *probability)
{
    static uint8_t rgb[2][TOY_SIZE][TOY_SIZE][3];
    clile_options *options = toy_options("");
    clile_predictor *predictor = NULL;
    for (int i = 0; i < 2 * TOY_SIZE * TOY_SIZE * 3; ++i) (&rgb[0][0][0][0])[i] = (uint8_t)(i * 7);
    OK(clile_predictor_create(model, options, &predictor));
    OK(clile_predictor_run(predictor, 2, &rgb[0][0][0][0], TOY_SIZE, TOY_SIZE, probability, NULL,
                           NULL));
    clile_predictor_destroy(predictor);
    clile_options_destroy(options);
}

/* The parts add up to the loss: of these methods, the BCE and their own. */
static int32_t add_up(const clile_progress *p, void *user)
{
    const double total = p->loss_bce + *(const double *)user * p->loss_method;
    if (fabs(total - p->loss) > 1e-5 * (1 + fabs(p->loss)))
        fail_msg("step %lld: loss %g, its parts %g", (long long)p->step, p->loss, total);
    assert_true(p->epoch_end == 0 || isfinite(p->mean_loss_method));
    return 0;
}

/* Trains, and if asked, stops at step 4 and goes on in another trainer. */
static clile_model *train(const char *name, int resumed)
{
    char settings[64];
    clile_model *model = NULL;
    clile_trainer *trainer = NULL;
    clile_dataset *data = toy_dataset();
    snprintf(settings, sizeof settings, "method=%s embedding=12", name);
    clile_options *options = toy_options(settings);
    OK(clile_model_create(options, TOY_C, toy_aus, &model));
    OK(clile_trainer_create(model, data, options, &trainer));
    assert_int_equal(clile_trainer_needs_stage1(trainer), 0);
    if (resumed) {
        assert_int_equal(clile_trainer_run(trainer, 2, stop_at_4, NULL), CLILE_E_CANCELLED);
        OK(clile_trainer_save(trainer, path[0]));
        clile_trainer_destroy(trainer);
        clile_model_destroy(model);
        OK(clile_model_create(options, TOY_C, toy_aus, &model));
        OK(clile_trainer_create(model, data, options, &trainer));
        OK(clile_trainer_resume(trainer, path[0]));
    }
    double weight = 0;
    OK(clile_options_get_f64(options, CLILE_OPT_LAMBDA_METHOD, &weight));
    OK(clile_trainer_run(trainer, 2, add_up, &weight));
    clile_trainer_destroy(trainer);
    clile_options_destroy(options);
    clile_dataset_destroy(data);
    return model;
}

/* A resumed run equals an uninterrupted one, and a file gives what its model gave. */
static void test_runs(void **state)
{
    static const char *const names[] = {"drml", "atf", "piap", "suphcl", "megraph"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        float whole[2 * TOY_C], other[2 * TOY_C];
        clile_model *model = train(names[i], 0), *loaded = NULL;
        answers(model, whole);
        OK(clile_model_save(model, path[1]));
        OK(clile_model_load(path[1], &loaded));
        answers(loaded, other);
        assert_memory_equal(whole, other, sizeof whole);
        assert_int_equal(clile_model_embedding_size(loaded), clile_model_embedding_size(model));
        clile_model_destroy(model);
        clile_model_destroy(loaded);
        model = train(names[i], 1);
        answers(model, other);
        assert_memory_equal(whole, other, sizeof whole);
        clile_model_destroy(model);
    }
}

static void check_refused(const char *made, const char *trained, const char *text)
{
    clile_dataset *data = toy_dataset();
    clile_options *first = toy_options(made), *second = toy_options(trained);
    clile_model *model = NULL;
    clile_trainer *trainer = NULL;
    OK(clile_model_create(first, TOY_C, toy_aus, &model));
    assert_int_equal(clile_trainer_create(model, data, second, &trainer), CLILE_E_INVALID_ARGUMENT);
    if (strstr(clile_last_error(), text) == NULL)
        fail_msg("\"%s\", expected \"%s\"", clile_last_error(), text);
    clile_model_destroy(model);
    clile_options_destroy(first);
    clile_options_destroy(second);
    clile_dataset_destroy(data);
}

static void test_refused(void **state)
{
    static const char *const with_points[] = {"lpnet", "augcn", "srerl"};
    (void)state;
    for (size_t i = 0; i < sizeof with_points / sizeof *with_points; ++i) {
        char settings[64], text[160];
        snprintf(settings, sizeof settings, "method=%s", with_points[i]);
        snprintf(
            text, sizeof text,
            "method=%s needs the landmarks of every face: image 0 has no landmarks; a data set "
            "from arrays cannot have any",
            with_points[i]);
        check_refused(settings, settings, text);
    }
    check_refused("method=drml", "method=drml lambda_feedback=1",
                  "only method=piap has a feedback, the method is drml");
    check_refused("method=piap", "method=piap lambda_feedback=1 lambda_method=0",
                  "lambda_feedback=1 is a weight within the loss of the method");
    check_refused("method=bce", "method=drml", "method=drml, but the model was made with a method");
    check_refused("method=drml", "method=bce",
                  "method=bce, but the model was made with method=drml");
    clile_model *model = NULL;
    clile_options *options = toy_options("method=piap similarity=cosine");
    assert_int_equal(clile_model_create(options, TOY_C, toy_aus, &model), CLILE_E_INVALID_ARGUMENT);
    assert_non_null(strstr(clile_last_error(), "similarity=dot"));
    clile_options_destroy(options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_runs), cmocka_unit_test(test_refused)};
    for (int i = 0; i < 2; ++i)
        snprintf(path[i], sizeof path[i], "methods-%ld-%d.safetensors", (long)getpid(), i);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (int i = 0; i < 2; ++i) remove(path[i]);
    return failed;
}
