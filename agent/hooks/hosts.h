// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hullmark {

// Addresses by name, in the order of the file; names are in small letters.
using HostsTable = std::map<std::string, std::vector<std::string>, std::less<>>;

// The text of /etc/hosts, see hosts(5): lines that are none are left out, and so is what comes
// after the first 100,000 names.
HostsTable ParseHosts(std::string_view text);

// With capital letters made small, as names of hosts are compared.
std::string HostKey(std::string_view name);

}  // namespace hullmark
