// Ceramic, like a post: a user likes a post once. Asks the index for the user's like and refuses a second one.
// Then it signs the data commit of the document that post and user determine, so storage itself holds one like at most.
import { documentOf, signCommit, utf8 } from '../../chirp/actions/ceramic.ts';
declare const Lit: any;

const CERAMIC = 'https://ceramic.example/api/v0';
const MODEL = 'kjzl6hvfrbw6c9hbrvqfvqqzrqp7qd2s6h6wbs1kv2yl8rp4gmm7ju10ak19ywx';

export async function main({ publicKey, postID }: { publicKey: string; postID: string }) {
  const user = Lit.Auth.authSigAddress;
  const refuse = (reason: string) => ({ liked: false, reason });
  if (!user) return refuse('log in first');
  const post = await fetch(`${CERAMIC}/streams/${postID}`);
  if (!post.ok) return refuse('there is no such post');
  const found = await fetch(`${CERAMIC}/collection`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ model: MODEL, last: 1, queryFilters: { where: { postID: { equalTo: postID }, user: { equalTo: user } } } }),
  });
  const { edges } = await found.json();
  if (edges.length > 0) return refuse('you have liked this post before');
  // The genesis is not signed: post and user alone make it, and with it the id of the stream.
  const { link } = documentOf(publicKey, MODEL, utf8(`${postID}|${user}`));
  const data = [{ op: 'add', path: '/postID', value: postID }, { op: 'add', path: '/user', value: user }];
  const commit = await signCommit(publicKey, { data, prev: { '/': link }, id: { '/': link } }, 'likePost');
  return { liked: true, genesisCid: link, commit };
}
