/* Intensities fitted to the finished score. On several ranks: train/ranks. */
#include "model/model.h"
#include "train/graded_faces.h"

#include <math.h>

/* The same images and labels, without intensities. */
static clile_dataset *ungraded_dataset(void)
{
    clile_dataset *graded = graded_dataset(), *data = NULL;
    int8_t labels[TOY_N][TOY_C];
    int32_t subject[TOY_N];
    require(clile_dataset_copy_labels(graded, 0, TOY_N, &labels[0][0]));
    require(clile_dataset_copy_subjects(graded, 0, TOY_N, subject));
    require(clile_dataset_from_arrays(TOY_N, TOY_SIZE, TOY_SIZE, &pixels[0][0][0][0], TOY_C,
                                      toy_aus, &labels[0][0], subject, &data));
    clile_dataset_destroy(graded);
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

/* Whatever loss the score was trained with, the published one, too. */
static void they_are_fitted_and_kept_in_files(void **state)
{
    (void)state;
    static const char *const settings[] = {
        "method=bce epochs=40 learning_rate=0.01 exchange_halves=0",
        "epochs=30 learning_rate=0.01 init_from_stage1=0 similarity=cosine",
        "epochs=30 learning_rate=0.01 lambda_bce=0 lambda_contra=1 elimination=none",
    };
    clile_dataset *data = graded_dataset();
    float intensity[TOY_N][TOY_C], again[TOY_N][TOY_C], embedding[TOY_N][16];
    for (int m = 0; m < 3; ++m) {
        clile_model *model = trained(data, settings[m]), *copy = NULL, *small = NULL;
        double pcc[TOY_C], mae[TOY_C];
        assert_true(clile_model_has_intensity(model));
        answers_of(model, &intensity[0][0], &embedding[0][0]);
        require(clile_metrics_intensity(TOY_N, TOY_C, &intensity[0][0], &coded[0][0], NULL, pcc,
                                        mae, NULL));
        for (int c = 0; c < TOY_C; ++c)
            if (!(pcc[c] > (m < 2 ? 0.8 : 0.7)) || !(mae[c] < 0.9))
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

/* Training does not see them: all else is the same bits as of the labels alone. */
static void they_change_nothing_else(void **state)
{
    (void)state;
    static const char *const settings[] = {"method=bce validation=0.25", "decision=calibrated"};
    clile_dataset *graded = graded_dataset(), *plain = ungraded_dataset();
    for (int m = 0; m < 2; ++m) {
        clile_model *with = trained(graded, settings[m]), *without = trained(plain, settings[m]);
        float a[TOY_N][16], b[TOY_N][16], intensity[TOY_N][TOY_C];
        clile_predictor *predictor = NULL;
        answers_of(with, &intensity[0][0], &a[0][0]);
        require(clile_predictor_create(without, NULL, &predictor));
        require(clile_predictor_run(predictor, TOY_N, &pixels[0][0][0][0], TOY_SIZE, TOY_SIZE, NULL,
                                    NULL, &b[0][0]));
        clile_predictor_destroy(predictor);
        assert_memory_equal(a, b, sizeof a);
        assert_memory_equal(with->au_embedding, without->au_embedding, TOY_C * 16 * sizeof(float));
        assert_memory_equal(with->slope, without->slope, TOY_C * sizeof(float));
        assert_memory_equal(with->offset, without->offset, TOY_C * sizeof(float));
        assert_memory_equal(with->person, without->person,
                            CLILE_I_PERSON_ROWS * TOY_C * sizeof(float));
        assert_true(clile_model_has_intensity(with) && !clile_model_has_intensity(without));
        refused(clile_model_estimate_intensity(without, 1, &b[0][0], &intensity[0][0]),
                CLILE_E_UNSUPPORTED, "its training data had none coded");
        clile_model_destroy(with);
        clile_model_destroy(without);
    }
    clile_dataset_destroy(graded);
    clile_dataset_destroy(plain);
}

/* An AU with labels but no intensities is present from the second level on, as is decided. */
static void an_au_that_is_not_graded(void **state)
{
    (void)state;
    int8_t labels[TOY_N][TOY_C];
    clile_dataset *all = graded_dataset(), *data = NULL;
    int32_t subject[TOY_N];
    require(clile_dataset_copy_labels(all, 0, TOY_N, &labels[0][0]));
    require(clile_dataset_copy_subjects(all, 0, TOY_N, subject));
    for (int n = 0; n < TOY_N; ++n) coded[n][1] = -1;
    require(clile_dataset_from_intensities(TOY_N, TOY_SIZE, TOY_SIZE, &pixels[0][0][0][0], TOY_C,
                                           toy_aus, &labels[0][0], &coded[0][0], subject, &data));
    clile_model *model = trained(data, "method=bce");
    assert_true((double)model->levels[1] == (double)model->slope[1]);
    for (int j = 1; j <= 5; ++j)
        assert_true((double)model->levels[j * TOY_C + 1] ==
                    (double)((float)(j - 2) - model->offset[1]));
    clile_model_destroy(model);
    clile_dataset_destroy(all);
    clile_dataset_destroy(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_fitted_and_kept_in_files),
        cmocka_unit_test(the_rule_is_the_documented_one),
        cmocka_unit_test(a_resumed_run_is_the_same),
        cmocka_unit_test(they_change_nothing_else),
        cmocka_unit_test(an_au_that_is_not_graded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
