/* ResNet (He et al., 2016) as in torchvision, including names and shapes: conv1 7x7/2, bn1, max
 * pool 3x3/2, four layers of blocks, average pool, fc. Bottlenecks have their stride in the 3x3
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

/* Appends "prefix.suffix", without allocating its values. */
static clile_status add_tensor(clile_i_net *net, const char *prefix, const char *suffix,
                               int32_t ndim, const int64_t *shape, int trainable, int decay)
{
    char text[64];
    int64_t count = 0;
    snprintf(text, sizeof text, "%s.%s", prefix, suffix);
    CLILE_I_RETURN_IF(clile_i_size_product(ndim, shape, &count));
    char *name = clile_i_strdup(text);
    if (name == NULL) return CLILE_E_OUT_OF_MEMORY;
    clile_i_net_tensor *tensor = &net->tensors[net->tensor_count++];
    *tensor = (clile_i_net_tensor){.name = name,
                                   .ndim = ndim,
                                   .count = count,
                                   .trainable = (uint8_t)trainable,
                                   .decay = (uint8_t)decay};
    for (int32_t i = 0; i < ndim; ++i) tensor->shape[i] = shape[i];
    return CLILE_OK;
}

static clile_status add_tensors(clile_i_net *net, const char *conv, const char *norm,
                                clile_i_unit *unit)
{
    const int64_t shape[4] = {unit->oc, unit->ic, unit->k, unit->k};
    unit->conv = net->tensor_count;
    CLILE_I_RETURN_IF(add_tensor(net, conv, "weight", 4, shape, 1, 1));
    unit->norm = net->tensor_count;
    CLILE_I_RETURN_IF(add_tensor(net, norm, "weight", 1, &unit->oc, 1, 0));
    CLILE_I_RETURN_IF(add_tensor(net, norm, "bias", 1, &unit->oc, 1, 0));
    CLILE_I_RETURN_IF(add_tensor(net, norm, "running_mean", 1, &unit->oc, 0, 0));
    return add_tensor(net, norm, "running_var", 1, &unit->oc, 0, 0);
}

static void add_unit(clile_i_net *net, clile_i_unit *unit)
{
    unit->dst = net->value_count++;
    net->units[net->unit_count++] = *unit;
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
    clile_i_unit units[MOST],
        shortcut = {
            .ic = *channels, .oc = out, .k = 1, .stride = stride, .src = *value, .residual = -1};
    int32_t src = *value, residual = *value;
    char conv[48], norm[48];
    for (int32_t i = 0; i < convs; ++i) {
        const int square = b->bottleneck ? i == 1 : 1;
        units[i] = (clile_i_unit){.ic = i == 0 ? *channels : planes,
                                  .oc = i == convs - 1 ? out : planes,
                                  .k = square ? 3 : 1,
                                  .pad = square ? 1 : 0,
                                  .residual = -1,
                                  .relu = 1};
        units[i].stride = i == (b->bottleneck ? 1 : 0) ? stride : 1;
        snprintf(conv, sizeof conv, "%s.conv%d", prefix, i + 1);
        snprintf(norm, sizeof norm, "%s.bn%d", prefix, i + 1);
        CLILE_I_RETURN_IF(add_tensors(net, conv, norm, &units[i]));
    }
    for (int32_t i = 0; i < convs - 1; ++i) {
        units[i].src = src;
        add_unit(net, &units[i]);
        src = units[i].dst;
    }
    if (stride != 1 || *channels != out) {
        snprintf(conv, sizeof conv, "%s.downsample.0", prefix);
        snprintf(norm, sizeof norm, "%s.downsample.1", prefix);
        CLILE_I_RETURN_IF(add_tensors(net, conv, norm, &shortcut));
        add_unit(net, &shortcut);
        residual = shortcut.dst;
    }
    units[convs - 1].src = src;
    units[convs - 1].residual = residual;
    add_unit(net, &units[convs - 1]);
    *value = units[convs - 1].dst;
    *channels = out;
    return CLILE_OK;
}

static int64_t scaled(int64_t channels, double width)
{
    const int64_t rounded = (int64_t)floor((double)channels * width + 0.5);
    return rounded < LEAST_CHANNELS ? LEAST_CHANNELS : rounded;
}

static clile_status build(clile_i_net *net, const backbone *b)
{
    int64_t channels = scaled(64, net->config.width);
    clile_i_unit stem = {.ic = 3,
                         .oc = channels,
                         .k = stems[net->config.stem].k,
                         .stride = 2,
                         .pad = stems[net->config.stem].k / 2,
                         .src = CLILE_I_VALUE_IMAGE,
                         .residual = -1,
                         .relu = 1};
    net->value_count = 1; /* the image */
    CLILE_I_RETURN_IF(add_tensors(net, "conv1", "bn1", &stem));
    add_unit(net, &stem);
    net->pooled = stems[net->config.stem].pools ? net->value_count++ : -1;
    int32_t value = clile_i_net_after(net, 0);
    for (int32_t layer = 0; layer < 4; ++layer) {
        for (int32_t i = 0; i < b->blocks[layer]; ++i) {
            char prefix[32];
            snprintf(prefix, sizeof prefix, "layer%d.%d", layer + 1, i);
            CLILE_I_RETURN_IF(add_block(net, b, prefix,
                                        scaled((int64_t)64 << layer, net->config.width),
                                        layer > 0 && i == 0 ? 2 : 1, &value, &channels));
        }
    }
    const int64_t fc[2] = {net->config.embedding, channels};
    net->fc = net->tensor_count;
    net->features = channels;
    CLILE_I_RETURN_IF(add_tensor(net, "fc", "weight", 2, fc, 1, 1));
    return add_tensor(net, "fc", "bias", 1, fc, 1, 0);
}

clile_status clile_i_net_create_bare(const clile_i_net_config *config, clile_i_net **out)
{
    clile_status status = CLILE_OK;
    clile_i_net *net = NULL;
    const backbone *b = NULL;
    int32_t blocks = 0;
    CLILE_I_TRY(check_config(config, &b));
    for (int32_t i = 0; i < 4; ++i) blocks += b->blocks[i];
    CLILE_I_ALLOC(net, 1);
    clile_i_refs_init(&net->refs);
    net->config = *config;
    net->unit_capacity = 1 + 4 * blocks; /* at most three convolutions and a shortcut */
    net->tensor_capacity = 5 * net->unit_capacity + 2;
    net->backbone = clile_i_strdup(config->backbone);
    if (net->backbone == NULL) {
        status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
    net->config.backbone = net->backbone;
    CLILE_I_ALLOC(net->tensors, net->tensor_capacity);
    CLILE_I_ALLOC(net->units, net->unit_capacity);
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
    for (int32_t i = 0; i < net->tensor_count; ++i) *count += net->tensors[i].count;
    clile_i_net_destroy(net);
    return CLILE_OK;
}

clile_status clile_i_net_create(const clile_i_net_config *config, clile_i_net **out)
{
    clile_status status = CLILE_OK;
    clile_i_net *net = NULL;
    CLILE_I_TRY(clile_i_net_create_bare(config, &net));
    for (int32_t i = 0; i < net->tensor_count; ++i)
        CLILE_I_ALLOC(net->tensors[i].data, net->tensors[i].count);
    for (int32_t i = 0; i < net->unit_count; ++i) {
        const int32_t norm = net->units[i].norm;
        for (int64_t k = 0; k < net->units[i].oc; ++k)
            net->tensors[norm].data[k] = net->tensors[norm + 3].data[k] = 1.0F;
    }
    *out = net;
    net = NULL;
cleanup:
    clile_i_net_destroy(net);
    return status;
}

void clile_i_net_retain(clile_i_net *net)
{
    clile_i_refs_retain(&net->refs);
}

void clile_i_net_destroy(clile_i_net *net)
{
    if (net == NULL || clile_i_refs_release(&net->refs) > 0) return;
    for (int32_t i = 0; i < net->tensor_count; ++i) {
        clile_i_free((void *)(uintptr_t)net->tensors[i].name);
        clile_i_free(net->tensors[i].data);
    }
    clile_i_free(net->tensors);
    clile_i_free(net->units);
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
    return net->tensor_count;
}

const clile_i_net_tensor *clile_i_net_tensor_at(const clile_i_net *net, int32_t index)
{
    return &net->tensors[index];
}

int32_t clile_i_net_unit_tensor(const clile_i_net *net, int32_t unit)
{
    return unit < net->unit_count ? net->units[unit].conv : net->fc;
}

static void fill(const clile_i_net_tensor *tensor, float value)
{
    for (int64_t i = 0; i < tensor->count; ++i) tensor->data[i] = value;
}

void clile_i_net_init(clile_i_net *net, clile_i_rng *rng)
{
    const double bound = 1.0 / sqrt((double)net->features);
    for (int32_t u = 0; u < net->unit_count; ++u) {
        const clile_i_unit *unit = &net->units[u];
        const clile_i_net_tensor *weights = &net->tensors[unit->conv];
        const double deviation = sqrt(2.0 / (double)(unit->oc * unit->k * unit->k));
        for (int64_t i = 0; i < weights->count; ++i)
            weights->data[i] = (float)(deviation * clile_i_rng_normal(rng));
        fill(&net->tensors[unit->norm], 1.0F);
        fill(&net->tensors[unit->norm + 1], 0.0F);
        fill(&net->tensors[unit->norm + 2], 0.0F);
        fill(&net->tensors[unit->norm + 3], 1.0F);
    }
    for (int32_t t = net->fc; t <= net->fc + 1; ++t)
        for (int64_t i = 0; i < net->tensors[t].count; ++i)
            net->tensors[t].data[i] = (float)clile_i_rng_range(rng, -bound, bound);
}

void clile_i_net_copy(clile_i_net *dst, const clile_i_net *src)
{
    for (int32_t i = 0; i < src->tensor_count; ++i)
        memcpy(dst->tensors[i].data, src->tensors[i].data,
               (size_t)src->tensors[i].count * sizeof(float));
}

/* ---- for inference --------------------------------------------------------------------------- */

clile_i_net_view clile_i_net_look(const clile_i_net *net)
{
    return (clile_i_net_view){net->tensors,     net->units,  net->unit_count,
                              net->value_count, net->pooled, net->fc};
}

void clile_i_unit_fold(const clile_i_net_tensor *tensors, const clile_i_unit *unit, float *weights,
                       float *bias)
{
    const clile_i_net_tensor *plain = &tensors[unit->conv], *norm = &tensors[unit->norm];
    const int64_t each = plain->count / unit->oc;
    for (int64_t c = 0; c < unit->oc; ++c) {
        const double scale =
            (double)norm[0].data[c] / sqrt((double)norm[3].data[c] + CLILE_I_NORM_EPS);
        if (bias != NULL)
            bias[c] = (float)((double)norm[1].data[c] - (double)norm[2].data[c] * scale);
        if (weights == NULL) continue;
        const float *restrict src = plain->data + c * each;
        float *restrict dst = weights + c * each;
        for (int64_t k = 0; k < each; ++k) dst[k] = (float)((double)src[k] * scale);
    }
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

clile_i_conv_shape clile_i_unit_shape(const clile_i_unit *unit, int64_t n, int64_t h, int64_t w)
{
    return (clile_i_conv_shape){.n = n,
                                .ic = unit->ic,
                                .ih = h,
                                .iw = w,
                                .oc = unit->oc,
                                .kh = unit->k,
                                .kw = unit->k,
                                .stride = unit->stride,
                                .pad = unit->pad};
}

int32_t clile_i_unit_team(const clile_i_conv_shape *s, int64_t least_flops, int32_t threads)
{
    const int64_t flops =
        2 * s->n * s->oc * s->ic * s->kh * s->kw * clile_i_conv_oh(s) * clile_i_conv_ow(s);
    return flops < least_flops ? 1 : threads;
}
