// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hullmark {

// Hostile bytes as text that a terminal, a ticket or a document can take.

// Valid UTF-8 stays, but for control characters (C0, DEL, C1), bidirectional controls and line
// separators; those and every byte that is no UTF-8 become "\xHH" (per byte). A backslash stays.
std::string Printable(std::string_view text);

// At most `most` bytes of Printable(text), cut at a character and ended with "..." when cut.
std::string PrintableShort(std::string_view text, std::size_t most);

// Length of the valid UTF-8 sequence at the start of `text`; 0 when there is none. Rejects overlong
// forms, surrogates and code points above U+10FFFF.
std::size_t Utf8Length(std::string_view text);

// The code point of a valid sequence, as Utf8Length found it.
char32_t DecodeUtf8(std::string_view sequence);

// Whether a character moves a cursor, changes the direction of text, is invisible or ends a line.
bool IsUnsafe(char32_t point);

// Columns of a terminal that `text` (Printable) takes: code points, East Asian wide ones twice.
std::size_t Columns(std::string_view text);

}  // namespace hullmark
