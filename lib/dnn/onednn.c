#include "dnn/onednn.h"

#include <string.h>

clile_status clile_i_dnnl_check(dnnl_status_t status, const char *call)
{
    if (status == dnnl_success) return CLILE_OK;
    if (status == dnnl_out_of_memory)
        return clile_i_fail(CLILE_E_OUT_OF_MEMORY, "oneDNN is out of memory in %s", call);
    return clile_i_fail(CLILE_E_BACKEND, "oneDNN %s: status %d from %s", clile_i_dnn_version(),
                        (int)status, call);
}

const char *clile_i_dnn_version(void)
{
    /* "major.minor.patch" of the loaded library, which may differ from the header's. Written once
     * per thread. */
    static _Thread_local char text[40];
    const dnnl_version_t *version = dnnl_version();
    snprintf(text, sizeof text, "%d.%d.%d", version->major, version->minor, version->patch);
    return text;
}

int clile_i_dnn_vector_floats(void)
{
#if defined(__x86_64__) || defined(__i386__)
    const unsigned avx512 = (unsigned)dnnl_cpu_isa_avx512_core & ~(unsigned)dnnl_cpu_isa_avx2;
    return ((unsigned)dnnl_get_effective_cpu_isa() & avx512) == avx512 ? 16 : 8;
#else
    return 8;
#endif
}

clile_status clile_i_md_make(int32_t ndims, const int64_t *dims, dnnl_format_tag_t tag,
                             clile_i_md *out)
{
    return clile_i_md_make_typed(ndims, dims, dnnl_f32, tag, out);
}

clile_status clile_i_engine_make(dnnl_engine_t *engine, dnnl_stream_t *stream)
{
    clile_status status = CLILE_OK;
    CLILE_I_DNNL(dnnl_engine_create(engine, dnnl_cpu, 0));
    CLILE_I_DNNL(dnnl_stream_create(stream, *engine, dnnl_stream_default_flags));
cleanup:
    return status;
}

int clile_i_pd_rank(clile_i_pd_view pd)
{
    const char *name = NULL;
    if (dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, (void *)&name) != dnnl_success ||
        name == NULL)
        return 0;
    if (strstr(name, "ref") != NULL) return 0;
    return strstr(name, "gemm") != NULL && strstr(name, "brg") == NULL ? 1 : 2;
}

void clile_i_conv_set_window(const clile_i_conv_shape *s, const clile_i_conv_rows *rows,
                             clile_i_conv_request *r)
{
    r->stride = s->stride;
    r->pad_low_h = rows->src_begin - (rows->begin * s->stride - s->pad);
    r->pad_low_w = s->pad;
    /* Negative padding at the far end drops what the last window does not reach. */
    r->pad_high_h = (rows->end - 1) * s->stride - s->pad + s->kh - rows->src_end;
    r->pad_high_w = (clile_i_conv_ow(s) - 1) * s->stride + s->kw - s->iw - s->pad;
}

clile_status clile_i_primitive_make(clile_i_pd_view pd, dnnl_primitive_t *out)
{
    clile_i_hold_fork();
    const dnnl_status_t made = dnnl_primitive_create(out, pd);
    clile_i_allow_fork();
    return clile_i_dnnl_check(made, "dnnl_primitive_create");
}

clile_status clile_i_reorder_make(dnnl_engine_t engine, clile_i_md_view from, clile_i_md_view to,
                                  dnnl_primitive_t *out)
{
    clile_status status = CLILE_OK;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_attr_t attr = NULL;
    CLILE_I_DNNL(dnnl_primitive_attr_create(&attr));
    clile_i_hold_fork();
    const dnnl_status_t described =
        dnnl_reorder_primitive_desc_create(&pd, from, engine, to, engine, attr);
    clile_i_allow_fork();
    CLILE_I_TRY(clile_i_dnnl_check(described, "dnnl_reorder_primitive_desc_create"));
    CLILE_I_TRY(clile_i_primitive_make(pd, out));
cleanup:
    if (pd != NULL) dnnl_primitive_desc_destroy(pd);
    if (attr != NULL) dnnl_primitive_attr_destroy(attr);
    return status;
}

struct clile_i_weights_layout {
    clile_i_md md;
};

clile_status clile_i_weights_layout_of(clile_i_md_view md, clile_i_weights_layout **out)
{
    clile_status status = CLILE_OK;
    clile_i_weights_layout *layout = NULL;
    CLILE_I_ALLOC(layout, 1);
    CLILE_I_TRY(clile_i_md_clone(md, &layout->md));
    *out = layout;
    layout = NULL;
cleanup:
    clile_i_weights_layout_free(layout);
    return status;
}

int clile_i_weights_layout_equal(const clile_i_weights_layout *a, const clile_i_weights_layout *b)
{
    return dnnl_memory_desc_equal(a->md, b->md);
}

void clile_i_weights_layout_free(clile_i_weights_layout *layout)
{
    if (layout != NULL) clile_i_md_free(layout->md);
    clile_i_free(layout);
}

static dnnl_alg_kind_t forward_algorithm(const clile_i_conv_request *r)
{
    return r->winograd ? dnnl_convolution_winograd : dnnl_convolution_direct;
}

#if DNNL_VERSION_MAJOR >= 3

clile_status clile_i_md_make_typed(int32_t ndims, const int64_t *dims, dnnl_data_type_t type,
                                   dnnl_format_tag_t tag, clile_i_md *out)
{
    clile_status status = CLILE_OK;
    CLILE_I_DNNL(dnnl_memory_desc_create_with_tag(out, ndims, dims, type, tag));
cleanup:
    return status;
}

clile_status clile_i_md_rows(clile_i_md_view whole, const int64_t *dims, clile_i_md *out)
{
    clile_status status = CLILE_OK;
    CLILE_I_DNNL(dnnl_memory_desc_create_submemory(out, whole, dims, (dnnl_dims_t){0}));
cleanup:
    return status;
}

clile_status clile_i_md_clone(clile_i_md_view md, clile_i_md *out)
{
    clile_status status = CLILE_OK;
    CLILE_I_DNNL(dnnl_memory_desc_clone(out, md));
cleanup:
    return status;
}

void clile_i_md_free(clile_i_md md)
{
    if (md != NULL) dnnl_memory_desc_destroy(md);
}

static dnnl_status_t append_sum(dnnl_post_ops_t ops, const clile_i_conv_request *r)
{
    return r->scale_count > 0 ? dnnl_post_ops_append_sum(ops, r->sum_scale, 0, r->sum_type)
                              : dnnl_post_ops_append_sum(ops, 1.0F, 0, dnnl_data_type_undef);
}

static dnnl_status_t set_scales(dnnl_primitive_attr_t attr, const clile_i_conv_request *r)
{
    (void)r; /* passed at execution */
    return dnnl_primitive_attr_set_scales_mask(attr, DNNL_ARG_WEIGHTS, 1 << 0);
}

int clile_i_scale_covers_bias(void)
{
    return 0;
}

int clile_i_scale_argument(void)
{
    return DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS;
}

static dnnl_status_t append_relu(dnnl_post_ops_t ops)
{
    return dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_relu, 0.0F, 0.0F);
}

static dnnl_status_t create_pd(dnnl_engine_t engine, const clile_i_conv_request *r,
                               dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *out)
{
    const dnnl_dims_t strides = {r->stride, r->stride}, dilates = {0, 0};
    const dnnl_dims_t low = {r->pad_low_h, r->pad_low_w}, high = {r->pad_high_h, r->pad_high_w};
    switch (r->pass) {
        case CLILE_I_PASS_FORWARD:
            return dnnl_convolution_forward_primitive_desc_create(
                out, engine, r->training ? dnnl_forward_training : dnnl_forward_inference,
                forward_algorithm(r), r->src, r->weights, r->bias, r->dst, strides, dilates, low,
                high, attr);
        case CLILE_I_PASS_BACKWARD_DATA:
            return dnnl_convolution_backward_data_primitive_desc_create(
                out, engine, dnnl_convolution_direct, r->src, r->weights, r->dst, strides, dilates,
                low, high, r->hint, attr);
        default:
            return dnnl_convolution_backward_weights_primitive_desc_create(
                out, engine, dnnl_convolution_direct, r->src, r->weights, NULL, r->dst, strides,
                dilates, low, high, r->hint, attr);
    }
}

#else /* oneDNN 2.x */

clile_status clile_i_md_make_typed(int32_t ndims, const int64_t *dims, dnnl_data_type_t type,
                                   dnnl_format_tag_t tag, clile_i_md *out)
{
    clile_status status = CLILE_OK;
    CLILE_I_ALLOC(*out, 1);
    CLILE_I_DNNL(dnnl_memory_desc_init_by_tag(*out, ndims, dims, type, tag));
cleanup:
    return status;
}

clile_status clile_i_md_rows(clile_i_md_view whole, const int64_t *dims, clile_i_md *out)
{
    clile_status status = CLILE_OK;
    CLILE_I_ALLOC(*out, 1);
    CLILE_I_DNNL(dnnl_memory_desc_init_submemory(*out, whole, dims, (dnnl_dims_t){0}));
cleanup:
    return status;
}

clile_status clile_i_md_clone(clile_i_md_view md, clile_i_md *out)
{
    clile_status status = CLILE_OK;
    CLILE_I_ALLOC(*out, 1);
    **out = *md;
cleanup:
    return status;
}

void clile_i_md_free(clile_i_md md)
{
    clile_i_free(md);
}

static dnnl_status_t append_sum(dnnl_post_ops_t ops, const clile_i_conv_request *r)
{
    return r->scale_count > 0 ? dnnl_post_ops_append_sum_v2(ops, r->sum_scale, r->sum_type)
                              : dnnl_post_ops_append_sum(ops, 1.0F);
}

static dnnl_status_t set_scales(dnnl_primitive_attr_t attr, const clile_i_conv_request *r)
{
    return dnnl_primitive_attr_set_output_scales(attr, r->scale_count, 1 << 1, r->scale);
}

int clile_i_scale_covers_bias(void)
{
    return 1;
}

int clile_i_scale_argument(void)
{
    return 0;
}

static dnnl_status_t append_relu(dnnl_post_ops_t ops)
{
    return dnnl_post_ops_append_eltwise(ops, 1.0F, dnnl_eltwise_relu, 0.0F, 0.0F);
}

static dnnl_status_t create_pd(dnnl_engine_t engine, const clile_i_conv_request *r,
                               dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *out)
{
    const dnnl_dims_t strides = {r->stride, r->stride};
    const dnnl_dims_t low = {r->pad_low_h, r->pad_low_w}, high = {r->pad_high_h, r->pad_high_w};
    dnnl_convolution_desc_t op;
    dnnl_status_t status;
    switch (r->pass) {
        case CLILE_I_PASS_FORWARD:
            status = dnnl_convolution_forward_desc_init(
                &op, r->training ? dnnl_forward_training : dnnl_forward_inference,
                forward_algorithm(r), r->src, r->weights, r->bias, r->dst, strides, low, high);
            break;
        case CLILE_I_PASS_BACKWARD_DATA:
            status = dnnl_convolution_backward_data_desc_init(
                &op, dnnl_convolution_direct, r->src, r->weights, r->dst, strides, low, high);
            break;
        default:
            status = dnnl_convolution_backward_weights_desc_init(
                &op, dnnl_convolution_direct, r->src, r->weights, NULL, r->dst, strides, low, high);
    }
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(out, &op, attr, engine, r->hint);
}

#endif

dnnl_status_t clile_i_conv_pd_create(dnnl_engine_t engine, const clile_i_conv_request *request,
                                     dnnl_primitive_desc_t *out)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_post_ops_t ops = NULL;
    dnnl_status_t status = dnnl_primitive_attr_create(&attr);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    if (status == dnnl_success && request->scale_count > 0) status = set_scales(attr, request);
    if (status == dnnl_success) status = dnnl_post_ops_create(&ops);
    if (status == dnnl_success && request->sum) status = append_sum(ops, request);
    if (status == dnnl_success && request->relu) status = append_relu(ops);
    if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(attr, ops);
    clile_i_hold_fork();
    if (status == dnnl_success) status = create_pd(engine, request, attr, out);
    clile_i_allow_fork();
    if (ops != NULL) dnnl_post_ops_destroy(ops);
    if (attr != NULL) dnnl_primitive_attr_destroy(attr);
    return status;
}
