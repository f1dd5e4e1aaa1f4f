/* clile data: what is in a labelled folder, as the library reads it. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_AUS = 256 };

typedef struct {
    int64_t n;
    int32_t c, subjects;
    int32_t au_ids[MAX_AUS];
    int64_t coded[MAX_AUS], present[MAX_AUS];
    float weight[MAX_AUS];
    int64_t *frames; /* [subjects] */
    clile_dataset_counts counts;
} data_summary;

static int summarise(const clile_dataset *data, data_summary *s)
{
    int8_t labels[MAX_AUS];
    s->n = clile_dataset_size(data);
    s->c = clile_dataset_au_count(data);
    s->subjects = clile_dataset_subject_count(data);
    if (s->c > MAX_AUS) return EXIT_FAILED;
    s->frames = calloc((size_t)s->subjects + 1, sizeof *s->frames);
    if (s->frames == NULL) return EXIT_FAILED;
    s->counts.struct_size = sizeof s->counts;
    if (clile_dataset_copy_counts(data, &s->counts) != CLILE_OK) return failed(NULL);
    if (clile_dataset_copy_au_ids(data, s->au_ids) != CLILE_OK ||
        clile_dataset_copy_au_weights(data, s->weight) != CLILE_OK)
        return failed(NULL);
    for (int64_t i = 0; i < s->n; ++i) {
        int32_t subject = 0;
        if (clile_dataset_copy_labels(data, i, 1, labels) != CLILE_OK ||
            clile_dataset_copy_subjects(data, i, 1, &subject) != CLILE_OK)
            return failed(NULL);
        ++s->frames[subject];
        for (int32_t c = 0; c < s->c; ++c) {
            s->coded[c] += labels[c] >= 0;
            s->present[c] += labels[c] == 1;
        }
    }
    return EXIT_FINE;
}

static double rate(const data_summary *s, int32_t c)
{
    return s->coded[c] ? (double)s->present[c] / (double)s->coded[c] : 0.0;
}

static int print_folds(const clile_dataset *data, const char *protocol, json *j)
{
    const int32_t folds = protocol_folds(protocol, data);
    if (folds == 0) {
        fprintf(stderr, "clile: unknown protocol \"%s\"\n", protocol);
        return EXIT_USAGE;
    }
    if (j) json_open(j, "folds", '[');
    for (int32_t fold = 1; fold <= folds; ++fold) {
        clile_dataset *train = NULL, *test = NULL;
        if (protocol_fold(data, protocol, fold, &train, &test) != CLILE_OK) return failed(NULL);
        char *names = test ? subject_names(test) : NULL;
        if (j) {
            json_open(j, NULL, '{');
            json_integer(j, "fold", fold);
            json_integer(j, "train_images", clile_dataset_size(train));
            json_integer(j, "test_images", clile_dataset_size(test));
            json_text(j, "test_subjects", names ? names : "");
            json_close(j, '}');
        } else
            printf("%s fold %d: %lld images train, %lld test: %s\n", protocol, (int)fold,
                   (long long)clile_dataset_size(train), (long long)clile_dataset_size(test), names ? names : "");
        free(names);
        clile_dataset_destroy(train);
        clile_dataset_destroy(test);
    }
    if (j) json_close(j, ']');
    return EXIT_FINE;
}

static int print_json(const clile_dataset *data, const data_summary *s, const char *path, const char *protocol)
{
    json j = {.out = stdout};
    int code = EXIT_FINE;
    json_open(&j, NULL, '{');
    json_text(&j, "data", path);
    json_integer(&j, "images", s->n);
    json_integer(&j, "label_rows", s->counts.label_rows);
    json_integer(&j, "labels_without_image", s->counts.labels_without_image);
    json_integer(&j, "images_without_labels", s->counts.images_without_labels);
    json_integer(&j, "images_without_landmarks", s->counts.images_without_landmarks);
    json_open(&j, "aus", '[');
    for (int32_t c = 0; c < s->c; ++c) {
        json_open(&j, NULL, '{');
        json_integer(&j, "au", s->au_ids[c]);
        json_integer(&j, "coded", s->coded[c]);
        json_integer(&j, "present", s->present[c]);
        json_real(&j, "rate", rate(s, c));
        json_real(&j, "weight", (double)s->weight[c]);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_open(&j, "subjects", '[');
    for (int32_t i = 0; i < s->subjects; ++i) {
        json_open(&j, NULL, '{');
        json_text(&j, "subject", clile_dataset_get_subject_name(data, i));
        json_integer(&j, "images", s->frames[i]);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    if (protocol) code = print_folds(data, protocol, &j);
    if (code == EXIT_FINE) json_close(&j, '}');
    return code;
}

static int print_text(const clile_dataset *data, const data_summary *s, const char *path, const char *protocol)
{
    printf("%s: %lld images of %d subjects, %d AUs\n", path, (long long)s->n, (int)s->subjects, (int)s->c);
    printf("left out: %lld label rows without image, %lld images without labels; %lld images without landmarks\n\n",
           (long long)s->counts.labels_without_image, (long long)s->counts.images_without_labels,
           (long long)s->counts.images_without_landmarks);
    printf("  AU     coded   present    rate  weight\n");
    for (int32_t c = 0; c < s->c; ++c)
        printf("  %-4d %7lld   %7lld  %6.3f  %6.3f\n", (int)s->au_ids[c], (long long)s->coded[c],
               (long long)s->present[c], rate(s, c), (double)s->weight[c]);
    printf("\n");
    for (int32_t i = 0; i < s->subjects; ++i)
        printf("  %s %lld%s", clile_dataset_get_subject_name(data, i), (long long)s->frames[i],
               i % 6 == 5 || i + 1 == s->subjects ? "\n" : "");
    if (protocol == NULL) return EXIT_FINE;
    printf("\n");
    return print_folds(data, protocol, NULL);
}

int run_data(int argc, char **argv)
{
    const char *layout = "auto", *protocol = NULL;
    text_list settings = {0}, folders = {0};
    int as_json = 0, verify = 0;
    clile_options *options = NULL;
    clile_dataset *data = NULL;
    data_summary s = {0};
    const arg rows[] = {
        {"--layout", ARG_TEXT, &layout, "NAME", "auto, bp4d, disfa, list, csv or pack (default: auto)"},
        {"--protocol", ARG_TEXT, &protocol, "P", "list the folds of bp4d, disfa, kfold:K or loso too"},
        {"--set", ARG_LIST, &settings, "KEY=VALUE", "an option of the data group; may be repeated"},
        {"--verify", ARG_FLAG, &verify, NULL, "compare every checksum of a pack"},
        {"--json", ARG_FLAG, &as_json, NULL, "print JSON"},
    };
    const arg_spec spec = {"clile data DIR|PACK [--layout NAME] [--protocol P] [--verify]",
                           "Subjects, frames, rate and weight of each AU in a labelled folder.", rows,
                           (int)(sizeof rows / sizeof rows[0]), &folders};
    int code = args_parse(&spec, argc, argv);
    if (code != EXIT_FINE) goto cleanup;
    if (folders.count != 1) {
        code = usage_error(&spec, "one folder is needed");
        goto cleanup;
    }
    code = options_open(&options, &spec, layout, &settings);
    if (code != EXIT_FINE) goto cleanup;
    code = clile_dataset_open(folders.items[0], options, &data) == CLILE_OK ? summarise(data, &s) : failed(NULL);
    if (code == EXIT_FINE && verify) code = verify_pack(data);
    if (code == EXIT_FINE)
        code = as_json ? print_json(data, &s, folders.items[0], protocol)
                       : print_text(data, &s, folders.items[0], protocol);
cleanup:
    free(s.frames);
    clile_dataset_destroy(data);
    clile_options_destroy(options);
    text_list_free(&settings);
    text_list_free(&folders);
    return code == ARGS_HELP ? EXIT_FINE : code;
}
