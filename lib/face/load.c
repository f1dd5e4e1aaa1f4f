/* Loads a finder's module. */
#include "face/face.h"

static const clile_i_module_kind finder_kind = {
    "finder", CLILE_I_MODULE_ENTRY, CLILE_I_FINDER_INTERFACE,
    "install it (Debian: clile-finder; from source: libdlib-dev, then cmake "
    "-DCLILE_FINDER=ON), or say where the faces are"};

clile_status clile_i_module_check(const clile_i_finder_module *table, const char *path)
{
    CLILE_I_RETURN_IF(clile_i_shared_check(&finder_kind, table, sizeof *table, path));
    if (table->smallest < 8 || table->create == NULL || table->find == NULL ||
        table->destroy == NULL || table->name == NULL)
        return clile_i_fail(CLILE_E_UNSUPPORTED, "%s: not a finder of libclile", path);
    return CLILE_OK;
}

clile_status clile_i_module_open(const char *name, clile_i_module *out)
{
    clile_status status = CLILE_OK;
    clile_i_module m = {0};
    clile_i_module_entry entry = NULL;
    char message[256] = "", *path = NULL;
    *out = (clile_i_module){0};
    CLILE_I_TRY(clile_i_shared_open(&finder_kind, name, &m.library, &entry, sizeof entry, &path));
    m.table = entry();
    CLILE_I_TRY(clile_i_module_check(m.table, path));
    for (int k = 0; k < CLILE_I_LOOKS; ++k)
        if (m.table->create(&m.states[k], message, sizeof message) != 0) {
            m.states[k] = NULL;
            status = clile_i_fail(CLILE_E_BACKEND, "%s: %s", path, message);
            goto cleanup;
        }
    *out = m;
    m = (clile_i_module){0};
cleanup:
    clile_i_module_close(&m);
    clile_i_free(path);
    return status;
}

void clile_i_module_close(clile_i_module *module)
{
    for (int k = 0; k < CLILE_I_LOOKS; ++k)
        if (module->states[k] != NULL) module->table->destroy(module->states[k]);
    clile_i_shared_close(module->library);
    *module = (clile_i_module){0};
}
