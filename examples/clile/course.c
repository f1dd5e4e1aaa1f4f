/* Rows become events and bins of time. */
#include "course.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the file of events ---- */

static const char *const formats[] = {"csv", "elan", "boris"};

int course_knows_format(const char *name)
{
    for (size_t k = 0; k < sizeof formats / sizeof *formats; ++k)
        if (strcmp(formats[k], name) == 0) return 1;
    return 0;
}

static void begin_events(const course *s)
{
    FILE *out = s->events_file.file;
    switch (s->request->events_format[0]) {
        case 'e': fputs("Tier\tBegin time\tEnd time\tAnnotation\n", out); break;
        case 'b': fputs("time\tsubject\tcode\tmodifier\tcomment\n", out); break;
        default:
            fputs("person,au,name,onset,apex,offset,duration,onset_frame,apex_frame,last_frame,"
                  "peak,mean\n",
                  out);
    }
}

static void write_event(const course *s, const clile_event *e)
{
    FILE *out = s->events_file.file;
    switch (s->request->events_format[0]) {
        case 'e': /* ELAN: a tier for each person and AU; tiers do not overlap in themselves */
            fprintf(out, "person %lld AU%02d\t%.3f\t%.3f\t%s %.2f\n", (long long)e->person,
                    (int)e->au, e->onset, e->offset, au_name(e->au), (double)e->peak);
            break;
        case 'b': /* BORIS: a state begins and ends */
            for (int end = 0; end < 2; ++end)
                fprintf(out, "%.3f\tperson %lld\tAU%02d\t\t%s%s%.2f\n", end ? e->offset : e->onset,
                        (long long)e->person, (int)e->au, end ? "" : au_name(e->au),
                        end ? "peak " : ", peak ", (double)e->peak);
            break;
        default:
            fprintf(out, "%lld,%d,", (long long)e->person, (int)e->au);
            csv_text(out, au_name(e->au));
            fprintf(out, ",%.6f,%.6f,%.6f,%.6f,%lld,%lld,%lld,%.9g,%.9g\n", e->onset, e->apex,
                    e->offset, e->offset - e->onset, (long long)e->onset_frame,
                    (long long)e->apex_frame, (long long)e->last_frame, (double)e->peak,
                    (double)e->mean);
    }
}

/* ---- bins ---- */

int64_t course_bin(const course *s, int64_t frame)
{
    return (frame - s->first_frame) / s->per_bin;
}

int64_t course_bins(const course *s)
{
    return s->frames == 0 ? 0 : (s->frames - 1) / s->per_bin + 1;
}

double course_end(const course *s)
{
    return s->time + (s->time - s->before);
}

static void join_bins(bin *a, const bin *b)
{
    if (b->frames > 0) {
        a->low = a->frames > 0 ? fminf(a->low, b->low) : b->low;
        a->high = a->frames > 0 ? fmaxf(a->high, b->high) : b->high;
    }
    a->frames += b->frames;
    a->in_event |= b->in_event;
    a->sum += b->sum;
}

/* All bins are full: two become one. */
static void halve(course *s)
{
    const bin none = {0};
    for (int k = 0; k < BINS / 2; ++k) s->starts[k] = s->starts[2 * k];
    for (int i = 0; i < s->people; ++i)
        for (int32_t c = 0; c < s->c; ++c) {
            bin *bins = s->one[i]->strips[c].bins;
            for (int k = 0; k < BINS / 2; ++k) {
                bin both = bins[2 * k];
                join_bins(&both, &bins[2 * k + 1]);
                bins[k] = both;
            }
            for (int k = BINS / 2; k < BINS; ++k) bins[k] = none;
        }
    s->per_bin *= 2;
}

/* ---- persons ---- */

static void free_someone(const course *s, someone *one)
{
    for (int32_t c = 0; one != NULL && c < s->c; ++c) {
        free(one->strips[c].bins);
        free(one->strips[c].picture);
    }
    free(one);
}

static someone *make_someone(course *s, int64_t person)
{
    const size_t pixels = 3 * (size_t)PEAK_SIDE * PEAK_SIDE;
    someone *one = calloc(1, sizeof *one);
    int fine = one != NULL;
    for (int32_t c = 0; fine && c < s->c; ++c) {
        one->strips[c].bins = calloc(BINS, sizeof(bin));
        one->strips[c].picture = s->request->without_faces ? NULL : malloc(pixels);
        one->strips[c].peak = -1.0f;
        fine = one->strips[c].bins && (s->request->without_faces || one->strips[c].picture);
    }
    if (!fine) {
        fprintf(stderr, "clile: no memory for the timeline of person %lld\n", (long long)person);
        free_someone(s, one);
        s->failed = 1;
        return NULL;
    }
    one->person = person;
    one->first = s->time;
    return one;
}

static int is_here(const course *s, int64_t person)
{
    for (int64_t i = 0; i < s->here; ++i)
        if (s->person[i] == person) return 1;
    return 0;
}

/* The panel of a person, in the place of who has the fewest frames and is gone if all are taken;
 * NULL: there is none. */
static someone *find_someone(course *s, int64_t person)
{
    int least = -1;
    for (int i = 0; i < s->people; ++i) {
        if (s->one[i]->person == person) return s->one[i];
        if (!is_here(s, s->one[i]->person) &&
            (least < 0 || s->one[i]->frames < s->one[least]->frames))
            least = i;
    }
    if (s->people == PEOPLE && least < 0) return NULL;
    someone *one = make_someone(s, person);
    if (one == NULL) return NULL;
    if (s->people == PEOPLE) {
        free_someone(s, s->one[least]);
        --s->people;
        memmove(&s->one[least], &s->one[least + 1], sizeof *s->one * (size_t)(s->people - least));
        ++s->left_out;
    }
    s->one[s->people++] = one; /* numbers ascend, so these are in order */
    return one;
}

/* ---- pictures of peaks ---- */

/* A square around the place, [PEAK_SIDE,PEAK_SIDE,3], black outside the image. */
static void cut_out(const clile_image *image, const float *place, uint8_t *picture)
{
    const double side = 1.15 * fmax((double)place[2], (double)place[3]);
    const double left = (double)place[0] + (double)place[2] / 2 - side / 2,
                 top = (double)place[1] + (double)place[3] / 2 - side / 2;
    const int64_t stride = image->row_stride ? image->row_stride : 3 * (int64_t)image->w;
    enum { SUB = 3 }; /* samples a pixel, each way */
    for (int v = 0; v < PEAK_SIDE; ++v)
        for (int u = 0; u < PEAK_SIDE; ++u) {
            unsigned sum[3] = {0};
            for (int k = 0; k < SUB * SUB; ++k) {
                const double across = u + (k % SUB + 0.5) / (double)SUB,
                             down = v + (k / SUB + 0.5) / (double)SUB,
                             x = left + side * across / (double)PEAK_SIDE,
                             y = top + side * down / (double)PEAK_SIDE;
                if (!(x >= 0 && y >= 0 && x < image->w && y < image->h)) continue;
                const uint8_t *p = image->pixels + (int64_t)y * stride + 3 * (int64_t)x;
                for (int j = 0; j < 3; ++j) sum[j] += p[j];
            }
            for (int j = 0; j < 3; ++j)
                picture[3 * (v * PEAK_SIDE + u) + j] = (uint8_t)(sum[j] / (SUB * SUB));
        }
}

/* ---- rows ---- */

static void keep_row(course *s, int64_t person, const float *p, const float *place,
                     const clile_image *picture)
{
    someone *one = find_someone(s, person);
    if (one == NULL) {
        s->left_out += !s->failed;
        return;
    }
    ++one->frames;
    one->last = s->time;
    for (int32_t c = 0; c < s->c; ++c) {
        strip *t = &one->strips[c];
        const bin now = {p[c], p[c], 1, 0, (double)p[c]};
        join_bins(&t->bins[course_bin(s, s->frame)], &now);
        if (p[c] <= t->peak) continue;
        t->peak = p[c];
        t->peak_time = s->time;
        t->has_picture = t->picture != NULL && picture != NULL && place != NULL;
        if (t->has_picture) cut_out(picture, place, t->picture);
    }
}

static void mark_event(course *s, const clile_event *e)
{
    for (int i = 0; i < s->people; ++i)
        for (int32_t c = 0; c < s->c; ++c) {
            strip *t = &s->one[i]->strips[c];
            if (s->one[i]->person != e->person || s->au_ids[c] != e->au) continue;
            ++t->events;
            t->seconds += e->offset - e->onset;
            for (int64_t k = course_bin(s, e->onset_frame); k <= course_bin(s, e->last_frame); ++k)
                t->bins[k].in_event = 1;
        }
}

static void take_events(course *s)
{
    clile_event event = {.struct_size = sizeof event};
    int32_t more = 1;
    while (more) {
        if (clile_events_take(s->events, &event, &more) != CLILE_OK) {
            s->failed = failed(NULL);
            return;
        }
        if (more && s->events_file.file) write_event(s, &event);
        if (more) mark_event(s, &event);
    }
}

/* All rows of the frame are here. */
static void end_frame(course *s)
{
    if (s->frames == 0) return;
    if (clile_events_add(s->events, s->frame, s->time, s->here, s->person, s->probability) !=
        CLILE_OK)
        s->failed = failed(NULL);
    take_events(s);
    s->here = 0;
}

static void begin_frame(course *s, const answer *row)
{
    end_frame(s);
    if (s->frames == 0) {
        s->first_frame = row->frame;
        s->begin = s->time = row->time;
    }
    s->before = s->time;
    s->time = fmax(s->time, row->time); /* a film's time may step back where it was cut */
    s->frame = row->frame;
    s->frames = row->frame - s->first_frame + 1;
    while (course_bin(s, row->frame) >= BINS) halve(s);
    if ((row->frame - s->first_frame) % s->per_bin == 0)
        s->starts[course_bin(s, row->frame)] = s->time;
}

/* Room for one more person in the frame. */
static int make_room(course *s)
{
    if (s->here < s->capacity) return 1;
    const int64_t capacity = s->capacity ? 2 * s->capacity : 8;
    int64_t *person = realloc(s->person, (size_t)capacity * sizeof *person);
    if (person) s->person = person;
    float *probability =
        realloc(s->probability, (size_t)capacity * (size_t)s->c * sizeof *probability);
    if (probability) s->probability = probability;
    if (person == NULL || probability == NULL) {
        fprintf(stderr, "clile: no memory for the faces of frame %lld\n", (long long)s->frame);
        s->failed = 1;
        return 0;
    }
    s->capacity = capacity;
    return 1;
}

void course_add(course *s, const answer *row, const clile_image *picture)
{
    if (s->failed) return;
    if (s->frames == 0 || row->frame != s->frame) begin_frame(s, row);
    /* of images, the largest face of each is the same person's */
    const int64_t person = s->numbered ? row->person : row->face == 1;
    if (!row->success || person < 1 || is_here(s, person) || !make_room(s)) return;
    const float *p = row->centred ? row->centred : row->probability;
    s->person[s->here] = person;
    memcpy(s->probability + s->here * s->c, p, (size_t)s->c * sizeof *p);
    ++s->here;
    keep_row(s, person, p, row->place, picture);
}

/* ---- begin and end ---- */

int course_open(course *s, const course_request *request, const char *title, int numbered,
                int32_t c, const int32_t *au_ids, const clile_options *options)
{
    *s = (course){.request = request,
                  .title = title,
                  .numbered = numbered,
                  .c = c,
                  .au_ids = au_ids,
                  .per_bin = 1};
    if (clile_events_create(c, au_ids, options, &s->events) != CLILE_OK) return failed(NULL);
    if (request->events && output_open(&s->events_file, request->events) != EXIT_FINE)
        return EXIT_FAILED;
    if (request->timeline && output_open(&s->timeline_file, request->timeline) != EXIT_FINE)
        return EXIT_FAILED;
    if (s->events_file.file) begin_events(s);
    return EXIT_FINE;
}

int course_close(course *s)
{
    int code = EXIT_FINE;
    end_frame(s);
    if (clile_events_end(s->events) != CLILE_OK) s->failed = failed(NULL);
    take_events(s);
    if (s->failed) return EXIT_FAILED;
    if (s->timeline_file.file) {
        const size_t length = strlen(s->request->timeline);
        timeline_write(s, s->timeline_file.file,
                       length > 4 && strcmp(s->request->timeline + length - 4, ".svg") != 0);
        code = output_commit(&s->timeline_file);
    }
    if (s->events_file.file && output_commit(&s->events_file) != EXIT_FINE) code = EXIT_FAILED;
    if (s->request->sheet && film_sheet_write(s, s->request->sheet) != EXIT_FINE)
        code = EXIT_FAILED;
    return code;
}

void course_free(course *s)
{
    output_abort(&s->events_file);
    output_abort(&s->timeline_file);
    for (int i = 0; i < s->people; ++i) free_someone(s, s->one[i]);
    s->people = 0;
    free(s->person);
    free(s->probability);
    s->person = NULL;
    s->probability = NULL;
    clile_events_destroy(s->events);
    s->events = NULL;
}
