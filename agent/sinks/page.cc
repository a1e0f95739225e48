// SPDX-License-Identifier: Apache-2.0
#include "agent/sinks/page.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "agent/encode/json_writer.h"
#include "agent/encode/text.h"

namespace hullmark {
namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10;
constexpr int kNarrowest = 40;
constexpr std::string_view kReset = "\033[0m";

// Select Graphic Rendition, see console_codes(4).
std::string_view SgrOf(Style style) {
  switch (style) {
    case Style::kPlain:
      return "";
    case Style::kBold:
      return "\033[1m";
    case Style::kRed:
      return "\033[31m";
    case Style::kYellow:
      return "\033[33m";
    case Style::kGreen:
      return "\033[32m";
  }
  return "";
}

// Takes the first word and the blanks before it off `text`; "" at its end.
std::string_view TakeWord(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

// Bytes that Printable() leaves alone and that take a column each: nearly every text has no others.
bool IsPlain(std::string_view text) {
  return std::ranges::all_of(text, [](char byte) { return byte >= 0x20 && byte < 0x7F; });
}

std::size_t Width(std::string_view printable) {
  return IsPlain(printable) ? printable.size() : Columns(printable);
}

// Printable(text), without a copy where that changes nothing.
class Safe {
 public:
  explicit Safe(std::string_view text) : text_(text), plain_(IsPlain(text)) {
    if (!plain_) escaped_ = Printable(text);
  }
  [[nodiscard]] std::string_view Text() const {
    return plain_ ? text_ : std::string_view(escaped_);
  }
  [[nodiscard]] std::size_t Columns() const {
    return plain_ ? text_.size() : hullmark::Columns(escaped_);
  }

 private:
  std::string_view text_;
  bool plain_;
  std::string escaped_;
};

}  // namespace

Page::Page(ByteSink sink, int columns, bool color)
    : sink_(std::move(sink)),
      columns_(static_cast<std::size_t>(std::max(columns, kNarrowest))),
      color_(color) {
  buffer_.reserve(kPiece + 4096);
}

void Page::Append(std::string_view bytes) {
  buffer_ += bytes;
  if (buffer_.size() < kPiece) return;
  sink_(buffer_);
  buffer_.clear();
}

void Page::EndLine() {
  Append("\n");
  ++lines_;
}

void Page::AppendStyled(std::string_view printable, Style style) {
  if (!color_ || style == Style::kPlain) return Append(printable);
  Append(SgrOf(style));
  Append(printable);
  Append(kReset);
}

void Page::Heading(std::string_view text) {
  if (color_) Append(SgrOf(Style::kBold));
  Wrap(Safe(text).Text(), {});
  if (color_) Append(kReset);
  EndLine();
}

void Page::Wrap(std::string_view printable, Place place) {
  auto [indent, column] = place;
  bool first = column <= indent;  // No word on this line yet: one that is too long stays whole.
  for (std::string_view rest = printable, word = TakeWord(rest); !word.empty();
       word = TakeWord(rest)) {
    const std::size_t width = Width(word);
    if (!first && column + 1 + width > columns_) {
      EndLine();
      buffer_.append(indent, ' ');
      column = indent;
      first = true;
    }
    if (!first) Append(" ");
    Append(word);
    column += width + (first ? 0 : 1);
    first = false;
  }
}

void Page::Paragraph(const Caption& label, std::string_view text) {
  const Safe shown(label.text);
  AppendStyled(shown.Text(), label.style);
  std::size_t column = shown.Columns();
  if (!text.empty() && column < label.indent) {
    buffer_.append(label.indent - column, ' ');
    column = label.indent;
  }
  Wrap(Safe(text).Text(), {.indent = label.indent, .column = column});
  EndLine();
}

void Page::Prose(Caption label, std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  while (true) {
    const std::size_t end = text.find('\n');
    Paragraph(label, text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
    label.text = "";
  }
}

void Page::Finish() {
  if (!buffer_.empty()) sink_(buffer_);
  buffer_.clear();
}

std::string Clip(std::string_view text, std::size_t width) {
  constexpr std::string_view kDots = "...";
  const Safe safe(text);
  const std::string_view printable = safe.Text();
  if (printable.size() <= width) return std::string(printable);
  const std::size_t kept = width - std::min(width, kDots.size());
  const auto continues = [&](std::size_t at) {
    return at < printable.size() && (static_cast<unsigned char>(printable[at]) & 0xC0U) == 0x80U;
  };
  std::size_t head = kept / 2;
  while (continues(head)) --head;
  std::size_t tail = printable.size() - (kept - kept / 2);
  while (continues(tail)) ++tail;
  return std::string(printable.substr(0, head)).append(kDots).append(printable.substr(tail));
}

std::string Cell(std::string_view text, std::size_t width) {
  std::string cell = Clip(text, width);
  cell.append(width - std::min(width, Width(cell)), ' ');
  return cell;
}

}  // namespace hullmark
