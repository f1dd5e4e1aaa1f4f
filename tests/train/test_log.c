/* What trainers, predictors, int8 models and packs log. */
#include "train/toy.h"

#include "data/scratch.h"
#include "dnn/dnn.h"
#include "log.h"
#include "train/landmark_faces.h"

#include <math.h>
#include <unistd.h>

static logged heard;

static int32_t stop_in_epoch_2(const clile_progress *progress, void *user)
{
    (void)user;
    return progress->epoch == 2;
}

static void a_training_is_told(void **state)
{
    static const char path[] = "clile-test-log.safetensors";
    logged *log = *state = &heard;
    clile_dataset *data = toy_dataset();
    clile_options *options = toy_options("validation=0.25 input_workers=1 batch=8");
    clile_model *model = toy_model(options), *other = toy_model(options);
    clile_trainer *trainer = NULL;
    log_into(options, log);
    assert_int_equal(clile_trainer_create(model, data, options, &trainer), CLILE_OK);
    assert_logged(log, CLILE_LOG_INFO,
                  "validation: 1 of 4 subjects are held out, 12 images; 36 images are trained on");
    /* the trainer's own stays */
    assert_int_equal(clile_options_set_log(options, NULL, NULL), CLILE_OK);
    assert_int_equal(clile_trainer_run(trainer, 1, NULL, NULL), CLILE_OK);
    assert_int_equal(clile_trainer_run(trainer, 2, stop_in_epoch_2, NULL), CLILE_E_CANCELLED);
    assert_int_equal(clile_trainer_save(trainer, path), CLILE_OK);
    assert_int_equal(clile_trainer_run(trainer, 2, NULL, NULL), CLILE_OK);
    clile_trainer_destroy(trainer);
    assert_int_equal(log->count, 7);
    assert_string_equal(log->text[1], "stage begun, stage 1, step 0 of 8");
    assert_string_equal(log->text[2], "stage ended, stage 1, step 8 of 8");
    assert_string_equal(log->text[3], "stage begun, stage 2, step 0 of 12");
    assert_string_equal(log->text[4],
                        "clile-test-log.safetensors: checkpoint written, stage 2, step 5 of 12");
    assert_string_equal(log->text[5], "stage goes on, stage 2, step 5 of 12");
    assert_string_equal(log->text[6], "stage ended, stage 2, step 12 of 12");

    /* Nothing after NULL; and the checkpoint holds no log: a trainer that resumes keeps its own. */
    assert_int_equal(clile_trainer_create(other, data, options, &trainer), CLILE_OK);
    assert_int_equal(clile_trainer_resume(trainer, path), CLILE_OK);
    clile_trainer_destroy(trainer);
    assert_int_equal(log->count, 7);
    log_into(options, log);
    assert_int_equal(clile_trainer_create(other, data, options, &trainer), CLILE_OK);
    assert_int_equal(clile_trainer_resume(trainer, path), CLILE_OK);
    assert_logged(log, CLILE_LOG_INFO,
                  "clile-test-log.safetensors: resumed, stage 2, step 5 of 12");
    assert_int_equal(clile_trainer_run(trainer, 2, NULL, NULL), CLILE_OK);
    assert_logged(log, CLILE_LOG_INFO, "stage ended, stage 2, step 12 of 12");
    assert_int_equal(log->strangers, 0);
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
    clile_model_destroy(other);
    clile_dataset_destroy(data);
    clile_options_destroy(options);
    unlink(path);
}

static void a_step_that_fails_is_an_error(void **state)
{
    (void)state;
    clile_dataset *data = toy_dataset();
    clile_options *options =
        toy_options("method=bce learning_rate=1000 epochs=50 optimizer=sgd similarity=dot");
    clile_model *model = toy_model(options);
    clile_trainer *trainer = NULL;
    log_into(options, &heard);
    assert_int_equal(clile_trainer_create(model, data, options, &trainer), CLILE_OK);
    assert_int_equal(clile_trainer_run(trainer, 2, NULL, NULL), CLILE_E_NOT_FINITE);
    assert_logged(&heard, CLILE_LOG_ERROR, "stage 2, step ");
    assert_string_equal(heard.text[heard.count - 1], clile_last_error());
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
    clile_dataset_destroy(data);
    clile_options_destroy(options);
}

static void a_batch_made_smaller_is_told(void **state)
{
    (void)state;
    clile_dataset *data = toy_dataset();
    clile_options *toy = toy_options(""), *options = NULL;
    clile_model *model = toy_model(toy);
    clile_trainer *trainer = NULL;
    int64_t batch = 0;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_get_i64(options, CLILE_OPT_BATCH, &batch), CLILE_OK);
    assert_int_equal(clile_options_set_f64(options, CLILE_OPT_VALIDATION, 0.5), CLILE_OK);
    log_into(options, &heard);
    assert_int_equal(clile_trainer_create(model, data, options, &trainer), CLILE_OK);
    if (batch > TOY_N / 2)
        assert_logged(&heard, CLILE_LOG_INFO,
                      "batch is 24, since there are no more images to train on");
    else
        assert_int_equal(count_lines(&heard, "batch is"), 0);
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
    clile_dataset_destroy(data);
    clile_options_destroy(options);
    clile_options_destroy(toy);
}

/* Options that were set for what the data does not have; not defaults, nor a resumed run's. */
static void options_without_effect_are_told(void **state)
{
    static const char path[] = "clile-test-log-unused.safetensors";
    static const char few[] = "has no effect: fewer than two training subjects have faces with 68 "
                              "landmarks";
    static const struct {
        int people; /* drawn, with 68 landmarks; 0: the toy data, without any */
        const char *settings, *text;
    } table[] = {
        {0, "", NULL},
        {0, "exchange_shapes=0", NULL},
        {0, "exchange_shapes=0.75", "exchange_shapes=0.75 "},
        {0, "method=bce exchange_shapes=0.5", "exchange_shapes=0.5 "},
        {1, "exchange_shapes=1", "exchange_shapes=1 "},
        {2, "exchange_shapes=1 validation=0.5", "exchange_shapes=1 "},
        {2, "exchange_shapes=1", NULL},
        {2, "method=bce exchange_looks=0.5",
         "exchange_looks=0.5 has no effect: it goes with exchange_shapes, which is 0"},
        {2, "method=bce exchange_looks=0.5 exchange_shapes=1", NULL},
        {0, "lambda_points=2",
         "lambda_points=2 has no effect: the data set has no points to learn (targets)"},
        {0, "lambda_values=2",
         "lambda_values=2 has no effect: the data set has no values to learn that vary (targets)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
        clile_options *options = toy_options(table[i].settings), *plain = toy_options("");
        clile_model *model = toy_model(options);
        clile_trainer *trainer = NULL;
        const scratch s = scratch_make();
        clile_dataset *data =
            table[i].people == 0 ? toy_dataset() : people_with_landmarks(&s, table[i].people);
        log_into(options, &heard);
        require(clile_trainer_create(model, data, options, &trainer));
        if (count_lines(&heard, "has no effect") != (table[i].text != NULL))
            fail_msg("%s, %d people: %d warnings, \"%s\"", table[i].settings, table[i].people,
                     count_lines(&heard, "has no effect"),
                     heard.count > 0 ? heard.text[heard.count - 1] : "");
        if (table[i].text != NULL) assert_logged(&heard, CLILE_LOG_WARNING, table[i].text);
        if (strncmp(table[i].settings, "exchange", 8) == 0)
            assert_int_equal(count_lines(&heard, few), table[i].text != NULL);
        require(clile_trainer_save(trainer, path));
        clile_trainer_destroy(trainer);
        log_into(plain, &heard);
        require(clile_trainer_create(model, data, plain, &trainer));
        require(clile_trainer_resume(trainer, path));
        assert_int_equal(count_lines(&heard, "has no effect"), 0);
        clile_trainer_destroy(trainer);
        clile_model_destroy(model);
        clile_dataset_destroy(data);
        clile_options_destroy(options);
        clile_options_destroy(plain);
        scratch_free(&s);
    }
    unlink(path);
}

static void predictors_int8_and_packs_are_told(void **state)
{
    static const char path[] = "clile-test-log-pack.safetensors";
    static const uint8_t rgb[TOY_SIZE * TOY_SIZE * 3] = {90, 30, 200};
    static const float ones[TOY_C] = {1, 1, 1}, zeros[TOY_C] = {0};
    float probability[TOY_C];
    (void)state;
    clile_dataset *data = toy_dataset();
    clile_options *options = toy_options("");
    clile_model *model = toy_model(options), *int8 = NULL;
    clile_predictor *predictor = NULL;
    assert_int_equal(clile_model_set_decision(model, NULL, ones, zeros), CLILE_OK);
    log_into(options, &heard);
    assert_int_equal(clile_dataset_pack(data, path, options, NULL, NULL), CLILE_OK);
    assert_logged(&heard, CLILE_LOG_INFO,
                  "clile-test-log-pack.safetensors: pack of 48 images written");
    assert_int_equal(clile_model_quantize(model, 1, rgb, TOY_SIZE, TOY_SIZE, options, &int8),
                     CLILE_OK);
    assert_logged(&heard, CLILE_LOG_INFO, "int8 model made, measured on 1 images");
    assert_int_equal(clile_predictor_create(model, options, &predictor), CLILE_OK);
    assert_logged(&heard, CLILE_LOG_DEBUG,
                  "float32 predictor compiled for 1 faces at once on 1 threads, 1 a run");
    assert_int_equal(count_lines(&heard, "7 bits"), 0);
    clile_predictor_destroy(predictor);
    assert_int_equal(clile_predictor_create(int8, options, &predictor), CLILE_OK);
    assert_logged(&heard, CLILE_LOG_DEBUG, "int8 predictor compiled for 1 faces");
    assert_int_equal(count_lines(&heard, "using 7-bit activations"), !clile_i_qconv_is_exact());
    clile_predictor_destroy(predictor);

    /* A call from a parallel region of the program has one thread: reported once, in the thread
     * of the call. */
    clile_status status[3] = {-1, -1, -1};
    assert_int_equal(clile_options_set_i64(options, CLILE_OPT_THREADS, 2), CLILE_OK);
#pragma omp parallel num_threads(2)
#pragma omp single
    {
        log_into(options, &heard);
        status[0] = clile_predictor_create(model, options, &predictor);
        for (int i = 1; i < 3; ++i)
            status[i] =
                clile_predictor_run(predictor, 1, rgb, TOY_SIZE, TOY_SIZE, probability, NULL, NULL);
    }
    for (int i = 0; i < 3; ++i) assert_int_equal(status[i], CLILE_OK);
    assert_logged(&heard, CLILE_LOG_WARNING, "OpenMP provides 1 of the 2 requested threads");
    assert_int_equal(count_lines(&heard, "OpenMP provides"), 1);
    assert_int_equal(heard.strangers, 0);
    clile_predictor_destroy(predictor);
    clile_model_destroy(int8);
    clile_model_destroy(model);
    clile_dataset_destroy(data);
    clile_options_destroy(options);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_training_is_told),
        cmocka_unit_test(a_step_that_fails_is_an_error),
        cmocka_unit_test(a_batch_made_smaller_is_told),
        cmocka_unit_test(options_without_effect_are_told),
        cmocka_unit_test(predictors_int8_and_packs_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
