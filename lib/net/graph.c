#include "net/graph.h"

/* ---- putting together ------------------------------------------------------------------------ */

int32_t clile_i_net_inputs(const clile_i_net *net)
{
    return net->config.tail.points > 0 ? 2 : 1;
}

clile_status clile_i_net_begin(const clile_i_net_config *config, clile_i_net **out)
{
    clile_status status = CLILE_OK;
    clile_i_net *net = NULL;
    CLILE_I_ALLOC(net, 1);
    clile_i_refs_init(&net->refs);
    net->config = *config;
    net->value_count = clile_i_net_inputs(net);
    net->backbone = clile_i_strdup(config->backbone);
    if (net->backbone == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    net->config.backbone = net->backbone;
    *out = net;
    net = NULL;
cleanup:
    clile_i_net_destroy(net);
    return status;
}

/* Appends a tensor with a copy of `like`'s name, and no values. */
static clile_status append(clile_i_net *net, const clile_i_net_tensor *like)
{
    CLILE_I_GROW(net->tensors, &net->tensor_capacity, net->tensor_count + 1);
    clile_i_net_tensor tensor = *like;
    tensor.data = NULL;
    CLILE_I_RETURN_IF(clile_i_size_product(like->ndim, like->shape, &tensor.count));
    tensor.name = clile_i_strdup(like->name);
    if (tensor.name == NULL) return CLILE_E_OUT_OF_MEMORY;
    net->tensors[net->tensor_count++] = tensor;
    return CLILE_OK;
}

clile_status clile_i_net_add_tensors(clile_i_net *net, const char *const *names, clile_i_node *node)
{
    node->tensor = (int32_t)net->tensor_count;
    for (int32_t k = 0; k < node->op->tensor_count; ++k) {
        const clile_i_op_tensor *row = &node->op->tensors[k];
        char text[64];
        snprintf(text, sizeof text, "%s.%s", names[row->part], row->suffix);
        clile_i_net_tensor tensor = {
            .name = text, .trainable = row->trainable, .decay = row->decay};
        tensor.ndim = node->op->tensor_shape(node, k, tensor.shape);
        CLILE_I_RETURN_IF(append(net, &tensor));
    }
    return CLILE_OK;
}

/* Whether another value has overwritten this one's array. */
static int is_overwritten(const clile_i_net *net, int32_t value)
{
    for (int64_t i = 0; i < net->node_count; ++i) {
        const int32_t k = net->nodes[i].op->in_place;
        if (k > 0 && k < net->nodes[i].src_count && net->nodes[i].src[k] == value) return 1;
    }
    return 0;
}

clile_status clile_i_net_add(clile_i_net *net, clile_i_node *node)
{
    for (int32_t k = 0; k < node->src_count; ++k)
        if (is_overwritten(net, node->src[k]))
            return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                                "net: node %d (%s) reads value %d, which is overwritten before",
                                (int)net->node_count, node->op->name, (int)node->src[k]);
    CLILE_I_GROW(net->nodes, &net->node_capacity, net->node_count + 1);
    node->inner = node->has_inner ? net->value_count++ : -1;
    node->dst = net->value_count++;
    net->nodes[net->node_count++] = *node;
    return CLILE_OK;
}

clile_status clile_i_net_allocate(clile_i_net *net)
{
    clile_status status = CLILE_OK;
    for (int64_t i = 0; i < net->tensor_count; ++i)
        CLILE_I_ALLOC(net->tensors[i].data, net->tensors[i].count);
    clile_i_net_init(net, NULL);
cleanup:
    return status;
}

clile_status clile_i_net_copy_bare(const clile_i_net *net, clile_i_net **out)
{
    clile_status status = CLILE_OK;
    clile_i_net *copy = NULL;
    CLILE_I_TRY(clile_i_net_begin(&net->config, &copy));
    for (int64_t i = 0; i < net->tensor_count; ++i) CLILE_I_TRY(append(copy, &net->tensors[i]));
    CLILE_I_ALLOC(copy->nodes, net->node_count);
    memcpy(copy->nodes, net->nodes, (size_t)net->node_count * sizeof *copy->nodes);
    copy->node_count = copy->node_capacity = net->node_count;
    copy->value_count = net->value_count;
    *out = copy;
    copy = NULL;
cleanup:
    clile_i_net_destroy(copy);
    return status;
}

void clile_i_net_retain(clile_i_net *net)
{
    clile_i_refs_retain(&net->refs);
}

void clile_i_net_destroy(clile_i_net *net)
{
    if (net == NULL || clile_i_refs_release(&net->refs) > 0) return;
    for (int64_t i = 0; i < net->tensor_count; ++i) {
        clile_i_free((void *)(uintptr_t)net->tensors[i].name);
        clile_i_free(net->tensors[i].data);
    }
    clile_i_free(net->tensors);
    clile_i_free(net->nodes);
    clile_i_free(net->backbone);
    clile_i_free(net);
}

/* ---- values ---------------------------------------------------------------------------------- */

const clile_i_net_config *clile_i_net_get_config(const clile_i_net *net)
{
    return &net->config;
}

int32_t clile_i_net_tensor_count(const clile_i_net *net)
{
    return (int32_t)net->tensor_count;
}

const clile_i_net_tensor *clile_i_net_tensor_at(const clile_i_net *net, int32_t index)
{
    return &net->tensors[index];
}

int64_t clile_i_net_largest(const clile_i_net *net)
{
    int64_t most = 0;
    for (int64_t i = 0; i < net->tensor_count; ++i)
        most = net->tensors[i].count > most ? net->tensors[i].count : most;
    return most;
}

void clile_i_net_init(clile_i_net *net, clile_i_rng *rng)
{
    for (int64_t i = 0; i < net->node_count; ++i) {
        const clile_i_node *node = &net->nodes[i];
        if (node->op->init != NULL) node->op->init(node, net->tensors + node->tensor, rng);
    }
}

void clile_i_net_copy(clile_i_net *dst, const clile_i_net *src)
{
    for (int64_t i = 0; i < src->tensor_count; ++i)
        memcpy(dst->tensors[i].data, src->tensors[i].data,
               (size_t)src->tensors[i].count * sizeof(float));
}

clile_status clile_i_net_check_input(int32_t batch, int32_t size)
{
    if (batch < 1 || batch > CLILE_I_MOST_BATCH)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "batch: expected 1 .. %d, found %d",
                            (int)CLILE_I_MOST_BATCH, (int)batch);
    if (size < CLILE_I_LEAST_SIZE || size > CLILE_I_MOST_SIZE)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "image size: expected %d .. %d pixels, found %d",
                            (int)CLILE_I_LEAST_SIZE, (int)CLILE_I_MOST_SIZE, (int)size);
    return CLILE_OK;
}

void clile_i_net_lay_out_inputs(const clile_i_net *net, int32_t batch, int32_t size,
                                clile_i_dnn_layout *layouts)
{
    const int32_t points = net->config.tail.points;
    layouts[CLILE_I_VALUE_IMAGE] =
        clile_i_dnn_layout_make(CLILE_I_LAYOUT_NCHW, batch, 3, size, size);
    if (points > 0)
        layouts[CLILE_I_VALUE_POINTS] =
            clile_i_dnn_layout_make(CLILE_I_LAYOUT_NCHW, batch, 2 * (int64_t)points, 1, 1);
}

/* ---- ONNX ------------------------------------------------------------------------------------ */

enum { NAME = 24 };

/* The name of a value: `own`, or one written to `room`. */
static const char *name_of(const clile_i_net *net, int32_t value, const char *own, char room[NAME])
{
    if (own != NULL) return own;
    if (value >= 0 && value < clile_i_net_inputs(net))
        return value == CLILE_I_VALUE_IMAGE ? "input" : "face_points";
    snprintf(room, NAME, "value%d", (int)value);
    return room;
}

static const char *own_name(const clile_i_net *net, int32_t value)
{
    for (int64_t i = 0; i < net->node_count; ++i)
        if (net->nodes[i].dst == value) return net->nodes[i].name;
    return NULL;
}

clile_status clile_i_net_write(const clile_i_net *net, int32_t size,
                               const clile_i_graph_writer *writer)
{
    clile_status status = CLILE_OK;
    clile_i_dnn_layout *layouts = NULL; /* of each value */
    CLILE_I_ALLOC(layouts, net->value_count);
    clile_i_net_lay_out_inputs(net, 1, size, layouts);
    for (int64_t i = 0; i < net->node_count; ++i) {
        const clile_i_node *node = &net->nodes[i];
        char src[CLILE_I_MOST_SOURCES][NAME], inner[NAME], dst[NAME];
        clile_i_dnn_layout inner_layout = {0};
        clile_i_op_names names = {.inner = name_of(net, node->inner, NULL, inner),
                                  .dst = name_of(net, node->dst, node->name, dst)};
        for (int32_t k = 0; k < node->src_count; ++k) {
            names.src[k] = name_of(net, node->src[k], own_name(net, node->src[k]), src[k]);
            names.src_layout[k] = layouts[node->src[k]];
        }
        node->op->lay_out(node, names.src_layout, CLILE_I_LAYOUT_NCHW, &inner_layout,
                          &names.dst_layout);
        layouts[node->dst] = names.dst_layout;
        if (node->op->write == NULL) {
            status = clile_i_fail(CLILE_E_UNSUPPORTED,
                                  "ONNX: the net's operation %s has no form there", node->op->name);
            goto cleanup;
        }
        CLILE_I_TRY(node->op->write(node, net->tensors + node->tensor, &names, writer));
    }
cleanup:
    clile_i_free(layouts);
    return status;
}
