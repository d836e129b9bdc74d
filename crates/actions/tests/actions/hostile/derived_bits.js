// ends: limit_cpu limit_memory action_threw
(async () => {
    const key = await crypto.subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, ['deriveBits']);
    const name = 'PBKDF2', hash = 'SHA-256', salt = new Uint8Array(8), iterations = 2 ** 31;
    await crypto.subtle.deriveBits({ name, hash, salt, iterations }, key, 256);
})();
