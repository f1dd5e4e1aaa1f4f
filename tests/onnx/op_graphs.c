/* Prints the nets of tests/net/plain_nets.h as JSON, one a line: ONNX nodes and tensors, images and
 * what the net makes of them. For ops_test.py. */
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

static void print_net(int row)
{
    enum { PIXELS = BATCH * 3 * PLAIN_SIZE * PLAIN_SIZE };
    float dst[BATCH * OP_EMBEDDING];
    printer p = {0};
    const clile_i_graph_writer writer = {&p, begin, number, numbers, end, tensor};
    clile_i_rng rng = clile_i_rng_make(61, 0);
    float *image = test_normal(&rng, PIXELS);
    clile_i_net *net = plain_net(row);
    clile_i_exec *exec = test_exec(net, BATCH, PLAIN_SIZE, CLILE_I_EXEC_INFER);
    assert_int_equal(clile_i_exec_forward(exec, image, dst), CLILE_OK);
    p.tensor_file = open_memstream(&p.tensor_text, &p.tensor_size);
    printf("{\"name\":\"%s\",\"nodes\":[", plain_nets[row].name);
    assert_int_equal(clile_i_net_write(net, PLAIN_SIZE, &writer), CLILE_OK);
    fclose(p.tensor_file);
    printf("],\"tensors\":[%s],\"size\":%d,\"image\":[", p.tensor_text, (int)PLAIN_SIZE);
    print_values(stdout, PIXELS, image);
    printf("],\"embedding\":[");
    print_values(stdout, BATCH * OP_EMBEDDING, dst);
    printf("]}\n");
    free(p.tensor_text);
    free(image);
    clile_i_exec_destroy(exec);
    clile_i_net_destroy(net);
}

int main(void)
{
    clile_i_threads_set(1);
    for (int row = 0; row < PLAIN_NETS; ++row) print_net(row);
    return 0;
}
