/* The gradient of the whole net against finite differences. */
#include "gradients.h"

/* Makes each block's branch small beside its shortcut: a deep net with frozen statistics
 * amplifies rounding otherwise.
 */
static void calm(clile_i_net *net)
{
    const char *last = strcmp(clile_i_net_get_config(net)->backbone, "resnet50") == 0
                           ? ".bn3.weight"
                           : ".bn2.weight";
    for (int32_t t = 0; t < clile_i_net_tensor_count(net); ++t) {
        const clile_i_net_tensor *tensor = clile_i_net_tensor_at(net, t);
        if (strstr(tensor->name, last) == NULL) continue;
        for (int64_t i = 0; i < tensor->count; ++i) tensor->data[i] *= 0.25F;
    }
}

static void check_net(const char *backbone, double width, clile_i_stem stem, clile_i_exec_mode mode)
{
    enum { BATCH = 4, SIZE = 64, EMBEDDING = 6 }; /* 16 values in the last norms */
    const clile_i_net_config config = {backbone, width, EMBEDDING, (int32_t)stem, {0}};
    char what[64];
    clile_i_net *net = test_net_of(&config, 21);
    calm(net);
    snprintf(what, sizeof what, "%s, stem %s", backbone, clile_i_stem_name(config.stem));
    check_gradients(what, net, BATCH, SIZE, mode);
    clile_i_net_destroy(net);
}

static void test_basic(void **state)
{
    (void)state;
    check_net("resnet10", 0.125, CLILE_I_STEM_IMAGENET, CLILE_I_EXEC_TRAIN);
    check_net("resnet10", 0.125, CLILE_I_STEM_IMAGENET, CLILE_I_EXEC_TRAIN_FROZEN);
}

static void test_bottleneck(void **state)
{
    (void)state;
    check_net("resnet50", 0.125, CLILE_I_STEM_IMAGENET, CLILE_I_EXEC_TRAIN);
    check_net("resnet50", 0.125, CLILE_I_STEM_IMAGENET, CLILE_I_EXEC_TRAIN_FROZEN);
}

static void test_small_stem(void **state)
{
    (void)state;
    check_net("resnet10", 0.125, CLILE_I_STEM_SMALL, CLILE_I_EXEC_TRAIN);
    check_net("resnet10", 0.125, CLILE_I_STEM_SMALL, CLILE_I_EXEC_TRAIN_FROZEN);
    check_net("resnet50", 0.125, CLILE_I_STEM_SMALL, CLILE_I_EXEC_TRAIN);
}

int main(void)
{
    /* many tiny passes: a team would only wait for itself on a busy machine */
    clile_i_threads_set(1);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_basic),
                                       cmocka_unit_test(test_bottleneck),
                                       cmocka_unit_test(test_small_stem)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
