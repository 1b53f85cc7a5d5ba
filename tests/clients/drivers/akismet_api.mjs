// npm akismet-api, which Coral uses. It sends the key as a subdomain.
import { AkismetClient } from 'akismet-api'
import { ABUSE, BLOG, FINE, KEY, attempt, tell } from './common.mjs'

const client = new AkismetClient({ key: KEY, blog: BLOG })
const comment = (content, name = 'A reader') => ({ ip: '192.0.2.1', content, name, useragent: 'x' })
tell({
  verified: await client.verifyKey(),
  fine: await client.checkSpam(comment(FINE)),
  abuse: await client.checkSpam(comment(ABUSE)),
  spam: await client.checkSpam(comment(FINE, 'viagra-test-123')),
  submit_spam: await attempt(() => client.submitSpam(comment(FINE)).then((answer) => answer.text)),
  submit_ham: await attempt(() => client.submitHam(comment(FINE)).then((answer) => answer.text)),
  wrong: await attempt(() => new AkismetClient({ key: 'nonsense', blog: BLOG }).verifyKey()),
})
