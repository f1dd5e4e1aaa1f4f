/* The history of a run: what a line holds, that a run resumed anywhere ends with the same lines as
 * an uninterrupted one, and what is refused. */
#include "train/bench.h"

#include "train/history.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char events_whole[] = "history_events_whole", events_part[] = "history_events_part",
                  events_file[] = "/events.out.tfevents.clile";
static const char whole[] = "history_whole.jsonl", part[] = "history_part.jsonl",
                  checkpoint[] = "history_c.safetensors",
                  settings[] = "elimination=orthogonal validation=0.25 validation_every=2 batch=8";
enum { LINE_MOST = 1200, LINES_MOST = 16 };

typedef struct {
    char text[LINES_MOST][LINE_MOST];
    int count;
} lines;

/* Every line complete; with_times 0: cut before the times. */
static lines read_lines(const char *path, int with_times)
{
    static lines all;
    clile_i_file file;
    memset(&all, 0, sizeof all);
    require(clile_i_file_open(path, &file));
    const char *at = (const char *)file.data, *const end = at + file.size;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        assert_non_null(stop);
        assert_true(all.count < LINES_MOST && stop - at < LINE_MOST);
        char *line = all.text[all.count++];
        memcpy(line, at, (size_t)(stop - at));
        assert_int_equal(line[strlen(line) - 1], '}');
        char *times = strstr(line, ",\"images_per_second\":");
        assert_non_null(times);
        if (!with_times) *times = '\0';
        at = stop + 1;
    }
    clile_i_file_close(&file);
    return all;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void assert_text(const char *path, const char *text)
{
    clile_i_file file;
    require(clile_i_file_open(path, &file));
    assert_int_equal(file.size, strlen(text));
    assert_memory_equal(file.data, text, file.size);
    clile_i_file_close(&file);
}

static void run_rest(clile_trainer *trainer, clile_progress_fn fn, void *user)
{
    for (int32_t stage; (stage = clile_trainer_next_stage(trainer)) != 0;)
        require(clile_trainer_run(trainer, stage, fn, user));
}

/* ---- what a line holds ---- */

typedef struct {
    clile_progress end[LINES_MOST];
    int count;
    double sum, bce;
    int64_t steps;
} heard;

static int32_t hear(const clile_progress *p, void *user)
{
    heard *h = user;
    if ((p->step - 1) % (p->steps / p->epochs) == 0) {
        h->sum = h->bce = 0;
        h->steps = 0;
    }
    h->sum += p->loss;
    h->bce += p->loss_bce;
    ++h->steps;
    assert_true(p->mean_loss == h->sum / (double)h->steps);
    assert_true(p->mean_loss_bce == h->bce / (double)h->steps);
    assert_true(p->epoch_seconds > 0);
    assert_true(fabs(p->epoch_images_per_second * p->epoch_seconds - 8.0 * (double)h->steps) <
                1e-6);
    if (p->epoch_end) h->end[h->count++] = *p;
    return 0;
}

/* The number after "key": in a line; NaN for null. */
static double number(const char *line, const char *key)
{
    char quoted[64];
    double value;
    snprintf(quoted, sizeof quoted, ",\"%s\":", key);
    const char *at = strstr(line, quoted);
    if (at == NULL) fail_msg("no %s in %s", key, line);
    at += strlen(quoted);
    const char *end = at + strcspn(at, ",}");
    if (end - at == 4 && memcmp(at, "null", 4) == 0) return NAN;
    assert_true(clile_i_parse_f64(at, end, &value));
    return value;
}

static void check_number(const char *line, const char *key, double expected)
{
    const double found = number(line, key);
    if (isnan(expected) ? !isnan(found) : found != expected)
        fail_msg("%s is %.17g, expected %.17g in %s", key, found, expected, line);
}

static void test_lines_are_what_the_function_hears(void **state)
{
    (void)state;
    bench b = bench_make(settings);
    static heard h;
    memset(&h, 0, sizeof h);
    require(clile_trainer_set_history(b.trainer, whole));
    run_rest(b.trainer, hear, &h);
    const lines all = read_lines(whole, 1);
    assert_int_equal(all.count, 2 + 3);
    assert_int_equal(h.count, all.count);
    for (int i = 0; i < all.count; ++i) {
        const char *line = all.text[i];
        const clile_progress *p = &h.end[i];
        const int stage = i < 2 ? 1 : 2;
        assert_memory_equal(line, "{\"history\":1,\"run\":\"", 20);
        check_number(line, "stage", stage);
        check_number(line, "epoch", i < 2 ? i + 1 : i - 1);
        check_number(line, "epochs", i < 2 ? 2 : 3);
        check_number(line, "step", (double)p->step);
        check_number(line, "steps", (double)p->steps);
        check_number(line, "loss", p->mean_loss);
        check_number(line, "loss_bce", p->mean_loss_bce);
        check_number(line, "loss_contra", stage == 2 ? p->mean_loss_contra : NAN);
        check_number(line, "loss_elimination", stage == 2 ? p->mean_loss_elimination : NAN);
        check_number(line, "loss_points", NAN);
        check_number(line, "loss_values", NAN);
        check_number(line, "loss_method", NAN);
        check_number(line, "learning_rate", p->learning_rate);
        check_number(line, "validation_f1", p->validation_f1);
        check_number(line, "validation_auc", p->validation_auc);
        /* every second epoch of stage 2, and the last one */
        assert_int_equal(!isnan(p->validation_f1), i >= 3);
        check_number(line, "seconds", p->epoch_seconds);
        check_number(line, "images_per_second", p->epoch_images_per_second);
        assert_non_null(strstr(line, ",\"protocol\":\"none\",\"fold\":0,"));
        assert_true(number(line, "time") > 1e9);
        assert_memory_equal(line, all.text[0], 28); /* one run */
    }
    bench_free(&b);
}

/* With a history, validation needs no progress function. */
static void test_validated_without_a_function(void **state)
{
    (void)state;
    const lines expected = read_lines(whole, 0);
    bench b = bench_make(settings);
    require(clile_trainer_set_history(b.trainer, "history_none.jsonl"));
    require(clile_trainer_set_history(b.trainer, NULL));
    require(clile_trainer_set_history(b.trainer, part));
    run_rest(b.trainer, NULL, NULL);
    const lines found = read_lines(part, 0);
    assert_int_equal(found.count, expected.count);
    for (int i = 0; i < found.count; ++i) assert_string_equal(found.text[i], expected.text[i]);
    assert_int_equal(clile_i_path_exists("history_none.jsonl"), 0);
    bench_free(&b);
}

/* ---- resumed anywhere ---- */

typedef struct {
    int32_t stage;
    int64_t step;
} place;

static int32_t stop_there(const clile_progress *p, void *user)
{
    const place *at = user;
    return p->stage == at->stage && p->step == at->step;
}

static void stop_and_save(place at, int goes_on)
{
    bench b = bench_make(settings);
    require(clile_trainer_set_history(b.trainer, part));
    clile_status status = CLILE_OK;
    while (status == CLILE_OK)
        status = clile_trainer_run(b.trainer, clile_trainer_next_stage(b.trainer), stop_there, &at);
    assert_int_equal(status, CLILE_E_CANCELLED);
    require(clile_trainer_save(b.trainer, checkpoint));
    if (goes_on) run_rest(b.trainer, NULL, NULL); /* and is killed after some epochs */
    bench_free(&b);
}

static void resume_and_end(void)
{
    bench b = bench_make(settings);
    require(clile_trainer_set_history(b.trainer, part));
    require(clile_trainer_resume(b.trainer, checkpoint));
    run_rest(b.trainer, NULL, NULL);
    bench_free(&b);
}

static void assert_same_lines(place at)
{
    const lines expected = read_lines(whole, 0), found = read_lines(part, 0);
    if (found.count != expected.count)
        fail_msg("stopped at step %lld of stage %d: %d lines, expected %d", (long long)at.step,
                 (int)at.stage, found.count, expected.count);
    for (int i = 0; i < found.count; ++i)
        if (strcmp(found.text[i], expected.text[i]) != 0)
            fail_msg("stopped at step %lld of stage %d:\n%s\n%s", (long long)at.step, (int)at.stage,
                     found.text[i], expected.text[i]);
}

static void test_resumed_anywhere(void **state)
{
    (void)state;
    for (int32_t stage = 1; stage <= 2; ++stage)
        for (int64_t step = 1; step <= (stage == 1 ? 8 : 12); ++step)
            for (int goes_on = 0; goes_on < 2; ++goes_on) {
                const place at = {stage, step};
                stop_and_save(at, goes_on);
                resume_and_end();
                assert_same_lines(at);
            }
}

static void test_a_line_cut_short(void **state)
{
    (void)state;
    const place at = {2, 5};
    stop_and_save(at, 0);
    FILE *file = fopen(part, "ab");
    assert_non_null(file);
    fputs("{\"history\":1,\"run\":\"01", file);
    fclose(file);
    resume_and_end();
    assert_same_lines(at);
    stop_and_save(at, 0);
    unlink(part); /* lost: what is left to do is written */
    resume_and_end();
    const lines expected = read_lines(whole, 0), found = read_lines(part, 0);
    assert_int_equal(found.count, 2);
    for (int i = 0; i < 2; ++i) assert_string_equal(found.text[i], expected.text[3 + i]);
}

/* ---- refused ---- */

static void run_refused(const char *text, int resumes, clile_status expected, const char *message)
{
    write_text(part, text);
    bench b = bench_make(settings);
    require(clile_trainer_set_history(b.trainer, part));
    if (resumes) require(clile_trainer_resume(b.trainer, checkpoint));
    const int32_t stage = clile_trainer_next_stage(b.trainer);
    refused(clile_trainer_run(b.trainer, stage, NULL, NULL), expected, message);
    assert_text(part, text);
    require(clile_trainer_set_history(b.trainer, whole)); /* another name, and it goes */
    require(clile_trainer_set_history(b.trainer, NULL));
    require(clile_trainer_run(b.trainer, stage, NULL, NULL));
    refused(clile_trainer_set_history(b.trainer, part), CLILE_E_STATE, "has run already");
    bench_free(&b);
}

#define START "{\"history\":1,\"run\":\""

static void test_other_files(void **state)
{
    static const char *const others[] = {
        "diary\n",
        "no end",
        START,
        START "0123456789\"}\n",
        START "01234567\",\"stage\":1}\n",
        START "01234567\",\"stage\":0,\"epoch\":1,}\n",
        START "01234567\",\"stage\":1,\"epoch\":1,\n",
        "{\"history\":2,\"run\":\"01234567\",\"stage\":1,\"epoch\":1,}\n",
        "\n",
    };
    (void)state;
    stop_and_save((place){2, 5}, 0);
    for (size_t i = 0; i < sizeof others / sizeof *others; ++i) {
        if (strcmp(others[i], START) == 0) continue; /* a first line that was cut short */
        for (int resumes = 0; resumes < 2; ++resumes)
            run_refused(others[i], resumes, CLILE_E_FORMAT,
                        "history_part.jsonl: line 1 is not a line of a history");
    }
    run_refused(START "01234567\",\"stage\":1,\"epoch\":1,}\n", 1, CLILE_E_INVALID_ARGUMENT,
                "line 1 is of run 01234567, but the checkpoint is of run ");
    bench b = bench_make(settings);
    refused(clile_trainer_set_history(b.trainer, ""), CLILE_E_INVALID_ARGUMENT, "path is empty");
    require(clile_trainer_set_history(b.trainer, "nowhere/history.jsonl"));
    refused(clile_trainer_run(b.trainer, 1, NULL, NULL), CLILE_E_IO, "nowhere/history.jsonl");
    require(clile_trainer_set_history(b.trainer, "."));
    refused(clile_trainer_run(b.trainer, 1, NULL, NULL), CLILE_E_IO, "folder");
    bench_free(&b);
}

/* Other options or other initial weights are another run; where it is computed is not. */
static void test_which_run(void **state)
{
    static const char *const other[] = {"seed=2", "learning_rate=0.001", "epochs=3"},
                             *const same[] = {"", "threads=2", "input_workers=1"};
    char run[32], text[200];
    (void)state;
    const lines first = read_lines(whole, 0);
    memcpy(run, first.text[0], 28);
    for (int i = 0; i < 6; ++i) {
        snprintf(text, sizeof text, "%s %s", settings, i < 3 ? other[i] : same[i - 3]);
        bench b = bench_make(text);
        write_text(part, START "01234567\",\"stage\":1,\"epoch\":1,}\n"); /* replaced */
        require(clile_trainer_set_history(b.trainer, part));
        require(clile_trainer_run(b.trainer, 1, NULL, NULL));
        const lines found = read_lines(part, 0);
        assert_int_equal(found.count, 2);
        const int is_same = memcmp(found.text[0], run, 28) == 0;
        assert_int_equal(is_same, i >= 2); /* epochs=3 is the default of these tests */
        bench_free(&b);
    }
}

/* ---- a full disk ---- */

static void limit_files(rlim_t size)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int32_t fill_disk(const clile_progress *p, void *user)
{
    struct stat info;
    (void)user;
    if (p->step != 5) return 0;
    assert_int_equal(stat(part, &info), 0);
    limit_files((rlim_t)info.st_size + 100); /* room for a part of the line */
    return 0;
}

static void test_full_disk(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    bench b = bench_make(settings);
    require(clile_trainer_set_history(b.trainer, part));
    refused(clile_trainer_run(b.trainer, 1, fill_disk, NULL), CLILE_E_IO,
            "history_part.jsonl: cannot be written");
    assert_int_equal(read_lines(part, 0).count, 1); /* nothing of the second */
    refused(clile_trainer_run(b.trainer, 1, NULL, NULL), CLILE_E_IO, "history_part.jsonl");
    limit_files(RLIM_INFINITY);
    run_rest(b.trainer, NULL, NULL);
    assert_same_lines((place){1, 8});
    bench_free(&b);
}

/* ---- TensorBoard ---- */

/* Made by tensorboard 2.21's RecordWriter: Event(wall_time=1764262962.5, step=3,
 * summary=Summary(value=[Value(tag="stage2/loss", simple_value=0.625)])). */
static void test_golden_record(void **state)
{
    static const uint8_t golden[] = {0x21, 0,    0,    0,    0,    0,    0,    0,    0x01,
                                     0x7b, 0xec, 0xf6, /* what follows is the event */
                                     0x09, 0,    0,    0xa0, 0x0c, 0x21, 0x4a, 0xda, 0x41,
                                     0x10, 3,    0x2a, 0x14, 0x0a, 0x12, 0x0a, 0x0b, 's',
                                     't',  'a',  'g',  'e',  '2',  '/',  'l',  'o',  's',
                                     's',  0x15, 0,    0,    0x20, 0x3f, /* crc */
                                     0xd6, 0x81, 0xe0, 0xf5};
    clile_i_pb event = {0}, record = {0};
    (void)state;
    clile_i_pb_f64(&event, 1, 1764262962.5);
    clile_i_pb_varint(&event, 2, 3);
    const int64_t summary = clile_i_pb_begin(&event, 5), value = clile_i_pb_begin(&event, 1);
    clile_i_pb_text(&event, 1, "stage2/loss");
    clile_i_pb_f32(&event, 2, 0.625f);
    clile_i_pb_end(&event, value);
    clile_i_pb_end(&event, summary);
    require(event.status);
    clile_i_events_record(&record, event.data, event.size);
    require(record.status);
    assert_int_equal(record.size, sizeof golden);
    assert_memory_equal(record.data, golden, sizeof golden);
    clile_i_pb_free(&event);
    clile_i_pb_free(&record);
}

/* The events of a file without what depends on the clock: times, speed and checksums. */
typedef struct {
    uint8_t bytes[8192];
    size_t size;
    int count;
} events;

static events read_events(const char *folder)
{
    static events all;
    static const char speed[] = "/images_per_second\x15";
    char path[128];
    clile_i_file file;
    memset(&all, 0, sizeof all);
    snprintf(path, sizeof path, "%s%s", folder, events_file);
    require(clile_i_file_open(path, &file));
    for (size_t at = 0; at < file.size; ++all.count) {
        assert_true(at + 12 <= file.size);
        const size_t size = (size_t)clile_i_load_le(file.data + at, 8);
        assert_true(at + 16 + size <= file.size && all.size + size <= sizeof all.bytes);
        uint8_t *copy = all.bytes + all.size;
        memcpy(copy, file.data + at + 12, size);
        assert_int_equal(copy[0], 9);
        memset(copy + 1, 0, 8);
        for (size_t i = 0; i + sizeof speed + 3 <= size; ++i)
            if (memcmp(copy + i, speed, sizeof speed - 1) == 0)
                memset(copy + i + sizeof speed - 1, 0, 4);
        all.size += size;
        at += 16 + size;
    }
    clile_i_file_close(&file);
    return all;
}

static bench bench_of_events(const char *folder, const char *more)
{
    char text[200];
    snprintf(text, sizeof text, "%s %s", settings, more);
    bench b = bench_make(text);
    require(clile_trainer_set_tensorboard(b.trainer, folder));
    return b;
}

static void append_to_events(const char *folder, const void *data, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s%s", folder, events_file);
    require(clile_i_file_append(path, data, size));
}

static void test_events_resumed_anywhere(void **state)
{
    (void)state;
    bench b = bench_of_events(events_whole, "");
    run_rest(b.trainer, NULL, NULL);
    bench_free(&b);
    static events expected;
    expected = read_events(events_whole);
    assert_int_equal(expected.count, 1 + 2 + 3);
    for (int32_t stage = 1; stage <= 2; ++stage)
        for (int64_t step = 1; step <= (stage == 1 ? 8 : 12); step += 3)
            for (int goes_on = 0; goes_on < 3; ++goes_on) {
                place at = {stage, step};
                b = bench_of_events(events_part, "");
                clile_status status = CLILE_OK;
                while (status == CLILE_OK)
                    status = clile_trainer_run(b.trainer, clile_trainer_next_stage(b.trainer),
                                               stop_there, &at);
                require(clile_trainer_save(b.trainer, checkpoint));
                if (goes_on == 1) run_rest(b.trainer, NULL, NULL);
                bench_free(&b);
                if (goes_on == 2)
                    append_to_events(events_part, "\x21\0\0\0\0\0", 6); /* cut short */
                b = bench_of_events(events_part, "");
                require(clile_trainer_resume(b.trainer, checkpoint));
                run_rest(b.trainer, NULL, NULL);
                bench_free(&b);
                const events found = read_events(events_part);
                assert_int_equal(found.count, expected.count);
                assert_int_equal(found.size, expected.size);
                assert_memory_equal(found.bytes, expected.bytes, found.size);
            }
}

static void test_events_refused(void **state)
{
    static const uint8_t zeros[20] = {0};
    (void)state;
    bench b = bench_of_events(events_part, "seed=2"); /* takes the place of the other run */
    require(clile_trainer_run(b.trainer, 1, NULL, NULL));
    refused(clile_trainer_set_tensorboard(b.trainer, NULL), CLILE_E_STATE, "has run already");
    bench_free(&b);
    const events before = read_events(events_part);
    assert_int_equal(before.count, 1 + 2);
    for (int damage = 0; damage < 2; ++damage) {
        b = bench_of_events(events_part, damage ? "seed=2" : "");
        if (damage) {
            place at = {1, 5};
            assert_int_equal(clile_trainer_run(b.trainer, 1, stop_there, &at), CLILE_E_CANCELLED);
            require(clile_trainer_save(b.trainer, checkpoint));
            bench_free(&b);
            append_to_events(events_part, zeros, sizeof zeros);
            b = bench_of_events(events_part, "seed=2");
        }
        require(clile_trainer_resume(b.trainer, checkpoint));
        const int32_t stage = clile_trainer_next_stage(b.trainer);
        if (damage)
            refused(clile_trainer_run(b.trainer, stage, NULL, NULL), CLILE_E_FORMAT,
                    "tfevents.clile: record 3 is not one of libclile's, or damaged");
        else
            refused(clile_trainer_run(b.trainer, stage, NULL, NULL), CLILE_E_INVALID_ARGUMENT,
                    "but the checkpoint is of run");
        bench_free(&b);
    }
    write_text("history_a_file", "text");
    b = bench_of_events("history_a_file/below", "");
    refused(clile_trainer_run(b.trainer, 1, NULL, NULL), CLILE_E_IO,
            "history_a_file/below: cannot be made");
    refused(clile_trainer_set_tensorboard(b.trainer, ""), CLILE_E_INVALID_ARGUMENT,
            "folder is empty");
    bench_free(&b);
    unlink("history_a_file");
}

static void remove_events(const char *folder)
{
    char path[128];
    snprintf(path, sizeof path, "%s%s", folder, events_file);
    unlink(path);
    rmdir(folder);
}

static int remove_files(void **state)
{
    (void)state;
    unlink(whole);
    unlink(part);
    unlink(checkpoint);
    remove_events(events_whole);
    remove_events(events_part);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_are_what_the_function_hears),
        cmocka_unit_test(test_validated_without_a_function),
        cmocka_unit_test(test_resumed_anywhere),
        cmocka_unit_test(test_a_line_cut_short),
        cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_which_run),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_golden_record),
        cmocka_unit_test(test_events_resumed_anywhere),
        cmocka_unit_test(test_events_refused),
    };
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
