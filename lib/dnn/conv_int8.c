/* Convolution in integers, forward only (the formula is in dnn.h): one oneDNN primitive over
 * NHWC arrays, u8 x s8 with sums in 32 bits, requantised on the way out.
 *
 * On x86 without VNNI oneDNN multiplies with vpmaddubsw. It adds two products in 16 bits and
 * saturates. With activations of 0..128 the sum of two is at most 2 * 128 * 127 = 32512, which
 * fits. */
#include "dnn/onednn.h"

#include <string.h>

enum { MOST_ARGS = 6 };

struct clile_i_qconv {
    clile_i_conv_shape shape;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t primitive;
    clile_i_md plain_weights, bias_md;
    float *scale, *bias; /* [oc] */
    size_t scratchpad_bytes;
    dnnl_memory_t memory[MOST_ARGS];
    dnnl_exec_arg_t args[MOST_ARGS];
    int32_t nargs;
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

static clile_status make_pd(clile_i_qconv *conv, const clile_i_qconv_options *options)
{
    clile_status status = CLILE_OK;
    const clile_i_conv_shape *s = &conv->shape;
    const int64_t src[4] = {s->n, s->ic, s->ih, s->iw}, weights[4] = {s->oc, s->ic, s->kh, s->kw};
    const int64_t dst[4] = {s->n, s->oc, clile_i_conv_oh(s), clile_i_conv_ow(s)};
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
    CLILE_I_TRY(clile_i_md_make_typed(4, weights, dnnl_s8, dnnl_oihw, &conv->plain_weights));
    CLILE_I_TRY(clile_i_md_make(1, &s->oc, dnnl_x, &conv->bias_md));
    clile_i_conv_set_window(s, &r);
    r.src = d.src;
    r.weights = d.weights;
    r.dst = d.dst;
    r.bias = conv->bias_md;
    CLILE_I_DNNL(clile_i_conv_pd_create(conv->engine, &r, &conv->pd));
    CLILE_I_TRY(clile_i_primitive_make(conv->pd, &conv->primitive));
    conv->scratchpad_bytes = dnnl_memory_desc_get_size(
        dnnl_primitive_desc_query_md(conv->pd, dnnl_query_scratchpad_md, 0));
cleanup:
    free_descriptors(&d);
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
    CLILE_I_TRY(clile_i_engine_make(&conv->engine, &conv->stream));
    CLILE_I_TRY(make_pd(conv, options));
    *out = conv;
    conv = NULL;
cleanup:
    clile_i_qconv_destroy(conv);
    return status;
}

static void unbind(clile_i_qconv *conv)
{
    for (int i = 0; i < MOST_ARGS; ++i) {
        if (conv->memory[i] != NULL) dnnl_memory_destroy(conv->memory[i]);
        conv->memory[i] = NULL;
    }
    conv->nargs = 0;
}

void clile_i_qconv_destroy(clile_i_qconv *conv)
{
    if (conv == NULL) return;
    unbind(conv);
    if (conv->primitive != NULL) dnnl_primitive_destroy(conv->primitive);
    if (conv->pd != NULL) dnnl_primitive_desc_destroy(conv->pd);
    clile_i_md_free(conv->plain_weights);
    clile_i_md_free(conv->bias_md);
    if (conv->stream != NULL) dnnl_stream_destroy(conv->stream);
    if (conv->engine != NULL) dnnl_engine_destroy(conv->engine);
    clile_i_free(conv->scale);
    clile_i_free(conv->bias);
    clile_i_free(conv);
}

static clile_i_md_view weights_md(const clile_i_qconv *conv)
{
    return dnnl_primitive_desc_query_md(conv->pd, dnnl_query_weights_md, 0);
}

size_t clile_i_qconv_weights_bytes(const clile_i_qconv *conv)
{
    return dnnl_memory_desc_get_size(weights_md(conv));
}

size_t clile_i_qconv_scratch_bytes(const clile_i_qconv *conv)
{
    return conv->scratchpad_bytes;
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
    CLILE_I_DNNL(dnnl_primitive_execute(reorder, conv->stream, 2, args));
    CLILE_I_DNNL(dnnl_stream_wait(conv->stream));
cleanup:
    if (from != NULL) dnnl_memory_destroy(from);
    if (to != NULL) dnnl_memory_destroy(to);
    if (reorder != NULL) dnnl_primitive_destroy(reorder);
    return status;
}

static clile_status add_argument(clile_i_qconv *conv, int arg, clile_i_md_view md,
                                 const void *array)
{
    clile_status status = CLILE_OK;
    dnnl_memory_t *memory = &conv->memory[conv->nargs];
    /* oneDNN has no const arrays in its interface, but only reads the arrays that are const
     * here. */
    CLILE_I_DNNL(dnnl_memory_create(memory, md, conv->engine, (void *)(uintptr_t)array));
    conv->args[conv->nargs++] = (dnnl_exec_arg_t){arg, *memory};
cleanup:
    return status;
}

clile_status clile_i_qconv_bind(clile_i_qconv *conv, const uint8_t *src, const void *weights,
                                void *dst, void *scratch)
{
    unbind(conv);
    clile_i_md_view src_md = dnnl_primitive_desc_query_md(conv->pd, dnnl_query_src_md, 0);
    clile_i_md_view dst_md = dnnl_primitive_desc_query_md(conv->pd, dnnl_query_dst_md, 0);
    CLILE_I_RETURN_IF(add_argument(conv, DNNL_ARG_SRC, src_md, src));
    CLILE_I_RETURN_IF(add_argument(conv, DNNL_ARG_WEIGHTS, weights_md(conv), weights));
    CLILE_I_RETURN_IF(add_argument(conv, DNNL_ARG_BIAS, conv->bias_md, conv->bias));
    CLILE_I_RETURN_IF(add_argument(conv, DNNL_ARG_DST, dst_md, dst));
    if (clile_i_scale_argument() != 0)
        CLILE_I_RETURN_IF(add_argument(conv, clile_i_scale_argument(), conv->bias_md, conv->scale));
    if (conv->scratchpad_bytes > 0)
        CLILE_I_RETURN_IF(add_argument(
            conv, DNNL_ARG_SCRATCHPAD,
            dnnl_primitive_desc_query_md(conv->pd, dnnl_query_scratchpad_md, 0), scratch));
    return CLILE_OK;
}

clile_status clile_i_qconv_forward(clile_i_qconv *conv)
{
    clile_status status = CLILE_OK;
    if (conv->nargs == 0)
        return clile_i_fail(CLILE_E_INTERNAL, "int8 convolution: no arrays were bound");
    CLILE_I_DNNL(dnnl_primitive_execute(conv->primitive, conv->stream, conv->nargs, conv->args));
    CLILE_I_DNNL(dnnl_stream_wait(conv->stream));
cleanup:
    return status;
}

void clile_i_qconv_describe(const clile_i_qconv *conv, char *text, size_t size)
{
    const char *name = NULL;
    dnnl_primitive_desc_query(conv->pd, dnnl_query_impl_info_str, 0, (void *)&name);
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
