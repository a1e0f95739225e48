# cmake -DTEXT=default.yaml -DSOURCE=default_text.cc -P embed.cmake
# Writes a C++ source that holds the bytes of TEXT.
file(READ "${TEXT}" text)
string(FIND "${text}" ")embedded\"" end)
if(NOT end EQUAL -1)
  message(FATAL_ERROR "${TEXT} holds the delimiter of the string it is put into")
endif()
file(WRITE "${SOURCE}" "// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include \"agent/benchmark/load.h\"

namespace hullmark {

std::string_view DefaultBenchmarkText() {
  return R\"embedded(${text})embedded\";
}

}  // namespace hullmark
")
