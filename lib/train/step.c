/* One training step of each stage: batch, forward, losses, backward. */
#include "run/run.h"
#include "train/internal.h"
#include "train/ranks.h"

#include <string.h>

/* Whose rest the face in `slot` of the step's batch has a share of, for its row. */
static void set_share(clile_trainer *t, int32_t row, int64_t slot)
{
    clile_i_person_rows *r = &t->rows;
    if (r->share == NULL) return;
    r->share[row] =
        clile_i_feed_mixture(t->feed, t->step, slot, t->images->indices[slot], &r->other[row]);
}

/* Makes two rows of an image whose halves come from two people: the upper AUs with the image's own
 * subject, the lower ones with the partner. A row's weight is its share of the image's coded AUs:
 * together both rows give the image's mean over its coded AUs. */
static void split_rows(clile_trainer *t)
{
    const clile_i_shares *s = &t->shares;
    const int64_t *indices = t->images->indices;
    const int32_t *partner = t->images->partner + s->first;
    clile_i_person_rows *r = &t->rows;
    r->n = 0;
    for (int32_t k = 0; k < s->rows; ++k) {
        int32_t coded = 0;
        for (int32_t c = 0; c < t->c; ++c) coded += t->labels[(int64_t)k * t->c + c] >= 0;
        for (int32_t half = 0; half < (partner[k] < 0 ? 1 : 2); ++half) {
            const int64_t owner = half ? partner[k] : s->first + k;
            int8_t *labels = r->labels + (int64_t)r->n * t->c;
            int32_t own = 0;
            for (int32_t c = 0; c < t->c; ++c) {
                const int mine = partner[k] < 0 || clile_i_au_is_lower(t->model->au_ids[c]) == half;
                labels[c] = mine ? t->labels[(int64_t)k * t->c + c] : -1;
                own += labels[c] >= 0;
            }
            r->image[r->n] = k;
            r->subject[r->n] = clile_i_dataset_subject(t->train, indices[owner]);
            r->weight[r->n] = coded ? (float)own / (float)coded : 0.0f;
            set_share(t, r->n, owner);
            r->n += 1;
        }
    }
    /* the loss is a mean over rows */
    for (int32_t i = 0; i < r->n; ++i) r->weight[i] *= (float)r->n / (float)s->rows;
}

/* Labels, subjects and targets of a part of t->images. */
static void begin_part(clile_trainer *t, int32_t part)
{
    const int64_t *indices = t->images->indices;
    t->shares.first = (int64_t)part * t->shares.rows;
    for (int32_t k = 0; k < t->shares.rows; ++k) {
        const int64_t slot = t->shares.first + k;
        const int32_t partner = t->exchange ? t->images->partner[slot] : -1;
        int8_t *labels = t->labels + (int64_t)k * t->c;
        memcpy(labels, clile_i_dataset_labels(t->train, indices[slot]), (size_t)t->c);
        t->subject[k] = clile_i_dataset_subject(t->train, indices[slot]);
        for (int32_t c = 0; partner >= 0 && c < t->c; ++c)
            if (clile_i_au_is_lower(t->model->au_ids[c]))
                labels[c] = clile_i_dataset_labels(t->train, indices[partner])[c];
    }
    if (t->exchange)
        split_rows(t);
    else
        for (int32_t k = 0; k < t->shares.rows; ++k) set_share(t, k, t->shares.first + k);
    if (t->stage == 2) clile_i_trainer_next_targets(t);
    clile_i_trainer_next_faces(t);
}

static void add_scaled(int64_t count, double scale, const float *src, float *dst)
{
    for (int64_t i = 0; i < count; ++i) dst[i] += (float)scale * src[i];
}

static void multiply(int64_t count, double scale, float *values)
{
    for (int64_t i = 0; i < count; ++i) values[i] *= (float)scale;
}

/* ---- stage 1 ---- */

static clile_status losses_stage1(clile_trainer *t, clile_i_losses *losses)
{
    const clile_i_head *ile = &t->head[CLILE_I_HEAD_ILE];
    const clile_i_person_rows *r = &t->rows;
    clile_i_person_rows_gather(r, t->d, t->embedding);
    CLILE_I_RETURN_IF(clile_i_loss_stage1(
        r->n, t->d, t->c, t->s, r->embedding, ile->value, r->subject, r->other, r->share, r->labels,
        t->au_weight, r->weight, &losses->term[CLILE_I_LOSS_bce], r->diff, ile->diff));
    clile_i_person_rows_scatter(r, t->shares.rows, t->d, t->diff_embedding);
    losses->total = losses->term[CLILE_I_LOSS_bce];
    return CLILE_OK;
}

/* ---- stage 2: each term writes its own diffs, which are then added with its weight ---- */

clile_i_step clile_i_trainer_view(clile_trainer *t, int32_t i)
{
    clile_i_head *h = t->head;
    const int64_t cd = (int64_t)t->c * t->d;
    return (clile_i_step){
        .n = t->shares.rows,
        .d = t->d,
        .c = t->c,
        .s = t->s,
        .similarity = t->settings.similarity,
        .seed = t->settings.seed,
        .options = t->options,
        .embedding = t->embedding,
        .id_embedding = t->id_exec ? t->id_embedding : NULL,
        .labels = t->labels,
        .subject = t->subject,
        .au_weight = t->au_weight,
        .p = t->targets.p,
        .v = t->targets.v,
        .points = t->targets.batch_points,
        .values = t->targets.batch_values,
        .five = t->faces.batch_five,
        .subject_five = t->faces.subject_five,
        .rows = &t->rows,
        .au = h[CLILE_I_HEAD_AU].value,
        .null = h[CLILE_I_HEAD_NULL].value,
        .scale = h[CLILE_I_HEAD_SCALE].count ? (double)h[CLILE_I_HEAD_SCALE].value[0] : 1.0,
        .bias = h[CLILE_I_HEAD_BIAS].value,
        .head = h + CLILE_I_HEAD_TERMS + i * CLILE_I_TERM_HEADS,
        .deviation = t->settings.mixed
                         ? h + CLILE_I_HEAD_TERMS + CLILE_I_LOSS_bce * CLILE_I_TERM_HEADS
                         : NULL,
        .diff_embedding = t->part_embedding,
        .diff_au = t->part_vectors,
        .diff_null = t->part_vectors + cd,
        .diff_bias = t->part_vectors + cd + t->d,
    };
}

static clile_status add_term(clile_trainer *t, int32_t i, clile_i_losses *losses)
{
    clile_i_step x = clile_i_trainer_view(t, i);
    const clile_i_term *term = t->settings.term[i];
    const double weight = t->settings.weight[i];
    const clile_i_head *au = &t->head[CLILE_I_HEAD_AU], *null = &t->head[CLILE_I_HEAD_NULL],
                       *scale = &t->head[CLILE_I_HEAD_SCALE], *bias = &t->head[CLILE_I_HEAD_BIAS];
    const int64_t vectors = (int64_t)(t->c + 1) * t->d + t->c;
    memset(t->part_embedding, 0, (size_t)(x.n * x.d) * sizeof *t->part_embedding);
    memset(t->part_vectors, 0, (size_t)vectors * sizeof *t->part_vectors);
    CLILE_I_RETURN_IF(term->compute(&x));
    add_scaled(x.n * x.d, weight, x.diff_embedding, t->diff_embedding);
    add_scaled(au->count, weight, x.diff_au, au->diff);
    add_scaled(null->count, weight, x.diff_null, null->diff);
    add_scaled(bias->count, weight, x.diff_bias, bias->diff);
    if (scale->count) scale->diff[0] += (float)(weight * x.diff_scale);
    for (int32_t k = 0; k < CLILE_I_TERM_HEADS && !term->heads_unweighted; ++k)
        multiply(x.head[k].count, weight, x.head[k].diff);
    losses->term[i] = x.loss;
    losses->total += weight * x.loss;
    return CLILE_OK;
}

/* Embeddings [rows,d] of the current part: this rank's, and then those of all. */
static clile_status embed(clile_trainer *t, clile_i_exec *exec, float *embedding)
{
    const clile_i_shares *s = &t->shares;
    if (s->ranks > 1) memset(embedding, 0, (size_t)(s->rows * t->d) * sizeof *embedding);
    clile_status status =
        clile_i_exec_forward(exec, clile_i_trainer_input(t), embedding + s->before * (int64_t)t->d);
    if (status == CLILE_OK) status = t->sync.status;
    return clile_i_ranks_sum(t, status, (int64_t)s->rows * t->d, embedding);
}

/* What to remove of F^ID of the batch. */
static clile_status id_forward(clile_trainer *t)
{
    CLILE_I_RETURN_IF(embed(t, t->id_exec, t->id_embedding));
    return clile_i_identity_part(&t->identity, t->shares.rows, t->labels, t->subject,
                                 t->id_embedding, t->id_embedding);
}

static clile_status losses_stage2(clile_trainer *t, clile_i_losses *losses)
{
    const size_t vectors = (size_t)t->shares.rows * (size_t)t->d;
    memset(t->diff_embedding, 0, vectors * sizeof *t->diff_embedding);
    memset(t->flat_diff, 0, (size_t)t->vectors.count * sizeof *t->flat_diff);
    if (t->own.fn == NULL || t->own.mode == CLILE_LOSS_ADDS) {
        if (t->id_exec) CLILE_I_RETURN_IF(id_forward(t));
        for (int32_t i = 0; i < CLILE_I_LOSS_COUNT; ++i)
            if (t->settings.term[i] != NULL) CLILE_I_RETURN_IF(add_term(t, i, losses));
    }
    if (t->own.fn != NULL) CLILE_I_RETURN_IF(clile_i_own_loss_add(t, losses));
    clile_i_method_limit(t->settings.method, t->c, t->d, t->head[CLILE_I_HEAD_AU].diff);
    return CLILE_OK;
}

/* ---- parts: the step's gradient is the mean of theirs ---- */

typedef struct {
    float *diff, *sum; /* sum: of earlier parts */
    int32_t first, last;
} sum_job;

/* Gradients on their way through the ranks, from the end of the flat memory to its start: that is
 * how the backward pass makes them. */
enum { BUCKET = 1 << 18 }; /* floats to begin a sum with */
typedef struct {
    clile_trainer *t;
    int32_t part;
    int64_t end; /* from here on, the sums have begun */
    clile_status status;
} reduction;

static void add_part(int64_t begin, int64_t end, void *context)
{
    const sum_job *j = context;
    for (int64_t i = begin; i < end; ++i) {
        const float all = j->first ? j->diff[i] : j->sum[i] + j->diff[i];
        *(j->last ? &j->diff[i] : &j->sum[i]) = all;
    }
}

/* Adds a gradient to that of the earlier parts; after the last one, diff is all. */
static void sum_parts(const clile_trainer *t, int32_t part, int64_t count, float *diff, float *sum)
{
    sum_job job = {diff, sum, part == 0, part == t->shares.parts - 1};
    clile_i_parallel_for(count, 65536, add_part, &job);
}

/* A clile_i_exec_ready: the gradients from `offset` on are there. */
static void reduce(void *context, int64_t offset)
{
    reduction *r = context;
    clile_trainer *t = r->t;
    float *diff = t->encoder.diff + offset;
    const int64_t count = r->end - offset;
    if (r->status != CLILE_OK || count == 0 || (offset > 0 && count < BUCKET)) return;
    if (t->shares.parts > 1) sum_parts(t, r->part, count, diff, t->sum + offset);
    if (r->part == t->shares.parts - 1) r->status = clile_i_ranks_begin(t, count, diff);
    r->end = offset;
}

/* Running statistics: the mean of the ranks', which differ unless they are synchronised. */
static clile_status share_statistics(clile_trainer *t)
{
    if (t->shares.ranks == 1 || t->settings.sync_batch_norm) return CLILE_OK;
    clile_i_exec_statistics(t->exec, 0, t->statistics);
    CLILE_I_RETURN_IF(clile_i_ranks_sum(t, CLILE_OK, t->statistics_count, t->statistics));
    multiply(t->statistics_count, 1.0 / t->shares.ranks, t->statistics);
    clile_i_exec_statistics(t->exec, 1, t->statistics);
    return CLILE_OK;
}

static clile_status backward(clile_trainer *t, int32_t part)
{
    const float *diff = t->diff_embedding + t->shares.before * (int64_t)t->d;
    reduction r = {t, part, t->encoder.count, CLILE_OK};
    CLILE_I_RETURN_IF(clile_i_exec_backward_telling(t->exec, diff, reduce, &r));
    return r.status != CLILE_OK ? r.status : t->sync.status;
}

static void add_losses(const clile_i_losses *part, double share, clile_i_losses *losses)
{
    losses->total += share * part->total;
    for (int i = 0; i < CLILE_I_LOSS_COUNT; ++i) losses->term[i] += share * part->term[i];
}

static clile_status step_part(clile_trainer *t, int32_t part, clile_i_losses *losses)
{
    const clile_i_shares *s = &t->shares;
    clile_i_losses own = {0};
    begin_part(t, part);
    CLILE_I_RETURN_IF(embed(t, t->exec, t->embedding));
    CLILE_I_RETURN_IF(t->stage == 1 ? losses_stage1(t, &own) : losses_stage2(t, &own));
    const double share = 1.0 / s->parts;
    add_losses(&own, share, losses);
    if (s->parts > 1) {
        multiply((int64_t)s->rows * t->d, share, t->diff_embedding);
        multiply(t->vectors.count, share, t->flat_diff);
        sum_parts(t, part, t->vectors.count, t->flat_diff, t->sum_vectors);
    }
    return backward(t, part);
}

clile_status clile_i_trainer_step(clile_trainer *t, clile_i_losses *losses)
{
    *losses = (clile_i_losses){0};
    CLILE_I_RETURN_IF(clile_i_ranks_agree(t, clile_i_feed_get(t->feed, t->step, &t->images)));
    for (int32_t part = 0; part < t->shares.parts; ++part)
        CLILE_I_RETURN_IF(step_part(t, part, losses));
    CLILE_I_RETURN_IF(share_statistics(t));
    return clile_i_ranks_wait(t);
}

/* ---- which part of F^ID is identity ---- */

typedef struct {
    int64_t d;
    float *embedding; /* [n,d] */
} embedding_sink;

static void take_embeddings(void *context, int64_t first, int64_t count, const float *embedding)
{
    const embedding_sink *to = context;
    memcpy(to->embedding + first * to->d, embedding, (size_t)(count * to->d) * sizeof *embedding);
}

/* F^ID [n,d] of the training images, not augmented, with their labels and subjects. */
static clile_status id_embeddings(clile_trainer *t, float *embedding, int8_t *labels,
                                  int32_t *subject)
{
    const clile_i_encoder encoder = {
        t->id_exec,      t->shares.own,        t->size, t->d, t->shares.rank,
        t->shares.ranks, t->model->standardize};
    const clile_status status = clile_i_run_dataset(&encoder, t->train, take_embeddings,
                                                    &(embedding_sink){t->d, embedding});
    CLILE_I_RETURN_IF(clile_i_ranks_sum(t, status, t->n * t->d, embedding));
    for (int64_t i = 0; i < t->n; ++i) {
        memcpy(labels + i * t->c, clile_i_dataset_labels(t->train, i), (size_t)t->c);
        subject[i] = clile_i_dataset_subject(t->train, i);
    }
    return CLILE_OK;
}

clile_status clile_i_trainer_prepare_identity(clile_trainer *t)
{
    clile_status status = CLILE_OK;
    float *embedding = NULL;
    int8_t *labels = NULL;
    int32_t *subject = NULL;
    t->identity =
        (clile_i_identity){.part = t->settings.identity_part, .d = t->d, .c = t->c, .s = t->s};
    if (t->id_exec == NULL || t->settings.identity_part == CLILE_I_IDENTITY_ALL) return CLILE_OK;
    CLILE_I_ALLOC(embedding, t->n * t->d);
    CLILE_I_ALLOC(labels, t->n * t->c);
    CLILE_I_ALLOC(subject, t->n);
    CLILE_I_TRY(id_embeddings(t, embedding, labels, subject));
    if (t->settings.identity_part == CLILE_I_IDENTITY_RESIDUAL) {
        CLILE_I_ALLOC(t->identity_table, (int64_t)(t->c + 1) * t->d);
        CLILE_I_ALLOC(t->identity_rate, t->c);
        CLILE_I_TRY(clile_i_identity_regression(t->n, t->c, t->d, labels, embedding,
                                                t->identity_table, t->identity_rate));
    } else {
        CLILE_I_ALLOC(t->identity_table, (int64_t)t->s * t->d);
        CLILE_I_TRY(clile_i_identity_subject_means(t->n, t->d, t->s, embedding, subject,
                                                   t->identity_table));
    }
    t->identity.coefficients = t->identity.subject_mean = t->identity_table;
    t->identity.rate = t->identity_rate;
cleanup:
    clile_i_free(embedding);
    clile_i_free(labels);
    clile_i_free(subject);
    return status;
}
