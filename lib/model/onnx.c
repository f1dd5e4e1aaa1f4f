/* The deployed model as an ONNX file: encoder, score, probability. Field numbers are those of
 * onnx.proto and never change (ONNX 1.8 and newer, IR version 7, opset 13).
 *     input [N,3,size,size] and, of a method that reads them, points [N,10] -> Conv (norm folded),
 *     Relu, Add, MaxPool, GlobalAveragePool, Gemm, and what a method adds -> embedding [N,d]
 *     cosine:  F / max(|F|, 1e-8);  dot: F;  then MatMul with A^T [d,c], each A_c
 *     divided by its norm for cosine
 *     probability [N,c] = Sigmoid(slope * score + offset) */
#include "image/image.h"
#include "model/model.h"
#include "store/protobuf.h"

#include <string.h>

enum { IR_VERSION = 7, OPSET = 13, FLOAT = 1 };
enum {
    MODEL_IR = 1,
    MODEL_PRODUCER = 2,
    MODEL_PRODUCER_VERSION = 3,
    MODEL_GRAPH = 7,
    MODEL_OPSET = 8,
    MODEL_PROPS = 14
};
enum { GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12 };
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP = 4, NODE_ATTRIBUTE = 5 };
enum {
    ATTRIBUTE_NAME = 1,
    ATTRIBUTE_I = 3,
    ATTRIBUTE_INTS = 8,
    ATTRIBUTE_TYPE = 20,
    TYPE_INT = 2,
    TYPE_INTS = 7
};
enum { TENSOR_DIMS = 1, TENSOR_TYPE = 2, TENSOR_NAME = 8, TENSOR_RAW = 9 };

static const float LEAST_LENGTH =
    (float)CLILE_I_LEAST_NORM; /* a shorter embedding has similarity 0 */

/* ---- nodes and tensors ----------------------------------------------------------------------- */

typedef struct {
    clile_i_pb *pb;
    int64_t node; /* the open one */
} writer;

/* Opens a node with `count` inputs and one output. The node has the output's name. */
static void begin_node(void *context, const char *op, int32_t count, const char *const *inputs,
                       const char *output)
{
    writer *w = context;
    w->node = clile_i_pb_begin(w->pb, GRAPH_NODE);
    for (int32_t i = 0; i < count; ++i) clile_i_pb_text(w->pb, NODE_INPUT, inputs[i]);
    clile_i_pb_text(w->pb, NODE_OUTPUT, output);
    clile_i_pb_text(w->pb, NODE_NAME, output);
    clile_i_pb_text(w->pb, NODE_OP, op);
}

static void end_node(void *context)
{
    const writer *w = context;
    clile_i_pb_end(w->pb, w->node);
}

/* b NULL: one input */
static void add_node(writer *w, const char *op, const char *a, const char *b, const char *output)
{
    begin_node(w, op, b == NULL ? 1 : 2, (const char *const[]){a, b}, output);
    end_node(w);
}

static void add_int(void *context, const char *name, int64_t value)
{
    clile_i_pb *pb = ((const writer *)context)->pb;
    const int64_t at = clile_i_pb_begin(pb, NODE_ATTRIBUTE);
    clile_i_pb_text(pb, ATTRIBUTE_NAME, name);
    clile_i_pb_varint(pb, ATTRIBUTE_I, (uint64_t)value);
    clile_i_pb_varint(pb, ATTRIBUTE_TYPE, TYPE_INT);
    clile_i_pb_end(pb, at);
}

static void add_ints(void *context, const char *name, int32_t count, const int64_t *values)
{
    clile_i_pb *pb = ((const writer *)context)->pb;
    const int64_t at = clile_i_pb_begin(pb, NODE_ATTRIBUTE);
    clile_i_pb_text(pb, ATTRIBUTE_NAME, name);
    for (int32_t i = 0; i < count; ++i) clile_i_pb_varint(pb, ATTRIBUTE_INTS, (uint64_t)values[i]);
    clile_i_pb_varint(pb, ATTRIBUTE_TYPE, TYPE_INTS);
    clile_i_pb_end(pb, at);
}

static void add_tensor(void *context, const char *name, int32_t ndim, const int64_t *shape,
                       const float *values)
{
    clile_i_pb *pb = ((const writer *)context)->pb;
    int64_t count = 1;
    const int64_t at = clile_i_pb_begin(pb, GRAPH_INITIALIZER);
    for (int32_t i = 0; i < ndim; ++i) {
        count *= shape[i];
        clile_i_pb_varint(pb, TENSOR_DIMS, (uint64_t)shape[i]);
    }
    clile_i_pb_varint(pb, TENSOR_TYPE, FLOAT);
    clile_i_pb_text(pb, TENSOR_NAME, name);
    /* base allows little-endian machines only */
    clile_i_pb_bytes(pb, TENSOR_RAW, values, count * (int64_t)sizeof *values);
    clile_i_pb_end(pb, at);
}

/* Adds the ValueInfoProto of a float tensor whose first dimension is the batch, "N". */
static void add_value(clile_i_pb *pb, int32_t field, const char *name, int32_t ndim,
                      const int64_t *shape)
{
    const int64_t value = clile_i_pb_begin(pb, field);
    clile_i_pb_text(pb, 1, name);
    const int64_t type = clile_i_pb_begin(pb, 2), tensor = clile_i_pb_begin(pb, 1);
    clile_i_pb_varint(pb, 1, FLOAT);
    const int64_t shapes = clile_i_pb_begin(pb, 2);
    for (int32_t i = 0; i < ndim; ++i) {
        const int64_t dimension = clile_i_pb_begin(pb, 1);
        if (i == 0)
            clile_i_pb_text(pb, 2, "N");
        else
            clile_i_pb_varint(pb, 1, (uint64_t)shape[i]);
        clile_i_pb_end(pb, dimension);
    }
    clile_i_pb_end(pb, shapes);
    clile_i_pb_end(pb, tensor);
    clile_i_pb_end(pb, type);
    clile_i_pb_end(pb, value);
}

/* ---- score and probability ------------------------------------------------------------------- */

static clile_status add_decision(writer *w, const clile_model *model)
{
    clile_status status = CLILE_OK;
    const int64_t c = model->c, d = model->d, shape[2] = {d, c};
    const char *direction = "embedding";
    float *columns = NULL;
    CLILE_I_ALLOC(columns, c * d);
    for (int64_t k = 0; k < c; ++k) {
        const float *a = model->au_embedding + k * d;
        const double factor = clile_i_sim_factor(model->similarity, d, a);
        for (int64_t i = 0; i < d; ++i) columns[i * c + k] = (float)((double)a[i] * factor);
    }
    if (model->similarity == CLILE_I_COSINE) {
        const int64_t axes[1] = {1};
        begin_node(w, "ReduceL2", 1, &direction, "length");
        add_ints(w, "axes", 1, axes);
        add_int(w, "keepdims", 1);
        end_node(w);
        add_tensor(w, "least_length", 0, NULL, &LEAST_LENGTH);
        add_node(w, "Max", "length", "least_length", "divisor");
        add_node(w, "Div", "embedding", "divisor", "direction");
        direction = "direction";
    }
    add_tensor(w, "au.embedding", 2, shape, columns);
    add_tensor(w, "decision_slope", 1, &c, model->slope);
    add_tensor(w, "decision_offset", 1, &c, model->offset);
    add_node(w, "MatMul", direction, "au.embedding", "score");
    add_node(w, "Mul", "score", "decision_slope", "scaled");
    add_node(w, "Add", "scaled", "decision_offset", "logit");
    add_node(w, "Sigmoid", "logit", NULL, "probability");
cleanup:
    clile_i_free(columns);
    return status;
}

/* Expected intensities (levels.c). */
static void add_intensity(writer *w, const clile_model *model)
{
    static const char *const parts[CLILE_I_MODEL_LEVELS - 1] = {
        "intensity_from_1", "intensity_from_2", "intensity_from_3", "intensity_from_4",
        "intensity_from_5"};
    const int64_t c = model->c;
    char threshold[32], logit[32];
    if (model->levels == NULL) return;
    add_tensor(w, "intensity.slope", 1, &c, model->levels);
    add_node(w, "Mul", "score", "intensity.slope", "graded");
    for (int j = 1; j < CLILE_I_MODEL_LEVELS; ++j) {
        snprintf(threshold, sizeof threshold, "intensity.threshold%d", j);
        snprintf(logit, sizeof logit, "intensity_logit_%d", j);
        add_tensor(w, threshold, 1, &c, model->levels + j * c);
        add_node(w, "Sub", "graded", threshold, logit);
        add_node(w, "Sigmoid", logit, NULL, parts[j - 1]);
    }
    begin_node(w, "Sum", CLILE_I_MODEL_LEVELS - 1, parts, "intensity");
    end_node(w);
}

/* Places of points as shares of the crop's side: W F + b. */
static clile_status add_points(writer *w, const clile_model *model)
{
    clile_status status = CLILE_OK;
    const int64_t n = 2 * (int64_t)model->points.p, d = model->d, shape[2] = {d, n};
    float *columns = NULL;
    if (n == 0) return CLILE_OK;
    CLILE_I_ALLOC(columns, n * d);
    for (int64_t k = 0; k < n; ++k)
        for (int64_t i = 0; i < d; ++i) columns[i * n + k] = model->points.weight[k * d + i];
    add_tensor(w, "points.weight", 2, shape, columns);
    add_tensor(w, "points.bias", 1, &n, model->points.bias);
    add_node(w, "MatMul", "embedding", "points.weight", "unmoved");
    add_node(w, "Add", "unmoved", "points.bias", "points");
cleanup:
    clile_i_free(columns);
    return status;
}

/* ---- metadata -------------------------------------------------------------------------------- */

static void add_property(clile_i_pb *pb, const char *key, const char *value)
{
    const int64_t at = clile_i_pb_begin(pb, MODEL_PROPS);
    clile_i_pb_text(pb, 1, key);
    clile_i_pb_text(pb, 2, value);
    clile_i_pb_end(pb, at);
}

static void add_numbers(clile_i_pb *pb, const char *key, int64_t count, const double *values,
                        int digits)
{
    clile_i_text text = {0};
    for (int64_t i = 0; i < count; ++i)
        clile_i_text_append(&text, "%s%.*g", i ? "," : "", digits, values[i]);
    if (text.status == CLILE_OK && text.data)
        add_property(pb, key, text.data);
    else
        pb->status = text.status;
    clile_i_text_free(&text);
}

/* Keys with the same meaning have the same name as in model files. The rest says how to prepare a
 * photograph. */
static void add_metadata(clile_i_pb *pb, const clile_model *model)
{
    static const double canonical[5][2] = CLILE_I_CANONICAL;
    double au_ids[CLILE_I_MAX_AUS], slope[CLILE_I_MAX_AUS], offset[CLILE_I_MAX_AUS],
        threshold[CLILE_I_MAX_AUS];
    double mean[3], deviation[3];
    const double size = model->size, d = model->d, width = model->width;
    for (int32_t i = 0; i < model->c; ++i) {
        au_ids[i] = model->au_ids[i];
        slope[i] = (double)model->slope[i];
        offset[i] = (double)model->offset[i];
        threshold[i] = -offset[i] / slope[i];
    }
    for (int k = 0; k < 3; ++k) {
        mean[k] = (double)clile_i_input_mean[k];
        deviation[k] = (double)clile_i_input_deviation[k];
    }
    add_property(pb, "format", "clile-onnx");
    add_property(pb, "format_version", model->standardize ? "2" : "1");
    add_property(pb, "library", clile_version());
    add_property(pb, "backbone", model->backbone);
    if (model->stem != CLILE_I_STEM_IMAGENET)
        add_property(pb, "stem", clile_i_stem_name(model->stem));
    if (model->method != NULL) add_property(pb, "method", model->method->name);
    add_numbers(pb, "width", 1, &width, 9);
    add_numbers(pb, "embedding", 1, &d, 9);
    add_property(pb, "similarity", clile_i_model_similarity(model));
    add_numbers(pb, "au_ids", model->c, au_ids, 9);
    add_numbers(pb, "decision_slope", model->c, slope, 9);
    add_numbers(pb, "decision_offset", model->c, offset, 9);
    add_numbers(pb, "thresholds", model->c, threshold, 9);
    add_property(pb, "probability_threshold", "0.5");
    add_numbers(pb, "image_size", 1, &size, 9);
    add_property(pb, "input_layout", "NCHW");
    add_property(pb, "input_colour", "RGB");
    add_property(pb, "input_scale", "255");
    if (model->standardize) add_numbers(pb, "input_standardize", 3, clile_i_standard, 9);
    add_numbers(pb, "input_mean", 3, mean, 6);
    add_numbers(pb, "input_std", 3, deviation, 6);
    add_numbers(pb, "alignment_points", 10, canonical[0], 9);
    for (int32_t i = 0; i < model->metadata_count; ++i) {
        clile_i_text key = {0};
        clile_i_text_append(&key, "user.%s", model->metadata[i].key);
        if (key.status == CLILE_OK)
            add_property(pb, key.data, model->metadata[i].value);
        else
            pb->status = key.status;
        clile_i_text_free(&key);
    }
}

clile_status clile_model_export_onnx(const clile_model *model, const char *path)
{
    clile_status status = CLILE_OK;
    clile_i_writer *file = NULL;
    clile_i_pb pb = {0};
    CLILE_I_CHECK_NOT_NULL(model);
    CLILE_I_CHECK_NOT_NULL(path);
    if (model->busy)
        return clile_i_fail(
            CLILE_E_STATE,
            "clile_model_export_onnx: the model is being trained; finish stage 2 first");
    if (!model->trained)
        return clile_i_fail(CLILE_E_STATE,
                            "clile_model_export_onnx: the model has not been trained");
    CLILE_I_RETURN_IF(clile_i_model_check_float(model, __func__));
    writer w = {.pb = &pb};
    const clile_i_graph_writer graph_writer = {&w,       begin_node, add_int,
                                               add_ints, end_node,   add_tensor};
    const int64_t input[4] = {0, 3, model->size, model->size};
    const int64_t probability[2] = {0, model->c}, embedding[2] = {0, model->d},
                  face_points[2] = {0, 2 * CLILE_I_FIVE},
                  points[2] = {0, 2 * (int64_t)model->points.p};

    clile_i_pb_varint(&pb, MODEL_IR, IR_VERSION);
    clile_i_pb_text(&pb, MODEL_PRODUCER, "libclile");
    clile_i_pb_text(&pb, MODEL_PRODUCER_VERSION, clile_version());
    const int64_t opset = clile_i_pb_begin(&pb, MODEL_OPSET);
    clile_i_pb_varint(&pb, 2, OPSET); /* of the default operator set */
    clile_i_pb_end(&pb, opset);
    add_metadata(&pb, model);
    const int64_t graph = clile_i_pb_begin(&pb, MODEL_GRAPH);
    clile_i_pb_text(&pb, GRAPH_NAME, "clile");
    CLILE_I_TRY(clile_i_net_write(model->encoder, model->size, &graph_writer));
    CLILE_I_TRY(add_decision(&w, model));
    add_intensity(&w, model);
    CLILE_I_TRY(add_points(&w, model));
    add_value(&pb, GRAPH_INPUT, "input", 4, input);
    if (clile_i_model_reads_points(model))
        add_value(&pb, GRAPH_INPUT, "face_points", 2, face_points);
    add_value(&pb, GRAPH_OUTPUT, "probability", 2, probability);
    add_value(&pb, GRAPH_OUTPUT, "embedding", 2, embedding);
    if (model->levels != NULL) add_value(&pb, GRAPH_OUTPUT, "intensity", 2, probability);
    if (model->points.p > 0) add_value(&pb, GRAPH_OUTPUT, "points", 2, points);
    clile_i_pb_end(&pb, graph);
    CLILE_I_TRY(pb.status);
    if (pb.size > INT32_MAX) {
        status =
            clile_i_fail(CLILE_E_UNSUPPORTED, "%s: %lld bytes, a protocol buffer holds at most %d",
                         path, (long long)pb.size, (int)INT32_MAX);
        goto cleanup;
    }
    CLILE_I_TRY(clile_i_writer_open(path, &file));
    CLILE_I_TRY(clile_i_writer_put(file, pb.data, (size_t)pb.size));
    status = clile_i_writer_commit(&file);
cleanup:
    clile_i_writer_abort(&file);
    clile_i_pb_free(&pb);
    return status;
}
