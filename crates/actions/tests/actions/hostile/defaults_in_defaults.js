// ends: action_threw limit_cpu
const f = ({ a = f({}) } = {}) => a;
f({});
