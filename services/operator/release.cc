#include "services/operator/release.h"

#include <array>
#include <cstdio>

#include <fmt/format.h>

namespace pbfs::operators {
namespace {

// "registry:5000/pbfs-gateway:0.1.0" with another tag. What is named by its digest has none.
std::string WithTag(const std::string& image, const std::string& tag) {
  const size_t colon = image.rfind(':'), slash = image.rfind('/');
  const bool tagged = colon != std::string::npos && (slash == std::string::npos || colon > slash);
  return (tagged ? image.substr(0, colon) : image) + ":" + tag;
}

bool IsByDigest(const std::string& image) { return image.find('@') != std::string::npos; }

}  // namespace

std::optional<Release> ReleaseOf(const std::string& version) {
  Release release;
  if (std::sscanf(version.c_str(), "%d.%d.", &release.major, &release.minor) != 2) return std::nullopt;
  return release;
}

bool IsNext(const Release& now, const Release& next) {
  if (next == now) return true;
  return next.major == now.major ? next.minor == now.minor + 1 : next.major == now.major + 1 && next.minor == 0;
}

std::string VersionOf(const ClusterSpec& spec, const OperatorOptions& options) {
  return spec.version.empty() ? options.version : spec.version;
}

Images ImagesOf(const ClusterSpec& spec, const OperatorOptions& options) {
  Images images = options.images;
  if (spec.version.empty() || spec.version == options.version) return images;
  for (std::string* image : {&images.gateway, &images.catalog, &images.fragment_store, &images.garbage_collector,
                             &images.repairer, &images.postgres})
    if (!IsByDigest(*image)) *image = WithTag(*image, spec.version);
  return images;
}

Violations CheckRelease(const ClusterSpec& spec, const OperatorOptions& options) {
  const auto wanted = ReleaseOf(VersionOf(spec, options)), own = ReleaseOf(options.version);
  if (!wanted || !own) return {};
  const auto wrong = [](std::string message) { return Violations{{"spec.version", std::move(message)}}; };
  if (*wanted > *own)
    return wrong(fmt::format("this operator is of {} and does not know {}: upgrade the operator first", options.version,
                             spec.version));
  if (!IsNext(*wanted, *own))
    return wrong(
        fmt::format("this operator is of {} and runs that release and the one before: take a later version than {}",
                    options.version, spec.version));
  if (spec.image.empty() && spec.version != options.version && !spec.version.empty() &&
      IsByDigest(options.images.gateway))
    return wrong("the operator's images are named by digest, so that of another version has to be given by image");
  return {};
}

}  // namespace pbfs::operators
