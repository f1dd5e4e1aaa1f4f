/* precision=bf16 on a processor without it: oneDNN is told to use no more than AVX-512 with VNNI,
 * which is read when it is first used. */
#include "train/bench.h"

static void it_is_refused_and_float32_works(void **state)
{
    (void)state;
    bench b = bench_make("");
    clile_options *options = toy_options("precision=bf16");
    clile_predictor *predictor = NULL;
    clile_trainer_destroy(b.trainer);
    b.trainer = NULL;
    refused(clile_trainer_create(b.model, b.data, options, &b.trainer), CLILE_E_UNSUPPORTED,
            "precision=bf16: expected a processor with AVX512_BF16 or AMX, found one where oneDNN");
    assert_null(b.trainer);
    require(clile_trainer_create(b.model, b.data, b.options, &b.trainer));
    for (int32_t stage; (stage = clile_trainer_next_stage(b.trainer)) != 0;)
        require(clile_trainer_run(b.trainer, stage, NULL, NULL));
    refused(clile_predictor_create(b.model, options, &predictor), CLILE_E_UNSUPPORTED,
            "use precision=float32");
    assert_null(predictor);
    require(clile_predictor_create(b.model, NULL, &predictor));
    clile_predictor_destroy(predictor);
    clile_options_destroy(options);
    bench_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_is_refused_and_float32_works)};
    if (setenv("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_VNNI", 1) != 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
