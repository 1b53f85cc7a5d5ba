// npm @cedx/akismet, with its option baseUrl.
import { Author, Blog, Client, Comment } from '@cedx/akismet'
import { ABUSE, BASE, BLOG, FINE, KEY, attempt, tell } from './common.mjs'

const blog = new Blog({ url: BLOG })
const client = (key) => new Client(key, blog, { baseUrl: `${BASE}/` })
const comment = (content, name = 'A reader', role = '') =>
  new Comment({ author: new Author({ ipAddress: '192.0.2.1', name, role }), content })
tell({
  verified: await client(KEY).verifyKey(),
  fine: await client(KEY).checkComment(comment(FINE)),
  abuse: await client(KEY).checkComment(comment(ABUSE)),
  spam: await client(KEY).checkComment(comment(FINE, 'akismet-guaranteed-spam')),
  administrator: await client(KEY).checkComment(comment(ABUSE, 'The editor', 'administrator')),
  submit_spam: await attempt(() => client(KEY).submitSpam(comment(FINE)).then(() => 'taken')),
  submit_ham: await attempt(() => client(KEY).submitHam(comment(FINE)).then(() => 'taken')),
  wrong: await client('nonsense').verifyKey(),
})
