#!/bin/sh
# results.sh NAME BUILD CTEST_OUTPUT: what ctest printed for BUILD as lines "passed NAME: TEST", "failed NAME: TEST" and "skipped NAME: TEST: WHY", the last also for
# what CMake left out and for parts of tests: cmocka's and pytest's skips, and lines "LEFT OUT: WHY".
set -eu
name=$1 build=$2 output=$3

sed "s/^/skipped $name: /" "$build/left-out.txt"

awk -v name="$name" '
    / Test +#[0-9]+: / {
        test = $0
        sub(/.* Test +#[0-9]+: /, "", test)
        sub(/ .*/, "", test)
        ++tests
        if (/ Passed +[0-9.]+ sec/) print "passed " name ": " test
        else if (/\*\*\*Skipped|\*\*\*Not Run \(Disabled\)/) print "skipped " name ": " test ": as a whole"
        else print "failed " name ": " test
    }
    /^ctest ended with / { ended = $0 }
    /^[0-9]+% tests passed, / { summary = 1 }
    END { if (!tests || !summary) print "failed " name ": no test was run " ended }
' "$output"

# The log has what every test said, the passed ones too.
awk -v name="$name" '
    / Testing: / { test = $NF; said = ""; split("", seen); next }
    /^\[ +SKIPPED *\] / {
        part = $0
        sub(/^\[ +SKIPPED *\] */, "", part)
        if (part !~ /test\(s\)/ && !(part in seen)) print "skipped " name ": " test ": " part (said != "" ? ": " said : "")
        seen[part] = 1
    }
    /^SKIPPED \[[0-9]+\] / { sub(/^SKIPPED \[[0-9]+\] /, ""); print "skipped " name ": " test ": " $0 }
    /LEFT OUT: / { sub(/.*LEFT OUT: /, ""); print "skipped " name ": " test ": " $0 }
    { said = /^\[/ ? "" : $0 }
' "$build/Testing/Temporary/LastTest.log"
