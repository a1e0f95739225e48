# What every target gets: the language, the include roots, the warnings.
add_library(hullmark_flags INTERFACE)
target_include_directories(hullmark_flags INTERFACE ${PROJECT_SOURCE_DIR}/include
                                                    ${PROJECT_SOURCE_DIR})
target_compile_features(hullmark_flags INTERFACE cxx_std_23)
target_compile_options(hullmark_flags INTERFACE -Wall -Wextra -Wconversion -Wshadow
                                                -fstack-protector-strong)
# False alarms of g++ 12 when it optimises: overlapping copies in "literal" + std::string&& (GCC bug
# 105651), the unused member of a std::expected. clang and the sanitizers look for the real ones.
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  target_compile_options(hullmark_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
endif()
# clang sees that std::stable_sort of libstdc++ 12 still calls a function that C++17 deprecates.
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  target_compile_options(hullmark_flags INTERFACE -Wno-deprecated-declarations)
endif()
# Dereferencing an error must abort, not yield its bytes as a value: in every build type.
target_compile_definitions(hullmark_flags INTERFACE _GLIBCXX_ASSERTIONS)

# Where nothing remembers what was compiled before, what most sources include is read once, which saves
# a third of the time. What a source forgets to include is then found elsewhere: in builds without it.
option(HULLMARK_PRECOMPILE "Precompile the headers that most sources include" OFF)
set(hullmark_often_included <algorithm> <array> <chrono> <expected> <functional> <map> <memory> <optional>
                            <span> <string> <string_view> <vector>)
function(hullmark_precompile name)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/${name}.cc CONTENT "// Nothing but the headers.\n")
  add_library(${name} OBJECT ${PROJECT_BINARY_DIR}/${name}.cc)
  target_link_libraries(${name} PRIVATE hullmark_flags ${ARGN})
  target_precompile_headers(${name} PRIVATE ${hullmark_often_included})
endfunction()
if(HULLMARK_PRECOMPILE)
  hullmark_precompile(hullmark_precompiled)
endif()

# hullmark_module(NAME SOURCES a.cc b.cc LINKS other_module Third::party)
function(hullmark_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_library(hullmark_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(hullmark_${name} PUBLIC hullmark_flags PRIVATE ${ARG_LINKS})
  if(HULLMARK_PRECOMPILE)
    target_precompile_headers(hullmark_${name} REUSE_FROM hullmark_precompiled)
  endif()
endfunction()

# What would take minutes in a build without optimisation.
function(hullmark_optimise name)
  target_compile_options(${name} PRIVATE $<$<CONFIG:Debug>:-O1>)
  set_target_properties(${name} PROPERTIES DISABLE_PRECOMPILE_HEADERS ON) # Made with other options.
endfunction()

# hullmark_test(NAME SOURCES a_test.cc LINKS hullmark_parse ...): a GoogleTest program, a ctest per case.
function(hullmark_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_compile_definitions(${name} PRIVATE HULLMARK_FIXTURES="${PROJECT_SOURCE_DIR}/tests/fixtures"
                                             HULLMARK_SOURCE="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} hullmark_flags GTest::gtest_main)
  if(HULLMARK_PRECOMPILE)
    target_precompile_headers(${name} REUSE_FROM hullmark_precompiled_tests)
  endif()
  gtest_discover_tests(${name} PROPERTIES LABELS unit DISCOVERY_TIMEOUT 60)
endfunction()

# hullmark_fuzz(NAME SOURCE x_fuzz.cc LINKS ...): with clang a libFuzzer program; with any compiler a
# ctest that replays the corpus in tests/fuzz/corpus/NAME.
function(hullmark_fuzz name)
  cmake_parse_arguments(ARG "" "SOURCE" "LINKS" ${ARGN})
  add_executable(${name}_replay ${ARG_SOURCE} ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cc)
  target_link_libraries(${name}_replay PRIVATE ${ARG_LINKS} hullmark_flags)
  add_test(NAME fuzz_replay.${name}
           COMMAND ${name}_replay ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
  set_tests_properties(fuzz_replay.${name} PROPERTIES LABELS fuzz)
  if(HULLMARK_FUZZ)
    add_executable(${name} ${ARG_SOURCE})
    target_link_libraries(${name} PRIVATE ${ARG_LINKS} hullmark_flags)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  endif()
endfunction()
