/* The part of oneDNN that this room uses, the same for 2.x and 3.x. A memory descriptor is a struct
 * passed by pointer in 2.x and a handle in 3.x: `clile_i_md` is a pointer in both, owned by its
 * creator. 2.x makes a primitive descriptor from an operation descriptor; 3.x needs none. */
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

/* CLILE_E_BACKEND (or CLILE_E_OUT_OF_MEMORY) with an error text that names the call; CLILE_OK for
 * dnnl_success. */
clile_status clile_i_dnnl_check(dnnl_status_t status, const char *call);
#define CLILE_I_DNNL(call) CLILE_I_TRY(clile_i_dnnl_check((call), #call))

/* At most 4 dimensions; md_make: float32. */
clile_status clile_i_md_make_typed(int32_t ndims, const int64_t *dims, dnnl_data_type_t type,
                                   dnnl_format_tag_t tag, clile_i_md *out);
clile_status clile_i_md_make(int32_t ndims, const int64_t *dims, dnnl_format_tag_t tag,
                             clile_i_md *out);
/* The first dims[2] rows of the array `whole`, dims [n, c, rows, w]. */
clile_status clile_i_md_rows(clile_i_md_view whole, const int64_t *dims, clile_i_md *out);
clile_status clile_i_md_clone(clile_i_md_view md, clile_i_md *out);
void clile_i_md_free(clile_i_md md);

/* One convolution pass. */
typedef struct {
    clile_i_pass pass;
    uint8_t training, sum, relu; /* sum, relu: forward post-ops */
    uint8_t winograd;            /* forward: Winograd's transforms or nothing */
    /* int8: number of output channels, each with its own scale; 0 for float32 */
    int64_t scale_count;
    const float *scale; /* [scale_count], dst = scale * (sum of products) + bias */
    /* the summand is sum_scale * previous dst, read as sum_type; without scales 1 and dst's type */
    float sum_scale;
    dnnl_data_type_t sum_type;
    int64_t stride, pad_low_h, pad_low_w, pad_high_h, pad_high_w;
    clile_i_md_view src, weights, bias, dst; /* bias NULL for none */
    clile_i_pd_view hint;                    /* the forward one, for the backward passes */
} clile_i_conv_request;

/* dnnl_success, or why oneDNN has no such primitive. Writes no error text, because the caller may
 * try another layout. */
dnnl_status_t clile_i_conv_pd_create(dnnl_engine_t engine, const clile_i_conv_request *request,
                                     dnnl_primitive_desc_t *out);

/* How an int8 convolution takes its scales. 1 (2.x): in the primitive, applied to sum and bias, so
 * the bias array holds bias / scale. 0 (3.x): as this argument of every execution, applied before
 * the bias. */
int clile_i_scale_covers_bias(void);
int clile_i_scale_argument(void); /* 0: none */

clile_status clile_i_engine_make(dnnl_engine_t *engine, dnnl_stream_t *stream);
void clile_i_conv_set_window(const clile_i_conv_shape *shape, const clile_i_conv_rows *rows,
                             clile_i_conv_request *request);
/* 2: compiled for this processor; 1: through a matrix product in plain layout; 0: the slow
 * reference. */
int clile_i_pd_rank(clile_i_pd_view pd);
clile_status clile_i_primitive_make(clile_i_pd_view pd, dnnl_primitive_t *out);
clile_status clile_i_reorder_make(dnnl_engine_t engine, clile_i_md_view from, clile_i_md_view to,
                                  dnnl_primitive_t *out);

clile_status clile_i_weights_layout_of(clile_i_md_view md, clile_i_weights_layout **out);

#endif
