/* Files from released versions still load, with the same meaning: tests/data/models. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fuzz/tiny.h"
#include "store/safetensors.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static const char *const versions[] = {"0.1.0"};
enum { VERSIONS = sizeof versions / sizeof versions[0] };

static const char *old_file(const char *kind, const char *version)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/models/%s-%s.safetensors", CLILE_TEST_DATA, kind, version);
    return path;
}

static void require(clile_status status)
{
    if (status != CLILE_OK) fail_msg("%s: %s", clile_status_name(status), clile_last_error());
}

/* PyTorch 1.13, double precision, from the tensors of the float32 file */
static const double expected[TINY_N][TINY_C] = {
    {0.364921365, 0.313782797}, {0.387435119, 0.266977011}, {0.341622429, 0.428887651},
    {0.448489799, 0.381818475}, {0.398846503, 0.440746598}, {0.354327635, 0.495665763},
    {0.462460831, 0.507111170}, {0.475728259, 0.389264337}};

/* Files of one kind: the model above to within `tolerance`. */
static void same_answers(const char *kind, int32_t quantized, double tolerance)
{
    static uint8_t rgb[TINY_N * TINY_SIZE * TINY_SIZE * 3];
    float probability[TINY_N][TINY_C];
    int8_t present[TINY_N][TINY_C];
    tiny_pixels(sizeof rgb, rgb);
    for (int v = 0; v < VERSIONS; ++v) {
        clile_model *model = NULL;
        clile_predictor *predictor = NULL;
        int32_t aus[TINY_C] = {0};
        require(clile_model_load(old_file(kind, versions[v]), &model));
        assert_int_equal(clile_model_is_quantized(model), quantized);
        assert_int_equal(clile_model_au_count(model), TINY_C);
        require(clile_model_copy_au_ids(model, aus));
        assert_int_equal(aus[0], 1);
        assert_int_equal(aus[1], 12);
        assert_int_equal(clile_model_embedding_size(model), TINY_D);
        assert_int_equal(clile_model_image_size(model), TINY_SIZE);
        assert_string_equal(clile_model_get_metadata(model, "protocol"), "bp4d");
        assert_string_equal(clile_model_get_metadata(model, "note"), "quotes \" and \xc3\xa9");
        require(clile_predictor_create(model, NULL, &predictor));
        require(clile_predictor_run(predictor, TINY_N, rgb, TINY_SIZE, TINY_SIZE,
                                    &probability[0][0], &present[0][0], NULL));
        for (int i = 0; i < TINY_N; ++i)
            for (int c = 0; c < TINY_C; ++c) {
                if (!(fabs((double)probability[i][c] - expected[i][c]) <= tolerance))
                    fail_msg("%s %s, image %d, AU %d: %.9f, expected %.9f", kind, versions[v], i,
                             (int)aus[c], (double)probability[i][c], expected[i][c]);
                assert_int_equal(present[i][c], expected[i][c] > 0.5);
            }
        clile_predictor_destroy(predictor);
        clile_model_destroy(model);
    }
}

static void models(void **state)
{
    (void)state;
    same_answers("model", 0, 1e-6);
}

/* 0.0052 off with activations of 8 bits, 0.0099 with 7 (processors without VNNI). */
static void int8_models(void **state)
{
    (void)state;
    same_answers("int8", 1, 0.012);
}

/* Every tensor of the old file is in the new one, with the same bits; every number of its state,
 * too. */
static void same_state(const char *old_path, const char *new_path)
{
    static const char *const keys[] = {"format",  "stage",  "step",     "stage1_done",
                                       "running", "images", "subjects", "data_crc32"};
    clile_i_st *old = NULL, *new = NULL;
    require(clile_i_st_open(old_path, &old));
    require(clile_i_st_open(new_path, &new));
    assert_true(clile_i_st_count(old) > 80);
    for (int64_t i = 0; i < clile_i_st_count(old); ++i) {
        const clile_i_st_tensor *a = clile_i_st_at(old, i), *b = clile_i_st_find(new, a->name);
        if (b == NULL) fail_msg("%s is lost", a->name);
        assert_int_equal(a->bytes, b->bytes);
        if (memcmp(a->data, b->data, a->bytes) != 0) fail_msg("%s has changed", a->name);
    }
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; ++k)
        assert_string_equal(clile_i_st_metadata(old, keys[k]), clile_i_st_metadata(new, keys[k]));
    clile_i_st_close(old);
    clile_i_st_close(new);
}

static void checkpoints(void **state)
{
    (void)state;
    static const char again[] = "old_checkpoint_again.safetensors";
    for (int v = 0; v < VERSIONS; ++v) {
        clile_dataset *data = NULL;
        clile_options *options = NULL;
        clile_model *model = NULL;
        clile_trainer *trainer = NULL;
        require(tiny_dataset(&data));
        require(tiny_options("bce", &options));
        /* it knows no standardize, so its model has none */
        require(clile_options_set(options, CLILE_OPT_STANDARDIZE, "1"));
        require(tiny_model(options, &model));
        require(clile_trainer_create(model, data, options, &trainer));
        assert_int_equal(clile_trainer_resume(trainer, old_file("checkpoint", versions[v])),
                         CLILE_E_INVALID_ARGUMENT);
        assert_non_null(strstr(clile_last_error(), "option standardize is 0 in the checkpoint"));
        clile_trainer_destroy(trainer);
        clile_model_destroy(model);
        require(clile_options_set(options, CLILE_OPT_STANDARDIZE, "0"));
        require(tiny_model(options, &model));
        require(clile_trainer_create(model, data, options, &trainer));
        require(clile_trainer_resume(trainer, old_file("checkpoint", versions[v])));
        require(clile_trainer_save(trainer, again));
        same_state(old_file("checkpoint", versions[v]), again);
        /* and training continues from there to its end */
        require(clile_trainer_run(trainer, 2, NULL, NULL));
        clile_trainer_destroy(trainer);
        assert_int_equal(clile_model_is_trained(model), 1);
        clile_model_destroy(model);
        clile_options_destroy(options);
        clile_dataset_destroy(data);
        unlink(again);
    }
}

static void packs(void **state)
{
    (void)state;
    static uint8_t rgb[TINY_SIZE * TINY_SIZE * 3], crop[sizeof rgb];
    const int8_t labelled[3][TINY_C] = {{1, 0}, {0, 0}, {0, 1}};
    tiny_pixels(sizeof rgb, rgb);
    for (int v = 0; v < VERSIONS; ++v) {
        clile_dataset *pack = NULL;
        int8_t labels[3][TINY_C];
        int32_t subject[3];
        require(clile_dataset_open(old_file("pack", versions[v]), NULL, &pack));
        require(clile_dataset_verify(pack, NULL, NULL));
        assert_int_equal(clile_dataset_size(pack), 3);
        require(clile_dataset_copy_labels(pack, 0, 3, &labels[0][0]));
        assert_memory_equal(labels, labelled, sizeof labelled);
        require(clile_dataset_copy_subjects(pack, 0, 3, subject));
        assert_int_equal(subject[0], 0);
        assert_int_equal(subject[1], 1);
        assert_int_equal(subject[2], 0);
        assert_string_equal(clile_dataset_get_subject_name(pack, 1), "1");
        require(clile_dataset_copy_crop(pack, 0, TINY_SIZE, crop));
        assert_memory_equal(crop, rgb, sizeof rgb); /* the pixels that went in */
        clile_dataset_destroy(pack);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(models), cmocka_unit_test(int8_models),
                                       cmocka_unit_test(checkpoints), cmocka_unit_test(packs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
