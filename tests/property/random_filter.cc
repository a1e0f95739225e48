// SPDX-License-Identifier: Apache-2.0
#include "tests/property/random_filter.h"

#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "agent/seccomp/interpreter.h"
#include "hullmark/seccomp.h"
#include "hullmark/syscalls.h"

namespace hullmark::testing {
namespace {

struct Release {
  void operator()(void* context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

std::size_t Below(Random& random, std::size_t most) {
  return std::uniform_int_distribution<std::size_t>(0, most - 1)(random);
}

template <typename T>
const T& OneOf(Random& random, const std::vector<T>& choices) {
  return choices[Below(random, choices.size())];
}

std::uint32_t AnyAction(Random& random) {
  return OneOf<std::uint32_t>(
      random, {SECCOMP_RET_ALLOW, SECCOMP_RET_ALLOW, SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | 1,
               SECCOMP_RET_ERRNO | 38, SECCOMP_RET_LOG, SECCOMP_RET_TRAP, SECCOMP_RET_KILL_THREAD,
               SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_TRACE | 7});
}

std::uint64_t AnyValue(Random& random) {
  const auto value = OneOf<std::uint64_t>(random, {0, 1, 2, 8, 0xff, 0x7E020000, 0x80000000,
                                                   0xffffffff, 0x100000000, 0x123400005678, ~0ULL});
  return value + Below(random, 3);
}

ArgumentRule AnyArgument(Random& random, int argument) {
  static const std::vector<int> kComparisons = {SCMP_CMP_NE,       SCMP_CMP_LT, SCMP_CMP_LE,
                                                SCMP_CMP_EQ,       SCMP_CMP_GE, SCMP_CMP_GT,
                                                SCMP_CMP_MASKED_EQ};
  ArgumentRule rule = {.argument = argument, .comparison = OneOf(random, kComparisons)};
  rule.mask = AnyValue(random) | 1;
  rule.value = AnyValue(random);
  if (rule.comparison == SCMP_CMP_MASKED_EQ) rule.value &= rule.mask;
  return rule;
}

RequestedRule AnyRule(Random& random, const std::string& call, std::uint32_t action) {
  RequestedRule rule = {.call = call, .action = action};
  const std::size_t count = Below(random, 4);
  for (int argument = 0; argument < 6 && rule.arguments.size() < count; ++argument) {
    if (Below(random, 3) == 0) rule.arguments.push_back(AnyArgument(random, argument));
  }
  return rule;
}

// Adds the rules of a call. Several are values of one argument, as for personality(2): of other
// alternatives libseccomp 2.5.4 makes programs that do not do what was asked for.
void AddRules(Random& random, const std::string& call, std::uint32_t action,
              RequestedFilter& filter) {
  if (Below(random, 3) > 0) {
    filter.rules.push_back(AnyRule(random, call, action));
    return;
  }
  const auto argument = static_cast<int>(Below(random, 6));
  const std::size_t values = 2 + Below(random, 8);
  for (std::size_t at = 0; at < values; ++at) {
    const ArgumentRule is = {
        .argument = argument, .comparison = SCMP_CMP_EQ, .value = AnyValue(random)};
    filter.rules.push_back({.call = call, .action = action, .arguments = {is}});
  }
}

scmp_arg_cmp Comparison(const ArgumentRule& rule) {
  const bool masked = rule.comparison == SCMP_CMP_MASKED_EQ;
  return {.arg = static_cast<unsigned int>(rule.argument),
          .op = static_cast<scmp_compare>(rule.comparison),
          .datum_a = masked ? rule.mask : rule.value,
          .datum_b = masked ? rule.value : 0};
}

bool Fits(const ArgumentRule& rule, std::uint64_t argument) {
  switch (rule.comparison) {
    case SCMP_CMP_NE:
      return argument != rule.value;
    case SCMP_CMP_LT:
      return argument < rule.value;
    case SCMP_CMP_LE:
      return argument <= rule.value;
    case SCMP_CMP_EQ:
      return argument == rule.value;
    case SCMP_CMP_GE:
      return argument >= rule.value;
    case SCMP_CMP_GT:
      return argument > rule.value;
    default:
      return (argument & rule.mask) == rule.value;
  }
}

std::uint64_t ArgumentOf(const FilterInput& input, int argument) {
  return std::uint64_t{input.words[FilterInput::PlaceOf(HighWord(argument))]} << 32U |
         input.words[FilterInput::PlaceOf(LowWord(argument))];
}

// What seccomp_export_bpf(3) writes.
std::vector<FilterInstruction> Exported(void* context) {
  std::vector<FilterInstruction> program;
  const int file = memfd_create("filter", 0);
  if (file >= 0 && seccomp_export_bpf(context, file) == 0) {
    program.resize(static_cast<std::size_t>(lseek(file, 0, SEEK_END)) / sizeof(FilterInstruction));
    const auto size = program.size() * sizeof(FilterInstruction);
    if (pread(file, program.data(), size, 0) != static_cast<ssize_t>(size)) program.clear();
  }
  close(file);
  return program;
}

bool SetUp(const RequestedFilter& filter, void* context) {
  bool good = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE,
                               static_cast<std::uint32_t>(filter.optimize)) == 0;
  good = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, filter.foreign) == 0 && good;
  for (const Abi abi : filter.foreign_abis) {
    good = seccomp_arch_add(context, abi == Abi::kX32 ? SCMP_ARCH_X32 : SCMP_ARCH_X86) == 0 && good;
  }
  return good;
}

}  // namespace

RequestedFilter AnyFilter(Random& random, const std::vector<std::string>& calls) {
  RequestedFilter filter = {.otherwise = AnyAction(random), .foreign = AnyAction(random)};
  filter.optimize = Below(random, 2) == 0 ? 1 : 2;
  if (Below(random, 3) == 0) filter.foreign_abis.push_back(Abi::kI386);
  if (Below(random, 3) == 0) filter.foreign_abis.push_back(Abi::kX32);
  const std::size_t count = Below(random, 40);
  for (std::size_t at = 0; at < count; ++at) {
    const std::string& call = OneOf(random, calls);
    const std::uint32_t action = AnyAction(random);
    const bool known =
        std::ranges::find(filter.rules, call, &RequestedRule::call) != filter.rules.end();
    if (!known && action != filter.otherwise) AddRules(random, call, action, filter);
  }
  return filter;
}

std::optional<std::vector<FilterInstruction>> Compile(const RequestedFilter& filter) {
  const Context context(seccomp_init(filter.otherwise));
  if (!context || !SetUp(filter, context.get())) return std::nullopt;
  for (const RequestedRule& rule : filter.rules) {
    std::vector<scmp_arg_cmp> comparisons;
    for (const ArgumentRule& argument : rule.arguments) comparisons.push_back(Comparison(argument));
    const int call = seccomp_syscall_resolve_name(rule.call.c_str());
    const int status =
        seccomp_rule_add_array(context.get(), rule.action, call,
                               static_cast<unsigned int>(comparisons.size()), comparisons.data());
    if (status != 0 && status != -EEXIST) return std::nullopt;
  }
  std::vector<FilterInstruction> program = Exported(context.get());
  if (program.empty()) return std::nullopt;
  return program;
}

std::uint32_t Requested(const RequestedFilter& filter, const std::string& call,
                        const FilterInput& input) {
  for (const RequestedRule& rule : filter.rules) {
    const bool fits =
        rule.call == call && std::ranges::all_of(rule.arguments, [&](const ArgumentRule& argument) {
          return Fits(argument, ArgumentOf(input, argument.argument));
        });
    if (fits) return rule.action;
  }
  return filter.otherwise;
}

FilterInput AnyArguments(Random& random, const RequestedFilter& filter) {
  FilterInput input;
  for (std::uint8_t word = 0; word < kTestedWords; ++word) {
    input.words[FilterInput::PlaceOf(word)] = static_cast<std::uint32_t>(AnyValue(random));
  }
  if (filter.rules.empty()) return input;
  for (const ArgumentRule& rule : OneOf(random, filter.rules).arguments) {
    const std::uint64_t value = rule.value + Below(random, 3) - 1;
    input.words[FilterInput::PlaceOf(LowWord(rule.argument))] = static_cast<std::uint32_t>(value);
    input.words[FilterInput::PlaceOf(HighWord(rule.argument))] =
        static_cast<std::uint32_t>(value >> 32U);
  }
  return input;
}

std::vector<FilterInstruction> AnyProgram(Random& random) {
  static const std::vector<int> kOperations = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_AND, BPF_AND,
                                               BPF_OR,  BPF_XOR, BPF_LSH, BPF_RSH, BPF_NEG};
  static const std::vector<int> kBranches = {BPF_JEQ, BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};
  constexpr std::size_t kAnswers = 6;
  const std::size_t size = 4 + Below(random, 40);
  std::vector<FilterInstruction> program;
  const auto add = [&](int code, std::uint32_t constant = 0) {
    program.push_back({.code = static_cast<std::uint16_t>(code), .constant = constant});
  };
  for (std::uint32_t word = 0; word < 2; ++word) add(BPF_ST, word);  // Written on every way.
  while (program.size() < size) {
    const int source = Below(random, 4) == 0 ? BPF_X : BPF_K;
    const auto value = static_cast<std::uint32_t>(AnyValue(random));
    switch (Below(random, 8)) {
      case 0:
      case 1:
        add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(4 * Below(random, 16)));
        break;
      case 2:
        add(Below(random, 2) == 0 ? BPF_ST : BPF_LD | BPF_MEM,
            static_cast<std::uint32_t>(Below(random, 2)));
        break;
      case 3:
        add(Below(random, 2) == 0 ? BPF_MISC | BPF_TAX : BPF_LDX | BPF_IMM,
            static_cast<std::uint32_t>(Below(random, 40)));
        break;
      case 4: {
        const int operation = OneOf(random, kOperations);
        add(BPF_ALU | operation | (operation == BPF_NEG ? BPF_K : source),
            operation == BPF_AND ? value : static_cast<std::uint32_t>(1 + Below(random, 31)));
        break;
      }
      default: {
        const std::size_t room = std::min<std::size_t>(size - program.size() - 1 + kAnswers, 255);
        program.push_back(
            {.code = static_cast<std::uint16_t>(BPF_JMP | OneOf(random, kBranches) | source),
             .jump_true = static_cast<std::uint8_t>(Below(random, room)),
             .jump_false = static_cast<std::uint8_t>(Below(random, room)),
             .constant =
                 Below(random, 2) == 0 ? value : static_cast<std::uint32_t>(Below(random, 500))});
      }
    }
  }
  for (std::size_t answer = 0; answer + 3 < kAnswers; ++answer)
    add(BPF_RET | BPF_K, AnyAction(random));
  add(BPF_ALU | BPF_AND | BPF_K, 0xff);
  add(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO);
  add(BPF_RET | BPF_A);
  return program;
}

}  // namespace hullmark::testing
