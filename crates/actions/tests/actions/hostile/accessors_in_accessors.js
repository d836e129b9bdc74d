// ends: action_threw
const o = { get a() { return this.b; }, get b() { return this.a; } };
o.a;
