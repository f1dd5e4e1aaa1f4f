#include "net/exec.h"

#include <string.h>
#include <time.h>

typedef struct {
    const float *src;
    float *dst;
} copy_job;

static void copy_body(int64_t begin, int64_t end, void *context)
{
    const copy_job *job = context;
    memcpy(job->dst + begin, job->src + begin, (size_t)(end - begin) * sizeof *job->dst);
}

float *clile_i_exec_input(clile_i_exec *exec)
{
    return exec->image;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Runs a pass of a node on its own team. */
static clile_status run_pass(const clile_i_exec *exec, clile_i_op_run *run,
                             clile_status (*pass)(clile_i_op_run *))
{
    const double begin = seconds();
    clile_i_threads_set(run->team);
    const clile_status status = pass(run);
    clile_i_threads_set(exec->threads);
    exec->seconds[run->index] += seconds() - begin;
    return status;
}

/* Makes the float32 copies of bf16 values that node i reads. */
static void widen_sources(const clile_i_exec *exec, int32_t i)
{
    const clile_i_op_run *run = &exec->runs[i];
    for (int32_t k = 0; k < run->node->src_count; ++k)
        if (run->src_data[k] != exec->values[run->node->src[k]])
            clile_i_bf16_widen(run->src[k].count, exec->values[run->node->src[k]],
                               run->src_data[k]);
}

/* Adds to the gradients of values that have further readers. */
static void add_diffs(clile_i_exec *exec, int32_t i)
{
    const clile_i_op_run *run = &exec->runs[i];
    const double begin = seconds();
    for (int32_t k = 0; k < run->node->src_count; ++k)
        if (exec->add_to[i][k] != NULL)
            clile_i_add(run->src[k].count, exec->add_to[i][k], run->diff_src[k],
                        exec->add_to[i][k]);
    exec->adding += seconds() - begin;
}

clile_status clile_i_exec_observe(clile_i_exec *exec, const float *src, float *dst,
                                  clile_i_exec_observer observer, void *context)
{
    /* Copy it: the caller's array may change before backward reads it. */
    if (src != exec->image)
        clile_i_parallel_for(exec->layouts[CLILE_I_VALUE_IMAGE].count, 65536, copy_body,
                             &(copy_job){src, exec->image});
    for (int32_t i = 0; i < exec->node_count; ++i) {
        clile_i_op_run *run = &exec->runs[i];
        widen_sources(exec, i);
        CLILE_I_RETURN_IF(run_pass(exec, run, run->node->op->forward));
        if (observer != NULL) observer(context, i, &run->dst, run->dst_data);
    }
    const clile_i_op_run *last = &exec->runs[exec->node_count - 1];
    if (last->dst.bf16) clile_i_bf16_widen(last->dst.count, last->dst_data, exec->widened);
    clile_i_dnn_layout_to_plain(&last->dst, last->dst.bf16 ? exec->widened : last->dst_data, dst);
    exec->forward_done = (uint8_t)clile_i_exec_trains(exec);
    return CLILE_OK;
}

clile_status clile_i_exec_forward(clile_i_exec *exec, const float *src, float *dst)
{
    return clile_i_exec_observe(exec, src, dst, NULL, NULL);
}

clile_status clile_i_exec_backward(clile_i_exec *exec, const float *diff_dst)
{
    return clile_i_exec_backward_telling(exec, diff_dst, NULL, NULL);
}

/* Where the gradients of a node begin; `after` if it has none. */
static int64_t first_gradient(const clile_i_exec *exec, const clile_i_op_run *run, int64_t after)
{
    for (int32_t k = 0; k < run->node->op->tensor_count; ++k)
        if (run->diffs[k] != NULL) return run->diffs[k] - exec->diffs;
    return after;
}

/* Before the backward of node i: makes the values again that are wanted from then on. */
static clile_status remake_values(clile_i_exec *exec, int32_t i)
{
    clile_status status = CLILE_OK;
    for (int32_t k = 0; k <= i && status == CLILE_OK; ++k)
        if (exec->remade_for[k] == i)
            status = run_pass(exec, &exec->runs[k], exec->runs[k].node->op->remake);
    return status;
}

/* Before the backward of the last node of a stretch that is repeated: runs its forward again. */
static clile_status repeat_forward(clile_i_exec *exec, int32_t node)
{
    clile_status status = CLILE_OK;
    int32_t s = 0;
    while (s < exec->stretch_count && exec->stretches[s].last != node) ++s;
    if (s == exec->stretch_count || !exec->stretches[s].repeated) return CLILE_OK;
    for (int32_t i = exec->stretches[s].first; i <= node && status == CLILE_OK; ++i) {
        clile_i_op_run *run = &exec->runs[i];
        run->again = 1;
        status = run_pass(exec, run, run->node->op->forward);
        run->again = 0;
    }
    return status;
}

clile_status clile_i_exec_backward_telling(clile_i_exec *exec, const float *diff_dst,
                                           clile_i_exec_ready ready, void *context)
{
    int64_t offset = exec->param_count;
    const clile_i_op_run *last = &exec->runs[exec->node_count - 1];
    if (!exec->forward_done)
        return clile_i_fail(CLILE_E_STATE, "backward: expected a forward run of a net compiled for "
                                           "training before it, found none");
    clile_i_dnn_layout_from_plain(&last->dst, diff_dst, exec->diff_last);
    for (int32_t i = exec->node_count - 1; i >= 0; --i) {
        clile_i_op_run *run = &exec->runs[i];
        CLILE_I_RETURN_IF(repeat_forward(exec, i));
        CLILE_I_RETURN_IF(remake_values(exec, i));
        CLILE_I_RETURN_IF(run_pass(exec, run, run->node->op->backward));
        add_diffs(exec, i);
        offset = first_gradient(exec, run, offset);
        if (ready != NULL) ready(context, offset);
    }
    exec->forward_done = 0; /* gradients have taken its place */
    return CLILE_OK;
}

void clile_i_exec_take_profile(clile_i_exec *exec, clile_i_exec_profile *out)
{
    *out = (clile_i_exec_profile){.adding = exec->adding};
    exec->adding = 0.0;
    for (int32_t i = 0; i < exec->node_count; ++i) {
        const clile_i_op_run *run = &exec->runs[i];
        clile_i_conv *conv =
            run->node->op->convolution == NULL ? NULL : run->node->op->convolution(run);
        const double convolving = conv == NULL ? 0.0 : clile_i_conv_take_seconds(conv);
        out->convolutions += convolving;
        *(conv == NULL ? &out->others : &out->around) += exec->seconds[i] - convolving;
        exec->seconds[i] = 0.0;
    }
}

clile_status clile_i_exec_bench_convolutions(clile_i_exec *exec, double *forward,
                                             double *backward_data, double *backward_weights)
{
    double sums[3] = {0.0, 0.0, 0.0};
    exec->forward_done = 0;
    for (int pass = CLILE_I_PASS_FORWARD; pass <= CLILE_I_PASS_BACKWARD_WEIGHTS; ++pass) {
        const double start = seconds();
        for (int32_t i = 0; i < exec->node_count; ++i) {
            const clile_i_op_run *run = &exec->runs[i];
            if (run->node->op->convolution == NULL) continue;
            clile_i_conv *conv = run->node->op->convolution(run);
            if (clile_i_conv_has_pass(conv, (clile_i_pass)pass))
                CLILE_I_RETURN_IF(clile_i_conv_run_alone(conv, (clile_i_pass)pass));
        }
        sums[pass] = seconds() - start;
    }
    if (forward != NULL) *forward = sums[CLILE_I_PASS_FORWARD];
    if (backward_data != NULL) *backward_data = sums[CLILE_I_PASS_BACKWARD_DATA];
    if (backward_weights != NULL) *backward_weights = sums[CLILE_I_PASS_BACKWARD_WEIGHTS];
    return CLILE_OK;
}
