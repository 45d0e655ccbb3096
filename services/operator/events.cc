#include "services/operator/events.h"

#include <fmt/format.h>

#include "libs/base/bytes.h"
#include "libs/crypto/primitives.h"
#include "libs/kube/kinds.h"
#include "services/operator/object_text.h"

namespace pbfs::operators {
namespace {

constexpr size_t kMaxNote = 1000;

std::string MicroTimeText(int64_t now_micros) {
  std::string text = TimeText(now_micros);
  text.pop_back();  // Z
  return fmt::format("{}.{:06}Z", text, now_micros % 1'000'000);
}

}  // namespace

Json EventOf(const Json& object, const std::string& type, const std::string& reason, const std::string& note,
             const std::string& reporter, int64_t now_micros) {
  const std::string name = MetaText(object, "name");
  const std::string what = fmt::format("{}\n{}\n{}", MetaText(object, "uid"), reason, note);
  return {{"apiVersion", kube::kinds::kEvent.ApiVersion()},
          {"kind", kube::kinds::kEvent.name},
          {"metadata",
           {{"name", fmt::format("{}.{}", name, ToHex(Sha256(AsBytes(what))).substr(0, 16))},
            {"namespace", MetaText(object, "namespace")}}},
          {"eventTime", MicroTimeText(now_micros)},
          {"reportingController", "pbfs.dev/operator"},
          {"reportingInstance", reporter},
          {"action", "Reconcile"},
          {"reason", reason},
          {"type", type},
          {"note", Shortened(note, kMaxNote)},
          {"regarding",
           {{"apiVersion", kube::Text(object, "apiVersion")},
            {"kind", kube::Text(object, "kind")},
            {"name", name},
            {"namespace", MetaText(object, "namespace")},
            {"uid", MetaText(object, "uid")}}}};
}

}  // namespace pbfs::operators
