/* The history of a run: what a line holds, that a run resumed anywhere ends with the same lines as
 * an uninterrupted one, and what is refused. */
#include "train/toy.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char whole[] = "history_whole.jsonl", part[] = "history_part.jsonl",
                  checkpoint[] = "history_c.safetensors",
                  settings[] = "elimination=orthogonal validation=0.25 validation_every=2 batch=8";
enum { LINE_MOST = 1200, LINES_MOST = 16 };

static void require(clile_status status)
{
    if (status != CLILE_OK) fail_msg("%s: %s", clile_status_name(status), clile_last_error());
}

static void refused(clile_status found, clile_status expected, const char *text)
{
    if (found != expected || strstr(clile_last_error(), text) == NULL)
        fail_msg("%s, \"%s\"; expected %s, \"...%s...\"", clile_status_name(found),
                 clile_last_error(), clile_status_name(expected), text);
}

typedef struct {
    clile_dataset *data;
    clile_options *options;
    clile_model *model;
    clile_trainer *trainer;
} bench;

static bench bench_make(const char *text)
{
    bench b = {toy_dataset(), toy_options(text), NULL, NULL};
    b.model = toy_model(b.options);
    require(clile_trainer_create(b.model, b.data, b.options, &b.trainer));
    return b;
}

static void bench_free(bench *b)
{
    clile_trainer_destroy(b->trainer);
    clile_model_destroy(b->model);
    clile_options_destroy(b->options);
    clile_dataset_destroy(b->data);
}

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

static int remove_files(void **state)
{
    (void)state;
    unlink(whole);
    unlink(part);
    unlink(checkpoint);
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
    };
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
