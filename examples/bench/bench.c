/* clile-bench: measures how fast the compiled network trains and runs, and the share of its
 * convolutions.
 *
 * One step is forward, backward and an SGD update of all weights on inputs already in memory: no
 * decoding, no losses. input.c measures what input adds. This program uses the library's internals
 * (lib/net), so it links to the rooms and not to libclile; `clile bench` starts it. */
#include "bench.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
    double step, fastest, forward;
    double conv_forward, conv_data, conv_weights, conv;
    int64_t flops, parameters, bytes; /* bytes: of activations and their gradients */
    clile_i_exec_profile profile;     /* of a step: means */
    double update, rest;
    bench_input input; /* train only */
} bench_result;

static atomic_int stop_spinning;

static void *spin(void *unused)
{
    while (!atomic_load_explicit(&stop_spinning, memory_order_relaxed)) {
    }
    return unused;
}

double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double median(double *values, int32_t n)
{
    qsort(values, (size_t)n, sizeof *values, compare);
    return n % 2 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

typedef struct {
    float *params;
    const float *diffs;
} update_context;

static void update(int64_t begin, int64_t end, void *context)
{
    const update_context *u = context;
    for (int64_t i = begin; i < end; ++i) u->params[i] -= 1e-6f * u->diffs[i];
}

typedef struct {
    bench_step base;
    clile_i_exec *exec;
    float *dst;
    const float *diff;
} fed_step;

static clile_status run_fed(bench_step *step, const float *src)
{
    const fed_step *s = (const fed_step *)step;
    update_context context = {.diffs = clile_i_exec_diffs(s->exec)};
    int64_t count = 0;
    context.params = clile_i_exec_params(s->exec, &count);
    CLILE_I_RETURN_IF(clile_i_exec_forward(s->exec, src, s->dst));
    CLILE_I_RETURN_IF(clile_i_exec_backward(s->exec, s->diff));
    clile_i_parallel_for(count, 4096, update, &context);
    return CLILE_OK;
}

/* Where the time of `runs` steps went. */
static void take_means(clile_i_exec *exec, int32_t runs, double total, bench_result *r)
{
    clile_i_exec_profile *p = &r->profile;
    clile_i_exec_take_profile(exec, p);
    r->rest = total - r->update - p->convolutions - p->around - p->others - p->adding;
    double *const sums[] = {&p->convolutions, &p->around, &p->others,
                            &p->adding,       &r->update, &r->rest};
    for (size_t i = 0; i < sizeof sums / sizeof *sums; ++i) *sums[i] /= runs;
}

static clile_status measure(const bench_args *a, clile_i_exec *exec, const float *src, float *dst,
                            const float *diff, int train, bench_result *r)
{
    static double step[MAX_RUNS], forward[MAX_RUNS], bound[MAX_RUNS], parts[3][MAX_RUNS];
    double total = 0.0;
    update_context context = {0};
    int64_t count = 0;
    if (train) {
        context.params = clile_i_exec_params(exec, &count);
        context.diffs = clile_i_exec_diffs(exec);
    }
    for (int32_t i = -2; i < a->runs; ++i) { /* two to warm up */
        if (i == 0) clile_i_exec_take_profile(exec, &r->profile);
        const double begin = now();
        CLILE_I_RETURN_IF(clile_i_exec_forward(exec, src, dst));
        const double middle = now();
        if (train) {
            CLILE_I_RETURN_IF(clile_i_exec_backward(exec, diff));
        }
        const double stepped = now();
        if (train) clile_i_parallel_for(count, 4096, update, &context);
        const double end = now();
        if (i < 0) continue;
        r->update += end - stepped;
        total += end - begin;
        step[i] = end - begin;
        forward[i] = middle - begin;
    }
    take_means(exec, a->runs, total, r);
    for (int32_t i = 0; i < a->runs; ++i) {
        CLILE_I_RETURN_IF(
            clile_i_exec_bench_convolutions(exec, &parts[0][i], &parts[1][i], &parts[2][i]));
        bound[i] = parts[0][i] + parts[1][i] + parts[2][i];
    }
    r->step = median(step, a->runs);
    r->fastest = step[0];
    r->forward = median(forward, a->runs);
    r->conv_forward = median(parts[0], a->runs);
    r->conv_data = median(parts[1], a->runs);
    r->conv_weights = median(parts[2], a->runs);
    r->conv = median(bound, a->runs);
    r->flops = clile_i_exec_flops(exec);
    r->bytes = clile_i_exec_bytes(exec);
    r->parameters = count;
    return CLILE_OK;
}

static clile_status run(const bench_args *a, bench_result *r)
{
    clile_status status = CLILE_OK;
    const clile_i_net_config config = {
        .backbone = a->backbone, .width = a->width, .embedding = a->embedding, .stem = a->stem};
    const int train = strcmp(a->mode, "train") == 0;
    const int64_t pixels = (int64_t)a->batch * 3 * a->size * a->size,
                  outputs = (int64_t)a->batch * a->embedding;
    clile_i_net *net = NULL;
    clile_i_exec *exec = NULL;
    float *src = NULL, *dst = NULL, *diff = NULL;
    clile_i_rng rng = clile_i_rng_make(1, 0);
    clile_i_threads_set(a->threads);
    CLILE_I_ALLOC(src, pixels);
    CLILE_I_ALLOC(dst, outputs);
    CLILE_I_ALLOC(diff, outputs);
    for (int64_t i = 0; i < pixels; ++i) src[i] = (float)(i * 2654435761 % 1000) / 250.0f - 2.0f;
    for (int64_t i = 0; i < outputs; ++i) diff[i] = (float)(i * 40503 % 1000) / 500.0f - 1.0f;
    CLILE_I_TRY(clile_i_net_create(&config, &net));
    clile_i_net_init(net, &rng);
    const clile_i_exec_options options = {.mode = train ? CLILE_I_EXEC_TRAIN : CLILE_I_EXEC_INFER,
                                          .bf16 = strcmp(a->precision, "bf16") == 0,
                                          .recompute = (uint8_t)a->recompute};
    CLILE_I_TRY(clile_i_exec_create_as(net, a->batch, a->size, &options, &exec));
    CLILE_I_TRY(measure(a, exec, src, dst, diff, train, r));
    fed_step step = {{run_fed}, exec, dst, diff};
    if (train) CLILE_I_TRY(measure_input(a, &step.base, &r->input));
cleanup:
    clile_i_exec_destroy(exec);
    clile_i_net_destroy(net);
    clile_i_free(src);
    clile_i_free(dst);
    clile_i_free(diff);
    return status;
}

static void print(const bench_args *a, const bench_result *r)
{
    const double images = a->batch / r->step, gflops = (double)r->flops / r->step * 1e-9,
                 share = r->conv / r->step;
    if (a->json) {
        printf("{\"mode\":\"%s\",\"precision\":\"%s\",\"onednn\":\"%s\",\"backbone\":\"%s\","
               "\"width\":%g,\"embedding\":%d,\"size\":%d,\"batch\":%d,\"threads\":%d,"
               "\"busy\":%d,\"runs\":%d,\"activation_bytes\":%lld,\"parameters\":%"
               "lld,\"step_seconds\":%.9g,\"fastest_step_seconds\":%.9g,\"forward_seconds\":%.9g,"
               "\"images_per_second\":%.9g,\"gflops_per_second\":%.9g,\"flops\":%lld,\"conv_"
               "forward_seconds\":%.9g,\"conv_backward_data_seconds\":%.9g,\"conv_backward_weights_"
               "seconds\":%.9g,\"conv_bound_seconds\":%.9g,\"share_of_conv_bound\":%.9g",
               a->mode, a->precision, clile_i_dnn_version(), a->backbone, a->width,
               (int)a->embedding, (int)a->size, (int)a->batch, (int)a->threads, (int)a->busy,
               (int)a->runs, (long long)r->bytes, (long long)r->parameters, r->step, r->fastest,
               r->forward, images, gflops, (long long)r->flops, r->conv_forward, r->conv_data,
               r->conv_weights, r->conv, share);
        printf(",\"profile\":{\"convolutions\":%.9g,\"norms\":%.9g,\"other_layers\":%.9g,"
               "\"adding_gradients\":%.9g,\"update\":%.9g,\"rest\":%.9g}",
               r->profile.convolutions, r->profile.around, r->profile.others, r->profile.adding,
               r->update, r->rest);
        if (strcmp(a->mode, "train") == 0)
            printf(",\"input_seconds\":%.9g,\"step_with_input_seconds\":%.9g,\"input_share\":%.9g,"
                   "\"worker_input_seconds\":%.9g,\"worker_step_seconds\":%.9g,\"worker_step_"
                   "ratio\":%.9g",
                   r->input.input[0], r->input.step[0], r->input.input[0] / r->input.step[0],
                   r->input.input[1], r->input.step[1], r->input.ratio);
        printf("}\n");
        return;
    }
    printf("%s, %s, %s x %g, %d x %d, batch %d, %d threads, oneDNN %s", a->mode, a->precision,
           a->backbone, a->width, (int)a->size, (int)a->size, (int)a->batch, (int)a->threads,
           clile_i_dnn_version());
    if (a->busy) printf(", %d busy neighbours", (int)a->busy);
    printf("\n  step          %8.2f ms (median of %d; fastest %.2f)\n", 1e3 * r->step, (int)a->runs,
           1e3 * r->fastest);
    printf("  memory        %8.1f MB of activations and their gradients\n",
           1e-6 * (double)r->bytes);
    printf("  images/s      %8.1f\n  GFLOP/s       %8.1f (convolutions)\n", images, gflops);
    printf(
        "  convolutions  %8.2f ms alone: forward %.2f, backward data %.2f, backward weights %.2f\n",
        1e3 * r->conv, 1e3 * r->conv_forward, 1e3 * r->conv_data, 1e3 * r->conv_weights);
    printf("  share         %8.1f %% of the convolution bound\n", 100.0 * share);
    printf("  profile       %8.2f ms in convolutions, %.2f norms with residual, ReLU and pooling, "
           "%.2f other layers,\n                %8.2f adding gradients, %.2f update, %.2f rest "
           "(means)\n",
           1e3 * r->profile.convolutions, 1e3 * r->profile.around, 1e3 * r->profile.others,
           1e3 * r->profile.adding, 1e3 * r->update, 1e3 * r->rest);
    if (strcmp(a->mode, "train") != 0) return;
    printf("  input         %8.2f ms of %.2f ms between steps: %.1f %% of the step\n",
           1e3 * r->input.input[0], 1e3 * r->input.step[0],
           100.0 * r->input.input[0] / r->input.step[0]);
    printf("  input_workers=1 %6.2f ms waited of %.2f ms; the step takes %.3f times as long as "
           "with 0\n",
           1e3 * r->input.input[1], 1e3 * r->input.step[1], r->input.ratio);
}

static void help(FILE *out)
{
    fprintf(out, "usage: clile bench train|forward [--backbone resnet18] [--stem imagenet] "
                 "[--width 1] [--embedding 128] [--size 112]\n"
                 "                                 [--batch 16] [--threads N] [--busy 0] [--runs "
                 "10] [--data "
                 "PACK] [--precision float32] [--recompute 0] [--json]\n"
                 "\n"
                 "Measures one training step, or one forward pass of the network, where its time "
                 "goes, and what its convolutions alone take.\n`clile bench infer --help`: the "
                 "speed of complete answers.\n"
                 "--busy N starts N threads that spin, to show what busy neighbours cost.\n"
                 "train also measures its input, made between steps and by a worker thread (option "
                 "input_workers), from the pack or\nfolder of --data or from crops of noise, with "
                 "augmentation and exchange of halves as in training.\n"
                 "\n"
                 "Exit status: 0 success, 1 failure (the reason is on stderr), 2 wrong usage.\n");
}

typedef struct {
    const char *name;
    int32_t *target;
    int32_t least, most;
} number_row;

static int wrong(const char *text)
{
    fprintf(stderr, "clile: bench: wrong argument \"%s\"\n", text);
    help(stderr);
    return 2;
}

static int read_args(bench_args *a, int argc, char **argv)
{
    const number_row rows[] = {
        {"--embedding", &a->embedding, 1, 65536}, {"--size", &a->size, 32, 512},
        {"--batch", &a->batch, 1, 4096},          {"--threads", &a->threads, 1, 1024},
        {"--busy", &a->busy, 0, MAX_BUSY},        {"--runs", &a->runs, 1, MAX_RUNS},
        {"--recompute", &a->recompute, 0, 1}};
    for (int i = 1; i < argc; ++i) {
        const char *name = argv[i];
        if (strcmp(name, "--json") == 0) {
            a->json = 1;
            continue;
        }
        if (i == 1 && (strcmp(name, "train") == 0 || strcmp(name, "forward") == 0)) {
            a->mode = name;
            continue;
        }
        if (i + 1 >= argc) return wrong(name);
        const char *value = argv[++i];
        char *end = NULL;
        if (strcmp(name, "--backbone") == 0) {
            a->backbone = value;
            continue;
        }
        if (strcmp(name, "--stem") == 0) {
            a->stem = clile_i_stem_find(value);
            if (a->stem < 0) return wrong(value);
            continue;
        }
        if (strcmp(name, "--precision") == 0) {
            if (strcmp(value, "float32") != 0 && strcmp(value, "bf16") != 0) return wrong(value);
            a->precision = value;
            continue;
        }
        if (strcmp(name, "--data") == 0) {
            a->data = value;
            continue;
        }
        if (strcmp(name, "--width") == 0) {
            a->width = strtod(value, &end);
            if (end == value || *end != '\0' || !(a->width >= 0.0625 && a->width <= 4.0))
                return wrong(value);
            continue;
        }
        size_t k = 0;
        while (k < sizeof rows / sizeof rows[0] && strcmp(rows[k].name, name) != 0) ++k;
        if (k == sizeof rows / sizeof rows[0]) return wrong(name);
        const long number = strtol(value, &end, 10);
        if (end == value || *end != '\0' || number < rows[k].least || number > rows[k].most)
            return wrong(value);
        *rows[k].target = (int32_t)number;
    }
    return a->mode ? 0 : wrong("");
}

int main(int argc, char **argv)
{
    bench_args a = {.backbone = "resnet18",
                    .precision = "float32",
                    .width = 1.0,
                    .embedding = 128,
                    .size = 112,
                    .batch = 16,
                    .runs = 10};
    bench_result result = {0};
    pthread_t busy[MAX_BUSY];
    int32_t spinning = 0;
    if (argc > 1 && strcmp(argv[1], "infer") == 0) return bench_infer(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "worker") == 0) return bench_worker(argc - 1, argv + 1);
    a.threads = clile_i_threads_available();
    for (int i = 1; i < argc; ++i)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            help(stdout);
            return 0;
        }
    if (read_args(&a, argc, argv) != 0) return 2;
    while (spinning < a.busy && pthread_create(&busy[spinning], NULL, spin, NULL) == 0) ++spinning;
    const clile_status status = run(&a, &result);
    atomic_store(&stop_spinning, 1);
    for (int32_t i = 0; i < spinning; ++i) pthread_join(busy[i], NULL);
    if (status != CLILE_OK || spinning < a.busy) {
        fprintf(stderr, "clile: bench: %s\n",
                status != CLILE_OK ? clile_last_error() : "a busy thread could not be started");
        return 1;
    }
    print(&a, &result);
    return 0;
}
