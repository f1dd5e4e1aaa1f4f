/* custom_loss: a loss of your own in the library's trainer. In addition to the weighted BCE of
 * method=bce, it pushes embeddings of the same person apart:
 *
 *     L = 5 / pairs * sum over pairs i < j of one person of (f_i . f_j)^2,  f = F / |F|
 *
 * Put your own formula into `spread`; batches, augmentation, backward pass, optimiser, validation
 * and checkpoints need no change. The same in Python: examples/custom_loss.py.
 */
#include <clile/clile.h>
#include <clile/experimental_loss.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    double own; /* its value at the last step */
    double *f;  /* [n,d] */
    double *diff;
} spread_state;

static double dot(int32_t d, const double *a, const double *b)
{
    double sum = 0;
    for (int32_t j = 0; j < d; ++j) sum += a[j] * b[j];
    return sum;
}

/* f [n,d] with rows of length 1, and the gradient by f. */
static double value_and_gradient(const clile_loss_batch *b, const double *f, double *diff)
{
    const int32_t d = b->d;
    double sum = 0;
    int64_t pairs = 0;
    for (int32_t i = 0; i < b->n; ++i)
        for (int32_t k = i + 1; k < b->n; ++k) pairs += b->subject[i] == b->subject[k];
    for (int32_t i = 0; i < b->n; ++i)
        for (int32_t k = i + 1; k < b->n; ++k) {
            if (b->subject[i] != b->subject[k]) continue;
            const double similarity = dot(d, f + i * d, f + k * d), share = 5.0 / (double)pairs;
            sum += share * similarity * similarity;
            for (int32_t j = 0; j < d; ++j) {
                diff[i * d + j] += 2 * share * similarity * f[k * d + j];
                diff[k * d + j] += 2 * share * similarity * f[i * d + j];
            }
        }
    return sum;
}

static int32_t spread(clile_loss_batch *b, void *user)
{
    spread_state *s = user;
    const int32_t d = b->d;
    const size_t count = (size_t)b->n * (size_t)d;
    double *f = realloc(s->f, count * sizeof *f), *diff = realloc(s->diff, count * sizeof *diff);
    if (f != NULL) s->f = f;
    if (diff != NULL) s->diff = diff;
    if (f == NULL || diff == NULL) return 1; /* the step fails */
    for (int32_t i = 0; i < b->n; ++i) {
        double norm = 0;
        for (int32_t j = 0; j < d; ++j) norm += pow((double)b->embedding[i * d + j], 2);
        for (int32_t j = 0; j < d; ++j) {
            f[i * d + j] = (double)b->embedding[i * d + j] / sqrt(norm + 1e-12);
            diff[i * d + j] = 0;
        }
    }
    b->loss = s->own = value_and_gradient(b, f, diff);
    for (int32_t i = 0; i < b->n; ++i) { /* from f to F */
        const double along = dot(d, diff + i * d, f + i * d);
        double norm = 0;
        for (int32_t j = 0; j < d; ++j) norm += pow((double)b->embedding[i * d + j], 2);
        for (int32_t j = 0; j < d; ++j)
            b->diff_embedding[i * d + j] =
                (float)((diff[i * d + j] - along * f[i * d + j]) / sqrt(norm + 1e-12));
    }
    return 0;
}

static int32_t on_progress(const clile_progress *p, void *user)
{
    const spread_state *s = user;
    if (p->epoch_end)
        printf("epoch %d: loss %.4f, BCE %.4f, own %.4f\n", (int)p->epoch, p->loss, p->loss_bce,
               s->own);
    return 0;
}

static clile_status set_options(clile_options *options)
{
    static const char *const table[][2] = {
        {CLILE_OPT_METHOD, "bce"},     {CLILE_OPT_BACKBONE, "resnet10"},
        {CLILE_OPT_WIDTH, "0.125"},    {CLILE_OPT_EMBEDDING, "16"},
        {CLILE_OPT_IMAGE_SIZE, "32"},  {CLILE_OPT_BATCH, "16"},
        {CLILE_OPT_EPOCHS, "4"},       {CLILE_OPT_LEARNING_RATE, "1e-3"},
        {CLILE_OPT_AUGMENT_FLIP, "1"}, {CLILE_OPT_THREADS, "1"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
        const clile_status status = clile_options_set(options, table[i][0], table[i][1]);
        if (status != CLILE_OK) return status;
    }
    return CLILE_OK;
}

static clile_status train(spread_state *s)
{
    clile_options *options = NULL;
    clile_dataset *faces = NULL;
    clile_model *model = NULL;
    clile_trainer *trainer = NULL;
    int32_t au_ids[CLILE_SYNTH_AUS];
    clile_status status = clile_options_create(&options);
    if (status == CLILE_OK) status = set_options(options);
    if (status == CLILE_OK) status = clile_dataset_from_synth(1, 4, 1, 32, 48, &faces);
    if (status == CLILE_OK) status = clile_dataset_copy_au_ids(faces, au_ids);
    if (status == CLILE_OK) status = clile_model_create(options, CLILE_SYNTH_AUS, au_ids, &model);
    if (status == CLILE_OK) status = clile_trainer_create(model, faces, options, &trainer);
    if (status == CLILE_OK) status = clile_trainer_set_loss(trainer, CLILE_LOSS_ADDS, spread, s);
    if (status == CLILE_OK) status = clile_trainer_run(trainer, 2, on_progress, s);
    clile_trainer_destroy(trainer);
    clile_model_destroy(model);
    clile_dataset_destroy(faces);
    clile_options_destroy(options);
    return status;
}

int main(void)
{
    spread_state state = {0};
    const clile_status status = train(&state);
    if (status != CLILE_OK)
        fprintf(stderr, "%s: %s\n", clile_status_name(status), clile_last_error());
    free(state.f);
    free(state.diff);
    return status == CLILE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
