/* clile_loss_bce and clile_loss_mixed. One problem serves both, as they are two forms of the same
 * loss. */
#include "loss/loss.h"
#include "loss/support.h"

typedef struct {
    int64_t n, d, c, s;
    int32_t similarity;
    int mixed; /* 0: clile_loss_bce */
    double lambda_deviation, lambda_bias;
    input f, au, bias, deviation, deviation_bias;
    input scale; /* one number; its diff is set from diff_scale */
    int32_t subject[16], other[16];
    int between; /* 1: faces have a share of the rest of another subject */
    float share[16];
    int8_t labels[16 * 8];
    float weight[8];
} problem;

static problem make(uint64_t seed, int64_t n, int64_t d, int64_t c, int64_t s, int32_t similarity,
                    int mixed)
{
    clile_i_rng rng = clile_i_rng_make(seed, 2);
    problem p = {.n = n, .d = d, .c = c, .s = s, .similarity = similarity, .mixed = mixed};
    p.lambda_deviation = 0.7;
    p.lambda_bias = 0.4;
    p.f = make_input(&rng, n * d, 1);
    p.au = make_input(&rng, c * d, 1);
    p.bias = make_input(&rng, c, 1);
    p.deviation = make_input(&rng, s * c * d, 0.5);
    p.deviation_bias = make_input(&rng, s * c, 0.5);
    p.scale = make_input(&rng, 1, 1);
    set_input(&p.scale, 0, 1.5f);
    make_labels(&rng, n, c, p.labels);
    p.labels[0] = 1;
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
    free_input(&p->au);
    free_input(&p->bias);
    free_input(&p->deviation);
    free_input(&p->deviation_bias);
    free_input(&p->scale);
}

static double naive(void *context)
{
    const problem *p = context;
    return naive_mixed(p->n, p->d, p->c, p->s, p->similarity, p->f.x, p->au.x, p->scale.x[0],
                       p->bias.x, p->mixed ? p->deviation.x : NULL, p->deviation_bias.x, p->subject,
                       p->between ? p->other : NULL, p->share, p->labels, p->weight,
                       p->lambda_deviation, p->lambda_bias);
}

static clile_status run_between(problem *p, double *loss, double *diff_scale)
{
    const clile_i_mixed m = {.n = p->n,
                             .d = p->d,
                             .c = p->c,
                             .s = p->s,
                             .similarity = p->similarity,
                             .embedding = p->f.f,
                             .au_embedding = p->au.f,
                             .scale = p->scale.x[0],
                             .bias = p->bias.f,
                             .deviation = p->deviation.f,
                             .deviation_bias = p->deviation_bias.f,
                             .subject = p->subject,
                             .other = p->other,
                             .share = p->share,
                             .labels = p->labels,
                             .au_weight = p->weight,
                             .lambda_deviation = p->lambda_deviation,
                             .lambda_bias = p->lambda_bias,
                             .loss = loss,
                             .diff_embedding = p->f.diff,
                             .diff_au_embedding = p->au.diff,
                             .diff_scale = diff_scale,
                             .diff_bias = p->bias.diff,
                             .diff_deviation = p->deviation.diff,
                             .diff_deviation_bias = p->deviation_bias.diff};
    return clile_i_loss_mixed(&m);
}

static clile_status run(problem *p, double *loss)
{
    double diff_scale = (double)NAN;
    clile_status status;
    if (p->between)
        status = run_between(p, loss, &diff_scale);
    else if (p->mixed)
        status = clile_loss_mixed(p->n, p->d, p->c, p->s, p->similarity, p->f.f, p->au.f,
                                  p->scale.x[0], p->bias.f, p->deviation.f, p->deviation_bias.f,
                                  p->subject, p->labels, p->weight, p->lambda_deviation,
                                  p->lambda_bias, loss, p->f.diff, p->au.diff, &diff_scale,
                                  p->bias.diff, p->deviation.diff, p->deviation_bias.diff);
    else
        status = clile_loss_bce(p->n, p->d, p->c, p->similarity, p->f.f, p->au.f, p->scale.x[0],
                                p->bias.f, p->labels, p->weight, loss, p->f.diff, p->au.diff,
                                &diff_scale, p->bias.diff);
    p->scale.diff[0] = (float)diff_scale;
    return status;
}

static void check(problem *p)
{
    double loss = 0;
    assert_int_equal(run(p, &loss), CLILE_OK);
    assert_near(loss, naive(p), 1e-12);
    assert_true(check_gradient("diff_embedding", naive, p, &p->f, 1) > 1e-4);
    assert_true(check_gradient("diff_au_embedding", naive, p, &p->au, 1) > 1e-4);
    assert_true(check_gradient("diff_scale", naive, p, &p->scale, 1) > 1e-5);
    assert_true(check_gradient("diff_bias", naive, p, &p->bias, 1) > 1e-4);
    if (!p->mixed) return;
    assert_true(check_gradient("diff_deviation", naive, p, &p->deviation, 1) > 1e-4);
    assert_true(check_gradient("diff_deviation_bias", naive, p, &p->deviation_bias, 1) > 1e-4);
}

static void test_value_and_gradients(void **state)
{
    (void)state;
    for (int t = 0; t < 8; ++t) {
        const int32_t similarity = t % 2 ? CLILE_SIMILARITY_DOT : CLILE_SIMILARITY_COSINE;
        problem p = t < 4 ? make(30 + (uint64_t)t, 7, 5, 4, 3, similarity, t / 2 % 2)
                          : make(30 + (uint64_t)t, 16, 11, 8, 6, similarity, t / 2 % 2);
        if (t == 6) p.lambda_deviation = p.lambda_bias = 0;
        if (t == 5) set_input(&p.scale, 0, -2);
        check(&p);
        destroy(&p);
    }
}

/* Offsets of two subjects in one face. */
static void test_between_subjects(void **state)
{
    (void)state;
    for (int t = 0; t < 4; ++t) {
        const int32_t similarity = t % 2 ? CLILE_SIMILARITY_DOT : CLILE_SIMILARITY_COSINE;
        problem p = t < 2 ? make(60 + (uint64_t)t, 7, 5, 4, 3, similarity, 1)
                          : make(60 + (uint64_t)t, 16, 11, 8, 6, similarity, 1);
        double whole = 0, loss = 0;
        assert_int_equal(run(&p, &whole), CLILE_OK);
        p.between = 1;
        check(&p);
        assert_int_equal(run(&p, &loss), CLILE_OK);
        assert_true(fabs(loss - whole) > 1e-4);
        destroy(&p);
    }
}

/* F = (3,4), A = (1,0): cosine 0.6, dot 3. Scale 2, bias -1, AU present. */
static void test_bce_by_hand(void **state)
{
    (void)state;
    const float f[] = {3, 4}, au[] = {1, 0}, bias[] = {-1}, weight[] = {3};
    const int8_t labels[] = {1};
    double loss = 0, diff_scale = 0;
    float diff_f[2], diff_au[2], diff_bias[1];
    assert_int_equal(clile_loss_bce(1, 2, 1, CLILE_SIMILARITY_COSINE, f, au, 2, bias, labels,
                                    weight, &loss, diff_f, diff_au, &diff_scale, diff_bias),
                     CLILE_OK);
    const double g = 3 * (1 / (1 + exp(-0.2)) - 1);
    assert_near(loss, 3 * log(1 + exp(-0.2)), 1e-8); /* exact in spite of 0.6, since F and A are */
    assert_near(diff_scale, 0.6 * g, 1e-12);
    assert_near(diff_bias[0], g, 1e-6);
    /* d cos/dF = (a - cos f)/|F| = ((1,0) - 0.6 (0.6,0.8))/5, d cos/dA = (f - cos a)/|A| = (0,
     * 0.8) */
    assert_near(diff_f[0], 2 * g * 0.64 / 5, 1e-7);
    assert_near(diff_f[1], 2 * g * -0.48 / 5, 1e-7);
    assert_near(diff_au[0], 0, 1e-7);
    assert_near(diff_au[1], 2 * g * 0.8, 1e-6);
    assert_int_equal(clile_loss_bce(1, 2, 1, CLILE_SIMILARITY_DOT, f, au, 2, bias, labels, NULL,
                                    &loss, diff_f, diff_au, &diff_scale, NULL),
                     CLILE_OK);
    assert_near(loss, log(1 + exp(-5)), 1e-15);
    assert_near(diff_au[1], 2 * 4 * (1 / (1 + exp(-5)) - 1), 1e-7);
}

/* Two subjects, d = 1, dot: D = (3, 1) is centred to (1, -1), B = (0.5, 0.1) to (0.2, -0.2). F =
 * 2, A = 1, of subject 0: z = 2 * (1 + 1) + 0 + 0.2. */
static void test_mixed_by_hand(void **state)
{
    (void)state;
    const float f[] = {2}, au[] = {1}, bias[] = {0}, deviation[] = {3, 1},
                deviation_bias[] = {0.5f, 0.1f};
    const int32_t subject[] = {0};
    const int8_t labels[] = {0};
    double loss = 0;
    float diff_deviation[2], diff_deviation_bias[2];
    assert_int_equal(clile_loss_mixed(1, 1, 1, 2, CLILE_SIMILARITY_DOT, f, au, 1, bias, deviation,
                                      deviation_bias, subject, labels, NULL, 10, 100, &loss, NULL,
                                      NULL, NULL, NULL, diff_deviation, diff_deviation_bias),
                     CLILE_OK);
    const double g = 1 / (1 + exp(-4.2));
    assert_near(loss, log(1 + exp(4.2)) + 10 * 1 + 100 * 0.04, 1e-6);
    assert_near(diff_deviation[0], g * 2 / 2 + 10, 1e-5);
    assert_near(diff_deviation[1], -g * 2 / 2 - 10, 1e-5);
    assert_near(diff_deviation_bias[0], g / 2 + 20, 1e-5);
    assert_near(diff_deviation_bias[1], -g / 2 - 20, 1e-5);
}

/* Deviations of 0 (or the same for all subjects): the general BCE, penalties and all. */
static void test_no_deviation_is_bce(void **state)
{
    (void)state;
    for (int t = 0; t < 3; ++t) {
        problem p = make(40, 9, 6, 4, t == 2 ? 1 : 4, CLILE_SIMILARITY_COSINE, 1), q;
        for (int64_t i = 0; i < p.deviation.count; ++i)
            set_input(&p.deviation, i, t == 0 ? 0 : (float)(i % (4 * 6)));
        for (int64_t i = 0; i < p.deviation_bias.count; ++i)
            set_input(&p.deviation_bias, i, t == 0 ? 0 : (float)(i % 4));
        q = make(40, 9, 6, 4, t == 2 ? 1 : 4, CLILE_SIMILARITY_COSINE, 0);
        double loss = 0, bce = 0;
        assert_int_equal(run(&p, &loss), CLILE_OK);
        assert_int_equal(run(&q, &bce), CLILE_OK);
        assert_near(loss, bce, 1e-14);
        for (int64_t i = 0; i < p.f.count; ++i) assert_near(p.f.diff[i], q.f.diff[i], 1e-8);
        for (int64_t i = 0; i < p.au.count; ++i) assert_near(p.au.diff[i], q.au.diff[i], 1e-7);
        for (int64_t i = 0; i < p.bias.count; ++i)
            assert_near(p.bias.diff[i], q.bias.diff[i], 1e-7);
        assert_near(p.scale.diff[0], q.scale.diff[0], 1e-7);
        destroy(&p);
        destroy(&q);
    }
}

static void test_gradient_sums_to_zero_over_subjects(void **state)
{
    (void)state;
    problem p = make(41, 12, 6, 4, 5, CLILE_SIMILARITY_COSINE, 1);
    assert_int_equal(run(&p, NULL), CLILE_OK);
    for (int64_t j = 0; j < p.c * p.d; ++j) {
        double sum = 0, size = 0;
        for (int64_t i = 0; i < p.s; ++i) {
            sum += (double)p.deviation.diff[i * p.c * p.d + j];
            size += fabs((double)p.deviation.diff[i * p.c * p.d + j]);
        }
        assert_true(size > 0);
        assert_near(sum, 0, 1e-6 * size);
    }
    for (int64_t a = 0; a < p.c; ++a) {
        double sum = 0;
        for (int64_t i = 0; i < p.s; ++i) sum += (double)p.deviation_bias.diff[i * p.c + a];
        assert_near(sum, 0, 1e-6);
    }
    destroy(&p);
}

/* With one subject nothing is left of D and B: gradients of exactly 0. */
static void test_one_subject(void **state)
{
    (void)state;
    problem p = make(42, 6, 5, 4, 1, CLILE_SIMILARITY_COSINE, 1);
    double loss = 0;
    assert_int_equal(run(&p, &loss), CLILE_OK);
    assert_near(loss, naive(&p), 1e-12);
    for (int64_t i = 0; i < p.deviation.count; ++i) assert_true(p.deviation.diff[i] == 0);
    for (int64_t i = 0; i < p.deviation_bias.count; ++i) assert_true(p.deviation_bias.diff[i] == 0);
    destroy(&p);
}

static void test_zero_vectors_and_uncoded(void **state)
{
    (void)state;
    for (int mixed = 0; mixed < 2; ++mixed) {
        problem p = make(43, 6, 5, 4, 3, CLILE_SIMILARITY_COSINE, mixed);
        /* image 0 has no direction */
        for (int64_t j = 0; j < p.d; ++j) set_input(&p.f, j, 0);
        /* image 1 has no labels */
        for (int64_t j = 0; j < p.d; ++j) set_input(&p.f, p.d + j, 1e30f);
        for (int64_t i = 0; i < p.deviation.count && mixed; ++i) set_input(&p.deviation, i, 0);
        for (int64_t j = 0; j < p.d; ++j) set_input(&p.au, 2 * p.d + j, 0); /* nor has AU 2 */
        double loss = 0;
        assert_int_equal(run(&p, &loss), CLILE_OK);
        assert_near(loss, naive(&p), 1e-12);
        for (int64_t j = 0; j < 2 * p.d; ++j) assert_true(p.f.diff[j] == 0);
        for (int64_t j = 0; j < p.d; ++j) assert_true(p.au.diff[2 * p.d + j] == 0);
        for (int64_t i = 0; i < p.f.count; ++i) assert_true(isfinite(p.f.diff[i]));
        assert_true(p.bias.diff[0] != 0);
        p.f.f[p.d] = NAN; /* this image still has no labels */
        assert_int_equal(run(&p, &loss), CLILE_OK);
        for (int64_t j = 0; j < 2 * p.d; ++j) assert_true(p.f.diff[j] == 0);
        destroy(&p);
    }
}

static void test_extreme_logits(void **state)
{
    (void)state;
    const float f[] = {1, 1}, au[] = {1, -1}, bias[] = {0, 0};
    const int8_t labels[] = {0, 0, 1, 1};
    double loss = 0, diff_scale = 0;
    float diff_f[2];
    assert_int_equal(clile_loss_bce(2, 1, 2, CLILE_SIMILARITY_COSINE, f, au, 1e8, bias, labels,
                                    NULL, &loss, diff_f, NULL, &diff_scale, NULL),
                     CLILE_OK);
    assert_near(loss, 1e8 / 2, 1e-6);
    /* of four logits, two are wrong by 1e8: (1 + 1) / (2 * 2) */
    assert_near(diff_scale, 0.5, 1e-12);
    assert_true(isfinite(diff_f[0]) && isfinite(diff_f[1]));
}

static void test_outputs_may_be_null_and_are_overwritten(void **state)
{
    (void)state;
    problem p = make(44, 6, 4, 4, 3, CLILE_SIMILARITY_COSINE, 1),
            q = make(44, 6, 4, 4, 3, CLILE_SIMILARITY_COSINE, 1);
    assert_int_equal(run(&p, NULL), CLILE_OK);
    assert_int_equal(run(&p, NULL), CLILE_OK);
    double diff_scale = 0;
    for (int i = 0; i < 6; ++i)
        assert_int_equal(
            clile_loss_mixed(
                q.n, q.d, q.c, q.s, q.similarity, q.f.f, q.au.f, q.scale.x[0], q.bias.f,
                q.deviation.f, q.deviation_bias.f, q.subject, q.labels, q.weight,
                q.lambda_deviation, q.lambda_bias, NULL, i == 0 ? q.f.diff : NULL,
                i == 1 ? q.au.diff : NULL, i == 2 ? &diff_scale : NULL, i == 3 ? q.bias.diff : NULL,
                i == 4 ? q.deviation.diff : NULL, i == 5 ? q.deviation_bias.diff : NULL),
            CLILE_OK);
    assert_memory_equal(p.f.diff, q.f.diff, (size_t)p.f.count * sizeof(float));
    assert_memory_equal(p.au.diff, q.au.diff, (size_t)p.au.count * sizeof(float));
    assert_true(p.scale.diff[0] == (float)diff_scale);
    assert_memory_equal(p.bias.diff, q.bias.diff, (size_t)p.bias.count * sizeof(float));
    assert_memory_equal(p.deviation.diff, q.deviation.diff,
                        (size_t)p.deviation.count * sizeof(float));
    assert_memory_equal(p.deviation_bias.diff, q.deviation_bias.diff,
                        (size_t)p.deviation_bias.count * sizeof(float));

    p.mixed = q.mixed = 0;
    assert_int_equal(run(&p, NULL), CLILE_OK);
    float *none = NULL;
    for (int i = 0; i < 4; ++i)
        assert_int_equal(clile_loss_bce(q.n, q.d, q.c, q.similarity, q.f.f, q.au.f, q.scale.x[0],
                                        q.bias.f, q.labels, q.weight, NULL,
                                        i == 0 ? q.f.diff : none, i == 1 ? q.au.diff : none,
                                        i == 2 ? &diff_scale : NULL, i == 3 ? q.bias.diff : none),
                         CLILE_OK);
    assert_memory_equal(p.f.diff, q.f.diff, (size_t)p.f.count * sizeof(float));
    assert_memory_equal(p.au.diff, q.au.diff, (size_t)p.au.count * sizeof(float));
    assert_memory_equal(p.bias.diff, q.bias.diff, (size_t)p.bias.count * sizeof(float));
    assert_true(p.scale.diff[0] == (float)diff_scale);
    destroy(&p);
    destroy(&q);
}

#define REFUSED(call, text) assert_fails(call, CLILE_E_INVALID_ARGUMENT, text)

static void test_bce_errors(void **state)
{
    (void)state;
    problem p = make(45, 3, 2, 2, 2, 0, 0);
    double loss = 7;
#define BCE(n, d, c, similarity, f, au, scale, bias, labels, weight)                               \
    clile_loss_bce(n, d, c, similarity, f, au, scale, bias, labels, weight, &loss, NULL, NULL,     \
                   NULL, NULL)
    REFUSED(BCE(0, 2, 2, 0, p.f.f, p.au.f, 1, p.bias.f, p.labels, NULL),
            "clile_loss_bce: n is 0, expected at least 1");
    REFUSED(BCE(3, 0, 2, 0, p.f.f, p.au.f, 1, p.bias.f, p.labels, NULL), "clile_loss_bce: d is 0");
    REFUSED(BCE(3, 2, 0, 0, p.f.f, p.au.f, 1, p.bias.f, p.labels, NULL), "clile_loss_bce: c is 0");
    REFUSED(BCE(3, 2, 2, 2, p.f.f, p.au.f, 1, p.bias.f, p.labels, NULL),
            "clile_loss_bce: similarity is 2, expected 0 (cosine) or 1 (dot)");
    REFUSED(BCE(3, 2, 2, 0, NULL, p.au.f, 1, p.bias.f, p.labels, NULL),
            "clile_loss_bce: embedding is NULL");
    REFUSED(BCE(3, 2, 2, 0, p.f.f, NULL, 1, p.bias.f, p.labels, NULL),
            "clile_loss_bce: au_embedding is NULL");
    REFUSED(BCE(3, 2, 2, 0, p.f.f, p.au.f, 1, NULL, p.labels, NULL),
            "clile_loss_bce: bias is NULL");
    REFUSED(BCE(3, 2, 2, 0, p.f.f, p.au.f, 1, p.bias.f, NULL, NULL),
            "clile_loss_bce: labels is NULL");
    const int8_t labels[] = {1, 0, 0, 2, 1, 0};
    REFUSED(BCE(3, 2, 2, 0, p.f.f, p.au.f, 1, p.bias.f, labels, NULL),
            "clile_loss_bce: labels[1,1] is 2");
    const float weight[] = {1, NAN};
    REFUSED(BCE(3, 2, 2, 0, p.f.f, p.au.f, 1, p.bias.f, p.labels, weight),
            "clile_loss_bce: au_weight[1] is ");
    assert_fails(BCE(3, 2, 2, 0, p.f.f, p.au.f, (double)NAN, p.bias.f, p.labels, NULL),
                 CLILE_E_NOT_FINITE, "clile_loss_bce: the loss is ");
    assert_true(loss == 7);
    destroy(&p);
}

static void test_mixed_errors(void **state)
{
    (void)state;
    problem p = make(46, 3, 2, 2, 2, 0, 1);
    double loss = 7;
#define MIXED(n, d, c, s, similarity, f, au, bias, dev, dev_bias, subject, labels, weight, l1, l2) \
    clile_loss_mixed(n, d, c, s, similarity, f, au, 1, bias, dev, dev_bias, subject, labels,       \
                     weight, l1, l2, &loss, NULL, NULL, NULL, NULL, NULL, NULL)
    float *f = p.f.f, *au = p.au.f, *bias = p.bias.f, *dev = p.deviation.f,
          *dbias = p.deviation_bias.f;
    REFUSED(MIXED(0, 2, 2, 2, 0, f, au, bias, dev, dbias, p.subject, p.labels, NULL, 0, 0),
            "clile_loss_mixed: n is 0");
    REFUSED(MIXED(3, 2, 2, -1, 0, f, au, bias, dev, dbias, p.subject, p.labels, NULL, 0, 0),
            "clile_loss_mixed: s is -1");
    REFUSED(MIXED(3, 2, 2, 2, 7, f, au, bias, dev, dbias, p.subject, p.labels, NULL, 0, 0),
            "similarity is 7");
    REFUSED(MIXED(3, 2, 2, 2, 0, NULL, au, bias, dev, dbias, p.subject, p.labels, NULL, 0, 0),
            ": embedding is NULL");
    REFUSED(MIXED(3, 2, 2, 2, 0, f, NULL, bias, dev, dbias, p.subject, p.labels, NULL, 0, 0),
            ": au_embedding is NULL");
    REFUSED(MIXED(3, 2, 2, 2, 0, f, au, NULL, dev, dbias, p.subject, p.labels, NULL, 0, 0),
            ": bias is NULL");
    REFUSED(MIXED(3, 2, 2, 2, 0, f, au, bias, NULL, dbias, p.subject, p.labels, NULL, 0, 0),
            ": deviation is NULL");
    REFUSED(MIXED(3, 2, 2, 2, 0, f, au, bias, dev, NULL, p.subject, p.labels, NULL, 0, 0),
            ": deviation_bias is NULL");
    REFUSED(MIXED(3, 2, 2, 2, 0, f, au, bias, dev, dbias, NULL, p.labels, NULL, 0, 0),
            ": subject is NULL");
    REFUSED(MIXED(3, 2, 2, 2, 0, f, au, bias, dev, dbias, p.subject, NULL, NULL, 0, 0),
            ": labels is NULL");
    const int32_t subject[] = {0, 1, 5};
    REFUSED(MIXED(3, 2, 2, 2, 0, f, au, bias, dev, dbias, subject, p.labels, NULL, 0, 0),
            "subject[2] is 5, expected 0..1");
    const int8_t labels[] = {1, 0, 0, 2, 1, 0};
    REFUSED(MIXED(3, 2, 2, 2, 0, f, au, bias, dev, dbias, p.subject, labels, NULL, 0, 0),
            "labels[1,1] is 2");
    const float weight[] = {-2, 1};
    REFUSED(MIXED(3, 2, 2, 2, 0, f, au, bias, dev, dbias, p.subject, p.labels, weight, 0, 0),
            "au_weight[0] is -2");
    REFUSED(MIXED(3, 2, 2, 2, 0, f, au, bias, dev, dbias, p.subject, p.labels, NULL, -1, 0),
            "clile_loss_mixed: lambda_deviation is -1, expected a finite number >= 0");
    REFUSED(MIXED(3, 2, 2, 2, 0, f, au, bias, dev, dbias, p.subject, p.labels, NULL, 0, INFINITY),
            "clile_loss_mixed: lambda_bias is inf, expected a finite number >= 0");
    dev[0] = NAN;
    assert_fails(MIXED(3, 2, 2, 2, 0, f, au, bias, dev, dbias, p.subject, p.labels, NULL, 1, 1),
                 CLILE_E_NOT_FINITE, "clile_loss_mixed: the loss is ");
    assert_true(loss == 7);
    destroy(&p);
}

/* An image as two rows of the same embedding and subject, each with half of the labels and its
 * share of the weight, is the image. */
static void test_split_rows(void **state)
{
    (void)state;
    problem p = make(51, 1, 5, 4, 3, 0, 1);
    float f2[10], diff1[5], diff2[10], dev1[60], dev2[60],
        weight2[2] = {2 * 0.75f, 2 * 0.25f}; /* 3 and 1 of 4 AUs; mean over 2 rows */
    const int8_t whole[4] = {1, 0, 1, 0}, split[8] = {1, 0, -1, 0, -1, -1, 1, -1};
    const int32_t subject2[2] = {p.subject[0], p.subject[0]};
    double loss1 = 0, loss2 = 0;
    memcpy(f2, p.f.f, 5 * sizeof *f2);
    memcpy(f2 + 5, p.f.f, 5 * sizeof *f2);
    clile_i_mixed m = {.n = 1,
                       .d = 5,
                       .c = 4,
                       .s = 3,
                       .embedding = p.f.f,
                       .au_embedding = p.au.f,
                       .scale = 1.5,
                       .bias = p.bias.f,
                       .deviation = p.deviation.f,
                       .deviation_bias = p.deviation_bias.f,
                       .subject = p.subject,
                       .labels = whole,
                       .lambda_deviation = 0.7,
                       .lambda_bias = 0.4,
                       .loss = &loss1,
                       .diff_embedding = diff1,
                       .diff_deviation = dev1};
    assert_int_equal(clile_i_loss_mixed(&m), CLILE_OK);
    m.n = 2;
    m.embedding = f2;
    m.subject = subject2;
    m.labels = split;
    m.row_weight = weight2;
    m.loss = &loss2;
    m.diff_embedding = diff2;
    m.diff_deviation = dev2;
    assert_int_equal(clile_i_loss_mixed(&m), CLILE_OK);
    assert_true(fabs(loss1 - loss2) < 1e-9);
    for (int i = 0; i < 5; ++i)
        assert_true(fabs((double)diff1[i] - (double)diff2[i] - (double)diff2[i + 5]) < 1e-6);
    for (int i = 0; i < 60; ++i) assert_true(fabs((double)dev1[i] - (double)dev2[i]) < 1e-6);
    destroy(&p);
}

static void test_no_memory(void **state)
{
    (void)state;
    problem p = make(47, 3, 2, 2, 2, 0, 1);
    assert_survives_no_memory(2, run(&p, NULL));
    p.mixed = 0;
    assert_survives_no_memory(1, run(&p, NULL));
    destroy(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_value_and_gradients),
        cmocka_unit_test(test_between_subjects),
        cmocka_unit_test(test_bce_by_hand),
        cmocka_unit_test(test_mixed_by_hand),
        cmocka_unit_test(test_no_deviation_is_bce),
        cmocka_unit_test(test_gradient_sums_to_zero_over_subjects),
        cmocka_unit_test(test_one_subject),
        cmocka_unit_test(test_zero_vectors_and_uncoded),
        cmocka_unit_test(test_extreme_logits),
        cmocka_unit_test(test_outputs_may_be_null_and_are_overwritten),
        cmocka_unit_test(test_bce_errors),
        cmocka_unit_test(test_mixed_errors),
        cmocka_unit_test(test_split_rows),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
