/* Convolution, forward and backward (cross-correlation, as everywhere in deep learning):
 *   dst[n,o,y,x]          = bias[o] + sum_{i,u,v} weights[o,i,u,v] *
 *                           src[n,i,y*stride+u-pad,x*stride+v-pad]
 *   diff_src[n,i,y',x']   = the transpose of that map applied to diff_dst
 *   diff_weights[o,i,u,v] = sum_{n,y,x} diff_dst[n,o,y,x] *
 *   src[n,i,y*stride+u-pad,x*stride+v-pad]
 *
 * Each of the three passes is one oneDNN primitive with three operands. An operand has an outer
 * layout (the caller's) and an inner one (the primitive's). Where they differ, a reorder runs
 * before or after, through scratch memory. A pass first asks for the caller's layouts. It takes
 * oneDNN's own choice only if no fast implementation supports them.
 *
 * In bf16 the inner type of what a pass multiplies is bf16: the reorder is then the rounding, to
 * the nearest. What a pass sums up is float32, or dst's own type. With AMX some passes stay in
 * float32 (rounds). */
#include "dnn/conv_state.h"

static dnnl_format_tag_t tag_of(clile_i_dnn_layout_kind kind)
{
    switch (kind) {
        case CLILE_I_LAYOUT_NHWC: return dnnl_nhwc;
        case CLILE_I_LAYOUT_C8: return dnnl_nChw8c;
        case CLILE_I_LAYOUT_C16: return dnnl_nChw16c;
        default: return dnnl_nchw;
    }
}

/* ---- creation -------------------------------------------------------------------------------- */

typedef struct {
    dnnl_data_type_t src, weights, dst;
} operand_types;

static int only_forward(const clile_i_conv_options *o)
{
    return !o->backward_weights && !o->backward_data;
}

/* With AMX, maps are NHWC and oneDNN multiplies tiles. In training a forward pass of few pixels
 * takes as long to round its weights as to multiply them. Gradients transpose what they read into
 * tiles: that pays with stride 1 and maps that fill them, and for weights where a window reads each
 * pixel more than once. The rest is faster in float32 (docs/results.md, "bf16"). */
enum { AMX_FORWARD_PIXELS = 128, AMX_MAP = 49 };

static int rounds(const clile_i_conv_shape *s, const clile_i_conv_options *o, clile_i_pass pass)
{
    if (!o->bf16) return 0;
    if (only_forward(o) || o->dst != CLILE_I_LAYOUT_NHWC || !clile_i_bf16_has_amx()) return 1;
    const int64_t map = clile_i_conv_oh(s) * clile_i_conv_ow(s);
    if (pass == CLILE_I_PASS_FORWARD) return s->n * map >= AMX_FORWARD_PIXELS;
    return s->stride == 1 && map >= AMX_MAP && (s->kh > 1 || pass == CLILE_I_PASS_BACKWARD_DATA);
}

int clile_i_conv_rounds(const clile_i_conv *conv, clile_i_pass pass)
{
    return rounds(&conv->shape, &conv->options, pass);
}

/* What the primitive of a pass reads and writes. */
static operand_types types_of(const clile_i_conv_shape *s, const clile_i_conv_options *o,
                              clile_i_pass pass)
{
    operand_types t = {dnnl_f32, dnnl_f32, dnnl_f32};
    if (!rounds(s, o, pass)) return t;
    if (pass != CLILE_I_PASS_BACKWARD_DATA) t.src = dnnl_bf16;
    if (pass != CLILE_I_PASS_BACKWARD_WEIGHTS) t.weights = dnnl_bf16;
    if (pass != CLILE_I_PASS_FORWARD || o->dst_bf16) t.dst = dnnl_bf16;
    return t;
}

typedef struct {
    clile_i_md src, weights, bias, dst;
} descriptors;

static void free_descriptors(descriptors *d)
{
    clile_i_md_free(d->src);
    clile_i_md_free(d->weights);
    clile_i_md_free(d->bias);
    clile_i_md_free(d->dst);
}

static clile_status make_descriptors(const clile_i_conv_shape *s, const clile_i_conv_rows *rows,
                                     dnnl_format_tag_t src, dnnl_format_tag_t weights,
                                     dnnl_format_tag_t dst, operand_types types, descriptors *out)
{
    clile_status status = CLILE_OK;
    const int64_t src_dims[4] = {s->n, s->ic, rows->src_end - rows->src_begin, s->iw},
                  weights_dims[4] = {s->oc, s->ic, s->kh, s->kw};
    const int64_t dst_dims[4] = {s->n, s->oc, rows->end - rows->begin, clile_i_conv_ow(s)};
    CLILE_I_TRY(clile_i_md_make_typed(4, src_dims, types.src, src, &out->src));
    CLILE_I_TRY(clile_i_md_make_typed(4, weights_dims, types.weights, weights, &out->weights));
    CLILE_I_TRY(clile_i_md_make(1, &s->oc, dnnl_x, &out->bias));
    CLILE_I_TRY(clile_i_md_make_typed(4, dst_dims, types.dst, dst, &out->dst));
cleanup:
    return status;
}

static clile_i_conv_request request_of(const clile_i_conv *conv, clile_i_pass pass)
{
    clile_i_conv_request r = {.pass = pass};
    clile_i_conv_set_window(&conv->shape, &conv->rows, &r);
    r.training = conv->options.backward_weights || conv->options.backward_data;
    r.sum = pass == CLILE_I_PASS_FORWARD && conv->options.sum;
    r.relu = pass == CLILE_I_PASS_FORWARD && conv->options.relu;
    r.hint = pass == CLILE_I_PASS_FORWARD ? NULL : conv->passes[CLILE_I_PASS_FORWARD].pd;
    return r;
}

/* How inference may compute its forward pass. Training always uses the plain sum. The bounds come
 * from figures in docs/results.md, "Inference". */
enum { WINOGRAD_PIXELS = 196, WINOGRAD_LEAST = 64, WINOGRAD_MOST = 128 };
enum { PATCHES_PIXELS = 16, PATCHES_WEIGHTS = 1 << 18 };
/* Parts of a split convolution for each thread: more cost more sums of weight gradients. */
enum { MOST_PARTS_EACH = 2 };

/* Winograd's transforms compute 2 x 2 outputs of a 3 x 3 window with 16 multiplications instead
 * of 36. With fewer channels or pixels the transforms do not pay; with more channels the
 * weights, 16/9 as large, do not. */
static int suits_winograd(const clile_i_conv_shape *s, const clile_i_conv_options *o)
{
    return only_forward(o) && !o->bf16 && s->kh == 3 && s->kw == 3 && s->stride == 1 &&
           s->ic >= WINOGRAD_LEAST && s->oc >= WINOGRAD_LEAST && s->ic <= WINOGRAD_MOST &&
           s->oc <= WINOGRAD_MOST &&
           s->n * clile_i_conv_oh(s) * clile_i_conv_ow(s) >= WINOGRAD_PIXELS;
}

/* With few pixels most of the time goes into reading weights too many for the cache, and a product
 * at each pixel reads them in one stream. It is not faster in NHWC or in blocks of 8. */
static int suits_patches(const clile_i_conv_shape *s, const clile_i_conv_options *o)
{
    return only_forward(o) && !o->bf16 && o->src == CLILE_I_LAYOUT_C16 && o->dst == o->src &&
           s->ic % 16 == 0 && s->oc * s->ic * s->kh * s->kw >= PATCHES_WEIGHTS &&
           (s->kh > 1 || s->kw > 1 || s->stride > 1) &&
           s->n * clile_i_conv_oh(s) * clile_i_conv_ow(s) <= PATCHES_PIXELS;
}

static void use_patches(clile_i_conv *conv)
{
    conv->gathers = 1;
    conv->patches = clile_i_patches_make(&conv->shape, conv->options.src);
    const clile_i_dnn_layout *p = &conv->patches.dst;
    conv->shape = (clile_i_conv_shape){.n = p->n,
                                       .ic = p->c,
                                       .ih = p->h,
                                       .iw = p->w,
                                       .oc = conv->shape.oc,
                                       .kh = 1,
                                       .kw = 1,
                                       .stride = 1};
}

/* Takes Winograd's transforms if oneDNN has them, else the plain sum. Tries three choices of
 * layouts and takes the fastest: the caller's; the caller's with free weights; all free. */
static clile_status choose_pd(clile_i_conv *conv, clile_i_pass pass)
{
    clile_status status = CLILE_OK;
    descriptors any = {0}, own = {0};
    clile_i_conv_request r = request_of(conv, pass);
    dnnl_primitive_desc_t best = NULL;
    int best_rank = -1;
    dnnl_status_t why = dnnl_success;
    const operand_types types = types_of(&conv->shape, &conv->options, pass);
    /* Of few pixels, where float32 in NHWC takes up to three times as long as in blocks. */
    const int in_blocks = conv->options.bf16 && pass == CLILE_I_PASS_FORWARD &&
                          !rounds(&conv->shape, &conv->options, pass);
    const dnnl_format_tag_t src = tag_of(in_blocks ? CLILE_I_LAYOUT_C16 : conv->options.src),
                            dst = tag_of(in_blocks ? CLILE_I_LAYOUT_C16 : conv->options.dst);
    CLILE_I_TRY(make_descriptors(&conv->shape, &conv->rows, dnnl_format_tag_any,
                                 dnnl_format_tag_any, dnnl_format_tag_any, types, &any));
    CLILE_I_TRY(make_descriptors(&conv->shape, &conv->rows, src, dnnl_oihw, dst, types, &own));
    const clile_i_md_view candidates[3][3] = {
        {own.src,
         conv->weights != NULL && pass == CLILE_I_PASS_BACKWARD_WEIGHTS ? conv->weights
                                                                        : any.weights,
         own.dst},
        {own.src, any.weights, own.dst},
        {any.src, any.weights, any.dst},
    };
    const int winograd = pass == CLILE_I_PASS_FORWARD && conv->winograd;
    for (int i = winograd ? 0 : 3; i < 6 && best_rank < 2; ++i) {
        dnnl_primitive_desc_t pd = NULL;
        const clile_i_md_view *candidate = candidates[i % 3];
        r.winograd = i < 3;
        r.src = candidate[0];
        r.weights = candidate[1];
        r.dst = candidate[2];
        r.bias = pass == CLILE_I_PASS_FORWARD && conv->options.bias ? any.bias : NULL;
        why = clile_i_conv_pd_create(conv->engine, &r, &pd);
        if (why != dnnl_success) continue;
        const int rank = clile_i_pd_rank(pd);
        if (rank > best_rank) {
            if (best != NULL) dnnl_primitive_desc_destroy(best);
            best = pd;
            best_rank = rank;
        } else {
            dnnl_primitive_desc_destroy(pd);
        }
    }
    if (best == NULL) CLILE_I_TRY(clile_i_dnnl_check(why, "convolution primitive descriptor"));
    conv->passes[pass].pd = best;
cleanup:
    free_descriptors(&any);
    free_descriptors(&own);
    return status;
}

/* The forward primitive's choice; for training in bf16, whose forward reads rounded weights, that
 * of the float32 gradient. */
static clile_status choose_weights(clile_i_conv *conv)
{
    const clile_i_pass pass = CLILE_I_PASS_BACKWARD_WEIGHTS;
    const int rounded = conv->options.bf16 && !only_forward(&conv->options);
    if (!rounded)
        return clile_i_md_clone(dnnl_primitive_desc_query_md(conv->passes[CLILE_I_PASS_FORWARD].pd,
                                                             dnnl_query_weights_md, 0),
                                &conv->weights);
    if (!conv->options.backward_weights)
        return clile_i_md_clone(conv->plain_weights, &conv->weights);
    CLILE_I_RETURN_IF(choose_pd(conv, pass));
    return clile_i_md_clone(
        dnnl_primitive_desc_query_md(conv->passes[pass].pd, dnnl_query_diff_weights_md, 0),
        &conv->weights);
}

static clile_status add_operand(const clile_i_conv *conv, clile_i_conv_pass *p, int index, int arg,
                                dnnl_query_t what, clile_i_md_view outer, int read, int written)
{
    clile_status status = CLILE_OK;
    clile_i_conv_operand *o = &p->operands[index];
    clile_i_md_view inner = dnnl_primitive_desc_query_md(p->pd, what, 0);
    *o = (clile_i_conv_operand){.arg = arg, .read = (uint8_t)read, .written = (uint8_t)written};
    CLILE_I_TRY(clile_i_md_clone(outer, &o->outer));
    if (!dnnl_memory_desc_equal(inner, outer)) {
        CLILE_I_TRY(clile_i_md_clone(inner, &o->inner));
        if (read) CLILE_I_TRY(clile_i_reorder_make(conv->engine, outer, inner, &o->reorder_in));
        if (written) CLILE_I_TRY(clile_i_reorder_make(conv->engine, inner, outer, &o->reorder_out));
        o->offset = p->scratch_bytes;
        p->scratch_bytes += clile_i_conv_aligned(dnnl_memory_desc_get_size(inner));
    }
cleanup:
    return status;
}

static clile_status make_pass(clile_i_conv *conv, clile_i_pass pass)
{
    clile_status status = CLILE_OK;
    clile_i_conv_pass *p = &conv->passes[pass];
    if (p->pd == NULL) CLILE_I_TRY(choose_pd(conv, pass));
    CLILE_I_TRY(clile_i_primitive_make(p->pd, &p->primitive));
    p->scratchpad_bytes =
        dnnl_memory_desc_get_size(dnnl_primitive_desc_query_md(p->pd, dnnl_query_scratchpad_md, 0));
    p->scratch_bytes = clile_i_conv_aligned(p->scratchpad_bytes);
    if (pass == CLILE_I_PASS_FORWARD) {
        CLILE_I_TRY(choose_weights(conv));
        CLILE_I_TRY(add_operand(conv, p, 0, DNNL_ARG_SRC, dnnl_query_src_md, conv->src, 1, 0));
        CLILE_I_TRY(
            add_operand(conv, p, 1, DNNL_ARG_WEIGHTS, dnnl_query_weights_md, conv->weights, 1, 0));
        CLILE_I_TRY(add_operand(conv, p, 2, DNNL_ARG_DST, dnnl_query_dst_md, conv->dst,
                                conv->options.sum, 1));
    } else if (pass == CLILE_I_PASS_BACKWARD_DATA) {
        CLILE_I_TRY(
            add_operand(conv, p, 0, DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, conv->dst, 1, 0));
        CLILE_I_TRY(
            add_operand(conv, p, 1, DNNL_ARG_WEIGHTS, dnnl_query_weights_md, conv->weights, 1, 0));
        CLILE_I_TRY(
            add_operand(conv, p, 2, DNNL_ARG_DIFF_SRC, dnnl_query_diff_src_md, conv->src, 0, 1));
    } else {
        CLILE_I_TRY(add_operand(conv, p, 0, DNNL_ARG_SRC, dnnl_query_src_md, conv->src, 1, 0));
        CLILE_I_TRY(
            add_operand(conv, p, 1, DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, conv->dst, 1, 0));
        CLILE_I_TRY(add_operand(conv, p, 2, DNNL_ARG_DIFF_WEIGHTS, dnnl_query_diff_weights_md,
                                conv->weights, 0, 1));
    }
    if (p->scratch_bytes > conv->slot_bytes) conv->slot_bytes = p->scratch_bytes;
    p->used = 1;
cleanup:
    return status;
}

/* Of the parts that a loop over `count` equal things can have, the fewest that give each of the
 * team one; fewer than the team only if `few`. 1: none. */
static int64_t parts_of(int64_t count, int64_t team, int few)
{
    for (int64_t parts = team; parts <= MOST_PARTS_EACH * team; ++parts)
        if (count % parts == 0) return parts;
    for (int64_t parts = team; few && parts > 1; --parts)
        if (count % parts == 0) return parts;
    return 1;
}

static int64_t blocks_of(clile_i_dnn_layout_kind kind, int64_t channels)
{
    return clile_i_dnn_layout_make(kind, 1, channels, 1, 1).blocks;
}

/* A share of the images for each thread where there are enough. Of one image in blocks of channels
 * a share of the output channels, which follow each other; of its only block, as AMX has it, a
 * share of the rows.
 * Equal shares, as few as possible. oneDNN shares out what remains, in a team of OpenMP's, but not
 * one image in blocks: beside the layers before and after it a second team would cost more than it
 * gains. */
static void choose_split(clile_i_conv *conv)
{
    clile_i_conv_shape *s = &conv->shape;
    const clile_i_dnn_layout_kind kind = conv->options.dst;
    const int64_t team = clile_i_threads_get();
    const int in_blocks = kind == CLILE_I_LAYOUT_C16 || kind == CLILE_I_LAYOUT_C8 ||
                          (conv->options.bf16 && clile_i_bf16_has_amx());
    const int blocks = s->n == 1 && only_forward(&conv->options) && in_blocks;
    const int64_t count = blocks_of(kind, s->oc);
    conv->rows = clile_i_conv_rows_of(s, 0, 1);
    conv->parts = conv->slots = 1;
    conv->split = team == 1 || blocks ? CLILE_I_SPLIT_NONE : CLILE_I_SPLIT_ONEDNN;
    if (team == 1 || (s->n == 1 && !blocks)) return;
    if (s->n > 1) {
        conv->parts = parts_of(s->n, team, 0);
        if (conv->parts == 1) return;
        conv->split = CLILE_I_SPLIT_IMAGES;
        s->n /= conv->parts;
    } else if (count == 1) {
        if (clile_i_conv_oh(s) < team || s->pad >= s->kh) return;
        conv->parts = team;
        conv->split = CLILE_I_SPLIT_ROWS;
    } else {
        const int64_t block = kind == CLILE_I_LAYOUT_C16 ? 16 : 8;
        conv->parts = s->oc % block == 0 ? parts_of(count, team, 1) : 1;
        if (conv->parts == 1) return;
        conv->split = CLILE_I_SPLIT_OUTPUTS;
        s->oc /= conv->parts;
    }
    conv->slots = (int32_t)(conv->parts < team ? conv->parts : team);
}

static clile_status make_streams(clile_i_conv *conv)
{
    clile_status status = CLILE_OK;
    CLILE_I_DNNL(dnnl_engine_create(&conv->engine, dnnl_cpu, 0));
    CLILE_I_ALLOC(conv->streams, conv->slots);
    for (int32_t i = 0; i < conv->slots; ++i)
        CLILE_I_DNNL(
            dnnl_stream_create(&conv->streams[i], conv->engine, dnnl_stream_default_flags));
cleanup:
    return status;
}

static void add_up_scratch(clile_i_conv *conv)
{
    conv->weights_bytes = dnnl_memory_desc_get_size(conv->weights);
    if (conv->gathers)
        conv->gathered_bytes =
            clile_i_conv_aligned((size_t)conv->patches.dst.count * sizeof(float));
    conv->scratch_bytes = conv->gathered_bytes + (size_t)conv->slots * conv->slot_bytes;
    if (conv->options.backward_weights)
        conv->scratch_bytes +=
            (size_t)(conv->parts - 1) * clile_i_conv_aligned(conv->weights_bytes);
}

/* Where src has more than one block of channels, the same rows of each are not next to each other:
 * conv->src describes them in the caller's array. */
static clile_status view_rows(clile_i_conv *conv, dnnl_data_type_t type)
{
    clile_status status = CLILE_OK;
    const clile_i_conv_shape *s = &conv->shape;
    const int64_t whole_dims[4] = {s->n, s->ic, s->ih, s->iw},
                  dims[4] = {s->n, s->ic, conv->rows.src_end - conv->rows.src_begin, s->iw};
    clile_i_md whole = NULL;
    if (blocks_of(conv->options.src, s->ic) == 1) return CLILE_OK;
    clile_i_md_free(conv->src);
    conv->src = NULL;
    CLILE_I_TRY(clile_i_md_make_typed(4, whole_dims, type, tag_of(conv->options.src), &whole));
    CLILE_I_TRY(clile_i_md_rows(whole, dims, &conv->src));
cleanup:
    clile_i_md_free(whole);
    return status;
}

static clile_status create(clile_i_conv *conv)
{
    clile_status status = CLILE_OK;
    descriptors d = {0};
    const clile_i_conv_options *options = &conv->options;
    const operand_types outer = {options->src_bf16 ? dnnl_bf16 : dnnl_f32, dnnl_f32,
                                 options->dst_bf16 ? dnnl_bf16 : dnnl_f32};
    CLILE_I_TRY(make_streams(conv));
    CLILE_I_TRY(make_descriptors(&conv->shape, &conv->rows, tag_of(options->src), dnnl_oihw,
                                 tag_of(options->dst), outer, &d));
    conv->src = d.src;
    d.src = NULL;
    if (conv->rows.src_end - conv->rows.src_begin < conv->shape.ih)
        CLILE_I_TRY(view_rows(conv, outer.src));
    conv->dst = d.dst;
    conv->bias = d.bias;
    conv->plain_weights = d.weights;
    d = (descriptors){0};
    CLILE_I_TRY(make_pass(conv, CLILE_I_PASS_FORWARD));
    if (options->backward_data) CLILE_I_TRY(make_pass(conv, CLILE_I_PASS_BACKWARD_DATA));
    if (options->backward_weights) CLILE_I_TRY(make_pass(conv, CLILE_I_PASS_BACKWARD_WEIGHTS));
    add_up_scratch(conv);
    CLILE_I_TRY(
        clile_i_reorder_make(conv->engine, conv->plain_weights, conv->weights, &conv->weights_in));
    if (!only_forward(options)) /* oneDNN cannot reorder back from Winograd's weights */
        CLILE_I_TRY(clile_i_reorder_make(conv->engine, conv->weights, conv->plain_weights,
                                         &conv->weights_out));
cleanup:
    free_descriptors(&d);
    return status;
}

static clile_status create_piece(const clile_i_conv *conv, int64_t part, clile_i_conv **out)
{
    clile_status status = CLILE_OK;
    clile_i_conv *piece = NULL;
    CLILE_I_ALLOC(piece, 1);
    piece->shape = conv->shape;
    piece->options = conv->options;
    piece->rows = clile_i_conv_rows_of(&conv->shape, part, conv->parts);
    piece->parts = piece->slots = 1;
    CLILE_I_TRY(create(piece));
    *out = piece;
    piece = NULL;
cleanup:
    clile_i_conv_destroy(piece);
    return status;
}

static void destroy_pieces(clile_i_conv *conv)
{
    for (int64_t i = 0; conv->pieces != NULL && i < conv->parts; ++i)
        clile_i_conv_destroy(conv->pieces[i]);
    clile_i_free(conv->pieces);
    conv->pieces = NULL;
}

/* Without a split if oneDNN chooses different weights for the pieces. */
static clile_status create_pieces(clile_i_conv *conv)
{
    clile_status status = CLILE_OK;
    int same = 1;
    CLILE_I_ALLOC(conv->pieces, conv->parts);
    for (int64_t i = 0; i < conv->parts; ++i) {
        CLILE_I_TRY(create_piece(conv, i, &conv->pieces[i]));
        same = same && dnnl_memory_desc_equal(conv->pieces[i]->weights, conv->pieces[0]->weights);
        conv->scratch_bytes += clile_i_conv_aligned(conv->pieces[i]->scratch_bytes);
    }
    conv->passes[CLILE_I_PASS_FORWARD].used = 1;
    if (same) return CLILE_OK;
    destroy_pieces(conv);
    conv->split = CLILE_I_SPLIT_NONE;
    conv->parts = conv->slots = 1;
    CLILE_I_TRY(create(conv));
cleanup:
    return status;
}

clile_status clile_i_conv_create(const clile_i_conv_shape *shape,
                                 const clile_i_conv_options *options, clile_i_conv **out)
{
    clile_status status = CLILE_OK;
    clile_i_conv *conv = NULL;
    CLILE_I_TRY(clile_i_conv_check(shape));
    CLILE_I_ALLOC(conv, 1);
    conv->shape = *shape;
    conv->options = *options;
    conv->winograd = (uint8_t)suits_winograd(shape, options);
    if (suits_patches(shape, options)) use_patches(conv);
    choose_split(conv);
    const int32_t team = clile_i_threads_get();
    if (conv->split != CLILE_I_SPLIT_ONEDNN) clile_i_threads_set(1);
    status = conv->split == CLILE_I_SPLIT_ROWS ? create_pieces(conv) : create(conv);
    clile_i_threads_set(team);
    if (status != CLILE_OK) goto cleanup;
    *out = conv;
    conv = NULL;
cleanup:
    clile_i_conv_destroy(conv);
    return status;
}

clile_status clile_i_conv_preferred(const clile_i_conv_shape *shape, uint8_t training,
                                    clile_i_dnn_layout_kind *out)
{
    clile_status status = CLILE_OK;
    dnnl_engine_t engine = NULL;
    dnnl_stream_t stream = NULL;
    dnnl_primitive_desc_t pd = NULL;
    descriptors any = {0}, known = {0};
    clile_i_conv probe = {.shape = *shape,
                          .rows = clile_i_conv_rows_of(shape, 0, 1),
                          .options = {.backward_weights = training}};
    clile_i_conv_request r;
    const operand_types types = {dnnl_f32, dnnl_f32, dnnl_f32};
    CLILE_I_TRY(clile_i_conv_check(shape));
    CLILE_I_TRY(clile_i_engine_make(&engine, &stream));
    CLILE_I_TRY(make_descriptors(shape, &probe.rows, dnnl_format_tag_any, dnnl_format_tag_any,
                                 dnnl_format_tag_any, types, &any));
    r = request_of(&probe, CLILE_I_PASS_FORWARD);
    r.src = any.src;
    r.weights = any.weights;
    r.dst = any.dst;
    CLILE_I_DNNL(clile_i_conv_pd_create(engine, &r, &pd));
    *out = CLILE_I_LAYOUT_NCHW;
    for (int kind = CLILE_I_LAYOUT_NHWC; kind <= CLILE_I_LAYOUT_C16; ++kind) {
        CLILE_I_TRY(make_descriptors(shape, &probe.rows, tag_of((clile_i_dnn_layout_kind)kind),
                                     dnnl_oihw, tag_of((clile_i_dnn_layout_kind)kind), types,
                                     &known));
        if (dnnl_memory_desc_equal(dnnl_primitive_desc_query_md(pd, dnnl_query_dst_md, 0),
                                   known.dst))
            *out = (clile_i_dnn_layout_kind)kind;
        free_descriptors(&known);
        known = (descriptors){0};
    }
cleanup:
    free_descriptors(&any);
    free_descriptors(&known);
    if (pd != NULL) dnnl_primitive_desc_destroy(pd);
    if (stream != NULL) dnnl_stream_destroy(stream);
    if (engine != NULL) dnnl_engine_destroy(engine);
    return status;
}

static clile_status has_winograd(int *out)
{
    clile_status status = CLILE_OK;
    const clile_i_conv probe = {.shape = {1, WINOGRAD_LEAST, 14, 14, WINOGRAD_LEAST, 3, 3, 1, 1},
                                .rows = {0, 14, 0, 14}};
    clile_i_conv_request r = request_of(&probe, CLILE_I_PASS_FORWARD);
    dnnl_engine_t engine = NULL;
    dnnl_stream_t stream = NULL;
    dnnl_primitive_desc_t pd = NULL;
    descriptors any = {0};
    CLILE_I_TRY(clile_i_engine_make(&engine, &stream));
    CLILE_I_TRY(make_descriptors(
        &probe.shape, &probe.rows, dnnl_format_tag_any, dnnl_format_tag_any, dnnl_format_tag_any,
        types_of(&probe.shape, &probe.options, CLILE_I_PASS_FORWARD), &any));
    r.winograd = 1;
    r.src = any.src;
    r.weights = any.weights;
    r.dst = any.dst;
    *out = clile_i_conv_pd_create(engine, &r, &pd) == dnnl_success;
cleanup:
    if (pd != NULL) dnnl_primitive_desc_destroy(pd);
    free_descriptors(&any);
    if (stream != NULL) dnnl_stream_destroy(stream);
    if (engine != NULL) dnnl_engine_destroy(engine);
    return status;
}

clile_status clile_i_conv_inference_layout(int64_t n, int64_t channels,
                                           clile_i_dnn_layout_kind *kind)
{
    int winograd = 0;
    if (*kind != CLILE_I_LAYOUT_NHWC || channels % 16 != 0 || clile_i_dnn_vector_floats() < 16)
        return CLILE_OK;
    if (n == 1) CLILE_I_RETURN_IF(has_winograd(&winograd));
    if (n > 1 || winograd) *kind = CLILE_I_LAYOUT_C16;
    return CLILE_OK;
}

/* ---- destruction ----------------------------------------------------------------------------- */

static void free_primitive(dnnl_primitive_t primitive)
{
    if (primitive != NULL) dnnl_primitive_destroy(primitive);
}

void clile_i_conv_destroy(clile_i_conv *conv)
{
    if (conv == NULL) return;
    destroy_pieces(conv);
    clile_i_conv_unbind(conv);
    for (int i = 0; i < 3; ++i) {
        clile_i_conv_pass *p = &conv->passes[i];
        for (int k = 0; k < CLILE_I_CONV_OPERANDS; ++k) {
            free_primitive(p->operands[k].reorder_in);
            free_primitive(p->operands[k].reorder_out);
            clile_i_md_free(p->operands[k].outer);
            clile_i_md_free(p->operands[k].inner);
        }
        free_primitive(p->primitive);
        if (p->pd != NULL) dnnl_primitive_desc_destroy(p->pd);
    }
    free_primitive(conv->weights_in);
    free_primitive(conv->weights_out);
    clile_i_md_free(conv->src);
    clile_i_md_free(conv->weights);
    clile_i_md_free(conv->bias);
    clile_i_md_free(conv->dst);
    clile_i_md_free(conv->plain_weights);
    for (int32_t i = 0; conv->streams != NULL && i < conv->slots; ++i)
        if (conv->streams[i] != NULL) dnnl_stream_destroy(conv->streams[i]);
    if (conv->engine != NULL) dnnl_engine_destroy(conv->engine);
    clile_i_free(conv->streams);
    clile_i_free(conv);
}

int64_t clile_i_conv_weights_count(const clile_i_conv *conv)
{
    if (conv->pieces != NULL) return clile_i_conv_weights_count(conv->pieces[0]);
    const int64_t each = (int64_t)((conv->weights_bytes + sizeof(float) - 1) / sizeof(float));
    return conv->split == CLILE_I_SPLIT_OUTPUTS ? conv->parts * each : each;
}

size_t clile_i_conv_scratch_bytes(const clile_i_conv *conv)
{
    return conv->scratch_bytes;
}

void clile_i_conv_describe(const clile_i_conv *conv, char *text, size_t size)
{
    const char *name = NULL;
    const clile_i_conv *one = conv->pieces != NULL ? conv->pieces[0] : conv;
    dnnl_primitive_desc_query(one->passes[CLILE_I_PASS_FORWARD].pd, dnnl_query_impl_info_str, 0,
                              (void *)&name);
    char parts[40] = "";
    if (conv->parts > 1)
        snprintf(parts, sizeof parts, "%lld parts%s, ", (long long)conv->parts,
                 conv->pieces != NULL ? " by rows" : "");
    snprintf(text, size, "%s%s%s", parts, conv->gathers ? "patches, " : "",
             name == NULL ? "?" : name);
}
