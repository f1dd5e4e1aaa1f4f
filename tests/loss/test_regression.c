/* The terms of points and values: value and gradients against float64 and finite differences. */
#include "loss/support.h"
#include "loss/term.h"

typedef struct {
    const clile_i_term *term;
    int64_t n, d, k;
    double beta;
    input f, weight, bias;
    float target[256];
} problem;

static double naive(void *context)
{
    const problem *p = context;
    double sum = 0;
    int64_t known = 0;
    for (int64_t i = 0; i < p->n; ++i)
        for (int64_t j = 0; j < p->k; ++j) {
            const float target = p->target[i * p->k + j];
            double y = p->bias.x[j];
            if (isnan(target)) continue;
            for (int64_t l = 0; l < p->d; ++l)
                y += p->f.x[i * p->d + l] * p->weight.x[j * p->d + l];
            const double r = fabs(y - (double)target);
            sum += p->beta == 0 ? r * r : r < p->beta ? r * r / (2 * p->beta) : r - p->beta / 2;
            ++known;
        }
    return known == 0 ? 0 : sum / (double)known;
}

static problem make(int values, uint64_t seed, int64_t n, int64_t d, int64_t k)
{
    clile_i_rng rng = clile_i_rng_make(seed, 5);
    problem p = {.n = n, .d = d, .k = k, .beta = values ? 0 : 0.5};
    p.term = clile_i_loss_table[values ? CLILE_I_LOSS_values : CLILE_I_LOSS_points].term;
    p.f = make_input(&rng, n * d, 1);
    p.weight = make_input(&rng, k * d, 0.3);
    p.bias = make_input(&rng, k, 0.3);
    for (int64_t i = 0; i < n * k; ++i)
        p.target[i] = clile_i_rng_below(&rng, 4) == 0 ? NAN : (float)clile_i_rng_normal(&rng);
    return p;
}

static clile_status run(problem *p, double *loss)
{
    clile_i_head head[CLILE_I_TERM_HEADS] = {{0}};
    const int values = p->beta == 0;
    clile_i_step x = {.n = p->n,
                      .d = p->d,
                      .p = values ? 0 : p->k / 2,
                      .v = values ? p->k : 0,
                      .points = values ? NULL : p->target,
                      .values = values ? p->target : NULL,
                      .embedding = p->f.f,
                      .diff_embedding = p->f.diff,
                      .head = head};
    p->term->heads(&x);
    assert_int_equal(head[0].ndim, 2);
    assert_int_equal(head[0].shape[0], p->k);
    assert_int_equal(head[0].shape[1], p->d);
    assert_int_equal(head[1].shape[0], p->k);
    head[0].value = p->weight.f;
    head[0].diff = p->weight.diff;
    head[1].value = p->bias.f;
    head[1].diff = p->bias.diff;
    const clile_status status = p->term->compute(&x);
    *loss = x.loss;
    return status;
}

/* As check_gradient of support.h, with the rounding of float32 sums. */
static void check(const char *name, problem *p, input *in)
{
    const double step = 1e-5;
    double largest = 0;
    for (int64_t i = 0; i < in->count; ++i) largest = fmax(largest, fabs((double)in->diff[i]));
    for (int64_t i = 0; i < in->count; ++i) {
        const double x = in->x[i];
        in->x[i] = x + step;
        const double above = naive(p);
        in->x[i] = x - step;
        const double below = naive(p);
        in->x[i] = x;
        const double expected = (above - below) / (2 * step);
        if (!(fabs(expected - (double)in->diff[i]) <= 1e-4 * largest + 1e-9))
            fail_msg("%s[%lld] is %.9g, finite differences give %.9g", name, (long long)i,
                     (double)in->diff[i], expected);
    }
    assert_true(largest > 1e-3);
}

static void test_value_and_gradients(void **state)
{
    (void)state;
    static const int64_t shapes[][3] = {{7, 5, 6}, {1, 3, 2}, {16, 12, 14}};
    for (uint64_t seed = 0; seed < 3; ++seed)
        for (int values = 0; values < 2; ++values) {
            const int64_t *shape = shapes[seed];
            double loss = NAN;
            problem p = make(values, seed + 1, shape[0], shape[1], shape[2]);
            assert_int_equal(run(&p, &loss), CLILE_OK);
            assert_near(loss, naive(&p), 1e-5);
            check("embedding", &p, &p.f);
            check("weight", &p, &p.weight);
            check("bias", &p, &p.bias);
            free_input(&p.f);
            free_input(&p.weight);
            free_input(&p.bias);
        }
}

static void test_nothing_known_and_not_finite(void **state)
{
    (void)state;
    double loss = NAN;
    problem p = make(0, 9, 3, 4, 6);
    float *target = p.target;
    for (int i = 0; i < 18; ++i) target[i] = NAN;
    assert_int_equal(run(&p, &loss), CLILE_OK);
    assert_true(loss == 0);
    for (int i = 0; i < 12; ++i) assert_true(p.f.diff[i] == 0);
    for (int i = 0; i < 24; ++i) assert_true(p.weight.diff[i] == 0);
    target[0] = 1;
    p.f.f[2] = INFINITY;
    assert_fails(run(&p, &loss), CLILE_E_NOT_FINITE, "targets");
    free_input(&p.f);
    free_input(&p.weight);
    free_input(&p.bias);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_value_and_gradients),
        cmocka_unit_test(test_nothing_known_and_not_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
