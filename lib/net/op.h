/* An operation of a net: everything in which operations differ. Each has one file, ops/NAME.c, with
 * its clile_i_op, and one line in base/tables.h. The rest of the room (memory, parameters,
 * gradients, threads, files) only loops over nodes and calls their operations. Private to net. */
#ifndef CLILE_I_OP_H
#define CLILE_I_OP_H

#include "dnn/dnn.h"
#include "net/net.h"
#include "net/packs.h"

#include <string.h>

enum { CLILE_I_MOST_SOURCES = 4, CLILE_I_MOST_OP_TENSORS = 8, CLILE_I_MOST_NUMBERS = 4 };
enum { CLILE_I_VALUE_IMAGE = 0, CLILE_I_VALUE_POINTS = 1 /* if the net reads points */ };

typedef struct clile_i_op clile_i_op;

/* One use of an operation. A net is a list of nodes over values (activations). Value 0 is the
 * image, each node makes a value, and the last one makes the embedding. */
typedef struct {
    const clile_i_op *op;
    int32_t src[CLILE_I_MOST_SOURCES]; /* values that it reads */
    int32_t src_count;
    uint8_t has_inner;  /* on the way to dst it makes a value that only it reads */
    int32_t dst, inner; /* values that it makes; inner is -1 without has_inner */
    int32_t tensor;     /* index of its first tensor; the others follow */
    int64_t ic, oc;     /* channels of the first source and of dst */
    const char *name;   /* of dst in exported graphs; NULL: "valueN" */
    /* Each operation uses these as it likes; 0 where unused. */
    int64_t k, stride, pad;
    uint8_t relu;
    double number[CLILE_I_MOST_NUMBERS];
} clile_i_node;

/* A tensor of an operation, such as "conv1.weight" or "bn1.bias". */
typedef struct {
    const char *suffix;       /* "weight" */
    uint8_t part;             /* which of the node's names precedes it: 0 is conv1, 1 is bn1 */
    uint8_t trainable, decay; /* of clile_i_net_tensor */
} clile_i_op_tensor;

/* A node compiled for one batch, size and mode. */
typedef struct {
    /* given */
    const clile_i_node *node;
    int32_t index; /* of the node */
    int32_t size;  /* of the images, in pixels */
    clile_i_exec_mode mode;
    uint8_t trains; /* mode is not CLILE_I_EXEC_INFER */
    uint8_t bf16;   /* convolutions multiply bf16 numbers */
    uint8_t again;  /* this forward repeats one: it must leave the same bits, and no other trace */
    clile_i_norm_sync *sync; /* for batch norms, or NULL; may be set later */
    clile_i_packs *packs;    /* inference: where to share weights; NULL: keep them */
    clile_i_dnn_layout src[CLILE_I_MOST_SOURCES], inner, dst;

    /* `create` may change these, and owns `state` */
    void *state;
    int32_t team; /* threads to run on; initially all. Training needs all */
    /* floats of each tensor in the operation's layout; initially those of the plain one */
    int64_t param_count[CLILE_I_MOST_OP_TENSORS];
    int64_t kept_count;   /* training: floats to keep from forward to backward; initially 0 */
    size_t scratch_bytes; /* shared with other nodes, so only valid within one call */

    /* arrays, from `bind` on */
    float *params[CLILE_I_MOST_OP_TENSORS]; /* padding is 0 */
    float *diffs[CLILE_I_MOST_OP_TENSORS];  /* of trainable ones; backward overwrites them */
    float *kept;
    void *scratch; /* 64-byte aligned */
    float *src_data[CLILE_I_MOST_SOURCES], *inner_data /* inference only */, *dst_data;
    /* the gradient by dst, which backward may overwrite, and by inner (training) */
    float *diff_dst, *diff_inner;
    float *diff_dst_more; /* added to diff_dst; NULL unless op->adds_diffs */
    /* written by backward; NULL: not wanted */
    float *diff_src[CLILE_I_MOST_SOURCES];
} clile_i_op_run;

/* An activation of an int8 net. Bytes: NHWC, value = step * q, u8 or s8. */
typedef struct {
    clile_i_dnn_layout layout;
    float step;
    uint8_t is_signed;
    uint8_t is_float; /* float32 in `layout`, no step */
    void *data;       /* from `bind` on */
} clile_i_op_qvalue;

/* A node compiled for int8. */
typedef struct {
    const clile_i_node *node;
    int32_t index;
    clile_i_packs *packs;
    const clile_i_op_qvalue *src[CLILE_I_MOST_SOURCES], *inner, *dst;
    /* `create` may change these, and owns `state` */
    void *state;
    int32_t team;
    size_t scratch_bytes;
    void *scratch;
} clile_i_op_qrun;

/* The image, for the node that reads it: x = (pixel / 255 - mean) / deviation, u8 pixels. */
typedef struct {
    const float *mean, *deviation; /* [3] */
} clile_i_pixels;

/* How an operation runs in integers. Its weights, if any, are tensor 0, in int8 with one scale per
 * row. */
typedef struct {
    /* 255: dst is u8; 127: s8; 0: float32 */
    int32_t (*levels)(const clile_i_node *node);
    /* Fills the weights, scales and bias of `out` from the node's tensors. pixels: NULL unless it
     * reads the image. room: space for the floats of the largest tensor. NULL: it has no weights,
     * and dst is float32. */
    void (*quantise)(const clile_i_node *node, const clile_i_net_tensor *tensors,
                     const clile_i_pixels *pixels, float *room, clile_i_quant_unit *out);
    clile_status (*create)(clile_i_op_qrun *run, const clile_i_quant_unit *unit);
    clile_status (*bind)(clile_i_op_qrun *run); /* NULL: nothing to do */
    clile_status (*forward)(clile_i_op_qrun *run);
    void (*destroy)(clile_i_op_qrun *run); /* frees state; NULL: there is none */
} clile_i_op_int8;

/* Names of a node's values in an exported graph, and what they hold of one image. */
typedef struct {
    const char *src[CLILE_I_MOST_SOURCES], *inner, *dst;
    clile_i_dnn_layout src_layout[CLILE_I_MOST_SOURCES], dst_layout; /* plain, n = 1 */
} clile_i_op_names;

struct clile_i_op {
    const char *name;
    const clile_i_op_tensor *tensors;
    int32_t tensor_count;
    /* The number of a source (from 1) that dst overwrites; 0: none. In inference both share one
     * array. In training one array may be diff_dst_more and then diff_src of this source, and
     * backward does not read the source. No later node may read the source. Ignored for nodes
     * without it. */
    int32_t in_place;
    uint8_t adds_diffs; /* backward adds diff_dst_more; otherwise the caller has added it */
    /* Inference in bf16: it writes bf16, and reads bf16 or float32 as the layouts of its sources
     * say; in_place has one type. Other operations see only float32. */
    uint8_t takes_bf16;

    /* Shape of a tensor: up to 4 dimensions, returns how many. */
    int32_t (*tensor_shape)(const clile_i_node *node, int32_t tensor, int64_t shape[4]);
    /* Sets the initial values of the node's tensors, which are 0 before. rng NULL: only values that
     * are not drawn. */
    void (*init)(const clile_i_node *node, clile_i_net_tensor *tensors, clile_i_rng *rng);
    /* Layouts of dst, and of inner if the node has one. kind: the layout of the net's maps. */
    void (*lay_out)(const clile_i_node *node, const clile_i_dnn_layout *src,
                    clile_i_dnn_layout_kind kind, clile_i_dnn_layout *inner,
                    clile_i_dnn_layout *dst);
    /* Its fastest layout. NULL: it does not matter. */
    clile_status (*prefer)(const clile_i_op_run *run, clile_i_dnn_layout_kind *kind);
    /* Multiply-adds of forward. They weight its preference; `clile bench` uses them too. */
    int64_t (*multiply_adds)(const clile_i_op_run *run);

    clile_status (*create)(clile_i_op_run *run); /* NULL: nothing to do */
    clile_status (*bind)(clile_i_op_run *run);   /* NULL: nothing to do */
    /* Tensor `k` from plain values (into a zeroed array), and back. NULL: a plain copy. */
    clile_status (*from_plain)(const clile_i_op_run *run, int32_t k, const float *plain,
                               float *param);
    clile_status (*to_plain)(const clile_i_op_run *run, int32_t k, const float *param,
                             float *plain);
    /* Inference: fills params, or takes weights from packs, where they differ from the node's
     * `tensors`. room: space for the floats of the largest tensor. NULL: none differ. */
    clile_status (*fold)(clile_i_op_run *run, const clile_i_net_tensor *tensors, float *room);
    clile_status (*forward)(clile_i_op_run *run);
    clile_status (*backward)(clile_i_op_run *run);
    /* Training, for a node without inner value: makes dst again from what is kept and its sources
     * but the first, at little cost: the same bits, and no other trace. Its own backward then reads
     * dst only if it has such sources. NULL: it cannot. */
    clile_status (*remake)(clile_i_op_run *run);
    void (*destroy)(clile_i_op_run *run); /* frees state, even half made; NULL: there is none */
    /* For `clile bench`. NULL: it has none. */
    clile_i_conv *(*convolution)(const clile_i_op_run *run);

    /* Writes it as ONNX operators. NULL: nets with it are not exported. */
    clile_status (*write)(const clile_i_node *node, const clile_i_net_tensor *tensors,
                          const clile_i_op_names *names, const clile_i_graph_writer *writer);
    const clile_i_op_int8 *int8; /* NULL: nets with it are not quantised */
};

/* Inference: number of threads for so many floating point operations. Small nodes are faster on
 * one, because telling other threads and waiting for them takes a microsecond or two, and because
 * the other's results are in the other's cache. The limit is some 3 microseconds of one core
 * (docs/results.md). */
static inline int32_t clile_i_op_team(const clile_i_op_run *run, int64_t flops)
{
    return run->trains || flops >= 250000 ? run->team : 1;
}

/* The same for int8: about the same time, because integers are about three times as fast. */
static inline int32_t clile_i_op_qteam(const clile_i_op_qrun *run, int64_t flops)
{
    return flops >= 1000000 ? run->team : 1;
}

/* UNSUPPORTED if an operation of the net does not run in int8 (quant.c). */
clile_status clile_i_quant_check(const clile_i_net *net);
/* Quantises rows [rows, each] to int8, with one scale per row (quant.c). */
void clile_i_quantise_rows(int64_t rows, int64_t each, const float *weights,
                           clile_i_quant_unit *out);

#endif
