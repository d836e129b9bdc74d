// Chirp, unlikePost: a caller takes a like back. The document stays, with `liked` false, and can be liked again.
import { isDocumentId } from './ceramic.ts';
import { LIKE, Refusal, answer, current, write } from './rules.ts';

export async function main({ publicKey, post, tip }: { publicKey: string; post: unknown; tip?: unknown }) {
  return answer(async (user) => {
    if (!isDocumentId(post)) throw new Refusal('post_invalid', 'That is not the id of a post.');
    const like = await current(publicKey, LIKE, { post, user }, tip);
    if (like.content?.liked !== true) throw new Refusal('not_liked', 'You do not like this post.');
    return write(publicKey, like, { post, user, liked: false }, 'liked');
  });
}
