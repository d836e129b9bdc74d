/** The client of a Quorate network, for browsers and Node.js. `README.md` describes it. */

export { toHex, fromHex } from "./bytes.js";
export { Client, type ClientOptions, type StoredBy } from "./client.js";
export { type ErrorCode, errorCodes, isErrorCode, isRetryable } from "./codes.js";
export {
  LocalError, ProblemError, QuorateError, UnreachableError, VerificationError,
  type LocalCode, type Problem, type Tried, type VerifyCode,
} from "./errors.js";
export type { NodeEndpoint } from "./endpoint.js";
export { cidOf, transcript } from "./hash.js";
export type { Approvals, Founding } from "./founding.js";
export type { Waiting } from "./http.js";
export { parseJson, type JsonValue } from "./json.js";
export {
  capability, oidcId, passkeyId, severalId, severalLogin, walletId,
  type BlockRef, type LoginKind, type LoginMethod, type LoginProof, type LoginTerms, type MethodProof, type OidcProof, type PasskeyProof,
  type SessionTerms, type SeveralProof, type WalletProof,
} from "./login.js";
export { fetchNetwork, parseNetwork, type Admission, type LimitsRequest, type Network, type NetworkFile } from "./network.js";
export { finishOidc, oidcRedirect, type OidcClient, type OidcFlow, type OidcOptions } from "./oidc.js";
export {
  createPasskey, passkeyKeys, passkeyLogin, type NewPasskey, type Passkey, type PasskeyKeys, type PasskeyOptions,
} from "./passkey.js";
export type {
  Claim, CodeStored, Execution, GrantView, Head, Intent, KeyView, NodeView, Receipt, SignatureView, Statement, Usage, Verified,
} from "./reply.js";
export type { Call, PreparedRequest } from "./request.js";
export { addLogin, forgetSession, logIn, onEnding, restoreSession, type Session } from "./session.js";
export type { SignOutScope, SignedOut } from "./signout.js";
export { memoryStore, openStore, type Store } from "./store.js";
export { requestId, verifyDigest, verifyExecution, verifyReceipt } from "./verify.js";
export { addressOf, guestKey, keyLogin, signText, walletLogin, type Eip1193Provider } from "./wallet.js";
