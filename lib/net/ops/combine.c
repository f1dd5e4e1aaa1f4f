/* combine: two plain values, element by element: a + b, a - b or a * b (k). In each dimension but n
 * the sizes are equal, or one is 1 and that value is repeated. */
#include "net/plain.h"

enum { ADD, SUBTRACT, MULTIPLY };

static void lay_out(const clile_i_node *node, const clile_i_dnn_layout *src,
                    clile_i_dnn_layout_kind kind, clile_i_dnn_layout *inner,
                    clile_i_dnn_layout *dst)
{
    (void)node, (void)kind, (void)inner;
    (void)clile_i_plain_broadcast(&src[0], &src[1], dst);
}

static clile_status create(clile_i_op_run *run)
{
    clile_i_dnn_layout dst;
    run->team = clile_i_op_team(run, 8 * run->dst.count);
    CLILE_I_RETURN_IF(clile_i_plain_check(run));
    return clile_i_plain_expect(run, clile_i_plain_broadcast(&run->src[0], &run->src[1], &dst),
                                "two values of one shape, or with 1 where they differ");
}

/* Steps of a source along c, h and w of dst: 0 where it is repeated. */
typedef struct {
    int64_t n, c, h, w;
} steps;

static steps steps_of(const clile_i_dnn_layout *l)
{
    return (steps){l->image_stride, l->c > 1 ? l->h * l->w : 0, l->h > 1 ? l->w : 0, l->w > 1};
}

static void forward_rows(int64_t begin, int64_t end, void *context)
{
    const clile_i_op_run *run = context;
    const clile_i_dnn_layout *dst = &run->dst;
    const steps a = steps_of(&run->src[0]), b = steps_of(&run->src[1]);
    for (int64_t row = begin; row < end; ++row) {
        const int64_t h = row % dst->h, c = row / dst->h % dst->c, n = row / (dst->h * dst->c);
        const float *x = run->src_data[0] + n * a.n + c * a.c + h * a.h;
        const float *y = run->src_data[1] + n * b.n + c * b.c + h * b.h;
        float *out = run->dst_data + row * dst->w;
        for (int64_t w = 0; w < dst->w; ++w) {
            const float p = x[w * a.w], q = y[w * b.w];
            out[w] = run->node->k == ADD ? p + q : run->node->k == SUBTRACT ? p - q : p * q;
        }
    }
}

static clile_status forward(clile_i_op_run *run)
{
    const clile_i_dnn_layout *dst = &run->dst;
    clile_i_parallel_for(dst->n * dst->c * dst->h, 1 + 16384 / dst->w, forward_rows, run);
    return CLILE_OK;
}

/* Source k of image n: repeated elements add up in the order of dst. */
static void backward_image(const clile_i_op_run *run, int32_t k, int64_t n)
{
    const clile_i_dnn_layout *dst = &run->dst;
    const steps own = steps_of(&run->src[k]), other = steps_of(&run->src[1 - k]);
    const float sign = run->node->k == SUBTRACT && k == 1 ? -1.0F : 1.0F;
    memset(run->diff_src[k] + n * own.n, 0, (size_t)own.n * sizeof(float));
    for (int64_t row = 0; row < dst->c * dst->h; ++row) {
        const int64_t h = row % dst->h, c = row / dst->h;
        const float *g = run->diff_dst + n * dst->image_stride + row * dst->w;
        const float *y = run->src_data[1 - k] + n * other.n + c * other.c + h * other.h;
        float *out = run->diff_src[k] + n * own.n + c * own.c + h * own.h;
        for (int64_t w = 0; w < dst->w; ++w)
            out[w * own.w] += run->node->k == MULTIPLY ? g[w] * y[w * other.w] : sign * g[w];
    }
}

static void backward_images(int64_t begin, int64_t end, void *context)
{
    const clile_i_op_run *run = context;
    for (int64_t n = begin; n < end; ++n)
        for (int32_t k = 0; k < 2; ++k)
            if (run->diff_src[k] != NULL) backward_image(run, k, n);
}

static clile_status backward(clile_i_op_run *run)
{
    clile_i_parallel_for(run->dst.n, 1, backward_images, run);
    return CLILE_OK;
}

static clile_status write(const clile_i_node *node, const clile_i_net_tensor *t,
                          const clile_i_op_names *names, const clile_i_graph_writer *w)
{
    static const char *const ops[] = {"Add", "Sub", "Mul"};
    (void)t;
    clile_i_write_op(w, ops[node->k], names->src[0], names->src[1], names->dst);
    return CLILE_OK;
}

const clile_i_op clile_i_op_combine = {.name = "combine",
                                       .lay_out = lay_out,
                                       .create = create,
                                       .forward = forward,
                                       .backward = backward,
                                       .write = write};
