/* scale: dst = src times a factor for each channel. The operation of the walk in
 * docs/contributing.md. */
#include "net/ops.h"

enum { FACTOR, TENSORS };

static const clile_i_op_tensor tensors[TENSORS] = {{"factor", 0, 1, 0}};

static int32_t tensor_shape(const clile_i_node *node, int32_t tensor, int64_t shape[4])
{
    (void)tensor;
    shape[0] = node->oc;
    return 1;
}

static void init(const clile_i_node *node, clile_i_net_tensor *t, clile_i_rng *rng)
{
    (void)rng;
    for (int64_t c = 0; c < node->oc; ++c) t[FACTOR].data[c] = 1.0F;
}

static void lay_out(const clile_i_node *node, const clile_i_dnn_layout *src,
                    clile_i_dnn_layout_kind kind, clile_i_dnn_layout *inner,
                    clile_i_dnn_layout *dst)
{
    (void)node, (void)kind, (void)inner;
    *dst = src[0];
}

/* Channels are padded, as the activations are. */
static clile_status create(clile_i_op_run *run)
{
    run->param_count[FACTOR] = run->dst.channels;
    return CLILE_OK;
}

/* Blocks of channels: [begin, end) of all images'. */
static void forward_blocks(int64_t begin, int64_t end, void *context)
{
    const clile_i_op_run *run = context;
    const clile_i_dnn_layout *l = &run->dst;
    for (int64_t i = begin * l->block_stride; i < end * l->block_stride; ++i) {
        const int64_t channel = i / l->block_stride % l->blocks * l->block + i % l->block;
        run->dst_data[i] = run->src_data[0][i] * run->params[FACTOR][channel];
    }
}

static clile_status forward(clile_i_op_run *run)
{
    clile_i_parallel_for(run->dst.n * run->dst.blocks, 1, forward_blocks, run);
    return CLILE_OK;
}

/* The channels of one block, [begin, end) of an image's blocks: one thread adds up a channel, in
 * the order of the images. */
static void backward_blocks(int64_t begin, int64_t end, void *context)
{
    const clile_i_op_run *run = context;
    const clile_i_dnn_layout *l = &run->dst;
    for (int64_t c = begin * l->block; c < end * l->block; ++c) {
        double sum = 0.0;
        for (int64_t n = 0; n < l->n; ++n)
            for (int64_t p = 0; p < l->h * l->w; ++p) {
                const int64_t i = n * l->image_stride + c / l->block * l->block_stride +
                                  p * l->block + c % l->block;
                sum += (double)run->diff_dst[i] * (double)run->src_data[0][i];
                if (run->diff_src[0] != NULL)
                    run->diff_src[0][i] = run->diff_dst[i] * run->params[FACTOR][c];
            }
        run->diffs[FACTOR][c] = (float)sum;
    }
}

static clile_status backward(clile_i_op_run *run)
{
    clile_i_parallel_for(run->dst.blocks, 1, backward_blocks, run);
    return CLILE_OK;
}

static clile_status write(const clile_i_node *node, const clile_i_net_tensor *t,
                          const clile_i_op_names *names, const clile_i_graph_writer *w)
{
    const int64_t shape[3] = {node->oc, 1, 1};
    w->tensor(w->context, t[FACTOR].name, 3, shape, t[FACTOR].data);
    w->begin(w->context, "Mul", 2, (const char *const[]){names->src[0], t[FACTOR].name},
             names->dst);
    w->end(w->context);
    return CLILE_OK;
}

const clile_i_op clile_i_op_scale = {.name = "scale",
                                     .tensors = tensors,
                                     .tensor_count = TENSORS,
                                     .tensor_shape = tensor_shape,
                                     .init = init,
                                     .lay_out = lay_out,
                                     .create = create,
                                     .forward = forward,
                                     .backward = backward,
                                     .write = write};
