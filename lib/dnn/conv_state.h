/* What conv.c creates and conv_run.c runs. Private to dnn. */
#ifndef CLILE_I_CONV_STATE_H
#define CLILE_I_CONV_STATE_H

#include "dnn/onednn.h"

/* In a pass with parts, arrays of the caller's are as long as all parts together; inner arrays and
 * scratch are those of one running part (a slot). */
typedef struct {
    int arg;
    clile_i_md outer, inner; /* of one part; inner NULL: the same as outer */
    uint8_t read, written;
    dnnl_primitive_t reorder_in, reorder_out;
    size_t offset;                              /* of the inner array, in a slot's scratch */
    dnnl_memory_t *outer_memory, *inner_memory; /* made by bind: of each part, of each slot */
} clile_i_conv_operand;

enum { CLILE_I_CONV_OPERANDS = 3 };

typedef struct {
    uint8_t used;
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t primitive;
    clile_i_conv_operand operands[CLILE_I_CONV_OPERANDS];
    /* of one slot: total; oneDNN's own part comes first */
    size_t scratch_bytes, scratchpad_bytes;
    dnnl_memory_t *bias_memory, *scratchpad_memory; /* of each part, of each slot */
    uint8_t bound;
} clile_i_conv_pass;

/* How a convolution is shared out to a team: not at all; by oneDNN; or each part is a convolution
 * of its own on one thread (clile_i_parallel_parts): a share of the images, or of the output
 * channels or the rows of one image. */
typedef enum {
    CLILE_I_SPLIT_NONE,
    CLILE_I_SPLIT_ONEDNN,
    CLILE_I_SPLIT_IMAGES,
    CLILE_I_SPLIT_OUTPUTS,
    CLILE_I_SPLIT_ROWS
} clile_i_conv_split;

struct clile_i_conv {
    /* what the primitives of one part compute: with gathered patches, a product at each pixel */
    clile_i_conv_shape shape;
    clile_i_conv_options options;
    clile_i_conv_rows rows; /* all, or those that a piece computes */
    /* [parts] with split rows, and then this has no primitives of its own. At the edges of the
     * image a piece has other padding than between. All read the weights of the first. */
    clile_i_conv **pieces;
    clile_i_conv_split split;
    int64_t parts;
    int32_t slots; /* parts that run at once */
    uint8_t gathers, winograd;
    clile_i_patches patches;
    const float *image; /* source and destination of the gathering */
    float *gathered;
    dnnl_engine_t engine;
    dnnl_stream_t *streams; /* [slots] */
    /* outer layouts, of one part; weights is the forward primitive's choice */
    clile_i_md src, weights, bias, dst;
    clile_i_md plain_weights;
    size_t weights_bytes, scratch_bytes; /* weights: of one part */
    /* in scratch, before those of the slots: the gathered windows; after them: the parts' gradients
     * of the weights but the first one's */
    size_t gathered_bytes, slot_bytes;
    float *diff_weights, *partial;            /* made by bind */
    dnnl_primitive_t weights_in, weights_out; /* plain OIHW <-> weights */
    clile_i_conv_pass passes[3];
    double seconds; /* of its passes since clile_i_conv_take_seconds */
};

size_t clile_i_conv_aligned(size_t bytes);
void clile_i_conv_unbind(clile_i_conv *conv);

#endif
