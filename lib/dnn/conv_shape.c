/* Sizes of a convolution, without a primitive. */
#include "dnn/dnn.h"

int64_t clile_i_conv_oh(const clile_i_conv_shape *shape)
{
    return (shape->ih + 2 * shape->pad - shape->kh) / shape->stride + 1;
}

int64_t clile_i_conv_ow(const clile_i_conv_shape *shape)
{
    return (shape->iw + 2 * shape->pad - shape->kw) / shape->stride + 1;
}

clile_i_conv_rows clile_i_conv_rows_of(const clile_i_conv_shape *s, int64_t part, int64_t parts)
{
    const int64_t rows = clile_i_conv_oh(s), begin = rows * part / parts,
                  end = rows * (part + 1) / parts;
    const int64_t first = begin * s->stride - s->pad, last = (end - 1) * s->stride - s->pad + s->kh;
    if (parts == 1) return (clile_i_conv_rows){0, rows, 0, s->ih};
    return (clile_i_conv_rows){begin, end, first > 0 ? first : 0, last < s->ih ? last : s->ih};
}

clile_status clile_i_conv_check(const clile_i_conv_shape *s)
{
    if (s->n < 1 || s->ic < 1 || s->oc < 1 || s->kh < 1 || s->kw < 1 || s->stride < 1 ||
        s->pad < 0 || s->ih + 2 * s->pad < s->kh || s->iw + 2 * s->pad < s->kw)
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "convolution: expected a window inside the padded image, found image "
                            "%lld x %lld x %lld x %lld, window %lld x %lld, stride %lld, pad %lld",
                            (long long)s->n, (long long)s->ic, (long long)s->ih, (long long)s->iw,
                            (long long)s->kh, (long long)s->kw, (long long)s->stride,
                            (long long)s->pad);
    return CLILE_OK;
}
