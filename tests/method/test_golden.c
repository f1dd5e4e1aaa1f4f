/* Replays tests/data/golden/methods.safetensors, made by tests/reference/methods.py with PyTorch:
 * embeddings of each method's net, and five steps of SGD. */
#include "net/net_test.h"

#include "parity/golden.h"

#include "method/method.h"

enum { STEPS = 5, N = 4, AUS = 3, FEATURES = 4, SIZE = 64, SAMPLES = 48 };
static const double rate = 1e-3;

static void name_in(char *to, size_t size, const char *method, const char *part, const char *name)
{
    snprintf(to, size, "%s.%s%s", method, part, name);
}

/* The net with the file's values. */
static clile_i_net *net_of(const clile_i_st *golden, const char *name)
{
    char key[128];
    clile_i_net *net = NULL;
    const clile_i_method *method = clile_i_method_find(name);
    assert_non_null(method);
    const clile_i_net_config config = {.backbone = "resnet10",
                                       .width = 0.0625,
                                       .embedding =
                                           (int32_t)clile_i_method_embedding(method, AUS, FEATURES),
                                       .tail = clile_i_method_tail(method, AUS, FEATURES)};
    assert_int_equal(clile_i_net_create(&config, &net), CLILE_OK);
    for (int32_t i = 0; i < clile_i_net_tensor_count(net); ++i) {
        const clile_i_net_tensor *t = clile_i_net_tensor_at(net, i);
        name_in(key, sizeof key, name, "start.", t->name);
        float *values = golden_copy(golden, key, CLILE_I_ST_F32, NULL);
        assert_int_equal(clile_i_st_find(golden, key)->count, t->count);
        memcpy(t->data, values, (size_t)t->count * sizeof *values);
        free(values);
    }
    return net;
}

static clile_i_exec *exec_of(const clile_i_st *golden, const clile_i_net *net,
                             clile_i_exec_mode mode)
{
    clile_i_exec *exec = test_exec(net, N, SIZE, mode);
    if (clile_i_exec_points(exec) != NULL) {
        float *points = golden_copy(golden, "points", CLILE_I_ST_F32, NULL);
        memcpy(clile_i_exec_points(exec), points,
               (size_t)N * 2 * (size_t)clile_i_exec_point_count(exec) * sizeof *points);
        free(points);
    }
    return exec;
}

/* Root mean square of the error, against that of the change; a change below 3e-4 of the value, or
 * below a hundredth of the largest tensor's, counts as that much: it is float32's rounding. */
static void check_tensor(const clile_i_st *golden, const char *name, const clile_i_net_tensor *t,
                         double largest, double *change)
{
    char key[128];
    int64_t shape[4] = {0};
    double sum[3] = {0, 0, 0};
    name_in(key, sizeof key, name, "end.", t->name);
    float *wanted = golden_copy(golden, key, CLILE_I_ST_F32, shape);
    name_in(key, sizeof key, name, "start.", t->name);
    float *start = golden_copy(golden, key, CLILE_I_ST_F32, NULL);
    const int64_t every = (t->count + SAMPLES - 1) / SAMPLES;
    assert_int_equal(shape[0], (t->count + every - 1) / every);
    for (int64_t i = 0; i < shape[0]; ++i) {
        const double moved = (double)wanted[i] - (double)start[i * every],
                     off = (double)wanted[i] - (double)t->data[i * every];
        sum[0] += moved * moved, sum[1] += off * off;
        sum[2] += (double)wanted[i] * (double)wanted[i];
    }
    for (int k = 0; k < 3; ++k) sum[k] = sqrt(sum[k] / (double)shape[0]);
    *change = sum[0];
    const double least = fmax(0.01 * largest, 3e-4 * sum[2]);
    if (largest > 0 && !(sum[1] <= 1e-3 * fmax(sum[0], least)))
        fail_msg("%s, %s: error %.3g (rms), changed by %.3g", name, t->name, sum[1], sum[0]);
    free(wanted), free(start);
}

static void check_steps(const clile_i_st *golden, const char *name, clile_i_net *net,
                        const float *image)
{
    char key[64];
    int64_t count = 0;
    double largest = 0, change = 0;
    float *dst = test_floats((int64_t)N * clile_i_net_get_config(net)->embedding);
    name_in(key, sizeof key, name, "diff", "");
    float *diff = golden_copy(golden, key, CLILE_I_ST_F32, NULL);
    clile_i_exec *exec = exec_of(golden, net, CLILE_I_EXEC_TRAIN);
    float *params = clile_i_exec_params(exec, &count);
    const float *diffs = clile_i_exec_diffs(exec);
    for (int step = 0; step < STEPS; ++step) {
        assert_int_equal(clile_i_exec_forward(exec, image, dst), CLILE_OK);
        assert_int_equal(clile_i_exec_backward(exec, diff), CLILE_OK);
        for (int64_t i = 0; i < count; ++i)
            params[i] = (float)((double)params[i] - rate * (double)diffs[i]);
    }
    assert_int_equal(clile_i_exec_store(exec, net), CLILE_OK);
    for (int pass = 0; pass < 2; ++pass) {
        const double bound = largest;
        for (int32_t i = 0; i < clile_i_net_tensor_count(net); ++i) {
            check_tensor(golden, name, clile_i_net_tensor_at(net, i), pass ? bound : 0, &change);
            if (pass == 0) largest = fmax(largest, change);
        }
        assert_true(largest > 1e-4);
    }
    clile_i_exec_destroy(exec);
    free(dst), free(diff);
}

static void test_methods(void **state)
{
    (void)state;
    clile_i_st *golden = golden_open(CLILE_TEST_DATA "/golden/methods.safetensors");
    float *image = golden_copy(golden, "image", CLILE_I_ST_F32, NULL);
    char *names = clile_i_strdup(clile_i_st_metadata(golden, "methods")), *rest = names;
    int methods = 0;
    assert_non_null(names);
    while (rest != NULL && *rest != '\0') {
        char key[64], *name = rest, *end = strchr(rest, ';');
        rest = end != NULL ? end + 1 : NULL;
        if (end != NULL) *end = '\0';
        clile_i_net *net = net_of(golden, name);
        const int64_t d = clile_i_net_get_config(net)->embedding;
        float *found = test_floats(N * d);
        name_in(key, sizeof key, name, "embedding", "");
        float *wanted = golden_copy(golden, key, CLILE_I_ST_F32, NULL);
        clile_i_exec *exec = exec_of(golden, net, CLILE_I_EXEC_INFER);
        assert_int_equal(clile_i_exec_forward(exec, image, found), CLILE_OK);
        test_near(name, found, wanted, N * d, 1e-4);
        clile_i_exec_destroy(exec);
        check_steps(golden, name, net, image);
        clile_i_net_destroy(net);
        free(found), free(wanted);
        ++methods;
    }
    assert_true(methods >= 7);
    clile_i_free(names);
    free(image);
    clile_i_st_close(golden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_methods)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
