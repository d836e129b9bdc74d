// Chirp, likePost: a caller likes a post that is there, once. Post and caller make the like's id, so there is no second document.
import { isDocumentId } from './ceramic.ts';
import { LIKE, Refusal, answer, current, mustExist, write } from './rules.ts';

export async function main({ publicKey, post, tip }: { publicKey: string; post: unknown; tip?: unknown }) {
  return answer(async (user) => {
    if (!isDocumentId(post)) throw new Refusal('post_invalid', 'That is not the id of a post.');
    // Both at once: a store that is slow is slow once. What is wrong with the post comes first, whichever is answered first.
    const [there, like] = await Promise.allSettled([mustExist(publicKey, post), current(publicKey, LIKE, { post, user }, tip)]);
    if (there.status === 'rejected') throw there.reason;
    if (like.status === 'rejected') throw like.reason;
    if (like.value.content?.liked === true) throw new Refusal('already_liked', 'You like this post already.');
    return write(publicKey, like.value, { post, user, liked: true }, 'liked');
  });
}
