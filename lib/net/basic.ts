// Basic authentication (RFC 7617).

/** `Basic …` of a URL's user and password, if it has them. */
export function basicOfUrl(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined
  return basic(decoded(url.username), decoded(url.password))
}

/** The header's value. */
export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
