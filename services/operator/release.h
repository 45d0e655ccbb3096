#pragma once

#include <optional>
#include <string>

#include "services/operator/object_pass.h"

/// Which release a cluster is to run, and from which images. Pure. Threads: any.
namespace pbfs::operators {

/// A release in the sense of upgrades: "1.4" of "1.4.2". Within one, schemas, formats and calls are the same, so its versions may be changed
/// for each other at will.
struct Release {
  int major = 0, minor = 0;
  friend auto operator<=>(const Release&, const Release&) = default;
};
/// None: no version.
std::optional<Release> ReleaseOf(const std::string& version);
/// Whether `next` may come after `now`: the same one, or the first after it.
bool IsNext(const Release& now, const Release& next);

/// What the spec's pods run: `version`, and without it the operator's own.
std::string VersionOf(const ClusterSpec& spec, const OperatorOptions& options);
/// Those of the operator, with another tag where the spec names another version. (`image` of the spec lies over them.)
Images ImagesOf(const ClusterSpec& spec, const OperatorOptions& options);

/// What speaks against running this spec with this operator, which knows its own release and the one before; each says what to do.
Violations CheckRelease(const ClusterSpec& spec, const OperatorOptions& options);

}  // namespace pbfs::operators
