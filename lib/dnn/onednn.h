/* The part of oneDNN that this room uses, the same for 2.x and 3.x. In 2.x a memory descriptor is a struct that is
 * passed by pointer, in 3.x a handle: `clile_i_md` is a pointer in both and owned by whoever made it. In 2.x a
 * primitive descriptor is made through an operation descriptor, which 3.x does without. */
#ifndef CLILE_I_ONEDNN_H
#define CLILE_I_ONEDNN_H

#include "dnn/dnn.h"

#include <dnnl.h>

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t clile_i_md;
typedef const_dnnl_memory_desc_t clile_i_md_view;
typedef const_dnnl_primitive_desc_t clile_i_pd_view;
#else
typedef dnnl_memory_desc_t *clile_i_md;
typedef const dnnl_memory_desc_t *clile_i_md_view;
typedef const_dnnl_primitive_desc_t clile_i_pd_view;
#endif

/* CLILE_E_BACKEND (or CLILE_E_OUT_OF_MEMORY) with a text that names the call, CLILE_OK for dnnl_success. */
clile_status clile_i_dnnl_check(dnnl_status_t status, const char *call);
#define CLILE_I_DNNL(call) CLILE_I_TRY(clile_i_dnnl_check((call), #call))

/* float32, at most 4 dimensions. */
clile_status clile_i_md_make(int32_t ndims, const int64_t *dims, dnnl_format_tag_t tag, clile_i_md *out);
clile_status clile_i_md_clone(clile_i_md_view md, clile_i_md *out);
void clile_i_md_free(clile_i_md md);

/* One convolution pass. */
typedef struct {
    clile_i_pass pass;
    uint8_t training, sum, relu; /* sum, relu: forward post-ops */
    int64_t stride, pad_low, pad_high_h, pad_high_w;
    clile_i_md_view src, weights, bias, dst; /* bias NULL for none */
    clile_i_pd_view hint;                    /* the forward one, for the backward passes */
} clile_i_conv_request;

/* dnnl_success, or why oneDNN has no such primitive (no error text is written: the caller may try another layout). */
dnnl_status_t clile_i_conv_pd_create(dnnl_engine_t engine, const clile_i_conv_request *request,
                                     dnnl_primitive_desc_t *out);

#endif
