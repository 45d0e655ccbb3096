// Multipart uploads, until the client library has them.
#include "services/gateway/operations.h"

namespace pbfs::gateway {

Status CreateMultipartUpload(Site& site, Call& call) { return NotImplemented(site, call); }
Status UploadPart(Site& site, Call& call) { return NotImplemented(site, call); }
Status UploadPartCopy(Site& site, Call& call) { return NotImplemented(site, call); }
Status CompleteMultipartUpload(Site& site, Call& call) { return NotImplemented(site, call); }
Status AbortMultipartUpload(Site& site, Call& call) { return NotImplemented(site, call); }
Status ListParts(Site& site, Call& call) { return NotImplemented(site, call); }
Status ListMultipartUploads(Site& site, Call& call) { return NotImplemented(site, call); }

}  // namespace pbfs::gateway
