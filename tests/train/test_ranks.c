/* Several ranks that train one model: threads of this process, with the communicator of
 * threads_comm.h. */
#include "model/model.h"
#include "train/bench.h"
#include "train/graded_faces.h"
#include "train/internal.h"
#include "train/threads_comm.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

static const char checkpoint[] = "ranks_c.safetensors", history[] = "ranks.jsonl";
enum { VALUES_MOST = 1 << 20, STEPS_MOST = 64 };
/* SGD: where a gradient is noise, Adam turns its sign into a step */
#define BASE "optimizer=sgd learning_rate=0.02 warmup=0 epochs=2 epochs_stage1=1 "

/* What one training ended in. */
typedef struct {
    const char *settings, *resume;
    int32_t stop_stage; /* cancel there after stop_step, on rank stop_rank, and save */
    int64_t stop_step;
    int32_t stop_rank;
    int32_t fail_rank; /* -1: none; its allreduce fails at call fail_at */
    int64_t fail_at;
    const char *other_settings; /* of rank 1, or NULL */
    int32_t graded;             /* 1: faces with intensities; 2: one of rank 1's is another */
    clile_status status[TEAM_MOST];
    char text[TEAM_MOST][512];
    float *values[TEAM_MOST];
    int64_t count[TEAM_MOST];
    float levels[TEAM_MOST][CLILE_I_MODEL_LEVELS * TOY_C];
    int64_t bytes[TEAM_MOST]; /* of the encoder's activations and their gradients */
    double loss[STEPS_MOST];  /* rank 0, stage 2 */
    double f1, auc;
} training;

typedef struct {
    training *t;
    int32_t rank;
} watcher;

static int32_t watch(const clile_progress *p, void *user)
{
    const watcher *w = user;
    if (w->rank == 0 && p->stage == 2 && p->step < STEPS_MOST) w->t->loss[p->step] = p->loss;
    if (w->rank == 0) w->t->f1 = p->validation_f1, w->t->auc = p->validation_auc;
    return w->rank == w->t->stop_rank && p->stage == w->t->stop_stage && p->step == w->t->stop_step;
}

/* Weights, running statistics, AU vectors, decision and people, one after the other. */
static void take_values(training *t, int32_t rank, const clile_model *m)
{
    float *out = t->values[rank] = malloc(VALUES_MOST * sizeof *out);
    int64_t n = 0;
    for (int32_t i = 0; i < clile_i_net_tensor_count(m->encoder); ++i) {
        const clile_i_net_tensor *tensor = clile_i_net_tensor_at(m->encoder, i);
        memcpy(out + n, tensor->data, (size_t)tensor->count * sizeof *out);
        n += tensor->count;
    }
    memcpy(out + n, m->au_embedding, (size_t)(m->c * m->d) * sizeof *out);
    n += m->c * m->d;
    memcpy(out + n, m->slope, (size_t)m->c * sizeof *out);
    memcpy(out + n + m->c, m->offset, (size_t)m->c * sizeof *out);
    t->count[rank] = n + 2 * m->c;
}

static clile_dataset *faces_of(const training *t, int32_t rank)
{
    int32_t subject[TOY_N];
    clile_dataset *data = t->graded ? graded_dataset() : toy_dataset();
    if (t->graded < 2 || rank != 1) return data;
    assert_int_equal(coded[4][0], 4);
    coded[4][0] = 3; /* present as before */
    require(clile_dataset_copy_subjects(data, 0, TOY_N, subject));
    clile_dataset_destroy(data);
    require(clile_dataset_from_intensities(TOY_N, TOY_SIZE, TOY_SIZE, &pixels[0][0][0][0], TOY_C,
                                           toy_aus, NULL, &coded[0][0], subject, &data));
    return data;
}

static void train_rank(int32_t rank, const clile_communicator *c, void *user)
{
    training *t = user;
    const char *settings = rank == 1 && t->other_settings ? t->other_settings : t->settings;
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of cmocka and the toy's arrays */
    watcher w = {t, rank};
    if (rank == t->fail_rank) ((team_rank *)c->user)->fail_at = t->fail_at;
    pthread_mutex_lock(&lock);
    bench b = bench_of(faces_of(t, rank), settings);
    pthread_mutex_unlock(&lock);
    clile_status status = clile_trainer_set_communicator(b.trainer, c);
    if (status == CLILE_OK && t->resume != NULL)
        status = clile_trainer_resume(b.trainer, t->resume);
    if (status == CLILE_OK && t->resume == NULL)
        status = clile_trainer_set_history(b.trainer, history);
    for (int32_t stage; status == CLILE_OK && (stage = clile_trainer_next_stage(b.trainer)) != 0;)
        status = clile_trainer_run(b.trainer, stage,
                                   rank == 0 || t->stop_rank == rank ? watch : NULL, &w);
    t->status[rank] = status;
    snprintf(t->text[rank], sizeof t->text[rank], "%s",
             status != CLILE_OK ? clile_last_error() : "");
    if (status != CLILE_OK && status != CLILE_E_CANCELLED) team_leave(((team_rank *)c->user)->all);
    if (status == CLILE_E_CANCELLED && clile_trainer_save(b.trainer, checkpoint) != CLILE_OK)
        t->status[rank] = CLILE_E_INTERNAL;
    if (status == CLILE_OK) take_values(t, rank, b.model);
    if (status == CLILE_OK && b.model->levels != NULL)
        memcpy(t->levels[rank], b.model->levels, sizeof t->levels[rank]);
    if (status == CLILE_OK) t->bytes[rank] = clile_i_exec_bytes(b.trainer->exec);
    bench_free(&b);
}

static training train_faces_on(int32_t ranks, const char *settings, int32_t graded)
{
    training t = {.settings = settings, .stop_rank = -1, .fail_rank = -1, .graded = graded};
    team_run(ranks, train_rank, &t);
    for (int32_t r = 0; r < ranks; ++r)
        if (t.status[r] != CLILE_OK) fail_msg("rank %d: %s", (int)r, t.text[r]);
    for (int32_t r = 1; r < ranks; ++r) /* everywhere the same model */
        assert_memory_equal(t.values[0], t.values[r], (size_t)t.count[0] * sizeof(float));
    return t;
}

static training train_on(int32_t ranks, const char *settings)
{
    return train_faces_on(ranks, settings, 0);
}

static void training_free(training *t)
{
    for (int r = 0; r < TEAM_MOST; ++r) free(t->values[r]);
}

static double distance(const training *a, const training *b)
{
    double sum = 0, norm = 0;
    assert_int_equal(a->count[0], b->count[0]);
    for (int64_t i = 0; i < a->count[0]; ++i) {
        const double d = (double)a->values[0][i] - (double)b->values[0][i];
        sum += d * d;
        norm += (double)a->values[0][i] * (double)a->values[0][i];
    }
    return sqrt(sum / norm);
}

/* Contrast, exchanged halves, mixed effects, augmentation, both stages, thresholds, validation:
 * with the statistics of all ranks, `size` ranks of batch B are one process of size * B. */
static void ranks_are_one_process_with_the_whole_batch(void **state)
{
    static const char *const more[] = {
        "", "accumulate=2 ", "elimination=orthogonal identity_part=residual ",
        "method=bce validation=0.25 ema=0.9 input_workers=1 ", "method=drml "};
    (void)state;
    for (size_t i = 0; i < sizeof more / sizeof *more; ++i) {
        char one[512], two[512], four[512];
        snprintf(one, sizeof one, BASE "%sbatch=16", more[i]);
        snprintf(two, sizeof two, BASE "%sbatch=8 sync_batch_norm=1", more[i]);
        snprintf(four, sizeof four, BASE "%sbatch=4 sync_batch_norm=1", more[i]);
        training a = train_on(1, one), b = train_on(2, two), c = train_on(2, two),
                 d = train_on(4, four);
        assert_memory_equal(b.values[0], c.values[0], (size_t)b.count[0] * sizeof(float));
        for (int step = 1; step < 7; ++step)
            if (!(fabs(a.loss[step] - b.loss[step]) < 2e-3 * (1 + fabs(a.loss[step]))))
                fail_msg("%s: step %d: loss %g, %g on two ranks", more[i], step, a.loss[step],
                         b.loss[step]);
        if (!(distance(&a, &b) < 5e-3) || !(distance(&a, &d) < 5e-3))
            fail_msg("%s: two ranks are off by %g, four by %g", more[i], distance(&a, &b),
                     distance(&a, &d));
        training_free(&a);
        training_free(&b);
        training_free(&c);
        training_free(&d);
    }
}

/* Without, each rank has its own statistics: another result, the same each time. */
static void statistics_of_each_rank_repeat(void **state)
{
    (void)state;
    training one = train_on(1, BASE "batch=16"), a = train_on(2, BASE "batch=8"),
             b = train_on(2, BASE "batch=8");
    assert_memory_equal(a.values[0], b.values[0], (size_t)a.count[0] * sizeof(float));
    assert_true(distance(&a, &one) > 1e-3);
    training_free(&one);
    training_free(&a);
    training_free(&b);
}

/* Gradients that are summed while the backward pass still computes others: the same bits. */
static void sums_behind_the_backward_pass_have_the_same_bits(void **state)
{
    static const char *const settings[] = {BASE "batch=8 width=0.25 sync_batch_norm=1",
                                           BASE "batch=8 width=0.25 accumulate=2 epochs=1"};
    (void)state;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; ++i) {
        training plain = train_on(2, settings[i]),
                 behind = {.settings = settings[i], .stop_rank = -1, .fail_rank = -1};
        const int64_t begun = team_run_behind(2, train_rank, &behind);
        for (int32_t r = 0; r < 2; ++r) {
            if (behind.status[r] != CLILE_OK) fail_msg("rank %d: %s", (int)r, behind.text[r]);
            assert_memory_equal(plain.values[0], behind.values[r],
                                (size_t)plain.count[0] * sizeof(float));
        }
        assert_true(begun >= 2 * 6); /* several in each step */
        training_free(&plain);
        training_free(&behind);
    }
}

/* recompute: the same bits, with statistics of all ranks and with those of each. That each rank did
 * recompute is seen from its memory. */
static void recomputed_blocks_change_no_bit(void **state)
{
    static const char *const kinds[] = {"sync_batch_norm=1", "sync_batch_norm=0 accumulate=2"};
    (void)state;
    for (int k = 0; k < 2; ++k) {
        char settings[256];
        snprintf(settings, sizeof settings, BASE "batch=8 %s", kinds[k]);
        training kept = train_on(2, settings);
        snprintf(settings, sizeof settings, BASE "batch=8 %s recompute=1", kinds[k]);
        training again = train_on(2, settings);
        assert_memory_equal(kept.values[0], again.values[0], (size_t)kept.count[0] * sizeof(float));
        for (int r = 0; r < 2; ++r) assert_int_not_equal(kept.bytes[r], again.bytes[r]);
        training_free(&kept);
        training_free(&again);
    }
}

/* The rule of intensities is fitted to the scores of all ranks: the same on each, and that of one
 * process with the whole batch. An intensity that only one rank has is refused. */
static void intensities_are_fitted_to_all_ranks(void **state)
{
    enum { COUNT = CLILE_I_MODEL_LEVELS * TOY_C };
    static const char settings[] = BASE "method=bce epochs=8 sync_batch_norm=1";
    float one[COUNT];
    (void)state;
    for (int32_t ranks = 1; ranks <= 4; ranks *= 2) {
        char own[256];
        snprintf(own, sizeof own, "%s batch=%d", settings, (int)(16 / ranks));
        training t = train_faces_on(ranks, own, 1);
        if (ranks == 1) memcpy(one, t.levels[0], sizeof one);
        for (int c = 0; c < TOY_C; ++c) assert_true(one[c] > 0.1F); /* a slope: it was fitted */
        for (int i = 0; i < COUNT; ++i)
            if (!(fabsf(t.levels[0][i] - one[i]) < 5e-3F * (1 + fabsf(one[i]))))
                fail_msg("%d ranks: level %d is %g, expected %g", (int)ranks, i,
                         (double)t.levels[0][i], (double)one[i]);
        for (int32_t r = 1; r < ranks; ++r)
            assert_memory_equal(t.levels[0], t.levels[r], sizeof t.levels[0]);
        training_free(&t);
    }
    training t = {
        .settings = BASE "method=bce batch=8", .stop_rank = -1, .fail_rank = -1, .graded = 2};
    team_run(2, train_rank, &t);
    for (int r = 0; r < 2; ++r) {
        assert_int_equal(t.status[r], CLILE_E_INVALID_ARGUMENT);
        assert_non_null(strstr(t.text[r], "rank 1 of 2: clile_trainer_set_communicator: labels"));
    }
}

/* Rank 1 cancels, both stop after the same step, and rank 0 has written. The same number of ranks
 * ends in the same bits; others continue the same run. */
static void a_stopped_run_resumes_on_any_number_of_ranks(void **state)
{
    static const char settings[] = BASE "batch=8 sync_batch_norm=1";
    (void)state;
    training whole = train_on(2, settings);
    for (int32_t stage = 1; stage <= 2; ++stage) {
        training t = {.settings = settings,
                      .stop_stage = stage,
                      .stop_step = 2,
                      .stop_rank = 1,
                      .fail_rank = -1};
        (void)remove(checkpoint);
        team_run(2, train_rank, &t);
        for (int r = 0; r < 2; ++r) {
            assert_int_equal(t.status[r], CLILE_E_CANCELLED);
            assert_non_null(strstr(t.text[r], "rank 1 of 2: training was cancelled in stage"));
        }
        for (int32_t ranks = 1; ranks <= 4; ranks *= 2) {
            char own[256];
            snprintf(own, sizeof own, BASE "batch=%d", 16 / ranks);
            training r = {.settings = own, .resume = checkpoint, .stop_rank = -1, .fail_rank = -1};
            team_run(ranks, train_rank, &r);
            if (r.status[0] != CLILE_OK) fail_msg("%d ranks: %s", (int)ranks, r.text[0]);
            if (ranks == 2)
                assert_memory_equal(r.values[0], whole.values[0],
                                    (size_t)whole.count[0] * sizeof(float));
            assert_true(distance(&r, &whole) < 5e-3);
            training_free(&r);
        }
    }
    training r = {.settings = "", .resume = checkpoint, .stop_rank = -1, .fail_rank = -1};
    r.settings = BASE "batch=5";
    team_run(3, train_rank, &r);
    for (int k = 0; k < 3; ++k) assert_int_equal(r.status[k], CLILE_E_INVALID_ARGUMENT);
    assert_non_null(strstr(r.text[2], "rank 0 of 3: "));
    training_free(&whole);
}

/* Its history is that of one process, and only rank 0 wrote it. */
static void rank_0_writes_the_history(void **state)
{
    clile_i_file file;
    int lines = 0;
    (void)state;
    (void)remove(history);
    training a = train_on(2, BASE "batch=8 validation=0.25");
    assert_int_equal(clile_i_file_open(history, &file), CLILE_OK);
    for (size_t i = 0; i < file.size; ++i) lines += file.data[i] == '\n';
    assert_int_equal(lines, 3); /* an epoch of stage 1, two of stage 2 */
    clile_i_file_close(&file);
    assert_true(a.f1 >= 0 && a.auc >= 0);
    training_free(&a);
}

static void a_failure_ends_all_ranks(void **state)
{
    (void)state;
    for (int64_t at = 1; at < 40; at += 13) {
        training t = {.settings = BASE "batch=8 sync_batch_norm=1",
                      .stop_rank = -1,
                      .fail_rank = 1,
                      .fail_at = at};
        team_run(2, train_rank, &t);
        for (int r = 0; r < 2; ++r)
            if (t.status[r] != CLILE_E_BACKEND)
                fail_msg("call %d, rank %d: %s: %s", (int)at, r, clile_status_name(t.status[r]),
                         t.text[r]);
        assert_non_null(strstr(t.text[1], "the communicator's allreduce failed (7)"));
    }
    training t = {.settings = BASE "batch=8",
                  .other_settings = BASE "batch=8 seed=2",
                  .stop_rank = -1,
                  .fail_rank = -1};
    team_run(2, train_rank, &t);
    for (int r = 0; r < 2; ++r) {
        assert_int_equal(t.status[r], CLILE_E_INVALID_ARGUMENT);
        assert_non_null(strstr(t.text[r], "rank 1 of 2: clile_trainer_set_communicator: options"));
    }
    t = (training){.settings = BASE "batch=40", .stop_rank = -1, .fail_rank = -1};
    team_run(2, train_rank, &t);
    for (int r = 0; r < 2; ++r) {
        assert_int_equal(t.status[r], CLILE_E_INVALID_ARGUMENT);
        assert_non_null(strstr(t.text[r], "batch is 40 on each of 2 ranks, but there are only 48"));
    }
}

static int32_t no_sum(void *user, int32_t type, int64_t count, void *values)
{
    (void)user, (void)type, (void)count, (void)values;
    return 0;
}

static int32_t no_broadcast(void *user, int32_t root, int64_t bytes, void *data)
{
    (void)user, (void)root, (void)bytes, (void)data;
    return 0;
}

static int32_t no_wait(void *user)
{
    (void)user;
    return 0;
}

static void what_cannot_be_is_refused(void **state)
{
    bench b = bench_make("");
    const clile_communicator fine = {sizeof fine, 0, 2, NULL, no_sum, no_broadcast, NULL, NULL};
    clile_communicator c = fine;
    (void)state;
    assert_int_equal(clile_trainer_set_communicator(NULL, &c), CLILE_E_INVALID_ARGUMENT);
    c.struct_size = 4;
    assert_int_equal(clile_trainer_set_communicator(b.trainer, &c), CLILE_E_INVALID_ARGUMENT);
    for (int k = 0; k < 6; ++k) {
        c = fine;
        if (k == 0) c.rank = 2;
        if (k == 1) c.rank = -1;
        if (k == 2) c.size = 0;
        if (k == 3) c.allreduce = NULL;
        if (k == 4) c.broadcast = NULL;
        if (k == 5) c.wait = no_wait;
        assert_int_equal(clile_trainer_set_communicator(b.trainer, &c), CLILE_E_INVALID_ARGUMENT);
    }
    assert_int_equal(clile_trainer_set_communicator(b.trainer, NULL), CLILE_OK);
    c = (clile_communicator){sizeof c, 0, 1, NULL, no_sum, no_broadcast, NULL, NULL};
    assert_int_equal(clile_trainer_set_communicator(b.trainer, &c), CLILE_OK);
    assert_int_equal(clile_trainer_run(b.trainer, 1, NULL, NULL), CLILE_OK);
    assert_int_equal(clile_trainer_set_communicator(b.trainer, &c), CLILE_E_STATE);
    bench_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_are_one_process_with_the_whole_batch),
        cmocka_unit_test(statistics_of_each_rank_repeat),
        cmocka_unit_test(sums_behind_the_backward_pass_have_the_same_bits),
        cmocka_unit_test(recomputed_blocks_change_no_bit),
        cmocka_unit_test(intensities_are_fitted_to_all_ranks),
        cmocka_unit_test(a_stopped_run_resumes_on_any_number_of_ranks),
        cmocka_unit_test(rank_0_writes_the_history),
        cmocka_unit_test(a_failure_ends_all_ranks),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    const int result = cmocka_run_group_tests(tests, NULL, NULL);
    (void)remove(checkpoint);
    (void)remove(history);
    return result;
}
