/* clile_loss_orthogonal, clile_loss_decorrelate, clile_loss_adversarial, and the tables of
 * eliminations and terms. */
#include "loss/support.h"
#include "loss/term.h"

#include <clile/options.h>

enum { ORTHOGONAL, DECORRELATE, ADVERSARIAL };

typedef struct {
    int kind;
    int64_t n, d, s;
    input f, g, weight, bias;
    int32_t subject[32];
} problem;

static problem make(uint64_t seed, int kind, int64_t n, int64_t d, int64_t s)
{
    clile_i_rng rng = clile_i_rng_make(seed, 3);
    problem p = {.kind = kind, .n = n, .d = d, .s = s};
    p.f = make_input(&rng, n * d, 1);
    p.g = make_input(&rng, n * d, 1);
    p.weight = make_input(&rng, s * d, 2);
    p.bias = make_input(&rng, s, 1);
    for (int64_t k = 0; k < n; ++k) p.subject[k] = (int32_t)clile_i_rng_below(&rng, s);
    return p;
}

static void destroy(problem *p)
{
    free_input(&p->f);
    free_input(&p->g);
    free_input(&p->weight);
    free_input(&p->bias);
}

static double naive(void *context)
{
    const problem *p = context;
    if (p->kind == ORTHOGONAL) return naive_orthogonal(p->n, p->d, p->f.x, p->g.x);
    if (p->kind == DECORRELATE) return naive_decorrelate(p->n, p->d, p->f.x, p->g.x);
    return naive_adversarial(p->n, p->d, p->s, p->f.x, p->weight.x, p->bias.x, p->subject);
}

static clile_status run(problem *p, double *loss)
{
    if (p->kind == ORTHOGONAL)
        return clile_loss_orthogonal(p->n, p->d, p->f.f, p->g.f, loss, p->f.diff);
    if (p->kind == DECORRELATE)
        return clile_loss_decorrelate(p->n, p->d, p->f.f, p->g.f, loss, p->f.diff);
    return clile_loss_adversarial(p->n, p->d, p->s, p->f.f, p->weight.f, p->bias.f, p->subject,
                                  loss, p->f.diff, p->weight.diff, p->bias.diff);
}

static void test_value_and_gradients(void **state)
{
    (void)state;
    const int64_t shapes[][3] = {{7, 5, 3}, {4, 11, 6}, {20, 3, 2}, {3, 8, 1}};
    for (int t = 0; t < 12; ++t) {
        const int64_t *shape = shapes[t % 4];
        problem p = make(50 + (uint64_t)t, t / 4, shape[0], shape[1], shape[2]);
        /* a constant column */
        for (int64_t k = 0; k < p.n && t % 4 == 0; ++k) set_input(&p.g, k * p.d + 3, -1e4f);
        double loss = 0;
        assert_int_equal(run(&p, &loss), CLILE_OK);
        assert_near(loss, naive(&p), 1e-12);
        /* adversarial: the embedding gets the gradient reversed, the classifier as it is */
        const double largest =
            check_gradient("diff_embedding", naive, &p, &p.f, p.kind == ADVERSARIAL ? -1 : 1);
        assert_true(p.kind == ADVERSARIAL && p.s == 1 ? largest == 0 : largest > 1e-4);
        if (p.kind == ADVERSARIAL && p.s > 1) {
            assert_true(check_gradient("diff_weight", naive, &p, &p.weight, 1) > 1e-4);
            assert_true(check_gradient("diff_bias", naive, &p, &p.bias, 1) > 1e-4);
        }
        destroy(&p);
    }
}

/* A constant column of F adds nothing and gets no gradient; the others are as they are without
 * it, but for d. */
static void test_decorrelate_constant_column(void **state)
{
    (void)state;
    problem p = make(49, DECORRELATE, 6, 4, 1), q = make(49, DECORRELATE, 6, 3, 1);
    for (int64_t k = 0; k < 6; ++k)
        for (int64_t j = 0; j < 4; ++j) {
            set_input(&p.f, k * 4 + j, j == 3 ? 0.1f : q.f.f[k * 3 + j]);
            set_input(&p.g, k * 4 + j, j == 3 ? 1e7f : q.g.f[k * 3 + j]);
        }
    double loss = 0, without = 0;
    assert_int_equal(run(&p, &loss), CLILE_OK);
    assert_int_equal(run(&q, &without), CLILE_OK);
    assert_near(loss * 4, without * 3, 1e-12);
    for (int64_t k = 0; k < 6; ++k) {
        assert_true(p.f.diff[k * 4 + 3] == 0);
        for (int64_t j = 0; j < 3; ++j)
            assert_near(p.f.diff[k * 4 + j] * 4, q.f.diff[k * 3 + j] * 3, 1e-6);
    }
    destroy(&p);
    destroy(&q);
}

static void test_orthogonal_by_hand(void **state)
{
    (void)state;
    /* cosines 0.6, 0, and 0 for want of a direction on either side */
    const float f[] = {3, 4, 0, 2, 0, 0, 1, 1}, g[] = {2, 0, 5, 0, 1, 1, 0, 1e-9f};
    double loss = 0;
    float diff[8];
    assert_int_equal(clile_loss_orthogonal(4, 2, f, g, &loss, diff), CLILE_OK);
    assert_near(loss, 0.36 / 4, 1e-15);
    assert_near(diff[0], 2 * 0.6 / 4 * 0.64 / 5, 1e-8);
    assert_near(diff[1], 2 * 0.6 / 4 * -0.48 / 5, 1e-8);
    for (int i = 2; i < 8; ++i) assert_true(diff[i] == 0);
}

static void test_decorrelate_by_hand(void **state)
{
    (void)state;
    /* Columns of F: (0,1,2) and constant; of G: (5,3,1), the same direction reversed, and
     * (1,0,1), at right angles to it. Correlations -1, 0, 0, 0: 1/d. */
    const float f[] = {0, 0.1f, 1, 0.1f, 2, 0.1f}, g[] = {5, 1, 3, 0, 1, 1};
    double loss = 0;
    float diff[6];
    assert_int_equal(clile_loss_decorrelate(3, 2, f, g, &loss, diff), CLILE_OK);
    assert_near(loss, 0.5, 1e-15);
    /* at the maximum of a correlation, or constant */
    for (int i = 0; i < 6; ++i) assert_near(diff[i], 0, 1e-7);

    loss = 7; /* one image: every column is constant */
    assert_int_equal(clile_loss_decorrelate(1, 2, f, g, &loss, diff), CLILE_OK);
    assert_true(loss == 0 && diff[0] == 0 && diff[1] == 0);
}

static void test_adversarial_by_hand(void **state)
{
    (void)state;
    /* f = (1,0) and, without a direction, (0,0); W = (1,0), (0,1), b = 0, 1: logits (1,1) and
     * (0,1) */
    const float f[] = {5, 0, 0, 0}, weight[] = {1, 0, 0, 1}, bias[] = {0, 1};
    const int32_t subject[] = {0, 1};
    double loss = 0;
    float diff_f[4], diff_weight[4], diff_bias[2];
    assert_int_equal(clile_loss_adversarial(2, 2, 2, f, weight, bias, subject, &loss, diff_f,
                                            diff_weight, diff_bias),
                     CLILE_OK);
    const double p0 = 1 / (1 + exp(1)); /* of the second image */
    assert_near(loss, (log(2) + log(1 + exp(-1))) / 2, 1e-15);
    /* d loss/d logits: image 0 (-1/2, 1/2)/2, image 1 (p0, -p0)/2; dL/df_0 = (-1/4, 1/4), along
     * F dropped, /|F|, reversed */
    assert_near(diff_f[0], 0, 1e-9);
    assert_near(diff_f[1], -0.25 / 5, 1e-8);
    assert_true(diff_f[2] == 0 && diff_f[3] == 0);
    const double expected[] = {-0.25, 0, 0.25, 0};
    for (int i = 0; i < 4; ++i) assert_near(diff_weight[i], expected[i], 1e-7);
    assert_near(diff_bias[0], -0.25 + p0 / 2, 1e-7);
    assert_near(diff_bias[1], 0.25 - p0 / 2, 1e-7);

    const float far[] = {1e6f, -1e6f}; /* the wrong class by 2e6 */
    assert_int_equal(clile_loss_adversarial(1, 2, 2, f, weight, far, subject + 1, &loss, diff_f,
                                            diff_weight, NULL),
                     CLILE_OK);
    assert_near(loss, 2e6 + 1, 1e-6);
    for (int i = 0; i < 4; ++i) assert_true(isfinite(diff_weight[i]));
}

static void test_outputs_may_be_null_and_are_overwritten(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; ++kind) {
        problem p = make(60, kind, 5, 4, 3), q = make(60, kind, 5, 4, 3);
        double loss = 0, alone = 1;
        assert_int_equal(run(&p, &loss), CLILE_OK);
        assert_int_equal(run(&p, NULL), CLILE_OK);
        assert_int_equal(run(&q, NULL), CLILE_OK);
        assert_memory_equal(p.f.diff, q.f.diff, (size_t)p.f.count * sizeof(float));
        if (kind == ORTHOGONAL)
            assert_int_equal(clile_loss_orthogonal(5, 4, q.f.f, q.g.f, &alone, NULL), CLILE_OK);
        if (kind == DECORRELATE)
            assert_int_equal(clile_loss_decorrelate(5, 4, q.f.f, q.g.f, &alone, NULL), CLILE_OK);
        if (kind == ADVERSARIAL)
            assert_int_equal(clile_loss_adversarial(5, 4, 3, q.f.f, q.weight.f, q.bias.f, q.subject,
                                                    &alone, NULL, NULL, NULL),
                             CLILE_OK);
        assert_true(alone == loss);
        destroy(&p);
        destroy(&q);
    }
}

static void test_errors(void **state)
{
    (void)state;
    problem p = make(61, ADVERSARIAL, 3, 2, 2);
    double loss = 7;
    float *f = p.f.f, *g = p.g.f, *w = p.weight.f, *b = p.bias.f;
#define REFUSED(call, text) assert_fails(call, CLILE_E_INVALID_ARGUMENT, text)
    REFUSED(clile_loss_orthogonal(0, 2, f, g, &loss, NULL),
            "clile_loss_orthogonal: n is 0, expected at least 1");
    REFUSED(clile_loss_orthogonal(3, 0, f, g, &loss, NULL),
            "clile_loss_orthogonal: d is 0, expected at least 1");
    REFUSED(clile_loss_orthogonal(3, 2, NULL, g, &loss, NULL),
            "clile_loss_orthogonal: embedding is NULL");
    REFUSED(clile_loss_orthogonal(3, 2, f, NULL, &loss, NULL),
            "clile_loss_orthogonal: id_embedding is NULL");
    REFUSED(clile_loss_decorrelate(-3, 2, f, g, &loss, NULL),
            "clile_loss_decorrelate: n is -3, expected at least 1");
    REFUSED(clile_loss_decorrelate(3, 0, f, g, &loss, NULL),
            "clile_loss_decorrelate: d is 0, expected at least 1");
    REFUSED(clile_loss_decorrelate(3, 2, NULL, g, &loss, NULL),
            "clile_loss_decorrelate: embedding is NULL");
    REFUSED(clile_loss_decorrelate(3, 2, f, NULL, &loss, NULL),
            "clile_loss_decorrelate: id_embedding is NULL");
#define ADVERSARIAL_CALL(n, d, s, f, w, b, subject)                                                \
    clile_loss_adversarial(n, d, s, f, w, b, subject, &loss, NULL, NULL, NULL)
    REFUSED(ADVERSARIAL_CALL(0, 2, 2, f, w, b, p.subject),
            "clile_loss_adversarial: n is 0, expected at least 1");
    REFUSED(ADVERSARIAL_CALL(3, 0, 2, f, w, b, p.subject),
            "clile_loss_adversarial: d is 0, expected at least 1");
    REFUSED(ADVERSARIAL_CALL(3, 2, 0, f, w, b, p.subject),
            "clile_loss_adversarial: s is 0, expected at least 1");
    REFUSED(ADVERSARIAL_CALL(3, 2, 2, NULL, w, b, p.subject),
            "clile_loss_adversarial: embedding is NULL");
    REFUSED(ADVERSARIAL_CALL(3, 2, 2, f, NULL, b, p.subject),
            "clile_loss_adversarial: weight is NULL");
    REFUSED(ADVERSARIAL_CALL(3, 2, 2, f, w, NULL, p.subject),
            "clile_loss_adversarial: bias is NULL");
    REFUSED(ADVERSARIAL_CALL(3, 2, 2, f, w, b, NULL), "clile_loss_adversarial: subject is NULL");
    p.subject[1] = 2;
    REFUSED(ADVERSARIAL_CALL(3, 2, 2, f, w, b, p.subject),
            "clile_loss_adversarial: subject[1] is 2, expected 0..1");
    p.subject[1] = 1;
    f[2] = NAN;
    assert_fails(clile_loss_orthogonal(3, 2, f, g, &loss, NULL), CLILE_E_NOT_FINITE,
                 "clile_loss_orthogonal: the loss is ");
    assert_fails(clile_loss_decorrelate(3, 2, f, g, &loss, NULL), CLILE_E_NOT_FINITE,
                 "clile_loss_decorrelate: the loss is ");
    assert_fails(ADVERSARIAL_CALL(3, 2, 2, f, w, b, p.subject), CLILE_E_NOT_FINITE,
                 "clile_loss_adversarial: the loss is ");
    assert_true(loss == 7);
    destroy(&p);
}

static void test_no_memory(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; ++kind) {
        problem p = make(62, kind, 3, 2, 2);
        assert_survives_no_memory(1, run(&p, NULL));
        destroy(&p);
    }
}

static void test_find(void **state)
{
    (void)state;
    assert_int_equal(clile_losses_api_version(), CLILE_LOSSES_API_VERSION);
    assert_null(clile_i_elimination_find("orthogona"));
    assert_null(clile_i_elimination_find(NULL));
    assert_null(clile_i_elimination_find("none")->compute);
    assert_true(clile_i_elimination_find("orthogonal")->needs_id_embedding);
    assert_true(clile_i_elimination_find("decorrelate")->needs_id_embedding);
    assert_true(clile_i_elimination_find("adversarial")->heads_unweighted);
    assert_true(clile_i_elimination_find("mixed")->replaces_bce);
}

/* The option of that key. */
static clile_option_info option(const char *key)
{
    clile_option_info info = {.struct_size = sizeof info};
    for (int32_t i = 0; i < clile_options_count(); ++i) {
        assert_int_equal(clile_options_describe(i, &info), CLILE_OK);
        if (strcmp(info.name, key) == 0) return info;
    }
    fail_msg("no option %s", key);
    return info;
}

/* Every choice of the option is an elimination of its own. */
static void test_choices(void **state)
{
    (void)state;
    const clile_option_info info = option(CLILE_OPT_ELIMINATION);
    const clile_i_term *terms[32];
    int count = 0;
    for (const char *at = info.choices; *at != '\0';) {
        char name[64];
        const size_t size = strcspn(at, "|");
        assert_true(size < sizeof name && count < 32);
        memcpy(name, at, size);
        name[size] = '\0';
        terms[count] = clile_i_elimination_find(name);
        assert_non_null(terms[count]);
        assert_true((terms[count]->compute == NULL) == (count == 0));
        for (int i = 0; i < count; ++i) assert_ptr_not_equal(terms[i], terms[count]);
        ++count;
        at += size + (at[size] == '|');
    }
    assert_true(count >= 5);
}

/* Every term of stage 2 has an option for its weight, and is where its index says. */
static void test_terms(void **state)
{
    (void)state;
    assert_string_equal(clile_i_loss_table[CLILE_I_LOSS_contra].key, CLILE_OPT_LAMBDA_CONTRA);
    assert_string_equal(clile_i_loss_table[CLILE_I_LOSS_bce].key, CLILE_OPT_LAMBDA_BCE);
    assert_string_equal(clile_i_loss_table[CLILE_I_LOSS_elimination].key, CLILE_OPT_LAMBDA_ID);
    for (int32_t i = 0; i < CLILE_I_LOSS_COUNT; ++i) {
        const clile_option_info info = option(clile_i_loss_table[i].key);
        assert_int_equal(info.type, CLILE_OPTION_REAL);
        assert_true(info.minimum == 0);
        assert_string_equal(info.group, "method");
        assert_true((clile_i_loss_table[i].term->compute == NULL) ==
                    (i == CLILE_I_LOSS_elimination || i == CLILE_I_LOSS_method));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_value_and_gradients),
        cmocka_unit_test(test_decorrelate_constant_column),
        cmocka_unit_test(test_orthogonal_by_hand),
        cmocka_unit_test(test_decorrelate_by_hand),
        cmocka_unit_test(test_adversarial_by_hand),
        cmocka_unit_test(test_outputs_may_be_null_and_are_overwritten),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_terms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
