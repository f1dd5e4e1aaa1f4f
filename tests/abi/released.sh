#!/bin/sh
# released.sh check|self-check|update [ROOT]: is the interface still that of the last release, except for additions?
#
# The release's interface is kept beside this file: clile-0.1.abi, as abidw (package abigail-tools) describes the functions with their types, and
# clile-0.1.constants, every public constant. `update` writes both from the headers and the map as they are now; do that when a release is made.
# What is described is a library whose functions have the headers' types, the map's versions and empty bodies: neither oneDNN nor the private
# types behind the handles are seen. The compiler holds the real library to the headers, abi/symbols to the map.
set -eu
mode=$1
root=$(cd "${2:-$(dirname "$0")/../..}" && pwd)
here=$root/tests/abi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cc=${CC:-cc}

# promised INCLUDE: the text of the headers that are under the promise
promised() {
    for header in "$1"/clile/*.h; do case $header in */experimental_*) ;; *) cat "$header" ;; esac; done
}

# library INCLUDE MAP OUTPUT: makes that library
library() {
    { echo '#include <clile/clile.h>'; promised "$1" | tr '\n' ' ' | sed 's,/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/,,g' | tr ';' '\n' |
        sed -n 's/.*CLILE_API \([^(]*clile_[a-z0-9_]*(.*)\) *$/\1 { __builtin_trap(); }/p'; } >"$scratch/interface.c"
    abi=$(sed -n 's/^#define CLILE_ABI_VERSION //p' "$1/clile/status.h")
    cd "$scratch" # keeps its path out of the description
    "$cc" -std=c11 -g -O0 -fPIC -shared -I"$1" interface.c -o "$3" -Wl,--version-script="$2" -Wl,-soname,"libclile.so.$abi"
}

# constants INCLUDE: "NAME VALUE" of every public macro and enumerator, but for the numbers that name versions of the interface
constants() {
    { printf '#include <clile/clile.h>\n' | "$cc" -std=c11 -I"$1" -E -dM - | sed -n 's/^#define \(CLILE_[A-Z0-9_]*\) \(["-]*[0-9a-z].*\)$/\1 \2/p'
        printf '#include <clile/clile.h>\n' | "$cc" -std=c11 -I"$1" -E -P - | sed 's/[,{}]/\n/g' |
            sed -n 's/^ *\(CLILE_[A-Z0-9_]*\) = \(-*[0-9]*\) *$/\1 \2/p'; } | grep -v '_VERSION[_ ]' | LC_ALL=C sort
}

# growing INCLUDE: for abidiff: structures that carry their size, as their first field, may grow at their end (abidiff 2.6 must be told that the size changes)
growing() {
    promised "$1" | awk '/^typedef struct clile_[a-z0-9_]+ [{]/ { name = $3; next }
        /^ *uint32_t struct_size;/ && name { print "[suppress_type]\n  name = " name "\n  type_kind = struct\n  has_data_member_inserted_at = end\n  has_size_change = yes" }
        !/^ *[/]?[*]/ { name = "" }'
}

# changed NAME INCLUDE MAP: 0 when nothing that was released has changed, else prints what has
changed() {
    library "$2" "$3" "$scratch/libclile.so" || { echo "the interface cannot be built" >&2; return 1; }
    constants "$2" >"$scratch/constants"
    [ "$(wc -l <"$scratch/constants")" -gt 40 ] || { echo "only $(wc -l <"$scratch/constants") constants were found in $2" >&2; exit 1; }
    growing "$2" >"$scratch/growing.suppr"
    code=0
    abidiff --no-added-syms --suppressions "$scratch/growing.suppr" "$1.abi" "$scratch/libclile.so" || code=$?
    LC_ALL=C comm -23 "$1.constants" "$scratch/constants" >"$scratch/gone"
    [ ! -s "$scratch/gone" ] || { echo "constants of the release that are gone or have another value:"; cat "$scratch/gone"; code=1; }
    return $code
}

# mutant WHAT 0|1 FILE 's/SED/EXPRESSION/': the interface with one change of a header or the map is accepted (0) or refused (1)
mutant() {
    rm -rf "$scratch/mutant"
    mkdir "$scratch/mutant"
    cp -r "$root/include" "$root/lib/clile.map" "$scratch/mutant"
    sed -i "$4" "$scratch/mutant/$3"
    ! cmp -s "$scratch/mutant/$3" "$root/$5" || { echo "self-check: $1: nothing was changed in $3" >&2; exit 1; }
    code=0
    changed "$scratch/now" "$scratch/mutant/include" "$scratch/mutant/clile.map" >"$scratch/said" || code=1
    [ "$code" = "$2" ] || { echo "self-check: $1: expected $2, found $code" >&2; cat "$scratch/said" >&2; exit 1; }
    echo "$1: $([ "$code" = 0 ] && echo taken || echo refused)"
}

describe() { # NAME
    library "$root/include" "$root/lib/clile.map" "$scratch/libclile.so"
    abidw --no-show-locs --no-comp-dir-path --no-corpus-path --no-write-default-sizes --no-parameter-names --no-elf-needed --out-file "$1.abi" "$scratch/libclile.so"
    constants "$root/include" >"$1.constants"
}

case $mode in
update)
    name=$here/clile-$(sed -n 's/^#define CLILE_VERSION_M[AI][JN]OR //p' "$root/include/clile/status.h" | paste -sd .)
    describe "$name"
    wc -c "$name.abi" "$name.constants"
    ;;
check)
    # shellcheck disable=SC2012 # names of our own
    last=$(ls "$here"/clile-*.abi | sort -V | tail -n 1)
    changed "${last%.abi}" "$root/include" "$root/lib/clile.map" ||
        { echo "the interface of ${last##*/} was changed: docs/abi.md says what may change (before a release: sh tests/abi/released.sh update)" >&2; exit 1; }
    echo "compatible with ${last##*/}"
    ;;
self-check)
    describe "$scratch/now"
    mutant "nothing but a comment" 0 include/clile/status.h '1s/clile/libclile/' include/clile/status.h
    mutant "a function is added" 0 include/clile/status.h 's/^CLILE_API const char \*clile_version(void);/& CLILE_API int32_t clile_more(const char *name);/' include/clile/status.h
    mutant "an experimental function changes" 0 include/clile/experimental_loss.h 's/int32_t mode,/int64_t mode,/' include/clile/experimental_loss.h
    mutant "an experimental function goes" 0 clile.map '/^CLILE_EXPERIMENTAL /,/^};/d' lib/clile.map
    mutant "a structure grows at its end" 0 include/clile/trainer.h 's/^} clile_progress;/    double more;\n&/' include/clile/trainer.h
    mutant "a constant is added" 0 include/clile/options.h 's/^#define CLILE_OPT_LAYOUT .*/&\n#define CLILE_OPT_MORE "more"/' include/clile/options.h
    mutant "a function is not exported any more" 1 clile.map '/ clile_model_load;/d' lib/clile.map
    mutant "a function moves to another node" 1 clile.map 's/^CLILE_0.1 /CLILE_0.9 /' lib/clile.map
    mutant "an argument has another type" 1 include/clile/model.h 's/\(CLILE_API clile_status clile_model_load(const \)char/\1int64_t/' include/clile/model.h
    mutant "an argument is added" 1 include/clile/model.h 's/\(CLILE_API clile_status clile_model_load(\)/\1int32_t mode, /' include/clile/model.h
    mutant "a result has another type" 1 include/clile/status.h 's/^CLILE_API int32_t clile_abi_version/CLILE_API int64_t clile_abi_version/' include/clile/status.h
    mutant "a field goes into the middle of a structure that may grow" 1 include/clile/trainer.h 's/^    double loss;/    double more;\n&/' include/clile/trainer.h
    mutant "a field goes in before others" 1 include/clile/options.h 's/^    const char \*name;/    int64_t more;\n&/' include/clile/options.h
    mutant "a status has another number" 1 include/clile/status.h 's/X(-3, E_IO/X(-33, E_IO/' include/clile/status.h
    mutant "an option has another name" 1 include/clile/options.h 's/"learning_rate"/"rate"/' include/clile/options.h
    ;;
*)
    echo "released.sh check|self-check|update [ROOT]" >&2
    exit 2
    ;;
esac
