// Compares versions.
// Gives: {"inside":true,"sorted":["1.9.0-rc.1","1.9.0","1.10.0"],"next":"1.3.0"}
import semver from "npm:semver@7.8.6";

export function main() {
  return { inside: semver.satisfies("1.2.9", "^1.2.3 || >=3"), sorted: semver.sort(["1.10.0", "1.9.0", "1.9.0-rc.1"]), next: semver.inc("1.2.3", "minor") };
}
