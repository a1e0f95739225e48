// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace hullmark {

// Takes finished bytes; called in order, never with an empty view.
using ByteSink = std::function<void(std::string_view)>;

// Writes one JSON document straight into a sink, in pieces of about 64 KiB, so that a report of any
// size takes constant memory. Strings are made valid UTF-8: bytes that are not become "\\xHH" in
// the text, so that every document loads anywhere; control characters and what
// changes the direction of text become "\\uXXXX". Members appear in the order of the calls;
// nesting is checked by assert.
class JsonWriter {
 public:
  // `indent` spaces per level; 0 writes everything on one line.
  explicit JsonWriter(ByteSink sink, int indent = 0);
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;
  ~JsonWriter() = default;  // Finish() writes; a writer that was given up writes no more.

  JsonWriter& BeginObject();
  JsonWriter& EndObject();
  JsonWriter& BeginArray();
  JsonWriter& EndArray();
  JsonWriter& Key(std::string_view key);

  JsonWriter& String(std::string_view text);
  JsonWriter& Integer(std::int64_t value);
  JsonWriter& Unsigned(std::uint64_t value);
  JsonWriter& Bool(bool value);
  JsonWriter& Null();
  // `value` with exactly `decimals` digits after the point (0 to 9).
  JsonWriter& Fixed(double value, int decimals);

  // Key and value in one.
  JsonWriter& Member(std::string_view key, std::string_view text) { return Key(key).String(text); }
  JsonWriter& Member(std::string_view key, const char* text) { return Key(key).String(text); }
  JsonWriter& Member(std::string_view key, bool value) { return Key(key).Bool(value); }
  JsonWriter& Member(std::string_view key, std::int64_t value) { return Key(key).Integer(value); }
  JsonWriter& Member(std::string_view key, std::uint64_t value) { return Key(key).Unsigned(value); }
  JsonWriter& Member(std::string_view key, std::int32_t value) { return Key(key).Integer(value); }
  JsonWriter& Member(std::string_view key, std::uint32_t value) { return Key(key).Unsigned(value); }

  // Bytes written so far, those that the sink has not got yet included.
  std::uint64_t position() const { return handed_over_ + buffer_.size(); }

  // Ends the document with a newline and hands the rest to the sink.
  void Finish();

 private:
  void Separate();
  void Append(std::string_view bytes);
  void AppendEscaped(std::string_view text);
  void AppendSequence(std::string_view sequence);
  void AppendUnit(std::uint16_t unit);
  void NewLine();

  ByteSink sink_;
  std::string buffer_;
  std::uint64_t handed_over_ = 0;  // Bytes.
  std::vector<bool> has_items_;    // Per open object or array.
  int indent_;
  bool after_key_ = false;
};

}  // namespace hullmark
