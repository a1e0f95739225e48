// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hullmark/check.h"

namespace hullmark {

// Ids of other catalogues that speak of the same thing.
struct References {
  std::vector<std::string> cis_docker{}, cis_k8s{};
  std::string
      pss;  // "baseline", "restricted" or "none": the lowest level that forbids the finding.
  std::vector<std::string> nist{}, attack{};
};

// The fix, per place where a container is described; host controls use only `host`.
struct Remediation {
  std::string docker{}, podman{}, compose{}, kubernetes{}, systemd{}, host{};
};

// Raises a control's price when another fails (or is unknown) for the same container. Data, so that
// no check ever reads a verdict; applies to fails at the control's own price, never to milder ones.
struct Escalation {
  std::string with{};       // Control id.
  bool on_unknown = false;  // Also where `with` is unknown.
  Price price;
};

// Whether a violation is reason enough to freeze or kill.
enum class Enforceable : std::uint8_t {
  kNever,
  kConditional,  // Only by a rule that selects whom: some workloads need it.
  kAllowed,
};

struct Control {
  std::string id{}, title{}, category{};
  std::string rationale{};  // Why it matters; with the reason of its weight.
  std::string reads{};      // What is read, in words.
  Severity severity = Severity::kInfo;
  std::int32_t weight = 0;  // Points of exposure.
  Enforceable enforceable = Enforceable::kNever;
  References refs;
  Remediation remediation;
  Params params;
  std::optional<Escalation> escalation{};
  std::vector<std::string>
      explains{};                // Controls that a report folds under this one when it fails.
  const Check* check = nullptr;  // The row that judges it; its scope is the control's.
  std::string disabled{};        // Why the site has switched it off; "": it is judged. Else it is
                                 // reported as `manual` wherever it applies, and costs nothing.
};

// An item of a CIS Docker section: our own words for its subject, and who has a say in it.
struct CisItem {
  std::string item{};  // "5.4"
  std::string subject{};
  std::vector<std::string> controls{};  // They decide it, together.
  std::vector<std::string> against{};   // Their fail is the item's, their pass proves nothing.
  std::string manual{};                 // Why a person has to look; "" where controls decide.
};

struct Scoring {
  std::int32_t half_life = 50;              // Points that halve the score.
  std::int32_t unknown_permille = 1000;     // Price of an unknown, in thousandths of a fail's.
  std::int32_t provisional_permille = 800;  // Coverage below which there is no grade.
  std::array<std::int32_t, 4> grade_bounds = {7, 20, 50, 100};  // Largest points for A, B, C, D.
};

// What a site has changed in a benchmark, for reports.
struct Override {
  std::string control{};     // Id; "" for the scoring.
  std::string what{};        // "disabled", "severity", "weight", "params.NAME", "unknown".
  std::string from{}, to{};  // As the files write them; `from` is "" where that is long.
  std::string reason{};      // "" where none was asked for.
  std::string source{};      // "FILE:LINE"
};

struct Benchmark {
  std::string id{}, version{}, title{};
  std::string sha256{};  // Of the file's bytes, lower-case hex.
  Scoring scoring;
  std::vector<Control> controls{};    // In the file's order, which is the catalogue's.
  std::vector<CisItem> cis_docker{};  // In numeric order.
  std::vector<Override> overrides{};  // That were applied to what the file says.
};

}  // namespace hullmark
