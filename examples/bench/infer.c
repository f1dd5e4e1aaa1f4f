/* clile bench infer: measures the predictor in fp32 and int8, and ONNX Runtime on the same model if
 * --onnxruntime names a Python that has it. Each engine is a process of its own, so that its memory
 * can be measured. They take turns, and ratios are taken within a round, because other programs may
 * share the machine. */
#include "bench.h"

#include <clile/clile.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FP32,
    INT8,
    ORT,
    ENGINES,
    MOST_ROUNDS = 200,
    MOST_RUNS = 50,
    LOADS = 3,
    AUS = 12,
    CALIBRATION = 8,
    LINE = 4096
};
static const char *const engine_names[ENGINES] = {"fp32", "int8", "onnxruntime"};

typedef struct {
    char backbone[16];
    double width;
    int32_t size, batch, threads;
} bench_case;

typedef struct {
    const char *model, *python; /* NULL: random weights; without ONNX Runtime */
    int32_t rounds;
    int json, table, cpu;
    bench_case one;
    char folder[32], files[ENGINES][64], self[4096], script[4200];
} infer_args;

typedef struct {
    double round[MOST_ROUNDS]; /* the fastest run of each */
    double median, first_answer;
    long long memory, base;
    char version[64];
} engine_figures;

static void help(FILE *out)
{
    fprintf(out,
            "usage: clile bench infer [--model FILE | --backbone resnet18 --width 1 --size 112] "
            "[--batch 1] [--threads N] [--rounds 9]\n"
            "                         [--onnxruntime PYTHON] [--table] [--cpu-time] [--json]\n"
            "\n"
            "Measures the time per answer, the peak memory and the time to the first answer of a "
            "model in fp32 and in int8, each in a\nprocess of its own, in turns; also of ONNX "
            "Runtime on the exported model if --onnxruntime names a Python that has it "
            "(and\nnumpy). Without --model the weights are random. --table: ResNet-10 of width "
            "0.25, ResNet-18 and 50 at 112 and 224 px, batch 1\nand 16, 1 and 2 threads. "
            "--cpu-time: measure the processor time of each process (all its threads) instead of "
            "wall time, for a\nmachine that is also used by others.\n"
            "\n"
            "Exit status: 0 success, 1 failure (the reason is on stderr), 2 wrong usage.\n");
}

/* ---- models ---------------------------------------------------------------------------------- */

static clile_status random_model(const bench_case *c, clile_model **out)
{
    static const int32_t au_ids[AUS] = {1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24};
    float slope[AUS], offset[AUS] = {0};
    clile_options *options = NULL;
    clile_status status = clile_options_create(&options);
    for (int i = 0; i < AUS; ++i) slope[i] = 1.0f;
    if (status == CLILE_OK) status = clile_options_set(options, CLILE_OPT_BACKBONE, c->backbone);
    if (status == CLILE_OK) status = clile_options_set_f64(options, CLILE_OPT_WIDTH, c->width);
    if (status == CLILE_OK) status = clile_options_set_i64(options, CLILE_OPT_IMAGE_SIZE, c->size);
    if (status == CLILE_OK) status = clile_model_create(options, AUS, au_ids, out);
    if (status == CLILE_OK) status = clile_model_set_decision(*out, NULL, slope, offset);
    clile_options_destroy(options);
    return status;
}

static clile_status quantize(const clile_model *model, clile_model **out)
{
    const int32_t size = clile_model_image_size(model);
    const size_t bytes = (size_t)CALIBRATION * (size_t)size * (size_t)size * 3;
    uint8_t *rgb = malloc(bytes);
    clile_status status = CLILE_E_OUT_OF_MEMORY;
    for (size_t i = 0; rgb != NULL && i < bytes; ++i) rgb[i] = (uint8_t)(i * 2654435761U >> 13);
    if (rgb != NULL) status = clile_model_quantize(model, CALIBRATION, rgb, size, size, NULL, out);
    free(rgb);
    return status;
}

/* The three files of a case. A model that is already int8 has only one. */
static clile_status write_models(infer_args *a)
{
    clile_model *model = NULL, *small = NULL;
    clile_status status =
        a->model ? clile_model_load(a->model, &model) : random_model(&a->one, &model);
    if (status == CLILE_OK) status = clile_model_save(model, a->files[FP32]);
    if (status == CLILE_OK) status = quantize(model, &small);
    if (status == CLILE_OK) status = clile_model_save(small, a->files[INT8]);
    if (status == CLILE_OK && a->python) status = clile_model_export_onnx(model, a->files[ORT]);
    clile_model_destroy(model);
    clile_model_destroy(small);
    return status;
}

/* ---- measuring ------------------------------------------------------------------------------- */

static int start(const infer_args *a, int engine, bench_process *process, engine_figures *f,
                 double *first)
{
    char batch[16], threads[16], line[LINE];
    const char *const clock = a->cpu ? "cpu" : "wall";
    const char *ours[] = {a->self, "worker", a->files[engine], batch, threads, clock, NULL};
    const char *other[] = {a->python, a->script, engine_names[ORT], a->files[ORT], batch, threads,
                           clock,     NULL};
    snprintf(batch, sizeof batch, "%d", (int)a->one.batch);
    snprintf(threads, sizeof threads, "%d", (int)a->one.threads);
    char *argv[8] = {NULL};
    for (int i = 0; engine == ORT ? i < 7 : i < 6; ++i)
        argv[i] = (char *)(uintptr_t)(engine == ORT ? other[i] : ours[i]);
    return bench_process_start(process, argv) &&
           bench_process_ask(process, NULL, line, sizeof line) &&
           sscanf(line, "ready %lf %lld %63[^\n]", first, &f->base, f->version) == 3;
}

/* The fastest of `runs` runs, since a run interrupted by another program says nothing about the
 * engine. Skips the first of a round, which has cold caches and sleeping threads. */
static int run_round(bench_process *process, int runs, double *out)
{
    char line[LINE], order[32];
    snprintf(order, sizeof order, "run %d", runs + 1);
    if (!bench_process_ask(process, order, line, sizeof line)) return 0;
    char *at = line;
    for (int i = 0; i <= runs; ++i) {
        char *end = at;
        const double taken = strtod(at, &end);
        if (end == at) return 0;
        at = end;
        if (i == 1 || (i > 1 && taken < *out)) *out = taken;
    }
    return 1;
}

static int measure_case(const infer_args *a, engine_figures *f)
{
    const int engines = a->python ? ENGINES : ORT;
    bench_process process[ENGINES] = {{0}};
    char line[LINE];
    int fine = 1, runs[ENGINES] = {0};
    for (int e = 0; e < engines && fine; ++e) {
        double first[LOADS];
        for (int k = 0; k < LOADS && fine; ++k) {
            bench_process_end(&process[e]);
            fine = start(a, e, &process[e], &f[e], &first[k]);
        }
        if (fine) f[e].first_answer = median(first, LOADS);
        double once = 0;
        if (fine) fine = run_round(&process[e], 2, &once);
        runs[e] = once < 0.1 / (double)MOST_RUNS ? MOST_RUNS
                  : once > 0.02                  ? 5
                                                 : (int)(0.1 / once); /* a tenth of a second */
    }
    for (int r = 0; r < a->rounds && fine; ++r)
        for (int e = 0; e < engines && fine; ++e) {
            const int turn = (e + r) % engines;
            fine = run_round(&process[turn], runs[turn], &f[turn].round[r]);
        }
    for (int e = 0; e < engines; ++e) {
        if (fine) fine = bench_process_ask(&process[e], "memory", line, sizeof line);
        if (fine) f[e].memory = strtoll(line, NULL, 10);
        bench_process_end(&process[e]);
    }
    return fine;
}

/* Median over rounds of the time of `e` over that of `base` in the same round. */
static double ratio(const infer_args *a, const engine_figures *f, int e, int base)
{
    double ratios[MOST_ROUNDS];
    for (int r = 0; r < a->rounds; ++r) ratios[r] = f[e].round[r] / f[base].round[r];
    return median(ratios, a->rounds);
}

/* ---- printing -------------------------------------------------------------------------------- */

static long long file_bytes(const char *path)
{
    long long size = 0;
    FILE *file = fopen(path, "rb");
    if (file == NULL) return 0;
    if (fseek(file, 0, SEEK_END) == 0) size = ftell(file);
    fclose(file);
    return size;
}

static void print_json(const infer_args *a, engine_figures *f, int first)
{
    const bench_case *c = &a->one;
    printf("%s{\"backbone\":\"%s\",\"width\":%g,\"size\":%d,\"batch\":%d,\"threads\":%d,\"rounds\":"
           "%d,\"clock\":\"%s\",\"engines\":{",
           first ? "" : ",\n", c->backbone, c->width, (int)c->size, (int)c->batch, (int)c->threads,
           (int)a->rounds, a->cpu ? "cpu" : "wall");
    for (int e = 0; e < (a->python ? ENGINES : ORT); ++e)
        printf("%s\"%s\":{\"version\":\"%s\",\"seconds\":%.9g,\"first_answer_seconds\":%.9g,\"peak_"
               "bytes\":%lld,\"start_bytes\":%lld,\"file_bytes\":%lld}",
               e ? "," : "", engine_names[e], f[e].version, f[e].median, f[e].first_answer,
               f[e].memory, f[e].base, file_bytes(a->files[e]));
    printf("},\"int8_over_fp32\":%.4f", ratio(a, f, INT8, FP32));
    if (a->python)
        printf(",\"fp32_over_onnxruntime\":%.4f,\"int8_over_onnxruntime\":%.4f",
               ratio(a, f, FP32, ORT), ratio(a, f, INT8, ORT));
    printf("}");
}

static void print_row(const infer_args *a, engine_figures *f, int first)
{
    const bench_case *c = &a->one;
    const double mib = 1.0 / (1024 * 1024);
    if (first)
        printf("| network | px | batch | threads | fp32, ms | int8, ms | ONNX Runtime, ms | fp32 "
               "/ ONNX Runtime | int8 / ONNX Runtime | int8 / fp32 | first answer, ms | peak "
               "memory, MiB |\n"
               "|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    printf("| %s x %g | %d | %d | %d | %.2f | %.2f | ", c->backbone, c->width, (int)c->size,
           (int)c->batch, (int)c->threads, 1e3 * f[FP32].median, 1e3 * f[INT8].median);
    if (a->python)
        printf("%.2f | %.2f | %.2f | ", 1e3 * f[ORT].median, ratio(a, f, FP32, ORT),
               ratio(a, f, INT8, ORT));
    else
        printf("| | | ");
    printf("%.2f | %.0f, %.0f, %.0f | %.0f, %.0f, %.0f |\n", ratio(a, f, INT8, FP32),
           1e3 * f[FP32].first_answer, 1e3 * f[INT8].first_answer, 1e3 * f[ORT].first_answer,
           mib * (double)f[FP32].memory, mib * (double)f[INT8].memory, mib * (double)f[ORT].memory);
    fflush(stdout);
}

static int run_case(infer_args *a, int first)
{
    static engine_figures f[ENGINES];
    memset(f, 0, sizeof f);
    if (write_models(a) != CLILE_OK) {
        fprintf(stderr, "clile: bench: %s\n", clile_last_error());
        return 1;
    }
    if (!measure_case(a, f)) {
        fprintf(stderr, "clile: bench: an engine did not answer%s\n",
                a->python ? "; does the Python of --onnxruntime have numpy and onnxruntime?" : "");
        return 1;
    }
    for (int e = 0; e < (a->python ? ENGINES : ORT); ++e) {
        double rounds[MOST_ROUNDS];
        memcpy(rounds, f[e].round, sizeof rounds);
        f[e].median = median(rounds, a->rounds);
    }
    (a->json ? print_json : print_row)(a, f, first);
    return 0;
}

static int run_table(infer_args *a)
{
    static const struct {
        const char *backbone;
        double width;
    } networks[] = {{"resnet10", 0.25}, {"resnet18", 1}, {"resnet50", 1}};
    int code = 0, first = 1;
    for (int32_t k = 0; k < 3 * 8 && code == 0; ++k) {
        snprintf(a->one.backbone, sizeof a->one.backbone, "%s", networks[k / 8].backbone);
        a->one.width = networks[k / 8].width;
        a->one.size = k / 4 % 2 ? 224 : 112;
        a->one.batch = k / 2 % 2 ? 16 : 1;
        a->one.threads = k % 2 + 1;
        code = run_case(a, first);
        first = 0;
    }
    return code;
}

/* ---- arguments ------------------------------------------------------------------------------- */

static int wrong(const char *text)
{
    fprintf(stderr, "clile: bench: wrong argument \"%s\"\n", text);
    help(stderr);
    return 2;
}

static int read_number(const char *text, int32_t least, int32_t most, int32_t *out)
{
    char *end = NULL;
    const long number = strtol(text, &end, 10);
    if (end == text || *end != '\0' || number < least || number > most) return 0;
    *out = (int32_t)number;
    return 1;
}

static int read_pair(infer_args *a, const char *name, const char *value)
{
    if (strcmp(name, "--model") == 0)
        a->model = value;
    else if (strcmp(name, "--onnxruntime") == 0)
        a->python = value;
    else if (strcmp(name, "--backbone") == 0 && strlen(value) < sizeof a->one.backbone)
        strcpy(a->one.backbone, value);
    else if (strcmp(name, "--size") == 0)
        return read_number(value, 32, 512, &a->one.size);
    else if (strcmp(name, "--batch") == 0)
        return read_number(value, 1, 4096, &a->one.batch);
    else if (strcmp(name, "--threads") == 0)
        return read_number(value, 1, 1024, &a->one.threads);
    else if (strcmp(name, "--rounds") == 0)
        return read_number(value, 1, MOST_ROUNDS, &a->rounds);
    else if (strcmp(name, "--width") == 0) {
        char *end = NULL;
        a->one.width = strtod(value, &end);
        return end != value && *end == '\0' && a->one.width >= 0.0625 && a->one.width <= 4.0;
    } else
        return 0;
    return 1;
}

static int read_args(infer_args *a, int argc, char **argv)
{
    for (int i = 1; i < argc; ++i) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return help(stdout), -1;
        if (strcmp(argv[i], "--json") == 0)
            a->json = 1;
        else if (strcmp(argv[i], "--table") == 0)
            a->table = 1;
        else if (strcmp(argv[i], "--cpu-time") == 0)
            a->cpu = 1;
        else if (i + 1 >= argc || !read_pair(a, argv[i], argv[i + 1]))
            return wrong(argv[i]);
        else
            ++i;
    }
    return 0;
}

/* Takes the shape of the model from its file. */
static int describe_model(infer_args *a)
{
    clile_model *model = NULL;
    char *json = NULL;
    int fine = clile_model_load(a->model, &model) == CLILE_OK &&
               clile_model_copy_json(model, &json) == CLILE_OK;
    if (fine) {
        const char *backbone = strstr(json, "\"backbone\":\""), *width = strstr(json, "\"width\":");
        a->one.size = clile_model_image_size(model);
        fine = backbone != NULL && width != NULL &&
               sscanf(backbone, "\"backbone\":\"%15[^\"]", a->one.backbone) == 1 &&
               sscanf(width, "\"width\":%lf", &a->one.width) == 1;
    }
    if (!fine) fprintf(stderr, "clile: bench: %s\n", clile_last_error());
    clile_free(json);
    clile_model_destroy(model);
    return fine;
}

int bench_infer(int argc, char **argv)
{
    static const char *const names[ENGINES] = {"fp32.safetensors", "int8.safetensors", "fp32.onnx"};
    infer_args a = {
        .rounds = 9, .one = {"resnet18", 1.0, 112, 1, 1}, .folder = "/tmp/clile-bench-XXXXXX"};
    a.one.threads = 0;
    const int code = read_args(&a, argc, argv);
    if (code != 0) return code < 0 ? 0 : code;
    if (a.one.threads == 0) a.one.threads = (int32_t)sysconf(_SC_NPROCESSORS_ONLN);
    const ssize_t length = readlink("/proc/self/exe", a.self, sizeof a.self - 1);
    if (length <= 0 || mkdtemp(a.folder) == NULL) {
        fprintf(stderr, "clile: bench: cannot make a folder for temporary files: %s\n",
                strerror(errno));
        return 1;
    }
    snprintf(a.script, sizeof a.script, "%.*srival_rounds.py",
             (int)(strrchr(a.self, '/') + 1 - a.self), a.self);
    for (int e = 0; e < ENGINES; ++e)
        snprintf(a.files[e], sizeof a.files[e], "%s/%s", a.folder, names[e]);
    int result = a.model && !describe_model(&a);
    if (result == 0) {
        if (a.json) printf("{\"cases\":[\n");
        result = a.table ? run_table(&a) : run_case(&a, 1);
        if (a.json) printf("\n]}\n");
    }
    for (int e = 0; e < ENGINES; ++e) unlink(a.files[e]);
    rmdir(a.folder);
    return result;
}
