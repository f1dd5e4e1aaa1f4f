/* clile predict: reads action units from images, folders of images, or raw frames on standard
 * input; films and cameras are in film.c. Holds one image at a time. */
#include "prediction.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_BYTES = 1 << 30 }; /* of an image on standard input */

/* Reads all of standard input: bytes to free(), or NULL with a message. */
static uint8_t *read_input(size_t *size)
{
    uint8_t *bytes = NULL;
    size_t capacity = 0, got = 0;
    *size = 0;
    do {
        if (*size == capacity) {
            capacity = capacity == 0 ? 65536 : 2 * capacity;
            uint8_t *larger = capacity <= MOST_BYTES ? realloc(bytes, capacity) : NULL;
            if (larger == NULL) {
                fprintf(
                    stderr,
                    "clile: standard input: out of memory for an image of more than %zu bytes\n",
                    *size);
                free(bytes);
                return NULL;
            }
            bytes = larger;
        }
        got = fread(bytes + *size, 1, capacity - *size, stdin);
        *size += got;
    } while (got > 0);
    if (!ferror(stdin)) return bytes;
    fprintf(stderr, "clile: standard input could not be read: %s\n", strerror(errno));
    free(bytes);
    return NULL;
}

/* Reads an image file; "-" is standard input. */
static int predict_image(prediction *p, const char *path)
{
    int32_t h = 0, w = 0;
    uint8_t *rgb = NULL, *bytes = NULL;
    size_t size = 0;
    clile_status status;
    int code = EXIT_FINE;
    if (strcmp(path, "-") == 0) {
        bytes = read_input(&size);
        if (bytes == NULL) return EXIT_FAILED;
        status = clile_image_decode(bytes, size, p->options, &h, &w, &rgb);
        free(bytes);
    } else {
        status = clile_image_read(path, p->options, &h, &w, &rgb);
    }
    if (status != CLILE_OK) {
        print_failed_call(p, path, 1, bytes == NULL && strstr(clile_last_error(), path) != NULL);
        return EXIT_FINE; /* continue with the next image; the exit code follows from the count */
    }
    predict_pixels(p, path, rgb, h, w);
    if (p->drawing && p->drawn > 0)
        code = draw_answer(p->args->draw, h, w, rgb, p->out.c, p->out.au_ids, p->drawn, p->drawing);
    clile_free(rgb);
    return code;
}

static int predict_file(prediction *p, const char *path)
{
    if (p->expecting)
        return clile_face_file_expect(p->faces, path) == CLILE_OK ? EXIT_FINE : failed(NULL);
    ++p->frame;
    if (!share_takes(&p->share, p->frame)) return EXIT_FINE;
    const int code = predict_image(p, path);
    share_took(&p->share, p->frame);
    if (p->all > 1) progress_count("predicting", p->frame, p->all, p->began);
    return code;
}

/* ---- folders ---- */

static int is_folder(const char *path)
{
    struct stat info;
    return strcmp(path, "-") != 0 && stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* A clile_path_fn. */
static int32_t predict_found(const char *path, void *user)
{
    return ferror(stdout) || predict_file(user, path) != EXIT_FINE;
}

/* A file, or the images of a folder. */
static int predict_input(prediction *p, const char *path)
{
    if (ferror(stdout)) return EXIT_FAILED; /* nobody reads the rest */
    if (!is_folder(path)) return predict_file(p, path);
    const clile_status status = clile_image_walk(path, predict_found, p);
    if (status == CLILE_E_CANCELLED) return EXIT_FAILED; /* the reason has been printed */
    return status == CLILE_OK ? EXIT_FINE : failed(NULL);
}

/* A clile_path_fn. */
static int32_t count_found(const char *path, void *user)
{
    (void)path;
    ++*(int64_t *)user;
    return 0;
}

static int64_t count_inputs(const prediction *p)
{
    const text_list *inputs = &p->args->inputs;
    int64_t count = 0;
    for (int i = 0; i < inputs->count; ++i)
        if (!is_folder(inputs->items[i]))
            ++count;
        else if (clile_image_walk(inputs->items[i], count_found, &count) != CLILE_OK)
            continue; /* reading it says why */
    return count;
}

/* Progress, unless nobody wants it or it would run into the rows on a terminal. */
static void begin_progress(prediction *p)
{
    p->began = now_seconds();
    if (!p->args->quiet && !isatty(STDOUT_FILENO) && ranks_is_first()) p->all = count_inputs(p);
}

/* ---- raw frames ---- */

/* The size of a file says at once whether it holds whole frames; a pipe must be read to its end. */
static int check_raw_file(const prediction *p, size_t frame)
{
    struct stat info;
    const off_t at = ftello(stdin);
    if (at < 0 || fstat(STDIN_FILENO, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size <= at)
        return EXIT_FINE;
    const unsigned long long bytes = (unsigned long long)(info.st_size - at);
    if (bytes % frame == 0) return EXIT_FINE;
    fprintf(stderr,
            "clile: standard input has %llu bytes, not a whole number of frames of %s (%zu bytes "
            "each)\n",
            bytes, p->args->raw, frame);
    return EXIT_FAILED;
}

static int predict_raw(prediction *p, int32_t w, int32_t h)
{
    const size_t size = (size_t)h * (size_t)w * 3;
    uint8_t *rgb = malloc(size);
    char message[MESSAGE_SIZE];
    size_t got = 0;
    int code = EXIT_FINE;
    if (rgb == NULL) {
        fprintf(stderr, "clile: no memory for a frame of %d x %d pixels\n", (int)w, (int)h);
        return EXIT_FAILED;
    }
    if (check_raw_file(p, size) != EXIT_FINE) {
        free(rgb);
        return EXIT_FAILED;
    }
    while (!ferror(stdout) && (got = fread(rgb, 1, size, stdin)) == size) {
        ++p->frame;
        predict_pixels(p, NULL, rgb, h, w);
        fflush(stdout); /* so that a live reader gets each row at once */
    }
    if (ferror(stdin)) {
        fprintf(stderr, "clile: standard input could not be read: %s\n", strerror(errno));
        code = EXIT_FAILED;
    } else if (got > 0 && got < size) {
        ++p->frame;
        snprintf(message, sizeof message,
                 "frame %lld is incomplete: expected %zu bytes (%d x %d x 3), found %zu; if frames "
                 "have another size, all answers are wrong",
                 (long long)p->frame, size, (int)w, (int)h, got);
        print_failure(p, NULL, 1, message);
    }
    free(rgb);
    return code;
}

/* ---- the command ---- */

static int predict_inputs(prediction *p)
{
    int code = EXIT_FINE;
    for (int i = 0; i < p->args->inputs.count && code == EXIT_FINE; ++i)
        code = predict_input(p, p->args->inputs.items[i]);
    return code;
}

clile_status finder_open(const char *name, const clile_options *options, clile_finder **out)
{
    return name ? clile_finder_create_by_name(name, options, out)
                : clile_finder_create_default(options, out);
}

/* The warnings about crops and boxes that do not fit the model; NULL if they do. */
static int ask_misfits(prediction *p, const clile_model *model, const char **crop, const char **box)
{
    clile_predictor *predictor = NULL;
    if (clile_predictor_create(model, p->options, &predictor) != CLILE_OK) return failed(p->model);
    *crop = clile_predictor_get_misfit(predictor, CLILE_FACE_CROP);
    *box = clile_predictor_get_misfit(predictor, CLILE_FACE_BOX);
    clile_predictor_destroy(predictor);
    return EXIT_FINE;
}

/* Sets p->reader if a finder is to be used: the one named by --finder or, if nothing says where the
 * faces are and the model was trained on aligned faces, the installed one. */
static int make_reader(prediction *p, const clile_model *model)
{
    const predict_args *a = p->args;
    const int is_default = a->model == NULL || strcmp(a->model, "default") == 0;
    const char *crop = NULL, *box = NULL;
    clile_finder *finder = NULL;
    clile_status status = CLILE_OK;
    if (a->faces || a->boxes.count > 0 || a->crop) return EXIT_FINE;
    if (a->finder && strcmp(a->finder, "none") == 0) return EXIT_FINE;
    if (ask_misfits(p, model, &crop, &box) != EXIT_FINE) return EXIT_FAILED;
    if (a->finder == NULL && crop == NULL && !is_default) return EXIT_FINE; /* it knows crops */
    status = finder_open(a->finder, p->options, &finder);
    p->finder_missing = status == CLILE_E_UNSUPPORTED && a->finder == NULL && !is_default;
    if (p->finder_missing) return EXIT_FINE; /* the first face's warning says so */
    if (status == CLILE_OK) status = clile_reader_create(model, finder, p->options, &p->reader);
    clile_finder_destroy(finder);
    if (status != CLILE_OK) return failed(NULL);
    p->box_misfit = box;
    p->out.with_faces = p->out.with_boxes = 1;
    return EXIT_FINE;
}

/* ---- films and cameras ---- */

static int predict_video(prediction *p, const clile_model *model)
{
    const predict_args *a = p->args;
    const char *crop = NULL, *box = NULL;
    clile_finder *finder = NULL;
    if (ask_misfits(p, model, &crop, &box) != EXIT_FINE) return EXIT_FAILED;
    if (finder_open(a->finder, p->options, &finder) != CLILE_OK) return failed(NULL);
    const film_source source = {a->camera ? a->camera : a->inputs.items[0], a->camera != NULL,
                                p->model, box};
    const int code = predict_film(&source, model, finder, p->options, &p->out);
    clile_finder_destroy(finder);
    return code;
}

/* Is the one input a film, if nothing says that it is something else? */
static int holds_film(prediction *p)
{
    struct stat info;
    const predict_args *a = p->args;
    if (a->camera || a->video) return 1;
    return !a->raw && !a->faces && !a->crop && a->boxes.count == 0 && !a->fps &&
           !(a->finder && strcmp(a->finder, "none") == 0) && a->inputs.count == 1 &&
           strcmp(a->inputs.items[0], "-") != 0 && stat(a->inputs.items[0], &info) == 0 &&
           S_ISREG(info.st_mode) && is_film(a->inputs.items[0], p->options, p->not_a_film);
}

/* ---- what follows from all rows ---- */

static int open_course(prediction *p, int film)
{
    const predict_args *a = p->args;
    course_request *request = &p->request;
    if (!ranks_is_first()) return EXIT_FINE;
    *request = a->course;
    request->sheet = film ? a->draw : NULL;
    if (!request->events && !request->timeline && !request->sheet) return EXIT_FINE;
    const char *title = a->camera             ? a->camera
                        : a->inputs.count > 0 ? a->inputs.items[0]
                                              : "standard input";
    p->out.course = &p->course;
    return course_open(&p->course, request, title, film, p->out.c, p->out.au_ids, p->options);
}

static int open_points(prediction *p, int film)
{
    const predict_args *a = p->args;
    if (a->points == NULL || !ranks_is_first()) return EXIT_FINE;
    p->out.points = &p->points;
    return points_open(&p->points, a->points, film || a->raw ? POINTS_OF_FRAMES : POINTS_OF_IMAGES);
}

/* ---- several ranks ---- */

/* Why only one rank can read this; NULL: the images can be shared. */
static const char *why_alone(const predict_args *a, int film)
{
    if (film) return a->camera ? "a camera" : "a video";
    if (a->raw) return "standard input";
    for (int i = 0; i < a->inputs.count; ++i)
        if (strcmp(a->inputs.items[i], "-") == 0) return "standard input";
    /* its pictures are cut from images that other ranks would have read */
    return a->course.timeline && !a->course.without_faces ? "a timeline with faces" : NULL;
}

/* 1: this rank has nothing to do. */
static int leave_to_first(prediction *p, int film)
{
    const char *why = ranks_count() > 1 ? why_alone(p->args, film) : NULL;
    if (why == NULL) return 0;
    p->alone = 0;
    if (!ranks_is_first()) return 1;
    fprintf(stderr, "clile: %s is the work of one process: rank 0 of %d does it, the others wait\n",
            why, (int)ranks_count());
    return 0;
}

/* Rank 0 prints what all ranks have read. EXIT_FAILED with a message. */
static int print_shared(prediction *p)
{
    for (int32_t kind = 0; kind <= CLILE_FACE_POINTS; ++kind)
        if (ranks_any(p->misfits[kind]) && ranks_is_first())
            warn_of_misfit(
                p, p->reader ? p->box_misfit : clile_predictor_get_misfit(p->predictor, kind),
                kind);
    const int code = share_print(&p->share, &p->out);
    if (code == EXIT_FINE) p->alone = 0;
    return code;
}

static int predict_rows(prediction *p, const clile_model *model, int32_t w, int32_t h);

static int predict_all(prediction *p, const clile_model *model, int32_t w, int32_t h)
{
    int code = EXIT_FINE;
    const predict_args *a = p->args;
    p->out.c = clile_model_au_count(model);
    if (p->out.c > MAX_AUS || clile_model_copy_au_ids(model, p->out.au_ids) != CLILE_OK)
        return failed(NULL);
    if (answers_expect_intensity(&p->out, model) != EXIT_FINE) return EXIT_FAILED;
    if (a->margin >= 0 && clile_options_set_f64(p->options, CLILE_OPT_BOX_MARGIN,
                                                (double)a->margin / 100.0) != CLILE_OK)
        return failed(NULL);
    if (a->own_neutral && clile_neutral_create(model, &p->out.neutral) != CLILE_OK)
        return failed(NULL);
    p->out.running = a->camera != NULL;
    if (a->own_neutral && !p->out.running && (p->out.kept = tmpfile()) == NULL) {
        fprintf(stderr, "clile: no file for rows, which --own-neutral keeps to the end: %s\n",
                strerror(errno));
        return EXIT_FAILED;
    }
    const int film = holds_film(p);
    if ((code = predict_check_course(p->spec, p->args, film)) != EXIT_FINE) return code;
    if (leave_to_first(p, film)) return EXIT_FINE;
    if ((code = open_course(p, film)) != EXIT_FINE) return code;
    if ((code = open_points(p, film)) != EXIT_FINE) return code;
    code = film ? predict_video(p, model) : predict_rows(p, model, w, h);
    /* of a film that ends too early, what was read is kept, as rows are */
    if (p->out.course && !ferror(stdout) && p->out.rows > 0 &&
        course_close(&p->course) != EXIT_FINE)
        code = EXIT_FAILED;
    if (p->out.points && !ferror(stdout) && p->out.rows > 0 &&
        (p->out.without_points || output_commit(&p->points.file) != EXIT_FINE))
        code = EXIT_FAILED;
    return code;
}

/* All but films. */
static int predict_rows(prediction *p, const clile_model *model, int32_t w, int32_t h)
{
    int code = EXIT_FINE;
    const predict_args *a = p->args;
    if ((code = make_reader(p, model)) != EXIT_FINE) return code;
    if (a->points && p->reader == NULL) {
        fprintf(stderr, "clile: --points: no finder is asked for faces, since %s; give --finder\n",
                p->finder_missing ? "none is installed"
                                  : "the model was trained on images that were not aligned");
        return EXIT_FAILED;
    }
    if (p->reader == NULL && clile_predictor_create(model, p->options, &p->predictor) != CLILE_OK)
        return failed(p->model);
    if (a->draw && (p->drawing = calloc(MAX_DRAWN, sizeof *p->drawing)) == NULL) {
        fprintf(stderr, "clile: out of memory\n");
        return EXIT_FAILED;
    }
    if (p->faces) { /* a row that fits two images must be an error, so announce all first */
        p->expecting = 1;
        code = predict_inputs(p);
        p->expecting = 0;
        if (code != EXIT_FINE) return code;
    }
    if (p->alone && ranks_count() > 1) code = share_open(&p->share, count_inputs(p), &p->out);
    if (code != EXIT_FINE) return code;
    begin_progress(p);
    if (p->share.rows == NULL) answers_begin(&p->out);
    if (a->raw) code = predict_raw(p, w, h);
    if (code == EXIT_FINE) code = predict_inputs(p);
    if (p->share.rows != NULL && code == EXIT_FINE) code = print_shared(p);
    if (p->alone || !ranks_is_first()) return code;
    if (answers_print_kept(&p->out) != EXIT_FINE) code = EXIT_FAILED;
    if (answers_end(&p->out) != EXIT_FINE) code = EXIT_FAILED;
    if (code != EXIT_FINE && p->not_a_film[0] != '\0')
        fprintf(stderr, "clile: if it is a video: %s\n", p->not_a_film);
    if (code == EXIT_FINE && p->out.rows == 0) {
        fprintf(stderr, "clile: %s\n",
                a->raw ? "found no frame on standard input" : "found no image in these folders");
        code = EXIT_FAILED;
    }
    return code;
}

static int read_boxes(const arg_spec *spec, prediction *p)
{
    const text_list *boxes = &p->args->boxes;
    p->boxes = calloc((size_t)boxes->count + 1, sizeof *p->boxes);
    if (p->boxes == NULL) return usage_error(spec, "out of memory");
    for (int i = 0; i < boxes->count; ++i)
        if (!predict_parse_box(boxes->items[i], &p->boxes[i]))
            return usage_error(spec, "--box takes x,y,w,h in pixels, w and h above 0, found \"%s\"",
                               boxes->items[i]);
    if (boxes->count > 0 && p->args->faces)
        return usage_error(spec, "--box and --faces cannot be combined");
    return EXIT_FINE;
}

int run_predict(int argc, char **argv)
{
    predict_args a = {.margin = -1};
    prediction p = {.args = &a, .alone = 1};
    clile_model *model = NULL;
    int32_t w = 0, h = 0;
    const arg rows[] = {
        {"--model", ARG_TEXT, &a.model, "FILE",
         "trained model (default, or without this: the one that comes with libclile)"},
        {"--raw", ARG_TEXT, &a.raw, "WxH",
         "read RGB frames of this size from standard input, three bytes per pixel"},
        {"--video", ARG_FLAG, &a.video, NULL,
         "the file, or what comes through \"-\", is a video; without, a file is looked at"},
        {"--camera", ARG_TEXT, &a.camera, "N",
         "read camera N (0: /dev/video0) or a device; on a terminal, a table that is drawn anew"},
        {"--faces", ARG_TEXT, &a.faces, "CSV",
         "file of faces: image or frame number, then a box, or 5 or 68 landmarks"},
        {"--landmarks", ARG_TEXT, &a.faces, "CSV", "the same as --faces"},
        {"--crop", ARG_FLAG, &a.crop, NULL,
         "each image is one face, cropped as the model's training images were"},
        {"--box", ARG_LIST, &a.boxes, "X,Y,W,H",
         "a face in each image: left, top, width, height in pixels; may be repeated"},
        {"--finder", ARG_TEXT, &a.finder, "NAME",
         "finder of faces: dlib, or none (default: the installed one if the model was trained on "
         "aligned faces)"},
        {"--margin", ARG_NUMBER, &a.margin, "PERCENT",
         "margin around a box, in percent of its longer side (22)"},
        {"--fps", ARG_TEXT, &a.fps, "F",
         "frames per second (25, 30000/1001), for the column time: (frame - 1) / F"},
        {"--own-neutral", ARG_FLAG, &a.own_neutral, NULL,
         "also AU01_np, AU01_nc, ...: beside the person's own neutral, estimated over the video, "
         "or over the largest faces of the images, which are one person's"},
        {"--csv", ARG_FLAG, &a.csv, NULL,
         "print CSV: frame,image,success,AU01_p,AU01_c,... (probability, 0/1); AU01_r (intensity, "
         "0 to 5) "
         "too if the model knows it"},
        {"--json", ARG_FLAG, &a.json, NULL, "print one line of JSON per face, with the same names"},
        {"--format", ARG_TEXT, &a.format, "NAME",
         "table (default), csv, json, tidy (a row an AU), pyfeat (Py-Feat's Fex), openface (AU01_r "
         "is 5 times the probability if the model knows no intensities); docs/formats.md"},
        {"--draw", ARG_TEXT, &a.draw, "FILE",
         "write the image as PNG with a bar for each AU (one image, at most 16 faces); of a video, "
         "the faces at the peaks"},
        {"--points", ARG_TEXT, &a.points, "FILE",
         "write box and 68 points of each face that was found as CSV, which --faces reads"},
        {"--events", ARG_TEXT, &a.course.events, "FILE",
         "write onset, apex and offset of each AU and person of a video, or of images with --fps"},
        {"--events-format", ARG_TEXT, &a.course.events_format, "NAME",
         "csv (default), elan (tab-delimited annotations) or boris"},
        {"--timeline", ARG_TEXT, &a.course.timeline, "FILE",
         "write the AUs over time as a figure or a page: FILE.svg or FILE.html"},
        {"--without-faces", ARG_FLAG, &a.course.without_faces, NULL,
         "no pictures of faces in the timeline"},
        {"--quiet", ARG_FLAG, &a.quiet, NULL, "no progress"},
        {"--set", ARG_LIST, &a.settings, "KEY=VALUE",
         "set threads, max_pixels, box_margin, smallest_face, find_every, keep_lost, mirror, "
         "precision, points_model, predict_batch, event_enter, event_leave, event_length or "
         "event_gap; may be repeated"},
    };
    const arg_spec spec = {
        "clile predict [--model MODEL] [--faces CSV | --box X,Y,W,H ... | --crop] "
        "IMAGE|FOLDER|-...\n"
        "       clile predict [--model MODEL] VIDEO | --video - | --camera N\n"
        "       ffmpeg -i VIDEO -f rawvideo -pix_fmt rgb24 - | clile predict --model MODEL --raw "
        "640x480",
        "Prints the probability of each action unit, and whether it is present, for each face. "
        "Faces that a finder found\ncome largest first, with their boxes (x, y, w, h). An image "
        "that cannot be read, or has no face, gets a row with\nsuccess 0 and a message at the end, "
        "and the exit status is 1. Folders are read with their subfolders, numbers in\nnames "
        "compared as numbers: frame_2 before frame_10. The column frame counts images, or raw "
        "frames, from 1. With\n--raw or --fps there is a column time in seconds, empty without "
        "--fps. \"-\" is one image on standard input. In JSON,\nbytes of a name that are not UTF-8 "
        "become U+FFFD.\n"
        "A video has a row for each face of a frame, as it comes: frame, time, the person's "
        "number, which stays, found (1: the\nfinder saw the face, 0: it was followed), the AUs "
        "and the box; a frame without a face has success 0. What cannot be\ndecoded is left out "
        "and counted at the end.",
        rows, (int)(sizeof rows / sizeof rows[0]), &a.inputs};
    p.spec = &spec;
    int code = args_parse(&spec, argc, argv);
    if (code == EXIT_FINE) code = predict_check_usage(&spec, &a, &w, &h);
    if (a.course.events && !a.course.events_format) a.course.events_format = "csv";
    if (code == EXIT_FINE && a.fps && !predict_parse_fps(a.fps, &p.fps))
        code = usage_error(
            &spec, "--fps takes frames per second, such as 25 or 30000/1001, found \"%s\"", a.fps);
    if (code == EXIT_FINE) code = read_boxes(&spec, &p);
    if (code == EXIT_FINE) code = ranks_open();
    if (code == EXIT_FINE) code = ranks_compare(argc, argv);
    if (code != EXIT_FINE) goto cleanup;
    p.alone = ranks_count() > 1;
    if (clile_options_create(&p.options) != CLILE_OK) {
        code = failed(NULL);
        goto cleanup;
    }
    code = options_apply(p.options, &spec, &a.settings);
    if (code == EXIT_FINE && a.faces &&
        clile_face_file_open(a.faces, p.options, &p.faces) != CLILE_OK)
        code = failed(NULL);
    if (code != EXIT_FINE) goto cleanup;
    p.out.form = a.format ? answers_form(a.format)
                 : a.csv  ? FORM_CSV
                 : a.json ? FORM_JSON
                          : FORM_TABLE;
    p.out.with_faces = a.faces != NULL || a.boxes.count > 0;
    p.out.with_time = a.raw != NULL || a.fps != NULL;
    p.model = model_file(a.model);
    if (p.model == NULL)
        code = EXIT_FAILED;
    else
        code = clile_model_load(p.model, &model) == CLILE_OK ? predict_all(&p, model, w, h)
                                                             : failed(NULL);
cleanup:
    share_close(&p.share);
    free(p.drawing);
    free(p.boxes);
    if (p.out.kept) fclose(p.out.kept);
    free(p.out.embedding);
    clile_neutral_destroy(p.out.neutral);
    course_free(&p.course);
    output_abort(&p.points.file);
    clile_predictor_destroy(p.predictor);
    clile_reader_destroy(p.reader);
    clile_model_destroy(model);
    clile_options_destroy(p.options);
    clile_face_file_destroy(p.faces);
    text_list_free(&a.inputs);
    text_list_free(&a.settings);
    text_list_free(&a.boxes);
    ranks_close(code != EXIT_FINE && p.alone, code);
    return code == ARGS_HELP ? EXIT_FINE : code;
}
