/* linear: dst [n, oc] = src [n, ic] weights [oc, ic]^T + bias. In inference each image is computed
 * alone: its bits do not depend on the batch. */
#include "net/ops.h"

#include <math.h>

enum { WEIGHTS, BIAS, TENSORS };

static const clile_i_op_tensor tensors[TENSORS] = {{"weight", 0, 1, 1}, {"bias", 0, 1, 0}};

static int32_t tensor_shape(const clile_i_node *node, int32_t tensor, int64_t shape[4])
{
    shape[0] = node->oc;
    if (tensor != WEIGHTS) return 1;
    shape[1] = node->ic;
    return 2;
}

/* torch's: U(+-1 / sqrt(ic)) */
static void init(const clile_i_node *node, clile_i_net_tensor *t, clile_i_rng *rng)
{
    const double bound = 1.0 / sqrt((double)node->ic);
    for (int32_t k = 0; rng != NULL && k < TENSORS; ++k)
        for (int64_t i = 0; i < t[k].count; ++i)
            t[k].data[i] = (float)clile_i_rng_range(rng, -bound, bound);
}

static void lay_out(const clile_i_node *node, const clile_i_dnn_layout *src,
                    clile_i_dnn_layout_kind kind, clile_i_dnn_layout *inner,
                    clile_i_dnn_layout *dst)
{
    (void)kind;
    (void)inner;
    *dst = clile_i_dnn_layout_make(CLILE_I_LAYOUT_NCHW, src->n, node->oc, 1, 1);
}

static clile_status check_source(const clile_i_node *node, const clile_i_dnn_layout *src)
{
    if (src->count == src->n * node->ic) return CLILE_OK;
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                        "linear: expected %lld plain numbers of each image, found maps of %lld x "
                        "%lld x %lld",
                        (long long)node->ic, (long long)src->channels, (long long)src->h,
                        (long long)src->w);
}

static clile_status create(clile_i_op_run *run)
{
    const clile_i_node *node = run->node;
    run->team = clile_i_op_team(run, 2 * run->src[0].n * node->ic * node->oc);
    return check_source(node, &run->src[0]);
}

static clile_status forward(clile_i_op_run *run)
{
    return (run->trains ? clile_i_linear_forward : clile_i_linear_forward_each)(
        run->src[0].n, run->node->ic, run->node->oc, run->src_data[0], run->params[WEIGHTS],
        run->params[BIAS], run->dst_data);
}

static clile_status backward(clile_i_op_run *run)
{
    return clile_i_linear_backward(run->src[0].n, run->node->ic, run->node->oc, run->src_data[0],
                                   run->params[WEIGHTS], run->diff_dst, run->diff_src[0],
                                   run->diffs[WEIGHTS], run->diffs[BIAS]);
}

static clile_status write(const clile_i_node *node, const clile_i_net_tensor *t,
                          const clile_i_op_names *names, const clile_i_graph_writer *w)
{
    (void)node;
    for (int32_t k = 0; k < TENSORS; ++k)
        w->tensor(w->context, t[k].name, t[k].ndim, t[k].shape, t[k].data);
    w->begin(w->context, "Gemm", 3,
             (const char *const[]){names->src[0], t[WEIGHTS].name, t[BIAS].name}, names->dst);
    w->number(w->context, "transB", 1);
    w->end(w->context);
    return CLILE_OK;
}

/* ---- int8: rounded weights, float32 arithmetic ----------------------------------------------- */

static int32_t levels(const clile_i_node *node)
{
    (void)node;
    return 0;
}

static void quantise(const clile_i_node *node, const clile_i_net_tensor *t,
                     const clile_i_pixels *pixels, float *room, clile_i_quant_unit *out)
{
    (void)pixels;
    (void)room;
    clile_i_quantise_rows(node->oc, node->ic, t[WEIGHTS].data, out);
    for (int64_t o = 0; o < node->oc; ++o) out->bias[o] = t[BIAS].data[o];
}

/* state: weights [oc, ic], then bias [oc] */
static clile_status qcreate(clile_i_op_qrun *run, const clile_i_quant_unit *unit)
{
    clile_status status = CLILE_OK;
    const int64_t oc = run->node->oc, ic = run->node->ic;
    float *values = NULL;
    if (!run->src[0]->is_float)
        return clile_i_fail(CLILE_E_UNSUPPORTED, "int8: linear reads float32, found bytes");
    CLILE_I_RETURN_IF(check_source(run->node, &run->src[0]->layout));
    run->team = clile_i_op_qteam(run, 2 * run->src[0]->layout.n * ic * oc);
    CLILE_I_ALLOC(values, oc * ic + oc);
    run->state = values;
    for (int64_t o = 0; o < oc; ++o) {
        values[oc * ic + o] = unit->bias[o];
        for (int64_t k = o * ic; k < (o + 1) * ic; ++k)
            values[k] = unit->scale[o] * (float)unit->weights[k];
    }
cleanup:
    return status;
}

static clile_status qforward(clile_i_op_qrun *run)
{
    const int64_t oc = run->node->oc, ic = run->node->ic;
    const float *weights = run->state;
    return clile_i_linear_forward_each(run->src[0]->layout.n, ic, oc, run->src[0]->data, weights,
                                       weights + oc * ic, run->dst->data);
}

static void qdestroy(clile_i_op_qrun *run)
{
    clile_i_free(run->state);
}

static const clile_i_op_int8 int8 = {.levels = levels,
                                     .quantise = quantise,
                                     .create = qcreate,
                                     .forward = qforward,
                                     .destroy = qdestroy};

const clile_i_op clile_i_op_linear = {.name = "linear",
                                      .tensors = tensors,
                                      .tensor_count = TENSORS,
                                      .tensor_shape = tensor_shape,
                                      .init = init,
                                      .lay_out = lay_out,
                                      .create = create,
                                      .forward = forward,
                                      .backward = backward,
                                      .write = write,
                                      .int8 = &int8};
