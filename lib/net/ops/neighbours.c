/* neighbours: the k rows of plain values that are most like each row: dst [n, c, h, h], 1 / k where
 * src_i . src_j is among the k greatest of row i, and otherwise 0. Of equal ones the first j wins.
 * A choice has no gradient. */
#include "net/plain.h"

static void lay_out(const clile_i_node *node, const clile_i_dnn_layout *src,
                    clile_i_dnn_layout_kind kind, clile_i_dnn_layout *inner,
                    clile_i_dnn_layout *dst)
{
    (void)node, (void)kind, (void)inner;
    *dst = clile_i_plain(src->n, src->c, src->h, src->h);
}

static clile_status create(clile_i_op_run *run)
{
    char what[64];
    run->team = clile_i_op_team(run, 2 * run->dst.count * run->src[0].w);
    if (!run->trains) run->scratch_bytes = (size_t)run->dst.count * sizeof(float);
    run->kept_count = run->trains ? run->dst.count : 0; /* likeness */
    CLILE_I_RETURN_IF(clile_i_plain_check(run));
    snprintf(what, sizeof what, "at least %lld rows", (long long)run->node->k);
    return clile_i_plain_expect(run, run->src[0].h >= run->node->k, what);
}

static float *likeness_of(const clile_i_op_run *run)
{
    return run->trains ? run->kept : run->scratch;
}

/* How many of a row are ahead of element j. */
static int64_t rank_of(const float *row, int64_t count, int64_t j)
{
    int64_t rank = 0;
    for (int64_t i = 0; i < count; ++i) rank += row[i] > row[j] || (row[i] == row[j] && i < j);
    return rank;
}

static void choose_rows(int64_t begin, int64_t end, void *context)
{
    const clile_i_op_run *run = context;
    const int64_t h = run->dst.h, k = run->node->k;
    for (int64_t i = begin * h; i < end * h; ++i)
        run->dst_data[i] =
            rank_of(likeness_of(run) + i / h * h, h, i % h) < k ? 1.0F / (float)k : 0.0F;
}

static clile_status forward(clile_i_op_run *run)
{
    const clile_i_dnn_layout *src = &run->src[0], *dst = &run->dst;
    CLILE_I_RETURN_IF(clile_i_dnn_matmuls(&(clile_i_matmuls){.outer = src->n * src->c,
                                                             .inner = 1,
                                                             .transpose_b = 1,
                                                             .m = src->h,
                                                             .n = src->h,
                                                             .k = src->w,
                                                             .alpha = 1.0F,
                                                             .a = run->src_data[0],
                                                             .b = run->src_data[0],
                                                             .c = likeness_of(run),
                                                             .a_outer = src->h * src->w,
                                                             .b_outer = src->h * src->w,
                                                             .c_outer = dst->h * dst->w}));
    clile_i_parallel_for(dst->n * dst->c * dst->h, 16, choose_rows, run);
    return CLILE_OK;
}

static clile_status backward(clile_i_op_run *run)
{
    if (run->diff_src[0] != NULL)
        memset(run->diff_src[0], 0, (size_t)run->src[0].count * sizeof(float));
    return CLILE_OK;
}

/* The rank of each element, from comparisons with all others of its row: [N, c, h, j, i]. */
static clile_status write(const clile_i_node *node, const clile_i_net_tensor *t,
                          const clile_i_op_names *names, const clile_i_graph_writer *w)
{
    clile_status status = CLILE_OK;
    const clile_i_dnn_layout *dst = &names->dst_layout;
    const int64_t h = dst->h, square[2] = {h, h}, column[2] = {h, 1};
    const char *d = names->dst;
    const clile_i_part_name turned = clile_i_part(d, "turned"),
                            likeness = clile_i_part(d, "likeness"), own = clile_i_part(d, "own"),
                            others = clile_i_part(d, "others"), more = clile_i_part(d, "more"),
                            equal = clile_i_part(d, "equal"), ahead = clile_i_part(d, "ahead"),
                            tied = clile_i_part(d, "tied"), before = clile_i_part(d, "before"),
                            first = clile_i_part(d, "first"), counts = clile_i_part(d, "counts"),
                            ones = clile_i_part(d, "ones"), sums = clile_i_part(d, "sums"),
                            rank = clile_i_part(d, "rank"), least = clile_i_part(d, "least"),
                            chosen = clile_i_part(d, "chosen"), number = clile_i_part(d, "number"),
                            share = clile_i_part(d, "share");
    float *values = NULL;
    (void)t;
    CLILE_I_ALLOC(values, h * h);
    for (int64_t i = 0; i < h * h; ++i) values[i] = i % h < i / h ? 1.0F : 0.0F; /* i before j */
    w->tensor(w->context, before.text, 2, square, values);
    for (int64_t i = 0; i < h; ++i) values[i] = 1.0F;
    w->tensor(w->context, ones.text, 2, column, values);
    clile_i_write_scalar(w, least.text, (float)node->k - 0.5F);
    clile_i_write_scalar(w, share.text, 1.0F / (float)node->k);
    clile_i_write_transpose(w, names->src[0], 4, (const int64_t[]){0, 1, 3, 2}, turned.text);
    clile_i_write_op(w, "MatMul", names->src[0], turned.text, likeness.text);
    clile_i_write_reshape(w, likeness.text, 5, (const int64_t[]){0, dst->c, h, h, 1}, own.text);
    clile_i_write_reshape(w, likeness.text, 5, (const int64_t[]){0, dst->c, h, 1, h}, others.text);
    clile_i_write_op(w, "Greater", others.text, own.text, more.text);
    clile_i_write_op(w, "Equal", others.text, own.text, equal.text);
    clile_i_write_op_number(w, "Cast", more.text, "to", 1, ahead.text);
    clile_i_write_op_number(w, "Cast", equal.text, "to", 1, tied.text);
    clile_i_write_op(w, "Mul", tied.text, before.text, first.text);
    clile_i_write_op(w, "Add", ahead.text, first.text, counts.text);
    clile_i_write_op(w, "MatMul", counts.text, ones.text, sums.text);
    clile_i_write_reshape(w, sums.text, 4, (const int64_t[]){0, dst->c, h, h}, rank.text);
    clile_i_write_op(w, "Less", rank.text, least.text, chosen.text);
    clile_i_write_op_number(w, "Cast", chosen.text, "to", 1, number.text);
    clile_i_write_op(w, "Mul", number.text, share.text, d);
cleanup:
    clile_i_free(values);
    return status;
}

const clile_i_op clile_i_op_neighbours = {.name = "neighbours",
                                          .lay_out = lay_out,
                                          .create = create,
                                          .forward = forward,
                                          .backward = backward,
                                          .write = write};
