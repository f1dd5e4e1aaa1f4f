/* WebP and HEIF where their modules are not installed: nothing is in the folder of this program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "image/image.h"

#include <string.h>

static void the_message_says_what_to_install(void **state)
{
    static const struct {
        const char *name, *is, *missing, *package;
    } cases[] = {
        {"lossless.webp", "lossless.webp (WebP): codec \"webp\" is not installed",
         "no codec_webp.so in ", "Debian: clile-webp; from source: libwebp-dev"},
        {"lossless.heic", "lossless.heic (HEIC): codec \"heif\" is not installed",
         "no codec_heif.so in ", "Debian: clile-heif; from source: libheif-dev"},
        {"lossless.avif", "lossless.avif (AVIF): codec \"heif\" is not installed",
         "no codec_heif.so in ", "Debian: clile-heif; from source: libheif-dev"},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
        char path[1024];
        clile_i_image image;
        int32_t h, w;
        snprintf(path, sizeof path, "%s/image/%s", CLILE_TEST_DATA, cases[k].name);
        assert_int_equal(CLILE_E_UNSUPPORTED, clile_i_image_read(path, 1000, &image));
        assert_null(image.owned);
        if (strstr(clile_last_error(), cases[k].is) == NULL ||
            strstr(clile_last_error(), cases[k].missing) == NULL ||
            strstr(clile_last_error(), cases[k].package) == NULL ||
            strstr(clile_last_error(), "or convert the picture to JPEG or PNG") == NULL)
            fail_msg("%s", clile_last_error());
        assert_int_equal(CLILE_E_UNSUPPORTED, clile_i_image_size(path, 1000, &h, &w));
    }
}

/* A truncated file is told whether or not its module is there. */
static void a_truncated_file_is_told_first(void **state)
{
    static const uint8_t webp[] = "RIFF\x40\0\0\0WEBPVP8L", heic[] = "\0\0\0\x40"
                                                                     "ftypheic";
    clile_i_image image;
    (void)state;
    assert_int_equal(CLILE_E_CORRUPT, clile_i_image_decode("a", webp, 16, 1000, &image));
    assert_string_equal("image a: the WebP file is damaged: it ends before its last chunk",
                        clile_last_error());
    assert_int_equal(CLILE_E_CORRUPT, clile_i_image_decode("a", heic, 12, 1000, &image));
    assert_string_equal("image a: the HEIC file is damaged: it ends inside a box",
                        clile_last_error());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_message_says_what_to_install),
        cmocka_unit_test(a_truncated_file_is_told_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
