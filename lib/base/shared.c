/* What is installed with the library: modules (shared objects) and data files. They are found
 * relative to the library or program that contains this code, even after it was moved. */
#define _GNU_SOURCE /* dladdr */
#include "base/base.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)
#define FOLDER "clile-" TEXT(CLILE_ABI_VERSION)
#ifndef CLILE_DATA_FOLDER /* where this build is installed to: lib/CMakeLists.txt */
#define CLILE_DATA_FOLDER ""
#endif

static const char *const folders[] = {
    FOLDER "/", /* installed: lib/clile-N, next to lib/libclile.so.N */
    "",         /* a folder of a build, a wheel */
};

static int is_name(const char *name)
{
    size_t length = strlen(name);
    for (const char *c = name; *c != '\0'; ++c)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '_')) return 0;
    return length >= 1 && length <= 32;
}

/* The folder of the library, with a slash at its end: clile_i_free it. */
static char *own_folder(void)
{
    static const char inside = 0; /* any address in the library */
    char real[PATH_MAX] = "./";
    Dl_info info;
    /* a program with the library in it has the name it was called by, perhaps without a path */
    const int known = dladdr(&inside, &info) != 0 && info.dli_fname != NULL &&
                      strchr(info.dli_fname, '/') != NULL && realpath(info.dli_fname, real) != NULL;
    if (!known && realpath("/proc/self/exe", real) == NULL) snprintf(real, sizeof real, "./");
    char *folder = clile_i_strdup(real), *slash = folder != NULL ? strrchr(folder, '/') : NULL;
    if (slash != NULL) slash[1] = '\0';
    return folder;
}

typedef struct { /* how every module's table begins */
    uint32_t struct_size;
    int32_t interface;
} head;

clile_status clile_i_shared_check(const clile_i_module_kind *kind, const void *table, size_t size,
                                  const char *path)
{
    head h = {0, 0};
    if (table != NULL) memcpy(&h, table, sizeof h);
    if (h.struct_size >= size && h.interface == kind->interface) return CLILE_OK;
    return clile_i_fail(CLILE_E_UNSUPPORTED,
                        "%s: belongs to another release: its interface is %d, that of libclile %s "
                        "is %d; install the %s of the same release",
                        path, (int)h.interface, clile_version(), (int)kind->interface, kind->name);
}

static clile_status open_file(const clile_i_module_kind *kind, const char *path, void **library,
                              void *entry, size_t size)
{
    /* stays loaded: libraries that FFmpeg brings leak, and in the end crash, when they are unloaded
     * and loaded again */
    void *opened = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (opened == NULL) {
        const char *why = dlerror();
        return clile_i_fail(CLILE_E_UNSUPPORTED, "the %s module cannot be loaded: %s", kind->name,
                            why != NULL ? why : path);
    }
    /* ISO C cannot turn an object pointer into a function pointer; POSIX can, like this */
    void *symbol = dlsym(opened, kind->entry);
    if (symbol == NULL) {
        dlclose(opened);
        return clile_i_fail(CLILE_E_UNSUPPORTED, "%s: not a %s module of libclile", path,
                            kind->name);
    }
    memcpy(entry, &symbol, size);
    *library = opened;
    return CLILE_OK;
}

clile_status clile_i_shared_open(const clile_i_module_kind *kind, const char *name, void **library,
                                 void *entry, size_t size, char **path)
{
    clile_status status = CLILE_OK;
    clile_i_text text = {0};
    char *folder = NULL;
    if (!is_name(name))
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "%s \"%.64s\": expected a name of 1 to 32 of a-z, 0-9 and _",
                            kind->name, name);
    if ((folder = own_folder()) == NULL) return CLILE_E_OUT_OF_MEMORY;
    for (size_t k = 0; k < sizeof folders / sizeof *folders; ++k) {
        text.size = 0;
        clile_i_text_append(&text, "%s%s%s_%s.so", folder, folders[k], kind->name, name);
        CLILE_I_TRY(text.status);
        if (!clile_i_path_exists(text.data)) continue;
        if ((*path = clile_i_strdup(text.data)) == NULL) {
            status = CLILE_E_OUT_OF_MEMORY;
            goto cleanup;
        }
        status = open_file(kind, text.data, library, entry, size);
        goto cleanup;
    }
    status = clile_i_fail(CLILE_E_UNSUPPORTED,
                          "%s \"%s\" is not installed (no %s_%s.so in %s or %s%s): %s", kind->name,
                          name, kind->name, name, folder, folder, FOLDER, kind->advice);
cleanup:
    clile_i_text_free(&text);
    clile_i_free(folder);
    return status;
}

void clile_i_shared_close(void *library)
{
    if (library != NULL) dlclose(library);
}

/* ---- data ---- */

/* Cuts the last folder off a path that ends with a slash; "/" stays. */
static void leave_folder(char *folder)
{
    size_t length = strlen(folder);
    if (length > 1) folder[--length] = '\0';
    while (length > 0 && folder[length - 1] != '/') folder[--length] = '\0';
}

/* The next place to look in, with a slash at its end. own: the library's folder; gets cut. */
static void put_place(clile_i_text *text, int place, char *own)
{
    text->size = 0;
    if (place > 0 && place < CLILE_I_DATA_PLACES - 1) leave_folder(own);
    if (place == CLILE_I_DATA_PLACES - 1)
        clile_i_text_append(text, CLILE_DATA_FOLDER "/");
    else
        clile_i_text_append(text, "%s%s", own, place == 0 ? "" : "share/clile/");
}

clile_status clile_i_data_find(const char *file, char **path, clile_i_text *tried)
{
    clile_status status = CLILE_OK;
    clile_i_text text = {0};
    char *own = own_folder();
    *path = NULL;
    if (own == NULL) return CLILE_E_OUT_OF_MEMORY;
    for (int place = 0; place < CLILE_I_DATA_PLACES; ++place) {
        put_place(&text, place, own);
        CLILE_I_TRY(text.status);
        if (strcmp(text.data, "/") == 0) continue; /* the place of installation is not known */
        clile_i_text_append(tried, "%s%s", tried->size == 0 ? "" : ", ", text.data);
        clile_i_text_append(&text, "%s", file);
        CLILE_I_TRY(tried->status);
        CLILE_I_TRY(text.status);
        if (!clile_i_path_exists(text.data)) continue;
        if ((*path = clile_i_strdup(text.data)) == NULL) status = CLILE_E_OUT_OF_MEMORY;
        goto cleanup;
    }
cleanup:
    clile_i_text_free(&text);
    clile_i_free(own);
    return status;
}
