/* Files of points: a row for each face, as the option faces and `clile predict --faces` read them
 * (docs/data.md). `clile data --points` finds the face of each image of a data set. */
#include "points.h"

#include <stdlib.h>
#include <string.h>

/* ---- the file, also of `clile predict --points` ---- */

int points_open(points_file *p, const char *path, points_of of)
{
    *p = (points_file){.of = of};
    if (output_open(&p->file, path) != EXIT_FINE) return EXIT_FAILED;
    fprintf(p->file.file, "%ssuccess,x,y,w,h",
            of == POINTS_OF_IMAGES ? "image,face," : "frame,person,");
    for (int k = 0; k < MAX_POINTS; ++k) fprintf(p->file.file, ",x%d,y%d", k, k);
    fprintf(p->file.file, "\n");
    return EXIT_FINE;
}

int points_add(points_file *p, const points_row *row)
{
    FILE *out = p->file.file;
    if (row->points != 0 && row->points != MAX_POINTS) {
        fprintf(stderr, "clile: %s: the finder gives %d points, a file of points has %d\n",
                p->file.path, (int)row->points, (int)MAX_POINTS);
        return EXIT_FAILED;
    }
    if (p->of == POINTS_OF_IMAGES)
        csv_text(out, row->image);
    else
        fprintf(out, "%lld", (long long)row->frame);
    fprintf(out, ",%lld,%d", (long long)row->number, row->box != NULL);
    for (int k = 0; k < 4; ++k)
        if (row->box)
            fprintf(out, ",%.2f", (double)row->box[k]);
        else
            fprintf(out, ",");
    for (int k = 0; k < 2 * MAX_POINTS; ++k)
        if (row->points > 0)
            fprintf(out, ",%.2f", (double)row->xy[k]);
        else
            fprintf(out, ",");
    fprintf(out, "\n");
    return EXIT_FINE;
}

/* ---- of a data set ---- */

typedef struct {
    const clile_dataset *data;
    clile_reader *reader;
    points_file file;
    points_summary *summary;
} search;

static void without(search *s, const char *message)
{
    if (s->summary->without++ < POINTS_SHOWN) fprintf(stderr, "clile: %s\n", message);
}

/* The first face is the largest. An image that cannot be read has no row. */
static int find_face(search *s, int64_t index)
{
    const char *name = clile_dataset_get_image_name(s->data, index);
    uint8_t *rgb = NULL;
    int64_t count = 0;
    int32_t h = 0, w = 0;
    char message[MESSAGE_SIZE];
    clile_found_face found = {.struct_size = sizeof found};
    points_row row = {.image = name, .number = 1};
    clile_status status = clile_dataset_read_image(s->data, index, &h, &w, &rgb);
    if (status == CLILE_E_UNSUPPORTED || status == CLILE_E_OUT_OF_MEMORY) return failed(NULL);
    const clile_image image = {sizeof image, CLILE_PIXELS_RGB, h, w, 0, rgb};
    if (status == CLILE_OK) status = clile_reader_read_image(s->reader, &image, &count);
    clile_free(rgb);
    if (status == CLILE_OK && count > 0)
        status = clile_reader_get(s->reader, 0, &found, NULL, NULL, NULL);
    ++s->summary->images;
    if (status != CLILE_OK) {
        snprintf(message, sizeof message, "%s: %s", name, clile_last_error());
        without(s, message);
        ++s->summary->unreadable;
        return EXIT_FINE;
    }
    if (count > 0) {
        row.box = found.box;
        row.points = found.points;
        row.xy = found.xy;
        ++s->summary->faces;
        if (row.points > 0) ++s->summary->pointed;
    } else {
        snprintf(message, sizeof message, "%s: no face was found", name);
        without(s, message);
    }
    return points_add(&s->file, &row);
}

typedef struct {
    const char *name;
    int64_t index;
} named;

static int compare_names(const void *a, const void *b)
{
    const named *x = a, *y = b;
    const int order = strcmp(x->name, y->name);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

static int compare_indices(const void *a, const void *b)
{
    const named *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

/* Each image once, in the order of the data; free() it. NULL if out of memory. */
static named *images_of(const clile_dataset *data, int64_t *count)
{
    const int64_t n = clile_dataset_size(data);
    named *all = malloc((size_t)n * sizeof *all);
    if (all == NULL) return NULL;
    for (int64_t i = 0; i < n; ++i) all[i] = (named){clile_dataset_get_image_name(data, i), i};
    qsort(all, (size_t)n, sizeof *all, compare_names);
    *count = 0;
    for (int64_t i = 0; i < n; ++i)
        if (i == 0 || strcmp(all[i].name, all[i - 1].name) != 0) all[(*count)++] = all[i];
    qsort(all, (size_t)*count, sizeof *all, compare_indices);
    return all;
}

static int make_reader(const points_request *r, const clile_options *options, clile_reader **out)
{
    clile_model *model = NULL;
    clile_finder *finder = NULL;
    const char *path = model_file(NULL);
    if (path == NULL) return EXIT_FAILED;
    clile_status status = clile_model_load(path, &model);
    if (status == CLILE_OK) status = finder_open(r->finder, options, &finder);
    if (status == CLILE_OK) status = clile_reader_create(model, finder, options, out);
    clile_finder_destroy(finder);
    clile_model_destroy(model);
    return status == CLILE_OK ? EXIT_FINE : failed(NULL);
}

int points_find(const clile_dataset *data, const points_request *r, const clile_options *options,
                points_summary *summary)
{
    search s = {.data = data, .summary = summary};
    named *images = NULL;
    int64_t count = 0;
    int code = EXIT_FINE;
    *summary = (points_summary){0};
    if ((code = make_reader(r, options, &s.reader)) != EXIT_FINE) return code;
    if ((images = images_of(data, &count)) == NULL) code = out_of_memory();
    if (code == EXIT_FINE) code = points_open(&s.file, r->path, POINTS_OF_IMAGES);
    const double begin = now_seconds();
    for (int64_t i = 0; i < count && code == EXIT_FINE; ++i) {
        code = find_face(&s, images[i].index);
        progress_count("finding faces", i + 1, count, begin);
    }
    if (summary->without > POINTS_SHOWN)
        fprintf(stderr, "clile: and %lld more images without a face\n",
                (long long)(summary->without - POINTS_SHOWN));
    if (code == EXIT_FINE && summary->faces == 0) {
        fprintf(stderr, "clile: %s: not written, since no image has a face\n", r->path);
        code = EXIT_FAILED;
    }
    if (code == EXIT_FINE) code = output_commit(&s.file.file);
    if (code == EXIT_FINE && summary->pointed == 0)
        fprintf(stderr,
                "clile: warning: %s: boxes only, since there is no model of points: option "
                "points_model\n",
                r->path);
    if (code == EXIT_FINE && summary->unreadable > 0) code = EXIT_FAILED;
    output_abort(&s.file.file);
    free(images);
    clile_reader_destroy(s.reader);
    return code;
}
