// ends: action_threw limit_cpu
class A { static [Symbol.hasInstance](x) { return x instanceof A; } }
({}) instanceof A;
