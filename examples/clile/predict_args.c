/* Which arguments of `clile predict` fit together. */
#include "predict_args.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), least = strlen(end);
    return length > least && strcmp(text + length - least, end) == 0;
}

/* "640x480" */
static int parse_size(const char *text, int32_t *w, int32_t *h)
{
    char *end = NULL;
    const long width = strtol(text, &end, 10);
    if (end == text || *end != 'x') return 0;
    const char *second = end + 1;
    const long height = strtol(second, &end, 10);
    if (end == second || *end != '\0' || width < 1 || width > 65535 || height < 1 || height > 65535)
        return 0;
    *w = (int32_t)width;
    *h = (int32_t)height;
    return 1;
}

/* "25", "29.97" or "30000/1001" */
int predict_parse_fps(const char *text, double *fps)
{
    char *end = NULL;
    double below = 1.0;
    *fps = strtod(text, &end);
    if (end == text) return 0;
    if (*end == '/') {
        const char *second = end + 1;
        below = strtod(second, &end);
        if (end == second) return 0;
    }
    *fps /= below;
    return *end == '\0' && below > 0.0 && *fps > 0.0 && *fps <= 1e6;
}

/* "x,y,w,h" in pixels. */
int predict_parse_box(const char *text, face *out)
{
    *out = (face){.has_box = 1};
    for (int k = 0; k < 4; ++k) {
        char *end = NULL;
        out->box[k] = strtof(text, &end);
        if (end == text || !isfinite(out->box[k]) || *end != (k < 3 ? ',' : '\0')) return 0;
        text = end + 1;
    }
    return out->box[2] > 0.0f && out->box[3] > 0.0f;
}

/* "-" is one image, which something must send. */
static int check_input(const arg_spec *spec, const predict_args *a)
{
    int count = 0;
    for (int i = 0; i < a->inputs.count; ++i) count += strcmp(a->inputs.items[i], "-") == 0;
    if (count > 1)
        return usage_error(spec, "\"-\" (standard input) is one image, but was given %d times",
                           count);
    if (count == 1 && isatty(STDIN_FILENO))
        return usage_error(spec,
                           "\"-\" reads an image from standard input, but that is a terminal");
    return EXIT_FINE;
}

int predict_check_usage(const arg_spec *spec, const predict_args *a, int32_t *w, int32_t *h)
{
    struct stat info;
    if (a->raw && !parse_size(a->raw, w, h))
        return usage_error(spec, "--raw takes WxH, each from 1 to 65535, found \"%s\"", a->raw);
    if (a->raw && a->inputs.count > 0)
        return usage_error(spec, "--raw reads standard input and takes no images");
    if (a->raw && isatty(STDIN_FILENO))
        return usage_error(spec, "--raw reads frames from standard input, but that is a terminal");
    if (a->camera && (a->video || a->inputs.count > 0))
        return usage_error(spec, "--camera takes no file beside it");
    if (a->video && a->inputs.count != 1)
        return usage_error(spec, "--video takes one film, found %d", a->inputs.count);
    if ((a->camera || a->video) && (a->raw || a->faces || a->boxes.count > 0 || a->crop || a->fps ||
                                    (a->finder && strcmp(a->finder, "none") == 0)))
        return usage_error(spec, "--video and --camera find the faces and know the time: they "
                                 "cannot be combined with --raw, --faces, --box, --crop, --fps or "
                                 "--finder none");
    if (!a->raw && !a->camera && a->inputs.count == 0)
        return usage_error(spec, "no image was given");
    if (a->crop && (a->faces || a->boxes.count > 0))
        return usage_error(spec, "--crop says that each image is one face, so it cannot be "
                                 "combined with --faces or --box");
    if (a->finder && (a->crop || a->faces || a->boxes.count > 0))
        return usage_error(spec, "--finder cannot be combined with --faces, --box or --crop");
    if (a->points && (a->crop || a->faces || a->boxes.count > 0 ||
                      (a->finder && strcmp(a->finder, "none") == 0)))
        return usage_error(spec, "--points writes the points of faces that a finder finds: it "
                                 "cannot be combined with --faces, --box, --crop or --finder none");
    if (a->json && a->csv) return usage_error(spec, "--json and --csv cannot be combined");
    if (a->format && (a->json || a->csv))
        return usage_error(spec, "--format cannot be combined with --csv or --json");
    if (a->format && answers_form(a->format) == FORMS)
        return usage_error(spec, "--format takes %s, found \"%s\"", answers_form_names(),
                           a->format);
    if (a->own_neutral && a->format && !answers_form_has_neutral(answers_form(a->format)))
        return usage_error(spec,
                           "--format %s has no columns for --own-neutral; csv, json and tidy have",
                           a->format);
    if (a->margin > 400)
        return usage_error(spec, "--margin takes 0 to 400 percent, found %lld",
                           (long long)a->margin);
    if (a->draw && !a->camera &&
        (a->raw || a->inputs.count != 1 ||
         (stat(a->inputs.items[0], &info) == 0 && S_ISDIR(info.st_mode))))
        return usage_error(spec, "--draw takes one image or video");
    if (a->course.events_format && !a->course.events)
        return usage_error(spec, "--events-format needs --events FILE");
    if (a->course.events_format && !course_knows_format(a->course.events_format))
        return usage_error(spec, "--events-format takes " EVENT_FORMATS ", found \"%s\"",
                           a->course.events_format);
    if (a->course.timeline && !ends_with(a->course.timeline, ".svg") &&
        !ends_with(a->course.timeline, ".html"))
        return usage_error(spec, "--timeline takes FILE.svg or FILE.html, found \"%s\"",
                           a->course.timeline);
    if (a->course.without_faces && !a->course.timeline)
        return usage_error(spec, "--without-faces needs --timeline FILE");
    if (a->course.without_faces && a->draw)
        return usage_error(spec, "--draw draws faces and cannot be combined with --without-faces");
    return check_input(spec, a);
}

/* Events and a timeline need times, and more than one of them. */
int predict_check_course(const arg_spec *spec, const predict_args *a, int film)
{
    struct stat info;
    const char *name = a->course.events ? "--events" : "--timeline";
    if (film && a->draw && !ends_with(a->draw, ".png"))
        return usage_error(
            spec, "--draw writes the peaks of a video as a PNG file, FILE.png, found \"%s\"",
            a->draw);
    if (film && a->draw && a->own_neutral)
        return usage_error(spec, "--draw of a video cannot be combined with --own-neutral, "
                                 "which is known when the frames are gone");
    if (film || (!a->course.events && !a->course.timeline)) return EXIT_FINE;
    if (!a->fps)
        return usage_error(spec, "%s needs times: a video, a camera, or --fps for images or --raw",
                           name);
    if (!a->raw && a->inputs.count == 1 &&
        (stat(a->inputs.items[0], &info) != 0 || !S_ISDIR(info.st_mode)))
        return usage_error(
            spec, "%s needs more than one image: a folder, several images, or a video", name);
    return EXIT_FINE;
}
