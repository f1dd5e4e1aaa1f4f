/* Forks a process that has used its team. The child predicts and trains with the same bits, with
 * inherited and with new handles, and does not wait for a lock held by another thread. */
#define _DEFAULT_SOURCE
#include "emulator.h"
#include "train/toy.h"

#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 120 };

static clile_options *options;
static clile_dataset *data;
static clile_model *model;

static const uint8_t rgb[TOY_SIZE * TOY_SIZE * 3] = {90, 30, 200};

/* Nothing of cmocka may run in a child: every failure is an exit code. */
static void need(int fine, int code)
{
    if (!fine) _exit(code);
}

static void expect_child(pid_t child)
{
    int status = 0;
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("the child %s %d", WIFEXITED(status) ? "failed with code" : "was ended by signal",
                 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

/* qemu-user 7.2 ends a forked child that starts threads ("qemu_plugin_vcpu_init_hook"). */
static void needs_threads_in_a_child(void)
{
    if (*emulator() == '\0') return;
    print_message("%s may end a forked child that starts threads\n", emulator());
    skip();
}

static int answers(clile_predictor *predictor, const float *expected)
{
    float probability[TOY_C];
    return clile_predictor_run(predictor, 1, rgb, TOY_SIZE, TOY_SIZE, probability, NULL, NULL) ==
               CLILE_OK &&
           memcmp(probability, expected, sizeof probability) == 0;
}

static void a_child_answers(void **state)
{
    clile_predictor *old = NULL;
    float expected[TOY_C];
    (void)state;
    assert_int_equal(clile_predictor_create(model, options, &old), CLILE_OK);
    assert_int_equal(clile_predictor_run(old, 1, rgb, TOY_SIZE, TOY_SIZE, expected, NULL, NULL),
                     CLILE_OK);
    const pid_t child = fork();
    if (child == 0) {
        clile_predictor *new = NULL;
        alarm(patience(SECONDS));
        need(answers(old, expected), 2);
        need(clile_predictor_create(model, options, &new) == CLILE_OK, 3);
        need(answers(new, expected), 4);
        const pid_t grandchild = fork();
        int status = 0;
        if (grandchild == 0) need(answers(new, expected) && answers(old, expected), 5);
        if (grandchild == 0) _exit(0);
        need(waitpid(grandchild, &status, 0) == grandchild && status == 0, 6);
        need(answers(new, expected), 7);
        clile_predictor_destroy(new);
        clile_predictor_destroy(old);
        _exit(0);
    }
    expect_child(child);
    assert_true(answers(old, expected)); /* and the parent still works */
    clile_predictor_destroy(old);
}

/* The program's own use of OpenMP, before the library computes anything in this thread. */
static void *forks_after_own_region(void *result)
{
    int team = 0;
#pragma omp parallel num_threads(2) reduction(+ : team)
    team += 1;
    const pid_t child = fork();
    if (child == 0) {
        clile_predictor *predictor = NULL;
        float probability[TOY_C];
        alarm(patience(SECONDS));
        need(clile_predictor_create(model, options, &predictor) == CLILE_OK, 2);
        need(clile_predictor_run(predictor, 1, rgb, TOY_SIZE, TOY_SIZE, probability, NULL, NULL) ==
                 CLILE_OK,
             3);
        _exit(0);
    }
    *(pid_t *)result = child;
    return NULL;
}

static void a_programs_own_team_does_not_matter(void **state)
{
    pthread_t thread;
    pid_t child = -1;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, forks_after_own_region, &child), 0);
    pthread_join(thread, NULL);
    expect_child(child);
}

typedef struct {
    int64_t fork_at;
    pid_t child;
    int in_child;
} forker;

/* In the middle of training, while the worker makes the next batch. */
static int32_t fork_in_a_step(const clile_progress *progress, void *user)
{
    forker *f = user;
    if (progress->stage != 1 || progress->step != f->fork_at) return 0;
    f->child = fork();
    if (f->child == 0) {
        f->in_child = 1;
        alarm(patience(SECONDS));
    }
    return 0;
}

static uint32_t trained_bytes(const char *name, clile_model *of)
{
    clile_i_file file;
    if (clile_model_save(of, name) != CLILE_OK || clile_i_file_open(name, &file) != CLILE_OK)
        return 0;
    const uint32_t crc = clile_i_crc32(0, file.data, file.size);
    clile_i_file_close(&file);
    unlink(name);
    return crc;
}

static void a_child_goes_on_training(void **state)
{
    (void)state;
    needs_threads_in_a_child();
    for (int64_t at = 1; at <= 5; at += 2) {
        forker f = {.fork_at = at};
        clile_model *new = toy_model(options);
        clile_trainer *trainer = NULL;
        char name[64];
        int to_parent[2];
        uint32_t theirs = 0;
        assert_int_equal(pipe(to_parent), 0);
        assert_int_equal(clile_trainer_create(new, data, options, &trainer), CLILE_OK);
        const clile_status first = clile_trainer_run(trainer, 1, fork_in_a_step, &f);
        const clile_status second = clile_trainer_run(trainer, 2, NULL, NULL);
        snprintf(name, sizeof name, "fork_%d.safetensors", (int)getpid());
        const uint32_t crc = trained_bytes(name, new);
        clile_trainer_destroy(trainer);
        clile_model_destroy(new);
        if (f.in_child) {
            need(first == CLILE_OK, 2);
            need(second == CLILE_OK, 3);
            need(write(to_parent[1], &crc, sizeof crc) == (ssize_t)sizeof crc, 4);
            _exit(0);
        }
        assert_int_equal(first, CLILE_OK);
        assert_int_equal(second, CLILE_OK);
        expect_child(f.child);
        assert_int_equal(read(to_parent[0], &theirs, sizeof theirs), (int)sizeof theirs);
        assert_int_equal(theirs, crc);
        close(to_parent[0]);
        close(to_parent[1]);
    }
}

static int32_t stop_at_once(const clile_progress *progress, void *user)
{
    (void)progress;
    (void)user;
    return 1;
}

static void handles_of_before_may_be_destroyed(void **state)
{
    clile_model *new = toy_model(options);
    clile_trainer *trainer = NULL;
    (void)state;
    assert_int_equal(clile_trainer_create(new, data, options, &trainer), CLILE_OK);
    assert_int_equal(clile_trainer_run(trainer, 1, stop_at_once, NULL), CLILE_E_CANCELLED);
    const pid_t child = fork();
    if (child == 0) {
        alarm(patience(SECONDS));
        need(clile_trainer_run(trainer, 1, NULL, NULL) == CLILE_OK, 2);
        clile_trainer_destroy(trainer);
        clile_model_destroy(new);
        _exit(0);
    }
    expect_child(child);
    clile_trainer_destroy(trainer);
    clile_model_destroy(new);
}

/* Not with gcc 12's address sanitizer: its allocator leaves its own locks taken in a child. */
#ifndef __SANITIZE_ADDRESS__
static int32_t stop_makers; /* atomic */

/* Holds the locks of models and of oneDNN most of the time. */
static void *make_predictors(void *context)
{
    (void)context;
    while (!__atomic_load_n(&stop_makers, __ATOMIC_RELAXED)) {
        clile_predictor *predictor = NULL;
        if (clile_predictor_create(model, options, &predictor) != CLILE_OK) return (void *)options;
        clile_predictor_destroy(predictor);
    }
    return NULL;
}

static void no_lock_is_left_taken(void **state)
{
    enum { FORKS = 40 };
    pthread_t maker;
    void *failed = NULL;
    (void)state;
    needs_threads_in_a_child();
    assert_int_equal(pthread_create(&maker, NULL, make_predictors, NULL), 0);
    for (int i = 0; i < FORKS; ++i) {
        const pid_t child = fork();
        if (child == 0) {
            clile_predictor *predictor = NULL;
            alarm(patience(SECONDS));
            need(clile_predictor_create(model, options, &predictor) == CLILE_OK, 2);
            clile_predictor_destroy(predictor);
            _exit(0);
        }
        expect_child(child);
    }
    __atomic_store_n(&stop_makers, 1, __ATOMIC_RELAXED);
    pthread_join(maker, &failed);
    assert_null(failed);
}
#endif

static int make(void **state)
{
    const float ones[TOY_C] = {1, 1, 1}, zeros[TOY_C] = {0};
    (void)state;
    data = toy_dataset();
    options = toy_options("width=0.25 epochs=1 threads=2 input_workers=1");
    model = toy_model(options);
    return clile_model_set_decision(model, NULL, ones, zeros);
}

static int unmake(void **state)
{
    (void)state;
    clile_model_destroy(model);
    clile_options_destroy(options);
    clile_dataset_destroy(data);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_answers),
        cmocka_unit_test(a_programs_own_team_does_not_matter),
        cmocka_unit_test(a_child_goes_on_training),
        cmocka_unit_test(handles_of_before_may_be_destroyed),
#ifndef __SANITIZE_ADDRESS__
        cmocka_unit_test(no_lock_is_left_taken),
#endif
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
