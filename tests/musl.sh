#!/bin/sh
# sh musl.sh MUSL_GCC ROOT SCRATCH ONEDNN_INCLUDE STB_INCLUDE: the library's files compile with another libc, and call nothing
# that only glibc's loader resolves (functions with clones).
set -eu
compiler=$1 root=$2 scratch=$3 onednn=$4 stb=$5
rm -rf "$scratch"
mkdir -p "$scratch/include"
# headers of the host that do not depend on its libc
cp "$(gcc -print-file-name=include)/omp.h" /usr/include/zlib.h "$scratch/include"
cp "$(echo '#include <zconf.h>' | gcc -M -E -xc - | tr ' ' '\n' | grep '/zconf.h$')" "$scratch/include"
cp -r "$onednn"/dnnl*.h "$scratch/include"
[ ! -d "$onednn/oneapi" ] || cp -r "$onednn/oneapi" "$scratch/include"
cd "$root"
for file in $(ls lib/*/*.c | grep -vE "^lib/(video/ffmpeg|image/codec_(webp|heif)|mpi/mpi_(module|node))\.c$"); do
    "$compiler" -std=c11 -c -o "$scratch/file.o" -fopenmp -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -D_POSIX_C_SOURCE=200809L \
        -Ilib -Iinclude -isystem "$scratch/include" -isystem "$stb" "$file"
    if nm "$scratch/file.o" | grep ' i '; then
        echo "$file: the functions above are chosen when the program is loaded, which musl does not do" >&2
        exit 1
    fi
done
