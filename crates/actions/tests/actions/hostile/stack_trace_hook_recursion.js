// ends: action_threw limit_cpu
Error.prepareStackTrace = () => { throw new Error('again'); };
throw new Error('x');
