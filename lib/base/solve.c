/* Linear equations of a few dozen unknowns. */
#include "base/base.h"

#include <math.h>

/* row <- row + factor other */
static void add(int64_t d, double factor, const double *other, double *row)
{
    for (int64_t j = 0; j < d; ++j) row[j] += factor * other[j];
}

void clile_i_cholesky_solve(int64_t c, int64_t d, double *gram, double *rhs)
{
    for (int64_t i = 0; i < c; ++i)
        for (int64_t j = 0; j <= i; ++j) {
            double sum = gram[i * c + j];
            for (int64_t l = 0; l < j; ++l) sum -= gram[i * c + l] * gram[j * c + l];
            gram[i * c + j] = i == j ? sqrt(sum) : sum / gram[j * c + j];
        }
    for (int64_t i = 0; i < c; ++i) {
        for (int64_t l = 0; l < i; ++l) add(d, -gram[i * c + l], rhs + l * d, rhs + i * d);
        for (int64_t j = 0; j < d; ++j) rhs[i * d + j] /= gram[i * c + i];
    }
    for (int64_t i = c - 1; i >= 0; --i) {
        for (int64_t l = i + 1; l < c; ++l) add(d, -gram[l * c + i], rhs + l * d, rhs + i * d);
        for (int64_t j = 0; j < d; ++j) rhs[i * d + j] /= gram[i * c + i];
    }
}
