/* The compiled net: its modes agree, bits are reproducible, values are loaded and stored
 * unchanged, padding stays zero. */
#include "net_test.h"

typedef struct {
    const char *backbone;
    double width;
    int32_t batch, size, embedding, stem;
} net_case;

static const net_case cases[] = {
    {"resnet10", 0.125, 2, 32, 5, 0}, /* 8 .. 64 channels, 1 x 1 at the end */
    {"resnet10", 0.2, 3, 47, 7,
     0}, /* 13, 26, 51, 102 channels: padding in every layer; odd sizes */
    {"resnet10", 0.2, 3, 41, 7, CLILE_I_STEM_SMALL},
    {"resnet18", 0.25, 2, 64, 16, 0},
    {"resnet18", 0.125, 2, 33, 16, CLILE_I_STEM_SMALL},
    {"resnet50", 0.125, 2, 50, 3, 0},
    {"resnet50", 0.125, 2, 32, 3, CLILE_I_STEM_SMALL},
};
enum { CASES = sizeof cases / sizeof *cases };

static clile_i_net *net_of(const net_case *c, uint64_t seed)
{
    const clile_i_net_config config = {c->backbone, c->width, c->embedding, c->stem, {0}};
    return test_net_of(&config, seed);
}

static int64_t image_count(const net_case *c)
{
    return (int64_t)c->batch * 3 * c->size * c->size;
}

static void test_inference_is_frozen(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; ++i) {
        const net_case *c = &cases[i];
        const int64_t count = (int64_t)c->batch * c->embedding;
        clile_i_net *net = net_of(c, 1);
        clile_i_exec *frozen = test_exec(net, c->batch, c->size, CLILE_I_EXEC_TRAIN_FROZEN);
        clile_i_exec *infer = test_exec(net, c->batch, c->size, CLILE_I_EXEC_INFER);
        clile_i_rng rng = clile_i_rng_make(2, i);
        float *a = test_floats(count), *b = test_floats(count);
        for (int run = 0; run < 2; ++run) { /* the second run meets a used arena */
            float *image = test_normal(&rng, image_count(c));
            assert_int_equal(clile_i_exec_forward(frozen, image, a), CLILE_OK);
            assert_int_equal(clile_i_exec_forward(infer, image, b), CLILE_OK);
            assert_true(test_largest(a, count) > 1e-3);
            test_near(c->backbone, b, a, count, 1e-4);
            free(image);
        }
        /* One image alone gives what it gives in a batch. */
        float *image = test_normal(&rng, image_count(c));
        clile_i_exec *one = test_exec(net, 1, c->size, CLILE_I_EXEC_INFER);
        assert_int_equal(clile_i_exec_forward(infer, image, a), CLILE_OK);
        assert_int_equal(
            clile_i_exec_forward(one, image + image_count(c) / c->batch * (c->batch - 1), b),
            CLILE_OK);
        test_near("one image", b, a + count - c->embedding, c->embedding, 1e-4);
        free(image), free(a), free(b);
        clile_i_exec_destroy(one);
        clile_i_exec_destroy(frozen);
        clile_i_exec_destroy(infer);
        clile_i_net_destroy(net);
    }
}

/* One training step with its gradients, in a fresh net. */
static void run_step(const net_case *c, int32_t threads, clile_i_exec_mode mode, float *dst,
                     float *diffs, clile_i_net *after)
{
    const int32_t before = clile_i_threads_set(threads);
    clile_i_net *net = net_of(c, 1);
    clile_i_exec *exec = test_exec(net, c->batch, c->size, mode);
    clile_i_rng rng = clile_i_rng_make(3, 0);
    int64_t count = 0;
    float *image = test_normal(&rng, image_count(c)),
          *diff = test_normal(&rng, (int64_t)c->batch * c->embedding);
    assert_int_equal(clile_i_exec_forward(exec, image, dst), CLILE_OK);
    /* backward no longer needs it */
    memset(image, 0, (size_t)image_count(c) * sizeof *image);
    clile_i_exec_params(exec, &count);
    /* overwritten, not added to */
    for (int64_t i = 0; i < count; ++i) clile_i_exec_diffs(exec)[i] = NAN;
    for (int32_t s = 0; s < clile_i_exec_segment_count(exec); ++s) {
        const clile_i_exec_segment *segment = clile_i_exec_segment_at(exec, s);
        float *rest = clile_i_exec_diffs(exec) + segment->offset;
        /* padding at the end of a segment, which no node writes, starts as zero */
        for (int64_t i = segment->count - 16 < 0 ? 0 : segment->count - 16; i < segment->count; ++i)
            rest[i] = 0.0F;
    }
    assert_int_equal(clile_i_exec_backward(exec, diff), CLILE_OK);
    float *plain = test_floats(5000000);
    for (int32_t s = 0; s < clile_i_exec_segment_count(exec); ++s) {
        const clile_i_net_tensor *tensor =
            clile_i_net_tensor_at(net, clile_i_exec_segment_at(exec, s)->tensor);
        assert_int_equal(clile_i_exec_to_plain(exec, s, clile_i_exec_diffs(exec), plain), CLILE_OK);
        memcpy(diffs, plain, (size_t)tensor->count * sizeof *diffs);
        diffs += tensor->count;
    }
    if (after != NULL) assert_int_equal(clile_i_exec_store(exec, after), CLILE_OK);
    free(plain), free(image), free(diff);
    clile_i_exec_destroy(exec);
    clile_i_net_destroy(net);
    clile_i_threads_set(before);
}

static void test_same_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; ++i) {
        const net_case *c = &cases[i];
        const int64_t count = (int64_t)c->batch * c->embedding;
        clile_i_net *net = net_of(c, 1);
        int64_t parameters = 0;
        for (int32_t t = 0; t < clile_i_net_tensor_count(net); ++t)
            if (clile_i_net_tensor_at(net, t)->trainable)
                parameters += clile_i_net_tensor_at(net, t)->count;
        float *dst[3], *diffs[3];
        for (int k = 0; k < 3; ++k) {
            dst[k] = test_floats(count);
            diffs[k] = test_floats(parameters);
            run_step(c, k < 2 ? 2 : 1, CLILE_I_EXEC_TRAIN, dst[k], diffs[k], NULL);
        }
        assert_memory_equal(dst[0], dst[1], (size_t)count * sizeof(float));
        assert_memory_equal(diffs[0], diffs[1], (size_t)parameters * sizeof(float));
        assert_true(test_largest(diffs[0], parameters) > 1e-3);
        test_near("one thread", dst[2], dst[0], count, 1e-4);
        test_near("one thread, gradients", diffs[2], diffs[0], parameters, 1e-3);
        for (int k = 0; k < 3; ++k) free(dst[k]), free(diffs[k]);
        clile_i_net_destroy(net);
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; ++i) {
        const net_case *c = &cases[i];
        clile_i_net *net = net_of(c, 4), *back = NULL;
        assert_int_equal(clile_i_net_create(clile_i_net_get_config(net), &back), CLILE_OK);
        clile_i_exec *exec = test_exec(net, c->batch, c->size, CLILE_I_EXEC_TRAIN);
        assert_int_equal(clile_i_exec_store(exec, back), CLILE_OK);
        for (int32_t t = 0; t < clile_i_net_tensor_count(net); ++t)
            assert_memory_equal(clile_i_net_tensor_at(net, t)->data,
                                clile_i_net_tensor_at(back, t)->data,
                                (size_t)clile_i_net_tensor_at(net, t)->count * sizeof(float));
        int64_t count = 0, covered = 0, values = 0;
        const float *params = clile_i_exec_params(exec, &count);
        float *flat = test_floats(count);
        for (int64_t k = 0; k < count; ++k) flat[k] = NAN;
        for (int32_t s = 0; s < clile_i_exec_segment_count(exec); ++s) {
            const clile_i_exec_segment *segment = clile_i_exec_segment_at(exec, s);
            const clile_i_net_tensor *tensor = clile_i_net_tensor_at(net, segment->tensor);
            assert_true(tensor->trainable);
            assert_int_equal(segment->offset, covered); /* no gaps */
            covered += segment->count;
            values += tensor->count;
            assert_int_equal(clile_i_exec_from_plain(exec, s, tensor->data, flat), CLILE_OK);
        }
        assert_int_equal(covered, count);
        assert_true(values <= count);
        assert_memory_equal(flat, params, (size_t)count * sizeof(float)); /* padding included */
        free(flat);
        clile_i_exec_destroy(exec);
        clile_i_net_destroy(net);
        clile_i_net_destroy(back);
    }
}

/* Floats of a segment that belong to no element: those that come out of ones as zeros. */
static void check_padding(const net_case *c)
{
    clile_i_net *net = net_of(c, 5);
    clile_i_exec *exec = test_exec(net, c->batch, c->size, CLILE_I_EXEC_TRAIN);
    clile_i_rng rng = clile_i_rng_make(6, 0);
    int64_t count = 0, padding = 0;
    float *params = clile_i_exec_params(exec, &count);
    float *ones = test_floats(5000000), *mask = test_floats(count),
          *dst = test_floats((int64_t)c->batch * c->embedding);
    for (int64_t i = 0; i < 5000000; ++i) ones[i] = 1.0F;
    for (int32_t s = 0; s < clile_i_exec_segment_count(exec); ++s)
        assert_int_equal(clile_i_exec_from_plain(exec, s, ones, mask), CLILE_OK);
    for (int step = 0; step < 3; ++step) {
        float *image = test_normal(&rng, image_count(c)),
              *diff = test_normal(&rng, (int64_t)c->batch * c->embedding);
        assert_int_equal(clile_i_exec_forward(exec, image, dst), CLILE_OK);
        assert_int_equal(clile_i_exec_backward(exec, diff), CLILE_OK);
        const float *diffs = clile_i_exec_diffs(exec);
        padding = 0;
        for (int64_t i = 0; i < count; ++i) {
            if (mask[i] == 0.0F) {
                ++padding;
                assert_true(diffs[i] == 0.0F && params[i] == 0.0F);
            }
            params[i] -= 0.01F * diffs[i];
        }
        free(image), free(diff);
    }
    assert_true(padding > 100);
    free(ones), free(mask), free(dst);
    clile_i_exec_destroy(exec);
    clile_i_net_destroy(net);
}

static void test_padding(void **state)
{
    (void)state;
    for (int k = 1; k <= 2; ++k) check_padding(&cases[k]);
}

/* torch: running = 0.9 running + 0.1 batch, variance unbiased; here against what the convolution
 * gave. */
static void check_running_statistics(const net_case *c)
{
    clile_i_net *net = net_of(c, 7), *after = NULL;
    assert_int_equal(clile_i_net_create(clile_i_net_get_config(net), &after), CLILE_OK);
    clile_i_rng rng = clile_i_rng_make(8, 0);
    float *image = test_normal(&rng, image_count(c)),
          *dst = test_floats((int64_t)c->batch * c->embedding);
    clile_i_exec *exec = test_exec(net, c->batch, c->size, CLILE_I_EXEC_TRAIN);
    assert_int_equal(clile_i_exec_forward(exec, image, dst), CLILE_OK);
    assert_int_equal(clile_i_exec_store(exec, after), CLILE_OK);
    for (int32_t u = 0; u < exec->node_count; ++u) {
        const clile_i_op_run *run = &exec->runs[u];
        const clile_i_dnn_layout *map = run->node->has_inner ? &run->inner : &run->dst;
        if (run->node->op != clile_i_ops[CLILE_I_OP_CONV_UNIT]) continue;
        const int64_t hw = map->h * map->w, n = map->n;
        float *plain = test_floats(n * map->c * hw);
        clile_i_dnn_layout_to_plain(map, run->kept, plain); /* the convolution's output */
        for (int64_t ch = 0; ch < map->c; ++ch) {
            double sum = 0.0, squares = 0.0;
            for (int64_t i = 0; i < n * hw; ++i)
                sum += (double)plain[(i / hw * map->c + ch) * hw + i % hw];
            const double mean = sum / (double)(n * hw);
            for (int64_t i = 0; i < n * hw; ++i) {
                const double d = (double)plain[(i / hw * map->c + ch) * hw + i % hw] - mean;
                squares += d * d;
            }
            const double variance = squares / (double)(n * hw - 1);
            const int32_t norm = net->nodes[u].tensor + 1;
            const double expected_mean = 0.9 * (double)net->tensors[norm + 2].data[ch] + 0.1 * mean;
            const double expected_variance =
                0.9 * (double)net->tensors[norm + 3].data[ch] + 0.1 * variance;
            assert_true(fabs((double)after->tensors[norm + 2].data[ch] - expected_mean) <
                        1e-5 * (1.0 + fabs(mean)));
            assert_true(fabs((double)after->tensors[norm + 3].data[ch] - expected_variance) <
                        1e-5 * (1.0 + variance));
        }
        free(plain);
    }
    clile_i_exec_destroy(exec);
    exec = test_exec(net, c->batch, c->size, CLILE_I_EXEC_TRAIN_FROZEN); /* frozen ones stay */
    assert_int_equal(clile_i_exec_forward(exec, image, dst), CLILE_OK);
    assert_int_equal(clile_i_exec_store(exec, after), CLILE_OK);
    for (int32_t t = 0; t < net->tensor_count; ++t)
        assert_memory_equal(net->tensors[t].data, after->tensors[t].data,
                            (size_t)net->tensors[t].count * sizeof(float));
    clile_i_exec_destroy(exec);
    free(image), free(dst);
    clile_i_net_destroy(net);
    clile_i_net_destroy(after);
}

static void test_running_statistics(void **state)
{
    (void)state;
    for (int k = 1; k <= 2; ++k) check_running_statistics(&cases[k]);
}

/* Every allocation of ours from here on would fail. */
static void check_nothing_allocated(const net_case *c)
{
    clile_i_net *net = net_of(c, 9);
    clile_i_rng rng = clile_i_rng_make(10, 0);
    float *image = test_normal(&rng, image_count(c)),
          *dst = test_floats((int64_t)c->batch * c->embedding);
    for (int mode = CLILE_I_EXEC_TRAIN; mode <= CLILE_I_EXEC_INFER; ++mode) {
        clile_i_exec *exec = test_exec(net, c->batch, c->size, (clile_i_exec_mode)mode);
        clile_i_alloc_fail_at(1);
        const clile_status forward = clile_i_exec_forward(exec, image, dst);
        const clile_status backward =
            mode == CLILE_I_EXEC_INFER ? CLILE_OK : clile_i_exec_backward(exec, dst);
        clile_i_alloc_fail_at(0);
        assert_int_equal(forward, CLILE_OK);
        assert_int_equal(backward, CLILE_OK);
        clile_i_exec_destroy(exec);
    }
    free(image), free(dst);
    clile_i_net_destroy(net);
}

static void test_nothing_allocated(void **state)
{
    (void)state;
    for (int k = 1; k <= 2; ++k) check_nothing_allocated(&cases[k]);
}

static void check_refused(const clile_i_net *net, int32_t batch, int32_t size,
                          clile_i_exec_mode mode, const char *text)
{
    clile_i_exec *exec = NULL;
    assert_int_equal(clile_i_exec_create(net, batch, size, mode, &exec), CLILE_E_INVALID_ARGUMENT);
    assert_null(exec);
    if (strstr(clile_last_error(), text) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", clile_last_error(), text);
}

/* The int8 executor takes the same batches and sizes. */
static void check_int8_refused(const clile_i_net *net, int32_t batch, int32_t size,
                               const char *text)
{
    const float mean[3] = {0.5f, 0.5f, 0.5f};
    clile_i_quant *quant = NULL;
    clile_i_packs *packs = NULL;
    clile_i_qexec *exec = NULL;
    assert_int_equal(clile_i_quant_create(net, &quant), CLILE_OK);
    assert_int_equal(clile_i_packs_create(&packs), CLILE_OK);
    assert_int_equal(clile_i_qexec_create(net, quant, mean, batch, size, packs, &exec),
                     CLILE_E_INVALID_ARGUMENT);
    assert_null(exec);
    assert_string_equal(clile_last_error(), text);
    clile_i_packs_release(packs);
    clile_i_quant_destroy(quant);
}

/* A small stem: other weights, and more than one value per channel at 32 pixels. */
static void check_other_stem(const clile_i_net *net)
{
    const clile_i_net_config config = {"resnet10", 0.125, 5, CLILE_I_STEM_SMALL, {0}};
    clile_i_net *small = test_net_of(&config, 11);
    clile_i_exec *exec = test_exec(small, 1, 32, CLILE_I_EXEC_TRAIN);
    assert_int_equal(clile_i_exec_load(exec, net), CLILE_E_INVALID_ARGUMENT);
    assert_string_equal(clile_last_error(),
                        "net: expected resnet10, width 0.125, embedding 5, stem small, found "
                        "resnet10, width 0.125, embedding 5, stem imagenet");
    clile_i_exec_destroy(exec);
    clile_i_net_destroy(small);
}

static void test_wrong(void **state)
{
    (void)state;
    clile_i_net *net = test_net("resnet10", 0.125, 5, 11),
                *other = test_net("resnet10", 0.125, 6, 11);
    float dst[10] = {0};
    check_refused(net, 2, 31, CLILE_I_EXEC_TRAIN,
                  "image size: expected 32 .. 512 pixels, found 31");
    check_refused(net, 2, 513, CLILE_I_EXEC_INFER, "found 513");
    check_refused(net, 0, 64, CLILE_I_EXEC_TRAIN, "batch: expected 1 .. 4096, found 0");
    check_refused(net, -1, 64, CLILE_I_EXEC_INFER, "found -1");
    check_int8_refused(net, 2, 31, "image size: expected 32 .. 512 pixels, found 31");
    check_int8_refused(net, 2, 513, "image size: expected 32 .. 512 pixels, found 513");
    check_int8_refused(net, 4097, 64, "batch: expected 1 .. 4096, found 4097");
    check_int8_refused(net, 0, 64, "batch: expected 1 .. 4096, found 0");
    check_refused(net, 1, 32, CLILE_I_EXEC_TRAIN, "more than one value per channel");
    check_other_stem(net);
    clile_i_exec *exec = test_exec(net, 2, 32, CLILE_I_EXEC_TRAIN);
    assert_int_equal(clile_i_exec_backward(exec, dst), CLILE_E_STATE); /* no forward yet */
    assert_non_null(strstr(clile_last_error(), "backward: expected a forward run"));
    float *image = test_floats(2 * 3 * 32 * 32);
    assert_int_equal(clile_i_exec_forward(exec, image, dst), CLILE_OK);
    assert_int_equal(clile_i_exec_backward(exec, dst), CLILE_OK);
    assert_int_equal(clile_i_exec_backward(exec, dst), CLILE_E_STATE); /* gradients are there now */
    free(image);
    assert_int_equal(clile_i_exec_load(exec, other), CLILE_E_INVALID_ARGUMENT);
    assert_non_null(strstr(clile_last_error(),
                           "embedding 5, stem imagenet, found resnet10, width 0.125, embedding 6"));
    assert_int_equal(clile_i_exec_store(exec, other), CLILE_E_INVALID_ARGUMENT);
    clile_i_exec_destroy(exec);
    exec = test_exec(net, 1, 32, CLILE_I_EXEC_INFER);
    assert_int_equal(clile_i_exec_store(exec, net), CLILE_E_STATE);
    assert_int_equal(clile_i_exec_backward(exec, dst), CLILE_E_STATE);
    clile_i_exec_destroy(exec);
    clile_i_exec_destroy(NULL);
    clile_i_net_destroy(net);
    clile_i_net_destroy(other);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    clile_i_net *net = test_net("resnet10", 0.125, 5, 12);
    for (int mode = CLILE_I_EXEC_TRAIN; mode <= CLILE_I_EXEC_INFER; mode += 2) {
        int64_t refused = 0, k = 1, step = 1;
        for (;; refused++, k += step, step += 3) {
            /* ever wider steps: each attempt compiles up to that point */
            clile_i_exec *exec = NULL;
            clile_i_alloc_fail_at(k);
            const clile_status status =
                clile_i_exec_create(net, 2, 32, (clile_i_exec_mode)mode, &exec);
            clile_i_alloc_fail_at(0);
            if (status == CLILE_OK) {
                clile_i_exec_destroy(exec);
                break;
            }
            assert_int_equal(status, CLILE_E_OUT_OF_MEMORY);
            assert_null(exec);
        }
        assert_true(refused >= 5);
    }
    clile_i_net_destroy(net);
}

/* The parts of a step's time, of nothing once they were taken. */
static void check_profile(clile_i_exec *train)
{
    float image[2 * 3 * 32 * 32] = {1.0F}, dst[2 * 8];
    const float diff[2 * 8] = {1.0F};
    clile_i_exec_profile p;
    clile_i_exec_take_profile(train, &p);
    clile_i_exec_take_profile(train, &p);
    assert_true(p.convolutions == 0.0 && p.around == 0.0 && p.others == 0.0 && p.adding == 0.0);
    assert_int_equal(clile_i_exec_forward(train, image, dst), CLILE_OK);
    assert_int_equal(clile_i_exec_backward(train, diff), CLILE_OK);
    clile_i_exec_take_profile(train, &p);
    assert_true(p.convolutions > 0.0 && p.around > 0.0 && p.others > 0.0 && p.adding > 0.0);
}

static void test_flops(void **state)
{
    (void)state;
    clile_i_net *net = test_net("resnet18", 1.0, 1000, 13);
    double forward = -1.0, data = -1.0, weights = -1.0;
    clile_i_exec *infer = test_exec(net, 1, 224, CLILE_I_EXEC_INFER);
    /* 1.814 G multiply-adds, of which fc has 512000 */
    assert_int_equal(clile_i_exec_flops(infer), 2 * (INT64_C(1814073344) - 512000));
    assert_int_equal(clile_i_exec_bench_convolutions(infer, &forward, &data, &weights), CLILE_OK);
    assert_true(forward > 0.0 && data >= 0.0 && data < forward && weights < forward);
    clile_i_exec_destroy(infer);
    clile_i_net_destroy(net);
    net = test_net("resnet10", 0.125, 8, 14);
    clile_i_exec *train = test_exec(net, 2, 32, CLILE_I_EXEC_TRAIN);
    infer = test_exec(net, 2, 32, CLILE_I_EXEC_INFER);
    /* needs no gradient of its source */
    const int64_t stem = 2 * INT64_C(2) * 8 * 3 * 49 * 16 * 16;
    assert_int_equal(clile_i_exec_flops(train), 3 * clile_i_exec_flops(infer) - stem);
    assert_int_equal(clile_i_exec_bench_convolutions(train, &forward, &data, &weights), CLILE_OK);
    assert_true(forward > 0.0 && data > 0.0 && weights > 0.0);
    assert_int_equal(clile_i_exec_bench_convolutions(train, NULL, NULL, NULL), CLILE_OK);
    check_profile(train);
    clile_i_exec_destroy(train);
    clile_i_exec_destroy(infer);
    clile_i_net_destroy(net);

    /* the image is halved once, so that a small stem runs the blocks of an image twice as large */
    const net_case small = {"resnet10", 0.125, 2, 32, 8, CLILE_I_STEM_SMALL},
                   large = {"resnet10", 0.125, 2, 64, 8, CLILE_I_STEM_IMAGENET};
    const int64_t small_stem = 2 * INT64_C(2) * 8 * 3 * 25 * 16 * 16,
                  large_stem = 2 * INT64_C(2) * 8 * 3 * 49 * 32 * 32;
    clile_i_net *a = net_of(&small, 15), *b = net_of(&large, 15);
    infer = test_exec(a, small.batch, small.size, CLILE_I_EXEC_INFER);
    train = test_exec(b, large.batch, large.size, CLILE_I_EXEC_INFER);
    assert_int_equal(clile_i_exec_flops(infer) - small_stem,
                     clile_i_exec_flops(train) - large_stem);
    clile_i_exec_destroy(train);
    clile_i_exec_destroy(infer);
    clile_i_net_destroy(a);
    clile_i_net_destroy(b);
}

int main(void)
{
    /* test_same_bits sets its own; a team would only wait for itself on a busy machine */
    clile_i_threads_set(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inference_is_frozen),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_running_statistics),
        cmocka_unit_test(test_nothing_allocated),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_flops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
