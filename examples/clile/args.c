/* Command line arguments: one table parses them and prints the help. */
#include "command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* "auto, bp4d or pack (default: auto)" */
static void print_choices(const char *key)
{
    clile_option_info info = {.struct_size = sizeof info};
    for (int32_t i = 0; i < clile_options_count(); ++i) {
        if (clile_options_describe(i, &info) != CLILE_OK || strcmp(info.name, key) != 0) continue;
        const char *last = strrchr(info.choices, '|');
        for (const char *at = info.choices; *at != '\0'; ++at)
            if (*at == '|')
                fputs(at == last ? " or " : ", ", stdout);
            else
                putchar(*at);
        printf(" (default: %s)\n", info.default_value);
    }
}

static void print_help(const arg_spec *spec)
{
    printf("usage: %s\n\n%s\n\n", spec->usage, spec->about);
    for (int i = 0; i < spec->count; ++i) {
        const arg *a = &spec->args[i];
        char left[64];
        snprintf(left, sizeof left, "%s%s%s", a->name, a->value ? " " : "",
                 a->value ? a->value : "");
        printf("  %-24s ", left);
        if (a->help != NULL)
            puts(a->help);
        else
            print_choices(a->name + strlen("--"));
    }
    printf("  %-24s %s\n", "--help", "this text");
    printf("\nExit status: 0 success, 1 failure (the reason is on stderr), 2 wrong usage.\n");
}

int usage_error(const arg_spec *spec, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("clile: ", stderr);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\nusage: %s\n", spec->usage);
    va_end(arguments);
    return EXIT_USAGE;
}

static int list_add(text_list *list, const char *text)
{
    const char **items = realloc(list->items, sizeof *items * (size_t)(list->count + 1));
    if (items == NULL) return 0;
    list->items = items;
    list->items[list->count++] = text;
    return 1;
}

void text_list_free(text_list *list)
{
    free(list->items);
    list->items = NULL;
    list->count = 0;
}

static int store(const arg_spec *spec, const arg *a, const char *value)
{
    switch (a->kind) {
        case ARG_FLAG: *(int *)a->target = 1; return EXIT_FINE;
        case ARG_TEXT: *(const char **)a->target = value; return EXIT_FINE;
        case ARG_LIST:
            if (!list_add(a->target, value)) return usage_error(spec, "out of memory");
            return EXIT_FINE;
        case ARG_NUMBER: {
            char *end = NULL;
            errno = 0;
            const long long number = strtoll(value, &end, 10);
            if (end == value || *end != '\0' || errno != 0 || number < 0)
                return usage_error(spec, "%s takes a number, found \"%s\"", a->name, value);
            *(int64_t *)a->target = number;
            return EXIT_FINE;
        }
    }
    return EXIT_USAGE;
}

/* The row whose name is `text` up to "="; `value` becomes what follows it, or NULL. */
static const arg *find(const arg_spec *spec, const char *text, const char **value)
{
    for (int i = 0; i < spec->count; ++i) {
        const size_t length = strlen(spec->args[i].name);
        if (strncmp(text, spec->args[i].name, length) != 0) continue;
        if (text[length] != '\0' && text[length] != '=') continue;
        *value = text[length] == '=' ? text + length + 1 : NULL;
        return &spec->args[i];
    }
    return NULL;
}

int args_parse(const arg_spec *spec, int argc, char **argv)
{
    int only_positional = 0;
    for (int i = 0; i < argc; ++i)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help(spec);
            return ARGS_HELP;
        }
    for (int i = 0; i < argc; ++i) {
        if (!only_positional && strcmp(argv[i], "--") == 0) {
            only_positional = 1;
            continue;
        }
        if (only_positional || argv[i][0] != '-' || argv[i][1] == '\0') {
            /* "-" is standard input */
            if (spec->positional == NULL)
                return usage_error(spec, "unexpected argument \"%s\"", argv[i]);
            if (!list_add(spec->positional, argv[i])) return usage_error(spec, "out of memory");
            continue;
        }
        const char *value = NULL;
        const arg *a = find(spec, argv[i], &value);
        if (a == NULL) return usage_error(spec, "unknown argument \"%s\"", argv[i]);
        if (a->kind == ARG_FLAG && value != NULL)
            return usage_error(spec, "%s takes no value", a->name);
        if (a->kind != ARG_FLAG && value == NULL) {
            if (i + 1 >= argc) return usage_error(spec, "%s needs a value: %s", a->name, a->value);
            value = argv[++i];
        }
        const int code = store(spec, a, value);
        if (code != EXIT_FINE) return code;
    }
    return EXIT_FINE;
}

int failed(const char *what)
{
    fprintf(stderr, "clile: %s%s%s\n", what ? what : "", what ? ": " : "", clile_last_error());
    return EXIT_FAILED;
}

int out_of_memory(void)
{
    fprintf(stderr, "clile: out of memory\n");
    return EXIT_FAILED;
}

int options_apply(clile_options *options, const arg_spec *spec, const text_list *settings)
{
    for (int i = 0; i < settings->count; ++i) {
        const char *text = settings->items[i];
        const char *equals = strchr(text, '=');
        char key[64];
        if (equals == NULL || equals == text || (size_t)(equals - text) >= sizeof key)
            return usage_error(
                spec, "--set takes key=value, found \"%s\"; `clile info --options` lists the keys",
                text);
        memcpy(key, text, (size_t)(equals - text));
        key[equals - text] = '\0';
        if (clile_options_set(options, key, equals + 1) != CLILE_OK)
            return usage_error(spec, "--set %s: %s", text, clile_last_error());
    }
    return EXIT_FINE;
}

int options_open(clile_options **options, const arg_spec *spec, const char *layout,
                 const text_list *settings)
{
    if (clile_options_create(options) != CLILE_OK) return failed(NULL);
    if (clile_options_set_str(*options, CLILE_OPT_LAYOUT, layout) != CLILE_OK)
        return usage_error(spec, "--layout: %s", clile_last_error());
    return options_apply(*options, spec, settings);
}

const char *model_file(const char *name)
{
    static char *path = NULL; /* until the program ends */
    if (name != NULL && strcmp(name, "default") != 0) return name;
    if (path == NULL && clile_model_copy_default_path(&path) != CLILE_OK) failed(NULL);
    return path;
}
