#include "dnn/onednn.h"

#include <string.h>

clile_status clile_i_dnnl_check(dnnl_status_t status, const char *call)
{
    if (status == dnnl_success) return CLILE_OK;
    if (status == dnnl_out_of_memory)
        return clile_i_fail(CLILE_E_OUT_OF_MEMORY, "oneDNN has no memory left in %s", call);
    return clile_i_fail(CLILE_E_BACKEND, "oneDNN %s: status %d from %s", clile_i_dnn_version(), (int)status, call);
}

const char *clile_i_dnn_version(void)
{
    /* "major.minor.patch" of the library, which is not always the one of the header; written once per thread. */
    static _Thread_local char text[40];
    const dnnl_version_t *version = dnnl_version();
    snprintf(text, sizeof text, "%d.%d.%d", version->major, version->minor, version->patch);
    return text;
}

#if DNNL_VERSION_MAJOR >= 3

clile_status clile_i_md_make(int32_t ndims, const int64_t *dims, dnnl_format_tag_t tag, clile_i_md *out)
{
    clile_status status = CLILE_OK;
    CLILE_I_DNNL(dnnl_memory_desc_create_with_tag(out, ndims, dims, dnnl_f32, tag));
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

static dnnl_status_t append_sum(dnnl_post_ops_t ops)
{
    return dnnl_post_ops_append_sum(ops, 1.0F, 0, dnnl_f32);
}

static dnnl_status_t append_relu(dnnl_post_ops_t ops)
{
    return dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_relu, 0.0F, 0.0F);
}

static dnnl_status_t create_pd(dnnl_engine_t engine, const clile_i_conv_request *r, dnnl_primitive_attr_t attr,
                               dnnl_primitive_desc_t *out)
{
    const dnnl_dims_t strides = {r->stride, r->stride}, dilates = {0, 0};
    const dnnl_dims_t low = {r->pad_low, r->pad_low}, high = {r->pad_high_h, r->pad_high_w};
    switch (r->pass) {
        case CLILE_I_PASS_FORWARD:
            return dnnl_convolution_forward_primitive_desc_create(
                out, engine, r->training ? dnnl_forward_training : dnnl_forward_inference, dnnl_convolution_direct,
                r->src, r->weights, r->bias, r->dst, strides, dilates, low, high, attr);
        case CLILE_I_PASS_BACKWARD_DATA:
            return dnnl_convolution_backward_data_primitive_desc_create(out, engine, dnnl_convolution_direct, r->src,
                                                                        r->weights, r->dst, strides, dilates, low, high,
                                                                        r->hint, attr);
        default:
            return dnnl_convolution_backward_weights_primitive_desc_create(out, engine, dnnl_convolution_direct, r->src,
                                                                           r->weights, NULL, r->dst, strides, dilates,
                                                                           low, high, r->hint, attr);
    }
}

#else /* oneDNN 2.x */

clile_status clile_i_md_make(int32_t ndims, const int64_t *dims, dnnl_format_tag_t tag, clile_i_md *out)
{
    clile_status status = CLILE_OK;
    CLILE_I_ALLOC(*out, 1);
    CLILE_I_DNNL(dnnl_memory_desc_init_by_tag(*out, ndims, dims, dnnl_f32, tag));
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

static dnnl_status_t append_sum(dnnl_post_ops_t ops)
{
    return dnnl_post_ops_append_sum(ops, 1.0F);
}

static dnnl_status_t append_relu(dnnl_post_ops_t ops)
{
    return dnnl_post_ops_append_eltwise(ops, 1.0F, dnnl_eltwise_relu, 0.0F, 0.0F);
}

static dnnl_status_t create_pd(dnnl_engine_t engine, const clile_i_conv_request *r, dnnl_primitive_attr_t attr,
                               dnnl_primitive_desc_t *out)
{
    const dnnl_dims_t strides = {r->stride, r->stride};
    const dnnl_dims_t low = {r->pad_low, r->pad_low}, high = {r->pad_high_h, r->pad_high_w};
    dnnl_convolution_desc_t op;
    dnnl_status_t status;
    switch (r->pass) {
        case CLILE_I_PASS_FORWARD:
            status = dnnl_convolution_forward_desc_init(
                &op, r->training ? dnnl_forward_training : dnnl_forward_inference, dnnl_convolution_direct, r->src,
                r->weights, r->bias, r->dst, strides, low, high);
            break;
        case CLILE_I_PASS_BACKWARD_DATA:
            status = dnnl_convolution_backward_data_desc_init(&op, dnnl_convolution_direct, r->src, r->weights, r->dst,
                                                              strides, low, high);
            break;
        default:
            status = dnnl_convolution_backward_weights_desc_init(&op, dnnl_convolution_direct, r->src, r->weights, NULL,
                                                                 r->dst, strides, low, high);
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
    if (status == dnnl_success) status = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    if (status == dnnl_success) status = dnnl_post_ops_create(&ops);
    if (status == dnnl_success && request->sum) status = append_sum(ops);
    if (status == dnnl_success && request->relu) status = append_relu(ops);
    if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(attr, ops);
    if (status == dnnl_success) status = create_pd(engine, request, attr, out);
    if (ops != NULL) dnnl_post_ops_destroy(ops);
    if (attr != NULL) dnnl_primitive_attr_destroy(attr);
    return status;
}
