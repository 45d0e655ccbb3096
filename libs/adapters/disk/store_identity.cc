#include "libs/adapters/disk/store_identity.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include <fmt/format.h>

#include "libs/adapters/disk/recovery.h"
#include "libs/adapters/disk/start_mark.h"

namespace pbfs::disk {
namespace {

constexpr char kName[] = "identity", kDraft[] = "identity.new";
constexpr std::string_view kVersion = "pbfs-store-1";
constexpr int64_t kLongest = 256;  // bytes; more than any has

/// The next word of `text`, which then begins behind the blank after it.
std::string_view TakeWord(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return word;
}

Result<std::string> ReadText(FileSystem& files) {
  PBFS_ASSIGN_OR_RETURN(const auto file, files.Open(kName, false));
  PBFS_ASSIGN_OR_RETURN(const int64_t size, file->Size());
  Bytes bytes(static_cast<size_t>(std::min(size, kLongest)));
  PBFS_RETURN_IF_ERROR(file->ReadAt(0, bytes));
  return std::string(bytes.begin(), bytes.end());
}

Status WriteIdentity(FileSystem& files, const WrittenIdentity& identity) {
  (void)files.Remove(kDraft);  // of a start that a crash ended
  PBFS_ASSIGN_OR_RETURN(const auto file, files.Open(kDraft, true));
  const std::string text = FormatIdentity(identity);
  const ByteSpan part = AsBytes(text);
  PBFS_RETURN_IF_ERROR(file->WriteAt(0, {&part, 1}));
  PBFS_RETURN_IF_ERROR(file->Sync());
  PBFS_RETURN_IF_ERROR(files.Rename(kDraft, kName));
  return files.SyncDirectory();
}

/// Whether a store that could serve has left anything: it has a number then, and must not get another.
Result<bool> WasUsed(FileSystem& files) {
  PBFS_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List());
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return ParseVolumeName(name).has_value() || name == kCheckpointName || name == kStartName;
  });
}

Result<WrittenIdentity> CheckWritten(const std::string& text, const std::array<uint8_t, 16>& cluster,
                                     const std::string& where) {
  auto identity = ParseIdentity(text);
  if (!identity)
    return FailedPreconditionError(where +
                                   " is not the identity of a store: restore it, or give the store an empty directory");
  if (identity->owner.cluster == cluster) return *std::move(identity);
  return FailedPreconditionError(
      fmt::format("{} belongs to a store of cluster {}, this one is of cluster {}: give the store its own directory",
                  where, FormatUuid(identity->owner.cluster), FormatUuid(cluster)));
}

}  // namespace

std::string FormatIdentity(const WrittenIdentity& identity) {
  return fmt::format("{} {} {} {}\n", kVersion, FormatUuid(identity.owner.cluster), identity.owner.store.value,
                     ToHex(identity.key.span()));
}

std::optional<WrittenIdentity> ParseIdentity(std::string_view text) {
  std::string_view rest = text.substr(0, text.find('\n'));
  if (TakeWord(rest) != kVersion) return {};
  WrittenIdentity identity;
  const auto cluster = ParseUuid(TakeWord(rest));
  const std::string_view number = TakeWord(rest);
  uint32_t& store = identity.owner.store.value;
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), store);
  const auto key = FromHex(rest);
  if (!cluster.ok() || parsed.ec != std::errc() || store == 0 || !key.ok() || key->size() != Key32::kSize) return {};
  identity.owner.cluster = *cluster;
  identity.key = Key32::FromBytes(*key);
  // Of what can be written in several ways, capitals and leading zeros, only ours is good.
  return FormatIdentity(identity) == text ? std::optional(identity) : std::nullopt;
}

Result<WrittenIdentity> SettleIdentity(FileSystem& files, const std::array<uint8_t, 16>& cluster,
                                       const AskForIdentity& ask) {
  PBFS_ASSIGN_OR_RETURN(const auto lock, files.Lock());
  const Result<std::string> text = ReadText(files);
  if (text.ok()) return CheckWritten(*text, cluster, files.Describe() + "/" + kName);
  if (text.status().code() != StatusCode::kNotFound) return text.status();
  PBFS_ASSIGN_OR_RETURN(const bool used, WasUsed(files));
  if (used)
    return FailedPreconditionError(
        fmt::format("{0} was used by a store, but {0}/{1} is not there: restore it, configure store_id and "
                    "store_key_file of that store, or give this one an empty directory",
                    files.Describe(), kName));
  PBFS_ASSIGN_OR_RETURN(const WrittenIdentity identity, ask());
  PBFS_RETURN_IF_ERROR(WriteIdentity(files, identity));
  return identity;
}

}  // namespace pbfs::disk
