# The target `docs`: the API reference, from the public headers, in docs/html of the build folder (Doxygen; Python for docs/reference/filter.py).
find_program(CLILE_DOXYGEN NAMES doxygen)
find_program(CLILE_PYTHON3 NAMES python3)
if(CLILE_DOXYGEN AND CLILE_PYTHON3)
  configure_file("${PROJECT_SOURCE_DIR}/docs/Doxyfile.in" "${PROJECT_BINARY_DIR}/Doxyfile" @ONLY)
  add_custom_target(docs COMMAND ${CLILE_DOXYGEN} "${PROJECT_BINARY_DIR}/Doxyfile" COMMENT "docs/html/index.html" VERBATIM)
endif()
