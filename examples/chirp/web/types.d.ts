// The types that the page's modules share. Nothing here is served.
import type { Checked, Stream } from "./site/commit.js";
import type { Link } from "./site/cbor.js";

/** What DAG-CBOR can say. */
export type Value = null | boolean | number | string | Uint8Array | Link | Value[] | Entries;
export interface Entries {
  [key: string]: Value;
}

/** Who has signed in. */
export interface Session {
  /** `wallet:0x…`, as posts name their author. */
  user: string;
  address: string;
  guest: boolean;
}

/** A wallet that the browser offers. */
export interface Wallet {
  id: string;
  name: string;
  /** A `data:` address of a picture, checked. */
  icon: string | null;
}

export interface Post {
  id: string;
  author: string;
  text: string;
  /** Milliseconds since 1970. */
  createdAt: number;
  likes: number;
  liked: boolean;
}

export interface Page {
  posts: Post[];
  /** Where older posts begin; nothing at the end. */
  older: string | null;
  /** Documents that were left out, since their bytes do not add up. */
  ignored: number;
}

/** A program that the key's owners granted the key to, or that this page asks for. */
export interface Program {
  /** As this page calls it; nothing for one that it does not ask for. */
  name: string | null;
  cid: string;
  /** Numbers of the grant's scopes; nothing where it is not known, or there is no grant. */
  scopes: readonly number[] | null;
  /** Whether a node gave the source, and it has this hash. */
  published: boolean;
}

/** What the page says of the key, its programs and who runs them. */
export interface About {
  did: string;
  publicKey: string;
  /** Whether the key's token is burnt; nothing while fewer than t nodes say the same. */
  burnt: boolean | null;
  /** How many nodes say that it is, and how many that it is not. */
  burntBy: number;
  unburntBy: number;
  /** Those that the key permits, and those that the page asks for. */
  programs: Program[];
  /** How many nodes list the same grants; 0 while fewer than t do, and which there are is not known. */
  grantsBy: number;
  /** Who is granted the key beside programs: addresses and logins. */
  others: string[];
  nodes: number;
  threshold: number;
}

/** Who answers. */
export interface Health {
  /** Numbers of nodes that do not answer. */
  silent: number[];
  ceramic: boolean;
}

/** A receipt, already checked against the network file. */
export interface Receipt {
  request: string;
  members: number[];
  action: string;
}

/** Everything about a post that can be checked by anybody. */
export interface Proof {
  stream: Stream;
  commit: Checked;
  action: { name: string; cid: string };
  /** Of posts made in this browser only. */
  receipt: Receipt | null;
}

/** Everything that the page asks of the outside. Each call ends within a bound; what goes wrong is a `Failure`. */
export interface Backend {
  about(): Promise<About>;
  /** Calls with all wallets found so far, now and whenever another one shows itself. */
  wallets(found: (wallets: Wallet[]) => void): void;
  signIn(wallet: string | "guest"): Promise<Session>;
  /** The session of the last visit, if it is still good. */
  resume(): Promise<Session | null>;
  signOut(): Promise<void>;
  posts(options: { before: string | null; user: string | null }): Promise<Page>;
  /** Names by user; users without a profile are missing. */
  names(users: string[]): Promise<Map<string, string>>;
  /**
   * `ticket` names this wish: asked again with the same one, there is one post. `user` is who wished it, here and below:
   * nothing is signed for anybody else who may have signed in since.
   */
  createPost(text: string, ticket: string, user: string): Promise<Post>;
  like(post: string, user: string): Promise<void>;
  unlike(post: string, user: string): Promise<void>;
  saveName(name: string, user: string): Promise<void>;
  proof(post: string): Promise<Proof>;
  /** An action's source, whose hash has been checked. */
  source(cid: string): Promise<string>;
  health(): Promise<Health>;
}

/** What an element may hold. */
export type Child = Node | string | null | undefined | false | "" | Child[];
