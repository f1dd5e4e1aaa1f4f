# clile_left_out(NAME REASON): a test or an example that this machine has not what it needs for. Said while configuring, and kept in left-out.txt of the
# build folder, which tests/run.sh lists at its end.
file(WRITE "${PROJECT_BINARY_DIR}/left-out.txt" "")
function(clile_left_out name reason)
  message(STATUS "left out: ${name}: ${reason}")
  file(APPEND "${PROJECT_BINARY_DIR}/left-out.txt" "${name}: ${reason}\n")
endfunction()
