// SPDX-License-Identifier: Apache-2.0
#include "agent/encode/json_writer.h"

#include <array>
#include <cassert>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "agent/encode/text.h"

namespace hullmark {
namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10;
constexpr std::string_view kHex = "0123456789abcdef";

// Bytes that stand for themselves in a JSON string: printable ASCII but '"' and '\'.
bool IsPlain(char byte) { return byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\'; }

}  // namespace

JsonWriter::JsonWriter(ByteSink sink, int indent) : sink_(std::move(sink)), indent_(indent) {
  buffer_.reserve(kPiece + 4096);
}

void JsonWriter::Append(std::string_view bytes) {
  buffer_ += bytes;
  if (buffer_.size() >= kPiece) {
    sink_(buffer_);
    handed_over_ += buffer_.size();
    buffer_.clear();
  }
}

void JsonWriter::NewLine() {
  if (indent_ == 0) return;
  buffer_ += '\n';
  buffer_.append(has_items_.size() * static_cast<std::size_t>(indent_), ' ');
}

void JsonWriter::Separate() {
  if (std::exchange(after_key_, false) || has_items_.empty()) return;
  if (has_items_.back()) buffer_ += ',';
  has_items_.back() = true;
  NewLine();
}

JsonWriter& JsonWriter::BeginObject() {
  Separate();
  Append("{");
  has_items_.push_back(false);
  return *this;
}

JsonWriter& JsonWriter::EndObject() {
  assert(!has_items_.empty() && !after_key_);
  const bool had_items = has_items_.back();
  has_items_.pop_back();
  if (had_items) NewLine();
  Append("}");
  return *this;
}

JsonWriter& JsonWriter::BeginArray() {
  Separate();
  Append("[");
  has_items_.push_back(false);
  return *this;
}

JsonWriter& JsonWriter::EndArray() {
  assert(!has_items_.empty() && !after_key_);
  const bool had_items = has_items_.back();
  has_items_.pop_back();
  if (had_items) NewLine();
  Append("]");
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view key) {
  assert(!has_items_.empty() && !after_key_);
  Separate();
  AppendEscaped(key);
  Append(indent_ == 0 ? ":" : ": ");
  after_key_ = true;
  return *this;
}

void JsonWriter::AppendEscaped(std::string_view text) {
  buffer_ += '"';
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && IsPlain(text[plain])) ++plain;
    Append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto byte = static_cast<unsigned char>(text[0]);
    std::size_t taken = 1;
    if (byte == '"' || byte == '\\') {
      buffer_ += '\\';
      buffer_ += text[0];
    } else if (const auto length = Utf8Length(text); length > 0) {
      taken = length;
      AppendSequence(text.substr(0, length));
    } else {
      buffer_ += "\\\\x";
      buffer_ += kHex[byte >> 4];
      buffer_ += kHex[byte & 0xF];
    }
    text.remove_prefix(taken);
  }
  Append("\"");
}

// What a terminal would obey when the document is shown there is written by its number.
void JsonWriter::AppendSequence(std::string_view sequence) {
  const char32_t point = DecodeUtf8(sequence);
  if (!IsUnsafe(point)) {
    buffer_ += sequence;
  } else if (point < 0x10000) {
    AppendUnit(static_cast<std::uint16_t>(point));
  } else {
    AppendUnit(static_cast<std::uint16_t>(0xD800 + ((point - 0x10000) >> 10)));
    AppendUnit(static_cast<std::uint16_t>(0xDC00 + (point & 0x3FF)));
  }
}

void JsonWriter::AppendUnit(std::uint16_t unit) {
  buffer_ += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) buffer_ += kHex[unit >> shift & 0xF];
}

JsonWriter& JsonWriter::String(std::string_view text) {
  Separate();
  AppendEscaped(text);
  return *this;
}

JsonWriter& JsonWriter::Integer(std::int64_t value) {
  Separate();
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  Append({digits.data(), end});
  return *this;
}

JsonWriter& JsonWriter::Unsigned(std::uint64_t value) {
  Separate();
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  Append({digits.data(), end});
  return *this;
}

JsonWriter& JsonWriter::Bool(bool value) {
  Separate();
  Append(value ? "true" : "false");
  return *this;
}

JsonWriter& JsonWriter::Null() {
  Separate();
  Append("null");
  return *this;
}

JsonWriter& JsonWriter::Fixed(double value, int decimals) {
  Separate();
  std::array<char, 400> digits;  // The largest double has 309 digits before its point.
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                 std::chars_format::fixed, decimals)
                       .ptr;
  Append({digits.data(), end});
  return *this;
}

void JsonWriter::Finish() {
  assert(has_items_.empty() && !after_key_);
  buffer_ += '\n';
  sink_(buffer_);
  buffer_.clear();
}

}  // namespace hullmark
