/* For operations on plain values: float32 arrays [n, c, h, w], CLILE_I_LAYOUT_NCHW. For them c, h
 * and w mean what a net wants: tokens are [n, 1, tokens, features], features of each AU [n, AUs, 1,
 * features]. Private to net. */
#ifndef CLILE_I_PLAIN_H
#define CLILE_I_PLAIN_H

#include "net/ops.h"

static inline clile_i_dnn_layout clile_i_plain(int64_t n, int64_t c, int64_t h, int64_t w)
{
    return clile_i_dnn_layout_make(CLILE_I_LAYOUT_NCHW, n, c, h, w);
}

/* Fails unless `fits`: "matmul: expected WHAT, found 1 x 12 x 64 and 1 x 12 x 32". */
clile_status clile_i_plain_expect(const clile_i_op_run *run, int fits, const char *what);
/* The same for a source that is a map. */
clile_status clile_i_plain_check(const clile_i_op_run *run);

/* The shape of a broadcast: in each dimension the sizes of a and b are equal, or one is 1. 0: they
 * do not go together. */
int clile_i_plain_broadcast(const clile_i_dnn_layout *a, const clile_i_dnn_layout *b,
                            clile_i_dnn_layout *dst);

/* ---- ONNX ------------------------------------------------------------------------------------ */

/* The name of a value or tensor within a node: "value7.sum". */
typedef struct {
    char text[96];
} clile_i_part_name;
clile_i_part_name clile_i_part(const char *dst, const char *part);

/* A node without attributes; b NULL: one input. */
void clile_i_write_op(const clile_i_graph_writer *w, const char *op, const char *a, const char *b,
                      const char *dst);
/* One with an integer attribute. */
void clile_i_write_op_number(const clile_i_graph_writer *w, const char *op, const char *a,
                             const char *attribute, int64_t value, const char *dst);
void clile_i_write_scalar(const clile_i_graph_writer *w, const char *name, float value);
/* Integers, for inputs such as shapes. */
void clile_i_write_integers(const clile_i_graph_writer *w, const char *name, int32_t count,
                            const int64_t *values);
/* shape: 0 keeps a dimension, -1 takes what is left. */
void clile_i_write_reshape(const clile_i_graph_writer *w, const char *src, int32_t ndim,
                           const int64_t *shape, const char *dst);
void clile_i_write_transpose(const clile_i_graph_writer *w, const char *src, int32_t ndim,
                             const int64_t *order, const char *dst);

/* Rows with mean 0 and variance 1; names of parts begin with `prefix`. */
void clile_i_write_standardised(const clile_i_graph_writer *w, const char *src, double eps,
                                const char *prefix, const char *dst);

#endif
