// Chirp, createProfile: a caller names itself, or takes another name. Nobody names anybody else: the document is found by the login.
import { PROFILE, Refusal, answer, current, plainText, write } from './rules.ts';

export async function main({ publicKey, name, tip }: { publicKey: string; name: unknown; tip?: unknown }) {
  return answer(async (user) => {
    const wanted = plainText(name, 'name', 40);
    const profile = await current(publicKey, PROFILE, { user }, tip);
    if (profile.content?.name === wanted) throw new Refusal('name_unchanged', 'That is your name already.');
    return write(publicKey, profile, { user, name: wanted }, 'name');
  });
}
