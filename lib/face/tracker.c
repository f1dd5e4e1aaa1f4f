/* The tracker: each face is followed from frame to frame by how it looked when the finder last
 * saw it (patch.c), and by its points where there are any. The finder looks now and then and when
 * a face is lost; what it finds is matched by place, and, after a gap, also by looks. */
#include "face/face.h"

#include <clile/tracker.h>

#include <math.h>
#include <stdlib.h>

enum { MOST_TRACKS = 2 * CLILE_FINDER_MOST_FACES, MOST_MISSED = 5 };

/* Correlations. Those of two faces of different people are above .6 for one pair in five, above .8
 * for one in eighty; their surroundings above .7 for one in forty; a face and its surroundings from
 * frame to frame are above .9. */
static const double FOLLOWED = 0.75,    /* below, a face is lost */
    NO_CUT = 0.6,                       /* of the surroundings with those in the last frame */
    SAME_LOOK = 0.8, SAME_AROUND = 0.7; /* one of them: who is found again is the same */
static const double AROUND = 2.0;       /* boxes */
static const double SAME_PLACE = 0.3, NEAR = 0.2; /* overlap; of one who was lost */

typedef struct {
    int64_t person, seen; /* seen: number of the frame */
    int32_t live;         /* in the present frame */
    int32_t found, missed;
    clile_found_face face;
    clile_i_patch look, around;
} track;

typedef struct {
    int64_t person;
    int32_t found;
} shown;

typedef struct {
    double overlap;
    int64_t track, face;
} pair;

/* What a frame changes, and a failed call does not. */
typedef struct {
    int64_t frame, next_look, wait; /* wait: frames from one look to the next */
    int64_t search_began;           /* frame at which a face was lost that is looked for */
    int64_t persons;                /* numbers given so far */
    int32_t h, w;                   /* of the last frame */
    int64_t count, capacity;
    track *tracks; /* in the order of their persons */
} scene;

struct clile_tracker {
    clile_reader *reader;
    clile_i_warp_space space; /* of the patches */
    int64_t find_every, keep_lost;
    scene now, before;
    int64_t shown_count, shown_capacity, faces_capacity;
    shown *shown;
    clile_found_face *faces;
    int64_t pair_count, pair_capacity, owner_capacity;
    pair *pairs;
    int64_t *owner; /* of a found face: index of a track, -1 */
};

clile_status clile_tracker_create(const clile_model *model, clile_finder *finder,
                                  const clile_options *options, clile_tracker **out)
{
    clile_status status = CLILE_OK;
    clile_tracker *t = NULL;
    CLILE_I_CHECK_NOT_NULL(out);
    *out = NULL;
    CLILE_I_CHECK_NOT_NULL(model);
    CLILE_I_ALLOC(t, 1);
    CLILE_I_TRY(clile_options_get_i64(options, CLILE_OPT_FIND_EVERY, &t->find_every));
    CLILE_I_TRY(clile_options_get_i64(options, CLILE_OPT_KEEP_LOST, &t->keep_lost));
    CLILE_I_TRY(clile_reader_create(model, finder, options, &t->reader));
    CLILE_I_TRY(clile_i_patch_space(&t->space));
    *out = t;
    t = NULL;
cleanup:
    clile_tracker_destroy(t);
    return status;
}

void clile_tracker_destroy(clile_tracker *tracker)
{
    if (tracker == NULL) return;
    clile_reader_destroy(tracker->reader);
    clile_i_warp_space_free(&tracker->space);
    clile_i_free(tracker->now.tracks);
    clile_i_free(tracker->before.tracks);
    clile_i_free(tracker->shown);
    clile_i_free(tracker->faces);
    clile_i_free(tracker->pairs);
    clile_i_free(tracker->owner);
    clile_i_free(tracker);
}

/* ---- following ---- */

/* What two boxes share of what they cover together. */
static double overlap(const float *a, const float *b)
{
    const double w = fmin((double)a[0] + (double)a[2], (double)b[0] + (double)b[2]) -
                     fmax((double)a[0], (double)b[0]),
                 h = fmin((double)a[1] + (double)a[3], (double)b[1] + (double)b[3]) -
                     fmax((double)a[1], (double)b[1]);
    if (!(w > 0.0 && h > 0.0)) return 0.0;
    return w * h / ((double)a[2] * (double)a[3] + (double)b[2] * (double)b[3] - w * h);
}

/* Half of it, and large enough to be predicted. */
static int is_inside(const clile_i_image *image, const float *box)
{
    const double w = fmin((double)box[0] + (double)box[2], image->w) - fmax((double)box[0], 0.0),
                 h = fmin((double)box[1] + (double)box[3], image->h) - fmax((double)box[1], 0.0);
    return box[2] >= 8.0f && box[3] >= 8.0f && w > 0.0 && h > 0.0 &&
           w * h >= 0.5 * (double)box[2] * (double)box[3];
}

static clile_status take_looks(clile_tracker *t, const clile_i_image *image, track *k)
{
    CLILE_I_RETURN_IF(clile_i_patch_take(&t->space, image, k->face.box, 1.0, &k->look));
    return clile_i_patch_take(&t->space, image, k->face.box, AROUND, &k->around);
}

/* Landmarks go where their box went. */
static void move_points(clile_found_face *face, const clile_found_face *before)
{
    const float wide = face->box[2] / before->box[2], high = face->box[3] / before->box[3];
    face->points = before->points;
    for (int32_t i = 0; i < before->points; ++i) {
        face->xy[2 * i] = face->box[0] + (before->xy[2 * i] - before->box[0]) * wide;
        face->xy[2 * i + 1] = face->box[1] + (before->xy[2 * i + 1] - before->box[1]) * high;
    }
}

static clile_status follow(clile_tracker *t, const clile_image *image, const clile_i_image *pixels,
                           track *k)
{
    clile_found_face face = k->face;
    clile_i_patch around;
    double alike = 0.0;
    int32_t is_face = 1;
    k->live = k->found = 0;
    CLILE_I_RETURN_IF(clile_i_patch_follow(&t->space, pixels, &k->look, face.box, &alike));
    if (alike < FOLLOWED || !is_inside(pixels, face.box)) return CLILE_OK;
    CLILE_I_RETURN_IF(clile_i_patch_take(&t->space, pixels, face.box, AROUND, &around));
    if (clile_i_patch_alike(&around, &k->around) < NO_CUT) return CLILE_OK;
    face.points = 0;
    CLILE_I_RETURN_IF(clile_i_reader_place(t->reader, image, &face, &is_face));
    if (!is_face || !is_inside(pixels, face.box)) return CLILE_OK;
    const int32_t placed = face.points > 0;
    if (!placed) move_points(&face, &k->face);
    k->face = face;
    k->around = around;
    k->live = 1;
    /* points keep a box from drifting; without, the finder's look is what is followed */
    return placed ? take_looks(t, pixels, k) : CLILE_OK;
}

/* Frames of another size show the same, larger or smaller. */
static void resize(clile_tracker *t, int32_t h, int32_t w)
{
    for (int64_t i = 0; i < t->now.count && (t->now.h != h || t->now.w != w); ++i) {
        track *k = &t->now.tracks[i];
        const clile_found_face before = k->face;
        for (int j = 0; j < 4; ++j)
            k->face.box[j] *= j % 2 == 0 ? (float)w / (float)t->now.w : (float)h / (float)t->now.h;
        move_points(&k->face, &before);
    }
    t->now.h = h;
    t->now.w = w;
}

static clile_status follow_all(clile_tracker *t, const clile_image *image,
                               const clile_i_image *pixels)
{
    resize(t, pixels->h, pixels->w);
    for (int64_t i = 0; i < t->now.count; ++i) {
        track *k = &t->now.tracks[i];
        if (!k->live) continue;
        CLILE_I_RETURN_IF(follow(t, image, pixels, k));
        if (k->live) continue;
        if (t->now.wait == t->find_every) t->now.search_began = t->now.frame;
        t->now.wait = 0;
    }
    return CLILE_OK;
}

/* ---- finding ---- */

static int by_overlap(const void *left, const void *right)
{
    const pair *a = left, *b = right;
    if (a->overlap != b->overlap) return a->overlap > b->overlap ? -1 : 1;
    if (a->track != b->track) return a->track < b->track ? -1 : 1;
    return a->face < b->face ? -1 : a->face > b->face;
}

static clile_status list_pairs(clile_tracker *t, int32_t live, const clile_found_face *faces,
                               int64_t count)
{
    t->pair_count = 0;
    for (int64_t i = 0; i < t->now.count; ++i) {
        if (t->now.tracks[i].live != live) continue;
        for (int64_t f = 0; f < count; ++f) {
            const double shared = overlap(t->now.tracks[i].face.box, faces[f].box);
            if (t->owner[f] >= 0 || shared < (live ? SAME_PLACE : NEAR)) continue;
            CLILE_I_GROW(t->pairs, &t->pair_capacity, t->pair_count + 1);
            t->pairs[t->pair_count++] = (pair){shared, i, f};
        }
    }
    if (t->pair_count > 0) qsort(t->pairs, (size_t)t->pair_count, sizeof *t->pairs, by_overlap);
    return CLILE_OK;
}

/* A face that was followed is halfway between where that led and where it was found: a finder's
 * boxes vary more than a face moves. */
static void settle(track *found, const float *followed)
{
    for (int j = 0; j < 4 && found->face.points == 0; ++j)
        found->face.box[j] = (found->face.box[j] + followed[j]) / 2.0f;
}

static clile_status match(clile_tracker *t, const clile_i_image *pixels, int32_t live,
                          const clile_found_face *faces, int64_t count)
{
    CLILE_I_RETURN_IF(list_pairs(t, live, faces, count));
    for (int64_t i = 0; i < t->pair_count; ++i) {
        const pair *p = &t->pairs[i];
        track *k = &t->now.tracks[p->track];
        track as_found = {.face = faces[p->face]};
        if (k->found || t->owner[p->face] >= 0) continue;
        if (live) settle(&as_found, k->face.box);
        CLILE_I_RETURN_IF(take_looks(t, pixels, &as_found));
        if (!live && clile_i_patch_alike(&as_found.around, &k->around) < SAME_AROUND &&
            clile_i_patch_alike(&as_found.look, &k->look) < SAME_LOOK)
            continue;
        t->owner[p->face] = p->track;
        k->live = k->found = 1;
        k->missed = 0;
        k->face = as_found.face;
        k->look = as_found.look;
        k->around = as_found.around;
    }
    return CLILE_OK;
}

/* Those that the finder did not see: another's face, or one that is followed no longer. */
static void let_go(clile_tracker *t, const clile_found_face *faces, int64_t count)
{
    for (int64_t i = 0; i < t->now.count; ++i) {
        track *k = &t->now.tracks[i];
        if (!k->live || k->found) continue;
        if (++k->missed >= MOST_MISSED) k->live = 0;
        for (int64_t f = 0; f < count && k->live; ++f)
            if (overlap(k->face.box, faces[f].box) >= SAME_PLACE) k->live = 0;
    }
}

/* Without the lost that are waited for no longer, and the first of them where there are too
 * many. */
static void forget(clile_tracker *t)
{
    int64_t kept = 0, over = t->now.count - MOST_TRACKS;
    for (int64_t i = 0; i < t->now.count; ++i) {
        const track *k = &t->now.tracks[i];
        if (!k->live && (t->now.frame - k->seen > t->keep_lost || over > 0)) {
            --over;
            continue;
        }
        if (kept != i) t->now.tracks[kept] = *k;
        ++kept;
    }
    t->now.count = kept;
}

static clile_status add_new(clile_tracker *t, const clile_i_image *pixels,
                            const clile_found_face *faces, int64_t count)
{
    for (int64_t f = 0; f < count; ++f) {
        if (t->owner[f] >= 0) continue;
        CLILE_I_GROW(t->now.tracks, &t->now.capacity, t->now.count + 1);
        track *k = &t->now.tracks[t->now.count];
        *k = (track){.person = t->now.persons + 1, .live = 1, .found = 1, .face = faces[f]};
        CLILE_I_RETURN_IF(take_looks(t, pixels, k));
        ++t->now.count;
        ++t->now.persons;
    }
    return CLILE_OK;
}

/* When the finder looks next: after more and more frames while a lost face, or any, is missing. */
static void plan(clile_tracker *t)
{
    int32_t missing = 1;
    for (int64_t i = 0; i < t->now.count; ++i) missing = missing && !t->now.tracks[i].live;
    for (int64_t i = 0; i < t->now.count && !missing; ++i)
        missing = !t->now.tracks[i].live && t->now.tracks[i].seen + 1 >= t->now.search_began;
    t->now.wait = !missing ? t->find_every : t->now.wait == 0 ? 1 : 2 * t->now.wait;
    if (t->now.wait > t->find_every) t->now.wait = t->find_every;
    t->now.next_look = t->now.frame + t->now.wait;
}

static clile_status look(clile_tracker *t, const clile_image *image, const clile_i_image *pixels)
{
    const clile_found_face *faces = NULL;
    int64_t count = 0;
    CLILE_I_RETURN_IF(clile_i_reader_find(t->reader, image, &faces, &count));
    if (count > 0) CLILE_I_GROW(t->owner, &t->owner_capacity, count);
    for (int64_t f = 0; f < count; ++f) t->owner[f] = -1;
    CLILE_I_RETURN_IF(match(t, pixels, 1, faces, count));
    CLILE_I_RETURN_IF(match(t, pixels, 0, faces, count));
    let_go(t, faces, count);
    CLILE_I_RETURN_IF(add_new(t, pixels, faces, count));
    plan(t);
    return CLILE_OK;
}

/* ---- a frame ---- */

static clile_status answer(clile_tracker *t, const clile_image *image)
{
    int64_t live = 0;
    t->shown_count = 0;
    if (t->now.count > 0) {
        CLILE_I_GROW(t->shown, &t->shown_capacity, t->now.count);
        CLILE_I_GROW(t->faces, &t->faces_capacity, t->now.count);
    }
    for (int64_t i = 0; i < t->now.count; ++i) {
        track *k = &t->now.tracks[i];
        if (!k->live) continue;
        k->seen = t->now.frame;
        t->shown[live] = (shown){k->person, k->found};
        t->faces[live++] = k->face;
    }
    CLILE_I_RETURN_IF(clile_i_reader_answer(t->reader, image, live, t->faces));
    t->shown_count = live;
    return CLILE_OK;
}

/* now -> before */
static clile_status remember(clile_tracker *t)
{
    scene *b = &t->before;
    if (t->now.count > 0) {
        CLILE_I_GROW(b->tracks, &b->capacity, t->now.count);
        memcpy(b->tracks, t->now.tracks, (size_t)t->now.count * sizeof *b->tracks);
    }
    const int64_t capacity = b->capacity;
    track *tracks = b->tracks;
    *b = t->now;
    b->capacity = capacity;
    b->tracks = tracks;
    return CLILE_OK;
}

clile_status clile_tracker_read(clile_tracker *tracker, const clile_image *image, int64_t *count)
{
    clile_status status = CLILE_OK;
    clile_i_image pixels;
    CLILE_I_CHECK_NOT_NULL(tracker);
    CLILE_I_CHECK_NOT_NULL(image);
    CLILE_I_CHECK_NOT_NULL(count);
    CLILE_I_RETURN_IF(clile_i_image_borrow(image, &pixels));
    CLILE_I_RETURN_IF(remember(tracker));
    tracker->shown_count = 0;
    ++tracker->now.frame;
    CLILE_I_TRY(follow_all(tracker, image, &pixels));
    if (tracker->now.wait == 0 || tracker->now.frame >= tracker->now.next_look)
        CLILE_I_TRY(look(tracker, image, &pixels));
    CLILE_I_TRY(answer(tracker, image));
    forget(tracker);
    *count = tracker->shown_count;
cleanup:
    if (status != CLILE_OK) {
        const scene half = tracker->now;
        tracker->now = tracker->before;
        tracker->before = half;
        tracker->shown_count = 0;
    }
    return status;
}

const clile_model *clile_tracker_get_model(const clile_tracker *tracker)
{
    return tracker == NULL ? NULL : clile_reader_get_model(tracker->reader);
}

clile_status clile_tracker_get(const clile_tracker *tracker, int64_t index, int64_t *person,
                               int32_t *found, clile_found_face *face, float *probability,
                               int8_t *present, float *embedding)
{
    CLILE_I_CHECK_NOT_NULL(tracker);
    if (index < 0 || index >= tracker->shown_count)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT, "clile_tracker_get: face %lld of %lld",
                            (long long)index, (long long)tracker->shown_count);
    CLILE_I_RETURN_IF(
        clile_reader_get(tracker->reader, index, face, probability, present, embedding));
    if (person != NULL) *person = tracker->shown[index].person;
    if (found != NULL) *found = tracker->shown[index].found;
    return CLILE_OK;
}
