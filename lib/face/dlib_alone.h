/* dlib's headers without its library; before any other of dlib's. Debian's config.h asks for
 * LAPACK, for singular values of a few matrices of 10 x 10 that are made once: dlib's own code does
 * that, too. assert.h is what includes config.h; the other file that would is a check for those who
 * link the library. */
#define DLIB_TEST_FOR_ODR_VIOLATIONS_H_
#include <dlib/assert.h>
#undef DLIB_USE_BLAS
#undef DLIB_USE_LAPACK
