// SPDX-License-Identifier: Apache-2.0
#include "agent/collect/claims.h"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
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
  bool IsOver() const { return hangs >= kMostHangs; }
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

// What a HostReader asks, one look long.
class HostFiles {
 public:
  HostFiles(const Roots& roots, ReadBuffer& buffer) : roots_(roots), buffer_(buffer) {}

  Fact<ClaimFile> Read(std::string_view path);
  Fact<FileIdentity> Identify(std::string_view path);
  Fact<std::vector<std::string>> List(std::string_view directory);
  Fact<std::string> Home(Uid uid);
  Fact<std::vector<std::string>> Arguments(const Process& process);
  Fact<bool> RunsVirtualMachine(const Process& process);

 private:
  const Roots& roots_;
  ReadBuffer& buffer_;
  Patience patience_;
  Fact<std::string> passwd_ = Missing(ErrorCode::kNotRead);
};

Fact<ClaimFile> HostFiles::Read(std::string_view path) {
  if (!roots_.host) return Missing(ErrorCode::kVantage);
  if (patience_.IsOver()) return Missing(ErrorCode::kIo, ETIMEDOUT);
  auto file =
      patience_.Note(ReadUntrusted(roots_.host.get(), std::string(path), kClaimBytes, kDeadline));
  if (!file) return std::unexpected(file.error());
  return ClaimFile{.text = std::move(file->text),
                   .owner = file->owner,
                   .trust = file->root_only ? Trust::kRoot : Trust::kUser};
}

Fact<FileIdentity> HostFiles::Identify(std::string_view path) {
  if (!roots_.host) return Missing(ErrorCode::kVantage);
  if (patience_.IsOver()) return Missing(ErrorCode::kIo, ETIMEDOUT);
  const auto found = patience_.Note(LookUntrusted(roots_.host.get(), std::string(path), kDeadline));
  if (!found) return std::unexpected(found.error());
  const FileStatus& status = found->status;
  if (!S_ISREG(status.mode)) return Missing(ErrorCode::kMalformed);
  return FileIdentity{.device = status.device,
                      .inode = status.inode,
                      .size = status.size,
                      .modified = status.modified,
                      .changed = status.changed};
}

Fact<std::vector<std::string>> HostFiles::List(std::string_view directory) {
  if (!roots_.host) return Missing(ErrorCode::kVantage);
  if (patience_.IsOver()) return Missing(ErrorCode::kIo, ETIMEDOUT);
  return patience_.Note(
      ListUntrusted(roots_.host.get(), std::string(directory), kMostNames, kDeadline));
}

Fact<std::string> HostFiles::Home(Uid uid) {
  if (!passwd_ && passwd_.error().code == ErrorCode::kNotRead) {
    auto file = Read("/etc/passwd");
    passwd_ = file ? Fact<std::string>(std::move(file->text)) : std::unexpected(file.error());
  }
  if (!passwd_) return std::unexpected(passwd_.error());
  return HomeOf(*passwd_, uid);
}

Fact<std::vector<std::string>> HostFiles::Arguments(const Process& process) {
  const auto directory = OpenProcess(roots_, buffer_, process);
  if (!directory) return std::unexpected(directory.error());
  bool truncated = false;
  const auto text = buffer_.ReadUpTo(directory->get(), "cmdline", truncated);
  if (!text) return std::unexpected(text.error());
  return SplitArguments(*text, kMostArguments);
}

Fact<bool> HostFiles::RunsVirtualMachine(const Process& process) {
  const auto directory = OpenProcess(roots_, buffer_, process);
  if (!directory) return std::unexpected(directory.error());
  const auto names = ListDirectory(directory->get(), "fd", kMostDescriptors);
  if (!names) return std::unexpected(names.error());
  for (const std::string& name : *names) {
    const auto link = buffer_.ReadLink(directory->get(), ("fd/" + name).c_str());
    if (link && *link == "anon_inode:kvm-vm") return true;
  }
  return false;
}

}  // namespace

HostReader MakeHostReader(const Roots& roots, ReadBuffer& buffer) {
  const auto files = std::make_shared<HostFiles>(roots, buffer);
  return HostReader{
      .read = [files](std::string_view path) { return files->Read(path); },
      .identify = [files](std::string_view path) { return files->Identify(path); },
      .list = [files](std::string_view directory) { return files->List(directory); },
      .arguments = [files](const Process& process) { return files->Arguments(process); },
      .home = [files](Uid uid) { return files->Home(uid); },
      .runs_virtual_machine =
          [files](const Process& process) { return files->RunsVirtualMachine(process); }};
}

}  // namespace hullmark
