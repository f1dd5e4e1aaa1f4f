/* Labels as real folds have them: some not coded, images with none, an AU that one person or every
 * coded image shows, a person with one frame. Every variant trains on them, to finite numbers, and
 * what is not coded changes no number. */
#include "train/internal.h"
#include "train/toy.h"

#include <clile/metrics.h>

#include <math.h>
#include <unistd.h>

enum { C = 4 };
static const int32_t aus[C] = {1, 4, 12, 24};
static char path[64];

static void ok(const char *what, clile_status status)
{
    if (status != CLILE_OK)
        fail_msg("%s: %s: %s", what, clile_status_name(status), clile_last_error());
}

/* AU 4 is present wherever it is coded, AU 12 only in one person, AU 24 is coded for two people.
 * The last person has one frame; image 3 has no label at all. */
static void put_labels(int8_t labels[TOY_N][C], int32_t subject[TOY_N])
{
    clile_i_rng rng = clile_i_rng_make(11, 1);
    for (int i = 0; i < TOY_N; ++i) {
        subject[i] = i == TOY_N - 1 ? 3 : i % 3;
        labels[i][0] = clile_i_rng_uniform(&rng) < 0.4;
        labels[i][1] = i % 5 == 0 ? -1 : 1;
        labels[i][2] = subject[i] == 1 && i % 2;
        labels[i][3] = (int8_t)(subject[i] == 0 ? -1 : i % 2);
        if (i == 3) memset(labels[i], -1, C);
    }
}

static clile_dataset *odd_dataset(void)
{
    static uint8_t rgb[TOY_N][TOY_SIZE][TOY_SIZE][3];
    int8_t labels[TOY_N][C];
    int32_t subject[TOY_N];
    clile_dataset *data = NULL;
    clile_i_rng rng = clile_i_rng_make(7, 1);
    put_labels(labels, subject);
    for (int n = 0; n < TOY_N; ++n)
        for (int y = 0; y < TOY_SIZE; ++y)
            for (int x = 0; x < TOY_SIZE; ++x)
                for (int k = 0; k < 3; ++k)
                    rgb[n][y][x][k] = (uint8_t)((labels[n][y / 8] == 1 ? 170 : 60) +
                                                10 * subject[n] + (int)clile_i_rng_below(&rng, 20));
    ok("data", clile_dataset_from_arrays(TOY_N, TOY_SIZE, TOY_SIZE, &rgb[0][0][0][0], C, aus,
                                         &labels[0][0], subject, &data));
    return data;
}

static void finite(const char *what, int64_t n, const float *values)
{
    for (int64_t i = 0; i < n; ++i)
        if (!isfinite(values[i])) fail_msg("%s: value %lld is not finite", what, (long long)i);
}

static int32_t finite_losses(const clile_progress *p, void *user)
{
    if (!isfinite(p->loss) || !isfinite(p->loss_bce) || !isfinite(p->loss_contra) ||
        !isfinite(p->loss_elimination) || !isfinite(p->loss_method))
        fail_msg("%s: stage %d, step %lld: a loss is not finite", (const char *)user, (int)p->stage,
                 (long long)p->step);
    return 0;
}

/* Trains, saves, loads, predicts. A file is not written with a value that is not finite. */
static void trains(const char *settings)
{
    clile_dataset *data = odd_dataset();
    clile_options *options = toy_options(settings);
    clile_model *model = NULL, *loaded = NULL;
    clile_trainer *trainer = NULL;
    clile_predictor *predictor = NULL;
    static uint8_t rgb[2 * TOY_SIZE * TOY_SIZE * 3];
    float probability[2 * C];
    for (size_t i = 0; i < sizeof rgb; ++i) rgb[i] = (uint8_t)(i * 7);
    ok(settings, clile_model_create(options, C, aus, &model));
    ok(settings, clile_trainer_create(model, data, options, &trainer));
    for (int32_t stage; (stage = clile_trainer_next_stage(trainer)) != 0;)
        ok(settings, clile_trainer_run(trainer, stage, finite_losses, (void *)(uintptr_t)settings));
    finite(settings, C * model->d, model->au_embedding);
    finite(settings, C, model->slope);
    finite(settings, C, model->offset);
    finite(settings, CLILE_I_PERSON_ROWS * C, model->person);
    assert_true(clile_i_person_of(model->person, C, 1).noise == 0); /* nothing to compare */
    ok(settings, clile_model_save(model, path));
    ok(settings, clile_model_load(path, &loaded));
    ok(settings, clile_predictor_create(loaded, options, &predictor));
    ok(settings,
       clile_predictor_run(predictor, 2, rgb, TOY_SIZE, TOY_SIZE, probability, NULL, NULL));
    finite(settings, 2 * C, probability);
    clile_predictor_destroy(predictor);
    clile_trainer_destroy(trainer);
    clile_model_destroy(loaded);
    clile_model_destroy(model);
    clile_options_destroy(options);
    clile_dataset_destroy(data);
}

static void every_variant_trains(void **state)
{
    static const char *const table[] = {
        "",
        "elimination=none",
        "elimination=none exchange_halves=0 similarity=cosine",
        "elimination=orthogonal",
        "elimination=orthogonal identity_part=residual exchange_halves=0",
        "elimination=orthogonal identity_part=subject_mean",
        "elimination=decorrelate",
        "elimination=adversarial",
        "lambda_ile=0 lambda_ile_bias=0",
        "decision=calibrated similarity=cosine",
        "init_from_stage1=0 lambda_contra=1 null_anchor=0",
        "ema=0.9",
        "validation=0.3",
        "preset=published",
        "method=bce",
        "method=bce exchange_halves=1",
        "method=drml embedding=12",
        "method=atf embedding=12",
        "method=piap embedding=12",
        "method=suphcl embedding=12",
        "method=megraph embedding=12",
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
        char settings[160];
        snprintf(settings, sizeof settings, "epochs=1 epochs_stage1=1 %s", table[i]);
        trains(settings);
    }
}

/* A fold in which an AU never occurs is refused by its number, not trained to nonsense. */
static void an_au_that_never_occurs_is_refused(void **state)
{
    static uint8_t rgb[4][TOY_SIZE][TOY_SIZE][3];
    static const int8_t labels[4][2] = {{1, 0}, {0, -1}, {1, 0}, {0, 0}};
    static const int32_t subject[4] = {0, 0, 1, 1}, ids[2] = {1, 24};
    (void)state;
    for (int method = 0; method < 2; ++method) {
        clile_dataset *data = NULL;
        clile_options *options = toy_options(method ? "method=bce batch=2" : "batch=2");
        clile_model *model = NULL;
        clile_trainer *trainer = NULL;
        ok("data", clile_dataset_from_arrays(4, TOY_SIZE, TOY_SIZE, &rgb[0][0][0][0], 2, ids,
                                             &labels[0][0], subject, &data));
        ok("model", clile_model_create(options, 2, ids, &model));
        assert_int_equal(clile_trainer_create(model, data, options, &trainer),
                         CLILE_E_INVALID_ARGUMENT);
        assert_non_null(strstr(clile_last_error(), "AU 24 is present in none of the 3 images"));
        clile_model_destroy(model);
        clile_options_destroy(options);
        clile_dataset_destroy(data);
    }
}

/* ---- what is not coded changes nothing ---- */

enum { D = 5, S = 4, PERSON = CLILE_I_PERSON_ROWS * C };

/* Thresholds, calibration and the fit of people, from scores whose uncoded entries are `junk`. */
static void decide(const clile_dataset *data, float junk, float *threshold, float *slope,
                   float *offset, float *person)
{
    static float score[TOY_N][C];
    int8_t labels[TOY_N][C];
    int32_t subject[TOY_N];
    clile_i_rng rng = clile_i_rng_make(3, 3);
    put_labels(labels, subject);
    for (int i = 0; i < TOY_N; ++i)
        for (int c = 0; c < C; ++c) {
            const float value = (float)clile_i_rng_normal(&rng) + (float)(labels[i][c] == 1);
            score[i][c] = labels[i][c] < 0 ? junk : value;
        }
    const clile_trainer t = {.train = (clile_dataset *)(uintptr_t)data, .n = TOY_N, .c = C, .s = S};
    ok("thresholds", clile_metrics_thresholds(TOY_N, C, &score[0][0], &labels[0][0], threshold));
    ok("calibrate", clile_metrics_calibrate(TOY_N, C, &score[0][0], &labels[0][0], slope, offset));
    ok("person", clile_i_trainer_fit_person(&t, &score[0][0], &labels[0][0], person));
}

static void scores_that_are_not_coded_decide_nothing(void **state)
{
    float threshold[2][C], slope[2][C], offset[2][C], person[2][PERSON];
    clile_dataset *data = odd_dataset();
    (void)state;
    memset(person, 0, sizeof person);
    decide(data, 0, threshold[0], slope[0], offset[0], person[0]);
    decide(data, -1e6f, threshold[1], slope[1], offset[1], person[1]);
    assert_memory_equal(threshold[0], threshold[1], sizeof threshold[0]);
    assert_memory_equal(slope[0], slope[1], sizeof slope[0]);
    assert_memory_equal(offset[0], offset[1], sizeof offset[0]);
    assert_memory_equal(person[0], person[1], sizeof person[0]);
    finite("thresholds", C, threshold[0]);
    finite("calibration", C, slope[0]);
    finite("calibration", C, offset[0]);
    finite("person", PERSON, person[0]);
    clile_dataset_destroy(data);
}

/* Everything that a loss says of a batch. */
typedef struct {
    double loss, scale;
    float embedding[TOY_N * D], au[C * D], ile[S * C * D], bias[C], null[D], more[S * C];
} answer;
enum { STAGE1, STAGE2, STAGE2_NULL, BCE, MIXED, LOSSES };

/* AU 24 is not coded in this batch; its vectors are `junk`. */
static void compute(int which, float junk, answer *a)
{
    static float embedding[TOY_N * D], au[C * D], ile[S * C * D], null[D];
    static const float weight[C] = {1, 0.5f, 2, 1}, bias[C] = {0.1f, 0, -0.1f, 0}, more[S * C];
    int8_t labels[TOY_N][C];
    int32_t subject[TOY_N];
    clile_i_rng rng = clile_i_rng_make(5, 5);
    put_labels(labels, subject);
    for (int i = 0; i < TOY_N; ++i) labels[i][3] = -1;
    for (int i = 0; i < TOY_N * D; ++i) embedding[i] = (float)clile_i_rng_normal(&rng);
    for (int i = 0; i < C * D; ++i) au[i] = (float)clile_i_rng_normal(&rng);
    for (int i = 0; i < S * C * D; ++i) ile[i] = (float)clile_i_rng_normal(&rng);
    for (int i = 0; i < D; ++i) null[i] = (float)clile_i_rng_normal(&rng);
    for (int i = 0; i < D; ++i) {
        au[3 * D + i] += junk;
        if (which == STAGE1)
            for (int s = 0; s < S; ++s) ile[(s * C + 3) * D + i] += junk;
    }
    memset(a, 0, sizeof *a);
    clile_status status = CLILE_OK;
    const int8_t *y = &labels[0][0];
    if (which == STAGE1)
        status = clile_loss_stage1(TOY_N, D, C, S, embedding, ile, subject, y, weight, &a->loss,
                                   a->embedding, a->ile);
    if (which == STAGE2)
        status =
            clile_loss_stage2(TOY_N, D, C, embedding, au, y, 0.3, &a->loss, a->embedding, a->au);
    if (which == STAGE2_NULL)
        status = clile_loss_stage2_null(TOY_N, D, C, embedding, au, null, y, 0.3, &a->loss,
                                        a->embedding, a->au, a->null);
    if (which == BCE)
        status = clile_loss_bce(TOY_N, D, C, CLILE_SIMILARITY_DOT, embedding, au, 1.5, bias, y,
                                weight, &a->loss, a->embedding, a->au, &a->scale, a->bias);
    if (which == MIXED)
        status = clile_loss_mixed(TOY_N, D, C, S, CLILE_SIMILARITY_DOT, embedding, au, 1.5, bias,
                                  ile, more, subject, y, weight, 3, 0.1, &a->loss, a->embedding,
                                  a->au, &a->scale, a->bias, a->ile, a->more);
    ok("loss", status);
}

static void vectors_of_labels_that_are_not_coded_change_no_loss(void **state)
{
    static answer plain, other;
    (void)state;
    for (int which = 0; which < LOSSES; ++which) {
        compute(which, 0, &plain);
        compute(which, 40, &other);
        assert_memory_equal(&plain, &other, sizeof plain);
        assert_true(isfinite(plain.loss) && plain.loss > 0);
        for (int i = 0; i < D; ++i) assert_true(plain.au[3 * D + i] == 0.0f);
        assert_true(plain.bias[3] == 0.0f);
        for (int i = 0; i < D; ++i) assert_true(plain.embedding[3 * D + i] == 0.0f); /* image 3 */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_variant_trains),
        cmocka_unit_test(an_au_that_never_occurs_is_refused),
        cmocka_unit_test(scores_that_are_not_coded_decide_nothing),
        cmocka_unit_test(vectors_of_labels_that_are_not_coded_change_no_loss),
    };
    snprintf(path, sizeof path, "odd-%ld.safetensors", (long)getpid());
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove(path);
    return failed;
}
