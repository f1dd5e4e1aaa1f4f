/* The memory plan of an inference net: values alive at the same time do not overlap, sums are
 * written in place, and the arena is no larger than the most that is alive at once. */
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
    int64_t side[MOST] = {size};
    assert_true(net->value_count <= MOST);
    for (int32_t i = 0; i < net->unit_count; ++i) {
        const clile_i_unit *u = &net->units[i];
        const clile_i_conv_shape shape = clile_i_unit_shape(u, batch, side[u->src], side[u->src]);
        side[u->dst] = clile_i_conv_oh(&shape);
        count[u->dst] = batch * u->oc * side[u->dst] * side[u->dst];
        if (i > 0 || net->pooled < 0) continue;
        side[net->pooled] = (side[u->dst] + 1) / 2;
        count[net->pooled] = batch * u->oc * side[net->pooled] * side[net->pooled];
    }
    count[CLILE_I_VALUE_IMAGE] = -1; /* not read */
}

/* The last unit that reads a value; unit_count: what follows the units does. */
static int32_t last_reader(const clile_i_net *net, int32_t value)
{
    int32_t last = value == net->value_count - 1 ? net->unit_count : 0; /* 0: pooling */
    for (int32_t i = 0; i < net->unit_count && last < net->unit_count; ++i)
        if (net->units[i].src == value || net->units[i].residual == value) last = i;
    return last;
}

static int32_t maker(const clile_i_net *net, int32_t value)
{
    for (int32_t i = 0; i < net->unit_count; ++i)
        if (net->units[i].dst == value) return i;
    return 0; /* the pooled value, after unit 0 */
}

/* Whether one value is the other with a sum added in place. */
static int same_place(const clile_i_net *net, int32_t a, int32_t b)
{
    for (int32_t i = 0; i < net->unit_count; ++i) {
        const clile_i_unit *u = &net->units[i];
        if ((u->dst == a && u->residual == b) || (u->dst == b && u->residual == a)) return 1;
    }
    return 0;
}

static void check(const char *backbone, int32_t stem, int64_t batch, int64_t size)
{
    const clile_i_net_config config = {backbone, 0.25, 16, stem};
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
    /* at the worst moment a unit's source, what it gives and what it adds to, are alive */
    for (int32_t i = 0; i < net->unit_count; ++i) {
        int64_t alive = 0;
        for (int32_t v = 1; v < net->value_count; ++v) {
            const int in_place = net->units[i].residual == v; /* counted as what is given */
            if (!in_place && maker(net, v) <= i && last_reader(net, v) >= i)
                alive += clile_i_plan_rounded(count[v]);
        }
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nets), cmocka_unit_test(test_blocks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
