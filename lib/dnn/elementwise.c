/* ReLU and residual addition, element by element over arrays of one layout: y = max(x, 0), y =
 * max(a + b, 0). The gradient passes where y > 0. */
#include "dnn/dnn.h"
#include "dnn/vector.h"

typedef struct {
    const float *a, *b;
    float *dst;
} arrays;

enum { GRAIN = 16384 }; /* floats: fewer are not worth waking a thread for */

CLILE_I_CLONES static void relu_range(const arrays *t, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; ++i) t->dst[i] = t->a[i] < 0.0F ? 0.0F : t->a[i];
}

CLILE_I_CLONES static void relu_backward_range(const arrays *t, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; ++i) t->dst[i] = t->a[i] > 0.0F ? t->b[i] : 0.0F;
}

CLILE_I_CLONES static void add_relu_range(const arrays *t, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; ++i) {
        const float sum = t->a[i] + t->b[i];
        t->dst[i] = sum < 0.0F ? 0.0F : sum;
    }
}

CLILE_I_CLONES static void add_range(const arrays *t, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; ++i) t->dst[i] = t->a[i] + t->b[i];
}

static void relu_body(int64_t begin, int64_t end, void *context)
{
    relu_range(context, begin, end);
}

static void relu_backward_body(int64_t begin, int64_t end, void *context)
{
    relu_backward_range(context, begin, end);
}

static void add_relu_body(int64_t begin, int64_t end, void *context)
{
    add_relu_range(context, begin, end);
}

static void add_body(int64_t begin, int64_t end, void *context)
{
    add_range(context, begin, end);
}

void clile_i_relu_forward(int64_t count, const float *src, float *dst)
{
    clile_i_parallel_for(count, GRAIN, relu_body, &(arrays){src, NULL, dst});
}

void clile_i_relu_backward(int64_t count, const float *dst, const float *diff_dst, float *diff_src)
{
    clile_i_parallel_for(count, GRAIN, relu_backward_body, &(arrays){dst, diff_dst, diff_src});
}

void clile_i_add_relu_forward(int64_t count, const float *a, const float *b, float *dst)
{
    clile_i_parallel_for(count, GRAIN, add_relu_body, &(arrays){a, b, dst});
}

void clile_i_add(int64_t count, const float *a, const float *b, float *dst)
{
    clile_i_parallel_for(count, GRAIN, add_body, &(arrays){a, b, dst});
}
