// Chirp, createPost: a caller posts. A day has 50 slots, the slot makes the post's id, and a slot is written once:
// that holds for signatures that are kept back as well.
import { POST, Refusal, answer, current, plainText, write } from './rules.ts';

const A_DAY = 50;

export async function main({ publicKey, text, number, tip }: { publicKey: string; text: unknown; number: unknown; tip?: unknown }) {
  return answer(async (author) => {
    const wanted = plainText(text, 'post', 280);
    if (typeof number !== 'number' || !Number.isInteger(number) || number < 0) throw new Refusal('number_invalid', 'The number of a post is a whole number from 0.');
    if (number >= A_DAY) throw new Refusal('day_full', `A day has ${A_DAY} posts at most. The next day begins at midnight UTC.`);
    const createdAt = new Date(Date.now()).toISOString();
    const slot = `${createdAt.slice(0, 10)}.${String(number).padStart(2, '0')}`;
    const post = await current(publicKey, POST, { author, slot }, tip);
    if (post.content !== null) throw new Refusal('slot_taken', 'A post of this number is there already.');
    return write(publicKey, post, { author, slot, text: wanted, createdAt });
  });
}
