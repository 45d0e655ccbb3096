#pragma once

#include "libs/client/commit_draft.h"

namespace pbfs {

/// One body on its way: plaintext, key, header. The plaintext is kept until the body is committed, because sealing it again
/// with the same key gives the same ciphertext for another encoding (I30).
struct NewBody {
  Buffer plaintext;
  Key32 dek;
  BodyHeader header;
  Digest32 ct_root{};
  WrappedDek wrapped{};
  uint32_t key_epoch = 0;
  RecordBody AsRecordBody() const { return {header.Encode(), ct_root}; }
};

/// A body of 1 byte to 64 MiB under a fresh key.
NewBody MakeBody(ClientCore& core, const BucketState& bucket, Buffer plaintext);

/// Makes it durable: nothing to do for an inline one, else its fragments at w stores or more, in one placement group after
/// another if need be. Blocks. Fills in body.ct_root. `not_before`: how the last upload of this body ended, if it did.
/// Errors: UNAVAILABLE no group had w stores that took it.
Result<BodyUpload> UploadBody(const Context& context, ClientCore& core, const BucketState& bucket, NewBody& body);

/// Buffer memory that an upload takes beside the plaintext.
int64_t UploadOverhead(const BucketState& bucket, const ClusterMap& map, int64_t length);

/// k and m of a bucket.
struct Scheme {
  uint8_t k = 4;
  uint8_t m = 2;
};
Scheme SchemeOf(const BucketState& bucket, const ClusterMap& map);

/// Commits `make(uploads)` after uploading all of `bodies` that need it; again with new encodings if they expired.
Result<Committed> UploadAndCommit(const Context& context, ClientCore& core, const BucketState& bucket,
                                  std::vector<NewBody>& bodies, const std::function<CommitDraft()>& make);

}  // namespace pbfs
