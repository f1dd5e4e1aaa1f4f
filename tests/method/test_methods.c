/* The nets of the methods: inference against training, gradients against finite differences, an
 * ONNX form; and what a method says about AU vectors and points. */
#include "net/op_test.h"

#include "method/method.h"

#include <clile/options.h>

enum { AUS = 3, FEATURES = 4, SIZE = 64, BATCH = 3 };

#define NAME(X, name, term, weight, embedding) #name,
static const char *const names[] = {CLILE_I_METHODS(NAME, )};
enum { METHODS = sizeof names / sizeof *names };

static clile_i_net *net_of(const clile_i_method *method)
{
    clile_i_net *net = NULL;
    clile_i_rng rng = clile_i_rng_make(5, 0);
    const clile_i_net_config config = {.backbone = "resnet10",
                                       .width = 0.0625,
                                       .embedding =
                                           (int32_t)clile_i_method_embedding(method, AUS, FEATURES),
                                       .tail = clile_i_method_tail(method, AUS, FEATURES)};
    if (clile_i_net_create(&config, &net) != CLILE_OK)
        fail_msg("%s: %s", method->name, clile_last_error());
    clile_i_net_init(net, &rng);
    test_vary_norms(net, &rng);
    return net;
}

static void test_inference(void **state)
{
    (void)state;
    for (int i = 0; i < METHODS; ++i) {
        const clile_i_method *method = clile_i_method_find(names[i]);
        clile_i_net *net = net_of(method);
        const int64_t each = INT64_C(3) * SIZE * SIZE, d = clile_i_net_get_config(net)->embedding;
        clile_i_rng rng = clile_i_rng_make(32, 0);
        float *image = test_normal(&rng, BATCH * each), *frozen = test_floats(BATCH * d),
              *infer = test_floats(BATCH * d);
        clile_i_exec *a = test_exec(net, BATCH, SIZE, CLILE_I_EXEC_TRAIN_FROZEN),
                     *b = test_exec(net, BATCH, SIZE, CLILE_I_EXEC_INFER),
                     *one = test_exec(net, 1, SIZE, CLILE_I_EXEC_INFER);
        assert_int_equal(clile_i_exec_forward(a, image, frozen), CLILE_OK);
        assert_true(test_largest(frozen, BATCH * d) > 1e-3);
        for (int run = 0; run < 2; ++run) { /* the second run meets a used arena */
            assert_int_equal(clile_i_exec_forward(b, image, infer), CLILE_OK);
            test_near(names[i], infer, frozen, BATCH * d, 1e-4);
        }
        if (clile_i_exec_points(one) == NULL) {
            assert_int_equal(clile_i_exec_forward(one, image + each, infer), CLILE_OK);
            test_near(names[i], infer, frozen + d, d, 1e-4);
        }
        clile_i_exec_destroy(a), clile_i_exec_destroy(b), clile_i_exec_destroy(one);
        free(image), free(frozen), free(infer);
        clile_i_net_destroy(net);
    }
}

static void test_gradients(void **state)
{
    (void)state;
    for (int i = 0; i < METHODS; ++i) {
        const clile_i_method *method = clile_i_method_find(names[i]);
        /* the plain one has its own test, and so have graphs: test_nets.c */
        if (!clile_i_method_has_net(method) || method->start != NULL ||
            strcmp(names[i], "megraph") == 0)
            continue;
        clile_i_net *net = net_of(method);
        check_gradients(names[i], net, BATCH, SIZE, CLILE_I_EXEC_TRAIN);
        clile_i_net_destroy(net);
    }
}

static void ignore_begin(void *context, const char *op, int32_t count, const char *const *inputs,
                         const char *output)
{
    (void)op, (void)count, (void)inputs;
    if (strcmp(output, "embedding") == 0) *(int *)context += 1;
}
static void ignore_number(void *context, const char *name, int64_t value)
{
    (void)context, (void)name, (void)value;
}
static void ignore_numbers(void *context, const char *name, int32_t count, const int64_t *values)
{
    (void)context, (void)name, (void)count, (void)values;
}
static void ignore_end(void *context)
{
    (void)context;
}
static void ignore_tensor(void *context, const char *name, int32_t ndim, const int64_t *shape,
                          const float *values)
{
    (void)context, (void)name, (void)ndim, (void)shape, (void)values;
}

/* Every net has an ONNX form that ends with the embedding; those with operations of their own do
 * not run in int8 and say so. */
static void test_forms(void **state)
{
    (void)state;
    for (int i = 0; i < METHODS; ++i) {
        int embeddings = 0;
        clile_i_net *net = net_of(clile_i_method_find(names[i]));
        const clile_i_graph_writer writer = {.context = &embeddings,
                                             .begin = ignore_begin,
                                             .number = ignore_number,
                                             .numbers = ignore_numbers,
                                             .end = ignore_end,
                                             .tensor = ignore_tensor};
        if (clile_i_net_write(net, SIZE, &writer) != CLILE_OK)
            fail_msg("%s: %s", names[i], clile_last_error());
        assert_int_equal(embeddings, 1);
        if (clile_i_quant_check(net) != CLILE_OK)
            assert_non_null(strstr(clile_last_error(), "float32 only"));
        clile_i_net_destroy(net);
    }
}

static void test_table(void **state)
{
    (void)state;
    const clile_i_method blocks = {.au = CLILE_I_AU_BLOCKS}, fixed = {.au = CLILE_I_AU_FIXED},
                         plain = {0};
    float a[2 * 4], five[10];
    for (int i = 0; i < METHODS; ++i)
        assert_string_equal(clile_i_method_find(names[i])->name, names[i]);
    assert_null(clile_i_method_find("cl-ile"));
    assert_null(clile_i_method_find("bce"));
    assert_int_equal(clile_i_method_embedding(NULL, 2, 7), 7);
    assert_int_equal(clile_i_method_embedding(&blocks, 2, 7), 14);
    assert_int_equal(clile_i_method_embedding(&fixed, 2, 7), 2);
    for (int i = 0; i < 8; ++i) a[i] = 1.0f;
    clile_i_method_limit(NULL, 2, 4, a);
    clile_i_method_limit(&plain, 2, 4, a);
    for (int i = 0; i < 8; ++i) assert_true(a[i] == 1.0f);
    clile_i_method_limit(&blocks, 2, 4, a);
    for (int i = 0; i < 8; ++i) assert_true(a[i] == (i < 2 || i >= 6 ? 1.0f : 0.0f));
    clile_i_method_limit(&fixed, 2, 4, a);
    for (int i = 0; i < 8; ++i) assert_true(a[i] == 0.0f);
    for (int i = 0; i < 10; ++i) five[i] = (float)i;
    clile_i_method_swap_sides(five);
    assert_true(five[0] == 2 && five[3] == 1 && five[4] == 4 && five[6] == 8 && five[9] == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_forms),
                                       cmocka_unit_test(test_inference),
                                       cmocka_unit_test(test_gradients)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
