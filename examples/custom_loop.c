/* custom_loop: both stages of CL-ILE in a loop of your own, with only the loss functions of
 * clile/losses.h: no data set, model or trainer.
 *
 * The "images" are FEATURES numbers each, in which AUs and the person are mixed; the encoders are
 * one matrix each, F = x W; the optimiser is gradient descent. Replace them by your own network,
 * data and optimiser; what each loss takes, and where its gradient goes, stays the same.
 */
#include <clile/losses.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SUBJECTS = 16,
    UNSEEN = 8,
    FRAMES = 20,
    FEATURES = 24,
    D = 8,
    AUS = 3,
    N = SUBJECTS * FRAMES,
    STEPS = 300
};

typedef struct faces {
    float x[N * FEATURES];
    int8_t labels[N * AUS];
    int32_t subject[N];
} faces;

static float uniform(uint64_t *state) /* -1..1 */
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (float)(*state >> 40) / (float)(1 << 23) - 1.0f;
}

static void fill(float *x, int64_t count, float scale, uint64_t *state)
{
    for (int64_t i = 0; i < count; ++i) x[i] = scale * uniform(state);
}

/* x = sum of the patterns of the AUs present + a pattern of the person + noise. Each person has AU
 * rates of its own. */
static void draw_faces(faces *f, int32_t subjects, const float *pattern /*[AUS,FEATURES]*/,
                       uint64_t *state)
{
    for (int32_t s = 0; s < subjects; ++s) {
        float person[FEATURES], rate[AUS];
        fill(person, FEATURES, 1.0f, state);
        for (int32_t c = 0; c < AUS; ++c) rate[c] = 0.4f * uniform(state);
        for (int32_t k = s * FRAMES; k < (s + 1) * FRAMES; ++k) {
            f->subject[k] = s;
            memcpy(f->x + k * FEATURES, person, sizeof person);
            for (int32_t c = 0; c < AUS; ++c) f->labels[k * AUS + c] = uniform(state) < rate[c];
            for (int32_t j = 0; j < FEATURES; ++j) {
                for (int32_t c = 0; c < AUS; ++c)
                    f->x[k * FEATURES + j] +=
                        pattern[c * FEATURES + j] * (float)f->labels[k * AUS + c];
                f->x[k * FEATURES + j] += 0.3f * uniform(state);
            }
        }
    }
}

/* F = x W: [n,FEATURES] [FEATURES,D] -> [n,D] */
static void encode(int32_t n, const float *x, const float *w, float *embedding)
{
    for (int32_t k = 0; k < n; ++k)
        for (int32_t j = 0; j < D; ++j) {
            float sum = 0;
            for (int32_t i = 0; i < FEATURES; ++i) sum += x[k * FEATURES + i] * w[i * D + j];
            embedding[k * D + j] = sum;
        }
}

/* W -= rate * x^T dF, the gradient of the line above */
static void descend_encoder(int32_t n, const float *x, const float *diff, float rate, float *w)
{
    for (int32_t i = 0; i < FEATURES; ++i)
        for (int32_t j = 0; j < D; ++j) {
            float sum = 0;
            for (int32_t k = 0; k < n; ++k) sum += x[k * FEATURES + i] * diff[k * D + j];
            w[i * D + j] -= rate * sum;
        }
}

static void descend(float *w, const float *diff, int64_t count, float rate)
{
    for (int64_t i = 0; i < count; ++i) w[i] -= rate * diff[i];
}

typedef struct stage1_state {
    float w[FEATURES * D],
        /* the ID encoder and the identity-label embeddings: discarded after training */
        ile[SUBJECTS * AUS * D];
} stage1_state;

static clile_status run_stage1(const faces *f, stage1_state *id)
{
    static float embedding[N * D], diff[N * D], diff_ile[SUBJECTS * AUS * D];
    clile_status status = CLILE_OK;
    for (int32_t step = 0; step < STEPS && status == CLILE_OK; ++step) {
        double loss = 0;
        encode(N, f->x, id->w, embedding);
        status = clile_loss_stage1(N, D, AUS, SUBJECTS, embedding, id->ile, f->subject, f->labels,
                                   NULL, &loss, diff, diff_ile);
        if (status != CLILE_OK) break;
        descend_encoder(N, f->x, diff, 0.3f, id->w);
        descend(id->ile, diff_ile, SUBJECTS * AUS * D, 3.0f);
        if (step % 100 == 0 || step == STEPS - 1)
            printf("stage 1, step %3d: loss %.4f\n", (int)step + 1, loss);
    }
    return status;
}

typedef struct model {
    /* the general encoder and AU vectors, which are deployed */
    float w[FEATURES * D], au[AUS * D], bias[AUS];
} model;

/* L_BCE(general) + 0.1 L_Contra + 0.1 L_orthogonal; their gradients by F are summed before they go
 * back into the encoder.
 */
static clile_status run_stage2(const faces *f, const stage1_state *id, model *m)
{
    static float embedding[N * D], id_embedding[N * D], diff[N * D], part[N * D];
    float diff_au[AUS * D], part_au[AUS * D], diff_bias[AUS];
    clile_status status = CLILE_OK;
    encode(N, f->x, id->w, id_embedding); /* frozen */
    for (int32_t step = 0; step < STEPS && status == CLILE_OK; ++step) {
        double bce = 0, contra = 0, elimination = 0;
        encode(N, f->x, m->w, embedding);
        status = clile_loss_bce(N, D, AUS, CLILE_SIMILARITY_DOT, embedding, m->au, 1.0, m->bias,
                                f->labels, NULL, &bce, diff, diff_au, NULL, diff_bias);
        if (status == CLILE_OK)
            status = clile_loss_stage2(N, D, AUS, embedding, m->au, f->labels, 0.5, &contra, part,
                                       part_au);
        if (status != CLILE_OK) break;
        descend(diff, part, N * D, -0.1f);
        descend(diff_au, part_au, AUS * D, -0.1f);
        status = clile_loss_orthogonal(N, D, embedding, id_embedding, &elimination, part);
        if (status != CLILE_OK) break;
        descend(diff, part, N * D, -0.1f);
        descend_encoder(N, f->x, diff, 0.3f, m->w);
        descend(m->au, diff_au, AUS * D, 1.0f);
        descend(m->bias, diff_bias, AUS, 1.0f);
        if (step % 100 == 0 || step == STEPS - 1)
            printf("stage 2, step %3d: BCE %.4f, contrast %.4f, orthogonal %.4f\n", (int)step + 1,
                   bce, contra, elimination);
    }
    return status;
}

/* The share of labels that the model gets right on people it never saw. */
static double accuracy(const faces *f, int32_t n, const model *m)
{
    static float embedding[N * D];
    int32_t right = 0;
    encode(n, f->x, m->w, embedding);
    for (int32_t k = 0; k < n; ++k)
        for (int32_t c = 0; c < AUS; ++c) {
            float z = m->bias[c];
            for (int32_t j = 0; j < D; ++j) z += embedding[k * D + j] * m->au[c * D + j];
            right += (z > 0) == (f->labels[k * AUS + c] == 1);
        }
    return (double)right / (n * AUS);
}

int main(void)
{
    static faces train, test;
    static stage1_state id;
    model m = {0};
    float pattern[AUS * FEATURES];
    uint64_t state = 1;
    fill(pattern, AUS * FEATURES, 1.0f, &state);
    draw_faces(&train, SUBJECTS, pattern, &state);
    draw_faces(&test, UNSEEN, pattern, &state);
    fill(id.w, FEATURES * D, 0.2f, &state);
    fill(id.ile, SUBJECTS * AUS * D, 0.5f, &state);
    fill(m.au, AUS * D, 0.5f, &state);

    clile_status status = run_stage1(&train, &id);
    memcpy(m.w, id.w, sizeof m.w); /* stage 2 starts from the ID encoder */
    if (status == CLILE_OK) status = run_stage2(&train, &id, &m);
    if (status != CLILE_OK) {
        fprintf(stderr, "%s: %s\n", clile_status_name(status), clile_last_error());
        return EXIT_FAILURE;
    }
    printf("people never seen: %.1f %% of the labels right\n",
           100 * accuracy(&test, UNSEEN * FRAMES, &m));
    return EXIT_SUCCESS;
}
