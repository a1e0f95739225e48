// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "agent/benchmark/fields.h"
#include "agent/benchmark/yaml_tree.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"

namespace hullmark {

// A control or item that another entry names.
struct Link {
  int line = 0;
  std::string from;  // The control or item that names it.
  std::string to;
};

// What has to exist once all entries are read.
struct Links {
  std::vector<Link> controls, cis_items;
};

// An entry of `controls`, with the row of `checks` that has its id. Appends what it names. A
// critical price has to be an F by the bounds of `scoring`.
Control ReadControl(const YamlNode& node, std::span<const Check> checks, const Scoring& scoring,
                    Links& links, FieldReader& reading);

}  // namespace hullmark
