/* Adds a record to the end of a file, all of it or nothing; makes the folders for one. */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* 0, or an errno value. */
static int append_all(int descriptor, const uint8_t *data, size_t size)
{
    while (size > 0) {
        const ssize_t done = write(descriptor, data, size);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return errno;
        data += done;
        size -= (size_t)done;
    }
    return fsync(descriptor) == 0 ? 0 : errno;
}

clile_status clile_i_file_append(const char *path, const void *data, size_t size)
{
    struct stat info;
    const int descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor < 0) return clile_i_fail_system(errno, "%s: cannot be written", path);
    int error = fstat(descriptor, &info) == 0 ? 0 : errno;
    if (error == 0) {
        error = append_all(descriptor, data, size);
        /* a full disk may have taken a part */
        if (error != 0 && ftruncate(descriptor, info.st_size) != 0) error = errno;
    }
    if (close(descriptor) != 0 && error == 0) error = errno;
    return error == 0 ? CLILE_OK : clile_i_fail_system(error, "%s: cannot be written", path);
}

clile_status clile_i_folders_make(const char *path)
{
    clile_status status = CLILE_OK;
    char *folder = clile_i_strdup(path);
    if (folder == NULL) return CLILE_E_OUT_OF_MEMORY;
    for (char *at = strchr(folder + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
        *at = '\0';
        if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
            const int error = errno;
            if (!clile_i_path_is_folder(folder)) { /* some systems refuse to look at it twice */
                status = clile_i_fail_system(error, "%s: cannot be made", folder);
                break;
            }
        }
        *at = '/';
    }
    clile_i_free(folder);
    return status;
}
