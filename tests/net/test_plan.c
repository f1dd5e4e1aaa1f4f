/* The memory plan of an inference net: values alive at the same time do not overlap, sums are
 * written in place, and the arena is no larger than the most that is alive at once. Training keeps
 * no activation that is cheap to make again. */
#include "net/exec.h"
#include "net/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { MOST = 64 };

/* Elements of each value for square images. */
static void count_values(const clile_i_net *net, int64_t batch, int64_t size, int64_t *count)
{
    clile_i_dnn_layout layouts[MOST];
    assert_true(net->value_count <= MOST);
    layouts[CLILE_I_VALUE_IMAGE] =
        clile_i_dnn_layout_make(CLILE_I_LAYOUT_NCHW, batch, 3, size, size);
    for (int64_t i = 0; i < net->node_count; ++i) {
        const clile_i_node *node = &net->nodes[i];
        clile_i_dnn_layout unused;
        node->op->lay_out(node, &layouts[node->src[0]], CLILE_I_LAYOUT_NCHW,
                          !node->has_inner ? &unused : &layouts[node->inner], &layouts[node->dst]);
        count[node->dst] = layouts[node->dst].count;
        if (node->has_inner) count[node->inner] = layouts[node->inner].count;
    }
    count[CLILE_I_VALUE_IMAGE] = -1; /* not read */
}

/* The node that makes a value. */
static int64_t maker(const clile_i_net *net, int32_t value)
{
    int64_t i = 0;
    while (net->nodes[i].dst != value && net->nodes[i].inner != value) ++i;
    return i;
}

static int reads(const clile_i_node *node, int32_t value)
{
    for (int32_t k = 0; k < node->src_count; ++k)
        if (node->src[k] == value) return 1;
    return 0;
}

/* The last node that reads a value; node_count: whoever reads the result. */
static int64_t last_reader(const clile_i_net *net, int32_t value)
{
    int64_t last = value == net->value_count - 1 ? net->node_count : maker(net, value);
    for (int64_t i = 0; i < net->node_count && last < net->node_count; ++i)
        if (reads(&net->nodes[i], value)) last = i;
    return last;
}

/* The value that a node overwrites; -1: none. */
static int32_t overwritten(const clile_i_node *node)
{
    const int32_t k = node->op->in_place;
    return k > 0 && k < node->src_count ? node->src[k] : -1;
}

/* Whether one value is the other, overwritten. */
static int same_place(const clile_i_net *net, int32_t a, int32_t b)
{
    for (int64_t i = 0; i < net->node_count; ++i) {
        const clile_i_node *node = &net->nodes[i];
        if ((node->dst == a && overwritten(node) == b) ||
            (node->dst == b && overwritten(node) == a))
            return 1;
    }
    return 0;
}

static void check(const char *backbone, int32_t stem, int64_t batch, int64_t size)
{
    const clile_i_net_config config = {backbone, 0.25, 16, stem, {0}};
    clile_i_net *net = NULL;
    int64_t count[MOST], offset[MOST], total = 0, most = 0;
    assert_int_equal(clile_i_net_create_bare(&config, &net), CLILE_OK);
    count_values(net, batch, size, count);
    assert_int_equal(clile_i_plan_values(net, count, offset, &total), CLILE_OK);
    for (int32_t a = 1; a < net->value_count; ++a) {
        assert_int_equal(offset[a] % 16, 0);
        assert_true(offset[a] >= 0 && offset[a] + count[a] <= total);
        for (int32_t b = 1; b < a; ++b) {
            if (same_place(net, a, b)) {
                assert_int_equal(offset[a], offset[b]);
                continue;
            }
            const int apart_in_time =
                last_reader(net, a) < maker(net, b) || last_reader(net, b) < maker(net, a);
            const int apart =
                offset[a] + count[a] <= offset[b] || offset[b] + count[b] <= offset[a];
            if (!apart_in_time && !apart)
                fail_msg("%s, %d pixels: values %d and %d overlap", backbone, (int)size, (int)a,
                         (int)b);
        }
    }
    /* at the worst moment a node's sources and what it makes are alive */
    for (int64_t i = 0; i < net->node_count; ++i) {
        int64_t alive = 0;
        const int32_t over = overwritten(&net->nodes[i]);
        if (over >= 0) assert_int_equal(last_reader(net, over), i);
        for (int32_t v = 1; v < net->value_count; ++v) /* `over` is counted as what is made */
            if (v != over && maker(net, v) <= i && last_reader(net, v) >= i)
                alive += clile_i_plan_rounded(count[v]);
        most = alive > most ? alive : most;
    }
    assert_int_equal(total, most);
    clile_i_net_destroy(net);
}

static void test_nets(void **state)
{
    static const char *const backbones[] = {"resnet10", "resnet18", "resnet34", "resnet50"};
    (void)state;
    for (int k = 0; k < 8; ++k)
        for (int64_t batch = 1; batch <= 8; batch *= 8) {
            check(backbones[k / 2], k % 2, batch, 33);
            check(backbones[k / 2], k % 2, batch, 224);
        }
}

/* Blocks that live at other times share a place; a gap is filled from its beginning. */
static void test_blocks(void **state)
{
    clile_i_plan plan;
    (void)state;
    assert_int_equal(clile_i_plan_init(&plan, 4), CLILE_OK);
    const int32_t a = clile_i_plan_add(&plan, 100, 0), b = clile_i_plan_add(&plan, 50, 1),
                  c = clile_i_plan_add(&plan, 40, 2), d = clile_i_plan_add(&plan, 17, 1);
    clile_i_plan_use(&plan, a, 1);
    clile_i_plan_use(&plan, b, 2);
    clile_i_plan_use(&plan, b, 1); /* an earlier use shortens nothing */
    clile_i_plan_use(&plan, -1, 9);
    assert_int_equal(clile_i_plan_place(&plan), 112 + 64 + 32);
    assert_int_equal(plan.blocks[a].offset, 0);
    assert_int_equal(plan.blocks[b].offset, 112);
    assert_int_equal(plan.blocks[c].offset, 0);
    assert_int_equal(plan.blocks[d].offset, 176);
    clile_i_plan_free(&plan);
}

/* A block that lives twice keeps its place both times, and leaves it to others in between. */
static void test_second_life(void **state)
{
    clile_i_plan plan;
    (void)state;
    assert_int_equal(clile_i_plan_init(&plan, 3), CLILE_OK);
    const int32_t twice = clile_i_plan_add(&plan, 64, -3), between = clile_i_plan_add(&plan, 48, 1),
                  beside = clile_i_plan_add(&plan, 32, 2);
    clile_i_plan_use(&plan, twice, -2);
    clile_i_plan_revive(&plan, twice, 3, 4);
    clile_i_plan_use(&plan, between, 2);
    clile_i_plan_use(&plan, beside, 3);
    assert_int_equal(clile_i_plan_place(&plan), 64 + 32);
    assert_int_equal(plan.blocks[twice].offset, 0);
    assert_int_equal(plan.blocks[between].offset, 0);
    assert_int_equal(plan.blocks[beside].offset, 64);
    clile_i_plan_free(&plan);
}

/* How many residual sums are made again before their backward. */
static int32_t sums_remade(const clile_i_exec *exec)
{
    int32_t count = 0;
    for (int32_t i = 0; i < exec->node_count; ++i)
        count += exec->runs[i].node->src_count > 1 && exec->remade_for[i] >= 0;
    return count;
}

/* Training takes less than all convolutions' outputs and what norms make of them. Of residual
 * it keeps only the last, and all where the memory of another moment is what limits. */
static void test_training(void **state)
{
    static const char *const backbones[] = {"resnet10", "resnet18", "resnet50"};
    static const double share[] = {0.95, 0.78, 0.68};
    static const int32_t sums[] = {0, 4, 11};
    (void)state;
    for (int k = 0; k < 3; ++k) {
        const clile_i_net_config config = {backbones[k], 1.0, 16, 0, {0}};
        clile_i_net *net = NULL;
        clile_i_exec *exec = NULL;
        int64_t count[MOST], all = 0;
        assert_int_equal(clile_i_net_create(&config, &net), CLILE_OK);
        count_values(net, 4, 96, count);
        for (int64_t i = 0; i < net->node_count; ++i) {
            const clile_i_node *node = &net->nodes[i];
            if (node->op->convolution == NULL) continue;
            all += count[node->has_inner ? node->inner : node->dst] + count[node->dst];
        }
        assert_int_equal(clile_i_exec_create(net, 4, 96, CLILE_I_EXEC_TRAIN, &exec), CLILE_OK);
        const double found = (double)clile_i_exec_bytes(exec) / (4.0 * (double)all);
        if (!(found < share[k])) fail_msg("%s: %g of all activations", backbones[k], found);
        assert_int_equal(sums_remade(exec), sums[k]);
        clile_i_exec_destroy(exec);
        clile_i_net_destroy(net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nets), cmocka_unit_test(test_blocks),
                                       cmocka_unit_test(test_second_life),
                                       cmocka_unit_test(test_training)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
