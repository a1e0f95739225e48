# cmake -DOPENAPI=... -DREPORT=... -DEVENT=... -DSOURCE=openapi_text.cc -P embed_openapi.cmake
# Writes a C++ source with the API's description. The schemas of a report and of an event become
# parts of it, each with a name of its own, so that their references stay within them.
file(READ "${OPENAPI}" document)
foreach(part "Report;${REPORT}" "Event;${EVENT}")
  list(GET part 0 name)
  list(GET part 1 path)
  get_filename_component(file "${path}" NAME)
  file(READ "${path}" schema)
  string(JSON schema SET "${schema}" "$id" "\"${file}\"")
  string(JSON document SET "${document}" components schemas "${name}" "${schema}")
endforeach()
file(WRITE "${SOURCE}" "// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include \"agent/gateway/answer.h\"

namespace hullmark {

std::string_view OpenApiText() {
  return R\"embedded(${document}
)embedded\";
}

}  // namespace hullmark
")
