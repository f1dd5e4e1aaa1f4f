/* clile export: a model for other runtimes. */
#include "command.h"

int run_export(int argc, char **argv)
{
    text_list models = {0};
    const char *onnx = NULL;
    clile_model *model = NULL;
    const arg rows[] = {
        {"--onnx", ARG_TEXT, &onnx, "FILE", "ONNX file to write: outputs `probability` and `embedding`"},
    };
    const arg_spec spec = {
        "clile export MODEL --onnx FILE",
        "Writes a trained model for other runtimes. How to prepare a photograph, the AU numbers and the thresholds go "
        "into\nthe metadata of the file; docs/onnx.md lists them.",
        rows, (int)(sizeof rows / sizeof rows[0]), &models};
    int code = args_parse(&spec, argc, argv);
    if (code != EXIT_FINE) goto cleanup;
    if (models.count != 1 || onnx == NULL) {
        code = usage_error(&spec, "%s", models.count != 1 ? "one model file is needed" : "--onnx is missing");
        goto cleanup;
    }
    if (clile_model_load(models.items[0], &model) != CLILE_OK || clile_model_export_onnx(model, onnx) != CLILE_OK)
        code = failed(NULL);
cleanup:
    clile_model_destroy(model);
    text_list_free(&models);
    return code == ARGS_HELP ? EXIT_FINE : code;
}
