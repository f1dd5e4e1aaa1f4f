/* A landmark CSV: frame, 5 or 68 points. */
#include "fuzz.h"

#include "layout/layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    clile_i_places landmarks;
    const clile_status status =
        clile_i_landmarks_read(fuzz_file("landmarks.csv", data, size), 1 << 20, &landmarks);
    if (fuzz_ok(status))
        for (int64_t i = 0; i < landmarks.count; ++i)
            FUZZ_CHECK(clile_i_places_find(&landmarks, landmarks.rows[i].frame) ==
                       &landmarks.rows[i]);
    clile_i_places_free(&landmarks);
    return 0;
}
