/* clile import: makes an untrained model with the backbone of another file, and reports what
 * fitted. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

/* By CLILE_IMPORT_... */
static const char *const outcomes[] = {"matched",    "kept",      "missing",
                                       "mismatched", "left_over", "ignored"};
static const char *const explained[] = {"taken",
                                        "unchanged: the file has none that fits",
                                        "not in the file",
                                        "in the file with another shape or type",
                                        "in the file, but not part of the backbone",
                                        "num_batches_tracked, which is not needed"};
enum { OUTCOMES = (int)(sizeof outcomes / sizeof outcomes[0]), MOST_AUS = 64 };

typedef struct {
    const char *file, *out, *au_set, *backbone, *prefix;
    text_list settings;
    int json;
} import_args;

/* What the library reported: a copy of each item that is shown. */
typedef struct {
    int32_t outcome;
    char *name, *file_name, *file_dtype;
    char shape[160], file_shape[160];
} line;

typedef struct {
    line *lines;
    int64_t count, capacity, of[OUTCOMES];
    int out_of_memory;
} told;

/* "[64,3,7,7]", or "" for none. */
static void shape_text(int32_t ndim, const int64_t *shape, char *text, size_t size)
{
    size_t at = 0;
    text[0] = '\0';
    if (shape == NULL) return;
    at += (size_t)snprintf(text, size, "[");
    for (int32_t i = 0; i < ndim && at < size; ++i)
        at += (size_t)snprintf(text + at, size - at, "%s%lld", i ? "," : "", (long long)shape[i]);
    if (at < size) snprintf(text + at, size - at, "]");
}

static char *copy_text(told *t, const char *text)
{
    if (text == NULL) return NULL;
    char *copy = malloc(strlen(text) + 1);
    if (copy)
        strcpy(copy, text);
    else
        t->out_of_memory = 1;
    return copy;
}

static void on_item(const clile_import_item *item, void *user)
{
    told *t = user;
    if (item->outcome < 0 || item->outcome >= OUTCOMES || t->out_of_memory) return;
    if (t->count == t->capacity) {
        const int64_t capacity = 2 * t->capacity + 256;
        line *grown = realloc(t->lines, (size_t)capacity * sizeof *grown);
        if (grown == NULL) {
            t->out_of_memory = 1;
            return;
        }
        t->lines = grown;
        t->capacity = capacity;
    }
    line *l = &t->lines[t->count++];
    ++t->of[item->outcome];
    *l = (line){.outcome = item->outcome};
    l->name = copy_text(t, item->name);
    l->file_name = copy_text(t, item->file_name);
    l->file_dtype = copy_text(t, item->file_dtype);
    shape_text(item->ndim, item->shape, l->shape, sizeof l->shape);
    shape_text(item->file_ndim, item->file_shape, l->file_shape, sizeof l->file_shape);
}

static void told_free(told *t)
{
    for (int64_t i = 0; i < t->count; ++i) {
        free(t->lines[i].name);
        free(t->lines[i].file_name);
        free(t->lines[i].file_dtype);
    }
    free(t->lines);
}

/* Prints the outcome of each tensor; of those that matched or were ignored, only the number. */
static void print_text(FILE *out, const told *t)
{
    for (int k = 0; k < OUTCOMES; ++k) {
        if (t->of[k] == 0) continue;
        fprintf(out, "%-10s %4lld  %s\n", outcomes[k], (long long)t->of[k], explained[k]);
        for (int64_t i = 0; i < t->count && k != CLILE_IMPORT_MATCHED && k != CLILE_IMPORT_IGNORED;
             ++i) {
            const line *l = &t->lines[i];
            if (l->outcome != k) continue;
            fprintf(out, "    %s", l->file_name ? l->file_name : l->name);
            if (l->file_name) fprintf(out, " %s %s", l->file_dtype, l->file_shape);
            if (l->shape[0]) fprintf(out, "%s %s", l->file_name ? "; the model has" : "", l->shape);
            fputc('\n', out);
        }
    }
}

static void print_json(const import_args *a, const told *t, const clile_model *model)
{
    json j = {.out = stdout};
    char *text = NULL;
    json_open(&j, NULL, '{');
    json_text(&j, "file", a->file);
    json_text(&j, "model", model ? a->out : NULL);
    json_open(&j, "counts", '{');
    for (int k = 0; k < OUTCOMES; ++k) json_integer(&j, outcomes[k], t->of[k]);
    json_close(&j, '}');
    json_open(&j, "tensors", '[');
    for (int64_t i = 0; i < t->count; ++i) {
        const line *l = &t->lines[i];
        json_open(&j, NULL, '{');
        json_text(&j, "outcome", outcomes[l->outcome]);
        json_text(&j, "name", l->name);
        json_text(&j, "file_name", l->file_name);
        json_text(&j, "file_dtype", l->file_dtype);
        json_raw(&j, "shape", l->shape[0] ? l->shape : "null");
        json_raw(&j, "file_shape", l->file_shape[0] ? l->file_shape : "null");
        json_close(&j, '}');
    }
    json_close(&j, ']');
    if (model && clile_model_copy_json(model, &text) == CLILE_OK) json_raw(&j, "made", text);
    json_close(&j, '}');
    clile_free(text);
}

/* ---- which network it is ---- */

typedef struct {
    const char *prefix; /* NULL: any */
    int second, third, bottleneck;
    int64_t channels, kernel; /* of layer1, of conv1 */
} network;

static int ends_with(const char *name, const char *ending)
{
    const size_t size = strlen(name), ending_size = strlen(ending);
    return size >= ending_size && strcmp(name + size - ending_size, ending) == 0;
}

/* The blocks of the first layer tell which ResNet it is, the kernel of conv1 which stem. */
static int32_t on_tensor(const clile_tensor_info *tensor, void *user)
{
    network *n = user;
    if (n->prefix && strncmp(tensor->name, n->prefix, strlen(n->prefix)) != 0) return 0;
    if (ends_with(tensor->name, "layer1.0.conv1.weight") && tensor->ndim > 0)
        n->channels = tensor->shape[0];
    const size_t before = n->prefix ? strlen(n->prefix) : 0;
    const char *stem = strstr(tensor->name + before, "conv1.weight");
    if (tensor->ndim == 4 && stem != NULL && strstr(tensor->name, "layer") == NULL)
        n->kernel = tensor->shape[2];
    if (ends_with(tensor->name, "layer1.1.conv1.weight")) n->second = 1;
    if (ends_with(tensor->name, "layer1.2.conv1.weight")) n->third = 1;
    if (ends_with(tensor->name, "layer1.0.conv3.weight")) n->bottleneck = 1;
    return 0;
}

/* A stem that was left open is the file's: 7 x 7 for torchvision's, 5 x 5 for the small one. */
static int set_stem(const network *n, clile_options *options)
{
    const char *stem = n->kernel == 7 ? "imagenet" : n->kernel == 5 ? "small" : "auto", *now = NULL;
    if (clile_options_get_str(options, CLILE_OPT_STEM, &now) != CLILE_OK) return failed(NULL);
    if (strcmp(now, "auto") == 0 &&
        clile_options_set_str(options, CLILE_OPT_STEM, stem) != CLILE_OK)
        return failed(NULL);
    return EXIT_FINE;
}

int options_take_stem(clile_options *options, const char *file)
{
    network n = {.prefix = NULL};
    return clile_file_inspect(file, on_tensor, NULL, &n, NULL) == CLILE_OK ? set_stem(&n, options)
                                                                           : EXIT_FINE;
}

/* Sets backbone, width and stem to the file's, unless they were set. */
static int choose_network(const import_args *a, const arg_spec *spec, clile_options *options)
{
    network n = {.prefix = a->prefix};
    int width = 0, backbone = a->backbone != NULL;
    for (int i = 0; i < a->settings.count; ++i) {
        width |= strncmp(a->settings.items[i], "width=", 6) == 0;
        backbone |= strncmp(a->settings.items[i], "backbone=", 9) == 0;
    }
    if (clile_file_inspect(a->file, on_tensor, NULL, &n, NULL) != CLILE_OK) return failed(NULL);
    const char *name = n.bottleneck ? "resnet50"
                       : n.third    ? "resnet34"
                       : n.second   ? "resnet18"
                                    : "resnet10";
    if (n.channels > 0 && !backbone &&
        clile_options_set_str(options, CLILE_OPT_BACKBONE, name) != CLILE_OK)
        return failed(NULL);
    if (n.channels > 0 && !width &&
        clile_options_set_f64(options, CLILE_OPT_WIDTH, (double)n.channels / 64) != CLILE_OK)
        return failed(a->file);
    if (set_stem(&n, options) != EXIT_FINE) return EXIT_FAILED;
    if (a->backbone && clile_options_set_str(options, CLILE_OPT_BACKBONE, a->backbone) != CLILE_OK)
        return usage_error(spec, "--backbone: %s", clile_last_error());
    return EXIT_FINE;
}

/* "bp4d", "disfa" or "1,2,4"; the library checks the numbers. 0: none of these. */
static int32_t parse_au_set(const char *text, int32_t *au_ids)
{
    if (strcmp(text, "bp4d") == 0) text = "1,2,4,6,7,10,12,14,15,17,23,24";
    if (strcmp(text, "disfa") == 0) text = "1,2,4,6,9,12,25,26";
    for (int32_t count = 0; count < MOST_AUS;) {
        char *end = NULL;
        const long au = strtol(text, &end, 10);
        if (end == text || au < 1 || au > 999 || (*end != ',' && *end != '\0')) return 0;
        au_ids[count++] = (int32_t)au;
        if (*end == '\0') return count;
        text = end + 1;
    }
    return 0;
}

/* ---- the command ---- */

static int import_model(const import_args *a, const arg_spec *spec, const clile_options *options)
{
    int32_t au_ids[MOST_AUS];
    const int32_t c = parse_au_set(a->au_set, au_ids);
    clile_model *model = NULL;
    told t = {0};
    const char *backbone = NULL;
    double width = 0;
    int code = EXIT_FINE;
    if (c == 0)
        return usage_error(
            spec, "--au-set takes bp4d, disfa or numbers such as 1,2,4, found \"%s\"", a->au_set);
    if (clile_model_create(options, c, au_ids, &model) != CLILE_OK) return failed(NULL);
    if (clile_model_import_backbone_report(model, a->file, a->prefix, on_item, &t) != CLILE_OK ||
        clile_model_save(model, a->out) != CLILE_OK)
        code = failed(NULL);
    if (t.out_of_memory) {
        fprintf(stderr, "clile: out of memory for the report\n");
        code = EXIT_FAILED;
    } else if (a->json)
        print_json(a, &t, code == EXIT_FINE ? model : NULL);
    else
        print_text(code == EXIT_FINE ? stdout : stderr, &t);
    if (code == EXIT_FINE && !a->json &&
        clile_options_get_str(options, CLILE_OPT_BACKBONE, &backbone) == CLILE_OK &&
        clile_options_get_f64(options, CLILE_OPT_WIDTH, &width) == CLILE_OK)
        printf("%s: untrained; train it with --import %s --set backbone=%s --set width=%g\n",
               a->out, a->out, backbone, width);
    told_free(&t);
    clile_model_destroy(model);
    return code;
}

int run_import(int argc, char **argv)
{
    import_args a = {.au_set = "bp4d"};
    text_list files = {0};
    clile_options *options = NULL;
    const arg rows[] = {
        {"--out", ARG_TEXT, &a.out, "MODEL", "untrained model to write (safetensors)"},
        {"--au-set", ARG_TEXT, &a.au_set, "SET",
         "AUs of the model: bp4d (default), disfa or numbers such as 1,2,4"},
        {"--backbone", ARG_TEXT, &a.backbone, "NAME",
         "resnet10, 18, 34 or 50 (default: the file's)"},
        {"--prefix", ARG_TEXT, &a.prefix, "TEXT",
         "what precedes torchvision's names (default: found automatically)"},
        {"--set", ARG_LIST, &a.settings, "KEY=VALUE",
         "set an option of the model: width, embedding, image_size, ..."},
        {"--json", ARG_FLAG, &a.json, NULL, "print the report as JSON, with every tensor"},
    };
    const arg_spec spec = {
        "clile import FILE --out MODEL [--au-set bp4d] [--set KEY=VALUE ...]",
        "Makes an untrained model with the backbone weights of a torchvision ResNet, from "
        "safetensors, PyTorch's .pth\n(no code in it is run) or a model of libclile, and reports "
        "what matched, what is missing and what is left over.\nRules: docs/import.md.",
        rows, (int)(sizeof rows / sizeof rows[0]), &files};
    int code = args_parse(&spec, argc, argv);
    if (code != EXIT_FINE) goto cleanup;
    if (files.count != 1 || a.out == NULL) {
        code = usage_error(&spec, "%s",
                           files.count != 1 ? "expected one file of weights" : "--out is missing");
        goto cleanup;
    }
    a.file = files.items[0];
    code = options_open(&options, &spec, "auto", &a.settings);
    if (code == EXIT_FINE) code = choose_network(&a, &spec, options);
    if (code == EXIT_FINE) code = import_model(&a, &spec, options);
cleanup:
    clile_options_destroy(options);
    text_list_free(&files);
    text_list_free(&a.settings);
    return code == ARGS_HELP ? EXIT_FINE : code;
}
