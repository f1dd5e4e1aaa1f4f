/* clile eval: tests a model, or the models of several folds, on people that training left out. */
#include "eval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EVAL_BATCH = 32, PROBE_FRAMES = 6000 };

/* A model's answers for the images of a data set; on ranks above 0, for those of its share. */
typedef struct {
    int64_t n; /* of all ranks */
    int32_t c, d;
    float *score, *probability, *embedding; /* [n,c] twice, [n,d] */
    int8_t *present, *labels;               /* [n,c] */
    float *estimated; /* intensities [n,c], if the model and the data have them; or NULL */
    int8_t *coded;
    int32_t *subject; /* [n] */
} eval_answers;

static void answers_free(eval_answers *a)
{
    free(a->score);
    free(a->probability);
    free(a->embedding);
    free(a->present);
    free(a->labels);
    free(a->estimated);
    free(a->coded);
    free(a->subject);
    memset(a, 0, sizeof *a);
}

static int answers_alloc(eval_answers *a, int64_t n, const clile_model *model)
{
    int64_t first = 0, end = n;
    a->n = n;
    a->c = clile_model_au_count(model);
    a->d = clile_model_embedding_size(model);
    if (!ranks_is_first()) ranks_share(n, EVAL_BATCH, ranks_number(), &first, &end);
    const size_t rows = (size_t)(end > first ? end - first : 1), c = (size_t)a->c, d = (size_t)a->d;
    a->score = calloc(rows * c, sizeof *a->score);
    a->probability = calloc(rows * c, sizeof *a->probability);
    a->embedding = calloc(rows * d, sizeof *a->embedding);
    a->present = calloc(rows, c);
    a->labels = calloc(rows, c);
    a->subject = calloc(rows, sizeof *a->subject);
    return a->score && a->probability && a->embedding && a->present && a->labels && a->subject
               ? EXIT_FINE
               : out_of_memory();
}

typedef struct {
    const char *what;
    double begin;
} eval_progress;

static int32_t show_progress(int64_t done, int64_t all, void *user)
{
    const eval_progress *p = user;
    progress_count(p->what, done, all, p->begin);
    return 0;
}

static int make_predictor(const evaluation *e, const clile_model *model, clile_predictor **out)
{
    clile_options *options = NULL;
    const int good =
        clile_options_copy(e->options, &options) == CLILE_OK &&
        clile_options_set_i64(options, CLILE_OPT_PREDICT_BATCH, EVAL_BATCH) == CLILE_OK &&
        clile_predictor_create(model, options, out) == CLILE_OK;
    clile_options_destroy(options);
    return good ? EXIT_FINE : failed(NULL);
}

/* Runs images of a data set (indices NULL: all) through the predictor: this rank's share of them.
 * Rank 0 gets the answers of all; batches are those of one process, and so are the bits. */
static int run_images(const evaluation *e, clile_predictor *predictor, const clile_dataset *data,
                      int64_t n, const int64_t *indices, const clile_answers *to,
                      eval_progress *progress, const eval_answers *a)
{
    const struct {
        void *rows;
        size_t row;
    } arrays[] = {{to->probability, (size_t)a->c * sizeof(float)},
                  {to->score, (size_t)a->c * sizeof(float)},
                  {to->present, (size_t)a->c},
                  {to->embedding, (size_t)a->d * sizeof(float)}};
    int64_t first = 0, end = 0;
    ranks_share(n, EVAL_BATCH, ranks_number(), &first, &end);
    int64_t *own = malloc((size_t)(end - first + 1) * sizeof *own);
    int code = own ? EXIT_FINE : out_of_memory();
    for (int64_t k = first; k < end && own; ++k) own[k - first] = indices ? indices[k] : k;
    if (code == EXIT_FINE &&
        clile_predictor_run_dataset(predictor, data, end - first, own, to,
                                    e->args->quiet || !ranks_is_first() ? NULL : show_progress,
                                    progress) != CLILE_OK)
        code = failed(NULL);
    free(own);
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays && code == EXIT_FINE; ++k)
        if (arrays[k].rows) code = ranks_collect(arrays[k].rows, arrays[k].row, n, EVAL_BATCH);
    return code;
}

/* Keeps the intensities of a fold that is in the report, if model and data have them, and adds them
 * there; they are not centred. */
static clile_status add_intensity(const evaluation *e, const clile_model *model,
                                  const clile_dataset *test, int32_t fold, eval_answers *a)
{
    const size_t count = (size_t)a->n * (size_t)a->c;
    if (!clile_model_has_intensity(model)) return CLILE_OK;
    int8_t *coded = calloc(count, 1);
    float *value = calloc(count, sizeof *value);
    clile_status status = coded && value ? clile_dataset_copy_intensities(test, 0, a->n, coded)
                                         : CLILE_E_OUT_OF_MEMORY;
    if (status == CLILE_OK)
        status = clile_model_estimate_intensity(model, a->n, a->embedding, value);
    if (status == CLILE_OK) {
        a->estimated = value;
        a->coded = coded;
        return clile_report_add_intensity(e->report, fold, a->n, value,
                                          e->args->centred ? NULL : a->probability, coded);
    }
    free(coded);
    free(value);
    return status == CLILE_E_UNSUPPORTED ? CLILE_OK : status; /* the data have none */
}

/* Adds the answers to the report; with --centred, beside each person's own neutral. */
static int report_answers(const evaluation *e, const clile_model *model, const clile_dataset *test,
                          const eval_part *part, eval_answers *a)
{
    const int32_t subjects = clile_dataset_subject_count(test);
    const char **names = calloc((size_t)subjects, sizeof *names);
    int code = names ? EXIT_FINE : out_of_memory();
    if (code != EXIT_FINE) return code;
    for (int32_t s = 0; s < subjects; ++s) names[s] = clile_dataset_get_subject_name(test, s);
    if (clile_dataset_copy_labels(test, 0, a->n, a->labels) != CLILE_OK ||
        clile_dataset_copy_subjects(test, 0, a->n, a->subject) != CLILE_OK)
        code = failed(NULL);
    if (code == EXIT_FINE && e->args->centred)
        code = centred_apply(model, &(centred_rows){.n = a->n,
                                                    .c = a->c,
                                                    .subject = a->subject,
                                                    .subjects = subjects,
                                                    .frames = e->args->centred_frames,
                                                    .probability = a->probability,
                                                    .score = a->score,
                                                    .present = a->present});
    const int32_t fold = part->fold > 0 ? part->fold : 1;
    if (code == EXIT_FINE && (clile_report_add_fold(e->report, fold, a->n, a->score, a->present,
                                                    a->labels, a->subject, names) != CLILE_OK ||
                              add_intensity(e, model, test, fold, a) != CLILE_OK))
        code = failed(NULL);
    free(names);
    return code;
}

/* Runs the test part through the model; rank 0 adds it to the report. */
static int answer(const evaluation *e, const clile_model *model, clile_predictor *predictor,
                  const clile_dataset *test, const eval_part *part, eval_answers *a)
{
    eval_progress progress = {part->path, now_seconds()};
    const int64_t n = clile_dataset_size(test);
    int code = answers_alloc(a, n, model);
    if (code != EXIT_FINE) return code;
    const clile_answers to = {.struct_size = sizeof to,
                              .probability = a->probability,
                              .score = a->score,
                              .present = a->present,
                              .embedding = a->embedding};
    code = run_images(e, predictor, test, n, NULL, &to, &progress, a);
    if (code == EXIT_FINE && ranks_is_first()) code = report_answers(e, model, test, part, a);
    return code;
}

/* Embeddings of at most PROBE_FRAMES images, evenly spread over the training part. */
static int answer_sample(const evaluation *e, const clile_model *model, clile_predictor *predictor,
                         const clile_dataset *train, eval_answers *a)
{
    eval_progress progress = {"subject probe", now_seconds()};
    const int64_t stride = (clile_dataset_size(train) + PROBE_FRAMES - 1) / PROBE_FRAMES,
                  n = (clile_dataset_size(train) + stride - 1) / stride;
    int64_t *indices = calloc((size_t)n, sizeof *indices);
    int code = indices ? answers_alloc(a, n, model) : out_of_memory();
    if (code != EXIT_FINE) goto cleanup;
    for (int64_t k = 0; k < n; ++k) indices[k] = k * stride;
    const clile_answers to = {.struct_size = sizeof to, .embedding = a->embedding};
    code = run_images(e, predictor, train, n, indices, &to, &progress, a);
    for (int64_t k = 0; k < n && code == EXIT_FINE && ranks_is_first(); ++k)
        if (clile_dataset_copy_subjects(train, indices[k], 1, &a->subject[k]) != CLILE_OK)
            code = failed(NULL);
cleanup:
    free(indices);
    return code;
}

/* Whether two names mean the same test part: X and X-parts number three parts in opposite order. */
static int same_part(const char *a, int32_t fold_a, const char *b, int32_t fold_b)
{
    if (strcmp(a, b) == 0) return fold_a == fold_b;
    const char *shorter = strlen(a) < strlen(b) ? a : b, *longer = shorter == a ? b : a;
    const size_t size = strlen(shorter);
    return strncmp(shorter, longer, size) == 0 && strcmp(longer + size, "-parts") == 0 &&
           fold_a + fold_b == 4;
}

/* Protocol and fold: from the command line, else from the model, else "none" (test the whole
 * folder). */
static int choose_part(const eval_args *args, const clile_model *model, eval_part *part)
{
    const char *stored = clile_model_get_metadata(model, "protocol");
    const char *stored_fold = clile_model_get_metadata(model, "fold");
    const int32_t trained_fold = stored_fold ? (int32_t)strtol(stored_fold, NULL, 10) : 0;
    if (stored == NULL) stored = "none";
    part->from_model = args->protocol == NULL;
    snprintf(part->protocol, sizeof part->protocol, "%s", args->protocol ? args->protocol : stored);
    const int whole = strcmp(part->protocol, "none") == 0 || strcmp(part->protocol, "all") == 0;
    if (whole)
        part->fold = 0;
    else if (args->fold > 0)
        part->fold = (int32_t)args->fold;
    else if (strcmp(part->protocol, stored) == 0)
        part->fold = trained_fold;
    else {
        fprintf(
            stderr,
            "clile: %s: trained with protocol %s, not %s, so its fold is unknown: give --fold\n",
            part->path, stored, part->protocol);
        return EXIT_USAGE;
    }
    if (whole) return EXIT_FINE;
    if (strcmp(stored, "none") == 0 || strcmp(stored, "all") == 0)
        snprintf(part->warning, sizeof part->warning,
                 "the model was trained on all subjects: unless this is other data, it has seen "
                 "these people");
    else if (!same_part(stored, trained_fold, part->protocol, part->fold))
        snprintf(part->warning, sizeof part->warning,
                 "the model was trained for %.60s fold %d: if the data are the same, it has seen "
                 "people of this test part",
                 stored, (int)trained_fold);
    return EXIT_FINE;
}

/* Opens the data with the AUs of the model, and keeps it for the next model. */
static int open_data(evaluation *e, const clile_model *model)
{
    int32_t ids[MAX_AUS];
    const int32_t c = clile_model_au_count(model);
    if (c > MAX_AUS || clile_model_copy_au_ids(model, ids) != CLILE_OK) return failed(NULL);
    if (e->c != 0 && (c != e->c || memcmp(ids, e->au_ids, sizeof ids[0] * (size_t)c) != 0)) {
        fprintf(stderr,
                "clile: the models have different AUs, so they cannot be folds of one report\n");
        return EXIT_FAILED;
    }
    if (e->data) return EXIT_FINE;
    e->c = c;
    memcpy(e->au_ids, ids, sizeof ids[0] * (size_t)c);
    au_ids_to_text(c, ids, e->au_set, sizeof e->au_set);
    if (clile_options_set_str(e->options, CLILE_OPT_AU_SET, e->au_set) != CLILE_OK)
        return failed(NULL);
    return dataset_open(e->args->data, e->options, &e->data);
}

/* The table of published results to print: of these folds, unless the faces are drawn. */
static const char *published_of(const evaluation *e, const char *protocol)
{
    const int bp4d = strcmp(protocol, "bp4d") == 0 || strcmp(protocol, "bp4d-parts") == 0;
    const int disfa = strcmp(protocol, "disfa") == 0 || strcmp(protocol, "disfa-parts") == 0;
    const char *kind = clile_dataset_get_kind(e->data);
    /* or it is unknown */
    const int people = strcmp(kind, "photographs") == 0 || strcmp(kind, "unknown") == 0;
    return !people ? NULL : bp4d ? "bp4d" : disfa ? "disfa" : NULL;
}

static int begin_report(evaluation *e, const eval_part *part)
{
    if (e->report) return EXIT_FINE;
    e->cosine = calloc((size_t)e->c * (size_t)e->c, sizeof *e->cosine);
    e->phi = calloc((size_t)e->c * (size_t)e->c, sizeof *e->phi);
    if (e->cosine == NULL || e->phi == NULL) return out_of_memory();
    return clile_report_create(e->c, e->au_ids, published_of(e, part->protocol), &e->report) ==
                   CLILE_OK
               ? EXIT_FINE
               : failed(NULL);
}

/* Adds the model's AU correlation and that of the labels of `part` to the sums. */
static int add_correlation(evaluation *e, const clile_model *model, const clile_dataset *part)
{
    const int32_t c = e->c, d = clile_model_embedding_size(model);
    const int64_t n = clile_dataset_size(part);
    const size_t cells = (size_t)c * (size_t)c;
    float *vectors = calloc((size_t)c * (size_t)d, sizeof *vectors);
    int8_t *labels = calloc((size_t)n, (size_t)c);
    double *matrix = calloc(cells, sizeof *matrix);
    int code = EXIT_FAILED;
    if (vectors == NULL || labels == NULL || matrix == NULL) {
        out_of_memory();
        goto cleanup;
    }
    if (clile_model_copy_au_embedding(model, vectors) != CLILE_OK ||
        clile_metrics_cosine_matrix(c, d, vectors, matrix) != CLILE_OK)
        goto failure;
    for (size_t i = 0; i < cells; ++i) e->cosine[i] += matrix[i];
    if (clile_dataset_copy_labels(part, 0, n, labels) != CLILE_OK ||
        clile_metrics_label_correlation(n, c, labels, matrix) != CLILE_OK)
        goto failure;
    for (size_t i = 0; i < cells; ++i) e->phi[i] += matrix[i];
    code = EXIT_FINE;
    goto cleanup;
failure:
    failed(NULL);
cleanup:
    free(vectors);
    free(labels);
    free(matrix);
    return code;
}

static int64_t seed_of(const clile_model *model)
{
    const char *text = clile_model_get_metadata(model, "seed");
    return text ? strtoll(text, NULL, 10) : -1;
}

/* Keeps the answers for --answers. */
static int keep_answers(evaluation *e, const clile_model *model, const eval_part *part,
                        const clile_dataset *test, const eval_answers *a)
{
    if (e->args->answers == NULL) return EXIT_FINE;
    const int32_t subjects = clile_dataset_subject_count(test);
    const char **people = calloc((size_t)subjects, sizeof *people),
               **images = calloc((size_t)a->n, sizeof *images);
    int code = people && images ? EXIT_FINE : out_of_memory();
    if (code != EXIT_FINE) goto cleanup;
    for (int32_t s = 0; s < subjects; ++s) people[s] = clile_dataset_get_subject_name(test, s);
    for (int64_t i = 0; i < a->n; ++i) images[i] = clile_dataset_get_image_name(test, i);
    const clile_evaluation_part from = {.struct_size = sizeof from,
                                        .fold = part->fold,
                                        .seed = seed_of(model),
                                        .model = part->path,
                                        .protocol = part->protocol,
                                        .estimated = a->estimated,
                                        .coded = a->coded};
    if ((e->answers == NULL && clile_evaluation_create(e->c, e->au_ids, &e->answers) != CLILE_OK) ||
        clile_evaluation_add_part(e->answers, &from, a->n, a->score, a->probability, a->present,
                                  a->labels, a->subject, people, images) != CLILE_OK)
        code = failed(NULL);
cleanup:
    free(people);
    free(images);
    return code;
}

static int write_answers(const evaluation *e)
{
    char *text = NULL;
    output out = {0};
    if (e->args->answers == NULL) return EXIT_FINE;
    if (clile_evaluation_copy_csv(e->answers, &text) != CLILE_OK) return failed(NULL);
    int code = output_open(&out, e->args->answers);
    if (code == EXIT_FINE) {
        fputs(text, out.file);
        code = output_commit(&out);
    }
    clile_free(text);
    return code;
}

/* The subject probe: on people from training if there is a training part, else on those tested.
 */
static int run_probe(const evaluation *e, const clile_model *model, clile_predictor *predictor,
                     const clile_dataset *train, const eval_answers *test, eval_part *part)
{
    eval_answers a = {0};
    const eval_answers *used = test;
    int code = EXIT_FINE;
    part->probe = NAN;
    if (e->args->no_probe) return EXIT_FINE;
    if (train) {
        code = answer_sample(e, model, predictor, train, &a);
        used = &a;
    }
    if (code == EXIT_FINE && ranks_is_first() &&
        clile_metrics_subject_probe(used->n, used->d, used->embedding, used->subject,
                                    &part->probe) != CLILE_OK) {
        fprintf(stderr, "clile: warning: no subject probe: %s\n", clile_last_error());
        part->probe = NAN;
    }
    answers_free(&a);
    return code;
}

/* The parts must be different folds: the same people twice would count twice. */
static int check_distinct(const eval_part *parts, int last)
{
    for (int i = 0; i < last; ++i)
        if (parts[i].fold == parts[last].fold) {
            fprintf(stderr,
                    "clile: %s and %s are tested on the same part of the data; a report takes one "
                    "model per fold\n",
                    parts[i].path, parts[last].path);
            return EXIT_USAGE;
        }
    return EXIT_FINE;
}

static int evaluate_model(evaluation *e, const char *path, eval_part *parts, int index)
{
    eval_part *part = &parts[index];
    clile_model *model = NULL;
    clile_predictor *predictor = NULL;
    clile_dataset *train = NULL, *test = NULL;
    eval_answers answers = {0};
    const double begin = now_seconds();
    part->path = path = model_file(path);
    if (path == NULL) return EXIT_FAILED;
    int code = clile_model_load(path, &model) == CLILE_OK ? EXIT_FINE : failed(NULL);
    if (code == EXIT_FINE) code = choose_part(e->args, model, part);
    if (code == EXIT_FINE) code = check_distinct(parts, index);
    if (code == EXIT_FINE) code = open_data(e, model);
    if (code == EXIT_FINE) code = begin_report(e, part);
    if (code != EXIT_FINE) goto cleanup;

    if (part->fold == 0)
        code = clile_dataset_fold(e->data, "all", 1, NULL, &test) == CLILE_OK ? EXIT_FINE
                                                                              : failed(NULL);
    else
        code = clile_dataset_fold(e->data, part->protocol, part->fold, &train, &test) == CLILE_OK
                   ? EXIT_FINE
                   : failed(NULL);
    if (code != EXIT_FINE) goto cleanup;
    part->images = clile_dataset_size(test);
    part->subjects = clile_dataset_subject_count(test);
    part->train_images = clile_dataset_size(train);
    if (part->warning[0] && ranks_is_first())
        fprintf(stderr, "clile: warning: %s: %s\n", path, part->warning);

    code = make_predictor(e, model, &predictor);
    if (code == EXIT_FINE) code = answer(e, model, predictor, test, part, &answers);
    if (code == EXIT_FINE && ranks_is_first()) code = keep_answers(e, model, part, test, &answers);
    if (code == EXIT_FINE && ranks_is_first())
        code = add_correlation(e, model, train ? train : test);
    if (code == EXIT_FINE) code = run_probe(e, model, predictor, train, &answers, part);
    part->seconds = now_seconds() - begin;
cleanup:
    answers_free(&answers);
    clile_dataset_destroy(train);
    clile_dataset_destroy(test);
    clile_predictor_destroy(predictor);
    clile_model_destroy(model);
    return code;
}

static int finish_report(evaluation *e, const eval_part *parts, int count)
{
    double probe = 0.0;
    for (int i = 0; i < count; ++i) probe += parts[i].probe / count;
    for (int32_t i = 0; i < e->c * e->c; ++i) {
        e->cosine[i] /= count;
        e->phi[i] /= count;
    }
    if (!e->args->no_probe) {
        const char *name = parts[0].fold > 0 ? "subject probe" : "subject probe (tested subjects)";
        if (clile_report_add_value(e->report, name, probe) != CLILE_OK) return failed(NULL);
    }
    if (e->args->centred &&
        clile_report_add_value(e->report, "frames for a person's own neutral",
                               e->args->centred_frames > 0 ? (double)e->args->centred_frames
                                                           : NAN) != CLILE_OK)
        return failed(NULL);
    return clile_report_set_correlation(e->report, e->cosine, e->phi) == CLILE_OK ? EXIT_FINE
                                                                                  : failed(NULL);
}

static int read_args(eval_args *a, int argc, char **argv, arg_spec *spec, arg *rows)
{
    const arg table[] = {
        {"--model", ARG_LIST, &a->models, "FILE",
         "model to test (default: the one that comes with libclile); repeat it for models of "
         "several folds"},
        {"--data", ARG_TEXT, &a->data, "DIR", "labelled folder, CSV manifest or pack"},
        {"--layout", ARG_TEXT, &a->layout, "NAME", NULL},
        {"--protocol", ARG_TEXT, &a->protocol, "P",
         "bp4d, disfa, bp4d-parts, disfa-parts, kfold:K[:SEED], file:PATH, loso, or none: the "
         "whole folder (default: the model's)"},
        {"--fold", ARG_NUMBER, &a->fold, "N",
         "fold whose test part is used (default: the model's)"},
        {"--set", ARG_LIST, &a->settings, "KEY=VALUE",
         "set an option of the data group, or threads; may be repeated"},
        {"--report", ARG_TEXT, &a->report, "FILE",
         "write the report here too: .txt, .json, .csv, .md (Markdown) or .tex (LaTeX)"},
        {"--answers", ARG_TEXT, &a->answers, "FILE",
         "write score, probability, decision and label of every tested image here (CSV)"},
        {"--centred", ARG_FLAG, &a->centred, NULL,
         "beside each person's own neutral, estimated without labels from all of the person's "
         "images"},
        {"--centred-frames", ARG_NUMBER, &a->centred_frames, "N",
         "estimate it from only N images of each person, spread over all; implies --centred"},
        {"--predictions", ARG_TEXT, &a->predictions, "FILE",
         "instead of a model: a table (CSV) of another system, OpenFace, Py-Feat or LibreFace, or "
         "of clile predict"},
        {"--absent", ARG_FLAG, &a->absent, NULL,
         "with --predictions: an image without a row counts as one without any AU"},
        {"--no-probe", ARG_FLAG, &a->no_probe, NULL, "skip the subject probe"},
        {"--json", ARG_FLAG, &a->json, NULL, "print JSON"},
        {"--quiet", ARG_FLAG, &a->quiet, NULL, "no progress"},
    };
    a->layout = "auto";
    memcpy(rows, table, sizeof table);
    *spec = (arg_spec){
        "clile eval --model MODEL [--model MODEL2 ...] --data DIR [--protocol P --fold N]",
        "Reports F1, AUC and AUC within subjects for each AU and fold, their means with an "
        "interval over test subjects,\nthe published results of the protocol (not for drawn or "
        "rendered faces), the AU correlation of model and labels,\nand how well the subject can be "
        "read from the embedding.",
        rows, (int)(sizeof table / sizeof table[0]), NULL};
    const int code = args_parse(spec, argc, argv);
    if (code != EXIT_FINE) return code;
    if (a->predictions && a->models.count > 0)
        return usage_error(spec, "--model and --predictions exclude one another");
    if (a->absent && a->predictions == NULL)
        return usage_error(spec, "--absent is for --predictions");
    if (a->predictions && a->fold > 0 && a->protocol == NULL)
        return usage_error(spec, "--fold of --predictions needs --protocol");
    if (a->models.count == 0 && a->predictions == NULL)
        return usage_error(spec, "--model is missing");
    if (a->data == NULL) return usage_error(spec, "--data is missing");
    if (a->centred_frames > 0) a->centred = 1;
    if (a->centred && a->predictions)
        return usage_error(spec, "--centred needs a model, which --predictions has not");
    if (a->fold > 100000) return usage_error(spec, "--fold is out of range");
    if (a->report && !report_name_is_known(a->report))
        return usage_error(
            spec, "--report %s: expected a name that ends in .txt, .json, .csv, .md or .tex",
            a->report);
    if (a->report && a->answers && strcmp(a->report, a->answers) == 0)
        return usage_error(spec, "--report and --answers are the same file, %s", a->report);
    return EXIT_FINE;
}

int evaluate_models(evaluation *e, eval_part *parts)
{
    int code = EXIT_FINE;
    for (int i = 0; i < e->args->models.count && code == EXIT_FINE; ++i)
        code = evaluate_model(e, e->args->models.items[i], parts, i);
    return code;
}

void evaluation_free(evaluation *e)
{
    free(e->cosine);
    free(e->phi);
    clile_evaluation_destroy(e->answers);
    clile_report_destroy(e->report);
    clile_dataset_destroy(e->data);
    clile_options_destroy(e->options);
    *e = (evaluation){0};
}

/* How many people the images of a part are of. */
static int32_t people_of(const clile_evaluation *e, const clile_evaluation_part *part)
{
    const size_t people = (size_t)clile_evaluation_subject_count(e);
    int32_t *subject = malloc((size_t)part->count * sizeof *subject), count = 0;
    char *seen = calloc(people + 1, 1);
    const clile_evaluation_rows to = {.struct_size = sizeof to, .subject = subject};
    if (subject && seen && clile_evaluation_copy_rows(e, part->first, part->count, &to) == CLILE_OK)
        for (int64_t i = 0; i < part->count; ++i) {
            count += !seen[subject[i]];
            seen[subject[i]] = 1;
        }
    free(subject);
    free(seen);
    return count;
}

/* The same report of another system's table. */
static int evaluate_predictions(evaluation *e, eval_part **parts, int *count)
{
    const eval_args *a = e->args;
    char *notes = NULL;
    const char *protocol = a->protocol ? a->protocol : "none";
    int code = dataset_open(a->data, e->options, &e->data);
    if (code != EXIT_FINE) return code;
    if (clile_evaluation_load_predictions(a->predictions, e->data, protocol, (int32_t)a->fold,
                                          a->absent, &e->answers, &notes) != CLILE_OK)
        return failed(NULL);
    for (char *rest = notes, *line; (line = strtok_r(rest, "\n", &rest)) != NULL;)
        fprintf(stderr, "clile: %s: %s\n", a->predictions, line);
    clile_free(notes);
    *count = clile_evaluation_part_count(e->answers);
    *parts = calloc((size_t)*count, sizeof **parts);
    if (*parts == NULL) return out_of_memory();
    for (int k = 0; k < *count; ++k) {
        clile_evaluation_part from = {.struct_size = sizeof from};
        eval_part *to = &(*parts)[k];
        if (clile_evaluation_get_part(e->answers, k, &from) != CLILE_OK) return failed(NULL);
        *to = (eval_part){.path = a->predictions,
                          .fold = from.fold,
                          .images = from.count,
                          .subjects = people_of(e->answers, &from),
                          .probe = NAN};
        snprintf(to->protocol, sizeof to->protocol, "%s", from.protocol);
    }
    return clile_evaluation_copy_report(e->answers, published_of(e, (*parts)[0].protocol),
                                        &e->report) == CLILE_OK
               ? EXIT_FINE
               : failed(NULL);
}

int run_eval(int argc, char **argv)
{
    eval_args a = {0};
    arg_spec spec;
    arg rows[17];
    evaluation e = {.args = &a};
    eval_part *parts = NULL;
    int code = read_args(&a, argc, argv, &spec, rows), alone = 1;
    if (code != EXIT_FINE) goto cleanup;
    code = ranks_open();
    if (code == EXIT_FINE) code = ranks_compare(argc, argv);
    if (code == EXIT_FINE) code = options_open(&e.options, &spec, a.layout, &a.settings);
    int count = a.models.count;
    if (code != EXIT_FINE) goto cleanup;
    if (a.predictions) { /* nothing to share */
        alone = 0;
        if (ranks_is_first()) code = evaluate_predictions(&e, &parts, &count);
    } else {
        parts = calloc((size_t)count, sizeof *parts);
        code = parts ? evaluate_models(&e, parts) : out_of_memory();
        alone = code != EXIT_FINE;
        if (code == EXIT_FINE && ranks_is_first()) code = finish_report(&e, parts, count);
    }
    if (code == EXIT_FINE && ranks_is_first()) code = write_answers(&e);
    if (code == EXIT_FINE && ranks_is_first()) code = write_results(&e, parts, count);
cleanup:
    free(parts);
    evaluation_free(&e);
    text_list_free(&a.models);
    text_list_free(&a.settings);
    ranks_close(code != EXIT_FINE && alone, code);
    return code == ARGS_HELP ? EXIT_FINE : code;
}
