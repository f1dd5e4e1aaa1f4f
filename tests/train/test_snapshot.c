/* A predictor always gives the same bits, whatever happens to the model it was created from. */
#include "toy.h"

#include "model/model.h"

/* of STILL predictors no call has many faces before the model has changed */
enum { FACES = 6, D = 16, STILL = 3 };

typedef struct {
    clile_predictor *predictor[2 * STILL]; /* of the model's float32, then of an int8 copy */
    uint8_t rgb[FACES * TOY_SIZE * TOY_SIZE * 3];
    /* float32 and int8, as at the beginning */
    float probability[2][FACES * TOY_C], embedding[2][FACES * D];
    int8_t present[2][FACES * TOY_C];
} observed;

static void run(observed *o, int k, int64_t n, float *probability, int8_t *present,
                float *embedding)
{
    if (clile_predictor_run(o->predictor[k], n, o->rgb, TOY_SIZE, TOY_SIZE, probability, present,
                            embedding) != CLILE_OK)
        fail_msg("%s", clile_last_error());
}

/* The last predictor of each kind is left alone until check_late. */
static void check(observed *o, const char *when)
{
    for (int k = 0; k < 2 * STILL; ++k) {
        const int kind = k / STILL;
        const int64_t n = k % STILL == STILL - 1 ? 1 : FACES;
        float probability[FACES * TOY_C], embedding[FACES * D];
        int8_t present[FACES * TOY_C];
        run(o, k, n, probability, present, embedding);
        if (memcmp(probability, o->probability[kind], (size_t)(n * TOY_C) * sizeof(float)) != 0 ||
            memcmp(embedding, o->embedding[kind], (size_t)(n * D) * sizeof(float)) != 0 ||
            memcmp(present, o->present[kind], (size_t)(n * TOY_C)) != 0)
            fail_msg("predictor %d answers otherwise after %s", k, when);
    }
}

static clile_predictor *predictor_of(const clile_model *model)
{
    clile_options *options = toy_options("");
    clile_predictor *predictor = NULL;
    if (clile_predictor_create(model, options, &predictor) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    clile_options_destroy(options);
    return predictor;
}

static int32_t stop_after_three(const clile_progress *progress, void *user)
{
    (void)user;
    return progress->step >= 3;
}

static void set_another_decision(clile_model *model)
{
    const float slope[TOY_C] = {9, 8, 7}, offset[TOY_C] = {3, -2, 1};
    float vectors[TOY_C * D];
    for (int i = 0; i < TOY_C * D; ++i) vectors[i] = (float)(i % 7) - 3;
    assert_int_equal(clile_model_set_decision(model, vectors, slope, offset), CLILE_OK);
}

static void train(clile_model *model, const clile_dataset *data, observed *o)
{
    clile_options *options = toy_options("elimination=none init_from_stage1=0");
    clile_trainer *trainer = NULL;
    if (clile_trainer_create(model, data, options, &trainer) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    check(o, "a trainer was made");
    assert_int_equal(clile_trainer_run(trainer, 2, stop_after_three, NULL), CLILE_E_CANCELLED);
    check(o, "three steps");
    assert_int_equal(clile_trainer_run(trainer, 2, NULL, NULL), CLILE_OK);
    check(o, "training");
    clile_trainer_destroy(trainer);
    clile_options_destroy(options);
}

static void import_another_backbone(clile_model *model)
{
    clile_options *options = toy_options("seed=9");
    clile_model *other = toy_model(options);
    clile_i_st_writer *writer = NULL;
    assert_int_equal(clile_i_st_writer_create(&writer), CLILE_OK);
    assert_int_equal(clile_i_net_put(writer, "", other->encoder), CLILE_OK);
    assert_int_equal(clile_i_st_writer_write(writer, "snapshot_test.safetensors"), CLILE_OK);
    clile_i_st_writer_destroy(writer);
    if (clile_model_import_backbone(model, "snapshot_test.safetensors") != CLILE_OK)
        fail_msg("%s", clile_last_error());
    remove("snapshot_test.safetensors");
    clile_model_destroy(other);
    clile_options_destroy(options);
}

static void test_predictors_are_snapshots(void **state)
{
    (void)state;
    static observed o;
    float p[TOY_C], fresh[TOY_C];
    clile_dataset *data = toy_dataset();
    clile_options *options = toy_options("");
    clile_model *model = toy_model(options), *small = NULL;
    const float ones[TOY_C] = {1, 1, 1}, zeros[TOY_C] = {0};
    for (int i = 0; i < FACES; ++i)
        assert_int_equal(
            clile_dataset_copy_crop(data, i, TOY_SIZE, o.rgb + i * TOY_SIZE * TOY_SIZE * 3),
            CLILE_OK);
    assert_int_equal(clile_model_set_decision(model, NULL, ones, zeros), CLILE_OK);
    assert_int_equal(clile_model_quantize(model, FACES, o.rgb, TOY_SIZE, TOY_SIZE, NULL, &small),
                     CLILE_OK);
    for (int k = 0; k < 2 * STILL; ++k) o.predictor[k] = predictor_of(k < STILL ? model : small);
    for (int kind = 0; kind < 2; ++kind)
        run(&o, STILL * kind, FACES, o.probability[kind], o.present[kind], o.embedding[kind]);
    check(&o, "nothing");

    set_another_decision(model);
    set_another_decision(small);
    check(&o, "clile_model_set_decision");
    train(model, data, &o);
    import_another_backbone(model);
    check(&o, "clile_model_import_backbone");
    set_another_decision(model);
    assert_int_equal(clile_model_set_metadata(model, "protocol", "loso"), CLILE_OK);

    /* the model itself has changed: a new predictor answers differently */
    clile_predictor *changed = predictor_of(model);
    run(&o, 0, 1, p, NULL, NULL);
    assert_int_equal(clile_predictor_run(changed, 1, o.rgb, TOY_SIZE, TOY_SIZE, fresh, NULL, NULL),
                     CLILE_OK);
    assert_memory_not_equal(p, fresh, sizeof p);
    clile_predictor_destroy(changed);
    clile_model_destroy(model);
    clile_model_destroy(small);
    clile_dataset_destroy(data);
    check(&o, "clile_model_destroy");

    /* what had seen single faces so far gets many, for which an int8 predictor is only now
     * compiled */
    for (int kind = 0; kind < 2; ++kind) {
        float embedding[FACES * D];
        run(&o, STILL * kind + STILL - 1, FACES, NULL, NULL, embedding);
        assert_memory_equal(embedding, o.embedding[kind], sizeof embedding);
    }
    for (int k = 0; k < 2 * STILL; ++k) clile_predictor_destroy(o.predictor[k]);
    clile_options_destroy(options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_predictors_are_snapshots)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
