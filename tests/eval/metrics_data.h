/* Data for the tests of metrics, equal to those golden_metrics.py makes: a linear congruential
 * generator, scores that are multiples of 1/16 (exact in float, many ties), some labels not
 * coded, and AU number 4 never present. */
#ifndef METRICS_DATA_H
#define METRICS_DATA_H

#include <stdint.h>

enum { DATA_N = 120, DATA_C = 5, DATA_SUBJECTS = 6, DATA_FRAMES = 240, DATA_D = 16 };

static inline int32_t next_number(uint32_t *state)
{
    *state = (*state * 1103515245u + 12345u) & 0x7FFFFFFFu;
    return (int32_t)(*state >> 15);
}

typedef struct {
    float score[DATA_N * DATA_C];
    int8_t present[DATA_N * DATA_C], labels[DATA_N * DATA_C];
    int32_t subject[DATA_N];
} metrics_data;

static inline void metrics_make_frames(metrics_data *out)
{
    uint32_t state = 7;
    for (int i = 0; i < DATA_N; ++i) {
        out->subject[i] = next_number(&state) % DATA_SUBJECTS;
        for (int a = 0; a < DATA_C; ++a) {
            int32_t label = next_number(&state) % 100 < 20 + 10 * a;
            if (a == 4) label = 0;
            const int32_t noise = next_number(&state) % 32;
            const int32_t sixteenths = noise + 6 * label * (a + 1) + 2 * (out->subject[i] % 3) - 16;
            out->score[i * DATA_C + a] = (float)sixteenths / 16.0f;
            out->present[i * DATA_C + a] = sixteenths > 8;
            out->labels[i * DATA_C + a] = (int8_t)(next_number(&state) % 10 == 0 ? -1 : label);
        }
    }
}

/* [DATA_FRAMES, DATA_D] around one centre for each of the subjects, which take turns. */
static inline void metrics_make_embeddings(float *embedding, int32_t *subject)
{
    uint32_t state = 11;
    float centre[DATA_SUBJECTS * DATA_D];
    for (int k = 0; k < DATA_SUBJECTS * DATA_D; ++k)
        centre[k] = (float)next_number(&state) / 65536.0f - 0.5f;
    for (int i = 0; i < DATA_FRAMES; ++i) {
        subject[i] = i % DATA_SUBJECTS;
        for (int j = 0; j < DATA_D; ++j)
            embedding[i * DATA_D + j] = centre[subject[i] * DATA_D + j] +
                                        2.5f * ((float)next_number(&state) / 65536.0f - 0.5f) +
                                        0.25f;
    }
}

#endif
