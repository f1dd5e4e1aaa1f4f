/* clile export: writes a model for other runtimes, or in int8. */
#include "command.h"

#include <string.h>

typedef struct {
    const char *onnx, *out;
    int int8;
    calibration_args calibration;
} export_args;

static int check(const arg_spec *spec, const export_args *a, int models)
{
    if (models != 1) return usage_error(spec, "expected one model file");
    if (a->onnx == NULL && !a->int8) return usage_error(spec, "--onnx or --int8 is missing");
    if (a->int8 && a->calibration.data == NULL)
        return usage_error(spec, "--int8 needs --calibrate DIR");
    if (a->int8 && a->out == NULL) return usage_error(spec, "--int8 needs --out FILE");
    if (!a->int8 && (a->calibration.data || a->out))
        return usage_error(spec, "--calibrate and --out need --int8");
    if (a->calibration.images < 1 || a->calibration.images > 100000)
        return usage_error(spec, "--images: expected 1 to 100000");
    if (a->calibration.fold < 1 || a->calibration.fold > 100000)
        return usage_error(spec, "--fold: expected 1 or more");
    return EXIT_FINE;
}

int run_export(int argc, char **argv)
{
    text_list models = {0}, settings = {0};
    export_args a = {
        .calibration = {.protocol = "none", .layout = "auto", .fold = 1, .images = 256}};
    clile_model *model = NULL;
    const char *path = NULL;
    clile_options *options = NULL;
    const arg rows[] = {
        {"--onnx", ARG_TEXT, &a.onnx, "FILE",
         "ONNX file to write: outputs `probability`, `embedding` and, of a model that has them, "
         "`points`"},
        {"--int8", ARG_FLAG, &a.int8, NULL,
         "write the model with int8 weights: a quarter of the size, about twice as fast"},
        {"--calibrate", ARG_TEXT, &a.calibration.data, "DIR",
         "for --int8: labelled folder or pack to measure activations on"},
        {"--layout", ARG_TEXT, &a.calibration.layout, "NAME", "layout of that folder (auto)"},
        {"--protocol", ARG_TEXT, &a.calibration.protocol, "NAME",
         "use only the training part of a fold: bp4d, disfa, kfold:K, loso (none: all images)"},
        {"--fold", ARG_NUMBER, &a.calibration.fold, "N", "number of the fold (1)"},
        {"--images", ARG_NUMBER, &a.calibration.images, "N",
         "number of images, evenly spread (256)"},
        {"--out", ARG_TEXT, &a.out, "FILE", "int8 model to write"},
        {"--quiet", ARG_FLAG, &a.calibration.quiet, NULL, "no progress"},
        {"--set", ARG_LIST, &settings, "KEY=VALUE",
         "set an option: threads, or one of the data group; may be repeated"},
    };
    const arg_spec spec = {"clile export MODEL [--onnx FILE] [--int8 --calibrate DIR --out FILE]",
                           "Writes a trained model (default: the one that comes with libclile) as "
                           "ONNX for other runtimes, or in int8 for "
                           "libclile. The metadata of the ONNX file hold the\nAU numbers, the "
                           "thresholds and how to prepare a photograph (docs/onnx.md).",
                           rows, (int)(sizeof rows / sizeof rows[0]), &models};
    int code = args_parse(&spec, argc, argv);
    if (code == EXIT_FINE) code = check(&spec, &a, models.count);
    if (code == EXIT_FINE) code = options_open(&options, &spec, a.calibration.layout, &settings);
    if (code != EXIT_FINE) goto cleanup;
    path = model_file(models.items[0]);
    if (path == NULL || clile_model_load(path, &model) != CLILE_OK) {
        code = path == NULL ? EXIT_FAILED : failed(NULL);
        goto cleanup;
    }
    if (a.onnx != NULL && clile_model_export_onnx(model, a.onnx) != CLILE_OK) code = failed(NULL);
    if (code == EXIT_FINE && a.int8) code = quantize_to_file(model, &a.calibration, options, a.out);
cleanup:
    clile_options_destroy(options);
    clile_model_destroy(model);
    text_list_free(&models);
    text_list_free(&settings);
    return code == ARGS_HELP ? EXIT_FINE : code;
}
