#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base.h"
#include "base/scratch_place.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void files_are_read_whole(void **state)
{
    (void)state;
    clile_i_file file;
    assert_int_equal(CLILE_OK, clile_i_file_open(scratch_write(&place, "a", "hello", 5), &file));
    assert_int_equal(5, file.size);
    assert_memory_equal("hello", file.data, 5);
    clile_i_file_close(&file);
    clile_i_file_close(&file); /* closed already: no effect */
    assert_int_equal(CLILE_OK, clile_i_file_open(scratch_write(&place, "empty", "", 0), &file));
    assert_int_equal(0, file.size);
    assert_non_null(file.data);
    clile_i_file_close(&file);
}

static void pipes_are_read_too(void **state)
{
    (void)state;
    enum { SIZE = 60000 }; /* fits in the pipe */
    int ends[2];
    uint8_t sent[SIZE];
    for (int i = 0; i < SIZE; ++i) sent[i] = (uint8_t)(i * 7);
    assert_int_equal(0, pipe(ends));
    assert_int_equal(SIZE, write(ends[1], sent, SIZE));
    close(ends[1]);
    char path[32];
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    clile_i_file file;
    assert_int_equal(CLILE_OK, clile_i_file_open(path, &file));
    assert_int_equal(SIZE, file.size);
    assert_memory_equal(sent, file.data, SIZE);
    clile_i_file_close(&file);
    close(ends[0]);
}

static void unreadable_paths_say_why(void **state)
{
    (void)state;
    clile_i_file file;
    clile_i_names names;
    assert_int_equal(CLILE_E_IO, clile_i_file_open("no/such/file", &file));
    assert_string_equal("no/such/file: cannot be opened: No such file or directory",
                        clile_last_error());
    assert_int_equal(CLILE_E_IO, clile_i_file_open(place.folder, &file));
    assert_error_has("is a folder");
    clile_i_file_close(&file);
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_i_file_open(NULL, &file));
    assert_int_equal(CLILE_E_IO, clile_i_folder_list("no/such/folder", &names));
    assert_error_has("no/such/folder: folder cannot be opened: No such file");
    assert_int_equal(CLILE_E_IO,
                     clile_i_folder_list(scratch_write(&place, "plain", "x", 1), &names));
    assert_error_has("Not a directory");
    clile_i_names_free(&names);
}

static void folders_are_listed_in_byte_order(void **state)
{
    (void)state;
    static const char *const sorted[] = {"A", "B10", "B9", "a", "\xC3\xA9"};
    static const int made[] = {4, 2, 0, 3, 1};
    for (int i = 0; i < 5; ++i) scratch_write(&place, sorted[made[i]], "", 0);
    clile_i_names names;
    assert_int_equal(CLILE_OK, clile_i_folder_list(place.folder, &names));
    assert_int_equal(5, names.count);
    for (int i = 0; i < 5; ++i) assert_string_equal(sorted[i], names.names[i]);
    clile_i_names_free(&names);
    assert_int_equal(0, names.count);
    for (int k = 1; k < 20; ++k) { /* out of memory at every allocation */
        clile_i_alloc_fail_at(k);
        const clile_status status = clile_i_folder_list(place.folder, &names);
        clile_i_alloc_fail_at(0);
        if (status == CLILE_OK) {
            assert_int_equal(7, k); /* the array and five names */
            clile_i_names_free(&names);
            return;
        }
        assert_int_equal(CLILE_E_OUT_OF_MEMORY, status);
        assert_int_equal(0, names.count);
    }
    fail();
}

static void paths(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"}, {"/", "b", "/b"}};
    for (int i = 0; i < 4; ++i) {
        char *path = clile_i_path_join(cases[i][0], cases[i][1]);
        assert_string_equal(cases[i][2], path);
        clile_i_free(path);
    }
    assert_true(clile_i_path_exists(place.folder));
    assert_true(clile_i_path_is_folder(place.folder));
    const char *file = scratch_write(&place, "f", "", 0);
    assert_true(clile_i_path_exists(file));
    assert_false(clile_i_path_is_folder(file));
    assert_false(clile_i_path_exists("no/such"));
    assert_false(clile_i_path_is_folder("no/such"));
}

static void check_content(const char *path, const void *data, size_t size)
{
    clile_i_file file;
    assert_int_equal(CLILE_OK, clile_i_file_open(path, &file));
    assert_int_equal(size, file.size);
    assert_memory_equal(data, file.data, size);
    clile_i_file_close(&file);
}

static void commit_replaces_at_once(void **state)
{
    (void)state;
    enum { SIZE = 300000 };
    uint8_t *data = clile_i_calloc(SIZE, 1);
    assert_non_null(data);
    for (int i = 0; i < SIZE; ++i) data[i] = (uint8_t)(i * 31 >> 3);
    const char *path = scratch_write(&place, "out", "old", 3);
    assert_int_equal(0, chmod(path, 0640));
    clile_i_writer *writer = NULL;
    assert_int_equal(CLILE_OK, clile_i_writer_open(path, &writer));
    /* small pieces, one larger than the buffer, one that fills it to the byte, none */
    static const size_t pieces[] = {1, 100, 65435, 65536, 0, 100000, 65535, 3393};
    size_t done = 0;
    for (int i = 0; i < 8; ++i) {
        assert_int_equal(CLILE_OK, clile_i_writer_put(writer, data + done, pieces[i]));
        done += pieces[i];
    }
    assert_int_equal(SIZE, done);
    check_content(path, "old", 3);
    assert_int_equal(2, scratch_count(&place));
    assert_int_equal(CLILE_OK, clile_i_writer_commit(&writer));
    assert_null(writer);
    check_content(path, data, SIZE);
    assert_int_equal(1, scratch_count(&place));
    struct stat info;
    assert_int_equal(0, stat(path, &info));
    assert_int_equal(0640, info.st_mode & 0777);
    clile_i_free(data);
}

static void abort_leaves_nothing(void **state)
{
    (void)state;
    clile_i_writer *writer = NULL;
    clile_i_writer_abort(&writer);
    clile_i_writer_abort(NULL);
    assert_int_equal(CLILE_OK, clile_i_writer_open(scratch_path(&place, "new"), &writer));
    assert_int_equal(CLILE_OK, clile_i_writer_put(writer, "abc", 3));
    assert_int_equal(1, scratch_count(&place));
    clile_i_writer_abort(&writer);
    assert_null(writer);
    assert_int_equal(0, scratch_count(&place));
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_i_writer_commit(&writer));
}

static void symbolic_link_stays(void **state)
{
    (void)state;
    char target[128];
    strcpy(target, scratch_write(&place, "target", "old", 3));
    assert_int_equal(0, symlink("target", scratch_path(&place, "link")));
    clile_i_writer *writer = NULL;
    assert_int_equal(CLILE_OK, clile_i_writer_open(place.path, &writer));
    assert_int_equal(CLILE_OK, clile_i_writer_put(writer, "new!", 4));
    assert_int_equal(CLILE_OK, clile_i_writer_commit(&writer));
    check_content(target, "new!", 4);
    struct stat info;
    assert_int_equal(0, lstat(place.path, &info));
    assert_true(S_ISLNK(info.st_mode));
}

static void unwritable_paths_say_why(void **state)
{
    (void)state;
    clile_i_writer *writer = NULL;
    assert_int_equal(CLILE_E_IO, clile_i_writer_open(place.folder, &writer));
    assert_error_has("cannot be written: it is a folder");
    assert_int_equal(CLILE_E_IO, clile_i_writer_open(scratch_path(&place, "no/file"), &writer));
    assert_error_has("no/file: cannot be written: No such file or directory");
    assert_int_equal(CLILE_E_IO, clile_i_writer_open("/dev/null", &writer));
    assert_error_has("/dev/null: cannot be written: it is not a regular file");
    assert_int_equal(CLILE_E_IO, clile_i_writer_open("", &writer));
    assert_error_has("empty");
    assert_int_equal(CLILE_E_INVALID_ARGUMENT, clile_i_writer_open(NULL, &writer));
    char name[300];
    memset(name, 'n', 299);
    name[299] = '\0';
    assert_int_equal(CLILE_E_IO, clile_i_writer_open(scratch_path(&place, name), &writer));
    assert_error_has("File name too long");
    assert_null(writer);
    assert_int_equal(0, scratch_count(&place));
}

/* A limit on the size of files plays a full disk. */
static void full_disk_keeps_the_old_file(void **state)
{
    (void)state;
    struct rlimit before, limit;
    assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &before));
    limit = before;
    limit.rlim_cur = 100000;
    const char *path = scratch_write(&place, "kept", "old", 3);
    uint8_t *data = clile_i_calloc(200000, 1);
    assert_non_null(data);
    clile_i_writer *writer = NULL;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(CLILE_OK, clile_i_writer_open(path, &writer));
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &limit));
    const clile_status put = clile_i_writer_put(writer, data, 200000);
    char text[256];
    snprintf(text, sizeof text, "%s", clile_last_error());
    const clile_status again = clile_i_writer_put(writer, data, 1);
    const clile_status commit = clile_i_writer_commit(&writer);
    /* and one that is noticed only when the rest of the buffer is written */
    const clile_status reopened = clile_i_writer_open(path, &writer);
    const clile_status large = clile_i_writer_put(writer, data, 99000),
                       small = clile_i_writer_put(writer, data, 5000);
    const clile_status late = clile_i_writer_commit(&writer);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    assert_int_equal(CLILE_E_IO, put);
    assert_non_null(strstr(text, "kept: cannot be written: File too large"));
    assert_int_equal(CLILE_E_STATE, again);
    assert_int_equal(CLILE_E_STATE, commit);
    assert_int_equal(CLILE_OK, reopened);
    assert_int_equal(CLILE_OK, large);
    assert_int_equal(CLILE_OK, small);
    assert_int_equal(CLILE_E_IO, late);
    assert_null(writer);
    check_content(path, "old", 3);
    assert_int_equal(1, scratch_count(&place));
    clile_i_free(data);
}

static void writer_survives_lack_of_memory(void **state)
{
    (void)state;
    for (int k = 1; k < 20; ++k) {
        clile_i_writer *writer = NULL;
        clile_i_alloc_fail_at(k);
        const clile_status status = clile_i_writer_open(scratch_path(&place, "new"), &writer);
        clile_i_alloc_fail_at(0);
        if (status == CLILE_OK) {
            assert_int_equal(4, k); /* the writer, the target's name, the temporary's name */
            clile_i_writer_abort(&writer);
            return;
        }
        assert_int_equal(CLILE_E_OUT_OF_MEMORY, status);
        assert_null(writer);
        assert_int_equal(0, scratch_count(&place));
    }
    fail();
}

static void crc_is_that_of_zlib(void **state)
{
    (void)state;
    /* the check value of CRC-32/ISO-HDLC */
    assert_int_equal(0xCBF43926, clile_i_crc32(0, "123456789", 9));
    assert_int_equal(0xCBF43926, clile_i_crc32(clile_i_crc32(0, "1234", 4), "56789", 5));
    assert_int_equal(0, clile_i_crc32(0, "", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_are_read_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pipes_are_read_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unreadable_paths_say_why, set_up, tear_down),
        cmocka_unit_test_setup_teardown(folders_are_listed_in_byte_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(paths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(commit_replaces_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(abort_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(symbolic_link_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unwritable_paths_say_why, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_disk_keeps_the_old_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(writer_survives_lack_of_memory, set_up, tear_down),
        cmocka_unit_test(crc_is_that_of_zlib),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
