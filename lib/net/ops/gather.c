/* gather: a map [n, C, h, w] around points of each image, as plain values dst [n, oc, k * k, C].
 * Source 1 holds ic points [n, 2 ic], x and y in sides of the image from its top left corner. The
 * centre of region r is sum_p centre[r, p] point_p + offset[r]; dst holds the map at k x k places
 * around it, number[0] sides apart: bilinear, with what lies outside the map's pixels as at its
 * border. centre [oc, ic] and offset [oc, 2] are tensors that are not trained, initially 1 / ic and
 * 0. The points have no gradient. */
#include "net/plain.h"

#include <math.h>

enum { CENTRE, OFFSET, TENSORS };

static const clile_i_op_tensor tensors[TENSORS] = {{"centre", 0, 0, 0}, {"offset", 0, 0, 0}};

static int32_t tensor_shape(const clile_i_node *node, int32_t tensor, int64_t shape[4])
{
    shape[0] = node->oc;
    shape[1] = tensor == CENTRE ? node->ic : 2;
    return 2;
}

static void init(const clile_i_node *node, clile_i_net_tensor *t, clile_i_rng *rng)
{
    (void)rng;
    for (int64_t i = 0; i < t[CENTRE].count; ++i) t[CENTRE].data[i] = 1.0F / (float)node->ic;
    for (int64_t i = 0; i < t[OFFSET].count; ++i) t[OFFSET].data[i] = 0.0F;
}

static void lay_out(const clile_i_node *node, const clile_i_dnn_layout *src,
                    clile_i_dnn_layout_kind kind, clile_i_dnn_layout *inner,
                    clile_i_dnn_layout *dst)
{
    (void)kind, (void)inner;
    *dst = clile_i_plain(src->n, node->oc, node->k * node->k, src->c);
}

static clile_status create(clile_i_op_run *run)
{
    char what[64];
    const clile_i_dnn_layout *points = &run->src[1];
    run->team = clile_i_op_team(run, 16 * run->dst.count);
    snprintf(what, sizeof what, "a map and %lld points", (long long)run->node->ic);
    return clile_i_plain_expect(
        run, points->kind == CLILE_I_LAYOUT_NCHW && points->image_stride == 2 * run->node->ic,
        what);
}

/* Two pixels along one axis, and the share of the second. */
typedef struct {
    int64_t first, second;
    float share;
} between;

/* at: in sides of the image; pixel i of `size` has its centre at (i + 1/2) / size. */
static between between_of(float at, int64_t size)
{
    const float most = (float)(size - 1);
    float pixel = at * (float)size - 0.5F;
    pixel = pixel > 0.0F ? pixel : 0.0F; /* NaN: 0 */
    pixel = pixel < most ? pixel : most;
    between b = {.first = (int64_t)pixel};
    b.second = b.first + 1 < size ? b.first + 1 : b.first;
    b.share = pixel - (float)b.first;
    return b;
}

/* Where the value of a place comes from: four pixels of the map with their weights. */
typedef struct {
    int64_t pixel[4];
    float weight[4];
} corners;

static corners corners_of(const clile_i_op_run *run, int64_t n, int64_t region, int64_t place)
{
    const clile_i_node *node = run->node;
    const float *points = run->src_data[1] + n * 2 * node->ic;
    const float *centre = run->params[CENTRE] + region * node->ic;
    const int64_t k = node->k, w = run->src[0].w;
    float x = run->params[OFFSET][2 * region], y = run->params[OFFSET][2 * region + 1];
    for (int64_t p = 0; p < node->ic; ++p) {
        x += centre[p] * points[2 * p];
        y += centre[p] * points[2 * p + 1];
    }
    x += ((float)(place % k) - 0.5F * (float)(k - 1)) * (float)node->number[0];
    y += ((float)(place / k) - 0.5F * (float)(k - 1)) * (float)node->number[0];
    const between h = between_of(x, w), v = between_of(y, run->src[0].h);
    return (corners){.pixel = {v.first * w + h.first, v.first * w + h.second,
                               v.second * w + h.first, v.second * w + h.second},
                     .weight = {(1.0F - v.share) * (1.0F - h.share), (1.0F - v.share) * h.share,
                                v.share * (1.0F - h.share), v.share * h.share}};
}

/* An image's places, forward or back, in order: regions overlap. */
static void image(const clile_i_op_run *run, int64_t n, int back)
{
    const clile_i_dnn_layout *src = &run->src[0], *dst = &run->dst;
    for (int64_t i = 0; i < dst->c * dst->h; ++i) {
        const corners from = corners_of(run, n, i / dst->h, i % dst->h);
        const int64_t at = (n * dst->c * dst->h + i) * dst->w;
        for (int64_t c = 0; c < src->c; ++c) {
            const int64_t base =
                n * src->image_stride + c / src->block * src->block_stride + c % src->block;
            float sum = 0.0F;
            for (int k = 0; k < 4; ++k) {
                const int64_t pixel = base + from.pixel[k] * src->block;
                if (back)
                    run->diff_src[0][pixel] += from.weight[k] * run->diff_dst[at + c];
                else
                    sum += from.weight[k] * run->src_data[0][pixel];
            }
            if (!back) run->dst_data[at + c] = sum;
        }
    }
}

static void forward_images(int64_t begin, int64_t end, void *context)
{
    for (int64_t n = begin; n < end; ++n) image(context, n, 0);
}

static void backward_images(int64_t begin, int64_t end, void *context)
{
    for (int64_t n = begin; n < end; ++n) image(context, n, 1);
}

static clile_status forward(clile_i_op_run *run)
{
    clile_i_parallel_for(run->dst.n, 1, forward_images, run);
    return CLILE_OK;
}

static clile_status backward(clile_i_op_run *run)
{
    if (run->diff_src[1] != NULL)
        memset(run->diff_src[1], 0, (size_t)run->src[1].count * sizeof(float));
    if (run->diff_src[0] == NULL) return CLILE_OK;
    memset(run->diff_src[0], 0, (size_t)run->src[0].count * sizeof(float));
    clile_i_parallel_for(run->dst.n, 1, backward_images, run);
    return CLILE_OK;
}

/* ---- ONNX ------------------------------------------------------------------------------------ */

/* Writes the weights of `size` pixels along one axis (0: x, 1: y) at each place, [N, places, size]:
 * relu(1 - |at - pixel|), with `at` within the pixels. centres: [N, oc, 2]. */
static clile_status write_axis(const clile_i_node *node, int axis, int64_t size,
                               const char *centres, const clile_i_part_name *dst,
                               const clile_i_graph_writer *w)
{
    clile_status status = CLILE_OK;
    const int64_t k = node->k, places = k * k, shape[2] = {1, size};
    const char *d = dst->text;
    const clile_i_part_name select = clile_i_part(d, "select"), one = clile_i_part(d, "one"),
                            shift = clile_i_part(d, "shift"), spread = clile_i_part(d, "spread"),
                            row = clile_i_part(d, "row"), least = clile_i_part(d, "least"),
                            most = clile_i_part(d, "most"), within = clile_i_part(d, "within"),
                            pixels = clile_i_part(d, "pixels"), gap = clile_i_part(d, "gap"),
                            distance = clile_i_part(d, "distance"), unit = clile_i_part(d, "unit"),
                            share = clile_i_part(d, "share");
    const float selects[2] = {axis == 0 ? (float)size : 0.0F, axis == 1 ? (float)size : 0.0F};
    float *shifts = NULL, *numbers = NULL;
    CLILE_I_ALLOC(shifts, places);
    CLILE_I_ALLOC(numbers, size);
    for (int64_t i = 0; i < places; ++i)
        shifts[i] = ((float)(axis == 0 ? i % k : i / k) - 0.5F * (float)(k - 1)) *
                        (float)node->number[0] * (float)size -
                    0.5F;
    for (int64_t i = 0; i < size; ++i) numbers[i] = (float)i;
    w->tensor(w->context, select.text, 2, (const int64_t[]){2, 1}, selects);
    w->tensor(w->context, shift.text, 2, (const int64_t[]){1, places}, shifts);
    w->tensor(w->context, pixels.text, 2, shape, numbers);
    clile_i_write_scalar(w, least.text, 0.0F);
    clile_i_write_scalar(w, most.text, (float)(size - 1));
    clile_i_write_scalar(w, unit.text, 1.0F);
    clile_i_write_op(w, "MatMul", centres, select.text, one.text);
    clile_i_write_op(w, "Add", one.text, shift.text, spread.text);
    clile_i_write_reshape(w, spread.text, 3, (const int64_t[]){0, node->oc * places, 1}, row.text);
    w->begin(w->context, "Clip", 3, (const char *const[]){row.text, least.text, most.text},
             within.text);
    w->end(w->context);
    clile_i_write_op(w, "Sub", within.text, pixels.text, gap.text);
    clile_i_write_op(w, "Abs", gap.text, NULL, distance.text);
    clile_i_write_op(w, "Sub", unit.text, distance.text, share.text);
    clile_i_write_op(w, "Relu", share.text, NULL, d);
cleanup:
    clile_i_free(shifts);
    clile_i_free(numbers);
    return status;
}

static clile_status write(const clile_i_node *node, const clile_i_net_tensor *t,
                          const clile_i_op_names *names, const clile_i_graph_writer *w)
{
    const clile_i_dnn_layout *src = &names->src_layout[0], *dst = &names->dst_layout;
    const int64_t places = node->oc * node->k * node->k;
    const char *d = names->dst;
    const clile_i_part_name points = clile_i_part(d, "points"), sum = clile_i_part(d, "sum"),
                            centres = clile_i_part(d, "centres"), x = clile_i_part(d, "x"),
                            y = clile_i_part(d, "y"), columns = clile_i_part(d, "columns"),
                            rows = clile_i_part(d, "rows"), shares = clile_i_part(d, "shares"),
                            weights = clile_i_part(d, "weights"), flat = clile_i_part(d, "flat"),
                            pixels = clile_i_part(d, "pixels"), found = clile_i_part(d, "found");
    for (int32_t k = 0; k < TENSORS; ++k)
        w->tensor(w->context, t[k].name, t[k].ndim, t[k].shape, t[k].data);
    clile_i_write_reshape(w, names->src[1], 3, (const int64_t[]){0, node->ic, 2}, points.text);
    clile_i_write_op(w, "MatMul", t[CENTRE].name, points.text, sum.text);
    clile_i_write_op(w, "Add", sum.text, t[OFFSET].name, centres.text);
    CLILE_I_RETURN_IF(write_axis(node, 0, src->w, centres.text, &x, w));
    CLILE_I_RETURN_IF(write_axis(node, 1, src->h, centres.text, &y, w));
    clile_i_write_reshape(w, x.text, 4, (const int64_t[]){0, places, 1, src->w}, columns.text);
    clile_i_write_reshape(w, y.text, 4, (const int64_t[]){0, places, src->h, 1}, rows.text);
    clile_i_write_op(w, "Mul", rows.text, columns.text, shares.text);
    clile_i_write_reshape(w, shares.text, 3, (const int64_t[]){0, places, src->h * src->w},
                          weights.text);
    clile_i_write_reshape(w, names->src[0], 3, (const int64_t[]){0, src->c, src->h * src->w},
                          flat.text);
    clile_i_write_transpose(w, flat.text, 3, (const int64_t[]){0, 2, 1}, pixels.text);
    clile_i_write_op(w, "MatMul", weights.text, pixels.text, found.text);
    clile_i_write_reshape(w, found.text, 4, (const int64_t[]){0, dst->c, dst->h, dst->w}, d);
    return CLILE_OK;
}

const clile_i_op clile_i_op_gather = {.name = "gather",
                                      .tensors = tensors,
                                      .tensor_count = TENSORS,
                                      .tensor_shape = tensor_shape,
                                      .init = init,
                                      .lay_out = lay_out,
                                      .create = create,
                                      .forward = forward,
                                      .backward = backward,
                                      .write = write};
