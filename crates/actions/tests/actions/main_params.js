// params: {"who": "world", "deep": {"n": 3}}
async function main(params) {
  await null;
  return { hello: params.who, n: params.deep.n, same: params === jsParams, global: who, deep };
}
