// ends: limit_cpu limit_memory action_threw
(async () => { const d = new Uint8Array(1e7); for (;;) await crypto.subtle.digest('SHA-256', d); })();
