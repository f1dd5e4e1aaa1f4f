/* clile info: what a model file holds, or the table of options. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

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
        printf("# Options\n\nMade by `clile info --options --markdown` from the table in the library; a test compares "
               "the two.\n"
               "On a command line an option is set by `--set name=value`, in C by `clile_options_set(options, "
               "\"name\", \"value\")`.\n");
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
                printf("\n## %s\n\n| name | type | default | range | meaning |\n|---|---|---|---|---|\n", group);
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
            printf("  %-20s %-10s %s%s%s%s\n", info.name, info.default_value, info.help, range[0] ? " [" : "", range,
                   range[0] ? "]" : "");
    }
    if (as_json) json_close(&j, ']');
    return EXIT_FINE;
}

static int print_model(const clile_model *model, const char *path)
{
    static const char *const keys[] = {"protocol",          "fold",         "layout", "train_subject_count",
                                       "train_image_count", "test_subjects"};
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
    printf("%s: %s, %d AUs, embedding %d, crop %d x %d\n", path,
           clile_model_is_trained(model) ? "trained" : "not trained", (int)c, (int)clile_model_embedding_size(model),
           (int)clile_model_image_size(model), (int)clile_model_image_size(model));
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; ++i) {
        const char *value = clile_model_get_metadata(model, keys[i]);
        if (value && value[0]) printf("%s: %s\n", keys[i], value);
    }
    printf("\n  AU   present when score >   slope of the probability\n");
    for (int32_t k = 0; k < c; ++k)
        printf("  %-4d %20.4f   %24.4f\n", (int)au_ids[k], (double)(-offset[k] / slope[k]), (double)slope[k]);
    code = EXIT_FINE;
cleanup:
    free(au_ids);
    free(slope);
    free(offset);
    return code;
}

int run_info(int argc, char **argv)
{
    text_list files = {0};
    int options = 0, markdown = 0, as_json = 0, code;
    clile_model *model = NULL;
    char *text = NULL;
    const arg rows[] = {
        {"--options", ARG_FLAG, &options, NULL, "the options: name, default, meaning, range"},
        {"--markdown", ARG_FLAG, &markdown, NULL, "with --options: as the page docs/options.md"},
        {"--json", ARG_FLAG, &as_json, NULL, "print JSON"},
    };
    const arg_spec spec = {"clile info MODEL | clile info --options",
                           "What a model file holds, or the table of options.", rows,
                           (int)(sizeof rows / sizeof rows[0]), &files};
    code = args_parse(&spec, argc, argv);
    if (code != EXIT_FINE) goto cleanup;
    if (options ? files.count != 0 : files.count != 1) {
        code = usage_error(&spec, options ? "--options takes no model" : "one model file is needed");
        goto cleanup;
    }
    if (options) {
        code = print_options(as_json, markdown);
        goto cleanup;
    }
    if (clile_model_load(files.items[0], &model) != CLILE_OK) {
        code = failed(NULL);
        goto cleanup;
    }
    if (!as_json)
        code = print_model(model, files.items[0]);
    else if (clile_model_copy_json(model, &text) != CLILE_OK)
        code = failed(NULL);
    else
        puts(text);
cleanup:
    clile_free(text);
    clile_model_destroy(model);
    text_list_free(&files);
    return code == ARGS_HELP ? EXIT_FINE : code;
}
