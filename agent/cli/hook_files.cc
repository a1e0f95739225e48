// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/hook_files.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <expected>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "agent/base/file.h"
#include "agent/base/trusted.h"
#include "agent/cli/inputs.h"
#include "agent/cli/trusted_text.h"
#include "agent/config/hooks.h"
#include "agent/hooks/endpoints.h"
#include "agent/hooks/tls_client.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

// Where Debian keeps what the host trusts, in one file (package ca-certificates).
constexpr const char* kHostRoots = "/etc/ssl/certs/ca-certificates.crt";

// One line, as it goes into a header or a key: an editor's end of the line is none of it.
Result<std::string> ReadSecretLine(const std::string& path, const std::string& what) {
  auto text = ReadSecret(path, what);
  if (!text) return text;
  while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
  const bool clean =
      !text->empty() && text->find_first_of(std::string("\r\n\0", 3)) == std::string::npos;
  if (!clean) return Fail(ErrorCode::kMalformed, path + ": must hold one line, " + what);
  return text;
}

// What is read of each file, where it is named.
Result<void> ReadInto(std::string& into, const std::string& path,
                      Result<std::string> (*read)(const std::string& path)) {
  if (path.empty()) return {};
  auto text = read(path);
  if (!text) return std::unexpected(text.error());
  into = std::move(*text);
  return {};
}

Result<std::string> ReadPublic(const std::string& path) { return ReadSiteFile(path); }
Result<std::string> ReadKey(const std::string& path) { return ReadSecret(path, "the key"); }
Result<std::string> ReadToken(const std::string& path) { return ReadSecretLine(path, "the token"); }
Result<std::string> ReadHmac(const std::string& path) {
  return ReadSecretLine(path, "the secret of signatures");
}

Result<Endpoint> LoadEndpoint(const std::string& name, const Webhook& webhook) {
  Endpoint endpoint{.hook = name,
                    .tls = webhook.url.tls,
                    .host = webhook.url.host,
                    .port = webhook.url.port,
                    .target = webhook.url.target,
                    .content_type = webhook.format == HookFormat::kAlertmanager
                                        ? "application/json"
                                        : "application/cloudevents+json; charset=utf-8",
                    .timeout = webhook.timeout};
  const std::string roots = webhook.ca.empty() && webhook.url.tls ? kHostRoots : webhook.ca;
  auto done = ReadInto(endpoint.roots, roots, ReadPublic);
  if (done) done = ReadInto(endpoint.certificates, webhook.cert, ReadPublic);
  if (done) done = ReadInto(endpoint.key, webhook.key, ReadKey);
  if (done) done = ReadInto(endpoint.token, webhook.token_file, ReadToken);
  if (done) done = ReadInto(endpoint.secret, webhook.hmac_file, ReadHmac);
  if (!done) return std::unexpected(done.error());
  if (!endpoint.tls) return endpoint;
  const auto tried = TlsClient::Make(endpoint);
  if (!tried) return Fail(tried.error().code, "hook " + name + ": " + tried.error().message);
  return endpoint;
}

Result<void> CheckProgram(const std::string& name, const HookCommand& command) {
  const auto program = OpenTrusted(command.path, Uid{geteuid()});
  if (!program) return std::unexpected(program.error());
  struct stat status = {};
  if (fstat(program->get(), &status) != 0)
    return Fail(CodeOfErrno(errno), command.path + ": fstat");
  if ((status.st_mode & S_IXOTH) == 0) {
    return Fail(ErrorCode::kDenied,
                command.path + ": user " + command.user + " may not run it (chmod 755)");
  }
  const passwd* const user = getpwnam(command.user.c_str());
  const bool fallback = user == nullptr && command.user == HookCommand().user;
  if (user == nullptr && !fallback) {
    return Fail(ErrorCode::kNotFound, "hook " + name + ": there is no user " + command.user);
  }
  if (user != nullptr && user->pw_uid == 0) {
    return Fail(ErrorCode::kDenied, "hook " + name + ": user " + command.user + " is root");
  }
  return {};
}

}  // namespace

Result<std::vector<Endpoint>> LoadEndpoints(std::span<const Hook> hooks) {
  std::vector<Endpoint> endpoints;
  for (const Hook& hook : hooks) {
    if (const auto* const command = std::get_if<HookCommand>(&hook.call)) {
      const auto checked = CheckProgram(hook.name, *command);
      if (!checked) return std::unexpected(checked.error());
      continue;
    }
    auto endpoint = LoadEndpoint(hook.name, std::get<Webhook>(hook.call));
    if (!endpoint) return std::unexpected(endpoint.error());
    endpoints.push_back(std::move(*endpoint));
  }
  return endpoints;
}

}  // namespace hullmark
