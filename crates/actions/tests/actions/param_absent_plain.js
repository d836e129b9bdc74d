// params: {"a": 1}
// The object of the parameters is like any other, and what it lacks is no failure.
async function main(params) {
  const { a, b = 2 } = params;
  const proxy = new Proxy(params, {});
  const heir = Object.create(params);
  return {
    read: [a, b, params.c, params?.d, proxy.e, heir.f, 'g' in params, Object.hasOwn(params, 'h'), delete params.i],
    kind: [Object.prototype.toString.call(params), Object.getPrototypeOf(params) === Object.prototype, params.constructor === Object],
    copy: [structuredClone(params), { ...params }, Object.assign({}, params), JSON.stringify(params)],
    keys: [Object.getOwnPropertyNames(params), Reflect.ownKeys(params), Object.entries(params)],
    sealed: (() => { params.n = 1; Object.defineProperty(params, 'm', { value: 2 }); Object.freeze(params); return [params.n, params.m, Object.isFrozen(params)]; })(),
  };
}
