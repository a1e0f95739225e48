// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/runtime/attribute.h"
#include "agent/runtime/kept_claims.h"
#include "hullmark/result.h"

namespace hullmark::runtime {

inline constexpr std::string_view kPodLogs = "/var/log/pods";

// One look at the claims of the host: what many containers ask for is read once.
class ClaimFiles {
 public:
  // `label_keys` are ascending. `kept`: of the looks before; nullptr: nothing is kept.
  ClaimFiles(const HostReader& host, std::span<const std::string> label_keys, KeptClaims* kept)
      : host_(host), label_keys_(label_keys), kept_(kept) {}

  const HostReader& host() const { return host_; }
  // Names in a directory; none where it cannot be listed.
  const std::set<std::string, std::less<>>& In(const std::string& directory);
  bool Has(const std::string& directory, std::string_view name);

  // What is wanted of a file of JSON. nullptr: it is not there; or it is there and cannot be used,
  // which leaves a note.
  std::shared_ptr<const PickedFile> Read(const std::string& path, const Picks& picks);
  // Whether somebody asks for labels: files that have nothing else are not read otherwise.
  bool WantsLabels() const { return !label_keys_.empty(); }
  // A list of records, kept for whoever asks next. `place_of` leads from the text of an "id" to the
  // place of its record, with the final '>'.
  struct Catalogue {
    std::shared_ptr<const PickedFile> file;
    std::map<std::string, std::string, std::less<>> place_of;
  };
  const Catalogue& ReadCatalogue(const std::string& path, const Picks& picks);
  // A file with one number, as pid files are.
  std::optional<std::int64_t> ReadNumber(const std::string& path);

  // The name below `directory` whose state is of process `pid`: for a container whose cgroup is not
  // called after it.
  struct StatePlace {
    std::string_view file, key;  // Of the number in it.
    const Picks& picks;
  };
  std::optional<std::string> NameOfPid(const std::string& directory, const StatePlace& place,
                                       std::int64_t pid);
  // The kubelet's log directories by the uid of their pod.
  const std::map<std::string, std::string, std::less<>>& PodLogs();

  void Note(std::string note) { notes_.push_back(std::move(note)); }
  // What was noted since the last call.
  std::vector<std::string> TakeNotes() { return std::exchange(notes_, {}); }

 private:
  using Pick = std::function<Result<PickedFile>(const ClaimFile&)>;

  // What `pick` makes of a file, or has made of it before. Error: what there is to be noted, unless
  // it is kNotFound.
  Result<std::shared_ptr<const PickedFile>> Take(const std::string& path, const Picks& picks,
                                                 const Pick& pick);
  Result<std::shared_ptr<const PickedFile>> TakeJson(const std::string& path, const Picks& picks);
  std::map<std::int64_t, std::string> ReadStates(const std::string& directory,
                                                 const StatePlace& place);

  const HostReader& host_;
  std::span<const std::string> label_keys_;
  KeptClaims* kept_;
  std::map<std::string, std::set<std::string, std::less<>>> listed_;
  std::map<std::string, Catalogue> catalogues_;
  std::map<std::string, std::map<std::int64_t, std::string>> states_;
  std::optional<std::map<std::string, std::string, std::less<>>> pod_logs_;
  std::vector<std::string> notes_;
};

}  // namespace hullmark::runtime
