/* recompute=1: three steps of each stage end in the same bits as without, alone, in parts and in
 * bf16; a checkpoint of one goes on as the other. The nets one by one: method/recompute; ranks:
 * train/ranks. */
#include "dnn/dnn.h"
#include "train/bench.h"
#include "train/internal.h"

#include <stdio.h>
#include <unistd.h>

static const char checkpoint[] = "recompute_c.safetensors";

static int32_t three_steps(const clile_progress *p, void *user)
{
    (void)user;
    return p->step == 3;
}

static bench run_three(const char *settings, int32_t stage, int recompute)
{
    char text[256];
    snprintf(text, sizeof text, "%s epochs_stage1=1 recompute=%d", settings, recompute);
    bench b = bench_make(text);
    if (stage == 2 && clile_trainer_next_stage(b.trainer) == 1)
        require(clile_trainer_run(b.trainer, 1, NULL, NULL));
    const clile_status status = clile_trainer_run(b.trainer, stage, three_steps, NULL);
    assert_true(status == CLILE_E_CANCELLED || (stage == 1 && status == CLILE_OK));
    return b;
}

static void assert_same_group(const clile_i_group *a, const clile_i_group *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->value, b->value, (size_t)a->count * sizeof *a->value);
    assert_memory_equal(a->diff, b->diff, (size_t)a->count * sizeof *a->diff);
}

static void three_steps_end_in_the_same_bits(void **state)
{
    (void)state;
    static const char *const settings[] = {"", "accumulate=2 threads=2",
                                           "elimination=orthogonal backbone=resnet50 image_size=48",
                                           "method=drml", "precision=bf16"};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; ++i) {
        if (strstr(settings[i], "bf16") != NULL && clile_i_bf16_check() != CLILE_OK) continue;
        bench kept = run_three(settings[i], 2, 0), again = run_three(settings[i], 2, 1);
        assert_same_group(&kept.trainer->encoder, &again.trainer->encoder);
        assert_same_group(&kept.trainer->vectors, &again.trainer->vectors);
        const int64_t count = clile_i_exec_statistics(kept.trainer->exec, 0, NULL);
        float *a = malloc((size_t)count * sizeof *a), *b = malloc((size_t)count * sizeof *b);
        assert_true(a != NULL && b != NULL);
        clile_i_exec_statistics(kept.trainer->exec, 0, a);
        clile_i_exec_statistics(again.trainer->exec, 0, b);
        assert_memory_equal(a, b, (size_t)count * sizeof *a);
        const int64_t kept_bytes = clile_i_exec_bytes(kept.trainer->exec),
                      again_bytes = clile_i_exec_bytes(again.trainer->exec);
        assert_true(again_bytes < kept_bytes);
        free(a);
        free(b);
        bench_free(&kept);
        bench_free(&again);
    }
}

static void a_checkpoint_goes_on_as_either(void **state)
{
    (void)state;
    for (int recompute = 0; recompute < 2; ++recompute) {
        char other[64];
        snprintf(other, sizeof other, "recompute=%d epochs=2 epochs_stage1=1", 1 - recompute);
        bench whole = run_three("epochs=2", 2, recompute);
        require(clile_trainer_save(whole.trainer, checkpoint));
        require(clile_trainer_run(whole.trainer, 2, NULL, NULL));
        bench b = bench_make(other);
        require(clile_trainer_resume(b.trainer, checkpoint));
        require(clile_trainer_run(b.trainer, 2, NULL, NULL));
        assert_same_group(&whole.trainer->encoder, &b.trainer->encoder);
        assert_true(clile_i_exec_bytes(whole.trainer->exec) != clile_i_exec_bytes(b.trainer->exec));
        bench_free(&whole);
        bench_free(&b);
        unlink(checkpoint);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_steps_end_in_the_same_bits),
        cmocka_unit_test(a_checkpoint_goes_on_as_either),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
