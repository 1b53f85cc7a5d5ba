// npm perspective-api-client. It uses axios and a fixed address.
import Perspective from 'perspective-api-client'
import { ABUSE, FINE, KEY, attempt, tell } from './common.mjs'

const client = new Perspective({ apiKey: KEY })
const stranger = new Perspective({ apiKey: 'nonsense' })
tell({
  abuse: await client.analyze(ABUSE, { attributes: ['toxicity', 'insult'] }),
  fine: await client.analyze(`<p>${FINE}</p>`),
  unknown: await attempt(() => client.analyze(FINE, { attributes: ['unheard_of'] })),
  bad_key: await attempt(() => stranger.analyze(FINE)),
})
