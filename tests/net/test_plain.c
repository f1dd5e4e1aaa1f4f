/* Operations on plain values: each net of plain_nets.h gives the same in inference as in training,
 * alone as in a batch, with gradients of finite differences; each operation's forward is that of an
 * oracle in doubles; more threads give the same bits; what does not fit is refused. */
#include "plain_nets.h"

static void test_nets(void **state)
{
    (void)state;
    for (int i = 0; i < PLAIN_NETS; ++i) {
        clile_i_net *net = plain_net(i);
        test_op_net(plain_nets[i].name, net, PLAIN_SIZE);
        clile_i_net_destroy(net);
    }
}

/* ---- oracles: [i] of dst, from plain sources in double --------------------------------------- */

static double at(const clile_i_op_run *run, int32_t k, int64_t n, int64_t c, int64_t h, int64_t w)
{
    const clile_i_dnn_layout *l = &run->src[k];
    return (double)run->src_data[k][n * l->image_stride + c / l->block * l->block_stride +
                                    (h * l->w + w) * l->block + c % l->block];
}

static double param(const clile_i_op_run *run, int32_t k, int64_t i)
{
    return (double)run->params[k][i];
}

/* Within a source that may be repeated. */
static double spread(const clile_i_op_run *run, int32_t k, int64_t n, int64_t c, int64_t h,
                     int64_t w)
{
    const clile_i_dnn_layout *l = &run->src[k];
    return at(run, k, n, l->c > 1 ? c : 0, l->h > 1 ? h : 0, l->w > 1 ? w : 0);
}

typedef double (*oracle)(const clile_i_op_run *run, int64_t n, int64_t c, int64_t h, int64_t w);

static double cells(const clile_i_op_run *run, int64_t n, int64_t c, int64_t h, int64_t w)
{
    const clile_i_dnn_layout *src = &run->src[0];
    const int64_t g = run->node->stride, k = run->node->k, side = src->h / g;
    const int64_t y = h / side + w / src->c / k - k / 2, x = h % side + w / src->c % k - k / 2;
    if (y < 0 || y >= side || x < 0 || x >= side) return 0.0;
    return at(run, 0, n, w % src->c, c / g * side + y, c % g * side + x);
}

static double uncells(const clile_i_op_run *run, int64_t n, int64_t c, int64_t h, int64_t w)
{
    const int64_t g = run->node->stride, side = run->dst.h / g;
    return at(run, 0, n, h / side * g + w / side, h % side * side + w % side, c);
}

static double project(const clile_i_op_run *run, int64_t n, int64_t c, int64_t h, int64_t w)
{
    const clile_i_node *node = run->node;
    const int64_t row = (node->k > 1 ? c : 0) * node->oc + w;
    double sum = param(run, 1, row);
    for (int64_t i = 0; i < node->ic; ++i)
        sum += param(run, 0, row * node->ic + i) * at(run, 0, n, run->src[0].c > 1 ? c : 0, h, i);
    return sum;
}

static double matmul(const clile_i_op_run *run, int64_t n, int64_t c, int64_t h, int64_t w)
{
    const int ta = (int)run->node->k & 1, tb = (int)run->node->k & 2;
    const int64_t ca = run->src[0].c > 1 ? c : 0, cb = run->src[1].c > 1 ? c : 0;
    double sum = 0.0;
    for (int64_t i = 0; i < (ta ? run->src[0].h : run->src[0].w); ++i)
        sum += (ta ? at(run, 0, n, ca, i, h) : at(run, 0, n, ca, h, i)) *
               (tb ? at(run, 1, n, cb, w, i) : at(run, 1, n, cb, i, w));
    return run->node->number[0] * sum;
}

static double combine(const clile_i_op_run *run, int64_t n, int64_t c, int64_t h, int64_t w)
{
    const double a = spread(run, 0, n, c, h, w), b = spread(run, 1, n, c, h, w);
    return run->node->k == CLILE_I_ADD ? a + b : run->node->k == CLILE_I_SUBTRACT ? a - b : a * b;
}

static double activate(const clile_i_op_run *run, int64_t n, int64_t c, int64_t h, int64_t w)
{
    const double x = at(run, 0, n, c, h, w);
    return run->node->k == CLILE_I_RELU_CURVE      ? fmax(x, 0.0)
           : run->node->k == CLILE_I_SIGMOID_CURVE ? 1.0 / (1.0 + exp(-x))
                                                   : tanh(x);
}

static double softmax(const clile_i_op_run *run, int64_t n, int64_t c, int64_t h, int64_t w)
{
    double sum = 0.0;
    for (int64_t i = 0; i < run->dst.w; ++i) sum += exp(at(run, 0, n, c, h, i));
    return exp(at(run, 0, n, c, h, w)) / sum;
}

static double layer_norm(const clile_i_op_run *run, int64_t n, int64_t c, int64_t h, int64_t w)
{
    const double width = (double)run->dst.w;
    double mean = 0.0, variance = 0.0;
    for (int64_t i = 0; i < run->dst.w; ++i) mean += at(run, 0, n, c, h, i) / width;
    for (int64_t i = 0; i < run->dst.w; ++i)
        variance += pow(at(run, 0, n, c, h, i) - mean, 2.0) / width;
    const double unit = (at(run, 0, n, c, h, w) - mean) / sqrt(variance + 1e-5);
    return run->node->op->tensor_count > 0 ? unit * param(run, 0, w) + param(run, 1, w) : unit;
}

static double batch_norm(const clile_i_op_run *run, int64_t n, int64_t c, int64_t h, int64_t w)
{
    const clile_i_dnn_layout *l = &run->src[0];
    const int64_t groups = run->node->k, feature = (groups > 1 ? c : 0) * l->w + w;
    double mean = 0.0, square = 0.0, count = 0.0;
    for (int64_t i = 0; i < l->n * l->c * l->h; ++i) {
        const int64_t own = i / l->h % l->c;
        if (groups > 1 && own != c) continue;
        const double x = at(run, 0, i / (l->c * l->h), own, i % l->h, w);
        mean += x, square += x * x, count += 1.0;
    }
    mean /= count;
    const double y = (at(run, 0, n, c, h, w) - mean) / sqrt(square / count - mean * mean + 1e-5) *
                         param(run, 0, feature) +
                     param(run, 1, feature);
    return run->node->relu ? fmax(y, 0.0) : y;
}

static double concat(const clile_i_op_run *run, int64_t n, int64_t c, int64_t h, int64_t w)
{
    int64_t place[3] = {c, h, w};
    for (int32_t k = 0; k < run->node->src_count; ++k) {
        const int64_t size[3] = {run->src[k].c, run->src[k].h, run->src[k].w};
        int64_t *along = &place[run->node->k - 1];
        if (*along < size[run->node->k - 1]) return at(run, k, n, place[0], place[1], place[2]);
        *along -= size[run->node->k - 1];
    }
    return NAN;
}

static double mix(const clile_i_op_run *run, int64_t n, int64_t c, int64_t h, int64_t w)
{
    double sum = 0.0;
    for (int64_t i = 0; i < run->node->ic; ++i)
        sum += param(run, 0, h * run->node->ic + i) * at(run, 0, n, c, i, w);
    return sum;
}

static double mean(const clile_i_op_run *run, int64_t n, int64_t c, int64_t h, int64_t w)
{
    double sum = 0.0;
    (void)h;
    for (int64_t i = 0; i < run->src[0].h; ++i) sum += at(run, 0, n, c, i, w);
    return sum / (double)run->src[0].h;
}

/* Every pixel with its weight max(0, 1 - |distance|) along both axes. */
static double gather(const clile_i_op_run *run, int64_t n, int64_t c, int64_t h, int64_t w)
{
    const clile_i_node *node = run->node;
    const clile_i_dnn_layout *src = &run->src[0];
    const int64_t step[2] = {h % node->k, h / node->k}, size[2] = {src->w, src->h};
    double place[2], sum = 0.0;
    for (int a = 0; a < 2; ++a) {
        place[a] = param(run, 1, 2 * c + a) +
                   ((double)step[a] - 0.5 * (double)(node->k - 1)) * node->number[0];
        for (int64_t p = 0; p < node->ic; ++p)
            place[a] += param(run, 0, c * node->ic + p) *
                        (double)run->src_data[1][(n * node->ic + p) * 2 + a];
        place[a] = fmin(fmax(place[a] * (double)size[a] - 0.5, 0.0), (double)(size[a] - 1));
    }
    for (int64_t y = 0; y < src->h; ++y)
        for (int64_t x = 0; x < src->w; ++x)
            sum += fmax(0.0, 1.0 - fabs(place[0] - (double)x)) *
                   fmax(0.0, 1.0 - fabs(place[1] - (double)y)) * at(run, 0, n, w, y, x);
    return sum;
}

static double likeness(const clile_i_op_run *run, int64_t n, int64_t c, int64_t a, int64_t b)
{
    double sum = 0.0;
    for (int64_t i = 0; i < run->src[0].w; ++i)
        sum += at(run, 0, n, c, a, i) * at(run, 0, n, c, b, i);
    return sum;
}

static double neighbours(const clile_i_op_run *run, int64_t n, int64_t c, int64_t h, int64_t w)
{
    const double own = likeness(run, n, c, h, w);
    int64_t ahead = 0;
    for (int64_t i = 0; i < run->dst.w; ++i) ahead += likeness(run, n, c, h, i) > own;
    return ahead < run->node->k ? 1.0 / (double)run->node->k : 0.0;
}

enum { GATED_ROWS = PLAIN_TOKENS, GATED = PLAIN_TOKENS * PLAIN_FEATURES };

/* W_g a + U_g h + bias */
static double gated_sum(const clile_i_op_run *run, int g, const double *a, const double *h,
                        int64_t row, int64_t f)
{
    enum { D = PLAIN_FEATURES };
    double sum = param(run, 2, (1 + g) * D + f);
    for (int64_t i = 0; i < D; ++i)
        sum += param(run, 0, (g * D + f) * D + i) * a[row * D + i] +
               param(run, 1, (g * D + f) * D + i) * h[row * D + i];
    return sum;
}

static double gated(const clile_i_op_run *run, int64_t n, int64_t c, int64_t h, int64_t w)
{
    enum { D = PLAIN_FEATURES };
    double state[GATED], a[GATED], rh[GATED], z[GATED];
    for (int64_t i = 0; i < GATED; ++i) state[i] = at(run, 0, n, c, i / D, i % D);
    for (int64_t t = 0; t < run->node->k; ++t) {
        for (int64_t i = 0; i < GATED; ++i) {
            a[i] = param(run, 2, i % D);
            for (int64_t k = 0; k < GATED_ROWS; ++k)
                a[i] += param(run, 3, i / D * GATED_ROWS + k) * state[k * D + i % D];
        }
        for (int64_t i = 0; i < GATED; ++i) {
            z[i] = 1.0 / (1.0 + exp(-gated_sum(run, 0, a, state, i / D, i % D)));
            rh[i] = state[i] / (1.0 + exp(-gated_sum(run, 1, a, state, i / D, i % D)));
        }
        for (int64_t i = 0; i < GATED; ++i)
            state[i] =
                (1.0 - z[i]) * state[i] + z[i] * tanh(gated_sum(run, 2, a, rh, i / D, i % D));
    }
    return state[h * D + w];
}

static const struct {
    clile_i_op_number op;
    oracle value;
} oracles[] = {{CLILE_I_OP_CELLS, cells},
               {CLILE_I_OP_UNCELLS, uncells},
               {CLILE_I_OP_PROJECT, project},
               {CLILE_I_OP_MATMUL, matmul},
               {CLILE_I_OP_COMBINE, combine},
               {CLILE_I_OP_ACTIVATE, activate},
               {CLILE_I_OP_SOFTMAX, softmax},
               {CLILE_I_OP_LAYER_NORM, layer_norm},
               {CLILE_I_OP_STANDARDISE, layer_norm},
               {CLILE_I_OP_BATCH_NORM, batch_norm},
               {CLILE_I_OP_CONCAT, concat},
               {CLILE_I_OP_MIX, mix},
               {CLILE_I_OP_MEAN, mean},
               {CLILE_I_OP_GATHER, gather},
               {CLILE_I_OP_NEIGHBOURS, neighbours},
               {CLILE_I_OP_GATED, gated}};
enum { ORACLES = sizeof oracles / sizeof *oracles };

static void check_oracle(const char *what, const clile_i_op_run *run, oracle value)
{
    const clile_i_dnn_layout *l = &run->dst;
    const int64_t hw = l->h * l->w, count = l->n * l->c * hw;
    float *found = test_floats(count), *expected = test_floats(count);
    clile_i_dnn_layout_to_plain(l, run->dst_data, found);
    for (int64_t i = 0; i < count; ++i)
        expected[i] = (float)value(run, i / (l->c * hw), i / hw % l->c, i % hw / l->w, i % l->w);
    assert_true(test_largest(expected, count) > 1e-2);
    test_near(what, found, expected, count, 1e-5);
    free(found), free(expected);
}

/* In the backward pass's order, values made again take the place of what later nodes left. */
static void make_values_again(clile_i_exec *exec, const clile_i_op_run *run)
{
    for (int32_t i = 0; i < exec->node_count; ++i)
        if (exec->remade_for[i] == run - exec->runs)
            assert_int_equal(exec->runs[i].node->op->remake(&exec->runs[i]), CLILE_OK);
}

/* Every node of every net that an oracle knows; each oracle is used. */
static void test_oracles(void **state)
{
    enum { BATCH = 3 };
    int used[ORACLES] = {0};
    float dst[BATCH * OP_EMBEDDING];
    clile_i_rng rng = clile_i_rng_make(52, 0);
    float *image = test_normal(&rng, BATCH * 3 * PLAIN_SIZE * PLAIN_SIZE);
    (void)state;
    for (int i = 0; i < PLAIN_NETS; ++i) {
        clile_i_net *net = plain_net(i);
        clile_i_exec *exec = test_exec(net, BATCH, PLAIN_SIZE, CLILE_I_EXEC_TRAIN);
        assert_int_equal(clile_i_exec_forward(exec, image, dst), CLILE_OK);
        for (int32_t r = exec->node_count - 1; r >= 0; --r)
            for (int k = 0; k < ORACLES; ++k) {
                if (exec->runs[r].node->op != clile_i_ops[oracles[k].op]) continue;
                make_values_again(exec, &exec->runs[r]);
                check_oracle(plain_nets[i].name, &exec->runs[r], oracles[k].value);
                used[k] = 1;
            }
        clile_i_exec_destroy(exec);
        clile_i_net_destroy(net);
    }
    for (int k = 0; k < ORACLES; ++k) assert_true(used[k]);
    free(image);
}

/* order 321 of tokens [1, 16, 6] is [6, 16, 1], read as [3, 8, 4] */
static void test_reshape(void **state)
{
    enum { BATCH = 2, NODE = 3 };
    float dst[BATCH * OP_EMBEDDING];
    clile_i_rng rng = clile_i_rng_make(53, 0);
    float *image = test_normal(&rng, BATCH * 3 * PLAIN_SIZE * PLAIN_SIZE);
    clile_i_net *net = plain_net(2);
    clile_i_exec *exec = test_exec(net, BATCH, PLAIN_SIZE, CLILE_I_EXEC_TRAIN_FROZEN);
    const clile_i_op_run *run = &exec->runs[NODE];
    (void)state;
    assert_ptr_equal(run->node->op, clile_i_ops[CLILE_I_OP_RESHAPE]);
    assert_int_equal(clile_i_exec_forward(exec, image, dst), CLILE_OK);
    assert_true(run->dst.c == 3 && run->dst.h == 8 && run->dst.w == 4);
    for (int64_t n = 0; n < BATCH; ++n)
        for (int64_t i = 0; i < GATED; ++i)
            assert_true(run->dst_data[n * GATED + i] ==
                        run->src_data[0][n * GATED + i % 16 * PLAIN_FEATURES + i / 16]);
    clile_i_exec_destroy(exec);
    clile_i_net_destroy(net);
    free(image);
}

/* ---- threads --------------------------------------------------------------------------------- */

/* Gives b's node what a's reads; both run; all results have the same bits. */
static void check_same_bits(const char *what, clile_i_op_run *a, clile_i_op_run *b)
{
    for (int32_t k = 0; k < a->node->src_count; ++k)
        memcpy(b->src_data[k], a->src_data[k], (size_t)a->src[k].count * sizeof(float));
    clile_i_op_run *const runs[] = {a, b};
    clile_i_rng rng = clile_i_rng_make(54, 0);
    float *diff = test_normal(&rng, a->dst.count);
    for (int i = 0; i < 2; ++i) {
        clile_i_threads_set(i + 1);
        assert_int_equal(a->node->op->forward(runs[i]), CLILE_OK);
        memcpy(runs[i]->diff_dst, diff, (size_t)a->dst.count * sizeof *diff);
        /* the caller's sums of gradients are not of interest here */
        assert_int_equal(a->node->op->backward(runs[i]), CLILE_OK);
    }
    clile_i_threads_set(1);
    int same = memcmp(a->dst_data, b->dst_data, (size_t)a->dst.count * sizeof(float)) == 0;
    for (int32_t k = 0; k < a->node->src_count; ++k)
        if (a->diff_src[k] != NULL)
            same &= memcmp(a->diff_src[k], b->diff_src[k],
                           (size_t)a->src[k].count * sizeof(float)) == 0;
    for (int32_t k = 0; k < a->node->op->tensor_count; ++k)
        if (a->diffs[k] != NULL)
            same &=
                memcmp(a->diffs[k], b->diffs[k], (size_t)a->param_count[k] * sizeof(float)) == 0;
    if (!same) fail_msg("%s, %s: two threads give other bits than one", what, a->node->op->name);
    free(diff);
}

static void test_threads(void **state)
{
    enum { BATCH = 5 };
    float dst[BATCH * OP_EMBEDDING];
    clile_i_rng rng = clile_i_rng_make(55, 0);
    float *image = test_normal(&rng, BATCH * 3 * PLAIN_SIZE * PLAIN_SIZE);
    (void)state;
    for (int i = 0; i < PLAIN_NETS; ++i) {
        clile_i_net *net = plain_net(i);
        clile_i_exec *exec[2];
        for (int k = 0; k < 2; ++k) {
            clile_i_threads_set(k + 1);
            exec[k] = test_exec(net, BATCH, PLAIN_SIZE, CLILE_I_EXEC_TRAIN_FROZEN);
            assert_int_equal(clile_i_exec_forward(exec[k], image, dst), CLILE_OK);
        }
        for (int32_t r = 2; r < exec[0]->node_count; ++r) /* after the convolutions */
            check_same_bits(plain_nets[i].name, &exec[0]->runs[r], &exec[1]->runs[r]);
        clile_i_exec_destroy(exec[0]);
        clile_i_exec_destroy(exec[1]);
        clile_i_net_destroy(net);
    }
    free(image);
}

/* ---- refused --------------------------------------------------------------------------------- */

/* A node that reads what does not fit: the message says which operation, and what. */
static void check_refused(clile_i_node node, const char *name, const char *text)
{
    plain_bed bed = plain_begin();
    clile_i_exec *exec = NULL;
    int64_t features = 0;
    for (int32_t k = 0; k < node.src_count; ++k) /* 1: the map, 2: tokens, 3: another value */
        node.src[k] = node.src[k] == 1 ? bed.map : bed.tokens;
    (void)plain_add(&bed, node, name);
    (void)features;
    assert_int_equal(clile_i_net_allocate(bed.net), CLILE_OK);
    assert_int_equal(clile_i_exec_create(bed.net, 1, PLAIN_SIZE, CLILE_I_EXEC_INFER, &exec),
                     CLILE_E_INVALID_ARGUMENT);
    assert_null(exec);
    if (strstr(clile_last_error(), text) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", clile_last_error(), text);
    clile_i_net_destroy(bed.net);
}

static void test_refused(void **state)
{
    enum { MAP = 1, TOKENS = 2 };
    (void)state;
    check_refused(clile_i_node_cells(MAP, 3, 1), NULL,
                  "cells: expected a map that can be cut into 3 x 3 cells, found 6 x 4 x 4");
    check_refused(clile_i_node_uncells(TOKENS, 2), NULL,
                  "uncells: expected the pixels of square cells, found 1 x 16 x 6");
    check_refused(clile_i_node_reshape(TOKENS, 123, 5, 5, 5), NULL,
                  "reshape: expected what gives 5 x 5 x 5, found 1 x 16 x 6");
    check_refused(clile_i_node_project(TOKENS, 1, 7, 2), "p",
                  "project: expected 7 features in 1 groups, found 1 x 16 x 6");
    check_refused(clile_i_node_softmax(MAP), NULL, "softmax: expected plain numbers");
    check_refused(clile_i_node_matmul(TOKENS, TOKENS, 0, 1.0), NULL,
                  "matmul: expected matrices that can be multiplied, found 1 x 16 x 6 and 1 x 16");
    check_refused(clile_i_node_mix(TOKENS, 12, 12), "m", "mix: expected 12 rows");
    check_refused(clile_i_node_layer_norm(TOKENS, 12), "n", "layer_norm: expected rows of 12");
    check_refused(clile_i_node_batch_norm(TOKENS, 2, 6, 0), "n",
                  "batch_norm: expected 6 features in 2 groups");
    check_refused(clile_i_node_neighbours(TOKENS, 17), NULL,
                  "neighbours: expected at least 17 rows");
    check_refused(clile_i_node_gated(TOKENS, 12, 6, 1), "g", "gated: expected 1 x 12 x 6");
    check_refused(clile_i_node_gather(MAP, TOKENS, 5, 1, 1, 0.1), "g",
                  "gather: expected a map and 5 points");
}

int main(void)
{
    clile_i_threads_set(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nets), cmocka_unit_test(test_oracles), cmocka_unit_test(test_reshape),
        cmocka_unit_test(test_threads), cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
