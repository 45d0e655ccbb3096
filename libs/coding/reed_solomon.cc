#include "libs/coding/reed_solomon.h"

#include <cstring>

#include <isa-l.h>

#include "libs/coding/clear_upper_halves.h"

namespace pbfs {
namespace {

constexpr size_t kTableSize = 32;         // of ISA-L, for each matrix element
constexpr size_t kMaxCachedTables = 256;  // survivor sets; a cluster sees a handful

// ISA-L's prototypes lack const; it only reads the sources.
uint8_t** Sources(const uint8_t* const* blocks) { return const_cast<uint8_t**>(blocks); }

}  // namespace

ReedSolomon::ReedSolomon(int k, int n) : k_(k), n_(n), matrix_(static_cast<size_t>(n) * k) {
  PBFS_CHECK(1 <= k && k <= 32 && k <= n && n <= 48);
  gf_gen_cauchy1_matrix(matrix_.data(), n, k);
  encode_tables_.resize(kTableSize * k * (n - k));
  if (n > k) ec_init_tables(k, n - k, &matrix_[static_cast<size_t>(k) * k], encode_tables_.data());
}

void ReedSolomon::Encode(size_t block_size, const uint8_t* const* data, uint8_t* const* parity) const {
  if (k_ == 1) {
    for (int i = 0; i < n_ - 1; ++i) std::memcpy(parity[i], data[0], block_size);
    return;
  }
  if (n_ == k_) return;
  ec_encode_data(static_cast<int>(block_size), k_, n_ - k_, const_cast<uint8_t*>(encode_tables_.data()), Sources(data),
                 const_cast<uint8_t**>(parity));
  ClearUpperHalves();
}

void ReedSolomon::Reconstruct(size_t block_size, const Shards& have, const uint8_t* const* blocks, const Shards& wanted,
                              uint8_t* const* out) const {
  PBFS_CHECK(static_cast<int>(have.size()) == k_);
  if (k_ == 1) {
    for (size_t i = 0; i < wanted.size(); ++i) std::memcpy(out[i], blocks[0], block_size);
    return;
  }
  if (wanted.empty()) return;
  const auto tables = DecodeTables(have, wanted);
  ec_encode_data(static_cast<int>(block_size), k_, static_cast<int>(wanted.size()),
                 const_cast<uint8_t*>(tables->data()), Sources(blocks), const_cast<uint8_t**>(out));
  ClearUpperHalves();
}

std::shared_ptr<const Bytes> ReedSolomon::DecodeTables(const Shards& have, const Shards& wanted) const {
  // One turn at the lock, whether the tables are here or not: a simulation takes the same course, whatever ran before it.
  MutexLock lock(mutex_);
  const auto key = std::make_pair(have, wanted);
  if (const auto found = decode_tables_.find(key); found != decode_tables_.end()) return found->second;
  if (decode_tables_.size() >= kMaxCachedTables) decode_tables_.clear();
  return decode_tables_.emplace(key, std::make_shared<const Bytes>(MakeDecodeTables(have, wanted))).first->second;
}

// The survivors' rows, inverted, give the data; a parity row times the inverse gives that parity.
Bytes ReedSolomon::MakeDecodeTables(const Shards& have, const Shards& wanted) const {
  const size_t k = static_cast<size_t>(k_);
  Bytes survivors(k * k), inverse(k * k), rows(wanted.size() * k);
  for (size_t i = 0; i < k; ++i) std::memcpy(&survivors[i * k], &matrix_[have[i] * k], k);
  PBFS_CHECK(gf_invert_matrix(survivors.data(), inverse.data(), k_) == 0, "a Cauchy matrix is never singular");
  for (size_t r = 0; r < wanted.size(); ++r) {
    for (size_t c = 0; c < k; ++c) {
      uint8_t sum = 0;
      for (size_t i = 0; i < k; ++i) sum ^= gf_mul(matrix_[wanted[r] * k + i], inverse[i * k + c]);
      rows[r * k + c] = sum;
    }
  }
  Bytes tables(kTableSize * k * wanted.size());
  ec_init_tables(k_, static_cast<int>(wanted.size()), rows.data(), tables.data());
  return tables;
}

const ReedSolomon& ReedSolomon::Get(int k, int n) {
  static Mutex mutex;
  static std::map<std::pair<int, int>, std::unique_ptr<ReedSolomon>> codes;
  MutexLock lock(mutex);
  auto& code = codes[{k, n}];
  if (code == nullptr) code = std::make_unique<ReedSolomon>(k, n);
  return *code;
}

}  // namespace pbfs
