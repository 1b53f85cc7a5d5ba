// npm openai, with only baseURL set.
import OpenAI from 'openai'
import { ABUSE, BASE, FINE, KEY, attempt, tell } from './common.mjs'

const client = (apiKey) => new OpenAI({ apiKey, baseURL: `${BASE}/v1`, maxRetries: 0 })
const describe = (error) => ({ status: error.status, error: error.error })
tell({
  one: await client(KEY).moderations.create({ input: ABUSE }),
  many: await client(KEY).moderations.create({ input: [FINE, ABUSE] }),
  empty: await attempt(() => client(KEY).moderations.create({ input: [] }), describe),
  bad_key: await attempt(() => client('nonsense').moderations.create({ input: FINE }), describe),
})
