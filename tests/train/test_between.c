/* Exchanged shapes and looks take the people's vectors along (docs/method.md): a row knows whose
 * rest its face has a share of, and both stages teach that subject, too. The losses themselves:
 * loss/test_stage1, loss/test_mixed. */
#include "data/data.h"
#include "train/bench.h"
#include "train/internal.h"
#include "train/landmark_faces.h"

enum { PEOPLE = 9 };

static int32_t one_step(const clile_progress *p, void *user)
{
    (void)user;
    return p->step == 1;
}

/* A trainer after the first step of a stage. */
static bench begin(const scratch *s, const char *settings, int32_t stage)
{
    clile_dataset *data = NULL;
    require(clile_dataset_open(s->path, NULL, &data));
    bench b = bench_of(data, settings);
    if (stage == 2) require(clile_trainer_run(b.trainer, 1, NULL, NULL));
    assert_int_equal(clile_trainer_run(b.trainer, stage, one_step, NULL), CLILE_E_CANCELLED);
    return b;
}

static void assert_share(const clile_trainer *t, int32_t row, int64_t slot, int *exchanged)
{
    const clile_i_person_rows *r = &t->rows;
    const int64_t image = t->images->indices[slot];
    clile_i_exchange e;
    const int is = clile_i_feed_exchange(t->feed, 0, slot, image, &e);
    assert_int_equal(r->subject[row], clile_i_dataset_subject(t->train, image));
    /* everybody has landmarks: people are subjects */
    assert_int_equal(r->other[row], is ? e.other : r->subject[row]);
    assert_true(r->share[row] == (is ? (e.shape + e.look) / 2 : 0));
    *exchanged += is;
}

static void rows_have_the_shares_of_their_faces(void **state)
{
    static const char *const settings[] = {"batch=24 exchange_halves=0",
                                           "batch=24 exchange_halves=0.5 exchange_looks=0.5",
                                           "batch=24 exchange_halves=1 exchange_shapes=0.5"};
    for (int32_t stage = 1; stage <= 2; ++stage)
        for (size_t i = 0; i < sizeof settings / sizeof *settings; ++i) {
            bench b = begin(*state, settings[i], stage);
            const clile_trainer *t = b.trainer;
            int exchanged = 0;
            int32_t row = 0;
            for (int32_t k = 0; k < t->shares.rows; ++k) {
                assert_share(t, row++, k, &exchanged);
                if (t->exchange && t->images->partner[k] >= 0)
                    assert_share(t, row++, t->images->partner[k], &exchanged);
            }
            assert_int_equal(row, t->rows.n);
            assert_true(exchanged > 5);
            bench_free(&b);
        }
}

/* What the first step asks of each subject's vectors: subjects whose images are in the batch, those
 * whose rest such images have a share of, and nobody. */
static void the_other_subject_is_taught(void **state)
{
    for (int32_t stage = 1; stage <= 2; ++stage) {
        bench b = begin(*state, "batch=3 exchange_halves=0 weight_decay=0", stage);
        const clile_trainer *t = b.trainer;
        const clile_i_head *head =
            &t->head[stage == 1 ? CLILE_I_HEAD_ILE
                                : CLILE_I_HEAD_TERMS + CLILE_I_LOSS_bce * CLILE_I_TERM_HEADS + 1];
        const int64_t each = head->count / t->s;
        int own[PEOPLE] = {0}, other[PEOPLE] = {0}, nobody = -1, others = 0;
        for (int32_t k = 0; k < t->rows.n; ++k) {
            own[t->rows.subject[k]] = 1;
            other[t->rows.other[k]] |= t->rows.share[k] > 0;
        }
        for (int p = 0; p < PEOPLE; ++p)
            if (!own[p] && !other[p]) nobody = p;
        assert_true(nobody >= 0);
        for (int p = 0; p < PEOPLE; ++p) {
            const int same = memcmp(head->diff + p * each, head->diff + nobody * each,
                                    (size_t)each * sizeof *head->diff) == 0;
            assert_int_equal(same, !own[p] && !other[p]);
            others += other[p] && !own[p];
        }
        assert_true(others > 0);
        bench_free(&b);
    }
}

static int write_faces(void **state)
{
    static scratch s;
    s = scratch_make();
    clile_dataset_destroy(people_with_landmarks(&s, PEOPLE));
    *state = &s;
    return 0;
}

static int remove_faces(void **state)
{
    scratch_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_have_the_shares_of_their_faces),
        cmocka_unit_test(the_other_subject_is_taught),
    };
    return cmocka_run_group_tests(tests, write_faces, remove_faces);
}
