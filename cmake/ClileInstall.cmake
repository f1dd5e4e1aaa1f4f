# What the library exports, and what is installed: the library, its headers, the command, and descriptions for CMake and pkg-config.

if(BUILD_SHARED_LIBS)
  set(version_script "${PROJECT_SOURCE_DIR}/lib/clile.map")
  # --exclude-libs: nothing of a static oneDNN or zlib is exported, whatever the script says
  target_link_options(clile PRIVATE "LINKER:--version-script=${version_script}" "LINKER:--exclude-libs,ALL")
  set_property(TARGET clile APPEND PROPERTY LINK_DEPENDS "${version_script}")
endif()

# Installed programs find the library beside them, and a oneDNN that is not in a system folder where it was found
# (named outright: CMake's own way leaves out folders below the checkout).
get_filename_component(onednn_libdir "${OneDNN_LIBRARY}" DIRECTORY)
set(onednn_rpath "")
if(NOT onednn_libdir IN_LIST CMAKE_C_IMPLICIT_LINK_DIRECTORIES)
  set(onednn_rpath "${onednn_libdir}")
endif()
file(RELATIVE_PATH lib_from_bin "/${CMAKE_INSTALL_BINDIR}" "/${CMAKE_INSTALL_LIBDIR}")
set_target_properties(clile PROPERTIES INSTALL_RPATH "${onednn_rpath}")

# Components: library, development, command (and python, of cmake/ClilePackages.cmake), for packages; `cmake --install` installs all.
install(TARGETS clile EXPORT clileTargets
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT library NAMELINK_COMPONENT development
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/clile" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT development FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
if(CLILE_BUILD_EXAMPLES)
  set_target_properties(clile_command PROPERTIES INSTALL_RPATH "$ORIGIN/${lib_from_bin};${onednn_rpath}")
  set_target_properties(clile_bench PROPERTIES INSTALL_RPATH "${onednn_rpath}") # holds the rooms it measures, not the library
  install(TARGETS clile_command RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT command)
  install(TARGETS clile_bench RUNTIME DESTINATION "${CMAKE_INSTALL_LIBEXECDIR}/clile" COMPONENT command)
  install(FILES "${PROJECT_SOURCE_DIR}/examples/bench/rival_rounds.py" DESTINATION "${CMAKE_INSTALL_LIBEXECDIR}/clile" COMPONENT command)
endif()

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/clile")
install(EXPORT clileTargets NAMESPACE clile:: DESTINATION "${package_dir}" COMPONENT development)
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/clileConfig.cmake.in" "${PROJECT_BINARY_DIR}/clileConfig.cmake"
  INSTALL_DESTINATION "${package_dir}")
# Before 1.0 a minor release may change the interface.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/clileConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/clileConfig.cmake" "${PROJECT_BINARY_DIR}/clileConfigVersion.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindOneDNN.cmake" DESTINATION "${package_dir}" COMPONENT development)

# The paths in clile.pc are relative to the file itself, so that an installed tree can be moved.
file(RELATIVE_PATH pc_to_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" pc_to_prefix "${pc_to_prefix}")
if(NOT onednn_rpath)
  set(pc_private "-ldnnl -lz ${OpenMP_C_FLAGS} -lm")
else()
  set(pc_private "-L${onednn_libdir} -Wl,-rpath,${onednn_libdir} -ldnnl -lz ${OpenMP_C_FLAGS} -lm") # found where it was, as by a shared libclile
endif()
if(BUILD_SHARED_LIBS)
  set(pc_libs "")
else()
  set(pc_libs " ${pc_private}") # a static library brings its dependencies along
endif()
configure_file("${PROJECT_SOURCE_DIR}/pkgconfig/clile.pc.in" "${PROJECT_BINARY_DIR}/clile.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/clile.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)
if(CLILE_BUILD_EXAMPLES)
  file(GLOB manual CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/docs/man/*.[17]")
  if(CLILE_DEBIAN_PACKAGES) # Debian has them compressed
    find_program(CLILE_GZIP NAMES gzip REQUIRED)
    file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/man")
    foreach(page IN LISTS manual)
      get_filename_component(name "${page}" NAME)
      execute_process(COMMAND ${CLILE_GZIP} -9nc "${page}" OUTPUT_FILE "${PROJECT_BINARY_DIR}/man/${name}.gz" COMMAND_ERROR_IS_FATAL ANY)
    endforeach()
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${manual})
    list(TRANSFORM manual REPLACE "^.*/([^/]*)$" "${PROJECT_BINARY_DIR}/man/\\1.gz")
  endif()
  foreach(page IN LISTS manual)
    string(REGEX REPLACE "^.*[.]([17])([.]gz)?$" "\\1" section "${page}")
    install(FILES "${page}" DESTINATION "${CMAKE_INSTALL_MANDIR}/man${section}" COMPONENT command)
  endforeach()
endif()

# Completions of the command, where each shell looks for those of packages.
if(CLILE_BUILD_EXAMPLES)
  set(zsh_folder zsh/site-functions)
  if(CLILE_DEBIAN_PACKAGES)
    set(zsh_folder zsh/vendor-completions) # Debian's zsh has no other place for packages
  endif()
  set(completions "${PROJECT_SOURCE_DIR}/docs/completions")
  install(FILES "${completions}/clile.bash" RENAME clile DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" COMPONENT command)
  install(FILES "${completions}/_clile" DESTINATION "${CMAKE_INSTALL_DATADIR}/${zsh_folder}" COMPONENT command)
  install(FILES "${completions}/clile.fish" DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d" COMPONENT command)
endif()

# The pages, laid out as here, so that their links to each other hold; and the examples in C, C++ and Python.
set(doc_folder "${CMAKE_INSTALL_DATADIR}/doc/libclile")
file(GLOB pages CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/docs/*.md")
file(GLOB pictures CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/docs/pictures/*.svg" "${PROJECT_SOURCE_DIR}/docs/pictures/*.jpg" "${PROJECT_SOURCE_DIR}/docs/pictures/*.png")
file(GLOB programs CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/examples/*.c" "${PROJECT_SOURCE_DIR}/examples/*.cpp")
file(GLOB scripts CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/examples/python/*.py")
list(REMOVE_ITEM scripts "${PROJECT_SOURCE_DIR}/examples/python/generate.py") # it makes a part of the package
install(FILES "${PROJECT_SOURCE_DIR}/README.md" DESTINATION "${doc_folder}" COMPONENT development)
install(FILES ${pages} DESTINATION "${doc_folder}/docs" COMPONENT development)
install(FILES ${pictures} DESTINATION "${doc_folder}/docs/pictures" COMPONENT development)
install(FILES ${programs} DESTINATION "${doc_folder}/examples" COMPONENT development)
install(FILES ${scripts} DESTINATION "${doc_folder}/examples/python" COMPONENT development)
if(NOT CLILE_DEBIAN_PACKAGES) # which have them as `copyright` and `changelog.gz`
  install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${PROJECT_SOURCE_DIR}/CHANGELOG.md" DESTINATION "${doc_folder}" COMPONENT library)
endif()
