// SPDX-License-Identifier: Apache-2.0
#include "agent/parse/cmdline.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/parse/cut.h"
#include "hullmark/facts.h"
#include "hullmark/result.h"
#include "hullmark/strings.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostProgramBytes = 64;

bool TakesArgument(std::string_view option) {
  if (option.starts_with("--")) return option == "--rcfile" || option == "--init-file";
  return option.ends_with('o') || option.ends_with('O');
}

}  // namespace

Fact<Invocation> ParseInvocation(std::string_view text, StringTable& strings) {
  if (text.empty()) return Missing(ErrorCode::kNotFound);
  auto program = Cut(text, '\0');
  program.remove_prefix(program.rfind('/') + 1);  // npos + 1 is 0.
  Invocation invocation{.program = strings.Intern(program.substr(0, kMostProgramBytes))};
  while (!text.empty()) {
    const auto argument = Cut(text, '\0');
    if (argument.empty()) continue;  // What a process leaves behind that renamed itself.
    if (argument == "--" || argument == "-") break;
    if (!argument.starts_with('-')) {
      invocation.operand = true;
      return invocation;
    }
    const bool cluster = !argument.starts_with("--");
    invocation.command_option |= cluster && argument.contains('c');
    invocation.interactive_option |= cluster && argument.contains('i');
    if (TakesArgument(argument)) Cut(text, '\0');
  }
  invocation.operand = text.find_first_not_of('\0') != std::string_view::npos;
  return invocation;
}

std::vector<std::string> SplitArguments(std::string_view text, std::size_t most) {
  std::vector<std::string> arguments;
  while (!text.empty() && arguments.size() < most) arguments.emplace_back(Cut(text, '\0'));
  return arguments;
}

}  // namespace hullmark
