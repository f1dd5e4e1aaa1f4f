/* clile info: shows the contents of a file (a model, a checkpoint, a pack, other weights), or the
 * table of options. */
#include "command.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const type_names[] = {"integer", "real", "choice", "text"};

/* "0.0001..10000", "a, b or c" or "" */
static void range_text(const clile_option_info *info, char *text, size_t size)
{
    if (info->type == CLILE_OPTION_CHOICE)
        snprintf(text, size, "%s", info->choices);
    else if (info->type == CLILE_OPTION_TEXT)
        text[0] = '\0';
    else
        snprintf(text, size, "%.16g..%.16g", info->minimum, info->maximum);
}

static int print_aus(int as_json)
{
    enum { HIGHEST = 99 }; /* of FACS: eye and head positions are below it */
    json j = {.out = stdout};
    if (as_json) json_open(&j, NULL, '[');
    for (int32_t au = 1; au <= HIGHEST; ++au) {
        const char *name = clile_au_name(au);
        if (name == NULL) continue;
        if (!as_json) {
            printf("AU%-3d %s\n", (int)au, name);
            continue;
        }
        json_open(&j, NULL, '{');
        json_integer(&j, "au", au);
        json_text(&j, "name", name);
        json_close(&j, '}');
    }
    if (as_json) json_close(&j, ']');
    return EXIT_FINE;
}

/* "a|b" in a Markdown table needs its bars escaped. */
static void print_escaped(const char *text)
{
    for (; *text; ++text) {
        if (*text == '|') putchar('\\');
        putchar(*text);
    }
}

static int print_options(int as_json, int markdown)
{
    json j = {.out = stdout};
    const char *group = "";
    if (as_json) json_open(&j, NULL, '[');
    if (markdown)
        printf("# Options\n"
               "\n"
               "Set an option with `--set name=value` on a command line, with\n"
               "`clile_options_set(options, \"name\", \"value\")` in C, or as a keyword in Python. "
               "This page is made by\n"
               "`clile info --options --markdown`; a test compares the two.\n");
    for (int32_t i = 0; i < clile_options_count(); ++i) {
        clile_option_info info = {.struct_size = sizeof info};
        char range[256];
        if (clile_options_describe(i, &info) != CLILE_OK) return failed(NULL);
        range_text(&info, range, sizeof range);
        if (as_json) {
            json_open(&j, NULL, '{');
            json_text(&j, "name", info.name);
            json_text(&j, "type", type_names[info.type]);
            json_text(&j, "default", info.default_value);
            json_text(&j, "range", range);
            json_text(&j, "group", info.group);
            json_text(&j, "help", info.help);
            json_close(&j, '}');
            continue;
        }
        if (strcmp(group, info.group) != 0) {
            group = info.group;
            if (markdown)
                printf("\n## %s\n\n| name | type | default | range | meaning "
                       "|\n|---|---|---|---|---|\n",
                       group);
            else
                printf("%s%s\n", i > 0 ? "\n" : "", group);
        }
        if (markdown) {
            printf("| `%s` | %s | %s | ", info.name, type_names[info.type], info.default_value);
            print_escaped(range);
            printf(" | ");
            print_escaped(info.help);
            printf(" |\n");
        } else
            printf("  %-20s %-10s %s%s%s%s\n", info.name, info.default_value, info.help,
                   range[0] ? " [" : "", range, range[0] ? "]" : "");
    }
    if (as_json) json_close(&j, ']');
    return EXIT_FINE;
}

/* ---- files ---- */

enum { MOST_DTYPES = 16, LONGEST_VALUE = 400, MOST_LINES = 100 };

typedef struct {
    const char *path;
    int list, as_json; /* show each tensor */
    json *j;
    int64_t file_bytes, tensor_bytes, tensors;
    struct {
        char name[16];
        int64_t tensors, bytes;
    } dtypes[MOST_DTYPES]; /* more are only in the sums */
    int dtype_count;
    char format[32]; /* "clile-model", ...; "" for another program's file */
} description;

static void print_shape(FILE *out, const clile_tensor_info *tensor)
{
    fputc('[', out);
    for (int32_t i = 0; i < tensor->ndim; ++i)
        fprintf(out, "%s%" PRId64, i ? "," : "", tensor->shape[i]);
    fputc(']', out);
}

/* First pass: sums, and the kind of file. */
static int32_t count_tensor(const clile_tensor_info *tensor, void *user)
{
    description *d = user;
    int k = 0;
    ++d->tensors;
    d->tensor_bytes += tensor->bytes;
    while (k < d->dtype_count && strcmp(d->dtypes[k].name, tensor->dtype) != 0) ++k;
    if (k == MOST_DTYPES) return 0;
    if (k == d->dtype_count) {
        snprintf(d->dtypes[k].name, sizeof d->dtypes[k].name, "%s", tensor->dtype);
        ++d->dtype_count;
    }
    ++d->dtypes[k].tensors;
    d->dtypes[k].bytes += tensor->bytes;
    return 0;
}

static int32_t find_format(const char *key, const char *value, void *user)
{
    description *d = user;
    if (strcmp(key, "format") == 0) snprintf(d->format, sizeof d->format, "%s", value);
    return 0;
}

/* Second pass: each tensor, each entry of the metadata. */
static int32_t show_tensor(const clile_tensor_info *tensor, void *user)
{
    description *d = user;
    if (!d->as_json) {
        printf("  %-44s %-5s ", tensor->name, tensor->dtype);
        print_shape(stdout, tensor);
        putchar('\n');
        return 0;
    }
    json_open(d->j, NULL, '{');
    json_text(d->j, "name", tensor->name);
    json_text(d->j, "dtype", tensor->dtype);
    json_open(d->j, "shape", '[');
    for (int32_t i = 0; i < tensor->ndim; ++i) json_integer(d->j, NULL, tensor->shape[i]);
    json_close(d->j, ']');
    json_integer(d->j, "bytes", tensor->bytes);
    json_close(d->j, '}');
    return 0;
}

/* Cuts long lists of names; --json has all of them. */
static void print_long(const char *key, const char *value)
{
    const size_t length = strlen(value);
    if (length <= LONGEST_VALUE)
        printf("%s: %s\n", key, value);
    else
        printf("%s: %.*s... (%zu bytes)\n", key, LONGEST_VALUE, value, length);
}

static int32_t show_metadata(const char *key, const char *value, void *user)
{
    description *d = user;
    if (d->as_json) {
        json_text(d->j, key, value);
        return 0;
    }
    if (strchr(value, '\n') == NULL) {
        print_long(key, value);
        return 0;
    }
    printf("%s:\n", key);
    int lines = 0;
    for (const char *line = value; *line;) {
        const size_t length = strcspn(line, "\n");
        if (++lines > MOST_LINES) {
            printf("  ... (%zu bytes in all)\n", strlen(value));
            break;
        }
        printf("  %.*s\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
    return 0;
}

/* What every kind of file has, as members of the open object. */
static int show_json(description *d, const char *kind, int with_metadata)
{
    json_text(d->j, "file", d->path);
    json_text(d->j, "kind", kind);
    json_integer(d->j, "file_bytes", d->file_bytes);
    json_integer(d->j, "tensor_count", d->tensors);
    json_integer(d->j, "tensor_bytes", d->tensor_bytes);
    json_open(d->j, "dtypes", '{');
    for (int k = 0; k < d->dtype_count; ++k)
        json_integer(d->j, d->dtypes[k].name, d->dtypes[k].tensors);
    json_close(d->j, '}');
    if (with_metadata) {
        json_open(d->j, "metadata", '{');
        if (clile_file_inspect(d->path, NULL, show_metadata, d, NULL) != CLILE_OK)
            return failed(NULL);
        json_close(d->j, '}');
    }
    if (!d->list) return EXIT_FINE;
    json_open(d->j, "tensors", '[');
    if (clile_file_inspect(d->path, show_tensor, NULL, d, NULL) != CLILE_OK) return failed(NULL);
    json_close(d->j, ']');
    return EXIT_FINE;
}

static int show_text(description *d, const char *kind, int with_metadata)
{
    printf("%s: %s, %" PRId64 " bytes; %" PRId64 " tensors of %" PRId64 " bytes (", d->path, kind,
           d->file_bytes, d->tensors, d->tensor_bytes);
    for (int k = 0; k < d->dtype_count; ++k)
        printf("%s%s: %" PRId64, k ? ", " : "", d->dtypes[k].name, d->dtypes[k].tensors);
    printf(")\n");
    if (with_metadata && clile_file_inspect(d->path, NULL, show_metadata, d, NULL) != CLILE_OK)
        return failed(NULL);
    return EXIT_FINE;
}

/* ---- models ---- */

static int32_t show_user_metadata(const char *key, const char *value, void *user)
{
    (void)user;
    if (strncmp(key, "user.", 5) == 0 && value[0]) print_long(key + 5, value);
    return 0;
}

/* What the model was trained on, in words. */
static void print_training(const clile_model *model)
{
    static const struct {
        const char *key, *words;
    } counts[] = {{"train_images_by_landmarks", "aligned by landmarks"},
                  {"train_images_by_boxes", "cropped by boxes"},
                  {"train_images_as_crops", "taken as crops"}};
    const char *kind = clile_model_get_metadata(model, "data_kind");
    const char *protocol = clile_model_get_metadata(model, "protocol"),
               *fold = clile_model_get_metadata(model, "fold");
    const char *layout = clile_model_get_metadata(model, "layout");
    const char *photographs = clile_model_get_metadata(model, "photographs");
    const char *imported = clile_model_get_metadata(model, "imported");
    int named = 0;
    if (kind == NULL) {
        if (clile_model_is_trained(model)) printf("trained on: unknown (the file does not say)\n");
        return;
    }
    printf("trained on: %s", strcmp(kind, "unknown") == 0
                                 ? "images that may or may not be photographs"
                             : strcmp(kind, "photographs") == 0 ? "photographs"
                             : strcmp(kind, "drawn") == 0       ? "drawn faces"
                             : strcmp(kind, "mixed") == 0       ? "images of several kinds"
                                                                : "rendered faces");
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; ++i) {
        const char *count = clile_model_get_metadata(model, counts[i].key);
        if (count && strcmp(count, "0") != 0)
            printf("%s %s %s", named++ ? "," : ";", count, counts[i].words);
    }
    printf("\n");
    if (layout) printf("layout %s", layout);
    if (layout && protocol && fold && strcmp(fold, "0") != 0)
        printf(", protocol %s, all but fold %s", protocol, fold);
    if (layout) printf("\n");
    if (photographs)
        printf("%s\n", strcmp(photographs, "yes") == 0 ? "it has seen photographs"
                       : strcmp(photographs, "never") == 0
                           ? "it has never seen a photograph"
                           : "it is unknown whether it has seen a photograph");
    if (imported) printf("weights imported from %s\n", imported);
}

static int32_t show_network(const char *key, const char *value, void *user)
{
    (void)user;
    static const char *const keys[] = {"weights",    "backbone",    "stem",        "width",
                                       "similarity", "standardize", "null_anchor", "library"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; ++i)
        if (strcmp(key, keys[i]) == 0) printf("%s: %s\n", key, value);
    return 0;
}

static int print_model(description *d, const clile_model *model)
{
    const int32_t c = clile_model_au_count(model);
    int32_t *au_ids = calloc((size_t)c, sizeof *au_ids);
    float *slope = calloc((size_t)c, sizeof *slope), *offset = calloc((size_t)c, sizeof *offset);
    int code = EXIT_FAILED;
    if (au_ids == NULL || slope == NULL || offset == NULL) goto cleanup;
    if (clile_model_copy_au_ids(model, au_ids) != CLILE_OK ||
        clile_model_copy_decision(model, slope, offset) != CLILE_OK) {
        failed(NULL);
        goto cleanup;
    }
    code = show_text(d, "model", 0);
    if (code != EXIT_FINE) goto cleanup;
    printf("%s, %d AUs, embedding %d, crop %d x %d\n",
           clile_model_is_trained(model) ? "trained" : "not trained", (int)c,
           (int)clile_model_embedding_size(model), (int)clile_model_image_size(model),
           (int)clile_model_image_size(model));
    print_training(model);
    if (clile_file_inspect(d->path, NULL, show_network, NULL, NULL) != CLILE_OK ||
        clile_file_inspect(d->path, NULL, show_user_metadata, NULL, NULL) != CLILE_OK) {
        code = failed(NULL);
        goto cleanup;
    }
    printf("\n  AU   present when score >   slope of the probability\n");
    for (int32_t k = 0; k < c; ++k)
        printf("  %-4d %20.4f   %24.4f  %s\n", (int)au_ids[k], 0.0 - (double)(offset[k] / slope[k]),
               (double)slope[k], au_name(au_ids[k]));
cleanup:
    free(au_ids);
    free(slope);
    free(offset);
    return code;
}

/* The model's own object, followed by what every file has. */
static int print_model_json(description *d, const clile_model *model)
{
    char *text = NULL;
    if (clile_model_copy_json(model, &text) != CLILE_OK) return failed(NULL);
    text[strlen(text) - 1] = '\0'; /* its closing brace */
    fputs(text, stdout);
    clile_free(text);
    d->j->depth = 1;
    d->j->filled[1] = 1;
    const int code = show_json(d, "model", 0);
    json_close(d->j, '}');
    return code;
}

static int print_file(const char *given, int list, int as_json)
{
    const char *path = model_file(given);
    json j = {.out = stdout};
    description d = {.path = path, .list = list, .as_json = as_json, .j = &j};
    struct stat info;
    int32_t kind = CLILE_FILE_SAFETENSORS;
    clile_model *model = NULL;
    int code = EXIT_FINE;
    if (path == NULL) return EXIT_FAILED;
    if (clile_file_inspect(path, count_tensor, find_format, &d, &kind) != CLILE_OK)
        return failed(NULL);
    if (stat(path, &info) == 0) d.file_bytes = (int64_t)info.st_size;
    if (strcmp(d.format, "clile-model") == 0) {
        if (clile_model_load(path, &model) != CLILE_OK) return failed(NULL);
        code = as_json ? print_model_json(&d, model) : print_model(&d, model);
        clile_model_destroy(model);
    } else {
        const char *name = kind == CLILE_FILE_PYTORCH                  ? "PyTorch"
                           : strcmp(d.format, "clile-checkpoint") == 0 ? "checkpoint"
                           : strcmp(d.format, "clile-pack") == 0       ? "pack"
                                                                       : "safetensors";
        if (as_json) json_open(&j, NULL, '{');
        code = as_json ? show_json(&d, name, 1) : show_text(&d, name, 1);
        if (as_json) json_close(&j, '}');
    }
    if (list && !as_json && code == EXIT_FINE) {
        printf("\n");
        if (clile_file_inspect(path, show_tensor, NULL, &d, NULL) != CLILE_OK) code = failed(NULL);
    }
    return code;
}

int run_info(int argc, char **argv)
{
    text_list files = {0};
    int options = 0, aus = 0, markdown = 0, as_json = 0, tensors = 0, code;
    const arg rows[] = {
        {"--tensors", ARG_FLAG, &tensors, NULL, "list every tensor with its type and shape"},
        {"--options", ARG_FLAG, &options, NULL, "list the options: name, default, meaning, range"},
        {"--aus", ARG_FLAG, &aus, NULL, "list the action units of FACS: number and name"},
        {"--markdown", ARG_FLAG, &markdown, NULL, "with --options: print them as docs/options.md"},
        {"--json", ARG_FLAG, &as_json, NULL, "print JSON"},
    };
    const arg_spec spec = {"clile info FILE [--tensors] | clile info --options | clile info --aus",
                           "Shows the contents of a file: a model, checkpoint or pack of libclile, "
                           "another safetensors file, or PyTorch's .pth\n(no code in it is run). "
                           "The file named default is the model that comes with libclile. Or lists "
                           "the options, or the names of action units.",
                           rows, (int)(sizeof rows / sizeof rows[0]), &files};
    code = args_parse(&spec, argc, argv);
    if (code != EXIT_FINE) goto cleanup;
    if (options && aus)
        code = usage_error(&spec, "--options and --aus cannot be combined");
    else if (options || aus ? files.count != 0 || tensors : files.count != 1)
        code = usage_error(&spec, options ? "--options takes no file"
                                  : aus   ? "--aus takes no file"
                                          : "expected one file");
    else if (aus)
        code = print_aus(as_json);
    else if (options)
        code = print_options(as_json, markdown);
    else
        code = print_file(files.items[0], tensors, as_json);
cleanup:
    text_list_free(&files);
    return code == ARGS_HELP ? EXIT_FINE : code;
}
