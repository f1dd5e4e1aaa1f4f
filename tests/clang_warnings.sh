#!/bin/sh
# clang_warnings.sh CLANG ROOT INCLUDE...: clang, too, has nothing to say about the sources of the library and the examples.
set -eu
clang=$1 root=$2
shift 2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
includes=
for folder in "$@"; do includes="$includes -isystem $folder"; done
cd "$root"
count=$(find lib examples -name '*.c' ! -path lib/video/ffmpeg.c ! -path 'lib/image/codec_*.c' ! -path 'lib/mpi/mpi_*.c' | wc -l)
[ "$count" -gt 20 ] || { echo "only $count files below $root" >&2; exit 1; }
# clang's own omp.h may not be installed: the few functions that are used stand in for it.
openmp=-fopenmp
if ! printf '#include <omp.h>\n' | "$clang" -fopenmp -fsyntax-only -x c - 2>/dev/null; then
    cat >"$scratch/omp.h" <<'END'
int omp_get_thread_num(void);
int omp_get_num_threads(void);
int omp_get_max_threads(void);
int omp_get_num_procs(void);
int omp_in_parallel(void);
int omp_get_dynamic(void);
int omp_get_max_active_levels(void);
int omp_get_thread_limit(void);
void omp_set_num_threads(int);
void omp_set_dynamic(int);
typedef enum { omp_pause_soft = 1, omp_pause_hard = 2 } omp_pause_resource_t;
int omp_pause_resource_all(omp_pause_resource_t);
END
    includes="$includes -isystem $scratch"
fi
# shellcheck disable=SC2086 # words on purpose
find lib examples -name '*.c' ! -path lib/video/ffmpeg.c ! -path 'lib/image/codec_*.c' ! -path 'lib/mpi/mpi_*.c' | sort | xargs "$clang" -std=c11 -fsyntax-only -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror \
    -D_POSIX_C_SOURCE=200809L -Ilib -Iinclude $includes $openmp
echo "$count files without a warning"
