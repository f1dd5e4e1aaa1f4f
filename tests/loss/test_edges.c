/* The limits of clile/losses.h, for all losses: sizes of 1, sizes out of range, each output
 * omitted, numbers that are not finite in each input, vectors of zero length, and failures, which
 * leave `loss` unchanged. */
#include "loss/support.h"

#include <float.h>

enum { STAGE1, STAGE2, STAGE2_NULL, BCE, MIXED, ORTHOGONAL, DECORRELATE, ADVERSARIAL, LOSSES };
static const char *const names[LOSSES] = {"clile_loss_stage1",      "clile_loss_stage2",
                                          "clile_loss_stage2_null", "clile_loss_bce",
                                          "clile_loss_mixed",       "clile_loss_orthogonal",
                                          "clile_loss_decorrelate", "clile_loss_adversarial"};

/* Arguments of all of them; room for n = c = s = d = 4. */
enum { MOST = 4, ROOM = MOST * MOST * MOST };
typedef struct {
    int64_t n, d, c, s;
    int32_t similarity;
    double scale, temperature, lambda_deviation, lambda_bias;
    float embedding[ROOM], other[ROOM], vectors[ROOM], bias[ROOM], deviation_bias[ROOM],
        weight[ROOM], au_weight[MOST];
    int32_t subject[MOST];
    int8_t labels[MOST * MOST];
    double loss;
    float diff[5][ROOM];
    double diff_scale;
    uint32_t without; /* bit 0: loss is not wanted; bit k: its k-th diff */
} arguments;

static arguments valid(int64_t size)
{
    arguments a = {.n = size,
                   .d = size,
                   .c = size,
                   .s = size,
                   .scale = 2,
                   .temperature = 0.5,
                   .lambda_deviation = 1};
    clile_i_rng rng = clile_i_rng_make(11, 1);
    float *const inputs[] = {a.embedding, a.other, a.vectors, a.bias, a.deviation_bias, a.weight};
    for (size_t k = 0; k < sizeof inputs / sizeof *inputs; ++k)
        for (int i = 0; i < ROOM; ++i) inputs[k][i] = (float)clile_i_rng_normal(&rng);
    for (int i = 0; i < MOST * MOST; ++i) a.labels[i] = (int8_t)(i % 2);
    for (int i = 0; i < MOST; ++i) {
        a.au_weight[i] = 1;
        a.subject[i] = (int32_t)(i % size);
    }
    a.labels[0] = 1;
    return a;
}

static clile_status call(int which, arguments *a)
{
    double *loss = a->without & 1 ? NULL : &a->loss,
           *scale = a->without & 64 ? NULL : &a->diff_scale;
    float *diff[5];
    for (int k = 0; k < 5; ++k) diff[k] = a->without & (2u << k) ? NULL : a->diff[k];
    switch (which) {
        case STAGE1:
            return clile_loss_stage1(a->n, a->d, a->c, a->s, a->embedding, a->vectors, a->subject,
                                     a->labels, a->au_weight, loss, diff[0], diff[1]);
        case STAGE2:
            return clile_loss_stage2(a->n, a->d, a->c, a->embedding, a->vectors, a->labels,
                                     a->temperature, loss, diff[0], diff[1]);
        case STAGE2_NULL:
            return clile_loss_stage2_null(a->n, a->d, a->c, a->embedding, a->vectors, a->other,
                                          a->labels, a->temperature, loss, diff[0], diff[1],
                                          diff[2]);
        case BCE:
            return clile_loss_bce(a->n, a->d, a->c, a->similarity, a->embedding, a->vectors,
                                  a->scale, a->bias, a->labels, a->au_weight, loss, diff[0],
                                  diff[1], scale, diff[2]);
        case MIXED:
            return clile_loss_mixed(a->n, a->d, a->c, a->s, a->similarity, a->embedding, a->other,
                                    a->scale, a->bias, a->vectors, a->deviation_bias, a->subject,
                                    a->labels, a->au_weight, a->lambda_deviation, a->lambda_bias,
                                    loss, diff[0], diff[1], scale, diff[2], diff[3], diff[4]);
        case ORTHOGONAL:
            return clile_loss_orthogonal(a->n, a->d, a->embedding, a->other, loss, diff[0]);
        case DECORRELATE:
            return clile_loss_decorrelate(a->n, a->d, a->embedding, a->other, loss, diff[0]);
        default:
            return clile_loss_adversarial(a->n, a->d, a->s, a->embedding, a->weight, a->bias,
                                          a->subject, loss, diff[0], diff[1], diff[2]);
    }
}

static int uses_aus(int which)
{
    return which <= MIXED;
}

static int uses_subjects(int which)
{
    return which == STAGE1 || which == MIXED || which == ADVERSARIAL;
}

/* Fails, says which function, and `loss` keeps its value. */
static void fails(int which, arguments *a, clile_status status, const char *text)
{
    a->loss = 77;
    const clile_status found = call(which, a);
    if (found != status || strncmp(clile_last_error(), names[which], strlen(names[which])) != 0 ||
        strstr(clile_last_error(), text) == NULL)
        fail_msg("%s: %s \"%s\", expected %s \"...%s...\"", names[which], clile_status_name(found),
                 clile_last_error(), clile_status_name(status), text);
    assert_true(a->loss == 77);
}

static void all_sizes_of_one(void **state)
{
    (void)state;
    for (int which = 0; which < LOSSES; ++which)
        for (int32_t similarity = 0; similarity < 2; ++similarity) {
            arguments a = valid(1);
            a.similarity = similarity;
            if (call(which, &a) != CLILE_OK) fail_msg("%s", clile_last_error());
            assert_true(isfinite(a.loss) && a.loss >= 0);
            for (int k = 0; k < 5; ++k) assert_true(isfinite(a.diff[k][0]));
            /* one image is constant */
            if (which == DECORRELATE) assert_true(a.loss == 0 && a.diff[0][0] == 0);
            /* with one subject there is nothing to tell apart */
            if (which == ADVERSARIAL) assert_true(a.loss == 0 && a.diff[0][0] == 0);
            /* nothing is left of D and B */
            if (which == MIXED) assert_true(a.diff[3][0] == 0 && a.diff[4][0] == 0);
        }
}

static void sizes_out_of_range(void **state)
{
    static const int64_t none[] = {0, -1, INT64_MIN}, many[] = {INT64_MAX, ((int64_t)1 << 56) + 1};
    (void)state;
    for (int which = 0; which < LOSSES; ++which)
        for (int size = 0; size < 4; ++size) {
            if ((size == 2 && !uses_aus(which)) || (size == 3 && !uses_subjects(which))) continue;
            arguments a = valid(2);
            int64_t *const sizes[] = {&a.n, &a.d, &a.c, &a.s};
            for (size_t k = 0; k < sizeof none / sizeof *none; ++k) {
                *sizes[size] = none[k];
                fails(which, &a, CLILE_E_INVALID_ARGUMENT, "expected at least 1");
            }
            for (size_t k = 0; k < sizeof many / sizeof *many; ++k) {
                *sizes[size] = many[k];
                fails(which, &a, CLILE_E_INVALID_ARGUMENT, "at most 2^56");
            }
        }
}

/* What is written does not depend on what else is wanted. */
static void each_output_may_be_left_out(void **state)
{
    (void)state;
    for (int which = 0; which < LOSSES; ++which) {
        arguments all = valid(4);
        assert_int_equal(call(which, &all), CLILE_OK);
        for (uint32_t without = 1; without < 128; ++without) {
            arguments a = valid(4);
            a.without = without;
            a.loss = 77;
            assert_int_equal(call(which, &a), CLILE_OK);
            assert_true(a.loss == (without & 1 ? 77 : all.loss));
            for (int k = 0; k < 5; ++k)
                if (!(without & (2u << k)))
                    assert_memory_equal(a.diff[k], all.diff[k], sizeof a.diff[k]);
            if (!(without & 64)) assert_true(a.diff_scale == all.diff_scale);
        }
    }
}

static void numbers_that_are_not_finite(void **state)
{
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    (void)state;
    for (int which = 0; which < LOSSES; ++which)
        for (size_t k = 0; k < sizeof bad / sizeof *bad; ++k)
            for (int which_input = 0; which_input < 7; ++which_input) {
                arguments a = valid(4);
                float *const inputs[] = {a.embedding,      a.other,  a.vectors,  a.bias,
                                         a.deviation_bias, a.weight, a.au_weight};
                const int used[7] = {1,
                                     which == STAGE2_NULL || which >= MIXED,
                                     which <= MIXED,
                                     which == BCE || which == MIXED || which == ADVERSARIAL,
                                     which == MIXED,
                                     which == ADVERSARIAL,
                                     which == STAGE1 || which == BCE || which == MIXED};
                if (!used[which_input] || (which == ADVERSARIAL && which_input == 1)) continue;
                inputs[which_input][0] = bad[k];
                fails(which, &a, which_input == 6 ? CLILE_E_INVALID_ARGUMENT : CLILE_E_NOT_FINITE,
                      which_input == 6 ? "au_weight[0]" : "expected a finite number");
            }
}

static void factors_out_of_range(void **state)
{
    static const double bad[] = {(double)NAN, (double)INFINITY, (double)-INFINITY, -1};
    static const int32_t similarities[] = {-1, 2, INT32_MAX, INT32_MIN};
    (void)state;
    for (size_t k = 0; k < sizeof bad / sizeof *bad; ++k) {
        arguments a = valid(4);
        a.temperature = bad[k];
        fails(STAGE2, &a, CLILE_E_INVALID_ARGUMENT, "temperature is ");
        fails(STAGE2_NULL, &a, CLILE_E_INVALID_ARGUMENT, "temperature is ");
        a.lambda_deviation = bad[k];
        fails(MIXED, &a, CLILE_E_INVALID_ARGUMENT, "lambda_deviation is ");
        a = valid(4);
        a.lambda_bias = bad[k];
        fails(MIXED, &a, CLILE_E_INVALID_ARGUMENT, "lambda_bias is ");
        a = valid(4);
        a.scale = bad[k];
        if (isfinite(bad[k])) continue; /* a scale may be negative */
        fails(BCE, &a, CLILE_E_NOT_FINITE, "");
        fails(MIXED, &a, CLILE_E_NOT_FINITE, "");
    }
    arguments a = valid(4);
    a.temperature = 0;
    fails(STAGE2, &a, CLILE_E_INVALID_ARGUMENT, "temperature is 0");
    for (size_t k = 0; k < sizeof similarities / sizeof *similarities; ++k) {
        a = valid(4);
        a.similarity = similarities[k];
        fails(BCE, &a, CLILE_E_INVALID_ARGUMENT, "similarity is ");
        fails(MIXED, &a, CLILE_E_INVALID_ARGUMENT, "similarity is ");
    }
}

static void labels_and_subjects_out_of_range(void **state)
{
    static const int8_t labels[] = {-128, -2, 2, 127};
    static const int32_t subjects[] = {INT32_MIN, -1, 4, INT32_MAX};
    (void)state;
    for (int which = 0; which < LOSSES; ++which)
        for (int k = 0; k < 4; ++k) {
            arguments a = valid(4);
            a.labels[15] = labels[k];
            if (uses_aus(which)) fails(which, &a, CLILE_E_INVALID_ARGUMENT, "labels[3,3] is ");
            a = valid(4);
            a.subject[3] = subjects[k];
            if (uses_subjects(which)) fails(which, &a, CLILE_E_INVALID_ARGUMENT, "subject[3] is ");
        }
}

/* No label coded, and vectors of length 0: losses of 0 (or of the ridge), and no NaN in any
 * gradient. */
static void nothing_to_learn(void **state)
{
    (void)state;
    for (int which = 0; which < LOSSES; ++which)
        for (int zero = 0; zero < 2; ++zero) {
            arguments a = valid(4);
            memset(a.labels, -1, sizeof a.labels);
            a.lambda_deviation = 0;
            if (zero) memset(a.embedding, 0, sizeof a.embedding);
            assert_int_equal(call(which, &a), CLILE_OK);
            if (uses_aus(which)) assert_true(a.loss == 0);
            if (zero && (which == ORTHOGONAL || which == DECORRELATE)) assert_true(a.loss == 0);
            for (int k = 0; k < 5; ++k)
                for (int i = 0; i < ROOM; ++i) assert_true(isfinite(a.diff[k][i]));
        }
}

/* Values at the ends of float's range: nothing overflows inside a loss that is finite. */
static void numbers_at_the_ends_of_float(void **state)
{
    static const float sizes[] = {1e-45f, 1e-20f, 1e15f, FLT_MAX / 4};
    (void)state;
    for (int which = 0; which < LOSSES; ++which) {
        /* BCE with cosine below; dot products grow */
        if (which == STAGE1 || which == BCE || which == MIXED) continue;
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; ++k) {
            arguments a = valid(4);
            for (int i = 0; i < ROOM; ++i) {
                a.embedding[i] = i % 3 ? sizes[k] : -sizes[k];
                a.other[i] = i % 5 ? sizes[k] : -sizes[k];
            }
            if (call(which, &a) != CLILE_OK)
                fail_msg("%g: %s", (double)sizes[k], clile_last_error());
            assert_true(isfinite(a.loss));
            for (int i = 0; i < 16; ++i) assert_true(isfinite(a.diff[0][i]));
        }
    }
    arguments a = valid(4);
    for (int i = 0; i < ROOM; ++i) a.embedding[i] *= FLT_MAX / 8;
    assert_int_equal(call(BCE, &a), CLILE_OK); /* cosine */
    a.temperature = DBL_MAX;
    assert_int_equal(call(STAGE2, &a), CLILE_OK);
    assert_true(fabs(a.loss - log(4.0) * 0.75) < 2); /* all alike */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_sizes_of_one),
        cmocka_unit_test(sizes_out_of_range),
        cmocka_unit_test(each_output_may_be_left_out),
        cmocka_unit_test(numbers_that_are_not_finite),
        cmocka_unit_test(factors_out_of_range),
        cmocka_unit_test(labels_and_subjects_out_of_range),
        cmocka_unit_test(nothing_to_learn),
        cmocka_unit_test(numbers_at_the_ends_of_float),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
