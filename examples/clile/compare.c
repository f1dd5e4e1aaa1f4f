/* clile compare: models or saved evaluations on the same images, by a paired bootstrap over
 * people. */
#include "compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const metric_names[METRICS] = {"f1", "auc"};
const char *const metric_titles[METRICS] = {"F1", "AUC"};

typedef struct {
    text_list systems, reports;
    eval_args models; /* how models are evaluated */
    int json;
} compare_args;

static int is_saved(const char *path)
{
    const char *point = strrchr(path, '.');
    return point && strcasecmp(point, ".csv") == 0;
}

/* A saved evaluation is loaded; a model is evaluated. */
static int open_system(const compare_args *a, const arg_spec *spec, const char *path,
                       clile_evaluation **out)
{
    if (is_saved(path))
        return clile_evaluation_load(path, out) == CLILE_OK ? EXIT_FINE : failed(NULL);
    eval_args args = a->models;
    evaluation e = {.args = &args};
    eval_part part = {0};
    args.models = (text_list){.items = &path, .count = 1};
    int code = options_open(&e.options, spec, args.layout, &args.settings);
    if (code == EXIT_FINE) code = evaluate_models(&e, &part);
    *out = e.answers;
    e.answers = NULL;
    evaluation_free(&e);
    return code;
}

static int has_au(const clile_evaluation *e, int32_t au)
{
    const int32_t c = clile_evaluation_au_count(e);
    int32_t *ids = malloc((size_t)c * sizeof *ids);
    int found = 0;
    if (ids && clile_evaluation_copy_au_ids(e, ids) == CLILE_OK)
        for (int32_t k = 0; k < c; ++k) found |= ids[k] == au;
    free(ids);
    return found;
}

/* The AUs of `from`: those that all have, or else into the list of what is left out. */
static int add_aus(comparison *all, const clile_evaluation *from, int first)
{
    const int32_t c = clile_evaluation_au_count(from);
    int32_t *ids = malloc((size_t)c * sizeof *ids);
    if (ids == NULL || clile_evaluation_copy_au_ids(from, ids) != CLILE_OK) {
        free(ids);
        return failed(NULL);
    }
    for (int32_t k = 0; k < c; ++k) {
        char text[16];
        int shared = 1;
        for (int i = 0; i < all->count; ++i) shared &= has_au(all->systems[i], ids[k]);
        snprintf(text, sizeof text, " %d ", (int)ids[k]);
        if (shared && first && all->c < MAX_AUS) all->au_ids[all->c++] = ids[k];
        if (shared || strstr(all->left_out, text)) continue;
        const size_t size = strlen(all->left_out);
        snprintf(all->left_out + size, sizeof all->left_out - size, "%s", text);
    }
    free(ids);
    return EXIT_FINE;
}

static int choose_aus(comparison *all)
{
    int code = EXIT_FINE;
    for (int i = 0; i < all->count && code == EXIT_FINE; ++i)
        code = add_aus(all, all->systems[i], i == 0);
    if (code != EXIT_FINE) return code;
    if (all->c == 0) {
        fprintf(stderr, "clile: %s and the others have no AU in common\n", all->names[0]);
        return EXIT_FAILED;
    }
    if (all->left_out[0])
        fprintf(stderr, "clile: warning: not all have these AUs, which are left out:%s\n",
                all->left_out);
    return EXIT_FINE;
}

static int compare_all(comparison *all)
{
    all->images = clile_evaluation_size(all->systems[0]);
    all->subjects = clile_evaluation_subject_count(all->systems[0]);
    all->results = calloc((size_t)(all->count - 1) * METRICS, sizeof *all->results);
    if (all->results == NULL) return failed("out of memory");
    for (int i = 1; i < all->count; ++i)
        for (int metric = 0; metric < METRICS; ++metric) {
            paired *to = &all->results[(i - 1) * METRICS + metric];
            const clile_comparison out = {.struct_size = sizeof out,
                                          .a = to->a,
                                          .b = to->b,
                                          .low = to->low,
                                          .high = to->high,
                                          .p = to->p,
                                          .p_holm = to->p_holm};
            if (clile_evaluation_compare(all->systems[0], all->systems[i], metric_names[metric],
                                         all->c, all->au_ids, &out) == CLILE_OK)
                continue;
            fprintf(stderr, "clile: %s and %s: %s\n", all->names[0], all->names[i],
                    clile_last_error());
            return EXIT_FAILED;
        }
    return EXIT_FINE;
}

static int write_reports(const compare_args *a, const comparison *all)
{
    int code = EXIT_FINE;
    for (int i = 0; i < a->reports.count && code == EXIT_FINE; ++i) {
        output out = {0};
        code = output_open(&out, a->reports.items[i]);
        if (code != EXIT_FINE) break;
        comparison_print(out.file, a->reports.items[i], all);
        code = output_commit(&out);
    }
    return code;
}

static int check_args(const compare_args *a, const arg_spec *spec)
{
    int models = 0;
    if (a->systems.count < 2)
        return usage_error(spec, "expected two or more models or saved evaluations (.csv)");
    for (int i = 0; i < a->systems.count; ++i) models += !is_saved(a->systems.items[i]);
    if (models && a->models.data == NULL)
        return usage_error(spec, "--data is missing: models are evaluated on it");
    if (!models && a->models.data)
        return usage_error(spec, "--data is for models; saved evaluations have their images");
    if (a->models.fold > 100000) return usage_error(spec, "--fold is out of range");
    for (int i = 0; i < a->reports.count; ++i)
        if (!comparison_name_is_known(a->reports.items[i]))
            return usage_error(spec,
                               "--report %s: expected a name that ends in .txt, .json, .csv, .md, "
                               ".tex or .html",
                               a->reports.items[i]);
    return EXIT_FINE;
}

static int read_args(compare_args *a, int argc, char **argv, arg_spec *spec, arg *rows)
{
    eval_args *m = &a->models;
    const arg table[] = {
        {"--data", ARG_TEXT, &m->data, "DIR",
         "for models: labelled folder, CSV manifest or pack that they are tested on"},
        {"--layout", ARG_TEXT, &m->layout, "NAME", NULL},
        {"--protocol", ARG_TEXT, &m->protocol, "P",
         "for models: as of clile eval (default: the model's)"},
        {"--fold", ARG_NUMBER, &m->fold, "N",
         "for models: fold whose test part is used (default: the model's)"},
        {"--set", ARG_LIST, &m->settings, "KEY=VALUE",
         "set an option of the data group, or threads; may be repeated"},
        {"--report", ARG_LIST, &a->reports, "FILE",
         "write the comparison here too: .txt, .json, .csv, .md (Markdown), .tex (LaTeX, booktabs) "
         "or .html; may be repeated"},
        {"--json", ARG_FLAG, &a->json, NULL, "print JSON"},
        {"--quiet", ARG_FLAG, &m->quiet, NULL, "no progress"},
    };
    m->layout = "auto";
    m->no_probe = 1;
    m->answers = "";
    memcpy(rows, table, sizeof table);
    *spec = (arg_spec){
        "clile compare SYSTEM SYSTEM [...] [--data DIR]",
        "Compares each system, a model (.safetensors) or saved evaluation (.csv, of clile eval "
        "--answers), "
        "with the first, on the\nsame images: differences in F1 and AUC of each AU and of their "
        "mean, with 95 % intervals and p values\nby a paired bootstrap over people, and p values "
        "corrected for the number of AUs (Holm).",
        rows, (int)(sizeof table / sizeof table[0]), &a->systems};
    const int code = args_parse(spec, argc, argv);
    return code == EXIT_FINE ? check_args(a, spec) : code;
}

int run_compare(int argc, char **argv)
{
    compare_args a = {0};
    arg_spec spec;
    arg rows[8];
    comparison all = {0};
    int code = read_args(&a, argc, argv, &spec, rows);
    if (code != EXIT_FINE) goto cleanup;
    all.count = a.systems.count;
    all.names = a.systems.items;
    all.systems = calloc((size_t)all.count, sizeof *all.systems);
    if (all.systems == NULL) code = failed("out of memory");
    for (int i = 0; i < all.count && code == EXIT_FINE; ++i)
        code = open_system(&a, &spec, all.names[i], &all.systems[i]);
    if (code == EXIT_FINE) code = choose_aus(&all);
    if (code == EXIT_FINE) code = compare_all(&all);
    if (code == EXIT_FINE) code = write_reports(&a, &all);
    if (code != EXIT_FINE) goto cleanup;
    if (a.json)
        comparison_print_json(stdout, &all);
    else
        comparison_print(stdout, NULL, &all);
cleanup:
    for (int i = 0; all.systems && i < all.count; ++i) clile_evaluation_destroy(all.systems[i]);
    free((void *)all.systems);
    free(all.results);
    text_list_free(&a.systems);
    text_list_free(&a.reports);
    text_list_free(&a.models.settings);
    return code == ARGS_HELP ? EXIT_FINE : code;
}
