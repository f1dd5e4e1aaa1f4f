/* Lets dlib's headers be used without its library. Include it before any other header of dlib.
 * Debian's config.h asks for LAPACK, but dlib's own code is good enough for the singular values of
 * a few 10 x 10 matrices, computed once. assert.h includes config.h; the other file that does is a
 * check for programs that link the library. */
#define DLIB_TEST_FOR_ODR_VIOLATIONS_H_
#include <dlib/assert.h>
#undef DLIB_USE_BLAS
#undef DLIB_USE_LAPACK
