// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "hullmark/posture.h"
#include "hullmark/result.h"

namespace hullmark {

// Reads a document of schema hullmark.report/1, see docs/schema/report-1.schema.json, as far as it
// is compared. Untrusted: what is read has to be there, of its type, in its range and consistent;
// kinds of members that are not read, and those that a later program added, are passed over. Errors
// begin with the JSON pointer of the place; another version of the schema, or a document of another
// kind, is named as such.
Result<Posture> ReadReport(std::string_view text);

// The schema that a document says it is of: looks at its first bytes only, since ours say so at
// once. "" where they do not.
std::string_view SchemaOf(std::string_view text);

}  // namespace hullmark
