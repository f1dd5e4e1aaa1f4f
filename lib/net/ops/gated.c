/* gated: a gated graph network (Li et al., ICLR 2016) over the rows of plain values, h^0 = src [n,
 * 1, N, D], k steps with the same weights, dst = h^k:
 *   a = graph h + bias_0, z = sigmoid(W_z a + U_z h + bias_1), r = sigmoid(W_r a + U_r h + bias_2)
 *   c = tanh(W_c a + U_c (r * h) + bias_3), h' = (1 - z) * h + z * c
 * message [3, D, D] are W_z, W_r, W_c; state [3, D, D] are U_z, U_r, U_c; bias [4, D]. graph [N, N]
 * is not trained, initially the identity. */
#include "net/plain.h"
#include "net/plan.h"

#include <math.h>

enum { MESSAGE, STATE, BIAS, GRAPH, TENSORS };
enum { Z, R, C, GATES };

static const clile_i_op_tensor tensors[TENSORS] = {
    {"message", 0, 1, 1}, {"state", 0, 1, 1}, {"bias", 0, 1, 0}, {"graph", 0, 0, 0}};

static int32_t tensor_shape(const clile_i_node *node, int32_t tensor, int64_t shape[4])
{
    if (tensor == MESSAGE || tensor == STATE) {
        shape[0] = GATES;
        shape[1] = shape[2] = node->ic;
        return 3;
    }
    shape[0] = tensor == BIAS ? 1 + GATES : node->oc;
    shape[1] = tensor == BIAS ? node->ic : node->oc;
    return 2;
}

/* torch's GRU: U(+-1 / sqrt(D)); bias 0 */
static void init(const clile_i_node *node, clile_i_net_tensor *t, clile_i_rng *rng)
{
    const double bound = 1.0 / sqrt((double)node->ic);
    for (int32_t k = MESSAGE; rng != NULL && k <= STATE; ++k)
        for (int64_t i = 0; i < t[k].count; ++i)
            t[k].data[i] = (float)clile_i_rng_range(rng, -bound, bound);
    for (int64_t i = 0; i < t[BIAS].count; ++i) t[BIAS].data[i] = 0.0F;
    for (int64_t i = 0; i < t[GRAPH].count; ++i)
        t[GRAPH].data[i] = i / node->oc == i % node->oc ? 1.0F : 0.0F;
}

static void lay_out(const clile_i_node *node, const clile_i_dnn_layout *src,
                    clile_i_dnn_layout_kind kind, clile_i_dnn_layout *inner,
                    clile_i_dnn_layout *dst)
{
    (void)node, (void)kind, (void)inner;
    *dst = *src;
}

static int64_t multiply_adds(const clile_i_op_run *run)
{
    return run->node->k * run->dst.count * (2 * GATES * run->node->ic + run->node->oc);
}

/* Arrays of one value's size. A step has its state h, message a, gates z, r and c, and r * h. */
enum { H, A, GATE, RH = GATE + GATES, STEP };
/* Of backward: the gradients by h, a, the three gates before their curves, and r * h. */
enum { DIFF_H, DIFF_A, DIFF_GATE, DIFF_RH = DIFF_GATE + GATES, DIFF_NEXT, DIFFS };

static int64_t room(const clile_i_op_run *run)
{
    return clile_i_plan_rounded(run->dst.count);
}

/* Training keeps all steps, inference one. */
static clile_status create(clile_i_op_run *run)
{
    char what[64];
    const int64_t weights = GATES * run->node->ic * run->node->ic;
    run->team = clile_i_op_team(run, 2 * multiply_adds(run));
    run->kept_count = run->trains ? run->node->k * STEP * room(run) : 0;
    run->scratch_bytes =
        (size_t)(run->trains ? DIFFS * room(run) + weights : STEP * room(run)) * sizeof(float);
    CLILE_I_RETURN_IF(clile_i_plain_check(run));
    snprintf(what, sizeof what, "1 x %lld x %lld", (long long)run->node->oc,
             (long long)run->node->ic);
    return clile_i_plain_expect(
        run, run->src[0].c == 1 && run->src[0].h == run->node->oc && run->src[0].w == run->node->ic,
        what);
}

/* dst += src weights^T, or without `transpose` src weights, for each image; dst is scratch's. */
static clile_status times(const clile_i_op_run *run, int transpose, const float *src,
                          const float *weights, int add, float *more, float *dst)
{
    const int64_t n = run->node->oc, d = run->node->ic;
    CLILE_I_RETURN_IF(clile_i_dnn_matmuls(&(clile_i_matmuls){.outer = run->dst.n,
                                                             .inner = 1,
                                                             .transpose_b = transpose,
                                                             .m = n,
                                                             .n = d,
                                                             .k = d,
                                                             .alpha = 1.0F,
                                                             .a = src,
                                                             .b = weights,
                                                             .c = add ? more : dst,
                                                             .a_outer = n * d,
                                                             .c_outer = n * d}));
    if (add) clile_i_add(run->dst.count, dst, more, dst);
    return CLILE_OK;
}

/* dst = graph src, or graph^T src */
static clile_status spread(const clile_i_op_run *run, int transpose, const float *src, float *dst)
{
    const int64_t n = run->node->oc, d = run->node->ic;
    return clile_i_dnn_matmuls(&(clile_i_matmuls){.outer = run->dst.n,
                                                  .inner = 1,
                                                  .transpose_a = transpose,
                                                  .m = n,
                                                  .n = d,
                                                  .k = n,
                                                  .alpha = 1.0F,
                                                  .a = run->params[GRAPH],
                                                  .b = src,
                                                  .c = dst,
                                                  .b_outer = n * d,
                                                  .c_outer = n * d});
}

/* gate = curve(W a + U h + bias); more: scratch of its size. */
static clile_status gate(const clile_i_op_run *run, int g, const float *a, const float *h,
                         float *more, float *dst)
{
    const int64_t d = run->node->ic;
    const float *bias = run->params[BIAS] + (1 + g) * d;
    CLILE_I_RETURN_IF(times(run, 1, a, run->params[MESSAGE] + g * d * d, 0, NULL, dst));
    CLILE_I_RETURN_IF(times(run, 1, h, run->params[STATE] + g * d * d, 1, more, dst));
    for (int64_t i = 0; i < run->dst.count; ++i) {
        const float x = dst[i] + bias[i % d];
        dst[i] = g == C ? tanhf(x) : 1.0F / (1.0F + expf(-x));
    }
    return CLILE_OK;
}

static float *step_of(const clile_i_op_run *run, int64_t step, int part)
{
    return run->trains ? run->kept + (step * STEP + part) * room(run)
                       : (float *)run->scratch + part * room(run);
}

static clile_status forward(clile_i_op_run *run)
{
    const int64_t count = run->dst.count, d = run->node->ic;
    for (int64_t t = 0; t < run->node->k; ++t) {
        float *h = step_of(run, t, H), *a = step_of(run, t, A), *rh = step_of(run, t, RH);
        float *z = step_of(run, t, GATE + Z), *r = step_of(run, t, GATE + R),
              *c = step_of(run, t, GATE + C);
        memcpy(h, t == 0 ? run->src_data[0] : run->dst_data, (size_t)count * sizeof *h);
        CLILE_I_RETURN_IF(spread(run, 0, h, a));
        for (int64_t i = 0; i < count; ++i) a[i] += run->params[BIAS][i % d];
        CLILE_I_RETURN_IF(gate(run, Z, a, h, rh, z));
        CLILE_I_RETURN_IF(gate(run, R, a, h, rh, r));
        for (int64_t i = 0; i < count; ++i) rh[i] = r[i] * h[i];
        CLILE_I_RETURN_IF(gate(run, C, a, rh, run->dst_data, c));
        for (int64_t i = 0; i < count; ++i) run->dst_data[i] = (1.0F - z[i]) * h[i] + z[i] * c[i];
    }
    return CLILE_OK;
}

/* diff += g^T x, summed over images in order. room: of the size of one matrix. */
static clile_status add_weights(const clile_i_op_run *run, const float *g, const float *x,
                                float *one, float *diff)
{
    const int64_t n = run->node->oc, d = run->node->ic;
    CLILE_I_RETURN_IF(clile_i_dnn_matmul(1, 0, d, d, run->dst.n * n, 1.0F, g, x, 0.0F, one));
    clile_i_add(d * d, diff, one, diff);
    return CLILE_OK;
}

/* The gradients of a gate's weights, of bias and of what it reads, given the one before its curve.
 * diff_x: of the state it reads; both are added to. */
static clile_status gate_backward(const clile_i_op_run *run, int g, const float *diff,
                                  const float *a, const float *x, float *diff_a, float *diff_x)
{
    const int64_t d = run->node->ic, count = run->dst.count;
    float *more = (float *)run->scratch + DIFF_NEXT * room(run);
    float *one = (float *)run->scratch + DIFFS * room(run);
    float *bias = run->diffs[BIAS] + (1 + g) * d;
    for (int64_t i = 0; i < count; ++i) bias[i % d] += diff[i];
    CLILE_I_RETURN_IF(add_weights(run, diff, a, one, run->diffs[MESSAGE] + g * d * d));
    CLILE_I_RETURN_IF(add_weights(run, diff, x, one, run->diffs[STATE] + g * d * d));
    CLILE_I_RETURN_IF(times(run, 0, diff, run->params[MESSAGE] + g * d * d, 1, more, diff_a));
    return times(run, 0, diff, run->params[STATE] + g * d * d, 1, more, diff_x);
}

/* One step back: diff_dst becomes the gradient by the state before it. */
static clile_status step_backward(const clile_i_op_run *run, int64_t t)
{
    const int64_t count = run->dst.count, d = run->node->ic;
    const float *h = step_of(run, t, H), *a = step_of(run, t, A), *rh = step_of(run, t, RH),
                *z = step_of(run, t, GATE + Z), *r = step_of(run, t, GATE + R),
                *c = step_of(run, t, GATE + C);
    float *scratch = run->scratch, *diff_h = scratch + DIFF_H * room(run),
          *diff_a = scratch + DIFF_A * room(run), *diff_rh = scratch + DIFF_RH * room(run),
          *dz = scratch + (DIFF_GATE + Z) * room(run), *dr = scratch + (DIFF_GATE + R) * room(run),
          *dc = scratch + (DIFF_GATE + C) * room(run);
    const float *g = run->diff_dst;
    memset(diff_a, 0, (size_t)count * sizeof *diff_a);
    memset(diff_rh, 0, (size_t)count * sizeof *diff_rh);
    for (int64_t i = 0; i < count; ++i) {
        diff_h[i] = g[i] * (1.0F - z[i]);
        dz[i] = g[i] * (c[i] - h[i]) * z[i] * (1.0F - z[i]);
        dc[i] = g[i] * z[i] * (1.0F - c[i] * c[i]);
    }
    CLILE_I_RETURN_IF(gate_backward(run, C, dc, a, rh, diff_a, diff_rh));
    for (int64_t i = 0; i < count; ++i) {
        diff_h[i] += diff_rh[i] * r[i];
        dr[i] = diff_rh[i] * h[i] * r[i] * (1.0F - r[i]);
    }
    CLILE_I_RETURN_IF(gate_backward(run, R, dr, a, h, diff_a, diff_h));
    CLILE_I_RETURN_IF(gate_backward(run, Z, dz, a, h, diff_a, diff_h));
    for (int64_t i = 0; i < count; ++i) run->diffs[BIAS][i % d] += diff_a[i];
    CLILE_I_RETURN_IF(spread(run, 1, diff_a, run->diff_dst));
    clile_i_add(count, run->diff_dst, diff_h, run->diff_dst);
    return CLILE_OK;
}

static clile_status backward(clile_i_op_run *run)
{
    const int64_t d = run->node->ic;
    memset(run->diffs[MESSAGE], 0, (size_t)(GATES * d * d) * sizeof(float));
    memset(run->diffs[STATE], 0, (size_t)(GATES * d * d) * sizeof(float));
    memset(run->diffs[BIAS], 0, (size_t)((1 + GATES) * d) * sizeof(float));
    for (int64_t t = run->node->k - 1; t >= 0; --t) CLILE_I_RETURN_IF(step_backward(run, t));
    if (run->diff_src[0] != NULL)
        memcpy(run->diff_src[0], run->diff_dst, (size_t)run->dst.count * sizeof(float));
    return CLILE_OK;
}

/* ---- ONNX: the steps one after another ------------------------------------------------------- */

/* The tensors of one gate, transposed: "gated.message.0". */
static clile_status write_matrices(const clile_i_node *node, const clile_i_net_tensor *t,
                                   const clile_i_graph_writer *w)
{
    clile_status status = CLILE_OK;
    const int64_t d = node->ic, shape[2] = {d, d};
    float *turned = NULL;
    CLILE_I_ALLOC(turned, d * d);
    for (int32_t k = MESSAGE; k <= STATE; ++k)
        for (int g = 0; g < GATES; ++g) {
            const clile_i_part_name name =
                clile_i_part(t[k].name, (const char *const[]){"z", "r", "c"}[g]);
            for (int64_t i = 0; i < d * d; ++i)
                turned[i % d * d + i / d] = t[k].data[g * d * d + i];
            w->tensor(w->context, name.text, 2, shape, turned);
        }
    for (int g = 0; g <= GATES; ++g) {
        const clile_i_part_name name =
            clile_i_part(t[BIAS].name, (const char *const[]){"a", "z", "r", "c"}[g]);
        w->tensor(w->context, name.text, 1, &d, t[BIAS].data + g * d);
    }
    w->tensor(w->context, t[GRAPH].name, 2, t[GRAPH].shape, t[GRAPH].data);
cleanup:
    clile_i_free(turned);
    return status;
}

/* name: of the gate, in tensors and values. Returns the name of its value. */
static clile_i_part_name write_gate(const clile_i_net_tensor *t, const char *step, const char *name,
                                    const char *a, const char *h, const clile_i_graph_writer *w)
{
    const clile_i_part_name dst = clile_i_part(step, name), x = clile_i_part(dst.text, "message"),
                            y = clile_i_part(dst.text, "state"),
                            xy = clile_i_part(dst.text, "both"),
                            sum = clile_i_part(dst.text, "sum"),
                            message = clile_i_part(t[MESSAGE].name, name),
                            state = clile_i_part(t[STATE].name, name),
                            bias = clile_i_part(t[BIAS].name, name);
    clile_i_write_op(w, "MatMul", a, message.text, x.text);
    clile_i_write_op(w, "MatMul", h, state.text, y.text);
    clile_i_write_op(w, "Add", x.text, y.text, xy.text);
    clile_i_write_op(w, "Add", xy.text, bias.text, sum.text);
    clile_i_write_op(w, *name == 'c' ? "Tanh" : "Sigmoid", sum.text, NULL, dst.text);
    return dst;
}

static clile_status write(const clile_i_node *node, const clile_i_net_tensor *t,
                          const clile_i_op_names *names, const clile_i_graph_writer *w)
{
    clile_i_part_name h;
    const clile_i_part_name own_bias = clile_i_part(t[BIAS].name, "a");
    CLILE_I_RETURN_IF(write_matrices(node, t, w));
    snprintf(h.text, sizeof h.text, "%s", names->src[0]);
    for (int64_t i = 0; i < node->k; ++i) {
        char number[24];
        snprintf(number, sizeof number, "step%d", (int)i);
        const clile_i_part_name step = clile_i_part(names->dst, number),
                                spread_h = clile_i_part(step.text, "spread"),
                                a = clile_i_part(step.text, "a"),
                                rh = clile_i_part(step.text, "rh"),
                                gap = clile_i_part(step.text, "gap"),
                                part = clile_i_part(step.text, "part"),
                                next = clile_i_part(step.text, "h");
        const int last = i == node->k - 1;
        clile_i_write_op(w, "MatMul", t[GRAPH].name, h.text, spread_h.text);
        clile_i_write_op(w, "Add", spread_h.text, own_bias.text, a.text);
        const clile_i_part_name z = write_gate(t, step.text, "z", a.text, h.text, w);
        const clile_i_part_name r = write_gate(t, step.text, "r", a.text, h.text, w);
        clile_i_write_op(w, "Mul", r.text, h.text, rh.text);
        const clile_i_part_name c = write_gate(t, step.text, "c", a.text, rh.text, w);
        clile_i_write_op(w, "Sub", c.text, h.text, gap.text); /* h' = h + z (c - h) */
        clile_i_write_op(w, "Mul", z.text, gap.text, part.text);
        clile_i_write_op(w, "Add", h.text, part.text, last ? names->dst : next.text);
        h = next;
    }
    return CLILE_OK;
}

const clile_i_op clile_i_op_gated = {.name = "gated",
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
