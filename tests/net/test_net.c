/* The architecture: torchvision's names, shapes, order and parameter counts; initialisation;
 * wrong configurations. */
#include "net_test.h"

static void test_sizes(void **state)
{
    (void)state;
    /* len(state_dict()) without num_batches_tracked, and numel of the parameters, of torchvision
     * 0.14 with 1000 outputs
     */
    static const struct {
        const char *backbone;
        int32_t tensors;
        int64_t parameters;
    } expected[] = {{"resnet18", 102, 11689512},
                    {"resnet34", 182, 21797672},
                    {"resnet50", 267, 25557032},
                    {"resnet10", 62, 5418792}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; ++i) {
        const clile_i_net_config config = {expected[i].backbone, 1.0, 1000, 0, {0}};
        clile_i_net *net = NULL;
        int64_t parameters = 0, values = 0, all = 0;
        assert_int_equal(clile_i_net_values(&config, &all), CLILE_OK);
        assert_int_equal(clile_i_net_create(&config, &net), CLILE_OK);
        assert_int_equal(clile_i_net_tensor_count(net), expected[i].tensors);
        for (int32_t t = 0; t < expected[i].tensors; ++t) {
            const clile_i_net_tensor *tensor = clile_i_net_tensor_at(net, t);
            int64_t product = 1;
            for (int32_t k = 0; k < tensor->ndim; ++k) product *= tensor->shape[k];
            assert_int_equal(product, tensor->count);
            if (tensor->trainable) parameters += tensor->count;
            values += tensor->count;
        }
        assert_int_equal(values, all);
        assert_int_equal(parameters, expected[i].parameters);
        assert_string_equal(clile_i_net_get_config(net)->backbone, expected[i].backbone);
        clile_i_net_destroy(net);
    }
    clile_i_net_destroy(NULL);
}

typedef struct {
    int32_t index;
    const char *name;
    int32_t ndim;
    int64_t shape[4];
    int trainable, decay;
} expected_tensor;

static void check_tensors(const char *backbone, const expected_tensor *expected, size_t count)
{
    const clile_i_net_config config = {backbone, 1.0, 12, 0, {0}};
    clile_i_net *net = NULL;
    assert_int_equal(clile_i_net_create(&config, &net), CLILE_OK);
    for (size_t i = 0; i < count; ++i) {
        const expected_tensor *e = &expected[i];
        const clile_i_net_tensor *tensor = clile_i_net_tensor_at(net, e->index);
        assert_string_equal(tensor->name, e->name);
        assert_int_equal(tensor->ndim, e->ndim);
        for (int32_t k = 0; k < e->ndim; ++k) assert_int_equal(tensor->shape[k], e->shape[k]);
        assert_int_equal(tensor->trainable, e->trainable);
        assert_int_equal(tensor->decay, e->decay);
    }
    clile_i_net_destroy(net);
}

static void test_names(void **state)
{
    (void)state;
    static const expected_tensor basic[] = {
        {0, "conv1.weight", 4, {64, 3, 7, 7}, 1, 1},
        {1, "bn1.weight", 1, {64}, 1, 0},
        {2, "bn1.bias", 1, {64}, 1, 0},
        {3, "bn1.running_mean", 1, {64}, 0, 0},
        {4, "bn1.running_var", 1, {64}, 0, 0},
        {5, "layer1.0.conv1.weight", 4, {64, 64, 3, 3}, 1, 1},
        {25, "layer2.0.conv1.weight", 4, {128, 64, 3, 3}, 1, 1},
        {35, "layer2.0.downsample.0.weight", 4, {128, 64, 1, 1}, 1, 1},
        {39, "layer2.0.downsample.1.running_var", 1, {128}, 0, 0},
        {99, "layer4.1.bn2.running_var", 1, {512}, 0, 0},
        {100, "fc.weight", 2, {12, 512}, 1, 1},
        {101, "fc.bias", 1, {12}, 1, 0},
    };
    static const expected_tensor bottleneck[] = {
        {5, "layer1.0.conv1.weight", 4, {64, 64, 1, 1}, 1, 1},
        {10, "layer1.0.conv2.weight", 4, {64, 64, 3, 3}, 1, 1},
        {15, "layer1.0.conv3.weight", 4, {256, 64, 1, 1}, 1, 1},
        {20, "layer1.0.downsample.0.weight", 4, {256, 64, 1, 1}, 1, 1},
        {25, "layer1.1.conv1.weight", 4, {64, 256, 1, 1}, 1, 1},
        {265, "fc.weight", 2, {12, 2048}, 1, 1},
    };
    check_tensors("resnet18", basic, sizeof basic / sizeof *basic);
    check_tensors("resnet50", bottleneck, sizeof bottleneck / sizeof *bottleneck);
}

/* Torchvision's names; only conv1 has another shape, and nothing is pooled. */
static void test_stem(void **state)
{
    (void)state;
    clile_i_net *net[2] = {NULL, NULL};
    for (int32_t k = 0; k < 2; ++k) {
        const clile_i_net_config config = {"resnet18", 0.5, 12, k, {0}};
        clile_i_rng rng = clile_i_rng_make(7, 1);
        assert_int_equal(clile_i_net_create(&config, &net[k]), CLILE_OK);
        assert_int_equal(clile_i_net_get_config(net[k])->stem, k);
        clile_i_net_init(net[k], &rng);
    }
    assert_int_equal(clile_i_net_tensor_count(net[0]), clile_i_net_tensor_count(net[1]));
    for (int32_t t = 0; t < clile_i_net_tensor_count(net[0]); ++t) {
        const clile_i_net_tensor *a = clile_i_net_tensor_at(net[0], t),
                                 *b = clile_i_net_tensor_at(net[1], t);
        assert_string_equal(a->name, b->name);
        if (t > 0) assert_memory_equal(a->shape, b->shape, sizeof a->shape);
    }
    const clile_i_net_tensor *conv1 = clile_i_net_tensor_at(net[1], 0);
    const int64_t shape[4] = {32, 3, 5, 5};
    assert_memory_equal(conv1->shape, shape, sizeof shape);
    double squares = 0.0;
    for (int64_t i = 0; i < conv1->count; ++i)
        squares += (double)conv1->data[i] * (double)conv1->data[i];
    assert_true(fabs(squares / (double)conv1->count / (2.0 / (32.0 * 25.0)) - 1.0) < 0.15);
    const clile_i_node *pooled = net[0]->nodes, *small = net[1]->nodes;
    assert_true(pooled[0].has_inner && !small[0].has_inner);
    assert_int_equal(pooled[0].inner, 1);
    assert_int_equal(pooled[0].dst, 2);
    assert_int_equal(pooled[1].src[0], 2);
    assert_int_equal(small[0].inner, -1);
    assert_int_equal(small[1].src[0], small[0].dst);
    assert_int_equal(net[1]->value_count, net[0]->value_count - 1);
    assert_int_equal(small[0].stride, 2);
    assert_int_equal(small[0].pad, 2);
    assert_string_equal(clile_i_stem_name(CLILE_I_STEM_SMALL), "small");
    assert_null(clile_i_stem_name(2));
    assert_int_equal(clile_i_stem_find("small"), CLILE_I_STEM_SMALL);
    assert_int_equal(clile_i_stem_find("tiny"), -1);
    clile_i_net_destroy(net[0]);
    clile_i_net_destroy(net[1]);
}

static void test_width(void **state)
{
    (void)state;
    const clile_i_net_config config = {
        "resnet10", 0.2, 5, 0, {0}}; /* 12.8, 25.6, 51.2, 102.4 channels */
    const clile_i_net_config thin = {"resnet10", 0.01, 5, 0, {0}};
    clile_i_net *net = NULL;
    assert_int_equal(clile_i_net_create(&config, &net), CLILE_OK);
    assert_int_equal(clile_i_net_tensor_at(net, 0)->shape[0], 13);
    assert_int_equal(clile_i_net_tensor_at(net, 60)->shape[1], 102);
    clile_i_net_destroy(net);
    assert_int_equal(clile_i_net_create(&thin, &net), CLILE_OK);
    assert_int_equal(clile_i_net_tensor_at(net, 0)->shape[0], 8);
    clile_i_net_destroy(net);
}

static void test_init(void **state)
{
    (void)state;
    clile_i_net_config config = {"resnet18", 1.0, 64, 0, {0}};
    clile_i_net *net = NULL, *other = NULL;
    clile_i_rng rng = clile_i_rng_make(7, 1), again = clile_i_rng_make(7, 1);
    assert_int_equal(clile_i_net_create(&config, &net), CLILE_OK);
    assert_int_equal(clile_i_net_create(&config, &other), CLILE_OK);
    /* a net that was never initialised is harmless */
    assert_true(clile_i_net_tensor_at(net, 1)->data[63] == 1.0F);
    clile_i_net_init(net, &rng);
    /* layer1.0.conv1: fan out 64 * 9 */
    const clile_i_net_tensor *weights = clile_i_net_tensor_at(net, 5);
    double sum = 0.0, squares = 0.0;
    for (int64_t i = 0; i < weights->count; ++i) {
        sum += (double)weights->data[i];
        squares += (double)weights->data[i] * (double)weights->data[i];
    }
    const double variance = squares / (double)weights->count, expected = 2.0 / (64.0 * 9.0);
    assert_true(fabs(variance / expected - 1.0) < 0.03); /* 36864 values: standard error 0.007 */
    assert_true(fabs(sum / (double)weights->count) < 5.0 * sqrt(expected / (double)weights->count));
    const clile_i_net_tensor *fc = clile_i_net_tensor_at(net, 100);
    const double largest = test_largest(fc->data, fc->count), bound = 1.0 / sqrt(512.0);
    assert_true(largest <= bound && largest > 0.99 * bound);
    for (int64_t i = 0; i < 64; ++i) {
        assert_true(clile_i_net_tensor_at(net, 1)->data[i] == 1.0F);
        assert_true(clile_i_net_tensor_at(net, 2)->data[i] == 0.0F);
        assert_true(clile_i_net_tensor_at(net, 3)->data[i] == 0.0F);
        assert_true(clile_i_net_tensor_at(net, 4)->data[i] == 1.0F);
    }
    clile_i_net_init(other, &again);
    for (int32_t t = 0; t < clile_i_net_tensor_count(net); ++t)
        assert_memory_equal(clile_i_net_tensor_at(net, t)->data,
                            clile_i_net_tensor_at(other, t)->data,
                            (size_t)clile_i_net_tensor_at(net, t)->count * sizeof(float));
    clile_i_net_init(other, &again); /* the generator has moved on */
    assert_memory_not_equal(weights->data, clile_i_net_tensor_at(other, 5)->data, 64);
    clile_i_net_copy(other, net);
    for (int32_t t = 0; t < clile_i_net_tensor_count(net); ++t)
        assert_memory_equal(clile_i_net_tensor_at(net, t)->data,
                            clile_i_net_tensor_at(other, t)->data,
                            (size_t)clile_i_net_tensor_at(net, t)->count * sizeof(float));
    clile_i_net_destroy(net);
    clile_i_net_destroy(other);
}

static void check_refused(clile_i_net_config config, const char *text)
{
    clile_i_net *net = NULL;
    assert_int_equal(clile_i_net_create(&config, &net), CLILE_E_INVALID_ARGUMENT);
    assert_null(net);
    if (strstr(clile_last_error(), text) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", clile_last_error(), text);
}

static void test_wrong(void **state)
{
    (void)state;
    check_refused((clile_i_net_config){"resnet19", 1.0, 8, 0, {0}}, "found \"resnet19\"");
    check_refused((clile_i_net_config){NULL, 1.0, 8, 0, {0}}, "NULL");
    check_refused((clile_i_net_config){"resnet18", 0.0, 8, 0, {0}},
                  "width multiplier: expected above 0");
    check_refused((clile_i_net_config){"resnet18", NAN, 8, 0, {0}}, "width multiplier");
    check_refused((clile_i_net_config){"resnet18", 1000.0, 8, 0, {0}}, "at most 4, found 1000");
    check_refused((clile_i_net_config){"resnet18", 1.0, 0, 0, {0}},
                  "embedding size: expected 1 .. 65536, found 0");
    check_refused((clile_i_net_config){"resnet18", 1.0, 8, 2, {0}},
                  "stem: expected 0 .. 1, found 2");
    check_refused((clile_i_net_config){"resnet18", 1.0, 8, -1, {0}},
                  "stem: expected 0 .. 1, found -1");
}

static void test_out_of_memory(void **state)
{
    (void)state;
    const clile_i_net_config config = {"resnet10", 0.125, 4, 0, {0}};
    clile_i_net *net = NULL;
    int64_t k = 1;
    for (;; ++k) {
        clile_i_alloc_fail_at(k);
        const clile_status status = clile_i_net_create(&config, &net);
        clile_i_alloc_fail_at(0);
        if (status == CLILE_OK) break;
        assert_int_equal(status, CLILE_E_OUT_OF_MEMORY);
        assert_null(net);
    }
    assert_true(k > 60);
    clile_i_net_destroy(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),         cmocka_unit_test(test_names),
        cmocka_unit_test(test_stem),          cmocka_unit_test(test_width),
        cmocka_unit_test(test_init),          cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
