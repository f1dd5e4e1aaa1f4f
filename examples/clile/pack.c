/* clile pack: writes a labelled folder as one file, which training reads without decoding. */
#include "command.h"

#include <sys/stat.h>

typedef struct {
    const char *what;
    int quiet;
    double began, last;
} counter;

/* A clile_count_fn. */
static int32_t count(int64_t done, int64_t all, void *user)
{
    counter *c = user;
    const double now = now_seconds();
    if (!c->quiet && (done == all || now - c->last > 0.2)) {
        progress_count(c->what, done, all, c->began);
        c->last = now;
    }
    return interrupted();
}

int verify_pack(const clile_dataset *data)
{
    counter c = {.what = "verifying", .began = now_seconds()};
    interrupt_install();
    return clile_dataset_verify(data, count, &c) == CLILE_OK ? EXIT_FINE : failed(NULL);
}

static void print_done(const clile_dataset *data, const clile_options *options, const char *out,
                       double seconds, int as_json)
{
    struct stat info;
    int64_t size = 0;
    const int64_t n = clile_dataset_size(data),
                  bytes = stat(out, &info) == 0 ? (int64_t)info.st_size : 0;
    if (clile_options_get_i64(options, CLILE_OPT_IMAGE_SIZE, &size) != CLILE_OK)
        size = 0; /* cannot happen: they were packed */
    if (as_json) {
        json j = {.out = stdout};
        json_open(&j, NULL, '{');
        json_text(&j, "pack", out);
        json_integer(&j, "images", n);
        json_integer(&j, "subjects", clile_dataset_subject_count(data));
        json_integer(&j, "aus", clile_dataset_au_count(data));
        json_integer(&j, "image_size", size);
        json_integer(&j, "bytes", bytes);
        json_real(&j, "seconds", seconds);
        json_close(&j, '}');
    } else
        printf("%s: %lld images of %d subjects at %lld pixels, %.1f MB, %.1f s\n", out,
               (long long)n, (int)clile_dataset_subject_count(data), (long long)size,
               (double)bytes / 1e6, seconds);
}

int run_pack(int argc, char **argv)
{
    const char *layout = "auto", *path = NULL, *out = NULL;
    text_list settings = {0};
    int as_json = 0;
    clile_options *options = NULL;
    clile_dataset *data = NULL;
    counter c = {.what = "packing"};
    const arg rows[] = {
        {"--data", ARG_TEXT, &path, "DIR", "labelled folder, CSV manifest or pack (required)"},
        {"--out", ARG_TEXT, &out, "FILE", "pack to write, such as bp4d.safetensors (required)"},
        {"--layout", ARG_TEXT, &layout, "NAME", NULL},
        {"--set", ARG_LIST, &settings, "KEY=VALUE",
         "an option, such as image_size=112; may be repeated"},
        {"--quiet", ARG_FLAG, &c.quiet, NULL, "no progress"},
        {"--json", ARG_FLAG, &as_json, NULL, "print JSON"},
    };
    const arg_spec spec = {
        "clile pack --data DIR --out FILE [--set image_size=N]",
        "Aligns and resizes every image of a labelled folder once, into one file.", rows,
        (int)(sizeof rows / sizeof rows[0]), NULL};
    int code = args_parse(&spec, argc, argv);
    if (code != EXIT_FINE) goto cleanup;
    if (path == NULL || out == NULL) {
        code = usage_error(&spec, "%s is missing", path == NULL ? "--data" : "--out");
        goto cleanup;
    }
    code = options_open(&options, &spec, layout, &settings);
    if (code != EXIT_FINE) goto cleanup;
    interrupt_install();
    c.began = now_seconds();
    code = dataset_open(path, options, &data);
    if (code != EXIT_FINE) goto cleanup;
    if (clile_dataset_pack(data, out, options, count, &c) != CLILE_OK)
        code = failed(NULL);
    else
        print_done(data, options, out, now_seconds() - c.began, as_json);
cleanup:
    clile_dataset_destroy(data);
    clile_options_destroy(options);
    text_list_free(&settings);
    return code == ARGS_HELP ? EXIT_FINE : code;
}
