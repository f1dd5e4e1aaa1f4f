/* Nets of methods, small, with random points and a graph from random labels. */
#ifndef CLILE_TEST_METHOD_NETS_H
#define CLILE_TEST_METHOD_NETS_H

#include "method/method.h"
#include "net_test.h"

enum { METHOD_AUS = 4, METHOD_FEATURES = 6, METHOD_SIZE = 64, METHOD_LABELS = 40 };
static const int32_t method_aus[METHOD_AUS] = {1, 4, 12, 25};

static inline clile_i_net *method_net(const char *name)
{
    const clile_i_method *method = clile_i_method_find(name);
    assert_non_null(method);
    const clile_i_net_config config = {
        "resnet10", 0.125, (int32_t)clile_i_method_embedding(method, METHOD_AUS, METHOD_FEATURES),
        CLILE_I_STEM_SMALL, clile_i_method_tail(method, METHOD_AUS, METHOD_FEATURES)};
    clile_i_rng rng = clile_i_rng_make(71, 0);
    int8_t labels[METHOD_LABELS * METHOD_AUS];
    clile_i_net *net = test_net_of(&config, 72);
    for (int k = 0; k < METHOD_LABELS; ++k) { /* 4 comes with 1, never with 12 */
        int8_t *row = labels + k * METHOD_AUS;
        row[0] = (int8_t)(clile_i_rng_below(&rng, 2));
        row[1] = (int8_t)(row[0] && clile_i_rng_below(&rng, 4) > 0);
        row[2] = (int8_t)(!row[1] && clile_i_rng_below(&rng, 2));
        row[3] = (int8_t)(clile_i_rng_below(&rng, 5) == 0 ? -1 : (int)clile_i_rng_below(&rng, 2));
    }
    if (method->start != NULL)
        assert_int_equal(method->start(net, METHOD_AUS, method_aus, METHOD_LABELS, labels),
                         CLILE_OK);
    return net;
}

/* Points of a face in the middle of each crop, each a little elsewhere; nothing for other nets. */
static inline void method_points(clile_i_exec *exec, int32_t batch, float *copy)
{
    static const float face[10] = {0.35F, 0.4F,  0.65F, 0.4F,  0.5F,
                                   0.6F,  0.38F, 0.75F, 0.62F, 0.75F};
    clile_i_rng rng = clile_i_rng_make(73, 0);
    float *points = clile_i_exec_points(exec);
    for (int32_t i = 0; i < batch * 10; ++i) {
        const float value = face[i % 10] + (float)clile_i_rng_range(&rng, -0.05, 0.05);
        if (points != NULL) points[i] = value;
        if (copy != NULL) copy[i] = value;
    }
}

#endif
