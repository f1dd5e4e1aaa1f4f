/* clile train: both stages of CL-ILE, or plain weighted BCE, on one fold, on all folds in turn,
 * or on everything. */
#include "command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    const char *data, *layout, *protocol, *fold, *out, *checkpoint, *resume, *import, *history,
        *tensorboard;
    int64_t checkpoint_every;
    text_list settings;
    int json, quiet, help;
    int alone; /* this rank failed in a way that the others do not know */
    int argc;  /* as given, with their table: for the command that resumes */
    char **argv;
    const arg_spec *spec;
} train_args;

/* What was done on one fold. */
typedef struct {
    int32_t fold;
    char *out;
    int64_t images;
    int32_t subjects, aus;
    int64_t test_images;
    stage_summary stage[2];
} train_run;

static const char usage[] =
    "clile train --data DIR --out MODEL [--protocol P --fold N|all] [--set KEY=VALUE ...]";

static int read_args(train_args *a, int argc, char **argv, arg_spec *spec, arg *rows)
{
    const arg table[] = {
        {"--data", ARG_TEXT, &a->data, "DIR", "labelled folder, CSV manifest or pack"},
        {"--out", ARG_TEXT, &a->out, "FILE", "model to write (safetensors)"},
        {"--layout", ARG_TEXT, &a->layout, "NAME", NULL},
        {"--protocol", ARG_TEXT, &a->protocol, "P",
         "none: all subjects train (default); bp4d, disfa, bp4d-parts, disfa-parts, "
         "kfold:K[:SEED], file:PATH or loso"},
        {"--fold", ARG_TEXT, &a->fold, "N|all",
         "fold to leave out; all: every fold in turn, writing model.fold1.safetensors, ... for "
         "model.safetensors"},
        {"--set", ARG_LIST, &a->settings, "KEY=VALUE",
         "set an option; may be repeated; `clile info --options` lists them"},
        {"--import", ARG_TEXT, &a->import, "FILE",
         "start with the backbone weights of a torchvision ResNet (.pth or safetensors)"},
        {"--checkpoint", ARG_TEXT, &a->checkpoint, "FILE",
         "file for checkpoints, each the complete state of training"},
        {"--checkpoint-every", ARG_NUMBER, &a->checkpoint_every, "N",
         "epochs between checkpoints (default: 1)"},
        {"--resume", ARG_TEXT, &a->resume, "FILE",
         "continue from a checkpoint, with the arguments it was made with; --fold all skips "
         "finished folds and starts the missing ones"},
        {"--history", ARG_TEXT, &a->history, "FILE",
         "history of the run, a line of JSON for each epoch; none: no history (default: "
         "model.history.jsonl for model.safetensors)"},
        {"--tensorboard", ARG_TEXT, &a->tensorboard, "DIR",
         "also write the history as events of TensorBoard; each fold of --fold all gets a folder "
         "below it"},
        {"--json", ARG_FLAG, &a->json, NULL, "print what was done as JSON"},
        {"--quiet", ARG_FLAG, &a->quiet, NULL, "print no progress"},
    };
    a->layout = "auto";
    a->protocol = "none";
    a->checkpoint_every = 1;
    memcpy(rows, table, sizeof table);
    *spec = (arg_spec){usage,
                       "Trains on the subjects that the fold does not test, and writes a model to "
                       "deploy: the general encoder,\nan embedding for each action unit, and the "
                       "decision rule. It keeps nothing of the training subjects.",
                       rows, (int)(sizeof table / sizeof table[0]), NULL};
    const int code = args_parse(spec, argc, argv);
    if (code != EXIT_FINE) return code;
    if (a->data == NULL) return usage_error(spec, "--data is missing");
    if (a->out == NULL) return usage_error(spec, "--out is missing");
    const int whole = strcmp(a->protocol, "none") == 0 || strcmp(a->protocol, "all") == 0;
    if (!whole && a->fold == NULL)
        return usage_error(spec, "--protocol %s needs --fold", a->protocol);
    if (whole && a->fold != NULL)
        return usage_error(spec, "--fold cannot be used with --protocol %s", a->protocol);
    if (a->fold && strcmp(a->fold, "all") == 0 && a->resume && a->checkpoint &&
        strcmp(a->resume, a->checkpoint) != 0)
        return usage_error(spec, "with --fold all, --resume and --checkpoint must be the same "
                                 "file: the checkpoints say which folds are finished");
    if (a->history && (strcmp(a->history, a->out) == 0 ||
                       (a->checkpoint && strcmp(a->history, a->checkpoint) == 0)))
        return usage_error(spec, "--history %s is also the %s: name another file", a->history,
                           strcmp(a->history, a->out) == 0 ? "model" : "checkpoint");
    if (a->checkpoint_every < 1 || a->checkpoint_every > 1000000)
        return usage_error(spec, "--checkpoint-every takes 1 or more");
    return EXIT_FINE;
}

/* "dir/model.safetensors", 2 -> "dir/model.fold2.safetensors"; fold 0 copies. free() it. */
static char *path_of_fold(const char *path, int32_t fold)
{
    const size_t size = strlen(path) + 24;
    char *text = malloc(size);
    if (text == NULL) return NULL;
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    if (dot == NULL || dot == path || (slash && dot < slash)) dot = path + strlen(path);
    if (fold > 0)
        snprintf(text, size, "%.*s.fold%d%s", (int)(dot - path), path, (int)fold, dot);
    else
        snprintf(text, size, "%s", path);
    return text;
}

/* NULL without a history; free() it. `out`: the fold's model. */
static char *path_of_history(const train_args *a, const char *out, int32_t fold)
{
    static const char ending[] = ".safetensors", added[] = ".history.jsonl";
    if (a->history) return path_of_fold(a->history, fold);
    const size_t size = strlen(out), cut = sizeof ending - 1;
    const size_t kept = size > cut && strcmp(out + size - cut, ending) == 0 ? size - cut : size;
    char *text = malloc(kept + sizeof added);
    if (text) snprintf(text, kept + sizeof added, "%.*s%s", (int)kept, out, added);
    return text;
}

static int has_history(const train_args *a)
{
    return a->history == NULL || strcmp(a->history, "none") != 0;
}

/* Checked first, so that hours of training do not end in a file that cannot be written. */
static int check_writable(const char *path)
{
    char *folder = path_of_fold(path, 0);
    if (folder == NULL) return EXIT_FAILED;
    char *slash = strrchr(folder, '/');
    if (slash) slash[slash == folder ? 1 : 0] = '\0';
    const int fine = access(slash ? folder : ".", W_OK) == 0;
    if (!fine) fprintf(stderr, "clile: cannot write %s: %s\n", path, strerror(errno));
    free(folder);
    return fine ? EXIT_FINE : EXIT_FAILED;
}

/* Quoted for a shell. */
static void print_quoted(const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    if (text[0] != '\0' && text[strspn(text, plain)] == '\0') {
        fputs(text, stderr);
        return;
    }
    fputc('\'', stderr);
    for (; *text; ++text) {
        if (*text == '\'')
            fputs("'\\''", stderr);
        else
            fputc(*text, stderr);
    }
    fputc('\'', stderr);
}

static int takes_value(const arg_spec *spec, const char *name)
{
    for (int i = 0; i < spec->count; ++i)
        if (strcmp(spec->args[i].name, name) == 0) return spec->args[i].kind != ARG_FLAG;
    return 0; /* --name=value */
}

/* Prints the command that continues: the one that was given, with --resume and the newest
 * checkpoint. */
static void print_go_on(const train_args *a)
{
    const char *from = a->checkpoint ? a->checkpoint : a->resume;
    if (a->checkpoint == NULL)
        fprintf(stderr, "clile: without --checkpoint, the work since then is lost\n");
    if (from == NULL) return;
    fprintf(stderr, "clile: continue with\n  ");
    print_quoted(a->argv[-2]); /* the program; then comes "train" */
    fputs(" train", stderr);
    for (int i = 0; i < a->argc; ++i) {
        const int values = takes_value(a->spec, a->argv[i]);
        const int is_resume =
            strcmp(a->argv[i], "--resume") == 0 || strncmp(a->argv[i], "--resume=", 9) == 0;
        for (int k = i; k <= i + values && k < a->argc && !is_resume; ++k) {
            fputc(' ', stderr);
            print_quoted(a->argv[k]);
        }
        i += values;
    }
    fputs(" --resume ", stderr);
    print_quoted(from);
    fputc('\n', stderr);
}

/* What all ranks know of each other ends them in order. */
static void note_failure(train_args *a, clile_status status)
{
    a->alone = status == CLILE_E_BACKEND || status == CLILE_E_OUT_OF_MEMORY ||
               status == CLILE_E_INTERNAL || status == CLILE_OK;
}

static int is_quiet(const train_args *a)
{
    return a->quiet || !ranks_is_first();
}

static int save_checkpoint(const clile_trainer *trainer, const char *path)
{
    if (path == NULL) return EXIT_FINE;
    return clile_trainer_save(trainer, path) == CLILE_OK ? EXIT_FINE : failed("checkpoint");
}

static int run_stage(clile_trainer *trainer, int32_t stage, train_args *a, const char *checkpoint,
                     stage_summary *summary)
{
    progress_state state = {0};
    state.stop_every = checkpoint ? (int32_t)a->checkpoint_every : 0;
    state.quiet = is_quiet(a);
    progress_begin(&state);
    const double begin = now_seconds();
    clile_status status;
    for (;;) {
        state.at_checkpoint = 0;
        status = clile_trainer_run(trainer, stage, progress_step, &state);
        note_failure(a, status);
        if (status != CLILE_E_CANCELLED || !state.at_checkpoint || ranks_any(interrupted())) break;
        if (save_checkpoint(trainer, checkpoint) != EXIT_FINE) return EXIT_FAILED;
    }
    *summary = state.summary;
    summary->run = 1;
    summary->seconds = now_seconds() - begin;
    if (status != CLILE_OK && status != CLILE_E_CANCELLED) return failed(NULL);
    if (save_checkpoint(trainer, checkpoint) != EXIT_FINE) return EXIT_FAILED;
    if (status == CLILE_OK) return EXIT_FINE;
    if (!ranks_is_first()) return EXIT_FAILED;
    fprintf(stderr, "%sclile: stopped in stage %d at step %lld\n", state.terminal ? "\n" : "",
            (int)stage, (long long)state.summary.steps);
    print_go_on(a);
    return EXIT_FAILED;
}

/* Metadata that the library does not set itself. */
static int set_metadata(clile_model *model, const clile_dataset *train, const clile_dataset *test)
{
    char subjects[16], images[32];
    snprintf(subjects, sizeof subjects, "%d", (int)clile_dataset_subject_count(train));
    snprintf(images, sizeof images, "%lld", (long long)clile_dataset_size(train));
    char *names = test ? subject_names(test) : NULL;
    const char *const pairs[][2] = {{"train_subject_count", subjects},
                                    {"train_image_count", images},
                                    {"test_subjects", names ? names : ""}};
    clile_status status = CLILE_OK;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0] && status == CLILE_OK; ++i)
        status = clile_model_set_metadata(model, pairs[i][0], pairs[i][1]);
    free(names);
    return status == CLILE_OK ? EXIT_FINE : failed("metadata");
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The metadata that came with the checkpoint name its import. */
static int check_import(const train_args *a, const clile_model *model, const char *checkpoint)
{
    const char *stored = clile_model_get_metadata(model, "imported");
    if (a->import == NULL || strcmp(stored ? stored : "", base_name(a->import)) == 0)
        return EXIT_FINE;
    fprintf(stderr, "clile: %s: --import is %s in the checkpoint, but %s here\n", checkpoint,
            stored ? stored : "not given", base_name(a->import));
    return EXIT_FAILED;
}

/* Sets the options that shape the data even where they have their defaults, so that resume compares
 * them with the checkpoint. */
static int say_data_options(clile_options *options)
{
    clile_option_info info = {.struct_size = sizeof info};
    for (int32_t i = 0; i < clile_options_count(); ++i) {
        if (clile_options_describe(i, &info) != CLILE_OK) return failed(NULL);
        const int shapes = strcmp(info.name, CLILE_OPT_UNKNOWN) == 0 ||
                           strcmp(info.name, CLILE_OPT_PRESENT_FROM) == 0 ||
                           strcmp(info.name, CLILE_OPT_FIRST_IMAGE) == 0 ||
                           strcmp(info.name, CLILE_OPT_BOX_MARGIN) == 0;
        if (shapes && !clile_options_is_set(options, info.name) &&
            clile_options_set(options, info.name, info.default_value) != CLILE_OK)
            return failed(NULL);
    }
    return EXIT_FINE;
}

static int has_checkpoint(const char *path)
{
    return access(path, F_OK) == 0;
}

/* "DIR", or "DIR/fold2"; free() it. */
static char *folder_of_fold(const char *folder, int32_t fold)
{
    const size_t size = strlen(folder) + 24;
    char *text = malloc(size);
    if (text && fold > 0)
        snprintf(text, size, "%s/fold%d", folder, (int)fold);
    else if (text)
        snprintf(text, size, "%s", folder);
    return text;
}

static int set_history(const train_args *a, const char *out, int32_t fold, clile_trainer *trainer)
{
    char *path = has_history(a) ? path_of_history(a, out, fold) : NULL;
    char *folder = a->tensorboard ? folder_of_fold(a->tensorboard, fold) : NULL;
    int code = EXIT_FINE;
    if ((path == NULL && has_history(a)) || (folder == NULL && a->tensorboard)) {
        fprintf(stderr, "clile: out of memory\n");
        code = EXIT_FAILED;
    } else if (clile_trainer_set_history(trainer, path) != CLILE_OK ||
               clile_trainer_set_tensorboard(trainer, folder) != CLILE_OK) {
        code = failed(NULL);
    }
    free(path);
    free(folder);
    return code;
}

/* Model and trainer of a fold, new or from its checkpoint `resume` (NULL: new). Changes only the
 * stem in `options`. The caller owns what was made, even on failure. */
static int make_trainer(train_args *a, const clile_dataset *train, clile_options *options,
                        const char *resume, clile_model **model, clile_trainer **trainer)
{
    int32_t au_ids[256];
    const int32_t aus = clile_dataset_au_count(train);
    const char *weights = resume ? resume : a->import;
    if (weights && options_take_stem(options, weights) != EXIT_FINE) return EXIT_FAILED;
    if (aus > 256 || clile_dataset_copy_au_ids(train, au_ids) != CLILE_OK) return failed(NULL);
    if (clile_model_create(options, aus, au_ids, model) != CLILE_OK) return failed(NULL);
    if (a->import && resume == NULL && clile_model_import_backbone(*model, a->import) != CLILE_OK)
        return failed(NULL);
    if (clile_trainer_create(*model, train, options, trainer) != CLILE_OK) return failed(NULL);
    clile_status status = CLILE_OK;
    if (ranks_communicator())
        status = clile_trainer_set_communicator(*trainer, ranks_communicator());
    if (status == CLILE_OK && resume) status = clile_trainer_resume(*trainer, resume);
    note_failure(a, status);
    if (status != CLILE_OK) return failed(NULL);
    /* A quiet run shows no epochs, and --json prints only the last one, which is always validated.
     * */
    if (a->quiet && !has_history(a) && a->tensorboard == NULL &&
        clile_trainer_set_validation_every(*trainer, a->json ? 1000000 : 0) != CLILE_OK)
        return failed(NULL);
    return EXIT_FINE;
}

static int train_fold(train_args *a, const clile_dataset *data, const clile_options *options,
                      int32_t fold, int many, train_run *run)
{
    clile_dataset *train = NULL, *test = NULL;
    clile_model *model = NULL;
    clile_trainer *trainer = NULL;
    clile_options *own = NULL;
    char *checkpoint = a->checkpoint ? path_of_fold(a->checkpoint, many ? fold : 0) : NULL;
    char *resume = a->resume ? path_of_fold(a->resume, many ? fold : 0) : NULL;
    int code = EXIT_FAILED;
    run->fold = fold;
    run->out = path_of_fold(a->out, many ? fold : 0);

    if (protocol_fold(data, a->protocol, fold, &train, &test) != CLILE_OK) goto failure;
    run->aus = clile_dataset_au_count(train);
    run->images = clile_dataset_size(train);
    run->subjects = clile_dataset_subject_count(train);
    run->test_images = clile_dataset_size(test);
    if (!is_quiet(a))
        fprintf(stderr,
                "%s%s%d: %lld images of %d subjects train, %lld images of %d test; %d AUs\n",
                a->protocol, fold ? " fold " : " ", (int)fold, (long long)run->images,
                (int)run->subjects, (long long)run->test_images,
                (int)(test ? clile_dataset_subject_count(test) : 0), (int)run->aus);
    /* with --fold all, some folds may not have started */
    const char *from = resume && (!many || has_checkpoint(resume)) ? resume : NULL;
    if (clile_options_copy(options, &own) != CLILE_OK) goto failure;
    code = make_trainer(a, train, own, from, &model, &trainer);
    if (code == EXIT_FINE && from) code = check_import(a, model, from);
    if (code == EXIT_FINE) code = set_history(a, run->out, many ? fold : 0, trainer);
    if (code == EXIT_FINE) code = set_metadata(model, train, test);
    if (code == EXIT_FINE && !is_quiet(a) && clile_trainer_next_stage(trainer) == 0)
        fprintf(stderr, "finished before\n");
    for (int32_t stage; code == EXIT_FINE && (stage = clile_trainer_next_stage(trainer)) != 0;)
        code = run_stage(trainer, stage, a, checkpoint, &run->stage[stage - 1]);
    if (code == EXIT_FINE && ranks_is_first() && clile_model_save(model, run->out) != CLILE_OK)
        goto failure;
    goto cleanup;
failure:
    code = failed(NULL);
cleanup:
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
    clile_options_destroy(own);
    clile_dataset_destroy(test);
    clile_dataset_destroy(train);
    free(checkpoint);
    free(resume);
    return code;
}

static void json_stage(json *j, const char *key, const stage_summary *s)
{
    if (!s->run) return;
    json_open(j, key, '{');
    json_real(j, "seconds", s->seconds);
    json_integer(j, "steps", s->steps);
    json_integer(j, "epochs", s->epochs);
    json_real(j, "images_per_second", s->images_per_second);
    json_real(j, "loss", s->loss);
    json_real(j, "loss_bce", s->loss_bce);
    json_real(j, "loss_contra", s->loss_contra);
    json_real(j, "loss_elimination", s->loss_elimination);
    json_real(j, "loss_points", s->loss_points);
    json_real(j, "loss_values", s->loss_values);
    json_real(j, "loss_method", s->loss_method);
    json_real(j, "validation_f1", s->validation_f1);
    json_real(j, "validation_auc", s->validation_auc);
    json_close(j, '}');
}

static void print_json(const train_args *a, int32_t count, const train_run *runs)
{
    json j = {.out = stdout};
    json_open(&j, NULL, '{');
    json_text(&j, "data", a->data);
    json_text(&j, "layout", a->layout);
    json_text(&j, "protocol", a->protocol);
    json_open(&j, "runs", '[');
    for (int32_t i = 0; i < count; ++i) {
        json_open(&j, NULL, '{');
        json_text(&j, "model", runs[i].out);
        json_integer(&j, "fold", runs[i].fold);
        json_integer(&j, "images", runs[i].images);
        json_integer(&j, "subjects", runs[i].subjects);
        json_integer(&j, "aus", runs[i].aus);
        json_integer(&j, "test_images", runs[i].test_images);
        json_stage(&j, "stage1", &runs[i].stage[0]);
        json_stage(&j, "stage2", &runs[i].stage[1]);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
}

static void print_text(int32_t count, const train_run *runs)
{
    for (int32_t i = 0; i < count; ++i) {
        for (int s = 0; s < 2; ++s)
            if (runs[i].stage[s].run)
                printf("stage %d: %.1f s, %.0f images/s, mean loss of the last epoch %.4f\n", s + 1,
                       runs[i].stage[s].seconds, runs[i].stage[s].images_per_second,
                       runs[i].stage[s].loss);
        printf("%s\n", runs[i].out);
    }
}

/* The folds to train: [*first, *last]; 0..0 where the protocol has none. */
static int choose_folds(const train_args *a, const arg_spec *spec, const clile_dataset *data,
                        int32_t *first, int32_t *last)
{
    *first = *last = 0;
    if (a->fold == NULL) return EXIT_FINE;
    const int32_t folds = protocol_folds(a->protocol, data);
    if (folds == 0) return usage_error(spec, "%s", clile_last_error());
    if (strcmp(a->fold, "all") == 0) {
        *first = 1;
        *last = folds;
        return EXIT_FINE;
    }
    char *end = NULL;
    const long fold = strtol(a->fold, &end, 10);
    if (end == a->fold || *end != '\0' || fold < 1 || fold > folds)
        return usage_error(spec, "--fold takes 1..%d or all with protocol %s, found \"%s\"",
                           (int)folds, a->protocol, a->fold);
    *first = *last = (int32_t)fold;
    return EXIT_FINE;
}

/* Which folds are finished, started and still to come shows in their checkpoints: none may be
 * of an earlier run. */
static int prepare_checkpoints(const train_args *a, int32_t first, int32_t last)
{
    int found = 0;
    if (last <= first || (a->resume == NULL && a->checkpoint == NULL)) return EXIT_FINE;
    for (int32_t fold = first; fold <= last; ++fold) {
        char *path = path_of_fold(a->resume ? a->resume : a->checkpoint, fold);
        if (path == NULL) return EXIT_FAILED;
        if (a->resume == NULL) unlink(path);
        found += has_checkpoint(path);
        free(path);
    }
    if (a->resume == NULL || found > 0) return EXIT_FINE;
    char *path = path_of_fold(a->resume, first);
    fprintf(
        stderr,
        "clile: --resume %s: no fold has a checkpoint (%s, ...), so there is nothing to resume\n",
        a->resume, path ? path : "");
    free(path);
    return EXIT_FAILED;
}

int run_train(int argc, char **argv)
{
    train_args a = {.argc = argc, .argv = argv};
    arg_spec spec;
    arg rows[20];
    clile_options *options = NULL;
    clile_dataset *data = NULL;
    train_run *runs = NULL;
    int32_t first = 0, last = 0, done = 0;
    int code = read_args(&a, argc, argv, &spec, rows);
    if (code != EXIT_FINE) goto cleanup;

    a.spec = &spec;
    a.alone = 1;
    code = ranks_open();
    if (code == EXIT_FINE) code = options_open(&options, &spec, a.layout, &a.settings);
    if (code == EXIT_FINE) code = check_writable(a.out);
    if (code == EXIT_FINE && a.checkpoint) code = check_writable(a.checkpoint);
    if (code == EXIT_FINE && a.history && has_history(&a)) code = check_writable(a.history);
    if (code != EXIT_FINE) goto cleanup;
    code = dataset_open(a.data, options, &data);
    if (code != EXIT_FINE) goto cleanup;
    code = choose_folds(&a, &spec, data, &first, &last);
    if (code == EXIT_FINE && a.resume) code = say_data_options(options);
    if (code == EXIT_FINE) code = prepare_checkpoints(&a, first, last);
    if (code != EXIT_FINE) goto cleanup;
    runs = calloc((size_t)(last - first + 1), sizeof *runs);
    if (runs == NULL) {
        fprintf(stderr, "clile: out of memory\n");
        code = EXIT_FAILED;
        goto cleanup;
    }
    interrupt_install();
    for (int32_t fold = first; fold <= last && code == EXIT_FINE; ++fold) {
        if (fold > first && interrupted()) {
            fprintf(stderr, "clile: stopped before fold %d\n", (int)fold);
            print_go_on(&a);
            code = EXIT_FAILED;
            break;
        }
        code = train_fold(&a, data, options, fold, last > first, &runs[done++]);
    }
    if (code != EXIT_FINE) goto cleanup;
    if (ranks_is_first() && a.json)
        print_json(&a, done, runs);
    else if (ranks_is_first())
        print_text(done, runs);
cleanup:
    for (int32_t i = 0; i < done; ++i) free(runs[i].out);
    free(runs);
    clile_dataset_destroy(data);
    clile_options_destroy(options);
    text_list_free(&a.settings);
    ranks_close(code != EXIT_FINE && a.alone, code);
    return code == ARGS_HELP ? EXIT_FINE : code;
}
