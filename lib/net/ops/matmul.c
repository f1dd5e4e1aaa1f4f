/* matmul: dst [n, c, i, j] = number[0] * op(a) op(b), a product of two plain values for each image
 * and c; one with c = 1 is read for every c. k: bit 0 transposes the matrices of a, bit 1 those of
 * b. */
#include "net/plain.h"

enum { TRANSPOSE_A = 1, TRANSPOSE_B = 2 };

static void lay_out(const clile_i_node *node, const clile_i_dnn_layout *src,
                    clile_i_dnn_layout_kind kind, clile_i_dnn_layout *inner,
                    clile_i_dnn_layout *dst)
{
    (void)kind, (void)inner;
    *dst = clile_i_plain(src[0].n, src[0].c > src[1].c ? src[0].c : src[1].c,
                         node->k & TRANSPOSE_A ? src[0].w : src[0].h,
                         node->k & TRANSPOSE_B ? src[1].h : src[1].w);
}

/* The size that is summed over. */
static int64_t depth_of(const clile_i_op_run *run)
{
    return run->node->k & TRANSPOSE_A ? run->src[0].h : run->src[0].w;
}

static int64_t multiply_adds(const clile_i_op_run *run)
{
    return run->dst.count * depth_of(run);
}

static clile_status create(clile_i_op_run *run)
{
    const clile_i_dnn_layout *a = &run->src[0], *b = &run->src[1];
    run->team = clile_i_op_team(run, 2 * multiply_adds(run));
    CLILE_I_RETURN_IF(clile_i_plain_check(run));
    return clile_i_plain_expect(run,
                                depth_of(run) == (run->node->k & TRANSPOSE_B ? b->w : b->h) &&
                                    (a->c == b->c || a->c == 1 || b->c == 1),
                                "matrices that can be multiplied");
}

/* The step between the matrices of an image. */
static int64_t step_of(const clile_i_op_run *run, const clile_i_dnn_layout *l)
{
    return l->c == 1 && run->dst.c > 1 ? 0 : l->h * l->w;
}

static clile_i_matmuls products_of(const clile_i_op_run *run)
{
    return (clile_i_matmuls){.outer = run->dst.n,
                             .inner = run->dst.c,
                             .transpose_a = (run->node->k & TRANSPOSE_A) != 0,
                             .transpose_b = (run->node->k & TRANSPOSE_B) != 0,
                             .m = run->dst.h,
                             .n = run->dst.w,
                             .k = depth_of(run),
                             .alpha = (float)run->node->number[0],
                             .a = run->src_data[0],
                             .b = run->src_data[1],
                             .c = run->dst_data,
                             .a_outer = run->src[0].image_stride,
                             .a_inner = step_of(run, &run->src[0]),
                             .b_outer = run->src[1].image_stride,
                             .b_inner = step_of(run, &run->src[1]),
                             .c_outer = run->dst.image_stride,
                             .c_inner = run->dst.h * run->dst.w};
}

static clile_status forward(clile_i_op_run *run)
{
    const clile_i_matmuls p = products_of(run);
    return clile_i_dnn_matmuls(&p);
}

/* Of c = op(a) op(b): diff_op(a) = diff_c op(b)^T; where a is transposed, diff_a = op(b) diff_c^T.
 * The same for b. */
static clile_status backward(clile_i_op_run *run)
{
    const clile_i_matmuls p = products_of(run);
    const float *g = run->diff_dst;
    if (run->diff_src[0] != NULL) {
        clile_i_matmuls a = {.outer = p.outer,
                             .inner = p.inner,
                             .k = p.n,
                             .alpha = p.alpha,
                             .c = run->diff_src[0],
                             .c_outer = p.a_outer,
                             .c_inner = p.a_inner};
        if (p.transpose_a) {
            a.transpose_a = p.transpose_b, a.transpose_b = 1;
            a.m = p.k, a.n = p.m;
            a.a = p.b, a.a_outer = p.b_outer, a.a_inner = p.b_inner;
            a.b = g, a.b_outer = p.c_outer, a.b_inner = p.c_inner;
        } else {
            a.transpose_b = !p.transpose_b;
            a.m = p.m, a.n = p.k;
            a.a = g, a.a_outer = p.c_outer, a.a_inner = p.c_inner;
            a.b = p.b, a.b_outer = p.b_outer, a.b_inner = p.b_inner;
        }
        CLILE_I_RETURN_IF(clile_i_dnn_matmuls(&a));
    }
    if (run->diff_src[1] == NULL) return CLILE_OK;
    clile_i_matmuls b = {.outer = p.outer,
                         .inner = p.inner,
                         .k = p.m,
                         .alpha = p.alpha,
                         .c = run->diff_src[1],
                         .c_outer = p.b_outer,
                         .c_inner = p.b_inner};
    if (p.transpose_b) {
        b.transpose_a = 1, b.transpose_b = p.transpose_a;
        b.m = p.n, b.n = p.k;
        b.a = g, b.a_outer = p.c_outer, b.a_inner = p.c_inner;
        b.b = p.a, b.b_outer = p.a_outer, b.b_inner = p.a_inner;
    } else {
        b.transpose_a = !p.transpose_a;
        b.m = p.k, b.n = p.n;
        b.a = p.a, b.a_outer = p.a_outer, b.a_inner = p.a_inner;
        b.b = g, b.b_outer = p.c_outer, b.b_inner = p.c_inner;
    }
    return clile_i_dnn_matmuls(&b);
}

/* Transposed if asked for. */
static const char *write_matrix(const clile_i_graph_writer *w, const char *src, int transpose,
                                const clile_i_part_name *dst)
{
    if (!transpose) return src;
    clile_i_write_transpose(w, src, 4, (const int64_t[]){0, 1, 3, 2}, dst->text);
    return dst->text;
}

static clile_status write(const clile_i_node *node, const clile_i_net_tensor *t,
                          const clile_i_op_names *names, const clile_i_graph_writer *w)
{
    const clile_i_part_name a = clile_i_part(names->dst, "a"), b = clile_i_part(names->dst, "b"),
                            product = clile_i_part(names->dst, "product"),
                            factor = clile_i_part(names->dst, "factor");
    (void)t;
    const char *left = write_matrix(w, names->src[0], node->k & TRANSPOSE_A, &a);
    const char *right = write_matrix(w, names->src[1], node->k & TRANSPOSE_B, &b);
    clile_i_write_op(w, "MatMul", left, right, product.text);
    clile_i_write_scalar(w, factor.text, (float)node->number[0]);
    clile_i_write_op(w, "Mul", product.text, factor.text, names->dst);
    return CLILE_OK;
}

const clile_i_op clile_i_op_matmul = {.name = "matmul",
                                      .lay_out = lay_out,
                                      .multiply_adds = multiply_adds,
                                      .create = create,
                                      .forward = forward,
                                      .backward = backward,
                                      .write = write};
