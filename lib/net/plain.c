#include "net/plain.h"

clile_status clile_i_plain_expect(const clile_i_op_run *run, int fits, const char *what)
{
    char found[160] = "";
    if (fits) return CLILE_OK;
    for (int32_t k = 0; k < run->node->src_count; ++k) {
        const clile_i_dnn_layout *l = &run->src[k];
        const size_t length = strlen(found);
        snprintf(found + length, sizeof found - length, "%s%lld x %lld x %lld", k ? " and " : "",
                 (long long)l->c, (long long)l->h, (long long)l->w);
    }
    return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "%s: expected %s, found %s", run->node->op->name,
                        what, found);
}

clile_status clile_i_plain_check(const clile_i_op_run *run)
{
    int fits = 1;
    for (int32_t k = 0; k < run->node->src_count; ++k)
        fits &= run->src[k].kind == CLILE_I_LAYOUT_NCHW;
    return clile_i_plain_expect(run, fits,
                                "plain numbers (the operation cells gives those of a map)");
}

static int joined(int64_t a, int64_t b, int64_t *dst)
{
    *dst = a > b ? a : b;
    return a == b || a == 1 || b == 1;
}

int clile_i_plain_broadcast(const clile_i_dnn_layout *a, const clile_i_dnn_layout *b,
                            clile_i_dnn_layout *dst)
{
    int64_t c, h, w;
    const int fits = joined(a->c, b->c, &c) & joined(a->h, b->h, &h) & joined(a->w, b->w, &w);
    *dst = clile_i_plain(a->n, c, h, w);
    return fits;
}

/* ---- ONNX ------------------------------------------------------------------------------------ */

clile_i_part_name clile_i_part(const char *dst, const char *part)
{
    clile_i_part_name name;
    snprintf(name.text, sizeof name.text, "%s.%s", dst, part);
    return name;
}

void clile_i_write_op(const clile_i_graph_writer *w, const char *op, const char *a, const char *b,
                      const char *dst)
{
    w->begin(w->context, op, b == NULL ? 1 : 2, (const char *const[]){a, b}, dst);
    w->end(w->context);
}

void clile_i_write_op_number(const clile_i_graph_writer *w, const char *op, const char *a,
                             const char *attribute, int64_t value, const char *dst)
{
    w->begin(w->context, op, 1, &a, dst);
    w->number(w->context, attribute, value);
    w->end(w->context);
}

void clile_i_write_scalar(const clile_i_graph_writer *w, const char *name, float value)
{
    w->tensor(w->context, name, 0, NULL, &value);
}

void clile_i_write_integers(const clile_i_graph_writer *w, const char *name, int32_t count,
                            const int64_t *values)
{
    w->begin(w->context, "Constant", 0, NULL, name);
    w->numbers(w->context, "value_ints", count, values);
    w->end(w->context);
}

void clile_i_write_reshape(const clile_i_graph_writer *w, const char *src, int32_t ndim,
                           const int64_t *shape, const char *dst)
{
    const clile_i_part_name name = clile_i_part(dst, "shape");
    clile_i_write_integers(w, name.text, ndim, shape);
    clile_i_write_op(w, "Reshape", src, name.text, dst);
}

void clile_i_write_transpose(const clile_i_graph_writer *w, const char *src, int32_t ndim,
                             const int64_t *order, const char *dst)
{
    w->begin(w->context, "Transpose", 1, &src, dst);
    w->numbers(w->context, "perm", ndim, order);
    w->end(w->context);
}

/* The mean over the last axis. */
static void write_mean(const clile_i_graph_writer *w, const char *src, const char *dst)
{
    w->begin(w->context, "ReduceMean", 1, &src, dst);
    w->numbers(w->context, "axes", 1, (const int64_t[]){3});
    w->number(w->context, "keepdims", 1);
    w->end(w->context);
}

void clile_i_write_standardised(const clile_i_graph_writer *w, const char *src, double eps,
                                const char *prefix, const char *dst)
{
    const clile_i_part_name mean = clile_i_part(prefix, "mean"), gap = clile_i_part(prefix, "gap"),
                            square = clile_i_part(prefix, "square"),
                            variance = clile_i_part(prefix, "variance"),
                            least = clile_i_part(prefix, "eps"), sum = clile_i_part(prefix, "sum"),
                            deviation = clile_i_part(prefix, "deviation");
    write_mean(w, src, mean.text);
    clile_i_write_op(w, "Sub", src, mean.text, gap.text);
    clile_i_write_op(w, "Mul", gap.text, gap.text, square.text);
    write_mean(w, square.text, variance.text);
    clile_i_write_scalar(w, least.text, (float)eps);
    clile_i_write_op(w, "Add", variance.text, least.text, sum.text);
    clile_i_write_op(w, "Sqrt", sum.text, NULL, deviation.text);
    clile_i_write_op(w, "Div", gap.text, deviation.text, dst);
}
