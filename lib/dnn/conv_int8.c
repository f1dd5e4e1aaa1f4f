/* Convolution in integers, forward only (the formula is in dnn.h): oneDNN primitives over NHWC
 * arrays, u8 x s8 with sums in 32 bits, requantised on the way out. A team shares out the images,
 * or the rows of one image: both follow each other in NHWC.
 *
 * On x86 without VNNI oneDNN multiplies with vpmaddubsw. It adds two products in 16 bits and
 * saturates. With activations of 0..128 the sum of two is at most 2 * 128 * 127 = 32512, which
 * fits. */
#include "dnn/onednn.h"

#include <string.h>

enum { MOST_ARGS = 6 };

typedef struct {
    int64_t begin, end; /* images */
    clile_i_conv_rows rows;
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t primitive;
    dnnl_stream_t stream;
    dnnl_memory_t memory[MOST_ARGS];
    dnnl_exec_arg_t args[MOST_ARGS];
    int32_t nargs;
} qpart;

struct clile_i_qconv {
    clile_i_conv_shape shape;
    dnnl_engine_t engine;
    clile_i_md plain_weights, bias_md;
    float *scale, *bias; /* [oc] */
    qpart *parts;
    int64_t part_count;
    size_t scratchpad_bytes; /* of a part */
};

typedef struct {
    clile_i_md src, weights, dst;
} descriptors;

static void free_descriptors(descriptors *d)
{
    clile_i_md_free(d->src);
    clile_i_md_free(d->weights);
    clile_i_md_free(d->dst);
}

/* ---- creation -------------------------------------------------------------------------------- */

/* How many parts: one for each thread; 1 where oneDNN has to share it out. */
static int64_t count_parts(const clile_i_conv_shape *s, int64_t team)
{
    if (s->n >= team) return team;
    /* each row of dst reads some of src */
    return s->n == 1 && clile_i_conv_oh(s) >= team && s->pad < s->kh ? team : 1;
}

static clile_status make_part(clile_i_qconv *conv, const clile_i_qconv_options *options,
                              clile_i_md_view known_weights, qpart *part)
{
    clile_status status = CLILE_OK;
    const clile_i_conv_shape *s = &conv->shape;
    const clile_i_conv_rows *rows = &part->rows;
    const int64_t n = part->end - part->begin;
    const int64_t src[4] = {n, s->ic, rows->src_end - rows->src_begin, s->iw},
                  weights[4] = {s->oc, s->ic, s->kh, s->kw},
                  dst[4] = {n, s->oc, rows->end - rows->begin, clile_i_conv_ow(s)};
    descriptors d = {0};
    clile_i_conv_request r = {.pass = CLILE_I_PASS_FORWARD,
                              .sum = options->sum,
                              .relu = options->relu,
                              .scale_count = s->oc,
                              .scale = conv->scale,
                              .sum_scale = options->sum_scale,
                              .sum_type = options->sum_signed ? dnnl_s8 : dnnl_u8};
    CLILE_I_TRY(clile_i_md_make_typed(4, src, dnnl_u8, dnnl_nhwc, &d.src));
    CLILE_I_TRY(clile_i_md_make_typed(4, weights, dnnl_s8, dnnl_format_tag_any, &d.weights));
    CLILE_I_TRY(
        clile_i_md_make_typed(4, dst, options->dst_signed ? dnnl_s8 : dnnl_u8, dnnl_nhwc, &d.dst));
    clile_i_conv_set_window(s, rows, &r);
    r.src = d.src;
    r.weights = known_weights != NULL ? known_weights : d.weights;
    r.dst = d.dst;
    r.bias = conv->bias_md;
    CLILE_I_DNNL(clile_i_conv_pd_create(conv->engine, &r, &part->pd));
    CLILE_I_TRY(clile_i_primitive_make(part->pd, &part->primitive));
    CLILE_I_DNNL(dnnl_stream_create(&part->stream, conv->engine, dnnl_stream_default_flags));
    const size_t bytes = dnnl_memory_desc_get_size(
        dnnl_primitive_desc_query_md(part->pd, dnnl_query_scratchpad_md, 0));
    if (bytes > conv->scratchpad_bytes) conv->scratchpad_bytes = bytes;
cleanup:
    free_descriptors(&d);
    return status;
}

static clile_i_md_view weights_md(const clile_i_qconv *conv)
{
    return dnnl_primitive_desc_query_md(conv->parts[0].pd, dnnl_query_weights_md, 0);
}

/* All parts read the weights in the layout that the first one chose. */
static clile_status make_parts(clile_i_qconv *conv, const clile_i_qconv_options *options)
{
    clile_status status = CLILE_OK;
    const clile_i_conv_shape *s = &conv->shape;
    const int64_t weights[4] = {s->oc, s->ic, s->kh, s->kw};
    const int32_t team = clile_i_threads_get();
    conv->part_count = count_parts(s, team);
    CLILE_I_ALLOC(conv->parts, conv->part_count);
    CLILE_I_TRY(clile_i_md_make_typed(4, weights, dnnl_s8, dnnl_oihw, &conv->plain_weights));
    CLILE_I_TRY(clile_i_md_make(1, &s->oc, dnnl_x, &conv->bias_md));
    if (conv->part_count > 1) clile_i_threads_set(1);
    for (int64_t i = 0; i < conv->part_count && status == CLILE_OK; ++i) {
        qpart *part = &conv->parts[i];
        const int of_images = s->n > 1;
        part->begin = of_images ? s->n * i / conv->part_count : 0;
        part->end = of_images ? s->n * (i + 1) / conv->part_count : 1;
        part->rows = clile_i_conv_rows_of(s, of_images ? 0 : i, of_images ? 1 : conv->part_count);
        status = make_part(conv, options, i > 0 ? weights_md(conv) : NULL, part);
    }
    clile_i_threads_set(team);
cleanup:
    return status;
}

clile_status clile_i_qconv_create(const clile_i_conv_shape *shape,
                                  const clile_i_qconv_options *options, clile_i_qconv **out)
{
    clile_status status = CLILE_OK;
    clile_i_qconv *conv = NULL;
    CLILE_I_TRY(clile_i_conv_check(shape));
    CLILE_I_ALLOC(conv, 1);
    conv->shape = *shape;
    CLILE_I_ALLOC(conv->scale, shape->oc);
    CLILE_I_ALLOC(conv->bias, shape->oc);
    for (int64_t o = 0; o < shape->oc; ++o) {
        conv->scale[o] = options->scale[o];
        conv->bias[o] =
            clile_i_scale_covers_bias() ? options->bias[o] / options->scale[o] : options->bias[o];
    }
    CLILE_I_DNNL(dnnl_engine_create(&conv->engine, dnnl_cpu, 0));
    CLILE_I_TRY(make_parts(conv, options));
    *out = conv;
    conv = NULL;
cleanup:
    clile_i_qconv_destroy(conv);
    return status;
}

static void unbind(qpart *part)
{
    for (int i = 0; i < MOST_ARGS; ++i) {
        if (part->memory[i] != NULL) dnnl_memory_destroy(part->memory[i]);
        part->memory[i] = NULL;
    }
    part->nargs = 0;
}

void clile_i_qconv_destroy(clile_i_qconv *conv)
{
    if (conv == NULL) return;
    for (int64_t i = 0; conv->parts != NULL && i < conv->part_count; ++i) {
        qpart *part = &conv->parts[i];
        unbind(part);
        if (part->primitive != NULL) dnnl_primitive_destroy(part->primitive);
        if (part->pd != NULL) dnnl_primitive_desc_destroy(part->pd);
        if (part->stream != NULL) dnnl_stream_destroy(part->stream);
    }
    clile_i_md_free(conv->plain_weights);
    clile_i_md_free(conv->bias_md);
    if (conv->engine != NULL) dnnl_engine_destroy(conv->engine);
    clile_i_free(conv->parts);
    clile_i_free(conv->scale);
    clile_i_free(conv->bias);
    clile_i_free(conv);
}

size_t clile_i_qconv_weights_bytes(const clile_i_qconv *conv)
{
    return dnnl_memory_desc_get_size(weights_md(conv));
}

static size_t scratch_step(const clile_i_qconv *conv)
{
    enum { ALIGNMENT = 64 };
    return (conv->scratchpad_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

size_t clile_i_qconv_scratch_bytes(const clile_i_qconv *conv)
{
    return (size_t)conv->part_count * scratch_step(conv);
}

clile_status clile_i_qconv_weights_layout(const clile_i_qconv *conv, clile_i_weights_layout **out)
{
    return clile_i_weights_layout_of(weights_md(conv), out);
}

clile_status clile_i_qconv_pack_weights(const clile_i_qconv *conv, const int8_t *plain,
                                        void *packed)
{
    clile_status status = CLILE_OK;
    dnnl_primitive_t reorder = NULL;
    dnnl_memory_t from = NULL, to = NULL;
    memset(packed, 0, clile_i_qconv_weights_bytes(conv));
    CLILE_I_TRY(
        clile_i_reorder_make(conv->engine, conv->plain_weights, weights_md(conv), &reorder));
    CLILE_I_DNNL(
        /* only read */
        dnnl_memory_create(&from, conv->plain_weights, conv->engine, (void *)(uintptr_t)plain));
    CLILE_I_DNNL(dnnl_memory_create(&to, weights_md(conv), conv->engine, packed));
    const dnnl_exec_arg_t args[2] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    CLILE_I_DNNL(dnnl_primitive_execute(reorder, conv->parts[0].stream, 2, args));
    CLILE_I_DNNL(dnnl_stream_wait(conv->parts[0].stream));
cleanup:
    if (from != NULL) dnnl_memory_destroy(from);
    if (to != NULL) dnnl_memory_destroy(to);
    if (reorder != NULL) dnnl_primitive_destroy(reorder);
    return status;
}

static clile_status add_argument(const clile_i_qconv *conv, qpart *part, int arg,
                                 clile_i_md_view md, const void *array)
{
    clile_status status = CLILE_OK;
    dnnl_memory_t *memory = &part->memory[part->nargs];
    /* oneDNN has no const arrays in its interface, but only reads the arrays that are const
     * here. */
    CLILE_I_DNNL(dnnl_memory_create(memory, md, conv->engine, (void *)(uintptr_t)array));
    part->args[part->nargs++] = (dnnl_exec_arg_t){arg, *memory};
cleanup:
    return status;
}

static clile_status bind_part(clile_i_qconv *conv, qpart *part, const uint8_t *src,
                              const void *weights, uint8_t *dst, void *scratch)
{
    const clile_i_conv_shape *s = &conv->shape;
    const clile_i_conv_rows *rows = &part->rows;
    const int64_t src_row = s->iw * s->ic, dst_row = clile_i_conv_ow(s) * s->oc;
    clile_i_md_view src_md = dnnl_primitive_desc_query_md(part->pd, dnnl_query_src_md, 0);
    clile_i_md_view dst_md = dnnl_primitive_desc_query_md(part->pd, dnnl_query_dst_md, 0);
    clile_i_md_view pad_md = dnnl_primitive_desc_query_md(part->pd, dnnl_query_scratchpad_md, 0);
    unbind(part);
    CLILE_I_RETURN_IF(add_argument(conv, part, DNNL_ARG_SRC, src_md,
                                   src + (part->begin * s->ih + rows->src_begin) * src_row));
    CLILE_I_RETURN_IF(add_argument(conv, part, DNNL_ARG_WEIGHTS, weights_md(conv), weights));
    CLILE_I_RETURN_IF(add_argument(conv, part, DNNL_ARG_BIAS, conv->bias_md, conv->bias));
    CLILE_I_RETURN_IF(
        add_argument(conv, part, DNNL_ARG_DST, dst_md,
                     dst + (part->begin * clile_i_conv_oh(s) + rows->begin) * dst_row));
    if (clile_i_scale_argument() != 0)
        CLILE_I_RETURN_IF(
            add_argument(conv, part, clile_i_scale_argument(), conv->bias_md, conv->scale));
    if (dnnl_memory_desc_get_size(pad_md) > 0)
        CLILE_I_RETURN_IF(add_argument(conv, part, DNNL_ARG_SCRATCHPAD, pad_md, scratch));
    return CLILE_OK;
}

clile_status clile_i_qconv_bind(clile_i_qconv *conv, const uint8_t *src, const void *weights,
                                void *dst, void *scratch)
{
    for (int64_t i = 0; i < conv->part_count; ++i)
        CLILE_I_RETURN_IF(bind_part(conv, &conv->parts[i], src, weights, dst,
                                    (uint8_t *)scratch + (size_t)i * scratch_step(conv)));
    return CLILE_OK;
}

typedef struct {
    const clile_i_qconv *conv;
    _Atomic int32_t failed; /* a dnnl_status_t */
} forward_job;

static void run_part(int64_t i, int32_t slot, void *context)
{
    forward_job *job = context;
    const qpart *part = &job->conv->parts[i];
    (void)slot;
    dnnl_status_t status =
        dnnl_primitive_execute(part->primitive, part->stream, part->nargs, part->args);
    if (status == dnnl_success) status = dnnl_stream_wait(part->stream);
    if (status != dnnl_success) job->failed = (int32_t)status;
}

clile_status clile_i_qconv_forward(clile_i_qconv *conv)
{
    forward_job job = {conv, dnnl_success};
    if (conv->parts[0].nargs == 0)
        return clile_i_fail(CLILE_E_INTERNAL, "int8 convolution: no arrays were bound");
    clile_i_parallel_parts(conv->part_count, run_part, &job);
    return clile_i_dnnl_check((dnnl_status_t)job.failed, "dnnl_primitive_execute");
}

void clile_i_qconv_describe(const clile_i_qconv *conv, char *text, size_t size)
{
    const char *name = NULL;
    dnnl_primitive_desc_query(conv->parts[0].pd, dnnl_query_impl_info_str, 0, (void *)&name);
    snprintf(text, size, "%s", name == NULL ? "?" : name);
}

int clile_i_qconv_is_exact(void)
{
#if defined(__x86_64__) || defined(__i386__)
    /* The feature bits that VNNI adds to each family. */
    const unsigned vnni512 =
        (unsigned)dnnl_cpu_isa_avx512_core_vnni & ~(unsigned)dnnl_cpu_isa_avx512_core;
    const unsigned vnni256 = (unsigned)dnnl_cpu_isa_avx2_vnni & ~(unsigned)dnnl_cpu_isa_avx2;
    const unsigned isa = (unsigned)dnnl_get_effective_cpu_isa();
    return (isa & vnni512) == vnni512 || (isa & vnni256) == vnni256;
#else
    return 1;
#endif
}
