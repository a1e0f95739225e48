// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/head.h"

#include <algorithm>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/gateway/event_id.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostTarget = 4'000;
constexpr int kMostLines = 64;  // The request line is one of them.
constexpr std::string_view kLineEnd = "\r\n";

char Lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool IsWord(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, {}, Lower);
}

bool IsToken(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](char letter) {
    const char lower = Lower(letter);
    return (lower >= 'a' && lower <= 'z') || (letter >= '0' && letter <= '9') ||
           kMarks.contains(letter);
  });
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string_view Trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::unexpected<Error> Refuse(const char* what) { return Fail(ErrorCode::kMalformed, what); }

// "http://host/path?query" as a proxy is asked, or "/path?query"; "" for neither.
std::string OriginForm(std::string_view target) {
  if (target.starts_with('/')) return std::string(target);
  constexpr std::string_view kScheme = "http://";
  if (!IsWord(target.substr(0, kScheme.size()), kScheme)) return "";
  target.remove_prefix(kScheme.size());
  const auto path = target.find_first_of("/?#");
  if (path == 0 || target.empty()) return "";
  const std::string_view rest = path == std::string_view::npos ? "" : target.substr(path);
  return rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
}

// The lines of a head, without their ends, up to the empty one.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  // nullopt: a line that does not end in CRLF, or has a character that no line may have.
  std::optional<std::string_view> Next() {
    const auto end = rest_.find(kLineEnd);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end + kLineEnd.size());
    const bool clean = std::ranges::none_of(line, [](char letter) {
      return (static_cast<unsigned char>(letter) < ' ' && letter != '\t') || letter == '\x7f';
    });
    return clean ? std::optional(line) : std::nullopt;
  }

 private:
  std::string_view rest_;
};

class HeadReader {
 public:
  Result<void> TakeRequestLine(std::string_view line) {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) return Refuse("no request line");
    const std::string_view method = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, last - first - 1);
    const std::string_view version = line.substr(last + 1);
    if (!IsToken(method)) return Refuse("no method");
    if (version != "HTTP/1.1" && version != "HTTP/1.0") return Refuse("not HTTP/1.1 or 1.0");
    if (target.size() > kMostTarget) return Fail(ErrorCode::kTruncated, "the target is too long");
    if (target.find_first_of(" \t") != std::string_view::npos) return Refuse("no request line");
    head_.method = method;
    head_.target = OriginForm(target);
    if (head_.target.empty()) return Refuse("a target that is no path");
    head_.close = version == "HTTP/1.0";
    needs_host_ = version == "HTTP/1.1";
    return {};
  }

  Result<void> TakeField(std::string_view line) {
    if (line.starts_with(' ') || line.starts_with('\t')) return Refuse("a line that is folded");
    const auto colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    if (colon == std::string_view::npos || !IsToken(name)) {
      return Refuse("a line that is no header field");
    }
    const std::string_view value = Trimmed(line.substr(colon + 1));
    if (IsWord(name, "content-length")) return TakeLength(value);
    if (IsWord(name, "transfer-encoding")) return TakeEncoding();
    if (IsWord(name, "connection")) TakeConnection(value);
    if (IsWord(name, "host")) return TakeHost(value);
    if (IsWord(name, "if-none-match")) Join(head_.if_none_match, value);
    if (IsWord(name, "authorization")) {
      if (!head_.authorization.empty()) return Refuse("more than one Authorization");
      head_.authorization = value;
    }
    if (IsWord(name, "last-event-id")) return TakeLastEventId(value);
    if (IsWord(name, "accept-encoding")) Join(head_.accept_encoding, value);
    return {};
  }

  Result<RequestHead> Take() {
    if (needs_host_ && !hosted_) return Refuse("no Host");
    return std::move(head_);
  }

 private:
  Result<void> TakeLength(std::string_view value) {
    if (std::exchange(framed_, true)) return Refuse("the body's length is given twice");
    if (!IsNumber(value)) return Refuse("the body's length is no number");
    if (value.find_first_not_of('0') != std::string_view::npos) head_.close = true;
    return {};
  }

  Result<void> TakeHost(std::string_view value) {
    if (std::exchange(hosted_, true)) return Refuse("more than one Host");
    head_.host = value;
    return {};
  }

  Result<void> TakeLastEventId(std::string_view value) {
    if (value.empty()) return {};
    head_.last_event_id = ParseEventId(value);
    if (!head_.last_event_id) return Refuse("Last-Event-ID is no id of an event");
    return {};
  }

  Result<void> TakeEncoding() {
    if (std::exchange(framed_, true)) return Refuse("the body's length is given twice");
    head_.close = true;
    return {};
  }

  void TakeConnection(std::string_view options) {
    while (!options.empty()) {
      const auto comma = options.find(',');
      if (IsWord(Trimmed(options.substr(0, comma)), "close")) head_.close = true;
      options.remove_prefix(comma == std::string_view::npos ? options.size() : comma + 1);
    }
  }

  static void Join(std::string& list, std::string_view value) {
    if (!list.empty()) list += ", ";
    list += value;
  }

  RequestHead head_;
  bool framed_ = false;  // Something was said of a body.
  bool hosted_ = false;
  bool needs_host_ = false;
};

}  // namespace

Result<RequestHead> ReadHead(std::string_view text) {
  Lines lines(text);
  HeadReader reader;
  auto line = lines.Next();
  if (!line) return Refuse("a line that does not end in CR LF");
  if (const auto taken = reader.TakeRequestLine(*line); !taken) {
    return std::unexpected(taken.error());
  }
  for (int count = 1; count <= kMostLines; ++count) {
    line = lines.Next();
    if (!line) return Refuse("a line that does not end in CR LF");
    if (line->empty()) return reader.Take();
    if (count == kMostLines) break;
    if (const auto taken = reader.TakeField(*line); !taken) return std::unexpected(taken.error());
  }
  return Fail(ErrorCode::kUnsupported, "a head has at most 64 lines");
}

int StatusOf(const Error& wrong_head) {
  if (wrong_head.code == ErrorCode::kTruncated) return 414;
  return wrong_head.code == ErrorCode::kUnsupported ? 431 : 400;
}

}  // namespace hullmark
