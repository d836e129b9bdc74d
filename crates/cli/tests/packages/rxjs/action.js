// Maps a stream, with timers.
// Gives: {"squares":[4,9],"ticks":[0,1,2]}
import { delay, filter, from, interval, lastValueFrom, map, take, toArray, concatMap, of } from "npm:rxjs@7.8.2";

export async function main() {
  const squares = await lastValueFrom(from([1, 2, 3]).pipe(concatMap((value) => of(value).pipe(delay(2))), map((value) => value * value), filter((value) => value > 1), toArray()));
  return { squares, ticks: await lastValueFrom(interval(1).pipe(take(3), toArray())) };
}
