/* A box CSV: frame, x, y, w, h. */
#include "fuzz.h"

#include "layout/layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    clile_i_places boxes;
    const clile_status status =
        clile_i_boxes_read(fuzz_file("boxes.csv", data, size), 1 << 20, &boxes);
    if (fuzz_ok(status))
        for (int64_t i = 0; i < boxes.count; ++i) {
            FUZZ_CHECK(clile_i_places_find(&boxes, boxes.rows[i].frame) == &boxes.rows[i]);
            FUZZ_CHECK(boxes.rows[i].box[2] > 0.0f && boxes.rows[i].box[3] > 0.0f);
        }
    clile_i_places_free(&boxes);
    return 0;
}
