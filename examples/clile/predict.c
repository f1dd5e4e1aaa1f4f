/* clile predict: the action units of image files. */
#include "command.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_AUS = 256, MAX_POINTS = 68 };

typedef struct {
    const char *model, *landmarks;
    text_list images, settings;
    int json, csv;
} predict_args;

/* Rows of a landmark file: a name or frame number, then x,y pairs. */
typedef struct {
    const char *path;
    char *text;
} landmark_file;

static int landmarks_open(const char *path, landmark_file *out)
{
    FILE *file = fopen(path, "rb");
    size_t size = 0, got = 0;
    out->path = path;
    if (file == NULL) {
        fprintf(stderr, "clile: %s: %s\n", path, strerror(errno));
        return EXIT_FAILED;
    }
    do {
        char *text = realloc(out->text, size + 65537);
        if (text == NULL) break;
        out->text = text;
        got = fread(text + size, 1, 65536, file);
        size += got;
        text[size] = '\0';
    } while (got == 65536);
    const int bad = ferror(file);
    fclose(file);
    if (!bad && out->text) return EXIT_FINE;
    fprintf(stderr, "clile: %s could not be read\n", path);
    return EXIT_FAILED;
}

/* "dir/0007.jpg" is meant by "dir/0007.jpg", "0007.jpg", "0007" and the number 7. */
static int names_image(const char *field, size_t length, const char *image)
{
    const char *slash = strrchr(image, '/');
    const char *base = slash ? slash + 1 : image;
    const char *dot = strrchr(base, '.');
    const size_t stem = dot ? (size_t)(dot - base) : strlen(base);
    if (length == 0) return 0;
    if (length == strlen(image) && memcmp(field, image, length) == 0) return 1;
    if (length == strlen(base) && memcmp(field, base, length) == 0) return 1;
    if (length == stem && memcmp(field, base, length) == 0) return 1;
    for (size_t i = 0; i < length; ++i)
        if (!isdigit((unsigned char)field[i])) return 0;
    for (size_t i = 0; i < stem; ++i)
        if (!isdigit((unsigned char)base[i])) return 0;
    return stem > 0 && strtoll(field, NULL, 10) == strtoll(base, NULL, 10);
}

/* Points of the image's row: 5 or 68. 0 with a message when there is no such row, or it is wrong. */
static int32_t landmarks_find(const landmark_file *file, const char *image, float *xy)
{
    for (const char *line = file->text; line && *line;) {
        const char *next = strchr(line, '\n');
        const char *end = next ? next : line + strlen(line);
        const char *field = memchr(line, ',', (size_t)(end - line));
        if (field && names_image(line, (size_t)(field - line), image)) {
            int32_t values = 0;
            while (field && field < end && *field == ',') {
                char *stop = NULL;
                const float value = strtof(field + 1, &stop);
                if (stop == field + 1 || values == 2 * MAX_POINTS || !isfinite(value)) break;
                xy[values++] = value;
                field = stop;
            }
            while (field < end && (*field == '\r' || *field == ' ')) ++field;
            if (field == end && (values == 10 || values == 2 * MAX_POINTS)) return values / 2;
            fprintf(stderr, "clile: %s: the row of %s does not hold 5 or 68 x,y pairs\n", file->path, image);
            return 0;
        }
        line = next ? next + 1 : NULL;
    }
    fprintf(stderr, "clile: %s has no row for %s\n", file->path, image);
    return 0;
}

typedef struct {
    const predict_args *args;
    clile_options *options;
    clile_predictor *predictor;
    landmark_file landmarks;
    int32_t c, au_ids[MAX_AUS];
    json j;
} prediction;

static void print_head(prediction *p)
{
    if (p->args->json) {
        p->j.out = stdout;
        json_open(&p->j, NULL, '{');
        json_text(&p->j, "model", p->args->model);
        json_open(&p->j, "images", '[');
    } else if (p->args->csv) {
        printf("image");
        for (int32_t k = 0; k < p->c; ++k) printf(",AU%d", (int)p->au_ids[k]);
        for (int32_t k = 0; k < p->c; ++k) printf(",AU%d_present", (int)p->au_ids[k]);
        printf("\n");
    }
}

static void print_csv_name(const char *name)
{
    if (strpbrk(name, ",\"\n") == NULL) {
        fputs(name, stdout);
        return;
    }
    putchar('"');
    for (; *name; ++name) {
        if (*name == '"') putchar('"');
        putchar(*name);
    }
    putchar('"');
}

static void print_image(prediction *p, const char *image, const float *probability, const int8_t *present)
{
    if (p->args->json) {
        json_open(&p->j, NULL, '{');
        json_text(&p->j, "image", image);
        json_open(&p->j, "aus", '[');
        for (int32_t k = 0; k < p->c; ++k) {
            json_open(&p->j, NULL, '{');
            json_integer(&p->j, "au", p->au_ids[k]);
            json_real(&p->j, "probability", (double)probability[k]);
            json_integer(&p->j, "present", present[k]);
            json_close(&p->j, '}');
        }
        json_close(&p->j, ']');
        json_close(&p->j, '}');
    } else if (p->args->csv) {
        print_csv_name(image);
        for (int32_t k = 0; k < p->c; ++k) printf(",%.6f", (double)probability[k]);
        for (int32_t k = 0; k < p->c; ++k) printf(",%d", (int)present[k]);
        printf("\n");
    } else {
        printf("%s\n", image);
        for (int32_t k = 0; k < p->c; ++k)
            printf("  AU%-3d %.3f%s\n", (int)p->au_ids[k], (double)probability[k], present[k] ? "  present" : "");
    }
}

static int predict_image(prediction *p, const char *image)
{
    float xy[2 * MAX_POINTS], probability[MAX_AUS];
    int8_t present[MAX_AUS];
    int32_t h = 0, w = 0, points = 0;
    uint8_t *rgb = NULL;
    if (p->landmarks.text) {
        points = landmarks_find(&p->landmarks, image, xy);
        if (points == 0) return EXIT_FAILED;
    }
    if (clile_image_read(image, p->options, &h, &w, &rgb) != CLILE_OK) return failed(NULL);
    const clile_status status =
        points ? clile_predictor_run_landmarks(p->predictor, rgb, h, w, 0, points, xy, probability, present, NULL)
               : clile_predictor_run(p->predictor, 1, rgb, h, w, probability, present, NULL);
    clile_free(rgb);
    if (status != CLILE_OK) return failed(image);
    print_image(p, image, probability, present);
    return EXIT_FINE;
}

static int predict_all(prediction *p, const clile_model *model)
{
    int code = EXIT_FINE;
    p->c = clile_model_au_count(model);
    if (p->c > MAX_AUS || clile_model_copy_au_ids(model, p->au_ids) != CLILE_OK) return failed(NULL);
    if (clile_predictor_create(model, p->options, &p->predictor) != CLILE_OK) return failed(NULL);
    print_head(p);
    for (int i = 0; i < p->args->images.count && code == EXIT_FINE; ++i)
        code = predict_image(p, p->args->images.items[i]);
    if (code == EXIT_FINE && p->args->json) {
        json_close(&p->j, ']');
        json_close(&p->j, '}');
    }
    return code;
}

int run_predict(int argc, char **argv)
{
    predict_args a = {0};
    prediction p = {.args = &a};
    clile_model *model = NULL;
    const arg rows[] = {
        {"--model", ARG_TEXT, &a.model, "FILE", "trained model"},
        {"--landmarks", ARG_TEXT, &a.landmarks, "CSV",
         "rows of image (or frame number) and 5 or 68 x,y pairs; without, images are taken as crops of a face"},
        {"--set", ARG_LIST, &a.settings, "KEY=VALUE", "threads or max_pixels"},
        {"--json", ARG_FLAG, &a.json, NULL, "print JSON"},
        {"--csv", ARG_FLAG, &a.csv, NULL, "print CSV: probabilities, then 0/1 for each AU"},
    };
    const arg_spec spec = {"clile predict --model MODEL [--landmarks CSV] IMAGE...",
                           "Probability of each action unit in images of one face each, and whether it is present.",
                           rows, (int)(sizeof rows / sizeof rows[0]), &a.images};
    int code = args_parse(&spec, argc, argv);
    if (code != EXIT_FINE) goto cleanup;
    if (a.model == NULL || a.images.count == 0 || (a.json && a.csv)) {
        code = usage_error(&spec, a.model == NULL       ? "--model is missing"
                                  : a.images.count == 0 ? "no image is given"
                                                        : "--json or --csv, not both");
        goto cleanup;
    }
    if (clile_options_create(&p.options) != CLILE_OK) {
        code = failed(NULL);
        goto cleanup;
    }
    code = options_apply(p.options, &spec, &a.settings);
    if (code == EXIT_FINE && a.landmarks) code = landmarks_open(a.landmarks, &p.landmarks);
    if (code == EXIT_FINE) code = clile_model_load(a.model, &model) == CLILE_OK ? predict_all(&p, model) : failed(NULL);
cleanup:
    clile_predictor_destroy(p.predictor);
    clile_model_destroy(model);
    clile_options_destroy(p.options);
    free(p.landmarks.text);
    text_list_free(&a.images);
    text_list_free(&a.settings);
    return code == ARGS_HELP ? EXIT_FINE : code;
}
