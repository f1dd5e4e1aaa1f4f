/* Training on a folder with one file that is not an image. It fails with the file's status and
 * name, whichever thread reads it, with and without the cache, in either stage. The handles
 * remain usable. */
#include "train/toy.h"

#include "data/scratch.h"

enum { SUBJECTS = 3, FRAMES = 8, BAD = 13 };

static const struct {
    const char *source;
    long keep;
    clile_status status;
    const char *message;
} bad_images[] = {
    {"image/baseline.jpg", 0, CLILE_E_FORMAT, "is empty (0 bytes)"},
    {"image/baseline.jpg", 800, CLILE_E_CORRUPT, "the JPEG file is damaged"},
    {"image/one.png", -1, CLILE_E_FORMAT, "has 1 x 1 pixels, a face needs at least 8 x 8"},
    {"image/huge.png", -1, CLILE_E_INVALID_ARGUMENT,
     "has 30000 x 30000 pixels, max_pixels allows 50000000"},
    {"image/rgb16.png", -1, CLILE_OK, ""},
    {"image/cmyk.jpg", -1, CLILE_OK, ""},
};

/* Image BAD of a folder in BP4D's layout is that of bad_images[which]. */
static void write_set(const scratch *s, size_t which)
{
    char name[64];
    for (int p = 0; p < SUBJECTS; ++p) {
        clile_i_text rows = {0};
        clile_i_text_append(&rows, "0,1,4,12\n");
        for (int f = 0; f < FRAMES; ++f) {
            const int k = p * FRAMES + f;
            clile_i_text_append(&rows, "%d,%d,%d,%d\n", f, k % 2, k % 3 == 0, k % 5 == 0);
            snprintf(name, sizeof name, "F00%d/T1/%d.png", p, f);
            if (k == BAD)
                scratch_copy(s, name, bad_images[which].source, bad_images[which].keep);
            else
                scratch_image(s, name, 5 * k);
        }
        snprintf(name, sizeof name, "AU_OCC/F00%d_T1.csv", p);
        scratch_text(s, name, rows.data);
        clile_i_text_free(&rows);
    }
}

static void train(const scratch *s, size_t which, const char *settings, int32_t stage)
{
    clile_options *options = toy_options(settings);
    clile_model *model = toy_model(options);
    clile_dataset *data = NULL;
    clile_trainer *trainer = NULL;
    if (clile_dataset_open(s->path, options, &data) != CLILE_OK) fail_msg("%s", clile_last_error());
    assert_int_equal(clile_dataset_size(data), SUBJECTS * FRAMES);
    if (clile_trainer_create(model, data, options, &trainer) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    const clile_status status = clile_trainer_run(trainer, stage, NULL, NULL);
    if (status != bad_images[which].status)
        fail_msg("%s: status %s, \"%s\"", settings, clile_status_name(status), clile_last_error());
    if (status != CLILE_OK) {
        assert_non_null(strstr(clile_last_error(), "/F001/T1/5.png"));
        assert_non_null(strstr(clile_last_error(), bad_images[which].message));
        assert_int_equal(clile_model_is_trained(model), 0);
    }
    clile_trainer_destroy(trainer);
    clile_dataset_destroy(data);
    clile_model_destroy(model);
    clile_options_destroy(options);
}

static void training_names_the_image(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof bad_images / sizeof *bad_images; ++k) {
        const scratch s = scratch_make();
        write_set(&s, k);
        train(&s, k, "au_set=1,4,12 batch=8 epochs=1 epochs_stage1=1 threads=2", 1);
        train(&s, k, "au_set=1,4,12 batch=8 epochs=1 method=bce threads=2 cache_mb=0", 2);
        train(&s, k, "au_set=1,4,12 batch=8 epochs=1 method=bce", 2);
        scratch_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(training_names_the_image)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
