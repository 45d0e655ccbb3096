// Multipart uploads: each part is an object that no name is bound to; completing one places them end to end by reference.
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
