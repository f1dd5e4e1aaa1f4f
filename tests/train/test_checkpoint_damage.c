/* Altered checkpoints: the exact status and message. The trainer that rejected one can still
 * train. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fuzz/tiny.h"
#include "store/safetensors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char good[] = "checkpoint_good.safetensors", bad[] = "checkpoint_bad.safetensors";

static int32_t cancel(const clile_progress *progress, void *user)
{
    (void)progress;
    (void)user;
    return 1;
}

/* After the first step of this stage. */
static void write_good(const char *method, int32_t stage)
{
    clile_dataset *data = NULL;
    clile_options *options = NULL;
    clile_model *model = NULL;
    clile_trainer *trainer = NULL;
    assert_int_equal(tiny_dataset(&data), CLILE_OK);
    assert_int_equal(tiny_options(method, &options), CLILE_OK);
    assert_int_equal(tiny_model(options, &model), CLILE_OK);
    assert_int_equal(clile_trainer_create(model, data, options, &trainer), CLILE_OK);
    if (stage == 2 && clile_trainer_needs_stage1(trainer))
        assert_int_equal(clile_trainer_run(trainer, 1, NULL, NULL), CLILE_OK);
    assert_int_equal(clile_trainer_run(trainer, stage, cancel, NULL), CLILE_E_CANCELLED);
    assert_int_equal(clile_trainer_save(trainer, good), CLILE_OK);
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
    clile_options_destroy(options);
    clile_dataset_destroy(data);
}

/* The good one with other metadata (pairs of key and value, NULL: left out), without a tensor,
 * or with a NaN in it. */
static void write_bad(const char *const (*pairs)[2], int count, const char *lost,
                      const char *spoiled)
{
    clile_i_st *st = NULL;
    clile_i_st_writer *writer = NULL;
    void *memory = NULL;
    assert_int_equal(clile_i_st_open(good, &st), CLILE_OK);
    assert_int_equal(clile_i_st_writer_create(&writer), CLILE_OK);
    for (int64_t i = 0; i < clile_i_st_count(st); ++i) {
        const clile_i_st_tensor *t = clile_i_st_at(st, i);
        const void *values = t->data;
        if (lost != NULL && strcmp(t->name, lost) == 0) continue;
        if (spoiled != NULL && strcmp(t->name, spoiled) == 0) {
            assert_non_null(memory = malloc(t->bytes));
            memcpy(memory, t->data, t->bytes);
            ((float *)memory)[0] = NAN;
            values = memory;
        }
        assert_int_equal(clile_i_st_writer_add(writer, t->name, t->type, t->ndim, t->shape, values),
                         CLILE_OK);
    }
    for (int64_t i = 0; i < clile_i_st_metadata_count(st); ++i) {
        const char *key, *value;
        clile_i_st_metadata_at(st, i, &key, &value);
        for (int k = 0; k < count; ++k)
            if (strcmp(key, pairs[k][0]) == 0) value = pairs[k][1];
        if (value != NULL && strcmp(key, "clile_crc32") != 0)
            assert_int_equal(clile_i_st_writer_metadata(writer, key, value), CLILE_OK);
    }
    assert_int_equal(clile_i_st_writer_write(writer, bad), CLILE_OK);
    clile_i_st_writer_destroy(writer);
    clile_i_st_close(st);
    free(memory);
}

static void refused(const char *method, clile_status expected, const char *text)
{
    clile_dataset *data = NULL;
    clile_options *options = NULL;
    clile_model *model = NULL;
    clile_trainer *trainer = NULL;
    char whole[1100];
    snprintf(whole, sizeof whole, "%s: %s", bad, text);
    assert_int_equal(tiny_dataset(&data), CLILE_OK);
    assert_int_equal(tiny_options(method, &options), CLILE_OK);
    assert_int_equal(tiny_model(options, &model), CLILE_OK);
    assert_int_equal(clile_trainer_create(model, data, options, &trainer), CLILE_OK);
    const clile_status status = clile_trainer_resume(trainer, bad);
    if (status != expected || strcmp(clile_last_error(), whole) != 0)
        fail_msg("%s, \"%s\"; expected %s, \"%s\"", clile_status_name(status), clile_last_error(),
                 clile_status_name(expected), whole);
    assert_int_equal(clile_trainer_run(trainer, strcmp(method, "bce") == 0 ? 2 : 1, NULL, NULL),
                     CLILE_OK);
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
    clile_options_destroy(options);
    clile_dataset_destroy(data);
}

static void refused_with(const char *method, clile_status expected, const char *text,
                         const char *key, const char *value)
{
    const char *const pair[1][2] = {{key, value}};
    write_bad(pair, 1, NULL, NULL);
    refused(method, expected, text);
}

/* Plain BCE has no stage 1, and stage 2 of CL-ILE starts from a finished one: no training
 * reaches these states. */
static void states_that_cannot_be(void **state)
{
    (void)state;
    static const char *const after_stage1[2][2] = {{"stage", "1"}, {"stage1_done", "1"}};
    static const char *const before_stage1[2][2] = {{"stage", "2"}, {"stage1_done", "0"}};
    write_good("bce", 2);
    refused_with("bce", CLILE_E_FORMAT, "stage 1, step 1 do not fit the options in the file",
                 "stage", "1");
    refused_with("bce", CLILE_E_FORMAT, "stage 0, step 1 do not fit the options in the file",
                 "stage", "0");
    refused_with("bce", CLILE_E_FORMAT, "stage 3, step 1 do not fit the options in the file",
                 "stage", "3");
    refused_with("bce", CLILE_E_FORMAT,
                 "stage 2, step 1 after stage 1 do not fit the options in the file", "stage1_done",
                 "1");
    refused_with("bce", CLILE_E_FORMAT, "stage 2, step 3 do not fit the options in the file",
                 "step", "3");
    refused_with("bce", CLILE_E_FORMAT, "metadata \"step\" is \"-1\", expected an integer >= 0",
                 "step", "-1");
    write_good("cl-ile", 1);
    write_bad(after_stage1, 2, NULL, NULL);
    refused("cl-ile", CLILE_E_FORMAT,
            "stage 1, step 1 after stage 1 do not fit the options in the file");
    write_bad(before_stage1, 2, NULL, NULL);
    refused("cl-ile", CLILE_E_FORMAT, "stage 2, step 1 do not fit the options in the file");
}

static void other_formats(void **state)
{
    (void)state;
    char text[200];
    write_good("bce", 2);
    snprintf(text, sizeof text, "checkpoint format 2, this libclile (%s) reads up to 1",
             clile_version());
    refused_with("bce", CLILE_E_UNSUPPORTED, text, "format_version", "2");
    refused_with("bce", CLILE_E_FORMAT, "there is no checkpoint format 0", "format_version", "0");
    refused_with("bce", CLILE_E_FORMAT,
                 "not a libclile checkpoint: metadata \"format\" is \"clile-model\", expected "
                 "\"clile-checkpoint\"",
                 "format", "clile-model");
    refused_with("bce", CLILE_E_FORMAT, "no \"options\" in the metadata", "options", NULL);
    refused_with(
        "bce", CLILE_E_FORMAT,
        "options, line 1: option batch: expected an integer from 1 to 1000000, found 1000001",
        "options", "batch=1000001\n");
    refused_with("bce", CLILE_E_FORMAT, "options, line 2: expected key=value, found \"batch\"",
                 "options", "method=bce\nbatch\n");
}

static void wrong_history(void **state)
{
    (void)state;
    static const char *const sums[] = {"",
                                       "1",
                                       "1 1 1 1 1 1 1 1 1",
                                       "1 1 1 1 1 1 1 ",
                                       "2 1 1 1 1 1 1 1",
                                       "-1 1 1 1 1 1 1 1",
                                       "0.5 1 1 1 1 1 1 1",
                                       "1 1 1 1 1 nan 1 1"};
    static const char *const runs[] = {"", "0123456", "012345678", "0123456G", "ABCDEF01"};
    char text[200];
    write_good("bce", 2);
    for (size_t i = 0; i < sizeof sums / sizeof *sums; ++i) {
        snprintf(
            text, sizeof text,
            "metadata \"epoch_losses\" is \"%s\", expected at most 1 steps and 7 sums of losses",
            sums[i]);
        refused_with("bce", CLILE_E_FORMAT, text, "epoch_losses", sums[i]);
    }
    for (size_t i = 0; i < sizeof runs / sizeof *runs; ++i) {
        snprintf(text, sizeof text, "metadata \"run\" is \"%s\", expected 8 hexadecimal digits",
                 runs[i]);
        refused_with("bce", CLILE_E_FORMAT, text, "run", runs[i]);
    }
}

static void wrong_tensors(void **state)
{
    (void)state;
    write_good("bce", 2);
    write_bad(NULL, 0, "m.fc.bias", NULL);
    refused("bce", CLILE_E_FORMAT, "no tensor \"m.fc.bias\", expected F32 [4]");
    write_bad(NULL, 0, NULL, "v.conv1.weight");
    refused("bce", CLILE_E_NOT_FINITE, "tensor v.conv1.weight, value 0 is not finite");
    write_bad(NULL, 0, NULL, "head.au");
    refused("bce", CLILE_E_NOT_FINITE, "tensor head.au, value 0 is not finite");
}

static int remove_files(void **state)
{
    (void)state;
    unlink(good);
    unlink(bad);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_that_cannot_be), cmocka_unit_test(other_formats),
        cmocka_unit_test(wrong_history), cmocka_unit_test(wrong_tensors)};
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
