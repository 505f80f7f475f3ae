// What senders are told when not all is well.

import type { ServerAnswer } from '../net/server.js'

/** Seconds after which a sender may come again. */
export const RETRY_AFTER = 5
/** Complaints that an answer repeats, and characters of them. */
const TOLD = 5
const TOLD_CHARACTERS = 2000

/** Whoever sent this is to send it again. */
export function busy(text: string): ServerAnswer {
  return { status: 503, text, headers: { 'retry-after': String(RETRY_AFTER) } }
}

/** The first of many complaints, and how many there are besides. */
export function complaintsText(complaints: readonly string[]): string {
  const more = complaints.length > TOLD ? `; and ${complaints.length - TOLD} more` : ''
  return `${complaints.slice(0, TOLD).join('; ').slice(0, TOLD_CHARACTERS)}${more}`
}
