/* clile report: saved evaluations as one page that needs nothing else. */
#include "report.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
    text_list evaluations, models, histories, settings;
    const char *out, *figures, *title, *data, *layout;
    int no_faces;
} report_args;

/* A file's name without folders and its last extension. */
static void short_name(const char *path, char *name)
{
    const char *slash = strrchr(path, '/'), *base = slash && slash[1] ? slash + 1 : path,
               *point = strrchr(base, '.');
    size_t size = point && point > base ? (size_t)(point - base) : strlen(base);
    if (size > REPORT_NAME - 1) size = REPORT_NAME - 1;
    memcpy(name, base, size);
    name[size] = '\0';
}

/* ---- evaluations ---- */

static int copy_rows(report_run *run)
{
    const size_t n = (size_t)run->n, c = (size_t)run->c;
    run->score = malloc(n * c * sizeof *run->score);
    run->probability = malloc(n * c * sizeof *run->probability);
    run->present = malloc(n * c);
    run->labels = malloc(n * c);
    run->subject = malloc(n * sizeof *run->subject);
    if (!run->score || !run->probability || !run->present || !run->labels || !run->subject)
        return out_of_memory();
    const clile_evaluation_rows to = {.struct_size = sizeof to,
                                      .score = run->score,
                                      .probability = run->probability,
                                      .present = run->present,
                                      .labels = run->labels,
                                      .subject = run->subject};
    if (clile_evaluation_copy_rows(run->file, 0, run->n, &to) != CLILE_OK ||
        clile_evaluation_copy_au_ids(run->file, run->au_ids) != CLILE_OK)
        return failed(run->path);
    return EXIT_FINE;
}

static int open_run(const char *path, report_run *run)
{
    clile_report *figures = NULL;
    char *text = NULL;
    int code = EXIT_FINE;
    run->path = path;
    short_name(path, run->name);
    if (clile_evaluation_load(path, &run->file) != CLILE_OK) return failed(NULL);
    run->n = clile_evaluation_size(run->file);
    run->c = clile_evaluation_au_count(run->file);
    run->subjects = clile_evaluation_subject_count(run->file);
    run->parts = clile_evaluation_part_count(run->file);
    if (run->c > REPORT_AUS) {
        fprintf(stderr, "clile: %s: %d AUs, expected %d at most\n", path, (int)run->c, REPORT_AUS);
        return EXIT_FAILED;
    }
    code = copy_rows(run);
    if (code != EXIT_FINE) return code;
    if (clile_evaluation_copy_report(run->file, NULL, &figures) != CLILE_OK ||
        clile_report_copy_json(figures, &text) != CLILE_OK)
        code = failed(path);
    else {
        run->figures = json_parse(text, strlen(text));
        if (run->figures == NULL) code = out_of_memory();
    }
    clile_free(text);
    clile_report_destroy(figures);
    return code;
}

static void close_run(report_run *run)
{
    clile_evaluation_destroy(run->file);
    json_value_free(run->figures);
    free(run->score);
    free(run->probability);
    free(run->present);
    free(run->labels);
    free(run->subject);
}

static void add_aus(report *r, const report_run *run)
{
    for (int32_t k = 0; k < run->c; ++k) {
        int32_t at = 0;
        while (at < r->aus && r->au_ids[at] < run->au_ids[k]) ++at;
        if ((at < r->aus && r->au_ids[at] == run->au_ids[k]) || r->aus == REPORT_AUS) continue;
        memmove(&r->au_ids[at + 1], &r->au_ids[at], (size_t)(r->aus - at) * sizeof r->au_ids[0]);
        r->au_ids[at] = run->au_ids[k];
        ++r->aus;
    }
}

/* Two files of one name are called by their paths. */
static void make_distinct(report *r)
{
    int same[SVG_SERIES] = {0};
    for (int a = 0; a < r->runs; ++a)
        for (int b = 0; b < r->runs; ++b)
            same[a] |= a != b && strcmp(r->run[a].name, r->run[b].name) == 0;
    for (int k = 0; k < r->runs; ++k) {
        const char *path = r->run[k].path;
        const size_t size = strlen(path); /* the end says more than the beginning */
        if (same[k])
            snprintf(r->run[k].name, REPORT_NAME, "%s",
                     size < REPORT_NAME ? path : path + size - (REPORT_NAME - 1));
    }
}

/* ---- history ---- */

static int read_epoch(const report_history *h, int number, const char *line, size_t size,
                      report_epoch *out)
{
    json_value *v = json_parse(line, size);
    const double stage = json_number(json_get(v, "stage")),
                 epoch = json_number(json_get(v, "epoch"));
    const int fine = json_number(json_get(v, "history")) == 1.0 && (stage == 1.0 || stage == 2.0) &&
                     epoch >= 1.0 && epoch <= 1e6;
    if (fine)
        *out = (report_epoch){(int)stage, (int)epoch, json_number(json_get(v, "loss")),
                              json_number(json_get(v, "validation_f1")),
                              json_number(json_get(v, "validation_auc"))};
    else
        fprintf(stderr,
                "clile: %s, line %d: expected a line of a history, version 1, with stage 1 or 2 "
                "and an epoch\n",
                h->path, number);
    json_value_free(v);
    return fine ? EXIT_FINE : EXIT_FAILED;
}

static int read_history(const char *path, report_history *h)
{
    char *line = NULL;
    size_t room = 0;
    int code = EXIT_FINE, number = 0, capacity = 0;
    ssize_t size;
    h->path = path;
    short_name(path, h->name);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, "clile: %s: cannot be read: %s\n", path, strerror(errno));
        return EXIT_FAILED;
    }
    while (code == EXIT_FINE && (size = getline(&line, &room, file)) >= 0) {
        ++number;
        if (h->count == capacity) {
            capacity = capacity ? 2 * capacity : 64;
            report_epoch *grown = realloc(h->epoch, (size_t)capacity * sizeof *grown);
            if (grown == NULL) code = out_of_memory();
            if (grown == NULL) break;
            h->epoch = grown;
        }
        code = read_epoch(h, number, line, (size_t)size, &h->epoch[h->count]);
        h->count += code == EXIT_FINE;
    }
    if (code == EXIT_FINE && (ferror(file) || h->count == 0)) {
        fprintf(stderr, "clile: %s: %s\n", path,
                h->count == 0 && !ferror(file) ? "no epoch in it; expected a history of training"
                                               : "cannot be read");
        code = EXIT_FAILED;
    }
    free(line);
    fclose(file);
    return code;
}

/* ---- the command ---- */

static int read_args(report_args *a, int argc, char **argv, arg_spec *spec, arg *rows)
{
    const arg table[] = {
        {"--out", ARG_TEXT, &a->out, "FILE", "the page (default: report.html)"},
        {"--figures", ARG_TEXT, &a->figures, "DIR", "write each figure here too, as .svg"},
        {"--title", ARG_TEXT, &a->title, "TEXT", "heading of the page"},
        {"--model", ARG_LIST, &a->models, "FILE",
         "model whose card and data the page shows; may be repeated"},
        {"--history", ARG_LIST, &a->histories, "FILE",
         "history of training whose curves the page shows; may be repeated"},
        {"--data", ARG_TEXT, &a->data, "DIR",
         "the tested data: the page shows faces of it, the worst and the best of each AU"},
        {"--layout", ARG_TEXT, &a->layout, "NAME", NULL},
        {"--set", ARG_LIST, &a->settings, "KEY=VALUE",
         "set an option of the data group; may be repeated"},
        {"--no-faces", ARG_FLAG, &a->no_faces, NULL,
         "no faces, even with --data: licences of data sets forbid to publish most"},
    };
    a->layout = "auto";
    a->out = "report.html";
    a->title = "Evaluation of action units";
    memcpy(rows, table, sizeof table);
    *spec = (arg_spec){"clile report EVALUATION... [--out report.html]",
                       "Makes one HTML page of what `clile eval --answers` saved: figures, tables "
                       "and, with --data, faces.\nIt needs no network and no script.",
                       rows, (int)(sizeof table / sizeof table[0]), &a->evaluations};
    const int code = args_parse(spec, argc, argv);
    if (code != EXIT_FINE) return code;
    if (a->evaluations.count == 0) return usage_error(spec, "no saved evaluation is given");
    const struct {
        const char *what;
        int count;
    } most[] = {{"evaluations", a->evaluations.count},
                {"models", a->models.count},
                {"histories", a->histories.count}};
    for (int k = 0; k < 3; ++k)
        if (most[k].count > SVG_SERIES)
            return usage_error(spec, "%d %s: a page shows %d at most", most[k].count, most[k].what,
                               SVG_SERIES);
    return EXIT_FINE;
}

static int open_all(report *r, const report_args *a, const arg_spec *spec)
{
    clile_options *options = NULL;
    int code = EXIT_FINE;
    for (int k = 0; k < a->evaluations.count && code == EXIT_FINE; ++k) {
        code = open_run(a->evaluations.items[k], &r->run[r->runs++]);
        if (code == EXIT_FINE) add_aus(r, &r->run[k]);
    }
    make_distinct(r);
    for (int k = 0; k < a->histories.count && code == EXIT_FINE; ++k)
        code = read_history(a->histories.items[k], &r->history[r->histories++]);
    for (int k = 0; k < a->models.count && code == EXIT_FINE; ++k) {
        r->model_path[k] = model_file(a->models.items[k]);
        if (r->model_path[k] == NULL) return EXIT_FAILED;
        if (clile_model_load(r->model_path[k], &r->model[k]) != CLILE_OK) return failed(NULL);
        ++r->models;
    }
    if (code == EXIT_FINE) code = options_open(&options, spec, a->layout, &a->settings);
    if (code == EXIT_FINE && a->data && !a->no_faces)
        code = dataset_open(a->data, options, &r->faces);
    clile_options_destroy(options);
    return code;
}

static int write_page(const report *r, const report_args *a)
{
    output page = {0};
    if (r->figures && mkdir(r->figures, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "clile: %s: cannot be made: %s\n", r->figures, strerror(errno));
        return EXIT_FAILED;
    }
    int code = output_open(&page, a->out);
    if (code == EXIT_FINE) code = report_page(r, page.file);
    if (code == EXIT_FINE) code = output_commit(&page);
    output_abort(&page);
    if (code != EXIT_FINE && r->figures)
        fprintf(stderr,
                "clile: %s was not made; figures in %s may be of this run or of an earlier one\n",
                a->out, r->figures);
    return code;
}

int run_report(int argc, char **argv)
{
    report_args a = {0};
    report *r = calloc(1, sizeof *r);
    arg_spec spec;
    arg rows[16];
    int code = read_args(&a, argc, argv, &spec, rows);
    if (code == EXIT_FINE && r == NULL) code = out_of_memory();
    if (code == EXIT_FINE) {
        r->title = a.title;
        r->figures = a.figures;
        code = open_all(r, &a, &spec);
    }
    if (code == EXIT_FINE) code = write_page(r, &a);
    for (int k = 0; r && k < SVG_SERIES; ++k) {
        close_run(&r->run[k]);
        free(r->history[k].epoch);
        clile_model_destroy(r->model[k]);
    }
    if (r) clile_dataset_destroy(r->faces);
    free(r);
    text_list_free(&a.evaluations);
    text_list_free(&a.models);
    text_list_free(&a.histories);
    text_list_free(&a.settings);
    return code == ARGS_HELP ? EXIT_FINE : code;
}
