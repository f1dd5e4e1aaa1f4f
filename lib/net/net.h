/* net: backbones, the compiled graph that runs them, and their parameters. Uses dnn.
 *
 *     clile_i_net_create(&config, &net);               // architecture + plain parameter values
 *     clile_i_net_init(net, &rng);
 *     // creates all primitives and allocates all memory
 *     clile_i_exec_create(net, batch, size, CLILE_I_EXEC_TRAIN, &exec);
 *     loop: clile_i_exec_forward(exec, src, embedding);
 *           clile_i_exec_backward(exec, diff_embedding); // overwrites diffs
 *           optimiser over clile_i_exec_params / clile_i_exec_diffs (flat, oneDNN's blocked layout)
 *     clile_i_exec_store(exec, net);                   // blocked layout -> plain values */
#ifndef CLILE_I_NET_H
#define CLILE_I_NET_H

#include "base/base.h"
#include "dnn/dnn.h"

/* From the image to the first block. Both stems have batch norm and ReLU. */
typedef enum {
    CLILE_I_STEM_IMAGENET, /* torchvision's: 7 x 7 of stride 2, max pooling 3 x 3 of stride 2 */
    CLILE_I_STEM_SMALL     /* 5 x 5 of stride 2: twice the resolution in every later layer */
} clile_i_stem;

/* What comes after the backbone: graph.h has the structure, lib/method those that there are. */
typedef struct clile_i_neck clile_i_neck;
typedef struct {
    const clile_i_neck *neck; /* NULL: the mean over the last map, and fc */
    int32_t c, k;             /* number of AUs, features of each (as the neck understands it) */
    int32_t points;           /* of a face, which the net reads too; 0: it reads the image alone */
} clile_i_net_tail;

typedef struct {
    /* "resnet10", "resnet18", "resnet34" (basic blocks) or "resnet50" (bottlenecks) */
    const char *backbone;
    /* factor on torchvision's 64, 128, 256 and 512 channels; the product is rounded, at least 8 */
    double width;
    int32_t embedding; /* d: outputs of the final linear layer `fc` */
    int32_t stem;      /* clile_i_stem */
    clile_i_net_tail tail;
} clile_i_net_config;

/* "imagenet", "small": choices of the option `stem`; NULL: none of these. */
const char *clile_i_stem_name(int32_t stem);
/* -1: no such name. */
int32_t clile_i_stem_find(const char *name);

/* One named tensor of torchvision's state_dict (without num_batches_tracked), plain OIHW
 * float32. */
typedef struct {
    const char *name; /* "layer1.0.conv1.weight"; owned by the net */
    int32_t ndim;
    int64_t shape[4];
    int64_t count;
    float *data;       /* plain values, owned by the net; writable */
    uint8_t trainable; /* 0: running_mean, running_var */
    uint8_t decay;     /* 1: conv and linear weights; 0: norms and biases */
} clile_i_net_tensor;

typedef struct clile_i_net clile_i_net;

clile_status clile_i_net_create(const clile_i_net_config *config, clile_i_net **out);
/* Creates architecture, names and shapes only: each tensor's data is NULL. */
clile_status clile_i_net_create_bare(const clile_i_net_config *config, clile_i_net **out);
/* Nets are reference counted: destroy drops one reference. A shared net is read-only. NULL does
 * nothing. */
void clile_i_net_retain(clile_i_net *net);
void clile_i_net_destroy(clile_i_net *net);
/* Counts the values of all tensors of such a net. Allocates none of them. */
clile_status clile_i_net_values(const clile_i_net_config *config, int64_t *count);
const clile_i_net_config *clile_i_net_get_config(const clile_i_net *net);
int32_t clile_i_net_tensor_count(const clile_i_net *net);
const clile_i_net_tensor *clile_i_net_tensor_at(const clile_i_net *net, int32_t index);
/* torchvision's initialisation: convolutions N(0, 2 / fan_out), norms 1 and 0, running mean 0 and
 * variance 1, fc U(+-1/sqrt(fan_in)). */
void clile_i_net_init(clile_i_net *net, clile_i_rng *rng);
/* Copies all values between nets of the same config. */
void clile_i_net_copy(clile_i_net *dst, const clile_i_net *src);

typedef enum {
    /* forward + backward; batch statistics; updates running statistics (momentum 0.1, unbiased
     * variance) */
    CLILE_I_EXEC_TRAIN,
    CLILE_I_EXEC_TRAIN_FROZEN, /* forward + backward; uses running statistics, unchanged */
    CLILE_I_EXEC_INFER         /* forward only: folded norms, post-ops, one arena */
} clile_i_exec_mode;

typedef struct clile_i_exec clile_i_exec;

/* Compiles the net for [batch, 3, size, size] in this thread's team size (clile_i_threads_set)
 * and loads its values. size is 32..512. Forward and backward allocate nothing. */
clile_status clile_i_exec_create(const clile_i_net *net, int32_t batch, int32_t size,
                                 clile_i_exec_mode mode, clile_i_exec **out);
void clile_i_exec_destroy(clile_i_exec *exec);
/* Weights in the layouts that convolutions prefer, shared by nets compiled from one set of weights
 * (packs.c). The first net that needs a layout packs it; the last one frees it. Any thread;
 * creating or destroying a net takes a lock. */
typedef struct clile_i_packs clile_i_packs;
clile_status clile_i_packs_create(clile_i_packs **out);
void clile_i_packs_retain(clile_i_packs *packs);
void clile_i_packs_release(clile_i_packs *packs);  /* NULL does nothing */
int64_t clile_i_packs_bytes(clile_i_packs *packs); /* bytes held now */
typedef struct {
    clile_i_exec_mode mode;
    /* 1: convolutions multiply bf16 numbers. In inference maps between them are bf16 too. All that
     * goes in and out of the net is float32. UNSUPPORTED where the processor has no bf16. */
    uint8_t bf16;
    /* Training: 1: of each stretch of nodes of which later ones read only the last value, such as a
     * residual block, only that value is kept; backward runs its forward again. The same bits. */
    uint8_t recompute;
    /* CLILE_I_EXEC_INFER: weights are shared through these; they are read-only, so
     * clile_i_exec_load fails. NULL: the net has its own. */
    clile_i_packs *packs;
} clile_i_exec_options;
clile_status clile_i_exec_create_as(const clile_i_net *net, int32_t batch, int32_t size,
                                    const clile_i_exec_options *options, clile_i_exec **out);
/* Loads values from, or stores values to, a net of the same config. Storing needs a training
 * mode. */
clile_status clile_i_exec_load(clile_i_exec *exec, const clile_i_net *net);
clile_status clile_i_exec_store(const clile_i_exec *exec, clile_i_net *net);

/* src [batch,3,size,size] normalised, dst [batch,d]; both plain float32. If src is
 * clile_i_exec_input, it is not copied. */
clile_status clile_i_exec_forward(clile_i_exec *exec, const float *src, float *dst);
float *clile_i_exec_input(clile_i_exec *exec); /* where the net reads its images */
/* Where a net with points reads them: [batch, 2 points], x and y in sides of the image from its top
 * left corner. NULL: it reads none. */
float *clile_i_exec_points(clile_i_exec *exec);
/* Points that the net reads of each face; 0: none. */
int32_t clile_i_exec_point_count(const clile_i_exec *exec);
/* diff_dst [batch,d]. Overwrites clile_i_exec_diffs. Call it after a forward of the same batch. */
clile_status clile_i_exec_backward(clile_i_exec *exec, const float *diff_dst);
/* The same, telling which gradients are complete: those from `offset` on. Offsets fall, to 0. */
typedef void (*clile_i_exec_ready)(void *context, int64_t offset);
clile_status clile_i_exec_backward_telling(clile_i_exec *exec, const float *diff_dst,
                                           clile_i_exec_ready ready, void *context);
/* Batch statistics from now on by `sync` (dnn/dnn.h), whose status says whether its sums worked. */
void clile_i_exec_synchronise(clile_i_exec *exec, clile_i_norm_sync *sync);
/* The running statistics of all norms, in one array: copied from the net or (put) into it. Returns
 * how many there are; values may be NULL. */
int64_t clile_i_exec_statistics(clile_i_exec *exec, int put, float *values);

/* Memory of activations and their gradients. */
int64_t clile_i_exec_bytes(const clile_i_exec *exec);

/* Flat trainable parameters and their gradients: `count` floats in blocked layout. Padding is
 * zero and stays zero. */
float *clile_i_exec_params(clile_i_exec *exec, int64_t *count);
float *clile_i_exec_diffs(clile_i_exec *exec);
typedef struct {
    int32_t tensor;        /* index into the net's tensors */
    int64_t offset, count; /* in the flat memory; count includes layout padding */
} clile_i_exec_segment;
int32_t clile_i_exec_segment_count(const clile_i_exec *exec);
const clile_i_exec_segment *clile_i_exec_segment_at(const clile_i_exec *exec, int32_t index);
/* Converts one segment of any flat array of this layout (parameters, gradients, optimiser
 * moments) to or from plain OIHW values. Exact. */
clile_status clile_i_exec_to_plain(const clile_i_exec *exec, int32_t segment, const float *flat,
                                   float *plain);
clile_status clile_i_exec_from_plain(const clile_i_exec *exec, int32_t segment, const float *plain,
                                     float *flat);

/* ---- int8 (quant.c, calibrate.c, qexec.c) ---------------------------------------------------- */

/* A net for inference in integers. Activations are q = round(x / step), u8 except that those of
 * shortcut convolutions are s8. The image is u8 and unchanged (step 1). Unit: x = step_src *
 * scale[o] * sum(weights q_src) + bias[o] [+ step_residual q_residual] [ReLU]. Everything after the
 * mean over the last map is float32, with rounded weights. */
typedef struct {
    /* the tensor that clile_i_net_unit_weights names, with the norm folded in: weight = scale[o] *
     * weights, |weights| <= 127. All three are NULL if the node has no weights */
    int8_t *weights;
    float *scale, *bias; /* [o] */
    float step;          /* of the output; unused if that is float32 */
    uint8_t has_step;
} clile_i_quant_unit;

typedef struct {
    clile_i_refs refs;
    int32_t unit_count;
    clile_i_quant_unit *units; /* one for each node of the net, in the order they run */
} clile_i_quant;

/* All zeros. A bare net is enough. UNSUPPORTED: an operation does not run in integers. */
clile_status clile_i_quant_create(const clile_i_net *net, clile_i_quant **out);
void clile_i_quant_retain(clile_i_quant *quant); /* reference counted, like nets */
void clile_i_quant_destroy(clile_i_quant *quant);
/* The tensor of a unit's weights, for its name and shape; NULL: it has none. */
const clile_i_net_tensor *clile_i_net_unit_weights(const clile_i_net *net, int32_t unit);

/* Calibration: begin, observe normalised images [3,size,size], finish. mean and deviation define x
 * = (pixel / 255 - mean) / deviation. */
typedef struct clile_i_calibration clile_i_calibration;
clile_status clile_i_calibration_begin(const clile_i_net *net, int32_t size,
                                       clile_i_calibration **out);
clile_status clile_i_calibration_observe(clile_i_calibration *calibration, const float *src);
clile_status clile_i_calibration_finish(const clile_i_calibration *calibration,
                                        const clile_i_net *net, const float *mean,
                                        const float *deviation, clile_i_quant **out);
void clile_i_calibration_destroy(clile_i_calibration *calibration);

typedef struct clile_i_qexec clile_i_qexec;
/* net may be bare. quant is borrowed. mean fills the border around each image. */
clile_status clile_i_qexec_create(const clile_i_net *net, const clile_i_quant *quant,
                                  const float *mean, int32_t batch, int32_t size,
                                  clile_i_packs *packs, clile_i_qexec **out);
void clile_i_qexec_destroy(clile_i_qexec *exec);
/* Sets image `index` of the batch: [size,size,3] RGB, rows row_stride bytes apart. */
void clile_i_qexec_set_image(clile_i_qexec *exec, int32_t index, const uint8_t *rgb,
                             int64_t row_stride);
/* Runs the images that were set. dst [batch,d] float32. */
clile_status clile_i_qexec_forward(clile_i_qexec *exec, float *dst);

/* ---- ONNX ------------------------------------------------------------------------------------ */

/* Receives a net as a graph of ONNX operators, opset 13 (lib/model/onnx.c writes it to a file). */
typedef struct {
    void *context;
    /* Begins a node with one output, then its attributes, then its end. */
    void (*begin)(void *context, const char *op, int32_t count, const char *const *inputs,
                  const char *output);
    void (*number)(void *context, const char *name, int64_t value);
    void (*numbers)(void *context, const char *name, int32_t count, const int64_t *values);
    void (*end)(void *context);
    void (*tensor)(void *context, const char *name, int32_t ndim, const int64_t *shape,
                   const float *values);
} clile_i_graph_writer;

/* From "input" [N,3,size,size] and, if the net reads points, "face_points" [N,2 points] to
 * "embedding" [N,d]. UNSUPPORTED: an operation has no ONNX form. */
clile_status clile_i_net_write(const clile_i_net *net, int32_t size,
                               const clile_i_graph_writer *writer);

/* ---- bench ----------------------------------------------------------------------------------- */

/* Seconds of forward and backward since the last call, or since creation: convolutions; the rest of
 * the operations that hold one (norm, residual, ReLU, pooling); other operations; adding up the
 * gradients of values with several readers. */
typedef struct {
    double convolutions, around, others, adding;
} clile_i_exec_profile;
void clile_i_exec_take_profile(clile_i_exec *exec, clile_i_exec_profile *out);

/* For `clile bench`: floating point operations (2 per multiply-add) of the convolutions in one
 * forward and in one training step; and the seconds that the convolution primitives alone take for
 * one pass, each in its own layout. */
int64_t clile_i_exec_flops(const clile_i_exec *exec);
clile_status clile_i_exec_bench_convolutions(clile_i_exec *exec, double *forward,
                                             double *backward_data, double *backward_weights);
/* The version of oneDNN in use, such as "2.6.3". */
const char *clile_i_dnn_version(void);

#endif
