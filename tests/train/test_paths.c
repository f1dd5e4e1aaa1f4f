/* Every public function that reads or writes a file, with every kind of invalid path. It returns
 * a status that the header lists and a text that names the path. It prints nothing, does not
 * hang, leaves no file behind, and keeps an older file unchanged. */
#define _DEFAULT_SOURCE /* mkfifo, symlink, setrlimit */
#include "emulator.h"
#include "train/toy.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HANG = 60, LONG = 5000, NAME_LONGEST = 255 }; /* seconds; bytes */

static clile_dataset *data;
static clile_model *model;
static clile_trainer *trainer; /* that has begun */
static char folder[32];

/* Marks the model trained. */
static void decide(void)
{
    const float slope[TOY_C] = {1, 1, 1}, offset[TOY_C] = {0};
    assert_int_equal(clile_model_set_decision(model, NULL, slope, offset), CLILE_OK);
}

static int make_all(void **state)
{
    (void)state;
    clile_options *options = toy_options("method=bce");
    data = toy_dataset();
    model = toy_model(options);
    clile_model *own = toy_model(options);
    assert_int_equal(clile_trainer_create(own, data, options, &trainer), CLILE_OK);
    clile_model_destroy(own);
    decide();
    clile_options_destroy(options);
    strcpy(folder, "clile-paths-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    signal(SIGXFSZ, SIG_IGN);
    return 0;
}

static int remove_all(void **state)
{
    (void)state;
    clile_i_names names;
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
    clile_dataset_destroy(data);
    assert_int_equal(clile_i_folder_list(".", &names), CLILE_OK);
    for (int64_t i = 0; i < names.count; ++i)
        if (unlink(names.names[i]) != 0) rmdir(names.names[i]);
    clile_i_names_free(&names);
    assert_int_equal(chdir(".."), 0);
    return rmdir(folder);
}

/* ---- readers ---- */

static clile_status open_dataset(const char *path)
{
    clile_dataset *out = (clile_dataset *)(uintptr_t)1;
    const clile_status status = clile_dataset_open(path, NULL, &out);
    if (status != CLILE_OK) assert_null(out);
    return status;
}

static clile_status read_protocol(const char *path)
{
    char protocol[LONG + 100];
    int32_t folds = -1;
    snprintf(protocol, sizeof protocol, "file:%s", path);
    const clile_status status = clile_dataset_fold_count(data, protocol, &folds);
    assert_int_equal(clile_dataset_fold(data, protocol, 1, NULL, NULL), status);
    return status;
}

static clile_status read_image(const char *path)
{
    int32_t h = -7, w = -7;
    uint8_t *rgb = NULL;
    const clile_status status = clile_image_read(path, NULL, &h, &w, &rgb);
    if (status != CLILE_OK) assert_true(rgb == NULL && h == -7 && w == -7);
    clile_free(rgb);
    return status;
}

static clile_status load_model(const char *path)
{
    clile_model *out = (clile_model *)(uintptr_t)1;
    const clile_status status = clile_model_load(path, &out);
    if (status != CLILE_OK)
        assert_null(out);
    else
        clile_model_destroy(out);
    return status;
}

static clile_status import_backbone(const char *path)
{
    return clile_model_import_backbone(model, path);
}

static clile_status resume(const char *path)
{
    return clile_trainer_resume(trainer, path);
}

static clile_status inspect(const char *path)
{
    return clile_file_inspect(path, NULL, NULL, NULL, NULL);
}

typedef struct {
    const char *name;
    clile_status (*call)(const char *path);
} access_to_file;

static const access_to_file readers[] = {
    {"clile_dataset_open", open_dataset},
    {"clile_dataset_fold", read_protocol},
    {"clile_image_read", read_image},
    {"clile_model_load", load_model},
    {"clile_model_import_backbone", import_backbone},
    {"clile_trainer_resume", resume},
    {"clile_file_inspect", inspect},
};
enum { READERS = sizeof readers / sizeof *readers };

static void write_bytes(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* `statuses` holds what is possible: I for IO, F for FORMAT, C for CORRUPT. */
static void cannot_be_read(const access_to_file *reader, const char *path, const char *statuses)
{
    char start[41];
    snprintf(start, sizeof start, "%.40s", path[0] != '\0' ? path : "empty");
    alarm(patience(HANG)); /* ends the test */
    const clile_status status = reader->call(path);
    alarm(0);
    const char letter = status == CLILE_E_IO        ? 'I'
                        : status == CLILE_E_FORMAT  ? 'F'
                        : status == CLILE_E_CORRUPT ? 'C'
                                                    : '-';
    if (strchr(statuses, letter) == NULL || strstr(clile_last_error(), start) == NULL)
        fail_msg("%s of \"%.60s\": %s, \"%s\"", reader->name, path, clile_status_name(status),
                 clile_last_error());
}

static void paths_that_cannot_be_read(void **state)
{
    static char long_name[LONG + 1], long_path[LONG + 1];
    (void)state;
    memset(long_name, 'n', LONG);
    for (int i = 0; i < LONG; ++i) long_path[i] = i % 100 == 99 ? '/' : 'p';
    write_bytes("empty", "", 0);
    write_bytes("blank", " \n", 2);
    write_bytes("bytes", "\xff\xfe\x00\x01\x80garbage\n\n\n\n\n\n\n\n\n", 20);
    assert_int_equal(symlink("loop", "loop"), 0);
    assert_int_equal(symlink("missing", "dangling"), 0);
    assert_int_equal(mkdir("folder", 0777), 0);
    const struct {
        const char *path, *statuses;
    } cases[] = {{"", "I"},           {"missing", "I"},    {"missing/file", "I"}, {"empty/", "I"},
                 {"empty/file", "I"}, {"loop", "I"},       {"dangling", "I"},     {long_name, "I"},
                 {long_path, "I"},    {"caf\xe9", "I"},    {"two\nlines", "I"},   {"folder", "IF"},
                 {"folder/", "IF"},   {".", "IF"},         {"empty", "FC"},       {"blank", "FC"},
                 {"bytes", "FC"},     {"/dev/null", "IFC"}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k)
        for (int r = 0; r < READERS; ++r)
            cannot_be_read(&readers[r], cases[k].path, cases[k].statuses);
    if (geteuid() == 0) {
        print_message("root may read everything: files without read permission are not tried\n");
        return;
    }
    assert_int_equal(chmod("blank", 0), 0);
    for (int r = 0; r < READERS; ++r) cannot_be_read(&readers[r], "blank", "I");
}

static const char pipe_path[] = "pipe";

/* Writes a file, or nothing when `source` is NULL, into the pipe. */
static void *write_into_pipe(void *source)
{
    clile_i_file file = {0};
    const int pipe = open(pipe_path, O_WRONLY);
    if (source != NULL && clile_i_file_open(source, &file) == CLILE_OK)
        for (size_t done = 0; done < file.size;) {
            const ssize_t more = write(pipe, file.data + done, file.size - done);
            if (more < 0) break;
            done += (size_t)more;
        }
    clile_i_file_close(&file);
    if (pipe >= 0) close(pipe);
    return NULL;
}

/* Opening a named pipe waits for a writer, as always; its content is read to the end, once. */
static void pipes_are_read_once_to_their_end(void **state)
{
    static char saved[] = "saved";
    pthread_t writer;
    (void)state;
    assert_int_equal(mkfifo(pipe_path, 0666), 0);
    assert_int_equal(open_dataset(pipe_path), CLILE_E_IO); /* it is not waited for */
    assert_non_null(strstr(clile_last_error(), "pipe: neither a folder nor a regular file"));
    for (int r = 0; r < READERS; ++r) {
        /* two calls each; above */
        if (readers[r].call == read_protocol || readers[r].call == open_dataset) continue;
        assert_int_equal(pthread_create(&writer, NULL, write_into_pipe, NULL), 0);
        cannot_be_read(&readers[r], pipe_path, "IFC");
        pthread_join(writer, NULL);
    }
    assert_int_equal(clile_model_save(model, saved), CLILE_OK);
    clile_status (*const whole[])(const char *path) = {load_model, inspect, import_backbone};
    for (size_t k = 0; k < sizeof whole / sizeof *whole; ++k) {
        assert_int_equal(pthread_create(&writer, NULL, write_into_pipe, saved), 0);
        alarm(patience(HANG));
        if (whole[k](pipe_path) != CLILE_OK) fail_msg("%s", clile_last_error());
        alarm(0);
        pthread_join(writer, NULL);
    }
    decide();
}

/* ---- writers ---- */

static clile_status save_model(const char *path)
{
    return clile_model_save(model, path);
}

static clile_status export_onnx(const char *path)
{
    return clile_model_export_onnx(model, path);
}

static clile_status save_trainer(const char *path)
{
    return clile_trainer_save(trainer, path);
}

static clile_status write_png(const char *path)
{
    static uint8_t rgb[200 * 200 * 3];
    clile_i_rng rng = clile_i_rng_make(1, 1); /* zlib cannot make it small */
    for (size_t i = 0; i < sizeof rgb; ++i) rgb[i] = (uint8_t)clile_i_rng_below(&rng, 256);
    return clile_image_write_png(path, 200, 200, rgb);
}

static clile_status pack(const char *path)
{
    clile_options *options = toy_options("");
    const clile_status status = clile_dataset_pack(data, path, options, NULL, NULL);
    clile_options_destroy(options);
    return status;
}

static const access_to_file writers[] = {
    {"clile_model_save", save_model},     {"clile_model_export_onnx", export_onnx},
    {"clile_trainer_save", save_trainer}, {"clile_image_write_png", write_png},
    {"clile_dataset_pack", pack},
};
enum { WRITERS = sizeof writers / sizeof *writers };

static int64_t files_here(void)
{
    clile_i_names names;
    assert_int_equal(clile_i_folder_list(".", &names), CLILE_OK);
    const int64_t count = names.count;
    clile_i_names_free(&names);
    return count;
}

static void cannot_be_written(const access_to_file *writer, const char *path)
{
    char start[41];
    const int64_t before = files_here();
    snprintf(start, sizeof start, "%.40s", path[0] != '\0' ? path : "empty");
    const clile_status status = writer->call(path);
    if (status != CLILE_E_IO || strstr(clile_last_error(), start) == NULL)
        fail_msg("%s to \"%.60s\": %s, \"%s\"", writer->name, path, clile_status_name(status),
                 clile_last_error());
    if (files_here() != before) fail_msg("%s to \"%.60s\" left a file", writer->name, path);
}

static void paths_that_cannot_be_written(void **state)
{
    static char long_name[LONG + 1], too_long[NAME_LONGEST + 2];
    (void)state;
    memset(long_name, 'n', LONG);
    memset(too_long, 'n', NAME_LONGEST + 1);
    write_bytes("file", "old", 3);
    if (!clile_i_path_exists("folder")) assert_int_equal(mkdir("folder", 0777), 0);
    unlink("loop");
    assert_int_equal(symlink("loop", "loop"), 0);
    const char *const paths[] = {"",         "folder",    "folder/",   ".",      "missing/file",
                                 "missing/", "file/",     "file/file", "loop/x", long_name,
                                 too_long,   "/dev/null", "/dev/full"};
    for (size_t k = 0; k < sizeof paths / sizeof *paths; ++k)
        for (int w = 0; w < WRITERS; ++w) cannot_be_written(&writers[w], paths[k]);
    if (geteuid() == 0) {
        print_message(
            "root may write everywhere: folders without write permission are not tried\n");
        return;
    }
    assert_int_equal(mkdir("closed", 0555), 0);
    for (int w = 0; w < WRITERS; ++w) cannot_be_written(&writers[w], "closed/file");
}

/* The disk is full after some KiB: the older file stays, and nothing else. */
static void a_full_disk_leaves_the_older_file(void **state)
{
    struct rlimit old, small;
    char bytes[8] = "";
    (void)state;
    write_bytes("file", "old", 3);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 4096;
    for (int w = 0; w < WRITERS; ++w) {
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        const int64_t before = files_here();
        const clile_status status = writers[w].call("file");
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
        if (status != CLILE_E_IO || strstr(clile_last_error(), "file: ") == NULL)
            fail_msg("%s: %s, \"%s\"", writers[w].name, clile_status_name(status),
                     clile_last_error());
        assert_int_equal(files_here(), before);
        FILE *file = fopen("file", "rb");
        assert_non_null(file);
        assert_int_equal(fread(bytes, 1, sizeof bytes, file), 3);
        fclose(file);
        assert_memory_equal(bytes, "old", 3);
    }
}

/* Any name that the system accepts is accepted: any bytes, up to the longest name there may be. */
static void names_of_any_bytes_and_of_the_longest(void **state)
{
    static char longest[NAME_LONGEST + 1];
    (void)state;
    memset(longest, 'n', NAME_LONGEST);
    static char umlauts[NAME_LONGEST + 1];
    for (int i = 0; i + 2 <= NAME_LONGEST; i += 2) memcpy(umlauts + i, "\xc3\xa4", 2);
    const char *const paths[] = {"two\nlines", "caf\xe9", " ",     "-",    "%s%n",
                                 "a\\b",       "\"",      longest, umlauts};
    static const struct {
        clile_status (*write)(const char *path), (*read)(const char *path);
    } pairs[] = {{save_model, load_model},
                 {save_trainer, inspect},
                 {write_png, read_image},
                 {export_onnx, NULL},
                 {pack, inspect}};
    for (size_t k = 0; k < sizeof paths / sizeof *paths; ++k)
        for (size_t p = 0; p < sizeof pairs / sizeof *pairs; ++p) {
            const int64_t before = files_here();
            if (pairs[p].write(paths[k]) != CLILE_OK) fail_msg("%s", clile_last_error());
            assert_int_equal(files_here(), before + 1);
            if (pairs[p].read != NULL && pairs[p].read(paths[k]) != CLILE_OK)
                fail_msg("%s", clile_last_error());
            assert_int_equal(unlink(paths[k]), 0);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_that_cannot_be_read),
        cmocka_unit_test(pipes_are_read_once_to_their_end),
        cmocka_unit_test(paths_that_cannot_be_written),
        cmocka_unit_test(a_full_disk_leaves_the_older_file),
        cmocka_unit_test(names_of_any_bytes_and_of_the_longest),
    };
    return cmocka_run_group_tests(tests, make_all, remove_all);
}
