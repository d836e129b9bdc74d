// ends: action_threw limit_cpu limit_memory
class A extends Array {
    constructor(n) { super(n); this.slice(0); }
}
new A(3);
