/* batch_norm: a feature is an element of the last dimension of a plain value (k = 1), or such an
 * element of one c (k = c groups). Each has mean and variance over the images and everything else,
 * then weight and bias [k * ic], then a ReLU if the node has one; running statistics as in
 * conv_unit. */
#include "net/plain.h"
#include "net/plan.h"

#include <math.h>

enum { GAMMA, BETA, MEAN, VARIANCE, TENSORS };
static const double EPS = 1e-5, MOMENTUM = 0.1; /* torch's */

static const clile_i_op_tensor tensors[TENSORS] = {
    {"weight", 0, 1, 0}, {"bias", 0, 1, 0}, {"running_mean", 0, 0, 0}, {"running_var", 0, 0, 0}};

static int32_t tensor_shape(const clile_i_node *node, int32_t tensor, int64_t shape[4])
{
    (void)tensor;
    shape[0] = node->k * node->ic;
    return 1;
}

static void init(const clile_i_node *node, clile_i_net_tensor *t, clile_i_rng *rng)
{
    (void)rng;
    for (int64_t i = 0; i < node->k * node->ic; ++i) {
        t[GAMMA].data[i] = t[VARIANCE].data[i] = 1.0F;
        t[BETA].data[i] = t[MEAN].data[i] = 0.0F;
    }
}

static void lay_out(const clile_i_node *node, const clile_i_dnn_layout *src,
                    clile_i_dnn_layout_kind kind, clile_i_dnn_layout *inner,
                    clile_i_dnn_layout *dst)
{
    (void)node, (void)kind, (void)inner;
    *dst = *src;
}

/* The value as a map in blocks: features are channels, and a group is a block. */
static clile_i_dnn_layout map_of(const clile_i_op_run *run)
{
    const clile_i_dnn_layout *l = &run->dst;
    const int64_t k = run->node->k;
    return (clile_i_dnn_layout){.kind = CLILE_I_LAYOUT_NHWC,
                                .n = l->n,
                                .c = k * l->w,
                                .h = k > 1 ? l->h : l->c * l->h,
                                .w = 1,
                                .block = l->w,
                                .blocks = k,
                                .channels = k * l->w,
                                .block_stride = l->image_stride / k,
                                .image_stride = l->image_stride,
                                .count = l->count};
}

/* The batch's statistics and the sums of both passes are scratch; backward needs the former, which
 * are kept. */
static clile_status create(clile_i_op_run *run)
{
    char what[96];
    const clile_i_dnn_layout map = map_of(run);
    const int64_t k = run->node->k, features = clile_i_plan_rounded(map.channels);
    run->team = clile_i_op_team(run, 8 * run->dst.count);
    /* training: the batch's mean and 1 / deviation, after the running mean and variance */
    if (run->trains) run->param_count[MEAN] = run->param_count[VARIANCE] = 2 * features;
    run->scratch_bytes = (size_t)clile_i_batch_norm_partial_count(&map) * sizeof(double) +
                         (size_t)(2 * features) * sizeof(float);
    CLILE_I_RETURN_IF(clile_i_plain_check(run));
    snprintf(what, sizeof what, "%lld features in %lld groups", (long long)run->node->ic,
             (long long)k);
    CLILE_I_RETURN_IF(clile_i_plain_expect(
        run, run->src[0].w == run->node->ic && (k == 1 || run->src[0].c == k), what));
    if (run->mode == CLILE_I_EXEC_TRAIN && map.n * map.h == 1)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "batch: expected at least 2, found 1: batch norm needs more than one "
                            "value of each feature");
    return CLILE_OK;
}

static clile_i_batch_norm norm_of(const clile_i_op_run *run)
{
    const clile_i_dnn_layout map = map_of(run);
    const int64_t features = clile_i_plan_rounded(map.channels);
    float *scratch = run->scratch;
    return (clile_i_batch_norm){
        .layout = map,
        .sync = run->trains ? run->sync : NULL,
        .eps = EPS,
        .momentum = MOMENTUM,
        .frozen = run->mode != CLILE_I_EXEC_TRAIN,
        .again = run->again,
        .relu = run->node->relu,
        .src = run->src_data[0],
        .gamma = run->params[GAMMA],
        .beta = run->params[BETA],
        .running_mean = run->params[MEAN],
        .running_variance = run->params[VARIANCE],
        .mean = run->trains ? run->params[MEAN] + features : scratch,
        .inv_std = run->trains ? run->params[VARIANCE] + features : scratch + features,
        .dst = run->dst_data,
        .diff_dst = run->diff_dst,
        .diff_src = run->diff_src[0] != NULL ? run->diff_src[0] : run->diff_dst,
        .diff_gamma = run->diffs[GAMMA],
        .diff_beta = run->diffs[BETA],
        .partial = (double *)(void *)(scratch + 2 * features)};
}

static clile_status forward(clile_i_op_run *run)
{
    const clile_i_batch_norm norm = norm_of(run);
    clile_i_batch_norm_forward(&norm);
    return CLILE_OK;
}

static clile_status backward(clile_i_op_run *run)
{
    const clile_i_batch_norm norm = norm_of(run);
    clile_i_batch_norm_backward(&norm);
    return CLILE_OK;
}

/* src * scale + offset, scale = gamma / sqrt(variance + eps). */
static clile_status write(const clile_i_node *node, const clile_i_net_tensor *t,
                          const clile_i_op_names *names, const clile_i_graph_writer *w)
{
    clile_status status = CLILE_OK;
    const int64_t count = node->k * node->ic, shape[4] = {1, node->k, 1, node->ic};
    const clile_i_part_name scaled = clile_i_part(names->dst, "scaled"),
                            sum = clile_i_part(names->dst, "sum");
    float *scale = NULL, *offset = NULL;
    CLILE_I_ALLOC(scale, count);
    CLILE_I_ALLOC(offset, count);
    for (int64_t i = 0; i < count; ++i) {
        const double s = (double)t[GAMMA].data[i] / sqrt((double)t[VARIANCE].data[i] + EPS);
        scale[i] = (float)s;
        offset[i] = (float)((double)t[BETA].data[i] - (double)t[MEAN].data[i] * s);
    }
    w->tensor(w->context, t[GAMMA].name, 4, shape, scale);
    w->tensor(w->context, t[BETA].name, 4, shape, offset);
    clile_i_write_op(w, "Mul", names->src[0], t[GAMMA].name, scaled.text);
    clile_i_write_op(w, "Add", scaled.text, t[BETA].name, node->relu ? sum.text : names->dst);
    if (node->relu) clile_i_write_op(w, "Relu", sum.text, NULL, names->dst);
cleanup:
    clile_i_free(scale);
    clile_i_free(offset);
    return status;
}

const clile_i_op clile_i_op_batch_norm = {.name = "batch_norm",
                                          .tensors = tensors,
                                          .tensor_count = TENSORS,
                                          .tensor_shape = tensor_shape,
                                          .init = init,
                                          .lay_out = lay_out,
                                          .create = create,
                                          .forward = forward,
                                          .backward = backward,
                                          .write = write};
