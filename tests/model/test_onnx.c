/* The ONNX writer: the wire format against bytes worked out by hand, the file as read by an
 * independent protobuf reader, and failures. tests/onnx checks that ONNX Runtime agrees with the
 * predictor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/model.h"
#include "store/protobuf.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void test_wire_format(void **state)
{
    /* the examples of protobuf.dev: field 1 = 150, field 2 = "testing", field 3 = {field 1 =
     * 150} */
    static const uint8_t expected[] = {0x08, 0x96, 0x01, 0x12, 0x07, 't',  'e',  's', 't',
                                       'i',  'n',  'g',  0x1a, 0x03, 0x08, 0x96, 0x01};
    clile_i_pb pb = {0};
    (void)state;
    clile_i_pb_varint(&pb, 1, 150);
    clile_i_pb_text(&pb, 2, "testing");
    const int64_t at = clile_i_pb_begin(&pb, 3);
    clile_i_pb_varint(&pb, 1, 150);
    clile_i_pb_end(&pb, at);
    assert_int_equal(pb.status, CLILE_OK);
    assert_int_equal(pb.size, sizeof expected);
    assert_memory_equal(pb.data, expected, sizeof expected);
    clile_i_pb_free(&pb);

    /* a length of two bytes moves what it precedes by two; a tag above 15 takes two bytes */
    uint8_t long_text[300];
    for (size_t i = 0; i < sizeof long_text; ++i) long_text[i] = (uint8_t)i;
    const int64_t outer = clile_i_pb_begin(&pb, 20);
    clile_i_pb_bytes(&pb, 1, long_text, sizeof long_text);
    clile_i_pb_end(&pb, outer);
    static const uint8_t head[] = {0xa2, 0x01, 0xaf, 0x02, 0x0a, 0xac, 0x02};
    assert_int_equal(pb.size, sizeof head + sizeof long_text);
    assert_memory_equal(pb.data, head, sizeof head);
    assert_memory_equal(pb.data + sizeof head, long_text, sizeof long_text);
    clile_i_pb_free(&pb);
    clile_i_pb_varint(&pb, 1, UINT64_MAX);
    assert_int_equal(pb.size, 11);
    assert_int_equal(pb.data[10], 1);
    clile_i_pb_free(&pb);
}

static clile_model *stem_model(const char *stem, int trained)
{
    const int32_t aus[2] = {1, 12};
    const float slope[2] = {2, 4}, offset[2] = {1, -1};
    clile_options *options = NULL;
    clile_model *model = NULL;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_BACKBONE, "resnet10"), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_STEM, stem), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_SIMILARITY, "cosine"), CLILE_OK);
    assert_int_equal(clile_options_set(options, CLILE_OPT_WIDTH, "0.125"), CLILE_OK);
    assert_int_equal(clile_options_set_i64(options, CLILE_OPT_EMBEDDING, 8), CLILE_OK);
    assert_int_equal(clile_options_set_i64(options, CLILE_OPT_IMAGE_SIZE, 32), CLILE_OK);
    assert_int_equal(clile_model_create(options, 2, aus, &model), CLILE_OK);
    if (trained) assert_int_equal(clile_model_set_decision(model, NULL, slope, offset), CLILE_OK);
    clile_options_destroy(options);
    return model;
}

static clile_model *small_model(int trained)
{
    return stem_model("imagenet", trained);
}

typedef struct {
    const uint8_t *at, *end;
} bytes;

static uint64_t read_varint(bytes *b)
{
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        assert_true(b->at < b->end && shift < 64);
        value |= (uint64_t)(*b->at & 0x7f) << shift;
        if (!(*b->at++ & 0x80)) return value;
    }
}

/* The next field: its number, and its bytes or its varint. 0 at the end. */
static uint64_t next_field(bytes *b, bytes *content, uint64_t *number)
{
    if (b->at == b->end) return 0;
    const uint64_t tag = read_varint(b);
    if ((tag & 7) == 0) {
        *number = read_varint(b);
    } else {
        assert_int_equal(tag & 7, 2);
        const uint64_t size = read_varint(b);
        assert_true(size <= (uint64_t)(b->end - b->at));
        *content = (bytes){b->at, b->at + size};
        b->at += size;
    }
    return tag >> 3;
}

static int is_text(bytes b, const char *text)
{
    return (size_t)(b.end - b.at) == strlen(text) && memcmp(b.at, text, strlen(text)) == 0;
}

static void scratch_path(char path[64])
{
    strcpy(path, "/tmp/clile_test_onnx_XXXXXX");
    const int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    close(descriptor);
}

static void test_file(void **state)
{
    char path[64];
    clile_i_file file = {0};
    clile_model *model = small_model(1);
    bytes content = {NULL, NULL}, key = {NULL, NULL}, graph = {NULL, NULL};
    uint64_t field, number = 0, ir = 0;
    int thresholds = 0, user = 0, nodes = 0, tensors = 0, outputs = 0;
    (void)state;
    scratch_path(path);
    assert_int_equal(clile_model_set_metadata(model, "protocol", "bp4d"), CLILE_OK);
    if (clile_model_export_onnx(model, path) != CLILE_OK) fail_msg("%s", clile_last_error());
    assert_int_equal(clile_i_file_open(path, &file), CLILE_OK);
    bytes all = {file.data, file.data + file.size};
    while ((field = next_field(&all, &content, &number)) != 0) {
        if (field == 1) ir = number;
        if (field == 7) graph = content;
        if (field != 14) continue;
        assert_int_equal(next_field(&content, &key, &number), 1);
        bytes value = {NULL, NULL};
        assert_int_equal(next_field(&content, &value, &number), 2);
        if (is_text(key, "thresholds")) thresholds += is_text(value, "-0.5,0.25");
        if (is_text(key, "user.protocol")) user += is_text(value, "bp4d");
        if (is_text(key, "input_mean")) assert_true(is_text(value, "0.485,0.456,0.406"));
    }
    assert_int_equal(ir, 7);
    assert_int_equal(thresholds, 1);
    assert_int_equal(user, 1);
    while ((field = next_field(&graph, &content, &number)) != 0) {
        nodes += field == 1;
        tensors += field == 5;
        outputs += field == 12;
    }
    /* 12 convolutions (3 of them shortcuts), 4 sums, 9 ReLUs; pool, mean, flatten, fc; length,
     * max, div; matmul, mul, add, sigmoid */
    assert_int_equal(nodes, 12 + 4 + 9 + 4 + 3 + 4);
    assert_int_equal(tensors, 2 * 12 + 2 + 1 + 3);
    assert_int_equal(outputs, 2);
    clile_i_file_close(&file);
    clile_model_destroy(model);
    unlink(path);
}

static int holds(const clile_i_file *file, const void *part, size_t size)
{
    for (size_t at = 0; at + size <= file->size; ++at)
        if (memcmp(file->data + at, part, size) == 0) return 1;
    return 0;
}

/* A head of points is a third output: the weights transposed, the bias as it is. */
static void test_points(void **state)
{
    enum { P = 5 };
    char path[64];
    clile_i_file file = {0};
    clile_model *model = small_model(1);
    bytes content = {NULL, NULL}, graph = {NULL, NULL}, name = {NULL, NULL};
    uint64_t field, number = 0;
    int outputs = 0, points = 0;
    const int64_t d = model->d;
    (void)state;
    assert_int_equal(clile_i_points_create(P, d, 0, &model->points), CLILE_OK);
    for (int64_t i = 0; i < 2 * P * d; ++i) model->points.weight[i] = (float)i + 0.25f;
    for (int i = 0; i < 2 * P; ++i) model->points.bias[i] = (float)i - 7.5f;
    scratch_path(path);
    if (clile_model_export_onnx(model, path) != CLILE_OK) fail_msg("%s", clile_last_error());
    assert_int_equal(clile_i_file_open(path, &file), CLILE_OK);
    bytes all = {file.data, file.data + file.size};
    while ((field = next_field(&all, &content, &number)) != 0)
        if (field == 7) graph = content;
    while ((field = next_field(&graph, &content, &number)) != 0) {
        if (field != 12) continue;
        ++outputs;
        assert_int_equal(next_field(&content, &name, &number), 1);
        points += is_text(name, "points");
    }
    assert_int_equal(outputs, 3);
    assert_int_equal(points, 1);
    float *row = malloc(2 * P * sizeof *row); /* of the transposed weights: the last */
    assert_non_null(row);
    for (int64_t k = 0; k < 2 * P; ++k) row[k] = model->points.weight[k * d + d - 1];
    assert_true(holds(&file, row, 2 * P * sizeof *row));
    assert_true(holds(&file, model->points.bias, 2 * P * sizeof(float)));
    free(row);
    clile_i_file_close(&file);
    clile_model_destroy(model);
    unlink(path);
}

/* Intensities are an output: a sigmoid for each level, with its row of thresholds, and a sum. */
static void test_intensity(void **state)
{
    char path[64];
    clile_i_file file = {0};
    clile_model *model = small_model(1);
    bytes content = {NULL, NULL}, graph = {NULL, NULL}, name = {NULL, NULL};
    uint64_t field, number = 0;
    int outputs = 0, intensity = 0, sigmoids = 0;
    const int64_t count = CLILE_I_MODEL_LEVELS * (int64_t)model->c;
    (void)state;
    model->levels = clile_i_calloc(count, sizeof *model->levels);
    assert_non_null(model->levels);
    for (int64_t i = 0; i < count; ++i) model->levels[i] = (float)i + 0.125f;
    scratch_path(path);
    if (clile_model_export_onnx(model, path) != CLILE_OK) fail_msg("%s", clile_last_error());
    assert_int_equal(clile_i_file_open(path, &file), CLILE_OK);
    bytes all = {file.data, file.data + file.size};
    while ((field = next_field(&all, &content, &number)) != 0)
        if (field == 7) graph = content;
    while ((field = next_field(&graph, &content, &number)) != 0) {
        if (field == 12) {
            ++outputs;
            assert_int_equal(next_field(&content, &name, &number), 1);
            intensity += is_text(name, "intensity");
        }
        while (field == 1 && (field = next_field(&content, &name, &number)) != 0) {
            sigmoids += field == 4 && is_text(name, "Sigmoid");
            field = 1;
        }
    }
    assert_int_equal(outputs, 3);
    assert_int_equal(intensity, 1);
    assert_int_equal(sigmoids, CLILE_I_MODEL_LEVELS); /* one of the probability */
    for (int j = 0; j < CLILE_I_MODEL_LEVELS; ++j)
        assert_true(holds(&file, model->levels + j * model->c, (size_t)model->c * sizeof(float)));
    clile_i_file_close(&file);
    clile_model_destroy(model);
    unlink(path);
}

/* A small stem: its name, one node less, and no MaxPool. */
static void test_stem(void **state)
{
    char path[64];
    (void)state;
    scratch_path(path);
    for (int k = 0; k < 2; ++k) {
        clile_model *model = stem_model(k ? "small" : "imagenet", 1);
        clile_i_file file = {0};
        bytes content = {NULL, NULL}, part = {NULL, NULL}, graph = {NULL, NULL};
        uint64_t field, inner, number = 0;
        int named = 0, nodes = 0, pools = 0;
        if (clile_model_export_onnx(model, path) != CLILE_OK) fail_msg("%s", clile_last_error());
        assert_int_equal(clile_i_file_open(path, &file), CLILE_OK);
        bytes all = {file.data, file.data + file.size};
        while ((field = next_field(&all, &content, &number)) != 0) {
            if (field == 7) graph = content;
            if (field != 14) continue;
            assert_int_equal(next_field(&content, &part, &number), 1);
            named += is_text(part, "stem");
        }
        while ((field = next_field(&graph, &content, &number)) != 0) {
            if (field != 1) continue;
            ++nodes;
            while ((inner = next_field(&content, &part, &number)) != 0)
                pools += inner == 4 && is_text(part, "MaxPool");
        }
        assert_int_equal(named, k);
        assert_int_equal(pools, 1 - k);
        assert_int_equal(nodes, 36 - k);
        clile_i_file_close(&file);
        clile_model_destroy(model);
    }
    unlink(path);
}

static void test_failures(void **state)
{
    char path[64];
    clile_model *model = small_model(0);
    (void)state;
    scratch_path(path);
    unlink(path);
    assert_int_equal(clile_model_export_onnx(NULL, path), CLILE_E_INVALID_ARGUMENT);
    assert_int_equal(clile_model_export_onnx(model, NULL), CLILE_E_INVALID_ARGUMENT);
    assert_int_equal(clile_model_export_onnx(model, path), CLILE_E_STATE);
    assert_non_null(strstr(clile_last_error(), "has not been trained"));
    clile_model_destroy(model);
    model = small_model(1);
    assert_int_equal(clile_model_export_onnx(model, "/nonexistent/folder/m.onnx"), CLILE_E_IO);
    assert_non_null(strstr(clile_last_error(), "/nonexistent/folder/m.onnx"));
    int64_t k = 1;
    for (;; ++k) { /* each allocation in turn fails */
        clile_i_alloc_fail_at(k);
        const clile_status status = clile_model_export_onnx(model, path);
        clile_i_alloc_fail_at(0);
        if (status == CLILE_OK) break;
        assert_int_equal(status, CLILE_E_OUT_OF_MEMORY);
        assert_false(clile_i_path_exists(path));
    }
    assert_true(k > 20);
    clile_model_destroy(model);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_format), cmocka_unit_test(test_file),
        cmocka_unit_test(test_points),      cmocka_unit_test(test_intensity),
        cmocka_unit_test(test_stem),        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
