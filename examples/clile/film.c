/* A film or a camera through clile_tracker: rows as the frames come, or on a terminal a table that
 * is drawn anew. */
#include "predict.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_COLUMNS = 4 /* people in the table of a camera */, BAR = 8 };

/* ---- is it a film? ---- */

/* What a file of images begins with, also those kinds that are not read. */
static int begins_like_an_image(const unsigned char *b)
{
    static const char *const brands[] = {"heic", "heix", "heim", "heis", "hevc",
                                         "hevx", "mif1", "msf1", "avif", "avis"};
    if (memcmp(b, "\xff\xd8\xff", 3) == 0 || memcmp(b, "\x89PNG", 4) == 0 ||
        memcmp(b, "BM", 2) == 0 || memcmp(b, "II*\0", 4) == 0 || memcmp(b, "MM\0*", 4) == 0 ||
        (memcmp(b, "RIFF", 4) == 0 && memcmp(b + 8, "WEBP", 4) == 0))
        return 1;
    for (size_t k = 0; k < sizeof brands / sizeof *brands; ++k)
        if (memcmp(b + 4, "ftyp", 4) == 0 && memcmp(b + 8, brands[k], 4) == 0) return 1;
    return 0;
}

int is_film(const char *path, const clile_options *options, char *why)
{
    unsigned char head[12] = {0};
    clile_video *video = NULL;
    FILE *file = fopen(path, "rb");
    const size_t got = file ? fread(head, 1, sizeof head, file) : 0;
    why[0] = '\0';
    if (file) fclose(file);
    if (got < sizeof head || begins_like_an_image(head)) return 0;
    const clile_status status = clile_video_open(path, options, &video);
    clile_video_destroy(video);
    /* a film that cannot be read is one all the same */
    if (status == CLILE_OK || status == CLILE_E_CORRUPT || status == CLILE_E_INVALID_ARGUMENT)
        return 1;
    if (status == CLILE_E_UNSUPPORTED) snprintf(why, MESSAGE_SIZE, "%s", clile_last_error());
    return 0;
}

/* ---- a frame ---- */

typedef struct {
    const film_source *source;
    answers *out;
    clile_video *video;
    clile_tracker *tracker;
    int live; /* a table on a terminal */
    int64_t frames, faces, damaged;
    double begun, drawn;
    int misfit; /* faces are aligned by boxes, which the model was not trained on */
} film;

typedef struct {
    int64_t person;
    int32_t found;
    clile_found_face face;
    float probability[MAX_AUS];
    int8_t present[MAX_AUS];
    float graded[MAX_AUS];
    const float *intensity; /* graded, or NULL */
} tracked;

static void warn_of_boxes(const film *f)
{
    fprintf(stderr, "clile: warning: %s: %s\n", f->source->model, f->source->misfit);
}

static int take(film *f, int64_t index, tracked *t)
{
    t->face.struct_size = sizeof t->face;
    if (clile_tracker_get(f->tracker, index, &t->person, &t->found, &t->face, t->probability,
                          t->present, f->out->embedding) != CLILE_OK)
        return failed(NULL);
    t->intensity = answers_intensity(f->out, t->graded);
    if (t->face.points == 0 && f->source->misfit != NULL && !f->misfit) {
        f->misfit = 1;
        if (!f->live) warn_of_boxes(f);
    }
    return EXIT_FINE;
}

static int print_rows(film *f, const clile_frame *frame, int64_t count)
{
    answer row = {.frame = frame->index + 1, .time = frame->time};
    f->out->picture = &frame->image;
    if (count == 0) answers_print(f->out, &row);
    for (int64_t k = 0; k < count; ++k) {
        tracked t;
        if (take(f, k, &t) != EXIT_FINE) return EXIT_FAILED;
        row.success = 1;
        row.person = t.person;
        row.found = t.found;
        row.probability = t.probability;
        row.present = t.present;
        row.intensity = t.intensity;
        row.box = t.face.box;
        row.points = t.face.points;
        row.xy = t.face.xy;
        row.place = t.face.box;
        row.score = t.face.score;
        answers_print(f->out, &row);
    }
    f->out->picture = NULL;
    fflush(stdout); /* a live reader gets each frame at once */
    return EXIT_FINE;
}

/* ---- the table of a camera ---- */

static void draw_cell(float probability, int present)
{
    const int filled = (int)(probability * (float)BAR + 0.5f);
    printf("  %.2f%c ", (double)probability, present ? '*' : ' ');
    for (int i = 0; i < BAR; ++i) putchar(i < filled ? '#' : '.');
}

static int draw_table(film *f, const clile_frame *frame, int64_t count)
{
    tracked people[MOST_COLUMNS];
    const int64_t shown = count < MOST_COLUMNS ? count : MOST_COLUMNS;
    const double now = now_seconds(), passed = now - f->begun;
    for (int64_t k = 0; k < count; ++k) {
        tracked t;
        if (take(f, k, &t) != EXIT_FINE) return EXIT_FAILED;
        if (f->out->neutral != NULL &&
            clile_neutral_add(f->out->neutral, t.person, t.probability) != CLILE_OK)
            return failed(NULL);
        /* as it is until there are frames enough */
        if (f->out->neutral != NULL)
            (void)!clile_neutral_apply(f->out->neutral, t.person, t.probability, t.probability,
                                       t.present);
        if (k < shown) people[k] = t;
    }
    if (f->drawn > 0.0 && now - f->drawn < 0.1) return EXIT_FINE;
    printf(f->drawn > 0.0 ? "\033[H" : "\033[H\033[J");
    f->drawn = now;
    printf("frame %lld  %.1f s  %.1f frames/s  %lld %s  (Ctrl-C ends)\033[K\n\033[K\n%-28s",
           (long long)frame->index + 1, frame->time,
           passed > 0.0 ? (double)f->frames / passed : 0.0, (long long)count,
           count == 1 ? "person" : "people", "");
    for (int64_t k = 0; k < shown; ++k) printf("  person %-9lld", (long long)people[k].person);
    if (count > shown) printf("  and %lld more", (long long)(count - shown));
    printf("\033[K\n");
    for (int32_t i = 0; i < f->out->c; ++i) {
        printf("AU%-3d %-22.22s", (int)f->out->au_ids[i], au_name(f->out->au_ids[i]));
        for (int64_t k = 0; k < shown; ++k)
            draw_cell(people[k].probability[i], people[k].present[i]);
        printf("\033[K\n");
    }
    printf("\033[J");
    fflush(stdout);
    return EXIT_FINE;
}

/* ---- all of it ---- */

static int read_frames(film *f)
{
    clile_frame frame = {.struct_size = sizeof frame};
    int32_t more = 0;
    int code = EXIT_FINE;
    f->begun = now_seconds();
    while (code == EXIT_FINE && !ferror(stdout) && !interrupted()) {
        int64_t count = 0;
        const clile_status status = clile_video_next(f->video, &frame, &more);
        if (status != CLILE_OK && interrupted()) break;
        if (status != CLILE_OK) return failed(NULL);
        f->damaged = frame.damaged;
        if (!more) break;
        ++f->frames;
        if (clile_tracker_read(f->tracker, &frame.image, &count) != CLILE_OK) {
            fprintf(stderr, "clile: %s: frame %lld: %s\n", f->source->path,
                    (long long)frame.index + 1, clile_last_error());
            return EXIT_FAILED;
        }
        f->faces += count;
        code = f->live ? draw_table(f, &frame, count) : print_rows(f, &frame, count);
    }
    return code;
}

/* What is to be said about the film. */
static int conclude(const film *f, int code)
{
    fflush(stdout);
    if (f->live && f->misfit) warn_of_boxes(f); /* below the table */
    if (f->damaged > 0)
        fprintf(stderr, "clile: warning: %s: %lld frames or packets could not be decoded\n",
                f->source->path, (long long)f->damaged);
    if (code == EXIT_FINE && interrupted() && !f->source->camera) {
        fprintf(stderr, "clile: %s: interrupted after frame %lld\n", f->source->path,
                (long long)f->frames);
        return EXIT_FAILED;
    }
    if (code == EXIT_FINE && f->faces == 0 && !interrupted() && f->frames > 0) {
        fprintf(stderr, "clile: %s: no face was found in %lld frames\n", f->source->path,
                (long long)f->frames);
        return EXIT_FAILED;
    }
    return code;
}

int predict_film(const film_source *source, const clile_model *model, clile_finder *finder,
                 const clile_options *options, answers *out)
{
    film f = {.source = source, .out = out};
    int code = EXIT_FINE;
    out->with_people = out->with_boxes = out->with_time = 1;
    out->with_faces = 0;
    out->source = source->path;
    /* a camera has no other end, and rows that were kept are to be printed */
    if (source->camera || out->kept != NULL) interrupt_install();
    f.live = source->camera && out->form == FORM_TABLE && out->course == NULL &&
             out->points == NULL && isatty(STDOUT_FILENO);
    clile_status status = source->camera ? clile_video_open_camera(source->path, options, &f.video)
                                         : clile_video_open(source->path, options, &f.video);
    if (status == CLILE_OK) status = clile_tracker_create(model, finder, options, &f.tracker);
    if (status != CLILE_OK) {
        code = failed(NULL);
    } else {
        if (!f.live) answers_begin(out);
        code = read_frames(&f);
        if (!f.live && answers_print_kept(out) != EXIT_FINE) code = EXIT_FAILED;
        if (!f.live && answers_end(out) != EXIT_FINE) code = EXIT_FAILED;
        code = conclude(&f, code);
    }
    clile_video_destroy(f.video);
    clile_tracker_destroy(f.tracker);
    return code;
}
