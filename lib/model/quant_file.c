/* The int8 encoder in a model file: NAME.weight (int8), NAME.scale, NAME.bias and NAME.step of
 * each convolution, and the first three of fc (docs/model-format.md). */
#include "model/model.h"

#include <string.h>

enum { NAME = 160, FIELDS = 4 };
enum { WEIGHT, SCALE, BIAS, STEP };
static const char *const fields[FIELDS] = {"weight", "scale", "bias", "step"};

typedef struct {
    char name[NAME];
    clile_i_st_type type;
    int32_t ndim;
    int64_t shape[4];
    int64_t count;
    void *data;
} field;

/* Describes field `which` of unit `unit`, which has weights. */
static field describe(const clile_model *model, int32_t unit, int which)
{
    const clile_i_net_tensor *t = clile_i_net_unit_weights(model->encoder, unit);
    clile_i_quant_unit *q = &model->quant->units[unit];
    void *const data[FIELDS] = {q->weights, q->scale, q->bias, &q->step};
    field f = {.type = which == WEIGHT ? CLILE_I_ST_I8 : CLILE_I_ST_F32,
               .ndim = 1,
               .count = which == STEP ? 1 : t->shape[0],
               .data = data[which]};
    f.shape[0] = f.count;
    if (which == WEIGHT) {
        f.ndim = t->ndim;
        f.count = t->count;
        memcpy(f.shape, t->shape, sizeof f.shape);
    }
    snprintf(f.name, sizeof f.name, "encoder.%.*s.%s", (int)(strrchr(t->name, '.') - t->name),
             t->name, fields[which]);
    return f;
}

static int field_count(const clile_model *model, int32_t unit)
{
    const clile_i_quant_unit *q = &model->quant->units[unit];
    if (q->weights == NULL) return 0;
    return q->has_step ? FIELDS : STEP;
}

clile_status clile_i_quant_put(clile_i_st_writer *writer, const clile_model *model)
{
    for (int32_t unit = 0; unit < model->quant->unit_count; ++unit)
        for (int k = 0; k < field_count(model, unit); ++k) {
            const field f = describe(model, unit, k);
            CLILE_I_RETURN_IF(
                clile_i_st_writer_add(writer, f.name, f.type, f.ndim, f.shape, f.data));
        }
    return CLILE_OK;
}

/* Scales and steps are divisors: both must be positive and finite. */
static clile_status check_positive(const char *file, const field *f)
{
    const float *values = f->data;
    for (int64_t i = 0; i < f->count; ++i)
        if (!clile_i_is_within((double)values[i], (double)1e-30f, (double)1e30f))
            return clile_i_fail(CLILE_E_FORMAT,
                                "%s: tensor %s, value %lld is %g, expected 1e-30 to 1e30", file,
                                f->name, (long long)i, (double)values[i]);
    return CLILE_OK;
}

static clile_status check_weights(const char *file, const field *f)
{
    const int8_t *values = f->data;
    for (int64_t i = 0; i < f->count; ++i)
        if (values[i] == INT8_MIN)
            return clile_i_fail(CLILE_E_FORMAT,
                                "%s: tensor %s, value %lld is -128, expected -127 to 127", file,
                                f->name, (long long)i);
    return CLILE_OK;
}

clile_status clile_i_quant_get(const clile_i_st *st, clile_model *model)
{
    const char *file = clile_i_st_path(st);
    for (int32_t unit = 0; unit < model->quant->unit_count; ++unit)
        for (int k = 0; k < field_count(model, unit); ++k) {
            const field f = describe(model, unit, k);
            CLILE_I_RETURN_IF(clile_i_st_copy(st, f.name, f.type, f.ndim, f.shape, f.data));
            if (k == WEIGHT)
                CLILE_I_RETURN_IF(check_weights(file, &f));
            else
                CLILE_I_RETURN_IF(clile_i_check_finite(file, f.name, f.count, f.data));
            if (k == SCALE || k == STEP) CLILE_I_RETURN_IF(check_positive(file, &f));
        }
    return CLILE_OK;
}
