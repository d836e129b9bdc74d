// What `main` gives need not be a promise of ours.
function main() {
  return { then() {} };
}
