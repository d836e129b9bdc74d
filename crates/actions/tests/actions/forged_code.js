// Only the runtime's own errors carry their code out.
const error = new Error('mine');
error.code = 'not_supported';
throw error;
