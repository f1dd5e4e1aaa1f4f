/* ResNet (He et al., 2016) as in torchvision, including names and shapes: conv1 7x7/2, bn1, max
 * pool 3x3/2, four layers of blocks, average pool, fc. Bottlenecks have the stride in their 3x3
 * convolution (ResNet v1.5). The small stem has conv1 5x5/2 and no max pool. */
#include "net/graph.h"

#include <math.h>
#include <string.h>

typedef struct {
    const char *name;
    uint8_t bottleneck;
    int32_t blocks[4];
} backbone;

static const backbone backbones[] = {
    {"resnet10", 0, {1, 1, 1, 1}},
    {"resnet18", 0, {2, 2, 2, 2}},
    {"resnet34", 0, {3, 4, 6, 3}},
    {"resnet50", 1, {3, 4, 6, 3}},
};

/* Of clile_i_stem. */
static const struct {
    const char *name;
    int64_t k; /* of conv1, whose stride is 2 */
    uint8_t pools;
} stems[] = {
    [CLILE_I_STEM_IMAGENET] = {"imagenet", 7, 1},
    [CLILE_I_STEM_SMALL] = {"small", 5, 0},
};
enum { STEMS = sizeof stems / sizeof *stems };

const char *clile_i_stem_name(int32_t stem)
{
    return stem >= 0 && stem < STEMS ? stems[stem].name : NULL;
}

int32_t clile_i_stem_find(const char *name)
{
    for (int32_t i = 0; i < STEMS; ++i)
        if (strcmp(stems[i].name, name) == 0) return i;
    return -1;
}

enum { LEAST_CHANNELS = 8, MOST_EMBEDDING = 65536, EXPANSION = 4 };
static const double MOST_WIDTH = 4.0;

static const backbone *find_backbone(const char *name)
{
    for (size_t i = 0; i < sizeof backbones / sizeof *backbones; ++i)
        if (strcmp(backbones[i].name, name) == 0) return &backbones[i];
    return NULL;
}

static clile_status check_config(const clile_i_net_config *config, const backbone **found)
{
    if (config->backbone == NULL)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "backbone: expected a name, found NULL");
    *found = find_backbone(config->backbone);
    if (*found == NULL)
        return clile_i_fail(
            CLILE_E_INVALID_ARGUMENT,
            "backbone: expected resnet10, resnet18, resnet34 or resnet50, found \"%s\"",
            config->backbone);
    if (!clile_i_is_within(config->width, 0.0, MOST_WIDTH) || config->width <= 0.0)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "width multiplier: expected above 0 and at most %g, found %g",
                            MOST_WIDTH, config->width);
    if (config->embedding < 1 || config->embedding > MOST_EMBEDDING)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "embedding size: expected 1 .. %d, found %d",
                            (int)MOST_EMBEDDING, config->embedding);
    if (clile_i_stem_name(config->stem) == NULL)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "stem: expected 0 .. %d, found %d",
                            (int)STEMS - 1, (int)config->stem);
    return CLILE_OK;
}

/* ---- building -------------------------------------------------------------------------------- */

/* Padded: stride 1 keeps the size. With batch norm. */
static clile_i_node conv_unit(int32_t src, int64_t ic, int64_t oc, int64_t k, int64_t stride)
{
    return (clile_i_node){.op = clile_i_ops[CLILE_I_OP_CONV_UNIT],
                          .src = {src},
                          .src_count = 1,
                          .ic = ic,
                          .oc = oc,
                          .k = k,
                          .stride = stride,
                          .pad = k / 2};
}

/* "layer1.0.conv1" and "layer1.0.bn1"; number -1: none. */
static clile_status add_tensors(clile_i_net *net, const char *prefix, const char *conv,
                                const char *norm, int32_t number, clile_i_node *unit)
{
    char names[2][48], digits[12] = "";
    if (number >= 0) snprintf(digits, sizeof digits, "%d", (int)number);
    snprintf(names[0], sizeof names[0], "%s.%s%s", prefix, conv, digits);
    snprintf(names[1], sizeof names[1], "%s.%s%s", prefix, norm, digits);
    return clile_i_net_add_tensors(net, (const char *const[]){names[0], names[1]}, unit);
}

/* Adds a block that reads value *value of *channels channels, and sets both to those of its
 * output. Tensors are in torchvision's order (shortcut last). Units are in the order they run
 * (shortcut before the convolution that adds it). */
static clile_status add_block(clile_i_net *net, const backbone *b, const char *prefix,
                              int64_t planes, int64_t stride, int32_t *value, int64_t *channels)
{
    enum { MOST = 3 };
    const int32_t convs = b->bottleneck ? 3 : 2;
    const int64_t out = b->bottleneck ? planes * EXPANSION : planes;
    clile_i_node units[MOST], shortcut = conv_unit(*value, *channels, out, 1, stride);
    int32_t src = *value, residual = *value;
    for (int32_t i = 0; i < convs; ++i) {
        const int square = b->bottleneck ? i == 1 : 1;
        units[i] = conv_unit(-1, i == 0 ? *channels : planes, i == convs - 1 ? out : planes,
                             square ? 3 : 1, i == (b->bottleneck ? 1 : 0) ? stride : 1);
        units[i].relu = 1;
        CLILE_I_RETURN_IF(add_tensors(net, prefix, "conv", "bn", i + 1, &units[i]));
    }
    for (int32_t i = 0; i < convs - 1; ++i) {
        units[i].src[0] = src;
        CLILE_I_RETURN_IF(clile_i_net_add(net, &units[i]));
        src = units[i].dst;
    }
    if (stride != 1 || *channels != out) {
        CLILE_I_RETURN_IF(add_tensors(net, prefix, "downsample.0", "downsample.1", -1, &shortcut));
        CLILE_I_RETURN_IF(clile_i_net_add(net, &shortcut));
        residual = shortcut.dst;
    }
    clile_i_node *last = &units[convs - 1];
    last->src[0] = src;
    last->src[1] = residual;
    last->src_count = 2;
    CLILE_I_RETURN_IF(clile_i_net_add(net, last));
    *value = last->dst;
    *channels = out;
    return CLILE_OK;
}

static int64_t scaled(int64_t channels, double width)
{
    const int64_t rounded = (int64_t)floor((double)channels * width + 0.5);
    return rounded < LEAST_CHANNELS ? LEAST_CHANNELS : rounded;
}

/* From the last map to the embedding. */
static clile_status add_tail(clile_i_net *net, int32_t map, int64_t channels)
{
    clile_i_node mean = {.op = clile_i_ops[CLILE_I_OP_AVERAGE_POOL],
                         .src = {map},
                         .src_count = 1,
                         .ic = channels,
                         .oc = channels,
                         .name = "features"};
    CLILE_I_RETURN_IF(clile_i_net_add(net, &mean));
    clile_i_node fc = {.op = clile_i_ops[CLILE_I_OP_LINEAR],
                       .src = {mean.dst},
                       .src_count = 1,
                       .ic = channels,
                       .oc = net->config.embedding,
                       .name = "embedding"};
    CLILE_I_RETURN_IF(clile_i_net_add_tensors(net, (const char *const[]){"fc"}, &fc));
    return clile_i_net_add(net, &fc);
}

/* Notes the map that a stage ends with, and lets the neck add to it. */
static clile_status end_stage(clile_i_net *net, int32_t stage, int32_t value, int64_t channels,
                              clile_i_maps *maps)
{
    const clile_i_neck *neck = net->config.tail.neck;
    maps->value[stage] = value;
    maps->channels[stage] = channels;
    return neck != NULL && neck->after != NULL ? neck->after(net, stage, maps) : CLILE_OK;
}

static clile_status build(clile_i_net *net, const backbone *b)
{
    const clile_i_neck *neck = net->config.tail.neck;
    clile_i_maps maps = {{0}, {0}};
    int64_t channels = scaled(64, net->config.width);
    clile_i_node stem = conv_unit(CLILE_I_VALUE_IMAGE, 3, channels, stems[net->config.stem].k, 2);
    stem.relu = 1;
    stem.has_inner = stems[net->config.stem].pools;
    CLILE_I_RETURN_IF(clile_i_net_add_tensors(net, (const char *const[]){"conv1", "bn1"}, &stem));
    CLILE_I_RETURN_IF(clile_i_net_add(net, &stem));
    CLILE_I_RETURN_IF(end_stage(net, 0, stem.dst, channels, &maps));
    for (int32_t layer = 0; layer < 4; ++layer) {
        int32_t value = maps.value[layer];
        channels = maps.channels[layer];
        for (int32_t i = 0; i < b->blocks[layer]; ++i) {
            char prefix[32];
            snprintf(prefix, sizeof prefix, "layer%d.%d", layer + 1, i);
            CLILE_I_RETURN_IF(add_block(net, b, prefix,
                                        scaled((int64_t)64 << layer, net->config.width),
                                        layer > 0 && i == 0 ? 2 : 1, &value, &channels));
        }
        CLILE_I_RETURN_IF(end_stage(net, layer + 1, value, channels, &maps));
    }
    return neck != NULL && neck->embed != NULL
               ? neck->embed(net, &maps)
               : add_tail(net, maps.value[CLILE_I_STAGES - 1], maps.channels[CLILE_I_STAGES - 1]);
}

clile_status clile_i_net_create_bare(const clile_i_net_config *config, clile_i_net **out)
{
    clile_status status = CLILE_OK;
    clile_i_net *net = NULL;
    const backbone *b = NULL;
    CLILE_I_TRY(check_config(config, &b));
    CLILE_I_TRY(clile_i_net_begin(config, &net));
    CLILE_I_TRY(build(net, b));
    *out = net;
    net = NULL;
cleanup:
    clile_i_net_destroy(net);
    return status;
}

clile_status clile_i_net_values(const clile_i_net_config *config, int64_t *count)
{
    clile_i_net *net = NULL;
    CLILE_I_RETURN_IF(clile_i_net_create_bare(config, &net));
    *count = 0;
    for (int64_t i = 0; i < net->tensor_count; ++i) *count += net->tensors[i].count;
    clile_i_net_destroy(net);
    return CLILE_OK;
}

clile_status clile_i_net_create(const clile_i_net_config *config, clile_i_net **out)
{
    clile_status status = CLILE_OK;
    clile_i_net *net = NULL;
    CLILE_I_TRY(clile_i_net_create_bare(config, &net));
    CLILE_I_TRY(clile_i_net_allocate(net));
    *out = net;
    net = NULL;
cleanup:
    clile_i_net_destroy(net);
    return status;
}
