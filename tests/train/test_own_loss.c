/* A loss of the caller's own: its arguments, the use of its gradient, its failures. */
#include "toy.h"

#include "loss/bce.h"

#include <clile/experimental_loss.h>

#include <math.h>

enum { D = 16 };

typedef struct {
    int32_t calls, fail_at, result, poison; /* poison: 1 loss, 2..4 a gradient */
    double weight;
    const clile_dataset *data; /* what it was given is looked up there */
} state_of_loss;

/* The batch is what the data set says of these images. */
static void check(const clile_loss_batch *b, const state_of_loss *s)
{
    int8_t labels[TOY_C];
    if (b->struct_size != sizeof *b || b->n != 16 || b->d != D || b->c != TOY_C ||
        b->image_size != TOY_SIZE || b->subjects != clile_dataset_subject_count(s->data) ||
        b->step != s->calls || b->steps < b->step || b->input == NULL)
        fail_msg("step %lld: the numbers of the batch are wrong", (long long)b->step);
    for (int32_t k = 0; k < b->n; ++k) {
        int32_t subject = -1;
        if (clile_dataset_copy_subjects(s->data, b->index[k], 1, &subject) != CLILE_OK ||
            clile_dataset_copy_labels(s->data, b->index[k], 1, labels) != CLILE_OK)
            fail_msg("image %lld: %s", (long long)b->index[k], clile_last_error());
        if (subject != b->subject[k])
            fail_msg("image %lld: subject %d, expected %d", (long long)b->index[k],
                     (int)b->subject[k], (int)subject);
        if (b->partner == NULL || b->partner[k] < 0)
            assert_memory_equal(labels, b->labels + k * TOY_C, TOY_C);
    }
}

static int32_t finish(clile_loss_batch *b, const state_of_loss *s)
{
    static const float not_a_number = NAN;
    if (s->poison == 1) b->loss = (double)not_a_number;
    if (s->poison == 2) b->diff_embedding[17] = not_a_number;
    if (s->poison == 3) b->diff_au_embedding[2] = INFINITY;
    if (s->poison == 4) b->diff_logits[1] = -INFINITY;
    return s->calls == s->fail_at ? s->result : 0;
}

/* Plain weighted BCE by the logits. */
static int32_t bce(clile_loss_batch *b, void *user)
{
    state_of_loss *s = user;
    s->calls += 1;
    if (s->data != NULL) check(b, s);
    for (int32_t k = 0; k < b->n; ++k) {
        double logits[TOY_C], diff[TOY_C];
        for (int32_t c = 0; c < TOY_C; ++c) logits[c] = (double)b->logits[k * TOY_C + c];
        b->loss += s->weight / b->n *
                   clile_i_bce_image(TOY_C, logits, b->labels + k * TOY_C, b->au_weight,
                                     s->weight / b->n, diff);
        for (int32_t c = 0; c < TOY_C; ++c) b->diff_logits[k * TOY_C + c] = (float)diff[c];
    }
    return finish(b, s);
}

/* The published loss of stage 2, by embeddings and AU vectors. */
static int32_t contrast(clile_loss_batch *b, void *user)
{
    state_of_loss *s = user;
    s->calls += 1;
    if (clile_loss_stage2(b->n, b->d, b->c, b->embedding, b->au_embedding, b->labels, 0.25,
                          &b->loss, b->diff_embedding, b->diff_au_embedding) != CLILE_OK)
        return -1;
    return finish(b, s);
}

static int32_t nothing(clile_loss_batch *b, void *user)
{
    state_of_loss *s = user;
    (void)b;
    s->calls += 1;
    return 0;
}

static int32_t note_loss(const clile_progress *p, void *user)
{
    float *last = user;
    *last = (float)p->loss;
    return 0;
}

static int32_t stop_at_4(const clile_progress *p, void *user)
{
    (void)user;
    return p->step == 4;
}

static const clile_dataset *toy;

/* A trainer on the toy set with a loss (fn NULL: without). */
static clile_trainer *trainer_with(const char *settings, int32_t mode, clile_loss_fn fn, void *user,
                                   clile_model **model)
{
    clile_options *options = toy_options(settings);
    clile_trainer *trainer = NULL;
    *model = toy_model(options);
    if (clile_trainer_create(*model, toy, options, &trainer) != CLILE_OK ||
        (fn != NULL && clile_trainer_set_loss(trainer, mode, fn, user) != CLILE_OK))
        fail_msg("%s", clile_last_error());
    clile_options_destroy(options);
    return trainer;
}

typedef struct {
    float au[TOY_C * D], offset[TOY_C], slope[TOY_C], last_loss;
} outcome;

static outcome outcome_of(const clile_model *model)
{
    outcome out = {.last_loss = 0};
    assert_int_equal(clile_model_copy_au_embedding(model, out.au), CLILE_OK);
    assert_int_equal(clile_model_copy_decision(model, out.slope, out.offset), CLILE_OK);
    return out;
}

static outcome trained(const char *settings, int32_t mode, clile_loss_fn fn, void *user)
{
    clile_model *model = NULL;
    clile_trainer *trainer = trainer_with(settings, mode, fn, user, &model);
    float last_loss = 0;
    if (clile_trainer_run(trainer, 2, note_loss, &last_loss) != CLILE_OK)
        fail_msg("%s", clile_last_error());
    clile_trainer_destroy(trainer);
    outcome out = outcome_of(model);
    out.last_loss = last_loss;
    clile_model_destroy(model);
    return out;
}

static void expect_near(const outcome *a, const outcome *b, double tolerance)
{
    for (int i = 0; i < TOY_C * D; ++i)
        if (!(fabs((double)a->au[i] - (double)b->au[i]) <= tolerance))
            fail_msg("au[%d]: %.9g and %.9g", i, (double)a->au[i], (double)b->au[i]);
    assert_true(fabs((double)a->last_loss - (double)b->last_loss) <= tolerance);
}

static void the_plain_bce_is_the_plain_bce(void **state)
{
    (void)state;
    static const char *const settings[] = {
        "method=bce similarity=dot optimizer=sgd", "method=bce similarity=cosine optimizer=sgd",
        "method=bce similarity=cosine optimizer=sgd validation=0.5 augment_flip=1"};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; ++i) {
        state_of_loss s = {.weight = 1, .data = toy};
        const outcome built_in = trained(settings[i], 0, NULL, NULL),
                      own = trained(settings[i], CLILE_LOSS_REPLACES, bce, &s);
        assert_int_equal(s.calls, i == 2 ? 3 : 9);
        expect_near(&own, &built_in, 1e-6);
        /* twice the loss trains another model */
        s = (state_of_loss){.weight = 1};
        const outcome twice = trained(settings[i], CLILE_LOSS_ADDS, bce, &s);
        assert_memory_not_equal(twice.au, built_in.au, sizeof twice.au);
    }
}

/* Through embeddings and vectors nothing is rounded on the way: the same bits. */
static void the_published_loss_gives_the_same_bits(void **state)
{
    (void)state;
    static const char settings[] = "lambda_bce=0 lambda_contra=1 tau=0.25 elimination=none "
                                   "init_from_stage1=0 null_anchor=0";
    state_of_loss s = {0};
    const outcome built_in = trained(settings, 0, NULL, NULL),
                  own = trained(settings, CLILE_LOSS_REPLACES, contrast, &s);
    assert_int_equal(s.calls, 9);
    assert_memory_equal(&own, &built_in, sizeof own);
}

static void what_adds_nothing_changes_nothing(void **state)
{
    (void)state;
    state_of_loss s = {0};
    const outcome built_in = trained("method=bce", 0, NULL, NULL),
                  own = trained("method=bce", CLILE_LOSS_ADDS, nothing, &s);
    assert_int_equal(s.calls, 9);
    assert_memory_equal(&own, &built_in, sizeof own);
    const outcome removed = trained("method=bce", CLILE_LOSS_REPLACES, nothing, &s);
    assert_true(removed.last_loss == 0);
    assert_memory_not_equal(removed.au, built_in.au, sizeof removed.au);
}

/* Halves of two people: the batch names the partner, and labels are those of the mixture. */
static void exchanged_halves_are_told(void **state)
{
    (void)state;
    state_of_loss s = {.weight = 1, .data = toy};
    trained("method=bce exchange_halves=0.7", CLILE_LOSS_REPLACES, bce, &s);
    assert_int_equal(s.calls, 9);
}

static void a_resumed_run_ends_in_the_same_bits(void **state)
{
    (void)state;
    static const char path[] = "own_loss_checkpoint.safetensors", settings[] = "method=bce";
    state_of_loss s = {.weight = 1};
    clile_model *model = NULL, *other = NULL;
    const outcome whole = trained(settings, CLILE_LOSS_REPLACES, bce, &s);
    clile_trainer *t = trainer_with(settings, CLILE_LOSS_REPLACES, bce, &s, &model);
    assert_int_equal(clile_trainer_run(t, 2, stop_at_4, NULL), CLILE_E_CANCELLED);
    assert_int_equal(clile_trainer_save(t, path), CLILE_OK);
    clile_trainer_destroy(t);
    clile_model_destroy(model);

    s.calls = 0;
    t = trainer_with(settings, CLILE_LOSS_REPLACES, bce, &s, &model);
    if (clile_trainer_resume(t, path) != CLILE_OK) fail_msg("%s", clile_last_error());
    assert_int_equal(clile_trainer_set_loss(t, CLILE_LOSS_ADDS, NULL, NULL), CLILE_E_STATE);
    assert_non_null(strstr(clile_last_error(), "has run or was resumed"));
    assert_int_equal(clile_trainer_run(t, 2, NULL, NULL), CLILE_OK);
    assert_int_equal(s.calls, 5);
    clile_trainer_destroy(t);
    const outcome on = outcome_of(model);
    assert_memory_equal(on.au, whole.au, sizeof on.au);
    assert_memory_equal(on.offset, whole.offset, sizeof on.offset);
    clile_model_destroy(model);

    /* it does not continue with what looks like another loss */
    t = trainer_with(settings, CLILE_LOSS_ADDS, bce, &s, &model);
    assert_int_equal(clile_trainer_resume(t, path), CLILE_E_INVALID_ARGUMENT);
    assert_non_null(strstr(clile_last_error(), "\"replaces\" in the checkpoint, \"adds\" here"));
    clile_trainer *plain = trainer_with(settings, 0, NULL, NULL, &other);
    assert_int_equal(clile_trainer_resume(plain, path), CLILE_E_INVALID_ARGUMENT);
    assert_non_null(strstr(clile_last_error(), "\"none\" here"));
    assert_int_equal(clile_trainer_save(plain, path), CLILE_OK);
    assert_int_equal(clile_trainer_resume(t, path), CLILE_E_INVALID_ARGUMENT);
    assert_non_null(strstr(clile_last_error(), "\"none\" in the checkpoint"));
    assert_int_equal(clile_trainer_set_loss(t, CLILE_LOSS_ADDS, NULL, NULL), CLILE_OK);
    assert_int_equal(clile_trainer_resume(t, path), CLILE_OK);
    clile_trainer_destroy(t);
    clile_trainer_destroy(plain);
    clile_model_destroy(model);
    clile_model_destroy(other);
    remove(path);
}

static void what_fails_says_so(void **state)
{
    (void)state;
    static const struct {
        int32_t fail_at, result, poison;
        clile_status status;
        const char *text;
    } table[] = {
        {3, 7, 0, CLILE_E_CANCELLED, "stage 2, step 3: the loss function returned 7"},
        {1, -1, 0, CLILE_E_CANCELLED, "stage 2, step 1: the loss function returned -1"},
        {0, 0, 1, CLILE_E_NOT_FINITE, "the loss function gave the loss nan"},
        {0, 0, 2, CLILE_E_NOT_FINITE, "the loss function wrote nan to diff_embedding[17]"},
        {0, 0, 3, CLILE_E_NOT_FINITE, "the loss function wrote inf to diff_au_embedding[2]"},
        {0, 0, 4, CLILE_E_NOT_FINITE, "the loss function wrote -inf to diff_logits[1]"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
        state_of_loss s = {.weight = 1,
                           .fail_at = table[i].fail_at,
                           .result = table[i].result,
                           .poison = table[i].poison};
        clile_model *model = NULL;
        clile_trainer *t = trainer_with("method=bce", CLILE_LOSS_REPLACES, bce, &s, &model);
        const outcome before = outcome_of(model);
        assert_int_equal(clile_trainer_run(t, 2, NULL, NULL), table[i].status);
        if (strstr(clile_last_error(), table[i].text) == NULL)
            fail_msg("%s\nexpected %s", clile_last_error(), table[i].text);
        assert_int_equal(clile_trainer_run(t, 2, NULL, NULL), CLILE_E_STATE);
        assert_int_equal(clile_trainer_set_loss(t, 0, bce, &s), CLILE_E_STATE);
        const outcome after = outcome_of(model);
        assert_memory_equal(&after, &before, sizeof after);
        clile_trainer_destroy(t);
        clile_model_destroy(model);
    }
    clile_model *model = NULL;
    clile_trainer *t = trainer_with("method=bce", 0, NULL, NULL, &model);
    assert_int_equal(clile_trainer_set_loss(t, 2, bce, NULL), CLILE_E_INVALID_ARGUMENT);
    assert_non_null(strstr(clile_last_error(), "mode is 2, expected CLILE_LOSS_REPLACES (0)"));
    assert_int_equal(clile_trainer_set_loss(NULL, 0, bce, NULL), CLILE_E_INVALID_ARGUMENT);
    clile_trainer_destroy(t);
    clile_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_plain_bce_is_the_plain_bce),
                                       cmocka_unit_test(the_published_loss_gives_the_same_bits),
                                       cmocka_unit_test(what_adds_nothing_changes_nothing),
                                       cmocka_unit_test(exchanged_halves_are_told),
                                       cmocka_unit_test(a_resumed_run_ends_in_the_same_bits),
                                       cmocka_unit_test(what_fails_says_so)};
    clile_dataset *data = toy_dataset();
    toy = data;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    clile_dataset_destroy(data);
    return failed;
}
