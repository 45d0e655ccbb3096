// What the gateway shows without a key (services/gateway/admin_api.h), and errors in words that say what to do.

/** A failure that people can be told of: `message` says what to do about it. */
export class Trouble extends Error {
  constructor(message, code = "", status = 0) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

const ADVICE = {
  BadDigest: "The bytes changed on their way, and nothing was written. Try again.",
  BucketAlreadyOwnedByYou: "There is a bucket of this name already. Choose another name.",
  BucketNotEmpty: "The bucket still has objects. Delete them first.",
  ConditionalRequestConflict: "Somebody else changed it at the same moment. Look again, then repeat it.",
  EntityTooLarge: "That is more than the gateway takes in one request.",
  InvalidAccessKeyId: "There is no such access key, or it is disabled. “pbfs key list” shows which there are.",
  InvalidBucketName: "A bucket's name has 3 to 63 characters: lower-case letters, digits, “-” and “.”, with a letter or digit at both ends.",
  InvalidRange: "A patch has to begin within the object or right at its end.",
  KeyTooLongError: "A name has at most 1,024 bytes. Choose a shorter one.",
  NoSuchBucket: "There is no such bucket. It may have been deleted; “Buckets” shows which there are.",
  NoSuchKey: "There is no object of this name. It may have been deleted or renamed.",
  NoSuchUpload: "The upload was ended by somebody else. Begin it again.",
  ObjectVersionPatchConflict: "The object was deleted or replaced meanwhile, and nothing was written. Look at it again.",
  RequestTimeTooSkewed: "The clocks of this machine and of the gateway differ by more than 15 minutes. Set the one that is wrong.",
  ServiceUnavailable: "The gateway cannot reach its catalogs or stores just now. Try again in a moment; “Cluster” shows what is down.",
  SignatureDoesNotMatch: "This secret does not belong to this access key. Check both; blanks count.",
  SlowDown: "The gateway has more to do than it can. Try again in a moment.",
  XAmzContentSHA256Mismatch: "The bytes changed on their way, and nothing was written. Try again.",
};

/** What an error code of S3 means to whoever looks at the page. */
export function troubleOf(code, message, status, withKey) {
  if (code === "AccessDenied") {
    return new Trouble(withKey ? "This access key may not do that: its policy, or the bucket's, forbids it."
      : "Without an access key this is not allowed. Enter one at the top right.", code, status);
  }
  const advice = ADVICE[code] ?? (message || (status === 503 ? ADVICE.SlowDown : `The gateway answered ${status}. Its log says more.`));
  return new Trouble(advice, code, status);
}

export const NO_ANSWER = "The gateway does not answer. Check that it runs and that this machine reaches it, then try again.";

/** The document `what`, as an object. Throws Trouble. */
export async function ask(what, parameters = {}) {
  let answer, text;
  try {
    answer = await fetch(`/api/${what}?${new URLSearchParams(parameters)}`, { cache: "no-store" });
    text = await answer.text();
  } catch {
    throw new Trouble(NO_ANSWER);
  }
  let document = {};
  try {
    document = JSON.parse(text);
  } catch {
    if (answer.ok) throw new Trouble("The gateway's answer makes no sense: is another program behind this address?");
  }
  if (!answer.ok) throw troubleOf(document.code ?? "", document.message ?? text.trim(), answer.status, false);
  return document;
}
