// Ceramic, create a post: builds the signed genesis commit of a document of the model Post, whose controller is this key.
// What a post may hold is decided here; nobody else, the key's former owner included, can write one in its name.
import { didOf, fromBase36, signCommit } from '../../chirp/actions/ceramic.ts';
declare const Lit: any, ethers: any;

const MODEL = 'kjzl6hvfrbw6c5i55ks5m4hhyuh0jylw4g7x0asndu97i7luts4dfzvm35oev65';

export async function main({ publicKey, text, unique }: { publicKey: string; text: unknown; unique: string }) {
  const author = Lit.Auth.authSigAddress;
  // Code points, as a model's schema counts them: an emoji is one character.
  if (!author || typeof text !== 'string' || text === '' || [...text].length > 280) {
    return { created: false, reason: 'a post has an author and 1 to 280 characters' };
  }
  const genesis = await signCommit(publicKey, {
    data: { text, author, createdAt: new Date(Date.now()).toISOString() },
    // `unique` keeps two equal posts apart; it is a parameter because every node must sign the same bytes.
    header: { controllers: [didOf(publicKey)], model: fromBase36(MODEL), sep: 'model', unique: ethers.utils.arrayify(unique) },
  }, 'createPost');
  return { created: true, type: 3, genesis };
}
