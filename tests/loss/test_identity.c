/* Which part of the ID embedding is identity: subject means and the residual of a regression on
 * the labels. */
#include "loss/loss.h"
#include "loss/support.h"

enum { N = 60, C = 4, D = 5, S = 3 };

typedef struct {
    input f;
    int8_t labels[N * C];
    int32_t subject[N];
    float coefficients[(C + 1) * D], rate[C], mean[S * D];
} problem;

static problem make(uint64_t seed)
{
    clile_i_rng rng = clile_i_rng_make(seed, 4);
    problem p = {.f = make_input(&rng, N * D, 1)};
    make_labels(&rng, N, C, p.labels);
    for (int k = 0; k < N; ++k) p.subject[k] = (int32_t)clile_i_rng_below(&rng, S);
    return p;
}

static double label_value(const problem *p, int k, int a)
{
    return p->labels[k * C + a] < 0 ? (double)p->rate[a] : p->labels[k * C + a];
}

static void test_subject_means(void **state)
{
    (void)state;
    /* Subjects 0: (1,0), (3,2); 2: (5,1). Grand mean (3,1). Subject 1 has no images. */
    const float f[] = {1, 0, 5, 1, 3, 2};
    const int32_t subject[] = {0, 2, 0};
    float out[6];
    assert_int_equal(clile_i_identity_subject_means(3, 2, 3, f, subject, out), CLILE_OK);
    const float expected[] = {-1, 0, 0, 0, 2, 0};
    for (int i = 0; i < 6; ++i) assert_near(out[i], expected[i], 1e-7);

    float dst[4];
    const clile_i_identity identity = {
        .part = CLILE_I_IDENTITY_SUBJECT_MEAN, .d = 2, .s = 3, .subject_mean = out};
    const int32_t batch[] = {2, 0};
    assert_int_equal(clile_i_identity_part(&identity, 2, NULL, batch, NULL, dst), CLILE_OK);
    const float expected_part[] = {2, 0, -1, 0};
    for (int i = 0; i < 4; ++i) assert_near(dst[i], expected_part[i], 1e-7);
}

/* Embeddings that are exactly linear in the labels leave nothing; the coefficients are found
 * again. */
static void test_regression_of_a_linear_embedding(void **state)
{
    (void)state;
    problem p = make(70);
    const double intercept = 0.5, slope[] = {1, -2, 0.25, 3};
    for (int i = 0; i < N * C; ++i)
        if (p.labels[i] < 0) p.labels[i] = 1;
    for (int k = 0; k < N; ++k)
        for (int j = 0; j < D; ++j) {
            double value = intercept * (j + 1);
            for (int a = 0; a < C; ++a) value += slope[a] * (j - 2) * label_value(&p, k, a);
            set_input(&p.f, k * D + j, (float)value);
        }
    assert_int_equal(clile_i_identity_regression(N, C, D, p.labels, p.f.f, p.coefficients, p.rate),
                     CLILE_OK);
    for (int j = 0; j < D; ++j) {
        assert_near(p.coefficients[j], intercept * (j + 1), 1e-5);
        for (int a = 0; a < C; ++a)
            assert_near(p.coefficients[(a + 1) * D + j], slope[a] * (j - 2), 1e-5);
    }
    const clile_i_identity identity = {.part = CLILE_I_IDENTITY_RESIDUAL,
                                       .d = D,
                                       .c = C,
                                       .coefficients = p.coefficients,
                                       .rate = p.rate};
    float dst[N * D];
    assert_int_equal(clile_i_identity_part(&identity, N, p.labels, NULL, p.f.f, dst), CLILE_OK);
    for (int i = 0; i < N * D; ++i) assert_near(dst[i], 0, 2e-5);
    free_input(&p.f);
}

/* What defines least squares: the residual has mean 0 and is at right angles to every label
 * column. */
static void test_residual_is_orthogonal_to_labels(void **state)
{
    (void)state;
    problem p = make(71);
    assert_int_equal(clile_i_identity_regression(N, C, D, p.labels, p.f.f, p.coefficients, p.rate),
                     CLILE_OK);
    for (int a = 0; a < C; ++a) {
        double coded = 0, present = 0;
        for (int k = 0; k < N; ++k) {
            coded += p.labels[k * C + a] >= 0;
            present += p.labels[k * C + a] == 1;
        }
        assert_true(coded < N && present > 0);
        assert_near(p.rate[a], present / coded, 1e-7);
    }
    const clile_i_identity identity = {.part = CLILE_I_IDENTITY_RESIDUAL,
                                       .d = D,
                                       .c = C,
                                       .coefficients = p.coefficients,
                                       .rate = p.rate};
    float before[N * D];
    memcpy(before, p.f.f, sizeof before);
    /* in place */
    assert_int_equal(clile_i_identity_part(&identity, N, p.labels, NULL, p.f.f, p.f.f), CLILE_OK);
    double moved = 0;
    for (int j = 0; j < D; ++j)
        for (int a = -1; a < C; ++a) {
            double sum = 0;
            for (int k = 0; k < N; ++k) {
                sum += (double)p.f.f[k * D + j] * (a < 0 ? 1.0 : label_value(&p, k, a));
                moved += fabs((double)(before[k * D + j] - p.f.f[k * D + j]));
            }
            assert_near(sum / N, 0, 1e-6);
        }
    assert_true(moved > 1);
    free_input(&p.f);
}

/* An AU always absent, one never coded and two that are alike: still finite, and the fit is as
 * good. */
static void test_degenerate_labels(void **state)
{
    (void)state;
    problem p = make(72);
    for (int k = 0; k < N; ++k) {
        p.labels[k * C] = 0;
        p.labels[k * C + 1] = -1;
        p.labels[k * C + 2] = p.labels[k * C + 3] = (int8_t)(k % 2);
        for (int j = 0; j < D; ++j) set_input(&p.f, k * D + j, 1 + 2 * (float)(k % 2));
    }
    assert_int_equal(clile_i_identity_regression(N, C, D, p.labels, p.f.f, p.coefficients, p.rate),
                     CLILE_OK);
    assert_true(p.rate[0] == 0 && p.rate[1] == 0);
    for (int j = 0; j < D; ++j) {
        assert_near(p.coefficients[j], 1, 1e-5);
        assert_true(p.coefficients[D + j] == 0 && p.coefficients[2 * D + j] == 0);
        assert_near(p.coefficients[3 * D + j], 1, 1e-5);
        assert_near(p.coefficients[4 * D + j], 1, 1e-5);
    }
    free_input(&p.f);
}

static void test_all_copies(void **state)
{
    (void)state;
    const float f[] = {1, 2, 3, 4};
    float dst[4] = {0};
    const clile_i_identity identity = {.part = CLILE_I_IDENTITY_ALL, .d = 2};
    assert_int_equal(clile_i_identity_part(&identity, 2, NULL, NULL, f, dst), CLILE_OK);
    assert_memory_equal(f, dst, sizeof f);
    assert_int_equal(clile_i_identity_find("all"), CLILE_I_IDENTITY_ALL);
    assert_int_equal(clile_i_identity_find("residual"), CLILE_I_IDENTITY_RESIDUAL);
    assert_int_equal(clile_i_identity_find("subject_mean"), CLILE_I_IDENTITY_SUBJECT_MEAN);
    assert_int_equal(clile_i_identity_find("half"), -1);
    assert_int_equal(clile_i_identity_find(NULL), -1);
}

static void test_errors(void **state)
{
    (void)state;
    problem p = make(73);
    float dst[N * D];
#define REFUSED(call, text) assert_fails(call, CLILE_E_INVALID_ARGUMENT, text)
    REFUSED(clile_i_identity_subject_means(0, D, S, p.f.f, p.subject, p.mean),
            "n is 0, expected at least 1");
    REFUSED(clile_i_identity_subject_means(N, D, S, NULL, p.subject, p.mean),
            "id_embedding is NULL");
    REFUSED(clile_i_identity_subject_means(N, D, S, p.f.f, NULL, p.mean), "subject is NULL");
    REFUSED(clile_i_identity_subject_means(N, D, S, p.f.f, p.subject, NULL), "out is NULL");
    REFUSED(clile_i_identity_subject_means(N, D, 1, p.f.f, p.subject, p.mean), ", expected 0..0");
    REFUSED(clile_i_identity_regression(N, 0, D, p.labels, p.f.f, p.coefficients, p.rate),
            "c is 0, expected at least 1");
    REFUSED(clile_i_identity_regression(N, C, D, NULL, p.f.f, p.coefficients, p.rate),
            "labels is NULL");
    REFUSED(clile_i_identity_regression(N, C, D, p.labels, NULL, p.coefficients, p.rate),
            "id_embedding is NULL");
    REFUSED(clile_i_identity_regression(N, C, D, p.labels, p.f.f, NULL, p.rate),
            "coefficients is NULL");
    REFUSED(clile_i_identity_regression(N, C, D, p.labels, p.f.f, p.coefficients, NULL),
            "rate is NULL");
    clile_i_identity identity = {.part = CLILE_I_IDENTITY_SUBJECT_MEAN, .d = D, .c = C, .s = S};
    REFUSED(clile_i_identity_part(&identity, N, NULL, p.subject, NULL, dst),
            "subject_mean is NULL");
    identity.part = CLILE_I_IDENTITY_RESIDUAL;
    REFUSED(clile_i_identity_part(&identity, N, p.labels, NULL, p.f.f, dst),
            "coefficients is NULL");
    REFUSED(clile_i_identity_part(&identity, N, NULL, NULL, p.f.f, dst), "labels is NULL");
    REFUSED(clile_i_identity_part(&identity, N, p.labels, NULL, NULL, dst), "id_embedding is NULL");
    REFUSED(clile_i_identity_part(&identity, N, p.labels, NULL, p.f.f, NULL), "dst is NULL");
    REFUSED(clile_i_identity_part(NULL, N, p.labels, NULL, p.f.f, dst), "identity is NULL");
    p.f.f[7] = NAN;
    assert_fails(clile_i_identity_regression(N, C, D, p.labels, p.f.f, p.coefficients, p.rate),
                 CLILE_E_NOT_FINITE, "clile_i_identity_regression: coefficient [0,2] is ");
    p.labels[5] = 3;
    REFUSED(clile_i_identity_regression(N, C, D, p.labels, p.f.f, p.coefficients, p.rate),
            "labels[1,1] is 3");
    free_input(&p.f);
}

static void test_no_memory(void **state)
{
    (void)state;
    problem p = make(74);
    assert_survives_no_memory(1, clile_i_identity_subject_means(N, D, S, p.f.f, p.subject, p.mean));
    assert_survives_no_memory(
        1, clile_i_identity_regression(N, C, D, p.labels, p.f.f, p.coefficients, p.rate));
    free_input(&p.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subject_means),
        cmocka_unit_test(test_regression_of_a_linear_embedding),
        cmocka_unit_test(test_residual_is_orthogonal_to_labels),
        cmocka_unit_test(test_degenerate_labels),
        cmocka_unit_test(test_all_copies),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
