#include "services/repairer/body_target.h"

#include <fmt/format.h>

namespace pbfs::repairer {

BodyTarget::BodyTarget(const Context& context, const RepairSite& site, const FragmentKey& key, int64_t size,
                       StoreId store)
    : context_(context), site_(site), shard_(key.shard), store_(store) {
  auto found = site.stores.Find(store);
  status_ = found.status();
  if (!found.ok()) return;
  held_ = *found;
  writer_ = held_->StartPut(context, {key, size, site.token}, {});
}

void BodyTarget::Append(Buffer bytes) {
  if (!status_.ok()) return;
  written_ += static_cast<int64_t>(bytes.size());
  Note(writer_->Append(context_.Within(site_.store_timeout), std::move(bytes)));
}

void BodyTarget::Finish() {
  if (!status_.ok()) return;
  Result<ReceiptBytes> receipt = writer_->Finish(context_.Within(site_.store_timeout));
  Note(receipt.status());
  if (receipt.ok()) receipt_ = *receipt;
}

void BodyTarget::Note(const Status& status) {
  if (status.ok()) return;
  status_ = status.Annotate(fmt::format("store {}", store_.value));
  writer_ = nullptr;
  if (status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kDeadlineExceeded)
    site_.mark_silent(store_);
}

}  // namespace pbfs::repairer
