/* What a finder's module gives to the library: C, so that a module may be made of anything. It
 * includes nothing of the library, which a module is not linked to.
 *
 * The module is a shared object finder_NAME.so of one function, clile_finder_module. Another
 * meaning or order of what follows needs another CLILE_I_FINDER_INTERFACE. */
#ifndef CLILE_I_FACE_MODULE_H
#define CLILE_I_FACE_MODULE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CLILE_I_FINDER_INTERFACE = 1 };

/* Tells a face; other than 0: stop. The box is square, from the forehead to the chin, in pixels of
 * the picture that `find` was given. */
typedef int32_t (*clile_i_module_add)(void *user, double left, double top, double side,
                                      double score);

typedef struct {
    uint32_t struct_size;
    int32_t interface;   /* CLILE_I_FINDER_INTERFACE of the header that it was compiled with */
    const char *release; /* of libclile, "0.1.0" */
    const char *name;
    int32_t smallest; /* side in pixels of the smallest face that `find` sees */
    int32_t reserved;
    /* 0, or other than 0 with a text in message [size]; *state is freed by destroy. */
    int32_t (*create)(void **state, char *message, size_t size);
    /* All faces of a grey picture [h,w] whose score is at least `threshold`, 0 being the module's
     * own choice and 1 a sure face, in any order. 0; 1: add stopped it; other: it failed. */
    int32_t (*find)(void *state, int32_t h, int32_t w, const uint8_t *grey, double threshold,
                    clile_i_module_add add, void *user, char *message, size_t size);
    void (*destroy)(void *state);
} clile_i_finder_module;

typedef const clile_i_finder_module *(*clile_i_module_entry)(void);
#define CLILE_I_MODULE_ENTRY "clile_finder_module"

#ifdef __cplusplus
}
#endif

#endif
