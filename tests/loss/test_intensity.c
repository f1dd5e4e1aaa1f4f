/* clile_loss_intensity: values and gradients against float64, what is not coded, what never occurs,
 * and the same loss with the deviations of subjects. */
#include "loss/support.h"

#include "loss/loss.h"

enum { N = 9, C = 3, P = 6 };

typedef struct {
    input z, levels;
    int8_t coded[N * C];
    const float *weight;
} problem;

static const float weights[C] = {0.5f, 2.0f, 0.25f};

static problem make(uint64_t seed, const float *weight)
{
    clile_i_rng rng = clile_i_rng_make(seed, 1);
    problem p = {.z = make_input(&rng, N * C, 2), .levels = make_input(&rng, C * P, 1)};
    p.weight = weight;
    for (int i = 0; i < N * C; ++i) p.coded[i] = (int8_t)((int)clile_i_rng_below(&rng, 7) - 1);
    for (int c = 0; c < C; ++c) p.coded[2 * C + c] = -1; /* an image without any */
    return p;
}

static void destroy(problem *p)
{
    free_input(&p->z);
    free_input(&p->levels);
}

static double softplus(double u)
{
    return (u > 0 ? u : 0) + log1p(exp(-fabs(u)));
}

static double naive(void *context)
{
    const problem *p = context;
    double loss = 0;
    for (int k = 0; k < N; ++k) {
        int coded = 0;
        double sum = 0;
        for (int c = 0; c < C; ++c) {
            const double *row = p->levels.x + c * P;
            double threshold = row[1];
            if (p->coded[k * C + c] < 0) continue;
            ++coded;
            for (int j = 1; j <= 5; ++j) {
                if (j > 1) threshold += exp(row[j]);
                const double u = exp(row[0]) * p->z.x[k * C + c] - threshold;
                sum += (p->weight ? (double)p->weight[c] : 1) / 5 *
                       softplus(p->coded[k * C + c] >= j ? -u : u);
            }
        }
        if (coded > 0) loss += sum / coded / N;
    }
    for (int c = 0; c < C; ++c)
        for (int j = 0; j < P; j += j == 0 ? 2 : 1)
            loss += 0.001 / C * p->levels.x[c * P + j] * p->levels.x[c * P + j];
    return loss;
}

static void values_and_gradients(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 7; ++seed) {
        problem p = make(seed, seed % 2 ? weights : NULL);
        double loss = 0;
        assert_int_equal(clile_loss_intensity(N, C, p.z.f, p.coded, p.levels.f, p.weight, &loss,
                                              p.z.diff, p.levels.diff),
                         CLILE_OK);
        assert_near(loss, naive(&p), 1e-12);
        assert_true(check_gradient("diff_logits", naive, &p, &p.z, 1) > 1e-6);
        assert_true(check_gradient("diff_levels", naive, &p, &p.levels, 1) > 1e-6);
        for (int i = 0; i < N * C; ++i)
            if (p.coded[i] < 0) assert_true(p.z.diff[i] == 0);
        destroy(&p);
    }
}

/* Of PyTorch 1.13 in float64: binary_cross_entropy_with_logits of u_j for the five levels. */
static void one_value_is_that_of_another_program(void **state)
{
    (void)state;
    const float z[2] = {0.7f, -1.3f}, levels[6] = {0.2f, -1.0f, 0.1f, -0.3f, 0.4f, 0.0f};
    const int8_t coded[2] = {3, 0};
    double loss = 0;
    assert_int_equal(clile_loss_intensity(2, 1, z, coded, levels, NULL, &loss, NULL, NULL),
                     CLILE_OK);
    assert_near(loss, 0.2230249511808191, 1e-7);
}

/* Gradient descent: thresholds stay in order, and that of a level without images stays finite. */
static void a_level_that_never_occurs_stays_finite(void **state)
{
    (void)state;
    float z[8], levels[6] = {0, -1, 0, 0, 0, 0}, diff[6];
    const int8_t coded[8] = {0, 0, 1, 1, 2, 2, 3, 3};
    for (int i = 0; i < 8; ++i) z[i] = (float)i - 3.5f;
    for (int step = 0; step < 20000; ++step) {
        assert_int_equal(clile_loss_intensity(8, 1, z, coded, levels, NULL, NULL, NULL, diff),
                         CLILE_OK);
        for (int j = 0; j < 6; ++j) levels[j] -= 0.5f * diff[j];
    }
    for (int j = 0; j < 6; ++j) assert_true(fabs((double)diff[j]) < 1e-3);
    for (int j = 0; j < 6; ++j)
        if (fabs((double)levels[j]) > 20) fail_msg("levels[%d] is %g", j, (double)levels[j]);
}

/* With one subject, deviations are 0, and the form with them is the plain one without the ridge. */
static void the_mixed_form_is_the_same_loss(void **state)
{
    (void)state;
    enum { D = 4, S = 1 };
    clile_i_rng rng = clile_i_rng_make(11, 1);
    problem p = make(3, weights);
    input f = make_input(&rng, N * D, 1), a = make_input(&rng, C * D, 1);
    float bias[C] = {0.1f, -0.4f, 0.3f}, zero[C * D] = {0}, no_bias[C] = {0};
    int32_t subject[N] = {0};
    double levels[C * P] = {0}, mixed = 0, plain = 0, ridge[C * P] = {0};
    for (int k = 0; k < N; ++k)
        for (int c = 0; c < C; ++c) {
            double sum = (double)bias[c];
            for (int j = 0; j < D; ++j) sum += f.x[k * D + j] * a.x[c * D + j];
            p.z.f[k * C + c] = (float)sum;
        }
    const clile_i_ordinal ordinal = {p.levels.f, levels}, other = {p.levels.f, ridge};
    clile_i_mixed m = {.n = N,
                       .d = D,
                       .c = C,
                       .s = S,
                       .similarity = CLILE_SIMILARITY_DOT,
                       .embedding = f.f,
                       .au_embedding = a.f,
                       .scale = 1,
                       .bias = bias,
                       .deviation = zero,
                       .deviation_bias = no_bias,
                       .subject = subject,
                       .labels = p.coded,
                       .ordinal = &ordinal,
                       .au_weight = weights,
                       .loss = &mixed};
    assert_int_equal(clile_i_loss_mixed(&m), CLILE_OK);
    assert_int_equal(clile_loss_intensity(N, C, p.z.f, p.coded, p.levels.f, weights, &plain,
                                          p.z.diff, p.levels.diff),
                     CLILE_OK);
    assert_near(mixed + clile_i_ordinal_ridge(&other, C), plain, 1e-6);
    for (int i = 0; i < C * P; ++i) assert_near(levels[i] + ridge[i], p.levels.diff[i], 1e-6);
    p.coded[4] = 6;
    assert_fails(clile_i_loss_mixed(&m), CLILE_E_INVALID_ARGUMENT, "intensity[1,1] is 6");
    free_input(&f);
    free_input(&a);
    destroy(&p);
}

static void bad_arguments_are_named(void **state)
{
    (void)state;
    problem p = make(5, NULL);
    p.coded[7] = 6;
    assert_fails(clile_loss_intensity(N, C, p.z.f, p.coded, p.levels.f, NULL, NULL, NULL, NULL),
                 CLILE_E_INVALID_ARGUMENT, "intensity[2,1] is 6, expected 0 to 5 or -1");
    p.coded[7] = -2;
    assert_fails(clile_loss_intensity(N, C, p.z.f, p.coded, p.levels.f, NULL, NULL, NULL, NULL),
                 CLILE_E_INVALID_ARGUMENT, "intensity[2,1] is -2");
    p.coded[7] = 0;
    assert_fails(clile_loss_intensity(N, C, p.z.f, p.coded, NULL, NULL, NULL, NULL, NULL),
                 CLILE_E_INVALID_ARGUMENT, "levels is NULL");
    p.z.f[0] = NAN;
    p.coded[0] = 1;
    assert_fails(clile_loss_intensity(N, C, p.z.f, p.coded, p.levels.f, NULL, NULL, NULL, NULL),
                 CLILE_E_NOT_FINITE, "NaN");
    p.z.f[0] = 0;
    double loss = 0;
    assert_survives_no_memory(
        1, clile_loss_intensity(N, C, p.z.f, p.coded, p.levels.f, NULL, &loss, NULL, NULL));
    destroy(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_gradients),
        cmocka_unit_test(one_value_is_that_of_another_program),
        cmocka_unit_test(a_level_that_never_occurs_stays_finite),
        cmocka_unit_test(the_mixed_form_is_the_same_loss),
        cmocka_unit_test(bad_arguments_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
