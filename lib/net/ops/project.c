/* project: a linear layer over the last dimension of plain values. k = 1: dst [n, c, h, oc] = src
 * [n, c, h, ic] weight [oc, ic]^T + bias [oc]. k > 1: c has k groups, each with weights of its own,
 * weight [k, oc, ic], bias [k, oc]; a source with c = 1 is read by all of them. In inference each
 * image is computed alone. */
#include "net/plain.h"

#include <math.h>

enum { WEIGHTS, BIAS, TENSORS };

static const clile_i_op_tensor tensors[TENSORS] = {{"weight", 0, 1, 1}, {"bias", 0, 1, 0}};

static int32_t tensor_shape(const clile_i_node *node, int32_t tensor, int64_t shape[4])
{
    int32_t count = 0;
    if (node->k > 1) shape[count++] = node->k;
    shape[count++] = node->oc;
    if (tensor == WEIGHTS) shape[count++] = node->ic;
    return count;
}

/* torch's linear: U(+-1 / sqrt(ic)) */
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
    (void)kind, (void)inner;
    *dst = clile_i_plain(src->n, node->k > 1 ? node->k : src->c, src->h, node->oc);
}

static int64_t multiply_adds(const clile_i_op_run *run)
{
    return run->dst.count * run->node->ic;
}

static clile_status create(clile_i_op_run *run)
{
    char what[96];
    const clile_i_node *node = run->node;
    const clile_i_dnn_layout *src = &run->src[0];
    run->team = clile_i_op_team(run, 2 * multiply_adds(run));
    CLILE_I_RETURN_IF(clile_i_plain_check(run));
    snprintf(what, sizeof what, "%lld features in %lld groups", (long long)node->ic,
             (long long)node->k);
    return clile_i_plain_expect(
        run, src->w == node->ic && (node->k == 1 || src->c == node->k || src->c == 1), what);
}

/* Steps between matrices: of an image, and of a group within it. */
typedef struct {
    int64_t src_image, src_group, dst_image, dst_group, weights;
    int64_t groups, rows; /* products of an image, rows of each */
} steps;

static steps steps_of(const clile_i_op_run *run)
{
    const clile_i_dnn_layout *src = &run->src[0], *dst = &run->dst;
    const int64_t k = run->node->k;
    return (steps){.src_image = src->image_stride,
                   .src_group = src->c == k && k > 1 ? src->h * src->w : 0,
                   .dst_image = dst->image_stride,
                   .dst_group = k > 1 ? dst->h * dst->w : dst->image_stride,
                   .weights = k > 1 ? run->node->oc * run->node->ic : 0,
                   .groups = k,
                   .rows = k > 1 ? src->h : src->c * src->h};
}

static clile_status forward(clile_i_op_run *run)
{
    const steps s = steps_of(run);
    const int64_t oc = run->node->oc, ic = run->node->ic;
    if (run->trains && s.groups == 1)
        return clile_i_linear_forward(run->src[0].n * s.rows, ic, oc, run->src_data[0],
                                      run->params[WEIGHTS], run->params[BIAS], run->dst_data);
    CLILE_I_RETURN_IF(clile_i_dnn_matmuls(&(clile_i_matmuls){.outer = run->dst.n,
                                                             .inner = s.groups,
                                                             .transpose_b = 1,
                                                             .m = s.rows,
                                                             .n = oc,
                                                             .k = ic,
                                                             .alpha = 1.0F,
                                                             .a = run->src_data[0],
                                                             .b = run->params[WEIGHTS],
                                                             .c = run->dst_data,
                                                             .a_outer = s.src_image,
                                                             .a_inner = s.src_group,
                                                             .b_inner = s.weights,
                                                             .c_outer = s.dst_image,
                                                             .c_inner = s.dst_group}));
    for (int64_t i = 0; i < run->dst.n * s.groups; ++i) {
        const float *bias = run->params[BIAS] + i % s.groups * oc;
        for (int64_t r = 0; r < s.rows; ++r)
            for (int64_t o = 0; o < oc; ++o) run->dst_data[(i * s.rows + r) * oc + o] += bias[o];
    }
    return CLILE_OK;
}

/* The gradient by the weights of each group is the sum over images, in order. */
static clile_status backward_weights(clile_i_op_run *run, const steps *s)
{
    const int64_t oc = run->node->oc, ic = run->node->ic;
    memset(run->diffs[BIAS], 0, (size_t)(s->groups * oc) * sizeof(float));
    for (int64_t i = 0; i < run->dst.n * s->groups; ++i) {
        float *bias = run->diffs[BIAS] + i % s->groups * oc;
        for (int64_t r = 0; r < s->rows; ++r)
            for (int64_t o = 0; o < oc; ++o) bias[o] += run->diff_dst[(i * s->rows + r) * oc + o];
    }
    return clile_i_dnn_matmuls(&(clile_i_matmuls){.outer = s->groups,
                                                  .inner = run->dst.n,
                                                  .transpose_a = 1,
                                                  .m = oc,
                                                  .n = ic,
                                                  .k = s->rows,
                                                  .alpha = 1.0F,
                                                  .a = run->diff_dst,
                                                  .b = run->src_data[0],
                                                  .c = run->diffs[WEIGHTS],
                                                  .a_outer = s->dst_group,
                                                  .a_inner = s->dst_image,
                                                  .b_outer = s->src_group,
                                                  .b_inner = s->src_image,
                                                  .c_outer = s->weights});
}

static clile_status backward(clile_i_op_run *run)
{
    const steps s = steps_of(run);
    const int64_t oc = run->node->oc, ic = run->node->ic;
    if (s.groups == 1)
        return clile_i_linear_backward(run->src[0].n * s.rows, ic, oc, run->src_data[0],
                                       run->params[WEIGHTS], run->diff_dst, run->diff_src[0],
                                       run->diffs[WEIGHTS], run->diffs[BIAS]);
    CLILE_I_RETURN_IF(backward_weights(run, &s));
    if (run->diff_src[0] == NULL) return CLILE_OK;
    return clile_i_dnn_matmuls(&(clile_i_matmuls){.outer = run->dst.n,
                                                  .inner = s.groups,
                                                  .m = s.rows,
                                                  .n = ic,
                                                  .k = oc,
                                                  .alpha = 1.0F,
                                                  .a = run->diff_dst,
                                                  .b = run->params[WEIGHTS],
                                                  .c = run->diff_src[0],
                                                  .a_outer = s.dst_image,
                                                  .a_inner = s.dst_group,
                                                  .b_inner = s.weights,
                                                  .c_outer = s.src_image,
                                                  .c_inner = s.src_group});
}

static clile_status write(const clile_i_node *node, const clile_i_net_tensor *t,
                          const clile_i_op_names *names, const clile_i_graph_writer *w)
{
    clile_status status = CLILE_OK;
    const int64_t k = node->k, oc = node->oc, ic = node->ic;
    const int64_t weight_shape[4] = {1, k, ic, oc}, bias_shape[4] = {1, k, 1, oc};
    const clile_i_part_name product = clile_i_part(names->dst, "product");
    float *transposed = NULL;
    CLILE_I_ALLOC(transposed, t[WEIGHTS].count);
    for (int64_t i = 0; i < t[WEIGHTS].count; ++i)
        transposed[(i / (oc * ic) * ic + i % ic) * oc + i / ic % oc] = t[WEIGHTS].data[i];
    w->tensor(w->context, t[WEIGHTS].name, 4, weight_shape, transposed);
    w->tensor(w->context, t[BIAS].name, 4, bias_shape, t[BIAS].data);
    clile_i_write_op(w, "MatMul", names->src[0], t[WEIGHTS].name, product.text);
    clile_i_write_op(w, "Add", product.text, t[BIAS].name, names->dst);
cleanup:
    clile_i_free(transposed);
    return status;
}

const clile_i_op clile_i_op_project = {.name = "project",
                                       .tensors = tensors,
                                       .tensor_count = TENSORS,
                                       .tensor_shape = tensor_shape,
                                       .init = init,
                                       .lay_out = lay_out,
                                       .multiply_adds = multiply_adds,
                                       .create = create,
                                       .forward = forward,
                                       .backward = backward,
                                       .write = write};
