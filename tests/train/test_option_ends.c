/* Both ends of every option's range, and every choice, through a whole life: data set, model,
 * both stages, prediction, and a saved model that loads. All succeed except those listed below
 * with the status they must give. Nothing crashes, hangs or leaves a model that is not finite.
 * The ends come from the table of options itself. */
#include "emulator.h"
#include "train/toy.h"

#include <math.h>
#include <unistd.h>

enum { IMAGES = 8, SIZE = 32, AUS = 3, PEOPLE = 2, STEPS = 4, HANG = 120 };
static const char model_path[] = "option_ends.safetensors", manifest_path[] = "option_ends.csv",
                  image_path[] = "option_ends.png";

/* How an option at an end may fail, and what the text must say. */
typedef struct {
    const char *name, *value; /* value: "" is any */
    clile_status status;
    const char *text;
    int or_not; /* 1: or succeed */
} exception;

static const exception exceptions[] = {
    {"accumulate", "4096", CLILE_E_INVALID_ARGUMENT, "which accumulate=4096 does not divide", 0},
    {"batch", "1", CLILE_E_INVALID_ARGUMENT, "batch is 1", 0},
    {"batch", "1000000", CLILE_E_INVALID_ARGUMENT, "batch is 1000000, but there are only 8 images",
     0},
    {"validation", "0.9", CLILE_E_INVALID_ARGUMENT, "validation=0.9 holds out 2 of 2 subjects", 0},
    /* the default is elimination=mixed */
    {"lambda_bce", "0", CLILE_E_INVALID_ARGUMENT, "lambda_bce is 0", 0},
    {"epochs", "1000000", CLILE_E_CANCELLED, "stage 2 after step 4 of 2000000", 0},
    {"epochs_stage1", "1000000", CLILE_E_CANCELLED, "stage 1 after step 4 of 2000000", 0},
    {"keep_points", "1", CLILE_E_INVALID_ARGUMENT, "there are no points to learn", 0},
    {"lambda_feedback", "1000000", CLILE_E_INVALID_ARGUMENT, "only method=piap has a feedback", 0},
    {"max_pixels", "1", CLILE_E_INVALID_ARGUMENT, "max_pixels", 0},
    /* its faces have no landmarks */
    {"method", "lpnet", CLILE_E_INVALID_ARGUMENT, "method=lpnet needs the landmarks", 0},
    {"method", "augcn", CLILE_E_INVALID_ARGUMENT, "method=augcn needs the landmarks", 0},
    {"method", "srerl", CLILE_E_INVALID_ARGUMENT, "method=srerl needs the landmarks", 0},
    {"precision", "bf16", CLILE_E_UNSUPPORTED, "expected a processor with AVX512_BF16", 1},
    /* steps that throw the weights away: the text says where */
    {"learning_rate", "1000", CLILE_E_NOT_FINITE, "stage ", 1},
    {"weight_decay", "1000", CLILE_E_NOT_FINITE, "stage ", 1},
    {"au_rate_scale", "1000000", CLILE_E_NOT_FINITE, "stage ", 1},
    /* the manifest is none of these */
    {"layout", "bp4d", CLILE_E_FORMAT, "option_ends.csv", 0},
    {"layout", "disfa", CLILE_E_FORMAT, "option_ends.csv", 0},
    {"layout", "disfa+", CLILE_E_FORMAT, "option_ends.csv", 0},
    {"layout", "list", CLILE_E_FORMAT, "option_ends.csv", 0},
    {"layout", "jsonl", CLILE_E_FORMAT, "option_ends.csv", 0},
    {"layout", "pack", CLILE_E_FORMAT, "option_ends.csv", 0},
};

/* What is left out of the training: a value too expensive for a test. The model itself is made. */
static const struct {
    const char *name, *value, *why;
} too_large[] = {
    {"width", "4", "80 million weights, each of them eight times in a trainer"},
    {"threads", "1024", "a thousand threads on the machine that runs the other tests"},
};

static const exception *exception_of(const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; ++i)
        if (strcmp(exceptions[i].name, name) == 0 && strcmp(exceptions[i].value, value) == 0)
            return &exceptions[i];
    return NULL;
}

static int is_too_large(const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof too_large / sizeof *too_large; ++i)
        if (strcmp(too_large[i].name, name) == 0 && strcmp(too_large[i].value, value) == 0)
            return 1;
    return 0;
}

/* ---- a life ---- */

static uint8_t rgb[IMAGES][SIZE][SIZE][3];

static void make_pixels(void)
{
    clile_i_rng rng = clile_i_rng_make(5, 1);
    for (size_t i = 0; i < sizeof rgb; ++i)
        (&rgb[0][0][0][0])[i] = (uint8_t)clile_i_rng_below(&rng, 256);
}

static clile_dataset *few_images(void)
{
    static const int8_t labels[IMAGES][AUS] = {{1, 0, 1},  {0, 1, 0}, {1, 1, 0}, {0, 0, 1},
                                               {1, 0, -1}, {0, 1, 1}, {0, 0, 0}, {1, 1, 1}};
    static const int32_t subject[IMAGES] = {0, 1, 0, 1, 0, 1, 0, 1};
    clile_dataset *out = NULL;
    assert_int_equal(clile_dataset_from_arrays(IMAGES, SIZE, SIZE, &rgb[0][0][0][0], AUS, toy_aus,
                                               &labels[0][0], subject, &out),
                     CLILE_OK);
    return out;
}

static int32_t few_steps(const clile_progress *progress, void *user)
{
    (void)user;
    if (!isfinite(progress->loss)) fail_msg("the loss is %g", progress->loss);
    return progress->steps > 1000 && progress->step >= STEPS;
}

/* A trained model is finite, loads, and answers with probabilities; so does its int8 copy. */
static clile_status use(const clile_model *model)
{
    clile_status status = CLILE_OK;
    clile_predictor *predictor = NULL;
    clile_model *loaded = NULL;
    clile_options *one_thread = toy_options("batch=1");
    float probability[IMAGES][AUS], slope[AUS], offset[AUS];
    int8_t present[IMAGES][AUS];
    CLILE_I_TRY(clile_model_copy_decision(model, slope, offset));
    for (int c = 0; c < AUS; ++c)
        if (!(slope[c] > 0) || !isfinite(slope[c]) || !isfinite(offset[c]))
            fail_msg("slope %g, offset %g", (double)slope[c], (double)offset[c]);
    CLILE_I_TRY(clile_model_save(model, model_path));
    CLILE_I_TRY(clile_model_load(model_path, &loaded)); /* looks at every value */
    CLILE_I_TRY(clile_predictor_create(loaded, one_thread, &predictor));
    CLILE_I_TRY(clile_predictor_run(predictor, 2, &rgb[0][0][0][0], SIZE, SIZE, &probability[0][0],
                                    &present[0][0], NULL));
    for (int i = 0; i < 2 * AUS; ++i) {
        const float p = (&probability[0][0])[i];
        if (!(p >= 0 && p <= 1) || (&present[0][0])[i] != (p > 0.5f))
            fail_msg("probability %g", (double)p);
    }
cleanup:
    clile_predictor_destroy(predictor);
    clile_model_destroy(loaded);
    clile_options_destroy(one_thread);
    return status;
}

static clile_status train(const clile_options *options)
{
    clile_status status = CLILE_OK;
    clile_dataset *data = few_images();
    clile_model *model = NULL;
    clile_trainer *trainer = NULL;
    CLILE_I_TRY(clile_model_create(options, AUS, toy_aus, &model));
    CLILE_I_TRY(clile_trainer_create(model, data, options, &trainer));
    if (clile_trainer_needs_stage1(trainer))
        CLILE_I_TRY(clile_trainer_run(trainer, 1, few_steps, NULL));
    CLILE_I_TRY(clile_trainer_run(trainer, 2, few_steps, NULL));
    CLILE_I_TRY(use(model));
cleanup:
    if (status != CLILE_OK && model != NULL) assert_int_equal(clile_model_is_trained(model), 0);
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
    clile_dataset_destroy(data);
    return status;
}

static clile_status make(const clile_options *options)
{
    clile_model *model = NULL;
    const clile_status status = clile_model_create(options, AUS, toy_aus, &model);
    clile_model_destroy(model);
    return status;
}

static clile_status read_images(const clile_options *options)
{
    clile_status status = CLILE_OK;
    clile_dataset *data = NULL;
    static uint8_t crop[512 * 512 * 3];
    int64_t size = 0;
    CLILE_I_TRY(clile_options_get_i64(options, CLILE_OPT_IMAGE_SIZE, &size));
    CLILE_I_TRY(clile_dataset_open(manifest_path, options, &data));
    for (int again = 0; again < 2; ++again) /* from the cache, where there is one */
        CLILE_I_TRY(clile_dataset_copy_crop(data, 0, (int32_t)size, crop));
cleanup:
    clile_dataset_destroy(data);
    return status;
}

static clile_options *options_with(const char *settings)
{
    char text[512];
    snprintf(text, sizeof text, "width=0.0625 embedding=4 epochs=1 epochs_stage1=1 batch=4 %s",
             settings);
    return toy_options(text);
}

static void check(const char *name, const char *value, const char *more)
{
    char settings[400];
    snprintf(settings, sizeof settings, "%s %s=%s", more, name, value);
    const exception *expected = exception_of(name, value);
    clile_options *options = options_with(settings);
    alarm(patience(HANG)); /* ends the test */
    clile_status status = read_images(options);
    if (status == CLILE_OK) status = is_too_large(name, value) ? make(options) : train(options);
    alarm(0);
    clile_options_destroy(options);
    if (status == CLILE_OK && (expected == NULL || expected->or_not)) return;
    if (expected == NULL || status != expected->status ||
        strstr(clile_last_error(), expected->text) == NULL)
        fail_msg("%s: %s, \"%s\"; expected %s", settings, clile_status_name(status),
                 status == CLILE_OK ? "" : clile_last_error(),
                 expected != NULL ? clile_status_name(expected->status) : "success");
}

/* Visits both ends, or every choice. */
static void check_row(const clile_option_info *row, const char *more)
{
    char value[256], choices[256], *rest = choices, *choice;
    if (row->type == CLILE_OPTION_TEXT) return; /* au_set: tests of data sets */
    if (row->type == CLILE_OPTION_CHOICE) {
        snprintf(choices, sizeof choices, "%s", row->choices);
        while ((choice = strtok_r(rest, "|", &rest)) != NULL) check(row->name, choice, more);
        return;
    }
    for (int end = 0; end < 2; ++end) {
        snprintf(value, sizeof value, row->type == CLILE_OPTION_INTEGER ? "%.0f" : "%.15g",
                 end ? row->maximum : row->minimum);
        check(row->name, value, more);
    }
}

static clile_option_info row_of(int32_t index)
{
    clile_option_info info = {.struct_size = sizeof info};
    assert_int_equal(clile_options_describe(index, &info), CLILE_OK);
    return info;
}

static int make_files(void **state)
{
    (void)state;
    make_pixels();
    FILE *file = fopen(manifest_path, "w");
    assert_non_null(file);
    fprintf(file, "image,subject,AU1,AU4,AU12\n%s,a,1,0,1\n", image_path);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(clile_image_write_png(image_path, SIZE, SIZE, &rgb[0][0][0][0]), CLILE_OK);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    unlink(manifest_path);
    unlink(image_path);
    unlink(model_path);
    return 0;
}

static void each_end_alone(void **state)
{
    (void)state;
    for (int32_t i = 0; i < clile_options_count(); ++i) {
        const clile_option_info row = row_of(i);
        check_row(&row, "");
    }
    for (size_t i = 0; i < sizeof too_large / sizeof *too_large; ++i)
        print_message("%s=%s: not trained (%s)\n", too_large[i].name, too_large[i].value,
                      too_large[i].why);
}

/* Every exception above names an option and a value that the table has. */
static void exceptions_are_of_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; ++i) {
        clile_options *options = toy_options("");
        assert_int_equal(clile_options_set(options, exceptions[i].name, exceptions[i].value),
                         CLILE_OK);
        clile_options_destroy(options);
    }
    for (size_t i = 0; i < sizeof too_large / sizeof *too_large; ++i) {
        clile_options *options = toy_options("");
        assert_int_equal(clile_options_set(options, too_large[i].name, too_large[i].value),
                         CLILE_OK);
        clile_options_destroy(options);
    }
}

/* Augmentation at its ends matters only when it happens: all of it at once, at either end. */
static void augmentation_at_its_ends(void **state)
{
    (void)state;
    char settings[2000];
    for (int end = 0; end < 2; ++end) {
        size_t used = 0;
        for (int32_t i = 0; i < clile_options_count(); ++i) {
            const clile_option_info row = row_of(i);
            if (strncmp(row.name, "augment_", 8) != 0) continue;
            const int on = strcmp(row.name, "augment_blur") == 0 ||
                           strcmp(row.name, "augment_erase") == 0 ||
                           strcmp(row.name, "augment_resolution") == 0;
            used += (size_t)snprintf(settings + used, sizeof settings - used, "%s=%.15g ", row.name,
                                     end || on ? row.maximum : row.minimum);
        }
        clile_options *options =
            toy_options("width=0.0625 embedding=4 epochs=1 epochs_stage1=1 batch=4");
        char *rest = settings, *word;
        while ((word = strtok_r(rest, " ", &rest)) != NULL) {
            char *value = strchr(word, '=');
            *value++ = '\0';
            assert_int_equal(clile_options_set(options, word, value), CLILE_OK);
        }
        if (train(options) != CLILE_OK) fail_msg("%s", clile_last_error());
        clile_options_destroy(options);
    }
    clile_options *options =
        options_with("augment_blur=1 augment_blur_least=10 augment_blur_most=0.05");
    assert_int_equal(train(options), CLILE_E_INVALID_ARGUMENT);
    assert_non_null(
        strstr(clile_last_error(), "augment_blur_least is 10, above augment_blur_most"));
    clile_options_destroy(options);
}

/* The last step throws the weights away: this is noticed although no step follows, however the
 * decision is made. */
static void weights_lost_in_the_last_step(void **state)
{
    static const char *const settings[] = {
        "method=bce decision=calibrated learning_rate=1000 weight_decay=1000 warmup=0 "
        "schedule=constant epochs=",
        "method=bce decision=threshold learning_rate=1000 weight_decay=1000 warmup=0 "
        "schedule=constant epochs=",
        "optimizer=sgd decision=calibrated learning_rate=1000 weight_decay=1000 warmup=0 "
        "schedule=constant clip_norm=0 epochs="};
    (void)state;
    for (size_t k = 0; k < sizeof settings / sizeof *settings; ++k) {
        int lost = 0;
        for (int epochs = 1; epochs <= 6; ++epochs) {
            /* two steps each: nothing is left from the first of these on */
            char text[256];
            snprintf(text, sizeof text, "%s%d", settings[k], epochs);
            clile_options *options = options_with(text);
            const clile_status status = train(options); /* whose save must load when it succeeds */
            if (status != CLILE_OK &&
                (status != CLILE_E_NOT_FINITE || strstr(clile_last_error(), "stage ") == NULL))
                fail_msg("%s: %s", text, clile_last_error());
            lost += status == CLILE_E_NOT_FINITE;
            clile_options_destroy(options);
        }
        assert_true(lost > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exceptions_are_of_the_table),
        cmocka_unit_test(each_end_alone),
        cmocka_unit_test(augmentation_at_its_ends),
        cmocka_unit_test(weights_lost_in_the_last_step),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
