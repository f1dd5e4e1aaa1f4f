/* clile_synth_faces DIR [--subjects N] [--tasks N] [--frames N] [--size N] [--seed N]
 *
 * Writes a data set in BP4D's layout: drawn faces, occurrence codes of twelve AUs, 68 landmarks. Each person has a
 * shape, colours, an expression at rest, a strength and a rate for each AU; a present AU is drawn at 0.35..1, an absent
 * one at 0..0.12. The same seed gives the same files. */
#define _POSIX_C_SOURCE 200809L
#include "synth.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Names of BP4D's subjects, taken from its three parts in turn, so that the published folds work on any number of them.
 */
static const char *const names[] = {
    "F001", "M011", "F007", "M007", "F003", "F015", "F018", "M010", "F006", "F008", "M002", "F019", "F002", "F005",
    "M006", "M004", "F022", "M009", "F010", "M018", "F012", "F009", "M017", "M003", "M012", "F013", "F004", "M001",
    "M016", "F021", "F016", "F020", "F017", "M014", "F011", "M015", "F023", "M013", "F014", "M008", "M005"};
enum { MOST_SUBJECTS = (int)(sizeof names / sizeof names[0]) };

/* BP4D's columns; those that are not drawn are 9, not coded. */
static const int columns[] = {1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 22, 23, 24, 27, 28};
enum { COLUMNS = (int)(sizeof columns / sizeof columns[0]) };

/* From which standard normal value an AU is present: rates of BP4D. */
static const float cut[AUS] = {0.81f, 0.95f, 0.84f, 0.10f, -0.13f, -0.23f, -0.15f, 0.08f, 0.95f, 0.41f, 0.95f, 1.04f};
/* AUs that come together: 0 raised brows, 1 smile, 2 tension; -1 none. */
static const int group[AUS] = {0, 0, 2, 1, 1, 1, 1, -1, 2, 2, 2, 2};

typedef struct {
    const char *folder;
    int subjects, tasks, frames, size;
    uint64_t seed;
} settings;

static int make_folder(const char *path)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST) return 1;
    fprintf(stderr, "clile_synth_faces: %s: %s\n", path, strerror(errno));
    return 0;
}

static void draw_labels(const person *who, uint64_t *random, int *present, float *intensity)
{
    float shared[3];
    for (int g = 0; g < 3; ++g) shared[g] = random_normal(random);
    for (int k = 0; k < AUS; ++k) {
        const float own = random_normal(random);
        const float value = group[k] < 0 ? own : 0.6f * shared[group[k]] + 0.8f * own;
        present[k] = value + who->rate[k] > cut[k];
        intensity[k] = present[k] ? random_uniform(random, 0.35f, 1.0f) : random_uniform(random, 0.0f, 0.12f);
    }
}

/* A head that is not quite upright, not quite in the middle, in changing light. */
static int draw_frame(canvas *c, const person *who, const float *intensity, uint64_t *random, point *landmarks,
                      const char *path)
{
    const float roll = 0.07f * random_normal(random), size = (float)c->size;
    c->scale = size * random_uniform(random, 0.33f, 0.40f);
    c->cosine = cosf(roll);
    c->sine = sinf(roll);
    c->shift_x = size * random_uniform(random, 0.46f, 0.54f);
    c->shift_y = size * random_uniform(random, 0.48f, 0.54f);
    canvas_clear(c, who->wall, (colour){0.7f * who->wall.r, 0.7f * who->wall.g, 0.7f * who->wall.b});
    face_draw(c, who, intensity, landmarks);
    const float slope_x = random_uniform(random, -0.2f, 0.2f), slope_y = random_uniform(random, -0.1f, 0.1f);
    canvas_shade(c, slope_x, slope_y, random_uniform(random, 0.85f, 1.1f), 0.015f, *random);
    return canvas_write_bmp(c, path);
}

static void write_label_row(FILE *file, int frame, const int *present)
{
    fprintf(file, "%d", frame);
    for (int i = 0; i < COLUMNS; ++i) {
        int code = 9;
        for (int k = 0; k < AUS; ++k)
            if (au_numbers[k] == columns[i]) code = present[k];
        fprintf(file, ",%d", code);
    }
    fprintf(file, "\n");
}

static int write_sequence(const settings *s, canvas *c, const person *who, const char *name, int task, uint64_t *random)
{
    char path[4096];
    int fine = 1;
    snprintf(path, sizeof path, "%s/Sequences/%s/T%d", s->folder, name, task);
    if (!make_folder(path)) return 0;
    snprintf(path, sizeof path, "%s/AUCoding/AU_OCC/%s_T%d.csv", s->folder, name, task);
    FILE *labels = fopen(path, "w");
    snprintf(path, sizeof path, "%s/landmarks/%s_T%d.csv", s->folder, name, task);
    FILE *points = fopen(path, "w");
    if (labels && points) {
        fprintf(labels, "0");
        for (int i = 0; i < COLUMNS; ++i) fprintf(labels, ",%d", columns[i]);
        fprintf(labels, "\n");
        fprintf(points, "frame");
        for (int i = 0; i < LANDMARKS; ++i) fprintf(points, ",x%d,y%d", i, i);
        fprintf(points, "\n");
    }
    for (int frame = 1; labels && points && fine && frame <= s->frames; ++frame) {
        int present[AUS];
        float intensity[AUS];
        point landmarks[LANDMARKS];
        draw_labels(who, random, present, intensity);
        snprintf(path, sizeof path, "%s/Sequences/%s/T%d/%04d.bmp", s->folder, name, task, frame);
        fine = draw_frame(c, who, intensity, random, landmarks, path);
        write_label_row(labels, frame, present);
        fprintf(points, "%d", frame);
        for (int i = 0; i < LANDMARKS; ++i)
            fprintf(points, ",%.2f,%.2f", (double)landmarks[i].x, (double)landmarks[i].y);
        fprintf(points, "\n");
    }
    fine = fine && labels && points;
    if (labels && fclose(labels) != 0) fine = 0;
    if (points && fclose(points) != 0) fine = 0;
    if (!fine) fprintf(stderr, "clile_synth_faces: %s could not be written\n", path);
    return fine;
}

static int write_all(const settings *s)
{
    static const char *const folders[] = {"", "/Sequences", "/AUCoding", "/AUCoding/AU_OCC", "/landmarks"};
    char path[4096];
    canvas c = {0};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; ++i) {
        snprintf(path, sizeof path, "%s%s", s->folder, folders[i]);
        if (!make_folder(path)) return 0;
    }
    int fine = canvas_create(&c, s->size);
    for (int i = 0; fine && i < s->subjects; ++i) {
        uint64_t random = s->seed * 1000003u + (uint64_t)i * 7919u;
        const person who = person_draw(&random);
        snprintf(path, sizeof path, "%s/Sequences/%s", s->folder, names[i]);
        fine = make_folder(path);
        for (int task = 1; fine && task <= s->tasks; ++task)
            fine = write_sequence(s, &c, &who, names[i], task, &random);
    }
    canvas_destroy(&c);
    return fine;
}

static int usage(void)
{
    fprintf(stderr,
            "usage: clile_synth_faces DIR [--subjects 3..%d] [--tasks 1..8] [--frames 1..9999] [--size 32..512] "
            "[--seed N]\n",
            MOST_SUBJECTS);
    return 2;
}

int main(int argc, char **argv)
{
    settings s = {.subjects = 12, .tasks = 2, .frames = 20, .size = 96, .seed = 1};
    long seed = 1;
    if (argc < 2 || argv[1][0] == '-') return usage();
    s.folder = argv[1];
    for (int i = 2; i < argc; i += 2) {
        char *end = NULL;
        const long value = i + 1 < argc ? strtol(argv[i + 1], &end, 10) : -1;
        if (i + 1 >= argc || *end != '\0' || value < 0) return usage();
        if (strcmp(argv[i], "--subjects") == 0 && value >= 3 && value <= MOST_SUBJECTS)
            s.subjects = (int)value;
        else if (strcmp(argv[i], "--tasks") == 0 && value >= 1 && value <= 8)
            s.tasks = (int)value;
        else if (strcmp(argv[i], "--frames") == 0 && value >= 1 && value <= 9999)
            s.frames = (int)value;
        else if (strcmp(argv[i], "--size") == 0 && value >= 32 && value <= 512)
            s.size = (int)value;
        else if (strcmp(argv[i], "--seed") == 0)
            seed = value;
        else
            return usage();
    }
    s.seed = (uint64_t)seed;
    if (!write_all(&s)) return 1;
    printf("%d subjects, %d images of %d x %d in %s\n", s.subjects, s.subjects * s.tasks * s.frames, s.size, s.size,
           s.folder);
    return 0;
}
