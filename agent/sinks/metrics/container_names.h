// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// What containers are called in metrics, from publication to publication. Two living ones never
// share a label set: the older keeps the plain name for life, the others get " #2", " #3" ... for
// theirs. Who is no longer in a report is forgotten, and the name is free.
class ContainerNames {
 public:
  // Ready to be written between braces, escaped.
  struct Labels {
    std::string_view own;   // container="...",namespace="...",pod="...",runtime="..."
    std::string_view info;  // id="...",image="...",class="..."
  };

  // One for each container of the report, in its order; valid until the next call.
  std::span<const Labels> Update(const Snapshot& snapshot, const Report& report);

  // Containers and names that are remembered, for tests.
  std::size_t remembered() const { return living_.size() + taken_.size() + plain_.size(); }

 private:
  struct Known {
    std::string texts;          // What all labels are made of, to see when they change.
    std::string plain;          // `own` as it would be without a number.
    std::string own, info;      // See Labels.
    std::uint32_t number = 0;   // 1: the plain name; 0: none yet.
    std::uint64_t seen = 0;     // Publication.
    std::uint32_t repeats = 0;  // Others of the same id and cgroup: forged ones.
  };
  struct Plain {
    std::uint32_t living = 0;
    std::uint32_t lowest_free = 1;  // No number below it is free.
  };

  Known& Recognise(const Snapshot& snapshot, const Container& container);
  void Describe(const Snapshot& snapshot, const Container& container, Known& known);
  void GiveName(const Snapshot& snapshot, const Container& container, Known& known);
  void TakeNameBack(Known& known);
  void Forget();

  std::unordered_map<std::string, Known> living_;  // By id and cgroup.
  std::unordered_map<std::string, Plain> plain_;
  std::unordered_set<std::string> taken_;  // Label sets in use.
  std::vector<Known*> order_;              // Of the report; for the time of a call.
  std::vector<Labels> labels_;
  std::string scratch_;
  std::uint64_t publication_ = 0;
};

}  // namespace hullmark
