/* The losses of methods: gradients by the embedding against finite differences, and what they are 0
 * for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "loss/term.h"

#include <clile/losses.h>
#include <clile/options.h>

#include <math.h>
#include <string.h>

enum { N = 7, C = 3, OWN = 4, D = C * OWN, S = 3 };

static float embedding[N * D], diff[N * D], shape[S * 10];
static int8_t labels[N * C];
static int32_t subject[N];
static clile_i_head head[CLILE_I_TERM_HEADS];
static float values[2][S * D], diffs[2][S * D];

static clile_i_step step_of(const clile_options *options)
{
    memset(diff, 0, sizeof diff);
    memset(diffs, 0, sizeof diffs);
    for (int k = 0; k < 2; ++k) head[k].value = values[k], head[k].diff = diffs[k];
    return (clile_i_step){.n = N,
                          .d = D,
                          .c = C,
                          .s = S,
                          .options = options,
                          .embedding = embedding,
                          .labels = labels,
                          .subject = subject,
                          .subject_five = shape,
                          .head = head,
                          .diff_embedding = diff};
}

static void fill(void)
{
    static const int8_t given[N * C] = {1, 0, 1, 1, 0, 0, 0,  1, 1, 0, 0,
                                        0, 1, 1, 1, 0, 1, -1, 1, 0, 1};
    clile_i_rng rng = clile_i_rng_make(3, 0);
    memcpy(labels, given, sizeof labels);
    for (int i = 0; i < N; ++i) subject[i] = i % S;
    for (int i = 0; i < N * D; ++i) embedding[i] = (float)clile_i_rng_normal(&rng);
    for (int i = 0; i < S * 10; ++i) shape[i] = (float)clile_i_rng_normal(&rng);
    for (int k = 0; k < 2; ++k)
        for (int i = 0; i < S * D; ++i) values[k][i] = (float)(0.5 * clile_i_rng_normal(&rng));
}

static double loss_of(const clile_i_term *term, const clile_options *options)
{
    clile_i_step x = step_of(options);
    if (term->compute(&x) != CLILE_OK) fail_msg("%s", clile_last_error());
    return x.loss;
}

static void check_term(const char *name)
{
    clile_options *options = NULL;
    float found[N * D];
    const clile_i_term *term = clile_i_method_term(name);
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    fill();
    assert_true(loss_of(term, options) > 0.01);
    memcpy(found, diff, sizeof found);
    for (int i = 0; i < N * D; ++i) {
        const float at = embedding[i];
        const double h = 1e-3;
        embedding[i] = (float)((double)at + h);
        const double up = loss_of(term, options);
        embedding[i] = (float)((double)at - h);
        const double down = loss_of(term, options);
        embedding[i] = at;
        const double expected = (up - down) / (2 * h);
        if (!(fabs(expected - (double)found[i]) <= 2e-3 * fabs(expected) + 2e-4))
            fail_msg("%s, %d: gradient %g, differences give %g", name, i, (double)found[i],
                     expected);
    }
    clile_options_destroy(options);
}

static void test_suphcl(void **state)
{
    (void)state;
    clile_options *options = NULL;
    check_term("suphcl");
    /* no AU is there, or none is coded: nothing to say */
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    for (int8_t y = -1; y <= 0; ++y) {
        memset(labels, y, sizeof labels);
        assert_true(loss_of(clile_i_method_term("suphcl"), options) == 0);
        for (int i = 0; i < N * D; ++i) assert_true(diff[i] == 0);
    }
    clile_options_destroy(options);
}

static void test_lpnet(void **state)
{
    (void)state;
    check_term("lpnet");
    /* everybody has the same shape */
    memset(shape, 0, sizeof shape);
    assert_true(loss_of(clile_i_method_term("lpnet"), NULL) == 0);
    clile_i_step x = step_of(NULL);
    x.d = 9;
    assert_int_equal(clile_i_method_term("lpnet")->compute(&x), CLILE_E_INVALID_ARGUMENT);
    assert_non_null(strstr(clile_last_error(), "method=lpnet: embedding is 9"));
}

/* The classifier learns as of clile_loss_adversarial. The encoder descends the cross-entropy of the
 * uniform distribution with its answer, which is the sum of its own over all subjects. */
static void test_doubt(void **state)
{
    (void)state;
    float expected[N * D] = {0}, one[N * D], weight[S * D], bias[S], found[N * D];
    double loss = 0;
    const clile_i_term *term = clile_i_method_term("piap");
    fill();
    const double value = loss_of(term, NULL);
    memcpy(found, diff, sizeof found);
    assert_int_equal(clile_loss_adversarial(N, D, S, embedding, values[0], values[1], subject,
                                            &loss, one, weight, bias),
                     CLILE_OK);
    assert_true(loss == value);
    assert_memory_equal(weight, diffs[0], sizeof weight);
    assert_memory_equal(bias, diffs[1], sizeof bias);
    for (int s = 0; s < S; ++s) {
        const int32_t all[N] = {s, s, s, s, s, s, s};
        assert_int_equal(clile_loss_adversarial(N, D, S, embedding, values[0], values[1], all,
                                                &loss, one, NULL, NULL),
                         CLILE_OK);
        for (int i = 0; i < N * D; ++i) expected[i] -= one[i] / (float)S;
    }
    for (int i = 0; i < N * D; ++i)
        if (!(fabs((double)(expected[i] - found[i])) <= 1e-6))
            fail_msg("%d: %g, expected %g", i, (double)found[i], (double)expected[i]);
}

/* Of piap with a weight of the feedback. */
static double loss_with_feedback(const clile_options *options, float *diff_au, float *diff_bias)
{
    static const float bias[C] = {2.5F, -2.5F, 0.0F};
    static float au[C * D];
    clile_i_rng rng = clile_i_rng_make(9, 0);
    for (int i = 0; i < C * D; ++i) au[i] = (float)(0.1 * clile_i_rng_normal(&rng));
    clile_i_step x = step_of(options);
    memset(diff_au, 0, C * D * sizeof *diff_au);
    memset(diff_bias, 0, C * sizeof *diff_bias);
    x.au = au, x.bias = bias, x.scale = 1.0, x.diff_au = diff_au, x.diff_bias = diff_bias;
    if (clile_i_method_term("piap")->compute(&x) != CLILE_OK) fail_msg("%s", clile_last_error());
    return x.loss;
}

/* Off by default; what is coded has none; gradients of F. What is told and what counts is constant
 * around these values. */
static void test_feedback(void **state)
{
    (void)state;
    clile_options *options = NULL;
    float with[N * D], au[C * D], bias[C], other[C * D];
    double sum = 0;
    assert_int_equal(clile_options_create(&options), CLILE_OK);
    fill();
    const double plain = loss_with_feedback(options, au, bias);
    for (int i = 0; i < C * D; ++i) assert_true(au[i] == 0);
    assert_int_equal(clile_options_set(options, CLILE_OPT_LAMBDA_FEEDBACK, "3"), CLILE_OK);
    /* with one label that is not coded, of AU 2, whose answer is not sure */
    assert_true(loss_with_feedback(options, au, bias) == plain);
    for (int k = 2; k < N; ++k)
        for (int c = 0; c < C; ++c) labels[k * C + c] = -1;
    const double more = loss_with_feedback(options, au, bias);
    assert_true(more > plain + 1e-3);
    memcpy(with, diff, sizeof with);
    for (int c = 0; c < C; ++c) sum += fabs((double)bias[c]);
    assert_true(sum > 1e-3);
    assert_true(bias[2] == 0); /* of an AU whose answers are not sure */
    for (int i = 0; i < N * D; ++i) {
        const float at = embedding[i];
        const double h = 1e-3;
        embedding[i] = (float)((double)at + h);
        const double up = loss_with_feedback(options, other, bias);
        embedding[i] = (float)((double)at - h);
        const double down = loss_with_feedback(options, other, bias);
        embedding[i] = at;
        /* the classifier's part is not the gradient of its loss */
        assert_int_equal(clile_options_set(options, CLILE_OPT_LAMBDA_FEEDBACK, "0"), CLILE_OK);
        (void)loss_with_feedback(options, other, bias);
        const double apart = (double)with[i] - (double)diff[i];
        embedding[i] = (float)((double)at + h);
        const double up0 = loss_with_feedback(options, other, bias);
        embedding[i] = (float)((double)at - h);
        const double down0 = loss_with_feedback(options, other, bias);
        embedding[i] = at;
        assert_int_equal(clile_options_set(options, CLILE_OPT_LAMBDA_FEEDBACK, "3"), CLILE_OK);
        const double expected = (up - down - up0 + down0) / (2 * h);
        if (!(fabs(expected - apart) <= 2e-3 * fabs(expected) + 2e-4))
            fail_msg("%d: gradient %g, differences give %g", i, apart, expected);
    }
    memset(labels, 1, sizeof labels);
    assert_true(loss_with_feedback(options, au, bias) == plain);
    clile_options_destroy(options);
}

static void test_none(void **state)
{
    (void)state;
    assert_null(clile_i_method_term("cl-ile")->compute);
    assert_null(clile_i_method_term("bce")->compute);
    assert_null(clile_i_method_term("drml")->compute);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suphcl), cmocka_unit_test(test_lpnet), cmocka_unit_test(test_doubt),
        cmocka_unit_test(test_feedback), cmocka_unit_test(test_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
