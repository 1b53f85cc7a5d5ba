// Comments and functions that the drivers share.
export const { KEY, BASE } = process.env
export const ABUSE = 'You are a stupid idiot and everybody here knows it.'
export const FINE = 'The council should publish its figures before the vote next week.'
export const BLOG = 'https://paper.example'

export async function attempt(call, describe = (error) => error.message) {
  try {
    return await call()
  } catch (error) {
    return { raised: error.constructor.name, says: describe(error) }
  }
}

export const tell = (received) => console.log(JSON.stringify(received))
