/* Which files of a folder are images, and in which order they are listed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "image/image.h"

#include <clile/image.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];

static const char *below(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static void put(const char *name)
{
    FILE *file = fopen(below(name), "wb");
    assert_non_null(file);
    fclose(file);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(root, "/tmp/clile_test_walk_XXXXXX");
    return mkdtemp(root) == NULL;
}

static void remove_below(const char *folder)
{
    clile_i_names names;
    if (clile_i_folder_list(folder, &names) != CLILE_OK) return;
    for (int64_t i = 0; i < names.count; ++i) {
        char *path = clile_i_path_join(folder, names.names[i]);
        if (unlink(path) != 0) remove_below(path);
        clile_i_free(path);
    }
    clile_i_names_free(&names);
    rmdir(folder);
}

static int tear_down(void **state)
{
    (void)state;
    remove_below(root);
    return 0;
}

typedef struct {
    char text[1024]; /* names below the root, each followed by a blank */
    int stop_at, count;
} found;

static int32_t note(const char *path, void *user)
{
    found *f = user;
    assert_memory_equal(path, root, strlen(root));
    strcat(f->text, path + strlen(root) + 1);
    strcat(f->text, " ");
    return ++f->count == f->stop_at ? 3 : 0;
}

static void numbers_in_names_compare_as_numbers(void **state)
{
    static const char *const names[] = {"frame_10.jpg",  "frame_2.jpg",  "frame_1.jpg",
                                        "frame_011.jpg", "frame_11.jpg", "b9.png",
                                        "b10.png",       "B.PNG",        "a.bmp"};
    found f = {.count = 0};
    (void)state;
    for (size_t k = 0; k < sizeof names / sizeof *names; ++k) put(names[k]);
    assert_int_equal(mkdir(below("c10"), 0700), 0);
    assert_int_equal(mkdir(below("c9"), 0700), 0);
    put("c10/1.jpg");
    put("c9/1.jpg");
    assert_int_equal(clile_image_walk(root, note, &f), CLILE_OK);
    assert_string_equal(
        f.text,
        "B.PNG a.bmp b9.png b10.png c9/1.jpg c10/1.jpg frame_1.jpg frame_2.jpg frame_10.jpg "
        "frame_011.jpg frame_11.jpg ");
}

static void endings_tell_images(void **state)
{
    static const struct {
        const char *name;
        clile_i_image_kind kind;
    } cases[] = {
        {"a.jpg", CLILE_I_IMAGE_READ},   {"a.JPEG", CLILE_I_IMAGE_READ},
        {"a.jpe", CLILE_I_IMAGE_READ},   {"a.jif", CLILE_I_IMAGE_READ},
        {"a.JFIF", CLILE_I_IMAGE_READ},  {"a.Png", CLILE_I_IMAGE_READ},
        {"x/a.bmp", CLILE_I_IMAGE_READ}, {"a.webp", CLILE_I_IMAGE_READ},
        {"a.TIF", CLILE_I_IMAGE_OTHER},  {"a.tiff", CLILE_I_IMAGE_OTHER},
        {"a.gif", CLILE_I_IMAGE_OTHER},  {"a.heic", CLILE_I_IMAGE_READ},
        {"a.avif", CLILE_I_IMAGE_READ},  {"a.dng", CLILE_I_IMAGE_OTHER},
        {"a.txt", CLILE_I_IMAGE_NONE},   {"a.jpg2", CLILE_I_IMAGE_NONE},
        {"a.jp", CLILE_I_IMAGE_NONE},    {"jpg", CLILE_I_IMAGE_NONE},
        {"a.", CLILE_I_IMAGE_NONE},      {".jpg", CLILE_I_IMAGE_NONE},
        {"x.jpg/a", CLILE_I_IMAGE_NONE}, {".a.png", CLILE_I_IMAGE_NONE},
        {"", CLILE_I_IMAGE_NONE},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k)
        if (clile_i_image_kind_of_name(cases[k].name) != cases[k].kind)
            fail_msg("%s", cases[k].name);
}

static void other_files_are_left_alone(void **state)
{
    found f = {.count = 0};
    (void)state;
    put("a.webp");
    put("b.jfif");
    put("notes.txt");
    put(".hidden.png");
    assert_int_equal(mkdir(below(".thumbnails"), 0700), 0);
    put(".thumbnails/a.png");
    assert_int_equal(mkdir(below("d.png"), 0700), 0);  /* a folder, whatever its name */
    assert_int_equal(mkfifo(below("e.png"), 0600), 0); /* reading it would block */
    assert_int_equal(symlink("nothing.png", below("f.png")), 0);
    assert_int_equal(clile_image_walk(root, note, &f), CLILE_OK);
    assert_string_equal(f.text, "a.webp b.jfif f.png ");
}

static void a_folder_is_visited_once(void **state)
{
    found f = {.count = 0};
    (void)state;
    put("x.png");
    assert_int_equal(symlink(".", below("again")), 0);
    assert_int_equal(mkdir(below("m"), 0700), 0);
    put("m/y.png");
    assert_int_equal(symlink("..", below("m/up")), 0);
    assert_int_equal(symlink("m", below("a")), 0);         /* first by name */
    assert_int_equal(symlink("x.png", below("z.png")), 0); /* a file of its own name */
    assert_int_equal(clile_image_walk(root, note, &f), CLILE_OK);
    assert_string_equal(f.text, "a/y.png x.png z.png ");
}

static void many_folders(void **state)
{
    found f = {.count = 0};
    char name[32];
    (void)state;
    for (int k = 0; k < 60; ++k) {
        snprintf(name, sizeof name, "d%d", k);
        assert_int_equal(mkdir(below(name), 0700), 0);
        snprintf(name, sizeof name, "d%d/%d.png", k, k);
        put(name);
        snprintf(name, sizeof name, "e%d", k);
        char target[16];
        snprintf(target, sizeof target, "d%d", k);
        assert_int_equal(symlink(target, below(name)), 0);
    }
    assert_int_equal(clile_image_walk(root, note, &f), CLILE_OK);
    assert_int_equal(f.count, 60);
}

static void failures_are_told(void **state)
{
    found f = {.stop_at = 2};
    (void)state;
    put("1.png");
    put("2.png");
    put("3.png");
    assert_int_equal(clile_image_walk(root, note, &f), CLILE_E_CANCELLED);
    assert_string_equal(f.text, "1.png 2.png ");
    assert_non_null(strstr(clile_last_error(), "2.png"));
    assert_int_equal(clile_image_walk(below("absent"), note, &f), CLILE_E_IO);
    assert_non_null(strstr(clile_last_error(), "absent"));
    assert_int_equal(clile_image_walk(below("1.png"), note, &f), CLILE_E_IO);
    assert_int_equal(clile_image_walk(NULL, note, &f), CLILE_E_INVALID_ARGUMENT);
    assert_int_equal(clile_image_walk(root, NULL, &f), CLILE_E_INVALID_ARGUMENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(numbers_in_names_compare_as_numbers),
        TEST(endings_tell_images),
        TEST(other_files_are_left_alone),
        TEST(a_folder_is_visited_once),
        TEST(many_folders),
        TEST(failures_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
