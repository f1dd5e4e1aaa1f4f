/* Finders: a callback's faces are checked, sorted and without duplicates; modules are found,
 * rejected, and called with the right sizes. The modules are built from stub.c, next to this
 * program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "face/face.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
    int64_t count;
    float box[8][4], score[8];
    int32_t code;
    clile_finder *finder; /* not NULL: search from within */
} given;

static int32_t tell(clile_finder *finder, const clile_image *image, void *user)
{
    const given *g = user;
    int64_t count = 0;
    if (g->finder != NULL)
        assert_int_equal(CLILE_E_STATE, clile_finder_find(finder, image, &count));
    for (int64_t k = 0; k < g->count; ++k)
        if (clile_finder_add(finder, g->box[k], g->score[k], 0, NULL) != CLILE_OK) break;
    return g->code;
}

static uint8_t pixels[120][160][3];
static const clile_image image = {sizeof image, CLILE_PIXELS_RGB, 120, 160, 0, &pixels[0][0][0]};

static char text[1024]; /* of the failure */

static int64_t find(given *g, clile_found_face *faces)
{
    clile_finder *f = NULL;
    int64_t count = -1;
    assert_int_equal(CLILE_OK, clile_finder_create(tell, g, NULL, &f));
    const clile_status status = clile_finder_find(f, &image, &count);
    for (int64_t k = 0; status == CLILE_OK && k < count; ++k) {
        faces[k].struct_size = sizeof *faces;
        assert_int_equal(CLILE_OK, clile_finder_get(f, k, &faces[k]));
    }
    if (status != CLILE_OK) {
        snprintf(text, sizeof text, "%s", clile_last_error());
        clile_found_face none = {.struct_size = sizeof none};
        assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_finder_get(f, 0, &none));
        count = status;
    }
    clile_finder_destroy(f);
    return count;
}

static void the_largest_is_first(void **state)
{
    (void)state;
    clile_found_face faces[8];
    given g = {.count = 3,
               .box = {{0, 0, 20, 20}, {60, 40, 50, 50}, {120, 0, 30, 30}},
               .score = {9.0f, 1.0f, 2.0f}};
    assert_int_equal(3, find(&g, faces));
    assert_true(faces[0].box[2] == 50.0f && faces[1].box[2] == 30.0f && faces[2].box[2] == 20.0f);
    assert_true(faces[0].score == 1.0f);
    assert_int_equal(0, faces[0].points);
}

static void of_two_boxes_of_a_face_the_surer_stays(void **state)
{
    (void)state;
    clile_found_face faces[8];
    /* the second mostly covers the first; the third is small and within it; the fourth apart */
    given g = {.count = 4,
               .box = {{10, 10, 50, 50}, {15, 12, 50, 50}, {20, 20, 20, 20}, {100, 60, 20, 20}},
               .score = {1.0f, 3.0f, 0.5f, 0.1f}};
    assert_int_equal(2, find(&g, faces));
    assert_true(faces[0].box[0] == 15.0f && faces[1].box[0] == 100.0f);
}

static void faces_that_cannot_be_are_told(void **state)
{
    (void)state;
    clile_found_face faces[8];
    static const struct {
        float box[4], score;
        const char *text;
    } bad[] = {
        {{0, 0, (float)NAN, 20}, 1.0f, "not finite"}, {{0, 0, 20, -20}, 1.0f, "sides above 0"},
        {{0, 0, 4, 4}, 1.0f, "at least 8"},           {{300, 0, 40, 40}, 1.0f, "outside the image"},
        {{10, 10, 40, 40}, (float)INFINITY, "score"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; ++k) {
        given g = {.count = 2, .box = {{50, 50, 20, 20}}, .score = {1.0f, bad[k].score}};
        memcpy(g.box[1], bad[k].box, sizeof bad[k].box);
        assert_int_equal(CLILE_E_INVALID_ARGUMENT, find(&g, faces));
        if (strstr(text, bad[k].text) == NULL) fail_msg("%s", text);
        assert_non_null(strstr(text, "face 2 that the finder callback found"));
    }
    given g = {.count = 1, .box = {{50, 50, 20, 20}}, .score = {1.0f}, .code = 1};
    assert_int_equal(CLILE_E_CANCELLED, find(&g, faces));
}

static int32_t tell_many(clile_finder *finder, const clile_image *picture, void *user)
{
    const int32_t count = *(const int32_t *)user;
    (void)picture;
    for (int32_t k = 0; k < count; ++k) {
        const float box[4] = {(float)(k % 64) * 8, (float)(k / 64) * 8, 8, 8};
        (void)!clile_finder_add(finder, box, (float)k, 0, NULL); /* whose status it ignores */
    }
    return 0;
}

static void thousands_of_faces(void **state)
{
    (void)state;
    uint8_t *grey = calloc(600, 600);
    const clile_image large = {sizeof large, CLILE_PIXELS_GREY, 600, 600, 0, grey};
    int32_t told = CLILE_FINDER_MOST_FACES;
    int64_t count = 0;
    clile_finder *f = NULL;
    assert_int_equal(CLILE_OK, clile_finder_create(tell_many, &told, NULL, &f));
    assert_int_equal(CLILE_OK, clile_finder_find(f, &large, &count));
    assert_int_equal(CLILE_FINDER_MOST_FACES, count);
    ++told;
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_finder_find(f, &large, &count));
    assert_non_null(strstr(clile_last_error(), "more than 4096 faces"));
    clile_finder_destroy(f);
    free(grey);
}

static int32_t tell_points(clile_finder *finder, const clile_image *picture, void *user)
{
    const float box[4] = {40, 20, 60, 60};
    (void)picture;
    return clile_finder_add(finder, box, 1.0f, 5, user) != CLILE_OK;
}

static void points_are_a_faces(void **state)
{
    (void)state;
    float xy[10] = {55, 40, 85, 40, 70, 55, 58, 68, 82, 68};
    clile_found_face face = {.struct_size = sizeof face};
    int64_t count = 0;
    clile_finder *f = NULL;
    assert_int_equal(CLILE_OK, clile_finder_create(tell_points, xy, NULL, &f));
    assert_int_equal(CLILE_OK, clile_finder_find(f, &image, &count));
    assert_int_equal(CLILE_OK, clile_finder_get(f, 0, &face));
    assert_int_equal(5, face.points);
    assert_memory_equal(xy, face.xy, sizeof xy);
    xy[0] = 85, xy[2] = 55; /* the eyes exchanged */
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_finder_find(f, &image, &count));
    assert_non_null(strstr(clile_last_error(), "swapped"));
    clile_finder_destroy(f);
}

static void calls_at_the_wrong_time(void **state)
{
    (void)state;
    const float box[4] = {10, 10, 20, 20};
    clile_found_face faces[8], small = {.struct_size = 4};
    int64_t count = 0;
    clile_finder *f = NULL;
    given g = {.count = 1, .box = {{10, 10, 20, 20}}, .score = {1.0f}};
    assert_int_equal(CLILE_OK, clile_finder_create(tell, &g, NULL, &f));
    assert_int_equal(CLILE_E_STATE, clile_finder_add(f, box, 1.0f, 0, NULL));
    assert_int_equal(CLILE_OK, clile_finder_find(f, &image, &count));
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_finder_get(f, 0, &small));
    clile_image bad = image;
    bad.w = 0;
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_finder_find(f, &bad, &count));
    g.finder = f;
    assert_int_equal(1, find(&g, faces));
    clile_finder_destroy(f);
}

/* ---- modules ---- */

static void refuse(const char *name, clile_status status, const char *why)
{
    clile_finder *f = NULL;
    assert_int_equal(status, clile_finder_create_by_name(name, NULL, &f));
    assert_null(f);
    assert_non_null(strstr(clile_last_error(), why));
}

static void modules_that_cannot_be_used(void **state)
{
    (void)state;
    refuse("missing", CLILE_E_UNSUPPORTED, "clile-finder");
    refuse("missing", CLILE_E_UNSUPPORTED, "finder_missing.so");
    refuse("old", CLILE_E_UNSUPPORTED, "its interface is 99");
    refuse("empty", CLILE_E_UNSUPPORTED, "cannot be loaded");
    refuse("none", CLILE_E_UNSUPPORTED, "not a finder");
    refuse("unmade", CLILE_E_BACKEND, "it was told to");
    refuse("", CLILE_E_INVALID_ARGUMENT, "a name of 1 to 32");
    refuse("../dlib", CLILE_E_INVALID_ARGUMENT, "a name of 1 to 32");
    refuse("a23456789012345678901234567890123", CLILE_E_INVALID_ARGUMENT, "a name of 1 to 32");
}

static void a_module_that_fails(void **state)
{
    (void)state;
    clile_finder *f = NULL;
    int64_t count = 0;
    assert_int_equal(CLILE_OK, clile_finder_create_by_name("fails", NULL, &f));
    assert_int_equal(CLILE_E_BACKEND, clile_finder_find(f, &image, &count));
    assert_non_null(strstr(clile_last_error(), "it was told to"));
    clile_finder_destroy(f);
}

/* A white square in a black picture of any size and format, found where it is. */
static void expect_square(int32_t h, int32_t w, int32_t format, int32_t left, int32_t top,
                          int32_t side, const char *smallest, int found)
{
    const int64_t bytes = clile_i_pixel_bytes(format);
    uint8_t *memory = calloc((size_t)h * (size_t)w, (size_t)bytes);
    const clile_image picture = {sizeof picture, format, h, w, 0, memory};
    clile_found_face face = {.struct_size = sizeof face};
    clile_options *options = NULL;
    clile_finder *f = NULL;
    int64_t count = -1;
    assert_non_null(memory);
    for (int32_t y = top; y < top + side; ++y)
        memset(memory + bytes * ((int64_t)y * w + left), 255, (size_t)(bytes * side));
    assert_int_equal(CLILE_OK, clile_options_create(&options));
    assert_int_equal(CLILE_OK, clile_options_set(options, "smallest_face", smallest));
    assert_int_equal(CLILE_OK, clile_finder_create_default(options, &f));
    assert_string_equal("dlib", clile_finder_get_name(f));
    if (clile_finder_find(f, &picture, &count) != CLILE_OK)
        fail_msg("%d x %d: %s", (int)h, (int)w, clile_last_error());
    assert_int_equal(found, count);
    if (found) {
        assert_int_equal(CLILE_OK, clile_finder_get(f, 0, &face));
        const float near = 0.04f * (float)side;
        assert_true(fabsf(face.box[0] - (float)left) < near);
        assert_true(fabsf(face.box[1] - (float)top) < near);
        assert_true(fabsf(face.box[2] - (float)side) < near);
    }
    clile_finder_destroy(f);
    clile_options_destroy(options);
    free(memory);
}

static void a_module_sees_every_size(void **state)
{
    (void)state;
    for (int32_t format = CLILE_PIXELS_RGB; format <= CLILE_PIXELS_GREY; ++format)
        expect_square(480, 640, format, 200, 100, 200, "0", 1);
    expect_square(480, 640, CLILE_PIXELS_RGB, 500, 10, 90, "0", 1);   /* the plain look */
    expect_square(480, 640, CLILE_PIXELS_RGB, 580, 420, 45, "0", 1);  /* the far one */
    expect_square(480, 640, CLILE_PIXELS_RGB, 580, 420, 30, "0", 0);  /* too small */
    expect_square(480, 640, CLILE_PIXELS_RGB, 580, 420, 30, "28", 1); /* but for this option */
    expect_square(480, 640, CLILE_PIXELS_RGB, 200, 100, 200, "150", 1);
    expect_square(64, 48, CLILE_PIXELS_RGB, 4, 8, 36, "0", 1);
    expect_square(1000, 30, CLILE_PIXELS_RGB, 0, 0, 30, "0", 0);
    expect_square(1, 1, CLILE_PIXELS_RGB, 0, 0, 1, "0", 0);
    expect_square(1, 65535, CLILE_PIXELS_GREY, 100, 0, 1, "0", 0);
    expect_square(65535, 2, CLILE_PIXELS_GREY, 0, 70, 2, "0", 0);
    expect_square(2, 3, CLILE_PIXELS_BGR, 0, 0, 2, "1", 0);
    expect_square(10000, 10000, CLILE_PIXELS_GREY, 1000, 2000, 3000, "0", 1); /* 100 megapixels */
    expect_square(10000, 10000, CLILE_PIXELS_GREY, 1000, 2000, 400, "20", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_is_first),
        cmocka_unit_test(of_two_boxes_of_a_face_the_surer_stays),
        cmocka_unit_test(faces_that_cannot_be_are_told),
        cmocka_unit_test(thousands_of_faces),
        cmocka_unit_test(points_are_a_faces),
        cmocka_unit_test(calls_at_the_wrong_time),
        cmocka_unit_test(modules_that_cannot_be_used),
        cmocka_unit_test(a_module_that_fails),
        cmocka_unit_test(a_module_sees_every_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
