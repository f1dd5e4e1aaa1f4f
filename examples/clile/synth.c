/* clile synth: a labelled data set of drawn faces, in the layout of BP4D or DISFA or as a pack. */
#include "synth.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

typedef struct {
    const char *out, *layout;
    int64_t subjects, tasks, frames, size, seed;
    int quiet;
    uint8_t *rgb; /* [size,size,3] */
    int64_t done, all;
    double began, last; /* seconds: start of the run, of the last progress line */
    clock_t drawing;    /* processor time spent drawing */
} job;

/* ---- files ---- */

static int file_failed(const char *path)
{
    fprintf(stderr, "clile: %s: %s\n", path, strerror(errno));
    return EXIT_FAILED;
}

static int make_folder(const char *path)
{
    return mkdir(path, 0777) == 0 || errno == EEXIST ? EXIT_FINE : file_failed(path);
}

/* Makes the folder. One that is not empty is an error: two data sets in one folder would be read as
 * one. */
static int make_empty_folder(const char *path)
{
    if (make_folder(path) != EXIT_FINE) return EXIT_FAILED;
    DIR *folder = opendir(path);
    if (folder == NULL) return file_failed(path);
    int count = 0;
    while (readdir(folder) != NULL) ++count;
    closedir(folder);
    if (count <= 2) return EXIT_FINE; /* . and .. */
    fprintf(stderr, "clile: %s is not empty; give a new or an empty folder\n", path);
    return EXIT_FAILED;
}

static int show_progress(job *j)
{
    const double now = now_seconds();
    ++j->done;
    if (!j->quiet && (j->done == j->all || now - j->last > 0.2)) {
        progress_count("drawing", j->done, j->all, j->began);
        j->last = now;
    }
    if (!interrupted()) return EXIT_FINE;
    fprintf(stderr, "clile: stopped after %lld of %lld images\n", (long long)j->done,
            (long long)j->all);
    return EXIT_FAILED;
}

/* Draws one frame to a file and appends its landmarks as a row that starts with `number`. */
static int write_frame(job *j, int64_t subject, int64_t frame, const char *path, FILE *landmarks,
                       int64_t number)
{
    float xy[2 * CLILE_SYNTH_LANDMARKS];
    const clock_t start = clock();
    clile_status status =
        clile_synth_render((uint64_t)j->seed, subject, frame, NULL, (int32_t)j->size, j->rgb, xy);
    j->drawing += clock() - start;
    if (status == CLILE_OK)
        status = clile_image_write_png(path, (int32_t)j->size, (int32_t)j->size, j->rgb);
    if (status != CLILE_OK) return failed(NULL);
    fprintf(landmarks, "%lld", (long long)number);
    for (int i = 0; i < 2 * CLILE_SYNTH_LANDMARKS; ++i) fprintf(landmarks, ",%.2f", (double)xy[i]);
    fputc('\n', landmarks);
    return show_progress(j);
}

static void write_landmark_header(FILE *file)
{
    fputs("frame", file);
    for (int i = 0; i < CLILE_SYNTH_LANDMARKS; ++i) fprintf(file, ",x%d,y%d", i, i);
    fputc('\n', file);
}

/* ---- BP4D ---- */

/* The columns of BP4D's label files, and 25 and 26. AUs that are not drawn are 9, not coded. */
static const int columns[] = {1,  2,  4,  5,  6,  7,  9,  10, 11, 12, 13, 14, 15,
                              16, 17, 18, 19, 20, 22, 23, 24, 25, 26, 27, 28};
enum { COLUMNS = (int)(sizeof columns / sizeof columns[0]) };

static void write_codes(FILE *file, int64_t number, const int8_t *labels)
{
    int32_t ids[CLILE_SYNTH_AUS];
    if (clile_synth_copy_au_ids(ids) != CLILE_OK) return; /* fails only for NULL */
    fprintf(file, "%lld", (long long)number);
    for (int i = 0; i < COLUMNS; ++i) {
        int code = 9;
        for (int k = 0; k < CLILE_SYNTH_AUS; ++k)
            if (ids[k] == columns[i]) code = labels[k];
        fprintf(file, ",%d", code);
    }
    fputc('\n', file);
}

static int write_task(job *j, int64_t subject, const char *name, int64_t task)
{
    char path[4096], label_path[4096], point_path[4096];
    output labels = {0}, points = {0};
    snprintf(path, sizeof path, "%s/Sequences/%s/T%lld", j->out, name, (long long)task);
    snprintf(label_path, sizeof label_path, "%s/AUCoding/AU_OCC/%s_T%lld.csv", j->out, name,
             (long long)task);
    snprintf(point_path, sizeof point_path, "%s/landmarks/%s_T%lld.csv", j->out, name,
             (long long)task);
    if (make_folder(path) != EXIT_FINE) return EXIT_FAILED;
    int code = output_open(&labels, label_path);
    if (code == EXIT_FINE) code = output_open(&points, point_path);
    if (code != EXIT_FINE) goto cleanup;
    fputc('0', labels.file);
    for (int i = 0; i < COLUMNS; ++i) fprintf(labels.file, ",%d", columns[i]);
    fputc('\n', labels.file);
    write_landmark_header(points.file);
    for (int64_t f = 1; code == EXIT_FINE && f <= j->frames; ++f) {
        const int64_t frame = (task - 1) * j->frames + f - 1;
        int8_t present[CLILE_SYNTH_AUS];
        snprintf(path, sizeof path, "%s/Sequences/%s/T%lld/%04lld.png", j->out, name,
                 (long long)task, (long long)f);
        if (clile_synth_labels((uint64_t)j->seed, subject, frame, present, NULL) != CLILE_OK)
            code = failed(NULL);
        write_codes(labels.file, f, present);
        if (code == EXIT_FINE) code = write_frame(j, subject, frame, path, points.file, f);
    }
    if (code == EXIT_FINE) code = output_commit(&points);
    if (code == EXIT_FINE) code = output_commit(&labels);
cleanup:
    output_abort(&points);
    output_abort(&labels);
    return code;
}

static int write_bp4d_subject(job *j, int64_t subject, const char *name)
{
    char path[4096];
    int code = EXIT_FINE;
    snprintf(path, sizeof path, "%s/Sequences/%s", j->out, name);
    code = make_folder(path);
    for (int64_t task = 1; code == EXIT_FINE && task <= j->tasks; ++task)
        code = write_task(j, subject, name, task);
    return code;
}

/* ---- DISFA ---- */

/* Where FACS A to E begin (clile/synth.h). */
static int level_of(float intensity)
{
    static const float from[5] = {0.06f, 0.3f, 0.45f, 0.65f, 0.85f};
    int level = 0;
    while (level < 5 && intensity >= from[level]) ++level;
    return level;
}

/* One file for each AU: "frame,intensity", frames from 1. */
static int write_levels(const job *j, int64_t subject, const char *name)
{
    int32_t ids[CLILE_SYNTH_AUS];
    char path[4096];
    if (clile_synth_copy_au_ids(ids) != CLILE_OK) return failed(NULL);
    for (int k = 0; k < CLILE_SYNTH_AUS; ++k) {
        snprintf(path, sizeof path, "%s/ActionUnit_Labels/%s/%s_au%d.txt", j->out, name, name,
                 (int)ids[k]);
        output file = {0};
        if (output_open(&file, path) != EXIT_FINE) return EXIT_FAILED;
        for (int64_t f = 0; f < j->tasks * j->frames; ++f) {
            float intensity[CLILE_SYNTH_AUS] = {0};
            if (clile_synth_labels((uint64_t)j->seed, subject, f, NULL, intensity) != CLILE_OK) {
                output_abort(&file);
                return failed(NULL);
            }
            fprintf(file.file, "%lld,%d\n", (long long)f + 1, level_of(intensity[k]));
        }
        if (output_commit(&file) != EXIT_FINE) return EXIT_FAILED;
    }
    return EXIT_FINE;
}

static int write_disfa_subject(job *j, int64_t subject, const char *name)
{
    char path[4096], point_path[4096];
    snprintf(path, sizeof path, "%s/ActionUnit_Labels/%s", j->out, name);
    if (make_folder(path) != EXIT_FINE || write_levels(j, subject, name) != EXIT_FINE)
        return EXIT_FAILED;
    snprintf(path, sizeof path, "%s/img/%s", j->out, name);
    if (make_folder(path) != EXIT_FINE) return EXIT_FAILED;
    snprintf(point_path, sizeof point_path, "%s/landmarks/%s.csv", j->out, name);
    output points = {0};
    int code = output_open(&points, point_path);
    if (code != EXIT_FINE) return code;
    write_landmark_header(points.file);
    for (int64_t f = 0; code == EXIT_FINE && f < j->tasks * j->frames; ++f) {
        snprintf(path, sizeof path, "%s/img/%s/%lld.png", j->out, name, (long long)f);
        code = write_frame(j, subject, f, path, points.file, f);
    }
    if (code == EXIT_FINE) code = output_commit(&points);
    output_abort(&points);
    return code;
}

/* ---- all of it ---- */

/* Says that the images are drawn, for a model to remember (docs/data.md). */
static int write_mark(const job *j)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/data_kind", j->out);
    output file = {0};
    if (output_open(&file, path) != EXIT_FINE) return EXIT_FAILED;
    fputs("drawn\n", file.file);
    return output_commit(&file);
}

static int write_folders(job *j)
{
    static const char *const bp4d[] = {"Sequences", "AUCoding", "AUCoding/AU_OCC", "landmarks",
                                       NULL};
    static const char *const disfa[] = {"img", "ActionUnit_Labels", "landmarks", NULL};
    const int is_bp4d = strcmp(j->layout, "bp4d") == 0;
    char path[4096], name[32];
    if (make_empty_folder(j->out) != EXIT_FINE || write_mark(j) != EXIT_FINE) return EXIT_FAILED;
    for (const char *const *folder = is_bp4d ? bp4d : disfa; *folder != NULL; ++folder) {
        snprintf(path, sizeof path, "%s/%s", j->out, *folder);
        if (make_folder(path) != EXIT_FINE) return EXIT_FAILED;
    }
    j->rgb = malloc((size_t)(3 * j->size * j->size));
    if (j->rgb == NULL) {
        fprintf(stderr, "clile: no memory for an image\n");
        return EXIT_FAILED;
    }
    int code = EXIT_FINE;
    for (int64_t s = 0; code == EXIT_FINE && s < j->subjects; ++s) {
        if (clile_synth_subject_name(j->layout, s, name, sizeof name) != CLILE_OK)
            code = failed(NULL);
        if (code == EXIT_FINE)
            code = is_bp4d ? write_bp4d_subject(j, s, name) : write_disfa_subject(j, s, name);
    }
    free(j->rgb);
    return code;
}

/* A clile_count_fn. */
static int32_t count(int64_t done, int64_t all, void *user)
{
    job *j = user;
    j->done = done;
    if (!j->quiet) progress_count("drawing", done, all, j->began);
    return interrupted();
}

static int write_pack(job *j)
{
    clile_options *options = NULL;
    clile_dataset *data = NULL;
    int code = EXIT_FINE;
    if (clile_options_create(&options) != CLILE_OK ||
        clile_options_set_i64(options, CLILE_OPT_IMAGE_SIZE, j->size) != CLILE_OK ||
        clile_options_set_i64(options, CLILE_OPT_THREADS, 1) != CLILE_OK ||
        clile_dataset_from_synth((uint64_t)j->seed, (int32_t)j->subjects, (int32_t)j->tasks,
                                 (int32_t)j->frames, (int32_t)j->size, &data) != CLILE_OK ||
        clile_dataset_pack(data, j->out, options, count, j) != CLILE_OK)
        code = failed(NULL);
    clile_dataset_destroy(data);
    clile_options_destroy(options);
    return code;
}

static void print_done(const job *j, const char *sheet, int as_json)
{
    const double seconds = now_seconds() - j->began;
    const double per_cpu_second = (double)j->done / ((double)j->drawing / CLOCKS_PER_SEC);
    if (as_json) {
        json out = {.out = stdout};
        json_open(&out, NULL, '{');
        json_text(&out, "out", j->out);
        json_text(&out, "layout", j->out != NULL ? j->layout : NULL);
        json_text(&out, "sheet", sheet);
        json_integer(&out, "images", j->done);
        json_integer(&out, "subjects", j->out != NULL ? j->subjects : 0);
        json_integer(&out, "aus", CLILE_SYNTH_AUS);
        json_integer(&out, "size", j->size);
        json_integer(&out, "seed", j->seed);
        json_real(&out, "seconds", seconds);
        json_real(&out, "images_per_second", seconds > 0 ? (double)j->done / seconds : 0.0);
        /* null for a pack, which is drawn while it is written */
        json_real(&out, "drawn_images_per_cpu_second", per_cpu_second);
        json_close(&out, '}');
        return;
    }
    if (j->out != NULL)
        printf("%s: %lld images of %lld subjects, %lld x %lld pixels, %.1f s, %.0f images/s",
               j->out, (long long)j->done, (long long)j->subjects, (long long)j->size,
               (long long)j->size, seconds, (double)j->done / seconds);
    if (j->out != NULL && j->drawing > 0)
        printf(" (drawing alone: %.0f images/s on one processor)", per_cpu_second);
    if (j->out != NULL) printf("\n");
    if (sheet != NULL) printf("%s: every AU at 0, 0.5 and 1, %d subjects\n", sheet, SHEET_SUBJECTS);
}

/* EXIT_USAGE if a number is out of range. */
static int check(const arg_spec *spec, const job *j)
{
    const struct {
        const char *name;
        int64_t value, least, most;
    } ranges[] = {
        {"--subjects", j->subjects, 1, 1000000}, {"--tasks", j->tasks, 1, 1000},
        {"--frames", j->frames, 1, 1000000},     {"--size", j->size, 32, 1024},
        {"images", j->all, 1, 10000000},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; ++i)
        if (ranges[i].value < ranges[i].least || ranges[i].value > ranges[i].most)
            return usage_error(spec, "%s: %lld, expected %lld to %lld", ranges[i].name,
                               (long long)ranges[i].value, (long long)ranges[i].least,
                               (long long)ranges[i].most);
    if (strcmp(j->layout, "bp4d") != 0 && strcmp(j->layout, "disfa") != 0 &&
        strcmp(j->layout, "pack") != 0)
        return usage_error(spec, "--layout is \"%s\", expected bp4d, disfa or pack", j->layout);
    return EXIT_FINE;
}

int run_synth(int argc, char **argv)
{
    job j = {.layout = "bp4d", .subjects = 41, .tasks = 2, .frames = 16, .size = 128, .seed = 1};
    const char *sheet = NULL;
    text_list positional = {0};
    int as_json = 0;
    const arg rows[] = {
        {"--layout", ARG_TEXT, &j.layout, "NAME",
         "bp4d or disfa (a folder), or pack (one file); default: bp4d"},
        {"--subjects", ARG_NUMBER, &j.subjects, "N",
         "people (41); the published folds name 41 of BP4D and 27 of DISFA"},
        {"--tasks", ARG_NUMBER, &j.tasks, "N",
         "tasks of each subject (2); in DISFA's layout, one after the other"},
        {"--frames", ARG_NUMBER, &j.frames, "N", "frames of each task (16)"},
        {"--size", ARG_NUMBER, &j.size, "PX",
         "side of an image, 32 to 1024 (128); the image_size of a pack"},
        {"--seed", ARG_NUMBER, &j.seed, "N", "seed (1); another one draws other people"},
        {"--sheet", ARG_TEXT, &sheet, "FILE",
         "write a PNG that shows every AU; OUT is then optional"},
        {"--quiet", ARG_FLAG, &j.quiet, NULL, "no progress"},
        {"--json", ARG_FLAG, &as_json, NULL, "print JSON"},
    };
    const arg_spec spec = {"clile synth OUT [--layout bp4d|disfa|pack] [--subjects N] [--tasks N] "
                           "[--frames N] [--size PX] [--seed N]",
                           "Draws a data set of faces with 16 action units, labels and landmarks. "
                           "They are not photographs of anybody.",
                           rows, (int)(sizeof rows / sizeof rows[0]), &positional};
    int code = args_parse(&spec, argc, argv);
    if (code != EXIT_FINE) goto cleanup;
    if (positional.count > 1 || (positional.count == 0 && sheet == NULL)) {
        code = usage_error(&spec, positional.count > 1 ? "expected one OUT" : "OUT is missing");
        goto cleanup;
    }
    j.all = j.subjects <= 1000000 && j.tasks <= 1000 && j.frames <= 1000000
                ? j.subjects * j.tasks * j.frames
                : 0;
    code = check(&spec, &j);
    if (code != EXIT_FINE) goto cleanup;
    interrupt_install();
    j.began = now_seconds();
    if (positional.count == 1) {
        j.out = positional.items[0];
        code = strcmp(j.layout, "pack") == 0 ? write_pack(&j) : write_folders(&j);
    }
    if (code == EXIT_FINE && sheet != NULL)
        code = write_sheet(sheet, (uint64_t)j.seed, (int32_t)j.size);
    if (code == EXIT_FINE) print_done(&j, sheet, as_json);
cleanup:
    text_list_free(&positional);
    return code == ARGS_HELP ? EXIT_FINE : code;
}
