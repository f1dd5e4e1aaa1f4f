/* One call of each function of saved evaluations. */
#include "reliability/world.h"

#define READS_ONLY "reads or copies what is there"

static const char *const people[WORLD_S] = {"anna", "=ben", "cem"};
static const char *const images[WORLD_N] = {"0", "1", "2", "3", "4",  "5",
                                            "6", "7", "8", "9", "10", "11"};
static const float estimated[WORLD_N * WORLD_C] = {0.5f, 3.25f};
static const int8_t coded[WORLD_N * WORLD_C] = {1, 3};
static const clile_evaluation_part part = {.struct_size = sizeof(clile_evaluation_part),
                                           .fold = 1,
                                           .seed = 7,
                                           .model = "model",
                                           .protocol = "kfold:2",
                                           .estimated = estimated,
                                           .coded = coded};

/* An evaluation that the case may change, with a part or without. */
static clile_evaluation *fresh(world *w, int parts)
{
    clile_evaluation *evaluation = NULL;
    NEED(clile_evaluation_create(WORLD_C, w->au_ids, &evaluation));
    if (parts)
        NEED(clile_evaluation_add_part(evaluation, &part, WORLD_N, &w->score[0][0], NULL,
                                       &w->present[0][0], &w->labels[0][0], w->subject, people,
                                       images));
    return evaluation;
}

static void take(world *w, clile_evaluation *evaluation)
{
    char *text = NULL;
    if (evaluation != NULL && world_ok(w) && w->null_argument == NULL) {
        NEED(clile_evaluation_copy_csv(evaluation, &text));
        if (text != NULL) world_take(w, text, strlen(text));
    }
    clile_free(text);
    clile_evaluation_destroy(evaluation);
}

static void evaluation_create(world *w)
{
    clile_evaluation *out = NULL;
    WATCH(out);
    CALL(clile_evaluation_create(WORLD_C, A(au_ids, w->au_ids), A(out, &out)));
    clile_evaluation_destroy(out);
}

static void evaluation_add_part(world *w)
{
    clile_evaluation *evaluation = fresh(w, 0);
    static const float probability[WORLD_N * WORLD_C] = {0.5f};
    CALL(clile_evaluation_add_part(
        A(evaluation, evaluation), A(part, &part), WORLD_N, A(score, &w->score[0][0]),
        O(probability, probability), A(present, &w->present[0][0]), A(labels, &w->labels[0][0]),
        A(subject, w->subject), O(subject_names, people), A(image_names, images)));
    take(w, evaluation);
}

static void evaluation_load(world *w)
{
    clile_evaluation *made = fresh(w, 1), *out = NULL;
    char *text = NULL;
    NEED(clile_evaluation_copy_csv(made, &text));
    FILE *file = fopen(w->scratch, "w");
    world_need(w, file != NULL && fputs(text, file) >= 0 && fclose(file) == 0, "a file");
    WATCH(out);
    CALL(clile_evaluation_load(A(path, w->scratch), A(out, &out)));
    take(w, out);
    clile_free(text);
    clile_evaluation_destroy(made);
}

static void evaluation_copy_csv(world *w)
{
    clile_evaluation *evaluation = fresh(w, 1);
    char *out = NULL;
    WATCH(out);
    CALL(clile_evaluation_copy_csv(A(evaluation, evaluation), A(out, &out)));
    if (out != NULL) world_take(w, out, strlen(out));
    clile_free(out);
    clile_evaluation_destroy(evaluation);
}

static void evaluation_destroy(world *w)
{
    clile_evaluation *evaluation = fresh(w, 1);
    CALL_VALUE(clile_evaluation_destroy(O(evaluation, evaluation)));
    if (w->null_argument != NULL) clile_evaluation_destroy(evaluation);
}

#define COUNT(function)                                                                            \
    static void evaluation_##function(world *w)                                                    \
    {                                                                                              \
        clile_evaluation *evaluation = fresh(w, 1);                                                \
        int64_t found = -1;                                                                        \
        CALL_VALUE(found = clile_evaluation_##function(O(evaluation, evaluation)));                \
        world_need(w, (found == 0) == (w->null_argument != NULL), "0 for NULL only");              \
        TAKE(found);                                                                               \
        clile_evaluation_destroy(evaluation);                                                      \
    }
COUNT(size)
COUNT(au_count)
COUNT(part_count)
COUNT(subject_count)

static void evaluation_copy_au_ids(world *w)
{
    clile_evaluation *evaluation = fresh(w, 1);
    int32_t au_ids[WORLD_C] = {0};
    CALL(clile_evaluation_copy_au_ids(A(evaluation, evaluation), A(au_ids, au_ids)));
    TAKE(au_ids);
    clile_evaluation_destroy(evaluation);
}

static void evaluation_get_part(world *w)
{
    clile_evaluation *evaluation = fresh(w, 1);
    clile_evaluation_part got = {.struct_size = sizeof got};
    CALL(clile_evaluation_get_part(A(evaluation, evaluation), 0, A(part, &got)));
    TAKE(got.fold);
    clile_evaluation_destroy(evaluation);
}

static void take_name(world *w, const char *name)
{
    world_need(w, (name == NULL) == (w->null_argument != NULL), "a name, unless of NULL");
    if (name != NULL) world_take(w, name, strlen(name));
}

static void evaluation_get_subject_name(world *w)
{
    clile_evaluation *evaluation = fresh(w, 1);
    const char *name = NULL;
    CALL_VALUE(name = clile_evaluation_get_subject_name(O(evaluation, evaluation), 1));
    take_name(w, name);
    clile_evaluation_destroy(evaluation);
}

static void evaluation_get_image_name(world *w)
{
    clile_evaluation *evaluation = fresh(w, 1);
    const char *name = NULL;
    CALL_VALUE(name = clile_evaluation_get_image_name(O(evaluation, evaluation), 3));
    take_name(w, name);
    clile_evaluation_destroy(evaluation);
}

static void evaluation_copy_rows(world *w)
{
    clile_evaluation *evaluation = fresh(w, 1);
    float score[WORLD_N][WORLD_C] = {{0}}, value[WORLD_N][WORLD_C] = {{0}};
    const clile_evaluation_rows rows = {
        .struct_size = sizeof rows, .score = &score[0][0], .estimated = &value[0][0]};
    CALL(clile_evaluation_copy_rows(A(evaluation, evaluation), 0, WORLD_N, A(to, &rows)));
    TAKE(score);
    TAKE(value);
    clile_evaluation_destroy(evaluation);
}

static void evaluation_copy_report(world *w)
{
    clile_evaluation *evaluation = fresh(w, 1);
    clile_report *out = NULL;
    char *text = NULL;
    WATCH(out);
    CALL(clile_evaluation_copy_report(A(evaluation, evaluation), O(published, "bp4d"),
                                      A(out, &out)));
    if (out != NULL && w->null_argument == NULL) {
        NEED(clile_report_copy_json(out, &text));
        if (text != NULL) world_take(w, text, strlen(text));
    }
    clile_free(text);
    clile_report_destroy(out);
    clile_evaluation_destroy(evaluation);
}

static void metrics_compare(world *w)
{
    double p[WORLD_C + 1] = {0};
    const clile_comparison out = {.struct_size = sizeof out, .p = p};
    CALL(clile_metrics_compare(A(metric, "f1"), WORLD_N, WORLD_C, A(score_a, &w->score[0][0]),
                               A(present_a, &w->present[0][0]), A(score_b, &w->score[0][0]),
                               A(present_b, &w->present[0][0]), A(labels, &w->labels[0][0]),
                               A(subject, w->subject), A(out, &out)));
    TAKE(p);
}

static void evaluation_compare(world *w)
{
    clile_evaluation *a = fresh(w, 1), *b = fresh(w, 1);
    double p[WORLD_C + 1] = {0};
    const clile_comparison out = {.struct_size = sizeof out, .p = p};
    CALL(clile_evaluation_compare(A(a, a), A(b, b), A(metric, "auc"), WORLD_C, A(au_ids, w->au_ids),
                                  A(out, &out)));
    TAKE(p);
    clile_evaluation_destroy(a);
    clile_evaluation_destroy(b);
}

static void escape(world *w)
{
    char *out = NULL;
    WATCH(out);
    CALL(clile_escape(A(form, "csv"), A(text, "=1+1"), A(out, &out)));
    if (out != NULL) world_take(w, out, strlen(out));
    clile_free(out);
}

static void evaluation_load_predictions(world *w)
{
    clile_evaluation *out = NULL;
    char *notes = NULL;
    FILE *file = fopen(w->scratch, "w");
    const int32_t au = w->au_ids[0];
    world_need(w, file != NULL && fprintf(file, "image,AU%02d\n", (int)au) > 0, "a file");
    for (int64_t k = 0; k < WORLD_N; ++k)
        fprintf(file, "%s,0.%d\n", clile_dataset_get_image_name(w->arrays, k), (int)(k % 10));
    fclose(file);
    WATCH(out);
    WATCH(notes);
    CALL(clile_evaluation_load_predictions(A(path, w->scratch), A(dataset, w->arrays),
                                           A(protocol, "kfold:2"), 0, 0, A(out, &out),
                                           O(notes, &notes)));
    clile_free(notes);
    take(w, out);
}

const world_case world_cases_evaluation[] = {
    {"clile_evaluation_load_predictions", evaluation_load_predictions, NULL, 0},
    {"clile_escape", escape, NULL, 0},
    {"clile_metrics_compare", metrics_compare, NULL, 0},
    {"clile_evaluation_compare", evaluation_compare, NULL, 0},
    {"clile_evaluation_create", evaluation_create, NULL, 0},
    {"clile_evaluation_add_part", evaluation_add_part, NULL, 0},
    {"clile_evaluation_load", evaluation_load, NULL, 0},
    {"clile_evaluation_copy_csv", evaluation_copy_csv, NULL, 0},
    {"clile_evaluation_destroy", evaluation_destroy, "frees", 0},
    {"clile_evaluation_size", evaluation_size, READS_ONLY, 0},
    {"clile_evaluation_au_count", evaluation_au_count, READS_ONLY, 0},
    {"clile_evaluation_part_count", evaluation_part_count, READS_ONLY, 0},
    {"clile_evaluation_subject_count", evaluation_subject_count, READS_ONLY, 0},
    {"clile_evaluation_copy_au_ids", evaluation_copy_au_ids, READS_ONLY, 0},
    {"clile_evaluation_get_part", evaluation_get_part, READS_ONLY, 0},
    {"clile_evaluation_get_subject_name", evaluation_get_subject_name, READS_ONLY, 0},
    {"clile_evaluation_get_image_name", evaluation_get_image_name, READS_ONLY, 0},
    {"clile_evaluation_copy_rows", evaluation_copy_rows, READS_ONLY, 0},
    {"clile_evaluation_copy_report", evaluation_copy_report, NULL, 0},
    {NULL, NULL, NULL, 0},
};
