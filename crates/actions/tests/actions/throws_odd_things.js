throw { get message() { throw new Error('again'); }, toJSON() { throw 1; } };
