#pragma once

#include "libs/client/parts.h"
#include "libs/format/op_record.h"

namespace pbfs {

/// A body on its way to the stores: keys and facts stay the same however often it is uploaded (I30).
struct NewBody {
  BodyId id;
  Key32 dek;
  BodyHeader header;
  ByteSpan plaintext;            // lives until the commit is done
  int64_t bytes_per_second = 0;  // of plaintext, to be sent at most; 0: as fast as it goes
};

/// A fresh body for up to 64 MiB of plaintext, with a fresh hedged key.
NewBody MakeNewBody(ClientCore& core, const OpenedBucket& bucket, ByteSpan plaintext);

/// What a Commit needs of a body that is durable.
struct UploadedBody {
  BodyUpload upload;
  RecordBody record;
};

/// Makes the body durable: at most 4 KiB inline, below k x 4 KiB replicated 1+m, else k+m over the stores of one placement
/// group, streamed while encrypting from this one thread. Returns at w receipts, after a short wait for the rest. Too few:
/// again in another group under a new encoding id, same ciphertext, a few times.
/// Errors: UNAVAILABLE too few stores; RESOURCE_EXHAUSTED stores full; those of the token; DEADLINE_EXCEEDED, CANCELLED.
Result<UploadedBody> UploadBody(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                                const NewBody& body);

}  // namespace pbfs
