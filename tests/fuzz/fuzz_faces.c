/* The CSV of boxes and landmarks that `clile predict` takes (examples/clile/faces.c). */
#include "fuzz.h"

#include "clile/predict.h"

#include <math.h>

static void find(const face_file *file, const char *image, int64_t frame)
{
    char message[MESSAGE_SIZE];
    size_t cursor = 0;
    face f;
    while (faces_next(file, image, frame, &cursor)) {
        if (!faces_get(file, cursor, &f, message)) continue;
        FUZZ_CHECK(f.has_box || f.points == 5 || f.points == 68);
        for (int k = 0; f.has_box && k < 4; ++k) FUZZ_CHECK(isfinite(f.box[k]));
        for (int k = 0; k < 2 * f.points; ++k) FUZZ_CHECK(isfinite(f.xy[k]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    face_file *file = NULL;
    if (faces_open(fuzz_file("faces.csv", data, size), &file) != EXIT_FINE) return 0;
    find(file, "a/0007.jpg", 1);
    find(file, "x.y.png", 1);
    find(file, "", 1);
    for (int64_t frame = 1; frame < 9; ++frame) find(file, NULL, frame);
    faces_close(file);
    return 0;
}
