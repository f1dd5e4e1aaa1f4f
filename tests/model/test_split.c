/* From which size on a loop is split over a team: just below each limit it is not, just above it
 * is, into the parts that the limit promises, and a team of one, two or three threads gives the
 * same bits. Convolutions: dnn/conv, dnn/conv_int8. Batches of whole images: model/engine. */
#include "net/plain_nets.h"

#include "dnn/dnn.h"
#include "image/image.h"

enum { TEAMS = 3, OUT_MOST = 1 << 18 };

/* ---- what is seen of a loop ------------------------------------------------------------------ */

static const void *watched;      /* only loops with this context; NULL: all */
static _Thread_local int inside; /* a loop that is watched */
static int64_t seen;             /* most parts that the pool was given at once by this thread */

void __real_clile_i_parallel_for(int64_t n, int64_t grain, clile_i_body body, void *context);
void __real_clile_i_parallel_parts(int64_t parts, clile_i_part_body body, void *context);
void __wrap_clile_i_parallel_for(int64_t n, int64_t grain, clile_i_body body, void *context);
void __wrap_clile_i_parallel_parts(int64_t parts, clile_i_part_body body, void *context);

void __wrap_clile_i_parallel_for(int64_t n, int64_t grain, clile_i_body body, void *context)
{
    const int before = inside;
    inside = context == watched;
    __real_clile_i_parallel_for(n, grain, body, context);
    inside = before;
}

void __wrap_clile_i_parallel_parts(int64_t parts, clile_i_part_body body, void *context)
{
    /* within a part the team has one thread, and helpers leave `seen` alone */
    if ((watched == NULL || inside) && clile_i_threads_get() > 1 && parts > seen) seen = parts;
    __real_clile_i_parallel_parts(parts, body, context);
}

/* ---- loops of the rooms ---------------------------------------------------------------------- */

static float *numbers(int64_t count, uint64_t seed)
{
    clile_i_rng rng = clile_i_rng_make(seed, 0);
    return test_normal(&rng, count);
}

static void pixels(int64_t size, float *out)
{
    uint8_t *rgb = malloc((size_t)(3 * size * size));
    assert_non_null(rgb);
    for (int64_t i = 0; i < 3 * size * size; ++i) rgb[i] = (uint8_t)(i * i % 251);
    clile_i_pixels_to_input(rgb, 3 * size, (int32_t)size, out);
    free(rgb);
}

static void relu(int64_t count, float *out)
{
    float *a = numbers(count, 1), *b = numbers(count, 2);
    clile_i_relu_forward(count, a, out);
    clile_i_relu_backward(count, out, b, out + count);
    free(a), free(b);
}

static void add(int64_t count, float *out)
{
    float *a = numbers(count, 1), *b = numbers(count, 2);
    clile_i_add(count, a, b, out);
    clile_i_add_relu_forward(count, a, b, out + count);
    free(a), free(b);
}

enum { WIDTH = 16 };

static void softmax(int64_t rows, float *out)
{
    float *a = numbers(rows * WIDTH, 1), *b = numbers(rows * WIDTH, 2);
    clile_i_softmax_forward(rows, WIDTH, a, out);
    clile_i_softmax_backward(rows, WIDTH, out, b, out + rows * WIDTH);
    free(a), free(b);
}

/* Both passes over rows; the gradients of gain and shift, over columns, if `columns`. */
static void layer_norm(int64_t rows, int columns, float *out)
{
    const int64_t count = rows * WIDTH;
    float *src = numbers(count, 1), *diff = numbers(count, 2), *gain = numbers(2 * WIDTH, 3);
    float *mean = out + 2 * count;
    clile_i_layer_norm norm = {.rows = rows,
                               .width = WIDTH,
                               .eps = 1e-5,
                               .src = src,
                               .gain = columns ? gain : NULL,
                               .shift = gain + WIDTH,
                               .mean = mean,
                               .inv_std = mean + rows,
                               .dst = out,
                               .diff_dst = diff,
                               .diff_src = columns ? NULL : out + count,
                               .diff_gain = mean + 2 * rows,
                               .diff_shift = mean + 2 * rows + WIDTH};
    clile_i_layer_norm_forward(&norm);
    if (columns) seen = 0; /* of what follows */
    clile_i_layer_norm_backward(&norm);
    free(src), free(diff), free(gain);
}

static void layer_norm_rows(int64_t rows, float *out)
{
    layer_norm(rows, 0, out);
}

static void layer_norm_columns(int64_t rows, float *out)
{
    layer_norm(rows, 1, out);
}

/* Three blocks of 16 channels of one image. */
static void batch_norm(int64_t count, float *out)
{
    enum { C = 48 };
    float *src = numbers(C * count, 1), *diff = numbers(C * count, 2), *of_c = numbers(4 * C, 3);
    float *mean = out + 2 * C * count;
    for (int c = 0; c < C; ++c) of_c[3 * C + c] = 1.0F; /* running variance */
    assert_int_equal(clile_i_dnn_batch_norm_forward_plain(CLILE_I_LAYOUT_C16, 1, C, count, 1, 0, 1,
                                                          src, of_c, of_c + C, NULL, of_c + 2 * C,
                                                          of_c + 3 * C, out, mean, mean + C),
                     CLILE_OK);
    assert_int_equal(clile_i_dnn_batch_norm_backward_plain(
                         CLILE_I_LAYOUT_C16, 1, C, count, 1, 0, 1, src, of_c, of_c + C, mean,
                         mean + C, out, diff, out + C * count, mean + 2 * C, mean + 3 * C, NULL),
                     CLILE_OK);
    free(src), free(diff), free(of_c);
}

static void max_pool(int64_t rows, float *out)
{
    float *src = numbers(rows * 64, 1);
    assert_int_equal(
        clile_i_dnn_max_pool_forward_plain(CLILE_I_LAYOUT_NCHW, 1, 1, rows, 64, 3, 1, 1, src, out),
        CLILE_OK);
    free(src);
}

static void average_pool(int64_t images, float *out)
{
    const clile_i_dnn_layout l = clile_i_dnn_layout_make(CLILE_I_LAYOUT_NCHW, images, 1, 64, 64);
    float *src = numbers(l.count, 1);
    clile_i_average_pool_forward(&l, src, out);
    clile_i_average_pool_backward(&l, out, out + images);
    free(src);
}

static void matmul(int64_t k, float *out)
{
    float *a = numbers(100 * k, 1), *b = numbers(100 * k, 2);
    assert_int_equal(clile_i_dnn_matmul(0, 0, 100, 100, k, 1.0F, a, b, 0.0F, out), CLILE_OK);
    free(a), free(b);
}

/* Four of them, each on one thread. */
static void matmuls(int64_t k, float *out)
{
    float *a = numbers(4 * 10 * k, 1), *b = numbers(4 * 10 * k, 2);
    const clile_i_matmuls p = {.m = 10,
                               .n = 10,
                               .k = k,
                               .outer = 4,
                               .inner = 1,
                               .a_outer = 10 * k,
                               .b_outer = 10 * k,
                               .c_outer = 100,
                               .c_inner = 100,
                               .alpha = 1.0F,
                               .a = a,
                               .b = b,
                               .c = out};
    assert_int_equal(clile_i_dnn_matmuls(&p), CLILE_OK);
    free(a), free(b);
}

/* ---- their limits ---------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    void (*run)(int64_t size, float *out);
    int64_t size;
    int64_t parts[TEAMS]; /* of a team of one, two and three */
    int rounds;           /* 1: a part's sums may be rounded in another order */
} split_case;

static const split_case cases[] = {{"rows of pixels", pixels, 91, {1, 1, 1}, 0},
                                   {"rows of pixels", pixels, 92, {1, 2, 2}, 0},
                                   {"rows of pixels", pixels, 110, {1, 2, 2}, 0},
                                   {"rows of pixels", pixels, 111, {1, 2, 3}, 0},
                                   {"ReLU", relu, 32767, {1, 1, 1}, 0},
                                   {"ReLU", relu, 32768, {1, 2, 2}, 0},
                                   {"ReLU", relu, 49151, {1, 2, 2}, 0},
                                   {"ReLU", relu, 49152, {1, 2, 3}, 0},
                                   {"sum", add, 32767, {1, 1, 1}, 0},
                                   {"sum", add, 32768, {1, 2, 2}, 0},
                                   {"sum", add, 49151, {1, 2, 2}, 0},
                                   {"sum", add, 49152, {1, 2, 3}, 0},
                                   {"softmax", softmax, 513, {1, 1, 1}, 0},
                                   {"softmax", softmax, 514, {1, 2, 2}, 0},
                                   {"softmax", softmax, 770, {1, 2, 2}, 0},
                                   {"softmax", softmax, 771, {1, 2, 3}, 0},
                                   {"layer norm", layer_norm_rows, 513, {1, 1, 1}, 0},
                                   {"layer norm", layer_norm_rows, 514, {1, 2, 2}, 0},
                                   {"layer norm", layer_norm_rows, 770, {1, 2, 2}, 0},
                                   {"layer norm", layer_norm_rows, 771, {1, 2, 3}, 0},
                                   {"its columns", layer_norm_columns, 512, {1, 1, 1}, 0},
                                   {"its columns", layer_norm_columns, 513, {1, 2, 2}, 0},
                                   {"its columns", layer_norm_columns, 819, {1, 2, 2}, 0},
                                   {"its columns", layer_norm_columns, 820, {1, 2, 3}, 0},
                                   {"batch norm", batch_norm, 511, {1, 1, 1}, 0},
                                   {"batch norm", batch_norm, 512, {1, 2, 1}, 0},
                                   {"batch norm", batch_norm, 1023, {1, 2, 1}, 0},
                                   {"batch norm", batch_norm, 1024, {1, 2, 3}, 0},
                                   {"max pool", max_pool, 127, {1, 1, 1}, 0},
                                   {"max pool", max_pool, 128, {1, 2, 2}, 0},
                                   {"max pool", max_pool, 191, {1, 2, 2}, 0},
                                   {"max pool", max_pool, 192, {1, 2, 3}, 0},
                                   {"average pool", average_pool, 7, {1, 1, 1}, 0},
                                   {"average pool", average_pool, 8, {1, 2, 2}, 0},
                                   {"average pool", average_pool, 11, {1, 2, 2}, 0},
                                   {"average pool", average_pool, 12, {1, 2, 3}, 0},
                                   {"matrix product", matmul, 99, {1, 1, 1}, 1},
                                   {"matrix product", matmul, 100, {1, 2, 2}, 1},
                                   {"matrix product", matmul, 149, {1, 2, 2}, 1},
                                   {"matrix product", matmul, 150, {1, 2, 3}, 1},
                                   {"matrix products", matmuls, 499, {1, 1, 1}, 0},
                                   {"matrix products", matmuls, 500, {1, 2, 2}, 0},
                                   {"matrix products", matmuls, 999, {1, 2, 2}, 0},
                                   {"matrix products", matmuls, 1000, {1, 2, 3}, 0}};

static void check_case(const split_case *c, float *one, float *out)
{
    for (int32_t team = 1; team <= TEAMS; ++team) {
        float *to = team == 1 ? one : out;
        memset(to, 0, OUT_MOST * sizeof *to);
        clile_i_threads_set(team);
        seen = 0;
        c->run(c->size, to);
        const int64_t parts = seen < 1 ? 1 : seen;
        clile_i_threads_set(1);
        if (parts != c->parts[team - 1])
            fail_msg("%s of %d on %d threads: %d parts, expected %d", c->name, (int)c->size,
                     (int)team, (int)parts, (int)c->parts[team - 1]);
        if (c->rounds)
            test_near(c->name, to, one, OUT_MOST, 1e-5);
        else if (memcmp(to, one, OUT_MOST * sizeof *to) != 0)
            fail_msg("%s of %d: %d threads give other bits than one", c->name, (int)c->size,
                     (int)team);
    }
}

static void loops_are_split_from_their_limits_on(void **state)
{
    float *one = test_floats(OUT_MOST), *out = test_floats(OUT_MOST);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) check_case(&cases[i], one, out);
    free(one), free(out);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

/* Small nodes of a net that answers run on one thread; of one that trains, on all. */
static void nodes_have_a_limit_when_answering(void **state)
{
    const clile_i_op_run infer = {.team = TEAMS}, train = {.team = TEAMS, .trains = 1};
    const clile_i_op_qrun int8 = {.team = TEAMS};
    (void)state;
    assert_int_equal(clile_i_op_team(&infer, 249999), 1);
    assert_int_equal(clile_i_op_team(&infer, 250000), TEAMS);
    assert_int_equal(clile_i_op_team(&train, 1), TEAMS);
    assert_int_equal(clile_i_op_qteam(&int8, 999999), 1);
    assert_int_equal(clile_i_op_qteam(&int8, 1000000), TEAMS);
}

static clile_i_net *curves(void)
{
    for (int i = 0; i < PLAIN_NETS; ++i)
        if (strcmp(plain_nets[i].name, "activate") == 0) return plain_net(i);
    fail_msg("no net of curves");
    return NULL;
}

/* Of the three curves of a net on so many threads: into how many parts each is split, and what
 * they make of the same numbers, to out. */
static void check_curves(const clile_i_net *net, int32_t batch, clile_i_exec_mode mode,
                         int32_t team, int64_t parts, float *out)
{
    float *image = numbers(INT64_C(3) * batch * PLAIN_SIZE * PLAIN_SIZE, 4);
    float *dst = test_floats((int64_t)batch * OP_EMBEDDING);
    int found = 0;
    clile_i_threads_set(team);
    clile_i_exec *exec = test_exec(net, batch, PLAIN_SIZE, mode);
    for (int32_t i = 0; i < exec->node_count; ++i) {
        clile_i_op_run *run = &exec->runs[i];
        const size_t bytes = (size_t)run->dst.count * sizeof(float);
        if (run->node->op != clile_i_ops[CLILE_I_OP_ACTIVATE]) continue;
        watched = run;
        seen = 0;
        assert_int_equal(clile_i_exec_forward(exec, image, dst), CLILE_OK);
        watched = NULL;
        assert_int_equal(seen < 1 ? 1 : seen, parts);
        memcpy(run->src_data[0], image, bytes);
        assert_int_equal(run->node->op->forward(run), CLILE_OK);
        memcpy(out + found++ * run->dst.count, run->dst_data, bytes);
    }
    assert_int_equal(found, 3);
    clile_i_threads_set(1);
    clile_i_exec_destroy(exec);
    free(image), free(dst);
}

/* 32 operations for each of 96 numbers of an image; 2048 numbers in a part. */
static void a_node_is_split_from_its_limit_on(void **state)
{
    enum { BELOW = 81, ABOVE = 82 };
    clile_i_net *net = curves();
    float *one = test_floats(OUT_MOST), *out = test_floats(OUT_MOST);
    (void)state;
    for (int32_t batch = BELOW; batch <= ABOVE; ++batch)
        for (int trains = 0; trains < 2; ++trains)
            for (int32_t team = 1; team <= TEAMS; ++team) {
                check_curves(net, batch, trains ? CLILE_I_EXEC_TRAIN_FROZEN : CLILE_I_EXEC_INFER,
                             team, trains || batch == ABOVE ? team : 1, team == 1 ? one : out);
                if (team > 1) assert_memory_equal(one, out, OUT_MOST * sizeof *out);
            }
    free(one), free(out);
    clile_i_net_destroy(net);
}

int main(void)
{
    clile_i_threads_set(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops_are_split_from_their_limits_on),
        cmocka_unit_test(nodes_have_a_limit_when_answering),
        cmocka_unit_test(a_node_is_split_from_its_limit_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
