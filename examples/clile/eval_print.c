/* What clile eval prints. */
#include "eval.h"

#include <string.h>
#include <strings.h>

static void print_json(FILE *out, const eval_args *args, const eval_part *parts, int count,
                       const char *report)
{
    json j = {.out = out};
    json_open(&j, NULL, '{');
    json_text(&j, "data", args->data);
    json_open(&j, "models", '[');
    for (int i = 0; i < count; ++i) {
        json_open(&j, NULL, '{');
        json_text(&j, "model", parts[i].path);
        json_text(&j, "protocol", parts[i].protocol);
        json_integer(&j, "fold", parts[i].fold);
        json_text(&j, "protocol_from", parts[i].from_model ? "model" : "command line");
        json_text(&j, "warning", parts[i].warning[0] ? parts[i].warning : NULL);
        json_integer(&j, "images", parts[i].images);
        json_integer(&j, "subjects", parts[i].subjects);
        json_integer(&j, "train_images", parts[i].train_images);
        json_real(&j, "subject_probe", parts[i].probe);
        json_real(&j, "seconds", parts[i].seconds);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_raw(&j, "report", report);
    json_close(&j, '}');
}

static void print_text(FILE *out, const eval_part *parts, int count, const char *report)
{
    for (int i = 0; i < count; ++i) {
        fprintf(out, "%s: %lld images of %d subjects, ", parts[i].path, (long long)parts[i].images,
                (int)parts[i].subjects);
        if (parts[i].fold > 0)
            fprintf(out, "protocol %s fold %d (from %s)\n", parts[i].protocol, (int)parts[i].fold,
                    parts[i].from_model ? "the model" : "the command line");
        else
            fprintf(out, "the whole folder\n");
        if (parts[i].warning[0]) fprintf(out, "  warning: %s\n", parts[i].warning);
    }
    fprintf(out, "\n%s", report);
}

enum { REPORT_TEXT, REPORT_JSON, REPORT_TABLE };

/* The format of --report, by the extension of its name; text if it has none. NULL: unknown
 * extension. */
typedef struct {
    const char *ending; /* of REPORT_TABLE: the library's name of the format too */
    int kind;
} report_format;

static const report_format *find_format(const char *path)
{
    static const report_format formats[] = {{"txt", REPORT_TEXT},
                                            {"json", REPORT_JSON},
                                            {"csv", REPORT_TABLE},
                                            {"md", REPORT_TABLE},
                                            {"tex", REPORT_TABLE}};
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path,
               *point = strrchr(name, '.');
    if (point == NULL || point == name) return &formats[0];
    for (size_t k = 0; k < sizeof formats / sizeof formats[0]; ++k)
        if (strcasecmp(point + 1, formats[k].ending) == 0) return &formats[k];
    return NULL;
}

int report_name_is_known(const char *path)
{
    return find_format(path) != NULL;
}

static int write_report(const evaluation *e, const eval_part *parts, int count, const char *text,
                        const char *report)
{
    const report_format *format = find_format(e->args->report);
    output out = {0};
    char *table = NULL;
    if (format->kind == REPORT_TABLE &&
        clile_report_copy_table(e->report, format->ending, &table) != CLILE_OK)
        return failed(NULL);
    int code = output_open(&out, e->args->report);
    if (code == EXIT_FINE) {
        if (format->kind == REPORT_TEXT)
            print_text(out.file, parts, count, text);
        else if (format->kind == REPORT_JSON)
            print_json(out.file, e->args, parts, count, report);
        else
            fputs(table, out.file);
        code = output_commit(&out);
    }
    clile_free(table);
    return code;
}

/* Writes the report to stdout, and to --report. */
int write_results(const evaluation *e, const eval_part *parts, int count)
{
    const eval_args *args = e->args;
    char *text = NULL, *report = NULL;
    int code = EXIT_FINE;
    if (clile_report_copy_text(e->report, &text) != CLILE_OK ||
        clile_report_copy_json(e->report, &report) != CLILE_OK) {
        code = failed(NULL);
        goto cleanup;
    }
    if (args->report) code = write_report(e, parts, count, text, report);
    if (args->json)
        print_json(stdout, args, parts, count, report);
    else
        print_text(stdout, parts, count, text);
cleanup:
    clile_free(text);
    clile_free(report);
    return code;
}
