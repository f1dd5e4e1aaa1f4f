/* clile_loss_stage1 */
#include "loss/loss.h"
#include "loss/support.h"

typedef struct {
    int64_t n, d, c, s;
    input f, ile;
    int32_t subject[16], other[16];
    int between; /* 1: faces have a share of the rest of another subject */
    float share[16];
    int8_t labels[16 * 8];
    float weight[8];
} problem;

static problem make(uint64_t seed, int64_t n, int64_t d, int64_t c, int64_t s)
{
    clile_i_rng rng = clile_i_rng_make(seed, 0);
    problem p = {.n = n, .d = d, .c = c, .s = s};
    p.f = make_input(&rng, n * d, 1);
    p.ile = make_input(&rng, s * c * d, 0.5);
    make_labels(&rng, n, c, p.labels);
    for (int64_t k = 0; k < n; ++k) p.subject[k] = (int32_t)clile_i_rng_below(&rng, s);
    for (int64_t k = 0; k < n; ++k) {
        p.other[k] = (int32_t)((p.subject[k] + 1 + k % 2) % s);
        p.share[k] = k % 4 == 3 ? 0 : (float)clile_i_rng_range(&rng, 0.15, 1.2);
    }
    for (int64_t a = 0; a < c; ++a)
        p.weight[a] = a == 3 ? 0 : (float)clile_i_rng_range(&rng, 0.2, 3);
    return p;
}

static void destroy(problem *p)
{
    free_input(&p->f);
    free_input(&p->ile);
}

static double naive(void *context)
{
    const problem *p = context;
    return naive_stage1(p->n, p->d, p->c, p->f.x, p->ile.x, p->subject,
                        p->between ? p->other : NULL, p->share, p->labels, p->weight);
}

static clile_status run(problem *p, double *loss)
{
    if (p->between)
        return clile_i_loss_stage1(p->n, p->d, p->c, p->s, p->f.f, p->ile.f, p->subject, p->other,
                                   p->share, p->labels, p->weight, NULL, loss, p->f.diff,
                                   p->ile.diff);
    return clile_loss_stage1(p->n, p->d, p->c, p->s, p->f.f, p->ile.f, p->subject, p->labels,
                             p->weight, loss, p->f.diff, p->ile.diff);
}

static void test_value_and_gradients(void **state)
{
    (void)state;
    const int64_t shapes[][4] = {{7, 5, 4, 3}, {1, 1, 1, 1}, {16, 19, 8, 6}, {5, 8, 4, 1}};
    for (int t = 0; t < 4; ++t) {
        problem p = make(10 + (uint64_t)t, shapes[t][0], shapes[t][1], shapes[t][2], shapes[t][3]);
        if (t == 1) p.labels[0] = 1;
        double loss = 0;
        assert_int_equal(run(&p, &loss), CLILE_OK);
        assert_near(loss, naive(&p), 1e-12);
        assert_true(check_gradient("diff_id_embedding", naive, &p, &p.f, 1) > 1e-4);
        assert_true(check_gradient("diff_ile", naive, &p, &p.ile, 1) > 1e-4);
        destroy(&p);
    }
}

/* Vectors of two subjects for one face. */
static void test_between_subjects(void **state)
{
    (void)state;
    const int64_t shapes[][4] = {{7, 5, 4, 3}, {16, 19, 8, 6}};
    for (int t = 0; t < 2; ++t) {
        problem p = make(20 + (uint64_t)t, shapes[t][0], shapes[t][1], shapes[t][2], shapes[t][3]);
        double whole = 0, loss = 0;
        assert_int_equal(run(&p, &whole), CLILE_OK);
        p.between = 1;
        assert_int_equal(run(&p, &loss), CLILE_OK);
        assert_near(loss, naive(&p), 1e-6); /* vectors between two are float32 */
        assert_true(fabs(loss - whole) > 1e-3);
        assert_true(check_gradient("diff_id_embedding", naive, &p, &p.f, 1) > 1e-4);
        assert_true(check_gradient("diff_ile", naive, &p, &p.ile, 1) > 1e-4);
        assert_survives_no_memory(4, run(&p, NULL));
        destroy(&p);
    }
}

/* One image, two AUs, d = 2: z = (1*2 + 2*0.5, 1*-1 + 2*0) = (3, -1); y = (1, 0). */
static void test_by_hand(void **state)
{
    (void)state;
    const float f[] = {1, 2}, ile[] = {9, 9, 9, 9, 2, 0.5f, -1, 0}, weight[] = {2, 0.5f};
    const int32_t subject[] = {1};
    const int8_t labels[] = {1, 0};
    double loss = 0;
    float diff_f[2], diff_ile[8];
    assert_int_equal(
        clile_loss_stage1(1, 2, 2, 2, f, ile, subject, labels, NULL, &loss, diff_f, diff_ile),
        CLILE_OK);
    const double g0 = 1 / (1 + exp(-3)) - 1, g1 = 1 / (1 + exp(1));
    assert_near(loss, 0.5 * (log(1 + exp(-3)) + log(1 + exp(-1))), 1e-15);
    assert_near(diff_f[0], 0.5 * (2 * g0 - g1), 1e-7);
    assert_near(diff_f[1], 0.5 * 0.5 * g0, 1e-7);
    const double expected[] = {0, 0, 0, 0, 0.5 * g0, g0, 0.5 * g1, g1};
    for (int i = 0; i < 8; ++i) assert_near(diff_ile[i], expected[i], 1e-7);

    assert_int_equal(
        clile_loss_stage1(1, 2, 2, 2, f, ile, subject, labels, weight, &loss, NULL, NULL),
        CLILE_OK);
    assert_near(loss, 0.5 * (2 * log(1 + exp(-3)) + 0.5 * log(1 + exp(-1))), 1e-15);

    const int8_t second_uncoded[] = {1, -1};
    assert_int_equal(clile_loss_stage1(1, 2, 2, 2, f, ile, subject, second_uncoded, NULL, &loss,
                                       diff_f, diff_ile),
                     CLILE_OK);
    assert_near(loss, log(1 + exp(-3)), 1e-15);
    assert_near(diff_f[0], 2 * g0, 1e-7);
    assert_true(diff_ile[6] == 0 && diff_ile[7] == 0);
}

/* An image with nothing coded adds 0 but counts in n, whatever its embedding holds. */
static void test_uncoded_image(void **state)
{
    (void)state;
    const float f[] = {1, NAN}, ile[] = {0.5f};
    const int32_t subject[] = {0, 0};
    const int8_t labels[] = {1, -1};
    double loss = 0;
    float diff_f[2] = {9, 9}, diff_ile[1];
    assert_int_equal(
        clile_loss_stage1(2, 1, 1, 1, f, ile, subject, labels, NULL, &loss, diff_f, diff_ile),
        CLILE_OK);
    assert_near(loss, log(1 + exp(-0.5)) / 2, 1e-15);
    assert_true(diff_f[1] == 0);
    assert_near(diff_ile[0], (1 / (1 + exp(-0.5)) - 1) / 2, 1e-7);
}

/* Logits of 1e6 and -1e6, right and wrong: the loss is |z| or 0, nothing overflows. */
static void test_extreme_logits(void **state)
{
    (void)state;
    const float f[] = {1000}, ile[] = {1000, -1000, 1000, -1000};
    const int32_t subject[] = {0};
    const int8_t labels[] = {1, 0, 0, 1};
    double loss = 0;
    float diff_f[1], diff_ile[4];
    assert_int_equal(
        clile_loss_stage1(1, 1, 4, 1, f, ile, subject, labels, NULL, &loss, diff_f, diff_ile),
        CLILE_OK);
    assert_near(loss, 2e6 / 4, 1e-6);
    assert_near(diff_f[0], (1000.0 + 1000.0) / 4, 1e-4);
    const double expected[] = {0, 0, 250, -250};
    for (int i = 0; i < 4; ++i) assert_near(diff_ile[i], expected[i], 1e-4);
}

static void test_outputs_may_be_null_and_are_overwritten(void **state)
{
    (void)state;
    problem p = make(3, 6, 4, 4, 3), q = make(3, 6, 4, 4, 3);
    double loss = 0;
    assert_int_equal(run(&p, &loss), CLILE_OK);
    assert_int_equal(run(&p, NULL), CLILE_OK); /* a second time into the same arrays */
    assert_int_equal(clile_loss_stage1(q.n, q.d, q.c, q.s, q.f.f, q.ile.f, q.subject, q.labels,
                                       q.weight, NULL, q.f.diff, NULL),
                     CLILE_OK);
    assert_int_equal(clile_loss_stage1(q.n, q.d, q.c, q.s, q.f.f, q.ile.f, q.subject, q.labels,
                                       q.weight, NULL, NULL, q.ile.diff),
                     CLILE_OK);
    assert_memory_equal(p.f.diff, q.f.diff, (size_t)p.f.count * sizeof(float));
    assert_memory_equal(p.ile.diff, q.ile.diff, (size_t)p.ile.count * sizeof(float));
    destroy(&p);
    destroy(&q);
}

static void test_errors(void **state)
{
    (void)state;
    problem p = make(4, 3, 2, 2, 2);
    double loss = 7;
#define STAGE1(n, d, c, s, f, ile, subject, labels, weight)                                        \
    clile_loss_stage1(n, d, c, s, f, ile, subject, labels, weight, &loss, NULL, NULL)
#define REFUSED(call, text) assert_fails(call, CLILE_E_INVALID_ARGUMENT, "clile_loss_stage1: " text)
    REFUSED(STAGE1(0, 2, 2, 2, p.f.f, p.ile.f, p.subject, p.labels, NULL),
            "n is 0, expected at least 1");
    REFUSED(STAGE1(3, -1, 2, 2, p.f.f, p.ile.f, p.subject, p.labels, NULL),
            "d is -1, expected at least 1");
    REFUSED(STAGE1(3, 2, 0, 2, p.f.f, p.ile.f, p.subject, p.labels, NULL),
            "c is 0, expected at least 1");
    REFUSED(STAGE1(3, 2, 2, 0, p.f.f, p.ile.f, p.subject, p.labels, NULL),
            "s is 0, expected at least 1");
    REFUSED(STAGE1(3, INT64_MAX / 2, 2, 2, p.f.f, p.ile.f, p.subject, p.labels, NULL),
            "d is 4611686018427387903, expected a product of all sizes of at most 2^56");
    REFUSED(STAGE1(3, 2, 2, 2, NULL, p.ile.f, p.subject, p.labels, NULL), "id_embedding is NULL");
    REFUSED(STAGE1(3, 2, 2, 2, p.f.f, NULL, p.subject, p.labels, NULL), "ile is NULL");
    REFUSED(STAGE1(3, 2, 2, 2, p.f.f, p.ile.f, NULL, p.labels, NULL), "subject is NULL");
    REFUSED(STAGE1(3, 2, 2, 2, p.f.f, p.ile.f, p.subject, NULL, NULL), "labels is NULL");
    const int8_t labels[] = {1, 0, 0, 1, 1, 9};
    REFUSED(STAGE1(3, 2, 2, 2, p.f.f, p.ile.f, p.subject, labels, NULL),
            "labels[2,1] is 9, expected 1 (present)");
    const int32_t high[] = {0, 2, 1}, low[] = {0, 1, -1};
    REFUSED(STAGE1(3, 2, 2, 2, p.f.f, p.ile.f, high, p.labels, NULL),
            "subject[1] is 2, expected 0..1");
    REFUSED(STAGE1(3, 2, 2, 2, p.f.f, p.ile.f, low, p.labels, NULL),
            "subject[2] is -1, expected 0..1");
    const float negative[] = {1, -1}, infinite[] = {INFINITY, 1};
    REFUSED(STAGE1(3, 2, 2, 2, p.f.f, p.ile.f, p.subject, p.labels, negative),
            "au_weight[1] is -1, expected a finite number >= 0");
    REFUSED(STAGE1(3, 2, 2, 2, p.f.f, p.ile.f, p.subject, p.labels, infinite),
            "au_weight[0] is inf, expected a finite number >= 0");
    p.labels[0] = 1;
    p.f.f[0] = NAN;
    assert_fails(STAGE1(3, 2, 2, 2, p.f.f, p.ile.f, p.subject, p.labels, NULL), CLILE_E_NOT_FINITE,
                 "clile_loss_stage1: the loss is NaN, expected a finite number");
    assert_true(loss == 7);
    destroy(&p);
}

static void test_no_memory(void **state)
{
    (void)state;
    problem p = make(5, 3, 2, 2, 2);
    assert_survives_no_memory(1, run(&p, NULL));
    destroy(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_value_and_gradients),
        cmocka_unit_test(test_between_subjects),
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_uncoded_image),
        cmocka_unit_test(test_extreme_logits),
        cmocka_unit_test(test_outputs_may_be_null_and_are_overwritten),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
