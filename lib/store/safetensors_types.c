#include "store/safetensors_types.h"

#include <string.h>

/* safetensors 0.8, safetensors/src/tensor.rs, Dtype::bitsize */
static const clile_i_st_dtype DTYPES[] = {
    {"F32", CLILE_I_ST_F32, 32},
    {"F64", CLILE_I_ST_F64, 64},
    {"I8", CLILE_I_ST_I8, 8},
    {"U8", CLILE_I_ST_U8, 8},
    {"I32", CLILE_I_ST_I32, 32},
    {"I64", CLILE_I_ST_I64, 64},
    {"BOOL", CLILE_I_ST_OTHER, 8},
    {"F4", CLILE_I_ST_OTHER, 4},
    {"F6_E2M3", CLILE_I_ST_OTHER, 6},
    {"F6_E3M2", CLILE_I_ST_OTHER, 6},
    {"F8_E5M2", CLILE_I_ST_OTHER, 8},
    {"F8_E4M3", CLILE_I_ST_OTHER, 8},
    {"F8_E8M0", CLILE_I_ST_OTHER, 8},
    {"F8_E4M3FNUZ", CLILE_I_ST_OTHER, 8},
    {"F8_E5M2FNUZ", CLILE_I_ST_OTHER, 8},
    {"I16", CLILE_I_ST_OTHER, 16},
    {"U16", CLILE_I_ST_OTHER, 16},
    {"F16", CLILE_I_ST_OTHER, 16},
    {"BF16", CLILE_I_ST_OTHER, 16},
    {"U32", CLILE_I_ST_OTHER, 32},
    {"C64", CLILE_I_ST_OTHER, 64},
    {"U64", CLILE_I_ST_OTHER, 64},
};
enum { COUNT = sizeof DTYPES / sizeof DTYPES[0] };

const clile_i_st_dtype *clile_i_st_dtype_named(const char *name)
{
    for (int i = 0; i < COUNT; ++i)
        if (strcmp(DTYPES[i].name, name) == 0) return &DTYPES[i];
    return NULL;
}

const clile_i_st_dtype *clile_i_st_dtype_of(clile_i_st_type type)
{
    for (int i = 0; i < COUNT; ++i)
        if (DTYPES[i].type == type && type != CLILE_I_ST_OTHER) return &DTYPES[i];
    return NULL;
}

void clile_i_st_append_type(clile_i_text *text, const char *dtype, int32_t ndim,
                            const int64_t *shape)
{
    clile_i_text_append(text, "%s [", dtype);
    for (int32_t i = 0; i < ndim; ++i)
        clile_i_text_append(text, "%s%lld", i == 0 ? "" : ", ", (long long)shape[i]);
    clile_i_text_append(text, "]");
}
