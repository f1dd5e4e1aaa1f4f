/* A finder's module. It is found next to the library that contains this code, wherever that was
 * moved. */
#define _GNU_SOURCE /* dladdr */
#include "face/face.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)
#define FOLDER "clile-" TEXT(CLILE_ABI_VERSION)

static const char *const folders[] = {
    FOLDER "/", /* installed: lib/clile-N, beside lib/libclile.so.N */
    "",         /* a folder of a build, a wheel */
};

#define HOW_TO_INSTALL                                                                             \
    "install it (Debian: clile-finder; from source: libdlib-dev, then cmake "                      \
    "-DCLILE_FINDER=ON), or say where the faces are"

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
    static const char inside = 0; /* a place in the library */
    char real[PATH_MAX] = "./";
    Dl_info info;
    if (dladdr(&inside, &info) != 0 && info.dli_fname != NULL &&
        realpath(info.dli_fname, real) == NULL)
        snprintf(real, sizeof real, "./");
    char *folder = clile_i_strdup(real), *slash = folder != NULL ? strrchr(folder, '/') : NULL;
    if (slash != NULL) slash[1] = '\0';
    return folder;
}

clile_status clile_i_module_check(const clile_i_finder_module *table, const char *path)
{
    if (table == NULL || table->struct_size < sizeof *table ||
        table->interface != CLILE_I_FINDER_INTERFACE)
        return clile_i_fail(
            CLILE_E_UNSUPPORTED,
            "%s: of another release: its interface is %d, that of libclile %s is %d; install the "
            "finder of the same release",
            path, table == NULL ? 0 : (int)table->interface, clile_version(),
            (int)CLILE_I_FINDER_INTERFACE);
    if (table->smallest < 8 || table->create == NULL || table->find == NULL ||
        table->destroy == NULL || table->name == NULL)
        return clile_i_fail(CLILE_E_UNSUPPORTED, "%s: not a finder of libclile", path);
    return CLILE_OK;
}

static clile_status open_file(const char *path, clile_i_module *out)
{
    clile_i_module m = {.library = dlopen(path, RTLD_NOW | RTLD_LOCAL)};
    char message[256] = "";
    clile_status status;
    if (m.library == NULL) {
        const char *why = dlerror();
        return clile_i_fail(CLILE_E_UNSUPPORTED, "the finder cannot be loaded: %s",
                            why != NULL ? why : path);
    }
    /* ISO C has no way from an object's address to a function's, POSIX has this one */
    clile_i_module_entry entry = NULL;
    void *symbol = dlsym(m.library, CLILE_I_MODULE_ENTRY);
    memcpy(&entry, &symbol, sizeof entry);
    if (entry == NULL) {
        status = clile_i_fail(CLILE_E_UNSUPPORTED, "%s: not a finder of libclile", path);
        goto cleanup;
    }
    m.table = entry();
    CLILE_I_TRY(clile_i_module_check(m.table, path));
    for (int k = 0; k < CLILE_I_LOOKS; ++k)
        if (m.table->create(&m.states[k], message, sizeof message) != 0) {
            m.states[k] = NULL;
            status = clile_i_fail(CLILE_E_BACKEND, "%s: %s", path, message);
            goto cleanup;
        }
    *out = m;
    return CLILE_OK;
cleanup:
    clile_i_module_close(&m);
    return status;
}

clile_status clile_i_module_open(const char *name, clile_i_module *out)
{
    clile_status status = CLILE_OK;
    clile_i_text path = {0};
    char *folder = NULL;
    *out = (clile_i_module){0};
    if (!is_name(name))
        return clile_i_fail(CLILE_E_INVALID_ARGUMENT,
                            "finder \"%.64s\": expected a name of 1 to 32 of a-z, 0-9 and _", name);
    if ((folder = own_folder()) == NULL) return CLILE_E_OUT_OF_MEMORY;
    for (size_t k = 0; k < sizeof folders / sizeof *folders; ++k) {
        path.size = 0;
        clile_i_text_append(&path, "%s%sfinder_%s.so", folder, folders[k], name);
        CLILE_I_TRY(path.status);
        if (!clile_i_path_exists(path.data)) continue;
        status = open_file(path.data, out);
        goto cleanup;
    }
    status = clile_i_fail(CLILE_E_UNSUPPORTED,
                          "finder \"%s\" is not installed (no finder_%s.so in %s or %s%s): %s",
                          name, name, folder, folder, FOLDER, HOW_TO_INSTALL);
cleanup:
    clile_i_text_free(&path);
    clile_i_free(folder);
    return status;
}

void clile_i_module_close(clile_i_module *module)
{
    for (int k = 0; k < CLILE_I_LOOKS; ++k)
        if (module->states[k] != NULL) module->table->destroy(module->states[k]);
    if (module->library != NULL) dlclose(module->library);
    *module = (clile_i_module){0};
}
