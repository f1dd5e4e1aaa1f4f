/* Imports weights from elsewhere into a model: what the report says, and that a failure changes
 * nothing. File formats are tested in tests/store/test_weights.c and tests/cli/test_import.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/model.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char path[] = "test_import.safetensors";

static clile_model *stem_model(const char *stem, const char *backbone, const char *embedding,
                               const char *seed)
{
    const int32_t au_ids[] = {1, 12};
    clile_options *options = NULL;
    clile_model *model = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_BACKBONE, backbone), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_WIDTH, "0.0625"), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_EMBEDDING, embedding), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_IMAGE_SIZE, "32"), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_SEED, seed), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_STEM, stem), CLILE_OK);
    assert_int_equal(clile_model_create(options, 2, au_ids, &model), CLILE_OK);
    clile_options_destroy(options);
    return model;
}

static clile_model *small_model(const char *backbone, const char *embedding, const char *seed)
{
    return stem_model("imagenet", backbone, embedding, seed);
}

/* The encoder below `prefix`, with one tensor in another shape (or none) and one unknown tensor
 * (or none). */
static void write_encoder(const clile_model *model, const char *prefix, const char *changed,
                          const char *more)
{
    clile_i_st_writer *writer = NULL;
    const int64_t other[] = {3};
    static const float values[3] = {1, 2, 3};
    char name[128];
    assert_int_equal(clile_i_st_writer_create(&writer), CLILE_OK);
    for (int32_t i = 0; i < clile_i_net_tensor_count(model->encoder); ++i) {
        const clile_i_net_tensor *t = clile_i_net_tensor_at(model->encoder, i);
        const int odd = changed && strcmp(t->name, changed) == 0;
        snprintf(name, sizeof name, "%s%s", prefix, t->name);
        assert_int_equal(clile_i_st_writer_add(writer, name, CLILE_I_ST_F32, odd ? 1 : t->ndim,
                                               odd ? other : t->shape, odd ? values : t->data),
                         CLILE_OK);
    }
    if (more)
        assert_int_equal(clile_i_st_writer_add(writer, more, CLILE_I_ST_F32, 1, other, values),
                         CLILE_OK);
    assert_int_equal(clile_i_st_writer_write(writer, path), CLILE_OK);
    clile_i_st_writer_destroy(writer);
}

typedef struct {
    int of[6];
    char last_odd[128]; /* the last that is neither matched nor ignored */
    int32_t ndim, file_ndim;
} told;

static void on_item(const clile_import_item *item, void *user)
{
    told *t = user;
    assert_int_equal(item->struct_size, sizeof *item);
    assert_in_range(item->outcome, 0, 5);
    assert_true((item->name != NULL) == (item->shape != NULL));
    assert_true((item->file_name != NULL) == (item->file_shape != NULL) &&
                (item->file_name != NULL) == (item->file_dtype != NULL));
    ++t->of[item->outcome];
    if (item->outcome == CLILE_IMPORT_MATCHED || item->outcome == CLILE_IMPORT_IGNORED) return;
    snprintf(t->last_odd, sizeof t->last_odd, "%s", item->file_name ? item->file_name : item->name);
    t->ndim = item->ndim;
    t->file_ndim = item->file_ndim;
}

static int same_weights(const clile_model *a, const clile_model *b, const char *without)
{
    for (int32_t i = 0; i < clile_i_net_tensor_count(a->encoder); ++i) {
        const clile_i_net_tensor *s = clile_i_net_tensor_at(a->encoder, i),
                                 *t = clile_i_net_tensor_at(b->encoder, i);
        if (without && strncmp(s->name, without, strlen(without)) == 0) continue;
        if (memcmp(s->data, t->data, (size_t)s->count * sizeof(float)) != 0) return 0;
    }
    return 1;
}

#define REFUSED(status, call, text)                                                                \
    do {                                                                                           \
        assert_int_equal(call, status);                                                            \
        if (strstr(clile_last_error(), text) == NULL)                                              \
            fail_msg("\"%s\" lacks \"%s\"", clile_last_error(), text);                             \
    } while (0)

static void test_matched(void **state)
{
    (void)state;
    clile_model *source = small_model("resnet10", "16", "5"),
                *model = small_model("resnet10", "16", "6"),
                *narrow = small_model("resnet10", "8", "7");
    const float slope[] = {1, 1}, offset[] = {0, 0};
    told t = {.of = {0}};
    write_encoder(source, "", NULL, NULL);
    assert_int_equal(clile_model_set_decision(model, NULL, slope, offset), CLILE_OK);
    assert_int_equal(clile_model_import_backbone_report(model, path, NULL, on_item, &t), CLILE_OK);
    assert_true(same_weights(source, model, NULL));
    assert_int_equal(clile_model_is_trained(model), 0);
    assert_int_equal(t.of[CLILE_IMPORT_MATCHED], clile_i_net_tensor_count(model->encoder));
    /* fc of another shape stays, weight and bias together */
    t = (told){.of = {0}};
    clile_model *before = small_model("resnet10", "8", "7");
    write_encoder(source, "a.b.", NULL, "a.bn1.num_batches_tracked");
    assert_int_equal(clile_model_import_backbone_report(narrow, path, NULL, on_item, &t), CLILE_OK);
    assert_true(same_weights(source, narrow, "fc."));
    const int32_t last = clile_i_net_tensor_count(narrow->encoder) - 1;
    assert_memory_equal(clile_i_net_tensor_at(narrow->encoder, last)->data,
                        clile_i_net_tensor_at(before->encoder, last)->data, 8 * sizeof(float));
    assert_int_equal(t.of[CLILE_IMPORT_KEPT], 2);
    assert_int_equal(t.of[CLILE_IMPORT_IGNORED], 1);
    assert_string_equal(t.last_odd, "a.b.fc.bias");
    clile_model_destroy(source);
    clile_model_destroy(model);
    clile_model_destroy(narrow);
    clile_model_destroy(before);
    unlink(path);
}

/* A small stem is kept whole where the file has torchvision's, as fc is; the other way round the
 * import is refused. */
static void test_other_stem(void **state)
{
    (void)state;
    clile_model *torchvision = small_model("resnet10", "16", "5"),
                *model = stem_model("small", "resnet10", "16", "6"),
                *before = stem_model("small", "resnet10", "16", "6");
    told t = {.of = {0}};
    clile_i_net_tensor_at(torchvision->encoder, 1)->data[0] = 2.0f; /* bn1, that of another conv1 */
    write_encoder(torchvision, "", NULL, NULL);
    assert_int_equal(clile_model_import_backbone_report(model, path, NULL, on_item, &t), CLILE_OK);
    assert_int_equal(t.of[CLILE_IMPORT_KEPT], 5);
    assert_int_equal(t.of[CLILE_IMPORT_MATCHED], clile_i_net_tensor_count(model->encoder) - 5);
    for (int32_t i = 0; i < clile_i_net_tensor_count(model->encoder); ++i) {
        const clile_model *from = i < 5 ? before : torchvision;
        const clile_i_net_tensor *a = clile_i_net_tensor_at(model->encoder, i),
                                 *b = clile_i_net_tensor_at(from->encoder, i);
        assert_memory_equal(a->data, b->data, (size_t)a->count * sizeof(float));
    }
    /* one that fits is taken */
    t = (told){.of = {0}};
    clile_model *same = stem_model("small", "resnet10", "16", "7");
    write_encoder(same, "", NULL, NULL);
    assert_int_equal(clile_model_import_backbone_report(model, path, NULL, on_item, &t), CLILE_OK);
    assert_int_equal(t.of[CLILE_IMPORT_KEPT], 0);
    assert_true(same_weights(same, model, NULL));
    REFUSED(CLILE_E_FORMAT, clile_model_import_backbone(torchvision, path),
            "tensor conv1.weight is F32 [8, 3, 5, 5], expected F32 [8, 3, 7, 7]");
    /* no convolution at all: another network */
    write_encoder(torchvision, "", "conv1.weight", NULL);
    REFUSED(CLILE_E_FORMAT, clile_model_import_backbone(model, path),
            "tensor conv1.weight is F32 [3], expected F32 [8, 3, 5, 5]");
    clile_model_destroy(torchvision);
    clile_model_destroy(model);
    clile_model_destroy(before);
    clile_model_destroy(same);
    unlink(path);
}

static void test_failures_change_nothing(void **state)
{
    (void)state;
    clile_model *source = small_model("resnet10", "16", "5"),
                *model = small_model("resnet10", "16", "6"),
                *before = small_model("resnet10", "16", "6");
    told t = {.of = {0}};
    write_encoder(source, "m.", "layer2.0.bn1.bias", NULL);
    REFUSED(CLILE_E_FORMAT, clile_model_import_backbone_report(model, path, NULL, on_item, &t),
            "test_import.safetensors: tensor m.layer2.0.bn1.bias is F32 [3], expected F32 [8] "
            "for resnet10 with width 0.0625 (1 of 62 tensors do not fit)");
    assert_int_equal(t.of[CLILE_IMPORT_MISMATCHED], 1);
    assert_string_equal(t.last_odd, "m.layer2.0.bn1.bias");
    assert_int_equal(t.ndim + 10 * t.file_ndim, 11);
    REFUSED(CLILE_E_FORMAT, clile_model_import_backbone_report(model, path, "n.", NULL, NULL),
            "tensor n.conv1.weight is missing, expected F32 [8, 3, 7, 7]");
    REFUSED(CLILE_E_FORMAT, clile_model_import_backbone_report(model, path, "", NULL, NULL),
            "(60 of 62 tensors do not fit)");
    write_encoder(source, "m.", NULL, "n.layer1.0.conv1.weight");
    REFUSED(CLILE_E_FORMAT, clile_model_import_backbone(model, path),
            "it has more than one network, with prefixes \"m.\" and \"n.\"");
    write_encoder(source, "", NULL, "layer1.1.conv1.weight");
    REFUSED(CLILE_E_FORMAT, clile_model_import_backbone(model, path),
            "tensor layer1.1.conv1.weight is not part of resnet10");
    /* the one without a prefix comes first */
    write_encoder(source, "", NULL, "n.layer1.0.conv1.weight");
    model->busy = 1;
    REFUSED(CLILE_E_STATE, clile_model_import_backbone(model, path),
            "a trainer is using the model");
    model->busy = 0;
    REFUSED(CLILE_E_INVALID_ARGUMENT, clile_model_import_backbone(NULL, path), "model is NULL");
    REFUSED(CLILE_E_INVALID_ARGUMENT, clile_model_import_backbone(model, NULL), "path is NULL");
    assert_true(same_weights(model, before, NULL));
    for (int64_t k = 1;; ++k) {
        assert_true(k < 10000);
        clile_i_alloc_fail_at(k);
        const clile_status status = clile_model_import_backbone(model, path);
        clile_i_alloc_fail_at(0);
        if (status == CLILE_OK) break;
        assert_int_equal(status, CLILE_E_OUT_OF_MEMORY);
        assert_true(same_weights(model, before, NULL));
    }
    assert_true(same_weights(model, source, NULL));
    clile_model_destroy(source);
    clile_model_destroy(model);
    clile_model_destroy(before);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_matched),
                                       cmocka_unit_test(test_other_stem),
                                       cmocka_unit_test(test_failures_change_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
