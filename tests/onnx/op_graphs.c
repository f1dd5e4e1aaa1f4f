/* Prints the nets of tests/net/plain_nets.h and, with the argument "methods", those of
 * tests/method/method_nets.h as JSON, one a line: ONNX nodes and tensors, images and what the net
 * makes of them; of a method's also its parameters, and what it makes of them after five steps of
 * SGD. For ops_test.py and tests/reference/methods.py. */
#include "../method/method_nets.h"
#include "../net/plain_nets.h"

#include <stdio.h>

enum { BATCH = 2 };

typedef struct {
    int nodes, tensors, attributes; /* written so far */
    char *tensor_text;
    size_t tensor_size;
    FILE *tensor_file;
} printer;

static void begin(void *context, const char *op, int32_t count, const char *const *inputs,
                  const char *output)
{
    printer *p = context;
    printf("%s{\"op\":\"%s\",\"output\":\"%s\",\"inputs\":[", p->nodes++ ? "," : "", op, output);
    for (int32_t i = 0; i < count; ++i) printf("%s\"%s\"", i ? "," : "", inputs[i]);
    printf("],\"attributes\":{");
    p->attributes = 0;
}

static void number(void *context, const char *name, int64_t value)
{
    printer *p = context;
    printf("%s\"%s\":%lld", p->attributes++ ? "," : "", name, (long long)value);
}

static void numbers(void *context, const char *name, int32_t count, const int64_t *values)
{
    printer *p = context;
    printf("%s\"%s\":[", p->attributes++ ? "," : "", name);
    for (int32_t i = 0; i < count; ++i) printf("%s%lld", i ? "," : "", (long long)values[i]);
    printf("]");
}

static void end(void *context)
{
    (void)context;
    printf("}}");
}

static void print_values(FILE *file, int64_t count, const float *values)
{
    for (int64_t i = 0; i < count; ++i) fprintf(file, "%s%.9g", i ? "," : "", (double)values[i]);
}

static void tensor(void *context, const char *name, int32_t ndim, const int64_t *shape,
                   const float *values)
{
    printer *p = context;
    int64_t count = 1;
    fprintf(p->tensor_file, "%s{\"name\":\"%s\",\"shape\":[", p->tensors++ ? "," : "", name);
    for (int32_t i = 0; i < ndim; ++i) {
        fprintf(p->tensor_file, "%s%lld", i ? "," : "", (long long)shape[i]);
        count *= shape[i];
    }
    fprintf(p->tensor_file, "],\"values\":[");
    print_values(p->tensor_file, count, values);
    fprintf(p->tensor_file, "]}");
}

static void print_graph(const char *name, const clile_i_net *net, int32_t size)
{
    printer p = {0};
    const clile_i_graph_writer writer = {&p, begin, number, numbers, end, tensor};
    p.tensor_file = open_memstream(&p.tensor_text, &p.tensor_size);
    printf("{\"name\":\"%s\",\"size\":%d,\"nodes\":[", name, (int)size);
    assert_int_equal(clile_i_net_write(net, size, &writer), CLILE_OK);
    fclose(p.tensor_file);
    printf("],\"tensors\":[%s]", p.tensor_text);
    free(p.tensor_text);
}

static void print_array(const char *name, int64_t count, const float *values)
{
    printf(",\"%s\":[", name);
    print_values(stdout, count, values);
    printf("]");
}

static void print_net(int row)
{
    enum { PIXELS = BATCH * 3 * PLAIN_SIZE * PLAIN_SIZE };
    float dst[BATCH * OP_EMBEDDING];
    clile_i_rng rng = clile_i_rng_make(61, 0);
    float *image = test_normal(&rng, PIXELS);
    clile_i_net *net = plain_net(row);
    clile_i_exec *exec = test_exec(net, BATCH, PLAIN_SIZE, CLILE_I_EXEC_INFER);
    assert_int_equal(clile_i_exec_forward(exec, image, dst), CLILE_OK);
    print_graph(plain_nets[row].name, net, PLAIN_SIZE);
    print_array("image", PIXELS, image);
    print_array("embedding", BATCH * OP_EMBEDDING, dst);
    printf("}\n");
    free(image);
    clile_i_exec_destroy(exec);
    clile_i_net_destroy(net);
}

/* Steps of SGD that lower sum F^2 / (2 n d), at this rate. */
static void print_steps(const clile_i_net *net, const float *image, int64_t d)
{
    static const float rate = 0.1F;
    clile_i_exec *exec = test_exec(net, BATCH, METHOD_SIZE, CLILE_I_EXEC_TRAIN);
    float *dst = test_floats(BATCH * d), *diff = test_floats(BATCH * d);
    int64_t count;
    float *params = clile_i_exec_params(exec, &count);
    method_points(exec, BATCH, NULL);
    for (int step = 0; step <= 5; ++step) {
        assert_int_equal(clile_i_exec_forward(exec, image, dst), CLILE_OK);
        if (step == 0) print_array("before", BATCH * d, dst);
        if (step == 5) break;
        for (int64_t i = 0; i < BATCH * d; ++i) diff[i] = dst[i] / (float)(BATCH * d);
        assert_int_equal(clile_i_exec_backward(exec, diff), CLILE_OK);
        for (int64_t i = 0; i < count; ++i) params[i] -= rate * clile_i_exec_diffs(exec)[i];
    }
    print_array("after", BATCH * d, dst);
    free(dst), free(diff);
    clile_i_exec_destroy(exec);
}

static void print_method(const char *name)
{
    enum { PIXELS = BATCH * 3 * METHOD_SIZE * METHOD_SIZE };
    float points[BATCH * 10];
    clile_i_rng rng = clile_i_rng_make(62, 0);
    float *image = test_normal(&rng, PIXELS);
    clile_i_net *net = method_net(name);
    const int64_t d = clile_i_net_get_config(net)->embedding;
    float *dst = test_floats(BATCH * d);
    clile_i_exec *exec = test_exec(net, BATCH, METHOD_SIZE, CLILE_I_EXEC_INFER);
    method_points(exec, BATCH, points);
    assert_int_equal(clile_i_exec_forward(exec, image, dst), CLILE_OK);
    print_graph(name, net, METHOD_SIZE);
    print_array("image", PIXELS, image);
    if (clile_i_exec_points(exec) != NULL) print_array("points", BATCH * 10, points);
    print_array("embedding", BATCH * d, dst);
    print_steps(net, image, d);
    printf(",\"parameters\":{");
    for (int32_t t = 0; t < clile_i_net_tensor_count(net); ++t) {
        const clile_i_net_tensor *own = clile_i_net_tensor_at(net, t);
        printf("%s\"%s\":{\"trainable\":%d,\"shape\":[", t ? "," : "", own->name, own->trainable);
        for (int32_t i = 0; i < own->ndim; ++i)
            printf("%s%lld", i ? "," : "", (long long)own->shape[i]);
        printf("],\"values\":[");
        print_values(stdout, own->count, own->data);
        printf("]}");
    }
    printf("}}\n");
    free(image), free(dst);
    clile_i_exec_destroy(exec);
    clile_i_net_destroy(net);
}

int main(int argc, char **argv)
{
    static const char *const methods[] = {"drml",  "lpnet", "piap",   "suphcl",
                                          "augcn", "srerl", "megraph"};
    const int with_methods = argc > 1 && strcmp(argv[1], "methods") == 0;
    clile_i_threads_set(1);
    for (int row = 0; !with_methods && row < PLAIN_NETS; ++row) print_net(row);
    for (size_t m = 0; with_methods && m < sizeof methods / sizeof *methods; ++m)
        print_method(methods[m]);
    return 0;
}
