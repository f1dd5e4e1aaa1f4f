/* clile data: what is in a labelled folder, as the library reads it. */
#include "data.h"
#include "points.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *path, *protocol;
    int by_subject;
    sheet_request sheet;   /* path NULL: none */
    points_request points; /* likewise */
    points_summary found;
} request;

/* Checks, before anything is printed, that the protocol exists and fits these subjects. */
static int check_protocol(const clile_dataset *data, const char *protocol)
{
    clile_dataset *train = NULL, *test = NULL;
    if (protocol_folds(protocol, data) == 0) {
        fprintf(stderr, "clile: %s\n", clile_last_error());
        return EXIT_USAGE;
    }
    if (protocol_fold(data, protocol, 1, &train, &test) != CLILE_OK) return failed(NULL);
    clile_dataset_destroy(train);
    clile_dataset_destroy(test);
    return EXIT_FINE;
}

static int print_folds(const clile_dataset *data, const char *protocol, json *j)
{
    const int32_t folds = protocol_folds(protocol, data);
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
                   (long long)clile_dataset_size(train), (long long)clile_dataset_size(test),
                   names ? names : "");
        free(names);
        clile_dataset_destroy(train);
        clile_dataset_destroy(test);
    }
    if (j) json_close(j, ']');
    return EXIT_FINE;
}

/* ---- JSON ---- */

static void json_aus(json *j, const data_summary *s)
{
    json_open(j, "aus", '[');
    for (int32_t c = 0; c < s->c; ++c) {
        const int64_t all = (int64_t)s->subjects * s->c + c;
        const spread *r = &s->spread[c];
        json_open(j, NULL, '{');
        json_integer(j, "au", s->au_ids[c]);
        json_text(j, "name", au_name(s->au_ids[c]));
        json_integer(j, "coded", s->coded[all]);
        json_integer(j, "not_coded", s->n - s->coded[all]);
        json_integer(j, "present", s->present[all]);
        json_real(j, "rate", s->coded[all] ? summary_rate(s, s->subjects, c) : 0.0);
        json_real(j, "weight", (double)s->weight[c]);
        json_open(j, "subject_rate", '{');
        json_integer(j, "subjects", r->subjects);
        json_real(j, "min", r->least);
        json_real(j, "median", r->median);
        json_real(j, "max", r->most);
        json_real(j, "mean", r->mean);
        json_real(j, "sd", r->sd);
        json_close(j, '}');
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void json_subjects(json *j, const clile_dataset *data, const data_summary *s)
{
    json_open(j, "subjects", '[');
    for (int32_t i = 0; i < s->subjects; ++i) {
        json_open(j, NULL, '{');
        json_text(j, "subject", clile_dataset_get_subject_name(data, i));
        json_integer(j, "images", s->frames[i]);
        json_open(j, "coded", '[');
        for (int32_t c = 0; c < s->c; ++c) json_integer(j, NULL, s->coded[(int64_t)i * s->c + c]);
        json_close(j, ']');
        json_open(j, "present", '[');
        for (int32_t c = 0; c < s->c; ++c) json_integer(j, NULL, s->present[(int64_t)i * s->c + c]);
        json_close(j, ']');
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void json_left_out(json *j, const clile_dataset *data)
{
    static const char *const keys[2] = {"labels_without_image", "images_without_labels"};
    json_open(j, "left_out", '{');
    for (int32_t kind = 0; kind < 2; ++kind) {
        const char *name = NULL;
        json_open(j, keys[kind], '[');
        for (int64_t i = 0; (name = clile_dataset_get_left_out(data, kind, i)) != NULL; ++i)
            json_text(j, NULL, name);
        json_close(j, ']');
    }
    json_close(j, '}');
}

static void json_sheet(json *j, const clile_dataset *data, const data_summary *s,
                       const sheet_request *sheet)
{
    sheet_pair pairs[SHEET_MOST];
    json_open(j, "sheet", '{');
    json_text(j, "file", sheet->path);
    json_integer(j, "seed", sheet->seed);
    json_open(j, "examples", '[');
    for (int32_t c = 0; c < s->c; ++c) {
        const int32_t count = sheet_choose(s, c, sheet, pairs);
        for (int32_t i = 0; i < count; ++i) {
            json_open(j, NULL, '{');
            json_integer(j, "au", s->au_ids[c]);
            json_text(j, "subject", clile_dataset_get_subject_name(data, pairs[i].subject));
            json_text(j, "present", clile_dataset_get_image_name(data, pairs[i].present));
            json_text(j, "absent", clile_dataset_get_image_name(data, pairs[i].absent));
            json_close(j, '}');
        }
    }
    json_close(j, ']');
    json_close(j, '}');
}

static int print_json(const clile_dataset *data, const data_summary *s, const request *r)
{
    json j = {.out = stdout};
    int code = EXIT_FINE;
    json_open(&j, NULL, '{');
    json_text(&j, "data", r->path);
    json_integer(&j, "images", s->n);
    json_integer(&j, "label_rows", s->counts.label_rows);
    json_integer(&j, "labels_without_image", s->counts.labels_without_image);
    json_integer(&j, "images_without_labels", s->counts.images_without_labels);
    json_integer(&j, "images_without_landmarks", s->counts.images_without_landmarks);
    json_integer(&j, "images_by_box", s->counts.images_by_box);
    json_integer(&j, "rows_without_face", s->counts.rows_without_face);
    json_text(&j, "notes", clile_dataset_get_notes(data));
    json_left_out(&j, data);
    json_aus(&j, s);
    json_open(&j, "correlation", '[');
    for (int32_t a = 0; a < s->c; ++a) {
        json_open(&j, NULL, '[');
        for (int32_t b = 0; b < s->c; ++b) json_real(&j, NULL, s->phi[(int64_t)a * s->c + b]);
        json_close(&j, ']');
    }
    json_close(&j, ']');
    json_subjects(&j, data, s);
    if (r->sheet.path) json_sheet(&j, data, s, &r->sheet);
    if (r->points.path) {
        json_open(&j, "points", '{');
        json_text(&j, "file", r->points.path);
        json_integer(&j, "images", r->found.images);
        json_integer(&j, "faces", r->found.faces);
        json_close(&j, '}');
    }
    if (r->protocol) code = print_folds(data, r->protocol, &j);
    if (code == EXIT_FINE) json_close(&j, '}');
    return code;
}

/* ---- text ---- */

static void print_left_out(const clile_dataset *data, const data_summary *s)
{
    static const char *const kinds[2] = {"label rows without image", "images without labels"};
    const int64_t counts[2] = {s->counts.labels_without_image, s->counts.images_without_labels};
    printf("left out: %lld %s, %lld %s; %lld images without landmarks\n", (long long)counts[0],
           kinds[0], (long long)counts[1], kinds[1], (long long)s->counts.images_without_landmarks);
    for (int32_t kind = 0; kind < 2; ++kind) {
        const char *name = clile_dataset_get_left_out(data, kind, 0);
        if (name == NULL) continue;
        printf("  %s: %s", kinds[kind], name);
        int64_t shown = 1;
        for (; shown < 3 && (name = clile_dataset_get_left_out(data, kind, shown)) != NULL; ++shown)
            printf(", %s", name);
        printf(shown < counts[kind] ? ", ...\n" : "\n");
    }
}

/* Prints a rate in seven columns, "-" for NaN. */
static void print_rate(double value)
{
    if (isnan(value))
        printf("  %5s", "-");
    else
        printf("  %5.3f", value);
}

static void print_aus(const data_summary *s)
{
    printf("                                     rate of a subject\n");
    printf("  AU     coded  not coded  present   rate    min  median   max     sd  weight\n");
    for (int32_t c = 0; c < s->c; ++c) {
        const int64_t all = (int64_t)s->subjects * s->c + c;
        const spread *r = &s->spread[c];
        printf("  %-4d %7lld    %7lld  %7lld", (int)s->au_ids[c], (long long)s->coded[all],
               (long long)(s->n - s->coded[all]), (long long)s->present[all]);
        print_rate(summary_rate(s, s->subjects, c));
        print_rate(r->least);
        print_rate(r->median);
        print_rate(r->most);
        print_rate(r->sd);
        printf("  %6.3f  %s\n", (double)s->weight[c], au_name(s->au_ids[c]));
    }
    printf("\n  phi ");
    for (int32_t c = 0; c < s->c; ++c) printf(" %5d", (int)s->au_ids[c]);
    printf("   (correlation of the labels)\n");
    for (int32_t a = 0; a < s->c; ++a) {
        printf("  %-4d", (int)s->au_ids[a]);
        for (int32_t b = 0; b < s->c; ++b) printf(" %5.2f", s->phi[(int64_t)a * s->c + b]);
        printf("\n");
    }
}

static void print_subjects(const clile_dataset *data, const data_summary *s, int with_rates)
{
    if (with_rates) {
        printf("  rate of each AU\n  %-10s %7s", "subject", "images");
        for (int32_t c = 0; c < s->c; ++c) printf("  %5d", (int)s->au_ids[c]);
        printf("\n");
    }
    for (int32_t i = 0; i < s->subjects; ++i) {
        const char *name = clile_dataset_get_subject_name(data, i);
        if (!with_rates) {
            printf("  %s %lld%s", name, (long long)s->frames[i],
                   i % 6 == 5 || i + 1 == s->subjects ? "\n" : "");
            continue;
        }
        printf("  %-10s %7lld", name, (long long)s->frames[i]);
        for (int32_t c = 0; c < s->c; ++c) print_rate(summary_rate(s, i, c));
        printf("\n");
    }
}

static int print_text(const clile_dataset *data, const data_summary *s, const request *r)
{
    printf("%s: %lld images of %d subjects, %d AUs\n", r->path, (long long)s->n, (int)s->subjects,
           (int)s->c);
    print_left_out(data, s);
    if (s->counts.images_by_box > 0)
        printf("%lld images without landmarks are cropped by their box\n",
               (long long)s->counts.images_by_box);
    if (s->counts.rows_without_face > 0)
        printf("left out: %lld label rows without a face (none was found, or the landmarks or box "
               "cannot be a face's)\n",
               (long long)s->counts.rows_without_face);
    printf("%s", clile_dataset_get_notes(data));
    printf("\n");
    print_aus(s);
    printf("\n");
    print_subjects(data, s, r->by_subject);
    if (r->sheet.path)
        printf("\nsheet: %s, up to %lld subjects for each AU, seed %lld\n", r->sheet.path,
               (long long)r->sheet.examples, (long long)r->sheet.seed);
    if (r->points.path)
        printf("\npoints: %s, faces in %lld of %lld images\n", r->points.path,
               (long long)r->found.faces, (long long)r->found.images);
    if (r->protocol == NULL) return EXIT_FINE;
    printf("\n");
    return print_folds(data, r->protocol, NULL);
}

/* Crops have the size that was set, or the pack's. */
static int write_sheet(const clile_dataset *data, const clile_options *options,
                       const data_summary *s, request *r)
{
    int64_t size = 0;
    const char *slash = NULL, *title = r->path;
    if (clile_options_get_i64(options, CLILE_OPT_IMAGE_SIZE, &size) != CLILE_OK)
        return failed(NULL);
    if (clile_dataset_crop_size(data) > 0 && !clile_options_is_set(options, CLILE_OPT_IMAGE_SIZE))
        size = clile_dataset_crop_size(data);
    r->sheet.size = (int32_t)size;
    while ((slash = strchr(title, '/')) != NULL && slash[1] != '\0') title = slash + 1;
    return sheet_write(data, s, title, &r->sheet);
}

int run_data(int argc, char **argv)
{
    const char *layout = "auto";
    text_list settings = {0}, folders = {0};
    int as_json = 0, verify = 0;
    clile_options *options = NULL;
    clile_dataset *data = NULL;
    data_summary s = {0};
    request r = {.sheet = {.examples = 6, .seed = 1}};
    const arg rows[] = {
        {"--layout", ARG_TEXT, &layout, "NAME", NULL},
        {"--protocol", ARG_TEXT, &r.protocol, "P",
         "also list the folds of bp4d, disfa, bp4d-parts, disfa-parts, kfold:K[:SEED], file:PATH "
         "or loso"},
        {"--subjects", ARG_FLAG, &r.by_subject, NULL, "show the rates of each subject"},
        {"--sheet", ARG_TEXT, &r.sheet.path, "FILE.png",
         "draw faces with each AU present and absent"},
        {"--examples", ARG_NUMBER, &r.sheet.examples, "N",
         "subjects for each AU on the sheet (default: 6)"},
        {"--seed", ARG_NUMBER, &r.sheet.seed, "N", "seed for choosing the faces (default: 1)"},
        {"--points", ARG_TEXT, &r.points.path, "FILE.csv",
         "find the largest face of each image and write its points, for --set faces=FILE.csv"},
        {"--finder", ARG_TEXT, &r.points.finder, "NAME",
         "finder of faces for --points (default: the installed one)"},
        {"--set", ARG_LIST, &settings, "KEY=VALUE",
         "set an option of the data group; may be repeated"},
        {"--verify", ARG_FLAG, &verify, NULL, "compare every checksum of a pack"},
        {"--json", ARG_FLAG, &as_json, NULL, "print JSON"},
    };
    const arg_spec spec = {
        "clile data DIR|PACK [--layout NAME] [--protocol P] [--sheet FILE.png] [--points FILE.csv] "
        "[--verify]",
        "Shows the subjects of a labelled folder or a pack, and the rates, weights and correlation "
        "of its AUs.",
        rows, (int)(sizeof rows / sizeof rows[0]), &folders};
    int code = args_parse(&spec, argc, argv);
    if (code != EXIT_FINE) goto cleanup;
    if (folders.count != 1) {
        code = usage_error(&spec, "expected one folder or pack");
        goto cleanup;
    }
    if (r.points.finder && !r.points.path) {
        code = usage_error(&spec, "--finder needs --points FILE.csv");
        goto cleanup;
    }
    if (r.sheet.examples < 1 || r.sheet.examples > SHEET_MOST) {
        code = usage_error(&spec, "--examples takes 1 to %d, found %lld", (int)SHEET_MOST,
                           (long long)r.sheet.examples);
        goto cleanup;
    }
    r.path = folders.items[0];
    code = options_open(&options, &spec, layout, &settings);
    if (code != EXIT_FINE) goto cleanup;
    if (as_json) /* the text output has the warnings in it */
        code = dataset_open(r.path, options, &data);
    else if (clile_dataset_open(r.path, options, &data) != CLILE_OK)
        code = failed(NULL);
    if (code == EXIT_FINE) code = summary_make(data, &s);
    if (code == EXIT_FINE && r.protocol) code = check_protocol(data, r.protocol);
    if (code == EXIT_FINE && verify) code = verify_pack(data);
    if (code == EXIT_FINE && r.sheet.path) code = write_sheet(data, options, &s, &r);
    if (code == EXIT_FINE && r.points.path) code = points_find(data, &r.points, options, &r.found);
    if (code == EXIT_FINE) code = as_json ? print_json(data, &s, &r) : print_text(data, &s, &r);
cleanup:
    summary_free(&s);
    clile_dataset_destroy(data);
    clile_options_destroy(options);
    text_list_free(&settings);
    text_list_free(&folders);
    return code == ARGS_HELP ? EXIT_FINE : code;
}
