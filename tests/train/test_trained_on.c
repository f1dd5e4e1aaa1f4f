/* A model knows what it was trained on, in C and in the command, and which faces fit it. */
#include "toy.h"

#include "model/model.h"

#include <clile/synth.h>

enum { D = 16 };

static void expect(const clile_model *model, const char *key, const char *value)
{
    const char *found = clile_model_get_metadata(model, key);
    if (found == NULL || strcmp(found, value) != 0)
        fail_msg("%s is \"%s\", expected \"%s\"", key, found, value);
}

static void train(clile_model *model, const clile_dataset *data, const char *settings)
{
    char text[256];
    snprintf(text, sizeof text, "method=bce epochs=1 batch=8 %s", settings);
    clile_options *options = toy_options(text);
    clile_trainer *trainer = NULL;
    if (clile_trainer_create(model, data, options, &trainer) != CLILE_OK ||
        clile_trainer_run(trainer, 2, NULL, NULL) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    clile_trainer_destroy(trainer);
    clile_options_destroy(options);
}

static clile_model *model_of(const clile_dataset *data)
{
    clile_options *options = toy_options("method=bce");
    int32_t au_ids[64];
    clile_model *model = NULL;
    assert_int_equal(clile_dataset_copy_au_ids(data, au_ids), CLILE_OK);
    assert_int_equal(clile_model_create(options, clile_dataset_au_count(data), au_ids, &model),
                     CLILE_OK);
    clile_options_destroy(options);
    return model;
}

/* For which kinds of face (crop, box, points) a misfit is reported. */
static void expect_misfits(const clile_model *model, const char *said)
{
    clile_predictor *predictor = NULL;
    assert_int_equal(clile_predictor_create(model, NULL, &predictor), CLILE_OK);
    for (int32_t kind = 0; kind < 3; ++kind) {
        const char *text = clile_predictor_get_misfit(predictor, kind);
        if ((text != NULL) != (said[kind] == '1'))
            fail_msg("kind %d: %s", (int)kind, text ? text : "nothing is said");
    }
    assert_null(clile_predictor_get_misfit(predictor, -1));
    assert_null(clile_predictor_get_misfit(predictor, 3));
    clile_predictor_destroy(predictor);
}

static void test_arrays_are_crops(void **state)
{
    (void)state;
    clile_dataset *data = toy_dataset(), *part = NULL, *inner = NULL, *tested = NULL;
    clile_model *model = model_of(data), *copy = NULL;
    char *json = NULL;
    expect_misfits((assert_int_equal(clile_model_set_decision(model, NULL, (float[TOY_C]){1, 1, 1},
                                                              (float[TOY_C]){0}),
                                     CLILE_OK),
                    model),
                   "000"); /* a loop of your own: nothing is known */
    clile_model_destroy(model);
    model = model_of(data);
    train(model, data, "");
    expect(model, "alignment", "crops");
    expect(model, "train_images_as_crops", "48");
    expect(model, "train_images_by_landmarks", "0");
    expect(model, "layout", "arrays");
    expect(model, "data_kind", "unknown");
    expect(model, "photographs", "unknown");
    expect(model, "protocol", "none");
    expect(model, "fold", "0");
    expect(model, "seed", "1");
    expect_misfits(model, "011");
    clile_model_destroy(model);

    /* the outermost split says who was never seen; a held-out part does not count */
    assert_int_equal(clile_dataset_fold(data, "kfold:2", 2, &part, &tested), CLILE_OK);
    assert_int_equal(clile_dataset_fold(part, "loso", 1, &inner, NULL), CLILE_OK);
    model = model_of(data);
    train(model, part, "data_kind=photographs validation=0.5 seed=7");
    expect(model, "seed", "7");
    expect(model, "protocol", "kfold:2");
    expect(model, "fold", "2");
    expect(model, "train_images_as_crops", "12");
    expect(model, "photographs", "yes");
    train(model, inner, "data_kind=drawn"); /* trained further: what it saw before still counts */
    expect(model, "protocol", "kfold:2");
    expect(model, "data_kind", "drawn");
    expect(model, "photographs", "yes");
    assert_int_equal(clile_model_copy_json(model, &json), CLILE_OK);
    assert_non_null(strstr(
        json,
        "\"trained_on\":{\"alignment\":\"crops\",\"data_kind\":\"drawn\",\"photographs\":\"yes\","
        "\"layout\":\"arrays\",\"protocol\":\"kfold:2\",\"fold\":\"2\",\"imported\":null,"));
    clile_free(json);

    /* an int8 copy and a file carry it on */
    static uint8_t rgb[TOY_SIZE * TOY_SIZE * 3];
    assert_int_equal(clile_model_quantize(model, 1, rgb, TOY_SIZE, TOY_SIZE, NULL, &copy),
                     CLILE_OK);
    assert_int_equal(clile_model_save(copy, "trained_on_test.safetensors"), CLILE_OK);
    clile_model_destroy(copy);
    assert_int_equal(clile_model_load("trained_on_test.safetensors", &copy), CLILE_OK);
    remove("trained_on_test.safetensors");
    expect(copy, "photographs", "yes");
    expect_misfits(copy, "011");
    clile_model_destroy(copy);
    clile_model_destroy(model);

    model = model_of(data); /* the part that is tested has no protocol to name */
    train(model, tested, "");
    expect(model, "protocol", "none");
    clile_model_destroy(model);
    clile_dataset_destroy(data);
    clile_dataset_destroy(part);
    clile_dataset_destroy(inner);
    clile_dataset_destroy(tested);
}

/* Drawn faces are aligned by their landmarks, in a pack too, and nobody saw a photograph until
 * weights are imported. */
static void test_drawn_faces(void **state)
{
    (void)state;
    static const char pack[] = "trained_on_pack.safetensors",
                      weights[] = "trained_on_weights.safetensors";
    clile_dataset *data = NULL, *packed = NULL;
    clile_options *options = toy_options("");
    clile_i_st_writer *writer = NULL;
    assert_int_equal(clile_dataset_from_synth(1, 4, 1, 40, 32, &data), CLILE_OK);
    clile_model *model = model_of(data);
    train(model, data, "");
    expect(model, "alignment", "landmarks");
    expect(model, "train_images_by_landmarks", "160");
    expect(model, "layout", "synth");
    expect(model, "data_kind", "drawn");
    expect(model, "photographs", "never");
    expect_misfits(model, "110");
    assert_int_equal(clile_dataset_pack(data, pack, options, NULL, NULL), CLILE_OK);
    assert_int_equal(clile_dataset_open(pack, options, &packed), CLILE_OK);
    clile_model_destroy(model);
    model = model_of(data);
    train(model, packed, "");
    expect(model, "train_images_by_landmarks", "160");
    expect(model, "layout", "synth");
    expect(model, "data_kind", "drawn");
    expect(model, "photographs", "never");

    assert_int_equal(clile_i_st_writer_create(&writer), CLILE_OK);
    assert_int_equal(clile_i_net_put(writer, "", model->encoder), CLILE_OK);
    assert_int_equal(clile_i_st_writer_write(writer, weights), CLILE_OK);
    clile_i_st_writer_destroy(writer);
    assert_int_equal(clile_model_import_backbone(model, weights), CLILE_OK);
    train(model, packed, "");
    expect(model, "imported", weights);
    expect(model, "data_kind", "drawn");
    expect(model, "photographs", "unknown");
    remove(pack);
    remove(weights);
    clile_options_destroy(options);
    clile_dataset_destroy(data);
    clile_dataset_destroy(packed);
    clile_model_destroy(model);
}

/* A tenth of the training images is enough for a kind to fit. */
static void test_mixed(void **state)
{
    (void)state;
    clile_dataset *data = toy_dataset();
    clile_model *model = model_of(data);
    static const struct {
        const char *landmarks, *boxes, *crops, *said;
    } table[] = {{"90", "10", "0", "100"}, {"91", "9", "0", "110"}, {"1", "1", "1", "000"},
                 {"0", "0", "0", "000"},   {"0", "50", "1", "101"}, {"x", "", "-4", "000"}};
    train(model, data, "");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
        assert_int_equal(
            clile_model_set_metadata(model, "train_images_by_landmarks", table[i].landmarks),
            CLILE_OK);
        assert_int_equal(clile_model_set_metadata(model, "train_images_by_boxes", table[i].boxes),
                         CLILE_OK);
        assert_int_equal(clile_model_set_metadata(model, "train_images_as_crops", table[i].crops),
                         CLILE_OK);
        expect_misfits(model, table[i].said);
    }
    clile_model_destroy(model);
    clile_dataset_destroy(data);
}

/* Two halves joined train to the same bits as the whole; drawn faces among others are reported. */
static void test_joined(void **state)
{
    (void)state;
    clile_dataset *data = toy_dataset(), *half[2] = {NULL}, *joined = NULL, *drawn = NULL;
    int64_t index[64];
    uint8_t *bytes[2] = {NULL};
    size_t size[2] = {0};
    const int64_t n = clile_dataset_size(data);
    for (int64_t k = 0; k < n; ++k) index[k] = k;
    assert_int_equal(clile_dataset_select(data, 20, index, &half[0]), CLILE_OK);
    assert_int_equal(clile_dataset_select(data, n - 20, index + 20, &half[1]), CLILE_OK);
    assert_int_equal(clile_dataset_concat(2, (const clile_dataset *const[]){half[0], half[1]},
                                          CLILE_SUBJECTS_DISTINCT, &joined),
                     CLILE_OK);
    for (int k = 0; k < 2; ++k) {
        clile_model *model = model_of(data);
        train(model, k == 0 ? data : joined, "augment_flip=1");
        assert_int_equal(clile_model_save_memory(model, &bytes[k], &size[k]), CLILE_OK);
        clile_model_destroy(model);
    }
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(bytes[0], bytes[1], size[0]);
    clile_free(bytes[0]);
    clile_free(bytes[1]);
    clile_dataset_destroy(joined);
    joined = NULL;

    /* arrays of the AUs that are drawn */
    static uint8_t rgb[16][32][32][3];
    static int8_t labels[16][CLILE_SYNTH_AUS];
    int32_t au_ids[CLILE_SYNTH_AUS], subject[16] = {0, 1, 2, 3, 4, 5, 6, 7};
    assert_int_equal(clile_synth_copy_au_ids(au_ids), CLILE_OK);
    assert_int_equal(clile_dataset_from_synth(1, 4, 1, 40, 32, &drawn), CLILE_OK);
    clile_dataset *other = NULL;
    assert_int_equal(clile_dataset_from_arrays(16, 32, 32, &rgb[0][0][0][0], CLILE_SYNTH_AUS,
                                               au_ids, &labels[0][0], subject, &other),
                     CLILE_OK);
    assert_int_equal(clile_dataset_concat(2, (const clile_dataset *const[]){drawn, other},
                                          CLILE_SUBJECTS_DISTINCT, &joined),
                     CLILE_OK);
    clile_model *model = model_of(joined);
    train(model, joined, "");
    expect(model, "data_kind", "mixed");
    expect(model, "layout", "mixed");
    expect(model, "photographs", "unknown");
    expect(model, "alignment", "mixed");
    expect(model, "train_images_by_landmarks", "160");
    expect(model, "train_images_as_crops", "16");
    clile_model_destroy(model);
    clile_dataset_destroy(data);
    clile_dataset_destroy(half[0]);
    clile_dataset_destroy(half[1]);
    clile_dataset_destroy(joined);
    clile_dataset_destroy(drawn);
    clile_dataset_destroy(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_arrays_are_crops),
                                       cmocka_unit_test(test_drawn_faces),
                                       cmocka_unit_test(test_mixed), cmocka_unit_test(test_joined)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
