/* clile_loss_stage2 and clile_loss_stage2_null */
#include "loss/support.h"

typedef struct {
    int64_t n, d, c;
    int has_null;
    double tau;
    input f, au, null;
    int8_t labels[16 * 8];
} problem;

static problem make(uint64_t seed, int64_t n, int64_t d, int64_t c, int has_null, double tau)
{
    clile_i_rng rng = clile_i_rng_make(seed, 1);
    problem p = {.n = n, .d = d, .c = c, .has_null = has_null, .tau = tau};
    p.f = make_input(&rng, n * d, 1);
    p.au = make_input(&rng, c * d, 1);
    p.null = make_input(&rng, d, 1);
    make_labels(&rng, n, c, p.labels);
    return p;
}

static void destroy(problem *p)
{
    free_input(&p->f);
    free_input(&p->au);
    free_input(&p->null);
}

static double naive(void *context)
{
    const problem *p = context;
    return naive_stage2(p->n, p->d, p->c, p->f.x, p->au.x, p->has_null ? p->null.x : NULL,
                        p->labels, p->tau);
}

static clile_status run(problem *p, double *loss)
{
    if (p->has_null)
        return clile_loss_stage2_null(p->n, p->d, p->c, p->f.f, p->au.f, p->null.f, p->labels,
                                      p->tau, loss, p->f.diff, p->au.diff, p->null.diff);
    return clile_loss_stage2(p->n, p->d, p->c, p->f.f, p->au.f, p->labels, p->tau, loss, p->f.diff,
                             p->au.diff);
}

static void test_value_and_gradients(void **state)
{
    (void)state;
    const double taus[] = {0.1, 0.5, 1, 50};
    for (int t = 0; t < 8; ++t) {
        problem p = make(20 + (uint64_t)t, t < 4 ? 7 : 16, t < 4 ? 5 : 19, t < 4 ? 4 : 8, t % 2,
                         taus[t / 2]);
        double loss = 0;
        assert_int_equal(run(&p, &loss), CLILE_OK);
        assert_near(loss, naive(&p), 1e-12);
        assert_true(check_gradient("diff_embedding", naive, &p, &p.f, 1) > 1e-6);
        assert_true(check_gradient("diff_au_embedding", naive, &p, &p.au, 1) > 1e-6);
        if (p.has_null)
            assert_true(check_gradient("diff_null_embedding", naive, &p, &p.null, 1) > 1e-6);
        for (int64_t j = 0; j < p.d; ++j) { /* image 1 has none coded, image 2 none present */
            assert_true(p.f.diff[p.d + j] == 0);
            assert_true((p.f.diff[2 * p.d + j] == 0) == !p.has_null);
        }
        destroy(&p);
    }
}

/* F = (2,0), A_0 = (3,0), A_1 = (0,5): cosines 1 and 0. tau = 1, AU 0 present: L = log(e + 1) -
 * 1. */
static void test_by_hand(void **state)
{
    (void)state;
    const float f[] = {2, 0}, au[] = {3, 0, 0, 5}, null[] = {-1, 0};
    const int8_t first[] = {1, 0}, both[] = {1, 1}, none[] = {0, 0}, only_second_coded[] = {-1, 0};
    double loss = 0;
    float diff_f[2], diff_au[4], diff_null[2];
    assert_int_equal(clile_loss_stage2(1, 2, 2, f, au, first, 1, &loss, diff_f, diff_au), CLILE_OK);
    assert_near(loss, log(exp(1) + 1) - 1, 1e-15);
    const double p1 = 1 / (exp(1) + 1);
    assert_near(diff_f[0], 0, 1e-7); /* along F nothing changes */
    assert_near(diff_f[1], p1 / 2, 1e-7);
    const double expected[] = {0, 0, p1 / 5, 0};
    for (int i = 0; i < 4; ++i) assert_near(diff_au[i], expected[i], 1e-7);

    assert_int_equal(clile_loss_stage2(1, 2, 2, f, au, both, 1, &loss, NULL, NULL), CLILE_OK);
    assert_near(loss, log(exp(1) + 1) - 0.5, 1e-15);
    assert_int_equal(clile_loss_stage2(1, 2, 2, f, au, first, 0.5, &loss, NULL, NULL), CLILE_OK);
    assert_near(loss, log(exp(2) + 1) - 2, 1e-15);
    assert_int_equal(clile_loss_stage2(1, 2, 2, f, au, none, 1, &loss, diff_f, diff_au), CLILE_OK);
    assert_true(loss == 0 && diff_f[0] == 0 && diff_f[1] == 0);
    for (int i = 0; i < 4; ++i) assert_true(diff_au[i] == 0);

    assert_int_equal(
        clile_loss_stage2_null(1, 2, 2, f, au, null, none, 1, &loss, diff_f, diff_au, diff_null),
        CLILE_OK);
    assert_near(loss, log(exp(1) + 1 + exp(-1)) + 1, 1e-15);
    assert_int_equal(
        clile_loss_stage2_null(1, 2, 2, f, au, null, first, 1, &loss, NULL, NULL, NULL), CLILE_OK);
    assert_near(loss, log(exp(1) + 1 + exp(-1)) - 1, 1e-15);
    assert_int_equal(
        clile_loss_stage2_null(1, 2, 2, f, au, null, only_second_coded, 1, &loss, NULL, NULL, NULL),
        CLILE_OK);
    assert_near(loss, log(1 + exp(-1)) + 1, 1e-15);
}

/* Nothing coded: 0, also with a null anchor, but counted in n. */
static void test_uncoded_image(void **state)
{
    (void)state;
    const float f[] = {2, 0, NAN, NAN}, au[] = {3, 0, 0, 5}, null[] = {-1, 0};
    const int8_t labels[] = {1, 0, -1, -1};
    double loss = 0;
    float diff_f[4], diff_au[4], diff_null[2];
    assert_int_equal(
        clile_loss_stage2_null(2, 2, 2, f, au, null, labels, 1, &loss, diff_f, diff_au, diff_null),
        CLILE_OK);
    assert_near(loss, (log(exp(1) + 1 + exp(-1)) - 1) / 2, 1e-15);
    assert_true(diff_f[2] == 0 && diff_f[3] == 0);
    for (int i = 0; i < 4; ++i) assert_true(isfinite(diff_au[i]));
}

/* Vectors of norm below 1e-8 have similarity 0 and gradient 0, and do not disturb the others. */
static void test_zero_vectors(void **state)
{
    (void)state;
    const float f[] = {0, 0, 2, 0}, au[] = {3, 0, 1e-9f, 0};
    const int8_t labels[] = {1, 0, 1, 0};
    double loss = 0;
    float diff_f[4], diff_au[4];
    assert_int_equal(clile_loss_stage2(2, 2, 2, f, au, labels, 1, &loss, diff_f, diff_au),
                     CLILE_OK);
    assert_near(loss, (log(2) + log(exp(1) + 1) - 1) / 2, 1e-15);
    assert_true(diff_f[0] == 0 && diff_f[1] == 0);
    assert_true(diff_au[2] == 0 && diff_au[3] == 0);
    assert_true(diff_au[1] == 0); /* F = (2,0) lies along A_0 */
}

/* tau = 1e-6: logits of +-1e6. The loss is the gap to the best AU, or 0. tau = 1e9: all alike,
 * log C. */
static void test_extreme_temperature(void **state)
{
    (void)state;
    const float f[] = {1, 0}, au[] = {3, 0, -2, 0, 0, 1};
    const int8_t first[] = {1, 0, 0}, second[] = {0, 1, 0};
    double loss = 0;
    float diff_f[2], diff_au[6];
    assert_int_equal(clile_loss_stage2(1, 2, 3, f, au, first, 1e-6, &loss, diff_f, diff_au),
                     CLILE_OK);
    assert_near(loss, 0, 1e-15);
    assert_int_equal(clile_loss_stage2(1, 2, 3, f, au, second, 1e-6, &loss, diff_f, diff_au),
                     CLILE_OK);
    assert_near(loss, 2e6, 1e-6);
    for (int i = 0; i < 6; ++i) assert_true(isfinite(diff_au[i]));
    assert_int_equal(clile_loss_stage2(1, 2, 3, f, au, second, 1e9, &loss, diff_f, diff_au),
                     CLILE_OK);
    assert_near(loss, log(3), 1e-8);
    assert_fails(clile_loss_stage2(1, 2, 3, f, au, second, 1e-309, &loss, NULL, NULL),
                 CLILE_E_NOT_FINITE, "clile_loss_stage2: the loss is ");
}

static void test_outputs_may_be_null_and_are_overwritten(void **state)
{
    (void)state;
    problem p = make(3, 6, 4, 4, 1, 0.1), q = make(3, 6, 4, 4, 1, 0.1);
    assert_int_equal(run(&p, NULL), CLILE_OK);
    assert_int_equal(run(&p, NULL), CLILE_OK);
    float *wanted[3] = {q.f.diff, q.au.diff, q.null.diff};
    for (int i = 0; i < 3; ++i)
        assert_int_equal(clile_loss_stage2_null(q.n, q.d, q.c, q.f.f, q.au.f, q.null.f, q.labels,
                                                q.tau, NULL, i == 0 ? wanted[0] : NULL,
                                                i == 1 ? wanted[1] : NULL,
                                                i == 2 ? wanted[2] : NULL),
                         CLILE_OK);
    assert_memory_equal(p.f.diff, q.f.diff, (size_t)p.f.count * sizeof(float));
    assert_memory_equal(p.au.diff, q.au.diff, (size_t)p.au.count * sizeof(float));
    assert_memory_equal(p.null.diff, q.null.diff, (size_t)p.null.count * sizeof(float));
    destroy(&p);
    destroy(&q);
}

static void test_errors(void **state)
{
    (void)state;
    problem p = make(4, 3, 2, 2, 1, 1);
    double loss = 7;
#define STAGE2(n, d, c, f, au, labels, tau)                                                        \
    clile_loss_stage2(n, d, c, f, au, labels, tau, &loss, NULL, NULL)
#define REFUSED(call, text) assert_fails(call, CLILE_E_INVALID_ARGUMENT, text)
    REFUSED(STAGE2(0, 2, 2, p.f.f, p.au.f, p.labels, 1),
            "clile_loss_stage2: n is 0, expected at least 1");
    REFUSED(STAGE2(3, 0, 2, p.f.f, p.au.f, p.labels, 1),
            "clile_loss_stage2: d is 0, expected at least 1");
    REFUSED(STAGE2(3, 2, -4, p.f.f, p.au.f, p.labels, 1),
            "clile_loss_stage2: c is -4, expected at least 1");
    REFUSED(STAGE2(3, 2, 2, NULL, p.au.f, p.labels, 1), "clile_loss_stage2: embedding is NULL");
    REFUSED(STAGE2(3, 2, 2, p.f.f, NULL, p.labels, 1), "clile_loss_stage2: au_embedding is NULL");
    REFUSED(STAGE2(3, 2, 2, p.f.f, p.au.f, NULL, 1), "clile_loss_stage2: labels is NULL");
    REFUSED(STAGE2(3, 2, 2, p.f.f, p.au.f, p.labels, 0),
            "temperature is 0, expected a finite number > 0");
    REFUSED(STAGE2(3, 2, 2, p.f.f, p.au.f, p.labels, -0.1),
            "temperature is -0.1, expected a finite number > 0");
    REFUSED(STAGE2(3, 2, 2, p.f.f, p.au.f, p.labels, INFINITY),
            "temperature is inf, expected a finite number > 0");
    REFUSED(STAGE2(3, 2, 2, p.f.f, p.au.f, p.labels, (double)NAN), "expected a finite number > 0");
    const int8_t labels[] = {1, 0, -2, 1, 1, 0};
    REFUSED(STAGE2(3, 2, 2, p.f.f, p.au.f, labels, 1),
            "clile_loss_stage2: labels[1,0] is -2, expected 1 (present)");
#define STAGE2_NULL(n, f, au, null, labels, tau)                                                   \
    clile_loss_stage2_null(n, 2, 2, f, au, null, labels, tau, &loss, NULL, NULL, NULL)
    REFUSED(STAGE2_NULL(0, p.f.f, p.au.f, p.null.f, p.labels, 1), "clile_loss_stage2_null: n is 0");
    REFUSED(STAGE2_NULL(3, NULL, p.au.f, p.null.f, p.labels, 1),
            "clile_loss_stage2_null: embedding is NULL");
    REFUSED(STAGE2_NULL(3, p.f.f, NULL, p.null.f, p.labels, 1),
            "clile_loss_stage2_null: au_embedding is NULL");
    REFUSED(STAGE2_NULL(3, p.f.f, p.au.f, NULL, p.labels, 1),
            "clile_loss_stage2_null: null_embedding is NULL");
    REFUSED(STAGE2_NULL(3, p.f.f, p.au.f, p.null.f, NULL, 1),
            "clile_loss_stage2_null: labels is NULL");
    REFUSED(STAGE2_NULL(3, p.f.f, p.au.f, p.null.f, labels, 1),
            "clile_loss_stage2_null: labels[1,0] is -2");
    REFUSED(STAGE2_NULL(3, p.f.f, p.au.f, p.null.f, p.labels, 0),
            "clile_loss_stage2_null: temperature is 0");
    p.labels[0] = 1;
    p.f.f[0] = INFINITY;
    assert_fails(STAGE2(3, 2, 2, p.f.f, p.au.f, p.labels, 1), CLILE_E_NOT_FINITE,
                 "clile_loss_stage2: the loss is ");
    p.f.f[0] = 1;
    p.null.f[1] = NAN;
    assert_fails(STAGE2_NULL(3, p.f.f, p.au.f, p.null.f, p.labels, 1), CLILE_E_NOT_FINITE,
                 "clile_loss_stage2_null: the loss is ");
    assert_true(loss == 7);
    destroy(&p);
}

static void test_no_memory(void **state)
{
    (void)state;
    problem p = make(5, 3, 2, 2, 1, 1);
    assert_survives_no_memory(1, run(&p, NULL));
    p.has_null = 0;
    assert_survives_no_memory(1, run(&p, NULL));
    destroy(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_value_and_gradients),
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_uncoded_image),
        cmocka_unit_test(test_zero_vectors),
        cmocka_unit_test(test_extreme_temperature),
        cmocka_unit_test(test_outputs_may_be_null_and_are_overwritten),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
