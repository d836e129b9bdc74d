// ends: limit_cpu
Error.prepareStackTrace = () => { for (;;); }; throw new Error('x');
