/* The handle of a video, over the decoder of stub.c beside this program. What the real one does
 * with files: tests/python/test_video.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "video/video.h"

static void frames_have_index_time_and_pixels(void **state)
{
    (void)state;
    clile_video *v = NULL;
    clile_frame frame = {.struct_size = sizeof frame};
    int32_t more = 0;
    assert_int_equal(CLILE_OK, clile_video_open("film", NULL, &v));
    for (int64_t k = 0; k < 3; ++k) {
        assert_int_equal(CLILE_OK, clile_video_next(v, &frame, &more));
        assert_int_equal(1, more);
        assert_int_equal(k, frame.index);
        assert_true(frame.time == 0.5 * (double)k);
        assert_int_equal(7, frame.damaged);
        assert_true(frame.image.h == 2 && frame.image.w == 4 && frame.image.row_stride == 12);
        assert_int_equal(CLILE_PIXELS_RGB, frame.image.format);
        assert_int_equal(4, ((const uint8_t *)frame.image.pixels)[12]);
    }
    assert_int_equal(CLILE_OK, clile_video_next(v, &frame, &more));
    assert_int_equal(0, more);
    assert_int_equal(3, frame.index);
    assert_null(frame.image.pixels);
    clile_video_destroy(v);
}

static void a_camera_is_told_from_a_file(void **state)
{
    (void)state;
    clile_video *v = NULL;
    clile_frame frame = {.struct_size = sizeof frame};
    int32_t more = 0;
    assert_int_equal(CLILE_OK, clile_video_open_camera("0", NULL, &v));
    assert_int_equal(CLILE_OK, clile_video_next(v, &frame, &more));
    assert_int_equal(2, frame.image.w);
    clile_video_destroy(v);
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_video_open_camera("-1", NULL, &v));
    assert_null(v);
}

static void failures_name_the_video(void **state)
{
    (void)state;
    clile_video *v = NULL;
    clile_frame frame = {.struct_size = sizeof frame};
    int32_t more = 5;
    assert_int_equal(CLILE_E_FORMAT, clile_video_open("none", NULL, &v));
    assert_null(v);
    assert_string_equal("none: it was told to", clile_last_error());
    assert_int_equal(CLILE_OK, clile_video_open("broken", NULL, &v));
    assert_int_equal(CLILE_OK, clile_video_next(v, &frame, &more));
    assert_int_equal(CLILE_E_IO, clile_video_next(v, &frame, &more));
    assert_string_equal("broken: it broke", clile_last_error());
    assert_int_equal(1, more); /* as it was */
    frame.struct_size = 8;
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_video_next(v, &frame, &more));
    clile_video_destroy(v);
}

static void modules_of_another_release_are_refused(void **state)
{
    (void)state;
    clile_i_video_module table = {.struct_size = sizeof table, .interface = 99};
    assert_int_equal(CLILE_E_UNSUPPORTED, clile_i_video_check(&table, "here.so"));
    assert_non_null(strstr(clile_last_error(), "here.so: belongs to another release"));
    table.interface = CLILE_I_VIDEO_INTERFACE;
    assert_int_equal(CLILE_E_UNSUPPORTED, clile_i_video_check(&table, "here.so"));
    assert_int_equal(CLILE_E_UNSUPPORTED, clile_i_video_check(NULL, "here.so"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_have_index_time_and_pixels),
        cmocka_unit_test(a_camera_is_told_from_a_file),
        cmocka_unit_test(failures_name_the_video),
        cmocka_unit_test(modules_of_another_release_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
