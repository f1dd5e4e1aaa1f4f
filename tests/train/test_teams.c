/* OpenMP gives fewer threads than requested: everything finishes, with the bits of the actual
 * team size. OpenMP reads its settings when a program starts, so each setting needs its own run
 * of this program:
 *     train_test_teams THREADS [region|levels|teams] */
#define _DEFAULT_SOURCE /* mkdtemp */
#include "emulator.h"
#include "train/toy.h"

#include <omp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 240, EMBEDDING = 16 };

static const char *program;

static void must(clile_status status)
{
    if (status == CLILE_OK) return;
    printf("%s: %s\n", clile_status_name(status), clile_last_error());
    _exit(3);
}

static clile_options *options_of(int32_t threads)
{
    clile_options *options =
        toy_options("width=0.25 epochs=1 epochs_stage1=1 validation=0.25 input_workers=1");
    must(clile_options_set_i64(options, CLILE_OPT_THREADS, threads));
    return options;
}

static uint32_t crc_of_file(const char *path)
{
    clile_i_file file;
    must(clile_i_file_open(path, &file));
    const uint32_t crc = clile_i_crc32(0, file.data, file.size);
    clile_i_file_close(&file);
    unlink(path);
    return crc;
}

static uint32_t crc_of_answers(const clile_model *model, const clile_options *options, uint32_t crc)
{
    static const uint8_t rgb[2][TOY_SIZE][TOY_SIZE][3] = {{{{200}}}};
    float probability[2][TOY_C], embedding[2][EMBEDDING];
    clile_predictor *predictor = NULL;
    must(clile_predictor_create(model, options, &predictor));
    must(clile_predictor_run(predictor, 2, &rgb[0][0][0][0], TOY_SIZE, TOY_SIZE, &probability[0][0],
                             NULL, &embedding[0][0]));
    clile_predictor_destroy(predictor);
    crc = clile_i_crc32(crc, probability, sizeof probability);
    return clile_i_crc32(crc, embedding, sizeof embedding);
}

/* Trains, answers, quantises and packs in `folder`. */
static uint32_t everything(int32_t threads, const char *folder)
{
    static const uint8_t rgb[TOY_SIZE * TOY_SIZE * 3] = {90, 30, 200};
    char path[128];
    clile_dataset *data = toy_dataset();
    clile_options *options = options_of(threads);
    clile_model *model = toy_model(options), *int8 = NULL;
    clile_trainer *trainer = NULL;
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    must(clile_trainer_create(model, data, options, &trainer));
    must(clile_trainer_run(trainer, 1, NULL, NULL));
    must(clile_trainer_save(trainer, path));
    clile_trainer_destroy(trainer);
    unlink(path);
    must(clile_trainer_create(model, data, options, &trainer));
    must(clile_trainer_run(trainer, 1, NULL, NULL));
    must(clile_trainer_run(trainer, 2, NULL, NULL));
    clile_trainer_destroy(trainer);
    must(clile_model_save(model, path));
    uint32_t crc = crc_of_answers(model, options, crc_of_file(path));
    must(clile_model_quantize(model, 1, rgb, TOY_SIZE, TOY_SIZE, options, &int8));
    crc = crc_of_answers(int8, options, crc);
    must(clile_dataset_pack(data, path, options, NULL, NULL));
    crc ^= crc_of_file(path);
    clile_model_destroy(int8);
    clile_model_destroy(model);
    clile_dataset_destroy(data);
    clile_options_destroy(options);
    return crc;
}

/* What a run of this program prints; it is killed if it takes too long. */
static uint32_t run_with(const char *setting, const char *arguments)
{
    char command[512];
    unsigned crc = 0;
    snprintf(command, sizeof command, "%s %s '%s' %s", setting, emulator(), program, arguments);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    const int read = fscanf(pipe, "crc %x", &crc);
    const int end = pclose(pipe);
    if (read != 1 || end != 0) fail_msg("%s: it did not end, or failed (status %d)", command, end);
    return crc;
}

static void a_limit_is_kept_to(void **state)
{
    (void)state;
    const uint32_t one = run_with("", "1"), two = run_with("", "2");
    assert_int_not_equal(one, two); /* otherwise nothing here can fail */
    assert_int_equal(one, run_with("OMP_THREAD_LIMIT=1", "2"));
    assert_int_equal(one, run_with("OMP_THREAD_LIMIT=1", "8"));
    assert_int_equal(two, run_with("OMP_THREAD_LIMIT=2", "2"));
    assert_int_equal(two, run_with("OMP_THREAD_LIMIT=2", "8"));
    assert_int_equal(two, run_with("OMP_DYNAMIC=true", "2"));
    assert_int_equal(two, run_with("OMP_DYNAMIC=true OMP_THREAD_LIMIT=2", "8"));
    assert_int_equal(one, run_with("OMP_MAX_ACTIVE_LEVELS=0", "2"));
    assert_int_equal(two, run_with("OMP_NUM_THREADS=1", "2"));
    assert_int_equal(run_with("", "8"), run_with("OMP_DYNAMIC=true", "8"));
}

static void in_a_parallel_region_there_is_one_thread(void **state)
{
    (void)state;
    const uint32_t one = run_with("", "1");
    assert_int_equal(one, run_with("", "2 region"));
    assert_int_equal(one, run_with("OMP_MAX_ACTIVE_LEVELS=4", "2 region"));
    assert_int_equal(one, run_with("OMP_THREAD_LIMIT=2 OMP_MAX_ACTIVE_LEVELS=4", "2 region"));
}

/* A program lowers its limits after a team of two was seen. */
static void a_limit_comes_late(void **state)
{
    (void)state;
    const uint32_t one = run_with("", "1");
    assert_int_equal(one, run_with("", "2 levels")); /* would hang if a team of two were assumed */
    assert_int_equal(one, run_with("", "2 teams"));
}

static int32_t stop(const clile_progress *progress, void *user)
{
    (void)progress;
    (void)user;
    return 1;
}

/* A handle made with two threads, used where there is one. */
static void a_handle_goes_into_a_region(void **state)
{
    static const uint8_t rgb[TOY_SIZE * TOY_SIZE * 3] = {90, 30, 200};
    clile_status status = CLILE_OK, answered = CLILE_OK;
    char text[256] = "";
    float outside[TOY_C], inside[TOY_C];
    (void)state;
    clile_dataset *data = toy_dataset();
    clile_options *options = options_of(2);
    clile_model *model = toy_model(options), *trained = toy_model(options);
    const float ones[TOY_C] = {1, 1, 1}, zeros[TOY_C] = {0};
    clile_trainer *trainer = NULL;
    clile_predictor *predictor = NULL;
    must(clile_trainer_create(model, data, options, &trainer));
    assert_int_equal(clile_trainer_run(trainer, 1, stop, NULL), CLILE_E_CANCELLED);
    must(clile_model_set_decision(trained, NULL, ones, zeros));
    must(clile_predictor_create(trained, options, &predictor));
    must(clile_predictor_run(predictor, 1, rgb, TOY_SIZE, TOY_SIZE, outside, NULL, NULL));
#pragma omp parallel num_threads(2)
    if (omp_get_thread_num() == 0) {
        status = clile_trainer_run(trainer, 1, NULL, NULL);
        snprintf(text, sizeof text, "%s", clile_last_error());
        answered = clile_predictor_run(predictor, 1, rgb, TOY_SIZE, TOY_SIZE, inside, NULL, NULL);
    }
    assert_int_equal(status, CLILE_E_STATE);
    assert_non_null(strstr(text, "begun with 2 threads, and OpenMP gives 1 here"));
    assert_int_equal(answered, CLILE_OK);
    assert_memory_equal(outside, inside, sizeof outside);
    /* outside it continues */
    assert_int_equal(clile_trainer_run(trainer, 1, stop, NULL), CLILE_E_CANCELLED);
    clile_trainer_destroy(trainer);
    clile_predictor_destroy(predictor);
    clile_model_destroy(model);
    clile_model_destroy(trained);
    clile_dataset_destroy(data);
    clile_options_destroy(options);
}

static void the_programs_settings_are_as_before(void **state)
{
    (void)state;
    omp_set_dynamic(1);
    omp_set_num_threads(7);
    const clile_i_team before = clile_i_team_enter(2);
    assert_true(before.given >= 1 && before.given <= 2);
    assert_int_equal(omp_get_dynamic(), 0);
    clile_i_team_leave(before);
    assert_int_equal(omp_get_dynamic(), 1);
    assert_int_equal(omp_get_max_threads(), 7);
    omp_set_dynamic(0);
}

/* The limit on threads holds inside of `teams` alone. */
static int run_limited(int32_t threads, int by_levels)
{
    char folder[64] = "/tmp/clile_teams_XXXXXX";
    uint32_t crc = 0;
    alarm(patience(SECONDS));
    if (mkdtemp(folder) == NULL) return 2;
    everything(threads, folder);
    if (by_levels) {
        omp_set_max_active_levels(0);
        crc = everything(threads, folder);
    } else {
#pragma omp teams num_teams(1) thread_limit(1)
        crc = everything(threads, folder);
    }
    rmdir(folder);
    printf("crc %x\n", (unsigned)crc);
    return 0;
}

static int run_once(int32_t threads, int in_region)
{
    char folder[2][64] = {"/tmp/clile_teams_XXXXXX", "/tmp/clile_teams_XXXXXX"};
    uint32_t crc[2] = {0, 0};
    alarm(patience(SECONDS));
    for (int i = 0; i < 2; ++i)
        if (mkdtemp(folder[i]) == NULL) return 2;
    if (in_region) {
#pragma omp parallel num_threads(2)
        {
            const int i = omp_get_thread_num();
#pragma omp critical
            crc[i] = everything(threads, folder[i]); /* toy_dataset has one memory */
        }
        if (omp_get_thread_limit() > 1 && crc[0] != crc[1]) return 4;
    } else {
        crc[0] = everything(threads, folder[0]);
    }
    for (int i = 0; i < 2; ++i) rmdir(folder[i]);
    printf("crc %x\n", (unsigned)crc[0]);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_is_kept_to),
        cmocka_unit_test(in_a_parallel_region_there_is_one_thread),
        cmocka_unit_test(a_limit_comes_late),
        cmocka_unit_test(a_handle_goes_into_a_region),
        cmocka_unit_test(the_programs_settings_are_as_before),
    };
    program = argv[0];
    if (argc > 2 && strcmp(argv[2], "region") != 0)
        return run_limited(atoi(argv[1]), strcmp(argv[2], "levels") == 0);
    if (argc > 1) return run_once(atoi(argv[1]), argc > 2);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
