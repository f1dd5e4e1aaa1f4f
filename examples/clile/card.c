/* clile card: prints a model's card, or sets it: with the figures of an evaluation, or to a text of
 * the user's own. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_CARD = 1 << 20 };

typedef struct {
    const char *evaluation, *set;
    text_list models;
} card_args;

/* The file as text; free() it. */
static char *read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = malloc(LONGEST_CARD + 1);
    size_t size = 0;
    int fine = file != NULL && text != NULL;
    if (fine) size = fread(text, 1, LONGEST_CARD + 1, file);
    if (!fine || ferror(file)) {
        fprintf(stderr, "clile: %s: cannot be read\n", path);
        fine = 0;
    } else if (size > LONGEST_CARD || memchr(text, '\0', size) != NULL) {
        fprintf(stderr, "clile: %s: expected text of at most %d bytes\n", path, LONGEST_CARD);
        fine = 0;
    }
    if (file) fclose(file);
    if (!fine) {
        free(text);
        return NULL;
    }
    text[size] = '\0';
    return text;
}

/* Figures of a file of answers (clile eval --answers) to the metadata "evaluation". */
static int add_evaluation(clile_model *model, const char *path)
{
    clile_evaluation *evaluation = NULL;
    clile_report *report = NULL;
    char *table = NULL, *whole = NULL;
    int code = EXIT_FAILED;
    clile_evaluation_part part = {.struct_size = sizeof part};
    if (clile_evaluation_load(path, &evaluation) != CLILE_OK ||
        clile_evaluation_get_part(evaluation, 0, &part) != CLILE_OK ||
        clile_evaluation_copy_report(evaluation, NULL, &report) != CLILE_OK ||
        clile_report_copy_table(report, "md", &table) != CLILE_OK) {
        failed(NULL);
        goto cleanup;
    }
    const size_t size = strlen(table) + 400;
    whole = malloc(size);
    if (whole == NULL) goto cleanup;
    snprintf(whole, size, "By `clile eval`, on %lld images:\n\n%s",
             (long long)clile_evaluation_size(evaluation), table);
    if (clile_model_set_metadata(model, "evaluation", whole) != CLILE_OK)
        failed(NULL);
    else
        code = EXIT_FINE;
cleanup:
    free(whole);
    clile_free(table);
    clile_report_destroy(report);
    clile_evaluation_destroy(evaluation);
    return code;
}

/* Writes the model anew: the same weights, another card. */
static int change(clile_model *model, const char *path, const card_args *a)
{
    char *text = a->set ? read_text(a->set) : NULL;
    int code = a->set && text == NULL ? EXIT_FAILED : EXIT_FINE;
    if (code == EXIT_FINE && a->evaluation) code = add_evaluation(model, a->evaluation);
    if (code == EXIT_FINE && (clile_model_set_card(model, text) != CLILE_OK ||
                              clile_model_save(model, path) != CLILE_OK))
        code = failed(a->set && text && text[0] != '#' ? a->set : NULL);
    free(text);
    return code;
}

int run_card(int argc, char **argv)
{
    card_args a = {0};
    clile_model *model = NULL;
    char *card = NULL;
    const arg table[] = {
        {"--evaluation", ARG_TEXT, &a.evaluation, "FILE",
         "put the figures of these answers (clile eval --answers FILE) into the model's card"},
        {"--set", ARG_TEXT, &a.set, "FILE", "take this Markdown as the model's card"},
    };
    const arg_spec spec = {"clile card [MODEL] [--evaluation FILE | --set FILE]",
                           "Prints the model card, in Markdown: what a model was trained on, by "
                           "which options, what was measured, limits.\nEvery model has one, in its "
                           "file. Changing it changes no weight.",
                           table, (int)(sizeof table / sizeof table[0]), &a.models};
    int code = args_parse(&spec, argc, argv);
    if (code == EXIT_FINE && a.models.count > 1)
        code = usage_error(&spec, "one model at a time, found %d", a.models.count);
    if (code == EXIT_FINE && a.evaluation && a.set)
        code = usage_error(&spec, "--evaluation and --set cannot be combined");
    if (code == EXIT_FINE && a.models.count == 0 && (a.evaluation || a.set))
        code = usage_error(&spec, "name the model whose card is to change");
    if (code != EXIT_FINE) goto cleanup;
    const char *path = model_file(a.models.count ? a.models.items[0] : NULL);
    code = EXIT_FAILED;
    if (path == NULL) goto cleanup;
    if (clile_model_load(path, &model) != CLILE_OK) {
        failed(NULL);
        goto cleanup;
    }
    code = a.evaluation || a.set ? change(model, path, &a) : EXIT_FINE;
    if (code == EXIT_FINE && clile_model_copy_card(model, &card) != CLILE_OK) code = failed(NULL);
    if (code == EXIT_FINE) fputs(card, stdout);
cleanup:
    clile_free(card);
    clile_model_destroy(model);
    text_list_free(&a.models);
    return code == ARGS_HELP ? EXIT_FINE : code;
}
