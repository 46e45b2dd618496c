# Headers of libraries that nearly all sources read, parsed once: without, compiling takes twice as long. GCC wants one
# such set for each level of optimization. -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON builds without them, which finds sources
# that do not include what they use.
set(shared_headers <algorithm> <array> <cmath> <cstdint> <cstring> <deque> <filesystem> <fmt/format.h> <fmt/ranges.h>
                   <fstream> <functional> <limits> <map> <memory> <nlohmann/json.hpp> <numeric> <optional> <set> <sstream>
                   <string> <unordered_map> <utility> <variant> <vector>)

# Lists the targets of a folder and of those below it.
function(tessera_targets_of folder result)
  get_property(found DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  get_property(below DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
  foreach(one IN LISTS below)
    tessera_targets_of(${one} more)
    list(APPEND found ${more})
  endforeach()
  set(${result} ${found} PARENT_SCOPE)
endfunction()

# The first target gets `headers`, the others use what was made for it.
function(tessera_share_headers first others headers)
  target_precompile_headers(${first} PRIVATE ${headers})
  foreach(target IN LISTS others)
    get_target_property(type ${target} TYPE)
    if(NOT target STREQUAL first AND type MATCHES "STATIC_LIBRARY|EXECUTABLE")
      target_precompile_headers(${target} REUSE_FROM ${first})
    endif()
  endforeach()
endfunction()

function(tessera_precompile_headers)
  set(quick)
  foreach(folder sim models explore)
    tessera_targets_of(${PROJECT_SOURCE_DIR}/${folder} found)
    list(APPEND quick ${found})
  endforeach()
  # What reads, writes and explains is no part of a simulation; at -O1 it compiles in three quarters of the time.
  set(plain)
  if(CMAKE_CXX_FLAGS_RELEASE MATCHES "-O3")
    foreach(part config network import result report trace replay validation open_engine cli explore)
      target_compile_options(tessera_${part} PRIVATE $<$<CONFIG:Release>:-O1>)
      list(APPEND plain tessera_${part})
    endforeach()
    list(REMOVE_ITEM quick ${plain})
    tessera_share_headers(tessera_config "${plain}" "${shared_headers}")
  endif()
  tessera_share_headers(tessera_base "${quick}" "${shared_headers}")
endfunction()

# Of the tests: no test is compiled for speed, and all read Catch2.
function(tessera_precompile_test_headers)
  tessera_targets_of(${PROJECT_SOURCE_DIR}/tests tests)
  if(CMAKE_CXX_FLAGS_RELEASE MATCHES "-O3")
    foreach(target IN LISTS tests)
      get_target_property(type ${target} TYPE)
      if(type MATCHES "STATIC_LIBRARY|EXECUTABLE" AND NOT target MATCHES "_bench$")
        target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
      endif()
    endforeach()
  endif()
  list(FILTER tests EXCLUDE REGEX "_bench$|^tessera_test_main$")
  tessera_share_headers(tessera_test_device "${tests}" "${shared_headers};<catch2/catch.hpp>")
endfunction()
