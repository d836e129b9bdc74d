// ends: action_threw
throw new Error('x'.repeat(1e6));
