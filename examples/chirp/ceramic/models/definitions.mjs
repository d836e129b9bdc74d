// What a profile, a post and a like are. Ceramic checks each document against these; whoever changes them makes other models.
const SCHEMA = 'https://json-schema.org/draft/2020-12/schema';
// No control characters and no lone surrogates. Lengths of a schema count code points, as the actions do.
const PLAIN = '^[^\\u0000-\\u001f\\u007f-\\u009f\\ud800-\\udfff]+$';
const user = { type: 'string', maxLength: 64, pattern: '^[a-z0-9]+:[^|\\s]+$' };

const model = (name, description, fields, properties, rest) => ({
  version: '2.0',
  name,
  description,
  interface: false,
  implements: [],
  accountRelation: { type: 'set', fields },
  schema: { $schema: SCHEMA, type: 'object', additionalProperties: false, properties, required: Object.keys(properties) },
  ...rest,
});

export const profile = () => model('ChirpProfile', 'A name; one document for each user.', ['user'], {
  user,
  name: { type: 'string', minLength: 1, maxLength: 40, pattern: PLAIN },
}, { immutableFields: ['user'] });

export const post = () => model('ChirpPost', 'A text; one document for each author and slot, and 50 slots a day.', ['author', 'slot'], {
  author: user,
  slot: { type: 'string', maxLength: 13, pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}\\.[0-4][0-9]$' },
  text: { type: 'string', minLength: 1, maxLength: 280, pattern: PLAIN },
  createdAt: { type: 'string', maxLength: 24, format: 'date-time' },
}, { immutableFields: ['author', 'slot', 'text', 'createdAt'] });

export const like = (posts) => model('ChirpLike', 'Whether a user likes a post; one document for each post and user.', ['post', 'user'], {
  post: { type: 'string', maxLength: 100 },
  user,
  liked: { type: 'boolean' },
}, { immutableFields: ['post', 'user'], relations: { post: { type: 'document', model: posts } } });
