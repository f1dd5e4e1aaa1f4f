#include "train/optimizer.h"

#include <math.h>
#include <string.h>

/* elements per partial sum; fixed, so the order of summation never changes */
enum { CHUNK = 8192 };

static int64_t chunks_of(int64_t count)
{
    return (count + CHUNK - 1) / CHUNK;
}

clile_status clile_i_group_create(const clile_i_settings *settings, int64_t count, float *value,
                                  float *diff, int32_t span_count, clile_i_group *out)
{
    clile_status status = CLILE_OK;
    *out = (clile_i_group){.count = count, .value = value, .diff = diff, .span_count = span_count};
    CLILE_I_ALLOC(out->m, count);
    CLILE_I_ALLOC(out->sums, chunks_of(count));
    if (settings->adamw) CLILE_I_ALLOC(out->v, count);
    if (settings->ema > 0) {
        CLILE_I_ALLOC(out->average, count);
        memcpy(out->average, value, (size_t)count * sizeof *value);
    }
    CLILE_I_ALLOC(out->spans, span_count);
    return CLILE_OK;
cleanup:
    clile_i_group_free(out);
    return status;
}

void clile_i_group_free(clile_i_group *group)
{
    clile_i_free(group->m);
    clile_i_free(group->v);
    clile_i_free(group->sums);
    clile_i_free(group->average);
    clile_i_free(group->spans);
    *group = (clile_i_group){0};
}

/* ---- gradient norm ---- */

typedef struct {
    const float *diff;
    int64_t count;
    double *sums; /* one for each chunk */
} norm_job;

static void sum_chunks(int64_t begin, int64_t end, void *context)
{
    const norm_job *job = context;
    for (int64_t chunk = begin; chunk < end; ++chunk) {
        const int64_t first = chunk * CHUNK;
        const int64_t count = job->count - first < CHUNK ? job->count - first : CHUNK;
        double lanes[8] = {0};
        int64_t i = 0;
        for (; i + 8 <= count; i += 8)
            for (int k = 0; k < 8; ++k)
                lanes[k] += (double)job->diff[first + i + k] * (double)job->diff[first + i + k];
        for (; i < count; ++i)
            lanes[0] += (double)job->diff[first + i] * (double)job->diff[first + i];
        double sum = 0;
        for (int k = 0; k < 8; ++k) sum += lanes[k];
        job->sums[chunk] = sum;
    }
}

double clile_i_gradient_norm(int32_t groups, clile_i_group *const *group)
{
    double total = 0;
    for (int32_t g = 0; g < groups; ++g) {
        norm_job job = {group[g]->diff, group[g]->count, group[g]->sums};
        clile_i_parallel_for(chunks_of(group[g]->count), 4, sum_chunks, &job);
        for (int64_t i = 0; i < chunks_of(group[g]->count); ++i) total += group[g]->sums[i];
    }
    return sqrt(total);
}

/* ---- steps ---- */

typedef struct {
    const clile_i_settings *settings;
    clile_i_group *group;
    double rate, gradient_scale;
    int64_t t;
} step_job;

static void adamw(const step_job *job, const clile_i_span *span, int64_t begin, int64_t end)
{
    const clile_i_group *g = job->group;
    const float rate = (float)(job->rate * (double)span->rate), scale = (float)job->gradient_scale;
    const float keep = 1.0f - (float)(job->rate * (double)span->rate * (double)span->decay *
                                      job->settings->weight_decay);
    const float correct_m = (float)(1.0 / (1.0 - pow(0.9, (double)job->t)));
    const float correct_v = (float)(1.0 / (1.0 - pow(0.999, (double)job->t)));
    float *restrict value = g->value, *restrict m = g->m, *restrict v = g->v;
    const float *restrict diff = g->diff;
    for (int64_t i = begin; i < end; ++i) {
        const float d = diff[i] * scale;
        m[i] = 0.9f * m[i] + 0.1f * d;
        v[i] = 0.999f * v[i] + 0.001f * d * d;
        value[i] = value[i] * keep - rate * (m[i] * correct_m) / (sqrtf(v[i] * correct_v) + 1e-8f);
    }
}

static void sgd(const step_job *job, const clile_i_span *span, int64_t begin, int64_t end)
{
    const clile_i_group *g = job->group;
    const float rate = (float)(job->rate * (double)span->rate), scale = (float)job->gradient_scale;
    const float decay = (float)((double)span->decay * job->settings->weight_decay);
    const float momentum = job->t == 1 ? 0.0f : (float)job->settings->momentum;
    float *restrict value = g->value, *restrict m = g->m;
    const float *restrict diff = g->diff;
    for (int64_t i = begin; i < end; ++i) {
        m[i] = momentum * m[i] + (diff[i] * scale + decay * value[i]);
        value[i] -= rate * m[i];
    }
}

/* Visits spans in order. [begin, end) is this thread's part of the whole group. */
static void step_range(int64_t begin, int64_t end, void *context)
{
    const step_job *job = context;
    const clile_i_group *g = job->group;
    for (int32_t s = 0; s < g->span_count; ++s) {
        const clile_i_span *span = &g->spans[s];
        const int64_t first = span->offset > begin ? span->offset : begin;
        const int64_t last = span->offset + span->count < end ? span->offset + span->count : end;
        if (first >= last) continue;
        if (job->settings->adamw)
            adamw(job, span, first, last);
        else
            sgd(job, span, first, last);
    }
    if (g->average) {
        /* Warm up the average, so it forgets the start: decay is at most (1 + t) / (10 + t), as in
         * TensorFlow. */
        const double warm = (1.0 + (double)job->t) / (10.0 + (double)job->t);
        const float decay = (float)(warm < job->settings->ema ? warm : job->settings->ema);
        for (int64_t i = begin; i < end; ++i)
            g->average[i] = decay * g->average[i] + (1.0f - decay) * g->value[i];
    }
}

void clile_i_optimizer_step(const clile_i_settings *settings, clile_i_group *group, double rate,
                            double gradient_scale, int64_t t)
{
    step_job job = {settings, group, rate, gradient_scale, t};
    clile_i_parallel_for(group->count, 4096, step_range, &job);
}
