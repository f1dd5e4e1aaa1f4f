/* A CSV of boxes and landmarks for `clile predict` (lib/layout/face_file.c). */
#include "fuzz.h"

#include <clile/faces.h>

#include <math.h>

static void find(clile_face_file *file, const char *image, int64_t frame)
{
    int64_t count = 0;
    if (clile_face_file_find(file, image, frame, &count) != CLILE_OK) return;
    for (int64_t i = 0; i < count; ++i) {
        int32_t has_box = 0, points = 0;
        float box[4], xy[2 * 68];
        if (clile_face_file_get(file, i, &has_box, box, &points, xy) != CLILE_OK) continue;
        FUZZ_CHECK(has_box || points == 5 || points == 68);
        for (int k = 0; has_box && k < 4; ++k) FUZZ_CHECK(isfinite(box[k]));
        for (int k = 0; k < 2 * points; ++k) FUZZ_CHECK(isfinite(xy[k]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    clile_face_file *file = NULL;
    if (clile_face_file_open(fuzz_file("faces.csv", data, size), NULL, &file) != CLILE_OK) return 0;
    FUZZ_CHECK(clile_face_file_expect(file, "a/0007.jpg") == CLILE_OK);
    FUZZ_CHECK(clile_face_file_expect(file, "b/0007.jpg") == CLILE_OK);
    find(file, "a/0007.jpg", 1);
    find(file, "x.y.png", 1);
    find(file, "", 1);
    for (int64_t frame = 1; frame < 9; ++frame) find(file, NULL, frame);
    clile_face_file_destroy(file);
    return 0;
}
