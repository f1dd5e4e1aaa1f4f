/* Running a convolution: its arrays, its parts, its weights. */
#include "dnn/conv_state.h"

#include <string.h>
#include <time.h>

size_t clile_i_conv_aligned(size_t bytes)
{
    enum { ALIGNMENT = 64 };
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* ---- where the arrays are -------------------------------------------------------------------- */

static void free_memories(dnnl_memory_t **memories, int64_t count)
{
    for (int64_t i = 0; *memories != NULL && i < count; ++i)
        if ((*memories)[i] != NULL) dnnl_memory_destroy((*memories)[i]);
    clile_i_free(*memories);
    *memories = NULL;
}

void clile_i_conv_unbind(clile_i_conv *conv)
{
    for (int i = 0; i < 3; ++i) {
        clile_i_conv_pass *p = &conv->passes[i];
        for (int k = 0; k < CLILE_I_CONV_OPERANDS; ++k) {
            free_memories(&p->operands[k].outer_memory, conv->parts);
            free_memories(&p->operands[k].inner_memory, conv->slots);
        }
        free_memories(&p->bias_memory, conv->parts);
        free_memories(&p->scratchpad_memory, conv->slots);
        p->bound = 0;
    }
}

/* `count` memories of one layout: the first at `first`, each `step` bytes after the one before. */
static clile_status make_memories(const clile_i_conv *conv, clile_i_md_view md, void *first,
                                  size_t step, int64_t count, dnnl_memory_t **out)
{
    clile_status status = CLILE_OK;
    CLILE_I_ALLOC(*out, count);
    for (int64_t i = 0; i < count; ++i)
        CLILE_I_DNNL(
            dnnl_memory_create(&(*out)[i], md, conv->engine, (uint8_t *)first + (size_t)i * step));
cleanup:
    return status;
}

static float *array_of(int arg, const clile_i_conv *conv, const clile_i_conv_buffers *b)
{
    switch (arg) {
        case DNNL_ARG_SRC: return conv->gathers ? conv->gathered : b->src;
        case DNNL_ARG_WEIGHTS: return b->weights;
        case DNNL_ARG_DST: return b->dst;
        case DNNL_ARG_DIFF_DST: return b->diff_dst;
        case DNNL_ARG_DIFF_WEIGHTS: return b->diff_weights;
        default: return b->diff_src;
    }
}

/* Bytes from one part's share of an array to the next: 0 where all parts read the same. */
static size_t step_of(const clile_i_conv *conv, const clile_i_conv_operand *o)
{
    const int is_weights = o->arg == DNNL_ARG_WEIGHTS;
    if (conv->split == CLILE_I_SPLIT_IMAGES && is_weights) return 0;
    if (conv->split == CLILE_I_SPLIT_OUTPUTS && o->arg == DNNL_ARG_SRC) return 0;
    return dnnl_memory_desc_get_size(o->outer);
}

/* The parts' gradients of the weights: the first is the caller's array, the others are partial. */
static clile_status bind_diff_weights(clile_i_conv *conv, clile_i_conv_operand *o,
                                      const clile_i_conv_buffers *b)
{
    clile_status status = CLILE_OK;
    conv->diff_weights = b->diff_weights;
    conv->partial = (float *)(void *)((uint8_t *)b->scratch + conv->gathered_bytes +
                                      (size_t)conv->slots * conv->slot_bytes);
    CLILE_I_ALLOC(o->outer_memory, conv->parts);
    for (int64_t i = 0; i < conv->parts; ++i) {
        uint8_t *rest =
            (uint8_t *)conv->partial + (size_t)(i - 1) * clile_i_conv_aligned(conv->weights_bytes);
        CLILE_I_DNNL(dnnl_memory_create(&o->outer_memory[i], o->outer, conv->engine,
                                        i == 0 ? (void *)b->diff_weights : rest));
    }
cleanup:
    return status;
}

static clile_status bind_operand(clile_i_conv *conv, clile_i_conv_operand *o,
                                 const clile_i_conv_buffers *b, uint8_t *slots)
{
    float *array = array_of(o->arg, conv, b);
    if (array == NULL)
        return clile_i_fail(CLILE_E_INTERNAL,
                            "convolution: expected an array for argument %d, found none", o->arg);
    if (o->arg == DNNL_ARG_DIFF_WEIGHTS)
        CLILE_I_RETURN_IF(bind_diff_weights(conv, o, b));
    else
        CLILE_I_RETURN_IF(
            make_memories(conv, o->outer, array, step_of(conv, o), conv->parts, &o->outer_memory));
    if (o->inner == NULL) return CLILE_OK;
    return make_memories(conv, o->inner, slots + o->offset, conv->slot_bytes, conv->slots,
                         &o->inner_memory);
}

static clile_status bind_pass(clile_i_conv *conv, clile_i_conv_pass *p,
                              const clile_i_conv_buffers *b)
{
    uint8_t *slots = (uint8_t *)b->scratch + conv->gathered_bytes;
    for (int k = 0; k < CLILE_I_CONV_OPERANDS; ++k)
        CLILE_I_RETURN_IF(bind_operand(conv, &p->operands[k], b, slots));
    if (p == &conv->passes[CLILE_I_PASS_FORWARD] && conv->options.bias)
        CLILE_I_RETURN_IF(make_memories(
            conv, conv->bias, b->bias,
            conv->split == CLILE_I_SPLIT_OUTPUTS ? (size_t)conv->shape.oc * sizeof(float) : 0,
            conv->parts, &p->bias_memory));
    if (p->scratchpad_bytes > 0)
        CLILE_I_RETURN_IF(
            make_memories(conv, dnnl_primitive_desc_query_md(p->pd, dnnl_query_scratchpad_md, 0),
                          slots, conv->slot_bytes, conv->slots, &p->scratchpad_memory));
    p->bound = 1;
    return CLILE_OK;
}

/* In arrays of one block of channels, rows follow each other. */
static clile_status bind_pieces(const clile_i_conv *conv, const clile_i_conv_buffers *b)
{
    const clile_i_conv_shape *s = &conv->shape;
    const clile_i_dnn_layout src = clile_i_dnn_layout_make(conv->options.src, 1, s->ic, 1, s->iw),
                             dst = clile_i_dnn_layout_make(conv->options.dst, 1, s->oc, 1,
                                                           clile_i_conv_ow(s));
    const size_t src_row = (size_t)(src.w * src.block) * (conv->options.src_bf16 ? 2 : 4),
                 dst_row = (size_t)(dst.w * dst.block) * (conv->options.dst_bf16 ? 2 : 4);
    uint8_t *scratch = b->scratch;
    for (int64_t i = 0; i < conv->parts; ++i) {
        clile_i_conv *piece = conv->pieces[i];
        clile_i_conv_buffers own = *b;
        own.src = (float *)(void *)((uint8_t *)b->src + (size_t)piece->rows.src_begin * src_row);
        own.dst = (float *)(void *)((uint8_t *)b->dst + (size_t)piece->rows.begin * dst_row);
        own.scratch = scratch;
        scratch += clile_i_conv_aligned(piece->scratch_bytes);
        CLILE_I_RETURN_IF(clile_i_conv_bind(piece, &own));
    }
    return CLILE_OK;
}

clile_status clile_i_conv_bind(clile_i_conv *conv, const clile_i_conv_buffers *buffers)
{
    if (conv->pieces != NULL) return bind_pieces(conv, buffers);
    clile_i_conv_unbind(conv);
    conv->image = buffers->src;
    if (conv->gathers) conv->gathered = buffers->scratch;
    for (int i = 0; i < 3; ++i)
        if (conv->passes[i].used) CLILE_I_RETURN_IF(bind_pass(conv, &conv->passes[i], buffers));
    return CLILE_OK;
}

/* ---- execution ------------------------------------------------------------------------------- */

typedef struct {
    const clile_i_conv *conv;
    clile_i_pass pass;
    int alone;              /* without reorders */
    _Atomic int32_t failed; /* a dnnl_status_t */
} part_job;

static dnnl_status_t reorder(dnnl_primitive_t primitive, dnnl_stream_t stream, dnnl_memory_t from,
                             dnnl_memory_t to)
{
    const dnnl_exec_arg_t args[2] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    return dnnl_primitive_execute(primitive, stream, 2, args);
}

static dnnl_status_t execute(const clile_i_conv *conv, const part_job *job, int64_t part,
                             int32_t slot)
{
    const clile_i_conv_pass *p = &conv->passes[job->pass];
    const dnnl_stream_t stream = conv->streams[slot];
    dnnl_exec_arg_t args[CLILE_I_CONV_OPERANDS + 2]; /* and bias, scratchpad */
    int32_t nargs = 0;
    dnnl_status_t status = dnnl_success;
    for (int k = 0; k < CLILE_I_CONV_OPERANDS && status == dnnl_success; ++k) {
        const clile_i_conv_operand *o = &p->operands[k];
        args[nargs++] = (dnnl_exec_arg_t){o->arg, o->inner != NULL ? o->inner_memory[slot]
                                                                   : o->outer_memory[part]};
        if (o->reorder_in != NULL && !job->alone)
            status = reorder(o->reorder_in, stream, o->outer_memory[part], o->inner_memory[slot]);
    }
    if (p->bias_memory != NULL)
        args[nargs++] = (dnnl_exec_arg_t){DNNL_ARG_BIAS, p->bias_memory[part]};
    if (p->scratchpad_memory != NULL)
        args[nargs++] = (dnnl_exec_arg_t){DNNL_ARG_SCRATCHPAD, p->scratchpad_memory[slot]};
    if (status == dnnl_success) status = dnnl_primitive_execute(p->primitive, stream, nargs, args);
    for (int k = 0; k < CLILE_I_CONV_OPERANDS && status == dnnl_success; ++k) {
        const clile_i_conv_operand *o = &p->operands[k];
        if (o->reorder_out != NULL && !job->alone)
            status = reorder(o->reorder_out, stream, o->inner_memory[slot], o->outer_memory[part]);
    }
    return status == dnnl_success ? dnnl_stream_wait(stream) : status;
}

static void run_part(int64_t part, int32_t slot, void *context)
{
    part_job *job = context;
    const dnnl_status_t status = job->conv->pieces != NULL
                                     ? execute(job->conv->pieces[part], job, 0, 0)
                                     : execute(job->conv, job, part, slot);
    if (status != dnnl_success) job->failed = (int32_t)status;
}

/* diff_weights += the other parts' gradients, in their order. */
static void sum_partial(int64_t begin, int64_t end, void *context)
{
    const clile_i_conv *conv = context;
    const size_t step = clile_i_conv_aligned(conv->weights_bytes) / sizeof(float);
    for (int64_t part = 1; part < conv->parts; ++part) {
        const float *restrict more = conv->partial + (size_t)(part - 1) * step;
        float *restrict sum = conv->diff_weights;
        for (int64_t i = begin; i < end; ++i) sum[i] += more[i];
    }
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double clile_i_conv_take_seconds(clile_i_conv *conv)
{
    const double seconds = conv->seconds;
    conv->seconds = 0.0;
    return seconds;
}

static clile_status run(clile_i_conv *conv, clile_i_pass pass, int alone)
{
    enum { GRAIN = 16384 };
    part_job job = {conv, pass, alone, dnnl_success};
    const clile_i_conv *first = conv->pieces != NULL ? conv->pieces[0] : conv;
    if (!first->passes[pass].bound)
        return clile_i_fail(CLILE_E_INTERNAL, "convolution: pass %d was not prepared", (int)pass);
    const double begin = now();
    if (conv->gathers && !alone)
        clile_i_patches_gather(&conv->patches, conv->image, conv->gathered);
    const int32_t team = clile_i_threads_get();
    if (conv->split != CLILE_I_SPLIT_ONEDNN && team > conv->slots) clile_i_threads_set(conv->slots);
    clile_i_parallel_parts(conv->parts, run_part, &job);
    clile_i_threads_set(team);
    if (pass == CLILE_I_PASS_BACKWARD_WEIGHTS && conv->parts > 1)
        clile_i_parallel_for((int64_t)(conv->weights_bytes / sizeof(float)), GRAIN, sum_partial,
                             conv);
    conv->seconds += now() - begin;
    return clile_i_dnnl_check((dnnl_status_t)job.failed, "dnnl_primitive_execute");
}

clile_status clile_i_conv_forward(clile_i_conv *conv)
{
    return run(conv, CLILE_I_PASS_FORWARD, 0);
}

clile_status clile_i_conv_backward_weights(clile_i_conv *conv)
{
    return run(conv, CLILE_I_PASS_BACKWARD_WEIGHTS, 0);
}

clile_status clile_i_conv_backward_data(clile_i_conv *conv)
{
    return run(conv, CLILE_I_PASS_BACKWARD_DATA, 0);
}

int clile_i_conv_has_pass(const clile_i_conv *conv, clile_i_pass pass)
{
    return conv->passes[pass].used;
}

clile_status clile_i_conv_run_alone(clile_i_conv *conv, clile_i_pass pass)
{
    return run(conv, pass, 1);
}

/* ---- weights --------------------------------------------------------------------------------- */

static clile_status convert_weights(const clile_i_conv *conv, dnnl_primitive_t primitive,
                                    clile_i_md_view from_md, const float *from,
                                    clile_i_md_view to_md, float *to)
{
    clile_status status = CLILE_OK;
    dnnl_memory_t from_memory = NULL, to_memory = NULL;
    /* oneDNN has no const arrays in its interface, but only reads this one (2.x clears the padding,
     * which is already zero). */
    CLILE_I_DNNL(dnnl_memory_create(&from_memory, from_md, conv->engine, (void *)(uintptr_t)from));
    CLILE_I_DNNL(dnnl_memory_create(&to_memory, to_md, conv->engine, to));
    CLILE_I_DNNL(reorder(primitive, conv->streams[0], from_memory, to_memory));
    CLILE_I_DNNL(dnnl_stream_wait(conv->streams[0]));
cleanup:
    if (from_memory != NULL) dnnl_memory_destroy(from_memory);
    if (to_memory != NULL) dnnl_memory_destroy(to_memory);
    return status;
}

/* With parts of the output channels, each part's weights are packed on their own. */
clile_status clile_i_conv_weights_from_plain(const clile_i_conv *conv, const float *plain,
                                             float *blocked)
{
    if (conv->pieces != NULL)
        return clile_i_conv_weights_from_plain(conv->pieces[0], plain, blocked);
    clile_status status = CLILE_OK;
    float *gathered = NULL;
    const int64_t packs = conv->split == CLILE_I_SPLIT_OUTPUTS ? conv->parts : 1;
    const int64_t each = conv->shape.oc * conv->shape.ic * conv->shape.kh * conv->shape.kw;
    if (conv->options.bf16 || conv->weights_bytes > dnnl_memory_desc_get_size(conv->plain_weights))
        memset(blocked, 0, (size_t)packs * conv->weights_bytes);
    if (conv->gathers) {
        CLILE_I_ALLOC(gathered, packs * each);
        clile_i_patches_weights(&conv->patches, plain, gathered);
        plain = gathered;
    }
    for (int64_t i = 0; i < packs; ++i)
        CLILE_I_TRY(convert_weights(conv, conv->weights_in, conv->plain_weights, plain + i * each,
                                    conv->weights,
                                    blocked + (size_t)i * (conv->weights_bytes / sizeof(float))));
cleanup:
    clile_i_free(gathered);
    return status;
}

clile_status clile_i_conv_weights_to_plain(const clile_i_conv *conv, const float *blocked,
                                           float *plain)
{
    return convert_weights(conv, conv->weights_out, conv->weights, blocked, conv->plain_weights,
                           plain);
}

clile_status clile_i_conv_weights_layout(const clile_i_conv *conv, clile_i_weights_layout **out)
{
    return clile_i_weights_layout_of(
        conv->pieces != NULL ? conv->pieces[0]->weights : conv->weights, out);
}
