/* The points of a face that has a box: located twice, the second time in the crop that the first
 * points align; rejected where they do not make a face. A locator that knows the answer stands
 * in for the network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "face/face.h"

#include <math.h>

enum { MOST_CALLS = 2 };

/* Says these points, call by call. */
typedef struct {
    int calls;
    clile_face asked[MOST_CALLS];
    float given[MOST_CALLS][136]; /* asked[k].xy */
    float says[MOST_CALLS][136];
    clile_status status[MOST_CALLS];
} script;

static clile_status locate(void *context, const clile_face *face, float *xy)
{
    script *s = context;
    assert_true(s->calls < MOST_CALLS);
    s->asked[s->calls] = *face;
    if (face->xy != NULL)
        memcpy(s->given[s->calls], face->xy, 2 * (size_t)face->points * sizeof *xy);
    memcpy(xy, s->says[s->calls], 2 * (size_t)face->points * sizeof *xy);
    return s->status[s->calls++];
}

static uint8_t pixels[240][320][3];
static const clile_image image = {sizeof image, CLILE_PIXELS_RGB, 240, 320, 0, &pixels[0][0][0]};

/* Five points of the canonical crop whose middle is (x, y) and whose side is `side`. */
static void put_five(float *xy, double x, double y, double side)
{
    static const double canonical[5][2] = CLILE_I_CANONICAL;
    for (int k = 0; k < 5; ++k) {
        xy[2 * k] = (float)(x + (canonical[k][0] - 0.5) * side);
        xy[2 * k + 1] = (float)(y + (canonical[k][1] - 0.5) * side);
    }
}

/* Of a face that the finder gave the box 100, 60, 80, 80. */
static clile_status place(script *s, clile_found_face *face, int32_t *is_face)
{
    const clile_i_locator locator = {locate, s, 5};
    *face = (clile_found_face){.struct_size = sizeof *face, .box = {100, 60, 80, 80}};
    *is_face = -1;
    return clile_i_points_place(&locator, &image, face, is_face);
}

static void points_are_located_twice(void **state)
{
    (void)state;
    script s = {0};
    clile_found_face face;
    int32_t is_face;
    put_five(s.says[0], 140, 100, 100);
    put_five(s.says[1], 144, 98, 109.8);
    assert_int_equal(CLILE_OK, place(&s, &face, &is_face));
    assert_int_equal(1, is_face);
    assert_int_equal(2, s.calls);
    assert_int_equal(CLILE_FACE_BOX, s.asked[0].kind);
    assert_true(s.asked[0].box[0] == 100.0f && s.asked[0].box[2] == 80.0f);
    assert_ptr_equal(&image, s.asked[0].image);
    assert_int_equal(CLILE_FACE_POINTS, s.asked[1].kind);
    assert_memory_equal(s.says[0], s.given[1], 10 * sizeof(float));
    assert_int_equal(5, face.points);
    assert_memory_equal(s.says[1], face.xy, 10 * sizeof(float));
    /* the box whose crop, of 1.22 times the side, is the aligned one */
    const float expected[4] = {99, 53, 90, 90};
    for (int k = 0; k < 4; ++k) assert_true(fabsf(face.box[k] - expected[k]) < 0.01f);
}

static void expect_denied(script *s, int calls)
{
    clile_found_face face;
    int32_t is_face;
    assert_int_equal(CLILE_OK, place(s, &face, &is_face));
    assert_int_equal(0, is_face);
    assert_int_equal(calls, s->calls);
}

static void points_that_make_no_face(void **state)
{
    (void)state;
    static const struct {
        double x, y, side;
    } elsewhere[] = {{140, 160, 97}, {40, 100, 97}, {140, 100, 30}, {140, 100, 300}, {5000, 0, 97}};
    for (size_t k = 0; k < sizeof elsewhere / sizeof *elsewhere; ++k) {
        script s = {0};
        put_five(s.says[0], elsewhere[k].x, elsewhere[k].y, elsewhere[k].side);
        expect_denied(&s, 1);
        put_five(s.says[1], elsewhere[k].x, elsewhere[k].y, elsewhere[k].side);
        put_five(s.says[0], 140, 100, 97);
        s.calls = 0;
        expect_denied(&s, 2);
    }
    script nothing = {0}; /* all the same */
    expect_denied(&nothing, 1);
    script unlike = {0}; /* eyes exchanged */
    put_five(unlike.says[0], 140, 100, 97);
    unlike.says[0][0] = 160;
    unlike.says[0][2] = 120;
    expect_denied(&unlike, 1);
    script infinite = {0};
    put_five(infinite.says[0], 140, 100, 97);
    infinite.says[0][3] = (float)INFINITY;
    expect_denied(&infinite, 1);
    script unsure = {0}; /* each is a face, but not the same one */
    put_five(unsure.says[0], 130, 100, 97);
    put_five(unsure.says[1], 146, 100, 97);
    expect_denied(&unsure, 2);
}

static void what_fails_is_told(void **state)
{
    (void)state;
    for (int k = 0; k < MOST_CALLS; ++k) {
        script s = {0};
        clile_found_face face;
        int32_t is_face;
        put_five(s.says[0], 140, 100, 97);
        s.status[k] = CLILE_E_OUT_OF_MEMORY;
        assert_int_equal(CLILE_E_OUT_OF_MEMORY, place(&s, &face, &is_face));
        assert_int_equal(0, face.points);
    }
}

static void without_a_locator_the_box_is_believed(void **state)
{
    (void)state;
    const clile_i_locator none = {0};
    clile_found_face face = {.struct_size = sizeof face, .box = {100, 60, 80, 80}};
    int32_t is_face = 0;
    assert_int_equal(CLILE_OK, clile_i_points_place(&none, &image, &face, &is_face));
    assert_int_equal(1, is_face);
    assert_true(face.points == 0 && face.box[0] == 100.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_are_located_twice),
        cmocka_unit_test(points_that_make_no_face),
        cmocka_unit_test(what_fails_is_told),
        cmocka_unit_test(without_a_locator_the_box_is_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
