async function main() {
  return 'as it is';
}
