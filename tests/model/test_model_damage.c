/* Damaged and contradictory model files: the exact status and message of each. The writer
 * rewrites the files, so that their checksums are right and only the change itself can be
 * found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/model.h"

#include <clile/predictor.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { C = 3, D = 8 };
static const char good[] = "damage_good.safetensors", bad[] = "damage.safetensors";

static void write_model_with(const char *path, const char *stem, const char *standardize)
{
    const char *const settings[][2] = {
        {CLILE_OPT_WIDTH, "0.0625"},          {CLILE_OPT_EMBEDDING, "8"},
        {CLILE_OPT_IMAGE_SIZE, "32"},         {CLILE_OPT_NULL_ANCHOR, "0"},
        {CLILE_OPT_STANDARDIZE, standardize}, {CLILE_OPT_STEM, stem}};
    const int32_t aus[C] = {1, 12, 25};
    const float slope[C] = {2, 3, 4}, offset[C] = {0, 0.5f, -0.5f};
    clile_options *options = NULL;
    clile_model *model = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    for (size_t k = 0; k < sizeof settings / sizeof settings[0]; ++k)
        assert_int_equal(clile_options_set(options, settings[k][0], settings[k][1]), CLILE_OK);
    assert_int_equal(clile_model_create(options, C, aus, &model), CLILE_OK);
    assert_int_equal(clile_model_set_decision(model, NULL, slope, offset), CLILE_OK);
    assert_int_equal(clile_model_save(model, path), CLILE_OK);
    clile_model_destroy(model);
    clile_options_destroy(options);
}

static void write_model(const char *path, const char *stem)
{
    write_model_with(path, stem, "0");
}

static int write_good(void **state)
{
    (void)state;
    write_model(good, "imagenet");
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    unlink(good);
    unlink(bad);
    return 0;
}

/* ---- files with one change ---- */

typedef struct {
    const char *tensor;   /* to be written differently; a missing one is added */
    int drop;             /* it is left out */
    clile_i_st_type type; /* else its new type, */
    int32_t ndim;         /* shape, */
    int64_t shape[4];
    /* and the value of its last element, all others being 0 (float32 only) */
    double value;
    const char *key, *text; /* metadata that have another value; NULL: are left out */
} change;

static void add_changed(clile_i_st_writer *writer, const change *c, void *memory)
{
    int64_t count = 1;
    for (int32_t k = 0; k < c->ndim; ++k) count *= c->shape[k];
    if (c->type == CLILE_I_ST_F32 && count > 0) ((float *)memory)[count - 1] = (float)c->value;
    assert_int_equal(clile_i_st_writer_add(writer, c->tensor, c->type, c->ndim, c->shape, memory),
                     CLILE_OK);
}

static void write_changed(const change *c)
{
    clile_i_st *st = NULL;
    clile_i_st_writer *writer = NULL;
    void *memory = calloc(1, 1 << 20);
    int added = c->tensor == NULL || c->drop;
    assert_int_equal(clile_i_st_open(good, &st), CLILE_OK);
    assert_int_equal(clile_i_st_writer_create(&writer), CLILE_OK);
    for (int64_t i = 0; i < clile_i_st_count(st); ++i) {
        const clile_i_st_tensor *t = clile_i_st_at(st, i);
        if (c->tensor == NULL || strcmp(t->name, c->tensor) != 0) {
            assert_int_equal(
                clile_i_st_writer_add(writer, t->name, t->type, t->ndim, t->shape, t->data),
                CLILE_OK);
        } else if (!c->drop) {
            add_changed(writer, c, memory);
            added = 1;
        }
    }
    if (!added) add_changed(writer, c, memory);
    for (int64_t i = 0; i < clile_i_st_metadata_count(st); ++i) {
        const char *key, *value;
        clile_i_st_metadata_at(st, i, &key, &value);
        if (strcmp(key, "clile_crc32") == 0) continue; /* the writer's own */
        if (c->key != NULL && strcmp(key, c->key) == 0) value = c->text;
        if (value != NULL)
            assert_int_equal(clile_i_st_writer_metadata(writer, key, value), CLILE_OK);
    }
    assert_int_equal(clile_i_st_writer_write(writer, bad), CLILE_OK);
    clile_i_st_writer_destroy(writer);
    clile_i_st_close(st);
    free(memory);
}

/* The message is the path, ": " and `text`, and nothing else. */
static void refused(clile_status expected, const char *text)
{
    char whole[1100];
    clile_model *model = (clile_model *)(uintptr_t)1;
    const clile_status status = clile_model_load(bad, &model);
    snprintf(whole, sizeof whole, "%s: %s", bad, text);
    if (status != expected || strcmp(clile_last_error(), whole) != 0)
        fail_msg("%s, \"%s\"; expected %s, \"%s\"", clile_status_name(status), clile_last_error(),
                 clile_status_name(expected), whole);
    assert_null(model);
}

static void wrong_tensors(void **state)
{
    (void)state;
    static const struct {
        change change;
        clile_status status;
        const char *text;
    } table[] = {
        {{"au.embedding", 1, CLILE_I_ST_F32, 0, {0}, 0, 0, 0},
         CLILE_E_FORMAT,
         "no tensor \"au.embedding\", expected F32 [3, 8]"},
        {{"encoder.layer2.0.bn1.running_var", 1, CLILE_I_ST_F32, 0, {0}, 0, 0, 0},
         CLILE_E_FORMAT,
         "no tensor \"encoder.layer2.0.bn1.running_var\", expected F32 [8]"},
        {{"au.embedding", 0, CLILE_I_ST_F32, 2, {2, D}, 0, 0, 0},
         CLILE_E_FORMAT,
         "tensor \"au.embedding\": expected F32 [3, 8], found F32 [2, 8]"},
        {{"au.embedding", 0, CLILE_I_ST_F32, 2, {D, C}, 0, 0, 0},
         CLILE_E_FORMAT,
         "tensor \"au.embedding\": expected F32 [3, 8], found F32 [8, 3]"},
        {{"au.embedding", 0, CLILE_I_ST_F32, 1, {C * D}, 0, 0, 0},
         CLILE_E_FORMAT,
         "tensor \"au.embedding\": expected F32 [3, 8], found F32 [24]"},
        {{"au.embedding", 0, CLILE_I_ST_F64, 2, {C, D}, 0, 0, 0},
         CLILE_E_FORMAT,
         "tensor \"au.embedding\": expected F32 [3, 8], found F64 [3, 8]"},
        {{"encoder.fc.bias", 0, CLILE_I_ST_F32, 0, {0}, 0, 0, 0},
         CLILE_E_FORMAT,
         "tensor \"encoder.fc.bias\": expected F32 [8], found F32 []"},
        {{"encoder.fc.bias", 0, CLILE_I_ST_F32, 1, {0}, 0, 0, 0},
         CLILE_E_FORMAT,
         "tensor \"encoder.fc.bias\": expected F32 [8], found F32 [0]"},
        {{"encoder.fc.bias", 0, CLILE_I_ST_I8, 1, {D}, 0, 0, 0},
         CLILE_E_FORMAT,
         "tensor \"encoder.fc.bias\": expected F32 [8], found I8 [8]"},
        /* images of one or of four channels */
        {{"encoder.conv1.weight", 0, CLILE_I_ST_F32, 4, {8, 1, 7, 7}, 0, 0, 0},
         CLILE_E_FORMAT,
         "tensor \"encoder.conv1.weight\": expected F32 [8, 3, 7, 7], found F32 [8, 1, 7, 7]"},
        {{"encoder.conv1.weight", 0, CLILE_I_ST_F32, 4, {8, 4, 7, 7}, 0, 0, 0},
         CLILE_E_FORMAT,
         "tensor \"encoder.conv1.weight\": expected F32 [8, 3, 7, 7], found F32 [8, 4, 7, 7]"},
        {{"encoder.conv1.weight", 0, CLILE_I_ST_F32, 4, {8, 3, 7, 7}, (double)NAN, 0, 0},
         CLILE_E_NOT_FINITE,
         "tensor encoder.conv1.weight, value 1175 is not finite"},
        {{"encoder.bn1.running_var", 0, CLILE_I_ST_F32, 1, {8}, (double)INFINITY, 0, 0},
         CLILE_E_NOT_FINITE,
         "tensor encoder.bn1.running_var, value 7 is not finite"},
        {{"au.embedding", 0, CLILE_I_ST_F32, 2, {C, D}, (double)NAN, 0, 0},
         CLILE_E_NOT_FINITE,
         "tensor au.embedding, value 23 is not finite"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
        write_changed(&table[i].change);
        refused(table[i].status, table[i].text);
    }
}

/* From version 3 on a file must name its stem; earlier versions know torchvision's only. */
static void wrong_stem(void **state)
{
    (void)state;
    static const struct {
        const char *key, *text;
        clile_status status;
        const char *message;
    } table[] = {
        {"stem", NULL, CLILE_E_FORMAT, "no \"stem\" in the metadata"},
        {"stem", "", CLILE_E_FORMAT,
         "metadata \"stem\" is \"\", expected \"imagenet\" or \"small\""},
        {"stem", "auto", CLILE_E_FORMAT,
         "metadata \"stem\" is \"auto\", expected \"imagenet\" or \"small\""},
        {"stem", "imagenet", CLILE_E_FORMAT,
         "tensor \"encoder.conv1.weight\": expected F32 [8, 3, 7, 7], found F32 [8, 3, 5, 5]"},
        {"weights", NULL, CLILE_E_FORMAT, "no \"weights\" in the metadata"},
        {"weights", "float16", CLILE_E_UNSUPPORTED,
         "metadata \"weights\" is \"float16\", expected \"int8\" or \"float32\""},
        {"weights", "int8", CLILE_E_FORMAT,
         "tensor \"encoder.conv1.weight\": expected I8 [8, 3, 5, 5], found F32 [8, 3, 5, 5]"},
        {"format_version", "2", CLILE_E_UNSUPPORTED,
         "metadata \"weights\" is \"float32\", expected \"int8\""},
        {"format_version", "1", CLILE_E_FORMAT,
         "tensor \"encoder.conv1.weight\": expected F32 [8, 3, 7, 7], found F32 [8, 3, 5, 5]"},
    };
    write_model(good, "small");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
        const change c = {.key = table[i].key, .text = table[i].text};
        write_changed(&c);
        refused(table[i].status, table[i].message);
    }
    const change seven = {"encoder.conv1.weight", 0, CLILE_I_ST_F32, 4, {8, 3, 7, 7}, 0, 0, 0};
    write_changed(&seven);
    refused(CLILE_E_FORMAT,
            "tensor \"encoder.conv1.weight\": expected F32 [8, 3, 5, 5], found F32 [8, 3, 7, 7]");
    write_model(good, "imagenet"); /* for the tests that follow */
}

/* From version 5 on a file says whether its crops are standardized; no earlier version can. */
static void wrong_standardize(void **state)
{
    (void)state;
    static const struct {
        const char *key, *text;
        clile_status status;
        const char *message;
    } table[] = {
        {"standardize", NULL, CLILE_E_FORMAT, "no \"standardize\" in the metadata"},
        {"standardize", "", CLILE_E_FORMAT,
         "metadata \"standardize\" is \"\", expected an integer from 0 to 1"},
        {"standardize", "2", CLILE_E_FORMAT,
         "metadata \"standardize\" is \"2\", expected an integer from 0 to 1"},
        {"standardize", "true", CLILE_E_FORMAT,
         "metadata \"standardize\" is \"true\", expected an integer from 0 to 1"},
        {"stem", NULL, CLILE_E_FORMAT, "no \"stem\" in the metadata"},
        {"weights", NULL, CLILE_E_FORMAT, "no \"weights\" in the metadata"},
        {"format_version", "4", CLILE_E_FORMAT, "no \"method\" in the metadata"},
    };
    write_model_with(good, "imagenet", "1");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
        const change c = {.key = table[i].key, .text = table[i].text};
        write_changed(&c);
        refused(table[i].status, table[i].message);
    }
    write_model(good, "imagenet"); /* for the tests that follow */
}

static void wrong_metadata(void **state)
{
    (void)state;
    static const struct {
        const char *key, *text;
        clile_status status;
        const char *message;
    } table[] = {
        {"format", NULL, CLILE_E_FORMAT,
         "not a libclile model: metadata \"format\" is \"(absent)\", expected \"clile-model\""},
        {"format", "clile-pack", CLILE_E_FORMAT,
         "not a libclile model: metadata \"format\" is \"clile-pack\", expected \"clile-model\""},
        {"format_version", NULL, CLILE_E_FORMAT, "no \"format_version\" in the metadata"},
        {"format_version", "0", CLILE_E_FORMAT,
         "metadata \"format_version\" is \"0\", expected an integer from 1 to 2147483647"},
        {"format_version", "1.0", CLILE_E_FORMAT,
         "metadata \"format_version\" is \"1.0\", expected an integer from 1 to 2147483647"},
        {"backbone", NULL, CLILE_E_FORMAT, "no \"backbone\" in the metadata"},
        {"backbone", "resnet50", CLILE_E_FORMAT,
         "tensor \"encoder.layer1.0.conv1.weight\": expected F32 [8, 8, 1, 1], found F32 [8, "
         "8, 3, 3]"},
        {"backbone", "vit", CLILE_E_FORMAT,
         "option backbone: expected one of resnet10|resnet18|resnet34|resnet50, found \"vit\""},
        {"width", NULL, CLILE_E_FORMAT, "no \"width\" in the metadata"},
        {"width", "4", CLILE_E_FORMAT,
         "resnet10 of width 4 with an embedding of 8 has 78350088 values, but the file has 22520"},
        {"width", "nan", CLILE_E_FORMAT,
         "option width: expected a number from 0.0625 to 4, found \"nan\""},
        {"embedding", NULL, CLILE_E_FORMAT, "no \"embedding\" in the metadata"},
        {"embedding", "9", CLILE_E_FORMAT,
         "tensor \"encoder.fc.weight\": expected F32 [9, 32], found F32 [8, 32]"},
        {"embedding", "65537", CLILE_E_FORMAT,
         "metadata \"embedding\" is \"65537\", expected an integer from 1 to 65536"},
        {"image_size", NULL, CLILE_E_FORMAT, "no \"image_size\" in the metadata"},
        {"image_size", "0", CLILE_E_FORMAT,
         "metadata \"image_size\" is \"0\", expected an integer from 32 to 512"},
        {"image_size", "99999999999999999999", CLILE_E_FORMAT,
         "metadata \"image_size\" is \"99999999999999999999\", expected an integer from 32 to 512"},
        {"similarity", NULL, CLILE_E_FORMAT, "no \"similarity\" in the metadata"},
        {"similarity", "l2", CLILE_E_FORMAT,
         "option similarity: expected one of cosine|dot, found \"l2\""},
        {"null_anchor", NULL, CLILE_E_FORMAT, "no \"null_anchor\" in the metadata"},
        {"null_anchor", "1", CLILE_E_FORMAT,
         "tensor \"au.embedding\": expected F32 [4, 8], found F32 [3, 8]"},
        {"null_anchor", "2", CLILE_E_FORMAT,
         "metadata \"null_anchor\" is \"2\", expected an integer from 0 to 1"},
        {"au_ids", NULL, CLILE_E_FORMAT, "no \"au_ids\" in the metadata"},
        {"au_ids", "", CLILE_E_FORMAT, "metadata \"au_ids\", entry 0 is not a finite number"},
        {"au_ids", "1,12,12", CLILE_E_FORMAT,
         "clile_model_create: AU 12 is twice in au_ids (at 1 and 2)"},
        {"au_ids", "1,12", CLILE_E_FORMAT,
         "tensor \"au.embedding\": expected F32 [2, 8], found F32 [3, 8]"},
        {"au_ids", "1,12,0", CLILE_E_FORMAT, "metadata \"au_ids\", entry 2 is not a FACS number"},
        {"au_ids", "1,12,1000", CLILE_E_FORMAT,
         "metadata \"au_ids\", entry 2 is not a FACS number"},
        {"au_ids", "1,12,2.5", CLILE_E_FORMAT, "metadata \"au_ids\", entry 2 is not a FACS number"},
        {"trained", NULL, CLILE_E_FORMAT, "no \"trained\" in the metadata"},
        {"trained", "yes", CLILE_E_FORMAT,
         "metadata \"trained\" is \"yes\", expected an integer from 0 to 1"},
        {"decision_slope", NULL, CLILE_E_FORMAT, "no \"decision_slope\" in the metadata"},
        {"decision_slope", "1,1", CLILE_E_FORMAT,
         "2 slopes and 3 offsets in the metadata, expected 3 of each (one per AU)"},
        {"decision_slope", "1,1,1,1", CLILE_E_FORMAT,
         "metadata \"decision_slope\" has more than 3 numbers"},
        {"decision_slope", "1,0,1", CLILE_E_FORMAT,
         "metadata \"decision_slope\", entry 1 is 0, expected a finite number > 0"},
        {"decision_slope", "1,1,-1", CLILE_E_FORMAT,
         "metadata \"decision_slope\", entry 2 is -1, expected a finite number > 0"},
        {"decision_slope", "1,1e300,1", CLILE_E_FORMAT,
         "metadata \"decision_slope\", entry 1 is 1e+300, expected a finite number > 0"},
        {"decision_slope", "1,inf,1", CLILE_E_FORMAT,
         "metadata \"decision_slope\", entry 1 is not a finite number"},
        {"decision_offset", "1", CLILE_E_FORMAT,
         "3 slopes and 1 offsets in the metadata, expected 3 of each (one per AU)"},
        {"decision_offset", "0,0,nan", CLILE_E_FORMAT,
         "metadata \"decision_offset\", entry 2 is not a finite number"},
        {"decision_offset", "0,-1e39,0", CLILE_E_FORMAT,
         "metadata \"decision_offset\", entry 1 is -1e+39, expected a finite number"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
        const change c = {.key = table[i].key, .text = table[i].text};
        write_changed(&c);
        refused(table[i].status, table[i].message);
    }
    char message[256];
    const change newer = {.key = "format_version", .text = "6"};
    write_changed(&newer);
    snprintf(message, sizeof message, "model format 6, this libclile (%s) reads up to 5",
             clile_version());
    refused(CLILE_E_UNSUPPORTED, message);
}

/* Each key that is kept costs a look at the others. */
static void too_much_metadata(void **state)
{
    (void)state;
    char key[80];
    for (int most = 4096; most <= 4097; ++most) {
        clile_model *model = NULL;
        clile_i_st_writer *writer = NULL;
        assert_int_equal(clile_model_load(good, &model), CLILE_OK);
        assert_int_equal(clile_i_st_writer_create(&writer), CLILE_OK);
        assert_int_equal(clile_i_model_put(writer, model), CLILE_OK);
        for (int k = 0; k < most; ++k) {
            snprintf(key, sizeof key, "user.%d", k);
            assert_int_equal(clile_i_st_writer_metadata(writer, key, ""), CLILE_OK);
        }
        assert_int_equal(clile_i_st_writer_write(writer, bad), CLILE_OK);
        clile_i_st_writer_destroy(writer);
        clile_model_destroy(model);
        if (most > 4096) break;
        assert_int_equal(clile_model_load(bad, &model), CLILE_OK);
        assert_string_equal(clile_model_get_metadata(model, "4095"), "");
        clile_model_destroy(model);
    }
    refused(CLILE_E_FORMAT,
            "clile_model_set_metadata: there are already 4096 keys, the most allowed");
}

/* ---- damage to the file itself ---- */

static void write_bytes(const void *data, size_t size)
{
    unlink(bad);
    FILE *file = fopen(bad, "wb");
    assert_non_null(file);
    assert_int_equal(size == 0 ? 0 : fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void damaged_bytes(void **state)
{
    (void)state;
    clile_i_file file;
    char message[256];
    uint64_t header = 0;
    assert_int_equal(clile_i_file_open(good, &file), CLILE_OK);
    uint8_t *copy = malloc(file.size + 1);
    memcpy(copy, file.data, file.size);
    copy[file.size] = 0;
    memcpy(&header, copy, 8);
    const long long data = (long long)(file.size - 8 - header);

    write_bytes(copy, file.size - 1);
    assert_int_equal(clile_model_load(bad, &(clile_model *){NULL}), CLILE_E_CORRUPT);
    assert_non_null(strstr(clile_last_error(), "truncated: tensor \""));
    snprintf(message, sizeof message, "ends at byte %lld of the data, the file has %lld", data,
             data - 1);
    assert_non_null(strstr(clile_last_error(), message));

    write_bytes(copy, file.size + 1);
    snprintf(message, sizeof message, "the tensors end at byte %lld of the data, the file has %lld",
             data, data + 1);
    refused(CLILE_E_CORRUPT, message);

    write_bytes(copy, 7);
    refused(CLILE_E_FORMAT, "not a safetensors file: 7 bytes, expected at least 8");
    write_bytes(copy, 0);
    refused(CLILE_E_FORMAT, "not a safetensors file: 0 bytes, expected at least 8");
    write_bytes(copy, 8);
    snprintf(message, sizeof message,
             "not a safetensors file, or truncated: a header of %llu bytes in a file of 8 bytes",
             (unsigned long long)header);
    refused(CLILE_E_FORMAT, message);

    const uint64_t huge = 10000000000; /* 10 GB in a file of a few kB */
    memcpy(copy, &huge, 8);
    write_bytes(copy, file.size);
    snprintf(message, sizeof message,
             "not a safetensors file, or truncated: a header of 10000000000 bytes in a file of %zu "
             "bytes",
             file.size);
    refused(CLILE_E_FORMAT, message);
    memcpy(copy, &header, 8);

    copy[file.size - 1] ^= 1; /* one bit of the last tensor */
    write_bytes(copy, file.size);
    assert_int_equal(clile_model_load(bad, &(clile_model *){NULL}), CLILE_E_CORRUPT);
    assert_non_null(strstr(clile_last_error(), "damaged: CRC-32 of the tensors is "));
    free(copy);
    clile_i_file_close(&file);
}

/* Whatever byte is changed or lost, a model comes out whole or not at all. */
static void every_truncation_of_the_header(void **state)
{
    (void)state;
    clile_i_file file;
    uint64_t header = 0;
    assert_int_equal(clile_i_file_open(good, &file), CLILE_OK);
    memcpy(&header, file.data, 8);
    for (size_t cut = 0; cut < file.size; cut += cut < 8 + header ? 97 : 4001) {
        clile_model *model = NULL;
        write_bytes(file.data, cut);
        const clile_status status = clile_model_load(bad, &model);
        if (status != CLILE_E_FORMAT && status != CLILE_E_CORRUPT)
            fail_msg("%zu bytes: %s", cut, clile_status_name(status));
        assert_null(model);
    }
    clile_i_file_close(&file);
}

/* ---- what is not damage ---- */

static void more_than_is_needed(void **state)
{
    (void)state;
    static const change changes[] = {
        {.tensor = "encoder.bn1.num_batches_tracked",
         .type = CLILE_I_ST_I64,
         .ndim = 0},                        /* torchvision's, and any other */
        {.key = "thresholds", .text = "1"}, /* for other readers */
        {.key = "thresholds", .text = NULL},
        {.key = "library", .text = "99.0"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; ++i) {
        clile_model *model = NULL;
        write_changed(&changes[i]);
        if (clile_model_load(bad, &model) != CLILE_OK) fail_msg("%zu: %s", i, clile_last_error());
        assert_int_equal(clile_model_au_count(model), C);
        clile_model_destroy(model);
    }
}

/* ---- predictions that cannot be made ---- */

static void untrained_model(void **state)
{
    (void)state;
    const change c = {.key = "trained", .text = "0"};
    clile_model *model = NULL;
    clile_predictor *predictor = (clile_predictor *)(uintptr_t)1;
    write_changed(&c);
    /* a start for training, or for a loop of your own */
    assert_int_equal(clile_model_load(bad, &model), CLILE_OK);
    assert_int_equal(clile_model_is_trained(model), 0);
    assert_int_equal(clile_predictor_create(model, NULL, &predictor), CLILE_E_STATE);
    assert_string_equal(clile_last_error(),
                        "clile_predictor_create: the model has not been trained");
    assert_null(predictor);
    assert_int_equal(clile_model_export_onnx(model, "untrained.onnx"), CLILE_E_STATE);
    assert_int_not_equal(access("untrained.onnx", F_OK), 0);
    clile_model_destroy(model);
}

static void unusable_images(void **state)
{
    (void)state;
    static const struct {
        int64_t n;
        int32_t h, w;
        const char *text;
    } table[] = {
        {1, 0, 4, "clile_predictor_run: image of 0 x 4 pixels, expected sides from 1 to 65535"},
        {1, 4, 0, "clile_predictor_run: image of 4 x 0 pixels, expected sides from 1 to 65535"},
        {1, -1, 4, "clile_predictor_run: image of -1 x 4 pixels, expected sides from 1 to 65535"},
        {1, 65536, 1,
         "clile_predictor_run: image of 65536 x 1 pixels, expected sides from 1 to 65535"},
        {1, INT32_MAX, INT32_MAX,
         "clile_predictor_run: image of 2147483647 x 2147483647 pixels, expected sides from 1 to "
         "65535"},
        {-1, 4, 4, "clile_predictor_run: n is -1, expected 0 or more images"},
    };
    clile_model *model = NULL;
    clile_predictor *predictor = NULL;
    uint8_t rgb[4 * 4 * 3] = {0};
    float p[C] = {7, 7, 7};
    assert_int_equal(clile_model_load(good, &model), CLILE_OK);
    assert_int_equal(clile_predictor_create(model, NULL, &predictor), CLILE_OK);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
        assert_int_equal(
            clile_predictor_run(predictor, table[i].n, rgb, table[i].h, table[i].w, p, NULL, NULL),
            CLILE_E_INVALID_ARGUMENT);
        assert_string_equal(clile_last_error(), table[i].text);
    }
    assert_int_equal(clile_predictor_run(predictor, 1, NULL, 4, 4, p, NULL, NULL),
                     CLILE_E_INVALID_ARGUMENT);
    assert_string_equal(clile_last_error(), "clile_predictor_run: rgb is NULL");
    assert_int_equal(clile_predictor_run(NULL, 1, rgb, 4, 4, p, NULL, NULL),
                     CLILE_E_INVALID_ARGUMENT);
    assert_string_equal(clile_last_error(), "clile_predictor_run: predictor is NULL");
    /* one byte a pixel in place of three */
    assert_int_equal(clile_predictor_run_strided(predictor, 1, rgb, 4, 4, 4, 0, p, NULL, NULL),
                     CLILE_E_INVALID_ARGUMENT);
    assert_string_equal(
        clile_last_error(),
        "clile_predictor_run_strided: row_stride is 4 bytes, expected 0 or at least 12");
    assert_int_equal(clile_predictor_run(predictor, 0, rgb, 4, 4, p, NULL, NULL),
                     CLILE_OK); /* nothing to do, nothing written */
    assert_int_equal(clile_predictor_run(predictor, 0, NULL, 0, 0, NULL, NULL, NULL), CLILE_OK);
    for (int c = 0; c < C; ++c) assert_true(p[c] == 7.0f);
    assert_int_equal(clile_predictor_run(predictor, 1, rgb, 4, 4, NULL, NULL, NULL),
                     CLILE_OK); /* outputs are optional */
    clile_predictor_destroy(predictor);
    clile_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_tensors),
        cmocka_unit_test(wrong_metadata),
        cmocka_unit_test(wrong_stem),
        cmocka_unit_test(wrong_standardize),
        cmocka_unit_test(too_much_metadata),
        cmocka_unit_test(damaged_bytes),
        cmocka_unit_test(every_truncation_of_the_header),
        cmocka_unit_test(more_than_is_needed),
        cmocka_unit_test(untrained_model),
        cmocka_unit_test(unusable_images),
    };
    return cmocka_run_group_tests(tests, write_good, remove_files);
}
