/* The interface of a finder's module. It is plain C, so that a module can be written in any
 * language, and includes nothing from the library, because a module is not linked to it.
 *
 * A module is a shared object finder_NAME.so that exports one function, clile_finder_module.
 * Changing the meaning or order of anything below needs a new CLILE_I_FINDER_INTERFACE. */
#ifndef CLILE_I_FACE_MODULE_H
#define CLILE_I_FACE_MODULE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CLILE_I_FINDER_INTERFACE = 1 };

/* Reports a face. Returns anything but 0 to stop. The box is square, from the forehead to the chin,
 * in pixels of the picture passed to `find`. */
typedef int32_t (*clile_i_module_add)(void *user, double left, double top, double side,
                                      double score);

typedef struct {
    uint32_t struct_size;
    int32_t interface;   /* CLILE_I_FINDER_INTERFACE of the header that it was compiled with */
    const char *release; /* of libclile, "0.1.0" */
    const char *name;
    int32_t smallest; /* side in pixels of the smallest face that `find` can see */
    int32_t reserved;
    /* Returns 0, or anything else with a text in message [size]. destroy frees *state. */
    int32_t (*create)(void **state, char *message, size_t size);
    /* Reports all faces in a grey picture [h,w] whose score is at least `threshold`, in any order.
     * Threshold 0 is the module's own choice, 1 a certain face. Returns 0 if done, 1 if add stopped
     * it, anything else on failure. */
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
