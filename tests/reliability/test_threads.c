/* Calls what the headers call shared or locked from several threads at once. Every thread must
 * get the results that a single thread gets. Built with -DCLILE_SANITIZE=thread, a data race
 * fails too. Each thread uses an OpenMP team of one, because the thread sanitizer cannot see
 * libgomp's barriers. */
#include "reliability/world.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS = 4, ROUNDS = 6 };

typedef struct {
    int number; /* 0.. */
    const void *shared;
    clile_status status; /* of what failed, with its text */
    char text[256];
    uint32_t digest;
} job;

static world w;
static pthread_barrier_t gate;

/* Keeps the first failure of a thread; cmocka's own checks belong to the main thread. */
static int good(job *j, clile_status status)
{
    if (status != CLILE_OK && j->status == CLILE_OK) {
        j->status = status;
        snprintf(j->text, sizeof j->text, "%s", clile_last_error());
    }
    return j->status == CLILE_OK;
}

static void take(job *j, const void *data, size_t size)
{
    j->digest = clile_i_crc32(j->digest, data, size);
}

/* The body on THREADS threads that start together. */
static void run_threads(void *(*body)(void *), const void *shared, job *jobs)
{
    pthread_t thread[THREADS];
    assert_int_equal(0, pthread_barrier_init(&gate, NULL, THREADS));
    for (int i = 0; i < THREADS; ++i) {
        jobs[i] = (job){.number = i, .shared = shared};
        assert_int_equal(0, pthread_create(&thread[i], NULL, body, &jobs[i]));
    }
    for (int i = 0; i < THREADS; ++i) pthread_join(thread[i], NULL);
    pthread_barrier_destroy(&gate);
    for (int i = 0; i < THREADS; ++i)
        if (jobs[i].status != CLILE_OK) fail_msg("thread %d: %s", i, jobs[i].text);
}

/* One thread alone with `mine`, then all with `theirs`; the digests must be equal. */
static void compare_threads(void *(*body)(void *), const void *mine, const void *theirs)
{
    job jobs[THREADS], alone = {.shared = mine};
    assert_int_equal(0, pthread_barrier_init(&gate, NULL, 1));
    body(&alone);
    pthread_barrier_destroy(&gate);
    if (alone.status != CLILE_OK) fail_msg("alone: %s", alone.text);
    run_threads(body, theirs, jobs);
    for (int i = 0; i < THREADS; ++i)
        if (jobs[i].digest != alone.digest)
            fail_msg("thread %d has other results than one thread alone", i);
}

/* ---- predictors over one model, which is read in every other way meanwhile ---- */

static void *predict(void *argument)
{
    job *j = argument;
    const clile_model *model = j->shared;
    struct {
        float probability[WORLD_N][WORLD_C], embedding[WORLD_N][WORLD_D], vectors[WORLD_C][WORLD_D];
        int8_t present[WORLD_N][WORLD_C];
    } a;
    char path[160], *json = NULL;
    memset(&a, 0, sizeof a);
    snprintf(path, sizeof path, "%s/threads-%d", w.folder, j->number);
    pthread_barrier_wait(&gate);
    for (int round = 0; round < ROUNDS; ++round) {
        clile_predictor *predictor = NULL;
        if (!good(j, clile_predictor_create(model, w.options, &predictor))) break;
        good(j, clile_predictor_run(predictor, WORLD_N, &w.rgb[0][0][0][0], WORLD_SIZE, WORLD_SIZE,
                                    &a.probability[0][0], &a.present[0][0], &a.embedding[0][0]));
        take(j, &a, sizeof a);
        const clile_image image = {sizeof image,      CLILE_PIXELS_RGB, WORLD_SIZE, WORLD_SIZE, 0,
                                   &w.rgb[1][0][0][0]};
        clile_face face = {.struct_size = sizeof face, .kind = CLILE_FACE_BOX, .image = &image};
        memcpy(face.box, w.box, sizeof face.box);
        good(j, clile_predictor_run_faces(predictor, 1, &face, &a.probability[0][0], NULL, NULL));
        take(j, a.probability[0], sizeof a.probability[0]);
        clile_predictor_destroy(predictor);
        good(j, clile_model_copy_au_embedding(model, &a.vectors[0][0]));
        good(j, clile_model_save(model, path));
        good(j, clile_model_export_onnx(model, path));
        if (good(j, clile_model_copy_json(model, &json))) take(j, json, strlen(json));
        clile_free(json);
        json = NULL;
    }
    unlink(path);
    return NULL;
}

static void predictors_share_a_model(void **state)
{
    (void)state;
    /* what a model makes for its first predictor is made by several threads at once */
    clile_model *fresh = NULL;
    assert_int_equal(CLILE_OK, clile_model_load(w.model_path, &fresh));
    compare_threads(predict, w.model, fresh);
    clile_model_destroy(fresh);
}

/* The model's last reference is whichever predictor ends last. */
static void *hold_model(void *argument)
{
    job *j = argument;
    clile_predictor *const *predictors = j->shared;
    float probability[WORLD_C] = {0};
    pthread_barrier_wait(&gate);
    good(j, clile_predictor_run(predictors[j->number], 1, &w.rgb[0][0][0][0], WORLD_SIZE,
                                WORLD_SIZE, probability, NULL, NULL));
    clile_predictor_destroy(predictors[j->number]);
    return NULL;
}

static void the_last_predictor_frees_the_model(void **state)
{
    (void)state;
    const int64_t live = world_live_blocks();
    for (int round = 0; round < ROUNDS; ++round) {
        clile_model *model = NULL;
        clile_predictor *predictors[THREADS] = {NULL};
        job jobs[THREADS];
        assert_int_equal(CLILE_OK, clile_model_load(w.model_path, &model));
        for (int i = 0; i < THREADS; ++i)
            assert_int_equal(CLILE_OK, clile_predictor_create(model, w.options, &predictors[i]));
        clile_model_destroy(model);
        run_threads(hold_model, predictors, jobs);
    }
    assert_int_equal(live, world_live_blocks());
}

/* ---- one data set: everything that is asked of it, and crops that are decoded when first
 *   needed */

static void *read_dataset(void *argument)
{
    job *j = argument;
    const clile_dataset *data = j->shared;
    /* one crop of 512 leaves no room for a second one in 1 MB of cache */
    static const int32_t sizes[] = {32, 48, 512};
    uint8_t *rgb = clile_i_calloc(512 * 512 * 3, 1);
    uint32_t crops[3][WORLD_N];
    int8_t labels[WORLD_N][WORLD_C];
    int32_t subject[WORLD_N], au_ids[WORLD_C];
    float weights[WORLD_C];
    memset(crops, 0, sizeof crops);
    pthread_barrier_wait(&gate);
    for (int k = 0; rgb != NULL && k < 3; ++k)
        for (int i = 0; i < WORLD_N; ++i) { /* half of the threads from the other end */
            const int at = j->number % 2 ? WORLD_N - 1 - i : i;
            const size_t size = (size_t)sizes[k];
            if (good(j, clile_dataset_copy_crop(data, at, sizes[k], rgb)))
                crops[k][at] = clile_i_crc32(0, rgb, size * size * 3);
        }
    take(j, crops, sizeof crops);
    for (int round = 0; round < ROUNDS; ++round) {
        clile_dataset *train = NULL, *test = NULL;
        if (!good(j, clile_dataset_fold(data, "kfold:3", 1 + round % 3, &train, &test))) break;
        good(j, clile_dataset_copy_labels(data, 0, WORLD_N, &labels[0][0]));
        good(j, clile_dataset_copy_subjects(data, 0, WORLD_N, subject));
        good(j, clile_dataset_copy_au_ids(data, au_ids));
        good(j, clile_dataset_copy_au_weights(train, weights));
        take(j, weights, sizeof weights);
        take(j, clile_dataset_get_subject_name(test, 0), 2);
        clile_dataset_destroy(train);
        clile_dataset_destroy(test);
    }
    take(j, labels, sizeof labels);
    clile_i_free(rgb);
    return NULL;
}

static void threads_share_a_folder(void **state)
{
    (void)state;
    for (int round = 0; round < 3;
         ++round) { /* one handle for the thread alone, so that the others find an empty cache */
        clile_dataset *images = NULL, *empty = NULL;
        assert_int_equal(CLILE_OK, clile_dataset_open(w.images, w.options, &images));
        assert_int_equal(CLILE_OK, clile_dataset_open(w.images, w.options, &empty));
        compare_threads(read_dataset, images, empty);
        clile_dataset_destroy(images);
        clile_dataset_destroy(empty);
    }
}

static void *read_pack(void *argument)
{
    job *j = argument;
    const clile_dataset *data = j->shared;
    static _Thread_local uint8_t rgb[WORLD_SIZE][WORLD_SIZE][3];
    char path[160];
    snprintf(path, sizeof path, "%s/threads-%d.safetensors", w.folder, j->number);
    pthread_barrier_wait(&gate);
    for (int i = 0; i < WORLD_N; ++i) {
        good(j, clile_dataset_copy_crop(data, i, WORLD_SIZE, &rgb[0][0][0]));
        take(j, rgb, sizeof rgb);
    }
    good(j, clile_dataset_verify(data, NULL, NULL));
    good(j, clile_dataset_pack(data, path, w.options, NULL, NULL));
    unlink(path);
    return NULL;
}

static void threads_share_a_pack(void **state)
{
    (void)state;
    clile_dataset *pack = NULL;
    assert_int_equal(CLILE_OK, clile_dataset_open(w.pack, w.options, &pack));
    compare_threads(read_pack, pack, pack);
    clile_dataset_destroy(pack);
}

/* ---- trainers over one data set and the same options, each with its model ---- */

static const clile_options *train_options;

static void *train(void *argument)
{
    job *j = argument;
    clile_model *model = NULL;
    clile_trainer *trainer = NULL;
    float vectors[WORLD_C][WORLD_D] = {{0}}, slope[WORLD_C] = {0}, offset[WORLD_C] = {0};
    pthread_barrier_wait(&gate);
    if (good(j, clile_model_create(train_options, WORLD_C, w.au_ids, &model)) &&
        good(j, clile_trainer_create(model, j->shared, train_options, &trainer)) &&
        good(j, clile_trainer_run(trainer, 1, NULL, NULL)) &&
        good(j, clile_trainer_run(trainer, 2, NULL, NULL)) &&
        good(j, clile_model_copy_au_embedding(model, &vectors[0][0])) &&
        good(j, clile_model_copy_decision(model, slope, offset))) {
        take(j, vectors, sizeof vectors);
        take(j, slope, sizeof slope);
        take(j, offset, sizeof offset);
    }
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
    return NULL;
}

static void trainers_share_a_dataset(void **state)
{
    (void)state;
    clile_dataset *images = NULL;
    assert_int_equal(CLILE_OK, clile_dataset_open(w.images, w.options, &images));
    train_options = w.options;
    compare_threads(train, images, images);
    clile_dataset_destroy(images);
}

/* Each trainer has a thread of its own that makes batches ahead; crops are in nobody's cache
 * yet. */
static void trainers_prepare_their_input_ahead(void **state)
{
    (void)state;
    clile_dataset *images = NULL, *empty = NULL;
    clile_options *options = NULL;
    assert_int_equal(CLILE_OK, clile_options_copy(w.options, &options));
    assert_int_equal(CLILE_OK, clile_options_set_i64(options, CLILE_OPT_INPUT_WORKERS, 1));
    assert_int_equal(CLILE_OK, clile_options_set_i64(options, CLILE_OPT_BATCH, 4));
    assert_int_equal(CLILE_OK, clile_dataset_open(w.images, options, &images));
    assert_int_equal(CLILE_OK, clile_dataset_open(w.images, options, &empty));
    train_options = options;
    compare_threads(train, images, empty);
    clile_dataset_destroy(images);
    clile_dataset_destroy(empty);
    clile_options_destroy(options);
}

/* ---- functions without a handle, a report that is read, options, and each thread's own error
 *   text */

static void *evaluate(void *argument)
{
    job *j = argument;
    const clile_report *report = j->shared;
    double numbers[4] = {0}, auc[WORLD_C] = {0}, loss = 0, width = 0;
    char *text = NULL;
    clile_options *copy = NULL;
    clile_option_info info = {.struct_size = sizeof info};
    pthread_barrier_wait(&gate);
    for (int round = 0; round < ROUNDS; ++round) {
        good(j, clile_report_get_summary(report, "auc", &numbers[0], &numbers[1], &numbers[2],
                                         &numbers[3]));
        if (good(j, clile_report_copy_text(report, &text))) take(j, text, strlen(text));
        clile_free(text);
        text = NULL;
        good(j, clile_metrics_auc(WORLD_N, WORLD_C, &w.score[0][0], &w.labels[0][0], auc));
        good(j, clile_loss_stage2(WORLD_N, WORLD_D, WORLD_C, &w.embedding[0][0],
                                  &w.vectors[0][0][0], &w.labels[0][0], 0.1, &loss, NULL, NULL));
        good(j, clile_options_get_f64(w.options, "width", &width));
        good(j, clile_options_copy(w.options, &copy));
        clile_options_destroy(copy);
        good(j, clile_options_describe(round, &info));
        take(j, numbers, sizeof numbers);
        take(j, auc, sizeof auc);
        take(j, &loss, sizeof loss);
    }
    return NULL;
}

static void threads_share_a_report(void **state)
{
    (void)state;
    clile_report *report = NULL;
    assert_int_equal(CLILE_OK, clile_report_create(WORLD_C, w.au_ids, "bp4d", &report));
    assert_int_equal(CLILE_OK,
                     clile_report_add_fold(report, 1, WORLD_N, &w.score[0][0], &w.present[0][0],
                                           &w.labels[0][0], w.subject, NULL));
    compare_threads(evaluate, report, report);
    clile_report_destroy(report);
}

static void *fail_in_its_own_words(void *argument)
{
    job *j = argument;
    char path[64];
    clile_model *model = NULL;
    snprintf(path, sizeof path, "absent-%d.safetensors", j->number);
    if (clile_last_error()[0] != '\0') good(j, CLILE_E_INTERNAL); /* a new thread has none */
    pthread_barrier_wait(&gate);
    for (int round = 0; round < 50; ++round) {
        if (clile_model_load(path, &model) != CLILE_E_IO ||
            strstr(clile_last_error(), path) == NULL)
            good(j, CLILE_E_INTERNAL);
        if (clile_version()[0] == '\0' || strstr(clile_last_error(), path) == NULL)
            good(j, CLILE_E_INTERNAL); /* success leaves it */
    }
    return NULL;
}

static void each_thread_has_its_own_error_text(void **state)
{
    (void)state;
    job jobs[THREADS];
    clile_i_fail(CLILE_E_IO, "of the main thread");
    run_threads(fail_in_its_own_words, NULL, jobs);
    assert_string_equal("of the main thread", clile_last_error());
}

static int set_up(void **state)
{
    (void)state;
    world_make(&w);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_destroy(&w);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predictors_share_a_model),
        cmocka_unit_test(the_last_predictor_frees_the_model),
        cmocka_unit_test(threads_share_a_folder),
        cmocka_unit_test(threads_share_a_pack),
        cmocka_unit_test(trainers_share_a_dataset),
        cmocka_unit_test(trainers_prepare_their_input_ahead),
        cmocka_unit_test(threads_share_a_report),
        cmocka_unit_test(each_thread_has_its_own_error_text),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
