/* Every loss against values and gradients that PyTorch computed in float64 from docs/method.md
 * only. Origin of data/golden/losses.safetensors: tests/parity/parity.py --write-golden
 * (tests/parity/golden_losses.py). */
#include "parity/golden.h"

#include <clile/losses.h>

/* One case of one loss: its inputs, and room for what the library gives. What the loss does not
 * have is NULL. */
typedef struct {
    const clile_i_st *st;
    const char *loss_name;
    int64_t index;
    int64_t n, d, c, s;
    float *embedding, *au, *null, *id, *ile, *bias, *deviation, *deviation_bias, *weight,
        *class_bias, *au_weight;
    int32_t *subject;
    int8_t *labels;
    double scale, tau, lambda_deviation, lambda_bias;
    double loss;
} loss_case;

static void name_of(const loss_case *t, const char *what, char *name, size_t size)
{
    snprintf(name, size, "%s.%lld.%s", t->loss_name, (long long)t->index, what);
}

/* A copy of an input, or NULL when the loss has none of that name; its first extents into *rows
 * and *columns. */
static void *input(const loss_case *t, const char *what, clile_i_st_type type, int64_t *rows,
                   int64_t *columns)
{
    char name[96];
    int64_t shape[4] = {0, 0, 0, 0};
    name_of(t, what, name, sizeof name);
    if (clile_i_st_find(t->st, name) == NULL) return NULL;
    void *data = golden_copy(t->st, name, type, shape);
    if (rows != NULL) *rows = shape[0];
    if (columns != NULL) *columns = shape[1];
    return data;
}

static double scalar(const loss_case *t, const char *what)
{
    double *value = input(t, what, CLILE_I_ST_F64, NULL, NULL);
    const double result = value != NULL ? *value : 0.0;
    free(value);
    return result;
}

static void read_case(loss_case *t)
{
    t->n = t->d = t->c = t->s = 0;
    t->labels = input(t, "labels", CLILE_I_ST_I8, &t->n, &t->c);
    t->subject = input(t, "subject", CLILE_I_ST_I32, &t->n, NULL);
    t->id = input(t, "id_embedding", CLILE_I_ST_F32, &t->n, &t->d);
    t->embedding = input(t, "embedding", CLILE_I_ST_F32, &t->n, &t->d);
    t->au = input(t, "au_embedding", CLILE_I_ST_F32, &t->c, NULL);
    t->null = input(t, "null_embedding", CLILE_I_ST_F32, NULL, NULL);
    t->ile = input(t, "ile", CLILE_I_ST_F32, &t->s, NULL);
    t->deviation = input(t, "deviation", CLILE_I_ST_F32, &t->s, NULL);
    t->weight = input(t, "weight", CLILE_I_ST_F32, &t->s, NULL);
    t->bias = input(t, "bias", CLILE_I_ST_F32, NULL, NULL);
    t->deviation_bias = input(t, "deviation_bias", CLILE_I_ST_F32, NULL, NULL);
    t->class_bias = input(t, "class_bias", CLILE_I_ST_F32, NULL, NULL);
    t->au_weight = input(t, "au_weight", CLILE_I_ST_F32, NULL, NULL);
    t->scale = scalar(t, "scale");
    t->tau = scalar(t, "tau");
    t->lambda_deviation = scalar(t, "lambda_deviation");
    t->lambda_bias = scalar(t, "lambda_bias");
    t->loss = NAN;
}

static void free_case(loss_case *t)
{
    free(t->labels), free(t->subject), free(t->id), free(t->embedding), free(t->au), free(t->null),
        free(t->ile);
    free(t->deviation), free(t->weight), free(t->bias), free(t->deviation_bias),
        free(t->class_bias);
    free(t->au_weight);
}

/* Gradients that a loss gives, under the names of the golden file. */
enum { MOST_DIFFS = 6, MOST_FLOATS = 8192 };
typedef struct {
    const char *name;
    float value[MOST_FLOATS];
} diff;
typedef clile_status (*call_fn)(loss_case *t, diff *diffs, double *diff_scale);

static clile_status call_stage1(loss_case *t, diff *g, double *diff_scale)
{
    (void)diff_scale;
    g[0].name = "id_embedding", g[1].name = "ile";
    return clile_loss_stage1(t->n, t->d, t->c, t->s, t->id, t->ile, t->subject, t->labels,
                             t->au_weight, &t->loss, g[0].value, g[1].value);
}

static clile_status call_stage2(loss_case *t, diff *g, double *diff_scale)
{
    (void)diff_scale;
    g[0].name = "embedding", g[1].name = "au_embedding";
    return clile_loss_stage2(t->n, t->d, t->c, t->embedding, t->au, t->labels, t->tau, &t->loss,
                             g[0].value, g[1].value);
}

static clile_status call_stage2_null(loss_case *t, diff *g, double *diff_scale)
{
    (void)diff_scale;
    g[0].name = "embedding", g[1].name = "au_embedding", g[2].name = "null_embedding";
    return clile_loss_stage2_null(t->n, t->d, t->c, t->embedding, t->au, t->null, t->labels, t->tau,
                                  &t->loss, g[0].value, g[1].value, g[2].value);
}

static int32_t similarity_of(const loss_case *t)
{
    return strstr(t->loss_name, "_dot") != NULL ? CLILE_SIMILARITY_DOT : CLILE_SIMILARITY_COSINE;
}

static clile_status call_bce(loss_case *t, diff *g, double *diff_scale)
{
    g[0].name = "embedding", g[1].name = "au_embedding", g[2].name = "bias";
    return clile_loss_bce(t->n, t->d, t->c, similarity_of(t), t->embedding, t->au, t->scale,
                          t->bias, t->labels, t->au_weight, &t->loss, g[0].value, g[1].value,
                          diff_scale, g[2].value);
}

static clile_status call_mixed(loss_case *t, diff *g, double *diff_scale)
{
    g[0].name = "embedding", g[1].name = "au_embedding", g[2].name = "bias";
    g[3].name = "deviation", g[4].name = "deviation_bias";
    return clile_loss_mixed(t->n, t->d, t->c, t->s, similarity_of(t), t->embedding, t->au, t->scale,
                            t->bias, t->deviation, t->deviation_bias, t->subject, t->labels,
                            t->au_weight, t->lambda_deviation, t->lambda_bias, &t->loss, g[0].value,
                            g[1].value, diff_scale, g[2].value, g[3].value, g[4].value);
}

static clile_status call_orthogonal(loss_case *t, diff *g, double *diff_scale)
{
    (void)diff_scale;
    g[0].name = "embedding";
    return clile_loss_orthogonal(t->n, t->d, t->embedding, t->id, &t->loss, g[0].value);
}

static clile_status call_decorrelate(loss_case *t, diff *g, double *diff_scale)
{
    (void)diff_scale;
    g[0].name = "embedding";
    return clile_loss_decorrelate(t->n, t->d, t->embedding, t->id, &t->loss, g[0].value);
}

static clile_status call_adversarial(loss_case *t, diff *g, double *diff_scale)
{
    (void)diff_scale;
    g[0].name = "embedding", g[1].name = "weight", g[2].name = "class_bias";
    return clile_loss_adversarial(t->n, t->d, t->s, t->embedding, t->weight, t->class_bias,
                                  t->subject, &t->loss, g[0].value, g[1].value, g[2].value);
}

/* Gradients are float32: relative to the greatest element. A loss is a double. */
static void check_diff(const loss_case *t, const char *what, const float *found)
{
    char name[96], key[64];
    snprintf(key, sizeof key, "diff_%s", what);
    name_of(t, key, name, sizeof name);
    const clile_i_st_tensor *tensor = clile_i_st_find(t->st, name);
    assert_non_null(tensor);
    float *expected = golden_copy(t->st, name, CLILE_I_ST_F32, NULL);
    double magnitude = 0.0;
    for (int64_t i = 0; i < tensor->count; ++i)
        magnitude = fmax(magnitude, fabs((double)expected[i]));
    for (int64_t i = 0; i < tensor->count; ++i)
        if (!(fabs((double)found[i] - (double)expected[i]) <= 1e-6 * magnitude + 1e-9))
            fail_msg("%s: element %lld is %.9g, expected %.9g", name, (long long)i,
                     (double)found[i], (double)expected[i]);
    free(expected);
}

static void check_loss(const clile_i_st *st, const char *loss_name, call_fn call, int has_scale)
{
    static diff diffs[MOST_DIFFS];
    const int64_t cases = golden_number(st, loss_name);
    assert_true(cases >= 4);
    for (int64_t index = 0; index < cases; ++index) {
        loss_case t = {.st = st, .loss_name = loss_name, .index = index};
        double diff_scale = NAN;
        read_case(&t);
        for (int i = 0; i < MOST_DIFFS; ++i) {
            diffs[i].name = NULL;
            for (int k = 0; k < MOST_FLOATS; ++k) diffs[i].value[k] = NAN;
        }
        if (call(&t, diffs, &diff_scale) != CLILE_OK)
            fail_msg("%s: %s", loss_name, clile_last_error());
        const double expected = scalar(&t, "loss");
        if (!(fabs(t.loss - expected) <= 1e-10 * fmax(1.0, fabs(expected))))
            fail_msg("%s case %lld: loss is %.15g, expected %.15g", loss_name, (long long)index,
                     t.loss, expected);
        for (int i = 0; i < MOST_DIFFS && diffs[i].name != NULL; ++i)
            check_diff(&t, diffs[i].name, diffs[i].value);
        if (has_scale) {
            const float rounded = (float)diff_scale;
            check_diff(&t, "scale", &rounded);
        }
        free_case(&t);
    }
}

static void test_losses(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        call_fn call;
        int has_scale;
    } table[] = {
        {"stage1", call_stage1, 0},           {"stage2", call_stage2, 0},
        {"stage2_warm", call_stage2, 0},      {"stage2_null", call_stage2_null, 0},
        {"bce_cosine", call_bce, 1},          {"bce_dot", call_bce, 1},
        {"mixed_cosine", call_mixed, 1},      {"mixed_dot", call_mixed, 1},
        {"orthogonal", call_orthogonal, 0},   {"decorrelate", call_decorrelate, 0},
        {"adversarial", call_adversarial, 0},
    };
    clile_i_st *st = golden_open(CLILE_TEST_DATA "/golden/losses.safetensors");
    for (size_t i = 0; i < sizeof table / sizeof *table; ++i)
        check_loss(st, table[i].name, table[i].call, table[i].has_scale);
    clile_i_st_close(st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_losses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
