// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/listener.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "agent/base/file.h"
#include "agent/base/trusted.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr int kBacklog = 1'024;  // The kernel cuts it to net.core.somaxconn, 4,096.
// What the kernel keeps for a client that does not read: else it grows to 4 MB (tcp_wmem), of 256
// clients to a gigabyte. It doubles it for its own needs and cuts it to net.core.wmem_max.
constexpr int kSendBuffer = 256 << 10;
constexpr std::string_view kUnix = "unix:";

std::unexpected<Error> Refuse(std::string_view text, std::string_view what) {
  return Fail(ErrorCode::kMalformed, "listen " + std::string(text) + ": " + std::string(what));
}

std::unexpected<Error> FailWith(std::string_view text, int number) {
  return Fail(CodeOfErrno(number), "listen " + std::string(text) + ": " + std::strerror(number));
}

bool IsPort(std::string_view text) {
  std::uint16_t port = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && stop == text.data() + text.size();
}

// Whether a server accepts connections at a unix socket.
bool IsServed(const sockaddr_un& name) {
  const Fd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const bool connected =
      connect(probe.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
  return connected || (errno != ECONNREFUSED && errno != ENOENT);
}

// The directory of a socket, its last part made if it is missing: readable by all, since clients
// have to reach what is in it.
Result<Fd> DirectoryOf(const std::filesystem::path& path) {
  constexpr mode_t kMode = 0755;
  const std::filesystem::path folder = path.parent_path();
  const Uid user{geteuid()};
  auto found = OpenTrustedDirectory(folder, user);
  if (found || found.error().code != ErrorCode::kNotFound || !folder.has_filename()) return found;
  const auto above = OpenTrustedDirectory(folder.parent_path(), user);
  if (!above) return std::unexpected(above.error());
  const std::string last = folder.filename();
  // Its mode is what was asked for, whatever the umask is.
  if (mkdirat(above->get(), last.c_str(), kMode) == 0 &&
      fchmodat(above->get(), last.c_str(), kMode, 0) != 0) {
    return Fail(CodeOfErrno(errno), folder.string() + ": " + std::strerror(errno));
  }
  return OpenTrustedDirectory(folder, user);
}

// Removes a socket that nobody serves any more; anything else there is an error.
Result<void> RemoveStale(const Fd& directory, const sockaddr_un& name, std::string_view text) {
  const std::string last = std::filesystem::path(name.sun_path).filename();
  struct stat status = {};
  if (fstatat(directory.get(), last.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return {};
  if (!S_ISSOCK(status.st_mode)) return Refuse(text, "there is something else than a socket");
  if (IsServed(name)) return FailWith(text, EADDRINUSE);
  if (unlinkat(directory.get(), last.c_str(), 0) != 0) return FailWith(text, errno);
  return {};
}

Result<Fd> ListenOnPath(const std::string& path, std::string_view text) {
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) return Refuse(text, "the path is too long");
  std::ranges::copy(path, std::begin(name.sun_path));
  const auto directory = DirectoryOf(path);
  if (!directory) return Refuse(text, directory.error().message);
  if (const auto removed = RemoveStale(*directory, name, text); !removed) {
    return std::unexpected(removed.error());
  }
  Fd listening(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // Its mode is of its own, whatever the umask is, and in place before anybody can connect.
  constexpr mode_t kOwnerAndGroup = 0660;
  const std::string last = std::filesystem::path(path).filename();
  if (!listening ||
      bind(listening.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
      fchmodat(directory->get(), last.c_str(), kOwnerAndGroup, 0) != 0 ||
      listen(listening.get(), kBacklog) != 0) {
    return FailWith(text, errno);
  }
  return listening;
}

}  // namespace

Result<ListenAddress> ParseListenAddress(std::string_view text) {
  if (text.starts_with(kUnix)) {
    const std::string_view path = text.substr(kUnix.size());
    if (!path.starts_with('/')) return Refuse(text, "unix: needs an absolute path");
    return ListenAddress{.path = std::string(path)};
  }
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return Refuse(text, "not HOST:PORT, [V6]:PORT or unix:PATH");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (!IsPort(port)) return Refuse(text, "the port is no number from 0 to 65535");
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!bracketed && host.contains(':')) return Refuse(text, "an IPv6 address stands in [ ]");
  if (bracketed && host.empty()) return Refuse(text, "no address in [ ]");
  return ListenAddress{.host = std::string(host), .port = std::string(port)};
}

Result<Fd> ListenOn(const ListenAddress& address, std::string_view text) {
  if (!address.path.empty()) return ListenOnPath(address.path, text);
  addrinfo wanted = {};
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV;
  wanted.ai_socktype = SOCK_STREAM;
  // Of every address: one socket that takes both families, unless this kernel has no IPv6.
  const bool every = address.host.empty();
  if (every) wanted.ai_family = AF_INET6;
  addrinfo* raw = nullptr;
  const int failed =
      getaddrinfo(every ? nullptr : address.host.c_str(), address.port.c_str(), &wanted, &raw);
  if (failed != 0) return Refuse(text, "not an IP address (names are not resolved)");
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> found(raw, freeaddrinfo);
  Fd listening(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listening && every) return ListenOn({.host = "0.0.0.0", .port = address.port}, text);
  // Not SO_REUSEPORT: two agents on one port would each get half of the requests.
  const int on = 1;
  const int only_v6 = every ? 0 : 1;
  if (!listening || setsockopt(listening.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      (found->ai_family == AF_INET6 &&
       setsockopt(listening.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof only_v6) != 0) ||
      // Those that are accepted inherit it; of unix sockets it is net.core.wmem_default, 208 KiB.
      setsockopt(listening.get(), SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer) != 0 ||
      bind(listening.get(), found->ai_addr, found->ai_addrlen) != 0 ||
      listen(listening.get(), kBacklog) != 0) {
    return FailWith(text, errno);
  }
  return listening;
}

}  // namespace hullmark
