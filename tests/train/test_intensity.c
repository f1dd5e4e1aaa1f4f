/* Intensities as a target beside occurrence: toy faces whose patches are the brighter, the stronger
 * the AU is. */
#include "model/model.h"
#include "train/toy.h"

#include <math.h>

static uint8_t pixels[TOY_N][TOY_SIZE][TOY_SIZE][3];
static int8_t coded[TOY_N][TOY_C];

static clile_dataset *graded_dataset(void)
{
    static int32_t subject[TOY_N];
    clile_i_rng rng = clile_i_rng_make(7, 1);
    clile_dataset *data = NULL;
    for (int n = 0; n < TOY_N; ++n) {
        subject[n] = n % TOY_S;
        for (int c = 0; c < TOY_C; ++c) coded[n][c] = (int8_t)((n + 2 * c + n / 5) % 5);
        if (n % 11 == 0) coded[n][n % TOY_C] = -1;
        for (int y = 0; y < TOY_SIZE; ++y)
            for (int x = 0; x < TOY_SIZE; ++x)
                for (int k = 0; k < 3; ++k) {
                    const int patch = y / 11, on = patch < TOY_C && x > 8 && x < 24;
                    const int strength = on && coded[n][patch] > 0 ? coded[n][patch] : 0;
                    pixels[n][y][x][k] =
                        (uint8_t)(60 + 40 * strength + (int)clile_i_rng_below(&rng, 20));
                }
    }
    require(clile_dataset_from_intensities(TOY_N, TOY_SIZE, TOY_SIZE, &pixels[0][0][0][0], TOY_C,
                                           toy_aus, NULL, &coded[0][0], subject, &data));
    return data;
}

static clile_model *trained(const clile_dataset *data, const char *settings)
{
    clile_options *options = toy_options(settings);
    clile_model *model = toy_model(options);
    clile_trainer *t = NULL;
    require(clile_trainer_create(model, data, options, &t));
    if (clile_trainer_needs_stage1(t)) require(clile_trainer_run(t, 1, NULL, NULL));
    require(clile_trainer_run(t, 2, NULL, NULL));
    clile_trainer_destroy(t);
    clile_options_destroy(options);
    return model;
}

static void answers_of(const clile_model *model, float *intensity, float *embedding)
{
    clile_predictor *predictor = NULL;
    require(clile_predictor_create(model, NULL, &predictor));
    require(clile_predictor_run(predictor, TOY_N, &pixels[0][0][0][0], TOY_SIZE, TOY_SIZE, NULL,
                                NULL, embedding));
    require(clile_model_estimate_intensity(clile_predictor_get_model(predictor), TOY_N, embedding,
                                           intensity));
    clile_predictor_destroy(predictor);
}

/* Also with the deviations of subjects, exchanged halves and cosine. */
static void they_are_learned_and_kept_in_files(void **state)
{
    (void)state;
    static const char *const settings[] = {
        "method=bce epochs=40 learning_rate=0.01 exchange_halves=0",
        "epochs=30 learning_rate=0.01 init_from_stage1=0 similarity=cosine",
    };
    clile_dataset *data = graded_dataset();
    float intensity[TOY_N][TOY_C], again[TOY_N][TOY_C], embedding[TOY_N][16];
    for (int m = 0; m < 2; ++m) {
        clile_model *model = trained(data, settings[m]), *copy = NULL, *small = NULL;
        double pcc[TOY_C], mae[TOY_C];
        assert_true(clile_model_has_intensity(model));
        answers_of(model, &intensity[0][0], &embedding[0][0]);
        require(clile_metrics_intensity(TOY_N, TOY_C, &intensity[0][0], &coded[0][0], NULL, pcc,
                                        mae, NULL));
        for (int c = 0; c < TOY_C; ++c)
            if (!(pcc[c] > 0.8) || !(mae[c] < 0.9))
                fail_msg("%s, AU %d: PCC %g, MAE %g", settings[m], (int)toy_aus[c], pcc[c], mae[c]);
        require(clile_model_save(model, "graded.safetensors"));
        require(clile_model_load("graded.safetensors", &copy));
        answers_of(copy, &again[0][0], &embedding[0][0]);
        assert_memory_equal(intensity, again, sizeof again);
        require(clile_model_quantize(model, TOY_N, &pixels[0][0][0][0], TOY_SIZE, TOY_SIZE, NULL,
                                     &small));
        answers_of(small, &again[0][0], &embedding[0][0]);
        double off = 0;
        for (int i = 0; i < TOY_N * TOY_C; ++i)
            off = fmax(off, fabs((double)(&again[0][0])[i] - (double)(&intensity[0][0])[i]));
        assert_true(off > 0 && off < 1.5);
        clile_model_destroy(small);
        clile_model_destroy(copy);
        clile_model_destroy(model);
    }
    clile_dataset_destroy(data);
}

/* P(intensity >= j) = s(slope score - threshold_j): never more for a higher level. */
static void the_rule_is_the_documented_one(void **state)
{
    (void)state;
    clile_dataset *data = graded_dataset();
    clile_model *model = trained(data, "method=bce");
    float intensity[TOY_N][TOY_C], embedding[TOY_N][16];
    answers_of(model, &intensity[0][0], &embedding[0][0]);
    for (int n = 0; n < TOY_N; ++n)
        for (int c = 0; c < TOY_C; ++c) {
            double score = 0, sum = 0, last = 1;
            for (int j = 0; j < 16; ++j)
                score += (double)embedding[n][j] * (double)model->au_embedding[c * 16 + j];
            for (int j = 1; j <= 5; ++j) {
                const double p = 1 / (1 + exp((double)model->levels[j * TOY_C + c] -
                                              (double)model->levels[c] * score));
                assert_true(p <= last);
                sum += last = p;
            }
            assert_true(fabs(sum - (double)intensity[n][c]) < 1e-5);
        }
    clile_model_destroy(model);
    clile_dataset_destroy(data);
}

static void a_resumed_run_is_the_same(void **state)
{
    (void)state;
    clile_dataset *data = graded_dataset();
    clile_options *options = toy_options("epochs_stage1=1");
    clile_model *one = toy_model(options), *two = toy_model(options);
    clile_trainer *t = NULL;
    require(clile_trainer_create(one, data, options, &t));
    require(clile_trainer_run(t, 1, NULL, NULL));
    require(clile_trainer_save(t, "graded.ckpt"));
    require(clile_trainer_run(t, 2, NULL, NULL));
    clile_trainer_destroy(t);
    require(clile_trainer_create(two, data, options, &t));
    require(clile_trainer_resume(t, "graded.ckpt"));
    require(clile_trainer_run(t, 2, NULL, NULL));
    assert_memory_equal(one->levels, two->levels, 6 * TOY_C * sizeof(float));
    require(clile_trainer_save(t, "graded.ckpt")); /* of a finished run */
    clile_trainer_destroy(t);
    clile_model_destroy(two);
    two = toy_model(options);
    require(clile_trainer_create(two, data, options, &t));
    require(clile_trainer_resume(t, "graded.ckpt"));
    assert_memory_equal(one->levels, two->levels, 6 * TOY_C * sizeof(float));
    clile_trainer_destroy(t);
    clile_model_destroy(one);
    clile_model_destroy(two);
    clile_options_destroy(options);
    clile_dataset_destroy(data);
}

static char warning[256];
static void keep_warning(int32_t level, const char *text, void *user)
{
    (void)user;
    if (level == CLILE_LOG_WARNING) snprintf(warning, sizeof warning, "%s", text);
}

/* Data without intensities, a weight of 0, no general BCE: no intensities; a warning if they were
 * asked for. */
static void without_them_a_model_has_none(void **state)
{
    (void)state;
    clile_dataset *plain = toy_dataset(), *graded = graded_dataset();
    clile_model *model = trained(plain, "method=bce");
    clile_trainer *t = NULL;
    float intensity[TOY_C], embedding[16] = {0};
    assert_false(clile_model_has_intensity(model));
    refused(clile_model_estimate_intensity(model, 1, embedding, intensity), CLILE_E_UNSUPPORTED,
            "the model knows no intensities");
    clile_model_destroy(model);
    model = trained(graded, "method=bce lambda_intensity=0");
    assert_false(clile_model_has_intensity(model));
    clile_model_destroy(model);
    model = trained(graded, "lambda_bce=0 elimination=none");
    assert_false(clile_model_has_intensity(model));
    clile_model_destroy(model);
    static const struct {
        int graded;
        const char *settings, *text;
    } told[] = {
        {0, "lambda_intensity=1",
         "lambda_intensity=1 has no effect: the training images have no intensities"},
        {1, "lambda_intensity=1 lambda_bce=0 elimination=none",
         "lambda_intensity=1 has no effect: it needs the general BCE, but lambda_bce is 0"},
        {0, "lambda_bce=0 elimination=none", ""},
    };
    for (size_t k = 0; k < sizeof told / sizeof told[0]; ++k) {
        clile_options *options = toy_options(told[k].settings);
        warning[0] = '\0';
        require(clile_options_set_log(options, keep_warning, NULL));
        model = toy_model(options);
        require(clile_trainer_create(model, told[k].graded ? graded : plain, options, &t));
        if (strstr(warning, told[k].text) == NULL ||
            (told[k].text[0] == '\0') != (warning[0] == '\0'))
            fail_msg("\"%s\", expected \"%s\"", warning, told[k].text);
        clile_trainer_destroy(t);
        clile_model_destroy(model);
        clile_options_destroy(options);
    }
    clile_dataset_destroy(plain);
    clile_dataset_destroy(graded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_learned_and_kept_in_files),
        cmocka_unit_test(the_rule_is_the_documented_one),
        cmocka_unit_test(a_resumed_run_is_the_same),
        cmocka_unit_test(without_them_a_model_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
