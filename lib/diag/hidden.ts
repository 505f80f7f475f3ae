// Secrets of this process, which no message may hold, whoever writes it.

/** What stands where a secret was. */
export const HIDDEN = '<secret>'

/** Shorter ones are not looked for: they would be found in everything. */
const LEAST = 4

const secrets = new Set<string>()

/** Keeps a text out of messages from now on. */
export function hide(secret: string): void {
  if (secret.length >= LEAST) secrets.add(secret)
}

/** A message without the secrets in it. */
export function withoutSecrets(text: string): string {
  let clean = text
  for (const secret of secrets) if (clean.includes(secret)) clean = clean.replaceAll(secret, HIDDEN)
  return clean
}
