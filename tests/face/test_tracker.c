/* The tracker on drawn scenes, with a finder that is told where the faces are: who keeps a number,
 * who gets a new one, and how often the finder is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "face/face.h"

#include <clile/tracker.h>

#include <math.h>
#include <stdlib.h>

enum { H = 240, W = 320, C = 2, MOST = 4, SIDE = 60 };

typedef struct {
    double x, y, side;
    int look; /* of the texture; 0: not there */
} actor;

/* What is drawn, and what the finder says. */
typedef struct {
    int32_t h, w, backdrop;
    actor actors[MOST];
    int hidden; /* 1: the finder does not see them */
    int points; /* it gives five points */
    int fails;
    int64_t looks;
    uint8_t *rgb; /* [h,w,3] */
} stage;

/* Of a square of side 1: waves whose directions follow from the look, so that no two are alike. */
static double texture(int look, double u, double v)
{
    uint32_t random = 2654435761u * (uint32_t)(look + 1);
    double value = 0.0;
    for (int k = 0; k < 6; ++k) {
        random = random * 1664525u + 1013904223u;
        const double a = (random >> 24) / 255.0 - 0.5, b = (random >> 16 & 255) / 255.0 - 0.5,
                     phase = (random >> 8 & 255) / 40.0;
        value += sin(40.0 * (a * u + b * v) + phase);
    }
    return value / 4.0;
}

static void draw(stage *s)
{
    for (int32_t y = 0; y < s->h; ++y)
        for (int32_t x = 0; x < s->w; ++x) {
            const double u = (double)x / s->w, v = (double)y / s->h;
            double value = 0.8 * texture(10 + s->backdrop, 2.0 * u, 2.0 * v);
            for (int k = 0; k < MOST; ++k) {
                const actor *a = &s->actors[k];
                if (a->look == 0 || x < a->x || y < a->y || x >= a->x + a->side ||
                    y >= a->y + a->side)
                    continue;
                value = texture(a->look, (x - a->x) / a->side, (y - a->y) / a->side);
            }
            memset(s->rgb + 3 * ((int64_t)y * s->w + x), (int)(120.0 + 60.0 * value), 3);
        }
}

static int32_t tell(clile_finder *finder, const clile_image *image, void *user)
{
    stage *s = user;
    (void)image;
    ++s->looks;
    for (int k = 0; k < MOST && !s->hidden; ++k) {
        const actor *a = &s->actors[k];
        const float side = (float)a->side, x = (float)a->x, y = (float)a->y,
                    box[4] = {x, y, side, side},
                    xy[10] = {x + .3f * side,  y + .3f * side,  x + .7f * side,  y + .3f * side,
                              x + .5f * side,  y + .53f * side, x + .33f * side, y + .76f * side,
                              x + .67f * side, y + .76f * side};
        if (a->look > 0)
            (void)!clile_finder_add(finder, box, 1.0f, s->points ? 5 : 0, s->points ? xy : NULL);
    }
    return s->fails;
}

static stage open_stage(void)
{
    stage s = {.h = H, .w = W, .rgb = calloc((size_t)H * W, 3)};
    assert_non_null(s.rgb);
    return s;
}

static clile_tracker *open_tracker(stage *s, const char *find_every, const char *keep_lost)
{
    static const int32_t aus[C] = {1, 12};
    static const float slope[C] = {1, 1}, offset[C] = {0, 0};
    clile_options *o = NULL;
    clile_model *model = NULL;
    clile_finder *finder = NULL;
    clile_tracker *t = NULL;
    assert_int_equal(CLILE_OK, clile_options_create(&o));
    assert_int_equal(CLILE_OK, clile_options_set(o, "width", "0.0625"));
    assert_int_equal(CLILE_OK, clile_options_set(o, "image_size", "32"));
    assert_int_equal(CLILE_OK, clile_options_set(o, "embedding", "8"));
    assert_int_equal(CLILE_OK, clile_options_set(o, "threads", "1"));
    assert_int_equal(CLILE_OK, clile_options_set(o, CLILE_OPT_POINTS_MODEL, "none"));
    assert_int_equal(CLILE_OK, clile_options_set(o, CLILE_OPT_FIND_EVERY, find_every));
    assert_int_equal(CLILE_OK, clile_options_set(o, CLILE_OPT_KEEP_LOST, keep_lost));
    assert_int_equal(CLILE_OK, clile_model_create(o, C, aus, &model));
    assert_int_equal(CLILE_OK,
                     clile_model_set_decision(model, NULL, slope, offset)); /* it is trained */
    assert_int_equal(CLILE_OK, clile_finder_create(tell, s, NULL, &finder));
    assert_int_equal(CLILE_OK, clile_tracker_create(model, finder, o, &t));
    clile_finder_destroy(finder);
    clile_model_destroy(model);
    clile_options_destroy(o);
    return t;
}

typedef struct {
    int64_t count, person[MOST];
    int32_t found[MOST];
    clile_found_face face[MOST];
    float probability[MOST][C];
} seen;

static seen step(clile_tracker *t, stage *s)
{
    seen r = {0};
    draw(s);
    const clile_image image = {sizeof image, CLILE_PIXELS_RGB, s->h, s->w, 0, s->rgb};
    assert_int_equal(CLILE_OK, clile_tracker_read(t, &image, &r.count));
    assert_true(r.count <= MOST);
    for (int64_t k = 0; k < r.count; ++k) {
        r.face[k].struct_size = sizeof r.face[k];
        assert_int_equal(CLILE_OK, clile_tracker_get(t, k, &r.person[k], &r.found[k], &r.face[k],
                                                     r.probability[k], NULL, NULL));
    }
    return r;
}

static void close_all(clile_tracker *t, stage *s)
{
    clile_tracker_destroy(t);
    free(s->rgb);
}

static void assert_at(const seen *r, int64_t k, const actor *a, double most)
{
    const double dx = (double)r->face[k].box[0] + (double)r->face[k].box[2] / 2 -
                      (a->x + a->side / 2),
                 dy = (double)r->face[k].box[1] + (double)r->face[k].box[3] / 2 -
                      (a->y + a->side / 2);
    if (!(fabs(dx) < most && fabs(dy) < most &&
          fabs((double)r->face[k].box[2] - a->side) < 2.0 * most))
        fail_msg("off by %.1f, %.1f; side %.1f of %.1f", dx, dy, (double)r->face[k].box[2],
                 a->side);
}

static void two_people_are_followed_without_the_finder(void **state)
{
    (void)state;
    stage s = open_stage();
    clile_tracker *t = open_tracker(&s, "1000", "100");
    s.actors[0] = (actor){20, 30, SIDE, 1};
    s.actors[1] = (actor){220, 130, SIDE, 2};
    for (int k = 0; k < 60; ++k) {
        const seen r = step(t, &s);
        assert_int_equal(2, r.count);
        assert_true(r.person[0] == 1 && r.person[1] == 2);
        assert_true(r.found[0] == (k == 0) && r.found[1] == (k == 0));
        assert_at(&r, 0, &s.actors[0], 2.5);
        assert_at(&r, 1, &s.actors[1], 2.5);
        s.actors[0].x += 2.5;
        s.actors[0].side *= 1.002;
        s.actors[1].x -= 1.5;
        s.actors[1].y += 0.5;
    }
    assert_int_equal(1, s.looks);
    close_all(t, &s);
}

static void the_finder_looks_now_and_then_and_sees_who_comes(void **state)
{
    (void)state;
    stage s = open_stage();
    clile_tracker *t = open_tracker(&s, "10", "100");
    s.actors[0] = (actor){20, 30, SIDE, 1};
    for (int k = 0; k < 31; ++k) {
        if (k == 13) s.actors[1] = (actor){200, 100, SIDE, 2};
        const seen r = step(t, &s);
        assert_int_equal(k % 10 == 0, r.found[0]);
        assert_int_equal(k < 20 ? 1 : 2, r.count);
    }
    assert_int_equal(4, s.looks);
    /* nobody there: it looks less and less often, and a new person is seen in time */
    s.actors[0].look = s.actors[1].look = 0;
    s.looks = 0;
    for (int k = 0; k < 60; ++k) assert_int_equal(0, step(t, &s).count);
    assert_true(s.looks <= 10);
    s.actors[2] = (actor){120, 60, SIDE, 3};
    int k = 0;
    while (k < 20 && step(t, &s).count == 0) ++k;
    assert_true(k < 10);
    close_all(t, &s);
}

static void who_comes_back_keeps_the_number_for_a_while(void **state)
{
    (void)state;
    stage s = open_stage();
    clile_tracker *t = open_tracker(&s, "5", "30");
    s.actors[0] = (actor){100, 60, SIDE, 1};
    assert_int_equal(1, step(t, &s).person[0]);
    for (int gap = 20; gap <= 60; gap += 40) {
        s.actors[0].look = 0;
        for (int k = 0; k < gap; ++k) assert_int_equal(0, step(t, &s).count);
        s.actors[0].look = 1;
        seen r = step(t, &s);
        for (int k = 0; k < 6 && r.count == 0; ++k) r = step(t, &s);
        assert_int_equal(1, r.count);
        assert_int_equal(gap == 20 ? 1 : 2, r.person[0]);
    }
    /* elsewhere: a new one */
    s.actors[0].look = 0;
    for (int k = 0; k < 3; ++k) step(t, &s);
    s.actors[0] = (actor){220, 150, SIDE, 1};
    seen r = step(t, &s);
    for (int k = 0; k < 6 && r.count == 0; ++k) r = step(t, &s);
    assert_int_equal(3, r.person[0]);
    close_all(t, &s);
}

static void a_cut_gives_another_number_and_a_cut_back_the_first(void **state)
{
    (void)state;
    stage s = open_stage();
    clile_tracker *t = open_tracker(&s, "1000", "100");
    for (int shot = 0; shot < 6; ++shot) {
        s.backdrop = shot % 2;
        s.actors[0] = (actor){100 + 5 * (shot % 2), 60, SIDE, 1 + shot % 2};
        for (int k = 0; k < 4; ++k) {
            const seen r = step(t, &s);
            assert_int_equal(1, r.count);
            assert_int_equal(1 + shot % 2, r.person[0]);
        }
    }
    close_all(t, &s);
}

static void who_the_finder_no_longer_sees_is_followed_but_not_for_ever(void **state)
{
    (void)state;
    stage s = open_stage();
    clile_tracker *t = open_tracker(&s, "4", "100");
    s.actors[0] = (actor){100, 60, SIDE, 1};
    step(t, &s);
    s.hidden = 1;
    int k = 0;
    while (k < 100 && step(t, &s).count == 1) ++k;
    assert_true(k >= 12 && k <= 24);
    s.hidden = 0;
    for (k = 0; k < 5; ++k) step(t, &s);
    assert_int_equal(1, step(t, &s).person[0]);
    close_all(t, &s);
}

static void points_of_the_finder_go_with_the_face(void **state)
{
    (void)state;
    stage s = open_stage();
    s.points = 1;
    clile_tracker *t = open_tracker(&s, "1000", "100");
    s.actors[0] = (actor){60, 60, SIDE, 1};
    for (int k = 0; k < 20; ++k) {
        const seen r = step(t, &s);
        assert_int_equal(5, r.face[0].points);
        assert_true(fabs((double)r.face[0].xy[4] - (s.actors[0].x + .5 * SIDE)) < 2.5);
        assert_true(fabs((double)r.face[0].xy[5] - (s.actors[0].y + .53 * SIDE)) < 2.5);
        s.actors[0].x += 3;
    }
    close_all(t, &s);
}

static void the_size_of_frames_may_change(void **state)
{
    (void)state;
    stage s = open_stage();
    clile_tracker *t = open_tracker(&s, "1000", "100");
    s.actors[0] = (actor){100, 60, SIDE, 1};
    for (int k = 0; k < 3; ++k) step(t, &s);
    free(s.rgb);
    s.rgb = calloc((size_t)2 * H * 2 * W, 3);
    s.h = 2 * H;
    s.w = 2 * W;
    s.actors[0] = (actor){200, 120, 2 * SIDE, 1};
    const seen larger = step(t, &s);
    assert_true(larger.count == 1 && larger.person[0] == 1 && larger.found[0] == 0);
    assert_at(&larger, 0, &s.actors[0], 3.0);
    s.h = 1; /* too small for anything to be left of it */
    s.w = 1;
    s.hidden = 1;
    assert_int_equal(0, step(t, &s).count);
    close_all(t, &s);
}

static void a_failed_frame_is_as_if_it_had_not_been(void **state)
{
    (void)state;
    seen last[2];
    for (int broken = 0; broken < 2; ++broken) {
        stage s = open_stage();
        clile_tracker *t = open_tracker(&s, "3", "100");
        int64_t count = 77;
        s.actors[0] = (actor){100, 60, SIDE, 1};
        for (int k = 0; k < 9; ++k) {
            s.actors[0].x += 1.5;
            if (broken && k == 3) {
                draw(&s);
                clile_image image = {sizeof image, CLILE_PIXELS_RGB, s.h, s.w, 0, s.rgb};
                s.fails = 1;
                assert_int_equal(CLILE_E_CANCELLED, clile_tracker_read(t, &image, &count));
                assert_int_equal(CLILE_E_INVALID_ARGUMENT,
                                 clile_tracker_get(t, 0, NULL, NULL, NULL, NULL, NULL, NULL));
                image.h = -1;
                assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_tracker_read(t, &image, &count));
                assert_int_equal(77, count);
                s.fails = 0;
            }
            last[broken] = step(t, &s);
        }
        close_all(t, &s);
    }
    assert_memory_equal(&last[0], &last[1], sizeof last[0]);
}

static void the_first_frame_is_a_photograph(void **state)
{
    (void)state;
    stage s = open_stage();
    clile_tracker *t = open_tracker(&s, "10", "100");
    s.actors[0] = (actor){100, 60, SIDE, 1};
    const seen first = step(t, &s);
    static const double same = 0.0;
    assert_at(&first, 0, &s.actors[0], same + 1e-6);
    assert_true(first.probability[0][0] > 0.0f && first.probability[0][0] < 1.0f);
    close_all(t, &s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_people_are_followed_without_the_finder),
        cmocka_unit_test(the_finder_looks_now_and_then_and_sees_who_comes),
        cmocka_unit_test(who_comes_back_keeps_the_number_for_a_while),
        cmocka_unit_test(a_cut_gives_another_number_and_a_cut_back_the_first),
        cmocka_unit_test(who_the_finder_no_longer_sees_is_followed_but_not_for_ever),
        cmocka_unit_test(points_of_the_finder_go_with_the_face),
        cmocka_unit_test(the_size_of_frames_may_change),
        cmocka_unit_test(a_failed_frame_is_as_if_it_had_not_been),
        cmocka_unit_test(the_first_frame_is_a_photograph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
