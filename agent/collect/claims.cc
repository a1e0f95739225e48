// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/claims.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "agent/collect/collect.h"
#include "agent/collect/open_process.h"
#include "agent/parse/cmdline.h"
#include "agent/parse/cut.h"
#include "agent/runtime/attribute.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::size_t kClaimBytes = std::size_t{1} << 20;
constexpr std::size_t kMostNames = 10'000;
constexpr std::size_t kMostArguments = 256;
constexpr std::size_t kMostDescriptors = 1'024;
constexpr std::chrono::milliseconds kDeadline{250};
constexpr int kMostHangs = 3;  // Each leaves a thread behind in the kernel.

// One look's patience with file systems that hang.
struct Patience {
  int hangs = 0;

  template <typename T>
  Fact<T> Note(Fact<T> fact) {
    if (!fact && fact.error().error_number == ETIMEDOUT) ++hangs;
    return fact;
  }
  bool over() const { return hangs >= kMostHangs; }
};

// The home directory of `uid` in the text of an /etc/passwd, see passwd(5).
Fact<std::string> HomeOf(std::string_view passwd, Uid uid) {
  while (!passwd.empty()) {
    auto line = Cut(passwd, '\n');
    Cut(line, ':');  // The name, and the password.
    Cut(line, ':');
    const auto number = NumberOf<std::uint32_t>(Cut(line, ':'));
    Cut(line, ':');  // The group, and the full name.
    Cut(line, ':');
    const bool whole = !line.empty();
    if (whole && number && Uid{*number} == uid) return std::string(Cut(line, ':'));
  }
  return Missing(ErrorCode::kNotFound);
}

Fact<bool> RunsVirtualMachine(const Roots& roots, ReadBuffer& buffer, const Process& process) {
  const auto directory = OpenProcess(roots, buffer, process);
  if (!directory) return std::unexpected(directory.error());
  const auto names = ListDirectory(directory->get(), "fd", kMostDescriptors);
  if (!names) return std::unexpected(names.error());
  for (const std::string& name : *names) {
    const auto link = buffer.ReadLink(directory->get(), ("fd/" + name).c_str());
    if (link && *link == "anon_inode:kvm-vm") return true;
  }
  return false;
}

}  // namespace

HostReader MakeHostReader(const Roots& roots, ReadBuffer& buffer) {
  const auto patience = std::make_shared<Patience>();
  const auto passwd = std::make_shared<Fact<std::string>>(Missing(ErrorCode::kNotRead));
  const auto read = [&roots, patience](std::string_view path) -> Fact<ClaimFile> {
    if (!roots.host) return Missing(ErrorCode::kVantage);
    if (patience->over()) return Missing(ErrorCode::kIo, ETIMEDOUT);
    auto file =
        patience->Note(ReadUntrusted(roots.host.get(), std::string(path), kClaimBytes, kDeadline));
    if (!file) return std::unexpected(file.error());
    return ClaimFile{.text = std::move(file->text),
                     .owner = file->owner,
                     .trust = file->root_only ? Trust::kRoot : Trust::kUser};
  };
  return HostReader{
      .read = read,
      .list = [&roots, patience](std::string_view path) -> Fact<std::vector<std::string>> {
        if (!roots.host) return Missing(ErrorCode::kVantage);
        if (patience->over()) return Missing(ErrorCode::kIo, ETIMEDOUT);
        return patience->Note(
            ListUntrusted(roots.host.get(), std::string(path), kMostNames, kDeadline));
      },
      .arguments = [&roots, &buffer](const Process& process) -> Fact<std::vector<std::string>> {
        const auto directory = OpenProcess(roots, buffer, process);
        if (!directory) return std::unexpected(directory.error());
        bool truncated = false;
        const auto text = buffer.ReadUpTo(directory->get(), "cmdline", truncated);
        if (!text) return std::unexpected(text.error());
        return SplitArguments(*text, kMostArguments);
      },
      .home = [read, passwd](Uid uid) -> Fact<std::string> {
        if (!*passwd && passwd->error().code == ErrorCode::kNotRead) {
          auto file = read("/etc/passwd");
          *passwd = file ? Fact<std::string>(std::move(file->text)) : std::unexpected(file.error());
        }
        if (!*passwd) return std::unexpected(passwd->error());
        return HomeOf(**passwd, uid);
      },
      .runs_virtual_machine =
          [&roots, &buffer](const Process& process) {
            return RunsVirtualMachine(roots, buffer, process);
          }};
}

}  // namespace hullmark
