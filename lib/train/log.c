/* The trainer's log entries. */
#include "train/internal.h"

clile_i_log clile_i_trainer_log(const clile_trainer *t)
{
    return clile_i_options_log(t->options);
}

void clile_i_trainer_warn_unused(const clile_trainer *t)
{
    const struct {
        const char *key, *why;
        int32_t unused;
    } table[] = {
        {CLILE_OPT_EXCHANGE_SHAPES, "fewer than two training subjects have faces with 68 landmarks",
         t->shapes != NULL && clile_i_shapes_people(t->shapes) < 2},
        {CLILE_OPT_EXCHANGE_LOOKS, "it goes with exchange_shapes, which is 0", t->shapes == NULL},
        {CLILE_OPT_LAMBDA_POINTS, "the data set has no points to learn (targets)",
         t->targets.p == 0},
        {CLILE_OPT_LAMBDA_VALUES, "the data set has no values to learn that vary (targets)",
         t->targets.v == 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
        double value = 0;
        if (table[i].unused && clile_options_is_set(t->options, table[i].key) &&
            clile_options_get_f64(t->options, table[i].key, &value) == CLILE_OK && value > 0)
            clile_i_log_write(clile_i_trainer_log(t), CLILE_LOG_WARNING, "%s=%g has no effect: %s",
                              table[i].key, value, table[i].why);
    }
}

void clile_i_trainer_log_data(const clile_trainer *t)
{
    const clile_i_log log = clile_i_trainer_log(t);
    if (t->validation != NULL)
        clile_i_log_write(
            log, CLILE_LOG_INFO,
            "validation: %d of %d subjects are held out, %lld images; %lld images are trained on",
            (int)clile_dataset_subject_count(t->validation),
            (int)clile_dataset_subject_count(t->data), (long long)clile_dataset_size(t->validation),
            (long long)t->n);
    if (t->targets.p > 0 || t->targets.v > 0)
        clile_i_log_write(log, CLILE_LOG_INFO,
                          "targets: %d points, and %d of %d values, which vary", (int)t->targets.p,
                          (int)t->targets.v, (int)t->targets.all);
    if (t->shapes != NULL && clile_i_shapes_people(t->shapes) > 0)
        clile_i_log_write(log, CLILE_LOG_INFO,
                          "exchange_shapes: %d of %d subjects have faces with 68 landmarks",
                          (int)clile_i_shapes_people(t->shapes), (int)t->s);
    int64_t batch = 0;
    if (!clile_options_is_set(t->options, CLILE_OPT_BATCH) &&
        clile_options_get_i64(t->options, CLILE_OPT_BATCH, &batch) == CLILE_OK && t->batch < batch)
        clile_i_log_write(log, CLILE_LOG_INFO, "batch is %d, %s", (int)t->batch,
                          t->n / t->shares.ranks < batch
                              ? "since there are no more images to train on"
                              : "which accumulate divides into equal parts");
}

void clile_i_trainer_log_place(const clile_trainer *t, const char *what, const char *path)
{
    const clile_i_log log = clile_i_trainer_log(t);
    const char *colon = path[0] != '\0' ? ": " : "";
    if (t->stage == 0)
        clile_i_log_write(log, CLILE_LOG_INFO, "%s%s%s, before the first stage", path, colon, what);
    else
        clile_i_log_write(log, CLILE_LOG_INFO, "%s%s%s, stage %d, step %lld of %lld", path, colon,
                          what, (int)t->stage, (long long)t->step,
                          (long long)(t->settings.epochs[t->stage] * t->steps_per_epoch));
}
