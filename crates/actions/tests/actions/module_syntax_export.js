export async function main() { return 'x'; }
