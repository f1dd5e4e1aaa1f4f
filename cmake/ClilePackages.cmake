# The Debian packages, by CPack: cmake -DCLILE_DEBIAN_PACKAGES=ON, build, then `cpack` in the build folder (docs/packaging.md).
#
#   libclileN        the library; N is the ABI number, so that a program keeps the one it was linked to
#   libclile-dev     headers, descriptions for CMake and pkg-config
#   clile            the command, its bench program and manual
#   python3-clile    the Python package
#   clile-model      the models that come with the library, where they are
#   clile-finder     the finder of faces, where dlib is
#   clile-video      the decoder of videos, where FFmpeg's libraries are
#   clile-mpi        training over MPI, where MPI is
#   clile-webp, clile-heif   the codecs of pictures, where libwebp and libheif are
set(packaging "${PROJECT_SOURCE_DIR}/cmake/debian")
set(work "${PROJECT_BINARY_DIR}/debian")
file(STRINGS "${packaging}/changelog" first LIMIT_COUNT 1)
if(NOT first MATCHES "^clile \\(${PROJECT_VERSION}-([0-9]+)\\)")
  message(FATAL_ERROR "cmake/debian/changelog begins with \"${first}\", expected clile (${PROJECT_VERSION}-N)")
endif()
set(debian_revision "${CMAKE_MATCH_1}")

# package NAME COMPONENT: its folder in share/doc, with what each Debian package has there
include(ClileCopyright)
clile_copyright("${work}/copyright")
find_program(CLILE_GZIP NAMES gzip REQUIRED)
execute_process(COMMAND ${CLILE_GZIP} -9nc "${packaging}/changelog" OUTPUT_FILE "${work}/changelog.Debian.gz" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CLILE_GZIP} -9nc "${PROJECT_SOURCE_DIR}/CHANGELOG.md" OUTPUT_FILE "${work}/changelog.gz" COMMAND_ERROR_IS_FATAL ANY)
function(package component name)
  install(FILES "${work}/copyright" "${work}/changelog.Debian.gz" "${work}/changelog.gz" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/${name}"
    COMPONENT ${component})
endfunction()
set(library_package "libclile${CLILE_SOVERSION}")
package(library ${library_package})
package(development libclile-dev)
package(command clile)
package(python python3-clile)
if(clile_models)
  package(model clile-model)
endif()
if(TARGET clile_finder_dlib)
  package(finder clile-finder)
endif()
if(TARGET clile_video_ffmpeg)
  package(video clile-video)
endif()
if(TARGET clile_mpi)
  package(mpi clile-mpi)
endif()
foreach(codec IN ITEMS webp heif)
  if(TARGET clile_codec_${codec})
    package(${codec} clile-${codec})
  endif()
endforeach()

# Which version of the library has which name: from the version script. X.Y of a node is the release X.Y.0 that brought it.
file(STRINGS "${PROJECT_SOURCE_DIR}/lib/clile.map" lines REGEX "^CLILE_|^ +clile_")
set(symbols "libclile.so.${CLILE_SOVERSION} ${library_package} #MINVER#\n* Build-Depends-Package: libclile-dev\n")
foreach(line IN LISTS lines)
  if(line MATCHES "^CLILE_([0-9.]+|EXPERIMENTAL)")
    set(node "${CMAKE_MATCH_1}")
    set(since "${node}.0")
    if(node STREQUAL "EXPERIMENTAL") # of this release, maybe not of the next
      set(since "${PROJECT_VERSION}")
    endif()
    string(APPEND symbols " CLILE_${node}@CLILE_${node} ${since}\n")
  elseif(line MATCHES "(clile_[a-z0-9_]+)")
    string(APPEND symbols " ${CMAKE_MATCH_1}@CLILE_${node} ${since}\n")
  endif()
endforeach()
file(WRITE "${work}/symbols" "${symbols}")
file(WRITE "${work}/shlibs" "libclile ${CLILE_SOVERSION} ${library_package} (>= ${PROJECT_VERSION})\n")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/lib/clile.map" "${packaging}/changelog"
  "${PROJECT_SOURCE_DIR}/CHANGELOG.md" "${PROJECT_SOURCE_DIR}/LICENSE")

# The Python package as Debian has them, with the metadata that pip and importlib.metadata read.
set(python_folder "lib/python3/dist-packages")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/examples/python/clile" DESTINATION "${python_folder}" COMPONENT python
  FILES_MATCHING PATTERN "*.py" PATTERN "py.typed" PATTERN "__pycache__" EXCLUDE)
file(WRITE "${work}/METADATA" "Metadata-Version: 2.1\nName: clile\nVersion: ${PROJECT_VERSION}\nSummary: ${PROJECT_DESCRIPTION}\nLicense: MIT\nRequires-Python: >=3.9\nRequires-Dist: numpy\n")
install(FILES "${work}/METADATA" DESTINATION "${python_folder}/clile-${PROJECT_VERSION}.dist-info" COMPONENT python)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME clile)
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each package has its own
set(CPACK_PACKAGE_VENDOR "libclile")
set(CPACK_PACKAGE_CONTACT "libclile developers <developers@libclile.org>")
set(CPACK_PACKAGING_INSTALL_PREFIX "${CMAKE_INSTALL_PREFIX}")
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL library development command python)
if(clile_models)
  list(APPEND CPACK_COMPONENTS_ALL model)
endif()
if(TARGET clile_finder_dlib)
  list(APPEND CPACK_COMPONENTS_ALL finder)
endif()
if(TARGET clile_video_ffmpeg)
  list(APPEND CPACK_COMPONENTS_ALL video)
endif()
if(TARGET clile_mpi)
  list(APPEND CPACK_COMPONENTS_ALL mpi)
endif()
foreach(codec IN ITEMS webp heif)
  if(TARGET clile_codec_${codec})
    list(APPEND CPACK_COMPONENTS_ALL ${codec})
  endif()
endforeach()
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE "${debian_revision}")
set(CPACK_DEBIAN_PACKAGE_SOURCE clile)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# Dependencies: of the system's libraries by dpkg-shlibdeps, of each other by name.
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_COMMAND_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${PROJECT_BINARY_DIR}/lib")
set(same "(= ${PROJECT_VERSION}-${debian_revision})")

set(about "libclile recognises facial action units (AUs) in images of people it never saw.
It implements CL-ILE, supervised contrastive learning with identity-label
embeddings; it trains, evaluates and runs its models on a CPU, with oneDNN.
")
# describe COMPONENT SYNOPSIS LAST_PARAGRAPH
macro(describe component synopsis last)
  set(CPACK_DEBIAN_${component}_DESCRIPTION "facial action unit recognition - ${synopsis}\n${about}.\n${last}")
endmacro()

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME "${library_package}")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA "${work}/symbols;${work}/shlibs;${packaging}/triggers")
describe(LIBRARY "shared library" "This package contains the shared library.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libclile-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${library_package} ${same}")
describe(DEVELOPMENT "development files" "This package contains the headers for C and C++, and the descriptions for
CMake and pkg-config.")

set(CPACK_DEBIAN_COMMAND_PACKAGE_NAME clile)
set(CPACK_DEBIAN_COMMAND_PACKAGE_SECTION science)
set(CPACK_DEBIAN_COMMAND_PACKAGE_DEPENDS "${library_package} ${same}") # the command may use what its own release brings
set(CPACK_DEBIAN_COMMAND_PACKAGE_RECOMMENDS "clile-finder, clile-model")
set(CPACK_DEBIAN_COMMAND_PACKAGE_SUGGESTS "clile-heif, clile-video, clile-webp")
describe(COMMAND "command" "This package contains the command clile: train, evaluate, predict, pack,
export, bench.")

set(CPACK_DEBIAN_PYTHON_PACKAGE_NAME python3-clile)
set(CPACK_DEBIAN_PYTHON_PACKAGE_SECTION python)
set(CPACK_DEBIAN_PYTHON_PACKAGE_RECOMMENDS "clile-finder, clile-model")
set(CPACK_DEBIAN_PYTHON_PACKAGE_SUGGESTS "clile-heif, clile-video, clile-webp")
set(CPACK_DEBIAN_PYTHON_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS "python3:any (>= 3.9), python3-numpy, ${library_package} (>= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_PYTHON_PACKAGE_CONTROL_EXTRA "${packaging}/postinst;${packaging}/prerm")
describe(PYTHON "Python 3 package" "This package contains the module clile for Python 3, over NumPy arrays.")
set(CPACK_DEBIAN_MODEL_PACKAGE_NAME clile-model)
set(CPACK_DEBIAN_MODEL_PACKAGE_SECTION science)
set(CPACK_DEBIAN_MODEL_PACKAGE_ARCHITECTURE all)
describe(MODEL "model for photographs" "This package contains the models with which libclile reads action units from
photographs. They were trained on rendered faces alone.")
set(CPACK_DEBIAN_FINDER_PACKAGE_NAME clile-finder)
set(CPACK_DEBIAN_FINDER_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_FINDER_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_FINDER_PACKAGE_DEPENDS "${library_package} ${same}") # of the same interface
describe(FINDER "finder of faces" "This package contains the module with which libclile finds faces in
photographs, made of dlib's frontal face detector.")
set(CPACK_DEBIAN_MPI_PACKAGE_NAME clile-mpi)
set(CPACK_DEBIAN_MPI_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_MPI_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_MPI_PACKAGE_DEPENDS "${library_package} ${same}") # of the same interface
describe(MPI "training over MPI" "This package contains the module with which several processes of an
MPI job train one model.")
set(CPACK_DEBIAN_VIDEO_PACKAGE_NAME clile-video)
set(CPACK_DEBIAN_VIDEO_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_VIDEO_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_VIDEO_PACKAGE_DEPENDS "${library_package} ${same}") # of the same interface
describe(VIDEO "decoder of videos" "This package contains the module with which libclile reads videos and
cameras, over FFmpeg's libraries.")
foreach(codec IN ITEMS WEBP HEIF)
  string(TOLOWER ${codec} name)
  set(CPACK_DEBIAN_${codec}_PACKAGE_NAME clile-${name})
  set(CPACK_DEBIAN_${codec}_PACKAGE_SECTION libs)
  set(CPACK_DEBIAN_${codec}_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_${codec}_PACKAGE_DEPENDS "${library_package} ${same}") # of the same interface
endforeach()
set(CPACK_DEBIAN_HEIF_PACKAGE_RECOMMENDS "libheif-plugin-libde265, libheif-plugin-dav1d") # decoders, from Debian 13 on
describe(WEBP "WebP pictures" "This package contains the module with which libclile reads WebP pictures,
over libwebp.")
describe(HEIF "HEIC and AVIF pictures" "This package contains the module with which libclile reads HEIC and AVIF
pictures, over libheif.")
include(CPack)
