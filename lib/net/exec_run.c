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

/* Runs unit i, and what is fused into it, on the unit's team. */
static clile_status run_unit(clile_i_exec *exec, int32_t i)
{
    const int trains = clile_i_exec_trains(exec), pools = clile_i_net_pools(exec->net, i);
    clile_i_exec_unit *u = &exec->units[i];
    CLILE_I_RETURN_IF(clile_i_conv_forward(u->conv));
    if (trains && pools)
        clile_i_norm_pool_forward(&exec->stem);
    else if (trains)
        clile_i_batch_norm_forward(&u->norm);
    else if (pools)
        clile_i_max_pool_forward(&exec->pool, exec->values[u->unit->dst],
                                 exec->values[exec->net->pooled], NULL);
    return CLILE_OK;
}

clile_status clile_i_exec_observe(clile_i_exec *exec, const float *src, float *dst,
                                  clile_i_exec_observer observer, void *context)
{
    const clile_i_dnn_layout *last = &exec->layouts[exec->value_count - 1];
    /* Copy it, as the caller's array may change before backward reads it. */
    if (src != exec->image)
        clile_i_parallel_for(exec->layouts[CLILE_I_VALUE_IMAGE].count, 65536, copy_body,
                             &(copy_job){src, exec->image});
    for (int32_t i = 0; i < exec->unit_count; ++i) {
        const int32_t value = clile_i_net_after(exec->net, i);
        clile_i_threads_set(exec->units[i].team);
        const clile_status status = run_unit(exec, i);
        clile_i_threads_set(exec->threads);
        if (status != CLILE_OK) return status;
        if (observer != NULL) observer(context, i, &exec->layouts[value], exec->values[value]);
    }
    clile_i_threads_set(exec->tail_team);
    clile_i_average_pool_forward(last, exec->values[exec->value_count - 1], exec->features);
    const clile_status status =
        (clile_i_exec_trains(exec) ? clile_i_linear_forward : clile_i_linear_forward_each)(
            exec->batch, last->c, exec->net->config.embedding, exec->features, exec->fc_weights,
            exec->fc_bias, dst);
    clile_i_threads_set(exec->threads);
    if (status == CLILE_OK) exec->forward_done = (uint8_t)clile_i_exec_trains(exec);
    return status;
}

clile_status clile_i_exec_forward(clile_i_exec *exec, const float *src, float *dst)
{
    return clile_i_exec_observe(exec, src, dst, NULL, NULL);
}

clile_status clile_i_exec_backward(clile_i_exec *exec, const float *diff_dst)
{
    const clile_i_dnn_layout *last = &exec->layouts[exec->value_count - 1];
    if (!exec->forward_done)
        return clile_i_fail(CLILE_E_STATE, "backward: expected a forward run of a net compiled for "
                                           "training before it, found none");
    CLILE_I_RETURN_IF(clile_i_linear_backward(
        exec->batch, last->c, exec->net->config.embedding, exec->features, exec->fc_weights,
        diff_dst, exec->diff_features, exec->fc_diff_weights, exec->fc_diff_bias));
    clile_i_average_pool_backward(last, exec->diff_features, exec->diff_last);
    for (int32_t i = exec->unit_count - 1; i >= 0; --i) {
        clile_i_exec_unit *u = &exec->units[i];
        if (clile_i_net_pools(exec->net, i))
            clile_i_norm_pool_backward(&exec->stem);
        else
            clile_i_batch_norm_backward(&u->norm);
        CLILE_I_RETURN_IF(clile_i_conv_backward_weights(u->conv));
        if (u->unit->src != CLILE_I_VALUE_IMAGE)
            CLILE_I_RETURN_IF(clile_i_conv_backward_data(u->conv));
    }
    return CLILE_OK;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

clile_status clile_i_exec_bench_convolutions(clile_i_exec *exec, double *forward,
                                             double *backward_data, double *backward_weights)
{
    double sums[3] = {0.0, 0.0, 0.0};
    exec->forward_done = 0;
    for (int pass = CLILE_I_PASS_FORWARD; pass <= CLILE_I_PASS_BACKWARD_WEIGHTS; ++pass) {
        const double start = seconds();
        for (int32_t i = 0; i < exec->unit_count; ++i)
            if (clile_i_conv_has_pass(exec->units[i].conv, (clile_i_pass)pass))
                CLILE_I_RETURN_IF(clile_i_conv_run_alone(exec->units[i].conv, (clile_i_pass)pass));
        sums[pass] = seconds() - start;
    }
    if (forward != NULL) *forward = sums[CLILE_I_PASS_FORWARD];
    if (backward_data != NULL) *backward_data = sums[CLILE_I_PASS_BACKWARD_DATA];
    if (backward_weights != NULL) *backward_weights = sums[CLILE_I_PASS_BACKWARD_WEIGHTS];
    return CLILE_OK;
}
