#pragma once

#include "libs/adapters/grpc/repairs_codec.h"
#include "proto/pbfs/v1/recodes.pb.h"

/// Between the types of Recodes (libs/catalog/catalog.h) and their messages. Errors: INVALID_ARGUMENT. Included in .cc files only.
namespace pbfs::wire {

void Encode(const BodyCount& count, v1::BodyCount* out);
BodyCount Decode(const v1::BodyCount& in);

void Encode(const Recoding& recoding, v1::Recoding* out);
Result<Recoding> Decode(const v1::Recoding& in);

void Encode(const OtherwisePage& page, v1::OtherwisePage* out);
Result<OtherwisePage> Decode(const v1::OtherwisePage& in);

void Encode(const EncodingChange& change, v1::EncodingChange* out);
Result<EncodingChange> Decode(const v1::EncodingChange& in);

void Encode(const RetiredEncoding& retired, v1::RetiredEncoding* out);
Result<RetiredEncoding> Decode(const v1::RetiredEncoding& in);

}  // namespace pbfs::wire
