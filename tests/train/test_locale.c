/* In a program whose locale has a decimal comma, files have the same bytes as without, and can be
 * read. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include "train/toy.h"

#include "comma.h"

#include <sys/stat.h>

static char folder[64];

static const char *path_of(const char *place, const char *name)
{
    static char path[4][256];
    static int next;
    next = (next + 1) % 4;
    snprintf(path[next], sizeof path[next], "%s/%s%s", folder, place, name);
    return path[next];
}

static void must(clile_status status)
{
    if (status != CLILE_OK) fail_msg("%s: %s", clile_status_name(status), clile_last_error());
}

static void write_text(const char *path, const char *text)
{
    clile_i_writer *writer = NULL;
    must(clile_i_writer_open(path, &writer));
    must(clile_i_writer_put(writer, text, strlen(text)));
    must(clile_i_writer_commit(&writer));
}

static int32_t stop(const clile_progress *progress, void *user)
{
    (void)user;
    return progress->step == 2;
}

static void write_models(const char *place)
{
    clile_dataset *data = toy_dataset();
    clile_options *options =
        toy_options("width=0.1875 learning_rate=1.5e-3 tau=0.75 validation=0.25");
    clile_model *model = toy_model(options), *int8 = NULL, *again = NULL;
    clile_trainer *trainer = NULL;
    static uint8_t rgb[32 * 32 * 3];
    must(clile_trainer_create(model, data, options, &trainer));
    assert_int_equal(clile_trainer_run(trainer, 1, stop, NULL), CLILE_E_CANCELLED);
    must(clile_trainer_save(trainer, path_of(place, "checkpoint.safetensors")));
    clile_trainer_destroy(trainer);
    must(clile_trainer_create(model, data, options, &trainer));
    must(clile_trainer_resume(trainer, path_of(place, "checkpoint.safetensors")));
    must(clile_trainer_run(trainer, 1, NULL, NULL));
    must(clile_trainer_run(trainer, 2, NULL, NULL));
    must(clile_model_save(model, path_of(place, "model.safetensors")));
    must(clile_model_load(path_of(place, "model.safetensors"), &again));
    must(clile_model_export_onnx(again, path_of(place, "model.onnx")));
    must(clile_model_quantize(again, 1, rgb, 32, 32, options, &int8));
    must(clile_model_save(int8, path_of(place, "int8.safetensors")));
    clile_model_destroy(int8);
    must(clile_model_load(path_of(place, "int8.safetensors"), &int8));
    clile_trainer_destroy(trainer);
    clile_model_destroy(int8);
    clile_model_destroy(again);
    clile_model_destroy(model);
    clile_dataset_destroy(data);
    clile_options_destroy(options);
}

/* A labelled folder, read and written as a pack. */
static void write_packs(const char *place)
{
    clile_options *options = NULL;
    clile_dataset *data = NULL;
    static uint8_t rgb[40 * 40 * 3];
    for (int i = 0; i < 40 * 40 * 3; ++i) rgb[i] = (uint8_t)(i * 7);
    must(clile_image_write_png(path_of(place, "a.png"), 40, 40, rgb));
    must(clile_image_write_png(path_of(place, "b.png"), 40, 40, rgb));
    write_text(path_of(place, "manifest.csv"),
               "image,subject,AU1,AU4\na.png,s1,1,0\nb.png,s2,0,1\n");
    must(clile_options_create(&options));
    must(clile_options_set(options, "image_size", "32"));
    must(clile_dataset_open(path_of(place, "manifest.csv"), options, &data));
    must(clile_dataset_pack(data, path_of(place, "pack.safetensors"), options, NULL, NULL));
    clile_dataset_destroy(data);
    must(clile_dataset_open(path_of(place, "pack.safetensors"), options, &data));
    clile_dataset_destroy(data);
    clile_options_destroy(options);
}

static void write_report(const char *place)
{
    const float score[8] = {0.1F, 0.9F, 0.6F, 0.4F, 0.8F, 0.25F, 0.35F, 0.75F};
    const int8_t labels[8] = {0, 1, 1, 0, 1, 0, 0, 1}, present[8] = {0, 1, 1, 1, 1, 0, 0, 1};
    const int32_t subject[4] = {0, 0, 1, 1}, aus[2] = {1, 4};
    const double model[4] = {1, 0.25, 0.25, 1}, label[4] = {1, 0.5, 0.5, 1};
    clile_report *report = NULL;
    char *text = NULL, *json = NULL;
    must(clile_report_create(2, aus, "bp4d", &report));
    must(clile_report_add_fold(report, 1, 4, score, present, labels, subject, NULL));
    must(clile_report_add_value(report, "subject probe", 0.125));
    must(clile_report_set_correlation(report, model, label));
    must(clile_report_copy_text(report, &text));
    must(clile_report_copy_json(report, &json));
    assert_non_null(strstr(json, "0.125"));
    assert_non_null(strstr(text, "0.125"));
    write_text(path_of(place, "report.txt"), text);
    write_text(path_of(place, "report.json"), json);
    clile_free(text);
    clile_free(json);
    clile_report_destroy(report);
}

/* Options as text and messages with numbers. */
static void write_words(const char *place)
{
    clile_options *options = NULL;
    clile_i_text text = {0};
    const char *value = NULL;
    double real = 0;
    must(clile_options_create(&options));
    must(clile_options_set(options, "learning_rate", "1.25e-4"));
    must(clile_options_get_f64(options, "learning_rate", &real));
    assert_true(real == 1.25e-4);
    must(clile_options_set_f64(options, "width", 0.3));
    must(clile_i_options_to_text(options, &text));
    assert_int_equal(clile_options_set(options, "width", "0,25"), CLILE_E_INVALID_ARGUMENT);
    clile_i_text_append(&text, "%s\n", clile_last_error());
    assert_int_equal(clile_options_set_f64(options, "width", 9.5), CLILE_E_INVALID_ARGUMENT);
    clile_i_text_append(&text, "%s\n", clile_last_error());
    if (clile_options_get_str(options, "backbone", &value) == CLILE_OK)
        clile_i_text_append(&text, "%s\n", value);
    must(text.status);
    assert_non_null(strstr(text.data, "0.0625"));
    write_text(path_of(place, "words.txt"), text.data);
    clile_i_text_free(&text);
    clile_options_destroy(options);
}

static void same_bytes(const char *name)
{
    clile_i_file a, b;
    must(clile_i_file_open(path_of("point/", name), &a));
    must(clile_i_file_open(path_of("comma/", name), &b));
    if (a.size != b.size || memcmp(a.data, b.data, a.size) != 0)
        fail_msg("%s is another file with a comma", name);
    clile_i_file_close(&a);
    clile_i_file_close(&b);
}

static void write_all(const char *place)
{
    write_models(place);
    write_packs(place);
    write_report(place);
    write_words(place);
}

static void the_locale_changes_no_byte(void **state)
{
    static const char *const names[] = {"checkpoint.safetensors",
                                        "model.safetensors",
                                        "model.onnx",
                                        "int8.safetensors",
                                        "report.txt",
                                        "report.json",
                                        "words.txt"};
    char text[16];
    (void)state;
    write_all("point/");
    if (!comma_locale()) skip();
    snprintf(text, sizeof text, "%.1f", 0.5);
    assert_string_equal(text, "0,5"); /* the locale is in force */
    write_all("comma/");
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) same_bytes(names[i]);
    snprintf(text, sizeof text, "%.1f", 0.5);
    assert_string_equal(text, "0,5"); /* and the library has not changed it */
    setlocale(LC_ALL, "C");
    write_models("comma/"); /* what was written there is read here */
}

/* A pack names its source folder, so what differs is looked for in the same folder. */
static void a_pack_is_the_same(void **state)
{
    clile_i_file a;
    uint8_t *kept;
    (void)state;
    write_packs("point/");
    must(clile_i_file_open(path_of("point/", "pack.safetensors"), &a));
    kept = malloc(a.size);
    assert_non_null(kept);
    memcpy(kept, a.data, a.size);
    const size_t size = a.size;
    clile_i_file_close(&a);
    if (comma_locale()) {
        write_packs("point/");
        must(clile_i_file_open(path_of("point/", "pack.safetensors"), &a));
        assert_int_equal(a.size, size);
        assert_memory_equal(a.data, kept, size);
        clile_i_file_close(&a);
    }
    free(kept);
    setlocale(LC_ALL, "C");
}

static int make_folders(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/clile_locale_XXXXXX");
    if (mkdtemp(folder) == NULL) return -1;
    return mkdir(path_of("", "point"), 0700) != 0 || mkdir(path_of("", "comma"), 0700) != 0;
}

static int remove_folders(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_locale_changes_no_byte),
        cmocka_unit_test(a_pack_is_the_same),
    };
    return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
